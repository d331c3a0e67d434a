/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "engine/metadata_form.h"
#include "format/contract_conf.h"

#include <string.h>

static KilnContract *read_contract(const char *name)
{
	GError *error = NULL;
	g_autofree char *path = g_strdup_printf("repo-config/contracts/%s.conf", name);
	gsize size = 0;
	g_autofree char *text = kiln_fs_read(path, 1 << 20, &size, &error);
	KilnContract *contract;

	assert_no_error(error);
	contract = kiln_contract_parse(text, size, path, &error);
	assert_no_error(error);
	return contract;
}

/* The contracts that Kiln brings, and what their clients are given. */
static void test_what_each_target_gets(void **state)
{
	static const struct {
		const char *contract, *form;
	} cases[] = {
		{"el6", "gz, databases bz2, groups plain and gz, at most 102400 bytes"},
		{"el7", "gz, databases bz2, groups plain and gz, at most 102400 bytes"},
		{"el8", "gz, groups plain"},
		{"el9", "gz, groups plain"},
		{"fedora", "gz, zchunk, groups plain"},
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;
		g_autoptr(KilnContract) contract = read_contract(cases[i].contract);
		KilnRepomdOptions options = {0};
		g_autofree char *text = NULL;

		kiln_metadata_form_choose(contract, &options, &error);
		assert_no_error(error);
		text = kiln_metadata_form_text(&options);
		if (strcmp(text, cases[i].form) != 0)
			fail_msg("%s: %s", cases[i].contract, text);
	}
}

static void allow(KilnContract *contract, KilnRuleKind kind, const char *words)
{
	g_strfreev(contract->rules[kind].allowed);
	contract->rules[kind].allowed = g_strsplit(words, " ", -1);
}

static void require_database(KilnContract *contract)
{
	KilnRule *rule = &contract->rules[KILN_RULE_METADATA_RECORDS];

	g_strfreev(rule->required);
	rule->required = g_strsplit("primary primary_db", " ", -1);
}

static void expect_refusal(KilnContract *contract, const char *message)
{
	GError *error = NULL;
	KilnRepomdOptions options = {0};

	assert_false(kiln_metadata_form_choose(contract, &options, &error));
	assert_error(error, KILN_ERROR_CONFIG, message);
}

/* The first that can be written is taken; where none can, the rule is named. */
static void test_takes_what_can_be_written(void **state)
{
	g_autoptr(KilnContract) contract = read_contract("el6");
	KilnRepomdOptions options = {0};
	GError *error = NULL;
	g_autofree char *text = NULL;

	(void)state;
	allow(contract, KILN_RULE_METADATA_COMPRESSION, "zstd xz gz");
	allow(contract, KILN_RULE_DATABASE_COMPRESSION, "zstd");
	kiln_metadata_form_choose(contract, &options, &error);
	assert_no_error(error);
	text = kiln_metadata_form_text(&options);
	assert_string_equal(text, "xz, groups plain and gz, at most 102400 bytes");
	require_database(contract);
	expect_refusal(contract, "none of what [database-compression] of its contract allows can be written");
	allow(contract, KILN_RULE_METADATA_COMPRESSION, "zstd");
	expect_refusal(contract, "none of what [metadata-compression] of its contract allows can be written");
	allow(contract, KILN_RULE_METADATA_COMPRESSION, "gz");
	allow(contract, KILN_RULE_DATABASE_COMPRESSION, "gz");
	allow(contract, KILN_RULE_METADATA_CHECKSUM, "md5");
	expect_refusal(contract, "none of what [metadata-checksum] of its contract allows can be written here: sha256");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_each_target_gets),
		cmocka_unit_test(test_takes_what_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
