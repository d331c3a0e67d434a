/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/allowed.h"

#include "base/error.h"
#include "sandbox/check.h"
#include "sandbox/mount.h"
#include "sandbox/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	char *path;
	int fd;
} Directory;

struct KilnAllowed {
	GArray *directories; /* of Directory */
};

static void directory_clear(gpointer data)
{
	Directory *directory = data;

	g_free(directory->path);
	close(directory->fd);
}

KilnAllowed *kiln_allowed_new(void)
{
	KilnAllowed *allowed = g_new0(KilnAllowed, 1);

	allowed->directories = g_array_new(FALSE, FALSE, sizeof(Directory));
	g_array_set_clear_func(allowed->directories, directory_clear);
	return allowed;
}

void kiln_allowed_free(KilnAllowed *allowed)
{
	if (!allowed)
		return;
	g_array_unref(allowed->directories);
	g_free(allowed);
}

gboolean kiln_allowed_add(KilnAllowed *allowed, const char *path, GError **error)
{
	Directory directory;

	if (!kiln_sandbox_path_is_canonical(path)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
			"allowing \"%s\": not an absolute, canonical path", path);
		return FALSE;
	}
	directory.fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory.fd < 0)
		return kiln_error_set_errno(error, errno, "allowing \"%s\"", path);
	directory.path = g_strdup(path);
	g_array_append_val(allowed->directories, directory);
	return TRUE;
}

gboolean kiln_allowed_freeze(KilnAllowed *allowed, GError **error)
{
	for (guint i = 0; i < allowed->directories->len; i++) {
		Directory *directory = &g_array_index(allowed->directories, Directory, i);
		int fd =
			kiln_mount_copy(directory->fd, KILN_MOUNT_READ_ONLY | KILN_MOUNT_RECURSIVE);
		if (fd < 0)
			return kiln_error_set_errno(error, errno,
				"protecting \"%s\" (is kiln run as root?)", directory->path);
		close(directory->fd);
		directory->fd = fd;
	}
	return TRUE;
}

/* The path relative to `directory`, or NULL when it is not strictly below it. */
static const char *relative_to(const Directory *directory, const char *path)
{
	gsize length = strlen(directory->path);

	if (!g_str_has_prefix(path, directory->path) || path[length] != '/' ||
		path[length + 1] == '\0')
		return NULL;
	return path + length + 1;
}

static void explain(GError **error, const char *path)
{
	if (errno == ENOSYS)
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"opening \"%s\": the kernel has no openat2; Kiln needs Linux 5.12 or later",
			path);
	else if (errno == ELOOP || errno == EXDEV)
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
			"request refused: \"%s\" leads through a symbolic link", path);
	else
		kiln_error_set_errno(error, errno, "opening \"%s\"", path);
}

/* The longest match: one allowed directory may be a link below another. */
static const Directory *find_directory(const KilnAllowed *allowed, const char *path)
{
	const Directory *found = NULL;

	for (guint i = 0; i < allowed->directories->len; i++) {
		const Directory *directory = &g_array_index(allowed->directories, Directory, i);
		if (relative_to(directory, path) &&
			(!found || strlen(directory->path) > strlen(found->path)))
			found = directory;
	}
	return found;
}

int kiln_allowed_open(const KilnAllowed *allowed, const char *path, int flags, GError **error)
{
	const Directory *directory = find_directory(allowed, path);
	int fd;

	if (!directory) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
			"request refused: \"%s\" is not below an allowed directory", path);
		return -1;
	}
	fd = kiln_resolve_beneath(directory->fd, relative_to(directory, path), flags);
	if (fd < 0)
		explain(error, path);
	return fd;
}
