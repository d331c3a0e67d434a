/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* EAGAIN: somebody renamed something meanwhile, and the kernel could not be sure. */
static int open_resolved(int directory_fd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = resolve};
	int fd;

	do {
		fd = (int)syscall(SYS_openat2, directory_fd, path, &how, sizeof(how));
	} while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd;
}

int kiln_resolve_beneath(int directory_fd, const char *path, int flags)
{
	return open_resolved(directory_fd, path, flags,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

int kiln_resolve_in_root(int root_fd, const char *path, int flags)
{
	return open_resolved(root_fd, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}
