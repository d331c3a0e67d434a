/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/plan.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "engine/package_sources.h"

static void item_free(KilnPlanItem *item)
{
	g_free(item->name);
	g_free(item->macros);
	g_clear_pointer(&item->spec, kiln_spec_free);
	g_free(item->spec_sha256);
	g_clear_pointer(&item->sources, g_ptr_array_unref);
	g_free(item->repository);
	g_strfreev(item->hidden);
	g_clear_pointer(&item->solution, kiln_solution_free);
	g_ptr_array_unref(item->deferred);
	g_ptr_array_unref(item->problems);
	g_strfreev(item->further);
	g_free(item->reason);
	g_clear_pointer(&item->inputs, kiln_inputs_free);
	g_free(item->plain_key);
	g_free(item->key);
	g_free(item->result_directory);
	g_clear_pointer(&item->packages, g_ptr_array_unref);
	g_free(item->last_key);
	g_free(item->last_directory);
	g_free(item->last_spec_sha256);
	g_clear_pointer(&item->last_packages, g_ptr_array_unref);
	g_free(item);
}

void kiln_plan_free(KilnPlan *plan)
{
	if (!plan)
		return;
	g_hash_table_unref(plan->by_repository);
	g_ptr_array_unref(plan->items);
	kiln_graph_free(plan->graph);
	g_free(plan->order);
	g_strfreev(plan->names);
	g_clear_pointer(&plan->known, g_ptr_array_unref);
	g_free(plan);
}

/* Everything is filed under the package's name: results, failures, smoke tests. An adopted tree's specs may be
 * called otherwise than what they make. */
static gboolean check_name(const KilnPlanItem *item, GError **error)
{
	if (item->package->is_adopted || g_str_equal(item->spec->name, item->package->name))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"specs/%s/%s/%s.spec: its Name is \"%s\"; a package's directory, spec and Name are one name",
		item->package->collection, item->package->name, item->package->name, item->spec->name);
	return FALSE;
}

static KilnPlanItem *item_new(const KilnPlan *plan, const KilnCatalogPackage *package, char *name)
{
	KilnPlanItem *item = g_new0(KilnPlanItem, 1);

	item->package = package;
	item->name = name;
	item->repository = g_strconcat("built ", name, NULL);
	item->deferred = g_ptr_array_new_with_free_func(g_free);
	item->problems = g_ptr_array_new_with_free_func(g_free);
	item->macros = kiln_package_options_macros(
		kiln_config_package(plan->context->project->config, package->name), FALSE);
	return item;
}

/* The packages of the last result of this very version are as good as the new ones until those are there; of
 * another version, or of none, the spec says what there will be. */
static gboolean is_last_of_this_version(const KilnPlanItem *item)
{
	g_autoptr(GHashTable) files = g_hash_table_new(g_str_hash, g_str_equal);
	guint binaries = 0;

	for (guint i = 0; item->last_packages && i < item->last_packages->len; i++) {
		const KilnResultPackage *package = item->last_packages->pdata[i];
		g_hash_table_add(files, package->file);
		binaries += package->is_source ? 0 : 1;
	}
	for (guint i = 0; i < item->spec->packages->len; i++) {
		const KilnSpecPackage *package = item->spec->packages->pdata[i];
		g_autofree char *file = package->is_built ? kiln_spec_package_filename(package) : NULL;
		if (file && !g_hash_table_contains(files, file))
			return FALSE;
	}
	return binaries > 0;
}

/* The package files of a result, for the solver. Caller frees the array; paths and digests are in `ret_texts`. */
static KilnSolvFile *result_files(
	const GPtrArray *packages, const char *directory, gsize *ret_count, GPtrArray *texts)
{
	KilnSolvFile *files = g_new0(KilnSolvFile, packages ? packages->len + 1 : 1);
	gsize count = 0;

	for (guint i = 0; packages && i < packages->len; i++) {
		const KilnResultPackage *package = packages->pdata[i];
		if (package->is_source)
			continue;
		files[count].path = g_build_filename(directory, package->file, NULL);
		files[count++].sha256 = package->sha256;
		g_ptr_array_add(texts, (gpointer)files[count - 1].path);
	}
	*ret_count = count;
	return files;
}

/* What others may be solved over before the item is built. */
static gboolean offer_expected(KilnPlan *plan, const KilnPlanItem *item, GError **error)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	gsize count;
	g_autofree KilnSolvFile *files =
		result_files(item->last_packages, item->last_directory, &count, texts);

	if (is_last_of_this_version(item))
		return kiln_context_offer(plan->context, item->repository, files, count, error);
	return kiln_context_expect(plan->context, item->repository, item->spec, files, count, error);
}

gboolean kiln_plan_offer(KilnPlan *plan, KilnPlanItem *item, GError **error)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	gsize count;
	g_autofree KilnSolvFile *files = result_files(item->packages, item->result_directory, &count, texts);

	g_atomic_int_set(&item->is_done, 1);
	if (item->last_key && g_str_equal(item->last_key, item->key) && item->state == KILN_PLAN_CACHED &&
		is_last_of_this_version(item))
		return TRUE;
	if (!kiln_context_offer(plan->context, item->repository, files, count, error))
		return FALSE;
	for (guint i = 0; i < plan->items->len; i++) {
		KilnPlanItem *other = plan->items->pdata[i];
		const GPtrArray *edges = kiln_graph_edges(plan->graph, i);
		for (guint e = 0; e < edges->len; e++)
			if (plan->items->pdata[((const KilnGraphEdge *)edges->pdata[e])->to] == item)
				other->is_stale = TRUE;
		other->is_stale = other->is_stale || other->deferred->len > 0;
	}
	return TRUE;
}

/* Takes over `spec`, evaluated. */
static KilnPlanItem *add_evaluated(KilnPlan *plan, const KilnCatalogPackage *package, char *name,
	gboolean is_bootstrap, KilnSpec *spec, GError **error)
{
	KilnPlanItem *item = item_new(plan, package, name);
	const KilnPackageOptions *options = kiln_config_package(plan->context->project->config, package->name);

	item->spec = spec;
	g_ptr_array_add(plan->items, item);
	kiln_graph_add_node(plan->graph, item->name);
	g_hash_table_insert(plan->by_repository, item->repository, item);
	if (is_bootstrap) {
		item->is_bootstrap = TRUE;
		g_free(item->macros);
		item->macros = kiln_package_options_macros(options, TRUE);
	}
	if (!check_name(item, error))
		return NULL;
	item->spec_sha256 = kiln_digest_of_file(package->spec_path, NULL, error);
	if (!item->spec_sha256)
		return NULL;
	kiln_plan_find_last(plan, item);
	return offer_expected(plan, item, error) ? item : NULL;
}

KilnPlanItem *kiln_plan_add_item(KilnPlan *plan, const KilnCatalogPackage *package, char *name,
	gboolean is_bootstrap, GError **error)
{
	KilnSpec *spec = kiln_context_evaluate(plan->context, package, is_bootstrap, error);

	if (spec)
		return add_evaluated(plan, package, name, is_bootstrap, spec, error);
	g_free(name);
	return NULL;
}

/* Takes back the item added last. */
static gboolean drop_last_item(KilnPlan *plan, GError **error)
{
	KilnPlanItem *item = plan->items->pdata[plan->items->len - 1];

	if (!kiln_context_offer(plan->context, item->repository, NULL, 0, error))
		return FALSE;
	g_hash_table_remove(plan->by_repository, item->repository);
	kiln_graph_remove_last_node(plan->graph);
	g_ptr_array_set_size(plan->items, (int)plan->items->len - 1);
	return TRUE;
}

/* One package on its way through the threads that evaluate. */
typedef struct {
	const KilnCatalogPackage *package;
	KilnSpec *spec;
	GError *error;
} Evaluating;

static void evaluating_clear(gpointer data)
{
	Evaluating *evaluating = data;

	g_clear_pointer(&evaluating->spec, kiln_spec_free);
	g_clear_error(&evaluating->error);
}

static void evaluate_one(gpointer data, gpointer context)
{
	Evaluating *evaluating = data;

	evaluating->spec = kiln_context_evaluate(context, evaluating->package, FALSE, &evaluating->error);
}

/* Evaluates all packages, as many at once as there are processors: each takes a process in a root of its own.
 * Array of Evaluating, caller owns; NULL when not even the root can be made. */
static GArray *evaluate_side_by_side(const KilnPlan *plan, GError **error)
{
	KilnContext *context = plan->context;
	g_autoptr(GArray) all = g_array_sized_new(FALSE, TRUE, sizeof(Evaluating), context->packages->len);
	GThreadPool *pool;

	if (!kiln_context_buildroot(context, error))
		return NULL;
	g_array_set_clear_func(all, evaluating_clear);
	g_array_set_size(all, context->packages->len);
	pool = g_thread_pool_new(evaluate_one, context, (int)g_get_num_processors(), TRUE, error);
	if (!pool)
		return NULL;
	for (guint i = 0; i < all->len; i++) {
		Evaluating *evaluating = &g_array_index(all, Evaluating, i);
		evaluating->package = context->packages->pdata[i];
		g_thread_pool_push(pool, evaluating, NULL);
	}
	g_thread_pool_free(pool, FALSE, TRUE);
	return g_steal_pointer(&all);
}

static gboolean evaluate_all(KilnPlan *plan, GError **error)
{
	const KilnContext *context = plan->context;
	g_autoptr(GArray) all = evaluate_side_by_side(plan, error);

	for (guint i = 0; all && i < all->len; i++) {
		Evaluating *evaluating = &g_array_index(all, Evaluating, i);
		const KilnCatalogPackage *package = evaluating->package;
		KilnPlanItem *item;
		if (!evaluating->spec) {
			g_propagate_error(error, g_steal_pointer(&evaluating->error));
			return FALSE;
		}
		item = add_evaluated(
			plan, package, g_strdup(package->name), FALSE, g_steal_pointer(&evaluating->spec), error);
		if (!item)
			return FALSE;
		if (kiln_spec_allows_arch(item->spec, context->target->architecture))
			continue;
		kiln_event_warning(package->name, "left out: its spec excludes %s", context->target->architecture);
		if (!drop_last_item(plan, error))
			return FALSE;
	}
	return all != NULL;
}

static gboolean fetch_sources(KilnPlan *plan, GError **error)
{
	gint64 start = kiln_clock_monotonic_us();
	guint files = 0, packages = 0;

	kiln_event_step("sources", "fetching and verifying");
	for (guint i = 0; i < plan->items->len; i++) {
		KilnPlanItem *item = plan->items->pdata[i];
		if (!item->is_wanted)
			continue;
		if (!kiln_package_sources_fetch(plan->context, plan->identity, item->package, item->spec,
			    &item->sources, error))
			return FALSE;
		files += item->sources->len;
		packages++;
	}
	kiln_event_done("sources", kiln_clock_monotonic_us() - start, "%u verified (packages: %u)", files, packages);
	return TRUE;
}

KilnPlan *kiln_plan_make(KilnContext *context, const KilnIdentity *identity, KilnStore *store,
	const char *const *names, GError **error)
{
	g_autoptr(KilnPlan) plan = g_new0(KilnPlan, 1);

	plan->context = context;
	plan->identity = identity;
	plan->store = store;
	plan->items = g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
	plan->graph = kiln_graph_new();
	plan->by_repository = g_hash_table_new(g_str_hash, g_str_equal);
	plan->names = g_strdupv((char **)names);
	plan->known = kiln_store_list_results(store, context->collection->name, context->target->name, error);
	if (!plan->known || !evaluate_all(plan, error) || !kiln_plan_solve(plan, error) || !fetch_sources(plan, error))
		return NULL;
	return g_steal_pointer(&plan);
}

GPtrArray *kiln_plan_released(const KilnPlan *plan)
{
	GPtrArray *items = g_ptr_array_new();

	for (guint i = 0; i < plan->items->len; i++) {
		KilnPlanItem *item = plan->items->pdata[plan->order[i]];
		if (item->is_wanted && !item->is_bootstrap)
			g_ptr_array_add(items, item);
	}
	return items;
}
