/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A collection opened for work on one target: configuration, packages, base repository, solver and
 * the base layer, each read or made once and shared by every step. What a step needs comes from here.
 */
#pragma once

#include "engine/catalog.h"
#include "engine/layer.h"
#include "lib/solv.h"
#include "model/spec.h"

typedef struct {
	const KilnProject *project;         /* borrowed */
	const KilnCollection *collection;   /* borrowed from the project */
	KilnTarget *target;
	GPtrArray *packages;                /* KilnCatalogPackage */
	char *macros_path;
	char *macros;                       /* text of the target's macro file */
	char *base_directory;               /* rpm-md repository */
	KilnLock *base_held;                /* its packages stay while this is open */
	KilnSolv *solv;                     /* the base, and what was built (kiln_context_add_built) */
	KilnSolution *buildroot_solution;   /* set with `buildroot` */
	KilnLayers *buildroot;              /* the base layer of every build; see kiln_context_buildroot */
} KilnContext;

/* Opens `collection` for `target` (taken over). The base must be there: NOT_FOUND says how to get it. */
KilnContext *kiln_context_open(const KilnProject *project, const KilnCollection *collection,
	KilnTarget *target, GError **error);
void kiln_context_free(KilnContext *context);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnContext, kiln_context_free)

/* The layers every buildroot starts from, made if missing. Borrowed. */
const KilnLayers *kiln_context_buildroot(KilnContext *context, GError **error);

/* Solves `request` and makes the layer on top of `below` (NULL: an empty root). `ret_solution` is
 * optional and owned by the caller. Errors as of kiln_solv_resolve (all problems in the message)
 * and kiln_layers_ensure. */
KilnLayers *kiln_context_layers(KilnContext *context, const KilnSolvRequest *request,
	const KilnLayers *below, KilnSolution **ret_solution, GError **error);

/* Solves without making anything; a failure lists every problem, one a line. Caller owns. */
KilnSolution *kiln_context_solve(KilnContext *context, const KilnSolvRequest *request, GError **error);

/* Offers built packages to later solving; they win over the base. */
gboolean kiln_context_add_built(
	KilnContext *context, const char *package, const char *const *paths, GError **error);

/* Evaluates the spec of `package` in the target's root (cached) with its options of kiln.conf, as its bootstrap
 * build sees it or as every other does. Caller owns. */
KilnSpec *kiln_context_evaluate(KilnContext *context, const KilnCatalogPackage *package, gboolean is_bootstrap,
	GError **error);
