/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the specs and sources of a collection lie when a tree that was there before Kiln is built
 * as it stands. Plain data; the places are looked at in engine/catalog.
 */
#pragma once

#include <glib.h>

typedef enum {
	KILN_LAYOUT_KILN,     /* specs/COLLECTION/PACKAGE/PACKAGE.spec, patches/COLLECTION/PACKAGE/ */
	KILN_LAYOUT_TOPDIR,   /* rpmbuild's own: SPECS/PACKAGE.spec, SOURCES/ */
	KILN_LAYOUT_FLAT,     /* PACKAGE.spec side by side, sources beside them or in SOURCES/ */
	KILN_LAYOUT_DIST_GIT, /* PACKAGE/PACKAGE.spec (or PACKAGE/SPECS/), sources beside it (or PACKAGE/SOURCES/) */
} KilnLayoutKind;

#define KILN_LAYOUT_KINDS 4

/* Paths are relative to the project; "." is the project itself. */
typedef struct {
	KilnLayoutKind kind;
	char *specs;    /* directory of the spec files; of the packages' directories in DIST_GIT */
	char **sources; /* directories looked through in this order; in DIST_GIT below the package's */
	char *locks;    /* directory of the source locks, one file per package */
} KilnLayout;

/* "kiln", "topdir", "flat", "dist-git". */
const char *kiln_layout_kind_name(KilnLayoutKind kind);

/* FALSE for what is no such name. */
gboolean kiln_layout_kind_from_name(const char *name, KilnLayoutKind *ret_kind);

/* The layout `kind` with the usual places, for `collection`. Caller owns. */
KilnLayout *kiln_layout_new(KilnLayoutKind kind, const char *collection);
void kiln_layout_free(KilnLayout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnLayout, kiln_layout_free)

/* TRUE when the packages have their sources in common, so that only some of the files concern one. */
gboolean kiln_layout_shares_sources(const KilnLayout *layout);

/* TRUE for a relative path that stays below where it starts: no empty part, no "..", no control bytes; "." alone
 * is one. */
gboolean kiln_layout_is_path(const char *text);
