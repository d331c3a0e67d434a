/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/process.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_digest_known_value(void **state)
{
	g_autofree char *digest = kiln_digest_of_bytes("abc", 3);

	(void)state;
	assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_true(kiln_digest_is_valid(digest));
	assert_false(kiln_digest_is_valid("ba78"));
	digest[0] = 'B';
	assert_false(kiln_digest_is_valid(digest));
}

static char *framed(const char *first_label, const char *first, const char *second_label, const char *second)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();

	kiln_digest_add(digest, first_label, first);
	kiln_digest_add(digest, second_label, second);
	return kiln_digest_finish(digest);
}

static void test_digest_framing(void **state)
{
	g_autofree char *one = framed("a", "bc", "d", "e");
	g_autofree char *moved = framed("a", "b", "cd", "e");
	g_autofree char *absent = framed("a", NULL, "d", "e");
	g_autofree char *empty = framed("a", "", "d", "e");

	(void)state;
	assert_string_not_equal(one, moved);
	assert_string_not_equal(absent, empty);
}

static void test_digest_refuses_directories(void **state)
{
	g_autoptr(GError) error = NULL;

	assert_null(kiln_digest_of_file(*state, NULL, &error));
	assert_error(error, KILN_ERROR_VERIFY, "not a regular file");
}

static void test_digest_of_other_kinds(void **state)
{
	static const struct {
		const char *kind, *expected;
	} table[] = {
		{"md5", "900150983cd24fb0d6963f7d28e17f72"},
		{"sha", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
		{"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	};
	g_autofree char *path = g_build_filename(*state, "abc", NULL);
	g_autoptr(GError) error = NULL;
	guint64 size = 0;

	assert_true(kiln_fs_replace_text(path, "abc", NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *digest = kiln_digest_of_file_as(table[i].kind, path, &size, NULL);
		assert_string_equal(digest, table[i].expected);
		assert_int_equal(size, 3);
	}
	assert_null(kiln_digest_of_file_as("crc32", path, NULL, &error));
	assert_error(error, KILN_ERROR_VERIFY, "kind \"crc32\" cannot be judged");
	assert_null(kiln_digest_new_of_kind(NULL));
}

static void test_replace_is_whole_or_old(void **state)
{
	g_autofree char *path = g_build_filename(*state, "file", NULL);
	g_autofree char *missing = g_build_filename(*state, "none/file", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) names = NULL;

	assert_true(kiln_fs_replace_text(path, "old", NULL));
	assert_true(kiln_fs_replace_text(path, "new", NULL));
	text = kiln_fs_read(path, 100, NULL, NULL);
	assert_string_equal(text, "new");
	assert_false(kiln_fs_replace_text(missing, "x", &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "none/file");
	names = kiln_fs_list(*state, NULL);
	assert_int_equal(g_strv_length(names), 1);
}

static void test_unsynced_writes(void **state)
{
	g_autofree char *directory = g_dir_make_tmp("kiln-test-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "file", NULL);
	g_autofree char *other = g_build_filename(directory, "other", NULL);
	g_autofree char *missing = g_build_filename(directory, "absent", "file", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL, absent = NULL;
	g_auto(GStrv) names = NULL;

	(void)state;
	assert_true(kiln_fs_replace_text_unsynced(path, "old", &error));
	assert_true(kiln_fs_replace_text_unsynced(path, "new", &error));
	assert_int_equal(chmod(path, 0640), 0);
	assert_true(kiln_fs_copy_unsynced(path, other, &error));
	text = kiln_fs_read(other, 100, NULL, &error);
	assert_string_equal(text, "new");
	assert_false(kiln_fs_replace_text_unsynced(missing, "x", &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "absent");
	assert_false(kiln_fs_copy_unsynced(missing, other, &absent));
	assert_error(absent, KILN_ERROR_NOT_FOUND, "absent");
	names = kiln_fs_list(directory, NULL);
	assert_string_equal(names[0], "file");
	assert_string_equal(names[1], "other");
	assert_null(names[2]);
	kiln_fs_remove_tree(directory, NULL);
}

static void test_read_has_a_maximum(void **state)
{
	g_autofree char *path = g_build_filename(*state, "file", NULL);
	g_autoptr(GError) error = NULL;

	assert_true(kiln_fs_replace_text(path, "12345", NULL));
	assert_null(kiln_fs_read(path, 4, NULL, &error));
	assert_error(error, KILN_ERROR_VERIFY, "allowed 4 bytes");
}

static void test_remove_tree_follows_nothing(void **state)
{
	g_autofree char *tree = g_build_filename(*state, "tree", NULL);
	g_autofree char *sub = g_build_filename(tree, "sub", NULL);
	g_autofree char *link = g_build_filename(sub, "link", NULL);
	g_autofree char *kept = g_build_filename(*state, "kept", NULL);

	assert_true(kiln_fs_make_directory(sub, NULL));
	assert_true(kiln_fs_replace_text(kept, "x", NULL));
	assert_int_equal(symlink(*state, link), 0);
	assert_int_equal(chmod(sub, 0500), 0);
	assert_true(kiln_fs_remove_tree(tree, NULL));
	assert_false(g_file_test(tree, G_FILE_TEST_EXISTS));
	assert_true(g_file_test(kept, G_FILE_TEST_EXISTS));
	assert_true(kiln_fs_remove_tree(tree, NULL));
}

/* As a hostile build makes it: no path reaches the bottom. */
static void make_deep(const char *path, guint levels)
{
	g_autofree char *name = g_strnfill(200, 'd');
	int fd;

	assert_int_equal(mkdir(path, 0700), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (guint i = 0; i < levels; i++) {
		int parent = fd;

		assert_int_equal(mkdirat(parent, name, 0700), 0);
		assert_int_equal(symlinkat("..", parent, "link"), 0);
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(fd >= 0);
		close(parent);
	}
	close(fd);
}

static void test_remove_tree_of_any_depth(void **state)
{
	g_autofree char *tree = g_build_filename(*state, "tree", NULL);
	g_autofree char *lifted = g_build_filename(tree, ".lifted.0", NULL);
	GError *error = NULL;

	make_deep(tree, 2000);
	assert_true(kiln_fs_replace_text(lifted, "a name that the removal would use", &error));
	assert_true(kiln_fs_remove_tree(tree, &error));
	assert_no_error(error);
	assert_false(g_file_test(tree, G_FILE_TEST_EXISTS));
}

static void test_link_or_copy(void **state)
{
	g_autofree char *source = g_build_filename(*state, "a", NULL);
	g_autofree char *destination = g_build_filename(*state, "b", NULL);
	struct stat a, b;

	assert_true(kiln_fs_replace_text(source, "x", NULL));
	assert_true(kiln_fs_link_or_copy(source, destination, NULL));
	assert_true(kiln_fs_link_or_copy(source, destination, NULL));
	assert_int_equal(stat(source, &a), 0);
	assert_int_equal(stat(destination, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(a.st_nlink, 2);
}

static void test_lock_names_its_holder(void **state)
{
	g_autofree char *path = g_build_filename(*state, "lock", NULL);
	g_autoptr(KilnLock) held = kiln_lock_take(path, "kiln release", FALSE, NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *pid = g_strdup_printf("process %d (kiln release)", (int)getpid());

	assert_non_null(held);
	assert_null(kiln_lock_take(path, "other", FALSE, &error));
	assert_error(error, KILN_ERROR_BUSY, pid);
	g_clear_pointer(&held, kiln_lock_free);
	held = kiln_lock_take(path, "other", FALSE, &error);
	assert_no_error(error);
}

static void test_shares_keep_the_whole_away(void **state)
{
	g_autofree char *path = g_build_filename(*state, "readers", NULL);
	g_autoptr(KilnLock) one = kiln_lock_share(path, NULL);
	g_autoptr(KilnLock) two = kiln_lock_share(path, NULL);
	g_autoptr(GError) error = NULL;

	assert_non_null(one);
	assert_non_null(two);
	g_clear_pointer(&one, kiln_lock_free);
	assert_null(kiln_lock_take(path, "all of it", FALSE, &error));
	assert_error(error, KILN_ERROR_BUSY, "is held by");
	g_clear_pointer(&two, kiln_lock_free);
	one = kiln_lock_take(path, "all of it", FALSE, &error);
	assert_no_error(error);
}

static void test_measure(void **state)
{
	g_autofree char *directory = g_build_filename(*state, "tree", "sub", NULL);
	g_autofree char *top = g_path_get_dirname(directory);
	g_autofree char *file = g_build_filename(directory, "file", NULL);
	g_autofree char *again = g_build_filename(top, "again", NULL);
	g_autofree char *data = g_malloc0(1 << 20);
	guint64 bytes = 1, linked = 0;

	assert_true(kiln_fs_measure(top, &bytes, NULL));
	assert_int_equal(bytes, 0);
	assert_true(kiln_fs_make_directory(directory, NULL));
	memset(data, 'x', 1 << 20);
	assert_true(kiln_fs_replace(file, data, 1 << 20, 0644, NULL));
	assert_true(kiln_fs_measure(top, &bytes, NULL));
	assert_in_range(bytes, 1 << 20, (1 << 20) + 64 * 1024);
	assert_int_equal(link(file, again), 0);
	assert_true(kiln_fs_measure(top, &linked, NULL));
	assert_in_range(linked, bytes, bytes + 8192);
}

static gpointer wait_for_lock(gpointer path)
{
	return kiln_lock_share(path, NULL);
}

/* Who waits for a lock whose file its holder removes has the lock that later ones see. */
static void test_removed_lock(void **state)
{
	g_autofree char *path = g_build_filename(*state, "removed", NULL);
	KilnLock *whole = kiln_lock_take(path, "removing", FALSE, NULL);
	GThread *thread = g_thread_new("wait", wait_for_lock, path);
	g_autoptr(GError) error = NULL;

	g_usleep(50 * 1000);
	kiln_lock_remove(whole);
	g_autoptr(KilnLock) share = g_thread_join(thread);
	assert_non_null(share);
	assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	g_autoptr(KilnLock) second = kiln_lock_ref(share);
	g_clear_pointer(&share, kiln_lock_free);
	assert_null(kiln_lock_take(path, "other", FALSE, &error));
	assert_error(error, KILN_ERROR_BUSY, "is held by");
}

static void test_process_result(void **state)
{
	static const char *const argv[] = {"sh", "-c", "echo out; cat; echo err >&2; exit 3", NULL};
	KilnProcess process = {.argv = argv, .input = "in\n"};
	g_auto(KilnProcessResult) result = {0};
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(kiln_process_run(&process, &result, &error));
	assert_int_equal(result.exit_status, 3);
	assert_string_equal(result.output, "out\nin\n");
	assert_string_equal(result.error_output, "err\n");
	assert_false(kiln_process_check(&process, NULL, &error));
	assert_error(error, KILN_ERROR_FAILED, "sh: err (exit status 3)");
}

static void test_process_missing_program(void **state)
{
	static const char *const argv[] = {"no-such-program-here", NULL};
	KilnProcess process = {.argv = argv};
	g_auto(KilnProcessResult) result = {0};
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(kiln_process_run(&process, &result, &error));
	assert_error(error, KILN_ERROR_SYSTEM, "\"no-such-program-here\" is not installed");
}

static void test_process_timeout_kills_the_group(void **state)
{
	g_autofree char *pid_file = g_build_filename(*state, "pid", NULL);
	g_autofree char *script = g_strdup_printf("sleep 100 & echo $! > %s; wait", pid_file);
	const char *argv[] = {"sh", "-c", script, NULL};
	KilnProcess process = {.argv = argv, .timeout_ms = 300};
	g_auto(KilnProcessResult) result = {0};
	g_autofree char *pid = NULL;

	assert_true(kiln_process_run(&process, &result, NULL));
	assert_true(result.timed_out);
	pid = kiln_fs_read(pid_file, 100, NULL, NULL);
	/* The grandchild went with its group (a zombie of init may need a moment to vanish). */
	for (int i = 0; i < 100 && kill(atoi(pid), 0) == 0; i++)
		g_usleep(20000);
	assert_int_equal(kill(atoi(pid), 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void test_process_dies_with_its_caller(void **state)
{
	g_autofree char *pid_file = g_build_filename(*state, "pid", NULL);
	g_autofree char *script = g_strdup_printf("echo $$ > %s; exec sleep 100", pid_file);
	const char *argv[] = {"sh", "-c", script, NULL};
	KilnProcess process = {.argv = argv};
	g_auto(KilnProcessResult) result = {0};
	g_autofree char *pid = NULL;
	pid_t caller = fork();

	if (caller == 0) {
		kiln_process_run(&process, &result, NULL);
		_exit(0);
	}
	for (int i = 0; i < 250 && !pid; i++) {
		g_usleep(20000);
		pid = kiln_fs_read(pid_file, 100, NULL, NULL);
	}
	assert_non_null(pid);
	kill(caller, SIGKILL);
	waitpid(caller, NULL, 0);
	for (int i = 0; i < 250 && kill(atoi(pid), 0) == 0; i++)
		g_usleep(20000);
	assert_int_equal(kill(atoi(pid), 0), -1);
}

static guint pool_ended;

static gboolean count_end(gpointer job, const KilnProcessResult *result, GError **error)
{
	(void)error;
	assert_int_equal(result->exit_status, GPOINTER_TO_INT(job));
	pool_ended++;
	return TRUE;
}

static void test_pool_runs_all(void **state)
{
	g_autoptr(KilnPool) pool = kiln_pool_new(4, count_end);
	gint64 start = kiln_clock_monotonic_us();

	(void)state;
	pool_ended = 0;
	for (int i = 0; i < 8; i++) {
		g_autofree char *script = g_strdup_printf("sleep 0.2; exit %d", i);
		const char *argv[] = {"sh", "-c", script, NULL};
		KilnProcess process = {.argv = argv};
		kiln_pool_add(pool, &process, GINT_TO_POINTER(i));
	}
	assert_true(kiln_pool_run(pool, NULL));
	assert_int_equal(pool_ended, 8);
	/* Two waves of 0.2 s, not eight: they ran side by side. */
	assert_true(kiln_clock_monotonic_us() - start < 1400000);
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"", "x", "1x", " 1", "11", "-1", "99999999999999999999"};
	gint64 number = 7;

	(void)state;
	assert_true(kiln_text_parse_number("10", 0, 10, &number, NULL));
	assert_int_equal(number, 10);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		assert_false(kiln_text_parse_number(bad[i], 0, 10, &number, &error));
		assert_error(error, KILN_ERROR_CONFIG, "is not a number from 0 to 10");
		assert_int_equal(number, 10);
	}
}

static void test_printable(void **state)
{
	g_autofree char *text = kiln_text_printable("a\033[31mb\nc\xff" "d\xc2\x9b" "e");

	(void)state;
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\n'));
	assert_true(g_utf8_validate(text, -1, NULL));
	assert_true(g_str_has_prefix(text, "a?[31mb?c"));
}

static void test_nearest(void **state)
{
	static const char *const words[] = {"release", "build", "key", NULL};

	(void)state;
	assert_string_equal(kiln_text_nearest("relaese", words), "release");
	assert_string_equal(kiln_text_nearest("biuld", words), "build");
	assert_null(kiln_text_nearest("zzzzz", words));
}

static void test_make_apart(void **state)
{
	g_autofree char *parent = g_build_filename(*state, "apart", NULL);
	g_autofree char *path = g_build_filename(parent, "deep", "tree", NULL);
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *file = g_build_filename(path, "file", NULL);
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) names = NULL;

	assert_true(kiln_fs_make_apart(path, &error));
	assert_true(kiln_fs_replace_text(file, "x", &error));
	/* One that is there stays as it is; nothing is left beside it. */
	assert_true(kiln_fs_make_apart(path, &error));
	assert_int_equal(access(file, F_OK), 0);
	names = kiln_fs_list(directory, &error);
	assert_int_equal(g_strv_length(names), 1);
	assert_false(kiln_fs_make_apart(file, &error));
	assert_error(error, KILN_ERROR_SYSTEM, "creating directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unsynced_writes),
		cmocka_unit_test(test_digest_known_value),
		cmocka_unit_test(test_digest_framing),
		cmocka_unit_test_setup_teardown(test_digest_refuses_directories, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_digest_of_other_kinds, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_replace_is_whole_or_old, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_read_has_a_maximum, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_remove_tree_follows_nothing, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_remove_tree_of_any_depth, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_link_or_copy, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_lock_names_its_holder, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_shares_keep_the_whole_away, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_measure, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_removed_lock, setup_scratch, teardown_scratch),
		cmocka_unit_test(test_process_result),
		cmocka_unit_test(test_process_missing_program),
		cmocka_unit_test_setup_teardown(test_process_timeout_kills_the_group, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_process_dies_with_its_caller, setup_scratch, teardown_scratch),
		cmocka_unit_test(test_pool_runs_all),
		cmocka_unit_test_setup_teardown(test_make_apart, setup_scratch, teardown_scratch),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
