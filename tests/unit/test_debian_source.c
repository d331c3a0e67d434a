/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apt itself, with a small archive of source packages on the disk. */
#include "check.h"

#include "base/digest.h"
#include "base/process.h"
#include "engine/apt.h"
#include "engine/debian_source.h"
#include "lib/content_cache.h"

#include <glib/gstdio.h>

typedef struct {
	char *directory;
	char *apt_config;
	char *cache;
} Archive;

static char *in(const Archive *archive, const char *name)
{
	return g_build_filename(archive->directory, name, NULL);
}

static void add_file(const Archive *archive, const char *name, const char *text)
{
	g_autofree char *path = in(archive, name);

	assert_true(kiln_fs_replace_text(path, text, NULL));
}

static void add_row(GString *rows, const char *name, const char *text, GChecksumType type)
{
	g_autofree char *digest = g_compute_checksum_for_string(type, text, -1);

	g_string_append_printf(rows, " %s %zu %s\n", digest, strlen(text), name);
}

/* Source package hello 1:1.0-2: tarball and dsc are in the pool, the third file is only promised.
 */
static void add_sources(const Archive *archive)
{
	static const char *const files[][2] = {{"hello_1.0.orig.tar.gz", "upstream's bytes"},
		{"hello_1.0-2.dsc", "description"}, {"hello_1.0-2.debian.tar.xz", "packaging"}};
	g_autoptr(GString) text =
		g_string_new("Package: hello\nBinary: hello\nVersion: 1:1.0-2\n"
			     "Maintainer: Nobody <nobody@example.invalid>\n"
			     "Architecture: any\nFormat: 3.0 (quilt)\nDirectory: .\n"
			     "Files:\n");

	for (guint i = 0; i < G_N_ELEMENTS(files); i++)
		add_row(text, files[i][0], files[i][1], G_CHECKSUM_MD5);
	g_string_append(text, "Checksums-Sha256:\n");
	for (guint i = 0; i < G_N_ELEMENTS(files); i++)
		add_row(text, files[i][0], files[i][1], G_CHECKSUM_SHA256);
	add_file(archive, "repo/Sources", text->str);
	add_file(archive, "repo/hello_1.0.orig.tar.gz", files[0][1]);
	add_file(archive, "repo/hello_1.0-2.dsc", files[1][1]);
}

static void configure_apt(Archive *archive)
{
	g_autofree char *list =
		g_strdup_printf("deb-src [trusted=yes] file:%s/repo ./\n", archive->directory);
	g_autofree char *text =
		g_strdup_printf("Dir \"%1$s\";\n"
				"Dir::State \"%1$s/state\";\n"
				"Dir::State::status \"%1$s/status\";\n"
				"Dir::Cache \"%1$s/cache\";\n"
				"Dir::Etc::main \"none\";\nDir::Etc::parts \"none\";\n"
				"Dir::Etc::sourcelist \"%1$s/sources.list\";\n"
				"Dir::Etc::sourceparts \"none\";\n"
				"APT::Architecture \"amd64\";\n"
				"APT::Sandbox::User \"root\";\n",
			archive->directory);

	add_file(archive, "sources.list", list);
	add_file(archive, "status", "");
	add_file(archive, "apt.conf", text);
	archive->apt_config = in(archive, "apt.conf");
}

static void update_apt(const Archive *archive)
{
	const char *const argv[] = {"apt-get", "update", NULL};
	g_auto(GStrv) environment = kiln_apt_environment(archive->apt_config);
	const KilnProcess process = {.argv = argv, .environment = (const char *const *)environment};
	g_autofree char *output = NULL;
	g_autoptr(GError) error = NULL;

	kiln_process_check(&process, &output, &error);
	assert_no_error(error);
}

static int setup(void **state)
{
	static const char *const directories[] = {
		"repo", "state/lists/partial", "cache/archives/partial"};
	g_autofree char *apt = g_find_program_in_path("apt-get");
	Archive *archive = g_new0(Archive, 1);

	*state = archive;
	archive->directory = g_dir_make_tmp("kiln-debian-XXXXXX", NULL);
	archive->cache = in(archive, "sources");
	for (guint i = 0; i < G_N_ELEMENTS(directories); i++) {
		g_autofree char *path = in(archive, directories[i]);

		assert_true(kiln_fs_make_directory(path, NULL));
	}
	if (apt == NULL)
		return 0;
	configure_apt(archive);
	add_sources(archive);
	update_apt(archive);
	return 0;
}

static int teardown(void **state)
{
	Archive *archive = *state;

	kiln_fs_remove_tree(archive->directory, NULL);
	g_free(archive->directory);
	g_free(archive->apt_config);
	g_free(archive->cache);
	g_free(archive);
	return 0;
}

/* Hosts without apt have no debian-source: origins either. */
static void need_apt(const Archive *archive)
{
	if (archive->apt_config != NULL)
		return;
	print_message("apt-get is missing\n");
	skip();
}

static char *fetch(
	const Archive *archive, const char *text, const char *sha256, guint64 size, GError **error)
{
	g_autoptr(KilnOrigin) origin = kiln_origin_parse(text, NULL);

	assert_non_null(origin);
	return kiln_debian_source_fetch(
		origin, archive->apt_config, archive->cache, sha256, size, error);
}

static void assert_nothing_partial(const Archive *archive)
{
	g_autofree char *path = g_build_filename(archive->cache, "partial", NULL);
	g_auto(GStrv) names = kiln_fs_list(path, NULL);

	assert_non_null(names);
	if (names[0] != NULL)
		fail_msg("\"%s\" is left", names[0]);
}

static void test_delivers_what_is_locked(void **state)
{
	const Archive *archive = *state;

	need_apt(archive);

	g_autofree char *sha256 = kiln_digest_of_bytes("upstream's bytes", 16);
	g_autofree char *description = kiln_digest_of_bytes("description", 11);
	g_autoptr(GError) error = NULL;
	g_autofree char *known = fetch(
		archive, "debian-source:hello=1:1.0-2/hello_1.0.orig.tar.gz", sha256, 16, &error);
	g_autofree char *path = kiln_content_cache_path(archive->cache, sha256);
	g_autofree char *unknown = NULL, *bytes = NULL;

	assert_no_error(error);
	assert_string_equal(known, sha256);
	bytes = kiln_fs_read(path, 100, NULL, NULL);
	assert_string_equal(bytes, "upstream's bytes");
	unknown = fetch(archive, "debian-source:hello=1:1.0-2/hello_1.0-2.dsc", NULL, 0, &error);
	assert_no_error(error);
	assert_string_equal(unknown, description);
	assert_nothing_partial(archive);
}

static void test_refuses_other_bytes(void **state)
{
	const Archive *archive = *state;

	need_apt(archive);

	g_autofree char *sha256 = kiln_digest_of_bytes("other bytes here", 16);
	g_autofree char *real = kiln_digest_of_bytes("upstream's bytes", 16);
	g_autofree char *locked = kiln_content_cache_path(archive->cache, sha256);
	const char *origin = "debian-source:hello=1:1.0-2/hello_1.0.orig.tar.gz";
	g_autoptr(GError) error = NULL;

	assert_null(fetch(archive, origin, sha256, 16, &error));
	assert_error(error, KILN_ERROR_VERIFY, ", expected is ");
	assert_false(g_file_test(locked, G_FILE_TEST_EXISTS));
	assert_null(fetch(archive, origin, real, 15, &error));
	assert_error(error, KILN_ERROR_VERIFY, "larger than 15 bytes");
	assert_null(fetch(archive, origin, real, 17, &error));
	assert_error(error, KILN_ERROR_VERIFY, "size is 16, expected is 17");
	assert_nothing_partial(archive);
}

static void test_says_what_apt_lacks(void **state)
{
	const Archive *archive = *state;

	need_apt(archive);

	g_autoptr(GError) error = NULL;

	assert_null(
		fetch(archive, "debian-source:hello=1:9-1/hello_9.orig.tar.gz", NULL, 0, &error));
	assert_error(error, KILN_ERROR_NETWORK, "1:9-1");
	assert_null(fetch(archive, "debian-source:absent=1/absent_1.orig.tar.gz", NULL, 0, &error));
	assert_error(error, KILN_ERROR_NETWORK, "absent");
	assert_null(
		fetch(archive, "debian-source:hello=1:1.0-2/hello_2.orig.tar.gz", NULL, 0, &error));
	assert_error(error, KILN_ERROR_NETWORK, "not among what apt has delivered");
	assert_null(fetch(
		archive, "debian-source:hello=1:1.0-2/hello_1.0-2.debian.tar.xz", NULL, 0, &error));
	assert_error(error, KILN_ERROR_NETWORK, "hello_1.0-2.debian.tar.xz");
	assert_nothing_partial(archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delivers_what_is_locked),
		cmocka_unit_test(test_refuses_other_bytes),
		cmocka_unit_test(test_says_what_apt_lacks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
