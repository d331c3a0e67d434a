/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/terminal.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/text.h"
#include "cli/live.h"
#include "format/json.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_US 100000
#define DEFAULT_COLUMNS 80
#define DEFAULT_ROWS 24

/* Events come one at a time, but the main thread may flush meanwhile. */
static GMutex lock;

static struct {
	KilnTerminalMode mode;
	KilnLive *live; /* NULL: lines only */
	gboolean colour;
	gint64 drawn_us;
	GHashTable *held; /* job -> GPtrArray of the lines that wait for its end */
} terminal;

/* For a signal that ends the program: whether the cursor is behind live lines. */
static volatile sig_atomic_t is_line_open;

static const char *paint(const char *code)
{
	return terminal.colour ? code : "";
}

/* --- output --- */

static KilnLiveScreen current_screen(void)
{
	struct winsize size = {0};
	gboolean known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0;

	return (KilnLiveScreen){.columns = known && size.ws_col > 0 ? size.ws_col : DEFAULT_COLUMNS,
		.rows = known && size.ws_row > 0 ? size.ws_row : DEFAULT_ROWS,
		.has_colour = terminal.colour};
}

static void put(const char *bytes)
{
	fputs(bytes, stderr);
	fflush(stderr);
}

static void redraw(const char *above)
{
	gint64 now = kiln_clock_monotonic_us();
	KilnLiveScreen screen = current_screen();
	g_autofree char *bytes = kiln_live_draw(terminal.live, &screen, above, now);

	terminal.drawn_us = now;
	if (bytes)
		put(bytes);
	is_line_open = kiln_live_is_shown(terminal.live);
}

/* Shows whole lines, above what is live. */
static void show(const char *lines)
{
	if (terminal.live)
		redraw(lines);
	else
		put(lines);
}

/* Shows what changed below the lines; what changes often is shown at times only. */
static void refresh(gboolean is_urgent)
{
	if (terminal.live && (is_urgent || kiln_clock_monotonic_us() - terminal.drawn_us >= REDRAW_US))
		redraw("");
}

/* --- lines --- */

static char *duration(gint64 elapsed_us)
{
	double seconds = (double)elapsed_us / G_USEC_PER_SEC;

	if (seconds < 60)
		return g_strdup_printf("%.2f s", seconds);
	return g_strdup_printf("%d min %02d s", (int)seconds / 60, (int)seconds % 60);
}

static char *ended_line(const KilnEvent *event, const char *text, gboolean is_good)
{
	g_autofree char *time = duration(event->elapsed_us);

	return g_strdup_printf("%s%-12s%s %s  %s%s%s\n", paint(is_good ? "\033[32m" : "\033[31m"),
		event->subject, paint("\033[0m"), text, paint("\033[2m"), time, paint("\033[0m"));
}

/* A job that ended well and has no more to say than what it said already gets no line for that. */
static char *job_line(const KilnEvent *event, const char *text)
{
	if (!*text && event->is_good && g_hash_table_contains(terminal.held, event->job))
		return g_strdup("");
	if (!*text)
		text = event->is_good ? "done" : "failed";
	return ended_line(event, text, event->is_good);
}

/* The line that stays of an event; NULL when it leaves none. */
static char *lasting_line(const KilnEvent *event)
{
	g_autofree char *text = kiln_text_printable(event->text);

	switch (event->kind) {
	case KILN_EVENT_DONE:
		return ended_line(event, text, TRUE);
	case KILN_EVENT_JOB_END:
		return job_line(event, text);
	case KILN_EVENT_INFO:
		return g_strdup_printf("%-12s %s\n", event->subject, text);
	case KILN_EVENT_WARNING:
		return g_strdup_printf("%s%-12s warning: %s%s\n", paint("\033[33m"), event->subject, text,
			paint("\033[0m"));
	case KILN_EVENT_STEP:
	case KILN_EVENT_PROGRESS:
	case KILN_EVENT_JOB_BEGIN:
	case KILN_EVENT_COUNTS:
	case KILN_EVENT_TICK:
		break;
	}
	return NULL;
}

/* --- jobs --- */

static void hold_back(const char *job, const char *line)
{
	GPtrArray *lines = g_hash_table_lookup(terminal.held, job);

	if (!lines) {
		lines = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(terminal.held, g_strdup(job), lines);
	}
	g_ptr_array_add(lines, g_strdup(line));
}

/* The line of the job's end and below it what the job said; "": only that. */
static void show_job(const char *job, const char *line)
{
	const GPtrArray *lines = g_hash_table_lookup(terminal.held, job);
	g_autoptr(GString) all = g_string_new(line);

	for (guint i = 0; lines && i < lines->len; i++)
		g_string_append_printf(all, "%s%s", *line ? "  " : "", (const char *)lines->pdata[i]);
	g_hash_table_remove(terminal.held, job);
	show(all->str);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

static void show_unended(void)
{
	g_autoptr(GList) jobs = g_list_sort(g_hash_table_get_keys(terminal.held), compare_names);

	for (GList *job = jobs; job; job = job->next) {
		g_autofree char *name = g_strdup(job->data);
		g_autofree char *line = g_strdup_printf("%-12s did not end\n", name);
		show_job(name, line);
	}
}

/* --- events for a person --- */

static void show_line(const KilnEvent *event, const char *line)
{
	if (event->kind == KILN_EVENT_JOB_END)
		show_job(event->job, line);
	else if (event->job)
		hold_back(event->job, line);
	else
		show(line);
}

static void set_step(const KilnEvent *event, const char *step)
{
	kiln_live_set_step(terminal.live, event->job, step, kiln_clock_monotonic_us());
}

static void set_progress(const KilnEvent *event)
{
	guint64 percent = event->total ? event->current * 100 / event->total : 0;
	g_autofree char *text = g_strdup_printf(
		"%s%s %3" G_GUINT64_FORMAT " %% (%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT ")",
		event->job ? "" : "  ", event->subject, percent, event->current, event->total);

	set_step(event, text);
}

/* What the event changes in the live lines. */
static void update_live(const KilnEvent *event)
{
	g_autofree char *text = kiln_text_printable(event->text);
	g_autofree char *step = NULL;

	switch (event->kind) {
	case KILN_EVENT_STEP:
		step = g_strdup_printf(event->job ? "%s %s …" : "%-12s %s …", event->subject, text);
		set_step(event, step);
		break;
	case KILN_EVENT_PROGRESS:
		set_progress(event);
		break;
	case KILN_EVENT_DONE:
		set_step(event, NULL);
		break;
	case KILN_EVENT_JOB_BEGIN:
		kiln_live_begin(terminal.live, event->job, kiln_clock_monotonic_us());
		set_step(event, text);
		break;
	case KILN_EVENT_JOB_END:
		kiln_live_end(terminal.live, event->job);
		break;
	case KILN_EVENT_COUNTS:
		kiln_live_set_counts(terminal.live, &event->counts);
		break;
	case KILN_EVENT_INFO:
	case KILN_EVENT_WARNING:
		if (!event->job)
			set_step(event, NULL);
		break;
	case KILN_EVENT_TICK:
		break;
	}
}

static void sink_human(const KilnEvent *event, gpointer data)
{
	g_autofree char *line = lasting_line(event);
	gboolean is_often = event->kind == KILN_EVENT_TICK || event->job ||
		(event->kind == KILN_EVENT_PROGRESS && event->current < event->total);

	(void)data;
	g_mutex_lock(&lock);
	if (terminal.live)
		update_live(event);
	if (line)
		show_line(event, line);
	refresh(!is_often);
	g_mutex_unlock(&lock);
}

static const char *kind_name(KilnEventKind kind)
{
	switch (kind) {
	case KILN_EVENT_STEP:
		return "step";
	case KILN_EVENT_DONE:
		return "done";
	case KILN_EVENT_PROGRESS:
		return "progress";
	case KILN_EVENT_INFO:
		return "info";
	case KILN_EVENT_WARNING:
		return "warning";
	case KILN_EVENT_JOB_BEGIN:
		return "job-begin";
	case KILN_EVENT_JOB_END:
		return "job-end";
	case KILN_EVENT_COUNTS:
		return "counts";
	case KILN_EVENT_TICK:
		return "tick";
	}
	return "unknown";
}

static void add_counts(KilnJson *json, const KilnEventCounts *counts)
{
	kiln_json_add_number(json, "done", counts->done);
	kiln_json_add_number(json, "running", counts->running);
	kiln_json_add_number(json, "waiting", counts->waiting);
	kiln_json_add_number(json, "failed", counts->failed);
}

static void add_content(KilnJson *json, const KilnEvent *event)
{
	if (event->kind == KILN_EVENT_PROGRESS) {
		kiln_json_add_number(json, "current", (gint64)event->current);
		kiln_json_add_number(json, "total", (gint64)event->total);
	} else if (event->kind == KILN_EVENT_COUNTS) {
		add_counts(json, &event->counts);
	} else {
		kiln_json_add_text(json, "text", event->text);
	}
	if (event->kind == KILN_EVENT_DONE || event->kind == KILN_EVENT_JOB_END)
		kiln_json_add_number(json, "elapsed_us", event->elapsed_us);
	if (event->kind == KILN_EVENT_JOB_END)
		kiln_json_add_boolean(json, "good", event->is_good);
}

static void sink_json(const KilnEvent *event, gpointer data)
{
	g_autoptr(KilnJson) json = kiln_json_new();
	g_autofree char *line = NULL;

	(void)data;
	if (event->kind == KILN_EVENT_TICK)
		return;
	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "event", kind_name(event->kind));
	if (event->job)
		kiln_json_add_text(json, "job", event->job);
	kiln_json_add_text(json, "subject", event->subject);
	add_content(json, event);
	kiln_json_end_object(json);
	line = kiln_json_to_text(json, FALSE);
	fprintf(stderr, "%s\n", line);
}

/* Warnings only, at once; whose they are is said in front. */
static void sink_quiet(const KilnEvent *event, gpointer data)
{
	g_autofree char *line = event->kind == KILN_EVENT_WARNING ? lasting_line(event) : NULL;

	(void)data;
	if (line && event->job)
		fprintf(stderr, "%s: ", event->job);
	if (line)
		put(line);
}

/* --- being ended --- */

/* Leaves the live lines as they are, and the next line to whoever owns the terminal then. */
static void end_line_and_die(int number)
{
	gboolean is_written = !is_line_open || write(STDERR_FILENO, "\n", 1) == 1;

	(void)is_written;
	raise(number);
}

static void mind_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	const struct sigaction mine = {
		.sa_handler = end_line_and_die, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};

	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		struct sigaction now;
		/* What is ignored stays ignored. */
		if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
			sigaction(numbers[i], &mine, NULL);
	}
}

/* --- what others use --- */

void kiln_terminal_install(KilnTerminalMode mode)
{
	static const KilnEventSink sinks[] = {
		[KILN_TERMINAL_AUTO] = sink_human,
		[KILN_TERMINAL_PLAIN] = sink_human,
		[KILN_TERMINAL_JSON] = sink_json,
		[KILN_TERMINAL_QUIET] = sink_quiet,
	};
	const char *type = g_getenv("TERM");
	gboolean is_capable = isatty(STDERR_FILENO) && type && !g_str_equal(type, "dumb");
	gboolean is_live = is_capable && mode == KILN_TERMINAL_AUTO;

	kiln_event_set_sink(NULL, NULL);
	g_clear_pointer(&terminal.live, kiln_live_free);
	g_clear_pointer(&terminal.held, g_hash_table_unref);
	terminal.mode = mode;
	terminal.live = is_live ? kiln_live_new() : NULL;
	terminal.colour = is_live && !g_getenv("NO_COLOR");
	terminal.held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
		(GDestroyNotify)g_ptr_array_unref);
	if (is_live)
		mind_signals();
	kiln_event_set_sink(sinks[mode], NULL);
}

void kiln_terminal_flush(void)
{
	KilnLiveScreen screen = current_screen();
	g_autofree char *bytes = NULL;

	g_mutex_lock(&lock);
	if (terminal.held)
		show_unended();
	if (terminal.live)
		bytes = kiln_live_erase(terminal.live, &screen);
	put(bytes ? bytes : "");
	is_line_open = FALSE;
	g_mutex_unlock(&lock);
}

static void error_json(const char *message, int exit_status)
{
	g_autoptr(KilnJson) json = kiln_json_new();
	g_autofree char *line = NULL;

	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "event", "error");
	kiln_json_add_number(json, "exit_status", exit_status);
	kiln_json_add_text(json, "text", message);
	kiln_json_end_object(json);
	line = kiln_json_to_text(json, FALSE);
	fprintf(stderr, "%s\n", line);
}

void kiln_terminal_error(const char *message, int exit_status)
{
	g_auto(GStrv) lines = g_strsplit(message, "\n", -1);

	if (terminal.mode == KILN_TERMINAL_JSON) {
		error_json(message, exit_status);
		return;
	}
	kiln_terminal_flush();
	for (char **line = lines; *line; line++) {
		g_autofree char *text = kiln_text_printable(*line);
		fprintf(stderr, "%s%s%s%s\n", line == lines ? "kiln: " : "  ", paint("\033[31m"), text,
			paint("\033[0m"));
	}
}
