/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of base/fs.h that walk directories. */
#include "base/fs.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
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
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
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

static gboolean remove_entry(FTSENT *entry, gpointer data)
{
	int result;

	(void)data;
	switch (entry->fts_info) {
	case FTS_D:
		if ((entry->fts_statp->st_mode & 0700) != 0700)
			chmod(entry->fts_accpath, 0700);
		return TRUE;
	case FTS_DP:
	case FTS_DNR:
		result = rmdir(entry->fts_accpath);
		break;
	default:
		result = unlink(entry->fts_accpath);
		break;
	}
	return result == 0 || errno == ENOENT;
}

gboolean kiln_fs_remove_tree(const char *path, GError **error)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT || kiln_error_set_errno(error, errno, "removing \"%s\"", path);
	return walk(path, "removing", remove_entry, NULL, error);
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
	GHashTable *seen; /* "device:inode" of hard links already counted */
	guint64 bytes;
} Sizing;

static gboolean size_entry(FTSENT *entry, gpointer data)
{
	Sizing *sizing = data;
	const struct stat *status = entry->fts_statp;

	if (entry->fts_info != FTS_F)
		return TRUE;
	if (status->st_nlink > 1 &&
		!g_hash_table_add(sizing->seen, g_strdup_printf("%ju:%ju", (uintmax_t)status->st_dev,
							(uintmax_t)status->st_ino)))
		return TRUE;
	sizing->bytes += (guint64)status->st_size;
	return TRUE;
}

gboolean kiln_fs_tree_size(const char *path, guint64 *ret_bytes, GError **error)
{
	Sizing sizing = {g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), 0};
	gboolean good = walk(path, "measuring", size_entry, &sizing, error);

	g_hash_table_unref(sizing.seen);
	if (good)
		*ret_bytes = sizing.bytes;
	return good;
}
