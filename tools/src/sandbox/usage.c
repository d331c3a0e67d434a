/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES 512 /* of st_blocks, whatever the file system has: stat(2) */

/* One directory on the way from the top to the one being looked at. */
typedef struct {
	ino_t inode;
	char *name;	  /* in its parent */
	GPtrArray *below; /* names of directories still to be looked at */
} Level;

/* A walk has one directory open at a time, however deep it is. */
typedef struct {
	int top_fd, fd;
	dev_t device;
	GPtrArray *levels;  /* of Level; the top's first */
	GHashTable *linked; /* inodes that have several names */
	guint64 bytes;
} Walk;

static void level_free(gpointer data)
{
	Level *level = data;

	g_free(level->name);
	g_ptr_array_unref(level->below);
	g_free(level);
}

static guint64 allocated(const struct stat *status)
{
	return (guint64)status->st_blocks * BLOCK_BYTES;
}

static void count_entry(Walk *walk, Level *level, const char *name, const struct stat *status)
{
	guint64 inode = status->st_ino;

	if (status->st_dev != walk->device)
		return;
	if (S_ISDIR(status->st_mode))
		g_ptr_array_add(level->below, g_strdup(name));
	else if (status->st_nlink > 1 && !g_hash_table_add(walk->linked, g_memdup2(&inode, sizeof(inode))))
		return;
	walk->bytes += allocated(status);
}

static void read_directory(Walk *walk, Level *level)
{
	int fd = openat(walk->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	struct stat status;

	while (directory && (entry = readdir(directory)))
		if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, "..") &&
			fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			count_entry(walk, level, entry->d_name, &status);
	if (directory)
		closedir(directory);
}

static int open_below(int fd, const char *name)
{
	return openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void enter(Walk *walk, int fd, char *name, ino_t inode)
{
	Level *level = g_new0(Level, 1);

	if (walk->fd >= 0)
		close(walk->fd);
	walk->fd = fd;
	level->inode = inode;
	level->name = name;
	level->below = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(walk->levels, level);
	read_directory(walk, level);
}

static void descend(Walk *walk, char *name)
{
	int fd = open_below(walk->fd, name);
	struct stat status;

	if (fd >= 0 && fstat(fd, &status) == 0 && status.st_dev == walk->device) {
		enter(walk, fd, name, status.st_ino);
		return;
	}
	if (fd >= 0)
		close(fd);
	g_free(name);
}

static gboolean is_level(const Walk *walk, int fd, const Level *level)
{
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 && status.st_dev == walk->device &&
		status.st_ino == level->inode;
}

/* The directory of the last level, from the top down by names; -1 when it is no longer there. */
static int open_from_top(const Walk *walk)
{
	const Level *last = walk->levels->pdata[walk->levels->len - 1];
	int fd = open_below(walk->top_fd, ".");

	for (guint i = 1; fd >= 0 && i < walk->levels->len; i++) {
		int next = open_below(fd, ((Level *)walk->levels->pdata[i])->name);
		close(fd);
		fd = next;
	}
	if (is_level(walk, fd, last))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* To the parent, by ".."; a directory that was moved has another one by now, and where the whole
 * way has moved, the walk goes on at what is left of it. */
static void ascend(Walk *walk)
{
	int fd = -1;

	g_ptr_array_set_size(walk->levels, (int)walk->levels->len - 1);
	if (walk->levels->len > 0) {
		fd = open_below(walk->fd, "..");
		if (!is_level(walk, fd, walk->levels->pdata[walk->levels->len - 1])) {
			if (fd >= 0)
				close(fd);
			fd = -1;
		}
	}
	close(walk->fd);
	walk->fd = fd;
	while (walk->fd < 0 && walk->levels->len > 0) {
		walk->fd = open_from_top(walk);
		if (walk->fd < 0)
			g_ptr_array_set_size(walk->levels, (int)walk->levels->len - 1);
	}
}

static void step(Walk *walk)
{
	Level *level = walk->levels->pdata[walk->levels->len - 1];

	if (level->below->len > 0)
		descend(walk, g_ptr_array_steal_index_fast(level->below, level->below->len - 1));
	else
		ascend(walk);
}

guint64 kiln_usage_of_tree(int directory_fd)
{
	Walk walk = {.top_fd = directory_fd, .fd = -1};
	int fd = open_below(directory_fd, ".");
	struct stat status;

	if (fd < 0)
		return 0;
	if (fstat(fd, &status) != 0) {
		close(fd);
		return 0;
	}
	walk.device = status.st_dev;
	walk.bytes = allocated(&status);
	walk.levels = g_ptr_array_new_with_free_func(level_free);
	walk.linked = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	enter(&walk, fd, NULL, status.st_ino);
	while (walk.levels->len > 0)
		step(&walk);
	g_ptr_array_unref(walk.levels);
	g_hash_table_unref(walk.linked);
	return walk.bytes;
}

/* What was seen of files without a name. */
typedef struct {
	GHashTable *seen; /* "DEVICE:INODE" */
	dev_t memory[3];  /* devices that are no disk */
	guint64 bytes;
} Nameless;

static dev_t device_of(pid_t pid, const char *name)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/root/%s", pid, name);
	struct stat status;

	return lstat(path, &status) == 0 ? status.st_dev : 0;
}

static dev_t device_of_memory_files(void)
{
	int fd = memfd_create("kiln", MFD_CLOEXEC);
	struct stat status = {0};

	if (fd < 0)
		return 0;
	(void)fstat(fd, &status);
	close(fd);
	return status.st_dev;
}

static void count_nameless(Nameless *nameless, int directory_fd, const char *name)
{
	struct stat status;

	if (fstatat(directory_fd, name, &status, 0) != 0 || !S_ISREG(status.st_mode) || status.st_nlink > 0)
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(nameless->memory); i++)
		if (status.st_dev == nameless->memory[i])
			return;
	if (g_hash_table_add(nameless->seen, g_strdup_printf("%lx:%lx", (gulong)status.st_dev, (gulong)status.st_ino)))
		nameless->bytes += allocated(&status);
}

static void count_open(Nameless *nameless, int process_fd)
{
	int fd = openat(process_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (g_ascii_isdigit(entry->d_name[0]))
			count_nameless(nameless, fd, entry->d_name);
	if (directory)
		closedir(directory);
}

/* A line of maps that ends so has a file behind it that lost its name: proc_pid_maps(5). */
static gboolean parse_mapping(const char *line, char *ret_name, gsize size)
{
	unsigned long begin, end;
	gsize length = strcspn(line, "\n");

	if (length < strlen(" (deleted)") ||
		strncmp(line + length - strlen(" (deleted)"), " (deleted)", strlen(" (deleted)")) != 0)
		return FALSE;
	if (sscanf(line, "%lx-%lx ", &begin, &end) != 2)
		return FALSE;
	g_snprintf(ret_name, size, "map_files/%lx-%lx", begin, end);
	return TRUE;
}

static void count_mapped(Nameless *nameless, int process_fd)
{
	int fd = openat(process_fd, "maps", O_RDONLY | O_CLOEXEC);
	FILE *maps = fd >= 0 ? fdopen(fd, "r") : NULL;
	char name[64], *line = NULL;
	size_t size = 0;

	while (maps && getline(&line, &size, maps) > 0)
		if (parse_mapping(line, name, sizeof(name)))
			count_nameless(nameless, process_fd, name);
	free(line);
	if (maps)
		fclose(maps);
}

static void count_process(Nameless *nameless, int proc_fd, const char *pid, const char *namespace)
{
	char link[64];
	ssize_t length;
	int fd = openat(proc_fd, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	length = readlinkat(fd, "ns/pid", link, sizeof(link) - 1);
	link[MAX(length, 0)] = '\0';
	if (strcmp(link, namespace) == 0) {
		count_open(nameless, fd);
		count_mapped(nameless, fd);
	}
	close(fd);
}

guint64 kiln_usage_of_nameless(pid_t first)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/pid", first);
	g_autofree char *namespace = g_file_read_link(path, NULL);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Nameless nameless = {.seen = seen,
		.memory = {device_of_memory_files(), device_of(first, "dev"), device_of(first, "dev/shm")}};
	DIR *proc = namespace ? opendir("/proc") : NULL;
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (g_ascii_isdigit(entry->d_name[0]))
			count_process(&nameless, dirfd(proc), entry->d_name, namespace);
	if (proc)
		closedir(proc);
	return nameless.bytes;
}
