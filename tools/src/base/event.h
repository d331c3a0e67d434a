/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What layers below cli have to say while they work: typed events to one sink. cli installs a sink
 * (terminal, plain or JSON lines); without one events vanish. Nothing below cli prints.
 *
 * Events may come from any thread; the sink gets them one at a time and emits none itself. What a
 * thread says belongs to the job it works for, if it named one.
 */
#pragma once

#include <glib.h>

typedef enum {
	KILN_EVENT_STEP,      /* a step of the job begins: subject names it */
	KILN_EVENT_DONE,      /* the step ended; text says how, elapsed_us how long */
	KILN_EVENT_PROGRESS,  /* `current` of `total` units (bytes or items) of `subject` */
	KILN_EVENT_INFO,      /* one line worth reading */
	KILN_EVENT_WARNING,   /* one line that wants attention; work goes on */
	KILN_EVENT_JOB_BEGIN, /* `job` begins; text says what it is */
	KILN_EVENT_JOB_END,   /* it ended; text says how, elapsed_us how long, is_good how well */
	KILN_EVENT_COUNTS,    /* how far the whole is: `counts` of its jobs */
	KILN_EVENT_TICK,      /* time went by; nothing else happened */
} KilnEventKind;

typedef struct {
	guint done, running, waiting, failed;
} KilnEventCounts;

typedef struct {
	KilnEventKind kind;
	const char *job;     /* NULL: of none, or of all */
	const char *subject; /* object or step: "fetch", "scsi-target-utils"; of a job its name */
	const char *text;    /* may be NULL */
	guint64 current, total;
	gint64 elapsed_us;
	gboolean is_good;
	KilnEventCounts counts;
} KilnEvent;

typedef void (*KilnEventSink)(const KilnEvent *event, gpointer data);

/* Installs the sink; NULL removes it. The old one is not at work any more when this returns. */
void kiln_event_set_sink(KilnEventSink sink, gpointer data);

/* What this thread says from now on belongs to `job`; NULL: to none, as at first. */
void kiln_event_set_job(const char *job);

void kiln_event_step(const char *subject, const char *format, ...) G_GNUC_PRINTF(2, 3);
void kiln_event_done(const char *subject, gint64 elapsed_us, const char *format, ...) G_GNUC_PRINTF(3, 4);
void kiln_event_progress(const char *subject, guint64 current, guint64 total);
void kiln_event_info(const char *subject, const char *format, ...) G_GNUC_PRINTF(2, 3);
void kiln_event_warning(const char *subject, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A job begins and ends: one of many that may run at a time, each of another name. They are told by
 * name, whichever thread says so. */
void kiln_event_job_begin(const char *job, const char *format, ...) G_GNUC_PRINTF(2, 3);
void kiln_event_job_end(const char *job, gint64 elapsed_us, gboolean is_good, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
void kiln_event_counts(guint done, guint running, guint waiting, guint failed);

/* To be said about five times a second while jobs run, so that what is shown moves. */
void kiln_event_tick(void);
