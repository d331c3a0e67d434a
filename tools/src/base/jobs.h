/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many jobs of one kind, some at a time, each in a thread: what they say is told by job (base/event.h). */
#pragma once

#include <glib.h>

/* One job, in a thread of its own for as long as all of them take: children die with the thread that started them.
 * TRUE when it went well; how and why not is kept in `item` by whoever cares. */
typedef gboolean (*KilnJobWork)(gpointer item, gpointer data);

/* The name of a job; borrowed from `item`. */
typedef const char *(*KilnJobName)(gconstpointer item);

/* What the jobs are. All borrowed. */
typedef struct {
	const char *step; /* what each is said to do at first */
	KilnJobName name;
	KilnJobWork work;
	gpointer data;
} KilnJobKind;

/* Does the work for each of `items`, at most `at_once` at a time, and waits for all. FALSE only when no thread can be
 * had (SYSTEM). */
gboolean kiln_jobs_run(const GPtrArray *items, guint at_once, const KilnJobKind *kind, GError **error);
