/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/context.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/evaluate.h"
#include "engine/root.h"

#include <string.h>

#define MACROS_MAX_BYTES (1024 * 1024)
#define BUILT_PRIORITY 10

static gboolean read_macros(KilnContext *context, GError **error)
{
	g_autofree char *directory = kiln_project_target_directory(context->project, context->target);

	context->macros_path = g_build_filename(directory, context->target->macros, NULL);
	context->macros = kiln_fs_read(context->macros_path, MACROS_MAX_BYTES, NULL, error);
	if (!context->macros)
		return FALSE;
	context->macros_sha256 = kiln_digest_of_bytes(context->macros, strlen(context->macros));
	return TRUE;
}

static gboolean open_base(KilnContext *context, GError **error)
{
	g_autofree char *cache = g_build_filename(context->project->cache, "solv", NULL);

	context->base = kiln_base_open(context->project, context->target, error);
	if (!context->base)
		return FALSE;
	context->solv = kiln_solv_new(context->target->architecture, cache);
	return kiln_base_add_to(context->base, context->solv, error);
}

static gboolean allow_places(const KilnContext *context, GError **error)
{
	const char *const places[] = {context->project->state, context->project->cache,
		context->project->publish_root, context->base->directory,
		context->project->helper_directory};

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
		if (!kiln_fs_make_directory(places[i], error) || !kiln_root_allow(places[i], error))
			return FALSE;
	return kiln_root_allow(context->project->root, error);
}

static gboolean has_package(const KilnProject *project, const KilnCollection *collection, const char *name)
{
	g_autoptr(GPtrArray) packages = kiln_catalog_list(project, collection, NULL);

	/* A collection that cannot be listed is told where it is worked on, and may have it. */
	return !packages || kiln_catalog_find(packages, name, NULL);
}

/* A name that is spelt wrong would change nothing, silently. */
static void warn_of_strangers(const KilnContext *context)
{
	const KilnConfig *config = context->project->config;

	for (guint i = 0; i < config->packages->len; i++) {
		const char *name = ((const KilnPackageOptions *)config->packages->pdata[i])->name;
		g_autoptr(GError) unknown = NULL;
		gboolean found = kiln_catalog_find(context->packages, name, &unknown) != NULL;
		for (guint c = 0; !found && c < config->collections->len; c++)
			found = has_package(context->project, config->collections->pdata[c], name);
		if (!found)
			kiln_event_warning("kiln.conf", "[package %s]: %s", name, unknown->message);
	}
}

KilnContext *kiln_context_open(const KilnProject *project, const KilnCollection *collection,
	KilnTarget *target, GError **error)
{
	g_autoptr(KilnContext) context = g_new0(KilnContext, 1);

	g_mutex_init(&context->solving);
	context->project = project;
	context->collection = collection;
	context->target = target;
	context->packages = kiln_catalog_list(project, collection, error);
	if (!context->packages || !read_macros(context, error) || !open_base(context, error) ||
		!allow_places(context, error))
		return NULL;
	warn_of_strangers(context);
	return g_steal_pointer(&context);
}

void kiln_context_free(KilnContext *context)
{
	if (!context)
		return;
	kiln_target_free(context->target);
	g_clear_pointer(&context->packages, g_ptr_array_unref);
	g_free(context->macros_path);
	g_free(context->macros);
	g_free(context->macros_sha256);
	g_mutex_clear(&context->solving);
	kiln_base_free(context->base);
	g_clear_pointer(&context->solv, kiln_solv_free);
	g_clear_pointer(&context->buildroot_solution, kiln_solution_free);
	kiln_layers_free(context->buildroot);
	g_free(context);
}

KilnSolution *kiln_context_attempt(
	KilnContext *context, const KilnSolvRequest *request, char ***ret_problems, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&context->solving);
	g_autoptr(GError) local = NULL;
	KilnSolution *solution = kiln_solv_resolve(context->solv, request, &local);
	const char *const *problems = kiln_solv_problems(context->solv);

	(void)locker;
	if (solution)
		return solution;
	if (local->code == KILN_ERROR_UNSOLVABLE && problems && problems[0]) {
		*ret_problems = g_strdupv((char **)problems);
		return NULL;
	}
	/* Whatever is damaged of an imported base, an import makes it whole. */
	if (local->code == KILN_ERROR_VERIFY)
		g_prefix_error(&local, "target \"%s\" (`kiln base import` renews its base): ", context->target->name);
	g_propagate_error(error, g_steal_pointer(&local));
	return NULL;
}

static KilnSolution *solve(KilnContext *context, const KilnSolvRequest *request, GError **error)
{
	g_auto(GStrv) problems = NULL;
	KilnSolution *solution = kiln_context_attempt(context, request, &problems, error);
	g_autofree char *list = NULL;

	if (solution || !problems)
		return solution;
	list = g_strjoinv("\n", problems);
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE, "\"%s\" cannot be satisfied for target \"%s\":\n%s",
		request->requester, context->target->name, list);
	return NULL;
}

KilnLayers *kiln_context_layers(KilnContext *context, const KilnSolvRequest *request,
	const KilnLayers *below, KilnSolution **ret_solution, GError **error)
{
	g_autoptr(KilnSolution) solution = solve(context, request, error);
	g_autofree char *label = g_strdup_printf("%s %s", context->target->name, request->requester);
	KilnLayerRequest layer = {.cache = context->project->cache,
		.below = below,
		.solution = solution,
		.base = context->base,
		.macros = context->macros,
		.label = label,
		.has_own_database = context->target->has_own_database};
	KilnLayers *layers = solution ? kiln_layers_ensure(&layer, NULL, error) : NULL;

	if (layers && ret_solution)
		*ret_solution = g_steal_pointer(&solution);
	return layers;
}

const KilnLayers *kiln_context_buildroot(KilnContext *context, GError **error)
{
	KilnSolvRequest request = {.requester = "buildroot",
		.requirements = (const char *const *)context->target->buildroot};

	if (!context->buildroot)
		context->buildroot = kiln_context_layers(
			context, &request, NULL, &context->buildroot_solution, error);
	return context->buildroot;
}

gboolean kiln_context_provides(KilnContext *context, const char *capability, const char *const *hidden,
	gboolean *ret_is_provided, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&context->solving);

	(void)locker;
	return kiln_solv_provides(context->solv, capability, hidden, ret_is_provided, error);
}

gboolean kiln_context_offer(KilnContext *context, const char *repository, const KilnSolvFile *files, gsize count,
	GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&context->solving);

	(void)locker;
	return kiln_solv_set_packages(context->solv, repository, files, count, BUILT_PRIORITY, error);
}

gboolean kiln_context_expect(KilnContext *context, const char *repository, const KilnSpec *spec,
	const KilnSolvFile *last, gsize count, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&context->solving);

	const KilnSolvPlan plan = {
		.spec = spec, .last = last, .last_count = count, .priority = BUILT_PRIORITY};

	(void)locker;
	return kiln_solv_set_planned(context->solv, repository, &plan, error);
}

/* Paths of the project are told as they can be used where the user is. */
static void shorten_paths(const KilnProject *project, GError *error)
{
	g_autofree char *root = g_strconcat(project->root, "/", NULL);
	g_auto(GStrv) parts = NULL;

	if (!project->is_here)
		return;
	parts = g_strsplit(error->message, root, -1);
	g_free(error->message);
	error->message = g_strjoinv("", parts);
}

KilnSpec *kiln_context_evaluate(KilnContext *context, const KilnCatalogPackage *package, gboolean is_bootstrap,
	GError **error)
{
	const KilnPackageOptions *options = kiln_config_package(context->project->config, package->name);
	g_auto(GStrv) with = kiln_package_options_with(options, is_bootstrap);
	g_auto(GStrv) without = kiln_package_options_without(options, is_bootstrap);
	g_auto(GStrv) defines = kiln_package_options_defines(options);
	const KilnLayers *layers = kiln_context_buildroot(context, error);
	KilnEvaluation evaluation = {.spec = package->spec_path,
		.directories = (const char *const *)package->source_directories,
		.shares_directories = package->shares_sources,
		.macros = context->macros_path,
		.with = (const char *const *)with,
		.without = (const char *const *)without,
		.defines = (const char *const *)defines,
		.cache = context->project->cache};
	g_autoptr(GError) local = NULL;
	KilnSpec *spec;

	if (!layers)
		return NULL;
	evaluation.layers = (const char *const *)layers->trees;
	spec = kiln_evaluate_spec(&evaluation, &local);
	if (spec)
		return spec;
	shorten_paths(context->project, local);
	g_propagate_error(error, g_steal_pointer(&local));
	return NULL;
}
