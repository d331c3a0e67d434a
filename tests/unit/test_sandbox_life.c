/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How sandboxes end: by themselves, by each limit, with their caller; and what is left of them. */
#include "sandbox_fixture.h"

#include "base/clock.h"

#include <signal.h>
#include <sys/wait.h>

static KilnSandboxReport run_limited(
	void **state, const char *script, const KilnSandboxLimits *limits, char **ret_output)
{
	g_autoptr(KilnSandboxRequest) request = sandbox_request(*state, script);
	KilnSandboxReport report = {0};

	request->limits = *limits;
	*ret_output = sandbox_execute(*state, request, &report);
	return report;
}

static void test_exit_status_and_signal(void **state)
{
	const KilnSandboxLimits none = {0};
	g_autofree char *first = NULL, *second = NULL;
	g_auto(KilnSandboxReport) exited =
		run_limited(state, "echo out; echo err >&2; exit 7", &none, &first);
	g_auto(KilnSandboxReport) killed = run_limited(state, "kill -SEGV $$", &none, &second);

	assert_string_equal(first, "out\nerr\n");
	assert_int_equal(exited.exit_status, 7);
	assert_int_equal(exited.signal, 0);
	assert_int_equal(exited.limit, KILN_SANDBOX_LIMIT_NONE);
	assert_null(exited.message);
	assert_false(kiln_sandbox_report_succeeded(&exited));
	assert_int_equal(killed.signal, SIGSEGV);
	assert_int_equal(killed.exit_status, 128 + SIGSEGV);
	assert_non_null(strstr(killed.message, "signal 11"));
}

static void test_phases_are_timed(void **state)
{
	const KilnSandboxLimits none = {0};
	g_autofree char *output = NULL;
	g_auto(KilnSandboxReport) report = run_limited(state, "sleep 0.2", &none, &output);

	assert_true(report.command_us >= 200 * 1000 && report.command_us < 2 * G_USEC_PER_SEC);
	assert_true(report.mounts_us > 0 && report.namespaces_us > 0);
	assert_true(report.total_us >= report.prepare_us + report.namespaces_us + report.mounts_us +
					       report.command_us);
}

static void test_wall_limit(void **state)
{
	const KilnSandboxLimits limits = {.wall_s = 1};
	gint64 started = kiln_clock_monotonic_us();
	g_autofree char *output = NULL;
	g_auto(KilnSandboxReport) report = run_limited(
		state, "trap '' TERM; while :; do echo alive; sleep 0.3; done", &limits, &output);

	assert_int_equal(report.limit, KILN_SANDBOX_LIMIT_WALL);
	assert_false(kiln_sandbox_report_succeeded(&report));
	assert_string_equal(report.message, "stopped: not done within the limit of 1 s");
	assert_non_null(strstr(output, "\nkiln: stopped: not done within the limit of 1 s\n"));
	/* It ignores SIGTERM, so it had the grace period, and not more. */
	assert_int_equal(report.signal, SIGKILL);
	assert_true(kiln_clock_monotonic_us() - started < 10 * G_USEC_PER_SEC);
}

static void test_limit_lets_clean_up(void **state)
{
	const KilnSandboxLimits limits = {.wall_s = 1};
	g_autofree char *output = NULL;
	g_auto(KilnSandboxReport) report = run_limited(state,
		"trap 'echo cleaning; exit 0' TERM; while :; do sleep 0.1; done", &limits, &output);

	assert_non_null(strstr(output, "cleaning\n"));
	assert_int_equal(report.limit, KILN_SANDBOX_LIMIT_WALL);
	assert_false(kiln_sandbox_report_succeeded(&report));
}

/* As rpmbuild does, which ends at once. */
static void test_limit_lets_children_clean_up(void **state)
{
	const KilnSandboxLimits limits = {.wall_s = 1};
	g_autofree char *output = NULL;
	gint64 started_us = kiln_clock_monotonic_us();
	g_auto(KilnSandboxReport) report = run_limited(state,
		"(trap 'sleep 0.3; echo cleaning; exit 0' TERM; while :; do sleep 0.1; done) & exec sleep 60",
		&limits, &output);
	gint64 took_us = kiln_clock_monotonic_us() - started_us;

	assert_non_null(strstr(output, "cleaning\n"));
	assert_int_equal(report.limit, KILN_SANDBOX_LIMIT_WALL);
	assert_int_equal(report.signal, SIGTERM);
	/* Nobody is left: the rest of the grace is nobody's. */
	assert_true(took_us < 2700 * 1000);
}

static void test_idle_limit(void **state)
{
	const KilnSandboxLimits limits = {.idle_s = 1};
	g_autofree char *output = NULL, *busy = NULL;
	g_auto(KilnSandboxReport) report =
		run_limited(state, "echo begun; sleep 60", &limits, &output);
	g_auto(KilnSandboxReport) talking =
		run_limited(state, "for i in 1 2 3 4; do echo $i; sleep 0.5; done", &limits, &busy);

	assert_int_equal(report.limit, KILN_SANDBOX_LIMIT_IDLE);
	assert_true(g_str_has_prefix(output, "begun\n"));
	assert_non_null(strstr(output, "kiln: stopped: no output for the limit of 1 s\n"));
	assert_true(kiln_sandbox_report_succeeded(&talking));
}

static void test_output_limit(void **state)
{
	const KilnSandboxLimits limits = {.output_bytes = 1000}, exact = {.output_bytes = 10};
	const char *last = "\nkiln: stopped: more output than the limit of 1000 bytes\n";
	g_autofree char *output = NULL, *fitting = NULL;
	g_auto(KilnSandboxReport) report = run_limited(state, "yes", &limits, &output);
	g_auto(KilnSandboxReport) fits = run_limited(state, "echo 123456789", &exact, &fitting);

	assert_int_equal(report.limit, KILN_SANDBOX_LIMIT_OUTPUT);
	assert_int_equal(report.output_bytes, 1000);
	assert_int_equal(strlen(output), 1000 + strlen(last));
	assert_true(g_str_has_suffix(output, last));
	assert_true(kiln_sandbox_report_succeeded(&fits));
	assert_string_equal(fitting, "123456789\n");
}

static void test_memory_limit(void **state)
{
	const KilnSandboxLimits limits = {.memory_bytes = 64 << 20};
	g_autofree char *output = NULL, *small = NULL;
	g_auto(KilnSandboxReport) report =
		run_limited(state, "probe eat 512; echo went on", &limits, &output);
	g_auto(KilnSandboxReport) fits = run_limited(state, "probe eat 16", &limits, &small);

	assert_true(kiln_sandbox_report_succeeded(&fits));
	assert_string_equal(small, "ate 16 MiB\n");
	if (g_str_equal(report.limits_by, "rlimit")) {
		assert_non_null(strstr(output, "refused after"));
		return;
	}
	assert_int_equal(report.limit, KILN_SANDBOX_LIMIT_MEMORY);
	assert_string_equal(report.message, "stopped: out of memory at the limit of 64 MiB");
	/* What is being killed may get a little over the limit until it is dead. */
	assert_in_range(report.peak_memory_bytes, 32 << 20, 72 << 20);
	assert_false(kiln_sandbox_report_succeeded(&report));
}

static void test_process_limit(void **state)
{
	const KilnSandboxLimits limits = {.processes = 32};
	g_autofree char *output = NULL, *few = NULL;
	g_auto(KilnSandboxReport) report = run_limited(state, "probe fork 64", &limits, &output);
	g_auto(KilnSandboxReport) fits = run_limited(state, "probe fork 8", &limits, &few);

	assert_true(kiln_sandbox_report_succeeded(&fits));
	assert_string_equal(few, "started 8\n");
	assert_null(strstr(output, "started 64"));
	if (!g_str_equal(report.limits_by, "rlimit"))
		assert_int_equal(report.limit, KILN_SANDBOX_LIMIT_PROCESSES);
}

static void test_daemons_end_with_the_program(void **state)
{
	const KilnSandboxLimits none = {0};
	g_autofree char *output = NULL;
	gint64 started = kiln_clock_monotonic_us();
	g_auto(KilnSandboxReport) report = run_limited(state,
		"(trap '' HUP TERM; sleep 300) & busybox setsid sleep 300 & echo done", &none,
		&output);

	assert_true(kiln_sandbox_report_succeeded(&report));
	assert_string_equal(output, "done\n");
	assert_true(kiln_clock_monotonic_us() - started < 5 * G_USEC_PER_SEC);
}

static void test_writes_go_to_upper_only(void **state)
{
	SandboxFixture *fixture = *state;
	g_autofree char *upper = sandbox_make_directory(fixture, "upper-writes");
	g_autofree char *made = g_build_filename(upper, "tree/made", NULL);
	g_autofree char *in_layer = g_build_filename(fixture->layer, "made", NULL);
	g_autofree char *etc = g_build_filename(fixture->layer, "etc/fstab", NULL);
	g_autoptr(KilnSandboxRequest) request =
		sandbox_request(fixture, "echo $(busybox cat /made) more > /made; rm -f /bin/ip; "
					 "busybox mv /usr/sbin /usr/moved");
	g_auto(KilnSandboxReport) first = {0}, second = {0};
	g_autofree char *one = NULL, *two = NULL, *text = NULL;

	request->user = KILN_SANDBOX_ROOT;
	request->upper = g_strdup(upper);
	one = sandbox_execute(fixture, request, &first);
	two = sandbox_execute(fixture, request, &second);
	assert_int_equal(access(in_layer, F_OK), -1);
	assert_int_equal(access(etc, F_OK), -1);
	assert_true(g_file_get_contents(made, &text, NULL, NULL));
	/* The second run saw what the first one left. */
	assert_string_equal(text, "more more\n");
}

static void test_binds(void **state)
{
	SandboxFixture *fixture = *state;
	g_autofree char *shared = sandbox_make_directory(fixture, "shared");
	g_autofree char *file = g_build_filename(shared, "file", NULL);
	g_autofree char *written = g_build_filename(shared, "written", NULL);
	g_autoptr(KilnSandboxRequest) request =
		sandbox_request(fixture, "cat /in/file /etc/deep/er/one; touch /in/x 2>/dev/null "
					 "|| echo read-only; touch /out/written; ls /out");
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = NULL;

	sandbox_write(shared, "file", "content\n");
	request->user = KILN_SANDBOX_ROOT;
	kiln_sandbox_request_bind(request, shared, "/in", FALSE);
	kiln_sandbox_request_bind(request, file, "/etc/deep/er/one", FALSE);
	kiln_sandbox_request_bind(request, shared, "/out", TRUE);
	output = sandbox_execute(fixture, request, &report);
	assert_string_equal(output, "content\ncontent\nread-only\nfile\nwritten\n");
	assert_int_equal(access(written, F_OK), 0);
}

/* Links in the tree that lead to a directory of the host if anything is resolved from the host's
 * root; resolved in the tree, they lead to a directory of the same name there. */
static void test_hostile_tree(void **state)
{
	SandboxFixture *fixture = *state;
	g_autofree char *victim = sandbox_make_directory(fixture, "victim");
	g_autofree char *hostile = sandbox_make_directory(fixture, "hostile");
	g_autofree char *inside = g_build_filename(hostile, victim, NULL);
	g_autofree char *climb = g_strdup_printf("../../../../../../../../..%s", victim);
	g_autofree char *builddir = g_build_filename(hostile, "builddir", NULL);
	g_autofree char *etc = g_build_filename(hostile, "etc", NULL);
	g_autoptr(KilnSandboxRequest) request =
		sandbox_request(fixture, "ls /etc; cd /builddir; ls");
	const char *layers[] = {fixture->layer, hostile, NULL};
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = NULL;
	g_auto(GStrv) left = NULL;

	assert_int_equal(g_mkdir_with_parents(inside, 0755), 0);
	assert_int_equal(symlink(victim, builddir), 0);
	assert_int_equal(symlink(climb, etc), 0);
	g_strfreev(request->layers);
	request->layers = g_strdupv((char **)layers);
	output = sandbox_execute(fixture, request, &report);
	assert_non_null(strstr(output, "build\n"));
	assert_non_null(strstr(output, "machine-id\n"));
	left = kiln_fs_list(victim, NULL);
	assert_null(left[0]);
}

static void test_upper_is_locked(void **state)
{
	SandboxFixture *fixture = *state;
	g_autofree char *upper = sandbox_make_directory(fixture, "upper-locked");
	g_autoptr(KilnSandboxRequest) slow =
		sandbox_request(fixture, "touch /builddir/up; sleep 6");
	g_autoptr(KilnSandboxRequest) other = sandbox_request(fixture, "true");
	g_autofree char *mark = g_build_filename(upper, "tree/builddir/up", NULL);
	GError *error;
	int status;
	pid_t pid;

	slow->upper = g_strdup(upper);
	other->upper = g_strdup(upper);
	pid = fork();
	if (pid == 0) {
		g_auto(KilnSandboxReport) report = {0};
		_exit(!kiln_root_execute(slow, -1, &report, NULL));
	}
	while (access(mark, F_OK) != 0)
		g_usleep(10000);
	error = sandbox_refusal(other);
	assert_error(error, KILN_ERROR_BUSY, "in use by another sandbox");
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

/* TRUE when some process of the machine has `text` in its arguments. */
static gboolean is_running(const char *text)
{
	g_auto(GStrv) names = kiln_fs_list("/proc", NULL);
	gboolean found = FALSE;

	for (char **name = names; !found && *name; name++) {
		g_autofree char *path = g_build_filename("/proc", *name, "cmdline", NULL);
		g_autofree char *line = NULL;
		gsize size = 0;
		if (!g_ascii_isdigit(**name) || !g_file_get_contents(path, &line, &size, NULL))
			continue;
		for (gsize i = 0; i < size; i++)
			line[i] = line[i] ? line[i] : ' ';
		found = size > 0 && strstr(line, text) != NULL;
	}
	return found;
}

static void await_running(const char *text, gboolean wanted)
{
	for (int i = 0; i < 500; i++) {
		if (is_running(text) == wanted)
			return;
		g_usleep(10000);
	}
	fail_msg("\"%s\" %s", text, wanted ? "never ran" : "still runs");
}

/* The kiln-root that process `pid` started. */
static int helper_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", pid, pid);
	g_autofree char *text = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return atoi(text);
}

/* Starts `script` in a sandbox from a process of its own, and sends that process `number`. Returns
 * the pid of its kiln-root. */
static int end_caller(void **state, const char *script, const char *proof, int number)
{
	SandboxFixture *fixture = *state;
	g_autoptr(KilnSandboxRequest) request = sandbox_request(fixture, script);
	pid_t pid = fork();
	int status, helper;

	if (pid == 0) {
		g_auto(KilnSandboxReport) report = {0};
		/* Whoever runs the tests in the background has it ignored. */
		signal(number, SIG_DFL);
		_exit(!kiln_root_execute(request, -1, &report, NULL));
	}
	await_running(proof, TRUE);
	helper = helper_of(pid);
	kill(pid, number);
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	return helper;
}

/* Until its new parent has reaped it, too. */
static void await_gone(int pid)
{
	for (int i = 0; i < 500 && kill(pid, 0) == 0; i++)
		g_usleep(10000);
	assert_int_equal(kill(pid, 0), -1);
}

static void test_nothing_survives_a_killed_caller(void **state)
{
	static const int numbers[] = {SIGKILL, SIGTERM, SIGINT};
	guint mounts = sandbox_count_mounts("kiln");
	guint overlays = sandbox_count_mounts("lowerdir=/proc/self/fd");

	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		int helper = end_caller(state,
			"trap '' TERM INT HUP; busybox setsid sleep 31.25 & sleep 31.25",
			"sleep 31.25", numbers[i]);
		await_running("sleep 31.25", FALSE);
		await_gone(helper);
		assert_int_equal(sandbox_count_mounts("kiln"), mounts);
		assert_int_equal(sandbox_count_mounts("lowerdir=/proc/self/fd"), overlays);
	}
}

/* What the caller of a kiln-root that gets `number` is told; as exit status, for it is a child. */
static int told_after(void **state, int number)
{
	g_autoptr(KilnSandboxRequest) request = sandbox_request(*state, "sleep 31.75");
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		g_auto(KilnSandboxReport) report = {0};
		g_autoptr(GError) error = NULL;
		if (!kiln_root_execute(request, -1, &report, &error))
			_exit(strstr(error->message, "ended without a report (exit status 137)")
					? 10
					: 11);
		_exit(g_strcmp0(report.message, "interrupted") == 0 && report.signal == SIGTERM
				? 20
				: 21);
	}
	await_running("sleep 31.75", TRUE);
	kill(helper_of(pid), number);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	await_running("sleep 31.75", FALSE);
	return WEXITSTATUS(status);
}

static void test_ended_helper_is_told(void **state)
{
	assert_int_equal(told_after(state, SIGKILL), 10);
	assert_int_equal(told_after(state, SIGTERM), 20);
}

/* Those that the kiln-root of this pid made and that are still there. */
static char *find_control_groups(int helper)
{
	g_autofree char *name = g_strdup_printf("kiln.*.%d", helper);
	const char *find[] = {"find", "/sys/fs/cgroup", "-type", "d", "-name", name, NULL};
	KilnProcess process = {.argv = find};
	char *found = NULL;

	kiln_process_check(&process, &found, NULL);
	return found ? found : g_strdup("");
}

/* A killed kiln-root cannot remove its control groups: the next one does. That may be one of another test which runs
 * at the same time, before they are seen here. */
static void test_stale_control_groups_go(void **state)
{
	const KilnSandboxLimits none = {0};
	g_autofree char *output = NULL, *before = g_strdup(""), *after = NULL;
	g_auto(KilnSandboxReport) report = {0};
	int helper = 0;

	for (int tries = 0; !*before && tries < 10; tries++) {
		g_free(before);
		helper = end_caller(state, "sleep 31.5", "sleep 31.5", SIGKILL);
		await_gone(helper);
		before = find_control_groups(helper);
	}
	report = run_limited(state, "true", &none, &output);
	after = find_control_groups(helper);
	if (!g_str_equal(report.limits_by, "rlimit"))
		assert_true(*before);
	assert_string_equal(after, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_status_and_signal),
		cmocka_unit_test(test_phases_are_timed),
		cmocka_unit_test(test_wall_limit),
		cmocka_unit_test(test_limit_lets_clean_up),
		cmocka_unit_test(test_limit_lets_children_clean_up),
		cmocka_unit_test(test_idle_limit),
		cmocka_unit_test(test_output_limit),
		cmocka_unit_test(test_memory_limit),
		cmocka_unit_test(test_process_limit),
		cmocka_unit_test(test_daemons_end_with_the_program),
		cmocka_unit_test(test_writes_go_to_upper_only),
		cmocka_unit_test(test_binds),
		cmocka_unit_test(test_hostile_tree),
		cmocka_unit_test(test_upper_is_locked),
		cmocka_unit_test(test_nothing_survives_a_killed_caller),
		cmocka_unit_test(test_ended_helper_is_told),
		cmocka_unit_test(test_stale_control_groups_go),
	};

	return cmocka_run_group_tests(tests, sandbox_setup, sandbox_teardown);
}
