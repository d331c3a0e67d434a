/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/event.h"

static KilnEventSink current_sink;
static gpointer current_data;

void kiln_event_set_sink(KilnEventSink sink, gpointer data)
{
	current_sink = sink;
	current_data = data;
}

static void emit(const KilnEvent *event)
{
	if (current_sink)
		current_sink(event, current_data);
}

static void G_GNUC_PRINTF(4, 0) emit_text(
	KilnEventKind kind, const char *subject, gint64 elapsed_us, const char *format, va_list arguments)
{
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	KilnEvent event = {.kind = kind, .subject = subject, .text = text, .elapsed_us = elapsed_us};

	emit(&event);
}

void kiln_event_step(const char *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text(KILN_EVENT_STEP, subject, 0, format, arguments);
	va_end(arguments);
}

void kiln_event_done(const char *subject, gint64 elapsed_us, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text(KILN_EVENT_DONE, subject, elapsed_us, format, arguments);
	va_end(arguments);
}

void kiln_event_progress(const char *subject, guint64 current, guint64 total)
{
	KilnEvent event = {
		.kind = KILN_EVENT_PROGRESS, .subject = subject, .current = current, .total = total};

	emit(&event);
}

void kiln_event_info(const char *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text(KILN_EVENT_INFO, subject, 0, format, arguments);
	va_end(arguments);
}

void kiln_event_warning(const char *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text(KILN_EVENT_WARNING, subject, 0, format, arguments);
	va_end(arguments);
}
