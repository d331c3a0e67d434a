/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SHA-256 of large files that lie where anybody may change them, without reading them again as long as
 * nothing says that they were changed. For planning: who uses the bytes checks them as they are used.
 */
#pragma once

#include <glib.h>

/* kiln_digest_of_file, from what is noted in `cache`/digests if the file is still the same by device, inode,
 * size, mtime and ctime, and had not been changed so shortly before it was read that a later change could
 * have left these as they were. From any thread. */
char *kiln_digest_memo_of_file(const char *cache, const char *path, guint64 *ret_size, GError **error);
