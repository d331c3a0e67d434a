/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/contract.h"

#include "engine/contract_judge.h"
#include "lib/rpmheader.h"
#include "lib/rpmtrust.h"
#include "lib/rpmversion.h"

#include <string.h>

/* What has been told of a package by a rule of its own, and would only be repeated by the rpmlib() feature that
 * rpmbuild asks for because of it. */
static const struct {
	const char *feature;
	KilnRuleKind rule;
	const char *value; /* of that rule */
} shadows[] = {
	{"RichDependencies", KILN_RULE_DEPENDENCIES, "rich"},
	{"TildeInVersions", KILN_RULE_VERSIONS, "tilde"},
	{"CaretInVersions", KILN_RULE_VERSIONS, "caret"},
	{"PayloadIsZstd", KILN_RULE_PAYLOAD, "zstd"},
	{"PayloadIsXz", KILN_RULE_PAYLOAD, "xz"},
	{"PayloadIsLzma", KILN_RULE_PAYLOAD, "lzma"},
	{"PayloadIsBzip2", KILN_RULE_PAYLOAD, "bzip2"},
};

typedef struct {
	KilnJudgement judgement;
	const KilnRpmHeader *header;
	gboolean is_told[G_N_ELEMENTS(shadows)];
} Judge;

/* Tells of a breach, and remembers whose shadow need not be told. */
G_GNUC_PRINTF(4, 5)
static void refuse(Judge *judge, KilnRuleKind kind, const char *value, const char *format, ...)
{
	va_list arguments;
	g_autofree char *found = NULL;

	va_start(arguments, format);
	found = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	kiln_judge_refuse(&judge->judgement, kind, value, "%s", found);
	for (gsize i = 0; i < G_N_ELEMENTS(shadows); i++)
		if (shadows[i].rule == kind && g_str_equal(shadows[i].value, value))
			judge->is_told[i] = TRUE;
}

static gboolean allows(const Judge *judge, KilnRuleKind kind, const char *value)
{
	return kiln_judge_allows(&judge->judgement, kind, value);
}

static void check_payload(Judge *judge)
{
	const char *name = judge->header->payload_compressor;
	const char *value = *name ? name : "none";

	if (!allows(judge, KILN_RULE_PAYLOAD, value))
		refuse(judge, KILN_RULE_PAYLOAD, value, "its payload is compressed by %s", value);
}

static void check_file_digests(Judge *judge)
{
	const char *value = judge->header->file_digest_algorithm;
	gboolean has_digest = FALSE;

	for (guint i = 0; !has_digest && i < judge->header->files->len; i++)
		has_digest = *((const KilnRpmFile *)judge->header->files->pdata[i])->digest != '\0';
	if (has_digest && !allows(judge, KILN_RULE_FILE_DIGESTS, value))
		refuse(judge, KILN_RULE_FILE_DIGESTS, value, "the digests of its files are %s", value);
}

/* ── dependencies ── */

typedef struct {
	const char *word; /* in the spec */
	char **texts;
	const char *weak; /* its name in the rule of weak dependencies; NULL: not weak */
} Dependencies;

/* A tilde or caret in the version of a dependency, "name >= 1~rc1". Names may have them as well, and file names. */
static gboolean version_has(const char *text, char sign)
{
	const char *space = strchr(text, ' ');

	return space && strchr(space, sign) != NULL;
}

static void check_version_sign(Judge *judge, const Dependencies *kind, const char *text, char sign)
{
	const char *value = sign == '~' ? "tilde" : "caret";

	if (version_has(text, sign) && !allows(judge, KILN_RULE_VERSIONS, value))
		refuse(judge, KILN_RULE_VERSIONS, value, "\"%s: %s\" has a \"%c\" in its version", kind->word, text,
			sign);
}

/* What rpmbuild adds by itself: "foo = 1~rc1" in Provides of foo-1~rc1 says nothing new. */
static gboolean is_own_version(const Judge *judge, const char *text)
{
	const KilnRpmHeader *header = judge->header;
	g_autofree char *epoch = header->epoch ? g_strdup_printf("%u:", header->epoch) : g_strdup("");
	g_autofree char *evr = g_strdup_printf(" = %s%s-%s", epoch, header->version, header->release);

	return g_str_has_suffix(text, evr);
}

static void check_dependency(Judge *judge, const Dependencies *kind, const char *text)
{
	if (*text == '(') {
		if (!allows(judge, KILN_RULE_DEPENDENCIES, "rich"))
			refuse(judge, KILN_RULE_DEPENDENCIES, "rich", "\"%s: %s\" is a rich dependency", kind->word,
				text);
		return;
	}
	if (is_own_version(judge, text) || g_str_has_prefix(text, "rpmlib("))
		return;
	check_version_sign(judge, kind, text, '~');
	check_version_sign(judge, kind, text, '^');
}

/* rpm since 4.19 writes these for owners of files, which the package's %pre or its base has made: who passes them over
 * misses nothing. */
static gboolean is_of_owners(const char *dependency)
{
	return g_str_has_prefix(dependency, "user(") || g_str_has_prefix(dependency, "group(");
}

static void check_dependencies(Judge *judge)
{
	const KilnRpmHeader *header = judge->header;
	const Dependencies kinds[] = {
		{"Provides", header->provides, NULL},
		{"Requires", header->requires, NULL},
		{"Conflicts", header->conflicts, NULL},
		{"Obsoletes", header->obsoletes, NULL},
		{"Recommends", header->recommends, "recommends"},
		{"Suggests", header->suggests, "suggests"},
		{"Supplements", header->supplements, "supplements"},
		{"Enhances", header->enhances, "enhances"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const char *weak = kinds[i].weak;
		gboolean is_refused = weak && !allows(judge, KILN_RULE_WEAK_DEPENDENCIES, weak);
		for (char **text = kinds[i].texts; *text; text++) {
			check_dependency(judge, &kinds[i], *text);
			if (is_refused && !is_of_owners(*text))
				refuse(judge, KILN_RULE_WEAK_DEPENDENCIES, weak,
					"\"%s: %s\" is a weak dependency", kinds[i].word, *text);
		}
	}
}

/* What the package provides that `conflict` is about, in rpm's notation; NULL: nothing. */
static const char *find_own(const Judge *judge, const KilnDependency *conflict)
{
	for (char **text = judge->header->provides; *text; text++) {
		g_auto(KilnDependency) provided = {0};
		if (kiln_dependency_parse(*text, &provided, NULL) && kiln_rpmversion_overlap(&provided, conflict))
			return *text;
	}
	return NULL;
}

static void check_self_conflicts(Judge *judge)
{
	if (allows(judge, KILN_RULE_DEPENDENCIES, "self-conflict"))
		return;
	for (char **text = judge->header->conflicts; *text; text++) {
		g_auto(KilnDependency) conflict = {0};
		const char *own = kiln_dependency_parse(*text, &conflict, NULL) ? find_own(judge, &conflict) : NULL;
		if (own)
			refuse(judge, KILN_RULE_DEPENDENCIES, "self-conflict",
				"\"Conflicts: %s\" is also about itself, as it provides \"%s\"", *text, own);
	}
}

static void check_own_version(Judge *judge, char sign)
{
	const char *value = sign == '~' ? "tilde" : "caret";
	const KilnRpmHeader *header = judge->header;

	if ((strchr(header->version, sign) || strchr(header->release, sign)) &&
		!allows(judge, KILN_RULE_VERSIONS, value))
		refuse(judge, KILN_RULE_VERSIONS, value, "its version \"%s-%s\" has a \"%c\"", header->version,
			header->release, sign);
}

/* ── features ── */

/* "FileCaps" of "rpmlib(FileCaps) <= 4.6.1-1"; NULL for any other text. Caller owns. */
static char *feature_of(const char *text)
{
	const char *start = text + strlen("rpmlib(");
	const char *end;

	if (!g_str_has_prefix(text, "rpmlib("))
		return NULL;
	end = strchr(start, ')');
	return end ? g_strndup(start, (gsize)(end - start)) : NULL;
}

static gboolean is_told(const Judge *judge, const char *feature)
{
	for (gsize i = 0; i < G_N_ELEMENTS(shadows); i++)
		if (judge->is_told[i] && g_str_equal(shadows[i].feature, feature))
			return TRUE;
	return FALSE;
}

static void check_features(Judge *judge)
{
	for (char **text = judge->header->requires; *text; text++) {
		g_autofree char *feature = feature_of(*text);
		if (feature && !is_told(judge, feature) && !allows(judge, KILN_RULE_RPMLIB, feature))
			refuse(judge, KILN_RULE_RPMLIB, feature, "it asks for \"%s\"", *text);
	}
}

/* ── scriptlets ── */

static void check_scriptlet(Judge *judge, const KilnRpmScriptlet *scriptlet)
{
	gboolean is_lua = g_str_equal(scriptlet->program, "<lua>");
	const char *value = !is_lua ? "program" : scriptlet->has_text ? "lua" : "empty-lua";
	const char *trigger = scriptlet->is_file_trigger ? "file" : "package";

	if (!allows(judge, KILN_RULE_SCRIPTLETS, value))
		refuse(judge, KILN_RULE_SCRIPTLETS, value, "its %s is %s \"%s\"", scriptlet->name,
			scriptlet->has_text ? "a script for" : "an empty script for", scriptlet->program);
	if (strstr(scriptlet->name, "trigger") && !allows(judge, KILN_RULE_TRIGGERS, trigger))
		refuse(judge, KILN_RULE_TRIGGERS, trigger, "it has a %s", scriptlet->name);
}

/* ── signatures ── */

/* Header and payload are signed alike as a rule, and then it is told once. */
static void check_signature(Judge *judge, const KilnRpmSignature *signature)
{
	g_autofree char *value =
		kiln_judge_signature_value(signature->public_algorithm, signature->digest_algorithm);

	if (!allows(judge, KILN_RULE_PACKAGE_SIGNATURE, value))
		refuse(judge, KILN_RULE_PACKAGE_SIGNATURE, value, "its signature is %s with %s",
			signature->public_algorithm, signature->digest_algorithm);
}

static void check_coverage(Judge *judge, gboolean has_header, gboolean has_payload)
{
	gboolean has_digest = judge->header->has_payload_digest;
	const char *value = has_header && has_payload ? "header-and-payload" : has_payload ? "payload" : "header";

	if (allows(judge, KILN_RULE_SIGNATURE_COVERAGE, value))
		return;
	if (has_header && has_digest && allows(judge, KILN_RULE_SIGNATURE_COVERAGE, "header-and-digest"))
		return;
	refuse(judge, KILN_RULE_SIGNATURE_COVERAGE, value, "it is signed over %s only",
		has_payload ? "header and payload together" : "its header");
}

static void check_signatures(Judge *judge)
{
	const GPtrArray *signatures = judge->header->signatures;
	gboolean has_header = FALSE, has_payload = FALSE;

	for (guint i = 0; i < signatures->len; i++) {
		const KilnRpmSignature *signature = signatures->pdata[i];
		has_payload = has_payload || signature->covers_payload;
		has_header = has_header || !signature->covers_payload;
		check_signature(judge, signature);
	}
	if (signatures->len > 0)
		check_coverage(judge, has_header, has_payload);
	else if (!allows(judge, KILN_RULE_PACKAGE_SIGNATURE, "none"))
		refuse(judge, KILN_RULE_PACKAGE_SIGNATURE, "none", "it is not signed");
}

/* Whatever it is signed by, or not. */
static void check_digests(Judge *judge, const char *path)
{
	g_autoptr(GError) cause = NULL;

	if (!kiln_rpmtrust_check_digests(path, &cause))
		refuse(judge, KILN_RULE_PACKAGE_SIGNATURE, "damaged", "%s", cause->message);
}

gboolean kiln_contract_check_package(
	const KilnContract *contract, const char *path, GPtrArray *violations, GError **error)
{
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(path, error);

	if (!header)
		return FALSE;
	Judge judge = {.judgement = {contract, header->nevra, violations}, .header = header};
	check_payload(&judge);
	check_file_digests(&judge);
	check_own_version(&judge, '~');
	check_own_version(&judge, '^');
	check_dependencies(&judge);
	check_self_conflicts(&judge);
	check_features(&judge);
	for (guint i = 0; i < header->scriptlets->len; i++)
		check_scriptlet(&judge, header->scriptlets->pdata[i]);
	check_signatures(&judge);
	check_digests(&judge, path);
	return TRUE;
}
