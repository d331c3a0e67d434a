/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of base/fs.h that walk directories. */
#include "base/fs.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static gboolean is_dots(const char *name)
{
	return g_str_equal(name, ".") || g_str_equal(name, "..");
}

char **kiln_fs_list(const char *path, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory) {
		kiln_error_set_errno(error, errno, "opening directory \"%s\"", path);
		return NULL;
	}
	while ((entry = readdir(directory)))
		if (!is_dots(entry->d_name))
			g_ptr_array_add(names, g_strdup(entry->d_name));
	closedir(directory);
	if (names->len > 0)
		qsort(names->pdata, names->len, sizeof(gpointer), compare_names);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* Sees every entry of a tree; FALSE with errno set stops the walk. */
typedef gboolean (*Visit)(FTSENT *entry, gpointer data);

static gboolean walk(const char *path, const char *doing, Visit visit, gpointer data, GError **error)
{
	char *roots[] = {(char *)path, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	gboolean good = TRUE;
	FTSENT *entry;

	if (!fts)
		return kiln_error_set_errno(error, errno, "%s \"%s\"", doing, path);
	while (good && (entry = fts_read(fts))) {
		if (entry->fts_info == FTS_NS && entry->fts_errno == ENOENT)
			continue;
		errno = entry->fts_errno;
		good = visit(entry, data);
		if (!good)
			kiln_error_set_errno(error, errno, "%s \"%s\"", doing, entry->fts_path);
	}
	fts_close(fts);
	return good;
}

/* How deep a removal goes before it brings what lies deeper up to the top: bounds stack and fds. */
#define REMOVAL_DEPTH_MAX 48

/* One removal under way. Each step is relative to an open directory: no path can be too long. */
typedef struct {
	int top;
	dev_t device;
	guint lifted;
} Removal;

/* Opens a directory that shall be emptied, made writable first; EXDEV when it is of another file
 * system. Never a link's target: chmod gets the descriptor of the directory itself. */
static int open_to_empty(const Removal *removal, int parent, const char *name)
{
	g_autofree char *path = NULL;
	struct stat status;
	int place = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd = -1;

	if (place < 0)
		return -1;
	path = g_strdup_printf("/proc/self/fd/%d", place);
	if (fstat(place, &status) != 0 || status.st_dev != removal->device)
		errno = EXDEV;
	else if ((status.st_mode & 0700) == 0700 || chmod(path, (status.st_mode & 07777) | 0700) == 0)
		fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(place);
	return fd;
}

/* Moves a directory that lies deep up into the top one, under a name that is free there. */
static gboolean lift(Removal *removal, int parent, const char *name)
{
	char fresh[64];
	struct stat status;

	do
		g_snprintf(fresh, sizeof(fresh), ".lifted.%u", removal->lifted++);
	while (fstatat(removal->top, fresh, &status, AT_SYMLINK_NOFOLLOW) == 0);
	return renameat(parent, name, removal->top, fresh) == 0;
}

static gboolean empty_directory(Removal *removal, int fd, int depth);

static gboolean remove_directory(Removal *removal, int parent, const char *name, int depth)
{
	int fd = open_to_empty(removal, parent, name);

	/* What is mounted is not entered, and keeps its place. */
	if (fd < 0 && errno == EXDEV)
		return unlinkat(parent, name, AT_REMOVEDIR) == 0;
	if (fd < 0)
		return errno == ENOENT;
	if (depth < REMOVAL_DEPTH_MAX)
		return empty_directory(removal, fd, depth + 1) &&
			(unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
	close(fd);
	return lift(removal, parent, name);
}

static gboolean remove_entry(Removal *removal, int parent, const struct dirent *entry, int depth)
{
	if (entry->d_type != DT_DIR) {
		if (unlinkat(parent, entry->d_name, 0) == 0 || errno == ENOENT)
			return TRUE;
		if (errno != EISDIR && errno != EPERM)
			return FALSE;
	}
	return remove_directory(removal, parent, entry->d_name, depth);
}

/* Removes what is in the directory `fd`, which it closes; FALSE with errno set. It is read until
 * nothing is found: what a file system skips while entries go, or what was lifted meanwhile. */
static gboolean empty_directory(Removal *removal, int fd, int depth)
{
	DIR *directory = fdopendir(fd);
	gboolean good = TRUE, found = TRUE;
	struct dirent *entry;
	int trouble;

	if (!directory) {
		trouble = errno;
		close(fd);
		errno = trouble;
		return FALSE;
	}
	while (good && found) {
		found = FALSE;
		rewinddir(directory);
		while (good && (entry = readdir(directory))) {
			if (is_dots(entry->d_name))
				continue;
			found = TRUE;
			good = remove_entry(removal, dirfd(directory), entry, depth);
		}
	}
	trouble = errno;
	closedir(directory);
	errno = trouble;
	return good;
}

static gboolean remove_top(const char *path, dev_t device)
{
	Removal removal = {-1, device, 0};
	gboolean good;
	int fd;

	removal.top = open_to_empty(&removal, AT_FDCWD, path);
	if (removal.top < 0)
		return FALSE;
	fd = openat(removal.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	good = fd >= 0 && empty_directory(&removal, fd, 1);
	close(removal.top);
	return good && rmdir(path) == 0;
}

gboolean kiln_fs_remove_tree(const char *path, GError **error)
{
	struct stat status;
	gboolean good = lstat(path, &status) == 0;

	if (good)
		good = S_ISDIR(status.st_mode) ? remove_top(path, status.st_dev) : unlink(path) == 0;
	return good || errno == ENOENT || kiln_error_set_errno(error, errno, "removing \"%s\"", path);
}

static gboolean sync_entry(FTSENT *entry, gpointer data)
{
	gboolean synced;
	int fd;

	(void)data;
	if (entry->fts_info != FTS_F && entry->fts_info != FTS_DP)
		return entry->fts_info != FTS_DNR && entry->fts_info != FTS_ERR;
	fd = open(entry->fts_accpath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return FALSE;
	synced = fsync(fd) == 0;
	close(fd);
	return synced;
}

gboolean kiln_fs_sync_tree(const char *path, GError **error)
{
	return walk(path, "writing to the disk", sync_entry, NULL, error);
}

typedef struct {
	guint64 bytes;
	GHashTable *seen; /* "DEVICE:INODE" of files with several names */
} Measure;

static gboolean measure_entry(FTSENT *entry, gpointer data)
{
	const struct stat *status = entry->fts_statp;
	Measure *measure = data;

	/* A directory is seen before and after what is in it; what went meanwhile has no status. */
	if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR ||
		entry->fts_info == FTS_DNR)
		return TRUE;
	if (S_ISREG(status->st_mode) && status->st_nlink > 1 &&
		!g_hash_table_add(measure->seen,
			g_strdup_printf("%ju:%ju", (uintmax_t)status->st_dev, (uintmax_t)status->st_ino)))
		return TRUE;
	measure->bytes += (guint64)status->st_blocks * 512;
	return TRUE;
}

gboolean kiln_fs_measure(const char *path, guint64 *ret_bytes, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Measure measure = {0, seen};

	if (!walk(path, "measuring", measure_entry, &measure, error))
		return FALSE;
	*ret_bytes = measure.bytes;
	return TRUE;
}
