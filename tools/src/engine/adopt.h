/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a Kiln project of a tree of specs that was there before: finds out where specs and sources lie,
 * writes repo-config/ beside them, and locks the sources that are there. Nothing that is there is moved,
 * changed or overwritten; a run that fails takes back what it made, what an interrupted one left is
 * completed by the next.
 */
#pragma once

#include "engine/adopt_undo.h"
#include "engine/context.h"

/* All borrowed. */
typedef struct {
	const char *root;   /* absolute */
	const char *layout; /* as kiln_layout_kind_name; NULL: found out */
	const char *name;   /* of the collection; NULL: made of the directory's name */
	const char *target; /* NULL: the only one Kiln has files of */
	const char *data;   /* where Kiln's installed data is (kiln_project_data_directory) */
} KilnAdoption;

/* What became of the tree. Clear with kiln_adopted_clear. */
typedef struct {
	KilnLayout *layout;
	char **names; /* of the collections: one, unless the tree has Kiln's own layout */
	char *target;
	KilnAdoptUndo *undo; /* for whoever fails after kiln_adopt_begin */
} KilnAdopted;

void kiln_adopted_clear(KilnAdopted *adopted);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnAdopted, kiln_adopted_clear)

/* The layout of the tree at `root`: of `kind` if given, else what it looks like. Caller owns. Code
 * NOT_FOUND without specs, CONFIG when it looks like several. */
KilnLayout *kiln_adopt_find_layout(
	const char *root, const KilnLayoutKind *kind, const char *collection, GError **error);

/* The collections of a tree in Kiln's own layout, by name; empty when there are none. Caller owns. */
char **kiln_adopt_list_collections(const char *root);

/* Writes repo-config/: the target's files, the .repo template and, last, kiln.conf; in Kiln's own layout also makes
 * specs/NAME. When it fails nothing it made is left. Code CONFIG when there
 * is a kiln.conf, USAGE for a wrong name or layout, NOT_FOUND for an unknown target. */
gboolean kiln_adopt_begin(const KilnAdoption *adoption, KilnAdopted *ret_adopted, GError **error);

typedef struct {
	guint packages, broken; /* broken: specs that cannot be evaluated, sources that cannot be right */
	guint locked, missing;  /* sources */
	char *first_missing;    /* a package that misses some that can be fetched; NULL: none does */
	gboolean wants_files;   /* some that are missing have no URL */
} KilnAdoptTally;

/* Writes the source lock of every package from the files present. What is wrong with a spec, and which
 * sources are missing or not what dist-git says, is told as warnings; the others are locked all the same. */
gboolean kiln_adopt_lock(KilnContext *context, KilnAdoptTally *ret_tally, GError **error);
