/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/mount.h"

#include "base/error.h"
#include "sandbox/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc has these since 2.36; before, the kernel's header may only come second. */
#ifndef OPEN_TREE_CLONE
#include <linux/mount.h>
#endif

#define EMPTY_PATH 0x1000 /* AT_EMPTY_PATH */
#define RECURSIVE 0x8000  /* AT_RECURSIVE */
#define OVERLAY_OPTIONS_MAX_BYTES 4095

static char *fd_path(int fd)
{
	return g_strdup_printf("/proc/self/fd/%d", fd);
}

gboolean kiln_mount_stage(GError **error)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 && errno == EINVAL) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"the root directory is not a mount point (a plain chroot?); "
			"bind-mount it onto itself before entering it");
		return FALSE;
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return kiln_error_set_errno(error, errno, "making mounts private");
	if (mount("kiln", KILN_STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0)
		return kiln_error_set_errno(error, errno, "mounting a tmpfs on \"%s\"", KILN_STAGE);
	return TRUE;
}

/* Layers are given as /proc/self/fd/N: short, so that many fit into the one page of options,
 * without characters to escape, and the same directory that was checked. */
static char *overlay_options(const KilnOverlay *overlay)
{
	GString *options = g_string_new("lowerdir=");

	for (guint i = overlay->layers->len; i-- > 0;)
		g_string_append_printf(options, "/proc/self/fd/%d%s",
			g_array_index(overlay->layers, int, i), i > 0 ? ":" : "");
	g_string_append_printf(options,
		",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/"
		"%d,index=off,metacopy=off,redirect_dir=on",
		overlay->upper_fd, overlay->work_fd);
	return g_string_free(options, FALSE);
}

static int create_in(int parent_fd, const char *name, gboolean directory)
{
	int fd;

	if (directory)
		return mkdirat(parent_fd, name, 0755) == 0 || errno == EEXIST ? 0 : -1;
	fd = openat(parent_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : -1;
}

int kiln_mount_point(int root_fd, const char *path, gboolean directory, GError **error)
{
	int fd = kiln_resolve_in_root(root_fd, path, O_PATH);
	g_autofree char *parent = NULL, *name = NULL;
	int parent_fd;

	if (fd < 0 && errno == ENOENT && strcmp(path, "/") != 0) {
		parent = g_path_get_dirname(path);
		name = g_path_get_basename(path);
		parent_fd = kiln_mount_point(root_fd, parent, TRUE, error);
		if (parent_fd < 0)
			return -1;
		if (create_in(parent_fd, name, directory) == 0)
			fd = kiln_resolve_in_root(root_fd, path, O_PATH);
		close(parent_fd);
	}
	if (fd < 0)
		kiln_error_set_errno(error, errno, "preparing \"%s\" of the sandbox", path);
	return fd;
}

gboolean kiln_mount_filesystem(int root_fd, const char *path, const char *type, unsigned long flags,
	const char *options, GError **error)
{
	int point_fd = kiln_mount_point(root_fd, path, TRUE, error);
	g_autofree char *point = fd_path(point_fd);
	int result;

	if (point_fd < 0)
		return FALSE;
	result = mount(type, point, type, flags, options);
	if (result != 0)
		kiln_error_set_errno(
			error, errno, "mounting %s on \"%s\" of the sandbox", type, path);
	close(point_fd);
	return result == 0;
}

int kiln_mount_copy(int source_fd, KilnMountFlags flags)
{
	struct mount_attr attributes = {
		.attr_set = MOUNT_ATTR_NOSUID |
			    (flags & KILN_MOUNT_READ_ONLY ? MOUNT_ATTR_RDONLY : 0) |
			    (flags & KILN_MOUNT_DEVICES ? 0 : MOUNT_ATTR_NODEV)};
	unsigned int recursive = flags & KILN_MOUNT_RECURSIVE ? RECURSIVE : 0;
	int fd = (int)syscall(SYS_open_tree, source_fd, "",
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | EMPTY_PATH | recursive);

	if (fd < 0)
		return -1;
	if (syscall(SYS_mount_setattr, fd, "", EMPTY_PATH | recursive, &attributes,
		    sizeof(attributes)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int move_mount_to(int mount_fd, int point_fd)
{
	return (int)syscall(SYS_move_mount, mount_fd, "", point_fd, "",
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static gboolean bind_upper(const KilnOverlay *overlay, int point_fd, GError **error)
{
	int fd = kiln_mount_copy(overlay->upper_fd, 0);
	int result = fd >= 0 ? move_mount_to(fd, point_fd) : -1;

	if (result != 0)
		kiln_error_set_errno(error, errno, "mounting the new layer's tree");
	if (fd >= 0)
		close(fd);
	return result == 0;
}

gboolean kiln_mount_overlay(const KilnOverlay *overlay, int point_fd, GError **error)
{
	g_autofree char *options = NULL, *durable = NULL, *point = fd_path(point_fd);

	if (overlay->layers->len == 0)
		return bind_upper(overlay, point_fd, error);
	durable = overlay_options(overlay);
	/* Without syncs of its own: what is to last is synced when its transaction is over. */
	options = g_strconcat(durable, ",volatile", NULL);
	if (strlen(options) > OVERLAY_OPTIONS_MAX_BYTES) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"mounting the root: %u layers are too many", overlay->layers->len);
		return FALSE;
	}
	if (mount("overlay", point, "overlay", MS_NODEV, options) == 0)
		return TRUE;
	if (errno == EINVAL && mount("overlay", point, "overlay", MS_NODEV, durable) == 0)
		return TRUE;
	if (errno == ENODEV) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"mounting the root: this kernel has no overlayfs; run `modprobe overlay` "
			"or use a kernel with CONFIG_OVERLAY_FS");
		return FALSE;
	}
	return kiln_error_set_errno(error, errno,
		"mounting the root: overlayfs refuses (are layers and buildroot on a local file "
		"system, and not themselves on an overlay?)");
}

static gboolean attach(int mount_fd, int root_fd, const char *path, GError **error)
{
	struct stat status;
	gboolean directory = fstat(mount_fd, &status) == 0 && S_ISDIR(status.st_mode);
	int point_fd = kiln_mount_point(root_fd, path, directory, error);
	int result;

	if (point_fd < 0)
		return FALSE;
	result = move_mount_to(mount_fd, point_fd);
	if (result != 0)
		kiln_error_set_errno(error, errno, "binding \"%s\" of the sandbox", path);
	close(point_fd);
	return result == 0;
}

static gboolean exists(int root_fd, const char *path)
{
	int fd = kiln_resolve_in_root(root_fd, path, O_PATH);

	if (fd < 0)
		return FALSE;
	close(fd);
	return TRUE;
}

gboolean kiln_mount_bind(
	int source_fd, int root_fd, const char *path, KilnMountFlags flags, GError **error)
{
	gboolean good;
	int fd;

	if (flags & KILN_MOUNT_OPTIONAL && !exists(root_fd, path))
		return TRUE;
	fd = kiln_mount_copy(source_fd, flags);
	if (fd < 0)
		return kiln_error_set_errno(error, errno, "binding \"%s\" of the sandbox", path);
	good = attach(fd, root_fd, path, error);
	close(fd);
	return good;
}

/* The caller may be in a chroot, where the kernel makes no user namespaces; entering the mount namespace
 * one is in leads to its root. Nothing of the host is seen there for long. */
static gboolean leave_chroot(GError **error)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	gboolean good = fd >= 0 && setns(fd, CLONE_NEWNS) == 0;

	if (!good)
		kiln_error_set_errno(error, errno, "going to the root of the mount namespace");
	if (fd >= 0)
		close(fd);
	return good;
}

gboolean kiln_mount_pivot(int root_fd, GError **error)
{
	if (!leave_chroot(error))
		return FALSE;
	/* The old root ends up stacked on the new one, where "." still finds it. */
	if (fchdir(root_fd) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
		umount2(".", MNT_DETACH) == 0 && chdir("/") == 0)
		return TRUE;
	return kiln_error_set_errno(error, errno, "entering the sandbox's root");
}
