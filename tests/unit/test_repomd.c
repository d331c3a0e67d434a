/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpm_fixture.h"

#include "base/digest.h"
#include "base/error.h"
#include "lib/repomd.h"

#include <sys/stat.h>
#include <utime.h>

#define TIMESTAMP 1700000000
#define COUNT 5

typedef struct {
	char *directory;
	char *repository; /* with Packages/ */
	KilnRepomdPackage packages[COUNT];
	guint runs;
} Fixture;

static const FixturePackage sources[COUNT - 1] = {
	{.name = "beta",
		.evr_preamble = "Version: 10\nRelease: 1\n",
		.body = "Requires: alpha > 1, /bin/sh\nRecommends: gamma\n%description\nLess < "
			"more & \"x\"\n"},
	{.name = "alpha",
		.evr_preamble = "Epoch: 1\nVersion: 1.0\nRelease: 1\n",
		.body = "Provides: a(b) = 1\nConflicts: c\nObsoletes: d < 2\nSuggests: "
			"e\n%description\n\xc3\xa4\n"},
	{.name = "gamma",
		.evr_preamble = "Version: 9\nRelease: 1\n",
		.payload = "w9.xzdio",
		.body = "Supplements: f\nEnhances: g\n%description\n"},
	{.name = "delta", .evr_preamble = "Version: 1\nRelease: 1\n", .body = "%description\n"},
};

/* Moves the package into the repository, with the file time that createrepo_c shall see. */
static void place(Fixture *fixture, guint index, const char *path)
{
	g_autofree char *name = g_path_get_basename(path);
	char *location = g_strdup_printf("Packages/%c/%s", name[0], name);
	char *target = g_build_filename(fixture->repository, location, NULL);
	g_autofree char *directory = g_path_get_dirname(target);
	struct utimbuf times = {.actime = 1577923200, .modtime = 1577923200};

	assert_int_equal(g_mkdir_with_parents(directory, 0755), 0);
	assert_int_equal(g_rename(path, target), 0);
	assert_int_equal(utime(target, &times), 0);
	fixture->packages[index] = (KilnRepomdPackage){.location = location, .path = target};
}

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->directory = fixture_directory("repomd");
	fixture->repository = g_build_filename(fixture->directory, "repository", NULL);
	for (guint i = 0; i < COUNT - 1; i++) {
		g_autofree char *path = fixture_build(fixture->directory, &sources[i]);
		g_autofree char *out = g_path_get_dirname(path);

		place(fixture, i, path);
		if (i > 0)
			continue;
		g_autofree char *source = fixture_find(out, ".src.rpm");
		place(fixture, COUNT - 1, source);
	}
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	for (guint i = 0; i < COUNT; i++) {
		g_free((char *)fixture->packages[i].location);
		g_free((char *)fixture->packages[i].path);
	}
	fixture_remove(fixture->directory);
	g_free(fixture->directory);
	g_free(fixture->repository);
	g_free(fixture);
	return 0;
}

static KilnRepomdOptions options_for(Fixture *fixture, const char *directory)
{
	return (KilnRepomdOptions){.directory = directory,
		.packages = fixture->packages,
		.package_count = COUNT,
		.timestamp = TIMESTAMP};
}

static void write_repository(const KilnRepomdOptions *options)
{
	GError *error = NULL;

	kiln_repomd_write(options, &error);
	assert_no_error(error);
}

/* The name of the one file in DIRECTORY/repodata that ends in `suffix`. */
static char *metadata_file(const char *directory, const char *suffix)
{
	g_autofree char *repodata = g_build_filename(directory, "repodata", NULL);

	return fixture_find(repodata, suffix);
}

static char *unpacked(const char *path)
{
	const char *argv[] = {"zcat", path, NULL};

	return fixture_output(argv, NULL);
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The <package> elements of a metadata file, sorted. */
static GPtrArray *package_elements(const char *directory, const char *suffix)
{
	g_autofree char *path = metadata_file(directory, suffix);
	g_autofree char *xml = unpacked(path);
	GPtrArray *elements = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) parts = g_strsplit(xml, "<package ", -1);

	for (char **part = parts + 1; *part; part++) {
		char *end = strstr(*part, "</package>");

		assert_non_null(end);
		*end = '\0';
		g_ptr_array_add(elements, g_strdup(*part));
	}
	g_ptr_array_sort(elements, compare_texts);
	return elements;
}

/* The command of createrepo_c, on the same tree, says the same of every package. */
static void test_agrees_with_createrepo(void **state)
{
	static const char *const suffixes[] = {
		"primary.xml.gz", "filelists.xml.gz", "other.xml.gz"};
	Fixture *fixture = *state;
	g_autofree char *mine = g_build_filename(fixture->directory, "mine", NULL);
	g_autofree char *theirs = g_build_filename(fixture->directory, "theirs", NULL);
	const char *argv[] = {"createrepo_c", "--quiet", "--no-database", "--compatibility",
		"--changelog-limit=10", "-o", theirs, fixture->repository, NULL};
	KilnRepomdOptions options = options_for(fixture, mine);

	write_repository(&options);
	assert_int_equal(g_mkdir(theirs, 0755), 0);
	fixture_run(argv);
	for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autoptr(GPtrArray) one = package_elements(mine, suffixes[i]);
		g_autoptr(GPtrArray) two = package_elements(theirs, suffixes[i]);

		assert_int_equal(one->len, COUNT);
		assert_int_equal(two->len, COUNT);
		for (guint k = 0; k < COUNT; k++)
			assert_string_equal(g_ptr_array_index(one, k), g_ptr_array_index(two, k));
	}
}

static void assert_same_tree(const char *one, const char *two)
{
	const char *argv[] = {"diff", "-r", one, two, NULL};
	int status = -1;
	g_autofree char *text = fixture_output(argv, &status);

	if (status != 0)
		fail_msg("%s", text);
}

static const char groups[] =
	"<comps><group><id>g</id><name>G</name><packagelist><packagereq>alpha</packagereq>"
	"</packagelist></group></comps>\n";

static void offer_everything(KilnRepomdOptions *options, const char *comps)
{
	options->with_sqlite = TRUE;
	options->sqlite_compression = KILN_REPOMD_BZ2;
	options->with_zchunk = TRUE;
	options->comps = comps;
	options->comps_plain = options->comps_gz = TRUE;
}

/* Another order of packages, other file times and another place: the same bytes. */
static void test_repeats_itself(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *one = g_build_filename(fixture->directory, "same-1", NULL);
	g_autofree char *two = g_build_filename(fixture->directory, "same-2", NULL);
	g_autofree char *comps = g_build_filename(fixture->directory, "comps.xml", NULL);
	KilnRepomdOptions options = options_for(fixture, one);
	KilnRepomdPackage reversed[COUNT];

	assert_true(g_file_set_contents(comps, groups, -1, NULL));
	offer_everything(&options, comps);
	write_repository(&options);
	for (guint i = 0; i < COUNT; i++)
		reversed[i] = fixture->packages[COUNT - 1 - i];
	assert_int_equal(utime(reversed[0].path, NULL), 0);
	assert_int_equal(utime(comps, &(struct utimbuf){.modtime = 5, .actime = 5}), 0);
	options.packages = reversed;
	options.directory = two;
	write_repository(&options);
	assert_same_tree(one, two);
	assert_int_equal(utime(reversed[0].path, &(struct utimbuf){1577923200, 1577923200}), 0);
}

/* What the oldest client needs: names, gz, checksums, whole seconds, bz2 databases, groups. */
static void test_writes_what_old_clients_read(void **state)
{
	static const char *const types[] = {"primary", "filelists", "other", "primary_db",
		"filelists_db", "other_db", "group", "group_gz"};
	Fixture *fixture = *state;
	g_autofree char *path =
		g_build_filename(fixture->directory, "same-1/repodata/repomd.xml", NULL);
	g_autofree char *text = NULL;
	const char *at = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_non_null(strstr(text, "<revision>1700000000</revision>"));
	at = text;
	for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *record = g_strdup_printf("<data type=\"%s\">", types[i]);

		at = strstr(at, record); /* in this order */
		assert_non_null(at);
		assert_non_null(strstr(at, "<timestamp>1700000000</timestamp>"));
		assert_non_null(strstr(at, "<checksum type=\"sha256\">"));
		if (!g_str_equal(types[i], "group"))
			assert_non_null(strstr(at, "<open-checksum type=\"sha256\">"));
	}
	assert_non_null(strstr(text, "-primary.sqlite.bz2\""));
	assert_non_null(strstr(text, "-primary.xml.gz\""));
}

/* A reader of our own that is stricter than any client, also about the databases. */
static char *read_strictly(const char *directory)
{
	const char *argv[] = {"tests/fixtures/read-repodata", directory, NULL};
	int status = -1;
	char *text = fixture_output(argv, &status);

	if (status != 0)
		fail_msg("%s", text);
	return text;
}

static void expect_records(const char *directory, const char *expected)
{
	GError *error = NULL;
	g_autofree char *text = read_strictly(directory);

	assert_string_equal(text, expected);
	kiln_repomd_verify(directory, &error);
	assert_no_error(error);
}

static void test_every_form_is_sound(void **state)
{
	static const char *const suffixes[] = {"gz", "bz2", "xz", "none"};
	Fixture *fixture = *state;

	for (guint form = 0; form < G_N_ELEMENTS(suffixes); form++) {
		KilnRepomdOptions options = options_for(fixture, fixture->repository);
		const char *word = suffixes[form];
		g_autofree char *expected = g_strdup_printf(
			"primary %s\nfilelists %s\nother %s\nprimary_db %s\nfilelists_db %s\nother_db %s\n",
			word, word, word, word, word, word);
		const char *const words[] = {"zstd", word, "gz", NULL};

		assert_true(kiln_repomd_choose(words, &options.compression));
		options.with_sqlite = TRUE;
		options.sqlite_compression = options.compression;
		write_repository(&options);
		expect_records(fixture->repository, expected);
	}
}

static void test_chooses_what_it_can_write(void **state)
{
	static const char *const none[] = {NULL}, *const later[] = {"zstd", "zck", NULL};
	KilnRepomdCompression compression = KILN_REPOMD_XZ;

	(void)state;
	assert_false(kiln_repomd_choose(none, &compression));
	assert_false(kiln_repomd_choose(later, &compression));
	assert_int_equal(compression, KILN_REPOMD_XZ);
}

/* A package that provides so much that primary is worth fetching in pieces; the others stay small. */
static void test_offers_pieces_of_what_is_large(void **state)
{
	Fixture *fixture = *state;
	const FixturePackage source = {.name = "large",
		.evr_preamble = "Version: 1\nRelease: 1\n",
		.body = "Provides: %{lua:for i = 1, 4000 do print('capability(' .. i .. ') ') end}\n"
			"%description\n"};
	g_autofree char *built = fixture_build(fixture->directory, &source);
	g_autofree char *directory = g_build_filename(fixture->directory, "pieces", NULL);
	g_autofree char *path = g_build_filename(directory, "large.rpm", NULL);
	const KilnRepomdPackage packages[] = {{.location = "large.rpm", .path = path}};
	KilnRepomdOptions options = {.directory = directory,
		.packages = packages,
		.package_count = 1,
		.timestamp = TIMESTAMP,
		.with_zchunk = TRUE};

	assert_int_equal(g_mkdir_with_parents(directory, 0755), 0);
	assert_int_equal(g_rename(built, path), 0);
	write_repository(&options);
	expect_records(directory, "primary gz\nfilelists gz\nother gz\nprimary_zck zck\n");
	g_autofree char *piecewise = metadata_file(directory, "primary.xml.zck");
	g_autofree char *whole = metadata_file(directory, "primary.xml.gz");
	const char *unzck[] = {"unzck", "--stdout", piecewise, NULL};
	g_autofree char *one = fixture_output(unzck, NULL);
	g_autofree char *two = unpacked(whole);
	assert_string_equal(one, two);
}

/* Only what the clients of a target can use is offered. */
static void test_offers_groups_as_asked(void **state)
{
	static const char *const expected[] = {"", "group none\n", "group_gz gz\n",
		"group none\ngroup_gz gz\n"};
	Fixture *fixture = *state;
	g_autofree char *comps = g_build_filename(fixture->directory, "comps.xml", NULL);

	for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
		KilnRepomdOptions options = options_for(fixture, fixture->repository);
		g_autofree char *all =
			g_strconcat("primary gz\nfilelists gz\nother gz\n", expected[i], NULL);

		options.comps = comps;
		options.comps_plain = (i & 1) != 0;
		options.comps_gz = (i & 2) != 0;
		write_repository(&options);
		expect_records(fixture->repository, all);
	}
}

static void test_reads_itself_back(void **state)
{
	static const char *const nevras[COUNT] = {"alpha-1:1.0-1.noarch", "beta-10-1.noarch",
		"beta-10-1.src", "delta-1-1.noarch", "gamma-9-1.noarch"};
	Fixture *fixture = *state;
	g_autofree char *directory = g_build_filename(fixture->directory, "mine", NULL);
	GError *error = NULL;
	g_autoptr(GPtrArray) entries = kiln_repomd_read_packages(directory, &error);

	assert_no_error(error);
	assert_int_equal(entries->len, COUNT);
	for (guint i = 0; i < COUNT; i++) {
		const KilnRepomdEntry *entry = g_ptr_array_index(entries, i);
		g_autofree char *path =
			g_build_filename(fixture->repository, entry->location, NULL);
		guint64 size = 0;
		g_autofree char *digest = kiln_digest_of_file(path, &size, &error);

		assert_no_error(error);
		assert_string_equal(entry->nevra, nevras[i]);
		assert_string_equal(entry->sha256, digest);
		assert_int_equal(entry->size, size);
	}
	gint64 timestamp = 0;
	assert_true(kiln_repomd_read_timestamp(directory, &timestamp, &error));
	assert_int_equal(timestamp, TIMESTAMP);
}

/* dnf takes the metadata, in every form offered, and finds what is in it. */
static void test_dnf_reads_it(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;

	for (int form = 0; form < 2; form++) {
		KilnRepomdOptions options = options_for(fixture, fixture->repository);
		g_autofree char *from =
			g_strdup_printf("--repofrompath=t,file://%s", fixture->repository);
		g_autofree char *root = g_strdup_printf("%s/root-%d", fixture->directory, form);
		g_autofree char *cache = g_strdup_printf("--setopt=cachedir=%s/cache", root);
		const char *argv[] = {"dnf", "-q", "-y", "--releasever=1",
			"--setopt=reposdir=/dev/null", "--installroot", root, cache, from,
			"--repo=t", "repoquery", "--whatprovides", "a(b)", "--qf",
			"%{name}-%{epoch}:%{version} %{buildtime} %{size}", NULL};

		options.compression = form == 0 ? KILN_REPOMD_GZ : KILN_REPOMD_XZ;
		write_repository(&options);
		assert_true(kiln_repomd_verify(fixture->repository, &error));
		assert_no_error(error);
		g_autofree char *text = fixture_output(argv, NULL);
		assert_non_null(strstr(text, "alpha-1:1.0 2020-01-02 00:00"));
	}
}

/* A new write replaces the old metadata as one directory and leaves nothing else behind. */
static void test_replaces_whole(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *directory = g_build_filename(fixture->directory, "replace", NULL);
	g_autofree char *repodata = g_build_filename(directory, "repodata", NULL);
	KilnRepomdOptions options = options_for(fixture, directory);
	g_autofree char *leftover = g_build_filename(directory, ".repodata.abcdef", NULL);
	gint64 timestamp = 0;
	struct stat status;

	assert_int_equal(g_mkdir_with_parents(leftover, 0700), 0); /* of a Kiln that was killed */
	write_repository(&options);
	options.timestamp++;
	options.package_count = 1;
	write_repository(&options);
	g_auto(GStrv) beside = kiln_fs_list(directory, NULL);
	g_auto(GStrv) files = kiln_fs_list(repodata, NULL);
	assert_int_equal(g_strv_length(beside), 1);
	assert_int_equal(g_strv_length(files), 4);
	assert_true(kiln_repomd_read_timestamp(directory, &timestamp, NULL));
	assert_int_equal(timestamp, TIMESTAMP + 1);
	assert_int_equal(stat(repodata, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
}

static void test_lists_nothing(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *directory = g_build_filename(fixture->directory, "empty", NULL);
	KilnRepomdOptions options = {.directory = directory, .timestamp = 1};
	GError *error = NULL;

	write_repository(&options);
	g_autoptr(GPtrArray) entries = kiln_repomd_read_packages(directory, &error);
	assert_no_error(error);
	assert_int_equal(entries->len, 0);
}

static void expect_refusal(const KilnRepomdOptions *options, KilnErrorCode code, const char *text)
{
	GError *error = NULL;

	assert_false(kiln_repomd_write(options, &error));
	assert_non_null(error);
	if (!g_error_matches(error, KILN_ERROR, (int)code) || !strstr(error->message, text))
		fail_msg("%d: %s", error->code, error->message);
	g_error_free(error);
}

/* A failed write leaves the old metadata as it was, and no temporary directory. */
static void test_failed_write_changes_nothing(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *directory = g_build_filename(fixture->directory, "failing", NULL);
	g_autofree char *comps = g_build_filename(fixture->directory, "broken.xml", NULL);
	KilnRepomdPackage packages[2] = {fixture->packages[0], fixture->packages[1]};
	KilnRepomdOptions options = options_for(fixture, directory);
	GError *error = NULL;

	write_repository(&options);
	options.packages = packages;
	options.package_count = 2;
	packages[1].path = "/nonexistent/a.rpm";
	expect_refusal(&options, KILN_ERROR_NOT_FOUND, "/nonexistent/a.rpm");
	packages[1].path = "/etc/passwd";
	expect_refusal(&options, KILN_ERROR_VERIFY, "/etc/passwd");
	packages[1] = packages[0];
	expect_refusal(&options, KILN_ERROR_CONFIG, "two packages");
	static const char *const bad[] = {"../x.rpm", "/x.rpm", "a/../../x.rpm", "a b.rpm",
		"a<b.rpm", "", "a//b.rpm", "a%2f.rpm"};
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		packages[1].location = bad[i];
		expect_refusal(&options, KILN_ERROR_CONFIG, bad[i]);
	}
	assert_true(g_file_set_contents(comps, "<comps>\n<group>\n</comps>\n", -1, NULL));
	options.package_count = 1;
	options.comps = comps;
	expect_refusal(&options, KILN_ERROR_CONFIG, "broken.xml:4: ");
	assert_true(g_file_set_contents(comps, groups, -1, NULL));
	packages[0] = fixture->packages[2];
	expect_refusal(&options, KILN_ERROR_CONFIG,
		"broken.xml:1: the group \"g\" names the package \"alpha\", which the repository does not have");
	options.comps = NULL;
	options.index_max_bytes = 1000;
	expect_refusal(&options, KILN_ERROR_CONFIG, " bytes, clients of this target read 1000 at most");
	g_auto(GStrv) names = kiln_fs_list(directory, NULL);
	assert_int_equal(g_strv_length(names), 1);
	g_autoptr(GPtrArray) entries = kiln_repomd_read_packages(directory, &error);
	assert_no_error(error);
	assert_int_equal(entries->len, COUNT);
}

static void expect_damage_found(const char *directory, const char *text)
{
	GError *error = NULL;

	assert_false(kiln_repomd_verify(directory, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY));
	if (!strstr(error->message, text))
		fail_msg("%s", error->message);
	g_error_free(error);
}

static void append_byte(const char *path)
{
	g_autofree char *bytes = NULL;
	gsize size = 0;

	assert_true(g_file_get_contents(path, &bytes, &size, NULL));
	assert_true(g_file_set_contents(path, bytes, (gssize)size + 1, NULL));
}

/* Each file of the repository in turn damaged or gone: each found, by its name. */
static void test_finds_damage(void **state)
{
	Fixture *fixture = *state;
	static const char *const suffixes[] = {
		"primary.xml.xz", "filelists.xml.xz", "other.xml.xz"};
	g_autofree char *spare = g_build_filename(fixture->directory, "spare", NULL);
	const char *package = fixture->packages[2].path;

	for (guint i = 0; i <= G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *path = i < G_N_ELEMENTS(suffixes)
						? metadata_file(fixture->repository, suffixes[i])
						: g_strdup(package);
		g_autofree char *name = g_path_get_basename(path);
		const char *argv[] = {"cp", "-p", path, spare, NULL};

		fixture_run(argv);
		append_byte(path);
		expect_damage_found(fixture->repository, name);
		assert_int_equal(unlink(path), 0);
		GError *error = NULL;
		assert_false(kiln_repomd_verify(fixture->repository, &error));
		assert_non_null(strstr(error->message, name));
		g_error_free(error);
		assert_int_equal(g_rename(spare, path), 0);
	}
	assert_true(kiln_repomd_verify(fixture->repository, NULL));
}

/* Metadata that names files outside its directory, or is no XML, is refused. */
static void test_refuses_hostile_metadata(void **state)
{
	static const char *const texts[] = {
		"<repomd><data type=\"primary\"><location "
		"href=\"../../etc/passwd\"/></data></repomd>",
		"<repomd><data type=\"primary\"><location href=\"/etc/passwd\"/></data></repomd>",
		"<repomd><data type=\"primary\"><location href=\"repodata/x\"/></data></repomd>",
		"<repomd></repomd>",
		"<repomd>",
		"",
	};
	Fixture *fixture = *state;
	g_autofree char *path =
		g_build_filename(fixture->directory, "hostile/repodata/repomd.xml", NULL);
	g_autofree char *repodata = g_path_get_dirname(path);
	g_autofree char *directory = g_path_get_dirname(repodata);
	GError *error = NULL;

	assert_int_equal(g_mkdir_with_parents(repodata, 0755), 0);
	assert_null(kiln_repomd_read_packages(directory, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_NOT_FOUND));
	g_clear_error(&error);
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		assert_true(g_file_set_contents(path, texts[i], -1, NULL));
		assert_null(kiln_repomd_read_packages(directory, &error));
		assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY));
		g_clear_error(&error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees_with_createrepo),
		cmocka_unit_test(test_repeats_itself),
		cmocka_unit_test(test_writes_what_old_clients_read),
		cmocka_unit_test(test_every_form_is_sound),
		cmocka_unit_test(test_chooses_what_it_can_write),
		cmocka_unit_test(test_offers_pieces_of_what_is_large),
		cmocka_unit_test(test_offers_groups_as_asked),
		cmocka_unit_test(test_reads_itself_back),
		cmocka_unit_test(test_dnf_reads_it),
		cmocka_unit_test(test_replaces_whole),
		cmocka_unit_test(test_lists_nothing),
		cmocka_unit_test(test_failed_write_changes_nothing),
		cmocka_unit_test(test_finds_damage),
		cmocka_unit_test(test_refuses_hostile_metadata),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
