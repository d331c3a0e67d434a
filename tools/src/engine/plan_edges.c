/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Solving and edges of engine/plan.h. */
#include "engine/plan_work.h"

#include "base/error.h"
#include "engine/package_sources.h"

#include <string.h>

/* What the item's requirements are. Texts borrowed; ends with NULL. Caller frees the array. */
static const char **requirements_of(const KilnPlanItem *item, const char *const *further)
{
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < item->spec->build_requires->len; i++)
		g_ptr_array_add(list, item->spec->build_requires->pdata[i]);
	for (; further && *further; further++)
		g_ptr_array_add(list, (gpointer)*further);
	g_ptr_array_add(list, NULL);
	return (const char **)g_ptr_array_free(list, FALSE);
}

/* The question of what the item's buildroot has above the base layer. */
typedef struct {
	KilnSolvRequest request;
	const char **requirements;
	GPtrArray *conflicts; /* borrowed texts, ends with NULL */
} Question;

static void question_clear(Question *question)
{
	g_free(question->requirements);
	g_ptr_array_unref(question->conflicts);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Question, question_clear)

static Question make_question(const KilnPlan *plan, const KilnPlanItem *item, const char *const *further,
	const char *const *hidden)
{
	Question question = {.requirements = requirements_of(item, further), .conflicts = g_ptr_array_new()};
	const GPtrArray *conflicts = item->spec->build_conflicts;

	for (guint i = 0; i < conflicts->len; i++)
		g_ptr_array_add(question.conflicts, conflicts->pdata[i]);
	g_ptr_array_add(question.conflicts, NULL);
	question.request = (KilnSolvRequest){.requester = item->name,
		.requirements = question.requirements,
		.conflicts = (const char *const *)question.conflicts->pdata,
		.installed = plan->context->buildroot_solution,
		.hidden = hidden};
	return question;
}

/* Solves the item's requirements; NULL without error when there is no way: `ret_problems` says why. */
static KilnSolution *attempt(const KilnPlan *plan, const KilnPlanItem *item, const char *const *further,
	const char *const *hidden, char ***ret_problems, GError **error)
{
	g_auto(Question) question = make_question(plan, item, further, hidden);

	return kiln_context_attempt(plan->context, &question.request, ret_problems, error);
}

gboolean kiln_plan_dump(const KilnPlan *plan, const KilnPlanItem *item, const char *directory, GError **error)
{
	g_auto(Question) question = make_question(
		plan, item, (const char *const *)item->further, (const char *const *)item->hidden);

	return kiln_solv_dump(plan->context->solv, &question.request, directory, error);
}

/* Files, pkgconfig(x), sonames and their kind are what a spec does not say: builds reveal them. So it is with what a rich
 * requirement is made of. */
static gboolean is_revealed_by_builds(const char *requirement)
{
	return strpbrk(requirement, "(/") || strstr(requirement, ".so");
}

/* Whether no build can make the item solvable: what specs would have said is not there. */
static gboolean find_hope(const KilnPlan *plan, KilnPlanItem *item, GError **error)
{
	g_autofree const char **requirements = requirements_of(item, (const char *const *)item->further);

	item->is_hopeless = FALSE;
	for (const char **text = requirements; *text && !item->is_hopeless; text++) {
		gboolean is_provided = TRUE;
		if (!is_revealed_by_builds(*text) &&
			!kiln_context_provides(
				plan->context, *text, (const char *const *)item->hidden, &is_provided, error))
			return FALSE;
		item->is_hopeless = !is_provided;
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
	g_autoptr(GError) local = NULL;
	KilnSolution *solution = attempt(plan, item, (const char *const *)item->further,
		(const char *const *)item->hidden, ret_problems, &local);

	if (!solution && !local)
		solution = attempt_with_itself(plan, item, &local);
	if (!solution && !local)
		find_hope(plan, item, &local);
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
	g_autoptr(GHashTable) drawn = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = packages->pdata[i];
		KilnPlanItem *other = g_hash_table_lookup(plan->by_repository, package->repository);
		g_autofree char *reason = NULL;
		guint to;
		if (!other || !g_hash_table_add(drawn, other) || !g_ptr_array_find(plan->items, other, &to))
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
		g_mutex_lock(&plan->offering);
		need->is_wanted = TRUE;
		g_mutex_unlock(&plan->offering);
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
	kiln_graph_clear_edges(plan->graph, node);
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

static gboolean is_planned(const KilnPlan *plan, const KilnCatalogPackage *package, GError **error)
{
	const char *why = g_hash_table_lookup(plan->left_out, package->name);

	if (!why)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND, "\"%s\" is not built for target \"%s\": %s", package->name,
		plan->context->target->name, why);
	return FALSE;
}

/* Every name must be one of the context's packages. */
static gboolean mark_wanted(KilnPlan *plan, GError **error)
{
	g_autofree gboolean *wanted = g_new0(gboolean, plan->items->len + 1);

	for (guint i = 0; i < plan->items->len; i++)
		wanted[i] = !plan->names && !((KilnPlanItem *)plan->items->pdata[i])->is_bootstrap;
	for (char **name = plan->names; name && *name; name++) {
		const KilnCatalogPackage *package = kiln_catalog_find(plan->context->packages, *name, error);
		if (!package || !is_planned(plan, package, error))
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

/* What is left out may be what is missing. */
static void add_left_out(const KilnPlan *plan, GString *text)
{
	GHashTableIter iterator;
	gpointer name, why;

	g_hash_table_iter_init(&iterator, plan->left_out);
	while (g_hash_table_iter_next(&iterator, &name, &why))
		g_string_append_printf(text, "\nleft out of the plan: \"%s\": %s", (char *)name, (char *)why);
}

gboolean kiln_plan_check(const KilnPlan *plan, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < plan->items->len; i++) {
		const KilnPlanItem *item = plan->items->pdata[i];
		for (guint p = 0; item->is_wanted && item->is_hopeless && p < item->problems->len; p++)
			g_string_append_printf(text, "\n%s", (char *)item->problems->pdata[p]);
	}
	if (text->len == 0)
		return TRUE;
	add_left_out(plan, text);
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
	if (!mark_wanted(plan, error))
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
		GStrvBuilder *hidden;
		if (item->is_of_cycle)
			continue;
		hidden = g_strv_builder_new();
		g_strv_builder_add(hidden, item->repository);
		for (guint j = 0; j < plan->items->len; j++) {
			const KilnPlanItem *other = plan->items->pdata[j];
			if (other->is_bootstrap && other != item)
				g_strv_builder_add(hidden, other->repository);
		}
		g_strfreev(item->hidden);
		item->hidden = g_strv_builder_end(hidden);
		g_strv_builder_unref(hidden);
	}
}

/* The waves of everything: `waves` of the graph, but what cannot be solved yet comes after all others, and after it
 * what needs it. */
static void assign_waves(KilnPlan *plan, const guint *order, const guint *waves)
{
	guint highest = 0;

	for (guint i = 0; i < plan->items->len; i++)
		highest = MAX(highest, waves[i]);
	for (guint i = 0; i < plan->items->len; i++) {
		KilnPlanItem *item = plan->items->pdata[order[i]];
		const GPtrArray *edges = kiln_graph_edges(plan->graph, order[i]);
		item->wave = item->is_wanted && !item->solution ? highest + 1 : waves[order[i]];
		for (guint e = 0; e < edges->len; e++) {
			const KilnPlanItem *need = plan->items->pdata[((const KilnGraphEdge *)edges->pdata[e])->to];
			item->wave = MAX(item->wave, need->wave + 1);
		}
	}
}

/* Numbers the waves that have wanted items from 0, without gaps. */
static void close_gaps(KilnPlan *plan)
{
	guint count = plan->items->len;
	g_autofree guint *numbers = g_new0(guint, 2 * count + 2);
	guint next = 0;

	for (guint i = 0; i < count; i++) {
		const KilnPlanItem *item = plan->items->pdata[i];
		numbers[item->wave] = numbers[item->wave] || item->is_wanted;
	}
	for (guint wave = 0; wave < 2 * count + 2; wave++) {
		gboolean is_used = numbers[wave] != 0;
		numbers[wave] = next;
		next += is_used ? 1 : 0;
	}
	for (guint i = 0; i < count; i++) {
		KilnPlanItem *item = plan->items->pdata[i];
		item->wave = numbers[item->wave];
	}
}

void kiln_plan_arrange(KilnPlan *plan)
{
	guint *waves = NULL;
	guint *order = kiln_graph_order(plan->graph, &waves);

	/* With a cycle, which is told elsewhere, the last order is as good as any. */
	if (order) {
		assign_waves(plan, order, waves);
		close_gaps(plan);
		g_free(plan->order);
		plan->order = order;
	}
	g_free(waves);
}

/* Breaks what cycles there are; those that are left then are refused by breaking them again. */
static gboolean break_cycles(KilnPlan *plan, gboolean *ret_were_any, GError **error)
{
	g_autoptr(GPtrArray) cycles = kiln_graph_cycles(plan->graph);

	*ret_were_any = cycles->len > 0;
	return cycles->len == 0 || kiln_plan_break_cycles(plan, cycles, error);
}

gboolean kiln_plan_solve(KilnPlan *plan, GError **error)
{
	gboolean were_any = TRUE;

	while (were_any) {
		hide(plan);
		if (!solve_all(plan, error) || !break_cycles(plan, &were_any, error))
			return FALSE;
	}
	kiln_plan_arrange(plan);
	g_assert(plan->order);
	return TRUE;
}

/* Whether all of `solution` is built. */
static gboolean is_all_done(const KilnPlan *plan, const KilnSolution *solution)
{
	const GPtrArray *packages = kiln_solution_packages(solution);

	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = packages->pdata[i];
		KilnPlanItem *item = g_hash_table_lookup(plan->by_repository, package->repository);
		if (item && !g_atomic_int_get(&item->is_done))
			return FALSE;
	}
	return TRUE;
}

gboolean kiln_plan_check_cycles(const KilnPlan *plan, KilnPlanItem **ret_item, GError **error)
{
	g_autoptr(GPtrArray) cycles = kiln_graph_cycles(plan->graph);

	for (guint i = 0; i < cycles->len; i++) {
		KilnPlanItem *item = plan->items->pdata[g_array_index((const GArray *)cycles->pdata[i], guint, 0)];
		g_autofree char *path = kiln_graph_cycle_text(plan->graph, cycles->pdata[i]);
		if (!item->is_wanted || item->state != KILN_PLAN_PENDING)
			continue;
		if (ret_item)
			*ret_item = item;
		g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
			"what builds turned out to require closes a cycle: %s", path);
		return FALSE;
	}
	return TRUE;
}

/* Whether another wanted item is not built yet, which may come to change what cannot be solved. */
static gboolean has_hope(const KilnPlan *plan, const KilnPlanItem *item)
{
	for (guint i = 0; i < plan->items->len; i++) {
		KilnPlanItem *other = plan->items->pdata[i];
		if (other != item && other->is_wanted && !g_atomic_int_get(&other->is_done))
			return TRUE;
	}
	return FALSE;
}

/* The item goes back to wait for what others build. */
static KilnSolution *wait_for_others(KilnPlanItem *item, const char *const *further)
{
	g_strfreev(item->further);
	item->further = g_strdupv((char **)further);
	item->must_wait = TRUE;
	return NULL;
}

KilnSolution *kiln_plan_solve_further(
	KilnPlan *plan, KilnPlanItem *item, const char *const *further, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&plan->offering);
	g_auto(GStrv) problems = NULL;
	g_autoptr(KilnSolution) solution =
		attempt(plan, item, further, (const char *const *)item->hidden, &problems, error);
	g_autofree char *list = NULL;

	(void)locker;
	if (solution && is_all_done(plan, solution))
		return g_steal_pointer(&solution);
	if (solution || (problems && has_hope(plan, item)))
		return wait_for_others(item, further);
	if (!problems)
		return NULL;
	list = g_strjoinv("\n", problems);
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE, "\"%s\" cannot be satisfied for target \"%s\":\n%s",
		item->name, plan->context->target->name, list);
	return NULL;
}
