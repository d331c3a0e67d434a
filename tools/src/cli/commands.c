/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"

#include "base/error.h"
#include "engine/base.h"

const KilnCommand *const kiln_commands[] = {
	&kiln_command_init,
	&kiln_command_release,
	&kiln_command_base_import,
	&kiln_command_target_list,
	&kiln_command_target_show,
	&kiln_command_target_check,
	&kiln_command_spec,
	&kiln_command_fetch,
	&kiln_command_plan,
	&kiln_command_build,
	&kiln_command_explain,
	&kiln_command_history,
	&kiln_command_status,
	&kiln_command_shell,
	&kiln_command_verify,
	&kiln_command_check,
	&kiln_command_publish,
	&kiln_command_gc,
	&kiln_command_key_create,
	&kiln_command_key_import,
	&kiln_command_key_export,
	&kiln_command_key_list,
	NULL,
};

void kiln_cli_add_needs(KilnJson *json, const KilnPlan *plan, guint node)
{
	const GPtrArray *edges = kiln_graph_edges(plan->graph, node);

	kiln_json_begin_array(json, "needs");
	for (guint i = 0; i < edges->len; i++) {
		const KilnGraphEdge *edge = edges->pdata[i];
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "package", kiln_graph_name(plan->graph, edge->to));
		kiln_json_add_text(json, "reason", edge->reason);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
}

gboolean kiln_cli_jobs(int value, guint *ret_jobs, GError **error)
{
	if (value >= 0 && value <= 1024) {
		*ret_jobs = (guint)value;
		return TRUE;
	}
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE, "--jobs %d: must be from 1 to 1024", value);
	return FALSE;
}

const KilnCollection *kiln_cli_collection(const KilnInvocation *invocation, const char *name, GError **error)
{
	const GPtrArray *collections = invocation->project->config->collections;

	if (name)
		return kiln_project_collection(invocation->project, name, error);
	if (collections->len == 1)
		return collections->pdata[0];
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
		"the project has %u collections; name one with --collection NAME", collections->len);
	return NULL;
}

KilnTarget *kiln_cli_target(const KilnInvocation *invocation, const KilnCollection *collection,
	const char *name, GError **error)
{
	g_autofree char *list = NULL;

	if (name && !g_strv_contains((const char *const *)collection->targets, name)) {
		list = g_strjoinv(", ", collection->targets);
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
			"collection \"%s\" is not built for target \"%s\"; its targets: %s", collection->name,
			name, list);
		return NULL;
	}
	if (name || !collection->targets[1])
		return kiln_project_target(invocation->project, name ? name : collection->targets[0], error);
	list = g_strjoinv(", ", collection->targets);
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
		"collection \"%s\" has several targets (%s); name one with --target NAME", collection->name, list);
	return NULL;
}

KilnContext *kiln_cli_context_of(const KilnInvocation *invocation, const KilnCollection *collection,
	const char *target, GError **error)
{
	g_autoptr(KilnTarget) opened = kiln_cli_target(invocation, collection, target, error);

	if (!opened || !kiln_base_ensure(invocation->project, opened, error))
		return NULL;
	return kiln_context_open(invocation->project, collection, g_steal_pointer(&opened), error);
}

KilnContext *kiln_cli_context(
	const KilnInvocation *invocation, const char *collection, const char *target, GError **error)
{
	const KilnCollection *chosen = kiln_cli_collection(invocation, collection, error);

	return chosen ? kiln_cli_context_of(invocation, chosen, target, error) : NULL;
}

KilnStore *kiln_cli_store(const KilnInvocation *invocation, GError **error)
{
	g_autofree char *path = g_build_filename(invocation->project->state, "state.sqlite", NULL);

	return kiln_store_open(path, error);
}

void kiln_cli_answer(KilnJson *json)
{
	g_autofree char *text = kiln_json_to_text(json, TRUE);

	fputs(text, stdout);
}

void kiln_cli_release_answer(const KilnInvocation *invocation, const KilnReleaseResult *result)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	if (!invocation->json) {
		printf("%s\n", result->repo_path);
		return;
	}
	kiln_json_begin_object(json, NULL);
	kiln_json_add_number(json, "packages", result->packages);
	kiln_json_add_number(json, "built", result->built);
	kiln_json_add_boolean(json, "published", result->published);
	kiln_json_add_text(json, "snapshot", result->snapshot);
	kiln_json_add_text(json, "repo_file", result->repo_path);
	kiln_json_add_text(json, "repo_url", result->repo_url);
	kiln_json_end_object(json);
	kiln_cli_answer(json);
}
