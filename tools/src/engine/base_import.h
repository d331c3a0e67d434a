/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `kiln base import`: the base of a target whose distribution exists as Debian packages only. The
 * result is an ordinary rpm-md repository: OUTPUT/Packages/KEY/NAME.rpm and OUTPUT/repodata. KEY is
 * the identity of the conversion, so a file that is there is never made again, a changed one never
 * takes the place of one that the present repodata names, and an interrupted import goes on where
 * it stopped. repodata is replaced last; packages it no longer names are removed after that. What
 * another base of the target has is linked (engine/base_siblings.h).
 */
#pragma once

#include <glib.h>

/* All borrowed, all absolute paths. */
typedef struct {
	const char *target_directory; /* holds import.conf, names.conf, base-setup/ */
	const char *output_directory;
	const char *apt_directory; /* of kiln_apt_prepare */
	const char *suite;
	const char *helper_directory; /* holds kiln-deb2rpm */
	guint parallel;		      /* 0: one for each processor */
} KilnBaseImport;

typedef struct {
	guint packages;	 /* in the base now */
	guint converted; /* of these, made by this import */
	guint kept;	 /* of these, made before */
	guint removed;	 /* no longer in the base */
	guint64 downloaded_bytes;
	guint64 size_bytes; /* of all RPM files */
} KilnBaseImportResult;

/*
 * Imports or updates a base. One import at a time into a directory: a second one waits. Errors:
 * those of kiln_apt_prepare; UNSOLVABLE when apt cannot satisfy the list; NETWORK when a package
 * does not arrive; VERIFY when it is not the one the index promises. Whatever goes wrong, a base
 * that was there stays usable.
 */
gboolean kiln_base_import(
	const KilnBaseImport *options, KilnBaseImportResult *ret_result, GError **error);

/* A digest of everything below `target_directory` that says what its base is made of, and of the
 * converter's format: while it stays the same, an import only brings newer packages. */
char *kiln_base_import_digest(const char *target_directory, GError **error);
