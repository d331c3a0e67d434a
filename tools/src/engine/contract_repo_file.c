/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/contract.h"

#include "base/error.h"
#include "base/fs.h"
#include "engine/contract_judge.h"
#include "format/repo_file.h"

#include <string.h>

#define FILE_MAX_BYTES (256 << 10)

static const char *const booleans[] = {"enabled", "gpgcheck", "repo_gpgcheck", "sslverify", "skip_if_unavailable",
	"enablegroups", "keepalive", "module_hotfixes", "countme", NULL};
static const char *const durations[] = {"metadata_expire", "mirrorlist_expire", NULL};
static const char *const urls[] = {"baseurl", "mirrorlist", "metalink", "gpgkey", "gpgcakey", NULL};

/* One option of a section, as written. */
typedef struct {
	const char *section, *key, *value;
} Option;

static void check_known(const KilnJudgement *judgement, const Option *option)
{
	char **used = judgement->contract->rules[KILN_RULE_REPO_OPTIONS].used;

	if (!g_strv_contains((const char *const *)used, option->key))
		kiln_judge_refuse(judgement, KILN_RULE_REPO_OPTIONS, option->key, "[%s] has the option \"%s\"",
			option->section, option->key);
}

static void check_boolean(const KilnJudgement *judgement, const Option *option)
{
	g_autofree char *value = g_strstrip(g_ascii_strdown(option->value, -1));

	if (!kiln_judge_allows(judgement, KILN_RULE_REPO_BOOLEANS, value))
		kiln_judge_refuse(judgement, KILN_RULE_REPO_BOOLEANS, value, "[%s] says \"%s=%s\"", option->section,
			option->key, value);
}

/* "90", "1.5h", "never": as yum and dnf write times. */
static const char *duration_form(const char *value)
{
	static const struct {
		const char *suffix, *form;
	} units[] = {{"", "seconds"}, {"s", "seconds"}, {"m", "minutes"}, {"h", "hours"}, {"d", "days"}};
	gsize length = strspn(value, "0123456789.");

	if (g_str_equal(value, "never") || g_str_equal(value, "-1"))
		return "never";
	for (gsize i = 0; g_ascii_isdigit(*value) && i < G_N_ELEMENTS(units); i++)
		if (g_ascii_strcasecmp(value + length, units[i].suffix) == 0)
			return units[i].form;
	return "unreadable";
}

static void check_duration(const KilnJudgement *judgement, const Option *option)
{
	g_autofree char *value = g_strstrip(g_strdup(option->value));
	const char *form = duration_form(value);

	if (!kiln_judge_allows(judgement, KILN_RULE_REPO_DURATIONS, form))
		kiln_judge_refuse(judgement, KILN_RULE_REPO_DURATIONS, form, "[%s] says \"%s=%s\"", option->section,
			option->key, value);
}

/* "$name" and "${name}". */
static void check_variables(const KilnJudgement *judgement, const Option *option)
{
	for (const char *at = strchr(option->value, '$'); at; at = strchr(at + 1, '$')) {
		const char *start = at + 1 + (at[1] == '{');
		gboolean is_braced = start > at + 1;
		gsize length = strspn(
			start, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		g_autofree char *name = g_strndup(start, length);
		if (length > 0 && is_braced && !kiln_judge_allows(judgement, KILN_RULE_REPO_VARIABLES, "${}"))
			kiln_judge_refuse(judgement, KILN_RULE_REPO_VARIABLES, "${}", "[%s] has \"${%s}\" in its %s",
				option->section, name, option->key);
		else if (length > 0 && !kiln_judge_allows(judgement, KILN_RULE_REPO_VARIABLES, name))
			kiln_judge_refuse(judgement, KILN_RULE_REPO_VARIABLES, name, "[%s] has \"$%s\" in its %s",
				option->section, name, option->key);
	}
}

static void check_scheme(const KilnJudgement *judgement, const Option *option, const char *url)
{
	const char *colon = strstr(url, "://");
	g_autofree char *scheme = colon ? g_strndup(url, (gsize)(colon - url)) : NULL;

	if (g_str_has_prefix(url, "file:/"))
		return;
	if (!scheme || !kiln_judge_allows(judgement, KILN_RULE_REPO_URLS, scheme))
		kiln_judge_refuse(judgement, KILN_RULE_REPO_URLS, scheme, "[%s] has \"%s\" in its %s", option->section,
			url, option->key);
}

static void check_urls(const KilnJudgement *judgement, const Option *option)
{
	g_auto(GStrv) parts = g_strsplit_set(option->value, " \t\r\n,", -1);

	check_variables(judgement, option);
	for (char **part = parts; *part; part++)
		if (**part)
			check_scheme(judgement, option, *part);
}

static void check_option(const KilnJudgement *judgement, const Option *option)
{
	check_known(judgement, option);
	if (g_strv_contains(booleans, option->key))
		check_boolean(judgement, option);
	else if (g_strv_contains(durations, option->key))
		check_duration(judgement, option);
	else if (g_strv_contains(urls, option->key))
		check_urls(judgement, option);
}

static void check_section(const KilnJudgement *judgement, const KilnRepoFileSection *section)
{
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(section->settings), (GCompareFunc)strcmp);

	for (GList *key = keys; key; key = key->next) {
		const Option option = {
			section->id, key->data, g_hash_table_lookup(section->settings, key->data)};
		check_option(judgement, &option);
	}
}

static void check_key_option(const KilnJudgement *judgement, const KilnRepoFileSection *section)
{
	char **required = judgement->contract->rules[KILN_RULE_REPO_KEYS].required;
	gboolean is_required = g_strv_contains((const char *const *)required, "gpgkey");

	if (is_required && (section->gpgcheck || section->repo_gpgcheck) && !section->gpgkey[0])
		kiln_judge_refuse(judgement, KILN_RULE_REPO_KEYS, "gpgkey",
			"[%s] asks for signatures (%s=1) but names no gpgkey", section->id,
			section->gpgcheck ? "gpgcheck" : "repo_gpgcheck");
}

/* A key that the section names and that lies beside the file is what clients will import. */
static gboolean check_keys(
	const KilnJudgement *judgement, const KilnRepoFileSection *section, const char *path, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);

	for (char **url = section->gpgkey; *url; url++) {
		g_autofree char *name = g_path_get_basename(*url);
		g_autofree char *key = g_build_filename(directory, name, NULL);
		if (!g_file_test(key, G_FILE_TEST_IS_REGULAR)) {
			g_autofree char *found = g_strdup_printf(
				"[%s] names the key \"%s\", which is not beside the file: not judged", section->id, *url);
			kiln_judge_warn(judgement, KILN_RULE_REPO_KEYS, "not-beside", found);
			continue;
		}
		if (!kiln_contract_check_key(judgement->contract, key, judgement->violations, error))
			return FALSE;
	}
	return TRUE;
}

/* Judges the text and gives its sections; NULL when it is no .repo file. */
static GPtrArray *judge_text(const KilnJudgement *judgement, const char *text, gsize size, GError **error)
{
	GError *fault = NULL;
	g_autoptr(GPtrArray) sections = kiln_repo_file_parse(text, size, judgement->object, &fault);

	if (!sections) {
		g_set_error_literal(error, KILN_ERROR, KILN_ERROR_VERIFY, fault->message);
		g_error_free(fault);
		return NULL;
	}
	for (guint i = 0; i < sections->len; i++) {
		check_section(judgement, sections->pdata[i]);
		check_key_option(judgement, sections->pdata[i]);
	}
	return g_steal_pointer(&sections);
}

gboolean kiln_contract_check_repo_text(const KilnContract *contract, const char *name, const char *text,
	GPtrArray *violations, GError **error)
{
	const KilnJudgement judgement = {contract, name, violations};
	g_autoptr(GPtrArray) sections = judge_text(&judgement, text, strlen(text), error);

	return sections != NULL;
}

gboolean kiln_contract_check_repo_file(
	const KilnContract *contract, const char *path, GPtrArray *violations, GError **error)
{
	const KilnJudgement judgement = {contract, path, violations};
	gsize size = 0;
	g_autofree char *text = kiln_fs_read(path, FILE_MAX_BYTES, &size, error);
	g_autoptr(GPtrArray) sections = text ? judge_text(&judgement, text, size, error) : NULL;

	for (guint i = 0; sections && i < sections->len; i++)
		if (!check_keys(&judgement, sections->pdata[i], path, error))
			return FALSE;
	return sections != NULL;
}
