/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/live.h"

#include <string.h>

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define NORMAL "\033[0m"
#define ERASE_BELOW "\r\033[J"

typedef struct {
	char *name;
	char *step; /* "" when it does nothing */
	gint64 begin_us;
} Job;

struct KilnLive {
	char *step;      /* of the main job, or NULL */
	GPtrArray *jobs; /* of Job, in the order they began */
	KilnEventCounts counts;
	char *shown;     /* the bytes of the block on the terminal, NULL: none */
	GArray *widths;  /* of int: the columns each of its lines takes */
};

/* A line under way. */
typedef struct {
	GString *text;
	int room; /* columns left */
	gboolean has_colour;
} Line;

static void free_job(gpointer data)
{
	Job *job = data;

	g_free(job->name);
	g_free(job->step);
	g_free(job);
}

KilnLive *kiln_live_new(void)
{
	KilnLive *live = g_new0(KilnLive, 1);

	live->jobs = g_ptr_array_new_with_free_func(free_job);
	live->widths = g_array_new(FALSE, FALSE, sizeof(int));
	return live;
}

void kiln_live_free(KilnLive *live)
{
	g_free(live->step);
	g_ptr_array_unref(live->jobs);
	g_free(live->shown);
	g_array_unref(live->widths);
	g_free(live);
}

/* --- what is to be shown --- */

static Job *find_job(const KilnLive *live, const char *name)
{
	for (guint i = 0; i < live->jobs->len; i++) {
		Job *job = live->jobs->pdata[i];
		if (strcmp(job->name, name) == 0)
			return job;
	}
	return NULL;
}

void kiln_live_begin(KilnLive *live, const char *job, gint64 now_us)
{
	kiln_live_end(live, job);
	kiln_live_set_step(live, job, "", now_us);
}

void kiln_live_end(KilnLive *live, const char *job)
{
	Job *ended = find_job(live, job);

	if (ended)
		g_ptr_array_remove(live->jobs, ended);
}

static void set_text(char **place, const char *text)
{
	g_free(*place);
	*place = g_strdup(text);
}

void kiln_live_set_step(KilnLive *live, const char *job, const char *text, gint64 now_us)
{
	Job *found;

	if (!job) {
		set_text(&live->step, text);
		return;
	}
	found = find_job(live, job);
	if (!found) {
		found = g_new0(Job, 1);
		found->name = g_strdup(job);
		found->begin_us = now_us;
		g_ptr_array_add(live->jobs, found);
	}
	set_text(&found->step, text ? text : "");
}

void kiln_live_set_counts(KilnLive *live, const KilnEventCounts *counts)
{
	live->counts = *counts;
}

/* --- lines --- */

static int character_width(gunichar c)
{
	if (g_unichar_iszerowidth(c))
		return 0;
	return g_unichar_iswide(c) ? 2 : 1;
}

static int text_width(const char *text)
{
	int width = 0;

	for (; *text; text = g_utf8_next_char(text))
		width += character_width(g_utf8_get_char(text));
	return width;
}

/* Appends as much of `text` as has room, painted with `code` (NULL: plain). */
static void append(Line *line, const char *code, const char *text)
{
	const char *end = text;

	if (line->has_colour && code)
		g_string_append(line->text, code);
	for (; *end; end = g_utf8_next_char(end)) {
		int width = character_width(g_utf8_get_char(end));
		if (width > line->room)
			break;
		line->room -= width;
	}
	g_string_append_len(line->text, text, end - text);
	if (line->has_colour && code)
		g_string_append(line->text, NORMAL);
}

static void append_blanks(Line *line, int count)
{
	for (int i = 0; i < count; i++)
		append(line, NULL, " ");
}

static char *elapsed(gint64 microseconds)
{
	gint64 seconds = MAX(0, microseconds / G_USEC_PER_SEC);

	if (seconds < 60)
		return g_strdup_printf("%d s", (int)seconds);
	return g_strdup_printf("%d:%02d min", (int)(seconds / 60), (int)(seconds % 60));
}

static void append_job(Line *line, const Job *job, int name_width, gint64 now_us)
{
	g_autofree char *time = elapsed(now_us - job->begin_us);
	g_autofree char *time_column = g_strdup_printf("%6s", time);

	append(line, NULL, "  ");
	append(line, BOLD, job->name);
	append_blanks(line, name_width - text_width(job->name));
	append(line, NULL, " ");
	append(line, DIM, time_column);
	append(line, NULL, "  ");
	append(line, NULL, job->step);
}

static void append_counts(Line *line, const KilnEventCounts *counts)
{
	g_autofree char *good = g_strdup_printf(
		"built %u, running %u, waiting %u, ", counts->done, counts->running, counts->waiting);
	g_autofree char *failed = g_strdup_printf("failed %u", counts->failed);

	append(line, NULL, good);
	append(line, counts->failed ? RED : NULL, failed);
}

/* --- the block --- */

/* A block under way: its lines go below each other in `text`. */
typedef struct {
	GString *text;
	GArray *widths;
	const KilnLiveScreen *screen;
	Line line;
} Block;

/* The last column stays free: a terminal may wrap when it is written to. */
static Line *begin_line(Block *block)
{
	if (block->text->len > 0)
		g_string_append_c(block->text, '\n');
	block->line = (Line){.text = block->text,
		.room = MAX(1, block->screen->columns - 1),
		.has_colour = block->screen->has_colour};
	return &block->line;
}

static void end_line(Block *block)
{
	int width = MAX(1, block->screen->columns - 1) - block->line.room;

	g_array_append_val(block->widths, width);
}

/* How many jobs have a line: all, or what leaves room for the other lines and for how many more. */
static guint shown_jobs(const KilnLive *live, const KilnLiveScreen *screen)
{
	int room = screen->rows - 3; /* the main step, the counts, and one for what scrolls */

	if (room < 1)
		room = 1;
	return live->jobs->len <= (guint)room ? live->jobs->len : (guint)room - 1;
}

static void add_jobs(Block *block, const KilnLive *live, gint64 now_us)
{
	guint count = shown_jobs(live, block->screen);
	int width = 0;

	for (guint i = 0; i < count; i++)
		width = MAX(width, text_width(((Job *)live->jobs->pdata[i])->name));
	for (guint i = 0; i < count; i++) {
		append_job(begin_line(block), live->jobs->pdata[i], width, now_us);
		end_line(block);
	}
	if (count < live->jobs->len) {
		g_autofree char *more = g_strdup_printf("  and %u more", live->jobs->len - count);
		append(begin_line(block), NULL, more);
		end_line(block);
	}
}

/* The bytes of the block as it has to be, "" for none. */
static GString *make_block(const KilnLive *live, const KilnLiveScreen *screen, GArray *widths, gint64 now_us)
{
	Block block = {.text = g_string_new(NULL), .widths = widths, .screen = screen};

	if (live->step) {
		append(begin_line(&block), NULL, live->step);
		end_line(&block);
	}
	add_jobs(&block, live, now_us);
	if (live->jobs->len > 0 || live->counts.running > 0 || live->counts.waiting > 0) {
		append_counts(begin_line(&block), &live->counts);
		end_line(&block);
	}
	return block.text;
}

/* The cursor is behind the last line of the block. A terminal that became narrower has wrapped its
 * lines. */
static void append_erase(const KilnLive *live, int columns, GString *bytes)
{
	int rows = 0;

	if (!live->shown)
		return;
	for (guint i = 0; i < live->widths->len; i++) {
		int width = g_array_index(live->widths, int, i);
		rows += MAX(1, (width + columns - 1) / MAX(1, columns));
	}
	if (rows > 1)
		g_string_append_printf(bytes, "\033[%dA", rows - 1);
	g_string_append(bytes, ERASE_BELOW);
}

char *kiln_live_draw(KilnLive *live, const KilnLiveScreen *screen, const char *above, gint64 now_us)
{
	g_autoptr(GArray) widths = g_array_new(FALSE, FALSE, sizeof(int));
	g_autoptr(GString) block = make_block(live, screen, widths, now_us);
	GString *bytes;

	if (!*above && strcmp(block->str, live->shown ? live->shown : "") == 0)
		return NULL;
	bytes = g_string_new(NULL);
	append_erase(live, screen->columns, bytes);
	g_string_append(bytes, above);
	g_string_append(bytes, block->str);
	set_text(&live->shown, block->len > 0 ? block->str : NULL);
	g_array_unref(live->widths);
	live->widths = g_steal_pointer(&widths);
	return g_string_free(bytes, FALSE);
}

char *kiln_live_erase(KilnLive *live, const KilnLiveScreen *screen)
{
	GString *bytes;

	if (!live->shown)
		return NULL;
	bytes = g_string_new(NULL);
	append_erase(live, screen->columns, bytes);
	set_text(&live->shown, NULL);
	return g_string_free(bytes, FALSE);
}

gboolean kiln_live_is_shown(const KilnLive *live)
{
	return live->shown != NULL;
}
