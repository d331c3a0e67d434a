/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judged by rpm's own elfdeps on libraries this test itself runs with. */
#include "check.h"
#include "base/process.h"
#include "lib/elf.h"
#include "model/capability.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

static int collect(struct dl_phdr_info *info, size_t size, void *data)
{
	/* what is loaded is often named by a link */
	char *path = info->dlpi_name ? realpath(info->dlpi_name, NULL) : NULL;

	if (path && strstr(path, ".so"))
		g_ptr_array_add(data, g_strdup(path));
	free(path);
	(void)size;
	return 0;
}

static GPtrArray *loaded_libraries(void)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

	dl_iterate_phdr(collect, paths);
	return paths;
}

static char *our_answer(const guint8 *data, gsize size)
{
	g_autoptr(GPtrArray) list = kiln_capability_list_new();
	GString *text = g_string_new(NULL);

	kiln_elf_add_provides(data, size, list);
	kiln_capability_normalize(list);
	for (guint i = 0; i < list->len; i++) {
		const KilnCapability *capability = list->pdata[i];
		assert_int_equal(capability->sense, KILN_SENSE_ANY);
		g_string_append_printf(text, "%s\n", capability->name);
	}
	return g_string_free(text, FALSE);
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *answer_of_elfdeps(const char *path)
{
	g_autofree char *input = g_strconcat(path, "\n", NULL);
	const char *where[] = {"rpm", "--eval", "%{_rpmconfigdir}/elfdeps", NULL};
	const char *argv[] = {NULL, "--provides", "--no-fake-soname", NULL};
	g_autofree char *program = NULL, *output = NULL;
	g_auto(GStrv) lines = NULL;
	GString *text = g_string_new(NULL);
	GError *error = NULL;

	assert_true(kiln_process_check(&(KilnProcess){.argv = where}, &program, &error));
	argv[0] = g_strstrip(program);
	assert_true(
		kiln_process_check(&(KilnProcess){.argv = argv, .input = input}, &output, &error));
	assert_no_error(error);
	lines = g_strsplit(output, "\n", -1);
	qsort(lines, g_strv_length(lines), sizeof(*lines), compare_texts);
	for (guint i = 0; lines[i]; i++) {
		if (*lines[i] && (i == 0 || strcmp(lines[i], lines[i - 1]) != 0))
			g_string_append_printf(text, "%s\n", lines[i]);
	}
	return g_string_free(text, FALSE);
}

static void test_answers_as_elfdeps_does(void **state)
{
	g_autoptr(GPtrArray) paths = loaded_libraries();
	gboolean saw_versions = FALSE;

	(void)state;
	assert_true(paths->len > 3);
	for (guint i = 0; i < paths->len; i++) {
		gsize size = 0;
		g_autofree char *data = kiln_fs_read(paths->pdata[i], 1 << 28, &size, NULL);
		g_autofree char *ours = NULL, *theirs = NULL;
		assert_non_null(data);
		assert_true(kiln_elf_is_elf64((guint8 *)data, size));
		ours = our_answer((guint8 *)data, size);
		theirs = answer_of_elfdeps(paths->pdata[i]);
		assert_string_equal(ours, theirs);
		saw_versions |= strstr(ours, "libc.so.6(GLIBC_2.34)(64bit)\n") != NULL;
	}
	assert_true(saw_versions);
}

static void test_what_is_no_library_offers_nothing(void **state)
{
	static const char *const texts[] = {"", "\177ELF", "\177ELF\002", "#!/bin/sh\n",
		"\177ELF\001\001\001\0\0\0\0\0\0\0\0\0\0\0",
		"\177ELF\002\001\001aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *answer = our_answer((const guint8 *)texts[i], strlen(texts[i]));
		assert_string_equal(answer, "");
	}
	assert_false(kiln_elf_is_elf64((const guint8 *)"\177ELF\001aaaaaaaaaaaaaaaaaaa", 20));
	assert_false(kiln_elf_is_elf64(NULL, 0));
}

/* Damage must neither crash nor hang; sanitizers and the clock judge. */
static void test_damaged_libraries(void **state)
{
	g_autoptr(GPtrArray) paths = loaded_libraries();
	g_autofree char *data = NULL;
	gsize size = 0;
	guint32 seed = 1;

	(void)state;
	data = kiln_fs_read(paths->pdata[0], 1 << 28, &size, NULL);
	assert_non_null(data);
	for (gsize length = size; length > 64; length -= MAX(1, size / 97)) {
		g_autofree guint8 *cut = g_memdup2(data, length);
		g_autofree char *answer = NULL;
		/* some bytes of the headers at both ends, too */
		for (guint i = 0; i < 4 && length != size; i++) {
			seed = seed * 1664525 + 1013904223;
			cut[16 + (seed >> 8) % 48] ^= seed >> 24;
		}
		answer = our_answer(cut, length);
		assert_true(*answer == '\0' || strstr(answer, ".so"));
		if (length <= MAX(1, size / 97))
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_as_elfdeps_does),
		cmocka_unit_test(test_what_is_no_library_offers_nothing),
		cmocka_unit_test(test_damaged_libraries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
