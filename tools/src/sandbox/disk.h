/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limit of disk space of one sandbox. A thread measures what it takes (sandbox/usage.h), at
 * most 2 % of the time; when the file system fills as if the limit could be passed already, sooner.
 *
 * Not by RLIMIT_FSIZE: that counts lengths, and tests make files of terabytes that are all hole,
 * which a build under mock may.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct KilnDisk KilnDisk;

/* For the directory `upper_fd` (taken over) and `limit_bytes` > 0. Nothing happens until it is
 * started: no thread is there when the sandbox is forked. */
KilnDisk *kiln_disk_new(int upper_fd, gint64 limit_bytes);

/* Begins to measure; `first` is the sandbox's first process. */
void kiln_disk_start(KilnDisk *disk, pid_t first);

/* Readable when more than the limit was found; take it by kiln_disk_take. -1 for NULL. */
int kiln_disk_fd(const KilnDisk *disk);

/* What was measured last. */
guint64 kiln_disk_take(KilnDisk *disk);

/* Ends the thread; measures once more if more than the limit could be there. With all processes
 * gone this is exact. Returns the most ever measured; 0 for NULL. */
guint64 kiln_disk_finish(KilnDisk *disk);

/* Ends the thread as well. */
void kiln_disk_free(KilnDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnDisk, kiln_disk_free)
