/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Solving and edges of engine/plan.h. */
#include "engine/plan.h"

#include "base/error.h"
#include "base/event.h"
#include "engine/package_sources.h"

#include <string.h>

/* What the item's requirements are, without what only a build can come to satisfy. Texts borrowed; ends with
 * NULL. Caller frees the array. */
static const char **requirements_of(const KilnPlanItem *item, const char *const *further)
{
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < item->spec->build_requires->len; i++) {
		char *text = item->spec->build_requires->pdata[i];
		if (!g_ptr_array_find_with_equal_func(item->deferred, text, g_str_equal, NULL))
			g_ptr_array_add(list, text);
	}
	for (; further && *further; further++)
		g_ptr_array_add(list, (gpointer)*further);
	g_ptr_array_add(list, NULL);
	return (const char **)g_ptr_array_free(list, FALSE);
}

/* Solves the item's requirements; NULL without error when there is no way: `ret_problems` says why. */
static KilnSolution *attempt(const KilnPlan *plan, const KilnPlanItem *item, const char *const *further,
	const char *const *hidden, char ***ret_problems, GError **error)
{
	g_autofree const char **requirements = requirements_of(item, further);
	g_autoptr(GPtrArray) conflicts = g_ptr_array_copy(item->spec->build_conflicts, NULL, NULL);
	KilnSolvRequest request = {.requester = item->name,
		.requirements = requirements,
		.installed = plan->context->buildroot_solution,
		.hidden = hidden};

	g_ptr_array_set_free_func(conflicts, NULL);
	g_ptr_array_add(conflicts, NULL);
	request.conflicts = (const char *const *)conflicts->pdata;
	return kiln_context_attempt(plan->context, &request, ret_problems, error);
}

/* Files, pkgconfig(x) and their kind are what a spec does not say: builds reveal them. */
static gboolean is_revealed_by_builds(const char *requirement)
{
	return *requirement == '/' || (*requirement != '(' && strchr(requirement, '('));
}

/* What another item will build is not known before it was built from the spec as it stands. */
static gboolean may_reveal(const KilnPlanItem *item)
{
	return !item->last_packages || g_strcmp0(item->last_spec_sha256, item->spec_sha256) != 0;
}

static char *list_revealing(const KilnPlan *plan, const KilnPlanItem *item)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < plan->items->len; i++) {
		const KilnPlanItem *other = plan->items->pdata[i];
		if (other != item && !other->is_done && may_reveal(other))
			g_ptr_array_add(names, other->name);
	}
	if (names->len == 0)
		return NULL;
	g_ptr_array_add(names, NULL);
	return g_strjoinv(", ", (char **)names->pdata);
}

/* Puts off the requirements that nothing satisfies yet though a build may. `known` were told before. */
static gboolean defer(const KilnPlan *plan, KilnPlanItem *item, GPtrArray *known, GError **error)
{
	const GPtrArray *requirements = item->spec->build_requires;
	g_autofree char *others = list_revealing(plan, item);

	for (guint i = 0; others && i < requirements->len; i++) {
		gboolean provided = TRUE;
		const char *requirement = requirements->pdata[i];
		if (!is_revealed_by_builds(requirement))
			continue;
		if (!kiln_context_provides(plan->context, requirement, (const char *const *)item->hidden, &provided,
			    error))
			return FALSE;
		if (provided)
			continue;
		g_ptr_array_add(item->deferred, g_strdup(requirement));
		if (g_ptr_array_find_with_equal_func(known, requirement, g_str_equal, NULL))
			continue;
		kiln_event_info(item->name, "waits for \"%s\": nothing provides it unless a build does (%s)",
			requirement, others);
	}
	return TRUE;
}

/* A package that is satisfied by nothing but what it builds itself: that is a cycle, and told as one. */
static KilnSolution *attempt_with_itself(
	const KilnPlan *plan, const KilnPlanItem *item, GError **error)
{
	g_autoptr(GPtrArray) hidden = g_ptr_array_new();
	g_auto(GStrv) problems = NULL;

	for (char **name = item->hidden; *name; name++)
		if (!g_str_equal(*name, item->repository))
			g_ptr_array_add(hidden, *name);
	g_ptr_array_add(hidden, NULL);
	return attempt(plan, item, (const char *const *)item->further, (const char *const *)hidden->pdata, &problems,
		error);
}

static KilnSolution *solve(
	const KilnPlan *plan, KilnPlanItem *item, char ***ret_problems, GError **error)
{
	const char *const *hidden = (const char *const *)item->hidden;
	const char *const *further = (const char *const *)item->further;
	g_autoptr(GPtrArray) known = g_steal_pointer(&item->deferred);
	g_autoptr(GError) local = NULL;
	KilnSolution *solution;

	item->deferred = g_ptr_array_new_with_free_func(g_free);
	solution = attempt(plan, item, further, hidden, ret_problems, &local);
	if (!solution && !local && !defer(plan, item, known, &local))
		g_assert(local);
	if (!solution && !local && item->deferred->len > 0) {
		g_clear_pointer(ret_problems, g_strfreev);
		solution = attempt(plan, item, further, hidden, ret_problems, &local);
	}
	if (!solution && !local)
		solution = attempt_with_itself(plan, item, &local);
	if (local)
		g_propagate_error(error, g_steal_pointer(&local));
	return solution;
}

/* Why `package` is in the buildroot, in one line. */
static char *edge_reason(const KilnSolution *solution, const char *package)
{
	g_auto(GStrv) steps = kiln_solution_explain(solution, package);

	return steps ? g_strjoinv(", ", steps) : g_strdup("");
}

static void draw_edges(KilnPlan *plan, const KilnPlanItem *item, guint node)
{
	const GPtrArray *packages = kiln_solution_packages(item->solution);

	kiln_graph_clear_edges(plan->graph, node);
	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = packages->pdata[i];
		const KilnPlanItem *other = g_hash_table_lookup(plan->by_repository, package->repository);
		g_autofree char *reason = NULL;
		guint to;
		if (!other || !g_ptr_array_find(plan->items, other, &to))
			continue;
		reason = edge_reason(item->solution, package->nevra.name);
		kiln_graph_add_edge(plan->graph, node, to, reason);
	}
}

static void take_problems(KilnPlanItem *item, char **problems)
{
	for (char **problem = problems; problem && *problem; problem++)
		g_ptr_array_add(item->problems, g_strdup(*problem));
}

/* What a wanted item comes to need after the plan was made is wanted as well: with what it needs itself, and
 * with its sources. */
static gboolean want_needs(KilnPlan *plan, guint node, GError **error)
{
	const GPtrArray *edges = kiln_graph_edges(plan->graph, node);

	for (guint i = 0; i < edges->len; i++) {
		KilnPlanItem *need = plan->items->pdata[((const KilnGraphEdge *)edges->pdata[i])->to];
		if (need->is_wanted)
			continue;
		need->is_wanted = TRUE;
		if (!need->sources && !kiln_package_sources_fetch(plan->context, plan->identity, need->package,
					      need->spec, &need->sources, error))
			return FALSE;
		if (!kiln_plan_solve_item(plan, need, error))
			return FALSE;
	}
	return TRUE;
}

gboolean kiln_plan_solve_item(KilnPlan *plan, KilnPlanItem *item, GError **error)
{
	g_auto(GStrv) problems = NULL;
	KilnSolution *solution;
	g_autoptr(GError) local = NULL;
	guint node;

	g_ptr_array_find(plan->items, item, &node);
	g_ptr_array_set_size(item->problems, 0);
	solution = solve(plan, item, &problems, &local);
	g_clear_pointer(&item->solution, kiln_solution_free);
	item->solution = solution;
	item->is_stale = FALSE;
	if (local) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (!solution) {
		take_problems(item, problems);
		return TRUE;
	}
	draw_edges(plan, item, node);
	return !plan->order || !item->is_wanted || want_needs(plan, node, error);
}

/* Every name must be one of the context's packages. */
static gboolean mark_wanted(KilnPlan *plan, GError **error)
{
	g_autofree gboolean *wanted = g_new0(gboolean, plan->items->len + 1);

	for (guint i = 0; i < plan->items->len; i++)
		wanted[i] = !plan->names && !((KilnPlanItem *)plan->items->pdata[i])->is_bootstrap;
	for (char **name = plan->names; name && *name; name++) {
		const KilnCatalogPackage *package = kiln_catalog_find(plan->context->packages, *name, error);
		if (!package)
			return FALSE;
		for (guint i = 0; i < plan->items->len; i++) {
			const KilnPlanItem *item = plan->items->pdata[i];
			wanted[i] = wanted[i] || (item->package == package && !item->is_bootstrap);
		}
	}
	kiln_graph_close(plan->graph, wanted);
	for (guint i = 0; i < plan->items->len; i++)
		((KilnPlanItem *)plan->items->pdata[i])->is_wanted = wanted[i];
	return TRUE;
}

/* What cannot be satisfied is told before anything is fetched or built, for all items at once. */
static gboolean tell_problems(const KilnPlan *plan, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < plan->items->len; i++) {
		const KilnPlanItem *item = plan->items->pdata[i];
		for (guint p = 0; item->is_wanted && p < item->problems->len; p++)
			g_string_append_printf(text, "\n%s", (char *)item->problems->pdata[p]);
	}
	if (text->len == 0)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
		"build requirements cannot be satisfied for target \"%s\":%s", plan->context->target->name,
		text->str);
	return FALSE;
}

/* What nobody wants may be in cycles of its own: that is nobody's concern. */
static void forget_unwanted_edges(KilnPlan *plan)
{
	for (guint i = 0; i < plan->items->len; i++)
		if (!((KilnPlanItem *)plan->items->pdata[i])->is_wanted)
			kiln_graph_clear_edges(plan->graph, i);
}

static gboolean solve_all(KilnPlan *plan, GError **error)
{
	for (guint i = 0; i < plan->items->len; i++)
		if (!kiln_plan_solve_item(plan, plan->items->pdata[i], error))
			return FALSE;
	if (!mark_wanted(plan, error) || !tell_problems(plan, error))
		return FALSE;
	forget_unwanted_edges(plan);
	return TRUE;
}

/* What a package builds does not help to build itself, and what is built for bootstrapping helps those of its
 * cycle only (plan_bootstrap.c lets them see it). */
static void hide(KilnPlan *plan)
{
	for (guint i = 0; i < plan->items->len; i++) {
		KilnPlanItem *item = plan->items->pdata[i];
		GStrvBuilder *hidden = NULL;
		if (item->hidden)
			continue;
		hidden = g_strv_builder_new();
		g_strv_builder_add(hidden, item->repository);
		for (guint j = 0; j < plan->items->len; j++) {
			const KilnPlanItem *other = plan->items->pdata[j];
			if (other->is_bootstrap && other != item)
				g_strv_builder_add(hidden, other->repository);
		}
		item->hidden = g_strv_builder_end(hidden);
		g_strv_builder_unref(hidden);
	}
}

static void arrange(KilnPlan *plan)
{
	g_autofree guint *waves = NULL;
	guint highest = 0;

	g_free(plan->order);
	plan->order = kiln_graph_order(plan->graph, &waves);
	g_assert(plan->order);
	for (guint i = 0; i < plan->items->len; i++) {
		((KilnPlanItem *)plan->items->pdata[i])->wave = waves[i];
		highest = MAX(highest, waves[i]);
	}
	for (guint i = 0; i < plan->items->len; i++) {
		KilnPlanItem *item = plan->items->pdata[i];
		if (item->deferred->len > 0)
			item->wave = highest + 1;
	}
}

static gboolean refuse_cycles(const KilnPlan *plan, const GPtrArray *cycles, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < cycles->len; i++) {
		g_autofree char *cycle = kiln_graph_cycle_text(plan->graph, cycles->pdata[i]);
		g_string_append_printf(text, "%s%s", i ? "\n" : "", cycle);
	}
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
		"build requirements form a cycle even with the bootstrap builds: %s", text->str);
	return FALSE;
}

gboolean kiln_plan_solve(KilnPlan *plan, GError **error)
{
	g_autoptr(GPtrArray) cycles = NULL;

	hide(plan);
	if (!solve_all(plan, error))
		return FALSE;
	cycles = kiln_graph_cycles(plan->graph);
	if (cycles->len > 0) {
		if (!kiln_plan_break_cycles(plan, cycles, error))
			return FALSE;
		hide(plan);
		if (!solve_all(plan, error))
			return FALSE;
		g_ptr_array_unref(cycles);
		cycles = kiln_graph_cycles(plan->graph);
		if (cycles->len > 0)
			return refuse_cycles(plan, cycles, error);
	}
	arrange(plan);
	return TRUE;
}

/* What of `solution` is not built yet. */
static const KilnPlanItem *find_missing(const KilnPlan *plan, const KilnSolution *solution)
{
	const GPtrArray *packages = kiln_solution_packages(solution);

	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = packages->pdata[i];
		KilnPlanItem *item = g_hash_table_lookup(plan->by_repository, package->repository);
		if (item && !g_atomic_int_get(&item->is_done))
			return item;
	}
	return NULL;
}

KilnSolution *kiln_plan_solve_further(
	KilnPlan *plan, KilnPlanItem *item, const char *const *further, GError **error)
{
	g_auto(GStrv) problems = NULL;
	g_autoptr(KilnSolution) solution =
		attempt(plan, item, further, (const char *const *)item->hidden, &problems, error);
	g_autofree char *list = NULL;

	if (solution) {
		if (!find_missing(plan, solution))
			return g_steal_pointer(&solution);
		g_strfreev(item->further);
		item->further = g_strdupv((char **)further);
		item->must_wait = TRUE;
		return NULL;
	}
	if (!problems)
		return NULL;
	list = g_strjoinv("\n", problems);
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE, "\"%s\" cannot be satisfied for target \"%s\":\n%s",
		item->name, plan->context->target->name, list);
	return NULL;
}
