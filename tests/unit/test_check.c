/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings, and the snapshots that checks are about. What is found: tests/e2e/check.bats. */
#include "check.h"

#include "engine/finding.h"
#include "engine/published.h"
#include "format/snapshot_json.h"

#include <glib/gstdio.h>
#include <unistd.h>

/* --- findings --- */

static void test_finding_text(void **state)
{
	g_autoptr(GPtrArray) findings = kiln_findings_new();
	KilnFinding *finding = kiln_findings_add(findings, KILN_FINDING_ERROR, "update", "a-1-1.noarch");

	(void)state;
	finding->found = g_strdup("is older");
	g_autofree char *short_text = kiln_finding_text(finding);
	assert_string_equal(short_text, "update: a-1-1.noarch: is older");
	finding->rule = g_strdup("rule");
	finding->consequence = g_strdup("hosts keep it");
	finding->fix = g_strdup("raise it");
	g_autofree char *text = kiln_finding_text(finding);
	assert_string_equal(text, "update (rule): a-1-1.noarch: is older; hosts keep it; raise it");
}

static void test_findings_by_level(void **state)
{
	g_autoptr(GPtrArray) findings = kiln_findings_new();
	const KilnFindingLevel levels[] = {KILN_FINDING_ERROR, KILN_FINDING_NOTE, KILN_FINDING_ERROR};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(levels); i++)
		kiln_findings_add(findings, levels[i], "x", "y")->found = g_strdup_printf("%u", i);
	assert_int_equal(kiln_findings_count(findings, KILN_FINDING_ERROR), 2);
	assert_int_equal(kiln_findings_count(findings, KILN_FINDING_WARNING), 0);
	g_autofree char *errors = kiln_findings_text(findings, KILN_FINDING_ERROR);
	g_autofree char *warnings = kiln_findings_text(findings, KILN_FINDING_WARNING);
	assert_string_equal(errors, "x: y: 0\nx: y: 2");
	assert_string_equal(warnings, "");
}

/* The same key is judged by itself and as one that a .repo file names. */
static void test_violations_once(void **state)
{
	g_autoptr(GPtrArray) findings = kiln_findings_new();
	g_autoptr(GPtrArray) violations = kiln_violations_new();
	g_autoptr(KilnContract) contract = kiln_contract_new();

	(void)state;
	contract->client = g_strdup("yum");
	contract->rules[KILN_RULE_KEY].consequence = g_strdup("refuses it");
	contract->rules[KILN_RULE_KEY].fix = g_strdup("make another");
	contract->rules[KILN_RULE_REPO_KEYS].is_warning = TRUE;
	kiln_violations_add(violations, contract, KILN_RULE_KEY, "key", NULL, "is of ed25519");
	kiln_findings_add_violations(findings, violations);
	kiln_violations_add(violations, contract, KILN_RULE_KEY, "key", NULL, "is of ed25519");
	kiln_violations_add(violations, contract, KILN_RULE_REPO_KEYS, "x.repo", NULL, "names none");
	kiln_findings_add_violations(findings, violations);
	assert_int_equal(findings->len, 2);
	const KilnFinding *first = findings->pdata[0], *second = findings->pdata[1];
	assert_string_equal(first->check, "contract");
	assert_string_equal(first->rule, "key");
	assert_string_equal(first->found, "is of ed25519");
	assert_string_equal(first->consequence, "yum refuses it");
	assert_int_equal(first->level, KILN_FINDING_ERROR);
	assert_int_equal(second->level, KILN_FINDING_WARNING);
}

/* --- snapshots --- */

static void write_snapshot(const char *root, const char *id, gint64 created)
{
	g_autoptr(KilnSnapshot) snapshot = kiln_snapshot_new();
	g_autofree char *directory = g_build_filename(root, "demo", "small", "snapshots", id, NULL);
	g_autofree char *path = g_build_filename(directory, "snapshot.json", NULL);
	GError *error = NULL;

	snapshot->id = g_strdup(id);
	snapshot->key = g_strdup("key");
	snapshot->collection = g_strdup("demo");
	snapshot->target = g_strdup("small");
	snapshot->fingerprint = g_strdup("fingerprint");
	snapshot->created = created;
	g_autofree char *text = kiln_snapshot_emit(snapshot);
	kiln_fs_make_directory(directory, &error);
	kiln_fs_replace_text(path, text, &error);
	assert_no_error(error);
}

static void point(const char *root, const char *channel, const char *id)
{
	g_autofree char *directory = g_build_filename(root, "demo", "small", channel, NULL);
	g_autofree char *link = g_build_filename(directory, "current", NULL);
	g_autofree char *target = g_build_filename("..", "snapshots", id, NULL);

	assert_int_equal(g_mkdir_with_parents(directory, 0755), 0);
	assert_int_equal(symlink(target, link), 0);
}

/* Made in another order than by age; the clock went back between two of them. */
static KilnProject published_project(char *root)
{
	write_snapshot(root, "20260103T000000Z-c", 300);
	write_snapshot(root, "20260101T000000Z-a", 100);
	write_snapshot(root, "20260102T000000Z-b", 400);
	point(root, "stable", "20260103T000000Z-c");
	return (KilnProject){.publish_root = root};
}

static char *id_before(const KilnProject *project, const char *id)
{
	GError *error = NULL;
	g_autoptr(KilnPublished) published = kiln_published_open(project, "demo", "small", id, &error);
	assert_no_error(error);
	g_autoptr(KilnPublished) before = kiln_published_before(project, published->snapshot, &error);

	assert_no_error(error);
	return before ? g_strdup(before->snapshot->id) : NULL;
}

static void test_snapshot_before(void **state)
{
	KilnProject project = published_project(*state);
	g_autofree char *of_b = id_before(&project, "20260102T000000Z-b");
	g_autofree char *of_c = id_before(&project, "20260103T000000Z-c");
	g_autofree char *of_a = id_before(&project, "20260101T000000Z-a");

	assert_string_equal(of_b, "20260103T000000Z-c");
	assert_string_equal(of_c, "20260101T000000Z-a");
	assert_null(of_a);
}

static void test_snapshot_of_channel(void **state)
{
	KilnProject project = published_project(*state);
	GError *error = NULL;
	g_autoptr(KilnPublished) published =
		kiln_published_of_channel(&project, "demo", "small", "stable", &error);

	assert_no_error(error);
	assert_string_equal(published->snapshot->id, "20260103T000000Z-c");
	assert_true(g_str_has_suffix(published->directory, "/demo/small/snapshots/20260103T000000Z-c"));
	assert_null(kiln_published_of_channel(&project, "demo", "small", "testing", &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "there are: stable");
	assert_null(kiln_published_open(&project, "demo", "small", "none", &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "20260101T000000Z-a, 20260102T000000Z-b, 20260103T000000Z-c");
	assert_null(kiln_published_open(&project, "demo", "big", "none", &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "nothing of \"demo\" is published for \"big\"");
	point(*state, "broken", "20260104T000000Z-d");
	assert_null(kiln_published_of_channel(&project, "demo", "small", "broken", &error));
	assert_error(error, KILN_ERROR_VERIFY, "points at a damaged snapshot");
}

#define test_of(function) cmocka_unit_test_setup_teardown(function, setup_scratch, teardown_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finding_text),
		cmocka_unit_test(test_findings_by_level),
		cmocka_unit_test(test_violations_once),
		test_of(test_snapshot_before),
		test_of(test_snapshot_of_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
