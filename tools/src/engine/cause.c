/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/cause.h"

#include "base/text.h"
#include "engine/cause_log.h"
#include "engine/cause_rules.h"
#include "engine/cause_scan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MAX_BYTES (8 * 1024 * 1024)
/* No compiler's message is longer; some tools write all they know into one line. */
#define LINE_MAX_BYTES (8 * 1024)
/* How far a match may reach, what follows it may lie, and what stands above it. */
#define MATCH_MAX_BYTES (16 * 1024)
#define AFTER_MAX_BYTES (64 * 1024)
#define BEFORE_MAX_LINES 2000
/* A match over many lines that does not come about costs: that often it is tried in one stretch. */
#define LONG_TRIES_MAX 1000
#define TELL_MAX_BYTES 600

/* A rule that holds at a place of the log, and the texts its groups took. */
typedef struct {
	const KilnCauseRule *rule;
	gsize start, end; /* of the match */
	gsize here; /* what the line number is of */
	GMatchInfo *match, *before, *after;
	char *told;
} Finding;

void kiln_cause_clear(KilnCause *cause)
{
	g_clear_pointer(&cause->line, g_free);
	g_clear_pointer(&cause->kind, g_free);
}

static void finding_clear(Finding *finding)
{
	g_clear_pointer(&finding->match, g_match_info_unref);
	g_clear_pointer(&finding->before, g_match_info_unref);
	g_clear_pointer(&finding->after, g_match_info_unref);
	g_clear_pointer(&finding->told, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Finding, finding_clear)

/* A match of `regex` from `place` on. A text that takes the matcher too long does not match. */
static GMatchInfo *match_at(const GRegex *regex, const KilnCauseLog *log, gsize place, gsize end)
{
	g_autoptr(GMatchInfo) info = NULL;

	if (!g_regex_match_full(regex, log->text, (gssize)end, (int)place, 0, &info, NULL))
		return NULL;
	return g_steal_pointer(&info);
}

/* The table Kiln was built with, and what looks for its texts. */
typedef struct {
	KilnCauseTable *table;
	KilnCauseScan *scan;
} Knowledge;

static const Knowledge *knowledge(void)
{
	static Knowledge only;
	static gsize is_there;

	if (g_once_init_enter(&is_there)) {
		g_autoptr(GError) error = NULL;

		only.table = kiln_cause_table_parse(kiln_cause_table_text, "causes", &error);
		if (!only.table)
			g_error("%s", error->message); /* our own bug, and a unit test's finding */
		only.scan = kiln_cause_scan_new(only.table->texts);
		g_once_init_leave(&is_there, 1);
	}
	return &only;
}

/* A log and where the texts of the rules stand in it. */
typedef struct {
	KilnCauseLog parts;
	GPtrArray *places; /* GArray of guint32 for each text */
} Log;

static void log_init(Log *log, const char *text)
{
	kiln_cause_log_init(&log->parts, text);
	log->places = kiln_cause_scan_run(knowledge()->scan, log->parts.text, log->parts.size);
}

static void log_clear(Log *log)
{
	kiln_cause_log_clear(&log->parts);
	g_clear_pointer(&log->places, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Log, log_clear)

/* How many of the ascending `places` are below `bound`. */
static guint count_below(const GArray *places, gsize bound)
{
	guint low = 0, high = places->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;
		if (g_array_index(places, guint32, middle) < bound)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first of `places` that is not below `from`; `to` when that is not below `to`. */
static gsize next_place(const GArray *places, gsize from, gsize to)
{
	guint number = count_below(places, from);

	return number < places->len ? MIN(g_array_index(places, guint32, number), to) : to;
}

/* The last of `places` that is below `to`, plus 1; `from` when that is below `from`. */
static gsize previous_place(const GArray *places, gsize from, gsize to)
{
	guint number = count_below(places, to);

	return number > 0 ? MAX((gsize)g_array_index(places, guint32, number - 1) + 1, from) : from;
}

/* The nearest line above the match that fits, in the same step. */
static GMatchInfo *find_before(const KilnCauseLog *log, const Finding *finding)
{
	gsize least = finding->start >= log->step ? log->step : 0;
	gsize place = finding->start;

	for (int lines = 0; place > least && lines < BEFORE_MAX_LINES; lines++) {
		GMatchInfo *match;
		place = kiln_cause_log_line_start(log, place - 1);
		match = match_at(finding->rule->before, log, place, finding->start);
		if (match)
			return match;
	}
	return NULL;
}

static GMatchInfo *find_after(const KilnCauseLog *log, const Finding *finding)
{
	gsize end = kiln_cause_log_line_end(log, MIN(log->size, finding->end + AFTER_MAX_BYTES));

	return match_at(finding->rule->after, log, finding->end, end);
}

/* The value of $NAME in what a rule tells; NULL when it has none. Caller owns. */
static char *value_of(const KilnCauseLog *log, const Finding *finding, const char *name)
{
	GMatchInfo *infos[] = {finding->after, finding->match, finding->before};

	if (g_str_equal(name, "line"))
		return g_strndup(log->text + finding->here,
			kiln_cause_log_line_end(log, finding->here) - finding->here);
	if (g_str_equal(name, "stage"))
		return g_strdup(log->stage);
	for (gsize i = 0; i < G_N_ELEMENTS(infos); i++) {
		char *value = infos[i] ? g_match_info_fetch_named(infos[i], name) : NULL;
		if (value && *value)
			return value;
		g_free(value);
	}
	return NULL;
}

/* Appends what `tell` says up to the end of its part, and moves it there. FALSE when a value is missing. */
static gboolean expand(const KilnCauseLog *log, const Finding *finding, const char **tell, GString *text)
{
	gboolean is_whole = TRUE;

	while (**tell && **tell != '[' && **tell != ']') {
		gsize length = **tell == '$' ? strspn(*tell + 1, "abcdefghijklmnopqrstuvwxyz") : 0;
		g_autofree char *name = g_strndup(*tell + 1, length);
		g_autofree char *value = length ? value_of(log, finding, name) : NULL;
		if (length)
			g_string_append(text, value ? value : "");
		else
			g_string_append_c(text, **tell);
		is_whole &= !length || value;
		*tell += length + 1;
	}
	return is_whole;
}

/* What the rule tells: "$name" stands for a value, "[…]" falls away when a value in it is missing. NULL when
 * another is. Caller owns. */
static char *tell(const KilnCauseLog *log, const Finding *finding)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (const char *p = finding->rule->tell; *p;) {
		gsize before = text->len;
		gboolean is_optional = *p == '[';
		if (is_optional || *p == ']')
			p++;
		if (expand(log, finding, &p, text))
			continue;
		if (!is_optional)
			return NULL;
		g_string_truncate(text, before);
	}
	return g_strdup(text->str);
}

/* Matches the rule at the line that begins at `start`. */
static GMatchInfo *match_line(const KilnCauseRule *rule, const KilnCauseLog *log, gsize start)
{
	gsize end = kiln_cause_log_line_end(log, start);

	if (end - start > LINE_MAX_BYTES)
		return NULL;
	if (rule->is_long)
		end = kiln_cause_log_line_end(log, MIN(log->size, start + MATCH_MAX_BYTES));
	return match_at(rule->match, log, start, end);
}

/* Whether the rule holds at the line that begins at `start`: it matches, and has all it needs to tell. */
static gboolean try_line(const KilnCauseRule *rule, const KilnCauseLog *log, gsize start, Finding *ret_finding)
{
	g_auto(Finding) finding = {.rule = rule, .start = start, .here = start};
	int from, to;

	finding.match = match_line(rule, log, start);
	if (!finding.match)
		return FALSE;
	g_match_info_fetch_pos(finding.match, 0, &from, &to);
	finding.end = (gsize)to;
	if (g_match_info_fetch_named_pos(finding.match, "here", &from, &to) && from >= 0)
		finding.here = (gsize)from;
	if (rule->before)
		finding.before = find_before(log, &finding);
	if (rule->after)
		finding.after = find_after(log, &finding);
	finding.told = tell(log, &finding);
	if (!finding.told)
		return FALSE;
	*ret_finding = finding;
	finding = (Finding){0};
	return TRUE;
}

/* The line of [from, to) with one of the rule's texts that is nearest to one end of it: its start, or `to`. A text
 * that begins with the end of a line is in the line after that. */
static gsize find_line(const KilnCauseRule *rule, const Log *log, gsize from, gsize to)
{
	gsize best = rule->is_last ? from : to;

	for (guint i = 0; i < rule->has->len; i++) {
		guint number = g_array_index(rule->has, guint, i);
		const char *text = knowledge()->table->texts->pdata[number];
		gsize skip = *text == '\n' ? 1 : 0;
		gsize lowest = from - MIN(from, skip);
		gsize place = rule->is_last
			? previous_place(log->places->pdata[number], lowest, to - skip) + skip
			: next_place(log->places->pdata[number], lowest, to - skip) + skip;
		best = rule->is_last ? MAX(best, place) : MIN(best, place);
	}
	if (rule->is_last)
		return best > from ? kiln_cause_log_line_start(&log->parts, best - 1) : to;
	return best < to ? kiln_cause_log_line_start(&log->parts, best) : to;
}

/* Looks for the rule in the lines of [from, to). */
static gboolean find_rule(
	const KilnCauseRule *rule, const Log *log, gsize from, gsize to, Finding *ret_finding)
{
	if (rule->stage && g_strcmp0(rule->stage, log->parts.stage) != 0)
		return FALSE;
	for (guint tries = 0; from < to && tries < LONG_TRIES_MAX; tries += rule->is_long) {
		gsize line = find_line(rule, log, from, to);
		if (line >= to)
			return FALSE;
		if (try_line(rule, &log->parts, line, ret_finding))
			return TRUE;
		if (rule->is_last)
			to = line;
		else
			from = kiln_cause_log_line_end(&log->parts, line) + 1;
	}
	return FALSE;
}

typedef enum { SPECIFIC, GENERAL, FINAL } Rank;

static Rank rank_of(const KilnCauseRule *rule)
{
	return rule->is_final ? FINAL : rule->is_general ? GENERAL : SPECIFIC;
}

static gboolean find_any(Rank rank, const Log *log, gsize from, gsize to, Finding *ret_finding)
{
	const GPtrArray *rules = knowledge()->table->rules;

	for (guint i = 0; from < to && i < rules->len; i++) {
		const KilnCauseRule *rule = rules->pdata[i];
		if (rank_of(rule) == rank && find_rule(rule, log, from, to, ret_finding))
			return TRUE;
	}
	return FALSE;
}

/* What ended rpmbuild itself comes after all it said. Then what the last command said tells most, then what the
 * step that failed said: a build is full of words like "error" that explain nothing. */
static gboolean find(const Log *log, Finding *ret_finding)
{
	const KilnCauseLog *parts = &log->parts;
	const gsize ranges[][2] = {{parts->command, parts->end}, {parts->step, parts->command},
		{0, parts->stage ? 0 : parts->step}};

	if (find_any(SPECIFIC, log, parts->end, parts->size, ret_finding))
		return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(ranges); i++)
		if (find_any(SPECIFIC, log, ranges[i][0], ranges[i][1], ret_finding) ||
			find_any(GENERAL, log, ranges[i][0], ranges[i][1], ret_finding))
			return TRUE;
	return find_any(FINAL, log, parts->step, parts->size, ret_finding);
}

/* Where a build lies is of no interest to whom it concerns. */
static char *shorten_paths(const char *text)
{
	static const char pattern[] = "/builddir/build/BUILD/[^/\\s]+-build/BUILDROOT(?=/)"
				      "|/builddir/build/BUILDROOT/[^/\\s]+(?=/)"
				      "|/builddir/build/BUILD/(?:[^/\\s]+-build/)?[^/\\s]+/"
				      "|/builddir/build/SOURCES/";
	g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_RAW, 0, NULL);

	g_assert(regex);
	return g_regex_replace_literal(regex, text, -1, 0, "", 0, NULL);
}

/* Lines that are indented far enough are entries of a list. */
static char *join_lists(const char *text)
{
	GString *joined = g_string_new(text);

	g_string_replace(joined, "\n\t", "\n   ", 0);
	g_string_replace(joined, ":\n   ", ": ", 0);
	g_string_replace(joined, "\n   ", ", ", 0);
	return g_string_free(joined, FALSE);
}

/* One line for a terminal, of a length that can be read. */
static char *settle(const char *text)
{
	g_autofree char *shorter = shorten_paths(text);
	g_autofree char *joined = join_lists(shorter ? shorter : text);
	g_auto(GStrv) words = g_strsplit_set(joined, " \t\r\n", -1);
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *whole = NULL;

	for (char **word = words; *word; word++)
		if (**word)
			g_string_append_printf(line, "%s%s", line->len ? " " : "", *word);
	whole = kiln_text_printable(line->str);
	if (strlen(whole) <= TELL_MAX_BYTES)
		return g_steal_pointer(&whole);
	g_string_assign(line, whole);
	g_string_truncate(line, (gsize)(g_utf8_find_prev_char(whole, whole + TELL_MAX_BYTES) - whole));
	g_string_append(line, " …");
	return g_strdup(line->str);
}

void kiln_cause_find(const char *log, KilnCause *ret_cause)
{
	g_auto(Log) parts = {0};
	g_auto(Finding) finding = {0};

	*ret_cause = (KilnCause){0};
	log_init(&parts, log);
	if (!find(&parts, &finding))
		return;
	ret_cause->line = settle(finding.told);
	ret_cause->kind = g_strdup(finding.rule->kind);
	ret_cause->number = kiln_cause_log_line_number(&parts.parts, finding.here);
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

	*ret_cause = (KilnCause){0};
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
