/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program sees in a sandbox: each row of the contract, asserted from inside. */
#include "sandbox_fixture.h"

/* A script whose whole output is known. */
typedef struct {
	const char *what, *script, *output;
} Row;

static void check_rows(void **state, KilnSandboxUser user, const Row *rows, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		g_autofree char *output = sandbox_script(*state, user, rows[i].script);
		if (strcmp(output, rows[i].output) != 0)
			fail_msg("%s: got \"%s\", expected \"%s\"", rows[i].what, output,
				rows[i].output);
	}
}

static void test_build_user(void **state)
{
	static const Row rows[] = {
		{"ids", "id; grep Groups: /proc/self/status",
			"uid=1000(mockbuild) gid=135(mock)\nGroups:\t \n"},
		{"passwd", "grep mockbuild /etc/passwd",
			"mockbuild:x:1000:135::/builddir:/bin/bash\n"},
		{"group on a line of its own", "grep ^mock: /etc/group", "mock:x:135:mockbuild\n"},
		{"environment", "busybox tr '\\0' '\\n' < /proc/$$/environ | busybox sort",
			"HOME=/builddir\nHOSTNAME=mock\nLANG=C.UTF-8\nPATH=/usr/bin:/bin:/usr/"
			"sbin:/sbin\n"
			"SHELL=/bin/bash\nTERM=vt100\n"},
		{"standard input", "readlink /proc/self/fd/0", "/dev/null\n"},
		{"no other descriptors", "cd /proc/self/fd; echo *", "0 1 2 3\n"},
		{"directory", "pwd", "/builddir\n"},
		{"umask", "umask; echo x > y; stat -c %a y", "0022\n644\n"},
		{"own session", "test $(busybox cut -d' ' -f6 /proc/$$/stat) = $$ && echo own",
			"own\n"},
		{"no terminal", "(: < /dev/tty) 2>/dev/null || echo none", "none\n"},
		{"host name", "hostname; uname -n", "mock\nmock\n"},
		{"no core files", "ulimit -c; ulimit -Hc", "0\n0\n"},
	};

	check_rows(state, KILN_SANDBOX_MOCKBUILD, rows, G_N_ELEMENTS(rows));
}

static void test_layout(void **state)
{
	static const Row rows[] = {
		{"directories", "cd build; echo *",
			"BUILD BUILDROOT RPMS SOURCES SPECS SRPMS originals\n"},
		{"owners", "stat -c %U:%G:%a /builddir /builddir/build/BUILD",
			"mockbuild:mock:755\nmockbuild:mock:755\n"},
		{"macros", "cat .rpmmacros",
			"%_topdir /builddir/build\n"
			"%_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm\n"
			"%_platform_multiplier 1\n"},
		{"empty files", "wc -c < /etc/fstab; wc -c < /etc/resolv.conf", "0\n0\n"},
		{"mtab", "readlink /etc/mtab", "../proc/self/mounts\n"},
		{"machine-id", "grep -c '^[0-9a-f]\\{32\\}$' /etc/machine-id", "1\n"},
		{"localtime", "readlink /etc/localtime", "../usr/share/zoneinfo/UTC\n"},
		{"hosts", "cat /etc/hosts",
			"127.0.0.1 localhost localhost.localdomain\n"
			"::1 localhost localhost.localdomain localhost6 localhost6.localdomain6\n"},
	};

	check_rows(state, KILN_SANDBOX_MOCKBUILD, rows, G_N_ELEMENTS(rows));
}

static void test_devices(void **state)
{
	static const Row rows[] = {
		{"nodes", "cd /dev; echo *",
			"console fd full null ptmx pts random shm stderr stdin stdout tty urandom "
			"zero\n"},
		{"numbers", "cd /dev; stat -c '%n %t:%T %a' null zero full random urandom tty",
			"null 1:3 666\nzero 1:5 666\nfull 1:7 666\nrandom 1:8 666\nurandom 1:9 "
			"666\ntty 5:0 666\n"},
		{"console is a device", "test -c /dev/console && echo yes", "yes\n"},
		{"they work",
			"head -c 3 /dev/zero | wc -c; echo x > /dev/null; head -c 4 /dev/urandom | "
			"wc -c",
			"3\n4\n"},
		{"full is full", "echo x > /dev/full 2>/dev/null || echo full", "full\n"},
		{"links", "cd /dev; for i in fd stdin stdout stderr ptmx; do readlink $i; done",
			"/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/"
			"ptmx\n"},
		{"a devpts of its own", "ls /dev/pts; stat -c %a /dev/pts/ptmx", "ptmx\n666\n"},
		{"devpts options", "grep -c 'devpts.*gid=5,mode=620,ptmxmode=666' /proc/mounts",
			"1\n"},
		{"shm", "stat -c %a /dev/shm; touch /dev/shm/x && echo writable",
			"1777\nwritable\n"},
		{"no node can be made", "mknod /dev/shm/n c 1 3 2>/dev/null || echo refused",
			"refused\n"},
		{"dev itself is root's", "touch /dev/x 2>/dev/null || echo refused", "refused\n"},
	};

	check_rows(state, KILN_SANDBOX_MOCKBUILD, rows, G_N_ELEMENTS(rows));
}

static void test_namespaces(void **state)
{
	static const Row rows[] = {
		{"processes", "cd /proc; echo [0-9]*; echo $$", "1 2\n2\n"},
		{"interfaces", "busybox ls /sys/class/net", "lo\n"},
		{"loopback is up",
			"ip addr show lo | grep -c 'inet 127.0.0.1/8'; ip link show lo | grep -c "
			"',UP'",
			"1\n1\n"},
		{"no route", "ip route | wc -l", "0\n"},
		{"no network", "wget -q -T 2 -O- http://192.0.2.1/ 2>/dev/null || echo none",
			"none\n"},
		{"shared memory", "wc -l < /proc/sysvipc/shm", "1\n"},
		{"control group",
			"grep -c ':/$' /proc/self/cgroup | grep -v '^0' >/dev/null && grep -vc "
			"':/$' /proc/self/cgroup",
			"0\n"},
		{"sys is read-only", "grep -c 'sysfs /sys sysfs ro,' /proc/mounts", "1\n"},
		{"old root is gone",
			"busybox cut -d' ' -f5 /proc/self/mountinfo | grep -v -e '^/$' -e ^/proc "
			"-e ^/sys -e ^/dev | wc -l",
			"0\n"},
	};

	/* grep -c prints 0 and exits 1: that is what some rows want. */
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *script = g_strconcat("{ ", rows[i].script, "; } || true", NULL);
		const Row row = {rows[i].what, script, rows[i].output};
		check_rows(state, KILN_SANDBOX_MOCKBUILD, &row, 1);
	}
}

static void test_build_user_has_no_rights(void **state)
{
	static const Row rows[] = {
		{"capabilities", "grep Cap /proc/self/status | grep -vc '0000000000000000' || true",
			"0\n"},
		{"no new privileges, filter", "grep -e NoNewPrivs -e '^Seccomp:' /proc/self/status",
			"NoNewPrivs:\t1\nSeccomp:\t2\n"},
		{"setuid does not raise", "/tmp/setuid-probe ids", "1000 1000\n"},
		{"dangerous system calls", "probe calls", ""},
		{"system directories",
			"for d in / /etc /usr /bin /tmp/x/..; do touch $d/new 2>/dev/null && echo "
			"$d; done; echo",
			"\n"},
		{"mount", "mount -t tmpfs x /builddir 2>/dev/null || echo refused", "refused\n"},
		{"user namespaces", "unshare -U true 2>/dev/null || echo refused", "refused\n"},
		{"first process",
			"kill -9 1 2>/dev/null || echo refused; ls /proc/1/fd 2>/dev/null || echo "
			"hidden",
			"refused\nhidden\n"},
		{"kernel log", "dmesg 2>/dev/null || echo refused", "refused\n"},
		{"host memory", "wc -c < /proc/kcore 2>/dev/null || echo hidden", "0\n"},
		{"kernel settings",
			"echo x 2>/dev/null > /proc/sys/kernel/core_pattern || echo refused",
			"refused\n"},
	};
	const SandboxFixture *fixture = *state;
	g_autofree char *probe = g_build_filename(fixture->layer, "bin/probe", NULL);
	g_autofree char *copy = g_build_filename(fixture->layer, "tmp/setuid-probe", NULL);
	g_autoptr(GError) error = NULL;

	kiln_fs_copy(probe, copy, &error);
	assert_no_error(error);
	assert_int_equal(chmod(copy, 04755), 0);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		if (strcmp(rows[i].what, "host memory") != 0 || access("/proc/kcore", F_OK) == 0)
			check_rows(state, KILN_SANDBOX_MOCKBUILD, &rows[i], 1);
}

static void test_root_is_confined(void **state)
{
	static const Row rows[] = {
		{"ids", "id -u; id -g; pwd; echo $HOME", "0\n0\n/\n/root\n"},
		{"owns its files", "touch /etc/x && chown 5:6 /etc/x && stat -c %u:%g /etc/x",
			"5:6\n"},
		{"low ports",
			"(echo served | nc -l -p 80) & sleep 0.2; nc -w 2 127.0.0.1 80 </dev/null",
			"served\n"},
		{"chroot",
			"mkdir -p /mnt/bin && busybox cp /bin/busybox /mnt/bin/ && chroot /mnt "
			"/bin/busybox echo in",
			"in\n"},
		{"mount", "mount -t tmpfs x /mnt 2>/dev/null || echo refused", "refused\n"},
		{"remount", "mount -o remount,rw /sys 2>/dev/null || echo refused", "refused\n"},
		{"umount", "umount /proc/sys 2>/dev/null || echo refused", "refused\n"},
		{"devices", "mknod /dev/sda b 8 0 2>/dev/null || echo refused", "refused\n"},
		{"nodes of the host", "busybox chmod 666 /dev/full 2>/dev/null || chown 1 /dev/null 2>/dev/null || "
				      "echo refused",
			"refused\n"},
		{"host name", "hostname evil 2>/dev/null || echo refused", "refused\n"},
		{"interfaces", "ip link set lo down 2>/dev/null || echo refused", "refused\n"},
		{"kernel settings",
			"echo x 2>/dev/null > /proc/sys/kernel/core_pattern || echo refused",
			"refused\n"},
		{"core pattern stays", "echo x 2>/dev/null > /proc/sys/kernel/hostname || hostname",
			"mock\n"},
		{"namespaces", "unshare -m true 2>/dev/null || echo refused", "refused\n"},
		{"first process", "kill -9 1; kill -15 1; readlink /proc/1/root || echo hidden",
			"hidden\n"},
		{"dangerous system calls", "probe calls", ""},
		{"only its capabilities", "grep CapBnd /proc/self/status",
			"CapBnd:\t00000000800405fb\n"},
		{"rpm needs no namespace", "cat /root/.rpmmacros",
			"%__transaction_unshare %{nil}\n"},
	};

	check_rows(state, KILN_SANDBOX_ROOT, rows, G_N_ELEMENTS(rows));
}

static void test_request_fields(void **state)
{
	SandboxFixture *fixture = *state;
	g_autoptr(KilnSandboxRequest) request =
		sandbox_request(fixture, "hostname; echo $A; pwd; busybox tail -n 2 /etc/hosts; "
					 "uname -m; busybox tail -n 1 /builddir/.rpmmacros");
	const char *environment[] = {"A=b c", "PATH=/bin", NULL};
	const char *hosts[] = {"rpm.example.org", "other.example.org", NULL};
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = NULL;

	request->hostname = g_strdup("builder.example.org");
	request->environment = g_strdupv((char **)environment);
	request->network_hosts = g_strdupv((char **)hosts);
	request->working_directory = g_strdup("/builddir/build");
	request->personality = g_strdup("linux32");
	request->macros = g_strdup("%dist .k1\n");
	output = sandbox_execute(fixture, request, &report);
	assert_string_equal(output,
		"builder.example.org\nb c\n/builddir/build\n127.0.0.1 rpm.example.org\n"
		"127.0.0.1 other.example.org\ni686\n%dist .k1\n");
}

/* All of the contract that a script can look at, each line with where it is from. */
static const char inspection[] =
	"busybox tr '\\0' '\\n' < /proc/$$/environ | busybox sort | sed 's/^/environment /';"
	"for file in .rpmmacros /etc/passwd /etc/group /etc/hosts /proc/self/limits /proc/self/mounts; do"
	"	sed \"s,^,$file ,\" $file; done;"
	"id; pwd; umask; hostname; busybox nproc; uname -m; ls -l /dev /builddir/build | wc -l";

static void test_processors_are_one_variable(void **state)
{
	g_autoptr(KilnSandboxRequest) request = sandbox_request(*state, inspection);
	g_autoptr(KilnSandboxRequest) divided = sandbox_request(*state, inspection);
	g_auto(KilnSandboxReport) report = {0}, other = {0};
	g_autofree char *plain = sandbox_execute(*state, request, &report), *output = NULL, *rest = NULL;
	g_auto(GStrv) parts = NULL;

	divided->processors = 3;
	output = sandbox_execute(*state, divided, &other);
	parts = g_strsplit(output, "environment RPM_BUILD_NCPUS=3\n", -1);
	assert_int_equal(g_strv_length(parts), 2);
	rest = g_strconcat(parts[0], parts[1], NULL);
	assert_string_equal(rest, plain);
	assert_non_null(strstr(plain, "environment TERM=vt100\n"));
	assert_non_null(strstr(plain, "/etc/passwd mockbuild:"));
}

static void test_processors_over_an_environment(void **state)
{
	g_autoptr(KilnSandboxRequest) request = sandbox_request(*state, "echo $A $RPM_BUILD_NCPUS");
	const char *environment[] = {"A=b", "RPM_BUILD_NCPUS=7", NULL};
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = NULL;

	request->environment = g_strdupv((char **)environment);
	request->processors = 2;
	output = sandbox_execute(*state, request, &report);
	assert_string_equal(output, "b 2\n");
}

static void test_program_from_path_and_missing(void **state)
{
	SandboxFixture *fixture = *state;
	g_autoptr(KilnSandboxRequest) request = sandbox_request(fixture, "");
	g_autoptr(KilnSandboxRequest) missing = sandbox_request(fixture, "");
	const char *argv[] = {"echo", "found", NULL}, *none[] = {"/bin/absent", NULL};
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *output = NULL;
	GError *error;

	g_strfreev(request->argv);
	request->argv = g_strdupv((char **)argv);
	output = sandbox_execute(fixture, request, &report);
	assert_string_equal(output, "found\n");
	g_strfreev(missing->argv);
	missing->argv = g_strdupv((char **)none);
	error = sandbox_refusal(missing);
	assert_error(error, KILN_ERROR_NOT_FOUND, "running \"/bin/absent\" in the sandbox");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_user),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_build_user_has_no_rights),
		cmocka_unit_test(test_root_is_confined),
		cmocka_unit_test(test_request_fields),
		cmocka_unit_test(test_processors_are_one_variable),
		cmocka_unit_test(test_processors_over_an_environment),
		cmocka_unit_test(test_program_from_path_and_missing),
	};

	return cmocka_run_group_tests(tests, sandbox_setup, sandbox_teardown);
}
