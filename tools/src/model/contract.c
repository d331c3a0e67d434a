/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/contract.h"

#include "base/text.h"

#include <string.h>

static const char *const names[KILN_RULE_COUNT] = {
	[KILN_RULE_PAYLOAD] = "payload",
	[KILN_RULE_RPMLIB] = "rpmlib",
	[KILN_RULE_FILE_DIGESTS] = "file-digests",
	[KILN_RULE_DEPENDENCIES] = "dependencies",
	[KILN_RULE_WEAK_DEPENDENCIES] = "weak-dependencies",
	[KILN_RULE_VERSIONS] = "versions",
	[KILN_RULE_SCRIPTLETS] = "scriptlets",
	[KILN_RULE_TRIGGERS] = "triggers",
	[KILN_RULE_PACKAGE_SIGNATURE] = "package-signature",
	[KILN_RULE_SIGNATURE_COVERAGE] = "signature-coverage",
	[KILN_RULE_KEY] = "key",
	[KILN_RULE_KEY_SIGNATURE] = "key-signature",
	[KILN_RULE_SIGNING_KEY] = "signing-key",
	[KILN_RULE_KEY_STATE] = "key-state",
	[KILN_RULE_KEY_FILE] = "key-file",
	[KILN_RULE_METADATA_RECORDS] = "metadata-records",
	[KILN_RULE_METADATA_COMPRESSION] = "metadata-compression",
	[KILN_RULE_DATABASE_COMPRESSION] = "database-compression",
	[KILN_RULE_METADATA_CHECKSUM] = "metadata-checksum",
	[KILN_RULE_DATABASE_CHECKSUM] = "database-checksum",
	[KILN_RULE_PACKAGE_CHECKSUM] = "package-checksum",
	[KILN_RULE_METADATA_INTEGRITY] = "metadata-integrity",
	[KILN_RULE_TIMESTAMPS] = "timestamps",
	[KILN_RULE_REPOMD_SIZE] = "repomd-size",
	[KILN_RULE_COMPS] = "comps",
	[KILN_RULE_METADATA_SIGNATURE] = "metadata-signature",
	[KILN_RULE_METADATA_SIGNATURE_COUNT] = "metadata-signature-count",
	[KILN_RULE_REPO_OPTIONS] = "repo-options",
	[KILN_RULE_REPO_BOOLEANS] = "repo-booleans",
	[KILN_RULE_REPO_DURATIONS] = "repo-durations",
	[KILN_RULE_REPO_VARIABLES] = "repo-variables",
	[KILN_RULE_REPO_URLS] = "repo-urls",
	[KILN_RULE_REPO_KEYS] = "repo-keys",
};

const char *kiln_rule_name(KilnRuleKind kind)
{
	return names[kind];
}

KilnContract *kiln_contract_new(void)
{
	KilnContract *contract = g_new0(KilnContract, 1);

	for (int kind = 0; kind < KILN_RULE_COUNT; kind++) {
		KilnRule *rule = &contract->rules[kind];
		rule->consequences = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		rule->fixes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	}
	return contract;
}

static void clear_rule(KilnRule *rule)
{
	g_strfreev(rule->allowed);
	g_strfreev(rule->required);
	g_strfreev(rule->used);
	g_strfreev(rule->beside);
	g_free(rule->consequence);
	g_free(rule->fix);
	g_hash_table_unref(rule->consequences);
	g_hash_table_unref(rule->fixes);
}

void kiln_contract_free(KilnContract *contract)
{
	if (!contract)
		return;
	g_free(contract->name);
	g_free(contract->client);
	for (int kind = 0; kind < KILN_RULE_COUNT; kind++)
		clear_rule(&contract->rules[kind]);
	g_free(contract);
}

/* Whether `word`, "rsa:1024-4096", is a range that `value`, "rsa:2048", is in. */
static gboolean range_holds(const char *word, const char *value)
{
	const char *colon = strchr(word, ':');
	gsize length = colon ? (gsize)(colon - word) + 1 : 0;
	g_auto(GStrv) ends = colon ? g_strsplit(colon + 1, "-", 2) : NULL;
	gint64 low, high, number;

	return colon && strncmp(word, value, length) == 0 && g_strv_length(ends) == 2 &&
		kiln_text_parse_number(ends[0], 0, G_MAXINT, &low, NULL) &&
		kiln_text_parse_number(ends[1], low, G_MAXINT, &high, NULL) &&
		kiln_text_parse_number(value + length, low, high, &number, NULL);
}

gboolean kiln_rule_allows(const KilnRule *rule, const char *value)
{
	for (char **word = rule->allowed; word && *word; word++)
		if (g_str_equal(*word, value) || range_holds(*word, value))
			return TRUE;
	return FALSE;
}

static gboolean lists(char **list, const char *word)
{
	return list && g_strv_contains((const char *const *)list, word);
}

void kiln_contract_metadata(const KilnContract *contract, KilnContractMetadata *ret_metadata)
{
	const KilnRule *rules = contract->rules;
	const KilnRule *records = &rules[KILN_RULE_METADATA_RECORDS];
	const KilnRule *timestamps = &rules[KILN_RULE_TIMESTAMPS];
	char **comps = rules[KILN_RULE_COMPS].required;

	*ret_metadata = (KilnContractMetadata){
		.xml_compressions = (const char *const *)rules[KILN_RULE_METADATA_COMPRESSION].allowed,
		.database_compressions = (const char *const *)rules[KILN_RULE_DATABASE_COMPRESSION].allowed,
		.databases_are_used = lists(records->used, "primary_db"),
		.databases_are_required = lists(records->required, "primary_db"),
		.checksum = rules[KILN_RULE_METADATA_CHECKSUM].allowed[0],
		.zchunk_is_allowed = kiln_rule_allows(records, "zchunk"),
		.zchunk_is_used = lists(records->used, "primary_zck"),
		.comps_plain = lists(comps, "group"),
		.comps_gz = lists(comps, "group_gz"),
		.repomd_max_bytes = rules[KILN_RULE_REPOMD_SIZE].maximum,
		.timestamps_are_integers = !kiln_rule_allows(timestamps, "fraction"),
	};
}

void kiln_violation_free(KilnViolation *violation)
{
	if (!violation)
		return;
	g_free(violation->object);
	g_free(violation->rule);
	g_free(violation->found);
	g_free(violation->consequence);
	g_free(violation->fix);
	g_free(violation);
}

GPtrArray *kiln_violations_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)kiln_violation_free);
}

/* The text for `value`, for its kind ("rsa" of "rsa/md5"), or the rule's. */
static const char *choose(GHashTable *texts, const char *value, const char *fallback)
{
	g_autofree char *kind = value ? g_strndup(value, strcspn(value, "/:")) : NULL;
	const char *text = value ? g_hash_table_lookup(texts, value) : NULL;

	if (!text && kind)
		text = g_hash_table_lookup(texts, kind);
	return text ? text : fallback;
}

/* What is told of one object stands together. */
static gboolean was_told(const GPtrArray *violations, const KilnViolation *violation)
{
	for (guint i = violations->len; i-- > 0;) {
		const KilnViolation *other = violations->pdata[i];
		if (!g_str_equal(other->object, violation->object))
			return FALSE;
		if (g_str_equal(other->rule, violation->rule) && g_str_equal(other->found, violation->found))
			return TRUE;
	}
	return FALSE;
}

void kiln_violations_add(GPtrArray *violations, const KilnContract *contract, KilnRuleKind kind, const char *object,
	const char *value, const char *found)
{
	const KilnRule *rule = &contract->rules[kind];
	KilnViolation *violation = g_new0(KilnViolation, 1);
	const char *consequence = choose(rule->consequences, value, rule->consequence);

	violation->object = kiln_text_printable(object);
	violation->rule = g_strdup(names[kind]);
	violation->found = kiln_text_printable(found);
	violation->consequence = g_strdup_printf("%s %s", contract->client, consequence);
	violation->fix = g_strdup(choose(rule->fixes, value, rule->fix));
	violation->is_warning = rule->is_warning;
	if (was_told(violations, violation))
		kiln_violation_free(violation);
	else
		g_ptr_array_add(violations, violation);
}

guint kiln_violations_count(const GPtrArray *violations)
{
	guint count = 0;

	for (guint i = 0; i < violations->len; i++)
		count += !((const KilnViolation *)violations->pdata[i])->is_warning;
	return count;
}

char *kiln_violation_text(const KilnViolation *violation)
{
	return g_strdup_printf("\"%s\": %s (rule %s): %s; %s", violation->object, violation->found, violation->rule,
		violation->consequence, violation->fix);
}

char *kiln_violations_text(const GPtrArray *violations, gboolean warnings)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < violations->len; i++) {
		const KilnViolation *violation = violations->pdata[i];
		g_autofree char *line = kiln_violation_text(violation);
		if (violation->is_warning == warnings)
			g_string_append_printf(text, "%s%s", text->len ? "\n" : "", line);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}
