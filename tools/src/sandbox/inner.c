/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/inner.h"

#include "base/error.h"
#include "sandbox/control.h"
#include "sandbox/host.h"
#include "sandbox/namespace.h"
#include "sandbox/program.h"
#include "sandbox/rootfs.h"
#include "sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static gboolean set_abandoned(GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "kiln-root: the supervisor is gone");
	return FALSE;
}

/* Limits are put in force while namespaces and mounts are made: moving a process into a control
 * group takes the kernel longer than either. Nothing of others has run here before. */
static gboolean await_go(const KilnInside *inside, GError **error)
{
	KilnControlMessage message;

	if (!kiln_control_receive(inside->control_fd, &message))
		return set_abandoned(error);
	g_free(message.text);
	return kiln_namespace_enter_cgroup(error);
}

static gboolean allow_all(KilnAllowed *allowed, char *const *directories, GError **error)
{
	for (; directories && *directories; directories++)
		if (!kiln_allowed_add(allowed, *directories, error))
			return FALSE;
	return TRUE;
}

/* Opened in the new mount namespace, a mount of another one cannot be cloned, and before anything
 * is mounted over it. */
static gboolean open_evaluator(const KilnInside *inside, int *ret_fd, GError **error)
{
	*ret_fd = inside->evaluator ? open(inside->evaluator, O_PATH | O_CLOEXEC) : -1;
	return *ret_fd >= 0 || !inside->evaluator ||
	       kiln_error_set_errno(error, errno, "opening \"%s\"", inside->evaluator);
}

/* The fds and locks of `opened` stay with this process. */
static gboolean build_root(const KilnInside *inside, GError **error)
{
	g_autoptr(KilnAllowed) allowed = kiln_allowed_new();
	KilnOpened opened;
	int root_fd, evaluator_fd;

	if (!allow_all(allowed, inside->allowed, error) ||
		!open_evaluator(inside, &evaluator_fd, error) ||
		!kiln_opened_all(&opened, inside->request, allowed, error))
		return FALSE;
	root_fd = kiln_rootfs_build(inside->request, &opened, evaluator_fd, error);
	return root_fd >= 0 && kiln_mount_pivot(root_fd, error);
}

static gboolean send_terminal(const KilnInside *inside, char **ret_slave, GError **error)
{
	int master;

	if (!inside->request->terminal)
		return TRUE;
	master = kiln_terminal_open("/dev/pts/ptmx", ret_slave, error);
	if (master < 0)
		return FALSE;
	kiln_control_send(inside->control_fd, KILN_CONTROL_TERMINAL, 0, NULL, master);
	close(master);
	return TRUE;
}

static gboolean enter(const KilnInside *inside, char **ret_slave, GError **error)
{
	const char *hostname = inside->request->hostname;

	if (!kiln_namespace_enter(hostname ? hostname : "mock", error))
		return FALSE;
	kiln_control_send(inside->control_fd, KILN_CONTROL_ENTERED, 0, NULL, -1);
	if (!build_root(inside, error) || !send_terminal(inside, ret_slave, error) ||
		!await_go(inside, error))
		return FALSE;
	if (inside->request->boot && !kiln_host_enter(error))
		return FALSE;
	/* The supervisor may have died while the kernel did not know that we die with it. */
	if (!kiln_control_send(inside->control_fd, KILN_CONTROL_MOUNTED, 0, NULL, -1))
		return set_abandoned(error);
	return !inside->request->boot || kiln_host_boot(inside->control_fd, error);
}

/* Reaps all that ended; TRUE once `program` did. */
static gboolean reap(pid_t program, int *ret_status)
{
	gboolean ended = FALSE;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == program) {
			*ret_status = status;
			ended = TRUE;
		}
	return ended;
}

/* A request to end goes to everybody inside. It comes from outside: nobody of the sandbox has the
 * number 0 for its sender. */
static int await_program(pid_t program, const sigset_t *signals, gboolean *ret_is_asked)
{
	siginfo_t information;
	int status = 0;

	*ret_is_asked = FALSE;
	while (!reap(program, &status))
		if (sigwaitinfo(signals, &information) == SIGTERM && information.si_pid == 0) {
			*ret_is_asked = TRUE;
			kill(-1, SIGTERM);
		}
	return status;
}

/* rpmbuild ends at once when asked to, the scripts it runs may have something to put away first.
 * Who takes too long is ended by the supervisor. */
static void await_others(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static void block_signals(sigset_t *ret_signals)
{
	sigemptyset(ret_signals);
	sigaddset(ret_signals, SIGCHLD);
	sigaddset(ret_signals, SIGTERM);
	sigprocmask(SIG_BLOCK, ret_signals, NULL);
}

void kiln_inner_main(const KilnInside *inside)
{
	g_autoptr(GError) error = NULL;
	char *slave = NULL;
	gboolean is_asked;
	sigset_t signals;
	pid_t program;
	int status;

	block_signals(&signals);
	/* Dies with the supervisor; if that is gone already, await_go notices. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!enter(inside, &slave, &error)) {
		kiln_control_send_error(inside->control_fd, error);
		_exit(1);
	}
	program = fork();
	if (program == 0)
		kiln_program_main(inside, slave);
	if (program < 0) {
		kiln_error_set_errno(&error, errno, "starting the program in the sandbox");
		kiln_control_send_error(inside->control_fd, error);
		_exit(1);
	}
	/* Nobody inside is to look into this process, which keeps its capabilities. */
	prctl(PR_SET_DUMPABLE, 0);
	status = await_program(program, &signals, &is_asked);
	kiln_control_send(inside->control_fd, KILN_CONTROL_ENDED, status, NULL, -1);
	if (is_asked)
		await_others();
	_exit(0);
}
