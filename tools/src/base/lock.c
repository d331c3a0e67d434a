/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/lock.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct KilnLock {
	int owners; /* atomic */
	int fd;
	char *path;
};

static void set_busy(int fd, const char *path, GError **error)
{
	char holder[512] = "";
	ssize_t size = pread(fd, holder, sizeof(holder) - 1, 0);
	g_autofree char *printable = NULL;

	g_strchomp(size > 0 ? holder : strcpy(holder, "another process"));
	printable = kiln_text_printable(holder);
	g_set_error(error, KILN_ERROR, KILN_ERROR_BUSY,
		"\"%s\" is held by %s; wait for it to end, or stop it", path, printable);
}

static gboolean record_holder(int fd, const char *purpose)
{
	g_autofree char *text = g_strdup_printf("process %d (%s)\n", (int)getpid(), purpose);

	/* Only the message to others depends on it: a full disk must not keep the lock away. */
	return ftruncate(fd, 0) == 0 && pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text);
}

/* Whether `path` still names the file that was locked: its last holder may have removed it. */
static gboolean is_current(int fd, const char *path)
{
	struct stat locked, named;

	return fstat(fd, &locked) == 0 && stat(path, &named) == 0 && locked.st_dev == named.st_dev &&
		locked.st_ino == named.st_ino;
}

/* Opens the lock file and applies `operation` of flock(2) to it; -1 with `error` set. */
static int open_locked(const char *path, int operation, GError **error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	int result;

	if (fd < 0) {
		kiln_error_set_errno(error, errno, "opening the lock \"%s\"", path);
		return -1;
	}
	do {
		result = flock(fd, operation);
	} while (result != 0 && errno == EINTR);
	if (result == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		set_busy(fd, path, error);
	else
		kiln_error_set_errno(error, errno, "locking \"%s\"", path);
	close(fd);
	return -1;
}

static KilnLock *lock_file(const char *path, int operation, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	KilnLock *lock;
	int fd;

	if (!kiln_fs_make_directory(directory, error))
		return NULL;
	for (;;) {
		fd = open_locked(path, operation, error);
		if (fd < 0)
			return NULL;
		if (is_current(fd, path))
			break;
		close(fd);
	}
	lock = g_new0(KilnLock, 1);
	lock->owners = 1;
	lock->fd = fd;
	lock->path = g_strdup(path);
	return lock;
}

KilnLock *kiln_lock_take(const char *path, const char *purpose, gboolean wait, GError **error)
{
	KilnLock *lock = lock_file(path, wait ? LOCK_EX : LOCK_EX | LOCK_NB, error);

	if (lock)
		(void)record_holder(lock->fd, purpose);
	return lock;
}

KilnLock *kiln_lock_share(const char *path, GError **error)
{
	return lock_file(path, LOCK_SH, error);
}

KilnLock *kiln_lock_ref(KilnLock *lock)
{
	g_atomic_int_inc(&lock->owners);
	return lock;
}

void kiln_lock_free(KilnLock *lock)
{
	if (!lock || !g_atomic_int_dec_and_test(&lock->owners))
		return;
	close(lock->fd);
	g_free(lock->path);
	g_free(lock);
}

void kiln_lock_remove(KilnLock *lock)
{
	/* A file that stays is taken again by whoever needs it. */
	(void)unlink(lock->path);
	kiln_lock_free(lock);
}
