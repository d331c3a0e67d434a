/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dependency solving over rpm-md repositories and package files (libsolv): which packages satisfy a
 * list of requirements, in which order they install, and, where none do, why not, in words.
 * Reads metadata and package headers only; verifies no signature, downloads and installs nothing.
 *
 * The same repositories and requests give the same answer, in whatever order they were named or
 * replaced, and whatever was asked before.
 */
#pragma once

#include "lib/solv_request.h"
#include "model/spec.h"

/* Repositories to solve over. For one thread. */
typedef struct KilnSolv KilnSolv;

/* A local rpm-md repository. All borrowed. */
typedef struct {
	const char *name;      /* for messages and results; unique within a KilnSolv */
	const char *directory; /* holds repodata/repomd.xml */
	int priority;	       /* a higher one wins over newer versions elsewhere */
} KilnSolvRepository;

/* A package file. All borrowed. */
typedef struct {
	const char *path;
	const char *sha256; /* of the whole file, when known; NULL: computed if it is needed */
} KilnSolvFile;

/* An empty one for architecture `arch` ("x86_64"). Repositories read before are kept in binary form
 * below `cache_directory` (made when absent); NULL keeps none. */
KilnSolv *kiln_solv_new(const char *arch, const char *cache_directory);
void kiln_solv_free(KilnSolv *solv);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSolv, kiln_solv_free)

/* Adds a repository. Code NOT_FOUND without repomd.xml, CONFIG when the name is taken. The metadata
 * it names is read by the next question asked of `solv`, each file checked against its checksum
 * there (code VERIFY); the cache is named after repomd.xml's digest and is made anew when damaged.
 * File lists are read only when a dependency names a path that primary metadata does not cover. */
gboolean kiln_solv_add_repository(
	KilnSolv *solv, const KilnSolvRepository *repository, GError **error);

/* Adds package files as a repository, or replaces the one of that name; source packages are left
 * out. The other repositories are not read again. Code CONFIG when `name` is that of an rpm-md
 * repository; VERIFY when a file is not a readable package (found by the next question, like
 * above).
 */
gboolean kiln_solv_set_packages(KilnSolv *solv, const char *name, const KilnSolvFile *files,
	gsize count, int priority, GError **error);

/* What is expected of a package that is yet to be built. All borrowed. */
typedef struct {
	const KilnSpec *spec;
	const KilnSolvFile *last; /* files of an older build of it */
	gsize last_count;	  /* 0: there is none */
	int priority;
} KilnSolvPlan;

/* Like kiln_solv_set_packages, with what plan->spec declares for each binary package it builds.
 * Where a file among plan->last has the name of such a package, what rpmbuild found then in its
 * files is expected again: generated provides and requirements, with what they say of the old
 * version said of the new one, and the file list. In solutions these packages are marked is_planned
 * and have neither path nor checksum. The files of plan->last are read at once (codes NOT_FOUND,
 * VERIFY). */
gboolean kiln_solv_set_planned(
	KilnSolv *solv, const char *name, const KilnSolvPlan *plan, GError **error);

/* Finds the packages to add to request->installed so that everything asked is satisfied and nothing
 * installed is changed or removed. NULL with code UNSOLVABLE when there is no way: then
 * kiln_solv_problems has all reasons. CONFIG: an unparsable dependency. */
KilnSolution *kiln_solv_resolve(KilnSolv *solv, const KilnSolvRequest *request, GError **error);

/* One sentence per problem of the last kiln_solv_resolve, sorted; empty after a success. Ends with
 * NULL, owned by `solv`, valid until the next question. */
const char *const *kiln_solv_problems(const KilnSolv *solv);

/* Whether any package outside the repositories `hidden` (NULL: none are) satisfies `capability`,
 * a plain or rich dependency or a path. Code CONFIG: an unparsable one. */
gboolean kiln_solv_provides(KilnSolv *solv, const char *capability, const char *const *hidden,
	gboolean *ret_is_provided, GError **error);

/* Writes the request with everything it was answered from as a libsolv test case into the fresh
 * directory `directory`, for `testsolv DIRECTORY/testcase.t` and for bug reports. */
gboolean kiln_solv_dump(
	KilnSolv *solv, const KilnSolvRequest *request, const char *directory, GError **error);
