/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "format/snapshot_json.h"

#include <string.h>

#define SHA "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static KilnSnapshot *example(void)
{
	KilnSnapshot *snapshot = kiln_snapshot_new();
	KilnSnapshotPackage *package = g_new0(KilnSnapshotPackage, 1);

	snapshot->id = g_strdup("20261122T081500Z-0123456789ab");
	snapshot->key = g_strdup(SHA);
	snapshot->collection = g_strdup("epoxy");
	snapshot->target = g_strdup("trixie");
	snapshot->fingerprint = g_strdup("ABCD");
	snapshot->created = 1795335300;
	package->file = g_strdup("debug/Packages/a-debuginfo-1-1.x86_64.rpm");
	package->nevra = g_strdup("a-debuginfo-1-1.x86_64");
	package->name = g_strdup("a-debuginfo");
	package->sha256 = g_strdup(SHA);
	package->part = kiln_part_of(package->name, FALSE);
	g_ptr_array_add(snapshot->packages, package);
	return snapshot;
}

static void test_round_trip(void **state)
{
	g_autoptr(KilnSnapshot) snapshot = example();
	g_autofree char *text = kiln_snapshot_emit(snapshot);
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnSnapshot) parsed = kiln_snapshot_parse(text, "snapshot.json", &error);
	g_autofree char *again = NULL;

	(void)state;
	assert_no_error(error);
	again = kiln_snapshot_emit(parsed);
	assert_string_equal(again, text);
	assert_int_equal(((KilnSnapshotPackage *)parsed->packages->pdata[0])->part, KILN_PART_DEBUG);
}

static char *with(const char *from, const char *to)
{
	g_autoptr(KilnSnapshot) snapshot = example();
	g_autofree char *text = kiln_snapshot_emit(snapshot);
	g_auto(GStrv) parts = g_strsplit(text, from, 2);

	assert_int_equal(g_strv_length(parts), 2);
	return g_strjoinv(to, parts);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *from, *to, *part;
	} table[] = {
		{"{", "[", "snapshot.json: "},
		{"\"key\"", "\"kee\"", "\"key\" is missing or no text"},
		{"1795335300", "\"soon\"", "\"created\" is missing or no number"},
		{"\"packages\"", "\"package\"", "\"packages\" is missing or no list"},
		{"debug/Packages", "../Packages", "bad file name or digest"},
		{"\"sha256\" : \"ba", "\"sha256\" : \"zz", "bad file name or digest"},
		{"\"part\" : \"debug\"", "\"part\" : \"odd\"", "there is no part \"odd\""},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *text = with(table[i].from, table[i].to);
		g_autoptr(GError) error = NULL;
		assert_null(kiln_snapshot_parse(text, "snapshot.json", &error));
		assert_error(error, KILN_ERROR_VERIFY, table[i].part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_refusals)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
