/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/contract_lists.h"

#include "lib/metadata_db.h"

static const struct {
	const char *type, *root; /* root: of XML; NULL for databases */
} kinds[] = {{"primary", "metadata"}, {"filelists", "filelists"}, {"other", "otherdata"}, {"primary_db", NULL},
	{"filelists_db", NULL}, {"other_db", NULL}};

gboolean kiln_contract_lists_packages(const char *type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_str_equal(kinds[i].type, type))
			return TRUE;
	return FALSE;
}

GPtrArray *kiln_contract_list_read(const char *type, GBytes *content, const char *name, GError **error)
{
	gsize size = 0;
	const char *text = g_bytes_get_data(content, &size);

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i].root && g_str_equal(kinds[i].type, type))
			return i == 0 ? kiln_primary_xml_parse(text, size, name, error)
				      : kiln_details_xml_parse(text, size, kinds[i].root, name, error);
	return kiln_metadata_db_read(content, name, g_str_equal(type, "primary_db"), error);
}

char *kiln_contract_list_name(const KilnXmlPackage *package)
{
	return g_strdup_printf("%s-%s:%s-%s.%s", package->name ? package->name : "", package->epoch ? package->epoch : "0",
		package->version ? package->version : "", package->release ? package->release : "",
		package->arch ? package->arch : "");
}

/* By their checksums, which is how clients bring the files together. */
static GHashTable *index_packages(const GPtrArray *packages)
{
	GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < packages->len; i++) {
		KilnXmlPackage *package = packages->pdata[i];
		g_hash_table_insert(index, package->checksum.value ? package->checksum.value : (gpointer) "", package);
	}
	return index;
}

/* What `package` says otherwise than `first`; NULL for nothing. Caller owns. */
static char *find_difference(const KilnXmlPackage *first, const KilnXmlPackage *package)
{
	g_autofree char *expected = kiln_contract_list_name(first);
	g_autofree char *name = kiln_contract_list_name(package);

	if (package->name && !g_str_equal(expected, name))
		return g_strdup_printf("it calls a package %s that is %s in primary", name, expected);
	if (package->location && g_strcmp0(package->location, first->location) != 0)
		return g_strdup_printf("it has %s at \"%s\", primary at \"%s\"", expected, package->location,
			first->location ? first->location : "");
	return NULL;
}

void kiln_contract_list_compare(const KilnJudgement *judgement, const GPtrArray *primary, const GPtrArray *list)
{
	g_autoptr(GHashTable) expected = index_packages(primary);
	g_autoptr(GHashTable) found = index_packages(list);
	g_autofree char *difference = NULL;
	guint missing = 0, unknown = 0;
	GHashTableIter iter;
	gpointer id, package;

	g_hash_table_iter_init(&iter, expected);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		missing += !g_hash_table_contains(found, id);
	g_hash_table_iter_init(&iter, found);
	while (g_hash_table_iter_next(&iter, &id, &package)) {
		const KilnXmlPackage *first = g_hash_table_lookup(expected, id);
		unknown += first == NULL;
		if (first && !difference)
			difference = find_difference(first, package);
	}
	if (missing + unknown > 0)
		kiln_judge_refuse(judgement, KILN_RULE_METADATA_INTEGRITY, "lists",
			"it is of other packages than primary: %u of primary's are not in it, %u in it are not primary's",
			missing, unknown);
	else if (difference)
		kiln_judge_refuse(judgement, KILN_RULE_METADATA_INTEGRITY, "lists", "%s", difference);
}
