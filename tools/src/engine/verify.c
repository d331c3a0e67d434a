/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/verify.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/jobs.h"
#include "engine/build.h"

#include <pthread.h>
#include <string.h>

#define RESULT_MAX_BYTES (16 * 1024 * 1024)

typedef struct {
	KilnPlan *plan;
	KilnBuildSettings settings;
	cpu_set_t processors;  /* those this process may use */
	int begun;             /* builds, atomic */
    /* of KilnVerifyResult */
} Verification;

static void file_free(KilnVerifyFile *file)
{
	g_free(file->file);
	g_clear_pointer(&file->differences, g_ptr_array_unref);
	g_free(file);
}

void kiln_verify_result_free(KilnVerifyResult *result)
{
	if (!result)
		return;
	g_free(result->place);
	g_ptr_array_unref(result->files);
	g_clear_error(&result->error);
	g_free(result);
}

/* --- comparing --- */

static const KilnResultPackage *find_file(const GPtrArray *packages, const char *file)
{
	for (guint i = 0; i < packages->len; i++) {
		const KilnResultPackage *package = packages->pdata[i];
		if (g_str_equal(package->file, file))
			return package;
	}
	return NULL;
}

static KilnVerifyFile *add_file(KilnVerifyResult *result, const char *name)
{
	KilnVerifyFile *file = g_new0(KilnVerifyFile, 1);

	file->file = g_strdup(name);
	g_ptr_array_add(result->files, file);
	return file;
}

static gboolean compare_file(KilnVerifyResult *result, const char *name, GError **error)
{
	g_autofree char *first = g_build_filename(result->item->result_directory, name, NULL);
	g_autofree char *second = g_build_filename(result->place, name, NULL);
	g_autoptr(GPtrArray) differences = kiln_rpmcompare(first, second, error);

	if (!differences)
		return FALSE;
	if (differences->len > 0)
		add_file(result, name)->differences = g_steal_pointer(&differences);
	return TRUE;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp((*(KilnVerifyFile *const *)a)->file, (*(KilnVerifyFile *const *)b)->file);
}

static gboolean compare_packages(KilnVerifyResult *result, const GPtrArray *second, GError **error)
{
	const GPtrArray *first = result->item->packages;

	for (guint i = 0; i < first->len; i++) {
		const char *name = ((const KilnResultPackage *)first->pdata[i])->file;
		if (!find_file(second, name))
			add_file(result, name);
		else if (!compare_file(result, name, error))
			return FALSE;
	}
	for (guint i = 0; i < second->len; i++) {
		const char *name = ((const KilnResultPackage *)second->pdata[i])->file;
		if (!find_file(first, name))
			add_file(result, name)->is_in_second = TRUE;
	}
	g_ptr_array_sort(result->files, compare_names);
	result->packages = first->len;
	return TRUE;
}

/* Compares the two results; the second one goes when it is the same. */
static gboolean compare_results(KilnVerifyResult *result, GError **error)
{
	g_autofree char *path = g_build_filename(result->place, "result.json", NULL);
	g_autofree char *text = kiln_fs_read(path, RESULT_MAX_BYTES, NULL, error);
	g_autoptr(GPtrArray) second = text ? kiln_result_parse(text, path, NULL, error) : NULL;

	if (!second || !compare_packages(result, second, error))
		return FALSE;
	if (result->files->len > 0)
		return TRUE;
	if (!kiln_fs_remove_tree(result->place, error))
		return FALSE;
	g_clear_pointer(&result->place, g_free);
	return TRUE;
}

/* --- building, in a thread of the pool --- */

/* What this thread starts gets all processors but one, if there are several, each build without another one: a build that
 * asks how many there are is told another number than before. */
static void leave_out_processor(Verification *verification)
{
	cpu_set_t processors = verification->processors;
	int count = CPU_COUNT(&processors), left_out = g_atomic_int_add(&verification->begun, 1);

	if (count < 2)
		return;
	left_out %= count;
	for (int i = 0; i < CPU_SETSIZE && left_out >= 0; i++)
		if (CPU_ISSET(i, &processors) && left_out-- == 0)
			CPU_CLR(i, &processors);
	/* Where that is not allowed, it has those there are. */
	(void)pthread_setaffinity_np(pthread_self(), sizeof processors, &processors);
}

static gboolean build_again(gpointer data, gpointer user_data)
{
	KilnVerifyResult *result = data;
	Verification *verification = user_data;
	KilnBuildSettings settings = verification->settings;

	leave_out_processor(verification);
	settings.place = result->place;
	return kiln_build_run(verification->plan, result->item, &settings, &result->error);
}

static const char *name_of(gconstpointer result)
{
	return ((const KilnVerifyResult *)result)->item->name;
}

/* --- the whole --- */

static KilnVerifyResult *result_new(const KilnPlan *plan, KilnPlanItem *item)
{
	KilnVerifyResult *result = g_new0(KilnVerifyResult, 1);
	g_autofree char *name = g_strconcat(".again-", item->key, NULL);

	result->item = item;
	result->place = g_build_filename(plan->context->project->state, "builds", name, NULL);
	result->files = g_ptr_array_new_with_free_func((GDestroyNotify)file_free);
	return result;
}

static GPtrArray *choose_items(KilnPlan *plan, const char *const *names)
{
	GPtrArray *results = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_verify_result_free);
	g_autoptr(GPtrArray) items = kiln_plan_released(plan);

	for (guint i = 0; i < items->len; i++) {
		KilnPlanItem *item = items->pdata[i];
		if (!names || g_strv_contains(names, item->package->name))
			g_ptr_array_add(results, result_new(plan, item));
	}
	return results;
}

static void leave_out_check(const GPtrArray *results)
{
	g_autoptr(KilnPackageOptions) options = kiln_package_options_new("any");
	g_autofree char *macros = NULL;

	options->check = FALSE;
	macros = kiln_package_options_macros(options, FALSE);
	for (guint i = 0; i < results->len; i++) {
		KilnPlanItem *item = ((KilnVerifyResult *)results->pdata[i])->item;
		char *both = g_strconcat(item->macros, macros, NULL);
		g_free(item->macros);
		item->macros = both;
	}
}

/* A second build that a package is to blame for is a finding; what the host is to blame for ends all. */
static gboolean judge_error(KilnVerifyResult *result, GError **error)
{
	gboolean is_of_package = g_error_matches(result->error, KILN_ERROR, KILN_ERROR_BUILD) ||
		g_error_matches(result->error, KILN_ERROR, KILN_ERROR_UNSOLVABLE);

	if (!is_of_package)
		g_propagate_error(error, g_steal_pointer(&result->error));
	g_clear_pointer(&result->place, g_free);
	return is_of_package;
}

gboolean kiln_verify_run(KilnPlan *plan, const char *const *names, const KilnVerifyOptions *options,
	GPtrArray **ret_results, GError **error)
{
	Verification verification = {.plan = plan};
	const KilnJobKind kind = {
		.step = "built again", .name = name_of, .work = build_again, .data = &verification};
	KilnScheduleOptions schedule = {.jobs = options->jobs};
	g_autoptr(GPtrArray) results = NULL;
	guint built = 0;

	if (!kiln_schedule_run(plan, &schedule, &built, error))
		return FALSE;
	results = choose_items(plan, names);
	if (options->without_check)
		leave_out_check(results);
	if (pthread_getaffinity_np(pthread_self(), sizeof verification.processors, &verification.processors) != 0)
		CPU_ZERO(&verification.processors);
	/* More than any build of this machine was told of. */
	verification.settings.processors = (guint)g_get_num_processors() + 1;
	verification.settings.jobs =
		options->jobs ? options->jobs : kiln_schedule_default_jobs(plan->context->project->config);
	if (!kiln_jobs_run(results, verification.settings.jobs, &kind, error))
		return FALSE;
	for (guint i = 0; i < results->len; i++) {
		KilnVerifyResult *result = results->pdata[i];
		if (result->error ? !judge_error(result, error) : !compare_results(result, error))
			return FALSE;
	}
	*ret_results = g_steal_pointer(&results);
	return TRUE;
}
