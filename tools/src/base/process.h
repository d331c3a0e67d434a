/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Child processes: an argv and an explicit environment, never a shell; own session and process
 * group; killed with its group when Kiln dies (PR_SET_PDEATHSIG) or its time is up (TERM, then KILL).
 * A pool runs many, some at once.
 */
#pragma once

#include "base/child.h"

/* Runs to the end. FALSE only when it could not be started (code SYSTEM; the message names a
 * missing program and says to run `make deps` or install it): a non-zero exit is not an error. */
gboolean kiln_process_run(const KilnProcess *process, KilnProcessResult *ret_result, GError **error);

/* kiln_process_run, where a non-zero exit is an error too: message "PROGRAM: last line of stderr". */
gboolean kiln_process_check(const KilnProcess *process, char **ret_output, GError **error);

/* Runs many processes, at most `parallel` at once, in the order added. */
typedef struct KilnPool KilnPool;

/* Called as each ends, in the thread of kiln_pool_run. Returning FALSE (with `error` set) stops the
 * pool: nothing further is started, those running are terminated. `result` is borrowed. */
typedef gboolean (*KilnPoolDone)(gpointer job, const KilnProcessResult *result, GError **error);

KilnPool *kiln_pool_new(guint parallel, KilnPoolDone done);
void kiln_pool_free(KilnPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnPool, kiln_pool_free)

/* Queues `process` (copied deeply) with a `job` handed back to `done`; borrowed. May be called from `done`. */
void kiln_pool_add(KilnPool *pool, const KilnProcess *process, gpointer job);

/* Runs until the queue is empty. FALSE on the first start failure or refusal by `done`. */
gboolean kiln_pool_run(KilnPool *pool, GError **error);
