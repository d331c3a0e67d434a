/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File operations that GLib lacks or does without fsync. Every file is replaced, never edited:
 * written under a temporary name beside its place, fsynced, renamed, and its directory fsynced.
 * Paths are absolute or relative to the working directory of the process, which never changes.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Creates `path` and its missing parents (mode 0777 less umask). An existing directory is fine. */
gboolean kiln_fs_make_directory(const char *path, GError **error);

/* Creates `path` (its parents as above) as a directory that only its owner can enter; an existing one
 * is made so. */
gboolean kiln_fs_make_private(const char *path, GError **error);

/* Writes all of `data` to any kind of fd; FALSE with errno set. */
gboolean kiln_fs_write_all(int fd, const void *data, gsize size);

/* Makes the directory `path`, as kiln_fs_make_directory does, for a large tree that comes and goes:
 * away from others of its kind, as ext4 steps over each inode that was freed nearby within minutes
 * (measured: three times the system time for a new tree beside one just removed). */
gboolean kiln_fs_make_apart(const char *path, GError **error);

/* Replaces the file `path` by `size` bytes of `data` with `mode`, atomically and durably. */
gboolean kiln_fs_replace(
	const char *path, const void *data, gsize size, mode_t mode, GError **error);

/* kiln_fs_replace of a text, mode 0644. */
gboolean kiln_fs_replace_text(const char *path, const char *text, GError **error);

/* Replaces the symbolic link `path` (or creates it) so that it names `target`, atomically. */
gboolean kiln_fs_replace_link(const char *path, const char *target, GError **error);

/* Reads a whole regular file of at most `max_bytes`; larger is an error that names the limit.
 * The result has a NUL after its last byte. `ret_size` is optional. */
char *kiln_fs_read(const char *path, gsize max_bytes, gsize *ret_size, GError **error);

/* Removes `path` and everything below it, however deep, without following links; absent is success.
 * Does not cross into other mounts. Directories without write permission are made writable. */
gboolean kiln_fs_remove_tree(const char *path, GError **error);

/* Makes `destination` the same file as `source`: a hard link where the file system allows it,
 * else a copy that is fsynced. An existing destination is replaced atomically. */
gboolean kiln_fs_link_or_copy(const char *source, const char *destination, GError **error);

/* Copies a regular file (reflink where possible), keeps mode and mtime, replaces atomically. */
gboolean kiln_fs_copy(const char *source, const char *destination, GError **error);

/* kiln_fs_copy and kiln_fs_replace_text without waiting for the disk: for what goes again soon, and for
 * parts of a tree that is synced as a whole before it counts (kiln_fs_sync_tree). */
gboolean kiln_fs_copy_unsynced(const char *source, const char *destination, GError **error);
gboolean kiln_fs_replace_text_unsynced(const char *path, const char *text, GError **error);

/* Renames within one file system and fsyncs the parent directory of `destination`. */
gboolean kiln_fs_rename(const char *source, const char *destination, GError **error);

/* Puts the directory `fresh` in the place of the directory `final`, which may be absent, by
 * exchange: there is no moment without one of them. The old one is then removed. Both in one file
 * system; syncing what is in `fresh` is the caller's. */
gboolean kiln_fs_replace_directory(const char *fresh, const char *final, GError **error);

/* fsyncs every file and directory below `path`. */
gboolean kiln_fs_sync_tree(const char *path, GError **error);

/* The bytes that `path` and everything below it take on the disk, a file with several names counted once; 0 when it is
 * absent. What goes or comes meanwhile may count or not. */
gboolean kiln_fs_measure(const char *path, guint64 *ret_bytes, GError **error);

/* The names in a directory, sorted bytewise, "." and ".." left out. NULL-terminated, caller owns.
 */
char **kiln_fs_list(const char *path, GError **error);

/* Makes a fresh directory "PREFIX.XXXXXX" (mode 0700) and returns its path; caller owns. */
char *kiln_fs_make_temporary(const char *prefix, GError **error);

/* Removes what processes that were killed left of kiln_fs_make_temporary(prefix). For a caller
 * that alone uses this prefix at this time. */
gboolean kiln_fs_remove_temporaries(const char *prefix, GError **error);
