/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversion of real .deb files; what came out is judged by the rpm program and read by libarchive.
 */
#include "check.h"
#include "base/digest.h"
#include "base/process.h"
#include "deb_fixture.h"
#include "engine/deb_convert.h"
#include "engine/deb_provides.h"
#include "lib/deb.h"

#define DIRECTORY (S_IFDIR | 0755)
#define FILE_ (S_IFREG | 0644)
#define PROGRAM (S_IFREG | 0755)

static const char control[] =
	"Package: demo\nVersion: 1:2.0-3+b1\nArchitecture: amd64\nMaintainer: A <a@b>\n"
	"Source: demo-src (2.0-3)\nPriority: required\nSection: utils\nHomepage: http://x/\n"
	"Pre-Depends: libc6 (>= 2.38)\nDepends: a | b (>= 1), c:any\nProvides: v, w (= 1)\n"
	"Breaks: old (<< 2)\nConflicts: rival\nReplaces: rival\n"
	"Description: short text\n long text\n .\n more\n";

static const DebFile payload[] = {
	{.path = "./", .mode = DIRECTORY},
	{.path = "./bin/", .mode = DIRECTORY},
	{.path = "./bin/tool", .mode = S_IFREG | 04755, .data = "#!/bin/sh\n"},
	{.path = "./etc/", .mode = DIRECTORY},
	{.path = "./etc/demo.conf", .mode = FILE_, .data = "x=1\n"},
	{.path = "./etc/empty.d/", .mode = DIRECTORY},
	{.path = "./usr/bin/", .mode = DIRECTORY},
	{.path = "./usr/bin/zz", .mode = PROGRAM, .data = "linked content"},
	{.path = "./usr/bin/aa", .mode = PROGRAM, .hard_link = "./usr/bin/zz"},
	{.path = "./usr/bin/mm", .mode = PROGRAM, .hard_link = "./usr/bin/zz"},
	{.path = "./usr/bin/ln", .mode = S_IFLNK | 0777, .target = "tool"},
	{.path = "./usr/bin/[", .mode = PROGRAM, .data = "bracket"},
	{.path = "./usr/share/doc/demo/", .mode = DIRECTORY},
	{.path = "./usr/share/doc/demo/copyright", .mode = FILE_, .data = "licence"},
	{.path = "./usr/share/doc/demo/README", .mode = FILE_, .data = "read me"},
	{.path = "./usr/share/locale/de/LC_MESSAGES/demo.mo", .mode = FILE_, .data = "mo"},
	{.path = "./usr/share/zero", .mode = FILE_},
	{.path = "./usr/lib/x86_64-linux-gnu/pkgconfig/demo.pc",
		.mode = FILE_,
		.data = "Version: 7\n"},
	{.path = "./var/spool/", .mode = S_IFDIR | 02775, .group = "mail"},
	{.path = "./var/spool/x", .mode = FILE_, .data = "x"},
	{0},
};

static const char import_text[] =
	"[import]\npython=3.13\n[packages]\na=demo\n[package demo]\n"
	"link=/usr/bin/alias tool\ncopy=/etc/demo.conf /etc/copy.conf\n"
	"bundle=/usr/share/doc/demo/* /usr/share/all\ndirectory=/srv/demo 1777\n"
	"drop=/usr/share/zero\nconfig=/etc/copy.conf\nprovides=/opt/x\nrequires=extra\n";

static const char no_recipe[] = "[import]\npython=3.13\n[packages]\na=demo\n";

typedef struct {
	char *directory, *deb, *rpm, *setup;
} Fixture;

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);
	g_autofree char *tree = NULL, *file = NULL;

	fixture->directory = g_dir_make_tmp("kiln-test-XXXXXX", NULL);
	fixture->deb = g_build_filename(fixture->directory, "demo.deb", NULL);
	fixture->rpm = g_build_filename(fixture->directory, "demo.rpm", NULL);
	fixture->setup = g_build_filename(fixture->directory, "setup", NULL);
	tree = g_build_filename(fixture->setup, "demo", "etc", NULL);
	file = g_build_filename(tree, "added", NULL);
	*state = fixture;
	return kiln_fs_make_directory(tree, NULL) && kiln_fs_replace_text(file, "added\n", NULL)
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	kiln_fs_remove_tree(fixture->directory, NULL);
	g_free(fixture->directory);
	g_free(fixture->deb);
	g_free(fixture->rpm);
	g_free(fixture->setup);
	g_free(fixture);
	return 0;
}

static gboolean convert_as(
	const Fixture *fixture, const char *name, const char *import, GError **error)
{
	g_autoptr(KilnImportConf) conf =
		kiln_import_conf_parse(import, "[names]\ndemo=demo-el\n", NULL);
	g_autofree char *sha256 = kiln_digest_of_file(fixture->deb, NULL, NULL);
	g_autofree char *key =
		kiln_deb_convert_key(conf, fixture->setup, name, sha256 ? sha256 : "", NULL);
	KilnDebConvert options = {.deb_path = fixture->deb,
		.sha256 = sha256,
		.key = key,
		.conf = conf,
		.setup_directory = fixture->setup,
		.output_path = fixture->rpm};

	assert_non_null(conf);
	return kiln_deb_convert(&options, error);
}

static gboolean convert(const Fixture *fixture, const char *import, GError **error)
{
	return convert_as(fixture, "demo", import, error);
}

static void convert_demo(const Fixture *fixture)
{
	GError *error = NULL;

	deb_write(fixture->deb, control, "/etc/demo.conf\nremove-on-upgrade /etc/old\n", payload);
	assert_true(convert(fixture, import_text, &error));
	assert_no_error(error);
}

static char *ask_rpm(const Fixture *fixture, const char *option, const char *format)
{
	const char *argv[] = {
		"rpm", option, format ? "--qf" : fixture->rpm, format, fixture->rpm, NULL};
	KilnProcess process = {.argv = argv};
	char *output = NULL;
	GError *error = NULL;

	if (!format)
		argv[3] = NULL;
	assert_true(kiln_process_check(&process, &output, &error));
	assert_no_error(error);
	return output;
}

static void assert_answer(const Fixture *fixture, const char *format, const char *expected)
{
	g_autofree char *answer = ask_rpm(fixture, "-qp", format);

	assert_string_equal(answer, expected);
}

static void test_rpm_finds_the_digests_good(void **state)
{
	g_autofree char *answer = NULL;

	convert_demo(*state);
	answer = ask_rpm(*state, "-K", NULL);
	assert_non_null(strstr(answer, "digests OK"));
}

static void test_identity_and_texts(void **state)
{
	convert_demo(*state);
	assert_answer(*state, "%{nevra} %{arch} %{sourcerpm}\\n",
		"demo-1:2.0-3+b1.x86_64 x86_64 demo-src-2.0-3.src.rpm\n");
	assert_answer(*state, "%{summary}|%{description}|%{group}|%{url}|%{buildtime}",
		"short text|long text\n\nmore|utils|http://x/|1700000000");
}

static void test_relations(void **state)
{
	convert_demo(*state);
	assert_answer(*state, "[%{requireflags:deptype} %{requirenevrs}\\n]",
		"manual (a or b >= 1)\nmanual c\nmanual extra\nprereq group(mail)\nmanual libc6 >= "
		"2.38\n"
		"rpmlib rpmlib(CompressedFileNames) <= 3.0.4-1\nrpmlib rpmlib(FileDigests) <= "
		"4.6.0-1\n"
		"rpmlib rpmlib(PayloadFilesHavePrefix) <= 4.0-1\nrpmlib rpmlib(PayloadIsZstd) <= "
		"5.4.18-1\n"
		"rpmlib rpmlib(RichDependencies) <= 4.12.0-1\n");
	assert_answer(*state, "[%{providenevrs}\\n]",
		"/bin/[\n/bin/aa\n/bin/alias\n/bin/ln\n/bin/mm\n/bin/tool\n/bin/zz\n/opt/x\ndemo = "
		"1:2.0-3+b1\n"
		"demo(x86-64) = 1:2.0-3+b1\ndemo-el = 1:2.0-3+b1\ndemo-el(x86-64) = 1:2.0-3+b1\n"
		"pkgconfig(demo) = 7\nv\nw = 1\n");
	assert_answer(*state, "[%{conflictnevrs}\\n]", "rival\n");
	assert_answer(*state, "[%{obsoletenevrs}\\n]", "");
}

/* EL's name of a Python library, with the version and the architecture of the package. */
static void test_dots_of_python_libraries(void **state)
{
	static const struct {
		const char *name, *dashed;
	} cases[] = {
		{"python3-oslo.config", "python3-oslo-config"},
		{"python3-a.b.c", "python3-a-b-c"},
		{"python3-six", NULL},
		{"python3.13-minimal", NULL},
		{"libpython3.13-stdlib", NULL},
	};
	const Fixture *fixture = *state;
	g_autofree char *text = NULL, *provides = NULL;
	GError *error = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *dashed = kiln_deb_provides_dashed(cases[i].name);
		assert_int_equal(g_strcmp0(dashed, cases[i].dashed), 0);
	}
	text = g_strconcat("Package: python3-de.mo\n", strchr(control, '\n') + 1, NULL);
	deb_write(fixture->deb, text, "", payload);
	assert_true(convert_as(fixture, "python3-de.mo", no_recipe, &error));
	assert_no_error(error);
	provides = ask_rpm(fixture, "-qp", "[%{providenevrs}\n]");
	assert_non_null(strstr(provides, "python3-de.mo = 1:2.0-3+b1\n"));
	assert_non_null(strstr(provides, "python3-de-mo = 1:2.0-3+b1\n"));
	assert_non_null(strstr(provides, "python3-de-mo(x86-64) = 1:2.0-3+b1\n"));
}

static void test_files(void **state)
{
	convert_demo(*state);
	assert_answer(*state,
		"[%{filenames} %{filemodes:perms} %{filegroupname} %{fileflags:fflags} "
		"%{filelinktos} %{filelangs}\\n]",
		"/etc/added -rw-r--r-- root   \n"
		"/etc/copy.conf -rw-r--r-- root cn  \n"
		"/etc/demo.conf -rw-r--r-- root cn  \n"
		"/etc/empty.d drwxr-xr-x root   \n"
		"/srv/demo drwxrwxrwt root   \n"
		"/usr/bin/[ -rwxr-xr-x root   \n"
		"/usr/bin/aa -rwxr-xr-x root   \n"
		"/usr/bin/alias lrwxrwxrwx root  tool \n"
		"/usr/bin/ln lrwxrwxrwx root  tool \n"
		"/usr/bin/mm -rwxr-xr-x root   \n"
		"/usr/bin/tool -rwsr-xr-x root   \n"
		"/usr/bin/zz -rwxr-xr-x root   \n"
		"/usr/lib/x86_64-linux-gnu/pkgconfig/demo.pc -rw-r--r-- root   \n"
		"/usr/share/all -rw-r--r-- root   \n"
		"/usr/share/doc/demo/README -rw-r--r-- root d  \n"
		"/usr/share/doc/demo/copyright -rw-r--r-- root l  \n"
		"/usr/share/locale/de/LC_MESSAGES/demo.mo -rw-r--r-- root   de\n"
		"/var/spool drwxrwsr-x mail   \n"
		"/var/spool/x -rw-r--r-- root   \n");
}

/* The cpio as an independent reader sees it. */
static void test_payload(void **state)
{
	const Fixture *fixture = *state;
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	g_autoptr(GString) order = g_string_new(NULL);

	convert_demo(fixture);
	archive_read_support_filter_all(archive);
	archive_read_support_format_cpio(archive);
	assert_int_equal(archive_read_open_filename(archive, fixture->rpm, 65536), ARCHIVE_OK);
	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
		const char *path = archive_entry_pathname(entry);
		char data[64] = "";
		if (archive_entry_nlink(entry) > 1)
			g_string_append_printf(
				order, "%s:%d ", path, (int)archive_entry_size(entry));
		assert_true(archive_read_data(archive, data, sizeof(data) - 1) >= 0);
		if (strcmp(path, "./usr/share/all") == 0)
			assert_string_equal(data, "read me\nlicence\n");
		if (strcmp(path, "./usr/bin/zz") == 0)
			assert_string_equal(data, "linked content");
	}
	archive_read_free(archive);
	/* hard links follow one another, data with the last */
	assert_string_equal(order->str, "./usr/bin/aa:0 ./usr/bin/mm:0 ./usr/bin/zz:14 ");
}

static void test_same_input_gives_same_bytes(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *first = NULL, *second = NULL;

	convert_demo(fixture);
	first = kiln_digest_of_file(fixture->rpm, NULL, NULL);
	convert_demo(fixture);
	second = kiln_digest_of_file(fixture->rpm, NULL, NULL);
	assert_string_equal(first, second);
}

static char *key_of(
	const Fixture *fixture, const char *import, const char *name, const char *sha256)
{
	g_autoptr(KilnImportConf) conf = kiln_import_conf_parse(import, "[names]\n", NULL);
	GError *error = NULL;
	char *key = kiln_deb_convert_key(conf, fixture->setup, name, sha256, &error);

	assert_no_error(error);
	return key;
}

static void test_key_names_every_input(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *added = g_build_filename(fixture->setup, "demo", "etc", "added", NULL);
	g_autofree char *key = key_of(fixture, import_text, "demo", "1");
	g_autofree char *again = key_of(fixture, import_text, "demo", "1");
	g_autofree char *other_deb = key_of(fixture, import_text, "demo", "2");
	g_autofree char *other_recipe = key_of(fixture, no_recipe, "demo", "1");
	g_autofree char *unrelated = key_of(fixture, import_text, "sed", "1");
	g_autofree char *unrelated_again = key_of(fixture, no_recipe, "sed", "1");
	g_autofree char *other_tree = NULL;

	assert_true(kiln_fs_replace_text(added, "changed\n", NULL));
	other_tree = key_of(fixture, import_text, "demo", "1");
	assert_string_equal(key, again);
	assert_string_not_equal(key, other_deb);
	assert_string_not_equal(key, other_recipe);
	assert_string_not_equal(key, other_tree);
	assert_string_equal(unrelated, unrelated_again);
}

static const struct {
	const char *control;
	DebFile file;
	const char *message;
} bad[] = {
	{NULL, {0}, "not a Debian package"},
	{"Package: x\n", {0}, "no Version"},
	{"Version: 1\n", {0}, "no Package"},
	{"Package: x\nVersion: 1\n", {0}, "no Architecture"},
	{"Package: x\nVersion: 1\nArchitecture: arm64\n", {0}, "arm64"},
	{"Package: x\nVersion: 1 2\nArchitecture: all\n", {0}, "not a Debian version"},
	{"Package: x\nVersion: 1\nArchitecture: all\nDepends: a (\n", {0}, "Depends: \"a (\""},
	{"Package x\n", {0}, "line 1"},
	{"Package: x\n\nPackage: y\n", {0}, "control file"},
	{"Package: x\nVersion: 1\nArchitecture: all\n",
		{.path = "./../etc/passwd", .mode = FILE_, .data = "x"}, "cannot be kept"},
	{"Package: x\nVersion: 1\nArchitecture: all\n",
		{.path = "./a/../../b", .mode = FILE_, .data = "x"}, "cannot be kept"},
	{"Package: x\nVersion: 1\nArchitecture: all\n",
		{.path = "./dev/null", .mode = S_IFCHR | 0666}, "device node"},
	{"Package: x\nVersion: 1\nArchitecture: all\n", {.path = "./fifo", .mode = S_IFIFO | 0666},
		"device node"},
	{"Package: demo\nVersion: 1\nArchitecture: all\n",
		{.path = "./a", .mode = FILE_, .hard_link = "./b"}, "not there"},
};

static void test_bad_packages_are_refused(void **state)
{
	const Fixture *fixture = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		const DebFile files[] = {bad[i].file, {0}};
		GError *error = NULL;
		deb_write(fixture->deb, bad[i].control, NULL, files);
		assert_false(convert(fixture, no_recipe, &error));
		assert_error(error, KILN_ERROR_CONFIG, bad[i].message);
		assert_false(g_file_test(fixture->rpm, G_FILE_TEST_EXISTS));
	}
}

/* A recipe that names what the package lacks is stale and must not pass silently. */
static void test_stale_recipes_are_refused(void **state)
{
	static const char *const recipes[] = {"copy=/etc/gone /etc/x\n", "copy=/etc /etc/x\n",
		"copy=/usr/bin/ln /etc/x\n", "bundle=/gone/* /etc/x\n"};
	const Fixture *fixture = *state;

	deb_write(fixture->deb, control, NULL, payload);
	for (gsize i = 0; i < G_N_ELEMENTS(recipes); i++) {
		g_autofree char *import =
			g_strconcat("[import]\npython=3.13\n[packages]\na=demo\n[package demo]\n",
				recipes[i], NULL);
		GError *error = NULL;
		assert_false(convert(fixture, import, &error));
		assert_error(error, KILN_ERROR_CONFIG, "recipe");
	}
}

static void test_other_bytes_than_promised_are_refused(void **state)
{
	const Fixture *fixture = *state;
	g_autoptr(KilnImportConf) conf = kiln_import_conf_parse(import_text, "[names]\n", NULL);
	g_autofree char *sha256 = g_strnfill(64, '0');
	KilnDebConvert options = {.deb_path = fixture->deb,
		.sha256 = sha256,
		.conf = conf,
		.setup_directory = fixture->setup,
		.output_path = fixture->rpm};
	GError *error = NULL;

	deb_write(fixture->deb, control, NULL, payload);
	assert_false(kiln_deb_convert(&options, &error));
	assert_error(error, KILN_ERROR_VERIFY, "the package index says 000");
}

static void test_configuration_that_changes_meanwhile(void **state)
{
	const Fixture *fixture = *state;
	g_autoptr(KilnImportConf) conf = kiln_import_conf_parse(import_text, "[names]\n", NULL);
	g_autofree char *added = g_build_filename(fixture->setup, "demo", "etc", "late", NULL);
	g_autofree char *sha256 = NULL, *key = NULL;
	KilnDebConvert options = {.deb_path = fixture->deb,
		.conf = conf,
		.setup_directory = fixture->setup,
		.output_path = fixture->rpm};
	GError *error = NULL;

	deb_write(fixture->deb, control, NULL, payload);
	options.sha256 = sha256 = kiln_digest_of_file(fixture->deb, NULL, NULL);
	options.key = key = kiln_deb_convert_key(conf, fixture->setup, "demo", sha256, NULL);
	assert_true(kiln_fs_replace_text(added, "x", NULL));
	assert_false(kiln_deb_convert(&options, &error));
	assert_error(error, KILN_ERROR_CONFIG, "run it again");
	assert_false(g_file_test(fixture->rpm, G_FILE_TEST_EXISTS));
}

static void test_every_truncation_is_refused(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *whole = NULL;
	gsize size = 0;

	deb_write(fixture->deb, control, NULL, payload);
	whole = kiln_fs_read(fixture->deb, 1 << 20, &size, NULL);
	for (gsize length = 0; length + 8 < size; length += 61) {
		GError *error = NULL;
		assert_true(g_file_set_contents(fixture->deb, whole, length, NULL));
		assert_null(kiln_deb_open(fixture->deb, &error));
		assert_error(error, KILN_ERROR_CONFIG, "demo.deb");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rpm_finds_the_digests_good, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_identity_and_texts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_relations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_dots_of_python_libraries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_payload, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_same_input_gives_same_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_key_names_every_input, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_packages_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stale_recipes_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_other_bytes_than_promised_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_configuration_that_changes_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_every_truncation_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
