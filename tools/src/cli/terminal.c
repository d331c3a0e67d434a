/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/terminal.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/text.h"
#include "format/json.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_US 100000

static struct {
	KilnTerminalMode mode;
	gboolean live;      /* one line is rewritten in place */
	gboolean colour;
	gboolean line_open; /* the live line shows something */
	gint64 drawn_us;
} terminal;

static const char *paint(const char *code)
{
	return terminal.colour ? code : "";
}

void kiln_terminal_flush(void)
{
	if (terminal.line_open)
		fputs("\r\033[K", stderr);
	terminal.line_open = FALSE;
	fflush(stderr);
}

static char *duration(gint64 elapsed_us)
{
	double seconds = (double)elapsed_us / G_USEC_PER_SEC;

	if (seconds < 60)
		return g_strdup_printf("%.2f s", seconds);
	return g_strdup_printf("%d min %02d s", (int)seconds / 60, (int)seconds % 60);
}

static int terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

static void show_live(const char *text)
{
	kiln_terminal_flush();
	fprintf(stderr, "%.*s", terminal_columns() - 1, text);
	fflush(stderr);
	terminal.line_open = TRUE;
}

static void show_progress(const KilnEvent *event)
{
	gint64 now = kiln_clock_monotonic_us();
	g_autofree char *text = NULL;
	guint64 percent = event->total ? event->current * 100 / event->total : 0;

	if (!terminal.live || (now - terminal.drawn_us < REDRAW_US && event->current < event->total))
		return;
	terminal.drawn_us = now;
	text = g_strdup_printf("  %s %3" G_GUINT64_FORMAT " %% (%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT ")",
		event->subject, percent, event->current, event->total);
	show_live(text);
}

static void show_done(const KilnEvent *event, const char *text)
{
	g_autofree char *time = duration(event->elapsed_us);

	fprintf(stderr, "%s%-12s%s %s  %s%s%s\n", paint("\033[32m"), event->subject, paint("\033[0m"), text,
		paint("\033[2m"), time, paint("\033[0m"));
}

static void show_text(const KilnEvent *event)
{
	g_autofree char *text = kiln_text_printable(event->text);
	g_autofree char *live = NULL;

	kiln_terminal_flush();
	switch (event->kind) {
	case KILN_EVENT_STEP:
		live = g_strdup_printf("%-12s %s …", event->subject, text);
		if (terminal.live)
			show_live(live);
		break;
	case KILN_EVENT_DONE:
		show_done(event, text);
		break;
	case KILN_EVENT_INFO:
		fprintf(stderr, "%-12s %s\n", event->subject, text);
		break;
	case KILN_EVENT_WARNING:
		fprintf(stderr, "%s%-12s warning: %s%s\n", paint("\033[33m"), event->subject, text,
			paint("\033[0m"));
		break;
	case KILN_EVENT_JOB_END:
		show_done(event, text);
		break;
	case KILN_EVENT_PROGRESS:
	case KILN_EVENT_JOB_BEGIN:
	case KILN_EVENT_COUNTS:
	case KILN_EVENT_TICK:
		break;
	}
}

static void sink_human(const KilnEvent *event, gpointer data)
{
	(void)data;
	if (event->kind == KILN_EVENT_PROGRESS)
		show_progress(event);
	else if (event->text)
		show_text(event);
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

static void sink_json(const KilnEvent *event, gpointer data)
{
	g_autoptr(KilnJson) json = kiln_json_new();
	g_autofree char *line = NULL;

	(void)data;
	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "event", kind_name(event->kind));
	kiln_json_add_text(json, "subject", event->subject);
	if (event->kind == KILN_EVENT_PROGRESS) {
		kiln_json_add_number(json, "current", (gint64)event->current);
		kiln_json_add_number(json, "total", (gint64)event->total);
	} else {
		kiln_json_add_text(json, "text", event->text);
	}
	if (event->kind == KILN_EVENT_DONE)
		kiln_json_add_number(json, "elapsed_us", event->elapsed_us);
	kiln_json_end_object(json);
	line = kiln_json_to_text(json, FALSE);
	fprintf(stderr, "%s\n", line);
}

static void sink_quiet(const KilnEvent *event, gpointer data)
{
	if (event->kind == KILN_EVENT_WARNING)
		sink_human(event, data);
}

void kiln_terminal_install(KilnTerminalMode mode)
{
	const char *type = g_getenv("TERM");
	gboolean capable = isatty(STDERR_FILENO) && type && !g_str_equal(type, "dumb");

	terminal.mode = mode;
	terminal.live = capable && mode == KILN_TERMINAL_AUTO;
	terminal.colour = terminal.live && !g_getenv("NO_COLOR");
	switch (mode) {
	case KILN_TERMINAL_AUTO:
	case KILN_TERMINAL_PLAIN:
		kiln_event_set_sink(sink_human, NULL);
		break;
	case KILN_TERMINAL_JSON:
		kiln_event_set_sink(sink_json, NULL);
		break;
	case KILN_TERMINAL_QUIET:
		kiln_event_set_sink(sink_quiet, NULL);
		break;
	}
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
