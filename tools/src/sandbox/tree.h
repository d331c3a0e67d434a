/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small edits inside a root tree that may hold hostile links: every path is resolved as if the tree
 * were "/", files are replaced by rename, nothing is written through a link.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Makes the directory and its parents; an existing one gets `mode` and owner too. */
gboolean kiln_tree_directory(
	int root_fd, const char *path, mode_t mode, uid_t uid, gid_t gid, GError **error);

/* Replaces the file, unless it already has this content. `uid` and `gid` as in kiln_tree_directory.
 */
gboolean kiln_tree_write(
	int root_fd, const char *path, const char *text, mode_t mode, GError **error);

/* Replaces the symbolic link, unless it already names `target`. */
gboolean kiln_tree_link(int root_fd, const char *path, const char *target, GError **error);

/* The text of a regular file of at most 1 MiB; NULL when there is none. Caller owns. */
char *kiln_tree_read(int root_fd, const char *path);

/* TRUE when there is something, even a dangling link. */
gboolean kiln_tree_exists(int root_fd, const char *path);

/* Gives the directory `path` and all below it to `uid`:`gid`, without following links. */
gboolean kiln_tree_give(int root_fd, const char *path, uid_t uid, gid_t gid, GError **error);
