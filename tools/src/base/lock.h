/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lock between processes: flock on a file that also holds the holder's pid and what it does, for
 * the message of whoever finds it taken. The kernel drops it with its holder, however that dies.
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

/* Releases it. */
void kiln_lock_free(KilnLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnLock, kiln_lock_free)
