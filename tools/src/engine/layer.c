/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/layer.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/lock.h"
#include "engine/layer_database.h"
#include "engine/root.h"
#include "format/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names in layers/ besides those of layers. */
#define LOCK ".lock-"
#define UNFINISHED ".new-"

#define MANIFEST_MAX_BYTES (16 * 1024 * 1024)

/* One layer to be made: the packages, or on top of them the database that the root's own rpm reads. */
typedef struct {
	const KilnLayerRequest *request;
	const KilnLayers *below;
	gboolean is_database;
} Making;

void kiln_layers_free(KilnLayers *layers)
{
	if (!layers)
		return;
	g_free(layers->key);
	g_strfreev(layers->trees);
	g_ptr_array_unref(layers->held);
	g_free(layers);
}

static KilnLayers *layers_new(void)
{
	KilnLayers *layers = g_new0(KilnLayers, 1);

	layers->held = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_lock_free);
	return layers;
}

KilnLayers *kiln_layers_copy(const KilnLayers *layers)
{
	KilnLayers *copy = layers_new();

	copy->key = g_strdup(layers->key);
	copy->trees = g_strdupv(layers->trees);
	for (guint i = 0; i < layers->held->len; i++)
		g_ptr_array_add(copy->held, kiln_lock_ref(layers->held->pdata[i]));
	return copy;
}

/* What identifies the package's bytes: its SHA-256 where the metadata tells it. Of old repositories the packages need
 * not be here for that. */
static char *package_identity(const KilnSolvPackage *package)
{
	return g_str_equal(package->checksum_type, "sha256")
		? g_strdup(package->checksum)
		: g_strdup_printf("%s:%s", package->checksum_type, package->checksum);
}

/* The SHA-256 of the package, which is here. */
static char *package_digest(const KilnSolvPackage *package, GError **error)
{
	if (g_strcmp0(package->checksum_type, "sha256") == 0)
		return g_strdup(package->checksum);
	return kiln_digest_of_file(package->path, NULL, error);
}

/* The digest the layer has or would have; the stack's key when nothing is to be added. */
static char *packages_key(const KilnLayerRequest *request)
{
	const GPtrArray *packages = kiln_solution_packages(request->solution);
	g_autoptr(KilnDigest) digest = kiln_digest_new();

	if (packages->len == 0 && request->below)
		return g_strdup(request->below->key);
	kiln_digest_add(digest, "format", KILN_LAYER_FORMAT);
	kiln_digest_add(digest, "below", request->below ? request->below->key : NULL);
	kiln_digest_add(digest, "macros", request->macros);
	for (guint i = 0; i < packages->len; i++) {
		g_autofree char *identity = package_identity(packages->pdata[i]);
		kiln_digest_add(digest, "package", identity);
	}
	return kiln_digest_finish(digest);
}

/* Of the layer that only has the packages of the topmost one in the root's own database. */
static char *database_key(const KilnLayers *below)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();

	kiln_digest_add(digest, "format", KILN_LAYER_FORMAT);
	kiln_digest_add(digest, "database of", below->key);
	return kiln_digest_finish(digest);
}

static char *layer_directory(const char *cache, const char *prefix, const char *key)
{
	g_autofree char *name = g_strconcat(prefix, key, NULL);

	return g_build_filename(cache, "layers", name, NULL);
}

static gboolean is_complete(const char *directory)
{
	g_autofree char *manifest = g_build_filename(directory, "manifest.json", NULL);

	return g_file_test(manifest, G_FILE_TEST_IS_REGULAR);
}

static KilnSandboxRequest *install_request(
	const KilnLayerRequest *request, const char *directory, GError **error)
{
	g_autoptr(KilnSandboxRequest) install = kiln_sandbox_request_new(KILN_SANDBOX_INSTALL);
	const GPtrArray *packages = kiln_solution_in_order(request->solution);

	if (request->below) {
		g_strfreev(install->layers);
		install->layers = g_strdupv(request->below->trees);
	}
	install->upper = g_strdup(directory);
	install->macros = g_strdup(request->macros);
	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = packages->pdata[i];
		g_autofree char *sha256 = package_digest(package, error);
		if (!sha256)
			return NULL;
		kiln_sandbox_request_package(install, package->path, sha256);
	}
	return g_steal_pointer(&install);
}

static gboolean set_refused(const KilnSandboxReport *report, const char *label, GError **error)
{
	guint count = report->problems ? g_strv_length(report->problems) : 0;

	if (count > 1)
		g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE, "%s: %s (and %u more)", label,
			report->problems[0], count - 1);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE, "%s: %s", label,
			count ? report->problems[0] : report->message ? report->message : "refused");
	return FALSE;
}

static gboolean set_failed(const Making *making, const KilnSandboxReport *report, const char *log_path, GError **error)
{
	return making->is_database ? kiln_layer_database_refuse(making->request->label, log_path, error)
				   : set_refused(report, making->request->label, error);
}

static gboolean install(const Making *making, const char *directory, KilnSandboxReport *ret_report, GError **error)
{
	g_autofree char *log_path = g_build_filename(directory, "install.log", NULL);
	g_autoptr(KilnSandboxRequest) sandbox = making->is_database
		? kiln_layer_database_request(making->below->trees, making->request->solution, directory, error)
		: install_request(making->request, directory, error);
	gboolean done;
	int log;

	if (!sandbox)
		return FALSE;
	log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (log < 0)
		return kiln_error_set_errno(error, errno, "creating \"%s\"", log_path);
	done = kiln_root_execute(sandbox, log, ret_report, error);
	close(log);
	if (!done)
		return FALSE;
	if (!kiln_sandbox_report_succeeded(ret_report))
		return set_failed(making, ret_report, log_path, error);
	return !making->is_database || kiln_layer_database_finish(directory, error);
}

/* Where the time of making the layer went. */
static void add_phases(KilnJson *json, const KilnSandboxReport *report)
{
	kiln_json_begin_object(json, "phases_us");
	kiln_json_add_number(json, "verify packages", report->prepare_us);
	kiln_json_add_number(json, "namespaces, mounts", report->namespaces_us + report->mounts_us);
	kiln_json_add_number(json, "transaction", report->command_us);
	kiln_json_add_number(json, "sync", report->sync_us);
	kiln_json_end_object(json);
}

static gboolean write_manifest(const Making *making, const char *key, const char *directory,
	const KilnSandboxReport *report, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "manifest.json", NULL);
	const GPtrArray *packages = kiln_solution_packages(making->request->solution);
	g_autoptr(KilnJson) json = kiln_json_new();
	g_autofree char *text = NULL;
	guint64 bytes;

	if (!kiln_fs_measure(directory, &bytes, error))
		return FALSE;
	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "key", key);
	kiln_json_add_number(json, "bytes", (gint64)bytes);
	kiln_json_add_text(json, "label", making->request->label);
	kiln_json_add_text(json, "below", making->below ? making->below->key : NULL);
	kiln_json_begin_array(json, "packages");
	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = packages->pdata[i];
		g_autofree char *nevra = kiln_nevra_format(&package->nevra);
		kiln_json_add_text(json, NULL, nevra);
	}
	kiln_json_end_array(json);
	add_phases(json, report);
	kiln_json_end_object(json);
	text = kiln_json_to_text(json, TRUE);
	return kiln_fs_replace_text(path, text, error);
}

/* Makes the layer under a name that only the holder of its lock uses, then gives it its own. */
static gboolean make_layer(const Making *making, const char *key, const char *directory, GError **error)
{
	guint count = kiln_solution_packages(making->request->solution)->len;
	g_autofree char *unfinished = layer_directory(making->request->cache, UNFINISHED, key);
	g_auto(KilnSandboxReport) report = {0};
	gint64 start;

	if (making->request->base &&
		!kiln_base_supply(making->request->base, kiln_solution_packages(making->request->solution), error))
		return FALSE;
	start = kiln_clock_monotonic_us();
	kiln_event_step("layer", "%s: %s %u packages", making->request->label,
		making->is_database ? "its own rpm takes note of" : "installing", count);
	if (!kiln_fs_remove_tree(unfinished, error) || !kiln_fs_make_directory(unfinished, error))
		return FALSE;
	if (!install(making, unfinished, &report, error) ||
		!write_manifest(making, key, unfinished, &report, error) ||
		!kiln_fs_rename(unfinished, directory, error)) {
		/* What it holds is useless; the cause is in `error`. */
		kiln_fs_remove_tree(unfinished, NULL);
		return FALSE;
	}
	kiln_event_done("layer", kiln_clock_monotonic_us() - start, "%s: %u packages%s", making->request->label, count,
		making->is_database ? " in the database of its own rpm" : "");
	return TRUE;
}

/* Makes the layer if it is missing, with its whole lock. That is not waited for: who has a part of it may have made the
 * layer meanwhile, and holds it for as long as it is used; the caller looks again. */
static gboolean make_missing(const Making *making, const char *key, const char *directory,
	const char *lock_path, gboolean *made, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autoptr(KilnLock) lock = kiln_lock_take(lock_path, making->request->label, FALSE, &local);

	if (!lock && g_error_matches(local, KILN_ERROR, KILN_ERROR_BUSY)) {
		/* It may also be that others look at the same time: not all of them again at once. */
		g_usleep((gulong)g_random_int_range(500, 5000));
		return TRUE;
	}
	if (!lock) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (is_complete(directory))
		return TRUE;
	*made = TRUE;
	return make_layer(making, key, directory, error);
}

/* A share of the lock of the layer, which is there. What was made may be removed before it is held: then it is
 * made again. */
static KilnLock *ensure_held(const Making *making, const char *key, const char *directory, gboolean *made,
	GError **error)
{
	g_autofree char *lock_path = layer_directory(making->request->cache, LOCK, key);

	for (;;) {
		g_autoptr(KilnLock) share = kiln_lock_share(lock_path, error);
		if (!share)
			return NULL;
		if (is_complete(directory)) {
			/* The time of last use, for whoever frees disk space. */
			utimensat(AT_FDCWD, directory, NULL, 0);
			return g_steal_pointer(&share);
		}
		g_clear_pointer(&share, kiln_lock_free);
		if (!make_missing(making, key, directory, lock_path, made, error))
			return NULL;
	}
}

/* The stack of `below` and the layer in `directory`; takes over `held`. */
static KilnLayers *put_on(const KilnLayers *below, const char *key, const char *directory, KilnLock *held)
{
	KilnLayers *layers = below ? kiln_layers_copy(below) : layers_new();
	guint count = layers->trees ? g_strv_length(layers->trees) : 0;

	g_free(layers->key);
	layers->key = g_strdup(key);
	layers->trees = g_renew(char *, layers->trees, count + 2);
	layers->trees[count] = g_build_filename(directory, "tree", NULL);
	layers->trees[count + 1] = NULL;
	g_ptr_array_add(layers->held, held);
	return layers;
}

static KilnLayers *ensure_layer(const Making *making, const char *key, gboolean *made, GError **error)
{
	g_autofree char *directory = layer_directory(making->request->cache, "", key);
	KilnLock *held = ensure_held(making, key, directory, made, error);

	if (held)
		return put_on(making->below, key, directory, held);
	g_prefix_error(error, "making the layer \"%s\": ", making->request->label);
	return NULL;
}

/* Takes over `below`. */
static KilnLayers *ensure_database(const KilnLayerRequest *request, KilnLayers *below, gboolean *made, GError **error)
{
	g_autoptr(KilnLayers) packages = below;
	const Making making = {.request = request, .below = packages, .is_database = TRUE};
	g_autofree char *key = database_key(packages);

	return ensure_layer(&making, key, made, error);
}

KilnLayers *kiln_layers_ensure(const KilnLayerRequest *request, gboolean *ret_made, GError **error)
{
	const Making making = {.request = request, .below = request->below};
	g_autofree char *key = packages_key(request);
	gboolean made = FALSE;
	KilnLayers *layers;

	if (!key)
		return NULL;
	if (request->below && g_str_equal(key, request->below->key))
		return kiln_layers_copy(request->below);
	layers = ensure_layer(&making, key, &made, error);
	if (layers && request->has_own_database)
		layers = ensure_database(request, layers, &made, error);
	if (layers && ret_made)
		*ret_made = made;
	return layers;
}

/* Holds the layer of `tree`, which is CACHE/layers/KEY/tree, on top of `layers` (taken over). */
static KilnLayers *hold_tree(KilnLayers *layers, const char *tree, GError **error)
{
	g_autoptr(KilnLayers) below = layers;
	g_autofree char *directory = g_path_get_dirname(tree);
	g_autofree char *all = g_path_get_dirname(directory);
	g_autofree char *key = g_path_get_basename(directory);
	g_autofree char *lock_name = g_strconcat(LOCK, key, NULL);
	g_autofree char *lock_path = g_build_filename(all, lock_name, NULL);
	g_autoptr(KilnLock) share = kiln_lock_share(lock_path, error);

	if (!share)
		return NULL;
	if (is_complete(directory))
		return put_on(below, key, directory, g_steal_pointer(&share));
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND, "the layer \"%s\" is gone", directory);
	return NULL;
}

KilnLayers *kiln_layers_hold(const char *const *trees, GError **error)
{
	KilnLayers *layers = NULL;

	do {
		layers = hold_tree(layers, *trees, error);
	} while (layers && *++trees);
	return layers;
}

void kiln_layer_info_free(KilnLayerInfo *info)
{
	if (!info)
		return;
	g_free(info->key);
	g_clear_pointer(&info->manifest, kiln_layer_manifest_free);
	g_free(info);
}

/* The keys that names in layers/ are about. Caller owns the set. */
static GHashTable *list_keys(const char *layers, GError **error)
{
	g_auto(GStrv) names = kiln_fs_list(layers, error);
	GHashTable *keys = names ? g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) : NULL;

	for (char **name = names; name && *name; name++) {
		const char *key = *name;
		if (g_str_has_prefix(key, LOCK))
			key += strlen(LOCK);
		else if (g_str_has_prefix(key, UNFINISHED))
			key += strlen(UNFINISHED);
		if (kiln_digest_is_valid(key))
			g_hash_table_add(keys, g_strdup(key));
	}
	return keys;
}

static gboolean measure(const char *cache, KilnLayerInfo *info, GError **error)
{
	g_autofree char *directory = layer_directory(cache, info->manifest ? "" : UNFINISHED, info->key);

	info->bytes = info->manifest ? info->manifest->bytes : 0;
	return info->bytes > 0 || kiln_fs_measure(directory, &info->bytes, error);
}

static KilnLayerInfo *inspect(const char *cache, const char *key, GError **error)
{
	KilnLayerInfo *info = g_new0(KilnLayerInfo, 1);
	g_autofree char *directory = layer_directory(cache, "", key);
	g_autofree char *path = g_build_filename(directory, "manifest.json", NULL);
	g_autofree char *text = kiln_fs_read(path, MANIFEST_MAX_BYTES, NULL, NULL);
	struct stat status;

	info->key = g_strdup(key);
	info->manifest = text ? kiln_layer_manifest_parse(text, path, NULL) : NULL;
	if (info->manifest && stat(directory, &status) == 0)
		info->used = status.st_mtime;
	if (measure(cache, info, error))
		return info;
	kiln_layer_info_free(info);
	return NULL;
}

GPtrArray *kiln_layer_list(const char *cache, GError **error)
{
	g_autofree char *layers = g_build_filename(cache, "layers", NULL);
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_layer_info_free);
	g_autoptr(GHashTable) keys = NULL;
	GHashTableIter iterator;
	gpointer key;

	if (!g_file_test(layers, G_FILE_TEST_IS_DIR))
		return g_steal_pointer(&list);
	keys = list_keys(layers, error);
	if (!keys)
		return NULL;
	g_hash_table_iter_init(&iterator, keys);
	while (g_hash_table_iter_next(&iterator, &key, NULL)) {
		KilnLayerInfo *info = inspect(cache, key, error);
		if (!info)
			return NULL;
		g_ptr_array_add(list, info);
	}
	return g_steal_pointer(&list);
}

gboolean kiln_layer_remove(const char *cache, const char *key, gboolean is_trial, GError **error)
{
	g_autofree char *directory = layer_directory(cache, "", key);
	g_autofree char *unfinished = layer_directory(cache, UNFINISHED, key);
	g_autofree char *lock_path = layer_directory(cache, LOCK, key);
	KilnLock *lock = kiln_lock_take(lock_path, "removing a layer", FALSE, error);
	gboolean is_there = g_file_test(directory, G_FILE_TEST_EXISTS);

	if (!lock)
		return FALSE;
	if (is_trial) {
		kiln_lock_free(lock);
		return TRUE;
	}
	/* Under the name of an unfinished one, in case this is killed: whoever makes it again begins there. */
	if (!kiln_fs_remove_tree(unfinished, error) ||
		(is_there && !kiln_fs_rename(directory, unfinished, error)) ||
		!kiln_fs_remove_tree(unfinished, error)) {
		kiln_lock_free(lock);
		return FALSE;
	}
	kiln_lock_remove(lock);
	return TRUE;
}
