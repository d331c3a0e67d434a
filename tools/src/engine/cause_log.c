/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/cause_log.h"

#include <string.h>

#define ESCAPE '\033'
#define BEGIN "Executing(%"
#define BAD_END "error: Bad exit status from "

/* Past the escape sequence that begins at `p`, as ECMA-48 has them. */
static const char *skip_escape(const char *p)
{
	p++;
	if (*p == '[') {
		for (p++; *p && (*p < '@' || *p > '~') && *p != '\n';)
			p++;
		return *p && *p != '\n' ? p + 1 : p;
	}
	if (*p == ']') {
		for (p++; *p && *p != '\a' && *p != ESCAPE && *p != '\n';)
			p++;
		return *p == '\a' ? p + 1 : p;
	}
	return *p && *p != '\n' ? p + 1 : p;
}

static char *copy_plain(const char *text)
{
	char *copy = g_malloc(strlen(text) + 2), *to = copy;

	*to++ = '\n';
	for (const char *from = text; *from;) {
		gsize plain = strcspn(from, "\033");
		memcpy(to, from, plain);
		to += plain;
		from += plain;
		if (*from)
			from = skip_escape(from);
	}
	*to = '\0';
	return copy;
}

/* The last line of [from, to) that begins with `prefix`, or `to`. */
static gsize find_last_line(const char *text, gsize from, gsize to, const char *prefix)
{
	while (to > from) {
		const char *hit = g_strrstr_len(text + from, (gssize)(to - from), prefix);
		gsize place = hit ? (gsize)(hit - text) : 0;
		if (!hit)
			break;
		if (place == 0 || text[place - 1] == '\n')
			return place;
		to = place;
	}
	return to > from ? to : from;
}

/* The first line of [from, to) that begins with `prefix`, or `to`. */
static gsize find_line(const char *text, gsize from, gsize to, const char *prefix)
{
	for (const char *p = text + from; (p = memmem(p, to - (gsize)(p - text), prefix, strlen(prefix))); p++)
		if (p == text || p[-1] == '\n')
			return (gsize)(p - text);
	return to;
}

/* The word between "(%" and ")" of the line at `place`. */
static char *stage_at(const KilnCauseLog *log, gsize place)
{
	gsize end = kiln_cause_log_line_end(log, place);
	const char *open = g_strstr_len(log->text + place, (gssize)(end - place), "(%");
	const char *close = open ? memchr(open, ')', end - (gsize)(open - log->text)) : NULL;

	return close ? g_strndup(open + 2, (gsize)(close - open - 2)) : NULL;
}

static gboolean begins_at(const KilnCauseLog *log, gsize place, const char *prefix)
{
	return strncmp(log->text + place, prefix, strlen(prefix)) == 0;
}

void kiln_cause_log_init(KilnCauseLog *log, const char *text)
{
	gsize bad;

	*log = (KilnCauseLog){.text = copy_plain(text)};
	log->size = log->end = strlen(log->text);
	log->step = find_last_line(log->text, 0, log->size, BEGIN);
	if (!begins_at(log, log->step, BEGIN))
		log->step = 0;
	bad = find_line(log->text, log->step, log->size, BAD_END);
	if (bad < log->size) {
		log->stage = stage_at(log, bad);
		log->end = MIN(log->size, kiln_cause_log_line_end(log, bad) + 1);
	}
	log->command = find_last_line(log->text, log->step, bad, "+ ");
	if (!begins_at(log, log->command, "+ "))
		log->command = log->step;
}

void kiln_cause_log_clear(KilnCauseLog *log)
{
	g_clear_pointer(&log->text, g_free);
	g_clear_pointer(&log->stage, g_free);
}

gsize kiln_cause_log_line_start(const KilnCauseLog *log, gsize place)
{
	const char *end = place > 0 ? memrchr(log->text, '\n', place) : NULL;

	return end ? (gsize)(end + 1 - log->text) : 0;
}

gsize kiln_cause_log_line_end(const KilnCauseLog *log, gsize place)
{
	return place + strcspn(log->text + place, "\n");
}

guint kiln_cause_log_line_number(const KilnCauseLog *log, gsize place)
{
	guint number = 0;

	for (const char *p = log->text; (p = memchr(p, '\n', place - (gsize)(p - log->text))); p++)
		number++;
	return number;
}
