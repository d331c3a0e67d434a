/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/event.h"

/* Guards the sink and lets one event at a time into it. */
static GMutex lock;
static KilnEventSink current_sink;
static gpointer current_data;

static GPrivate current_job = G_PRIVATE_INIT(g_free);

void kiln_event_set_sink(KilnEventSink sink, gpointer data)
{
	g_mutex_lock(&lock);
	current_sink = sink;
	current_data = data;
	g_mutex_unlock(&lock);
}

void kiln_event_set_job(const char *job)
{
	g_private_replace(&current_job, g_strdup(job));
}

static void emit(KilnEvent event)
{
	if (!event.job)
		event.job = g_private_get(&current_job);
	g_mutex_lock(&lock);
	if (current_sink)
		current_sink(&event, current_data);
	g_mutex_unlock(&lock);
}

static void G_GNUC_PRINTF(2, 0) emit_text(KilnEvent event, const char *format, va_list arguments)
{
	g_autofree char *text = g_strdup_vprintf(format, arguments);

	event.text = text;
	emit(event);
}

void kiln_event_step(const char *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text((KilnEvent){.kind = KILN_EVENT_STEP, .subject = subject}, format, arguments);
	va_end(arguments);
}

void kiln_event_done(const char *subject, gint64 elapsed_us, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text((KilnEvent){.kind = KILN_EVENT_DONE, .subject = subject, .elapsed_us = elapsed_us}, format,
		arguments);
	va_end(arguments);
}

void kiln_event_progress(const char *subject, guint64 current, guint64 total)
{
	emit((KilnEvent){.kind = KILN_EVENT_PROGRESS, .subject = subject, .current = current, .total = total});
}

void kiln_event_info(const char *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text((KilnEvent){.kind = KILN_EVENT_INFO, .subject = subject}, format, arguments);
	va_end(arguments);
}

void kiln_event_warning(const char *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text((KilnEvent){.kind = KILN_EVENT_WARNING, .subject = subject}, format, arguments);
	va_end(arguments);
}

void kiln_event_job_begin(const char *job, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text((KilnEvent){.kind = KILN_EVENT_JOB_BEGIN, .job = job, .subject = job}, format, arguments);
	va_end(arguments);
}

void kiln_event_job_end(const char *job, gint64 elapsed_us, gboolean is_good, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text((KilnEvent){.kind = KILN_EVENT_JOB_END,
			  .job = job,
			  .subject = job,
			  .elapsed_us = elapsed_us,
			  .is_good = is_good},
		format, arguments);
	va_end(arguments);
}

void kiln_event_counts(guint done, guint running, guint waiting, guint failed)
{
	emit((KilnEvent){.kind = KILN_EVENT_COUNTS,
		.subject = "jobs",
		.counts = {.done = done, .running = running, .waiting = waiting, .failed = failed}});
}

void kiln_event_tick(void)
{
	emit((KilnEvent){.kind = KILN_EVENT_TICK, .subject = ""});
}
