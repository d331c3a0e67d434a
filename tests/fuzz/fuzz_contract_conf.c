/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever is taken as a contract has every rule with its texts, allows what it lists, and says the same when it is
 * read again from what it holds; every refusal names the place in one line.
 */
#include "format/contract_conf.h"

#include <stdint.h>
#include <string.h>

static void check(gboolean condition, const char *what)
{
	if (!condition)
		g_error("%s", what);
}

static void emit_list(GString *text, const char *key, char **list)
{
	g_autofree char *joined = list ? g_strjoinv(" ", list) : NULL;

	if (joined)
		g_string_append_printf(text, "%s = %s\n", key, joined);
}

static void emit_texts(GString *text, const char *key, GHashTable *texts)
{
	GHashTableIter iterator;
	gpointer value, sentence;

	g_hash_table_iter_init(&iterator, texts);
	while (g_hash_table_iter_next(&iterator, &value, &sentence))
		g_string_append_printf(text, "%s.%s = %s\n", key, (char *)value, (char *)sentence);
}

static char *emit(const KilnContract *contract)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "[contract]\nname = %s\nclient = %s\n", contract->name, contract->client);
	for (int kind = 0; kind < KILN_RULE_COUNT; kind++) {
		const KilnRule *rule = &contract->rules[kind];
		gboolean has_lists = rule->allowed || rule->required || rule->used;

		g_string_append_printf(text, "[%s]\nconsequence = %s\nfix = %s\nseverity = %s\n",
			kiln_rule_name((KilnRuleKind)kind), rule->consequence, rule->fix,
			rule->is_warning ? "warning" : "error");
		emit_list(text, "allowed", rule->allowed);
		emit_list(text, "required", rule->required);
		emit_list(text, "used", rule->used);
		emit_list(text, "beside-gz-database", rule->beside);
		if (!has_lists)
			g_string_append_printf(text, "maximum = %" G_GINT64_FORMAT "\n", rule->maximum);
		emit_texts(text, "consequence", rule->consequences);
		emit_texts(text, "fix", rule->fixes);
	}
	return g_string_free(text, FALSE);
}

static void check_contract(const KilnContract *contract)
{
	g_autofree char *text = emit(contract);
	g_autofree char *file = g_strconcat(contract->name, ".conf", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnContract) again = kiln_contract_parse(text, strlen(text), file, &error);
	KilnContractMetadata metadata;

	check(again != NULL, error ? error->message : "");
	for (int kind = 0; kind < KILN_RULE_COUNT; kind++) {
		const KilnRule *one = &contract->rules[kind], *two = &again->rules[kind];
		check(*one->consequence && *one->fix, "a rule without its texts");
		check(g_str_equal(one->consequence, two->consequence) && g_str_equal(one->fix, two->fix), "a text changed");
		check(one->maximum == two->maximum && one->is_warning == two->is_warning, "a value changed");
		check(g_hash_table_size(one->fixes) == g_hash_table_size(two->fixes), "the texts changed");
		for (char **word = one->allowed; word && *word; word++)
			check(kiln_rule_allows(two, *word), "what is listed is not allowed");
	}
	kiln_contract_metadata(contract, &metadata);
	check(metadata.checksum && metadata.xml_compressions[0], "nothing to write metadata with");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnContract) contract = kiln_contract_parse((const char *)data, size, "el6.conf", &error);

	check((contract == NULL) == (error != NULL), "neither a result nor an error");
	check(!error || g_str_has_prefix(error->message, "el6.conf:"), "an error without a place");
	check(!error || !strchr(error->message, '\n'), "an error of several lines");
	if (contract)
		check_contract(contract);
	return 0;
}
