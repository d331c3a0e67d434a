/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/takeout.h"

#include "base/error.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_MAX_BYTES (64 * 1024 * 1024)
#define TOTAL_MAX_BYTES (256 * 1024 * 1024)
#define FILES_MAX 256

typedef struct {
	int from;
	const char *destination;
	guint files, left;
	goffset bytes;
} Takeout;

/* Opens `name` in `directory` without following a link or waiting for anyone. */
static int open_in(int directory, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};

	return (int)syscall(SYS_openat2, directory, name, &how, sizeof(how));
}

/* A device is not even opened. */
static gboolean is_regular(int directory, const char *name)
{
	struct stat status;

	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

/* The mode is changed before there is a copy: a set-user-ID bit never leaves the directory. */
static gboolean take_open(Takeout *takeout, int fd, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(takeout->destination, name, NULL);
	g_autofree char *source = g_strdup_printf("/proc/self/fd/%d", fd);
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > FILE_MAX_BYTES ||
		takeout->bytes + status.st_size > TOTAL_MAX_BYTES || takeout->files == FILES_MAX) {
		takeout->left++;
		return TRUE;
	}
	takeout->files++;
	takeout->bytes += status.st_size;
	if (fchmod(fd, 0644) != 0)
		return kiln_error_set_errno(error, errno, "setting the mode of \"%s\"", name);
	return kiln_fs_make_directory(takeout->destination, error) && kiln_fs_copy(source, path, error);
}

static gboolean take(Takeout *takeout, const char *name, GError **error)
{
	int fd = is_regular(takeout->from, name) ? open_in(takeout->from, name) : -1;
	gboolean taken;

	if (fd < 0) {
		takeout->left++;
		return TRUE;
	}
	taken = take_open(takeout, fd, name, error);
	close(fd);
	return taken;
}

gboolean kiln_takeout_files(
	const char *directory, const char *destination, guint *ret_left, GError **error)
{
	Takeout takeout = {.destination = destination};
	g_auto(GStrv) names = kiln_fs_list(directory, error);
	gboolean good = TRUE;

	if (!names)
		return FALSE;
	takeout.from = open(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (takeout.from < 0)
		return kiln_error_set_errno(error, errno, "opening \"%s\"", directory);
	for (char **name = names; *name && good; name++)
		good = take(&takeout, *name, error);
	close(takeout.from);
	if (good)
		*ret_left = takeout.left;
	return good;
}
