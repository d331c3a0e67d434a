/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files an imported package will own: the payload of its .deb with /usr merged, plus what its
 * recipe says the maintainer scripts would have made. First half of engine/deb_convert.
 */
#pragma once

#include "format/import_conf.h"
#include "lib/deb.h"

#include <glib.h>

typedef struct {
	GPtrArray *files;   /* KilnRpmFile; data borrowed from the KilnDeb or from `buffers` */
	GPtrArray *buffers; /* GBytes */
	gint64 newest;	    /* the latest mtime in the .deb */
} KilnDebFiles;

void kiln_deb_files_free(KilnDebFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnDebFiles, kiln_deb_files_free)

/*
 * `recipe` may be NULL. `setup_directory` is a tree of files to add (may not exist, may be NULL).
 * `owns_directories` keeps every directory; otherwise only those that are empty or have an owner
 * or mode of their own. CONFIG when the recipe names a file that the package does not have.
 */
KilnDebFiles *kiln_deb_files_make(const KilnDeb *deb, const KilnImportRecipe *recipe,
	const char *setup_directory, gboolean owns_directories, GError **error);
