/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mount operations of kiln-root, each with the safety that a hostile root tree asks for: a
 * mount point is resolved as if the tree's root were "/", then mounted on through its file
 * descriptor. All of it happens in the private mount namespace of one sandbox.
 */
#pragma once

#include <glib.h>

/* Cuts the mount namespace off from the host and mounts the tmpfs that everything else is built
 * on over /tmp. What lies below /tmp of the host is out of reach afterwards, except by fds. */
gboolean kiln_mount_stage(GError **error);
#define KILN_STAGE "/tmp"

/* An overlay: fds of the layers' trees, bottom first, and of the upper and work directories.
 * Without layers the upper directory itself is bound. */
typedef struct {
	GArray *layers; /* of int */
	int upper_fd, work_fd;
} KilnOverlay;

/* Mounts `overlay` on the directory `point_fd`. */
gboolean kiln_mount_overlay(const KilnOverlay *overlay, int point_fd, GError **error);

/* Opens the mount point `path` of the tree, creating what is missing (0755 directories, or an empty
 * file when `directory` is FALSE). Returns an O_PATH fd or -1. */
int kiln_mount_point(int root_fd, const char *path, gboolean directory, GError **error);

/* Mounts a new file system of `type` on `path`, which must exist or is created. */
gboolean kiln_mount_filesystem(int root_fd, const char *path, const char *type, unsigned long flags,
	const char *options, GError **error);

typedef enum {
	KILN_MOUNT_READ_ONLY = 1 << 0,
	KILN_MOUNT_RECURSIVE = 1 << 1, /* with the mounts below the source */
	KILN_MOUNT_DEVICES = 1 << 2,   /* device nodes work */
	KILN_MOUNT_OPTIONAL =
		1 << 3, /* a destination that does not exist is left out, not created */
} KilnMountFlags;

/* A detached copy of the mount at `source_fd` (of this mount namespace) with its attributes set, as
 * an fd; -1 with errno set. */
int kiln_mount_copy(int source_fd, KilnMountFlags flags);

/* Binds what `source_fd` (opened in this mount namespace) refers to on `path`. The attributes are
 * in force before anyone can see the mount. Set-user-id bits never work in it. */
gboolean kiln_mount_bind(
	int source_fd, int root_fd, const char *path, KilnMountFlags flags, GError **error);

/* Makes the mount at the directory `root_fd` the root of this process and drops the old root. */
gboolean kiln_mount_pivot(int root_fd, GError **error);
