/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zchunk files by libzck: a file in pieces, so that a client which has an older one fetches only
 * the pieces that changed. Pieces end where the content says, so the same content gives the same
 * bytes with the same library. Writing only: clients and tests read.
 */
#pragma once

#include <glib.h>

/* Writes `size` bytes as the file PATH, which must not be there. `ret_header_digest`: the SHA-256 that
 * its header bears, which clients compare before they ask for pieces; caller owns. `ret_header_bytes`:
 * how much of the file the header is. */
gboolean kiln_zchunk_write(const char *path, const char *bytes, gsize size, char **ret_header_digest,
	gint64 *ret_header_bytes, GError **error);
