/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limit of disk space: what is counted, what cannot hide, what it costs. */
#include "sandbox_fixture.h"

#include "base/clock.h"
#include "sandbox/usage.h"

#include <signal.h>
#include <sys/resource.h>

#define MIB ((guint64)1 << 20)

static char *fresh_directory(void **state)
{
	static guint count;
	g_autofree char *name = g_strdup_printf("disk-%u", count++);

	return sandbox_make_directory(*state, name);
}

static void fill(int directory_fd, const char *name, gsize bytes)
{
	g_autofree char *block = g_strnfill(bytes, 'x');
	int fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0 && kiln_fs_write_all(fd, block, bytes));
	assert_int_equal(fsync(fd), 0);
	close(fd);
}

/* `bytes` of files, and not much else. */
static void assert_about(guint64 measured, guint64 bytes)
{
	if (measured < bytes || measured > bytes + bytes / 8 + 256 * 1024)
		fail_msg("%" G_GUINT64_FORMAT " measured of %" G_GUINT64_FORMAT, measured, bytes);
}

static void test_tree_is_counted_as_du_does(void **state)
{
	g_autofree char *directory = fresh_directory(state), *elsewhere = fresh_directory(state);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int other = open(elsewhere, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int hole;

	fill(fd, "one", MIB);
	assert_int_equal(mkdirat(fd, "below", 0), 0);
	assert_int_equal(linkat(fd, "one", fd, "below/second-name", 0), 0);
	fill(fd, "below/two", 2 * MIB);
	fill(other, "not-ours", 8 * MIB);
	assert_int_equal(symlinkat(elsewhere, fd, "link"), 0);
	hole = openat(fd, "hole", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(ftruncate(hole, (off_t)1 << 40), 0);
	close(hole);
	assert_about(kiln_usage_of_tree(fd), 3 * MIB);
	close(fd);
	close(other);
}

/* Deeper than a path can tell, than descriptors suffice, and than a stack has room for. */
static void test_depth_hides_nothing(void **state)
{
	g_autofree char *directory = fresh_directory(state);
	int top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = dup(top), next;

	for (guint i = 0; i < 5000; i++) {
		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(fd);
		fd = next;
		if (i % 1000 == 0)
			fill(fd, "f", MIB);
	}
	fill(fd, "deepest", MIB);
	close(fd);
	/* A directory of ext4 takes a block. */
	next = (int)(kiln_usage_of_tree(top) / MIB);
	assert_true(next >= 6 && next <= 6 + 5000 * 8 / 1024);
	close(top);
}

typedef struct {
	int fd;
	gint ended;
} Mover;

static gpointer move(gpointer data)
{
	Mover *mover = data;

	while (!g_atomic_int_get(&mover->ended))
		(void)(renameat(mover->fd, "a/x", mover->fd, "b/x") == 0 &&
			renameat(mover->fd, "b/x", mover->fd, "a/x") == 0);
	return NULL;
}

/* What stays where it is, is counted, whatever is moved about meanwhile. */
static void test_moves_hide_nothing_at_rest(void **state)
{
	g_autofree char *directory = fresh_directory(state);
	Mover mover = {.fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	const char *names[] = {"a", "a/x", "a/x/y", "a/x/y/z", "b", "rest", "a/rest"};
	GThread *thread;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		assert_int_equal(mkdirat(mover.fd, names[i], 0755), 0);
	fill(mover.fd, "rest/file", MIB);
	fill(mover.fd, "a/rest/file", MIB);
	fill(mover.fd, "a/x/y/z/file", 4096);
	thread = g_thread_new("mover", move, &mover);
	for (guint i = 0; i < 3000; i++)
		assert_about(kiln_usage_of_tree(mover.fd), 2 * MIB);
	g_atomic_int_set(&mover.ended, 1);
	g_thread_join(thread);
	close(mover.fd);
}

static KilnSandboxReport run_limited(void **state, const char *script, guint64 mib, char **ret_output)
{
	g_autoptr(KilnSandboxRequest) request = sandbox_request(*state, script);
	KilnSandboxReport report = {0};
	g_autoptr(GError) error = NULL;

	request->upper = fresh_directory(state);
	request->limits.disk_bytes = (gint64)(mib * MIB);
	*ret_output = sandbox_execute(*state, request, &report);
	assert_true(kiln_root_remove(request->upper, &error));
	return report;
}

/* Scripts that pass the limit of 16 MiB, each in another way. */
static void test_it_fires(void **state)
{
	static const struct {
		const char *what, *script;
	} rows[] = {
		{"one file", "dd if=/dev/zero of=big bs=1M count=64 2>/dev/null; sleep 20"},
		{"outside the home", "dd if=/dev/zero of=/tmp/big bs=1M count=64 2>/dev/null; sleep 20"},
		{"many files",
			"for i in $(seq 64); do dd if=/dev/zero of=$i bs=1M count=1 2>/dev/null; done; sleep 20"},
		{"allocated only", "busybox fallocate -l 67108864 big || exit; sleep 20"},
		{"deleted, but open", "exec 5>big; rm big; dd if=/dev/zero bs=1M count=64 >&5 2>/dev/null; "
				      "exec sleep 20"},
		{"deleted, open in a child",
			"exec 5>big; rm big; dd if=/dev/zero bs=1M count=64 >&5 2>/dev/null; sleep 20 & exec 5>&-; wait"},
		{"deleted, but mapped", "probe hide big 64; sleep 20"},
		{"ended by itself", "dd if=/dev/zero of=big bs=1M count=64 2>/dev/null"},
	};

	SandboxFixture *fixture = *state;
	g_autofree char *temporary = g_build_filename(fixture->layer, "tmp", NULL);

	assert_int_equal(chmod(temporary, 01777), 0);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *output = NULL;
		gint64 started_us = kiln_clock_monotonic_us();
		g_auto(KilnSandboxReport) report = run_limited(state, rows[i].script, 16, &output);
		if (report.limit != KILN_SANDBOX_LIMIT_DISK)
			fail_msg("%s: limit %d, %" G_GUINT64_FORMAT " bytes: %s", rows[i].what, report.limit,
				report.disk_bytes, output);
		assert_string_equal(report.message, "stopped: more on the disk than the limit of 16 MiB");
		assert_non_null(strstr(output, "kiln: stopped: more on the disk than the limit of 16 MiB\n"));
		assert_false(kiln_sandbox_report_succeeded(&report));
		assert_true(report.disk_bytes > 16 * MIB);
		if (kiln_clock_monotonic_us() - started_us > 10 * G_USEC_PER_SEC)
			fail_msg("%s: not noticed in time", rows[i].what);
	}
}

static void test_what_fits(void **state)
{
	static const struct {
		const char *what, *script;
	} rows[] = {
		{"a little less", "dd if=/dev/zero of=big bs=1M count=15 2>/dev/null; sleep 1"},
		{"a hole", "busybox truncate -s 1T hole; stat -c %s hole; sleep 1"},
		{"gone again", "for i in 1 2 3 4 5 6; do dd if=/dev/zero of=big bs=1M count=12 2>/dev/null; "
			       "rm big; done; sleep 1"},
		{"memory", "dd if=/dev/zero of=/dev/shm/big bs=1M count=32 2>/dev/null; exec 5</dev/shm/big; "
			   "rm /dev/shm/big; sleep 1"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *output = NULL;
		g_auto(KilnSandboxReport) report = run_limited(state, rows[i].script, 16, &output);
		if (!kiln_sandbox_report_succeeded(&report))
			fail_msg("%s: limit %d, %" G_GUINT64_FORMAT " bytes: %s", rows[i].what, report.limit,
				report.disk_bytes, output);
		assert_true(report.disk_bytes > 0 && report.disk_bytes < 16 * MIB);
	}
}

/* What was there before counts: the runs of one build share its disk. */
static void test_runs_add_up(void **state)
{
	g_autoptr(KilnSandboxRequest) request =
		sandbox_request(*state, "dd if=/dev/zero of=$(ls | wc -l) bs=1M count=10 2>/dev/null");
	g_auto(KilnSandboxReport) first = {0}, second = {0};
	g_autofree char *one = NULL, *two = NULL;

	request->upper = fresh_directory(state);
	request->limits.disk_bytes = 16 * MIB;
	one = sandbox_execute(*state, request, &first);
	two = sandbox_execute(*state, request, &second);
	assert_int_equal(first.limit, KILN_SANDBOX_LIMIT_NONE);
	assert_int_equal(second.limit, KILN_SANDBOX_LIMIT_DISK);
}

/* A grace is for ending, not for filling the disk. */
static void test_stubborn_writer_has_no_grace(void **state)
{
	g_autofree char *output = NULL;
	g_auto(KilnSandboxReport) report = run_limited(state,
		"trap '' TERM; while :; do dd if=/dev/zero of=$((i++)) bs=1M count=16 2>/dev/null; done", 64,
		&output);

	assert_int_equal(report.limit, KILN_SANDBOX_LIMIT_DISK);
	assert_int_equal(report.signal, SIGKILL);
	assert_true(report.disk_bytes < 3 * 1024 * MIB);
}

static gint64 children_cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec +
		usage.ru_stime.tv_usec;
}

static void make_files(const char *directory, guint count)
{
	for (guint i = 0; i < count; i++) {
		g_autofree char *name = g_strdup_printf("%u/%u", i % 100, i);
		sandbox_write(directory, name, "");
	}
}

static void test_it_costs_little(void **state)
{
	g_autoptr(KilnSandboxRequest) request = sandbox_request(*state, "sleep 4");
	g_autofree char *home = NULL, *plain = NULL, *limited = NULL;
	g_auto(KilnSandboxReport) first = {0}, second = {0};
	gint64 without_us, with_us, begin_us;

	request->upper = fresh_directory(state);
	home = g_build_filename(request->upper, "tree/home", NULL);
	make_files(home, 20000);
	begin_us = children_cpu_us();
	plain = sandbox_execute(*state, request, &first);
	without_us = children_cpu_us() - begin_us;
	request->limits.disk_bytes = (gint64)(1024 * MIB);
	begin_us = children_cpu_us();
	limited = sandbox_execute(*state, request, &second);
	with_us = children_cpu_us() - begin_us;
	/* 2 % of 4 s, the first measurement and the last. */
	print_message("of 4 s: %d ms for the limit\n", (int)(with_us - without_us) / 1000);
	assert_true(with_us - without_us < 300 * 1000);
	assert_true(second.disk_bytes > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_is_counted_as_du_does),
		cmocka_unit_test(test_depth_hides_nothing),
		cmocka_unit_test(test_moves_hide_nothing_at_rest),
		cmocka_unit_test(test_it_fires),
		cmocka_unit_test(test_what_fits),
		cmocka_unit_test(test_runs_add_up),
		cmocka_unit_test(test_stubborn_writer_has_no_grace),
		cmocka_unit_test(test_it_costs_little),
	};

	return cmocka_run_group_tests(tests, sandbox_setup, sandbox_teardown);
}
