/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The base of a target: the repositories its roots are made from. Either one that was converted from Debian
 * packages (engine/base_import.h), or those of the target's .repo file (engine/base_section.h), whose metadata lies in
 * the cache (engine/base_mirror.h) and whose packages come when they are needed (engine/base_supply.h).
 */
#pragma once

#include "engine/base_supply.h"
#include "lib/solv.h"

/* A base that is there, opened for reading. While it is open its packages stay where they are. */
typedef struct {
	char *directory;         /* everything of it is below */
	GPtrArray *repositories; /* KilnBaseRepository */
	KilnLock *held;
	KilnBaseSupply *supply; /* NULL: all packages are there */
} KilnBase;

typedef struct {
	char *name;      /* for the solver, and in its solutions */
	char *directory; /* rpm-md */
	int priority;    /* of the solver; what a collection builds has a higher one */
} KilnBaseRepository;

/* Where the base is: the cache's bases/NAME-DIGEST, by what it is imported from, so that projects and branches with
 * different lists stay out of each other's way. Caller owns. */
char *kiln_base_directory(const KilnProject *project, const KilnTarget *target, GError **error);

/* Makes sure the base is there. It is imported when it never was, or when what the target says of it changed since;
 * a refresh for newer packages is kiln_base_refresh's. */
gboolean kiln_base_ensure(const KilnProject *project, const KilnTarget *target, GError **error);

/* Imports the base as the archive or the mirrors are now. */
gboolean kiln_base_refresh(const KilnProject *project, const KilnTarget *target, GError **error);

/* Where mirrors did not answer, `error` also says what tells all that is missing: for all but that command. */
void kiln_base_add_next_step(const KilnTarget *target, GError **error);

/* Opens a base that is there. NOT_FOUND says how to get it. */
KilnBase *kiln_base_open(const KilnProject *project, const KilnTarget *target, GError **error);
void kiln_base_free(KilnBase *base);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnBase, kiln_base_free)

/* Adds its repositories to what `solv` solves over. */
gboolean kiln_base_add_to(const KilnBase *base, KilnSolv *solv, GError **error);

/* Makes the files of those `packages` (KilnSolvPackage) that are of this base be where their `path` says, fetched
 * and verified as their repository demands. From any thread. Errors: NETWORK, VERIFY. */
gboolean kiln_base_supply(const KilnBase *base, const GPtrArray *packages, GError **error);
