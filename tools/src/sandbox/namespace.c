/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/namespace.h"

#include "base/error.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
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
