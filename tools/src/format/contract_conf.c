/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/contract_conf.h"

#include "base/error.h"
#include "base/text.h"
#include "format/ini.h"

#include <string.h>

#define MAX_BYTES (256 << 10)

#define DIGESTS "md5", "sha1", "sha224", "sha256", "sha384", "sha512"

/* Which keys a rule has; FILLED: its list may not be empty. */
typedef enum {
	ALLOWED = 1 << 0,
	REQUIRED = 1 << 1,
	USED = 1 << 2,
	BESIDE = 1 << 3,
	MAXIMUM = 1 << 4,
	FILLED = 1 << 5,
} Keys;

/* Words of `allowed` and `beside-gz-database`. A final "/" or ":" stands for more: "rsa/sha256", "rsa:1024-4096". */
static const char *const compressors[] = {"gzip", "bzip2", "lzma", "xz", "zstd", "none", NULL};
static const char *const digests[] = {DIGESTS, NULL};
static const char *const dependency_forms[] = {"plain", "rich", "self-conflict", NULL};
static const char *const weak_kinds[] = {"recommends", "suggests", "supplements", "enhances", NULL};
static const char *const version_signs[] = {"plain", "tilde", "caret", NULL};
static const char *const scriptlets[] = {"program", "lua", "empty-lua", NULL};
static const char *const triggers[] = {"package", "file", NULL};
static const char *const signatures[] = {"none", "rsa/", "dsa/", "ecdsa/", "eddsa/", NULL};
/* Never allowed: damaged, made by none of the keys that clients have. */
static const char *const verdicts[] = {"damaged", "other-key", "wrong", NULL};
static const char *const coverages[] = {
	"header-and-payload", "header-and-digest", "payload", "header", NULL};
static const char *const key_kinds[] = {
	"rsa:", "dsa:", "nistp256:", "nistp384:", "nistp521:", "ed25519:", "ed448:", NULL};
static const char *const key_parts[] = {"primary", "subkey", NULL};
static const char *const no_part[] = {"none", NULL};
static const char *const key_states[] = {"valid", "expired", "revoked", NULL};
static const char *const key_forms[] = {
	"armoured", "binary", "crlf", "no-checksum", "no-final-newline", "several-keys", NULL};
static const char *const record_kinds[] = {"unknown", "zchunk", NULL};
static const char *const metadata_compressions[] = {"none", "gz", "bz2", "xz", "zstd", NULL};
static const char *const checksums[] = {"none", "sha", DIGESTS, NULL};
static const char *const presences[] = {"present", "missing", NULL};
static const char *const timestamps[] = {"integer", "fraction", "none", NULL};
static const char *const booleans[] = {"0", "1", "no", "yes", "false", "true", "off", "on", NULL};
static const char *const durations[] = {"never", "seconds", "minutes", "hours", "days", NULL};
static const char *const no_key[] = {"not-beside", NULL};
static const char *const schemes[] = {"http", "https", "ftp", "file", NULL};

static const struct {
	Keys keys; /* must be there */
	Keys optional;
	const char *const *words; /* NULL: any */
	const char *const *told;  /* what more consequence.* and fix.* may be about */
} rules[KILN_RULE_COUNT] = {
	[KILN_RULE_PAYLOAD] = {ALLOWED | FILLED, 0, compressors},
	[KILN_RULE_RPMLIB] = {ALLOWED, 0, NULL},
	[KILN_RULE_FILE_DIGESTS] = {ALLOWED | FILLED, 0, digests},
	[KILN_RULE_DEPENDENCIES] = {ALLOWED, 0, dependency_forms},
	[KILN_RULE_WEAK_DEPENDENCIES] = {ALLOWED, 0, weak_kinds},
	[KILN_RULE_VERSIONS] = {ALLOWED, 0, version_signs},
	[KILN_RULE_SCRIPTLETS] = {ALLOWED, 0, scriptlets},
	[KILN_RULE_TRIGGERS] = {ALLOWED, 0, triggers},
	[KILN_RULE_PACKAGE_SIGNATURE] = {ALLOWED | FILLED, 0, signatures, verdicts},
	[KILN_RULE_SIGNATURE_COVERAGE] = {ALLOWED | FILLED, 0, coverages},
	[KILN_RULE_KEY] = {ALLOWED | FILLED, 0, key_kinds},
	[KILN_RULE_KEY_SIGNATURE] = {ALLOWED | FILLED, 0, digests},
	[KILN_RULE_SIGNING_KEY] = {ALLOWED | FILLED, 0, key_parts, no_part},
	[KILN_RULE_KEY_STATE] = {ALLOWED | FILLED, 0, key_states},
	[KILN_RULE_KEY_FILE] = {ALLOWED | FILLED, 0, key_forms},
	[KILN_RULE_METADATA_RECORDS] = {ALLOWED | REQUIRED, USED, record_kinds},
	[KILN_RULE_METADATA_COMPRESSION] = {ALLOWED | FILLED, BESIDE, metadata_compressions},
	[KILN_RULE_DATABASE_COMPRESSION] = {ALLOWED, 0, metadata_compressions},
	[KILN_RULE_METADATA_CHECKSUM] = {ALLOWED | FILLED, 0, checksums},
	[KILN_RULE_DATABASE_CHECKSUM] = {ALLOWED, 0, presences},
	[KILN_RULE_PACKAGE_CHECKSUM] = {ALLOWED | FILLED, 0, checksums},
	[KILN_RULE_METADATA_INTEGRITY] = {REQUIRED, 0, NULL},
	[KILN_RULE_TIMESTAMPS] = {ALLOWED, 0, timestamps},
	[KILN_RULE_REPOMD_SIZE] = {MAXIMUM, 0, NULL},
	[KILN_RULE_COMPS] = {ALLOWED | FILLED | REQUIRED, 0, metadata_compressions},
	[KILN_RULE_METADATA_SIGNATURE] = {ALLOWED | FILLED, 0, signatures, verdicts},
	[KILN_RULE_METADATA_SIGNATURE_COUNT] = {MAXIMUM, 0, NULL},
	[KILN_RULE_REPO_OPTIONS] = {USED, 0, NULL},
	[KILN_RULE_REPO_BOOLEANS] = {ALLOWED | FILLED, 0, booleans},
	[KILN_RULE_REPO_DURATIONS] = {ALLOWED | FILLED, 0, durations},
	[KILN_RULE_REPO_VARIABLES] = {ALLOWED, 0, NULL},
	[KILN_RULE_REPO_URLS] = {ALLOWED | FILLED, 0, schemes},
	[KILN_RULE_REPO_KEYS] = {REQUIRED, 0, NULL, no_key},
};

/* Where to put each list. */
static const struct {
	Keys bit;
	const char *key;
	gsize offset;
} list_keys[] = {
	{ALLOWED, "allowed", G_STRUCT_OFFSET(KilnRule, allowed)},
	{REQUIRED, "required", G_STRUCT_OFFSET(KilnRule, required)},
	{USED, "used", G_STRUCT_OFFSET(KilnRule, used)},
	{BESIDE, "beside-gz-database", G_STRUCT_OFFSET(KilnRule, beside)},
};

/* Adds a key to the schema. */
static void allow_key(GArray *schema, const char *group, const char *key, gboolean is_required)
{
	const KilnIniKey entry = {group, key, is_required};

	g_array_append_val(schema, entry);
}

static void allow_rule(GArray *schema, KilnRuleKind kind)
{
	const char *group = kiln_rule_name(kind);
	Keys keys = rules[kind].keys;

	for (gsize i = 0; i < G_N_ELEMENTS(list_keys); i++)
		if (((keys | rules[kind].optional) & list_keys[i].bit) != 0)
			allow_key(schema, group, list_keys[i].key, (keys & list_keys[i].bit) != 0);
	if ((keys & MAXIMUM) != 0)
		allow_key(schema, group, "maximum", TRUE);
	allow_key(schema, group, "severity", FALSE);
	allow_key(schema, group, "consequence", TRUE);
	allow_key(schema, group, "consequence.*", FALSE);
	allow_key(schema, group, "fix", TRUE);
	allow_key(schema, group, "fix.*", FALSE);
}

/* Every rule is required: each has a key that is. */
static const KilnIniKey *get_schema(void)
{
	static gsize once = 0;
	static const KilnIniKey *made = NULL;

	if (g_once_init_enter(&once)) {
		GArray *schema = g_array_new(TRUE, TRUE, sizeof(KilnIniKey));
		allow_key(schema, "contract", "name", TRUE);
		allow_key(schema, "contract", "client", TRUE);
		for (int kind = 0; kind < KILN_RULE_COUNT; kind++)
			allow_rule(schema, (KilnRuleKind)kind);
		made = (const KilnIniKey *)g_array_free(schema, FALSE);
		g_once_init_leave(&once, 1);
	}
	return made;
}

static gboolean word_is_known(const char *const *words, const char *word)
{
	for (; words && *words; words++) {
		gsize length = strlen(*words);
		gboolean is_open = g_str_has_suffix(*words, "/") || g_str_has_suffix(*words, ":");
		if (is_open ? g_str_has_prefix(word, *words) && word[length] : g_str_equal(*words, word))
			return TRUE;
	}
	return FALSE;
}

/* "rsa/DIGEST" and "rsa:BITS" or "rsa:LEAST-MOST" are checked behind their first part as well. */
static gboolean tail_is_known(const char *word)
{
	const char *slash = strchr(word, '/');
	const char *colon = strchr(word, ':');
	g_auto(GStrv) ends = colon ? g_strsplit(colon + 1, "-", 2) : g_new0(char *, 1);
	gint64 least = 0;

	if (slash)
		return g_strv_contains(digests, slash + 1);
	for (char **end = ends; *end; end++)
		if (!kiln_text_parse_number(*end, least, 1 << 20, &least, NULL))
			return FALSE;
	return TRUE;
}

static gboolean check_words(const KilnIni *ini, KilnRuleKind kind, const char *key, char **list, GError **error)
{
	const char *const *words = rules[kind].words;
	const char *group = kiln_rule_name(kind);

	for (guint i = 0; list[i]; i++) {
		const char *near = words ? kiln_text_nearest(list[i], words) : NULL;
		if (words && (!word_is_known(words, list[i]) || !tail_is_known(list[i])))
			return kiln_ini_set_error(ini, group, key, error,
				"key \"%s\": \"%s\" is nothing that rule %s knows%s%s%s", key, list[i], group,
				near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
		for (guint other = 0; other < i; other++)
			if (g_str_equal(list[i], list[other]))
				return kiln_ini_set_error(ini, group, key, error,
					"key \"%s\": \"%s\" stands twice", key, list[i]);
	}
	return TRUE;
}

static gboolean take_lists(const KilnIni *ini, KilnRuleKind kind, KilnRule *rule, GError **error)
{
	const char *group = kiln_rule_name(kind);
	Keys all = rules[kind].keys | rules[kind].optional;

	for (gsize i = 0; i < G_N_ELEMENTS(list_keys); i++) {
		char ***place = (char ***)G_STRUCT_MEMBER_P(rule, list_keys[i].offset);
		const char *key = list_keys[i].key;
		gboolean has_words = (list_keys[i].bit & (ALLOWED | BESIDE)) != 0;
		if ((all & list_keys[i].bit) == 0)
			continue;
		*place = kiln_ini_get_list(ini, group, key);
		if (has_words && !check_words(ini, kind, key, *place, error))
			return FALSE;
		if (list_keys[i].bit == ALLOWED && (all & FILLED) != 0 && !**place)
			return kiln_ini_set_error(ini, group, key, error,
				"key \"%s\" is empty: nothing at all would be taken", key);
	}
	return TRUE;
}

/* A sentence that others continue: something, and without a period at its end. */
static char *take_text(const KilnIni *ini, const char *group, const char *key, GError **error)
{
	g_autofree char *text = kiln_ini_get(ini, group, key, "");

	if (*text && !g_str_has_suffix(text, "."))
		return g_steal_pointer(&text);
	kiln_ini_set_error(ini, group, key, error, "key \"%s\" %s", key,
		*text ? "ends in a period, but the sentence goes on" : "is empty");
	return NULL;
}

/* Whether something can be found that the text is about: a text under a misspelt value would never be told. */
static gboolean check_value(
	const KilnIni *ini, KilnRuleKind kind, const char *key, const char *value, GError **error)
{
	const char *const *words = rules[kind].words;
	const char *group = kiln_rule_name(kind);
	g_autofree char *slashed = g_strconcat(value, "/", NULL);
	g_autofree char *ranged = g_strconcat(value, ":", NULL);
	const char *near = words ? kiln_text_nearest(value, words) : NULL;

	if (!words || word_is_known(words, value) || word_is_known(rules[kind].told, value) || g_strv_contains(words, slashed) ||
		g_strv_contains(words, ranged))
		return TRUE;
	return kiln_ini_set_error(ini, group, key, error,
		"key \"%s\": \"%s\" is nothing that rule %s knows%s%s%s", key, value, group,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* consequence.VALUE and fix.VALUE. */
static gboolean take_texts(
	const KilnIni *ini, KilnRuleKind kind, const char *prefix, GHashTable *texts, GError **error)
{
	const char *group = kiln_rule_name(kind);
	g_auto(GStrv) keys = kiln_ini_list_keys(ini, group, prefix);

	for (char **key = keys; *key; key++) {
		const char *value = *key + strlen(prefix);
		char *text = check_value(ini, kind, *key, value, error) ? take_text(ini, group, *key, error) : NULL;
		if (!text)
			return FALSE;
		g_hash_table_insert(texts, g_strdup(value), text);
	}
	return TRUE;
}

static gboolean take_severity(const KilnIni *ini, const char *group, KilnRule *rule, GError **error)
{
	g_autofree char *severity = kiln_ini_get(ini, group, "severity", "error");

	rule->is_warning = g_str_equal(severity, "warning");
	return rule->is_warning || g_str_equal(severity, "error") ||
		kiln_ini_set_error(ini, group, "severity", error,
			"key \"severity\": \"%s\" is neither error nor warning", severity);
}

static gboolean take_rule(const KilnIni *ini, KilnRuleKind kind, KilnRule *rule, GError **error)
{
	const char *group = kiln_rule_name(kind);

	rule->consequence = take_text(ini, group, "consequence", error);
	rule->fix = rule->consequence ? take_text(ini, group, "fix", error) : NULL;
	return rule->fix && take_lists(ini, kind, rule, error) && take_severity(ini, group, rule, error) &&
		kiln_ini_get_number(ini, group, "maximum", 0, &rule->maximum, error) &&
		take_texts(ini, kind, "consequence.", rule->consequences, error) &&
		take_texts(ini, kind, "fix.", rule->fixes, error);
}

static gboolean take_name(const KilnIni *ini, KilnContract *contract, const char *filename, GError **error)
{
	g_autofree char *base = g_path_get_basename(filename);
	g_autofree char *expected = NULL;

	contract->name = kiln_ini_get(ini, "contract", "name", "");
	contract->client = take_text(ini, "contract", "client", error);
	expected = g_strconcat(contract->name, ".conf", NULL);
	if (!contract->client)
		return FALSE;
	return g_str_equal(expected, base) ||
		kiln_ini_set_error(ini, "contract", "name", error,
			"the contract is called \"%s\", but its file \"%s\"; give them one name", contract->name,
			base);
}

KilnContract *kiln_contract_parse(const char *text, gsize size, const char *filename, GError **error)
{
	g_autoptr(KilnContract) contract = kiln_contract_new();
	g_autofree char *copy = NULL;
	g_autoptr(KilnIni) ini = NULL;

	if (size > MAX_BYTES || memchr(text, '\0', size)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "%s:1: %s", filename,
			size > MAX_BYTES ? "is larger than 256 KiB" : "is no text: it holds a NUL byte");
		return NULL;
	}
	copy = g_strndup(text, size);
	ini = kiln_ini_parse(copy, filename, get_schema(), error);
	if (!ini || !take_name(ini, contract, filename, error))
		return NULL;
	for (int kind = 0; kind < KILN_RULE_COUNT; kind++)
		if (!take_rule(ini, (KilnRuleKind)kind, &contract->rules[kind], error))
			return NULL;
	return g_steal_pointer(&contract);
}
