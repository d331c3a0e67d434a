/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/base_import.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/apt.h"
#include "engine/apt_packages.h"
#include "engine/base_siblings.h"
#include "engine/deb_convert.h"
#include "engine/python_bytecode.h"
#include "format/import_conf.h"
#include "lib/repomd.h"
#include "model/debian.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONVERT_TIMEOUT_MS (10 * 60 * 1000)
#define KEY_LENGTH 16 /* of a directory name: enough of the digest to be unique */

/* One package on its way into the base. */
typedef struct {
	const KilnAptPackage *source;
	char *deb_path;
	char *key;
	char *location; /* "Packages/KEY/FILE" */
	char *path;
	struct Import *import;
} Item;

typedef struct Import {
	const KilnBaseImport *options;
	KilnImportConf *conf;
	char *apt_config;
	char *archive_directory;
	char *interpreter;   /* directory of the Python that compiles modules; NULL: none */
	char **siblings;     /* bases that may have a package already */
	GPtrArray *packages; /* KilnAptPackage */
	GPtrArray *items;
	GPtrArray *missing; /* the items to convert; borrowed */
	guint converted;
	KilnBaseImportResult result;
} Import;

static void item_free(gpointer data)
{
	Item *item = data;

	g_free(item->deb_path);
	g_free(item->key);
	g_free(item->location);
	g_free(item->path);
	g_free(item);
}

static void import_clear(Import *import)
{
	g_clear_pointer(&import->conf, kiln_import_conf_free);
	g_free(import->apt_config);
	g_free(import->archive_directory);
	g_free(import->interpreter);
	g_strfreev(import->siblings);
	g_clear_pointer(&import->packages, g_ptr_array_unref);
	g_clear_pointer(&import->items, g_ptr_array_unref);
	g_clear_pointer(&import->missing, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Import, import_clear)

static gboolean resolve(Import *import, GError **error)
{
	gint64 started = kiln_clock_monotonic_us();
	const char *suite = import->options->suite;
	g_autofree char *apt_directory = NULL;

	kiln_event_step("resolve", "asking apt for the packages of suite %s", suite);
	import->apt_config = kiln_apt_prepare(import->options->apt_directory, suite, FALSE, error);
	if (!import->apt_config)
		return FALSE;
	apt_directory = g_path_get_dirname(import->apt_config);
	import->archive_directory = g_build_filename(apt_directory, "archives", NULL);
	import->packages =
		kiln_apt_resolve(import->apt_config, (const char *const *)import->conf->packages,
			(const char *const *)import->conf->excludes, error);
	if (!import->packages)
		return FALSE;
	kiln_event_done("resolve", kiln_clock_monotonic_us() - started, "%u packages",
		import->packages->len);
	return TRUE;
}

static Item *make_item(Import *import, const KilnAptPackage *package, GError **error)
{
	g_autofree char *setup =
		g_build_filename(import->options->target_directory, "base-setup", NULL);
	g_autofree char *key =
		kiln_deb_convert_key(import->conf, setup, package->name, package->sha256, error);
	g_autofree char *file_name = key ? kiln_debian_rpm_file_name(package->name,
						   package->version, package->architecture, error)
					 : NULL;
	Item *item;

	if (!file_name)
		return NULL;
	item = g_new0(Item, 1);
	item->key = g_strdup(key);
	key[KEY_LENGTH] = '\0';
	item->source = package;
	item->import = import;
	item->deb_path = g_build_filename(import->archive_directory, package->file_name, NULL);
	item->location = g_strjoin("/", "Packages", key, file_name, NULL);
	item->path = g_build_filename(import->options->output_directory, item->location, NULL);
	return item;
}

/* A file below its key's directory is complete, since it was renamed there. */
static gboolean find_missing(Import *import, GError **error)
{
	import->siblings = kiln_base_siblings(import->options->output_directory, error);
	if (!import->siblings)
		return FALSE;
	import->items = g_ptr_array_new_with_free_func(item_free);
	import->missing = g_ptr_array_new();
	for (guint i = 0; i < import->packages->len; i++) {
		Item *item = make_item(import, import->packages->pdata[i], error);
		if (!item)
			return FALSE;
		g_ptr_array_add(import->items, item);
		if (!g_file_test(item->path, G_FILE_TEST_IS_REGULAR) &&
			!kiln_base_siblings_take(import->siblings, item->location, item->path))
			g_ptr_array_add(import->missing, item);
	}
	return TRUE;
}

static gboolean is_interpreter(const Import *import, const KilnAptPackage *package)
{
	return g_strv_contains((const char *const *)import->conf->interpreter, package->name);
}

/* What is to be converted, and the interpreter that compiles its modules. */
static GPtrArray *packages_to_read(const Import *import)
{
	GPtrArray *wanted = g_ptr_array_new();

	for (guint i = 0; i < import->items->len; i++) {
		Item *item = import->items->pdata[i];
		if (g_ptr_array_find(import->missing, item, NULL) ||
			is_interpreter(import, item->source))
			g_ptr_array_add(wanted, (gpointer)item->source);
	}
	return wanted;
}

static gboolean download(Import *import, GError **error)
{
	gint64 started = kiln_clock_monotonic_us();
	g_autoptr(GPtrArray) wanted = packages_to_read(import);
	g_autofree char *size = NULL;

	if (import->missing->len == 0)
		return TRUE;
	kiln_event_step("download", "%u packages", wanted->len);
	if (!kiln_apt_download(import->apt_config, import->archive_directory, wanted,
		    &import->result.downloaded_bytes, error))
		return FALSE;
	size = g_format_size(import->result.downloaded_bytes);
	kiln_event_done("download", kiln_clock_monotonic_us() - started, "%s", size);
	return TRUE;
}

static gboolean unpack_interpreter(Import *import, GError **error)
{
	g_autofree char *apt_directory = g_path_get_dirname(import->apt_config);
	g_autofree char *directory = g_build_filename(apt_directory, "python", NULL);
	g_autoptr(GPtrArray) paths = g_ptr_array_new();

	for (guint i = 0; i < import->items->len; i++) {
		Item *item = import->items->pdata[i];
		if (is_interpreter(import, item->source))
			g_ptr_array_add(paths, item->deb_path);
	}
	if (import->missing->len == 0 || paths->len == 0)
		return TRUE;
	g_ptr_array_add(paths, NULL);
	if (!kiln_bytecode_unpack(directory, (const char *const *)paths->pdata, error))
		return FALSE;
	import->interpreter = g_steal_pointer(&directory);
	return TRUE;
}

static gboolean remove_interpreter(const Import *import, GError **error)
{
	return !import->interpreter || kiln_fs_remove_tree(import->interpreter, error);
}

/* The helper's exit status is an error code. A wrong .deb must not be found again next time. */
static gboolean conversion_ended(gpointer job, const KilnProcessResult *result, GError **error)
{
	const Item *item = job;
	Import *import = item->import;
	g_autofree char *reason = NULL;
	int code = result->exit_status;

	if (code == 0) {
		import->converted++;
		kiln_event_progress("convert", import->converted, import->missing->len);
		return TRUE;
	}
	if (code == KILN_ERROR_VERIFY)
		unlink(item->deb_path);
	reason = kiln_text_last_line(result->error_output);
	g_set_error(error, KILN_ERROR, code <= KILN_ERROR_SYSTEM ? code : KILN_ERROR_FAILED, "%s",
		result->timed_out ? "converting a package takes too long" : reason);
	return FALSE;
}

static gboolean queue_conversion(KilnPool *pool, const char *helper, Item *item, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(item->path);
	const char *argv[] = {helper, item->import->options->target_directory, item->key,
		item->source->sha256, item->deb_path, item->path, item->import->interpreter, NULL};
	KilnProcess process = {.argv = argv, .timeout_ms = CONVERT_TIMEOUT_MS};

	if (!kiln_fs_make_directory(directory, error))
		return FALSE;
	kiln_pool_add(pool, &process, item);
	return TRUE;
}

static gboolean convert(Import *import, GError **error)
{
	gint64 started = kiln_clock_monotonic_us();
	guint parallel =
		import->options->parallel ? import->options->parallel : g_get_num_processors();
	g_autoptr(KilnPool) pool = kiln_pool_new(parallel, conversion_ended);
	g_autofree char *helper =
		g_build_filename(import->options->helper_directory, "kiln-deb2rpm", NULL);

	if (import->missing->len == 0)
		return TRUE;
	kiln_event_step("convert", "%u packages, %u at a time", import->missing->len, parallel);
	for (guint i = 0; i < import->missing->len; i++) {
		if (!queue_conversion(pool, helper, import->missing->pdata[i], error))
			return FALSE;
	}
	if (!kiln_pool_run(pool, error))
		return FALSE;
	kiln_event_done(
		"convert", kiln_clock_monotonic_us() - started, "%u packages", import->converted);
	return TRUE;
}

/* TRUE when the present repodata lists just the items: then nothing is written. */
static gboolean metadata_is_current(const Import *import)
{
	g_autoptr(GPtrArray) entries =
		kiln_repomd_read_packages(import->options->output_directory, NULL);
	g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);

	if (!entries || entries->len != import->items->len)
		return FALSE;
	for (guint i = 0; i < entries->len; i++)
		g_hash_table_add(listed, ((KilnRepomdEntry *)entries->pdata[i])->location);
	for (guint i = 0; i < import->items->len; i++) {
		if (!g_hash_table_contains(listed, ((Item *)import->items->pdata[i])->location))
			return FALSE;
	}
	return TRUE;
}

/* Clients refuse metadata that is not newer than what they have. */
static gint64 next_timestamp(const char *directory)
{
	gint64 previous = 0;

	if (!kiln_repomd_read_timestamp(directory, &previous, NULL))
		previous = 0;
	return MAX(kiln_clock_now(), previous + 1);
}

static gboolean write_metadata(Import *import, GError **error)
{
	g_autofree KilnRepomdPackage *packages = g_new0(KilnRepomdPackage, import->items->len + 1);
	KilnRepomdOptions options = {.directory = import->options->output_directory,
		.packages = packages,
		.package_count = import->items->len,
		.timestamp = next_timestamp(import->options->output_directory)};
	gint64 started = kiln_clock_monotonic_us();

	if (metadata_is_current(import))
		return TRUE;
	kiln_event_step("metadata", "%u packages", import->items->len);
	for (guint i = 0; i < import->items->len; i++) {
		const Item *item = import->items->pdata[i];
		packages[i].location = item->location;
		packages[i].path = item->path;
	}
	if (!kiln_repomd_write(&options, error))
		return FALSE;
	kiln_event_done("metadata", kiln_clock_monotonic_us() - started, "repodata replaced");
	return TRUE;
}

/* Whatever an import that was killed left beside the package. */
static gboolean keep_only(const char *directory, const char *file_name, GError **error)
{
	g_auto(GStrv) names = kiln_fs_list(directory, error);

	for (guint i = 0; names && names[i]; i++) {
		g_autofree char *path = g_build_filename(directory, names[i], NULL);
		if (strcmp(names[i], file_name) != 0 && !kiln_fs_remove_tree(path, error))
			return FALSE;
	}
	return names != NULL;
}

/* Directory below Packages/ -> file in it, of every item. */
static GHashTable *current_files(const Import *import)
{
	GHashTable *current = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (guint i = 0; i < import->items->len; i++) {
		const Item *item = import->items->pdata[i];
		g_auto(GStrv) parts = g_strsplit(item->location, "/", 3);
		g_hash_table_insert(current, g_strdup(parts[1]), g_strdup(parts[2]));
	}
	return current;
}

/* Removes what is below Packages/ and not among the items: superseded packages. Not while somebody
 * reads, who may have the metadata that named them. */
static gboolean remove_others(Import *import, GError **error)
{
	g_autofree char *lock_path = g_build_filename(import->options->output_directory, KILN_BASE_READERS_LOCK, NULL);
	g_autoptr(KilnLock) lock = kiln_lock_take(lock_path, "removing old packages", FALSE, NULL);
	g_autofree char *directory =
		g_build_filename(import->options->output_directory, "Packages", NULL);
	g_autoptr(GHashTable) current = current_files(import);
	g_auto(GStrv) names = NULL;

	if (!lock)
		return TRUE;
	names = kiln_fs_list(directory, error);
	for (guint i = 0; names && names[i]; i++) {
		g_autofree char *path = g_build_filename(directory, names[i], NULL);
		const char *file_name = g_hash_table_lookup(current, names[i]);
		if (file_name ? !keep_only(path, file_name, error)
			      : !kiln_fs_remove_tree(path, error))
			return FALSE;
		import->result.removed += file_name == NULL;
	}
	return names != NULL;
}

/* .debs that no package of the base was made from any more. */
static gboolean remove_old_downloads(const Import *import, GError **error)
{
	g_autoptr(GHashTable) current = g_hash_table_new(g_str_hash, g_str_equal);
	g_auto(GStrv) names = kiln_fs_list(import->archive_directory, error);

	for (guint i = 0; i < import->packages->len; i++)
		g_hash_table_add(
			current, ((KilnAptPackage *)import->packages->pdata[i])->file_name);
	for (guint i = 0; names && names[i]; i++) {
		g_autofree char *path = g_build_filename(import->archive_directory, names[i], NULL);
		if (g_str_has_suffix(names[i], ".deb") &&
			!g_hash_table_contains(current, names[i]) && unlink(path) != 0)
			return kiln_error_set_errno(error, errno, "removing \"%s\"", path);
	}
	return names != NULL;
}

static gboolean finish(Import *import, KilnBaseImportResult *ret_result, GError **error)
{
	struct stat info;

	for (guint i = 0; i < import->items->len; i++) {
		const Item *item = import->items->pdata[i];
		if (stat(item->path, &info) != 0)
			return kiln_error_set_errno(error, errno, "reading \"%s\"", item->path);
		import->result.size_bytes += info.st_size;
	}
	import->result.packages = import->items->len;
	import->result.converted = import->converted;
	import->result.kept = import->items->len - import->converted;
	*ret_result = import->result;
	return TRUE;
}

char *kiln_base_import_digest(const char *target_directory, GError **error)
{
	static const char *const names[] = {"import.conf", "names.conf"};
	g_autofree char *setup = g_build_filename(target_directory, "base-setup", NULL);
	g_autoptr(KilnDigest) digest = kiln_digest_new();

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(target_directory, names[i], NULL);
		g_autofree char *content = kiln_digest_of_file(path, NULL, error);
		if (!content)
			return NULL;
		kiln_digest_add(digest, names[i], content);
	}
	return kiln_deb_convert_add_inputs(digest, setup, error) ? kiln_digest_finish(digest)
								 : NULL;
}

/* What is of the suite, apt's lists and downloads, all bases of it share. */
static KilnLock *lock_suite(const KilnBaseImport *options, GError **error)
{
	g_autofree char *name = g_strconcat(options->suite, ".lock", NULL);
	g_autofree char *path = g_build_filename(options->apt_directory, name, NULL);

	return kiln_lock_take(path, "kiln base import", TRUE, error);
}

gboolean kiln_base_import(
	const KilnBaseImport *options, KilnBaseImportResult *ret_result, GError **error)
{
	static const char *const locks[] = {KILN_BASE_IMPORT_LOCK, KILN_BASE_READERS_LOCK, NULL};
	g_autofree char *lock_path = g_build_filename(options->output_directory, KILN_BASE_IMPORT_LOCK, NULL);
	g_autoptr(KilnLock) lock = kiln_lock_take(lock_path, "kiln base import", TRUE, error);
	g_autoptr(KilnLock) suite_lock = lock ? lock_suite(options, error) : NULL;
	g_auto(Import) import = {.options = options};

	if (!suite_lock)
		return FALSE;
	import.conf = kiln_deb_convert_read_conf(options->target_directory, error);
	return import.conf && resolve(&import, error) && find_missing(&import, error) &&
	       download(&import, error) && unpack_interpreter(&import, error) &&
	       convert(&import, error) && remove_interpreter(&import, error) &&
	       write_metadata(&import, error) && remove_others(&import, error) &&
	       remove_old_downloads(&import, error) &&
	       kiln_base_siblings_prune(import.siblings, KILN_BASE_STAMP, locks, error) &&
	       finish(&import, ret_result, error);
}
