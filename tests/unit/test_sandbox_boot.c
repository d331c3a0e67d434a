/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sandboxes that boot: who is init, what it may do within, what it may not do beyond. The real init
 * of a target is met in tests/e2e. */
#include "sandbox_fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* An init that notes what it sees, says that it is up, and stays. */
#define INIT_NOTES                                                                                 \
	"#!/bin/sh\n"                                                                              \
	"echo \"$$ $container\" >/run/notes\n"                                                     \
	"grep CapEff /proc/self/status >>/run/notes\n"                                             \
	"mkdir /sys/fs/cgroup/own.scope && echo 1 >/sys/fs/cgroup/own.scope/cgroup.procs\n"        \
	"cat /proc/self/cgroup | grep '^0::' >>/run/notes\n"                                       \
	": >/run/up\n"                                                                             \
	"while :; do sleep 1; done\n"
#define AWAIT_INIT "until test -e /run/up; do sleep 0.1; done; "

static KilnSandboxRequest *boot_request(SandboxFixture *fixture, const char *init, const char *script)
{
	g_autofree char *path = g_build_filename(fixture->layer, "sbin/init", NULL);
	KilnSandboxRequest *request = sandbox_request(fixture, script);

	sandbox_write(fixture->layer, "sbin/init", init);
	assert_int_equal(g_chmod(path, 0755), 0);
	request->user = KILN_SANDBOX_ROOT;
	request->boot = TRUE;
	request->limits.wall_s = 30;
	return request;
}

static char *run_booted(void **state, const char *script)
{
	g_autoptr(KilnSandboxRequest) request = boot_request(*state, INIT_NOTES, script);
	g_auto(KilnSandboxReport) report = {0};
	char *output = sandbox_execute(*state, request, &report);

	if (report.exit_status != 0)
		fail_msg("script exited with %d: %s: %s", report.exit_status, report.message, output);
	return output;
}

static void test_root_has_its_init(void **state)
{
	g_autofree char *output = run_booted(state,
		AWAIT_INIT "head -n 1 /run/notes; grep '^0::' /run/notes; cat /proc/1/comm; "
			   "stat -c %a /tmp /run; ls /dev/console 2>/dev/null; touch /run/x /tmp/x; ip -o addr | grep -c 127.0.0.1");

	assert_string_equal(output, "1 kiln\n0::/own.scope\ninit\n1777\n755\n1\n");
}

static void test_program_ends_the_host(void **state)
{
	g_autoptr(KilnSandboxRequest) request =
		boot_request(*state, INIT_NOTES, AWAIT_INIT "(sleep 60 &) ; exit 7");
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = sandbox_execute(*state, request, &report);

	assert_int_equal(report.exit_status, 7);
	assert_int_equal(report.signal, 0);
	assert_null(report.message);
	assert_true(report.total_us < 20 * G_USEC_PER_SEC);
}

static void test_init_that_ends_or_is_missing(void **state)
{
	g_autoptr(KilnSandboxRequest) ending =
		boot_request(*state, "#!/bin/sh\nsleep 0.2\nexit 3\n", "sleep 60");
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = sandbox_execute(*state, ending, &report);
	g_autoptr(KilnSandboxRequest) missing = boot_request(*state, INIT_NOTES, "true");
	g_autofree char *path =
		g_build_filename(((SandboxFixture *)*state)->layer, "sbin/init", NULL);
	g_autoptr(GError) error = NULL;

	assert_false(kiln_sandbox_report_succeeded(&report));
	assert_string_equal(report.message, "the init of the host ended");
	assert_int_equal(g_unlink(path), 0);
	error = sandbox_refusal(missing);
	assert_non_null(strstr(error->message, "running the init of the root, \"/sbin/init\""));
}

/* Within: mounts, name spaces, set-user-ID programs. */
static void test_rights_within(void **state)
{
	g_autofree char *output = run_booted(state,
		AWAIT_INIT "mkdir /mnt; mount -t tmpfs none /mnt && echo mounted; hostname other && hostname; "
			   "unshare -m true && echo divided; grep NoNewPrivs /proc/self/status | grep -c 0");

	assert_string_equal(output, "mounted\nother\ndivided\n1\n");
}

/* Beyond: what the host gave read-only stays so, and what is covered stays covered. */
static void test_no_rights_beyond(void **state)
{
	static const char *const attempts[] = {
		"echo x >/proc/sys/kernel/core_pattern",
		"mount -o remount,rw /proc/sys",
		"umount /proc/sys",
		"umount /proc/kcore",
		"mkdir /p; mount -t proc none /p",
		"mkdir /s; mount -t sysfs none /s",
		"mount -o remount,rw /sys",
		"mkdir /d; mount -t devtmpfs none /d",
		"mknod /tmp/disk b 8 0",
		"echo b >/proc/sysrq-trigger",
		"busybox chmod 666 /dev/full",
		"mount -o remount,rw /dev/null && busybox chmod 666 /dev/null",
		"mkdir /g; mount -t cgroup -o freezer none /g",
		"mkdir /m; mount -t cgroup -o memory none /m",
		"mkdir /u; mount -t cgroup2 none /u",
		"unshare -C true",
		"for p in /proc/[0-9]*; do grep -q kiln-roo[t] $p/cmdline && readlink $p/fd/1 && exit 0; done; false",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(attempts); i++) {
		g_autofree char *script =
			g_strdup_printf(AWAIT_INIT "if (%s) 2>/dev/null; then echo done; fi", attempts[i]);
		g_autofree char *output = run_booted(state, script);
		if (*output)
			fail_msg("in a booted host: %s", attempts[i]);
	}
}

static void test_only_root_boots(void **state)
{
	g_autoptr(KilnSandboxRequest) builder = boot_request(*state, INIT_NOTES, "true");
	g_autoptr(KilnSandboxRequest) interactive = boot_request(*state, INIT_NOTES, "true");
	g_autoptr(GError) first = NULL, second = NULL;

	builder->user = KILN_SANDBOX_MOCKBUILD;
	interactive->terminal = TRUE;
	first = sandbox_refusal(builder);
	second = sandbox_refusal(interactive);
	assert_non_null(strstr(first->message, "only a run as root without a terminal can boot"));
	assert_non_null(strstr(second->message, "only a run as root without a terminal can boot"));
}

/* Groups of an init are nested; with the sandbox they go. */
static void test_no_groups_stay(void **state)
{
	g_autofree char *output = run_booted(
		state, AWAIT_INIT "mkdir -p /sys/fs/cgroup/a.slice/b.scope/c && echo made");
	const char *argv[] = {"find", "/sys/fs/cgroup", "-name", "a.slice", NULL};
	KilnProcess process = {.argv = argv};
	g_autofree char *found = NULL;

	assert_string_equal(output, "made\n");
	assert_true(kiln_process_check(&process, &found, NULL));
	assert_string_equal(found, "");
}

/* In the same root, but as the kernel sees it out of the way of the host's. */
static void boot_in_chroot(void **state, const char *path) G_GNUC_NORETURN;
static void boot_in_chroot(void **state, const char *path)
{
	g_autofree char *output = NULL;

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("/", path, NULL, MS_BIND | MS_REC, NULL) != 0 || chroot(path) != 0 ||
		chdir("/") != 0)
		_exit(2);
	output = run_booted(state, AWAIT_INIT "echo up");
	_exit(strcmp(output, "up\n") == 0 ? 0 : 1);
}

static void test_boots_in_a_chroot(void **state)
{
	g_autofree char *path = sandbox_make_directory(*state, "chroot");
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		boot_in_chroot(state, path);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_has_its_init),
		cmocka_unit_test(test_program_ends_the_host),
		cmocka_unit_test(test_init_that_ends_or_is_missing),
		cmocka_unit_test(test_rights_within),
		cmocka_unit_test(test_no_rights_beyond),
		cmocka_unit_test(test_only_root_boots),
		cmocka_unit_test(test_no_groups_stay),
		cmocka_unit_test(test_boots_in_a_chroot),
	};

	return cmocka_run_group_tests(tests, sandbox_setup, sandbox_teardown);
}
