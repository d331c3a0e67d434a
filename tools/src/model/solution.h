/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packages that satisfy a request, as lib/solv found them: in a stable order, in an order in
 * which they install, and why each is in. A plain value, independent of the repositories it came
 * from.
 */
#pragma once

#include "model/nevra.h"

/* A chosen package. A planned one is yet to be built: `path`, `checksum_type` and `checksum` are
 * NULL then, and the sizes and the time 0. */
typedef struct {
	KilnNevra nevra;
	char *path;	     /* the package file: directory of its repository + location */
	char *checksum_type; /* as the metadata says: "sha256", "sha512" … */
	char *checksum;	     /* of the whole file, lower-case hexadecimal */
	gboolean is_planned;
	char *repository; /* name it was added under */
	guint64 installed_bytes;
	guint64 file_bytes;
	gint64 build_time; /* seconds since the epoch; 0 when the metadata does not say */
} KilnSolvPackage;

/* A zeroed package to be filled, counted once. Packages are counted thread-safely and are not
 * changed once they are in a solution; so a finished solution may be read by several threads. */
KilnSolvPackage *kiln_solv_package_new(void);

/* Drops one count. */
void kiln_solv_package_unref(KilnSolvPackage *package);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSolvPackage, kiln_solv_package_unref)

typedef struct KilnSolution KilnSolution;

/* An empty one to stand on `below` (NULL: on nothing), whose packages count as installed. */
KilnSolution *kiln_solution_new(const KilnSolution *below);
void kiln_solution_free(KilnSolution *solution);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSolution, kiln_solution_free)

/* A number that says what it holds: no two of this process with other packages have the same one.
 * Never 0. */
guint64 kiln_solution_serial(const KilnSolution *solution);

/* Adds the next package in install order; takes over the count. */
void kiln_solution_add(KilnSolution *solution, KilnSolvPackage *package);

/* Notes why the package called `name` is in: what `text` says, and before that what was said of the
 * package called `parent` (NULL: the request itself). */
void kiln_solution_add_reason(
	KilnSolution *solution, const char *name, const char *parent, const char *text);

/* The packages to add (without those that were installed), as KilnSolvPackage: sorted by
 * kiln_nevra_compare, and in an order in which they can be installed. Borrowed. */
const GPtrArray *kiln_solution_packages(const KilnSolution *solution);
const GPtrArray *kiln_solution_in_order(const KilnSolution *solution);

/* What was installed below and stays, sorted like kiln_solution_packages. Borrowed. */
const GPtrArray *kiln_solution_installed(const KilnSolution *solution);

/* Why the package called `name` is in: '"PARENT" needs "DEPENDENCY"', one line a step from the
 * request down to it, ends with NULL. NULL when it is not in. Caller owns. */
char **kiln_solution_explain(const KilnSolution *solution, const char *name);
