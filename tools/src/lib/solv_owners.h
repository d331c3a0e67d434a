/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packages of repositories have given files, by their file lists, and whether given packages
 * can be on one host, where it would matter.
 */
#pragma once

#include "lib/solv.h"

typedef struct {
	char *path; /* one that was asked for */
	char *nevra;
	KilnSolvPackage *package; /* whether its file is there is not looked at */
} KilnSolvOwner;

/* An empty list of KilnSolvOwner that frees them. */
GPtrArray *kiln_solv_owners_new(void);

/* Appends an owner for each package outside the `hidden` repositories (NULL: none are) that has a
 * file or a directory named in `paths` (a set of char *), sorted by path and package. Code VERIFY when
 * its metadata is unusable. */
gboolean kiln_solv_find_owners(KilnSolv *solv, GHashTable *paths, const char *const *hidden,
	GPtrArray *owners, GError **error);

/* A package there is. Borrowed. */
typedef struct {
	const char *repository, *package;
} KilnSolvChoice;

/* Whether all of `choices` can be installed together without the `hidden` repositories. Code
 * NOT_FOUND names a package that is not there. */
gboolean kiln_solv_go_together(KilnSolv *solv, const KilnSolvChoice *choices, gsize count,
	const char *const *hidden, gboolean *ret_together, GError **error);
