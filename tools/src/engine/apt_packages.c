/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/apt_packages.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/apt.h"
#include "format/deb_control.h"

#include <string.h>
#include <sys/stat.h>

#define RESOLVE_TIMEOUT_MS (5 * 60 * 1000)
#define DOWNLOAD_TIMEOUT_MS (30 * 60 * 1000)
#define BATCH_BYTES (12 * 1024 * 1024)
#define BATCHES_AT_ONCE 2

void kiln_apt_package_free(KilnAptPackage *package)
{
	if (!package)
		return;
	g_free(package->name);
	g_free(package->version);
	g_free(package->architecture);
	g_free(package->sha256);
	g_free(package->file_name);
	g_free(package);
}

/* apt explains broken dependencies on standard output: " NAME : Depends: OTHER but …". */
static char *reason_of(const KilnProcessResult *result)
{
	g_auto(GStrv) lines = g_strsplit(result->output, "\n", -1);

	for (guint i = 0; lines[i]; i++) {
		if (*lines[i] == ' ' && strstr(lines[i], " : ") && strstr(lines[i], "Depends: "))
			return kiln_text_printable(g_strstrip(lines[i]));
	}
	return kiln_apt_complaint(result->error_output);
}

/* Runs an apt program; a non-zero exit gets `code` and what apt said. Consumes `arguments`. */
static char *run_apt(
	const char *config_path, GPtrArray *arguments, KilnErrorCode code, GError **error)
{
	g_autoptr(GPtrArray) argv = arguments;
	g_auto(GStrv) environment = kiln_apt_environment(config_path);
	g_auto(KilnProcessResult) result = {0};
	KilnProcess process = {
		.environment = (const char *const *)environment, .timeout_ms = RESOLVE_TIMEOUT_MS};

	g_ptr_array_add(argv, NULL);
	process.argv = (const char *const *)argv->pdata;
	if (!kiln_process_run(&process, &result, error))
		return NULL;
	if (result.exit_status != 0) {
		g_autofree char *reason = reason_of(&result);
		g_set_error(error, KILN_ERROR, code, "%s", reason);
		return NULL;
	}
	return g_steal_pointer(&result.output);
}

static GPtrArray *arguments_of(const char *const *fixed)
{
	GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; fixed[i]; i++)
		g_ptr_array_add(arguments, g_strdup(fixed[i]));
	return arguments;
}

/* apt leaves out of --print-uris what its archive directory already has, so it gets an empty one.
 */
static char *list_files(const char *config_path, const char *const *names,
	const char *const *excludes, GError **error)
{
	static const char *const fixed[] = {"apt-get", "install", "-q", "--print-uris", "-o", NULL};
	g_autofree char *apt_directory = g_path_get_dirname(config_path);
	g_autofree char *nothing = g_build_filename(apt_directory, "nothing", NULL);
	g_autofree char *partial = g_build_filename(nothing, "partial", NULL);
	GPtrArray *arguments;

	if (!kiln_fs_make_directory(partial, error))
		return NULL;
	arguments = arguments_of(fixed);
	g_ptr_array_add(arguments, g_strconcat("Dir::Cache::archives=", nothing, NULL));
	for (guint i = 0; names[i]; i++)
		g_ptr_array_add(arguments, g_strdup(names[i]));
	for (guint i = 0; excludes[i]; i++)
		g_ptr_array_add(arguments, g_strconcat(excludes[i], "-", NULL));
	return run_apt(config_path, arguments, KILN_ERROR_UNSOLVABLE, error);
}

/* "name_version_architecture.deb" as "name=version". */
static char *package_argument(const char *file_name)
{
	g_auto(GStrv) parts = g_strsplit(file_name, "_", 3);
	g_autofree char *version = NULL;

	if (g_strv_length(parts) != 3)
		return NULL;
	version = g_uri_unescape_string(parts[1], NULL);
	return version ? g_strconcat(parts[0], "=", version, NULL) : NULL;
}

static gboolean unexpected(GError **error, const char *what)
{
	g_autofree char *printable = kiln_text_printable(what);

	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "apt answered in an unknown form: %s",
		printable);
	return FALSE;
}

/* Lines "'URI' FILE SIZE DIGEST" into "name=version" -> file name. */
static GHashTable *parse_files(const char *text, GError **error)
{
	g_autoptr(GHashTable) files =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i]; i++) {
		g_auto(GStrv) words = g_strsplit(lines[i], " ", 4);
		char *argument;
		if (*lines[i] != '\'')
			continue;
		argument = g_strv_length(words) >= 3 ? package_argument(words[1]) : NULL;
		if (!argument) {
			unexpected(error, lines[i]);
			return NULL;
		}
		g_hash_table_replace(files, argument, g_strdup(words[1]));
	}
	return g_steal_pointer(&files);
}

static KilnAptPackage *package_of(
	const KilnDebControl *paragraph, GHashTable *files, GError **error)
{
	g_autoptr(KilnAptPackage) package = g_new0(KilnAptPackage, 1);
	const char *size = kiln_deb_control_get(paragraph, "Size");
	g_autofree char *argument = NULL;
	gint64 size_bytes = 0;

	package->name = g_strdup(kiln_deb_control_get(paragraph, "Package"));
	package->version = g_strdup(kiln_deb_control_get(paragraph, "Version"));
	package->architecture = g_strdup(kiln_deb_control_get(paragraph, "Architecture"));
	package->sha256 = g_strdup(kiln_deb_control_get(paragraph, "SHA256"));
	argument = g_strconcat(package->name ? package->name : "", "=", package->version, NULL);
	package->file_name = g_strdup(g_hash_table_lookup(files, argument));
	if (!package->file_name || !package->architecture ||
		!kiln_digest_is_valid(package->sha256) ||
		!kiln_text_parse_number(size, 1, G_MAXINT64, &size_bytes, NULL)) {
		unexpected(error, argument);
		return NULL;
	}
	package->size_bytes = size_bytes;
	return g_steal_pointer(&package);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp((*(KilnAptPackage *const *)a)->name, (*(KilnAptPackage *const *)b)->name);
}

static GPtrArray *describe(const char *config_path, GHashTable *files, GError **error)
{
	static const char *const fixed[] = {"apt-cache", "show", NULL};
	g_autoptr(GPtrArray) packages =
		g_ptr_array_new_with_free_func((GDestroyNotify)kiln_apt_package_free);
	GPtrArray *arguments = arguments_of(fixed);
	g_autoptr(GPtrArray) paragraphs = NULL;
	g_autofree char *text = NULL;
	GHashTableIter iterator;
	gpointer argument;

	g_hash_table_iter_init(&iterator, files);
	while (g_hash_table_iter_next(&iterator, &argument, NULL))
		g_ptr_array_add(arguments, g_strdup(argument));
	text = run_apt(config_path, arguments, KILN_ERROR_SYSTEM, error);
	paragraphs = text ? kiln_deb_control_parse(text, strlen(text), error) : NULL;
	for (guint i = 0; paragraphs && i < paragraphs->len; i++) {
		KilnAptPackage *package = package_of(paragraphs->pdata[i], files, error);
		if (!package)
			return NULL;
		g_ptr_array_add(packages, package);
	}
	if (!paragraphs || (packages->len != g_hash_table_size(files) &&
				   !unexpected(error, "a package is missing")))
		return NULL;
	g_ptr_array_sort(packages, compare_names);
	return g_steal_pointer(&packages);
}

GPtrArray *kiln_apt_resolve(const char *config_path, const char *const *names,
	const char *const *excludes, GError **error)
{
	g_autofree char *text = list_files(config_path, names, excludes, error);
	g_autoptr(GHashTable) files = text ? parse_files(text, error) : NULL;
	GPtrArray *packages = files ? describe(config_path, files, error) : NULL;

	if (!packages)
		g_prefix_error(error, "resolving the packages of the base: ");
	return packages;
}

typedef struct {
	GPtrArray *arguments;
	guint64 size_bytes;
	guint64 *done_bytes; /* shared by all batches of a download */
	guint64 total_bytes;
} Batch;

static void batch_free(gpointer data)
{
	Batch *batch = data;

	g_ptr_array_unref(batch->arguments);
	g_free(batch);
}

static gboolean batch_ended(gpointer job, const KilnProcessResult *result, GError **error)
{
	Batch *batch = job;
	g_autofree char *reason = NULL;

	if (result->exit_status == 0) {
		*batch->done_bytes += batch->size_bytes;
		kiln_event_progress("download", *batch->done_bytes, batch->total_bytes);
		return TRUE;
	}
	reason = kiln_apt_complaint(result->error_output);
	g_set_error(error, KILN_ERROR, kiln_apt_error_code(result->error_output),
		"downloading packages of the base: %s",
		result->timed_out ? "the mirror does not answer" : reason);
	return FALSE;
}

static gboolean is_present(const char *directory, const KilnAptPackage *package)
{
	g_autofree char *path = g_build_filename(directory, package->file_name, NULL);
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
	       (guint64)info.st_size == package->size_bytes;
}

static Batch *new_batch(GPtrArray *batches)
{
	static const char *const fixed[] = {"apt-get", "download", "-qq", NULL};
	Batch *batch = g_new0(Batch, 1);

	batch->arguments = arguments_of(fixed);
	g_ptr_array_add(batches, batch);
	return batch;
}

/* Batches are small enough for progress to be seen and large enough to hide apt's start. */
static GPtrArray *make_batches(const char *directory, const GPtrArray *packages, guint64 *ret_total)
{
	GPtrArray *batches = g_ptr_array_new_with_free_func(batch_free);
	Batch *batch = NULL;

	*ret_total = 0;
	for (guint i = 0; i < packages->len; i++) {
		const KilnAptPackage *package = packages->pdata[i];
		if (is_present(directory, package))
			continue;
		if (!batch || batch->size_bytes >= BATCH_BYTES)
			batch = new_batch(batches);
		g_ptr_array_add(batch->arguments,
			g_strdup_printf("%s=%s", package->name, package->version));
		batch->size_bytes += package->size_bytes;
		*ret_total += package->size_bytes;
	}
	return batches;
}

gboolean kiln_apt_download(const char *config_path, const char *directory,
	const GPtrArray *packages, guint64 *ret_downloaded_bytes, GError **error)
{
	guint64 total = 0, done = 0;
	g_autoptr(GPtrArray) batches = make_batches(directory, packages, &total);
	g_autoptr(KilnPool) pool = kiln_pool_new(BATCHES_AT_ONCE, batch_ended);
	g_auto(GStrv) environment = kiln_apt_environment(config_path);

	for (guint i = 0; i < batches->len; i++) {
		Batch *batch = batches->pdata[i];
		KilnProcess process = {.environment = (const char *const *)environment,
			.working_directory = directory,
			.timeout_ms = DOWNLOAD_TIMEOUT_MS};
		batch->done_bytes = &done;
		batch->total_bytes = total;
		g_ptr_array_add(batch->arguments, NULL);
		process.argv = (const char *const *)batch->arguments->pdata;
		kiln_pool_add(pool, &process, batch);
	}
	if (!kiln_pool_run(pool, error))
		return FALSE;
	*ret_downloaded_bytes = total;
	return TRUE;
}
