/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/child.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAPTURE_MAX_BYTES (16 * 1024 * 1024)
#define GRACE_US (5 * G_USEC_PER_SEC)
#define INHERITED_MAX 16

struct KilnChild {
	pid_t pid;
	int pid_fd;
	int input_fd, output_fd, error_fd; /* our ends; -1 when closed */
	char *input;
	gsize input_size, input_done;
	GString *output, *error_output;
	gint64 started_us, deadline_us, kill_us; /* 0: none */
	gboolean foreground, timed_out;
};

/* Everything the child needs between fork and exec, prepared before: no allocation there. */
typedef struct {
	char *program;
	char *const *argv;
	char *const *environment;
	const char *working_directory;
	int input_fd, output_fd, error_fd, report_fd;
	int inherited[INHERITED_MAX];
	int inherited_count;
	pid_t parent;
	gboolean foreground;
} Launch;

void kiln_process_result_clear(KilnProcessResult *result)
{
	g_clear_pointer(&result->output, g_free);
	g_clear_pointer(&result->error_output, g_free);
}

const char *const *kiln_child_environment(void)
{
	static const char *const kept[] = {"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TERM", "GNUPGHOME",
		"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"};
	static char *environment[G_N_ELEMENTS(kept) + 2];
	static gsize ready;

	if (g_once_init_enter(&ready)) {
		gsize count = 0;
		for (gsize i = 0; i < G_N_ELEMENTS(kept); i++)
			if (g_getenv(kept[i]))
				environment[count++] =
					g_strdup_printf("%s=%s", kept[i], g_getenv(kept[i]));
		environment[count++] = g_strdup("LC_ALL=C.UTF-8");
		g_once_init_leave(&ready, 1);
	}
	return (const char *const *)environment;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Moves fds out of the way of 0, 1, 2, 3 … first, so that no dup2 overwrites a source. */
static gboolean place_fds(Launch *launch)
{
	int sources[3 + INHERITED_MAX];
	int count = 3 + launch->inherited_count;

	sources[0] = launch->input_fd;
	sources[1] = launch->output_fd;
	sources[2] = launch->error_fd;
	memcpy(sources + 3, launch->inherited, sizeof(int) * (gsize)launch->inherited_count);
	for (int i = 0; i < count; i++)
		if (sources[i] >= 0 && (sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, count + 4)) < 0)
			return FALSE;
	launch->report_fd = fcntl(launch->report_fd, F_DUPFD_CLOEXEC, count + 4);
	for (int i = 0; i < count; i++)
		if (sources[i] >= 0 && dup2(sources[i], i) < 0)
			return FALSE;
	return TRUE;
}

static void G_GNUC_NORETURN launch_child(Launch *launch)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	if (!launch->foreground)
		setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (getppid() == launch->parent && place_fds(launch) &&
		(!launch->working_directory || chdir(launch->working_directory) == 0))
		execve(launch->program, launch->argv, launch->environment);
	{
		int code = errno;
		ssize_t ignored = write(launch->report_fd, &code, sizeof(code));
		(void)ignored;
	}
	_exit(127);
}

static gboolean make_pipe(int ret_ends[2], GError **error)
{
	if (pipe2(ret_ends, O_CLOEXEC) == 0)
		return TRUE;
	return kiln_error_set_errno(error, errno, "creating a pipe");
}

static gboolean find_program(const KilnProcess *process, char **ret_path, GError **error)
{
	const char *name = process->argv[0];

	*ret_path = strchr(name, '/') ? g_strdup(name) : g_find_program_in_path(name);
	if (*ret_path)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
		"\"%s\" is not installed; install it (`make deps` names its package) and try again", name);
	return FALSE;
}

static gboolean open_streams(KilnChild *child, const KilnProcess *process, Launch *launch, GError **error)
{
	int ends[2];

	if (process->foreground && !process->input) {
		launch->input_fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
	} else if (process->input) {
		if (!make_pipe(ends, error))
			return FALSE;
		launch->input_fd = ends[0];
		child->input_fd = ends[1];
		fcntl(child->input_fd, F_SETFL, O_NONBLOCK);
		child->input = g_strdup(process->input);
		child->input_size = strlen(process->input);
	} else {
		launch->input_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	if (process->output_fd > 0) {
		launch->output_fd = fcntl(process->output_fd, F_DUPFD_CLOEXEC, 3);
	} else {
		if (!make_pipe(ends, error))
			return FALSE;
		child->output_fd = ends[0];
		launch->output_fd = ends[1];
		child->output = g_string_new(NULL);
	}
	if (process->error_fd != 0) {
		launch->error_fd = fcntl(
			process->error_fd > 0 ? process->error_fd : launch->output_fd, F_DUPFD_CLOEXEC, 3);
	} else {
		if (!make_pipe(ends, error))
			return FALSE;
		child->error_fd = ends[0];
		launch->error_fd = ends[1];
		child->error_output = g_string_new(NULL);
	}
	return TRUE;
}

/* Waits for exec to happen: an errno through the close-on-exec pipe means it did not. */
static gboolean await_exec(KilnChild *child, int report_fd, const Launch *launch, GError **error)
{
	int code;
	ssize_t got;

	do {
		got = read(report_fd, &code, sizeof(code));
	} while (got < 0 && errno == EINTR);
	if (got != sizeof(code))
		return TRUE;
	waitpid(child->pid, NULL, 0);
	child->pid = 0;
	return kiln_error_set_errno(error, code, "starting \"%s\"", launch->program);
}

static gboolean fork_child(KilnChild *child, Launch *launch, GError **error)
{
	int report[2];
	gboolean started;

	if (!make_pipe(report, error))
		return FALSE;
	launch->report_fd = report[1];
	launch->parent = getpid();
	child->pid = fork();
	if (child->pid == 0)
		launch_child(launch);
	close(report[1]);
	if (child->pid < 0) {
		child->pid = 0;
		close(report[0]);
		return kiln_error_set_errno(error, errno, "starting \"%s\"", launch->program);
	}
	started = await_exec(child, report[0], launch, error);
	close(report[0]);
	if (started)
		child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	return started;
}

KilnChild *kiln_child_start(const KilnProcess *process, GError **error)
{
	KilnChild *child = g_new0(KilnChild, 1);
	Launch launch = {.input_fd = -1, .output_fd = -1, .error_fd = -1};
	gboolean started;

	child->input_fd = child->output_fd = child->error_fd = child->pid_fd = -1;
	child->foreground = launch.foreground = process->foreground;
	launch.argv = (char *const *)process->argv;
	launch.environment = (char *const *)(process->environment ? process->environment
								  : kiln_child_environment());
	launch.working_directory = process->working_directory;
	for (const int *fd = process->inherited_fds; fd && *fd >= 0; fd++) {
		g_assert(launch.inherited_count < INHERITED_MAX);
		launch.inherited[launch.inherited_count++] = *fd;
	}
	started = find_program(process, &launch.program, error) &&
		open_streams(child, process, &launch, error) && fork_child(child, &launch, error);
	close_fd(&launch.input_fd);
	close_fd(&launch.output_fd);
	close_fd(&launch.error_fd);
	g_free(launch.program);
	if (!started) {
		kiln_child_free(child);
		return NULL;
	}
	child->started_us = kiln_clock_monotonic_us();
	if (process->timeout_ms > 0)
		child->deadline_us = child->started_us + process->timeout_ms * 1000;
	return child;
}

static void signal_child(const KilnChild *child, int number)
{
	if (child->pid > 0)
		kill(child->foreground ? child->pid : -child->pid, number);
}

void kiln_child_free(KilnChild *child)
{
	if (!child)
		return;
	if (child->pid > 0) {
		signal_child(child, SIGKILL);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_fd(&child->pid_fd);
	close_fd(&child->input_fd);
	close_fd(&child->output_fd);
	close_fd(&child->error_fd);
	if (child->output)
		g_string_free(child->output, TRUE);
	if (child->error_output)
		g_string_free(child->error_output, TRUE);
	g_free(child->input);
	g_free(child);
}

void kiln_child_terminate(KilnChild *child)
{
	signal_child(child, SIGTERM);
	child->kill_us = kiln_clock_monotonic_us() + GRACE_US;
	child->deadline_us = 0;
}

gint64 kiln_child_prepare(const KilnChild *child, struct pollfd *polls)
{
	gint64 deadline = child->kill_us ? child->kill_us : child->deadline_us;

	polls[0] = (struct pollfd){.fd = child->output_fd, .events = POLLIN};
	polls[1] = (struct pollfd){.fd = child->error_fd, .events = POLLIN};
	polls[2] = (struct pollfd){.fd = child->input_fd, .events = POLLOUT};
	polls[3] = (struct pollfd){.fd = child->pid_fd, .events = POLLIN};
	if (deadline == 0)
		return -1;
	return MAX(0, (deadline - kiln_clock_monotonic_us() + 999) / 1000);
}

static void drain(int *fd, GString *into)
{
	char buffer[1 << 14];
	ssize_t got = read(*fd, buffer, sizeof(buffer));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		close_fd(fd);
		return;
	}
	if (into->len < CAPTURE_MAX_BYTES)
		g_string_append_len(into, buffer, MIN(got, (ssize_t)(CAPTURE_MAX_BYTES - into->len)));
}

static void feed(KilnChild *child)
{
	ssize_t written = write(child->input_fd, child->input + child->input_done,
		child->input_size - child->input_done);

	if (written < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (written > 0)
		child->input_done += (gsize)written;
	if (written < 0 || child->input_done == child->input_size)
		close_fd(&child->input_fd);
}

static void check_deadlines(KilnChild *child)
{
	gint64 now = kiln_clock_monotonic_us();

	if (child->kill_us && now >= child->kill_us) {
		signal_child(child, SIGKILL);
		child->kill_us = now + GRACE_US;
	} else if (child->deadline_us && now >= child->deadline_us) {
		child->timed_out = TRUE;
		kiln_child_terminate(child);
	}
}

/* Takes what is left in a pipe without waiting for whoever else may hold its other end. */
static void drain_rest(int *fd, GString *into)
{
	struct pollfd waiting = {.fd = *fd, .events = POLLIN};

	while (*fd >= 0 && poll(&waiting, 1, 0) > 0)
		drain(fd, into);
}

static void end_child(KilnChild *child, KilnProcessResult *ret_result)
{
	int status = 0;

	/* Still a zombie, so its group cannot have become somebody else's. */
	signal_child(child, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
	drain_rest(&child->output_fd, child->output);
	drain_rest(&child->error_fd, child->error_output);
	*ret_result = (KilnProcessResult){
		.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		.timed_out = child->timed_out,
		.wall_us = kiln_clock_monotonic_us() - child->started_us,
		.output = child->output ? g_string_free(child->output, FALSE) : NULL,
		.error_output = child->error_output ? g_string_free(child->error_output, FALSE) : NULL,
	};
	child->output = child->error_output = NULL;
}

gboolean kiln_child_dispatch(KilnChild *child, const struct pollfd *polls, KilnProcessResult *ret_result)
{
	siginfo_t information = {0};

	if (polls[0].revents && child->output_fd >= 0)
		drain(&child->output_fd, child->output);
	if (polls[1].revents && child->error_fd >= 0)
		drain(&child->error_fd, child->error_output);
	if (polls[2].revents && child->input_fd >= 0)
		feed(child);
	check_deadlines(child);
	if (waitid(P_PID, (id_t)child->pid, &information, WEXITED | WNOHANG | WNOWAIT) != 0 ||
		information.si_pid != child->pid)
		return FALSE;
	end_child(child, ret_result);
	return TRUE;
}
