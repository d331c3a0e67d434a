/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/error.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MAX 1000000

static struct {
	int limit;
} options = {.limit = LIMIT_DEFAULT};

static const GOptionEntry entries[] = {
	{"limit", 'n', 0, G_OPTION_ARG_INT, &options.limit, "How many to show (default 20)", "N"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static void print_build(const KilnStoreBuild *build)
{
	g_autofree char *when = kiln_clock_readable(build->started);

	printf("%s  %-6s  %7.1f s  %s %s  (%s, %s)\n", when, build->outcome, (double)build->wall_us / G_USEC_PER_SEC,
		build->package, build->version, build->collection, build->target);
	if (build->reason)
		printf("    why: %s%s\n", build->reason, build->is_bootstrap ? " (bootstrap)" : "");
	if (build->cause)
		printf("    cause: %s\n", build->cause);
}

static void add_build(KilnJson *json, const KilnStoreBuild *build)
{
	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "package", build->package);
	kiln_json_add_text(json, "version", build->version);
	kiln_json_add_text(json, "collection", build->collection);
	kiln_json_add_text(json, "target", build->target);
	kiln_json_add_text(json, "key", build->key);
	kiln_json_add_text(json, "outcome", build->outcome);
	kiln_json_add_text(json, "reason", build->reason);
	kiln_json_add_text(json, "cause", build->cause);
	kiln_json_add_boolean(json, "bootstrap", build->is_bootstrap);
	kiln_json_add_number(json, "started", build->started);
	kiln_json_add_number(json, "wall_us", build->wall_us);
	kiln_json_add_number(json, "queue_us", build->queue_us);
	kiln_json_add_number(json, "layers_us", build->layers_us);
	kiln_json_add_number(json, "rpmbuild_us", build->rpmbuild_us);
	kiln_json_add_number(json, "collect_us", build->collect_us);
	kiln_json_add_number(json, "peak_memory_bytes", build->peak_memory_bytes);
	kiln_json_add_number(json, "wave", build->wave);
	kiln_json_add_number(json, "jobs", build->jobs);
	kiln_json_end_object(json);
}

static void answer(const GPtrArray *builds)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_array(json, NULL);
	for (guint i = 0; i < builds->len; i++)
		add_build(json, builds->pdata[i]);
	kiln_json_end_array(json);
	kiln_cli_answer(json);
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	const char *package = invocation->arguments[0];
	g_autoptr(KilnStore) store = NULL;
	g_autoptr(GPtrArray) builds = NULL;

	if (options.limit < 1 || options.limit > LIMIT_MAX) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE, "--limit %d: must be from 1 to %d", options.limit, LIMIT_MAX);
		return FALSE;
	}
	store = kiln_cli_store(invocation, error);
	builds = store ? kiln_store_list_builds(store, package, (guint)options.limit, error) : NULL;
	if (!builds)
		return FALSE;
	if (package && builds->len == 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND, "no build of \"%s\" is known", package);
		return FALSE;
	}
	if (invocation->json)
		answer(builds);
	for (guint i = 0; !invocation->json && i < builds->len; i++)
		print_build(builds->pdata[i]);
	return TRUE;
}

const KilnCommand kiln_command_history = {
	.name = "history",
	.synopsis = "[PACKAGE]",
	.summary = "Show the builds there were, newest first",
	.description = "When each began, how it ended, how long it took, why it was built and, if it failed, the first line\n"
		       "that explains it. --json has the key, where the time went, and the memory it took.",
	.options = entries,
	.needs = KILN_NEEDS_PROJECT,
	.maximum_arguments = 1,
	.run = run,
};
