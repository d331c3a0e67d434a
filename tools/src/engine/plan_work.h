/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done with a plan while it is made and carried out: its parts use this among themselves, engine/schedule and
 * engine/build to carry it out. Readers of a plan need engine/plan.h only.
 */
#pragma once

#include "engine/plan.h"

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

/* UNSOLVABLE when pending items need each other, as builds may show though no spec does; `ret_item` (optional) is one of
 * them then. */
gboolean kiln_plan_check_cycles(const KilnPlan *plan, KilnPlanItem **ret_item, GError **error);

/* Writes the question of what the item's buildroot is, with everything it is answered from, as a libsolv test case into
 * the fresh directory `directory`. */
gboolean kiln_plan_dump(const KilnPlan *plan, const KilnPlanItem *item, const char *directory, GError **error);

/* Gives every item its wave; what cannot be solved yet comes after all others. */
void kiln_plan_arrange(KilnPlan *plan);

/* Computes the key of an item that is ready, and whether that was built before: its state becomes CACHED or
 * TO_BUILD, or stays PENDING when it turns out to need more. */
gboolean kiln_plan_resolve(KilnPlan *plan, KilnPlanItem *item, GError **error);

/* A number that is another one after anything was found out: what is wanted, pending, needed. */
guint64 kiln_plan_progress(const KilnPlan *plan);

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

/* Reads what the item's result directory holds into item->packages; NULL there when it is not built.
 * A damaged result counts as not built (a warning says so). */
gboolean kiln_plan_load_result(KilnPlanItem *item, GError **error);

/* Makes what the item has now its last result. */
void kiln_plan_take_as_last(KilnPlanItem *item);

/* Notes in the store which results are used. */
gboolean kiln_plan_note_use(const KilnPlan *plan, GError **error);

/* Finds the last result of a new item, if there is one. */
void kiln_plan_find_last(const KilnPlan *plan, KilnPlanItem *item);
