/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be built, in which order, and why. All packages of a collection are evaluated, and each is
 * solved over the base and what the others build: the packages of their last results, or, where there is
 * none, packages as their specs declare them. What the solver picks are the edges, so the runtime closure of
 * a build requirement counts. A build key covers everything that can influence a build; one that was
 * built before is not built again.
 *
 * plan_make.c makes a plan, plan_edges.c solves, plan_bootstrap.c breaks cycles, plan_key.c knows keys,
 * results and reasons, plan_show.c tells; engine/schedule carries a plan out.
 */
#pragma once

#include "engine/context.h"
#include "engine/identity.h"
#include "format/result_json.h"
#include "lib/store.h"
#include "model/graph.h"
#include "model/inputs.h"

typedef enum {
	KILN_PLAN_PENDING,  /* waits for what it needs */
	KILN_PLAN_TO_BUILD, /* its key has no result */
	KILN_PLAN_CACHED,   /* its key was built before */
	KILN_PLAN_BUILT,
	KILN_PLAN_FAILED,
	KILN_PLAN_BLOCKED, /* needs one that failed */
} KilnPlanState;

/* One build. Its number in the plan's items is that of its node in the graph. */
typedef struct {
	const KilnCatalogPackage *package; /* borrowed from the context */
	gboolean is_bootstrap;   /* its result is for building others only, never released */
	gboolean is_wanted;      /* asked for, or needed by what was */
	char *name;              /* unique: the package's, or "NAME.bootstrap" */
	char *macros;            /* what kiln.conf says of the package, for the end of ~/.rpmmacros */
	KilnSpec *spec;
	char *spec_sha256;       /* of the spec file as it was evaluated */
	char *declaration;       /* digest of all that says what packages there will be: spec, options, macros */
	GPtrArray *sources;      /* KilnSourceFile: every Source and Patch; NULL until fetched */
	guint wave;              /* one more than the highest of what it needs */
	gint64 ahead_us;         /* how long it and what needs it will take, by earlier builds; 0: not asked yet */

	char *repository;        /* what it builds, as the solver knows it */
	char **hidden;           /* repositories that take no part when it is solved */
	KilnSolution *solution;  /* what its buildroot has above the base layer */
	GPtrArray *problems;     /* char *: why it cannot be solved (yet), in words; then `solution` is NULL */
	gboolean is_hopeless;    /* … and no build can change that */
	gboolean is_told;        /* … and that it waits for builds has been said */
	gboolean is_stale;       /* something it was solved over was replaced since */
	gboolean is_of_cycle;    /* `hidden` is what breaking its cycle made of it */
	char **further;          /* what builds of these inputs turned out to require; NULL */

	KilnPlanState state;
	int is_done;             /* atomic: what it builds is there; read by builds of others */
	gboolean must_wait;      /* its build found that it needs what is not built yet */
	char *reason;            /* why it is built, or "cached", or what blocks it */
	char *failure;           /* why it failed */
	int failure_code;
	char *failed_key;        /* of the build that failed: it is not tried again in one run */
	KilnInputs *inputs;      /* what the key is the digest of */
	char *plain_key;         /* as if its build required nothing beyond its spec */
	char *key;
	char *result_directory;  /* where the result is or will be */
	GPtrArray *packages;     /* KilnResultPackage: what was built; NULL: not built yet */

	char *last_key;          /* of its last success; NULL: never built */
	char *last_directory;
	char *last_declaration;
	GPtrArray *last_packages; /* KilnResultPackage; NULL when that result is gone */
} KilnPlanItem;

typedef struct {
	KilnContext *context;           /* these three borrowed */
	const KilnIdentity *identity;   /* NULL: what Kiln generates is left out */
	KilnStore *store;
	char **names;                   /* what was asked for; NULL: all */
	GPtrArray *items;               /* KilnPlanItem */
	KilnGraph *graph;
	guint *order;                   /* item numbers in build order */
	GHashTable *by_repository;      /* repository -> KilnPlanItem */
	GHashTable *left_out;           /* name of a package -> why it is not planned with */
	GMutex offering;                /* held while what can be solved over, and is_done with it, change */
	GPtrArray *known;               /* KilnStoreResult: the results of this collection and target */
} KilnPlan;

/* Plans all packages of `context`; wanted are `names` and what they need (NULL: all). Everything that cannot
 * be satisfied, whatever builds reveal, is told at once (UNSOLVABLE), a cycle as a path; so are all specs that cannot be
 * evaluated. Then fetches the sources of what is wanted. */
KilnPlan *kiln_plan_make(KilnContext *context, const KilnIdentity *identity, KilnStore *store,
	const char *const *names, GError **error);
void kiln_plan_free(KilnPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnPlan, kiln_plan_free)

/* The wanted items whose results are released, in build order. Borrowed; caller frees the array. */
GPtrArray *kiln_plan_released(const KilnPlan *plan);

/* Resolves whatever can be without building anything, for telling what would be done. */
gboolean kiln_plan_preview(KilnPlan *plan, GError **error);

/* What changed since the last success, KilnInputChange; NULL when that is not known. Caller owns. */
gboolean kiln_plan_changes(
	const KilnPlan *plan, const KilnPlanItem *item, GPtrArray **ret_changes, GError **error);
