/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packages a collection has and where each one's files lie: in Kiln's own layout
 * specs/COLLECTION/PACKAGE/PACKAGE.spec and what lies around it, in an adopted tree what the
 * collection's layout says. Reads names only.
 */
#pragma once

#include "engine/project.h"

/* One source package of a collection. Paths are absolute; all but the spec may be absent on disk. */
typedef struct {
	char *name;
	char *collection;
	char *spec_directory;
	char *spec_path;
	char **source_directories; /* where its sources and patches lie; ends with NULL */
	gboolean is_adopted;       /* not Kiln's own layout: sources are locked where they lie */
	gboolean shares_sources;   /* other packages have the same source directories */
	char *lock_path;
	char *smoke_directory;
} KilnCatalogPackage;

void kiln_catalog_package_free(KilnCatalogPackage *package);

/* tests/smoke/common: files that smoke tests of several packages share; may be absent. Caller owns. */
char *kiln_catalog_smoke_common(const KilnProject *project);

/* All packages of `collection`, sorted by name, as KilnCatalogPackage; caller owns. A package is
 * called like its spec file, in the layouts with a directory for each package like the directory.
 * CONFIG for a directory without or with too many specs, and for a collection without packages. */
GPtrArray *kiln_catalog_list(const KilnProject *project, const KilnCollection *collection, GError **error);

/* A package and the Name that its spec, evaluated, declares. Both borrowed. */
typedef struct {
	const KilnCatalogPackage *package;
	const char *name;
} KilnCatalogName;

/* Whether no two packages among `names` have one Name: what they build could not be told apart. CONFIG names both
 * specs. A package that is there twice (once for its bootstrap) counts once. */
gboolean kiln_catalog_check_names(
	const KilnProject *project, const KilnCatalogName *names, gsize count, GError **error);

/* The package `name` in a list; an unknown one is NOT_FOUND with the nearest. Borrowed. */
const KilnCatalogPackage *kiln_catalog_find(const GPtrArray *packages, const char *name, GError **error);
