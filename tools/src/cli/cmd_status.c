/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"

#include "base/clock.h"
#include "engine/catalog.h"
#include "engine/channel.h"
#include "engine/gc.h"

/* A collection for a target. */
typedef struct {
	const KilnCollection *collection;
	const char *target;
	GPtrArray *packages;  /* KilnCatalogPackage */
	GHashTable *results;  /* package -> KilnStoreResult of `rows`: what it has now */
	GHashTable *attempts; /* package -> KilnStoreBuild of `builds`: the last one */
	GPtrArray *rows, *builds, *channels;
} State;

static void state_clear(State *state)
{
	g_clear_pointer(&state->packages, g_ptr_array_unref);
	g_clear_pointer(&state->results, g_hash_table_unref);
	g_clear_pointer(&state->attempts, g_hash_table_unref);
	g_clear_pointer(&state->rows, g_ptr_array_unref);
	g_clear_pointer(&state->builds, g_ptr_array_unref);
	g_clear_pointer(&state->channels, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(State, state_clear)

static void index_rows(State *state)
{
	state->results = g_hash_table_new(g_str_hash, g_str_equal);
	state->attempts = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < state->rows->len; i++) {
		KilnStoreResult *row = state->rows->pdata[i];
		if (!row->is_bootstrap && !g_hash_table_contains(state->results, row->package))
			g_hash_table_insert(state->results, row->package, row);
	}
	for (guint i = 0; i < state->builds->len; i++) {
		KilnStoreBuild *build = state->builds->pdata[i];
		g_hash_table_insert(state->attempts, build->package, build);
	}
}

static gboolean read_state(const KilnProject *project, KilnStore *store, State *state, GError **error)
{
	const char *collection = state->collection->name;

	state->packages = kiln_catalog_list(project, state->collection, error);
	state->rows = state->packages ? kiln_store_list_results(store, collection, state->target, error) : NULL;
	state->builds = state->rows ? kiln_store_last_builds(store, collection, state->target, error) : NULL;
	state->channels = state->builds ? kiln_channel_list(project, collection, state->target, error) : NULL;
	if (!state->channels)
		return FALSE;
	index_rows(state);
	return TRUE;
}

/* The package's last attempt when that failed and nothing else was used instead since. */
static const KilnStoreBuild *failure_of(const State *state, const KilnCatalogPackage *package)
{
	const KilnStoreBuild *build = g_hash_table_lookup(state->attempts, package->name);

	return build && g_str_equal(build->outcome, KILN_STORE_FAILED) && !build->is_settled ? build : NULL;
}

static guint count_packages(const State *state, gboolean failed)
{
	guint count = 0;

	for (guint i = 0; i < state->packages->len; i++) {
		const KilnCatalogPackage *package = state->packages->pdata[i];
		if (failed ? failure_of(state, package) != NULL : g_hash_table_contains(state->results, package->name))
			count++;
	}
	return count;
}

static void print_channel(const KilnChannel *channel)
{
	g_autofree char *when = channel->snapshot ? kiln_clock_readable(channel->snapshot->created) : NULL;

	if (channel->snapshot)
		printf("  published  %s: snapshot %s of %s, %u packages\n", channel->name, channel->snapshot->id, when,
			channel->snapshot->packages->len);
	else
		printf("  published  %s: damaged: %s\n", channel->name, channel->damage);
}

static void print_state(const State *state)
{
	printf("%s for %s: %u packages, %u have a result, %u failed last\n", state->collection->name, state->target,
		state->packages->len, count_packages(state, FALSE), count_packages(state, TRUE));
	for (guint i = 0; i < state->packages->len; i++) {
		const KilnCatalogPackage *package = state->packages->pdata[i];
		const KilnStoreBuild *failure = failure_of(state, package);
		if (failure)
			printf("  failed     %s %s: %s\n             log: .kiln/failed/%s/%s/build.log\n", package->name,
				failure->version, failure->cause ? failure->cause : "no cause known", state->target,
				package->name);
		else if (!g_hash_table_contains(state->results, package->name))
			printf("  not built  %s\n", package->name);
	}
	for (guint i = 0; i < state->channels->len; i++)
		print_channel(state->channels->pdata[i]);
}

static void add_packages(KilnJson *json, const State *state)
{
	kiln_json_begin_array(json, "packages");
	for (guint i = 0; i < state->packages->len; i++) {
		const KilnCatalogPackage *package = state->packages->pdata[i];
		const KilnStoreResult *result = g_hash_table_lookup(state->results, package->name);
		const KilnStoreBuild *failure = failure_of(state, package);
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "package", package->name);
		kiln_json_add_text(json, "version", result ? result->version : NULL);
		kiln_json_add_text(json, "key", result ? result->key : NULL);
		kiln_json_add_boolean(json, "failed", failure != NULL);
		kiln_json_add_text(json, "cause", failure ? failure->cause : NULL);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
}

static void add_state(KilnJson *json, const State *state)
{
	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "collection", state->collection->name);
	kiln_json_add_text(json, "target", state->target);
	add_packages(json, state);
	kiln_json_begin_array(json, "channels");
	for (guint i = 0; i < state->channels->len; i++) {
		const KilnChannel *channel = state->channels->pdata[i];
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "channel", channel->name);
		kiln_json_add_text(json, "snapshot", channel->snapshot ? channel->snapshot->id : NULL);
		kiln_json_add_number(json, "created", channel->snapshot ? channel->snapshot->created : 0);
		kiln_json_add_number(json, "packages", channel->snapshot ? channel->snapshot->packages->len : 0);
		kiln_json_add_text(json, "damage", channel->damage);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
	kiln_json_end_object(json);
}

/* Tells of each collection and target: into `json`, or when that is NULL to stdout. */
static gboolean tell_states(const KilnProject *project, KilnStore *store, KilnJson *json, GError **error)
{
	for (guint i = 0; i < project->config->collections->len; i++) {
		const KilnCollection *collection = project->config->collections->pdata[i];
		for (char **target = collection->targets; *target; target++) {
			g_auto(State) state = {.collection = collection, .target = *target};
			if (!read_state(project, store, &state, error))
				return FALSE;
			if (json)
				add_state(json, &state);
			else
				print_state(&state);
		}
	}
	return TRUE;
}

static void tell_sizes(const GPtrArray *items, KilnJson *json)
{
	guint64 bytes[KILN_GC_KINDS] = {0}, total = 0;
	guint counts[KILN_GC_KINDS] = {0};

	for (guint i = 0; i < items->len; i++) {
		const KilnGcItem *item = items->pdata[i];
		bytes[item->kind] += item->bytes;
		counts[item->kind]++;
		total += item->bytes;
	}
	for (int kind = 0; kind < KILN_GC_KINDS; kind++) {
		g_autofree char *size = g_format_size_full(bytes[kind], G_FORMAT_SIZE_IEC_UNITS);
		if (json)
			kiln_json_add_number(json, kiln_gc_kind_name((KilnGcKind)kind), (gint64)bytes[kind]);
		else if (counts[kind] > 0)
			printf("  %-9s %10s in %u\n", kiln_gc_kind_name((KilnGcKind)kind), size, counts[kind]);
	}
	if (json)
		kiln_json_add_number(json, "total", (gint64)total);
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	const KilnProject *project = invocation->project;
	g_autoptr(KilnStore) store = kiln_cli_store(invocation, error);
	g_autoptr(GPtrArray) items = store ? kiln_gc_scan(project, store, FALSE, error) : NULL;
	g_autoptr(KilnJson) json = invocation->json ? kiln_json_new() : NULL;

	if (!items)
		return FALSE;
	if (json) {
		kiln_json_begin_object(json, NULL);
		kiln_json_begin_array(json, "collections");
	}
	if (!tell_states(project, store, json, error))
		return FALSE;
	if (json) {
		kiln_json_end_array(json);
		kiln_json_begin_object(json, "bytes");
	} else {
		printf("kept to be faster (`kiln gc` frees it):\n");
	}
	tell_sizes(items, json);
	if (json) {
		kiln_json_end_object(json);
		kiln_json_end_object(json);
		kiln_cli_answer(json);
	}
	return TRUE;
}

const KilnCommand kiln_command_status = {
	.name = "status",
	.synopsis = "",
	.summary = "Show what is built, failed and published, and what Kiln keeps",
	.description = "Reads what is known and solves nothing: whether a result is up to date, `kiln plan` tells.",
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT,
	.run = run,
};
