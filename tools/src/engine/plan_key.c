/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys, results and reasons of engine/plan.h. */
#include "engine/plan_work.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/source_set.h"

#include <string.h>
#include <sys/stat.h>

/* Part of every build key: raise it when the way of building changes what comes out. */
#define BUILD_FORMAT "3"
#define RESULT_MAX_BYTES (16 * 1024 * 1024)

/* --- what a key is made of --- */

static void add_packages(KilnInputs *inputs, const GPtrArray *packages)
{
	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = packages->pdata[i];
		g_autofree char *name = g_strdup_printf("%s.%s", package->nevra.name, package->nevra.arch);
		g_autofree char *evr = kiln_nevra_format_evr(&package->nevra);
		g_autofree char *value = g_strdup_printf("%s %s", evr, package->checksum);
		kiln_inputs_add(inputs, KILN_INPUT_BUILDROOT, name, value);
	}
}

/* One input for each line of "%NAME BODY". */
static void add_options(KilnInputs *inputs, const char *macros)
{
	g_auto(GStrv) lines = g_strsplit(macros, "\n", -1);

	for (char **line = lines; *line; line++) {
		gsize length = strcspn(*line, " \t");
		g_autofree char *name = g_strndup(*line, length);
		if (length > 0)
			kiln_inputs_add(inputs, KILN_INPUT_OPTION, name, *line + length);
	}
}

static KilnInputs *make_inputs(const KilnPlan *plan, const KilnPlanItem *item, const KilnSolution *solution)
{
	const KilnContext *context = plan->context;
	KilnInputs *inputs = kiln_inputs_new();

	kiln_inputs_add(inputs, KILN_INPUT_FORMAT, "build", BUILD_FORMAT);
	kiln_inputs_add(inputs, KILN_INPUT_FORMAT, "layer", KILN_LAYER_FORMAT);
	kiln_inputs_add(inputs, KILN_INPUT_PACKAGE, "name", item->package->name);
	kiln_inputs_add(inputs, KILN_INPUT_ARCHITECTURE, "target", context->target->architecture);
	kiln_inputs_add(inputs, KILN_INPUT_SPEC, item->package->name, item->spec_sha256);
	for (guint i = 0; i < item->sources->len; i++) {
		const KilnSourceFile *file = item->sources->pdata[i];
		kiln_inputs_add(inputs, KILN_INPUT_SOURCE, file->name, file->sha256);
	}
	kiln_inputs_add(inputs, KILN_INPUT_MACRO, context->target->macros, context->macros_sha256);
	add_options(inputs, item->macros);
	add_packages(inputs, kiln_solution_packages(context->buildroot_solution));
	add_packages(inputs, kiln_solution_packages(solution));
	return inputs;
}

static void set_key(const KilnPlan *plan, KilnPlanItem *item, KilnInputs *inputs)
{
	g_clear_pointer(&item->inputs, kiln_inputs_free);
	item->inputs = inputs;
	g_free(item->key);
	g_free(item->result_directory);
	item->key = kiln_inputs_digest(inputs);
	item->result_directory = g_build_filename(plan->context->project->state, "builds", item->key, NULL);
}

/* --- results --- */

/* Cheap, as it is done in every run: the digest is checked where a package is signed. */
static gboolean check_sizes(const GPtrArray *packages, const char *directory, GError **error)
{
	for (guint i = 0; i < packages->len; i++) {
		const KilnResultPackage *package = packages->pdata[i];
		g_autofree char *path = g_build_filename(directory, package->file, NULL);
		struct stat status;
		if (stat(path, &status) == 0 && (guint64)status.st_size == package->size)
			continue;
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\" is missing or has another size", path);
		return FALSE;
	}
	return TRUE;
}

/* The packages of the result in `directory`; NULL without error when there is none. Code VERIFY: damaged. */
static GPtrArray *read_result(const char *directory, char **ret_declaration, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "result.json", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) packages = NULL;

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return NULL;
	text = kiln_fs_read(path, RESULT_MAX_BYTES, NULL, error);
	packages = text ? kiln_result_parse(text, path, ret_declaration, error) : NULL;
	if (!packages || !check_sizes(packages, directory, error))
		return NULL;
	return g_steal_pointer(&packages);
}

gboolean kiln_plan_load_result(KilnPlanItem *item, GError **error)
{
	g_autoptr(GError) damage = NULL;

	g_clear_pointer(&item->packages, g_ptr_array_unref);
	item->packages = read_result(item->result_directory, NULL, &damage);
	if (!damage)
		return TRUE;
	if (damage->code != KILN_ERROR_VERIFY) {
		g_propagate_error(error, g_steal_pointer(&damage));
		return FALSE;
	}
	kiln_event_warning(item->name, "building it again: %s", damage->message);
	return TRUE;
}

static const KilnStoreResult *find_known(const KilnPlan *plan, const KilnPlanItem *item)
{
	for (guint i = 0; i < plan->known->len; i++) {
		const KilnStoreResult *result = plan->known->pdata[i];
		if (result->is_bootstrap == item->is_bootstrap && g_str_equal(result->package, item->package->name))
			return result;
	}
	return NULL;
}

void kiln_plan_find_last(const KilnPlan *plan, KilnPlanItem *item)
{
	const KilnStoreResult *known = find_known(plan, item);

	if (!known)
		return;
	item->last_key = g_strdup(known->key);
	item->last_directory =
		g_build_filename(plan->context->project->state, "builds", item->last_key, NULL);
	/* One that is gone or damaged is of no use here, and is told when it is wanted. */
	item->last_packages = read_result(item->last_directory, &item->last_declaration, NULL);
}

void kiln_plan_take_as_last(KilnPlanItem *item)
{
	g_free(item->last_key);
	g_free(item->last_directory);
	g_free(item->last_declaration);
	g_clear_pointer(&item->last_packages, g_ptr_array_unref);
	item->last_key = g_strdup(item->key);
	item->last_directory = g_strdup(item->result_directory);
	item->last_declaration = g_strdup(item->declaration);
	item->last_packages = item->packages ? g_ptr_array_ref(item->packages) : NULL;
}

/* Whether the store should be told: another result than before, or a day went by. */
static gboolean is_news(const KilnPlan *plan, const KilnPlanItem *item)
{
	const KilnStoreResult *known = find_known(plan, item);

	return !known || !g_str_equal(known->key, item->key) ||
		known->used < kiln_clock_now() - G_TIME_SPAN_DAY / G_TIME_SPAN_SECOND;
}

gboolean kiln_plan_note_use(const KilnPlan *plan, GError **error)
{
	g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_store_result_free);
	gboolean any_news = FALSE;

	for (guint i = 0; i < plan->items->len; i++) {
		const KilnPlanItem *item = plan->items->pdata[i];
		KilnStoreResult *result;
		if (!item->is_wanted || !item->packages)
			continue;
		result = g_new0(KilnStoreResult, 1);
		result->key = g_strdup(item->key);
		result->package = g_strdup(item->package->name);
		result->collection = g_strdup(plan->context->collection->name);
		result->target = g_strdup(plan->context->target->name);
		result->version = kiln_spec_evr(item->spec);
		result->is_bootstrap = item->is_bootstrap;
		g_ptr_array_add(used, result);
		if (!is_news(plan, item))
			continue;
		any_news = TRUE;
		/* A build that was killed after it put its result in place has not said what it was made from. */
		if (!kiln_store_add_inputs(plan->store, item->key, item->inputs, error))
			return FALSE;
	}
	/* That what failed last is up to date by another build is news, too. */
	if (!any_news && !kiln_store_has_failures(plan->store, plan->context->collection->name,
				 plan->context->target->name, &any_news, error))
		return FALSE;
	return !any_news || kiln_store_use_results(plan->store, used, error);
}

/* --- what builds turn out to require --- */

static char *learned_path(const KilnPlan *plan, const KilnPlanItem *item)
{
	return g_build_filename(plan->context->project->state, "learned", item->plain_key, NULL);
}

static char **read_learned(const KilnPlan *plan, const KilnPlanItem *item)
{
	g_autofree char *path = learned_path(plan, item);
	g_autofree char *text = kiln_fs_read(path, RESULT_MAX_BYTES, NULL, NULL);

	return text && *text ? g_strsplit(text, "\n", -1) : NULL;
}

gboolean kiln_plan_remember(const KilnPlan *plan, const KilnPlanItem *item, GError **error)
{
	g_autofree char *path = learned_path(plan, item);
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *text = g_strjoinv("\n", item->further);

	return kiln_fs_make_directory(directory, error) && kiln_fs_replace_text(path, text, error);
}

gboolean kiln_plan_learn(KilnPlan *plan, KilnPlanItem *item, const KilnSolution *solution,
	const char *const *further, GError **error)
{
	g_strfreev(item->further);
	item->further = g_strdupv((char **)further);
	set_key(plan, item, make_inputs(plan, item, solution));
	return kiln_plan_remember(plan, item, error);
}

/* Sets the key the item would have by its spec alone, and what builds of it turned out to require; solves
 * anew when that is something else than what it was solved with. */
static gboolean recall(KilnPlan *plan, KilnPlanItem *item, GError **error)
{
	g_autoptr(KilnInputs) plain = NULL;

	if (item->further) {
		g_clear_pointer(&item->further, g_strfreev);
		if (!kiln_plan_solve_item(plan, item, error))
			return FALSE;
	}
	if (!item->solution)
		return TRUE;
	plain = make_inputs(plan, item, item->solution);
	g_free(item->plain_key);
	item->plain_key = kiln_inputs_digest(plain);
	item->further = read_learned(plan, item);
	if (!item->further)
		return TRUE;
	return kiln_plan_solve_item(plan, item, error);
}

/* --- reasons --- */

/* What a reader looks for first. */
static int rank_of(const KilnInputChange *change)
{
	static const char *const order[] = {KILN_INPUT_SPEC, KILN_INPUT_SOURCE, KILN_INPUT_OPTION, KILN_INPUT_MACRO,
		KILN_INPUT_BUILDROOT, NULL};
	int rank = 0;

	while (order[rank] && !g_str_equal(order[rank], change->kind))
		rank++;
	return rank;
}

static char *describe_changes(const GPtrArray *changes)
{
	const KilnInputChange *first = NULL;
	g_autofree char *text = NULL;

	for (guint i = 0; i < changes->len; i++)
		if (!first || rank_of(changes->pdata[i]) < rank_of(first))
			first = changes->pdata[i];
	if (!first)
		return g_strdup("its result is gone");
	text = kiln_input_change_describe(first);
	if (changes->len == 1)
		return g_steal_pointer(&text);
	return g_strdup_printf("%s (and %u more)", text, changes->len - 1);
}

gboolean kiln_plan_changes(const KilnPlan *plan, const KilnPlanItem *item, GPtrArray **ret_changes, GError **error)
{
	g_autoptr(KilnInputs) old = NULL;

	*ret_changes = NULL;
	if (!item->last_key || !item->inputs)
		return TRUE;
	if (!kiln_store_find_inputs(plan->store, item->last_key, &old, error))
		return FALSE;
	if (old)
		*ret_changes = kiln_inputs_compare(old, item->inputs);
	return TRUE;
}

static gboolean set_reason(const KilnPlan *plan, KilnPlanItem *item, GError **error)
{
	g_autoptr(GPtrArray) changes = NULL;

	g_clear_pointer(&item->reason, g_free);
	if (item->state == KILN_PLAN_CACHED) {
		item->reason = g_strdup("cached");
		return TRUE;
	}
	if (!kiln_plan_changes(plan, item, &changes, error))
		return FALSE;
	item->reason = changes ? describe_changes(changes) : g_strdup("new");
	return TRUE;
}

/* --- resolving --- */

/* Whether everything is there that the item needs as far as that is known. */
static gboolean is_ready(const KilnPlan *plan, const KilnPlanItem *item)
{
	const GPtrArray *edges;
	guint node;

	if (!g_ptr_array_find(plan->items, item, &node))
		return FALSE;
	edges = kiln_graph_edges(plan->graph, node);
	for (guint i = 0; i < edges->len; i++) {
		const KilnGraphEdge *edge = edges->pdata[i];
		KilnPlanItem *other = plan->items->pdata[edge->to];
		if (!g_atomic_int_get(&other->is_done))
			return FALSE;
	}
	return TRUE;
}

/* Whether the item can be built now: solved, and all that it needs is there. */
static gboolean can_be_built(const KilnPlan *plan, const KilnPlanItem *item)
{
	return item->solution && is_ready(plan, item);
}

gboolean kiln_plan_resolve(KilnPlan *plan, KilnPlanItem *item, GError **error)
{
	/* What its needs come to is not known before they are built. */
	if (!is_ready(plan, item))
		return TRUE;
	if (item->is_stale && !kiln_plan_solve_item(plan, item, error))
		return FALSE;
	if (!can_be_built(plan, item))
		return TRUE;
	if (!recall(plan, item, error))
		return FALSE;
	if (!can_be_built(plan, item))
		return TRUE;
	set_key(plan, item, make_inputs(plan, item, item->solution));
	if (!kiln_plan_load_result(item, error))
		return FALSE;
	item->state = item->packages ? KILN_PLAN_CACHED : KILN_PLAN_TO_BUILD;
	return set_reason(plan, item, error);
}

guint64 kiln_plan_progress(const KilnPlan *plan)
{
	guint64 wanted = 0, pending = 0, edges = 0;

	for (guint i = 0; i < plan->items->len; i++) {
		const KilnPlanItem *item = plan->items->pdata[i];
		wanted += item->is_wanted;
		pending += item->is_wanted && item->state == KILN_PLAN_PENDING;
		edges += kiln_graph_edges(plan->graph, i)->len + (item->solution != NULL);
	}
	return (wanted << 42) + (pending << 21) + edges;
}

static gboolean preview_once(KilnPlan *plan, GError **error)
{
	for (guint i = 0; i < plan->items->len; i++) {
		KilnPlanItem *item = plan->items->pdata[plan->order[i]];
		if (!item->is_wanted || item->state != KILN_PLAN_PENDING)
			continue;
		if (!kiln_plan_resolve(plan, item, error))
			return FALSE;
		if (item->state == KILN_PLAN_CACHED && !kiln_plan_offer(plan, item, error))
			return FALSE;
	}
	return TRUE;
}

gboolean kiln_plan_preview(KilnPlan *plan, GError **error)
{
	guint64 before;

	do {
		before = kiln_plan_progress(plan);
		if (!preview_once(plan, error))
			return FALSE;
	} while (kiln_plan_progress(plan) != before);
	kiln_plan_arrange(plan);
	return kiln_plan_check_cycles(plan, NULL, error);
}

/* --- looking ahead --- */

/* What a build is taken to need that was never done. */
#define UNKNOWN_US (10 * G_USEC_PER_SEC)

gboolean kiln_plan_look_ahead(KilnPlan *plan, GError **error)
{
	for (guint i = 0; i < plan->items->len; i++)
		((KilnPlanItem *)plan->items->pdata[i])->ahead_us = 0;
	/* Backwards, so that whatever needs an item has its share before it. */
	for (guint i = plan->items->len; i > 0; i--) {
		KilnPlanItem *item = plan->items->pdata[plan->order[i - 1]];
		const GPtrArray *edges = kiln_graph_edges(plan->graph, plan->order[i - 1]);
		gint64 own_us = 0;
		if (!kiln_store_mean_wall(plan->store, plan->context->target->name, item->package->name, &own_us, error))
			return FALSE;
		item->ahead_us += own_us > 0 ? own_us : UNKNOWN_US;
		for (guint e = 0; e < edges->len; e++) {
			KilnPlanItem *need = plan->items->pdata[((const KilnGraphEdge *)edges->pdata[e])->to];
			need->ahead_us = MAX(need->ahead_us, item->ahead_us);
		}
	}
	return TRUE;
}
