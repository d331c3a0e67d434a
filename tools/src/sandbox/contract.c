/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/contract.h"

#include "base/error.h"
#include "sandbox/resolve.h"
#include "sandbox/mount.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TTY_GID 5 /* of group tty in Debian, Fedora and EL */

/* Appends `line` to a user or group file that does not know `name` yet. */
static gboolean add_account(
	int root_fd, const char *path, const char *name, const char *line, GError **error)
{
	g_autofree char *text = kiln_tree_read(root_fd, path);
	g_autofree char *prefix = g_strconcat(name, ":", NULL);
	g_autofree char *inner = g_strconcat("\n", prefix, NULL);
	g_autofree char *extended = NULL;
	gboolean ended = !text || !*text || g_str_has_suffix(text, "\n");

	if (text && (g_str_has_prefix(text, prefix) || strstr(text, inner)))
		return TRUE;
	extended = g_strconcat(text ? text : "", ended ? "" : "\n", line, "\n", NULL);
	return kiln_tree_write(root_fd, path, extended, 0644, error);
}

static gboolean write_user(int root_fd, GError **error)
{
	g_autofree char *user = g_strdup_printf(
		"mockbuild:x:%d:%d::/builddir:/bin/bash", KILN_SANDBOX_UID, KILN_SANDBOX_GID);
	g_autofree char *group = g_strdup_printf("mock:x:%d:mockbuild", KILN_SANDBOX_GID);

	return add_account(root_fd, "/etc/passwd", "mockbuild", user, error) &&
	       add_account(root_fd, "/etc/group", "mock", group, error);
}

static gboolean write_build_directory(int root_fd, const char *macros, GError **error)
{
	static const char *const directories[] = {"", "/build", "/build/RPMS", "/build/SPECS",
		"/build/SRPMS", "/build/SOURCES", "/build/BUILD", "/build/BUILDROOT",
		"/build/originals"};
	static const char *const given[] = {"/builddir/build/SPECS", "/builddir/build/SOURCES",
		"/builddir/build/SRPMS", "/builddir/build/originals"};
	g_autofree char *text =
		g_strconcat("%_topdir /builddir/build\n"
			    "%_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm\n"
			    "%_platform_multiplier 1\n",
			macros, NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(directories); i++) {
		g_autofree char *path = g_strconcat("/builddir", directories[i], NULL);
		if (!kiln_tree_directory(
			    root_fd, path, 0755, KILN_SANDBOX_UID, KILN_SANDBOX_GID, error))
			return FALSE;
	}
	/* What the caller prepared; what an earlier run built has its owner already. */
	for (gsize i = 0; i < G_N_ELEMENTS(given); i++)
		if (!kiln_tree_give(root_fd, given[i], KILN_SANDBOX_UID, KILN_SANDBOX_GID, error))
			return FALSE;
	return kiln_tree_write(root_fd, "/builddir/.rpmmacros", text, 0644, error);
}

static char *hosts_text(char *const *names)
{
	GString *text = g_string_new(
		"127.0.0.1 localhost localhost.localdomain\n"
		"::1 localhost localhost.localdomain localhost6 localhost6.localdomain6\n");

	for (; names && *names; names++)
		g_string_append_printf(text, "127.0.0.1 %s\n", *names);
	return g_string_free(text, FALSE);
}

static gboolean write_etc(int root_fd, const KilnSandboxRequest *request, GError **error)
{
	g_autofree char *hosts = hosts_text(request->network_hosts);

	/* A package may have brought its own. */
	if (!kiln_tree_exists(root_fd, "/etc/localtime") &&
		!kiln_tree_link(root_fd, "/etc/localtime", "../usr/share/zoneinfo/UTC", error))
		return FALSE;
	/* The same machine-id everywhere: a build must not be able to depend on its host. */
	return kiln_tree_write(root_fd, "/etc/fstab", "", 0644, error) &&
	       kiln_tree_link(root_fd, "/etc/mtab", "../proc/self/mounts", error) &&
	       kiln_tree_write(root_fd, "/etc/machine-id", "6b696c6e6b696c6e6b696c6e6b696c6e\n",
		       0444, error) &&
	       kiln_tree_write(root_fd, "/etc/resolv.conf", "", 0644, error) &&
	       kiln_tree_write(root_fd, "/etc/hosts", hosts, 0644, error);
}

/* rpm 4.20's plugin takes scriptlets off the network by a namespace of their own, which needs a
 * capability that root here does not have; the sandbox has no network to begin with. */
static gboolean write_root_directory(int root_fd, const char *macros, GError **error)
{
	g_autofree char *text = g_strconcat("%__transaction_unshare %{nil}\n", macros, NULL);

	return kiln_tree_directory(root_fd, "/root", 0700, 0, 0, error) &&
	       kiln_tree_write(root_fd, "/root/.rpmmacros", text, 0644, error);
}

gboolean kiln_contract_write(int root_fd, const KilnSandboxRequest *request, GError **error)
{
	if (!write_etc(root_fd, request, error))
		return FALSE;
	if (request->user == KILN_SANDBOX_ROOT)
		return write_root_directory(root_fd, request->macros, error);
	return write_user(root_fd, error) && write_build_directory(root_fd, request->macros, error);
}

gboolean kiln_contract_write_install(int root_fd, const char *macros, GError **error)
{
	static const struct {
		const char *path;
		mode_t mode;
	} directories[] = {{"/proc", 0555}, {"/sys", 0555}, {"/dev", 0755}};

	for (gsize i = 0; i < G_N_ELEMENTS(directories); i++)
		if (!kiln_tree_directory(
			    root_fd, directories[i].path, directories[i].mode, 0, 0, error))
			return FALSE;
	return !macros || kiln_tree_write(root_fd, "/etc/rpm/macros.kiln", macros, 0644, error);
}

static gboolean bind_path(
	int root_fd, const char *source, const char *path, KilnMountFlags flags, GError **error)
{
	int fd = open(source, O_PATH | O_CLOEXEC);
	gboolean good;

	if (fd < 0)
		return kiln_error_set_errno(error, errno, "opening \"%s\" of the host", source);
	good = kiln_mount_bind(fd, root_fd, path, flags, error);
	close(fd);
	return good;
}

gboolean kiln_contract_mount_devices(int root_fd, GError **error)
{
	static const struct {
		const char *path, *source;
	} nodes[] = {{"/dev/null", "/dev/null"}, {"/dev/zero", "/dev/zero"},
		{"/dev/full", "/dev/full"}, {"/dev/random", "/dev/random"},
		{"/dev/urandom", "/dev/urandom"}, {"/dev/tty", "/dev/tty"},
		{"/dev/console", "/dev/null"}};
	static const struct {
		const char *path, *target;
	} links[] = {{"/dev/stdin", "/proc/self/fd/0"}, {"/dev/stdout", "/proc/self/fd/1"},
		{"/dev/stderr", "/proc/self/fd/2"}, {"/dev/fd", "/proc/self/fd"},
		{"/dev/ptmx", "pts/ptmx"}};
	g_autofree char *pts_options =
		g_strdup_printf("newinstance,mode=0620,ptmxmode=0666,gid=%d", TTY_GID);

	if (!kiln_mount_filesystem(root_fd, "/dev", "tmpfs", MS_NOSUID, "mode=0755", error))
		return FALSE;
	/* Read-only concerns owner and mode, which are the host's: devices are written to all the same. */
	for (gsize i = 0; i < G_N_ELEMENTS(nodes); i++)
		if (!bind_path(root_fd, nodes[i].source, nodes[i].path,
			    KILN_MOUNT_READ_ONLY | KILN_MOUNT_DEVICES, error))
			return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(links); i++)
		if (!kiln_tree_link(root_fd, links[i].path, links[i].target, error))
			return FALSE;
	return kiln_mount_filesystem(
		       root_fd, "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, pts_options, error) &&
	       kiln_mount_filesystem(
		       root_fd, "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777", error);
}

/* Copies what the new /proc has at `path` onto itself, read-only. */
static gboolean freeze(int root_fd, const char *path, GError **error)
{
	int fd = kiln_resolve_in_root(root_fd, path, O_PATH);
	gboolean good;

	if (fd < 0)
		return TRUE;
	good = kiln_mount_bind(fd, root_fd, path, KILN_MOUNT_READ_ONLY, error);
	close(fd);
	return good;
}

/* Puts an empty directory over one of the kernel's, where that exists. */
static gboolean cover(int root_fd, const char *path, GError **error)
{
	int fd = kiln_resolve_in_root(root_fd, path, O_PATH | O_DIRECTORY);

	if (fd < 0)
		return TRUE;
	close(fd);
	return kiln_mount_filesystem(root_fd, path, "tmpfs",
		MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "mode=0555", error);
}

gboolean kiln_contract_mount_proc(int root_fd, GError **error)
{
	/* Root in the sandbox owns these files although it has no capability over them. */
	static const char *const frozen[] = {
		"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"};
	static const char *const covered[] = {"/proc/acpi", "/proc/scsi", "/proc/asound"};
	static const char *const hidden[] = {"/proc/kcore", "/proc/keys", "/proc/kmsg",
		"/proc/timer_list", "/proc/latency_stats", "/proc/sched_debug", "/proc/kpagecount",
		"/proc/kpageflags"};

	if (!kiln_mount_filesystem(
		    root_fd, "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(frozen); i++)
		if (!freeze(root_fd, frozen[i], error))
			return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(covered); i++)
		if (!cover(root_fd, covered[i], error))
			return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(hidden); i++)
		if (!bind_path(root_fd, "/dev/null", hidden[i],
			    KILN_MOUNT_READ_ONLY | KILN_MOUNT_DEVICES | KILN_MOUNT_OPTIONAL, error))
			return FALSE;
	return TRUE;
}

gboolean kiln_contract_mount_sys(int root_fd, GError **error)
{
	return kiln_mount_filesystem(root_fd, "/sys", "sysfs",
		       MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL, error) &&
	       cover(root_fd, "/sys/firmware", error) &&
	       cover(root_fd, "/sys/devices/virtual/powercap", error);
}
