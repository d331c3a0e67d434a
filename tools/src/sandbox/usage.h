/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk space that a sandbox takes: allocated blocks, as du(1) counts them. What is looked at
 * may change meanwhile, and its owner may be hostile: no depth, no link and no rename leads
 * elsewhere or hides what is there at rest. Not found: files that exist only as descriptors on
 * their way through a socket.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Bytes allocated below the directory, itself included; a file with several names counts once.
 * Other file systems mounted below it are left out. */
guint64 kiln_usage_of_tree(int directory_fd);

/* Bytes allocated for regular files without a name that processes in the PID namespace of process
 * `first` have open or mapped. Files in memory (memfd, /dev/shm, System V) are left out: limits of
 * memory count those. */
guint64 kiln_usage_of_nameless(pid_t first);
