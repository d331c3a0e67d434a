/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bases of one target that were imported from different lists stand side by side, NAME-DIGEST each, and
 * have most packages in common: those are links to one file, and a base that nobody used for a while
 * is removed when another one is imported.
 */
#pragma once

#include <glib.h>

/* The file in a base that tells what it was imported from; its time is that of the last use. */
#define KILN_BASE_STAMP "imported-from"

/* The lock files in a base: who imports takes the whole of the first; readers share the second, and what is superseded
 * goes only while nobody holds it (and otherwise with the next import). */
#define KILN_BASE_IMPORT_LOCK "lock"
#define KILN_BASE_READERS_LOCK "readers"

/* The directories beside `base_directory` that are bases of the same target. Caller owns. */
char **kiln_base_siblings(const char *base_directory, GError **error);

/* Makes `path` a link to the file that one of `siblings` has at `location`. FALSE when none has. */
gboolean kiln_base_siblings_take(char *const *siblings, const char *location, const char *path);

/* Removes the siblings that nobody reads or imports (nobody holds one of the files `locks` there), and
 * whose stamp file (named `stamp`, touched at each use) is older than a week. */
gboolean kiln_base_siblings_prune(
	char *const *siblings, const char *stamp, const char *const *locks, GError **error);
