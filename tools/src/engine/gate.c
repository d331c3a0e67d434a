/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/gate.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/smoke.h"
#include "lib/rpmheader.h"
#include "lib/solv_check.h"

#include <string.h>

#define COMPOSE_PRIORITY 10

/* Every package, debug information included, must install on base and compose together. */
static gboolean check_closure(KilnContext *context, const KilnCompose *compose, GError **error)
{
	g_autofree char *cache = g_build_filename(context->project->cache, "solv", NULL);
	g_autoptr(KilnSolv) solv = kiln_solv_new(context->target->architecture, cache);
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) files = g_array_new(FALSE, FALSE, sizeof(KilnSolvFile));
	g_autoptr(GPtrArray) findings = kiln_solv_findings_new();
	g_autoptr(GString) list = g_string_new(NULL);

	for (guint i = 0; i < compose->snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = compose->snapshot->packages->pdata[i];
		char *path = g_build_filename(compose->directory, package->file, NULL);
		KilnSolvFile file = {.path = path};
		g_ptr_array_add(paths, path);
		if (package->part != KILN_PART_SOURCE)
			g_array_append_val(files, file);
	}
	if (!kiln_base_add_to(context->base, solv, error) ||
		!kiln_solv_set_packages(solv, "compose", (const KilnSolvFile *)files->data, files->len,
			COMPOSE_PRIORITY, error) ||
		!kiln_solv_check_closure(solv, "compose", NULL, findings, error))
		return FALSE;
	if (findings->len == 0)
		return TRUE;
	for (guint i = 0; i < findings->len; i++)
		g_string_append_printf(list, "%s%s", i ? "\n" : "", ((KilnSolvFinding *)findings->pdata[i])->sentence);
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
		"closure: packages of the compose cannot be installed on \"%s\":\n%s", context->target->name, list->str);
	return FALSE;
}

/* A tree like the publish root in which the candidate is what the channel points at. */
static char *make_view(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error)
{
	g_autofree char *view = g_build_filename(context->project->publish_root, ".candidate", ".view",
		context->collection->name, context->target->name, NULL);
	g_autofree char *repository =
		g_build_filename(view, context->collection->name, context->target->name, NULL);
	g_autofree char *place = g_build_filename(repository, "snapshots", compose->snapshot->id, NULL);

	if (!kiln_fs_remove_tree(view, error) || !kiln_fs_make_directory(place, error) ||
		!kiln_publish_point(context, identity, repository, compose->snapshot->id, error))
		return NULL;
	return g_steal_pointer(&view);
}

/* The name of the source package that a package was built from, NULL if it names none. */
static char *source_name(const KilnRpmHeader *header)
{
	g_auto(KilnNevra) nevra = {0};
	g_autofree char *text = g_strdup(header->source_rpm);

	if (g_str_has_suffix(text, ".rpm"))
		text[strlen(text) - strlen(".rpm")] = '\0';
	return kiln_nevra_parse(text, &nevra, NULL) ? g_strdup(nevra.name) : NULL;
}

/* Every installable package of a candidate must be in a run of the package it was built from; what was
 * published before may be of a package that is gone. */
static gboolean add_to_run(const KilnCompose *compose, GHashTable *runs, const KilnRpmHeader *header,
	gboolean is_candidate, GError **error)
{
	g_autofree char *source = source_name(header);
	const KilnCatalogPackage *package = source ? g_hash_table_lookup(compose->by_source, source) : NULL;
	GPtrArray *nevras;

	if (!package) {
		if (!is_candidate)
			return TRUE;
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
			"\"%s\" is in no smoke test: it was built from \"%s\", which is no package of \"%s\"",
			header->nevra, header->source_rpm, compose->snapshot->collection);
		return FALSE;
	}
	nevras = g_hash_table_lookup(runs, package->name);
	if (!nevras) {
		nevras = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(runs, g_strdup(package->name), nevras);
	}
	g_ptr_array_add(nevras, g_strdup(header->nevra));
	return TRUE;
}

/* What to install in each run: a name in the catalog to the packages (char *) built from it. */
static GHashTable *plan_runs(const KilnCompose *compose, const KilnSnapshot *snapshot, const char *directory,
	gboolean is_candidate, GError **error)
{
	g_autoptr(GHashTable) runs = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	GHashTableIter iterator;
	gpointer nevras;

	for (guint i = 0; i < snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = snapshot->packages->pdata[i];
		g_autofree char *path = g_build_filename(directory, package->file, NULL);
		g_autoptr(KilnRpmHeader) header = NULL;
		if (package->part != KILN_PART_MAIN)
			continue;
		header = kiln_rpmheader_read(path, error);
		if (!header || !add_to_run(compose, runs, header, is_candidate, error))
			return NULL;
	}
	g_hash_table_iter_init(&iterator, runs);
	while (g_hash_table_iter_next(&iterator, NULL, &nevras))
		g_ptr_array_add(nevras, NULL);
	return g_steal_pointer(&runs);
}

/* What users have now; nothing if there is nothing published, or only something damaged, which
 * publishing sees to. */
static gboolean open_previous(
	const KilnContext *context, KilnSnapshot **ret_snapshot, char **ret_directory)
{
	g_autofree char *repository = kiln_compose_repository_directory(context);
	g_autoptr(GError) fault = NULL;

	if (!kiln_publish_current(context, context->project->config->channel, ret_snapshot, &fault) ||
		!*ret_snapshot)
		return FALSE;
	*ret_directory = g_build_filename(repository, "snapshots", (*ret_snapshot)->id, NULL);
	return TRUE;
}

/* The packages to update from; NULL if there are none, or none but these. */
static char *const *packages_before(GHashTable *before, const char *name, const GPtrArray *nevras)
{
	const GPtrArray *previous = before ? g_hash_table_lookup(before, name) : NULL;

	if (!previous || g_strv_equal((const char *const *)previous->pdata, (const char *const *)nevras->pdata))
		return NULL;
	return (char *const *)previous->pdata;
}

static gboolean run_each(KilnContext *context, KilnSmoke *smoke, GHashTable *runs, GHashTable *before,
	GError **error)
{
	for (guint i = 0; i < context->packages->len; i++) {
		const KilnCatalogPackage *package = context->packages->pdata[i];
		GPtrArray *nevras = g_hash_table_lookup(runs, package->name);
		if (nevras && !kiln_smoke_run(smoke, package, (char **)nevras->pdata,
				      packages_before(before, package->name, nevras), error))
			return FALSE;
	}
	return TRUE;
}

static gboolean run_smoke(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error)
{
	g_autoptr(GHashTable) runs = plan_runs(compose, compose->snapshot, compose->directory, TRUE, error);
	g_autofree char *view = runs ? make_view(context, identity, compose, error) : NULL;
	g_autoptr(KilnSnapshot) previous = NULL;
	g_autofree char *directory = NULL;
	g_autoptr(GHashTable) before = NULL;
	g_autoptr(KilnSmoke) smoke = NULL;

	if (view && open_previous(context, &previous, &directory))
		before = plan_runs(compose, previous, directory, FALSE, NULL);
	smoke = view ? kiln_smoke_open(context, identity, view, compose, directory, error) : NULL;
	return smoke && run_each(context, smoke, runs, before, error) && kiln_fs_remove_tree(view, error);
}

gboolean kiln_gate_run(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error)
{
	gint64 start = kiln_clock_monotonic_us();

	kiln_event_step("gate", "closure");
	if (!check_closure(context, compose, error) || !run_smoke(context, identity, compose, error)) {
		g_prefix_error(error, "the gate holds \"%s\" back: ", compose->snapshot->id);
		return FALSE;
	}
	kiln_event_done("gate", kiln_clock_monotonic_us() - start, "dnf installs every package, no smoke test fails");
	return TRUE;
}
