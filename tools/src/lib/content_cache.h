/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory of files named by their SHA-256: DIR/<sha256>, mode 0444, complete and verified
 * whenever they exist. What is on its way lies in DIR/partial/ and never under a final name. Any
 * number of processes may use one directory. Does not download: see fetch.h.
 */
#pragma once

#include <glib.h>

/* DIR/<sha256>; the file need not exist. Caller owns. */
char *kiln_content_cache_path(const char *directory, const char *sha256);

/* Whether the file with this digest is in the cache, its bytes checked again (`size` 0: any). A
 * file that has rotted is removed and counts as absent. FALSE without error: absent. */
gboolean kiln_content_cache_has(
	const char *directory, const char *sha256, guint64 size, GError **error);

/* Puts bytes into the cache and returns their digest. Caller owns. */
char *kiln_content_cache_put(const char *directory, const void *data, gsize size, GError **error);

/* A file on its way into the cache, hashed as it grows. */
typedef struct KilnCacheWriter KilnCacheWriter;

/* With a `sha256` the partial file of an earlier try is taken up where it ended (unless another
 * process is at it: then a fresh one is begun); with NULL a fresh one is begun. */
KilnCacheWriter *kiln_cache_writer_open(const char *directory, const char *sha256, GError **error);

/* Has commit compare a digest of another kind (kiln_digest_new_of_kind), too, where the SHA-256 is not
 * known; NULL: none. To be said while the writer is empty; again is harmless. */
void kiln_cache_writer_expect(KilnCacheWriter *writer, const char *kind, const char *checksum);

/* Closes; the partial file stays for the next try if its digest is known and it is not empty. */
void kiln_cache_writer_close(KilnCacheWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnCacheWriter, kiln_cache_writer_close)

/* How many bytes are there. */
guint64 kiln_cache_writer_size(const KilnCacheWriter *writer);

/* Adds bytes at the end. Code SYSTEM. */
gboolean kiln_cache_writer_append(
	KilnCacheWriter *writer, const void *data, gsize size, GError **error);

/* Adds a whole file of at most `max_bytes`. */
gboolean kiln_cache_writer_append_file(
	KilnCacheWriter *writer, const char *path, guint64 max_bytes, GError **error);

/* Empties the partial file, to begin again. */
gboolean kiln_cache_writer_restart(KilnCacheWriter *writer, GError **error);

/* Ends the file: compares it with the digest given to open (if any) and `size` (0: any), fsyncs it
 * and moves it into the cache. When the bytes are wrong the file is emptied and the error is code
 * VERIFY ("sha256 is X, expected is Y"); the writer can then be filled again. `ret_sha256` is
 * optional. */
gboolean kiln_cache_writer_commit(
	KilnCacheWriter *writer, guint64 size, char **ret_sha256, GError **error);
