/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "engine/takeout.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	char *from, *to;
} Places;

static int setup(void **state)
{
	Places *places = g_new0(Places, 1);
	g_autofree char *scratch = g_dir_make_tmp("kiln-test-XXXXXX", NULL);

	places->from = g_build_filename(scratch, "from", NULL);
	places->to = g_build_filename(scratch, "to", NULL);
	*state = places;
	return mkdir(places->from, 0777);
}

static int teardown(void **state)
{
	Places *places = *state;
	g_autofree char *scratch = g_path_get_dirname(places->from);

	kiln_fs_remove_tree(scratch, NULL);
	g_free(places->from);
	g_free(places->to);
	g_free(places);
	return 0;
}

static void write_file(const Places *places, const char *name, const char *text, mode_t mode)
{
	g_autofree char *path = g_build_filename(places->from, name, NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_int_equal(chmod(path, mode), 0);
}

/* The names in the destination, joined by a blank; what was left. */
static char *take(const Places *places, guint *ret_left)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) names = NULL;

	kiln_takeout_files(places->from, places->to, ret_left, &error);
	assert_no_error(error);
	names = kiln_fs_list(places->to, NULL);
	return names ? g_strjoinv(" ", names) : NULL;
}

static void test_regular_files(void **state)
{
	const Places *places = *state;
	g_autofree char *path = g_build_filename(places->to, "rooted", NULL);
	g_autofree char *names = NULL, *text = NULL;
	struct stat status;
	guint left = 99;

	write_file(places, "rooted", "#!/bin/sh\n", 06777);
	write_file(places, "plain.log", "ok 1\n", 0600);
	names = take(places, &left);
	assert_string_equal(names, "plain.log rooted");
	assert_int_equal(left, 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_string_equal(text, "#!/bin/sh\n");
}

static void test_traps(void **state)
{
	const Places *places = *state;
	g_autofree char *fifo = g_build_filename(places->from, "fifo", NULL);
	g_autofree char *link = g_build_filename(places->from, "link", NULL);
	g_autofree char *directory = g_build_filename(places->from, "directory", NULL);
	g_autofree char *huge = g_build_filename(places->from, "huge", NULL);
	g_autofree char *names = NULL;
	guint left = 0;

	write_file(places, "a", "", 0644);
	write_file(places, "huge", "", 0644);
	assert_int_equal(truncate(huge, 64 * 1024 * 1024 + 1), 0);
	assert_int_equal(mkfifo(fifo, 0666), 0);
	assert_int_equal(symlink("/etc/shadow", link), 0);
	assert_int_equal(mkdir(directory, 0777), 0);
	names = take(places, &left);
	assert_string_equal(names, "a");
	assert_int_equal(left, 4);
}

static void test_many(void **state)
{
	const Places *places = *state;
	g_autofree char *names = NULL;
	guint left = 0;

	for (int i = 0; i < 300; i++) {
		g_autofree char *name = g_strdup_printf("%03d", i);
		write_file(places, name, "", 0644);
	}
	names = take(places, &left);
	assert_int_equal(strlen(names), 256 * 4 - 1);
	assert_int_equal(left, 300 - 256);
}

static void test_nothing(void **state)
{
	const Places *places = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *names = NULL;
	guint left = 7;

	names = take(places, &left);
	assert_null(names);
	assert_int_equal(left, 0);
	left = 7;
	assert_false(kiln_takeout_files("/nonexistent", places->to, &left, &error));
	assert_int_equal(left, 7);
	assert_non_null(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_regular_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_traps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
