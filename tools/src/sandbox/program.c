/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/program.h"

#include "base/error.h"
#include "lib/rpmroot.h"
#include "sandbox/control.h"
#include "sandbox/privilege.h"
#include "sandbox/rootfs.h"
#include "sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int number = 1; number < SIGRTMIN; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void detach(void)
{
	umask(022);
	reset_signals();
	/* Ours are close-on-exec already, but not what a careless caller left open. */
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	setsid();
}

gboolean kiln_program_prepare(GError **error)
{
	int null_fd;

	detach();
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd >= 0 && dup2(null_fd, 0) >= 0 && dup2(null_fd, 1) >= 0 && dup2(null_fd, 2) >= 0)
		return TRUE;
	return kiln_error_set_errno(error, errno, "setting the streams of an init");
}

static gboolean set_streams(const KilnInside *inside, const char *slave, GError **error)
{
	int null_fd;

	if (slave)
		return kiln_terminal_adopt(slave, error);
	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd >= 0 && dup2(null_fd, 0) >= 0 && dup2(inside->output_fd, 1) >= 0 &&
		dup2(inside->error_fd, 2) >= 0)
		return TRUE;
	return kiln_error_set_errno(error, errno, "setting the sandboxed program's streams");
}

static KilnPrivilege privilege_of(const KilnSandboxRequest *request)
{
	if (request->kind == KILN_SANDBOX_INSTALL)
		return KILN_PRIVILEGE_INSTALL;
	if (request->kind == KILN_SANDBOX_EVALUATE)
		return KILN_PRIVILEGE_EVALUATE;
	if (request->boot)
		return KILN_PRIVILEGE_INIT;
	return request->user == KILN_SANDBOX_ROOT ? KILN_PRIVILEGE_ROOT : KILN_PRIVILEGE_BUILD;
}

static gboolean become(const KilnInside *inside, const char *slave, GError **error)
{
	const KilnSandboxLimits *limits = &inside->request->limits;

	detach();
	if (!set_streams(inside, slave, error))
		return FALSE;
	if (inside->request->personality && personality(PER_LINUX32) < 0)
		return kiln_error_set_errno(error, errno, "setting the personality");
	return kiln_privilege_drop(privilege_of(inside->request),
		inside->counted ? 0 : limits->processes, inside->counted ? 0 : limits->memory_bytes,
		error);
}

/* rpm takes RPM_BUILD_NCPUS for the number of processors: %_smp_mflags, %_smp_build_ncpus. */
static char **environment_of(const KilnSandboxRequest *request)
{
	gboolean root = request->kind == KILN_SANDBOX_INSTALL || request->user == KILN_SANDBOX_ROOT;
	g_autofree char *processors = g_strdup_printf("%" G_GINT64_FORMAT, request->processors);
	char **environment =
		request->environment
			? g_strdupv(request->environment)
			: kiln_sandbox_environment(root ? KILN_SANDBOX_ROOT : KILN_SANDBOX_MOCKBUILD,
				  request->hostname);

	if (request->processors == 0)
		return environment;
	return g_environ_setenv(environment, "RPM_BUILD_NCPUS", processors, TRUE);
}

static gboolean change_directory(const KilnSandboxRequest *request, GError **error)
{
	const char *path = request->working_directory;

	if (!path)
		path = privilege_of(request) == KILN_PRIVILEGE_BUILD ? "/builddir" : "/";
	if (chdir(path) == 0)
		return TRUE;
	return kiln_error_set_errno(error, errno, "entering \"%s\" in the sandbox", path);
}

/* Every other fd of kiln-root was opened close-on-exec. Comes back only with an error. */
static void execute(const KilnSandboxRequest *request, GError **error)
{
	if (!change_directory(request, error))
		return;
	if (request->kind == KILN_SANDBOX_EVALUATE)
		execv(KILN_ROOTFS_EVALUATOR, request->argv);
	else
		execvp(request->argv[0], request->argv);
	kiln_error_set_errno(error, errno, "running \"%s\" in the sandbox", request->argv[0]);
}

static gboolean transact(const KilnInside *inside, GError **error)
{
	const KilnRpmRootInstall install = {
		.root = KILN_ROOTFS_TARGET,
		.package_fds = &g_array_index(inside->packages, const int, 0),
		.package_count = inside->packages->len,
		.keys = (const char *const *)inside->keys,
		.macros = inside->request->macros,
	};
	g_auto(GStrv) problems = NULL;

	/* Scriptlets, root too, are not to reach this process's files through /proc. */
	prctl(PR_SET_DUMPABLE, 0);
	if (!kiln_rpmroot_install(&install, &problems, error))
		return FALSE;
	for (char **problem = problems; *problem; problem++)
		kiln_control_send(inside->control_fd, KILN_CONTROL_PROBLEM, 0, *problem, -1);
	_exit(problems[0] ? 1 : 0);
}

void kiln_program_main(const KilnInside *inside, const char *slave)
{
	g_autoptr(GError) error = NULL;

	environ = environment_of(inside->request);
	if (become(inside, slave, &error)) {
		if (inside->request->kind == KILN_SANDBOX_INSTALL)
			transact(inside, &error);
		else
			execute(inside->request, &error);
	}
	kiln_control_send_error(inside->control_fd, error);
	_exit(127);
}
