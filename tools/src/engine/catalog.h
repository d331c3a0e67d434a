/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packages a collection has: specs/COLLECTION/PACKAGE/PACKAGE.spec and what lies around it. Reads names only. */
#pragma once

#include "engine/project.h"

/* One source package of a collection. */
typedef struct {
	char *name;
	char *collection;
	char *spec_directory;  /* absolute */
	char *spec_path;       /* absolute */
	char *patch_directory; /* absolute; may be absent on disk */
	char *lock_path;       /* absolute; may be absent on disk */
	char *smoke_directory; /* absolute; may be absent on disk */
} KilnCatalogPackage;

void kiln_catalog_package_free(KilnCatalogPackage *package);

/* tests/smoke/common: files that smoke tests of several packages share; may be absent. Caller owns. */
char *kiln_catalog_smoke_common(const KilnProject *project);

/* All packages of `collection`, sorted by name, as KilnCatalogPackage; caller owns. A directory
 * without its spec file is CONFIG; a collection without packages too. */
GPtrArray *kiln_catalog_list(const KilnProject *project, const char *collection, GError **error);

/* The package `name` in a list; an unknown one is NOT_FOUND with the nearest. Borrowed. */
const KilnCatalogPackage *kiln_catalog_find(const GPtrArray *packages, const char *name, GError **error);
