/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is found out about targets without a network: findings, and macros beside a contract. */
#include "check.h"

#include "engine/target_finding.h"
#include "engine/target_macros.h"

static void add(GPtrArray *findings, KilnTargetState state, int code)
{
	g_autoptr(GError) error = code ? g_error_new_literal(KILN_ERROR, code, "x") : NULL;

	kiln_target_findings_add(findings, "subject", state, error, g_strdup("found"), NULL);
}

static void test_code(void **state)
{
	g_autoptr(GPtrArray) findings = kiln_target_findings_new();
	guint missing = 7;

	(void)state;
	assert_int_equal(kiln_target_findings_code(findings, &missing), 0);
	assert_int_equal(missing, 0);
	add(findings, KILN_TARGET_READY, KILN_ERROR_CONFIG);
	add(findings, KILN_TARGET_NOTICE, KILN_ERROR_CONFIG);
	add(findings, KILN_TARGET_UNKNOWN, KILN_ERROR_CONFIG);
	assert_int_equal(kiln_target_findings_code(findings, &missing), 0);
	add(findings, KILN_TARGET_MISSING, KILN_ERROR_NETWORK);
	add(findings, KILN_TARGET_MISSING, KILN_ERROR_VERIFY);
	assert_int_equal(kiln_target_findings_code(findings, &missing), KILN_ERROR_NETWORK);
	assert_int_equal(missing, 2);
	assert_string_equal(kiln_target_state_name(KILN_TARGET_MISSING), "missing");
}

/* Takes gzip and xz payloads and SHA-256. */
static KilnContract *make_contract(void)
{
	const char *const payloads[] = {"gzip", "xz", NULL}, *const digests[] = {"sha256", NULL};
	KilnContract *contract = kiln_contract_new();

	contract->name = g_strdup("old");
	contract->client = g_strdup("yum 1");
	contract->rules[KILN_RULE_PAYLOAD].allowed = g_strdupv((char **)payloads);
	contract->rules[KILN_RULE_PAYLOAD].consequence = g_strdup("cannot unpack it");
	contract->rules[KILN_RULE_PAYLOAD].fix = g_strdup("use gzip");
	contract->rules[KILN_RULE_FILE_DIGESTS].allowed = g_strdupv((char **)digests);
	contract->rules[KILN_RULE_FILE_DIGESTS].consequence = g_strdup("cannot check it");
	contract->rules[KILN_RULE_FILE_DIGESTS].fix = g_strdup("use 8");
	return contract;
}

static void test_macros(void **state)
{
	static const struct {
		const char *text, *object; /* NULL: nothing is wrong */
	} cases[] = {
		{"", NULL},
		{"%_binary_payload w9.gzdio\n", NULL},
		{"%_binary_payload\tw2T8.xzdio  \n%_binary_filedigest_algorithm 8\n", NULL},
		{"%_binary_payload w19.zstdio\n", "_binary_payload"},
		{"%_binary_payload w9.gzdio\n%_binary_payload w.ufdio\n", "_binary_payload"},
		{"%_binary_payload w.ufdio\n%_binary_payload w9.gzdio\n", NULL},
		{"#%_binary_payload w.ufdio\n", NULL},
		{"%_source_payload w3.zstdio\n", "_source_payload"},
		{"%_binary_filedigest_algorithm 1\n", "_binary_filedigest_algorithm"},
		/* Cannot be judged without running it, or means something else. */
		{"%_binary_payload %{payload}\n", NULL},
		{"%_binary_payload_of_mine w.ufdio\n", NULL},
	};
	g_autoptr(KilnContract) contract = make_contract();

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) violations = kiln_violations_new();
		kiln_target_macros_judge(cases[i].text, contract, violations);
		assert_int_equal(violations->len, cases[i].object ? 1 : 0);
		if (cases[i].object)
			assert_string_equal(((KilnViolation *)violations->pdata[0])->object, cases[i].object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_macros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
