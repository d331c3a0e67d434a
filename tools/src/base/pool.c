/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KilnPool of base/process.h: one poll loop over the children that run. */
#include "base/process.h"

#include "base/error.h"

#include <errno.h>
#include <poll.h>

typedef struct {
	KilnProcess process; /* owns every string */
	gpointer job;
	KilnChild *child;
} Entry;

struct KilnPool {
	guint parallel;
	KilnPoolDone done;
	GQueue waiting;
	GPtrArray *running;
};

static const char *const *copy_strings(const char *const *strings)
{
	return (const char *const *)g_strdupv((char **)strings);
}

static const int *copy_fds(const int *fds)
{
	gsize count = 0;

	if (!fds)
		return NULL;
	while (fds[count] >= 0)
		count++;
	return g_memdup2(fds, sizeof(int) * (count + 1));
}

static void entry_free(Entry *entry)
{
	kiln_child_free(entry->child);
	g_strfreev((char **)entry->process.argv);
	g_strfreev((char **)entry->process.environment);
	g_free((char *)entry->process.working_directory);
	g_free((char *)entry->process.input);
	g_free((int *)entry->process.inherited_fds);
	g_free(entry);
}

KilnPool *kiln_pool_new(guint parallel, KilnPoolDone done)
{
	KilnPool *pool = g_new0(KilnPool, 1);

	pool->parallel = MAX(1, parallel);
	pool->done = done;
	g_queue_init(&pool->waiting);
	pool->running = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
	return pool;
}

void kiln_pool_free(KilnPool *pool)
{
	if (!pool)
		return;
	g_queue_clear_full(&pool->waiting, (GDestroyNotify)entry_free);
	g_ptr_array_unref(pool->running);
	g_free(pool);
}

void kiln_pool_add(KilnPool *pool, const KilnProcess *process, gpointer job)
{
	Entry *entry = g_new0(Entry, 1);

	entry->process = *process;
	entry->process.argv = copy_strings(process->argv);
	entry->process.environment = copy_strings(process->environment);
	entry->process.working_directory = g_strdup(process->working_directory);
	entry->process.input = g_strdup(process->input);
	entry->process.inherited_fds = copy_fds(process->inherited_fds);
	entry->job = job;
	g_queue_push_tail(&pool->waiting, entry);
}

static gboolean start_waiting(KilnPool *pool, GError **error)
{
	while (pool->running->len < pool->parallel && !g_queue_is_empty(&pool->waiting)) {
		Entry *entry = g_queue_pop_head(&pool->waiting);
		entry->child = kiln_child_start(&entry->process, error);
		if (!entry->child) {
			entry_free(entry);
			return FALSE;
		}
		g_ptr_array_add(pool->running, entry);
	}
	return TRUE;
}

static gboolean finish(KilnPool *pool, Entry *entry, KilnProcessResult *result, GError **error)
{
	gboolean good = !pool->done || pool->done(entry->job, result, error);

	kiln_process_result_clear(result);
	g_ptr_array_remove_fast(pool->running, entry);
	return good;
}

static gboolean pump(KilnPool *pool, GError **error)
{
	g_autoptr(GPtrArray) now = g_ptr_array_copy(pool->running, NULL, NULL);
	g_autofree struct pollfd *polls = g_new0(struct pollfd, KILN_CHILD_POLLS * now->len);
	gint64 timeout_ms = -1;

	g_ptr_array_set_free_func(now, NULL);
	for (guint i = 0; i < now->len; i++) {
		Entry *entry = now->pdata[i];
		gint64 wait_ms = kiln_child_prepare(entry->child, polls + i * KILN_CHILD_POLLS);
		if (wait_ms >= 0 && (timeout_ms < 0 || wait_ms < timeout_ms))
			timeout_ms = wait_ms;
	}
	if (poll(polls, KILN_CHILD_POLLS * now->len, (int)MIN(timeout_ms, G_MAXINT)) < 0 && errno != EINTR)
		return kiln_error_set_errno(error, errno, "waiting for child processes");
	for (guint i = 0; i < now->len; i++) {
		Entry *entry = now->pdata[i];
		KilnProcessResult result = {0};
		if (kiln_child_dispatch(entry->child, polls + i * KILN_CHILD_POLLS, &result) &&
			!finish(pool, entry, &result, error))
			return FALSE;
	}
	return TRUE;
}

gboolean kiln_pool_run(KilnPool *pool, GError **error)
{
	gboolean good = start_waiting(pool, error);

	while (good && pool->running->len > 0)
		good = pump(pool, error) && start_waiting(pool, error);
	if (!good) {
		for (guint i = 0; i < pool->running->len; i++)
			kiln_child_terminate(((Entry *)pool->running->pdata[i])->child);
		g_ptr_array_set_size(pool->running, 0);
	}
	return good;
}
