/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/cause.h"

#include "base/text.h"

#include <string.h>

/* What explains a failure, most telling kind first; within a kind the first line counts. Each is a
 * GRegex over one line. */
static const char *const patterns[] = {
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

void kiln_cause_find(const char *log, KilnCause *ret_cause)
{
	g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
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

void kiln_cause_find_in_file(const char *path, KilnCause *ret_cause)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
	g_autofree char *text = NULL;

	*ret_cause = (KilnCause){NULL, 0};
	if (!file)
		return;
	text = g_strndup(g_mapped_file_get_contents(file), g_mapped_file_get_length(file));
	kiln_cause_find(text, ret_cause);
}
