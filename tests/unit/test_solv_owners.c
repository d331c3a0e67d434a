/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has which files, and who goes with whom. What is found about whole repositories: tests/cases/solver. */
#include "solv_fixture.h"

#include "lib/solv_owners.h"

#define OWNERS_TAGS                                                                                \
	"=Pkg: lib 2 1 x86_64\n=Fls: /usr/bin/lib\n=Fls: /usr/share/lib/one\n"                     \
	"=Pkg: docs 1 1 noarch\n=Fls: /usr/share/lib/one\n=Con: lib\n"                             \
	"=Pkg: other 1 1 noarch\n=Fls: /usr/share/other/one\n"

/* "PATH NEVRA REPOSITORY" a line each of the owners of `paths`. */
static char *owners_of(KilnSolv *solv, const char *const *paths, const char *const *hidden)
{
	g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) owners = kiln_solv_owners_new();
	GString *text = g_string_new(NULL);
	GError *error = NULL;

	for (; *paths != NULL; paths++)
		g_hash_table_add(wanted, (gpointer)*paths);
	kiln_solv_find_owners(solv, wanted, hidden, owners, &error);
	assert_no_error(error);
	for (guint i = 0; i < owners->len; i++) {
		const KilnSolvOwner *owner = g_ptr_array_index(owners, i);
		g_string_append_printf(text, "%s %s %s\n", owner->path, owner->nevra,
			owner->package->repository);
	}
	return g_string_free(text, FALSE);
}

static void assert_owners(KilnSolv *solv, const char *const *paths, const char *const *hidden,
	const char *expected)
{
	g_autofree char *text = owners_of(solv, paths, hidden);

	assert_string_equal(text, expected);
}

static KilnSolv *open_owners(const Place *place)
{
	rpmmd_create(place->repository, OWNERS_TAGS, "gzip");
	return open_place(place);
}

static void test_owners(void **state)
{
	g_autoptr(KilnSolv) solv = open_owners(*state);
	const char *const in_primary[] = {"/usr/bin/lib", NULL};
	const char *const in_lists[] = {"/usr/share/lib/one", "/usr/share/lib", "/usr/bin/li", NULL};
	const char *const hidden[] = {"base", NULL};

	assert_owners(solv, in_primary, NULL, "/usr/bin/lib lib-2-1.x86_64 base\n");
	assert_owners(solv, in_lists, NULL,
		"/usr/share/lib/one docs-1-1.noarch base\n"
		"/usr/share/lib/one lib-2-1.x86_64 base\n");
	assert_owners(solv, in_lists, hidden, "");
}

/* Once from the XML, once from the cache. */
static void test_owners_from_cache(void **state)
{
	const char *const paths[] = {"/usr/share/other/one", NULL};

	for (int i = 0; i < 2; i++) {
		g_autoptr(KilnSolv) solv = i == 0 ? open_owners(*state) : open_place(*state);
		assert_owners(solv, paths, NULL, "/usr/share/other/one other-1-1.noarch base\n");
	}
}

static void test_broken_file_lists(void **state)
{
	g_autoptr(KilnSolv) solv = open_owners(*state);
	g_autofree char *path = in_repository(*state, "filelists.xml.gz");
	g_autoptr(GHashTable) paths = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) owners = kiln_solv_owners_new();
	GError *error = NULL;

	change_file(path, "broken");
	g_hash_table_add(paths, (gpointer) "/usr/share/lib/one");
	assert_false(kiln_solv_find_owners(solv, paths, NULL, owners, &error));
	assert_error(error, KILN_ERROR_VERIFY, "does not match its checksum");
	assert_int_equal(owners->len, 0);
}

static gboolean together(KilnSolv *solv, const char *a, const char *b)
{
	const KilnSolvChoice choices[] = {{"base", a}, {"base", b}};
	gboolean answer = FALSE;
	GError *error = NULL;

	kiln_solv_go_together(solv, choices, 2, NULL, &answer, &error);
	assert_no_error(error);
	return answer;
}

static void test_together(void **state)
{
	g_autoptr(KilnSolv) solv = open_owners(*state);

	assert_true(together(solv, "lib-2-1.x86_64", "other-1-1.noarch"));
	assert_false(together(solv, "lib-2-1.x86_64", "docs-1-1.noarch"));
}

static void test_unknown_choice(void **state)
{
	g_autoptr(KilnSolv) solv = open_owners(*state);
	const KilnSolvChoice choices[] = {
		{"base", "lib-2-2.x86_64"}, {"elsewhere", "lib-2-1.x86_64"}, {"base", "gone-1-1.noarch"}};
	gboolean answer = FALSE;
	GError *error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
		assert_false(kiln_solv_go_together(solv, &choices[i], 1, NULL, &answer, &error));
		assert_error(error, KILN_ERROR_NOT_FOUND, i == 1 ? "\"elsewhere\"" : choices[i].package);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(test_owners),
		case_of(test_owners_from_cache),
		case_of(test_broken_file_lists),
		case_of(test_together),
		case_of(test_unknown_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
