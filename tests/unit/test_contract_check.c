/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contracts applied to what the tools really make; tests/e2e/contract.bats looks at many more cases. */
#include "rpm_fixture.h"

#include "engine/contract.h"
#include "format/contract_conf.h"
#include "lib/gpg.h"
#include "lib/repomd.h"
#include "lib/repomd_xml.h"
#include "lib/rpmheader.h"
#include "lib/rpmsign.h"

typedef struct {
	char *directory, *home, *key_path, *fingerprint;
	char *other_path; /* another key, which signed nothing */
	KilnGpg *gpg;
	KilnContract *el6;
} Fixture;

static KilnContract *read_contract(const char *name)
{
	GError *error = NULL;
	g_autofree char *path = g_strdup_printf("repo-config/contracts/%s.conf", name);
	g_autofree char *text = kiln_fs_read(path, 1 << 20, NULL, &error);
	KilnContract *contract;

	assert_no_error(error);
	contract = kiln_contract_parse(text, strlen(text), path, &error);
	assert_no_error(error);
	return contract;
}

/* A new key of the home, and the file of its public part. */
static char *make_key(const Fixture *fixture, const char *name, char **ret_fingerprint)
{
	g_autofree char *uid = g_strdup_printf("%s <%s@example.org>", name, name);
	KilnGpgKeyOptions options = {.uid = uid, .bits = 2048};
	char *path = g_build_filename(fixture->directory, name, NULL);
	GError *error = NULL;

	kiln_gpg_create_key(fixture->gpg, &options, ret_fingerprint, &error);
	assert_no_error(error);
	g_autofree char *key = kiln_gpg_export_public(fixture->gpg, *ret_fingerprint, &error);
	assert_no_error(error);
	kiln_fs_replace_text(path, key, &error);
	assert_no_error(error);
	return path;
}

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);
	g_autofree char *other = NULL;
	GError *error = NULL;

	fixture->directory = fixture_directory("contract");
	fixture->home = g_build_filename(fixture->directory, "keys", NULL);
	fixture->gpg = kiln_gpg_open(fixture->home, NULL, &error);
	assert_no_error(error);
	fixture->key_path = make_key(fixture, "key", &fixture->fingerprint);
	fixture->other_path = make_key(fixture, "other", &other);
	fixture->el6 = read_contract("el6");
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	kiln_gpg_free(fixture->gpg);
	kiln_contract_free(fixture->el6);
	fixture_remove(fixture->directory);
	g_free(fixture->directory);
	g_free(fixture->home);
	g_free(fixture->key_path);
	g_free(fixture->other_path);
	g_free(fixture->fingerprint);
	g_free(fixture);
	return 0;
}

/* The rules that a list tells of, in order, "a b"; warnings in brackets. */
static char *rules_of(const GPtrArray *violations)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < violations->len; i++) {
		const KilnViolation *violation = g_ptr_array_index(violations, i);
		g_string_append_printf(text, violation->is_warning ? "%s(%s)" : "%s%s", i ? " " : "", violation->rule);
	}
	return g_string_free(text, FALSE);
}

static void expect_rules(const GPtrArray *violations, const char *expected)
{
	g_autofree char *rules = rules_of(violations);
	g_autofree char *texts = kiln_violations_text(violations, FALSE);

	if (!g_str_equal(rules, expected))
		fail_msg("rules \"%s\", expected \"%s\":\n%s", rules, expected, texts);
}

static void expect_package(const Fixture *fixture, const char *path, const char *expected)
{
	g_autoptr(GPtrArray) violations = kiln_violations_new();
	GError *error = NULL;

	assert_true(kiln_contract_check_package(fixture->el6, path, violations, &error));
	assert_no_error(error);
	expect_rules(violations, expected);
}

/* Builds a package, signs it as Kiln does, and checks it. */
static void check_package(const Fixture *fixture, const FixturePackage *package, const char *expected)
{
	g_autofree char *path = fixture_build(fixture->directory, package);

	assert_true(kiln_rpmsign_package(fixture->gpg, fixture->fingerprint, path, path, NULL));
	expect_package(fixture, path, expected);
}

static void test_judges_packages(void **state)
{
	static const struct {
		FixturePackage package;
		const char *rules;
	} cases[] = {
		{{"good", "Version: 1\nRelease: 1\n", "Requires: a >= 1:2\nEpoch: 1\n%description\n", "w9.gzdio", NULL}, ""},
		{{"zstd", "Version: 1\nRelease: 1\n", "%description\n", "w3.zstdio", NULL}, "payload"},
		/* Found by both of its rules, told by the one that says more. */
		{{"rich", "Version: 1\nRelease: 1\n", "Requires: (a or b)\n%description\n", "w9.gzdio", NULL}, "dependencies"},
		{{"weak", "Version: 1\nRelease: 1\n", "Suggests: (a or b)\n%description\n", "w9.gzdio", NULL},
			"dependencies (weak-dependencies)"},
		/* As a newer rpm writes of its own accord. */
		{{"owned", "Version: 1\nRelease: 1\n", "Recommends: user(x)\nRecommends: group(x)\n%description\n", "w9.gzdio", NULL}, ""},
		/* Once for the version, not for each Provides that follows from it. */
		{{"tilde", "Version: 1~rc1\nRelease: 1\n", "%description\n", "w9.gzdio", NULL}, "versions"},
		{{"both", "Version: 1~a^b\nRelease: 1\n", "%description\n", "w9.gzdio", NULL}, "versions versions"},
		{{"needs", "Version: 1\nRelease: 1\n", "Conflicts: a < 2~rc1\n%description\n", "w9.gzdio", NULL}, "versions"},
		/* What another package has, what is older than this one, and what rpm 4.8 takes for a conflict with itself. */
		{{"others", "Version: 2\nRelease: 1\n",
			 "Provides: role = 2\nConflicts: rol\nConflicts: role < 2\nConflicts: others < 2-1\n%description\n",
			 "w9.gzdio", NULL},
			""},
		{{"itself", "Version: 2\nRelease: 1\n", "Provides: role\nConflicts: role < 2\n%description\n", "w9.gzdio",
			 NULL},
			"dependencies"},
		{{"itself2", "Version: 2\nRelease: 1\n", "Conflicts: itself2 >= 2\n%description\n", "w9.gzdio", NULL},
			"dependencies"},
		{{"several", "Version: 1\nRelease: 1\n", "Requires: (a or b)\nRecommends: c\n%description\n%post -p <lua>\n",
			 "w3.zstdio", NULL},
			"payload dependencies (weak-dependencies) scriptlets"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check_package(*state, &cases[i].package, cases[i].rules);
}

static void test_reads_scriptlets_and_digests(void **state)
{
	const Fixture *fixture = *state;
	const FixturePackage package = {"scripts", "Version: 1\nRelease: 1\n",
		"%description\n%pre\n:\n%post -p /sbin/ldconfig\n%posttrans -p <lua>\nreturn\n"
		"%triggerin -- bash\n:\n%transfiletriggerin -p <lua> -- /usr\n",
		"w9.gzdio", NULL};
	g_autofree char *path = fixture_build(fixture->directory, &package);
	GError *error = NULL;
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(path, &error);
	g_autoptr(GString) text = g_string_new(NULL);

	assert_no_error(error);
	for (guint i = 0; i < header->scriptlets->len; i++) {
		const KilnRpmScriptlet *scriptlet = g_ptr_array_index(header->scriptlets, i);
		g_string_append_printf(text, "%s %s %d%d\n", scriptlet->name, scriptlet->program, scriptlet->has_text,
			scriptlet->is_file_trigger);
	}
	assert_string_equal(text->str, "%pre /bin/sh 10\n%post /sbin/ldconfig 00\n%posttrans <lua> 10\n"
				       "%trigger /bin/sh 10\n%transfiletrigger <lua> 01\n");
	assert_string_equal(header->file_digest_algorithm, "sha256");
	assert_true(header->has_payload_digest);
}

static void test_judges_the_key_kiln_makes(void **state)
{
	static const char *const names[] = {"el6", "el7", "el8", "el9", "fedora"};
	const Fixture *fixture = *state;
	GError *error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(KilnContract) contract = read_contract(names[i]);
		g_autoptr(GPtrArray) violations = kiln_violations_new();
		assert_true(kiln_contract_check_key(contract, fixture->key_path, violations, &error));
		expect_rules(violations, "");
	}
}

static void test_cannot_judge_what_is_not_there_or_something_else(void **state)
{
	const Fixture *fixture = *state;
	g_autoptr(GPtrArray) violations = kiln_violations_new();
	g_autofree char *odd = g_build_filename(fixture->directory, "odd", NULL);
	GError *error = NULL;

	assert_true(g_file_set_contents(odd, "odd\n", -1, NULL));
	assert_false(kiln_contract_check_package(fixture->el6, "/nonexistent", violations, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "/nonexistent");
	assert_false(kiln_contract_check_package(fixture->el6, odd, violations, &error));
	assert_error(error, KILN_ERROR_VERIFY, "odd");
	assert_false(kiln_contract_check_key(fixture->el6, odd, violations, &error));
	assert_error(error, KILN_ERROR_VERIFY, "neither an OpenPGP key nor a signature");
	assert_false(kiln_contract_check_repo_file(fixture->el6, odd, violations, &error));
	assert_error(error, KILN_ERROR_VERIFY, "odd:1");
	assert_false(kiln_contract_check_repo_text(fixture->el6, "x.repo", "[a]\n", violations, &error));
	assert_error(error, KILN_ERROR_VERIFY, "x.repo:");
	assert_false(kiln_contract_check_repository(fixture->el6, fixture->directory, violations, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "repomd.xml");
	assert_int_equal(violations->len, 0);
}

static void write_metadata(const char *directory, const char *location, const char *path)
{
	g_autofree char *comps = g_strconcat(directory, ".comps", NULL);
	const KilnRepomdPackage listed = {.location = location, .path = path};
	const KilnRepomdOptions options = {.directory = directory,
		.packages = &listed,
		.package_count = 1,
		.timestamp = 1700000000,
		.with_sqlite = TRUE,
		.comps = comps,
		.comps_plain = TRUE,
		.comps_gz = TRUE};
	GError *error = NULL;

	assert_true(g_file_set_contents(comps, "<comps><group><id>g</id><name>G</name></group></comps>\n", -1, NULL));
	kiln_repomd_write(&options, &error);
	assert_no_error(error);
}

/* What Kiln writes for el6: one package, gz and databases, signed. */
static char *make_repository(const Fixture *fixture, const char *name)
{
	static const FixturePackage package = {
		"listed", "Version: 1\nRelease: 1\n", "%description\n", "w9.gzdio", NULL};
	char *directory = g_build_filename(fixture->directory, name, NULL);
	g_autofree char *built = fixture_build(fixture->directory, &package);
	g_autofree char *path = g_build_filename(directory, "listed.rpm", NULL);
	g_autofree char *index = g_build_filename(directory, "repodata", "repomd.xml", NULL);
	g_autofree char *signature = g_strconcat(index, ".asc", NULL);
	GError *error = NULL;

	kiln_fs_make_directory(directory, &error);
	kiln_rpmsign_package(fixture->gpg, fixture->fingerprint, built, path, &error);
	assert_no_error(error);
	write_metadata(directory, "listed.rpm", path);
	kiln_gpg_sign_detached(fixture->gpg, fixture->fingerprint, index, signature, &error);
	assert_no_error(error);
	return directory;
}

static void expect_repository(const Fixture *fixture, const char *directory, const char *expected)
{
	g_autoptr(GPtrArray) violations = kiln_violations_new();
	GError *error = NULL;

	assert_true(kiln_contract_check_repository(fixture->el6, directory, violations, &error));
	assert_no_error(error);
	expect_rules(violations, expected);
}

static void test_judges_a_repository_and_each_damage_to_it(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *directory = make_repository(fixture, "repository");
	g_autofree char *index = g_build_filename(directory, "repodata", "repomd.xml", NULL);
	g_autofree char *package = g_build_filename(directory, "listed.rpm", NULL);
	g_autofree char *signature = g_strconcat(index, ".asc", NULL);
	g_autofree char *key = g_build_filename(directory, "RPM-GPG-KEY-test", NULL);
	g_autofree char *text = NULL, *changed = NULL;
	GError *error = NULL;

	expect_repository(fixture, directory, "");
	kiln_fs_copy(fixture->key_path, key, &error);
	expect_repository(fixture, directory, "");
	/* A changed index no longer fits its signature, if the key to tell is there. */
	assert_true(g_file_get_contents(index, &text, NULL, NULL));
	changed = g_strconcat(text, "<!-- x -->\n", NULL);
	assert_true(g_file_set_contents(index, changed, -1, NULL));
	expect_repository(fixture, directory, "metadata-signature");
	assert_int_equal(g_unlink(key), 0);
	expect_repository(fixture, directory, "");
	assert_int_equal(g_unlink(signature), 0);
	expect_repository(fixture, directory, "metadata-signature");
	assert_true(g_file_set_contents(package, "short", -1, NULL));
	expect_repository(fixture, directory, "metadata-signature metadata-integrity metadata-integrity metadata-integrity");
	assert_int_equal(g_unlink(package), 0);
	expect_repository(fixture, directory, "metadata-signature metadata-integrity");
}

static void put_key(const char *path, const char *directory, const char *name)
{
	g_autofree char *target = g_build_filename(directory, name, NULL);

	assert_true(kiln_fs_copy(path, target, NULL));
}

/* Changes one byte in the middle of what follows the header. */
static void flip_payload(const char *path)
{
	g_autofree char *bytes = NULL;
	gsize size = 0;

	assert_true(g_file_get_contents(path, &bytes, &size, NULL));
	bytes[size - 40] ^= 1;
	assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
}

static void test_compares_the_digests_of_a_package(void **state)
{
	const Fixture *fixture = *state;
	const FixturePackage package = {"digest", "Version: 1\nRelease: 1\n", "%description\n", "w9.gzdio", NULL};
	g_autofree char *path = fixture_build(fixture->directory, &package);
	g_autofree char *bytes = NULL;
	gsize size = 0;

	expect_package(fixture, path, "package-signature"); /* unsigned */
	assert_true(kiln_rpmsign_package(fixture->gpg, fixture->fingerprint, path, path, NULL));
	expect_package(fixture, path, "");
	flip_payload(path);
	expect_package(fixture, path, "package-signature");
	flip_payload(path);
	assert_true(g_file_get_contents(path, &bytes, &size, NULL));
	assert_true(g_file_set_contents(path, bytes, (gssize)size - 60, NULL));
	expect_package(fixture, path, "package-signature");
}

static void test_verifies_with_all_keys_beside_a_repository(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *directory = make_repository(fixture, "keys-beside");
	g_autofree char *right = g_build_filename(directory, "RPM-GPG-KEY-z", NULL);

	/* A key that signed neither the packages nor the metadata. */
	put_key(fixture->other_path, directory, "RPM-GPG-KEY-a");
	expect_repository(fixture, directory, "metadata-signature package-signature");
	put_key(fixture->key_path, directory, "RPM-GPG-KEY-z");
	expect_repository(fixture, directory, "");
	/* The keys are judged themselves. */
	assert_true(g_file_set_contents(right, "no key\n", -1, NULL));
	expect_repository(fixture, directory, "metadata-signature key-file package-signature");
}

/* Kiln would not make such a signature, clients of el6 take it. */
static void test_verifies_metadata_signed_with_sha1(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *directory = make_repository(fixture, "sha1");
	g_autofree char *index = g_build_filename(directory, "repodata", "repomd.xml", NULL);
	g_autofree char *signature = g_strconcat(index, ".asc", NULL);
	g_autofree char *text = NULL, *changed = NULL;
	const char *argv[] = {"gpg", "--homedir", fixture->home, "--batch", "--quiet", "--yes", "--armor", "--digest-algo",
		"SHA1", "--local-user", fixture->fingerprint, "--output", signature, "--detach-sign", index, NULL};

	fixture_run(argv);
	put_key(fixture->key_path, directory, "RPM-GPG-KEY-test");
	expect_repository(fixture, directory, "");
	assert_true(g_file_get_contents(index, &text, NULL, NULL));
	changed = g_strconcat(text, "<!-- x -->\n", NULL);
	assert_true(g_file_set_contents(index, changed, -1, NULL));
	expect_repository(fixture, directory, "metadata-signature");
}

/* ── whether the files speak of the same packages ── */

static void expect_found(const Fixture *fixture, const char *directory, const char *text)
{
	g_autoptr(GPtrArray) violations = kiln_violations_new();
	g_autofree char *texts = NULL;
	GError *error = NULL;

	assert_true(kiln_contract_check_repository(fixture->el6, directory, violations, &error));
	assert_no_error(error);
	texts = kiln_violations_text(violations, FALSE);
	if (!strstr(texts, text))
		fail_msg("not told \"%s\":\n%s", text, texts);
}

/* The file that the index names for a kind of metadata. */
static char *file_of(const char *directory, const char *type)
{
	g_autofree char *index = g_build_filename(directory, "repodata", "repomd.xml", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) records = NULL;
	GError *error = NULL;
	gsize size = 0;

	assert_true(g_file_get_contents(index, &text, &size, NULL));
	records = kiln_repomd_xml_parse(text, size, index, &error);
	assert_no_error(error);
	for (guint i = 0; i < records->len; i++) {
		const KilnRepomdRecord *record = g_ptr_array_index(records, i);
		if (g_str_equal(record->type, type))
			return g_build_filename(directory, record->location, NULL);
	}
	fail_msg("no record %s", type);
	return NULL;
}

/* Puts what `command` makes of the file of that kind ("$1") in its place, has it told, and puts it back. */
static void expect_change(
	const Fixture *fixture, const char *directory, const char *type, const char *command, const char *text)
{
	g_autofree char *path = file_of(directory, type);
	g_autofree char *script = g_strdup_printf("%s >\"$1.new\" && mv \"$1.new\" \"$1\"", command);
	const char *argv[] = {"sh", "-ec", script, "sh", path, NULL};
	g_autofree char *before = NULL;
	gsize size = 0;

	assert_true(g_file_get_contents(path, &before, &size, NULL));
	fixture_run(argv);
	expect_found(fixture, directory, text);
	assert_true(g_file_set_contents(path, before, (gssize)size, NULL));
}

static char *make_second_repository(const Fixture *fixture)
{
	static const FixturePackage package = {"strange", "Version: 1\nRelease: 1\n", "%description\n", "w9.gzdio", NULL};
	char *directory = g_build_filename(fixture->directory, "strange-repository", NULL);
	g_autofree char *built = fixture_build(fixture->directory, &package);
	g_autofree char *path = g_build_filename(directory, "strange.rpm", NULL);
	GError *error = NULL;

	kiln_fs_make_directory(directory, &error);
	kiln_rpmsign_package(fixture->gpg, fixture->fingerprint, built, path, &error);
	assert_no_error(error);
	write_metadata(directory, "strange.rpm", path);
	return directory;
}

static void test_compares_the_lists_of_packages(void **state)
{
	static const char *const types[] = {"filelists", "other", "primary_db", "filelists_db", "other_db"};
	static const char told[] =
		"it is of other packages than primary: 1 of primary's are not in it, 1 in it are not primary's";
	const Fixture *fixture = *state;
	g_autofree char *directory = make_repository(fixture, "lists");
	g_autofree char *other = make_second_repository(fixture);

	expect_repository(fixture, directory, "");
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *file = file_of(other, types[i]);
		g_autofree char *command = g_strdup_printf("cat '%s'", file);
		expect_change(fixture, directory, types[i], command, told);
	}
	expect_change(fixture, directory, "filelists", "echo garbage | gzip", "filelists.xml.gz:1: ");
	expect_change(fixture, directory, "other", "echo '<metadata/>' | gzip", "is another kind of XML");
	expect_change(fixture, directory, "primary_db", "echo garbage", "is no database of packages");
	expect_change(fixture, directory, "filelists_db", ":", "is no database of packages");
	expect_repository(fixture, directory, "");
}

static void test_compares_what_the_metadata_calls_a_package(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *directory = make_repository(fixture, "names");
	const char *rename = "zcat \"$1\" | sed 's/<name>listed/<name>evenmore/;s/ver=\"1\" rel=\"1\"/ver=\"9\" rel=\"1\"/' | gzip";

	expect_change(fixture, directory, "primary", rename,
		"it is listed-0:1-1.noarch, the metadata calls it evenmore-0:9-1.noarch");
	expect_change(fixture, directory, "primary", rename,
		"it calls a package listed-0:1-1.noarch that is evenmore-0:9-1.noarch in primary");
	expect_change(fixture, directory, "primary", "zcat \"$1\" | sed 's/href=\"listed/href=\"x/' | gzip",
		"primary at \"x.rpm\"");
}

static void test_reads_groups(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *directory = make_repository(fixture, "groups");

	expect_change(fixture, directory, "group", "echo garbage", "(rule comps)");
	expect_change(fixture, directory, "group", "echo '<x/>'", "is another kind of XML (rule comps)");
	expect_change(fixture, directory, "group_gz", "echo garbage | gzip", "(rule comps)");
	expect_change(fixture, directory, "group_gz", "zcat \"$1\" | xz", "it is the record \"group_gz\", but its compression is xz");
}

/* ── keys and .repo files ── */

/* A key file that `command` makes of Kiln's, which is "$1". */
static void expect_key(const Fixture *fixture, const char *command, const char *expected, const char *text)
{
	g_autofree char *path = g_build_filename(fixture->directory, "odd-key", NULL);
	g_autofree char *script = g_strdup_printf("{ %s; } >\"$2\" 2>/dev/null", command);
	const char *argv[] = {"sh", "-c", script, "sh", fixture->key_path, path, fixture->home, NULL};
	g_autoptr(GPtrArray) violations = kiln_violations_new();
	g_autofree char *texts = NULL;
	GError *error = NULL;

	fixture_run(argv);
	assert_true(kiln_contract_check_key(fixture->el6, path, violations, &error));
	assert_no_error(error);
	expect_rules(violations, expected);
	texts = kiln_violations_text(violations, FALSE);
	if (!strstr(texts, text))
		fail_msg("not told \"%s\":\n%s", text, texts);
}

static void test_refuses_keys_that_clients_cannot_use(void **state)
{
#define ARMOUR "gpg --enarmor | sed 's/ARMORED FILE/PUBLIC KEY BLOCK/;/^Comment/d'"
	const Fixture *fixture = *state;

	expect_key(fixture, "cat \"$1\"", "", "");
	expect_key(fixture, "gpg --dearmor <\"$1\" | " ARMOUR, "", "");
	expect_key(fixture, "sed 's/PUBLIC KEY BLOCK/MESSAGE/' \"$1\"", "key-file", "its armour is not called");
	/* Of the RSA key's packets the first alone, and with its user id. */
	expect_key(fixture, "gpg --dearmor <\"$1\" | head -c 272 | " ARMOUR, "key-file", "has no user id");
	expect_key(fixture, "gpg --dearmor <\"$1\" | head -c 295 | " ARMOUR, "key-file", "is not signed by the key itself");
	expect_key(fixture,
		"gpg --homedir \"$3\" --batch --passphrase '' --quick-gen-key certifier rsa2048 cert; "
		"gpg --homedir \"$3\" --armor --export certifier",
		"signing-key", "no part of it is for signing");
}

static void expect_repo(const char *contract_name, const char *lines, const char *expected)
{
	g_autoptr(KilnContract) contract = read_contract(contract_name);
	g_autoptr(GPtrArray) violations = kiln_violations_new();
	g_autofree char *text = g_strdup_printf("[a]\nname=A\nbaseurl=http://example.org/\n%s\n", lines);
	GError *error = NULL;

	assert_true(kiln_contract_check_repo_text(contract, "a.repo", text, violations, &error));
	assert_no_error(error);
	expect_rules(violations, expected);
}

static void test_judges_values_of_repo_files(void **state)
{
	static const char *const times[] = {"never", "-1", "0", "90", "90s", "1.5h", "2D", "10m", NULL};
	static const char *const odd[] = {"soon", "2w", "", "h", "1hh", "-2", NULL};

	(void)state;
	for (const char *const *time = times; *time; time++) {
		g_autofree char *line = g_strconcat("metadata_expire=", *time, NULL);
		expect_repo("el6", line, "");
		expect_repo("fedora", line, "");
	}
	for (const char *const *time = odd; *time; time++) {
		g_autofree char *line = g_strconcat("mirrorlist_expire=", *time, NULL);
		expect_repo("el6", line, "repo-durations");
	}
	/* yum replaces $name alone. */
	expect_repo("el6", "gpgkey=http://example.org/$releasever", "");
	expect_repo("el6", "gpgkey=http://example.org/${releasever}", "repo-variables");
	expect_repo("el7", "gpgkey=http://example.org/${basearch}", "repo-variables");
	expect_repo("el8", "gpgkey=http://example.org/${releasever}", "");
	expect_repo("el8", "gpgkey=http://example.org/${osver}", "repo-variables");
}

static void test_says_which_keys_it_did_not_judge(void **state)
{
	static const char text[] = "[a]\nname=A\nbaseurl=http://example.org/\ngpgcheck=1\ngpgkey=http://example.org/named\n";
	const Fixture *fixture = *state;
	g_autofree char *directory = g_build_filename(fixture->directory, "repo-file", NULL);
	g_autofree char *path = g_build_filename(directory, "a.repo", NULL);
	g_autoptr(GPtrArray) before = kiln_violations_new();
	g_autoptr(GPtrArray) after = kiln_violations_new();
	g_autofree char *told = NULL;
	GError *error = NULL;

	assert_int_equal(g_mkdir(directory, 0700), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_true(kiln_contract_check_repo_file(fixture->el6, path, before, &error));
	expect_rules(before, "(repo-keys)");
	told = kiln_violations_text(before, TRUE);
	assert_non_null(strstr(told, "not judged"));
	put_key(fixture->key_path, directory, "named");
	assert_true(kiln_contract_check_repo_file(fixture->el6, path, after, &error));
	expect_rules(after, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judges_packages),
		cmocka_unit_test(test_reads_scriptlets_and_digests),
		cmocka_unit_test(test_judges_the_key_kiln_makes),
		cmocka_unit_test(test_cannot_judge_what_is_not_there_or_something_else),
		cmocka_unit_test(test_judges_a_repository_and_each_damage_to_it),
		cmocka_unit_test(test_compares_the_digests_of_a_package),
		cmocka_unit_test(test_verifies_with_all_keys_beside_a_repository),
		cmocka_unit_test(test_verifies_metadata_signed_with_sha1),
		cmocka_unit_test(test_compares_the_lists_of_packages),
		cmocka_unit_test(test_compares_what_the_metadata_calls_a_package),
		cmocka_unit_test(test_reads_groups),
		cmocka_unit_test(test_refuses_keys_that_clients_cannot_use),
		cmocka_unit_test(test_judges_values_of_repo_files),
		cmocka_unit_test(test_says_which_keys_it_did_not_judge),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
