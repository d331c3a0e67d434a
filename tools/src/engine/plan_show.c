/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/plan_show.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/process.h"
#include "format/graph_dot.h"

const char *kiln_plan_fate(const KilnPlanItem *item)
{
	switch (item->state) {
	case KILN_PLAN_PENDING:
		return item->solution ? "after others" : "waits";
	case KILN_PLAN_TO_BUILD:
		return "build";
	case KILN_PLAN_CACHED:
	case KILN_PLAN_BUILT:
		return "cached";
	case KILN_PLAN_FAILED:
		return "failed";
	case KILN_PLAN_BLOCKED:
		return "blocked";
	}
	return "unknown";
}

/* What is not there of what the item needs. */
static char *list_missing(const KilnPlan *plan, const KilnPlanItem *item)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const GPtrArray *edges;
	guint node = 0;

	g_ptr_array_find(plan->items, item, &node);
	edges = kiln_graph_edges(plan->graph, node);
	for (guint i = 0; i < edges->len; i++) {
		const KilnPlanItem *need = plan->items->pdata[((const KilnGraphEdge *)edges->pdata[i])->to];
		if (need->state != KILN_PLAN_CACHED && need->state != KILN_PLAN_BUILT)
			g_string_append_printf(text, "%s%s", text->len ? ", " : "", need->name);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

char *kiln_plan_why(const KilnPlan *plan, const KilnPlanItem *item)
{
	g_autofree char *missing = NULL;

	if (item->state != KILN_PLAN_PENDING)
		return g_strdup(item->reason ? item->reason : "");
	if (!item->solution)
		return g_strdup_printf("%s; what others build may", item->problems->len
				? (char *)item->problems->pdata[0] : "it cannot be solved");
	missing = list_missing(plan, item);
	if (!item->last_key)
		return g_strdup_printf("new; built after %s", missing);
	return g_strdup_printf("only if %s comes out different", missing);
}

static int compare_waves(gconstpointer a, gconstpointer b)
{
	const KilnPlanItem *left = *(const KilnPlanItem *const *)a;
	const KilnPlanItem *right = *(const KilnPlanItem *const *)b;

	if (left->wave != right->wave)
		return left->wave < right->wave ? -1 : 1;
	return g_strcmp0(left->name, right->name);
}

GPtrArray *kiln_plan_by_wave(const KilnPlan *plan)
{
	GPtrArray *items = g_ptr_array_new();

	for (guint i = 0; i < plan->items->len; i++)
		if (((KilnPlanItem *)plan->items->pdata[i])->is_wanted)
			g_ptr_array_add(items, plan->items->pdata[i]);
	g_ptr_array_sort(items, compare_waves);
	return items;
}

static const char *colour_of(const KilnPlanItem *item)
{
	switch (item->state) {
	case KILN_PLAN_PENDING:
		return "lightyellow";
	case KILN_PLAN_TO_BUILD:
		return "lightblue";
	case KILN_PLAN_CACHED:
	case KILN_PLAN_BUILT:
		return "palegreen";
	case KILN_PLAN_FAILED:
	case KILN_PLAN_BLOCKED:
		return "lightpink";
	}
	return NULL;
}

static char *emit_dot(const KilnPlan *plan)
{
	g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);
	g_autofree KilnGraphDotNode *nodes = g_new0(KilnGraphDotNode, plan->items->len + 1);
	g_autofree guint *waves = g_new0(guint, plan->items->len + 1);
	g_autofree char *title = g_strdup_printf(
		"%s for %s", plan->context->collection->name, plan->context->target->name);

	for (guint i = 0; i < plan->items->len; i++) {
		const KilnPlanItem *item = plan->items->pdata[i];
		g_autofree char *version = kiln_spec_evr(item->spec);
		char *label = g_strdup_printf("%s\n%s\n%s", item->name, version, kiln_plan_fate(item));
		g_ptr_array_add(labels, label);
		waves[i] = item->wave;
		nodes[i] = (KilnGraphDotNode){
			.label = label, .colour = colour_of(item), .is_shown = item->is_wanted};
	}
	return kiln_graph_dot_emit(plan->graph, title, nodes, waves);
}

gboolean kiln_plan_draw(const KilnPlan *plan, const char *path, GError **error)
{
	static const char *const argv[] = {"dot", "-Tsvg", NULL};
	g_autofree char *dot = emit_dot(plan);
	KilnProcess process = {.argv = argv, .input = dot};
	g_autofree char *svg = NULL;

	if (!g_str_has_suffix(path, ".svg"))
		return kiln_fs_replace_text(path, dot, error);
	if (!kiln_process_check(&process, &svg, error)) {
		g_prefix_error(error, "drawing \"%s\" (a name that ends in .dot needs no Graphviz): ", path);
		return FALSE;
	}
	return kiln_fs_replace_text(path, svg, error);
}
