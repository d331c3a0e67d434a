/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/layer.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/lock.h"
#include "engine/root.h"
#include "format/json.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Part of every key: raise it when kiln-root makes other trees from the same packages. */
#define LAYER_FORMAT "1"

void kiln_layers_free(KilnLayers *layers)
{
	if (!layers)
		return;
	g_free(layers->key);
	g_strfreev(layers->trees);
	g_free(layers);
}

KilnLayers *kiln_layers_copy(const KilnLayers *layers)
{
	KilnLayers *copy = g_new0(KilnLayers, 1);

	copy->key = g_strdup(layers->key);
	copy->trees = g_strdupv(layers->trees);
	return copy;
}

/* The package's SHA-256, from the metadata where that has one. */
static char *package_digest(const KilnSolvPackage *package, GError **error)
{
	if (g_strcmp0(package->checksum_type, "sha256") == 0)
		return g_strdup(package->checksum);
	return kiln_digest_of_file(package->path, NULL, error);
}

char *kiln_layer_key(const KilnLayerRequest *request, GError **error)
{
	const GPtrArray *packages = kiln_solution_packages(request->solution);
	g_autoptr(KilnDigest) digest = kiln_digest_new();

	if (packages->len == 0 && request->below)
		return g_strdup(request->below->key);
	kiln_digest_add(digest, "format", LAYER_FORMAT);
	kiln_digest_add(digest, "below", request->below ? request->below->key : NULL);
	kiln_digest_add(digest, "macros", request->macros);
	for (guint i = 0; i < packages->len; i++) {
		g_autofree char *sha256 = package_digest(packages->pdata[i], error);
		if (!sha256)
			return NULL;
		kiln_digest_add(digest, "package", sha256);
	}
	return kiln_digest_finish(digest);
}

static char *layer_directory(const KilnLayerRequest *request, const char *key)
{
	return g_build_filename(request->cache, "layers", key, NULL);
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

static gboolean install(const KilnLayerRequest *request, const char *directory,
	KilnSandboxReport *ret_report, GError **error)
{
	g_autofree char *log_path = g_build_filename(directory, "install.log", NULL);
	g_autoptr(KilnSandboxRequest) sandbox = install_request(request, directory, error);
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
	return kiln_sandbox_report_succeeded(ret_report) ||
		set_refused(ret_report, request->label, error);
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

static gboolean write_manifest(const KilnLayerRequest *request, const char *key, const char *directory,
	const KilnSandboxReport *report, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "manifest.json", NULL);
	const GPtrArray *packages = kiln_solution_packages(request->solution);
	g_autoptr(KilnJson) json = kiln_json_new();
	g_autofree char *text = NULL;

	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "key", key);
	kiln_json_add_text(json, "label", request->label);
	kiln_json_add_text(json, "below", request->below ? request->below->key : NULL);
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
static gboolean make_layer(
	const KilnLayerRequest *request, const char *key, const char *directory, GError **error)
{
	g_autofree char *name = g_strconcat(".new-", key, NULL);
	g_autofree char *unfinished = layer_directory(request, name);
	g_auto(KilnSandboxReport) report = {0};
	gint64 start = kiln_clock_monotonic_us();

	kiln_event_step("layer", "%s: installing %u packages", request->label,
		kiln_solution_packages(request->solution)->len);
	if (!kiln_fs_remove_tree(unfinished, error) || !kiln_fs_make_directory(unfinished, error))
		return FALSE;
	if (!install(request, unfinished, &report, error) ||
		!write_manifest(request, key, unfinished, &report, error) ||
		!kiln_fs_rename(unfinished, directory, error)) {
		/* What it holds is useless; the cause is in `error`. */
		kiln_fs_remove_tree(unfinished, NULL);
		return FALSE;
	}
	kiln_event_done("layer", kiln_clock_monotonic_us() - start, "%s: %u packages", request->label,
		kiln_solution_packages(request->solution)->len);
	return TRUE;
}

static gboolean ensure_layer(const KilnLayerRequest *request, const char *key, const char *directory,
	gboolean *ret_made, GError **error)
{
	g_autofree char *lock_name = g_strconcat(".lock-", key, NULL);
	g_autofree char *lock_path = layer_directory(request, lock_name);
	g_autoptr(KilnLock) lock = NULL;

	if (is_complete(directory)) {
		/* The time of last use, for whoever frees disk space. */
		utimensat(AT_FDCWD, directory, NULL, 0);
		return TRUE;
	}
	lock = kiln_lock_take(lock_path, request->label, TRUE, error);
	if (!lock)
		return FALSE;
	if (!is_complete(directory)) {
		if (!make_layer(request, key, directory, error))
			return FALSE;
		*ret_made = TRUE;
	}
	unlink(lock_path);
	return TRUE;
}

KilnLayers *kiln_layers_ensure(const KilnLayerRequest *request, gboolean *ret_made, GError **error)
{
	g_autofree char *key = kiln_layer_key(request, error);
	g_autofree char *directory = NULL;
	g_autoptr(GPtrArray) trees = g_ptr_array_new();
	KilnLayers *layers;
	gboolean made = FALSE;

	if (!key)
		return NULL;
	if (request->below && g_str_equal(key, request->below->key))
		return kiln_layers_copy(request->below);
	directory = layer_directory(request, key);
	if (!ensure_layer(request, key, directory, &made, error)) {
		g_prefix_error(error, "making the layer \"%s\": ", request->label);
		return NULL;
	}
	for (char **tree = request->below ? request->below->trees : NULL; tree && *tree; tree++)
		g_ptr_array_add(trees, g_strdup(*tree));
	g_ptr_array_add(trees, g_build_filename(directory, "tree", NULL));
	g_ptr_array_add(trees, NULL);
	layers = g_new0(KilnLayers, 1);
	layers->key = g_steal_pointer(&key);
	layers->trees = (char **)g_ptr_array_free(g_steal_pointer(&trees), FALSE);
	if (ret_made)
		*ret_made = made;
	return layers;
}
