/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/sandbox.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "sandbox/check.h"
#include "sandbox/opened.h"
#include "sandbox/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MAX_BYTES (1 << 20)
#define SMALL_MAX_ENTRIES 1000 /* of a layer */

static KilnAllowed *allow(char *const *directories, GError **error)
{
	g_autoptr(KilnAllowed) allowed = kiln_allowed_new();

	for (; directories && *directories; directories++)
		if (!kiln_allowed_add(allowed, *directories, error))
			return NULL;
	return g_steal_pointer(&allowed);
}

static char *read_key(const KilnAllowed *allowed, const char *path, GError **error)
{
	int fd = kiln_allowed_open(allowed, path, O_RDONLY | O_NONBLOCK, error);
	g_autofree char *fd_path = g_strdup_printf("/proc/self/fd/%d", fd);
	char *text;

	if (fd < 0)
		return NULL;
	text = kiln_fs_read(fd_path, KEY_MAX_BYTES, NULL, error);
	close(fd);
	return text;
}

static char **read_keys(
	const KilnSandboxRequest *request, const KilnAllowed *allowed, GError **error)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);

	for (char **path = request->keys; path && *path; path++) {
		char *text = read_key(allowed, *path, error);
		if (!text)
			return NULL;
		g_ptr_array_add(keys, text);
	}
	g_ptr_array_add(keys, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&keys), FALSE);
}

/* Whether there are few entries below the directory. */
static gboolean is_small(const char *path)
{
	char *roots[] = {(char *)path, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT | FTS_XDEV, NULL);
	guint count = 0;

	while (walk && count <= SMALL_MAX_ENTRIES && fts_read(walk))
		count++;
	if (walk)
		fts_close(walk);
	return count <= SMALL_MAX_ENTRIES;
}

/* Layers can be made again, but one that is there must be whole: a crash after this keeps it. With
 * syncfs(2) what builds beside this one write would go to the disk, too, most of which never need. */
static gboolean sync_layer(
	const KilnSandboxRequest *request, const KilnAllowed *allowed, GError **error)
{
	int fd = kiln_allowed_open(allowed, request->upper, O_RDONLY | O_DIRECTORY, error);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d/.", fd);
	gboolean good;

	if (fd < 0)
		return FALSE;
	if (is_small(path))
		good = kiln_fs_sync_tree(path, error);
	else
		good = syncfs(fd) == 0 || kiln_error_set_errno(error, errno, "writing to the disk");
	if (!good)
		g_prefix_error(error, "layer \"%s\": ", request->upper);
	close(fd);
	return good;
}

static gboolean finish_install(const KilnSandboxRequest *request, const KilnAllowed *allowed,
	KilnSandboxReport *report, GError **error)
{
	gint64 started_us = kiln_clock_monotonic_us();

	if (request->kind != KILN_SANDBOX_INSTALL || !kiln_sandbox_report_succeeded(report))
		return TRUE;
	if (!sync_layer(request, allowed, error))
		return FALSE;
	report->sync_us = kiln_clock_monotonic_us() - started_us;
	return TRUE;
}

/* NULL without error when there is nothing to limit. */
static gboolean open_disk(const KilnSandboxRequest *request, const KilnAllowed *allowed,
	KilnDisk **ret_disk, GError **error)
{
	int fd;

	*ret_disk = NULL;
	if (request->limits.disk_bytes == 0)
		return TRUE;
	fd = kiln_allowed_open(allowed, request->upper, O_RDONLY | O_DIRECTORY, error);
	if (fd < 0)
		return FALSE;
	*ret_disk = kiln_disk_new(fd, request->limits.disk_bytes);
	return TRUE;
}

static gboolean do_in_sandbox(const KilnSandboxRequest *request,
	const KilnSandboxSettings *settings, KilnAllowed *allowed, KilnSandboxReport *report,
	GError **error)
{
	KilnInside inside = {.request = request, .allowed = settings->allowed};
	gint64 started_us = kiln_clock_monotonic_us();
	g_autoptr(GArray) packages = NULL;
	g_auto(GStrv) keys = NULL;
	g_autoptr(KilnCgroup) cgroup = NULL;
	g_autoptr(KilnDisk) disk = NULL;
	g_autofree char *evaluator = NULL;

	if (request->kind == KILN_SANDBOX_INSTALL && !kiln_allowed_freeze(allowed, error))
		return FALSE;
	packages = kiln_opened_packages(request, allowed, error);
	if (!packages || !(keys = read_keys(request, allowed, error)) ||
		!open_disk(request, allowed, &disk, error))
		return FALSE;
	if (request->kind == KILN_SANDBOX_EVALUATE)
		inside.evaluator = evaluator =
			g_build_filename(settings->libexec, "kiln-spec", NULL);
	inside.packages = packages;
	inside.keys = keys;
	cgroup = kiln_cgroup_new(&request->limits);
	if (request->boot && !kiln_cgroup_add_init(cgroup, error))
		return FALSE;
	inside.counted = !g_str_equal(kiln_cgroup_kind(cgroup), "rlimit");
	report->prepare_us = kiln_clock_monotonic_us() - started_us;
	return kiln_supervise(&inside, cgroup, disk, report, error) &&
	       finish_install(request, allowed, report, error);
}

/* The directory was opened below an allowed one without following a link; its path is used, as
 * removal needs the parent. What is mounted below it stays (kiln_fs_remove_tree). */
static gboolean remove_tree(
	const KilnSandboxRequest *request, const KilnAllowed *allowed, GError **error)
{
	g_autofree char *name = g_path_get_basename(request->upper);
	g_autofree char *path = NULL;
	gboolean good;
	int fd = kiln_allowed_open(allowed, request->upper, O_PATH | O_DIRECTORY, error);

	if (fd < 0)
		return FALSE;
	path = g_strdup_printf("/proc/self/fd/%d/../%s", fd, name);
	good = kiln_fs_remove_tree(path, error);
	close(fd);
	return good;
}

gboolean kiln_sandbox_do(const KilnSandboxRequest *request, const KilnSandboxSettings *settings,
	KilnSandboxReport *ret_report, GError **error)
{
	gint64 started_us = kiln_clock_monotonic_us();
	g_auto(KilnSandboxReport) report = {0};
	g_autoptr(KilnAllowed) allowed = NULL;

	umask(022);
	if (!kiln_sandbox_check(request, error) || !(allowed = allow(settings->allowed, error)))
		return FALSE;
	if (request->kind == KILN_SANDBOX_REMOVE) {
		if (!remove_tree(request, allowed, error))
			return FALSE;
	} else if (!do_in_sandbox(request, settings, allowed, &report, error)) {
		return FALSE;
	}
	report.total_us = kiln_clock_monotonic_us() - started_us;
	*ret_report = report;
	report = (KilnSandboxReport){0};
	return TRUE;
}
