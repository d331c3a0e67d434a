/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/rootfs.h"

#include "base/error.h"
#include "sandbox/contract.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT KILN_STAGE "/root"

static int open_directory(const char *path, GError **error)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		kiln_error_set_errno(error, errno, "opening \"%s\"", path);
	return fd;
}

/* An upper on the stage's tmpfs, for writes that nobody wants. `number` tells several apart. */
static gboolean make_scratch(KilnOverlay *overlay, guint number, GError **error)
{
	g_autofree char *base = g_strdup_printf(KILN_STAGE "/scratch-%u", number);
	g_autofree char *upper = g_strconcat(base, "/tree", NULL);
	g_autofree char *work = g_strconcat(base, "/work", NULL);

	if (overlay->upper_fd >= 0)
		return TRUE;
	if (mkdir(base, 0755) != 0 || mkdir(upper, 0755) != 0 || mkdir(work, 0700) != 0)
		return kiln_error_set_errno(error, errno, "making \"%s\"", base);
	overlay->upper_fd = open_directory(upper, error);
	overlay->work_fd = open_directory(work, error);
	return overlay->upper_fd >= 0 && overlay->work_fd >= 0;
}

/* Mounts the overlay on a directory of ours and returns an fd of its root, or -1. */
static int mount_root(KilnOverlay *overlay, const char *path, GError **error)
{
	int point_fd, fd = -1;

	if (mkdir(path, 0755) != 0 && errno != EEXIST) {
		kiln_error_set_errno(error, errno, "making \"%s\"", path);
		return -1;
	}
	point_fd = open_directory(path, error);
	if (point_fd < 0)
		return -1;
	if (make_scratch(overlay, 0, error) && kiln_mount_overlay(overlay, point_fd, error))
		fd = open_directory(path, error);
	close(point_fd);
	return fd;
}

static gboolean mount_binds(
	int root_fd, const KilnSandboxRequest *request, const KilnOpened *opened, GError **error)
{
	for (guint i = 0; i < request->binds->len; i++) {
		const KilnSandboxBind *bind = request->binds->pdata[i];
		if (!kiln_mount_bind(g_array_index(opened->binds, int, i), root_fd,
			    bind->destination, bind->writable ? 0 : KILN_MOUNT_READ_ONLY, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean mount_kernel(int root_fd, gboolean with_sys, GError **error)
{
	return kiln_contract_mount_proc(root_fd, error) &&
	       (!with_sys || kiln_contract_mount_sys(root_fd, error)) &&
	       kiln_contract_mount_devices(root_fd, error);
}

/* Packages are installed into it, by a program inside: scriptlets find /proc and /dev there. */
static gboolean mount_tree(
	int root_fd, const char *destination, const KilnOverlay *overlay, GError **error)
{
	int point_fd = kiln_mount_point(root_fd, destination, TRUE, error), tree_fd;
	gboolean good;

	if (point_fd < 0)
		return FALSE;
	good = kiln_mount_overlay(overlay, point_fd, error);
	close(point_fd);
	if (!good)
		return FALSE;
	tree_fd = kiln_mount_point(root_fd, destination, TRUE, error);
	if (tree_fd < 0)
		return FALSE;
	good = kiln_contract_write_install(tree_fd, NULL, error) &&
	       mount_kernel(tree_fd, FALSE, error);
	close(tree_fd);
	return good;
}

static gboolean mount_trees(
	int root_fd, const KilnSandboxRequest *request, KilnOpened *opened, GError **error)
{
	for (guint i = 0; i < request->trees->len; i++) {
		const KilnSandboxTree *tree = request->trees->pdata[i];
		KilnOverlay *overlay = &g_array_index(opened->trees, KilnOverlay, i);
		if (!make_scratch(overlay, i + 1, error) ||
			!mount_tree(root_fd, tree->destination, overlay, error))
			return FALSE;
	}
	return TRUE;
}

/* The host's directory, or the link that stands for it where / and /usr are merged. */
static gboolean offer(int root_fd, const char *path, GError **error)
{
	char target[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	gboolean good;
	int fd;

	if (length >= 0) {
		target[length] = '\0';
		return kiln_tree_link(root_fd, path, target, error);
	}
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return TRUE;
	if (fd < 0)
		return kiln_error_set_errno(error, errno, "opening \"%s\" of the host", path);
	good = kiln_mount_bind(
		fd, root_fd, path, KILN_MOUNT_READ_ONLY | KILN_MOUNT_RECURSIVE, error);
	close(fd);
	return good;
}

/* A root with the host's libraries, read-only, and nothing else of the host: no configuration, no
 * home. A program that leaves the target's chroot finds itself here. */
static gboolean build_host_root(int root_fd, int evaluator_fd, GError **error)
{
	static const char *const offered[] = {
		"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache"};

	for (gsize i = 0; i < G_N_ELEMENTS(offered); i++)
		if (!offer(root_fd, offered[i], error))
			return FALSE;
	if (evaluator_fd >= 0 && !kiln_mount_bind(evaluator_fd, root_fd, KILN_ROOTFS_EVALUATOR,
					 KILN_MOUNT_READ_ONLY, error))
		return FALSE;
	return kiln_tree_write(root_fd, "/etc/nsswitch.conf", "passwd: files\ngroup: files\n", 0644,
		       error) &&
	       kiln_tree_write(root_fd, "/etc/passwd", "root:x:0:0::/:/bin/sh\n", 0644, error) &&
	       kiln_tree_write(root_fd, "/etc/group", "root:x:0:\n", 0644, error) &&
	       kiln_tree_directory(root_fd, "/tmp", 01777, 0, 0, error) &&
	       mount_kernel(root_fd, FALSE, error);
}

static gboolean complete_target(
	int target_fd, const KilnSandboxRequest *request, const KilnOpened *opened, GError **error)
{
	if (request->kind == KILN_SANDBOX_EVALUATE)
		return kiln_contract_write(target_fd, request, error) &&
		       mount_binds(target_fd, request, opened, error) &&
		       mount_kernel(target_fd, TRUE, error);
	/* Without /sys: packages own that directory, and rpm could not set its mode. */
	return kiln_contract_write_install(target_fd, request->macros, error) &&
	       mount_kernel(target_fd, FALSE, error);
}

static int build_with_host(
	const KilnSandboxRequest *request, KilnOpened *opened, int evaluator_fd, GError **error)
{
	int root_fd, target_fd;
	gboolean good;

	if (mkdir(ROOT, 0755) != 0 ||
		mount("kiln", ROOT, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
		kiln_error_set_errno(error, errno, "mounting a tmpfs for the root");
		return -1;
	}
	root_fd = open_directory(ROOT, error);
	if (root_fd < 0)
		return -1;
	if (!build_host_root(root_fd, evaluator_fd, error))
		return -1;
	target_fd = mount_root(&opened->root, ROOT KILN_ROOTFS_TARGET, error);
	if (target_fd < 0)
		return -1;
	good = complete_target(target_fd, request, opened, error);
	close(target_fd);
	return good ? root_fd : -1;
}

static int build_plain(const KilnSandboxRequest *request, KilnOpened *opened, GError **error)
{
	int root_fd = mount_root(&opened->root, ROOT, error);

	if (root_fd < 0)
		return -1;
	if (kiln_contract_write(root_fd, request, error) &&
		mount_trees(root_fd, request, opened, error) &&
		mount_binds(root_fd, request, opened, error) && mount_kernel(root_fd, TRUE, error))
		return root_fd;
	return -1;
}

int kiln_rootfs_build(
	const KilnSandboxRequest *request, KilnOpened *opened, int evaluator_fd, GError **error)
{
	if (!kiln_mount_stage(error))
		return -1;
	if (request->kind == KILN_SANDBOX_RUN)
		return build_plain(request, opened, error);
	return build_with_host(request, opened, evaluator_fd, error);
}
