/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/cause.h"

#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MAX_BYTES (8 * 1024 * 1024)

/* What explains a failure, most telling kind first; within a kind the first line counts. Each is a
 * GRegex over one line. */
static const char *const patterns[] = {
	"^smoke-(client|host): error: ",
	"^error: Bad source|^error: File .*: No such file|^error: .*\\.spec:? ?line ",
	"^(\\d+ out of \\d+ hunks? FAILED|.*can't find file to patch|.*malformed patch)",
	"(^|: )(fatal )?error: .*(No such file or directory|undeclared|undefined|expected|incompatible|implicit)",
	"^[^ ]+:\\d+(:\\d+)?: (fatal )?error: ",
	"undefined reference to|cannot find -l|collect2: error|ld: .*error",
	"^configure: error: |^CMake Error|meson\\.build:\\d+:\\d+: ERROR",
	"^ModuleNotFoundError|^ImportError|^SyntaxError|^[A-Za-z.]*(Error|Exception): ",
	"^\\S*make(\\[\\d+\\])?: \\*\\*\\* No rule to make target|^\\S*make(\\[\\d+\\])?: \\*\\*\\* No targets",
	"^(/\\S*sh: |/\\S+: )(line \\d+: )?.*(command not found|No such file or directory|Permission denied)",
	"^(FAIL|FAILED|ERROR)[: ]|^not ok ",
	"^error: Installed \\(but unpackaged\\) file|^error: File not found|^    File not found",
	"^\\S*make(\\[\\d+\\])?: \\*\\*\\* ",
	"^error: (?!Bad exit status)",
	"^kiln: ",
	"^error: Bad exit status",
};

void kiln_cause_clear(KilnCause *cause)
{
	g_clear_pointer(&cause->line, g_free);
}

/* The lines of `text`, cut apart in place; ends with NULL. Logs are long: no copy of each line. */
static char **cut_lines(char *text)
{
	GPtrArray *lines = g_ptr_array_new();
	char *end;

	for (char *line = text; line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		g_ptr_array_add(lines, line);
	}
	g_ptr_array_add(lines, NULL);
	return (char **)g_ptr_array_free(lines, FALSE);
}

void kiln_cause_find(const char *log, KilnCause *ret_cause)
{
	g_autofree char *text = g_strdup(log);
	g_autofree char **lines = cut_lines(text);
	int best_line = -1;

	for (gsize kind = 0; kind < G_N_ELEMENTS(patterns) && best_line < 0; kind++) {
		g_autoptr(GRegex) regex = g_regex_new(
			patterns[kind], G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);
		g_assert(regex);
		for (int i = 0; lines[i] && best_line < 0; i++)
			if (strlen(lines[i]) < 4096 && g_regex_match(regex, lines[i], 0, NULL))
				best_line = i;
	}
	*ret_cause = (KilnCause){NULL, 0};
	if (best_line < 0)
		return;
	/* "Installed (but unpackaged) file(s) found:" is followed by the files. */
	if (g_str_has_suffix(lines[best_line], ":") && lines[best_line + 1] && *lines[best_line + 1] == ' ') {
		g_autofree char *both = g_strconcat(
			lines[best_line], " ", g_strstrip(lines[best_line + 1]), NULL);
		ret_cause->line = kiln_text_printable(both);
	} else {
		ret_cause->line = kiln_text_printable(g_strstrip(lines[best_line]));
	}
	ret_cause->number = (guint)best_line + 1;
}

/* Reads up to `size` bytes from `offset` as a text: NUL bytes become spaces. */
static char *read_text(int fd, off_t offset, gsize size)
{
	g_autofree char *text = g_malloc(size + 1);
	gsize length = 0;
	ssize_t got;

	while (length < size && (got = pread(fd, text + length, size - length, offset + (off_t)length)) > 0)
		length += (gsize)got;
	for (gsize i = 0; i < length; i++)
		if (!text[i])
			text[i] = ' ';
	text[length] = '\0';
	return g_steal_pointer(&text);
}

/* Line ends before `end`. */
static guint count_lines(int fd, off_t end)
{
	char block[64 * 1024];
	guint count = 0;
	off_t offset = 0;
	ssize_t got;

	while (offset < end && (got = pread(fd, block, MIN(sizeof(block), (gsize)(end - offset)), offset)) > 0) {
		for (ssize_t i = 0; i < got; i++)
			count += block[i] == '\n';
		offset += got;
	}
	return count;
}

/* Of a file that is longer than LOG_MAX_BYTES the end, from the first whole line there. */
static char *read_log(int fd, guint *ret_lines_before)
{
	struct stat status;
	off_t offset;
	g_autofree char *text = NULL;
	const char *line_end;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return NULL;
	offset = MAX(0, status.st_size - LOG_MAX_BYTES);
	text = read_text(fd, offset, (gsize)(status.st_size - offset));
	line_end = offset > 0 ? strchr(text, '\n') : NULL;
	*ret_lines_before = count_lines(fd, offset) + (line_end ? 1 : 0);
	return line_end ? g_strdup(line_end + 1) : g_steal_pointer(&text);
}

void kiln_cause_find_in_file(const char *path, KilnCause *ret_cause)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	g_autofree char *text = NULL;
	guint lines_before = 0;

	*ret_cause = (KilnCause){NULL, 0};
	if (fd < 0)
		return;
	text = read_log(fd, &lines_before);
	close(fd);
	if (!text)
		return;
	kiln_cause_find(text, ret_cause);
	if (ret_cause->line)
		ret_cause->number += lines_before;
}
