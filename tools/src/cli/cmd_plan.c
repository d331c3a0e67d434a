/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/event.h"
#include "cli/commands.h"
#include "engine/plan_show.h"
#include "engine/release.h"

static struct {
	char *collection, *target, *graph;
} options;

static const GOptionEntry entries[] = {
	{"collection", 'c', 0, G_OPTION_ARG_STRING, &options.collection, "The collection the packages are in", "NAME"},
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target to build for", "NAME"},
	{"graph", 'g', 0, G_OPTION_ARG_FILENAME, &options.graph, "Also write the plan as a graph: .dot, or .svg", "FILE"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static void answer_json(const KilnPlan *plan, const GPtrArray *items)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_array(json, NULL);
	for (guint i = 0; i < items->len; i++) {
		const KilnPlanItem *item = items->pdata[i];
		g_autofree char *version = kiln_spec_evr(item->spec);
		g_autofree char *why = kiln_plan_why(plan, item);
		guint node = 0;
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "package", item->name);
		kiln_json_add_text(json, "version", version);
		kiln_json_add_number(json, "wave", item->wave + 1);
		kiln_json_add_text(json, "state", kiln_plan_fate(item));
		kiln_json_add_text(json, "reason", why);
		kiln_json_add_text(json, "key", item->key);
		g_ptr_array_find(plan->items, item, &node);
		kiln_cli_add_needs(json, plan, node);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
	kiln_cli_answer(json);
}

static void answer_text(const KilnPlan *plan, const GPtrArray *items)
{
	guint wave = G_MAXUINT;

	for (guint i = 0; i < items->len; i++) {
		const KilnPlanItem *item = items->pdata[i];
		g_autofree char *version = kiln_spec_evr(item->spec);
		g_autofree char *name = g_strdup_printf("%s %s", item->name, version);
		g_autofree char *why = kiln_plan_why(plan, item);
		if (item->wave != wave)
			printf("wave %u\n", item->wave + 1);
		wave = item->wave;
		printf("  %-44s %-12s %s\n", name, kiln_plan_fate(item),
			item->state == KILN_PLAN_CACHED ? "" : why);
	}
}

static void tell_sum(const GPtrArray *items)
{
	guint build = 0, after = 0, cached = 0, waves = 0;

	for (guint i = 0; i < items->len; i++) {
		const KilnPlanItem *item = items->pdata[i];
		build += item->state == KILN_PLAN_TO_BUILD;
		after += item->state == KILN_PLAN_PENDING;
		cached += item->state == KILN_PLAN_CACHED;
		waves = MAX(waves, item->wave + 1);
	}
	kiln_event_info("plan", "packages: %u in waves: %u; to build: %u, after them: %u, cached: %u", items->len, waves,
		build, after, cached);
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnContext) context =
		kiln_cli_context(invocation, options.collection, options.target, error);
	const char *const *names = (const char *const *)invocation->arguments;
	g_autoptr(KilnRelease) release =
		context ? kiln_release_open(context, *names ? names : NULL, error) : NULL;
	g_autoptr(GPtrArray) items = NULL;

	if (!release || !kiln_plan_preview(release->plan, error))
		return FALSE;
	if (options.graph && !kiln_plan_draw(release->plan, options.graph, error))
		return FALSE;
	items = kiln_plan_by_wave(release->plan);
	if (invocation->json)
		answer_json(release->plan, items);
	else
		answer_text(release->plan, items);
	tell_sum(items);
	return TRUE;
}

const KilnCommand kiln_command_plan = {
	.name = "plan",
	.synopsis = "[PACKAGE…]",
	.summary = "Show what would be built, in which order and why",
	.description = "Builds nothing. Packages of one wave can be built at once; each is to be built (with what changed since\n"
		       "its last build), cached, or built after others: only if these do not come out as they were.\n"
		       "--graph needs Graphviz for a file that ends in .svg.",
	.options = entries,
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT,
	.maximum_arguments = G_MAXUINT,
	.run = run,
};
