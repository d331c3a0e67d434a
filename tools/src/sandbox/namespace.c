/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/namespace.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static gboolean raise_loopback(GError **error)
{
	struct ifreq interface = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	gboolean good = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &interface) == 0;

	if (!good)
		kiln_error_set_errno(error, errno, "bringing the sandbox's loopback interface up");
	if (fd >= 0)
		close(fd);
	return good;
}

gboolean kiln_namespace_enter(const char *hostname, GError **error)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) != 0) {
		if (errno != EPERM)
			return kiln_error_set_errno(error, errno, "making namespaces");
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"making namespaces: not permitted; run kiln as root (in a container: with "
			"CAP_SYS_ADMIN)");
		return FALSE;
	}
	if (sethostname(hostname, strlen(hostname)) != 0)
		return kiln_error_set_errno(error, errno, "setting the sandbox's host name");
	return raise_loopback(error);
}

gboolean kiln_namespace_enter_cgroup(GError **error)
{
	if (unshare(CLONE_NEWCGROUP) == 0)
		return TRUE;
	return kiln_error_set_errno(error, errno, "making a control group namespace");
}

/* The kernel takes identities from somebody outside of the new namespace only. */
static gboolean write_map(pid_t pid, const char *name)
{
	static const char identity[] = "0 0 65536\n";
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	gboolean good = fd >= 0 && write(fd, identity, sizeof(identity) - 1) > 0;

	if (fd >= 0)
		close(fd);
	return good;
}

/* Waits for the word, then gives `pid` its identities. */
static void map_from_outside(pid_t pid, int word_fd) G_GNUC_NORETURN;
static void map_from_outside(pid_t pid, int word_fd)
{
	char word;

	if (read(word_fd, &word, 1) != 1)
		_exit(1);
	_exit(write_map(pid, "uid_map") && write_map(pid, "gid_map") ? 0 : 1);
}

static gboolean unshare_user(int word_fd, pid_t mapper, GError **error)
{
	int status = -1;
	/* The control group namespace stays the one outside's: its owner alone mounts control groups,
	 * and version 1 has hierarchies that this sandbox has no group of its own in. */
	gboolean done = unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
				CLONE_NEWNET) == 0;

	if (!done)
		kiln_error_set_errno(error, errno,
			"making a user namespace (is user.max_user_namespaces 0?)");
	if (done && write(word_fd, "", 1) != 1)
		done = kiln_error_set_errno(error, errno, "mapping the users of a sandbox");
	close(word_fd);
	if (waitpid(mapper, &status, 0) != mapper || (done && status != 0)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"mapping the users of a sandbox: refused by the kernel");
		return FALSE;
	}
	return done;
}

gboolean kiln_namespace_enter_user(GError **error)
{
	pid_t self = getpid(), mapper;
	int word[2];

	if (pipe2(word, O_CLOEXEC) != 0)
		return kiln_error_set_errno(error, errno, "creating a pipe");
	mapper = fork();
	if (mapper == 0) {
		close(word[1]);
		map_from_outside(self, word[0]);
	}
	close(word[0]);
	if (mapper < 0) {
		close(word[1]);
		return kiln_error_set_errno(error, errno, "starting a process");
	}
	return unshare_user(word[1], mapper, error) && raise_loopback(error);
}
