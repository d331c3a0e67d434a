/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/supervise.h"

#include "base/clock.h"
#include "base/error.h"
#include "sandbox/control.h"
#include "sandbox/output.h"
#include "sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_US (2 * G_USEC_PER_SEC)
#define TICK_US (250 * 1000)
#define DISK_SLACK_BYTES ((guint64)256 << 20)

typedef struct {
	const KilnSandboxLimits *limits;
	KilnCgroup *cgroup;
	KilnDisk *disk; /* NULL: not limited */
	KilnSandboxReport *report;
	KilnOutput output;
	pid_t pid;
	int pid_fd, control_fd, signal_fd;
	int error_read_fd; /* stderr of an evaluation, else -1 */
	GString *error_output;
	gboolean interactive;
	gboolean boot;
	int terminal_fd; /* master of the sandbox's terminal, else -1 */
	gboolean input_ended;
	GPtrArray *problems;
	gint64 started_us, mounted_us;
	gint64 counted_us; /* when the control group's counters were last looked at */
	gint64 kill_us;	   /* 0: nobody asked for the end yet */
	gboolean ended;	   /* the program told its status */
	gboolean gone;	   /* so did the kernel about the first process */
	GError *failure;
} Supervisor;

static gboolean has_counters(const Supervisor *supervisor)
{
	return supervisor->limits->memory_bytes > 0 || supervisor->limits->processes > 0;
}

static void signal_first(const Supervisor *supervisor, int number)
{
	if (!supervisor->gone)
		kill(supervisor->pid, number);
}

/* "64 MiB", or "1000 bytes" of what is no round number. Caller owns. */
static char *describe_size(gint64 bytes)
{
	if (bytes % (1 << 20) == 0)
		return g_strdup_printf("%" G_GINT64_FORMAT " MiB", bytes >> 20);
	return g_strdup_printf("%" G_GINT64_FORMAT " bytes", bytes);
}

/* What is said when `limit` was hit; NONE: when somebody outside asked for the end. Caller owns. */
static char *describe_limit(const Supervisor *supervisor, KilnSandboxLimit limit)
{
	const KilnSandboxLimits *limits = supervisor->limits;
	g_autofree char *size = NULL;

	switch (limit) {
	case KILN_SANDBOX_LIMIT_WALL:
		return g_strdup_printf("stopped: not done within the limit of %" G_GINT64_FORMAT " s",
			limits->wall_s);
	case KILN_SANDBOX_LIMIT_IDLE:
		return g_strdup_printf("stopped: no output for the limit of %" G_GINT64_FORMAT " s",
			limits->idle_s);
	case KILN_SANDBOX_LIMIT_OUTPUT:
		size = describe_size(limits->output_bytes);
		return g_strdup_printf("stopped: more output than the limit of %s", size);
	case KILN_SANDBOX_LIMIT_MEMORY:
		size = describe_size(limits->memory_bytes);
		return g_strdup_printf("stopped: out of memory at the limit of %s", size);
	case KILN_SANDBOX_LIMIT_PROCESSES:
		return g_strdup_printf("stopped: more processes than the limit of %" G_GINT64_FORMAT,
			limits->processes);
	case KILN_SANDBOX_LIMIT_DISK:
		size = describe_size(limits->disk_bytes);
		return g_strdup_printf("stopped: more on the disk than the limit of %s", size);
	case KILN_SANDBOX_LIMIT_NONE:
		break;
	}
	return g_strdup("interrupted");
}

static void tell_limit(Supervisor *supervisor, KilnSandboxLimit limit)
{
	KilnSandboxReport *report = supervisor->report;

	report->limit = limit;
	g_free(report->message);
	report->message = describe_limit(supervisor, limit);
	kiln_output_say(&supervisor->output, report->message);
}

/* Asks everybody inside to end; who is left after the grace period is killed. */
static void begin_end(Supervisor *supervisor, KilnSandboxLimit limit)
{
	if (supervisor->kill_us)
		return;
	supervisor->kill_us = kiln_clock_monotonic_us() + GRACE_US;
	tell_limit(supervisor, limit);
	signal_first(supervisor, SIGTERM);
}

static void check_output(Supervisor *supervisor)
{
	if (supervisor->output.failed_errno && !supervisor->failure) {
		kiln_error_set_errno(&supervisor->failure, supervisor->output.failed_errno,
			"writing the output of the sandbox");
		signal_first(supervisor, SIGKILL);
	}
	if (supervisor->output.exceeded)
		begin_end(supervisor, KILN_SANDBOX_LIMIT_OUTPUT);
}

static void check_times(Supervisor *supervisor, gint64 now)
{
	const KilnSandboxLimits *limits = supervisor->limits;
	gint64 idle_since = MAX(supervisor->output.last_us, supervisor->mounted_us);

	if (supervisor->kill_us && now >= supervisor->kill_us)
		signal_first(supervisor, SIGKILL);
	if (!supervisor->mounted_us || supervisor->ended || supervisor->kill_us)
		return;
	if (limits->wall_s > 0 && now >= supervisor->mounted_us + limits->wall_s * G_USEC_PER_SEC)
		begin_end(supervisor, KILN_SANDBOX_LIMIT_WALL);
	else if (limits->idle_s > 0 && now >= idle_since + limits->idle_s * G_USEC_PER_SEC)
		begin_end(supervisor, KILN_SANDBOX_LIMIT_IDLE);
}

/* Counters are files to be read: not with every line of output. */
static void check_cgroup(Supervisor *supervisor, gint64 now)
{
	KilnSandboxLimit fired;

	if (!has_counters(supervisor) || supervisor->kill_us || supervisor->gone ||
		now < supervisor->counted_us + TICK_US)
		return;
	supervisor->counted_us = now;
	fired = kiln_cgroup_fired(supervisor->cgroup);
	if (fired != KILN_SANDBOX_LIMIT_NONE)
		begin_end(supervisor, fired);
}

/* Nobody is to fill the disk while being asked to end. */
static void check_disk(Supervisor *supervisor)
{
	guint64 limit = (guint64)supervisor->limits->disk_bytes;

	begin_end(supervisor, KILN_SANDBOX_LIMIT_DISK);
	if (kiln_disk_take(supervisor->disk) > limit + MAX(limit / 4, DISK_SLACK_BYTES))
		signal_first(supervisor, SIGKILL);
}

/* What fired after the last look at counters and disk. Success does not excuse it: with a process
 * killed or a fork refused, nobody knows what was built. */
static void check_at_end(Supervisor *supervisor)
{
	KilnSandboxReport *report = supervisor->report;
	KilnSandboxLimit fired = KILN_SANDBOX_LIMIT_NONE;

	report->disk_bytes = kiln_disk_finish(supervisor->disk);
	if (report->limit != KILN_SANDBOX_LIMIT_NONE)
		return;
	if (has_counters(supervisor))
		fired = kiln_cgroup_fired(supervisor->cgroup);
	if (fired == KILN_SANDBOX_LIMIT_NONE && supervisor->disk &&
		report->disk_bytes > (guint64)supervisor->limits->disk_bytes)
		fired = KILN_SANDBOX_LIMIT_DISK;
	if (fired != KILN_SANDBOX_LIMIT_NONE)
		tell_limit(supervisor, fired);
}

static void take_status(KilnSandboxReport *report, int status)
{
	report->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	report->exit_status = report->signal ? 128 + report->signal : WEXITSTATUS(status);
	if (report->signal && !report->message)
		report->message = g_strdup_printf(
			"ended by signal %d (%s)", report->signal, strsignal(report->signal));
}

static void take_failure(Supervisor *supervisor, KilnControlMessage *message)
{
	if (!supervisor->failure)
		supervisor->failure =
			g_error_new_literal(KILN_ERROR, message->number, message->text);
}

static void take_terminal(Supervisor *supervisor, int master)
{
	/* Sent once, and first; nobody else has a say in it. */
	if (!supervisor->interactive || supervisor->terminal_fd >= 0) {
		if (master >= 0)
			close(master);
		return;
	}
	supervisor->terminal_fd = master;
	kiln_terminal_copy_size(master);
	kiln_terminal_enter_raw();
}

static void take_message(Supervisor *supervisor)
{
	KilnSandboxReport *report = supervisor->report;
	KilnControlMessage message;

	if (!kiln_control_receive(supervisor->control_fd, &message)) {
		close(supervisor->control_fd);
		supervisor->control_fd = -1;
		return;
	}
	switch (message.type) {
	case KILN_CONTROL_ENTERED:
		report->namespaces_us = message.sent_us - supervisor->started_us;
		break;
	case KILN_CONTROL_MOUNTED:
		supervisor->mounted_us = message.sent_us;
		report->mounts_us =
			message.sent_us - supervisor->started_us - report->namespaces_us;
		break;
	case KILN_CONTROL_TERMINAL:
		take_terminal(supervisor, message.fd);
		break;
	case KILN_CONTROL_PROBLEM:
		g_ptr_array_add(supervisor->problems, g_steal_pointer(&message.text));
		break;
	case KILN_CONTROL_FAILURE:
		take_failure(supervisor, &message);
		break;
	case KILN_CONTROL_ENDED:
		supervisor->ended = TRUE;
		report->command_us = message.sent_us - supervisor->mounted_us;
		take_status(report, message.number);
		/* An init does not end with the program, and its root is of no further use. */
		if (supervisor->boot)
			signal_first(supervisor, SIGKILL);
		break;
	case KILN_CONTROL_GO:
		break;
	}
	g_free(message.text);
}

static void take_signal(Supervisor *supervisor)
{
	struct signalfd_siginfo information;

	if (read(supervisor->signal_fd, &information, sizeof(information)) != sizeof(information))
		return;
	if (information.ssi_signo == SIGWINCH)
		kiln_terminal_copy_size(supervisor->terminal_fd);
	else
		begin_end(supervisor, KILN_SANDBOX_LIMIT_NONE);
}

/* What the caller types. The end of the input is told to the sandbox as ^D. */
static void take_input(Supervisor *supervisor)
{
	char buffer[4096];
	ssize_t got = read(0, buffer, sizeof(buffer));

	if (got <= 0) {
		supervisor->input_ended = TRUE;
		buffer[0] = 4;
		got = 1;
	}
	if (write(supervisor->terminal_fd, buffer, (size_t)got) < 0)
		supervisor->input_ended = TRUE;
}

static gint64 nearest(const Supervisor *supervisor, gint64 now)
{
	const KilnSandboxLimits *limits = supervisor->limits;
	gint64 next = G_MAXINT64;

	if (supervisor->kill_us)
		return MAX(supervisor->kill_us, now + TICK_US);
	if (limits->wall_s > 0 && supervisor->mounted_us)
		next = supervisor->mounted_us + limits->wall_s * G_USEC_PER_SEC;
	if (limits->idle_s > 0 && supervisor->mounted_us)
		next = MIN(next, MAX(supervisor->output.last_us, supervisor->mounted_us) +
					 limits->idle_s * G_USEC_PER_SEC);
	if (has_counters(supervisor))
		next = MIN(next, now + TICK_US);
	return next;
}

static int wait_ms(const Supervisor *supervisor)
{
	gint64 now = kiln_clock_monotonic_us();
	gint64 next = nearest(supervisor, now);

	if (next == G_MAXINT64)
		return -1;
	return (int)CLAMP((next - now + 999) / 1000, 0, 60 * 1000);
}

enum { OUTPUT, ERRORS, CONTROL, SIGNALS, FIRST, INPUT, DISK, POLLS };

static void prepare(const Supervisor *supervisor, struct pollfd *polls)
{
	polls[OUTPUT] = (struct pollfd){supervisor->output.read_fd, POLLIN, 0};
	polls[ERRORS] = (struct pollfd){supervisor->error_read_fd, POLLIN, 0};
	polls[CONTROL] = (struct pollfd){supervisor->control_fd, POLLIN, 0};
	polls[SIGNALS] = (struct pollfd){supervisor->signal_fd, POLLIN, 0};
	polls[FIRST] = (struct pollfd){supervisor->gone ? -1 : supervisor->pid_fd, POLLIN, 0};
	polls[INPUT] = (struct pollfd){
		supervisor->terminal_fd >= 0 && !supervisor->input_ended ? 0 : -1, POLLIN, 0};
	polls[DISK] = (struct pollfd){kiln_disk_fd(supervisor->disk), POLLIN, 0};
	if (supervisor->terminal_fd >= 0)
		polls[OUTPUT].fd = supervisor->output.ended ? -1 : supervisor->terminal_fd;
}

static void dispatch(Supervisor *supervisor, const struct pollfd *polls)
{
	if (polls[CONTROL].revents)
		take_message(supervisor);
	if (polls[OUTPUT].revents)
		kiln_output_pump(&supervisor->output, polls[OUTPUT].fd);
	if (polls[ERRORS].revents)
		kiln_output_collect(&supervisor->error_read_fd, supervisor->error_output);
	if (polls[SIGNALS].revents)
		take_signal(supervisor);
	if (polls[INPUT].revents)
		take_input(supervisor);
	if (polls[DISK].revents)
		check_disk(supervisor);
	if (polls[FIRST].revents && waitpid(supervisor->pid, NULL, WNOHANG) == supervisor->pid)
		supervisor->gone = TRUE;
}

/* Until the first process is gone and all that was written has arrived. With it gone, nobody holds
 * the other ends, and a terminal whose slaves are closed reads as ended. */
static gboolean is_over(const Supervisor *supervisor)
{
	return supervisor->gone && supervisor->control_fd < 0 && supervisor->error_read_fd < 0 &&
	       supervisor->output.ended;
}

static void loop(Supervisor *supervisor)
{
	while (!is_over(supervisor)) {
		struct pollfd polls[POLLS];
		prepare(supervisor, polls);
		if (poll(polls, POLLS, wait_ms(supervisor)) < 0 && errno != EINTR)
			break;
		if (supervisor->gone && supervisor->output.read_fd < 0 &&
			supervisor->terminal_fd < 0)
			supervisor->output.ended = TRUE;
		dispatch(supervisor, polls);
		check_output(supervisor);
		check_times(supervisor, kiln_clock_monotonic_us());
		check_cgroup(supervisor, kiln_clock_monotonic_us());
	}
}

static int catch_signals(void)
{
	sigset_t signals;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGQUIT);
	sigaddset(&signals, SIGWINCH);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static gboolean make_pipe(int *ret_read, int *ret_write, GError **error)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return kiln_error_set_errno(error, errno, "creating a pipe");
	*ret_read = ends[0];
	*ret_write = ends[1];
	return TRUE;
}

static gboolean open_streams(Supervisor *supervisor, KilnInside *inside, GError **error)
{
	int control[2];

	inside->output_fd = inside->error_fd = -1;
	if (!kiln_control_open(control, error))
		return FALSE;
	supervisor->control_fd = control[0];
	inside->control_fd = control[1];
	if (inside->request->terminal)
		return TRUE;
	if (!make_pipe(&supervisor->output.read_fd, &inside->output_fd, error))
		return FALSE;
	inside->error_fd = inside->output_fd;
	return inside->request->kind != KILN_SANDBOX_EVALUATE ||
	       make_pipe(&supervisor->error_read_fd, &inside->error_fd, error);
}

/* Children are this PID namespace's again: a thread can be made by nobody whose are not. */
static gboolean leave_namespace(GError **error)
{
	int fd = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	gboolean good = fd >= 0 && setns(fd, CLONE_NEWPID) == 0;

	if (!good)
		kiln_error_set_errno(error, errno, "returning from a PID namespace");
	if (fd >= 0)
		close(fd);
	return good;
}

static gboolean start_disk(const Supervisor *supervisor, GError **error)
{
	if (!supervisor->disk)
		return TRUE;
	if (!leave_namespace(error)) {
		kill(supervisor->pid, SIGKILL);
		return FALSE;
	}
	kiln_disk_start(supervisor->disk, supervisor->pid);
	return TRUE;
}

/* The child is the first process of the new PID namespace. */
static gboolean start(Supervisor *supervisor, KilnInside *inside, GError **error)
{
	if (unshare(CLONE_NEWPID) != 0) {
		if (errno != EPERM)
			return kiln_error_set_errno(error, errno, "making a PID namespace");
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"making a sandbox: not permitted; run kiln as root (in a container: with "
			"CAP_SYS_ADMIN)");
		return FALSE;
	}
	supervisor->started_us = kiln_clock_monotonic_us();
	supervisor->pid = fork();
	if (supervisor->pid == 0) {
		/* Else its own death would keep the other end from being noticed. */
		close(supervisor->control_fd);
		kiln_inner_main(inside);
	}
	if (supervisor->pid < 0)
		return kiln_error_set_errno(error, errno, "starting a sandbox");
	close(inside->control_fd);
	if (inside->output_fd >= 0)
		close(inside->output_fd);
	if (inside->error_fd != inside->output_fd)
		close(inside->error_fd);
	supervisor->pid_fd = (int)syscall(SYS_pidfd_open, supervisor->pid, 0);
	if (!kiln_cgroup_add(supervisor->cgroup, supervisor->pid, error)) {
		kill(supervisor->pid, SIGKILL);
		return FALSE;
	}
	if (!start_disk(supervisor, error))
		return FALSE;
	kiln_control_send(supervisor->control_fd, KILN_CONTROL_GO, 0, NULL, -1);
	return TRUE;
}

static void complete(Supervisor *supervisor)
{
	KilnSandboxReport *report = supervisor->report;

	kiln_terminal_leave_raw();
	report->output_bytes = supervisor->output.bytes;
	report->peak_memory_bytes = kiln_cgroup_peak_memory_bytes(supervisor->cgroup);
	report->limits_by = g_strdup(kiln_cgroup_kind(supervisor->cgroup));
	if (!supervisor->ended && supervisor->boot && !report->message)
		report->message = g_strdup("the init of the host ended");
	/* Killed after the grace period, or by somebody outside. */
	if (!supervisor->ended)
		take_status(report, SIGKILL);
	check_at_end(supervisor);
	g_ptr_array_add(supervisor->problems, NULL);
	report->problems = (char **)g_ptr_array_free(supervisor->problems, FALSE);
	if (supervisor->error_output->len > 0)
		report->error_output = g_utf8_make_valid(supervisor->error_output->str, -1);
	g_string_free(supervisor->error_output, TRUE);
}

gboolean kiln_supervise(KilnInside *inside, KilnCgroup *cgroup, KilnDisk *disk,
	KilnSandboxReport *ret_report, GError **error)
{
	Supervisor supervisor = {
		.limits = &inside->request->limits,
		.cgroup = cgroup,
		.disk = disk,
		.report = ret_report,
		.output = {.read_fd = -1, .limit_bytes = inside->request->limits.output_bytes},
		.interactive = inside->request->terminal,
		.boot = inside->request->boot,
		.control_fd = -1,
		.error_read_fd = -1,
		.terminal_fd = -1,
	};

	supervisor.signal_fd = catch_signals();
	if (!open_streams(&supervisor, inside, error) || !start(&supervisor, inside, error))
		return FALSE;
	supervisor.problems = g_ptr_array_new();
	supervisor.error_output = g_string_new(NULL);
	loop(&supervisor);
	complete(&supervisor);
	if (supervisor.failure)
		g_propagate_error(error, supervisor.failure);
	return supervisor.failure == NULL;
}
