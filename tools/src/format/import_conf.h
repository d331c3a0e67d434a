/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import.conf and names.conf of a target whose base is imported: which packages, by which other
 * names they are known, and what their maintainer scripts would have done. No I/O.
 */
#pragma once

#include <glib.h>

/* Two paths: link and what it points to, or source and destination. */
typedef struct {
	char *first, *second;
} KilnImportPair;

/* A directory that a maintainer script would have made. */
typedef struct {
	char *path;
	guint mode;
	char *group;
} KilnImportDirectory;

/* What is done to one package beyond conversion. Borrowed from the KilnImportConf. */
typedef struct {
	GPtrArray *links;   /* KilnImportPair: path of the link, its target */
	GPtrArray *copies;  /* KilnImportPair: file of the package, path of its copy */
	GPtrArray *bundles; /* KilnImportPair: glob of files of the package, path of them joined */
	GPtrArray *directories; /* KilnImportDirectory */
	char **drops;		/* globs of paths left out; never NULL */
	char **configs;		/* globs of configuration besides the conffiles; never NULL */
	GPtrArray *provides;	/* KilnCapability; plain names get the package's version */
	GPtrArray *requires;	/* KilnCapability */
	char *text;		/* changes whenever any of the above does */
} KilnImportRecipe;

typedef struct {
	char **packages;    /* sorted, each once; their dependencies follow by themselves */
	char **excludes;    /* packages never to be chosen for an alternative dependency */
	char *python;	    /* version of Python 3 whose modules the packages hold: "3.13" */
	char **interpreter; /* packages that together run it, for byte code; empty: none is made */
	GHashTable *recipes;
} KilnImportConf;

/* clang-format off */
/*
 * Parses import.conf:
 *   [import]        python=VERSION  interpreter=NAME;…  exclude=NAME;…
 *   [packages]      ANY-WORD=NAME;… (the words only group)
 *   [package NAME]  link=PATH TARGET;…  copy=FROM TO;…  bundle=GLOB TO;…  drop=GLOB;…  config=GLOB;…
 *                   directory=PATH MODE [GROUP];…  provides=CAPABILITY;…  requires=CAPABILITY;…
 * and names.conf:
 *   [names]         NAME=CAPABILITY;…
 * CONFIG for anything else in them, naming the group and the key.
 */
/* clang-format on */
KilnImportConf *kiln_import_conf_parse(
	const char *import_text, const char *names_text, GError **error);
void kiln_import_conf_free(KilnImportConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnImportConf, kiln_import_conf_free)

/* The recipe of a package, or NULL if there is nothing to do to it. */
const KilnImportRecipe *kiln_import_conf_recipe(const KilnImportConf *conf, const char *name);
