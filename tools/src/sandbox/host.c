/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/host.h"

#include "base/error.h"
#include "sandbox/control.h"
#include "sandbox/mount.h"
#include "sandbox/namespace.h"
#include "sandbox/privilege.h"
#include "sandbox/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The first is a package of its own in some distributions. */
static const char *const inits[] = {"/sbin/init", "/usr/lib/systemd/systemd"};

/* With one, an init would start a login on it, which needs a terminal. */
static gboolean remove_console(GError **error)
{
	if (umount2("/dev/console", MNT_DETACH) == 0 && unlink("/dev/console") == 0)
		return TRUE;
	return kiln_error_set_errno(error, errno, "removing /dev/console of the sandbox");
}

static gboolean mount_all(int root_fd, GError **error)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV;

	return kiln_mount_filesystem(
		       root_fd, "/sys/fs/cgroup", "cgroup2", flags | MS_NOEXEC, NULL, error) &&
	       kiln_mount_filesystem(root_fd, "/run", "tmpfs", flags, "mode=0755", error) &&
	       kiln_mount_filesystem(root_fd, "/tmp", "tmpfs", flags, "mode=1777", error);
}

gboolean kiln_host_enter(GError **error)
{
	int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	gboolean good;

	if (root_fd < 0)
		return kiln_error_set_errno(error, errno, "opening the root of the sandbox");
	good = mount_all(root_fd, error);
	close(root_fd);
	if (!good || !remove_console(error) || !kiln_namespace_enter_user(error))
		return FALSE;
	/* The new namespace made the kernel forget. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return TRUE;
}

/* systemd asks $container whether it has a machine of its own. It reads no other of these. */
static void become_init(int control_fd) G_GNUC_NORETURN;
static void become_init(int control_fd)
{
	static char *const argv[] = {(char *)"init", NULL};
	static char *const environment[] = {(char *)"container=kiln",
		(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *)"LANG=C.UTF-8", NULL};
	g_autoptr(GError) error = NULL;

	if (kiln_program_prepare(&error) && kiln_privilege_drop(KILN_PRIVILEGE_INIT, 0, 0, &error)) {
		for (gsize i = 0; i < G_N_ELEMENTS(inits); i++)
			execve(inits[i], argv, environment);
		kiln_error_set_errno(&error, errno, "running the init of the root, \"%s\"", inits[0]);
	}
	kiln_control_send_error(control_fd, error);
	_exit(1);
}

gboolean kiln_host_boot(int control_fd, GError **error)
{
	pid_t child;

	/* The init could look into the child, which has directories of the host open, before that is
	 * on its way. The program and the init themselves become others by execution. */
	prctl(PR_SET_DUMPABLE, 0);
	child = fork();
	if (child < 0)
		return kiln_error_set_errno(error, errno, "starting a process");
	if (child > 0)
		become_init(control_fd);
	return TRUE;
}
