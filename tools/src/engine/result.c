/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/result.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fs.h"
#include "format/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PACKAGES_MAX 4096

struct KilnResult {
	char *directory;
	int build_log, state_log, root_log;
};

static int open_log(const char *directory, const char *name)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);

	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

KilnResult *kiln_result_begin(const char *directory, GError **error)
{
	g_autoptr(KilnResult) result = g_new0(KilnResult, 1);

	result->directory = g_strdup(directory);
	result->build_log = open_log(directory, "build.log");
	result->state_log = open_log(directory, "state.log");
	result->root_log = open_log(directory, "root.log");
	if (result->build_log < 0 || result->state_log < 0 || result->root_log < 0) {
		kiln_error_set_errno(error, errno, "creating logs in \"%s\"", directory);
		return NULL;
	}
	return g_steal_pointer(&result);
}

void kiln_result_free(KilnResult *result)
{
	if (!result)
		return;
	for (int *fd = &result->build_log; fd <= &result->root_log; fd++)
		if (*fd >= 0)
			close(*fd);
	g_free(result->directory);
	g_free(result);
}

int kiln_result_build_log(const KilnResult *result)
{
	return result->build_log;
}

void kiln_result_state(KilnResult *result, gboolean start, const char *step)
{
	g_autofree char *time = kiln_clock_readable(kiln_clock_now());

	dprintf(result->state_log, "%s - %s: %s\n", time, start ? "Start" : "Finish", step);
}

void kiln_result_root(KilnResult *result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vdprintf(result->root_log, format, arguments);
	va_end(arguments);
	dprintf(result->root_log, "\n");
}

static void append_packages(GPtrArray *lines, const KilnSolution *solution)
{
	const GPtrArray *packages = kiln_solution_packages(solution);

	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = packages->pdata[i];
		g_autofree char *nevra = kiln_nevra_format(&package->nevra);
		g_ptr_array_add(lines,
			g_strdup_printf("%s %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %s %s", nevra,
				package->build_time, package->file_bytes, package->checksum,
				package->repository));
	}
}

static int compare_lines(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

gboolean kiln_result_installed(
	KilnResult *result, const KilnSolution *base, const KilnSolution *added, GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *path = g_build_filename(result->directory, "installed_pkgs.log", NULL);
	g_autofree char *text = NULL;

	append_packages(lines, base);
	append_packages(lines, added);
	g_ptr_array_sort(lines, compare_lines);
	g_ptr_array_add(lines, g_strdup(""));
	g_ptr_array_add(lines, NULL);
	text = g_strjoinv("\n", (char **)lines->pdata);
	return kiln_fs_replace_text(path, text, error);
}

/* Opens `path` below `directory` without following any link or leaving it. */
static int open_beneath(int directory, const char *path, int flags)
{
	struct open_how how = {.flags = (guint64)flags | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
}

static gboolean copy_package(KilnResult *result, int directory, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(result->directory, name, NULL);
	g_autofree char *source = NULL;
	struct stat status;
	int fd = open_beneath(directory, name, O_RDONLY | O_NOFOLLOW);
	gboolean good;

	if (fd < 0)
		return kiln_error_set_errno(error, errno, "taking \"%s\" out of the buildroot", name);
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"\"%s\" in the buildroot is not a regular file", name);
		return FALSE;
	}
	source = g_strdup_printf("/proc/self/fd/%d", fd);
	good = kiln_fs_copy(source, path, error);
	close(fd);
	if (good && chmod(path, 0644) != 0)
		good = kiln_error_set_errno(error, errno, "setting the mode of \"%s\"", path);
	return good;
}

static gboolean collect_from(KilnResult *result, int directory, guint *ret_count, GError **error)
{
	DIR *stream = fdopendir(dup(directory));
	struct dirent *entry;
	gboolean good = TRUE;

	if (!stream)
		return kiln_error_set_errno(error, errno, "listing the built packages");
	while (good && (entry = readdir(stream))) {
		if (!g_str_has_suffix(entry->d_name, ".rpm"))
			continue;
		good = copy_package(result, directory, entry->d_name, error);
		if (++*ret_count > PACKAGES_MAX) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
				"the build left more than %d packages", PACKAGES_MAX);
			good = FALSE;
		}
	}
	closedir(stream);
	return good;
}

gboolean kiln_result_collect(
	KilnResult *result, const char *tree, const char *subdirectory, guint *ret_count, GError **error)
{
	g_autofree char *path = g_build_filename("builddir/build", subdirectory, NULL);
	int top = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int directory = top >= 0 ? open_beneath(top, path, O_RDONLY | O_DIRECTORY) : -1;
	gboolean good;

	*ret_count = 0;
	if (directory < 0)
		good = kiln_error_set_errno(error, errno, "opening \"%s\" of the buildroot", path);
	else
		good = collect_from(result, directory, ret_count, error);
	if (directory >= 0)
		close(directory);
	if (top >= 0)
		close(top);
	return good;
}

static gboolean write_hardware(const KilnResult *result, GError **error)
{
	g_autofree char *path = g_build_filename(result->directory, "hw_info.log", NULL);
	g_autofree char *text = NULL;
	struct utsname names;
	struct sysinfo information;

	uname(&names);
	sysinfo(&information);
	text = g_strdup_printf("kernel: %s %s %s\nprocessors: %d\nmemory: %" G_GUINT64_FORMAT
			       " MiB\nkiln: " KILN_VERSION "\n",
		names.sysname, names.release, names.machine, get_nprocs(),
		(guint64)information.totalram * information.mem_unit / (1024 * 1024));
	return kiln_fs_replace_text(path, text, error);
}

static gboolean add_packages(const KilnResult *result, KilnJson *json, GError **error)
{
	g_auto(GStrv) names = kiln_fs_list(result->directory, error);

	kiln_json_begin_array(json, "packages");
	for (char **name = names; name && *name; name++) {
		g_autofree char *path = g_build_filename(result->directory, *name, NULL);
		g_autofree char *sha256 = NULL;
		if (!g_str_has_suffix(*name, ".rpm"))
			continue;
		sha256 = kiln_digest_of_file(path, NULL, error);
		if (!sha256)
			return FALSE;
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "file", *name);
		kiln_json_add_text(json, "sha256", sha256);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
	return names != NULL;
}

static void add_phases(KilnJson *json, const KilnBuildPhases *phases)
{
	kiln_json_begin_object(json, "phases_us");
	kiln_json_add_number(json, "layers", phases->layers_us);
	kiln_json_add_number(json, "prepare", phases->prepare_us);
	kiln_json_add_number(json, "sandbox", phases->sandbox_us);
	kiln_json_add_number(json, "rpmbuild", phases->rpmbuild_us);
	kiln_json_add_number(json, "collect", phases->collect_us);
	kiln_json_add_number(json, "total", phases->total_us);
	kiln_json_end_object(json);
}

gboolean kiln_result_end(
	KilnResult *result, const KilnPlanItem *item, const KilnBuildPhases *phases, GError **error)
{
	g_autofree char *path = g_build_filename(result->directory, "result.json", NULL);
	g_autofree char *version = kiln_spec_evr(item->spec);
	g_autoptr(KilnJson) json = kiln_json_new();
	g_autofree char *text = NULL;

	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "key", item->key);
	kiln_json_add_text(json, "package", item->package->name);
	kiln_json_add_text(json, "version", version);
	kiln_json_add_text(json, "kiln", KILN_VERSION);
	if (!add_packages(result, json, error))
		return FALSE;
	add_phases(json, phases);
	kiln_json_end_object(json);
	text = kiln_json_to_text(json, TRUE);
	return write_hardware(result, error) && kiln_fs_replace_text(path, text, error) &&
		kiln_fs_sync_tree(result->directory, error);
}
