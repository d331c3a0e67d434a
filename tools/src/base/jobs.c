/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/jobs.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"

#define TICK_US (G_USEC_PER_SEC / 5)

typedef struct {
	const KilnJobKind *kind;
	GAsyncQueue *ended; /* of GINT_TO_POINTER(1 + is_good) */
} Jobs;

static void run_one(gpointer item, gpointer user_data)
{
	const Jobs *jobs = user_data;
	const KilnJobKind *kind = jobs->kind;
	const char *name = kind->name(item);
	gint64 start = kiln_clock_monotonic_us();
	gboolean is_good;

	kiln_event_set_job(name);
	kiln_event_job_begin(name, "%s", kind->step);
	is_good = kind->work(item, kind->data);
	kiln_event_job_end(name, kiln_clock_monotonic_us() - start, is_good, "%s", "");
	kiln_event_set_job(NULL);
	g_async_queue_push(jobs->ended, GINT_TO_POINTER(1 + is_good));
}

static void await_all(const Jobs *jobs, guint count, guint at_once)
{
	guint ended = 0, failed = 0;

	while (ended < count) {
		gpointer verdict = g_async_queue_timeout_pop(jobs->ended, TICK_US);
		if (verdict) {
			ended++;
			failed += GPOINTER_TO_INT(verdict) == 1;
		}
		guint running = MIN(at_once, count - ended);
		kiln_event_counts(ended - failed, running, count - ended - running, failed);
		kiln_event_tick();
	}
}

gboolean kiln_jobs_run(const GPtrArray *items, guint at_once, const KilnJobKind *kind, GError **error)
{
	Jobs jobs = {.kind = kind};
	g_autoptr(GError) local = NULL;
	/* Exclusive: no thread ends before all jobs did. */
	GThreadPool *pool = g_thread_pool_new(run_one, &jobs, (int)MAX(1, at_once), TRUE, &local);

	if (!pool) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "starting threads: %s", local->message);
		return FALSE;
	}
	jobs.ended = g_async_queue_new();
	for (guint i = 0; i < items->len; i++)
		g_thread_pool_push(pool, items->pdata[i], NULL);
	await_all(&jobs, items->len, MAX(1, at_once));
	g_thread_pool_free(pool, FALSE, TRUE);
	g_async_queue_unref(jobs.ended);
	return TRUE;
}
