/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SQLite databases that stand beside metadata in XML, as old clients read them. They come from anywhere: nothing in
 * them is run. Bytes to values; no I/O. */
#pragma once

#include <glib.h>

/* What a database lists, as KilnXmlPackage (lib/repomd_xml.h): `is_primary` with name, version and location, otherwise the
 * checksum alone, which is all that the others have. Code VERIFY, with `name` in the message, for what is no such
 * database. Caller owns. */
GPtrArray *kiln_metadata_db_read(GBytes *bytes, const char *name, gboolean is_primary, GError **error);
