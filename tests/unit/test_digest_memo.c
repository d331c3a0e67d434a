/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "base/digest.h"
#include "engine/digest_memo.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE (100 * 1024)

typedef struct {
	char *path, *notes;
} World;

static void world_init(World *world, const char *scratch)
{
	world->path = g_build_filename(scratch, "large", NULL);
	world->notes = g_build_filename(scratch, "digests", NULL);
	kiln_fs_remove_tree(world->notes, NULL);
}

static void world_clear(World *world)
{
	g_free(world->path);
	g_free(world->notes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, world_clear)

static void fill(const World *world, char letter)
{
	g_autofree char *data = g_malloc(SIZE);

	memset(data, letter, SIZE);
	assert_true(kiln_fs_replace(world->path, data, SIZE, 0644, NULL));
}

/* Checks that the digest told is that of the file's bytes. */
static void assert_right(const char *scratch, const World *world)
{
	g_autoptr(GError) error = NULL;
	guint64 size = 0;
	g_autofree char *told = kiln_digest_memo_of_file(scratch, world->path, &size, &error);
	g_autofree char *right = kiln_digest_of_file(world->path, NULL, NULL);

	assert_no_error(error);
	assert_string_equal(told, right);
	assert_int_equal(size, SIZE);
}

static char *only_note(const World *world)
{
	g_auto(GStrv) names = kiln_fs_list(world->notes, NULL);

	return names && names[0] && !names[1] ? g_build_filename(world->notes, names[0], NULL) : NULL;
}

/* The file's times cannot be set back (ctime), so the test waits until they are old enough. */
static void test_noted_once_settled(void **state)
{
	g_auto(World) world;
	g_autofree char *note = NULL, *text = NULL, *told = NULL, *forged = NULL;
	static const char other[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	world_init(&world, *state);
	fill(&world, 'a');
	assert_right(*state, &world);
	note = only_note(&world);
	assert_null(note);
	g_usleep(3100 * 1000);
	assert_right(*state, &world);
	note = only_note(&world);
	assert_non_null(note);

	/* That the note is what answers shows when it says something else. */
	text = kiln_fs_read(note, 4096, NULL, NULL);
	*strchr(text, '\n') = '\0';
	forged = g_strdup_printf("%s\n%s\n", text, other);
	assert_true(kiln_fs_replace_text(note, forged, NULL));
	told = kiln_digest_memo_of_file(*state, world.path, NULL, NULL);
	assert_string_equal(told, other);

	/* The same bytes but one in place, with the old time of modification: ctime tells. */
	struct stat before;
	assert_int_equal(stat(world.path, &before), 0);
	int fd = open(world.path, O_WRONLY);
	assert_int_equal(pwrite(fd, "b", 1, 0), 1);
	const struct timespec times[2] = {before.st_atim, before.st_mtim};
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	assert_right(*state, &world);
	fill(&world, 'c');
	assert_right(*state, &world);
	assert_true(kiln_fs_replace_text(note, "damaged", NULL));
	assert_right(*state, &world);
}

static void test_small_and_absent(void **state)
{
	g_auto(World) world;
	g_autoptr(GError) error = NULL;
	g_autofree char *told = NULL, *absent = NULL;

	world_init(&world, *state);
	assert_true(kiln_fs_replace_text(world.path, "small\n", NULL));
	told = kiln_digest_memo_of_file(*state, world.path, NULL, &error);
	assert_no_error(error);
	assert_non_null(told);
	assert_false(g_file_test(world.notes, G_FILE_TEST_EXISTS));
	absent = kiln_digest_memo_of_file(*state, "/nonexistent/x", NULL, &error);
	assert_null(absent);
	assert_error(error, KILN_ERROR_NOT_FOUND, "/nonexistent/x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_noted_once_settled),
		cmocka_unit_test(test_small_and_absent),
	};

	return cmocka_run_group_tests(tests, setup_scratch, teardown_scratch);
}
