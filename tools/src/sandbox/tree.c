/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/tree.h"

#include "base/error.h"
#include "base/fs.h"
#include "sandbox/resolve.h"
#include "sandbox/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MAX_BYTES (1 << 20)
#define TEMPORARY ".kiln.new"

static gboolean fail(GError **error, const char *path)
{
	return kiln_error_set_errno(error, errno, "preparing \"%s\" of the sandbox", path);
}

static gboolean set_attributes(int fd, mode_t mode, uid_t uid, gid_t gid)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return FALSE;
	if (status.st_uid == uid && status.st_gid == gid && (status.st_mode & 07777) == mode)
		return TRUE;
	return fchown(fd, uid, gid) == 0 && fchmod(fd, mode) == 0;
}

gboolean kiln_tree_directory(
	int root_fd, const char *path, mode_t mode, uid_t uid, gid_t gid, GError **error)
{
	int point_fd = kiln_mount_point(root_fd, path, TRUE, error);
	int fd;
	gboolean good;

	if (point_fd < 0)
		return FALSE;
	close(point_fd);
	fd = kiln_resolve_in_root(root_fd, path, O_RDONLY | O_DIRECTORY);
	good = fd >= 0 && set_attributes(fd, mode, uid, gid);
	if (!good)
		fail(error, path);
	if (fd >= 0)
		close(fd);
	return good;
}

static int open_parent(int root_fd, const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	int fd, point_fd = kiln_mount_point(root_fd, parent, TRUE, error);

	if (point_fd < 0)
		return -1;
	close(point_fd);
	fd = kiln_resolve_in_root(root_fd, parent, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		fail(error, parent);
	return fd;
}

static gboolean replace_file(int parent_fd, const char *name, const char *text, mode_t mode)
{
	gboolean good;
	int fd;

	unlinkat(parent_fd, TEMPORARY, 0);
	fd = openat(
		parent_fd, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	good = fd >= 0 && kiln_fs_write_all(fd, text, strlen(text)) && fchmod(fd, mode) == 0 &&
	       renameat(parent_fd, TEMPORARY, parent_fd, name) == 0;
	if (fd >= 0)
		close(fd);
	return good;
}

static char *read_at(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	g_autofree char *text = NULL;
	struct stat status;
	ssize_t got, size = 0;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		status.st_size <= READ_MAX_BYTES) {
		text = g_malloc0((gsize)status.st_size + 1);
		while (size < status.st_size &&
			(got = read(fd, text + size, (gsize)(status.st_size - size))) > 0)
			size += got;
	}
	close(fd);
	return g_steal_pointer(&text);
}

gboolean kiln_tree_write(
	int root_fd, const char *path, const char *text, mode_t mode, GError **error)
{
	int parent_fd = open_parent(root_fd, path, error);
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *present = NULL;
	gboolean good;

	if (parent_fd < 0)
		return FALSE;
	present = read_at(parent_fd, name);
	good = (present && strcmp(present, text) == 0) ||
	       replace_file(parent_fd, name, text, mode) || fail(error, path);
	close(parent_fd);
	return good;
}

static gboolean replace_link(int parent_fd, const char *name, const char *target)
{
	char present[256];
	ssize_t length = readlinkat(parent_fd, name, present, sizeof(present) - 1);

	if (length >= 0 && (gsize)length == strlen(target) &&
		memcmp(present, target, (gsize)length) == 0)
		return TRUE;
	unlinkat(parent_fd, TEMPORARY, 0);
	return symlinkat(target, parent_fd, TEMPORARY) == 0 &&
	       renameat(parent_fd, TEMPORARY, parent_fd, name) == 0;
}

gboolean kiln_tree_link(int root_fd, const char *path, const char *target, GError **error)
{
	int parent_fd = open_parent(root_fd, path, error);
	g_autofree char *name = g_path_get_basename(path);
	gboolean good;

	if (parent_fd < 0)
		return FALSE;
	good = replace_link(parent_fd, name, target) || fail(error, path);
	close(parent_fd);
	return good;
}

char *kiln_tree_read(int root_fd, const char *path)
{
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *text = NULL;
	int parent_fd = kiln_resolve_in_root(root_fd, parent, O_RDONLY | O_DIRECTORY);

	if (parent_fd < 0)
		return NULL;
	text = read_at(parent_fd, name);
	close(parent_fd);
	return g_steal_pointer(&text);
}

gboolean kiln_tree_exists(int root_fd, const char *path)
{
	int fd = kiln_resolve_in_root(root_fd, path, O_PATH | O_NOFOLLOW);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Only what has another owner is touched: a chown in an overlay copies the file up. */
static gboolean give_entry(const FTSENT *entry, uid_t uid, gid_t gid)
{
	if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS)
		return TRUE;
	if (entry->fts_statp->st_uid == uid && entry->fts_statp->st_gid == gid)
		return TRUE;
	return lchown(entry->fts_accpath, uid, gid) == 0;
}

gboolean kiln_tree_give(int root_fd, const char *path, uid_t uid, gid_t gid, GError **error)
{
	int fd = kiln_resolve_in_root(root_fd, path, O_RDONLY | O_DIRECTORY);
	g_autofree char *fd_path = g_strdup_printf("/proc/self/fd/%d/.", fd);
	char *roots[] = {fd_path, NULL};
	FTS *walk = fd >= 0 ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL) : NULL;
	gboolean good = walk != NULL;
	FTSENT *entry;

	while (good && (entry = fts_read(walk)))
		good = give_entry(entry, uid, gid);
	if (!good)
		fail(error, path);
	if (walk)
		fts_close(walk);
	if (fd >= 0)
		close(fd);
	return good;
}
