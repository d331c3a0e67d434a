/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contracts as data: those that come with Kiln, what they allow, and how strictly they are read. */
#include "check.h"

#include "format/contract_conf.h"

#include <string.h>

#define DIRECTORY "repo-config/contracts"

static char *read_text(const char *name)
{
	GError *error = NULL;
	g_autofree char *path = g_strdup_printf(DIRECTORY "/%s.conf", name);
	char *text = kiln_fs_read(path, 1 << 20, NULL, &error);

	assert_no_error(error);
	return text;
}

static KilnContract *read_contract(const char *name)
{
	GError *error = NULL;
	g_autofree char *text = read_text(name);
	g_autofree char *file = g_strconcat(name, ".conf", NULL);
	KilnContract *contract = kiln_contract_parse(text, strlen(text), file, &error);

	assert_no_error(error);
	return contract;
}

static void test_reads_every_contract_of_the_project(void **state)
{
	static const char *const names[] = {"el6", "el7", "el8", "el9", "fedora"};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(KilnContract) contract = read_contract(names[i]);
		assert_string_equal(contract->name, names[i]);
		assert_non_null(strstr(contract->client, " with rpm 4."));
	}
}

typedef struct {
	KilnRuleKind kind;
	const char *value;
	gboolean is_allowed;
} Case;

static void check_cases(const char *name, const Case *cases, gsize count)
{
	g_autoptr(KilnContract) contract = read_contract(name);

	for (gsize i = 0; i < count; i++)
		if (kiln_rule_allows(&contract->rules[cases[i].kind], cases[i].value) != cases[i].is_allowed)
			fail_msg("%s: rule %s and \"%s\"", name, kiln_rule_name(cases[i].kind), cases[i].value);
}

/* Each row of what was found out by experiment. */
static void test_el6_is_what_was_measured(void **state)
{
	static const Case cases[] = {
		{KILN_RULE_PAYLOAD, "gzip", TRUE}, {KILN_RULE_PAYLOAD, "bzip2", TRUE},
		{KILN_RULE_PAYLOAD, "lzma", TRUE}, {KILN_RULE_PAYLOAD, "xz", TRUE}, {KILN_RULE_PAYLOAD, "none", TRUE},
		{KILN_RULE_PAYLOAD, "zstd", FALSE}, {KILN_RULE_RPMLIB, "FileDigests", TRUE},
		{KILN_RULE_RPMLIB, "FileCaps", TRUE}, {KILN_RULE_RPMLIB, "BuiltinLuaScripts", TRUE},
		{KILN_RULE_RPMLIB, "PayloadIsXz", TRUE}, {KILN_RULE_RPMLIB, "RichDependencies", FALSE},
		{KILN_RULE_RPMLIB, "TildeInVersions", FALSE}, {KILN_RULE_RPMLIB, "CaretInVersions", FALSE},
		{KILN_RULE_RPMLIB, "ScriptletExpansion", FALSE}, {KILN_RULE_RPMLIB, "LargeFiles", FALSE},
		{KILN_RULE_FILE_DIGESTS, "md5", TRUE}, {KILN_RULE_FILE_DIGESTS, "sha256", TRUE},
		{KILN_RULE_FILE_DIGESTS, "sha512", TRUE}, {KILN_RULE_FILE_DIGESTS, "sha1", FALSE},
		{KILN_RULE_DEPENDENCIES, "plain", TRUE}, {KILN_RULE_DEPENDENCIES, "rich", FALSE},
		{KILN_RULE_WEAK_DEPENDENCIES, "recommends", FALSE}, {KILN_RULE_SCRIPTLETS, "lua", TRUE},
		{KILN_RULE_SCRIPTLETS, "empty-lua", FALSE}, {KILN_RULE_TRIGGERS, "file", FALSE},
		{KILN_RULE_KEY, "rsa:1023", FALSE}, {KILN_RULE_KEY, "rsa:1024", TRUE}, {KILN_RULE_KEY, "rsa:4096", TRUE},
		{KILN_RULE_KEY, "rsa:4097", FALSE}, {KILN_RULE_KEY, "dsa:1024", TRUE}, {KILN_RULE_KEY, "dsa:2048", FALSE},
		{KILN_RULE_KEY, "dsa:3072", FALSE}, {KILN_RULE_KEY, "ed25519:255", FALSE},
		{KILN_RULE_SIGNING_KEY, "primary", TRUE}, {KILN_RULE_SIGNING_KEY, "subkey", FALSE},
		{KILN_RULE_PACKAGE_SIGNATURE, "rsa/sha1", TRUE}, {KILN_RULE_PACKAGE_SIGNATURE, "rsa/sha256", TRUE},
		{KILN_RULE_PACKAGE_SIGNATURE, "rsa/sha384", TRUE}, {KILN_RULE_PACKAGE_SIGNATURE, "rsa/sha512", TRUE},
		{KILN_RULE_PACKAGE_SIGNATURE, "rsa/sha224", FALSE}, {KILN_RULE_PACKAGE_SIGNATURE, "rsa/md5", FALSE},
		{KILN_RULE_PACKAGE_SIGNATURE, "none", FALSE}, {KILN_RULE_SIGNATURE_COVERAGE, "header-and-payload", TRUE},
		{KILN_RULE_SIGNATURE_COVERAGE, "header", FALSE}, {KILN_RULE_SIGNATURE_COVERAGE, "header-and-digest", FALSE},
		{KILN_RULE_KEY_FILE, "armoured", TRUE}, {KILN_RULE_KEY_FILE, "binary", FALSE},
		{KILN_RULE_KEY_FILE, "crlf", FALSE}, {KILN_RULE_KEY_FILE, "no-checksum", FALSE},
		{KILN_RULE_KEY_FILE, "no-final-newline", FALSE}, {KILN_RULE_KEY_FILE, "several-keys", FALSE},
		{KILN_RULE_METADATA_COMPRESSION, "gz", TRUE}, {KILN_RULE_METADATA_COMPRESSION, "none", TRUE},
		{KILN_RULE_METADATA_COMPRESSION, "bz2", FALSE}, {KILN_RULE_METADATA_COMPRESSION, "xz", FALSE},
		{KILN_RULE_METADATA_COMPRESSION, "zstd", FALSE}, {KILN_RULE_DATABASE_COMPRESSION, "gz", TRUE},
		{KILN_RULE_DATABASE_COMPRESSION, "bz2", TRUE}, {KILN_RULE_DATABASE_COMPRESSION, "xz", FALSE},
		{KILN_RULE_DATABASE_COMPRESSION, "zstd", FALSE}, {KILN_RULE_METADATA_CHECKSUM, "md5", TRUE},
		{KILN_RULE_METADATA_CHECKSUM, "sha", TRUE}, {KILN_RULE_METADATA_CHECKSUM, "sha1", TRUE},
		{KILN_RULE_METADATA_CHECKSUM, "sha384", TRUE}, {KILN_RULE_METADATA_CHECKSUM, "sha512", TRUE},
		{KILN_RULE_METADATA_CHECKSUM, "sha224", FALSE}, {KILN_RULE_METADATA_CHECKSUM, "none", FALSE},
		{KILN_RULE_DATABASE_CHECKSUM, "missing", FALSE}, {KILN_RULE_TIMESTAMPS, "none", TRUE},
		{KILN_RULE_TIMESTAMPS, "fraction", FALSE}, {KILN_RULE_METADATA_SIGNATURE, "rsa/sha1", TRUE},
		{KILN_RULE_METADATA_SIGNATURE, "rsa/sha512", TRUE}, {KILN_RULE_METADATA_SIGNATURE, "dsa/sha256", TRUE},
		{KILN_RULE_METADATA_SIGNATURE, "eddsa/sha512", FALSE}, {KILN_RULE_METADATA_SIGNATURE, "none", FALSE},
	};

	(void)state;
	check_cases("el6", cases, G_N_ELEMENTS(cases));
}

static void test_the_others_differ_where_their_clients_do(void **state)
{
	static const Case el7[] = {{KILN_RULE_PAYLOAD, "zstd", FALSE}, {KILN_RULE_VERSIONS, "tilde", TRUE},
		{KILN_RULE_VERSIONS, "caret", FALSE}, {KILN_RULE_RPMLIB, "TildeInVersions", TRUE},
		{KILN_RULE_RPMLIB, "LargeFiles", FALSE}, {KILN_RULE_DEPENDENCIES, "rich", FALSE},
		{KILN_RULE_METADATA_COMPRESSION, "xz", TRUE}, {KILN_RULE_METADATA_COMPRESSION, "zstd", FALSE}};
	static const Case el8[] = {{KILN_RULE_PAYLOAD, "zstd", TRUE}, {KILN_RULE_DEPENDENCIES, "rich", TRUE},
		{KILN_RULE_PACKAGE_SIGNATURE, "rsa/sha1", TRUE}, {KILN_RULE_RPMLIB, "DynamicBuildRequires", FALSE},
		{KILN_RULE_SIGNATURE_COVERAGE, "header", FALSE}, {KILN_RULE_SIGNATURE_COVERAGE, "header-and-digest", TRUE}};
	static const Case el9[] = {{KILN_RULE_PACKAGE_SIGNATURE, "rsa/sha1", FALSE},
		{KILN_RULE_METADATA_SIGNATURE, "rsa/sha1", FALSE}, {KILN_RULE_KEY_SIGNATURE, "sha1", FALSE},
		{KILN_RULE_KEY, "rsa:1024", FALSE}, {KILN_RULE_KEY, "ed25519:255", FALSE},
		{KILN_RULE_RPMLIB, "DynamicBuildRequires", TRUE}};
	static const Case fedora[] = {{KILN_RULE_KEY, "ed25519:255", TRUE}, {KILN_RULE_PAYLOAD, "zstd", TRUE},
		{KILN_RULE_METADATA_COMPRESSION, "zstd", TRUE}, {KILN_RULE_PACKAGE_SIGNATURE, "rsa/sha1", FALSE}};

	(void)state;
	check_cases("el7", el7, G_N_ELEMENTS(el7));
	check_cases("el8", el8, G_N_ELEMENTS(el8));
	check_cases("el9", el9, G_N_ELEMENTS(el9));
	check_cases("fedora", fedora, G_N_ELEMENTS(fedora));
}

static void test_says_what_metadata_to_write(void **state)
{
	g_autoptr(KilnContract) el6 = read_contract("el6");
	g_autoptr(KilnContract) fedora = read_contract("fedora");
	KilnContractMetadata metadata;

	(void)state;
	kiln_contract_metadata(el6, &metadata);
	assert_string_equal(metadata.xml_compressions[0], "gz");
	assert_string_equal(metadata.database_compressions[0], "bz2");
	assert_true(metadata.databases_are_used);
	assert_false(metadata.databases_are_required);
	assert_string_equal(metadata.checksum, "sha256");
	assert_true(metadata.zchunk_is_allowed);
	assert_false(metadata.zchunk_is_used);
	assert_true(metadata.comps_plain && metadata.comps_gz);
	assert_int_equal(metadata.repomd_max_bytes, 102400);
	assert_true(metadata.timestamps_are_integers);
	kiln_contract_metadata(fedora, &metadata);
	assert_false(metadata.databases_are_used);
	assert_true(metadata.zchunk_is_used);
	assert_int_equal(metadata.repomd_max_bytes, 0);
	assert_true(metadata.comps_plain);
}

/* A changed el6.conf: the first `from` becomes `to`. */
static void check_refused(const char *from, const char *to, const char *part)
{
	g_autofree char *text = read_text("el6");
	const char *at = strstr(text, from);
	g_autofree char *head = NULL, *changed = NULL;
	GError *error = NULL;

	if (!at)
		fail_msg("el6.conf lacks \"%s\"", from);
	head = g_strndup(text, (gsize)(at - text));
	changed = g_strconcat(head, to, at + strlen(from), NULL);
	if (kiln_contract_parse(changed, strlen(changed), "repo-config/contracts/el6.conf", &error))
		fail_msg("\"%s\" is taken", to);
	assert_error(error, KILN_ERROR_CONFIG, part);
}

static void test_refuses_what_is_wrong_with_its_line(void **state)
{
	(void)state;
	check_refused("name = el6", "name = el5", "el6.conf:10: the contract is called \"el5\", but its file \"el6.conf\"");
	check_refused("[payload]\n", "[payloads]\n", "unknown section [payloads]; did you mean [payload]?");
	check_refused("allowed = gzip", "allows = gzip", "unknown key \"allows\" in [payload]; did you mean \"allowed\"?");
	check_refused("allowed = gzip", "allowed = gzib", "\"gzib\" is nothing that rule payload knows; did you mean \"gzip\"?");
	check_refused("allowed = gzip", "allowed = gzip gzip", "\"gzip\" stands twice");
	check_refused("allowed = gzip xz bzip2 lzma none", "allowed =", "is empty: nothing at all would be taken");
	check_refused("allowed = gzip xz bzip2 lzma none\n", "", "section [payload] lacks the key \"allowed\"");
	check_refused("consequence = cannot unpack it", "consequence = cannot unpack it.", "ends in a period");
	check_refused("consequence = cannot unpack it", "consequence =", "\"consequence\" is empty");
	check_refused("fix = build it with", "consequence.zstd = x\nfix = build it with", "stands twice");
	check_refused("fix.LargeFiles", "fix.", "unknown key");
	check_refused("consequence.zstd", "consequence.zst", "\"zst\" is nothing that rule payload knows; did you mean \"zstd\"?");
	check_refused("\nseverity = warning", "\nseverity = grave", "\"grave\" is neither error nor warning");
	check_refused("rsa:1024-4096", "rsa:4096-1024", "\"rsa:4096-1024\" is nothing that rule key knows");
	check_refused("rsa:1024-4096", "rsa:", "\"rsa:\" is nothing");
	check_refused("rsa/sha256", "rsa/sha257", "\"rsa/sha257\" is nothing that rule package-signature knows");
	check_refused("maximum = 102400", "maximum = many", "\"maximum\"");
	check_refused("maximum = 102400", "maximum = -1", "\"maximum\"");
	check_refused("[comps]", "[comps]\nused = x", "unknown key \"used\" in [comps]");
}

/* Every section is needed: what a contract is silent about would pass. */
static void test_needs_every_rule(void **state)
{
	(void)state;
	for (int kind = 0; kind < KILN_RULE_COUNT; kind++) {
		g_autofree char *text = read_text("el6");
		g_autofree char *header = g_strdup_printf("\n[%s]\n", kiln_rule_name((KilnRuleKind)kind));
		char *start = strstr(text, header);
		GError *error = NULL;

		assert_non_null(start);
		char *end = strstr(start + strlen(header), "\n[");
		memmove(start, end ? end : start + strlen(start), end ? strlen(end) + 1 : 1);
		assert_null(kiln_contract_parse(text, strlen(text), "el6.conf", &error));
		assert_error(error, KILN_ERROR_CONFIG, kiln_rule_name((KilnRuleKind)kind));
	}
}

static void test_refuses_what_is_no_text(void **state)
{
	GError *error = NULL;
	g_autofree char *large = g_strnfill(300 << 10, '\n');

	(void)state;
	assert_null(kiln_contract_parse("a\0b", 3, "x.conf", &error));
	assert_error(error, KILN_ERROR_CONFIG, "x.conf:1: is no text");
	assert_null(kiln_contract_parse(large, strlen(large), "x.conf", &error));
	assert_error(error, KILN_ERROR_CONFIG, "x.conf:1: is larger");
}

static const KilnViolation *at(const GPtrArray *violations, guint index)
{
	return g_ptr_array_index(violations, index);
}

static void test_tells_consequence_and_fix_by_value(void **state)
{
	g_autoptr(KilnContract) el6 = read_contract("el6");
	g_autoptr(GPtrArray) violations = kiln_violations_new();

	(void)state;
	kiln_violations_add(violations, el6, KILN_RULE_PAYLOAD, "a-1-1.noarch", "zstd", "found");
	kiln_violations_add(violations, el6, KILN_RULE_PAYLOAD, "a-1-1.noarch", "odd", "odd\nthing");
	kiln_violations_add(violations, el6, KILN_RULE_KEY, "k", "ed25519:255", "found");
	kiln_violations_add(violations, el6, KILN_RULE_KEY, "k", "ed25519:255", "found");
	kiln_violations_add(violations, el6, KILN_RULE_TRIGGERS, "a-1-1.noarch", "file", "found");
	assert_int_equal(violations->len, 4); /* one was told already */
	assert_int_equal(kiln_violations_count(violations), 3);
	assert_string_equal(at(violations, 0)->rule, "payload");
	assert_true(g_str_has_prefix(
		at(violations, 0)->consequence, "yum 3.2.29 with rpm 4.8 refuses to install it, on rpmlib"));
	assert_string_equal(at(violations, 1)->consequence, "yum 3.2.29 with rpm 4.8 cannot unpack it");
	assert_string_equal(at(violations, 1)->found, "odd?thing");
	assert_non_null(strstr(at(violations, 2)->consequence, "stores junk"));
	assert_true(at(violations, 3)->is_warning);
	g_autofree char *line = kiln_violation_text(at(violations, 1));
	assert_string_equal(line, "\"a-1-1.noarch\": odd?thing (rule payload): yum 3.2.29 with rpm 4.8 cannot unpack it; "
				  "build it with \"%_binary_payload w9.gzdio\"");
	g_autofree char *warnings = kiln_violations_text(violations, TRUE);
	g_autofree char *errors = kiln_violations_text(violations, FALSE);
	assert_non_null(strstr(warnings, "rule triggers"));
	assert_null(strchr(warnings, '\n'));
	assert_null(strstr(errors, "rule triggers"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_every_contract_of_the_project),
		cmocka_unit_test(test_el6_is_what_was_measured),
		cmocka_unit_test(test_the_others_differ_where_their_clients_do),
		cmocka_unit_test(test_says_what_metadata_to_write),
		cmocka_unit_test(test_refuses_what_is_wrong_with_its_line),
		cmocka_unit_test(test_needs_every_rule),
		cmocka_unit_test(test_refuses_what_is_no_text),
		cmocka_unit_test(test_tells_consequence_and_fix_by_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
