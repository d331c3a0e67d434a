/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making of engine/plan.h: items, and what the solver knows of them. */
#include "engine/plan_work.h"

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
	g_free(item->declaration);
	g_clear_pointer(&item->sources, g_ptr_array_unref);
	g_free(item->repository);
	g_strfreev(item->hidden);
	g_clear_pointer(&item->solution, kiln_solution_free);
	g_ptr_array_unref(item->problems);
	g_strfreev(item->further);
	g_free(item->reason);
	g_free(item->failure);
	g_free(item->failed_key);
	g_clear_pointer(&item->inputs, kiln_inputs_free);
	g_free(item->plain_key);
	g_free(item->key);
	g_free(item->result_directory);
	g_clear_pointer(&item->packages, g_ptr_array_unref);
	g_free(item->last_key);
	g_free(item->last_directory);
	g_free(item->last_declaration);
	g_clear_pointer(&item->last_packages, g_ptr_array_unref);
	g_free(item);
}

void kiln_plan_free(KilnPlan *plan)
{
	if (!plan)
		return;
	g_hash_table_unref(plan->by_repository);
	g_hash_table_unref(plan->left_out);
	g_mutex_clear(&plan->offering);
	g_ptr_array_unref(plan->items);
	kiln_graph_free(plan->graph);
	g_free(plan->order);
	g_strfreev(plan->names);
	g_clear_pointer(&plan->known, g_ptr_array_unref);
	g_free(plan);
}

/* Everything is filed under the package's name: results, failures, smoke tests. An adopted tree's specs may be
 * called otherwise than what they make. */
static gboolean check_name(const KilnCatalogPackage *package, const KilnSpec *spec, GError **error)
{
	if (package->is_adopted || g_str_equal(spec->name, package->name))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"specs/%s/%s/%s.spec: its Name is \"%s\"; a package's directory, spec and Name are one name",
		package->collection, package->name, package->name, spec->name);
	return FALSE;
}

static KilnPlanItem *item_new(const KilnCatalogPackage *package, char *name)
{
	KilnPlanItem *item = g_new0(KilnPlanItem, 1);

	item->package = package;
	item->name = name;
	item->repository = g_strconcat("built ", name, NULL);
	item->problems = g_ptr_array_new_with_free_func(g_free);
	return item;
}

/* The packages of the last result that the same spec declared are as good as the new ones until those are there; else
 * the spec says what there will be. */
static gboolean is_last_as_declared(const KilnPlanItem *item)
{
	g_autoptr(GHashTable) files = g_hash_table_new(g_str_hash, g_str_equal);
	guint binaries = 0;

	if (g_strcmp0(item->last_declaration, item->declaration) != 0)
		return FALSE;
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

	if (is_last_as_declared(item))
		return kiln_context_offer(plan->context, item->repository, files, count, error);
	return kiln_context_expect(plan->context, item->repository, item->spec, files, count, error);
}

static gboolean offer_packages(KilnPlan *plan, KilnPlanItem *item, gboolean *ret_is_news, GError **error)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&plan->offering);
	gsize count;
	g_autofree KilnSolvFile *files = result_files(item->packages, item->result_directory, &count, texts);

	(void)locker;
	*ret_is_news = !item->last_key || !g_str_equal(item->last_key, item->key) ||
		item->state != KILN_PLAN_CACHED || !is_last_as_declared(item);
	if (*ret_is_news && !kiln_context_offer(plan->context, item->repository, files, count, error))
		return FALSE;
	g_atomic_int_set(&item->is_done, 1);
	return TRUE;
}

gboolean kiln_plan_offer(KilnPlan *plan, KilnPlanItem *item, GError **error)
{
	gboolean is_news;

	if (!offer_packages(plan, item, &is_news, error))
		return FALSE;
	for (guint i = 0; is_news && i < plan->items->len; i++) {
		KilnPlanItem *other = plan->items->pdata[i];
		const GPtrArray *edges = kiln_graph_edges(plan->graph, i);
		for (guint e = 0; e < edges->len; e++)
			if (plan->items->pdata[((const KilnGraphEdge *)edges->pdata[e])->to] == item)
				other->is_stale = TRUE;
		other->is_stale = other->is_stale || !other->solution;
	}
	return TRUE;
}

static char *digest_declaration(const KilnPlan *plan, const KilnPlanItem *item)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();

	kiln_digest_add(digest, "spec", item->spec_sha256);
	kiln_digest_add(digest, "options", item->macros);
	kiln_digest_add(digest, "macros", plan->context->macros_sha256);
	return kiln_digest_finish(digest);
}

/* One package on its way through the threads that evaluate. */
typedef struct {
	const KilnCatalogPackage *package;
	gboolean is_bootstrap;
	char *spec_sha256; /* of the file before it was read: a build notices when it is another one by then */
	KilnSpec *spec;
	GError *error;
} Evaluating;

static void evaluating_clear(gpointer data)
{
	Evaluating *evaluating = data;

	g_clear_pointer(&evaluating->spec_sha256, g_free);
	g_clear_pointer(&evaluating->spec, kiln_spec_free);
	g_clear_error(&evaluating->error);
}

static void evaluate_one(gpointer data, gpointer context)
{
	Evaluating *evaluating = data;

	evaluating->spec_sha256 = kiln_digest_of_file(evaluating->package->spec_path, NULL, &evaluating->error);
	if (!evaluating->spec_sha256)
		return;
	evaluating->spec = kiln_context_evaluate(
		context, evaluating->package, evaluating->is_bootstrap, &evaluating->error);
	if (evaluating->spec && !check_name(evaluating->package, evaluating->spec, &evaluating->error))
		g_clear_pointer(&evaluating->spec, kiln_spec_free);
}

/* Takes over `name` and what was evaluated. */
static KilnPlanItem *add_evaluated(KilnPlan *plan, Evaluating *evaluating, char *name, GError **error)
{
	KilnPlanItem *item = item_new(evaluating->package, name);

	item->spec = g_steal_pointer(&evaluating->spec);
	item->spec_sha256 = g_steal_pointer(&evaluating->spec_sha256);
	item->is_bootstrap = evaluating->is_bootstrap;
	item->macros = kiln_package_options_macros(
		kiln_config_package(plan->context->project->config, item->package->name), item->is_bootstrap);
	item->declaration = digest_declaration(plan, item);
	g_ptr_array_add(plan->items, item);
	kiln_graph_add_node(plan->graph, item->name);
	g_hash_table_insert(plan->by_repository, item->repository, item);
	kiln_plan_find_last(plan, item);
	return offer_expected(plan, item, error) ? item : NULL;
}

KilnPlanItem *kiln_plan_add_item(KilnPlan *plan, const KilnCatalogPackage *package, char *name,
	gboolean is_bootstrap, GError **error)
{
	Evaluating evaluating = {.package = package, .is_bootstrap = is_bootstrap};
	KilnPlanItem *item = NULL;

	evaluate_one(&evaluating, plan->context);
	if (evaluating.spec)
		item = add_evaluated(plan, &evaluating, name, error);
	else
		g_free(name);
	if (evaluating.error)
		g_propagate_error(error, g_steal_pointer(&evaluating.error));
	evaluating_clear(&evaluating);
	return item;
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

/* Whether the package was asked for by name, or everything was. */
static gboolean is_asked_for(const KilnPlan *plan, const char *package)
{
	return !plan->names || g_strv_contains((const char *const *)plan->names, package);
}

/* What cannot be evaluated is an error when it is asked for, and left out of the plan when other packages are. */
static void leave_out(KilnPlan *plan, const char *package, const char *why)
{
	g_hash_table_insert(plan->left_out, g_strdup(package), g_strdup(why));
	kiln_event_warning(package, "left out: %s", why);
}

static gboolean take_evaluated(KilnPlan *plan, Evaluating *evaluating, GString *failures, GError **error)
{
	const KilnContext *context = plan->context;
	const char *name = evaluating->package->name;
	g_autofree char *why = NULL;

	if (!evaluating->spec && is_asked_for(plan, name)) {
		g_string_append_printf(failures, "%s%s", failures->len ? "\n" : "", evaluating->error->message);
		return TRUE;
	}
	if (!evaluating->spec) {
		leave_out(plan, name, evaluating->error->message);
		return TRUE;
	}
	if (kiln_spec_allows_arch(evaluating->spec, context->target->architecture))
		return add_evaluated(plan, evaluating, g_strdup(name), error) != NULL;
	why = g_strdup_printf("its spec excludes %s", context->target->architecture);
	leave_out(plan, name, why);
	return TRUE;
}

/* No two specs of a collection make packages of one Name. */
static gboolean check_names(const KilnPlan *plan, GError **error)
{
	g_autoptr(GArray) declared = g_array_new(FALSE, FALSE, sizeof(KilnCatalogName));

	for (guint i = 0; i < plan->items->len; i++) {
		const KilnPlanItem *item = plan->items->pdata[i];
		const KilnCatalogName name = {item->package, item->spec->name};
		g_array_append_val(declared, name);
	}
	return kiln_catalog_check_names(
		plan->context->project, (const KilnCatalogName *)declared->data, declared->len, error);
}

static gboolean evaluate_all(KilnPlan *plan, GError **error)
{
	g_autoptr(GArray) all = evaluate_side_by_side(plan, error);
	g_autoptr(GString) failures = g_string_new(NULL);
	int code = 0;

	for (guint i = 0; all && i < all->len; i++) {
		Evaluating *evaluating = &g_array_index(all, Evaluating, i);
		gsize before = failures->len;
		if (!take_evaluated(plan, evaluating, failures, error))
			return FALSE;
		if (failures->len > before && code == 0)
			code = evaluating->error->code;
	}
	if (failures->len > 0)
		g_set_error_literal(error, KILN_ERROR, code, failures->str);
	return all && failures->len == 0 && check_names(plan, error);
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
	plan->left_out = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_mutex_init(&plan->offering);
	plan->names = g_strdupv((char **)names);
	plan->known = kiln_store_list_results(store, context->collection->name, context->target->name, error);
	if (!plan->known || !evaluate_all(plan, error) || !kiln_plan_solve(plan, error) ||
		!kiln_plan_check(plan, error) || !fetch_sources(plan, error))
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
