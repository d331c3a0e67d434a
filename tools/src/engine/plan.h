/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be built, in which order, and why: each package evaluated, its sources at hand, its
 * build requirements solved, its build key computed. A key covers everything that can influence
 * the build; one that was built before is not built again.
 */
#pragma once

#include "engine/context.h"
#include "engine/identity.h"
#include "format/result_json.h"

typedef struct {
	const KilnCatalogPackage *package; /* borrowed from the context */
	KilnSpec *spec;
	char *spec_sha256;       /* of the spec file as it was evaluated */
	GPtrArray *sources;      /* KilnSourceFile: every Source and Patch */
	char *key;               /* build key; set by kiln_plan_resolve */
	char *result_directory;  /* where the result is or will be; set by kiln_plan_resolve */
	GPtrArray *packages;     /* KilnResultPackage: what was built; NULL: not built yet */
} KilnPlanItem;

/* Evaluates all packages of `context` (only `names` and what they need, unless NULL), fetches their
 * sources, and puts them in an order in which each comes after those whose packages it build-requires.
 * KilnPlanItem, caller owns. A cycle is UNSOLVABLE, shown as a path. */
GPtrArray *kiln_plan_make(
	KilnContext *context, const KilnIdentity *identity, const char *const *names, GError **error);

/* Solves the item's build requirements against the base and what was built so far, and computes its
 * key. Call in plan order, after the packages before it were offered by kiln_context_add_built. */
gboolean kiln_plan_resolve(KilnContext *context, KilnPlanItem *item, GError **error);

/* Gives the item the key of the layers its build really stood on, `layer_key`, after it turned out to
 * require `further` (ends with NULL) beyond its spec, and remembers them: the next plan solves with
 * them, so that a change of what only the build revealed is noticed. Call before placing the result. */
gboolean kiln_plan_learn(const KilnContext *context, KilnPlanItem *item, const char *const *further,
	const char *layer_key, GError **error);

/* Reads what the item's result directory holds into item->packages; NULL there when it is not built.
 * A damaged result counts as not built (a warning says so). */
gboolean kiln_plan_load_result(KilnPlanItem *item, GError **error);

/* The packages that `item` adds to the base layer when further requirements (which only the build
 * itself revealed) are added to those of its spec. Caller owns. */
KilnSolution *kiln_plan_solve(
	KilnContext *context, const KilnPlanItem *item, const char *const *further, GError **error);
