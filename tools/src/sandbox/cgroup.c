/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/cgroup.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct KilnCgroup {
	const char *kind;
	char *memory, *processes; /* directories; the same one for version 2; NULL without groups */
	char *init; /* of version 2: the root of what an init is given, below our own; else NULL */
};

/* The files of both versions: Documentation/admin-guide/cgroup-v1/memory.rst, cgroup-v2.rst. */
typedef struct {
	const char *memory_limit, *memory_peak, *memory_events, *memory_event;
} Files;

static const Files version1 = {
	"memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control", "oom_kill "};
static const Files version2 = {"memory.max", "memory.peak", "memory.events", "oom_kill "};

static const Files *files_of(const KilnCgroup *cgroup)
{
	return strcmp(cgroup->kind, "cgroup1") == 0 ? &version1 : &version2;
}

static gboolean write_file(const char *directory, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	gboolean good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

static char *read_file(const char *directory, const char *name)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

/* The path of this process in the hierarchy of `controller` ("" : version 2); NULL if it is not
 * there. */
static char *own_path(const char *controller)
{
	g_autofree char *text = read_file("/proc/self", "cgroup");
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, ":", 3);
		g_auto(GStrv) names = NULL;
		if (g_strv_length(fields) != 3)
			continue;
		names = g_strsplit(fields[1], ",", -1);
		if (*controller ? g_strv_contains((const char *const *)names, controller)
				: !*fields[1])
			return g_strdup(fields[2]);
	}
	return NULL;
}

/* Where the hierarchy of `controller` ("" : version 2) is mounted: field 5 of mountinfo, and field
 * 4, the part of the hierarchy that the mount shows. */
static char *mount_point(const char *controller, char **ret_root)
{
	g_autofree char *text = read_file("/proc/self", "mountinfo");
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) halves = g_strsplit(*line, " - ", 2);
		g_auto(GStrv) place = g_strsplit(halves[0] ? halves[0] : "", " ", 6);
		g_auto(GStrv) type = g_strsplit(halves[0] && halves[1] ? halves[1] : "", " ", 3);
		g_auto(GStrv) options = NULL;
		if (g_strv_length(place) < 5 || g_strv_length(type) < 3)
			continue;
		options = g_strsplit(type[2], ",", -1);
		if (*controller ? strcmp(type[0], "cgroup") == 0 &&
					  g_strv_contains((const char *const *)options, controller)
				: strcmp(type[0], "cgroup2") == 0) {
			*ret_root = g_strdup(place[3]);
			return g_strdup(place[4]);
		}
	}
	return NULL;
}

/* Groups are named by the PID namespace and the pid of their kiln-root: another container's may be
 * seen here, but not told dead from alive. */
static char *name_prefix(void)
{
	g_autofree char *link = g_file_read_link("/proc/self/ns/pid", NULL);
	const char *number = link ? strchr(link, '[') : NULL;

	return g_strdup_printf(
		"kiln.%" G_GUINT64_FORMAT ".", number ? g_ascii_strtoull(number + 1, NULL, 10) : 0);
}

/* Removes the group with those that an init made below it. All must be empty. */
static void remove_group(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (entry->d_type == DT_DIR && !g_str_equal(entry->d_name, ".") &&
			!g_str_equal(entry->d_name, ".."))
			remove_group(dirfd(directory), entry->d_name);
	if (directory)
		closedir(directory);
	unlinkat(parent_fd, name, AT_REMOVEDIR);
}

/* A group that a killed kiln-root left is empty: its processes died with it. */
static void remove_stale(const char *parent, const char *prefix)
{
	DIR *directory = opendir(parent);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		gint64 pid;
		if (!g_str_has_prefix(entry->d_name, prefix))
			continue;
		pid = g_ascii_strtoll(entry->d_name + strlen(prefix), NULL, 10);
		if (pid == getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH))
			remove_group(dirfd(directory), entry->d_name);
	}
	if (directory)
		closedir(directory);
}

/* Makes the group below `parent` and returns its path, or NULL. */
static char *make_group(const char *parent)
{
	g_autofree char *prefix = name_prefix();
	g_autofree char *path = g_strdup_printf("%s/%s%d", parent, prefix, getpid());

	remove_stale(parent, prefix);
	if (mkdir(path, 0755) != 0)
		return NULL;
	return g_steal_pointer(&path);
}

static char *make_version1(const char *controller)
{
	g_autofree char *own = own_path(controller), *root = NULL;
	g_autofree char *point = mount_point(controller, &root), *parent = NULL;

	if (!own || !point)
		return NULL;
	/* In a container the mount shows a part of the hierarchy, which own begins with. */
	if (strcmp(root, "/") != 0 && g_str_has_prefix(own, root))
		parent = g_build_filename(point, own + strlen(root), NULL);
	else
		parent = g_build_filename(point, own, NULL);
	return make_group(parent);
}

/* Directly below the mount's top, which alone may hold both processes and groups with controllers.
 */
static char *make_version2(void)
{
	g_autofree char *root = NULL;
	g_autofree char *point = mount_point("", &root), *path = NULL;

	if (!point)
		return NULL;
	write_file(point, "cgroup.subtree_control", "+memory +pids");
	path = make_group(point);
	if (path) {
		g_autofree char *controllers = read_file(path, "cgroup.controllers");
		if (strstr(controllers, "memory") && strstr(controllers, "pids"))
			return g_steal_pointer(&path);
		rmdir(path);
	}
	return NULL;
}

/* Where an init makes the groups of its services; limits and counters are one level above. */
static char *make_init_group(const KilnCgroup *cgroup)
{
	g_autofree char *root = NULL, *point = NULL, *group = NULL, *path = NULL;

	if (strcmp(cgroup->kind, "cgroup2") == 0)
		group = g_strdup(cgroup->memory);
	else
		point = mount_point("", &root);
	if (point)
		group = make_group(point);
	path = group ? g_build_filename(group, "init", NULL) : NULL;
	if (path && mkdir(path, 0755) == 0)
		return g_steal_pointer(&path);
	if (point && group)
		rmdir(group);
	return NULL;
}

static void drop_groups(KilnCgroup *cgroup)
{
	g_autofree char *above = cgroup->init ? g_path_get_dirname(cgroup->init) : NULL;

	if (above)
		remove_group(AT_FDCWD, above);
	g_clear_pointer(&cgroup->init, g_free);
	if (cgroup->memory)
		rmdir(cgroup->memory);
	if (cgroup->processes && g_strcmp0(cgroup->processes, cgroup->memory) != 0)
		rmdir(cgroup->processes);
	g_clear_pointer(&cgroup->memory, g_free);
	g_clear_pointer(&cgroup->processes, g_free);
	cgroup->kind = "rlimit";
}

static gboolean set_limit(const char *directory, const char *name, gint64 limit)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, limit);

	return limit <= 0 || write_file(directory, name, text);
}

static gboolean make_groups(KilnCgroup *cgroup)
{
	cgroup->kind = "cgroup1";
	cgroup->memory = make_version1("memory");
	cgroup->processes = make_version1("pids");
	if (cgroup->memory && cgroup->processes)
		return TRUE;
	drop_groups(cgroup);
	cgroup->kind = "cgroup2";
	cgroup->memory = make_version2();
	cgroup->processes = g_strdup(cgroup->memory);
	return cgroup->memory != NULL;
}

gboolean kiln_cgroup_add_init(KilnCgroup *cgroup, GError **error)
{
	cgroup->init = make_init_group(cgroup);
	if (cgroup->init)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
		"booting a host: no control groups of version 2 can be made here; mount cgroup2 on "
		"/sys/fs/cgroup/unified, or run kiln where systemd does");
	return FALSE;
}

KilnCgroup *kiln_cgroup_new(const KilnSandboxLimits *limits)
{
	KilnCgroup *cgroup = g_new0(KilnCgroup, 1);

	if (!make_groups(cgroup) ||
		!set_limit(cgroup->memory, files_of(cgroup)->memory_limit, limits->memory_bytes) ||
		!set_limit(cgroup->processes, "pids.max", limits->processes))
		drop_groups(cgroup);
	return cgroup;
}

void kiln_cgroup_free(KilnCgroup *cgroup)
{
	if (!cgroup)
		return;
	drop_groups(cgroup);
	g_free(cgroup);
}

const char *kiln_cgroup_kind(const KilnCgroup *cgroup)
{
	return cgroup->kind;
}

/* Only leaves have both processes and controllers: of version 2 the init's group, if there is one. */
gboolean kiln_cgroup_add(KilnCgroup *cgroup, pid_t pid, GError **error)
{
	g_autofree char *text = g_strdup_printf("%d", pid);
	gboolean unified = strcmp(cgroup->kind, "cgroup2") == 0;
	const char *groups[] = {unified && cgroup->init ? NULL : cgroup->memory,
		unified ? NULL : cgroup->processes, cgroup->init};
	gboolean added = TRUE;

	for (gsize i = 0; added && i < G_N_ELEMENTS(groups); i++)
		added = !groups[i] || write_file(groups[i], "cgroup.procs", text);
	if (added)
		return TRUE;
	/* Gone already; it has told why. */
	if (errno == ESRCH)
		return TRUE;
	return kiln_error_set_errno(error, errno, "moving the sandbox into its control group");
}

/* The number after `key` at the start of a line of the file. */
static guint64 read_counter(const char *directory, const char *name, const char *key)
{
	g_autofree char *text = read_file(directory, name);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(*line, key))
			return g_ascii_strtoull(*line + strlen(key), NULL, 10);
	return 0;
}

KilnSandboxLimit kiln_cgroup_fired(const KilnCgroup *cgroup)
{
	if (!cgroup->memory)
		return KILN_SANDBOX_LIMIT_NONE;
	if (read_counter(cgroup->memory, files_of(cgroup)->memory_events,
		    files_of(cgroup)->memory_event) > 0)
		return KILN_SANDBOX_LIMIT_MEMORY;
	if (read_counter(cgroup->processes, "pids.events", "max ") > 0)
		return KILN_SANDBOX_LIMIT_PROCESSES;
	return KILN_SANDBOX_LIMIT_NONE;
}

guint64 kiln_cgroup_peak_memory_bytes(const KilnCgroup *cgroup)
{
	g_autofree char *text = NULL;

	if (!cgroup->memory)
		return 0;
	text = read_file(cgroup->memory, files_of(cgroup)->memory_peak);
	return g_ascii_strtoull(text, NULL, 10);
}
