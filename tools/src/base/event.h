/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What layers below cli have to say while they work: typed events to one sink. cli installs a sink
 * (terminal, plain or JSON lines); without one events vanish. Nothing below cli prints.
 */
#pragma once

#include <glib.h>

typedef enum {
	KILN_EVENT_STEP,     /* a step of the main job begins: subject names it */
	KILN_EVENT_DONE,     /* the step ended; text says how, elapsed_us how long */
	KILN_EVENT_PROGRESS, /* `current` of `total` units (bytes or items) of `subject` */
	KILN_EVENT_INFO,     /* one line worth reading */
	KILN_EVENT_WARNING,  /* one line that wants attention; work goes on */
} KilnEventKind;

typedef struct {
	KilnEventKind kind;
	const char *subject; /* object or step: "fetch", "scsi-target-utils" */
	const char *text;    /* may be NULL */
	guint64 current, total;
	gint64 elapsed_us;
} KilnEvent;

typedef void (*KilnEventSink)(const KilnEvent *event, gpointer data);

/* Installs the sink; NULL removes it. Called from the main thread only, like emission. */
void kiln_event_set_sink(KilnEventSink sink, gpointer data);

void kiln_event_step(const char *subject, const char *format, ...) G_GNUC_PRINTF(2, 3);
void kiln_event_done(const char *subject, gint64 elapsed_us, const char *format, ...) G_GNUC_PRINTF(3, 4);
void kiln_event_progress(const char *subject, guint64 current, guint64 total);
void kiln_event_info(const char *subject, const char *format, ...) G_GNUC_PRINTF(2, 3);
void kiln_event_warning(const char *subject, const char *format, ...) G_GNUC_PRINTF(2, 3);
