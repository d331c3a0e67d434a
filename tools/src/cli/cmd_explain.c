/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "engine/build_failure.h"
#include "engine/plan_show.h"
#include "engine/plan_work.h"
#include "engine/release.h"

#define CHANGES_SHOWN 20

static struct {
	char *collection, *target, *dump;
	gboolean all;
} options;

static const GOptionEntry entries[] = {
	{"collection", 'c', 0, G_OPTION_ARG_STRING, &options.collection, "The collection the package is in", "NAME"},
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target it is built for", "NAME"},
	{"all", 'a', 0, G_OPTION_ARG_NONE, &options.all, "All changed inputs, however many", NULL},
	{"dump", 0, 0, G_OPTION_ARG_FILENAME, &options.dump, "Also write how it is solved as a libsolv test case", "DIRECTORY"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

/* One package explained. */
typedef struct {
	const KilnRelease *release;
	const KilnPlanItem *item;
	guint node;
	GPtrArray *changes;          /* KilnInputChange; NULL: not known */
	GPtrArray *attempts;         /* KilnStoreBuild, newest first */
} Explanation;

static void explanation_clear(Explanation *explanation)
{
	g_clear_pointer(&explanation->changes, g_ptr_array_unref);
	g_clear_pointer(&explanation->attempts, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Explanation, explanation_clear)

/* The last attempt at this build for this collection and target: bootstrap builds have their own. */
static const KilnStoreBuild *last_attempt(const Explanation *explanation)
{
	const KilnContext *context = explanation->release->context;

	for (guint i = 0; i < explanation->attempts->len; i++) {
		const KilnStoreBuild *build = explanation->attempts->pdata[i];
		if (g_str_equal(build->collection, context->collection->name) &&
			g_str_equal(build->target, context->target->name) &&
			build->is_bootstrap == explanation->item->is_bootstrap)
			return build;
	}
	return NULL;
}

/* Why the last attempt failed; NULL: it did not, or a result was used since. */
static const char *open_cause(const KilnStoreBuild *build)
{
	return build && !build->is_settled ? build->cause : NULL;
}

static char *failure_log(const Explanation *explanation)
{
	const KilnContext *context = explanation->release->context;
	g_autofree char *failed = kiln_build_failure_directory(
		context->project, context->target->name, explanation->item->name);
	g_autofree char *log = g_build_filename(failed, "build.log", NULL);

	if (!g_file_test(log, G_FILE_TEST_EXISTS))
		return NULL;
	return g_strdup(kiln_project_relative(context->project, log));
}

static char *format_time(gint64 seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(seconds);

	return time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("?");
}

static void print_changes(const Explanation *explanation)
{
	const GPtrArray *changes = explanation->changes;
	guint shown = options.all || !changes ? G_MAXUINT : CHANGES_SHOWN;

	if (!changes || changes->len == 0)
		return;
	printf("changed since the last build:\n");
	for (guint i = 0; i < changes->len && i < shown; i++) {
		g_autofree char *text = kiln_input_change_describe(changes->pdata[i]);
		g_autofree char *printable = kiln_text_printable(text);
		printf("  %s\n", printable);
	}
	if (changes->len > shown)
		printf("  and %u more (--all)\n", changes->len - shown);
}

static void print_place(const Explanation *explanation)
{
	const KilnPlan *plan = explanation->release->plan;
	const GPtrArray *edges = kiln_graph_edges(plan->graph, explanation->node);

	printf("wave %u%s\n", explanation->item->wave + 1, edges->len ? ", after:" : ": it needs nothing of the collection");
	for (guint i = 0; i < edges->len; i++) {
		const KilnGraphEdge *edge = edges->pdata[i];
		printf("  %s: %s\n", kiln_graph_name(plan->graph, edge->to), edge->reason ? edge->reason : "");
	}
}

static void print_attempt(const Explanation *explanation)
{
	const KilnStoreBuild *build = last_attempt(explanation);
	g_autofree char *when = build ? format_time(build->started) : NULL;
	g_autofree char *log = NULL;

	if (!build)
		return;
	printf("last attempt: %s %s, %s in %.2f s%s%s\n", build->version, when, build->outcome,
		(double)build->wall_us / G_USEC_PER_SEC, build->reason ? ": " : "", build->reason ? build->reason : "");
	if (!open_cause(build))
		return;
	printf("  %s\n", open_cause(build));
	log = failure_log(explanation);
	if (log)
		printf("  log: %s\n  enter the buildroot: kiln shell %s\n", log, explanation->item->name);
}

static void answer_text(const Explanation *explanation)
{
	const KilnPlanItem *item = explanation->item;
	g_autofree char *version = kiln_spec_evr(item->spec);
	g_autofree char *why = kiln_plan_why(explanation->release->plan, item);

	printf("%s %s for %s: %s%s%s\n", item->name, version, explanation->release->context->target->name,
		kiln_plan_fate(item), item->state == KILN_PLAN_CACHED ? "" : ", ",
		item->state == KILN_PLAN_CACHED ? "" : why);
	if (item->state == KILN_PLAN_CACHED)
		printf("result: %s\n", kiln_project_relative(explanation->release->context->project, item->result_directory));
	print_changes(explanation);
	print_place(explanation);
	print_attempt(explanation);
}

static void json_changes(KilnJson *json, const Explanation *explanation)
{
	kiln_json_begin_array(json, "changes");
	for (guint i = 0; explanation->changes && i < explanation->changes->len; i++) {
		const KilnInputChange *change = explanation->changes->pdata[i];
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "kind", change->kind);
		kiln_json_add_text(json, "name", change->name);
		kiln_json_add_text(json, "old", change->old_value);
		kiln_json_add_text(json, "new", change->new_value);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
}

static void answer_json(const Explanation *explanation)
{
	const KilnPlanItem *item = explanation->item;
	const KilnStoreBuild *build = last_attempt(explanation);
	g_autofree char *version = kiln_spec_evr(item->spec);
	g_autofree char *why = kiln_plan_why(explanation->release->plan, item);
	g_autofree char *log = failure_log(explanation);
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "package", item->name);
	kiln_json_add_text(json, "version", version);
	kiln_json_add_text(json, "state", kiln_plan_fate(item));
	kiln_json_add_text(json, "reason", why);
	kiln_json_add_text(json, "key", item->key);
	kiln_json_add_number(json, "wave", item->wave + 1);
	kiln_cli_add_needs(json, explanation->release->plan, explanation->node);
	json_changes(json, explanation);
	kiln_json_add_text(json, "last_outcome", build ? build->outcome : NULL);
	kiln_json_add_text(json, "last_cause", open_cause(build));
	kiln_json_add_text(json, "log", open_cause(build) ? log : NULL);
	kiln_json_end_object(json);
	kiln_cli_answer(json);
}

static const KilnPlanItem *find_item(const KilnPlan *plan, const char *name, guint *ret_node)
{
	for (guint i = 0; i < plan->items->len; i++) {
		const KilnPlanItem *item = plan->items->pdata[i];
		*ret_node = i;
		if (g_str_equal(item->name, name))
			return item;
	}
	return NULL;
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	const char *names[] = {invocation->arguments[0], NULL};
	g_autoptr(KilnContext) context =
		kiln_cli_context(invocation, options.collection, options.target, error);
	g_autoptr(KilnRelease) release = context ? kiln_release_open(context, names, error) : NULL;
	g_auto(Explanation) explanation = {.release = release};

	if (!release || !kiln_plan_preview(release->plan, error))
		return FALSE;
	explanation.item = find_item(release->plan, names[0], &explanation.node);
	if (!explanation.item) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND, "\"%s\" is not built for target \"%s\"", names[0],
			context->target->name);
		return FALSE;
	}
	if (options.dump && !kiln_plan_dump(release->plan, explanation.item, options.dump, error))
		return FALSE;
	explanation.attempts = kiln_store_list_builds(release->store, explanation.item->package->name, 1000, error);
	if (!explanation.attempts ||
		!kiln_plan_changes(release->plan, explanation.item, &explanation.changes, error))
		return FALSE;
	if (invocation->json)
		answer_json(&explanation);
	else
		answer_text(&explanation);
	return TRUE;
}

const KilnCommand kiln_command_explain = {
	.name = "explain",
	.synopsis = "PACKAGE",
	.summary = "Say why a package is built, or is not: inputs, place in the plan, last failure",
	.description = "Tells which inputs changed since its last build, what it comes after and which requirement leads\n"
		       "there, and how the last attempt ended: after a failure with the first line that caused it.",
	.options = entries,
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT,
	.minimum_arguments = 1,
	.maximum_arguments = 1,
	.run = run,
};
