/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A collection opened for work on one target: configuration, packages, base repository, solver and
 * the base layer, each read or made once and shared by every step. What a step needs comes from here.
 */
#pragma once

#include "engine/base.h"
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
	char *macros_sha256;
	KilnBase *base;
	KilnSolv *solv;                     /* the base, and what the collection builds; held by `solving` */
	GMutex solving;                     /* one question at a time, from whichever thread */
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

/* Solves without making anything. NULL without error when there is no way: then `ret_problems` has all
 * reasons, in sentences (caller owns). From any thread. Caller owns. */
KilnSolution *kiln_context_attempt(
	KilnContext *context, const KilnSolvRequest *request, char ***ret_problems, GError **error);

/* Whether anything but the `hidden` repositories satisfies `capability`. From any thread. */
gboolean kiln_context_provides(KilnContext *context, const char *capability, const char *const *hidden,
	gboolean *ret_is_provided, GError **error);

/* What solving finds under `repository` from now on: these packages, or what `spec` will give as far as it and
 * the packages of an older result tell, or nothing. They win over the base. */
gboolean kiln_context_offer(KilnContext *context, const char *repository, const KilnSolvFile *files, gsize count,
	GError **error);
gboolean kiln_context_expect(KilnContext *context, const char *repository, const KilnSpec *spec,
	const KilnSolvFile *last, gsize count, GError **error);

/* Evaluates the spec of `package` in the target's root (cached) with its options of kiln.conf, as its bootstrap
 * build sees it or as every other does. Caller owns. */
KilnSpec *kiln_context_evaluate(KilnContext *context, const KilnCatalogPackage *package, gboolean is_bootstrap,
	GError **error);
