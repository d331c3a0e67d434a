/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One file of repository metadata, whatever it is compressed by: its kind by its first bytes, what is in it, and its
 * checksum by any algorithm that repositories name. For judging files of others; Kiln's own are lib/repomd's.
 */
#pragma once

#include <glib.h>

/* "gz", "bz2", "xz", "zstd", "zck", or "none" for anything else. Static. */
const char *kiln_metadata_compression(const void *bytes, gsize size);

/* What `bytes` hold, uncompressed; a reference to them when they are not compressed. At most 1 GiB. Code VERIFY for what
 * is damaged, with `name` in the message. Caller owns. */
GBytes *kiln_metadata_open(GBytes *bytes, const char *name, GError **error);

/* A regular file of at most 1 GiB. Caller owns. */
GBytes *kiln_metadata_read(const char *path, GError **error);

/* The checksum as lower-case hex, `type` as metadata writes it ("sha" is sha1); NULL for a type that does not exist.
 * Caller owns. */
char *kiln_metadata_checksum(GBytes *bytes, const char *type);

/* The same over the regular file `path`, which may be large, and its size. NULL with an error when it cannot be read or
 * the type does not exist. */
char *kiln_metadata_checksum_file(const char *path, const char *type, guint64 *ret_size, GError **error);
