/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/gate.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/smoke.h"
#include "lib/rpmheader.h"

#include <string.h>

#define COMPOSE_PRIORITY 10

/* Every package, debug information included, must install on base and compose together. */
static gboolean check_closure(KilnContext *context, const KilnCompose *compose, GError **error)
{
	g_autofree char *cache = g_build_filename(context->project->cache, "solv", NULL);
	g_autoptr(KilnSolv) solv = kiln_solv_new(context->target->architecture, cache);
	KilnSolvRepository base = {.name = context->target->name, .directory = context->base_directory};
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) problems = NULL;
	g_autofree char *list = NULL;

	for (guint i = 0; i < compose->snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = compose->snapshot->packages->pdata[i];
		if (package->part != KILN_PART_SOURCE)
			g_ptr_array_add(paths, g_build_filename(compose->directory, package->file, NULL));
	}
	g_ptr_array_add(paths, NULL);
	if (!kiln_solv_add_repository(solv, &base, error) ||
		!kiln_solv_add_packages(solv, "compose", (const char *const *)paths->pdata, COMPOSE_PRIORITY,
			error) ||
		!kiln_solv_check_closure(solv, "compose", &problems, error))
		return FALSE;
	if (!problems[0])
		return TRUE;
	list = g_strjoinv("\n", problems);
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
		"closure: packages of the compose cannot be installed on \"%s\":\n%s", context->target->name, list);
	return FALSE;
}

/* A tree like the publish root in which the candidate is what the channel points at. */
static char *make_view(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error)
{
	g_autofree char *view = g_build_filename(context->project->publish_root, ".candidate", ".view", NULL);
	g_autofree char *repository =
		g_build_filename(view, context->collection->name, context->target->name, NULL);
	g_autofree char *place = g_build_filename(repository, "snapshots", compose->snapshot->id, NULL);

	if (!kiln_fs_remove_tree(view, error) || !kiln_fs_make_directory(place, error) ||
		!kiln_publish_point(context, identity, repository, compose->snapshot->id, error))
		return NULL;
	return g_steal_pointer(&view);
}

static gboolean is_from_source(const KilnRpmHeader *header, const char *source)
{
	g_auto(KilnNevra) nevra = {0};
	g_autofree char *text = g_strdup(header->source_rpm);

	if (g_str_has_suffix(text, ".rpm"))
		text[strlen(text) - strlen(".rpm")] = '\0';
	return kiln_nevra_parse(text, &nevra, NULL) && g_str_equal(nevra.name, source);
}

/* The installable packages of the compose that were built from the source package `source`. */
static char **names_from_source(const KilnCompose *compose, const char *source, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < compose->snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = compose->snapshot->packages->pdata[i];
		g_autofree char *path = g_build_filename(compose->directory, package->file, NULL);
		g_autoptr(KilnRpmHeader) header = NULL;
		if (package->part != KILN_PART_MAIN)
			continue;
		header = kiln_rpmheader_read(path, error);
		if (!header)
			return NULL;
		if (is_from_source(header, source))
			g_ptr_array_add(names, g_strdup(package->name));
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static gboolean run_smoke(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error)
{
	g_autofree char *view = make_view(context, identity, compose, error);
	g_autoptr(KilnSmoke) smoke = view ? kiln_smoke_open(context, identity, view, compose, error) : NULL;

	if (!smoke)
		return FALSE;
	for (guint i = 0; i < context->packages->len; i++) {
		const KilnCatalogPackage *package = context->packages->pdata[i];
		g_auto(GStrv) names = names_from_source(compose, package->name, error);
		if (!names || (names[0] && !kiln_smoke_run(smoke, package, names, error)))
			return FALSE;
	}
	return kiln_fs_remove_tree(view, error);
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
	kiln_event_done("gate", kiln_clock_monotonic_us() - start, "every package installs and works");
	return TRUE;
}
