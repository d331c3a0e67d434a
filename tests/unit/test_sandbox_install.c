/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layers made by real transactions of real packages; removal; what kiln-root is linked with. */
#include "sandbox_fixture.h"

#include "rpm_fixture.h"

#include "base/digest.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define EVR "Version: 1\nRelease: 1\n"

/* The packages, built once. */
static char *shell, *alpha, *beta, *rival, *orphan, *broken, *newer;

static char *build(const SandboxFixture *fixture, const char *name, const char *body)
{
	const FixturePackage package = {
		.name = name, .evr_preamble = EVR, .body = body, .payload = "w3.zstdio"};
	g_autofree char *directory = sandbox_make_directory(fixture, "rpmbuild");

	return fixture_build(directory, &package);
}

/* Owns alpha's file with other content. */
static char *build_rival(const SandboxFixture *fixture)
{
	g_autofree char *directory = sandbox_make_directory(fixture, "rival");
	g_autofree char *spec = g_build_filename(directory, "rival.spec", NULL);
	g_autofree char *top = g_strdup_printf("_topdir %s", directory);
	g_autofree char *rpms = g_strdup_printf("_rpmdir %s", directory);
	const char *argv[] = {"rpmbuild", "-bb", "-D", top, "-D", rpms, "-D",
		"_build_name_fmt %%{NAME}.rpm", spec, NULL};

	sandbox_write(directory, "rival.spec",
		"Name: rival\n" EVR "Summary: x\nLicense: MIT\nBuildArch: noarch\n%description\nx\n"
		"%install\nmkdir -p %{buildroot}/usr/share/alpha\necho rival > "
		"%{buildroot}/usr/share/alpha/data\n"
		"%files\n/usr/share/alpha/data\n");
	fixture_run(argv);
	return g_build_filename(directory, "rival.rpm", NULL);
}

static char *build_newer(const SandboxFixture *fixture)
{
	const FixturePackage package = {.name = "alpha",
		.evr_preamble = "Version: 2\nRelease: 1\n",
		.body = "%description\nx\n",
		.file_text = "newer"};
	g_autofree char *directory = sandbox_make_directory(fixture, "rpmbuild-newer");

	return fixture_build(directory, &package);
}

static int setup(void **state)
{
	SandboxFixture *fixture;

	sandbox_setup(state);
	fixture = *state;
	/* Stands for the layer's busybox, which no package brought. */
	shell = build(fixture, "shell",
		"Provides: /bin/sh\n%description\nx\n%posttrans -p <lua>\nlocal out = "
		"io.open('/root-mount', 'w')\n"
		"for line in io.lines('/proc/self/mounts') do\n"
		"if string.match(line, '^%%S+ / ') then out:write(line) end\nend\nout:close()\n");
	alpha = build(fixture, "alpha",
		"%description\nx\n%post\nexec > /scriptlet\nid -u\ngrep CapBnd /proc/self/status\n"
		"grep NoNewPrivs /proc/self/status\nmount -t tmpfs x /mnt 2>/dev/null || echo no "
		"mount\n"
		"ls /sys/class/net /home /target 2>/dev/null || echo nothing of the host\n"
		"(echo x > /proc/sys/kernel/hostname) 2>/dev/null || echo no setting\nhostname\n"
		"ip route | wc -l\npwd\n(: <> /dev/tty) 2>/dev/null || echo no terminal\n"
		"readlink /proc/$PPID/fd/1 || echo hidden\n"
		"mknod /node c 1 3 2>/dev/null || echo no device\n"
		/* Lua runs in the process that has the packages open. */
		"%posttrans -p <lua>\nlocal out = io.open('/lua', 'w')\nfor n = 3, 200 do\n"
		"local path = '/proc/self/fd/' .. n\nlocal name = posix.readlink(path)\n"
		"if name and string.match(name, '[.]rpm$') then\n"
		"out:write(io.open(path, 'r+') and 'writable ' or 'read-only "
		"')\nend\nend\nout:close()\n");
	beta = build(fixture, "beta", "Requires: alpha = 1\n%description\nx\n");
	rival = build_rival(fixture);
	orphan = build(fixture, "orphan", "Requires: nothing-has-this >= 2\n%description\nx\n");
	newer = build_newer(fixture);
	broken = build(fixture, "broken", "%description\nx\n%pre\necho the reason >&2\nexit 3\n");
	return 0;
}

static int teardown(void **state)
{
	char *paths[] = {shell, alpha, beta, rival, orphan, broken, newer};

	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++)
		g_free(paths[i]);
	return sandbox_teardown(state);
}

static void add_package(KilnSandboxRequest *request, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = kiln_digest_of_file(path, NULL, &error);

	assert_no_error(error);
	kiln_sandbox_request_package(request, path, digest);
}

/* An install of `packages` (ends with NULL) on the busybox layer and `below` (NULL for none) into a
 * fresh directory `name`. */
static KilnSandboxRequest *install_request(const SandboxFixture *fixture, const char *name,
	const char *below, const char *const *packages)
{
	KilnSandboxRequest *request = kiln_sandbox_request_new(KILN_SANDBOX_INSTALL);
	const char *layers[] = {fixture->layer, below, NULL};

	request->layers = g_strdupv((char **)layers);
	request->upper = sandbox_make_directory(fixture, name);
	for (; *packages; packages++)
		add_package(request, *packages);
	return request;
}

static void assert_installed(const KilnSandboxReport *report, const char *log)
{
	if (!kiln_sandbox_report_succeeded(report))
		fail_msg("refused: %s\n%s", report->problems[0] ? report->problems[0] : "no reason",
			log);
	assert_null(report->problems[0]);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What rpm of the host says about the database in a tree, as a user who may not write to it. */
static char *query(const KilnSandboxRequest *install)
{
	g_autofree char *database = g_build_filename(install->upper, "tree/var/lib/rpm", NULL);
	const char *argv[] = {"setpriv", "--reuid=65534", "--clear-groups", "rpm", "--dbpath",
		database, "-qa", "--qf", "%{NAME}-%{VERSION}\n", NULL};
	g_auto(GStrv) lines = NULL;
	g_autofree char *output = fixture_output(argv, NULL);

	lines = g_strsplit(g_strstrip(output), "\n", -1);
	qsort(lines, g_strv_length(lines), sizeof(char *), compare_lines);
	return g_strjoinv(" ", lines);
}

static char *tree_text(const KilnSandboxRequest *install, const char *path)
{
	g_autofree char *full = g_build_filename(install->upper, "tree", path, NULL);
	char *text = NULL;

	if (!g_file_get_contents(full, &text, NULL, NULL))
		fail_msg("the layer lacks \"%s\"", path);
	return text;
}

static gboolean tree_has(const KilnSandboxRequest *install, const char *path)
{
	g_autofree char *full = g_build_filename(install->upper, "tree", path, NULL);

	return access(full, F_OK) == 0;
}

static void test_transaction(void **state)
{
	const char *packages[] = {shell, alpha, NULL};
	g_autoptr(KilnSandboxRequest) request = install_request(*state, "first", NULL, packages);
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *log = NULL, *data = NULL, *scriptlet = NULL, *macros = NULL, *lua = NULL;

	request->macros = g_strdup("%_dbpath /var/lib/rpm\n");
	log = sandbox_execute(*state, request, &report);
	assert_installed(&report, log);
	assert_non_null(strstr(log, "installing alpha-1-1.noarch\n"));
	data = tree_text(request, "usr/share/alpha/data");
	assert_string_equal(data, "text");
	macros = tree_text(request, "etc/rpm/macros.kiln");
	assert_string_equal(macros, "%_dbpath /var/lib/rpm\n");
	scriptlet = tree_text(request, "scriptlet");
	assert_string_equal(scriptlet,
		"0\nCapBnd:\t00000000800405fb\nNoNewPrivs:\t1\nno mount\nnothing of the host\n"
		"no setting\nmock\n0\n/\nno terminal\nhidden\nno device\n");
	lua = tree_text(request, "lua");
	assert_true(g_str_has_prefix(lua, "read-only "));
	assert_null(strstr(lua, "writable"));
	/* Only the difference to the layer below. */
	assert_false(tree_has(request, "bin/busybox"));
}

static void test_database_at_rest(void **state)
{
	const char *packages[] = {shell, alpha, NULL};
	g_autoptr(KilnSandboxRequest) request = install_request(*state, "rest", NULL, packages);
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *log = sandbox_execute(*state, request, &report), *names = NULL,
			*header = NULL;

	assert_installed(&report, log);
	assert_false(tree_has(request, "var/lib/rpm/rpmdb.sqlite-wal"));
	assert_false(tree_has(request, "var/lib/rpm/rpmdb.sqlite-shm"));
	header = tree_text(request, "var/lib/rpm/rpmdb.sqlite");
	/* Bytes 18 and 19 of an SQLite file: 1 is the rollback journal, 2 the write-ahead log. */
	assert_int_equal(header[18], 1);
	assert_int_equal(header[19], 1);
	names = query(request);
	assert_string_equal(names, "alpha-1 shell-1");
}

static void test_layer_on_layer(void **state)
{
	const char *lower[] = {shell, alpha, NULL}, *higher[] = {beta, NULL};
	g_autoptr(KilnSandboxRequest) first = install_request(*state, "lower", NULL, lower),
				      second = NULL;
	g_auto(KilnSandboxReport) report = {0}, next = {0};
	g_autofree char *log = sandbox_execute(*state, first, &report), *next_log = NULL,
			*names = NULL;
	g_autofree char *tree = g_build_filename(first->upper, "tree", NULL), *before = NULL;

	assert_installed(&report, log);
	before = query(first);
	second = install_request(*state, "higher", tree, higher);
	next_log = sandbox_execute(*state, second, &next);
	assert_installed(&next, next_log);
	assert_true(tree_has(second, "usr/share/beta/data"));
	assert_false(tree_has(second, "usr/share/alpha/data"));
	names = query(second);
	assert_string_equal(names, "alpha-1 beta-1 shell-1");
	g_free(names);
	names = query(first);
	assert_string_equal(names, before);
}

static void test_empty_root(void **state)
{
	const char *packages[] = {shell, NULL};
	g_autoptr(KilnSandboxRequest) request = install_request(*state, "empty", NULL, packages);
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *log = NULL, *names = NULL, *mount = NULL;

	g_clear_pointer(&request->layers, g_strfreev);
	log = sandbox_execute(*state, request, &report);
	assert_installed(&report, log);
	names = query(request);
	assert_string_equal(names, "shell-1");
	assert_true(tree_has(request, "proc"));
	assert_false(tree_has(request, "dev/null"));
	mount = tree_text(request, "root-mount");
	assert_non_null(strstr(mount, "nodev"));
}

/* A transaction that rpm refuses: told as problems, nothing installed. */
static void refuse(void **state, const char *name, const char *const *packages, const char *problem)
{
	g_autoptr(KilnSandboxRequest) request = install_request(*state, name, NULL, packages);
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *log = sandbox_execute(*state, request, &report), *all = NULL;

	assert_false(kiln_sandbox_report_succeeded(&report));
	all = g_strjoinv("\n", report.problems);
	if (!strstr(all, problem))
		fail_msg("\"%s\" lacks \"%s\"; log: %s", all, problem, log);
}

static void test_refusals_in_words(void **state)
{
	const char *missing[] = {orphan, NULL}, *alone[] = {beta, NULL},
		   *failing[] = {shell, broken, NULL};
	const char *conflicting[] = {shell, alpha, rival, NULL};

	refuse(state, "missing", missing, "nothing-has-this >= 2 is needed by orphan-1-1.noarch");
	refuse(state, "alone", alone, "alpha = 1 is needed by beta-1-1.noarch");
	refuse(state, "conflict", conflicting,
		"file /usr/share/alpha/data conflicts between attempted installs of");
	refuse(state, "failing", failing, "broken-1-1.noarch");
}

static void test_upgrade_in_a_higher_layer(void **state)
{
	const char *lower[] = {shell, alpha, NULL}, *higher[] = {newer, NULL};
	g_autoptr(KilnSandboxRequest) first = install_request(*state, "old", NULL, lower),
				      second = NULL;
	g_auto(KilnSandboxReport) report = {0}, next = {0};
	g_autofree char *log = sandbox_execute(*state, first, &report), *next_log = NULL,
			*names = NULL;
	g_autofree char *tree = g_build_filename(first->upper, "tree", NULL), *data = NULL,
			*old = NULL;

	second = install_request(*state, "new", tree, higher);
	next_log = sandbox_execute(*state, second, &next);
	assert_installed(&next, next_log);
	assert_non_null(strstr(next_log, "removing alpha-1-1.noarch\n"));
	names = query(second);
	assert_string_equal(names, "alpha-2 shell-1");
	data = tree_text(second, "usr/share/alpha/data");
	assert_string_equal(data, "newer");
	old = tree_text(first, "usr/share/alpha/data");
	assert_string_equal(old, "text");
}

/* In a child, whose mounts vanish with it: an upper on a file system that the package's file nearly
 * fills. */
static int install_on_small_disk(const KilnSandboxRequest *request)
{
	g_auto(KilnSandboxReport) report = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *upper = g_build_filename(request->upper, "up", NULL);
	KilnSandboxRequest moved = *request;

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("small", request->upper, "tmpfs", 0, "size=1500k") != 0 ||
		mkdir(upper, 0755) != 0)
		return 99;
	moved.upper = upper;
	if (kiln_root_execute(&moved, -1, &report, &error))
		return 1;
	if (error->code != KILN_ERROR_SYSTEM)
		return 2;
	return strstr(error->message, "the disk is full, ") ? 0 : 3;
}

static void test_full_disk(void **state)
{
	SandboxFixture *fixture = *state;
	g_autofree char *text = g_strnfill(1400 * 1000, 'x');
	const FixturePackage package = {.name = "large",
		.evr_preamble = EVR,
		.body = "%description\nx\n",
		.file_text = text};
	g_autofree char *directory = sandbox_make_directory(fixture, "rpmbuild-large");
	const char *none[] = {NULL};
	g_autoptr(KilnSandboxRequest) request = install_request(fixture, "small", NULL, none);
	int status;
	pid_t pid;

	g_autofree char *path = fixture_build(directory, &package);
	add_package(request, path);
	pid = fork();
	if (pid == 0)
		_exit(install_on_small_disk(request));
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_only_promised_packages(void **state)
{
	SandboxFixture *fixture = *state;
	const char *packages[] = {shell, NULL};
	g_autoptr(KilnSandboxRequest) changed = install_request(fixture, "changed", NULL, packages);
	g_autoptr(KilnSandboxRequest) no_package =
		install_request(fixture, "nopackage", NULL, packages);
	g_autofree char *junk = g_build_filename(fixture->scratch, "junk.rpm", NULL);
	GError *error;

	kiln_sandbox_request_package(
		changed, alpha, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	error = sandbox_refusal(changed);
	assert_error(error, KILN_ERROR_VERIFY, "its SHA-256 is ");
	assert_false(tree_has(changed, "var"));
	assert_true(g_file_set_contents(junk, "no package at all", -1, NULL));
	add_package(no_package, junk);
	error = sandbox_refusal(no_package);
	assert_error(error, KILN_ERROR_VERIFY, "not a package that rpm can install");
	g_ptr_array_set_size(no_package->packages, 0);
	kiln_sandbox_request_package(no_package, fixture->scratch,
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	error = sandbox_refusal(no_package);
	assert_error(error, KILN_ERROR_USAGE, "not below an allowed directory");
}

static void test_macros_are_not_expanded(void **state)
{
	const char *packages[] = {shell, NULL};
	g_autoptr(KilnSandboxRequest) request = install_request(*state, "macros", NULL, packages);
	g_autofree char *mark =
		g_build_filename(((SandboxFixture *)*state)->scratch, "expanded", NULL);
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *log = NULL;

	request->macros = g_strdup_printf("%%_netsharedpath /usr/share/shell\n%%_install_langs "
					  "%%(touch /target/expanded; touch %s)\n",
		mark);
	log = sandbox_execute(*state, request, &report);
	assert_installed(&report, log);
	assert_false(tree_has(request, "expanded"));
	assert_int_equal(access(mark, F_OK), -1);
	/* The other one was heeded. */
	assert_false(tree_has(request, "usr/share/shell/data"));
}

static void test_keys(void **state)
{
	SandboxFixture *fixture = *state;
	const char *packages[] = {shell, NULL};
	g_autoptr(KilnSandboxRequest) request = install_request(fixture, "keys", NULL, packages);
	g_autofree char *home = sandbox_make_directory(fixture, "gnupg");
	g_autofree char *key = g_build_filename(fixture->scratch, "key.asc", NULL);
	const char *make[] = {"gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "",
		"--quick-gen-key", "kiln test", "rsa2048", "sign", "never", NULL};
	const char *write[] = {
		"gpg", "--homedir", home, "--batch", "--armor", "--output", key, "--export", NULL};
	const char *stop[] = {"gpgconf", "--homedir", home, "--kill", "all", NULL};
	const char *paths[] = {key, NULL};
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *log = NULL, *names = NULL;

	assert_int_equal(chmod(home, 0700), 0);
	fixture_run(make);
	fixture_run(write);
	fixture_run(stop);
	request->keys = g_strdupv((char **)paths);
	log = sandbox_execute(fixture, request, &report);
	assert_installed(&report, log);
	names = query(request);
	assert_true(g_str_has_prefix(names, "gpg-pubkey-"));
	assert_true(g_str_has_suffix(names, " shell-1"));
}

static void test_remove(void **state)
{
	SandboxFixture *fixture = *state;
	g_autoptr(KilnSandboxRequest) request = kiln_sandbox_request_new(KILN_SANDBOX_REMOVE);
	g_autofree char *kept = sandbox_make_directory(fixture, "kept/inner");
	g_autofree char *gone = sandbox_make_directory(fixture, "gone/deep/er");
	g_autofree char *link = g_build_filename(gone, "link", NULL);
	g_autofree char *alias = g_build_filename(fixture->scratch, "alias", NULL);
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = NULL;
	GError *error;

	assert_int_equal(symlink(kept, link), 0);
	assert_int_equal(symlink(kept, alias), 0);
	assert_int_equal(chmod(gone, 0), 0);
	request->upper = g_build_filename(fixture->scratch, "gone", NULL);
	output = sandbox_execute(fixture, request, &report);
	assert_true(kiln_sandbox_report_succeeded(&report));
	assert_int_equal(access(request->upper, F_OK), -1);
	assert_int_equal(access(kept, F_OK), 0);
	g_free(request->upper);
	request->upper = g_strdup(alias);
	error = sandbox_refusal(request);
	assert_error(error, KILN_ERROR_USAGE, "leads through a symbolic link");
	g_free(request->upper);
	request->upper = g_strdup("/usr/lib/kiln-none");
	error = sandbox_refusal(request);
	assert_error(error, KILN_ERROR_USAGE, "not below an allowed directory");
	assert_int_equal(access(kept, F_OK), 0);
}

static void test_links_no_network_and_no_solver(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *program = kiln_root_program("kiln-root", &error), *output = NULL;
	const char *argv[] = {"ldd", program, NULL};
	static const char *const unwanted[] = {
		"libcurl", "libsolv", "libgpgme", "libcreaterepo", "libxml2"};

	(void)state;
	assert_no_error(error);
	output = fixture_output(argv, NULL);
	assert_non_null(strstr(output, "librpm.so"));
	for (gsize i = 0; i < G_N_ELEMENTS(unwanted); i++)
		if (strstr(output, unwanted[i]))
			fail_msg("kiln-root is linked with %s", unwanted[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transaction),
		cmocka_unit_test(test_database_at_rest),
		cmocka_unit_test(test_layer_on_layer),
		cmocka_unit_test(test_empty_root),
		cmocka_unit_test(test_refusals_in_words),
		cmocka_unit_test(test_upgrade_in_a_higher_layer),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_only_promised_packages),
		cmocka_unit_test(test_macros_are_not_expanded),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_links_no_network_and_no_solver),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
