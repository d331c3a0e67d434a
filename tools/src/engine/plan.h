/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be built, in which order, and why. All packages of a collection are evaluated, and each is
 * solved over the base and what the others build: the packages of their last results, or, where there is
 * none, packages as their specs declare them. What the solver picks are the edges, so the runtime closure of
 * a build requirement counts. A build key covers everything that can influence a build; one that was
 * built before is not built again.
 *
 * plan.c makes a plan, plan_edges.c solves, plan_bootstrap.c breaks cycles, plan_key.c knows keys,
 * results and reasons; engine/schedule carries a plan out.
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

/* Solves all items over what is there now, draws the edges, marks what is wanted, breaks cycles, orders. */
gboolean kiln_plan_solve(KilnPlan *plan, GError **error);

/* Whether there is hope for everything that is wanted; UNSOLVABLE tells all that cannot be satisfied whatever
 * builds reveal. */
gboolean kiln_plan_check(const KilnPlan *plan, GError **error);

/* Solves one item again and draws its edges; what it then needs is wanted as well. Why that is not possible (any more, or
 * yet) is in item->problems. */
gboolean kiln_plan_solve_item(KilnPlan *plan, KilnPlanItem *item, GError **error);

/* Gives each of several builds that need each other something to start from: bootstrap items for `cycles`
 * (of kiln_graph_cycles). UNSOLVABLE where none of a cycle's packages declares a bootstrap build. Solve
 * again afterwards. */
gboolean kiln_plan_break_cycles(KilnPlan *plan, const GPtrArray *cycles, GError **error);

/* Adds an item for `package`, evaluated. `is_bootstrap` says how; `name` is taken over. */
KilnPlanItem *kiln_plan_add_item(KilnPlan *plan, const KilnCatalogPackage *package, char *name,
	gboolean is_bootstrap, GError **error);

/* Whether everything is there that the item needs as far as that is known. */
gboolean kiln_plan_is_ready(const KilnPlan *plan, const KilnPlanItem *item);

/* Whether another wanted item is not built yet, which may come to change what cannot be solved. */
gboolean kiln_plan_has_hope(const KilnPlan *plan, const KilnPlanItem *item);

/* Gives every item its wave; what cannot be solved yet comes after all others. */
void kiln_plan_arrange(KilnPlan *plan);

/* Computes the key of an item that is ready, and whether that was built before: its state becomes CACHED or
 * TO_BUILD, or stays PENDING when it turns out to need more. */
gboolean kiln_plan_resolve(KilnPlan *plan, KilnPlanItem *item, GError **error);

/* A number that is another one after anything was found out: what is wanted, pending, needed. */
guint64 kiln_plan_progress(const KilnPlan *plan);

/* Resolves whatever can be without building anything, for telling what would be done. */
gboolean kiln_plan_preview(KilnPlan *plan, GError **error);

/* Fills in `ahead_us` of all items: what has most ahead is best begun first. */
gboolean kiln_plan_look_ahead(KilnPlan *plan, GError **error);

/* Lets the others be solved over what `item` built; those that need it are stale then. */
gboolean kiln_plan_offer(KilnPlan *plan, KilnPlanItem *item, GError **error);

/* What the buildroot of `item` needs beyond the base layer when the build itself requires `further` (ends with
 * NULL). From any thread. Caller owns. NULL without error: it needs what is not built yet; that
 * is remembered, and item->must_wait is set. */
KilnSolution *kiln_plan_solve_further(
	KilnPlan *plan, KilnPlanItem *item, const char *const *further, GError **error);

/* Gives the item the key of what its build really stood on after it turned out to require `further` beyond its
 * spec, and remembers that for the next plan. Call before placing the result. */
gboolean kiln_plan_learn(KilnPlan *plan, KilnPlanItem *item, const KilnSolution *solution,
	const char *const *further, GError **error);

/* Remembers item->further for the next plan. */
gboolean kiln_plan_remember(const KilnPlan *plan, const KilnPlanItem *item, GError **error);

/* What changed since the last success, KilnInputChange; NULL when that is not known. Caller owns. */
gboolean kiln_plan_changes(
	const KilnPlan *plan, const KilnPlanItem *item, GPtrArray **ret_changes, GError **error);

/* Reads what the item's result directory holds into item->packages; NULL there when it is not built.
 * A damaged result counts as not built (a warning says so). */
gboolean kiln_plan_load_result(KilnPlanItem *item, GError **error);

/* Makes what the item has now its last result. */
void kiln_plan_take_as_last(KilnPlanItem *item);

/* Notes in the store which results are used. */
gboolean kiln_plan_note_use(const KilnPlan *plan, GError **error);

/* Finds the last result of a new item, if there is one. */
void kiln_plan_find_last(const KilnPlan *plan, KilnPlanItem *item);
