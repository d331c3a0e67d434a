/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sandboxes on hosts that lack something, with many layers, further trees, and on a terminal. */
#include "sandbox_fixture.h"

#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <termios.h>

static void test_many_layers(void **state)
{
	SandboxFixture *fixture = *state;
	g_autoptr(KilnSandboxRequest) request =
		sandbox_request(fixture, "cat /numbers/* | wc -l; cat /top");
	g_autoptr(GPtrArray) layers = g_ptr_array_new_with_free_func(g_free);
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = NULL;

	g_ptr_array_add(layers, g_strdup(fixture->layer));
	for (int i = 0; i < 100; i++) {
		g_autofree char *name = g_strdup_printf("many/%d", i);
		g_autofree char *file = g_strdup_printf("numbers/%d", i);
		g_autofree char *text = g_strdup_printf("%d\n", i);
		char *layer = sandbox_make_directory(fixture, name);
		sandbox_write(layer, file, text);
		sandbox_write(layer, "top", text);
		g_ptr_array_add(layers, layer);
	}
	g_ptr_array_add(layers, NULL);
	g_strfreev(request->layers);
	request->layers = g_strdupv((char **)layers->pdata);
	output = sandbox_execute(fixture, request, &report);
	/* All are there, and the last one is on top. */
	assert_string_equal(output, "100\n99\n");
}

static void test_further_tree(void **state)
{
	SandboxFixture *fixture = *state;
	g_autofree char *upper = sandbox_make_directory(fixture, "tree-upper");
	g_autofree char *made = g_build_filename(upper, "tree/made", NULL);
	g_autofree char *second = g_build_filename(fixture->layer, "made", NULL);
	const char *layers[] = {fixture->layer, NULL};
	g_autoptr(KilnSandboxRequest) request =
		sandbox_request(fixture, "echo in > /mnt/root/made; test -e /made || echo apart; "
					 "chroot /mnt/root /bin/sh -c 'cat /made; echo x > "
					 "/dev/null; echo /proc/[0-9]* | wc -w'");
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = NULL;

	request->user = KILN_SANDBOX_ROOT;
	kiln_sandbox_request_tree(request, "/mnt/root", layers, upper);
	output = sandbox_execute(fixture, request, &report);
	assert_true(g_str_has_prefix(output, "apart\nin\n"));
	assert_int_equal(access(made, F_OK), 0);
	assert_int_equal(access(second, F_OK), -1);
}

/* Runs `probe` as the test's child in a mount namespace of its own after `prepare`; returns how it
 * exited. */
static int in_child(void (*prepare)(void), int (*probe)(SandboxFixture *), SandboxFixture *fixture)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) != 0 ||
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
			_exit(99);
		prepare();
		_exit(probe(fixture));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Wherever their hierarchies are mounted. */
static void hide_control_groups(void)
{
	g_autofree char *mounts = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents("/proc/self/mountinfo", &mounts, NULL, NULL))
		_exit(98);
	lines = g_strsplit(mounts, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, " ", 6);
		if (strstr(*line, " - cgroup") && g_strv_length(fields) == 6)
			umount2(fields[4], MNT_DETACH);
	}
}

/* Memory and processes are still limited, each process by itself. */
static int probe_resource_limits(SandboxFixture *fixture)
{
	g_autoptr(KilnSandboxRequest) request =
		sandbox_request(fixture, "probe eat 16; probe eat 512; probe fork 200; ulimit -v");
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = NULL;

	request->limits.memory_bytes = 128 << 20;
	request->limits.processes = 100;
	output = sandbox_execute(fixture, request, &report);
	if (!g_str_equal(report.limits_by, "rlimit"))
		return 1;
	if (!g_str_has_prefix(output, "ate 16 MiB\nrefused after "))
		return 2;
	if (strstr(output, "started 200") || !strstr(output, "started "))
		return 3;
	return g_str_has_suffix(output, "\n131072\n") ? 0 : 4;
}

static void test_without_control_groups(void **state)
{
	assert_int_equal(in_child(hide_control_groups, probe_resource_limits, *state), 0);
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
		_exit(98);
}

static int probe_not_root(SandboxFixture *fixture)
{
	g_autoptr(KilnSandboxRequest) request = sandbox_request(fixture, "true");
	g_auto(KilnSandboxReport) report = {0};
	g_autoptr(GError) error = NULL;

	if (kiln_root_execute(request, -1, &report, &error))
		return 1;
	if (error->code != KILN_ERROR_SYSTEM)
		return 2;
	return strstr(error->message, "run kiln as root") ? 0 : 3;
}

static void test_without_root(void **state)
{
	SandboxFixture *fixture = *state;
	g_autofree char *libexec = sandbox_make_directory(fixture, "libexec");
	g_autofree char *copy = g_build_filename(libexec, "kiln-root", NULL);
	g_autofree char *before = g_strdup(g_getenv("KILN_LIBEXEC"));
	g_autoptr(GError) error = NULL;
	g_autofree char *program = kiln_root_program("kiln-root", &error);

	/* A copy that everybody may run, wherever the build directory is. */
	kiln_fs_copy(program, copy, &error);
	assert_no_error(error);
	g_setenv("KILN_LIBEXEC", libexec, TRUE);
	assert_int_equal(in_child(become_nobody, probe_not_root, fixture), 0);
	g_setenv("KILN_LIBEXEC", before, TRUE);
}

static void test_without_helper(void **state)
{
	g_autoptr(KilnSandboxRequest) request = sandbox_request(*state, "true");
	g_autofree char *before = g_strdup(g_getenv("KILN_LIBEXEC"));
	GError *error;

	g_setenv("KILN_LIBEXEC", "/nowhere", TRUE);
	error = sandbox_refusal(request);
	assert_error(error, KILN_ERROR_SYSTEM, "not at \"/nowhere/kiln-root\"; run `make`");
	g_setenv("KILN_LIBEXEC", before, TRUE);
}

static void test_absent_layer(void **state)
{
	SandboxFixture *fixture = *state;
	g_autoptr(KilnSandboxRequest) request = sandbox_request(fixture, "true");
	GError *error;

	g_free(request->layers[0]);
	request->layers[0] = g_build_filename(fixture->scratch, "absent", NULL);
	error = sandbox_refusal(request);
	assert_error(error, KILN_ERROR_NOT_FOUND, "/absent\"");
}

/* A cache below a linked directory, as with ~/.cache on another disk. */
static void test_allowed_through_a_link(void **state)
{
	SandboxFixture *fixture = *state;
	g_autofree char *link = g_strconcat(fixture->scratch, "-link", NULL);
	g_autofree char *layer = g_build_filename(link, "layer", NULL);
	g_autoptr(KilnSandboxRequest) request = sandbox_request(fixture, "echo ran");
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = NULL;
	g_autoptr(GError) error = NULL;
	GError *refusal;

	assert_int_equal(symlink(fixture->scratch, link), 0);
	g_free(request->layers[0]);
	request->layers[0] = g_strdup(layer);
	refusal = sandbox_refusal(request);
	assert_error(refusal, KILN_ERROR_USAGE, "not below an allowed directory");
	assert_true(kiln_root_allow(link, &error));
	output = sandbox_execute(fixture, request, &report);
	assert_string_equal(output, "ran\n");
	assert_int_equal(unlink(link), 0);
}

/* kiln-root itself with `argument` and, on fd 3, `request`; returns its exit status and report. */
static int run_helper(const char *argument, const char *request, char **ret_report)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *program = kiln_root_program("kiln-root", &error);
	const char *argv[] = {program, argument, NULL};
	int files[] = {
		memfd_create("request", MFD_CLOEXEC), memfd_create("report", MFD_CLOEXEC), -1};
	KilnProcess process = {.argv = argv, .inherited_fds = files};
	g_auto(KilnProcessResult) result = {0};
	char report[4096] = "";

	assert_true(kiln_fs_write_all(files[0], request, strlen(request)));
	lseek(files[0], 0, SEEK_SET);
	kiln_process_run(&process, &result, &error);
	assert_no_error(error);
	assert_true(pread(files[1], report, sizeof(report) - 1, 0) > 0);
	*ret_report = g_strdup(report);
	close(files[0]);
	close(files[1]);
	return result.exit_status;
}

static void test_helper_by_hand(void **state)
{
	static const struct {
		const char *argument, *request, *report;
		int status;
	} rows[] = {
		{"--help", "", "unknown argument \\\"--help\\\"; it is run by kiln, not by hand",
			KILN_ERROR_USAGE},
		{"--allow", "", "unknown argument", KILN_ERROR_USAGE},
		{NULL, "", "not a JSON object", KILN_ERROR_USAGE},
		{NULL, "{\"kind\":\"run\",\"layers\":[\"/usr\"],\"argv\":[\"sh\"]}",
			"\\\"/usr\\\" is not below an allowed directory", KILN_ERROR_USAGE},
		{NULL, "{\"kind\":\"remove\",\"upper\":\"/usr\"}",
			"is not below an allowed directory", KILN_ERROR_USAGE},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *report = NULL;
		int status = run_helper(rows[i].argument, rows[i].request, &report);
		if (!strstr(report, rows[i].report))
			fail_msg("\"%s\" lacks \"%s\"", report, rows[i].report);
		assert_int_equal(status, rows[i].status);
	}
}

/* Reads from the terminal until `text` has come, or 10 s have passed. */
static void expect(int master, GString *seen, const char *text)
{
	for (int i = 0; i < 100 && !strstr(seen->str, text); i++) {
		struct pollfd waiting = {.fd = master, .events = POLLIN};
		char buffer[1024];
		ssize_t got;
		if (poll(&waiting, 1, 100) <= 0)
			continue;
		got = read(master, buffer, sizeof(buffer));
		if (got <= 0)
			break;
		g_string_append_len(seen, buffer, got);
	}
	if (!strstr(seen->str, text))
		fail_msg("the terminal never showed \"%s\", but: %s", text, seen->str);
}

static void send_text(int master, const char *text)
{
	assert_int_equal(write(master, text, strlen(text)), strlen(text));
}

/* What `kiln shell` does, as the leader of a session on the terminal `slave`. */
static int shell_on(SandboxFixture *fixture, const char *slave)
{
	g_autoptr(KilnSandboxRequest) request = sandbox_request(fixture, "");
	const char *argv[] = {"/bin/sh", "-i", NULL};
	const char *environment[] = {"PS1=sandbox> ", "PATH=/bin", NULL};
	g_auto(KilnSandboxReport) report = {0};
	int fd;

	setsid();
	fd = open(slave, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) != 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 ||
		dup2(fd, 2) < 0)
		return 99;
	g_strfreev(request->argv);
	request->argv = g_strdupv((char **)argv);
	request->environment = g_strdupv((char **)environment);
	request->terminal = TRUE;
	if (!kiln_root_execute(request, -1, &report, NULL))
		return 98;
	return report.exit_status;
}

static void test_terminal(void **state)
{
	const struct winsize size = {.ws_row = 33, .ws_col = 77};
	g_autoptr(GString) seen = g_string_new(NULL);
	struct termios before, after;
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), status, kept;
	pid_t pid;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	ioctl(master, TIOCSWINSZ, &size);
	kept = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	tcgetattr(kept, &before);
	pid = fork();
	if (pid == 0)
		_exit(shell_on(*state, ptsname(master)));
	expect(master, seen, "sandbox> ");
	send_text(master, "tty; stty size\n");
	expect(master, seen, "/dev/pts/0\r\n33 77\r\n");
	/* ^C goes to the program in the sandbox, not to kiln. */
	send_text(master, "sleep 100\n");
	expect(master, seen, "sleep 100\r\n");
	g_usleep(200 * 1000);
	send_text(master, "\003");
	send_text(master, "echo st''ill here; id -u; exit 5\n");
	expect(master, seen, "still here\r\n1000\r\n");
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 5);
	tcgetattr(kept, &after);
	assert_int_equal(before.c_lflag, after.c_lflag);
	close(kept);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_layers),
		cmocka_unit_test(test_further_tree),
		cmocka_unit_test(test_without_control_groups),
		cmocka_unit_test(test_without_root),
		cmocka_unit_test(test_without_helper),
		cmocka_unit_test(test_absent_layer),
		cmocka_unit_test(test_helper_by_hand),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_allowed_through_a_link),
	};

	return cmocka_run_group_tests(tests, sandbox_setup, sandbox_teardown);
}
