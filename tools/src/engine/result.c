/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/result.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
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
#define PACKAGE_MAX_BYTES (G_GUINT64_CONSTANT(4) << 30)
#define TOTAL_MAX_BYTES (G_GUINT64_CONSTANT(16) << 30)

struct KilnResult {
	char *directory;
	int build_log, state_log, root_log;
	guint64 taken_bytes; /* of packages, out of the buildroot */
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
	return kiln_fs_replace_text_unsynced(path, text, error);
}

/* Opens `path` below `directory` without following any link or leaving it. */
static int open_beneath(int directory, const char *path, int flags)
{
	struct open_how how = {.flags = (guint64)flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};

	return (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
}

/* What cannot be opened is what the build made of it; only this process can lack descriptors or memory. */
static gboolean blame_open(GError **error, int errno_value, const char *path)
{
	g_autofree char *printable = kiln_text_printable(path);

	if (errno_value == EMFILE || errno_value == ENFILE || errno_value == ENOMEM || errno_value == EIO)
		return kiln_error_set_errno(error, errno_value, "opening \"%s\" of the buildroot", printable);
	if (errno_value == ENOENT)
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "it left no \"%s\"", printable);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "it left \"%s\" that is not to be opened: %s",
			printable, errno_value == ELOOP ? "a symbolic link" : g_strerror(errno_value));
	return FALSE;
}

static gboolean check_size(guint64 size, guint64 taken, const char *name, GError **error)
{
	g_autofree char *printable = kiln_text_printable(name);

	if (size > PACKAGE_MAX_BYTES)
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
			"it left \"%s\" of %" G_GUINT64_FORMAT " bytes; a package may have %" G_GUINT64_FORMAT,
			printable, size, PACKAGE_MAX_BYTES);
	else if (size > TOTAL_MAX_BYTES - taken)
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
			"it left packages of more than %" G_GUINT64_FORMAT " bytes together", TOTAL_MAX_BYTES);
	else
		return TRUE;
	return FALSE;
}

static gboolean copy_open(int fd, const char *name, guint64 *taken, const char *destination, GError **error)
{
	g_autofree char *source = g_strdup_printf("/proc/self/fd/%d", fd);
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		g_autofree char *printable = kiln_text_printable(name);
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "it left \"%s\": not a regular file", printable);
		return FALSE;
	}
	if (!check_size((guint64)status.st_size, *taken, name, error))
		return FALSE;
	*taken += (guint64)status.st_size;
	/* The mode changes before there is a copy: no set-user-ID bit leaves the buildroot. */
	if (fchmod(fd, 0644) != 0)
		return kiln_error_set_errno(error, errno, "setting the mode of \"%s\"", destination);
	return kiln_fs_copy_unsynced(source, destination, error);
}

static gboolean copy_package(
	int directory, const char *name, guint64 *taken, const char *destination, GError **error)
{
	int fd = open_beneath(directory, name, O_RDONLY | O_NOFOLLOW);
	gboolean good;

	if (fd < 0)
		return blame_open(error, errno, name);
	good = copy_open(fd, name, taken, destination, error);
	close(fd);
	return good;
}

/* A source package that only tells what %generate_buildrequires found. */
static gboolean is_interim(const char *name)
{
	return g_str_has_suffix(name, ".buildreqs.nosrc.rpm");
}

static gboolean collect_from(KilnResult *result, int directory, guint *ret_count, GError **error)
{
	DIR *stream = fdopendir(dup(directory));
	struct dirent *entry;
	gboolean good = TRUE;

	if (!stream)
		return kiln_error_set_errno(error, errno, "listing the built packages");
	while (good && (entry = readdir(stream))) {
		g_autofree char *path = g_build_filename(result->directory, entry->d_name, NULL);
		if (!g_str_has_suffix(entry->d_name, ".rpm") || is_interim(entry->d_name))
			continue;
		good = copy_package(directory, entry->d_name, &result->taken_bytes, path, error);
		if (good && ++*ret_count > PACKAGES_MAX) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "it left more than %d packages",
				PACKAGES_MAX);
			good = FALSE;
		}
	}
	closedir(stream);
	return good;
}

/* Opens builddir/build/SUBDIRECTORY of a buildroot. */
static int open_subdirectory(const char *tree, const char *subdirectory, GError **error)
{
	g_autofree char *path = g_build_filename("builddir/build", subdirectory, NULL);
	int top = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int directory;

	if (top < 0) {
		kiln_error_set_errno(error, errno, "opening \"%s\"", tree);
		return -1;
	}
	directory = open_beneath(top, path, O_RDONLY | O_DIRECTORY);
	if (directory < 0)
		blame_open(error, errno, path);
	close(top);
	return directory;
}

gboolean kiln_result_collect(
	KilnResult *result, const char *tree, const char *subdirectory, guint *ret_count, GError **error)
{
	int directory = open_subdirectory(tree, subdirectory, error);
	gboolean good;

	*ret_count = 0;
	if (directory < 0)
		return FALSE;
	good = collect_from(result, directory, ret_count, error);
	close(directory);
	return good;
}

gboolean kiln_result_take(
	const char *tree, const char *subdirectory, const char *name, const char *destination, GError **error)
{
	int directory = open_subdirectory(tree, subdirectory, error);
	guint64 taken = 0;
	gboolean good;

	if (directory < 0)
		return FALSE;
	good = copy_package(directory, name, &taken, destination, error);
	close(directory);
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
	return kiln_fs_replace_text_unsynced(path, text, error);
}

static gboolean add_packages(const KilnResult *result, KilnJson *json, GError **error)
{
	g_auto(GStrv) names = kiln_fs_list(result->directory, error);

	kiln_json_begin_array(json, "packages");
	for (char **name = names; name && *name; name++) {
		g_autofree char *path = g_build_filename(result->directory, *name, NULL);
		g_autofree char *sha256 = NULL;
		guint64 size = 0;
		if (!g_str_has_suffix(*name, ".rpm"))
			continue;
		sha256 = kiln_digest_of_file(path, &size, error);
		if (!sha256)
			return FALSE;
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "file", *name);
		kiln_json_add_text(json, "sha256", sha256);
		kiln_json_add_number(json, "size", (gint64)size);
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
	kiln_json_add_text(json, "declaration", item->declaration);
	kiln_json_add_text(json, "kiln", KILN_VERSION);
	if (!add_packages(result, json, error))
		return FALSE;
	add_phases(json, phases);
	kiln_json_end_object(json);
	text = kiln_json_to_text(json, TRUE);
	return write_hardware(result, error) && kiln_fs_replace_text_unsynced(path, text, error) &&
		kiln_fs_sync_tree(result->directory, error);
}
