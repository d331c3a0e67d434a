/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/fs.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	char *path;
	int fd;
	gboolean is_unsynced;
} Temporary;

gboolean kiln_fs_make_directory(const char *path, GError **error)
{
	struct stat status;

	if (g_mkdir_with_parents(path, 0777) != 0)
		return kiln_error_set_errno(error, errno, "creating directory \"%s\"", path);
	if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
		return kiln_error_set_errno(error, ENOTDIR, "creating directory \"%s\"", path);
	return TRUE;
}

gboolean kiln_fs_make_private(const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	gboolean good;
	int fd;

	if (!kiln_fs_make_directory(parent, error))
		return FALSE;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return kiln_error_set_errno(error, errno, "creating directory \"%s\"", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return kiln_error_set_errno(error, errno, "opening directory \"%s\"", path);
	good = fchmod(fd, 0700) == 0 ||
		kiln_error_set_errno(error, errno, "setting the mode of \"%s\"", path);
	close(fd);
	return good;
}

/* Marks the directory as ext4 marks "/": what is made in it goes to a block group chosen by a hash
 * of its name, instead of close by. Other file systems refuse, and need it not. */
static void spread_children(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int flags = 0;

	if (fd < 0)
		return;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && !(flags & FS_TOPDIR_FL)) {
		flags |= FS_TOPDIR_FL;
		(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
	close(fd);
}

gboolean kiln_fs_make_apart(const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *unique = g_strdup_printf("%s/.apart.%08x", parent, g_random_int());

	if (g_file_test(path, G_FILE_TEST_IS_DIR))
		return TRUE;
	if (!kiln_fs_make_directory(parent, error))
		return FALSE;
	spread_children(parent);
	/* A name of its own while it is made: all might be called alike in the end. */
	if (mkdir(unique, 0777) == 0 && rename(unique, path) == 0)
		return TRUE;
	kiln_error_set_errno(error, errno, "creating directory \"%s\"", path);
	rmdir(unique);
	return FALSE;
}

static gboolean sync_path(const char *path, int flags, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags);
	gboolean synced;

	if (fd < 0)
		return kiln_error_set_errno(error, errno, "opening \"%s\"", path);
	synced = fsync(fd) == 0;
	if (!synced)
		kiln_error_set_errno(error, errno, "writing \"%s\" to the disk", path);
	close(fd);
	return synced;
}

static gboolean sync_parent(const char *path, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);

	return sync_path(directory, O_DIRECTORY, error);
}

static gboolean temporary_open(Temporary *temporary, const char *path, mode_t mode, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);

	temporary->path = g_strdup_printf("%s/.%s.XXXXXX", directory, name);
	temporary->fd = g_mkstemp_full(temporary->path, O_RDWR | O_CLOEXEC, 0600);
	if (temporary->fd < 0)
		return kiln_error_set_errno(error, errno, "creating a file beside \"%s\"", path);
	if (fchmod(temporary->fd, mode) != 0)
		return kiln_error_set_errno(error, errno, "setting the mode of \"%s\"", path);
	return TRUE;
}

/* Ends a temporary file: put in place of `path` when `good`, else removed. */
static gboolean temporary_finish(
	Temporary *temporary, const char *path, gboolean good, GError **error)
{
	if (good && !temporary->is_unsynced && fsync(temporary->fd) != 0)
		good = kiln_error_set_errno(error, errno, "writing \"%s\" to the disk", path);
	if (temporary->fd >= 0)
		close(temporary->fd);
	if (good && rename(temporary->path, path) != 0)
		good = kiln_error_set_errno(error, errno, "replacing \"%s\"", path);
	if (!good && temporary->fd >= 0)
		unlink(temporary->path);
	g_free(temporary->path);
	return good && (temporary->is_unsynced || sync_parent(path, error));
}

gboolean kiln_fs_write_all(int fd, const void *data, gsize size)
{
	const char *left = data;

	while (size > 0) {
		ssize_t written = write(fd, left, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return FALSE;
		left += written;
		size -= (gsize)written;
	}
	return TRUE;
}

static gboolean write_all(int fd, const char *data, gsize size, const char *path, GError **error)
{
	return kiln_fs_write_all(fd, data, size) ||
	       kiln_error_set_errno(error, errno, "writing \"%s\"", path);
}

static gboolean replace(const char *path, const void *data, gsize size, mode_t mode,
	gboolean is_unsynced, GError **error)
{
	Temporary temporary = {NULL, -1, is_unsynced};
	gboolean good = temporary_open(&temporary, path, mode, error) &&
			write_all(temporary.fd, data, size, path, error);

	return temporary_finish(&temporary, path, good, error);
}

gboolean kiln_fs_replace(
	const char *path, const void *data, gsize size, mode_t mode, GError **error)
{
	return replace(path, data, size, mode, FALSE, error);
}

gboolean kiln_fs_replace_text(const char *path, const char *text, GError **error)
{
	return kiln_fs_replace(path, text, strlen(text), 0644, error);
}

gboolean kiln_fs_replace_text_unsynced(const char *path, const char *text, GError **error)
{
	return replace(path, text, strlen(text), 0644, TRUE, error);
}

/* A name for what is to replace `path`: two threads may be at the same one. */
static char *name_beside(const char *path)
{
	static int serial;

	return g_strdup_printf("%s.%d.%d.new", path, (int)getpid(), g_atomic_int_add(&serial, 1));
}

gboolean kiln_fs_replace_link(const char *path, const char *target, GError **error)
{
	g_autofree char *temporary = name_beside(path);

	if (unlink(temporary) != 0 && errno != ENOENT)
		return kiln_error_set_errno(error, errno, "removing \"%s\"", temporary);
	if (symlink(target, temporary) != 0)
		return kiln_error_set_errno(error, errno, "creating the link \"%s\"", temporary);
	if (rename(temporary, path) != 0) {
		kiln_error_set_errno(error, errno, "replacing the link \"%s\"", path);
		unlink(temporary);
		return FALSE;
	}
	return sync_parent(path, error);
}

static char *read_fd(int fd, gsize max_bytes, gsize *ret_size, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	guint8 buffer[1 << 14];

	for (;;) {
		ssize_t got = read(fd, buffer, sizeof(buffer));
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			kiln_error_set_errno(error, errno, "reading");
			return NULL;
		}
		g_byte_array_append(bytes, buffer, (guint)got);
		if (bytes->len > max_bytes) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
				"larger than the allowed %" G_GSIZE_FORMAT " bytes", max_bytes);
			return NULL;
		}
	}
	if (ret_size)
		*ret_size = bytes->len;
	g_byte_array_append(bytes, (const guint8 *)"", 1);
	return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

char *kiln_fs_read(const char *path, gsize max_bytes, gsize *ret_size, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char *text = NULL;

	if (fd < 0) {
		kiln_error_set_errno(error, errno, "opening \"%s\"", path);
		return NULL;
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		g_set_error(
			error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\": not a regular file", path);
	} else {
		text = read_fd(fd, max_bytes, ret_size, error);
		if (!text)
			g_prefix_error(error, "\"%s\": ", path);
	}
	close(fd);
	return text;
}

static gboolean copy_content(int from, int to, const char *path, GError **error)
{
	char buffer[1 << 16];

	if (ioctl(to, FICLONE, from) == 0)
		return TRUE;
	for (;;) {
		ssize_t got = read(from, buffer, sizeof(buffer));
		if (got == 0)
			return TRUE;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kiln_error_set_errno(error, errno, "reading for \"%s\"", path);
		if (!write_all(to, buffer, (gsize)got, path, error))
			return FALSE;
	}
}

static gboolean copy(const char *source, const char *destination, gboolean is_unsynced, GError **error)
{
	Temporary temporary = {NULL, -1, is_unsynced};
	struct stat status;
	gboolean good;
	int from = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (from < 0)
		return kiln_error_set_errno(error, errno, "opening \"%s\"", source);
	if (fstat(from, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(from);
		g_set_error(
			error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\": not a regular file", source);
		return FALSE;
	}
	good = temporary_open(&temporary, destination, status.st_mode & 07777, error) &&
	       copy_content(from, temporary.fd, destination, error);
	if (good)
		futimens(temporary.fd, (struct timespec[]){status.st_atim, status.st_mtim});
	close(from);
	return temporary_finish(&temporary, destination, good, error);
}

gboolean kiln_fs_copy(const char *source, const char *destination, GError **error)
{
	return copy(source, destination, FALSE, error);
}

gboolean kiln_fs_copy_unsynced(const char *source, const char *destination, GError **error)
{
	return copy(source, destination, TRUE, error);
}

gboolean kiln_fs_link_or_copy(const char *source, const char *destination, GError **error)
{
	g_autofree char *temporary = name_beside(destination);

	unlink(temporary);
	if (link(source, temporary) == 0) {
		if (rename(temporary, destination) != 0) {
			kiln_error_set_errno(error, errno, "replacing \"%s\"", destination);
			unlink(temporary);
			return FALSE;
		}
		/* rename(2) of two names of one file leaves both. */
		unlink(temporary);
		return TRUE;
	}
	if (errno != EXDEV && errno != EPERM && errno != EMLINK)
		return kiln_error_set_errno(
			error, errno, "linking \"%s\" to \"%s\"", source, destination);
	return kiln_fs_copy(source, destination, error);
}

gboolean kiln_fs_rename(const char *source, const char *destination, GError **error)
{
	if (rename(source, destination) != 0)
		return kiln_error_set_errno(
			error, errno, "renaming \"%s\" to \"%s\"", source, destination);
	return sync_parent(destination, error);
}

gboolean kiln_fs_replace_directory(const char *fresh, const char *final, GError **error)
{
	if (renameat2(AT_FDCWD, fresh, AT_FDCWD, final, RENAME_EXCHANGE) == 0)
		return sync_parent(final, error) && kiln_fs_remove_tree(fresh, error);
	if (errno == ENOENT)
		return kiln_fs_rename(fresh, final, error);
	return kiln_error_set_errno(error, errno, "exchanging \"%s\" and \"%s\"", fresh, final);
}

char *kiln_fs_make_temporary(const char *prefix, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(prefix);
	char *path = g_strdup_printf("%s.XXXXXX", prefix);

	if (!kiln_fs_make_directory(directory, error)) {
		g_free(path);
		return NULL;
	}
	if (!g_mkdtemp_full(path, 0700)) {
		kiln_error_set_errno(error, errno, "creating a directory \"%s\"", path);
		g_free(path);
		return NULL;
	}
	return path;
}

gboolean kiln_fs_remove_temporaries(const char *prefix, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(prefix);
	g_autofree char *name = g_path_get_basename(prefix);
	g_auto(GStrv) entries = NULL;
	gsize length = strlen(name);

	if (!g_file_test(directory, G_FILE_TEST_IS_DIR))
		return TRUE;
	entries = kiln_fs_list(directory, error);
	for (char **entry = entries; entry && *entry; entry++) {
		g_autofree char *path = g_build_filename(directory, *entry, NULL);

		if (!g_str_has_prefix(*entry, name) || (*entry)[length] != '.' ||
			strlen(*entry) != length + strlen(".XXXXXX"))
			continue;
		if (!kiln_fs_remove_tree(path, error))
			return FALSE;
	}
	return entries != NULL;
}
