/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/plan.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/order.h"
#include "engine/package_sources.h"

#include <sys/stat.h>

/* Part of every build key: raise it when the way of building changes what comes out. */
#define BUILD_FORMAT "1"
#define RESULT_MAX_BYTES (16 * 1024 * 1024)

static void item_free(KilnPlanItem *item)
{
	if (!item)
		return;
	g_clear_pointer(&item->spec, kiln_spec_free);
	g_clear_pointer(&item->sources, g_ptr_array_unref);
	g_free(item->spec_sha256);
	g_free(item->key);
	g_free(item->result_directory);
	g_clear_pointer(&item->packages, g_ptr_array_unref);
	g_free(item);
}

/* Everything is filed under the package's name: results, failures, smoke tests. */
static gboolean check_name(const KilnPlanItem *item, GError **error)
{
	if (g_str_equal(item->spec->name, item->package->name))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"specs/%s/%s/%s.spec: its Name is \"%s\"; a package's directory, spec and Name are one name",
		item->package->collection, item->package->name, item->package->name, item->spec->name);
	return FALSE;
}

static GPtrArray *evaluate_all(KilnContext *context, GError **error)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)item_free);

	for (guint i = 0; i < context->packages->len; i++) {
		KilnPlanItem *item = g_new0(KilnPlanItem, 1);
		g_ptr_array_add(items, item);
		item->package = context->packages->pdata[i];
		item->spec = kiln_context_evaluate(context, item->package, FALSE, error);
		if (!item->spec || !check_name(item, error))
			return NULL;
		item->spec_sha256 = kiln_digest_of_file(item->package->spec_path, NULL, error);
		if (!item->spec_sha256)
			return NULL;
		if (!kiln_spec_allows_arch(item->spec, context->target->architecture)) {
			kiln_event_warning(item->package->name, "left out: its spec excludes %s",
				context->target->architecture);
			g_ptr_array_remove_index(items, items->len - 1);
		}
	}
	return g_steal_pointer(&items);
}

static GPtrArray *specs_of(const GPtrArray *items)
{
	GPtrArray *specs = g_ptr_array_new();

	for (guint i = 0; i < items->len; i++)
		g_ptr_array_add(specs, ((KilnPlanItem *)items->pdata[i])->spec);
	return specs;
}

/* Marks the named items and what they need; every name must be one of the context's packages. */
static gboolean *mark_wanted(KilnContext *context, const GPtrArray *items, const GPtrArray *specs,
	const char *const *names, GError **error)
{
	gboolean *wanted = g_new0(gboolean, items->len);

	for (; *names; names++) {
		const KilnCatalogPackage *package = kiln_catalog_find(context->packages, *names, error);
		if (!package) {
			g_free(wanted);
			return NULL;
		}
		for (guint i = 0; i < items->len; i++)
			if (((KilnPlanItem *)items->pdata[i])->package == package)
				wanted[i] = TRUE;
	}
	kiln_order_close(specs, wanted);
	return wanted;
}

static GPtrArray *arrange(KilnContext *context, GPtrArray *items, const char *const *names, GError **error)
{
	g_autoptr(GPtrArray) specs = specs_of(items);
	g_autofree gboolean *wanted = names ? mark_wanted(context, items, specs, names, error) : NULL;
	g_autofree guint *order = NULL;
	GPtrArray *arranged;

	if (names && !wanted)
		return NULL;
	order = kiln_order_specs(specs, error);
	if (!order)
		return NULL;
	arranged = g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
	for (guint i = 0; i < items->len; i++) {
		if (wanted && !wanted[order[i]])
			continue;
		g_ptr_array_add(arranged, g_steal_pointer(&items->pdata[order[i]]));
	}
	return arranged;
}

/* The problems of one item's requirements on the base, as far as they do not wait for another item. */
static gboolean collect_problems(KilnContext *context, const GPtrArray *specs, const KilnPlanItem *item,
	GPtrArray *problems, GError **error)
{
	g_autofree const char **outside = kiln_order_outside(specs, item->spec);
	KilnSolvRequest request = {.requester = item->package->name,
		.requirements = outside,
		.installed = context->buildroot_solution};
	g_autoptr(GError) local = NULL;
	g_autoptr(KilnSolution) solution = kiln_solv_resolve(context->solv, &request, &local);

	if (solution)
		return TRUE;
	if (local->code != KILN_ERROR_UNSOLVABLE) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	for (const char *const *problem = kiln_solv_problems(context->solv); *problem; problem++)
		g_ptr_array_add(problems, g_strdup(*problem));
	return TRUE;
}

/* What the base cannot satisfy is told before anything is fetched or built, for all items at once. */
static gboolean check_resolvable(KilnContext *context, const GPtrArray *items, GError **error)
{
	g_autoptr(GPtrArray) specs = specs_of(items);
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *list = NULL;

	for (guint i = 0; i < items->len; i++)
		if (!collect_problems(context, specs, items->pdata[i], problems, error))
			return FALSE;
	if (problems->len == 0)
		return TRUE;
	g_ptr_array_add(problems, NULL);
	list = g_strjoinv("\n", (char **)problems->pdata);
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
		"build requirements cannot be satisfied for target \"%s\":\n%s", context->target->name, list);
	return FALSE;
}

GPtrArray *kiln_plan_make(
	KilnContext *context, const KilnIdentity *identity, const char *const *names, GError **error)
{
	g_autoptr(GPtrArray) evaluated = evaluate_all(context, error);
	g_autoptr(GPtrArray) items = evaluated ? arrange(context, evaluated, names, error) : NULL;
	gint64 start = kiln_clock_monotonic_us();
	guint files = 0;

	if (!items || !check_resolvable(context, items, error))
		return NULL;
	kiln_event_step("sources", "fetching and verifying");
	for (guint i = 0; i < items->len; i++) {
		KilnPlanItem *item = items->pdata[i];
		if (!kiln_package_sources_fetch(
			    context, identity, item->package, item->spec, &item->sources, error))
			return NULL;
		files += item->sources->len;
	}
	kiln_event_done("sources", kiln_clock_monotonic_us() - start, "%u verified (packages: %u)", files,
		items->len);
	return g_steal_pointer(&items);
}

static char *compute_key(const KilnContext *context, const KilnPlanItem *item, const char *layer_key)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();

	kiln_digest_add(digest, "format", BUILD_FORMAT);
	kiln_digest_add(digest, "package", item->package->name);
	kiln_digest_add(digest, "architecture", context->target->architecture);
	kiln_digest_add(digest, "spec", item->spec_sha256);
	kiln_digest_add(digest, "buildroot", layer_key);
	for (guint i = 0; i < item->sources->len; i++) {
		const KilnSourceFile *file = item->sources->pdata[i];
		kiln_digest_add(digest, file->name, file->sha256);
	}
	return kiln_digest_finish(digest);
}

KilnSolution *kiln_plan_solve(
	KilnContext *context, const KilnPlanItem *item, const char *const *further, GError **error)
{
	g_autoptr(GPtrArray) requirements = g_ptr_array_copy(item->spec->build_requires, NULL, NULL);
	g_autoptr(GPtrArray) conflicts = g_ptr_array_copy(item->spec->build_conflicts, NULL, NULL);
	KilnSolvRequest request = {
		.requester = item->package->name, .installed = context->buildroot_solution};

	g_ptr_array_set_free_func(requirements, NULL);
	g_ptr_array_set_free_func(conflicts, NULL);
	for (; further && *further; further++)
		g_ptr_array_add(requirements, (gpointer)*further);
	g_ptr_array_add(requirements, NULL);
	g_ptr_array_add(conflicts, NULL);
	request.requirements = (const char *const *)requirements->pdata;
	request.conflicts = (const char *const *)conflicts->pdata;
	return kiln_context_solve(context, &request, error);
}

/* Cheap, as it is done in every run: the digest is checked where a package is signed. */
static gboolean check_sizes(const KilnPlanItem *item, GError **error)
{
	for (guint i = 0; i < item->packages->len; i++) {
		const KilnResultPackage *package = item->packages->pdata[i];
		g_autofree char *path = g_build_filename(item->result_directory, package->file, NULL);
		struct stat status;
		if (stat(path, &status) == 0 && (guint64)status.st_size == package->size)
			continue;
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\" is missing or has another size", path);
		return FALSE;
	}
	return TRUE;
}

gboolean kiln_plan_load_result(KilnPlanItem *item, GError **error)
{
	g_autofree char *path = g_build_filename(item->result_directory, "result.json", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) damage = NULL;

	g_clear_pointer(&item->packages, g_ptr_array_unref);
	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return TRUE;
	text = kiln_fs_read(path, RESULT_MAX_BYTES, NULL, error);
	if (!text)
		return FALSE;
	item->packages = kiln_result_parse(text, path, &damage);
	if (item->packages && check_sizes(item, &damage))
		return TRUE;
	g_clear_pointer(&item->packages, g_ptr_array_unref);
	kiln_event_warning(item->package->name, "building it again: %s", damage->message);
	return TRUE;
}

/* Where it is kept what builds of the package turned out to require beyond its spec. */
static char *learned_path(const KilnContext *context, const KilnPlanItem *item)
{
	return g_build_filename(
		context->project->state, "learned", context->target->name, item->package->name, NULL);
}

static void set_key(const KilnContext *context, KilnPlanItem *item, const char *layer_key)
{
	g_free(item->key);
	g_free(item->result_directory);
	item->key = compute_key(context, item, layer_key);
	item->result_directory = g_build_filename(context->project->state, "builds", item->key, NULL);
}

gboolean kiln_plan_learn(const KilnContext *context, KilnPlanItem *item, const char *const *further,
	const char *layer_key, GError **error)
{
	g_autofree char *path = learned_path(context, item);
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *text = g_strjoinv("\n", (char **)further);

	set_key(context, item, layer_key);
	return kiln_fs_make_directory(directory, error) && kiln_fs_replace_text(path, text, error);
}

/* Key and result for the item's requirements together with `further`. */
static gboolean resolve_with(
	KilnContext *context, KilnPlanItem *item, const char *const *further, GError **error)
{
	g_autofree char *layer_key = NULL;
	KilnLayerRequest layer = {.below = context->buildroot, .macros = context->macros};
	g_autoptr(KilnSolution) solution = kiln_plan_solve(context, item, further, error);

	if (!solution)
		return FALSE;
	layer.solution = solution;
	layer_key = kiln_layer_key(&layer, error);
	if (!layer_key)
		return FALSE;
	set_key(context, item, layer_key);
	return kiln_plan_load_result(item, error);
}

gboolean kiln_plan_resolve(KilnContext *context, KilnPlanItem *item, GError **error)
{
	g_autofree char *path = learned_path(context, item);
	g_autofree char *text = kiln_fs_read(path, RESULT_MAX_BYTES, NULL, NULL);
	g_auto(GStrv) learned = g_strsplit(text ? text : "", "\n", -1);

	/* What the last build learnt may no longer hold: then the build finds out anew. */
	if (*learned && resolve_with(context, item, (const char *const *)learned, NULL) && item->packages)
		return TRUE;
	return resolve_with(context, item, NULL, error);
}
