/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Breaking cycles of engine/plan.h. The packages of a cycle are built twice: first with the bootstrap
 * options of those that declare some, which must leave no cycle; then all of them again, each over the
 * final packages of those before it and the first packages of itself and those after it. Only the second
 * set is released.
 */
#include "engine/plan_work.h"

#include "base/error.h"
#include "base/event.h"

/* The packages of one cycle: numbers of items. */
typedef struct {
	KilnPlan *plan;
	GArray *members;      /* final items */
	GArray *firsts;       /* their first builds, in the same order */
	guint *place;         /* of each member when the first builds are in order */
} Cycle;

static KilnPlanItem *member_at(const Cycle *cycle, guint index)
{
	return cycle->plan->items->pdata[g_array_index(cycle->members, guint, index)];
}

static KilnPlanItem *first_at(const Cycle *cycle, guint index)
{
	return cycle->plan->items->pdata[g_array_index(cycle->firsts, guint, index)];
}

static void cycle_clear(Cycle *cycle)
{
	g_clear_pointer(&cycle->members, g_array_unref);
	g_clear_pointer(&cycle->firsts, g_array_unref);
	g_clear_pointer(&cycle->place, g_free);
}

static gboolean declares_bootstrap(const KilnPlan *plan, const KilnPlanItem *item)
{
	const KilnPackageOptions *options = kiln_config_package(plan->context->project->config, item->package->name);

	return options && (*options->bootstrap_with || *options->bootstrap_without);
}

static gboolean refuse(const KilnPlan *plan, const GArray *path, GError **error)
{
	g_autofree char *text = kiln_graph_cycle_text(plan->graph, path);
	const KilnPlanItem *item = plan->items->pdata[g_array_index(path, guint, 0)];

	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
		"build requirements form a cycle: %s; break it in one of the specs, or name a build condition that does: "
		"\"bootstrap-with\" or \"bootstrap-without\" under [package %s] of kiln.conf",
		text, item->package->name);
	return FALSE;
}

/* Everything that needs and is needed by the first node of `path`. */
static GArray *members_of(const KilnPlan *plan, const GArray *path)
{
	g_autofree guint *component = kiln_graph_components(plan->graph);
	guint wanted = component[g_array_index(path, guint, 0)];
	GArray *members = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint i = 0; i < plan->items->len; i++)
		if (component[i] == wanted)
			g_array_append_val(members, i);
	return members;
}

static gboolean add_first_builds(Cycle *cycle, GError **error)
{
	KilnPlan *plan = cycle->plan;

	for (guint i = 0; i < cycle->members->len; i++) {
		const KilnPlanItem *member = member_at(cycle, i);
		char *name = g_strconcat(member->package->name, ".bootstrap", NULL);
		guint number = plan->items->len;
		KilnPlanItem *first;
		first = kiln_plan_add_item(plan, member->package, name, TRUE, error);
		if (!first)
			return FALSE;
		g_array_append_val(cycle->firsts, number);
	}
	return TRUE;
}

/* Lets `item` see everything but its own packages, and of the cycle only the repositories in `seen`. */
static void show_only(const Cycle *cycle, KilnPlanItem *item, GHashTable *seen)
{
	const GPtrArray *items = cycle->plan->items;
	g_autoptr(GHashTable) inside = g_hash_table_new(NULL, NULL);
	GStrvBuilder *hidden = g_strv_builder_new();

	for (guint i = 0; i < cycle->members->len; i++)
		g_hash_table_add(inside, member_at(cycle, i));
	for (guint i = 0; i < items->len; i++) {
		const KilnPlanItem *other = items->pdata[i];
		gboolean is_of_cycle = g_hash_table_contains(inside, other) || other->is_bootstrap;
		if (other == item || (is_of_cycle && !g_hash_table_contains(seen, other)))
			g_strv_builder_add(hidden, other->repository);
	}
	g_strfreev(item->hidden);
	item->is_of_cycle = TRUE;
	item->hidden = g_strv_builder_end(hidden);
	g_strv_builder_unref(hidden);
}

/* First builds see each other. */
static void show_first_builds(const Cycle *cycle)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < cycle->firsts->len; i++)
		g_hash_table_add(seen, first_at(cycle, i));
	for (guint i = 0; i < cycle->firsts->len; i++)
		show_only(cycle, first_at(cycle, i), seen);
}

/* Where each member stands when its first build is in order. With a cycle left among those the order is as
 * good as any: the plan is refused later, when all is solved. */
static void find_places(Cycle *cycle)
{
	guint *waves = NULL;
	g_autofree guint *order = kiln_graph_order(cycle->plan->graph, &waves);

	for (guint i = 0; i < cycle->firsts->len; i++)
		cycle->place[i] = order ? waves[g_array_index(cycle->firsts, guint, i)] : i;
	g_free(waves);
}

/* A final build sees final packages of those before it, first packages of itself and the rest. */
static void show_final_builds(const Cycle *cycle)
{
	for (guint i = 0; i < cycle->members->len; i++) {
		g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
		for (guint j = 0; j < cycle->members->len; j++) {
			gboolean is_before = cycle->place[j] < cycle->place[i];
			g_hash_table_add(seen, is_before ? member_at(cycle, j) : first_at(cycle, j));
		}
		show_only(cycle, member_at(cycle, i), seen);
	}
}

static gboolean solve_first_builds(const Cycle *cycle, GError **error)
{
	for (guint i = 0; i < cycle->members->len; i++)
		kiln_graph_clear_edges(cycle->plan->graph, g_array_index(cycle->members, guint, i));
	for (guint i = 0; i < cycle->firsts->len; i++)
		if (!kiln_plan_solve_item(cycle->plan, first_at(cycle, i), error))
			return FALSE;
	return TRUE;
}

static gboolean refuse_remaining(const char *text, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
		"build requirements form a cycle even with the bootstrap builds: %s", text);
	return FALSE;
}

/* Adds the first builds of one cycle. */
static gboolean begin_cycle(Cycle *cycle, const GArray *path, GError **error)
{
	KilnPlan *plan = cycle->plan;
	g_autofree char *text = kiln_graph_cycle_text(plan->graph, path);
	gboolean is_declared = FALSE, is_broken_already = FALSE;

	cycle->members = members_of(plan, path);
	for (guint i = 0; i < cycle->members->len; i++) {
		is_declared = is_declared || declares_bootstrap(plan, member_at(cycle, i));
		is_broken_already = is_broken_already || member_at(cycle, i)->is_of_cycle;
	}
	if (is_broken_already)
		return refuse_remaining(text, error);
	if (!is_declared)
		return refuse(plan, path, error);
	kiln_event_info("plan", "%s: building them twice, first for bootstrapping", text);
	cycle->firsts = g_array_new(FALSE, FALSE, sizeof(guint));
	cycle->place = g_new0(guint, cycle->members->len);
	if (!add_first_builds(cycle, error))
		return FALSE;
	show_first_builds(cycle);
	return TRUE;
}

static void clear_cycle(gpointer data)
{
	cycle_clear(data);
}

gboolean kiln_plan_break_cycles(KilnPlan *plan, const GPtrArray *cycles, GError **error)
{
	g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(Cycle));

	g_array_set_clear_func(all, clear_cycle);
	g_array_set_size(all, cycles->len);
	for (guint i = 0; i < all->len; i++) {
		Cycle *cycle = &g_array_index(all, Cycle, i);
		cycle->plan = plan;
		if (!begin_cycle(cycle, cycles->pdata[i], error))
			return FALSE;
	}
	/* With the edges inside all cycles gone the first builds have an order. */
	for (guint i = 0; i < all->len; i++)
		if (!solve_first_builds(&g_array_index(all, Cycle, i), error))
			return FALSE;
	for (guint i = 0; i < all->len; i++) {
		find_places(&g_array_index(all, Cycle, i));
		show_final_builds(&g_array_index(all, Cycle, i));
	}
	return TRUE;
}
