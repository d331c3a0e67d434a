/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/gate_smoke.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/jobs.h"
#include "engine/publish.h"
#include "engine/schedule.h"
#include "engine/smoke.h"
#include "lib/rpmheader.h"
#include "model/nevra.h"

#include <string.h>

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

/* One package's tests. */
typedef struct {
	KilnSmoke *smoke;
	const KilnCatalogPackage *package;
	char *const *nevras;
	char *const *previous; /* NULL: there are none */
	GError *error;
} Run;

static void run_free(Run *run)
{
	g_clear_error(&run->error);
	g_free(run);
}

static const char *name_of(gconstpointer run)
{
	return ((const Run *)run)->package->name;
}

static gboolean run_one(gpointer data, gpointer unused)
{
	Run *run = data;

	(void)unused;
	return kiln_smoke_run(run->smoke, run->package, run->nevras, run->previous, &run->error);
}

static GPtrArray *make_runs(KilnContext *context, KilnSmoke *smoke, GHashTable *nevras, GHashTable *before)
{
	GPtrArray *runs = g_ptr_array_new_with_free_func((GDestroyNotify)run_free);

	for (guint i = 0; i < context->packages->len; i++) {
		const KilnCatalogPackage *package = context->packages->pdata[i];
		const GPtrArray *own = g_hash_table_lookup(nevras, package->name);
		Run *run;
		if (!own)
			continue;
		run = g_new0(Run, 1);
		*run = (Run){.smoke = smoke, .package = package, .nevras = (char *const *)own->pdata};
		run->previous = packages_before(before, package->name, own);
		g_ptr_array_add(runs, run);
	}
	return runs;
}

/* All that failed, at once; what the host is to blame for goes before that. */
static gboolean tell_failures(const GPtrArray *runs, GError **error)
{
	g_autoptr(GString) lines = g_string_new(NULL);

	for (guint i = 0; i < runs->len; i++) {
		Run *run = runs->pdata[i];
		if (!run->error)
			continue;
		if (!g_error_matches(run->error, KILN_ERROR, KILN_ERROR_BUILD)) {
			g_propagate_error(error, g_steal_pointer(&run->error));
			return FALSE;
		}
		g_string_append_printf(lines, "%s%s", lines->len ? "\n" : "", run->error->message);
	}
	if (lines->len == 0)
		return TRUE;
	g_set_error_literal(error, KILN_ERROR, KILN_ERROR_BUILD, lines->str);
	return FALSE;
}

/* Services under test mostly wait: as many at once as there may be builds. */
static gboolean run_all(KilnContext *context, KilnSmoke *smoke, GHashTable *nevras, GHashTable *before, GError **error)
{
	g_autoptr(GPtrArray) runs = make_runs(context, smoke, nevras, before);
	const KilnJobKind kind = {.step = "smoke test", .name = name_of, .work = run_one};
	guint at_once = kiln_schedule_default_jobs(context->project->config);

	return kiln_jobs_run(runs, at_once, &kind, error) && tell_failures(runs, error);
}

gboolean kiln_gate_smoke(
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
	smoke = view ? kiln_smoke_open(context, identity, view, compose, before ? directory : NULL, error) : NULL;
	return smoke && run_all(context, smoke, runs, before, error) && kiln_fs_remove_tree(view, error);
}
