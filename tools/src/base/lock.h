/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lock between processes: flock on a file that also holds the holder's pid and what it does, for
 * the message of whoever finds it taken. The kernel drops it with its holder, however that dies. It
 * works between threads of one process just so.
 */
#pragma once

#include <glib.h>

typedef struct KilnLock KilnLock;

/* Takes the lock file `path` (created with its directory). `purpose` is told to others, e.g.
 * "kiln release epoxy". With `wait` it blocks, otherwise a taken lock is code BUSY and the message
 * names the holder's pid and purpose. */
KilnLock *kiln_lock_take(const char *path, const char *purpose, gboolean wait, GError **error);

/* Takes a share of it: any number of holders, none beside a holder of the whole. Waits. */
KilnLock *kiln_lock_share(const char *path, GError **error);

/* Another owner of the same lock; it is released when the last one frees it. */
KilnLock *kiln_lock_ref(KilnLock *lock);

/* Releases it. */
void kiln_lock_free(KilnLock *lock);

/* Releases the whole lock of one owner and removes its file, where what it guards is no more: whoever waits
 * for it goes on with a new file. */
void kiln_lock_remove(KilnLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnLock, kiln_lock_free)
