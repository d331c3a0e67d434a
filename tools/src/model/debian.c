/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/debian.h"

#include "base/error.h"
#include "model/capability.h"

#include <string.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._"

typedef struct {
	char *name;
	guint sense;
	char *evr;
} Relation;

static void relation_clear(Relation *relation)
{
	g_free(relation->name);
	g_free(relation->evr);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Relation, relation_clear)

void kiln_debian_version_clear(KilnDebianVersion *version)
{
	g_free(version->epoch);
	g_free(version->version);
	g_free(version->release);
	memset(version, 0, sizeof(*version));
}

static gboolean consists_of(const char *text, const char *characters)
{
	return *text && strspn(text, characters) == strlen(text);
}

static gboolean version_is_valid(const KilnDebianVersion *version)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~";

	if (version->epoch &&
		(!consists_of(version->epoch, "0123456789") || strlen(version->epoch) > 9))
		return FALSE;
	return consists_of(version->version, allowed) && consists_of(version->release, allowed);
}

gboolean kiln_debian_version_parse(const char *text, KilnDebianVersion *ret_version, GError **error)
{
	g_auto(KilnDebianVersion) parsed = {0};
	const char *colon = strchr(text, ':');
	const char *upstream = colon ? colon + 1 : text;
	const char *dash = strrchr(upstream, '-');

	parsed.epoch = colon ? g_strndup(text, colon - text) : NULL;
	parsed.native = dash == NULL;
	parsed.version = dash ? g_strndup(upstream, dash - upstream) : g_strdup(upstream);
	parsed.release = g_strdup(dash ? dash + 1 : "0");
	g_strdelimit(parsed.version, "-", '.');
	if (!version_is_valid(&parsed)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "\"%s\" is not a Debian version",
			text);
		return FALSE;
	}
	/* "0:1.2" is the same version as "1.2". */
	if (parsed.epoch && strspn(parsed.epoch, "0") == strlen(parsed.epoch))
		g_clear_pointer(&parsed.epoch, g_free);
	*ret_version = parsed;
	memset(&parsed, 0, sizeof(parsed));
	return TRUE;
}

char *kiln_debian_version_evr(const KilnDebianVersion *version)
{
	return g_strconcat(version->epoch ? version->epoch : "", version->epoch ? ":" : "",
		version->version, "-", version->release, NULL);
}

const char *kiln_debian_architecture(const char *architecture)
{
	if (strcmp(architecture, "amd64") == 0)
		return "x86_64";
	if (strcmp(architecture, "all") == 0)
		return "noarch";
	return NULL;
}

char *kiln_debian_rpm_file_name(
	const char *name, const char *version, const char *architecture, GError **error)
{
	const char *rpm_architecture = kiln_debian_architecture(architecture);
	g_auto(KilnDebianVersion) parsed = {0};

	if (!rpm_architecture || !consists_of(name, NAME_CHARACTERS) || *name == '.') {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s:%s\" cannot be a package of the base", name, architecture);
		return NULL;
	}
	if (!kiln_debian_version_parse(version, &parsed, error))
		return NULL;
	return g_strdup_printf(
		"%s-%s-%s.%s.rpm", name, parsed.version, parsed.release, rpm_architecture);
}

static gboolean parse_operator(const char **text, guint *ret_sense)
{
	/* Longer ones first. "<" and ">" alone are the obsolete spelling of "<=" and ">=". */
	static const struct {
		const char *text;
		guint sense;
	} operators[] = {
		{"<<", KILN_SENSE_LESS},
		{"<=", KILN_SENSE_LESS | KILN_SENSE_EQUAL},
		{">>", KILN_SENSE_GREATER},
		{">=", KILN_SENSE_GREATER | KILN_SENSE_EQUAL},
		{"=", KILN_SENSE_EQUAL},
		{"<", KILN_SENSE_LESS | KILN_SENSE_EQUAL},
		{">", KILN_SENSE_GREATER | KILN_SENSE_EQUAL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(operators); i++) {
		if (g_str_has_prefix(*text, operators[i].text)) {
			*text += strlen(operators[i].text);
			*ret_sense = operators[i].sense;
			return TRUE;
		}
	}
	return FALSE;
}

/*
 * rpm ignores the releases when one side has none. For ">= V", "= V" and "<< V" that gives what
 * Debian means by a version without revision. ">> V" (true for V-1) and "<= V" (false for V-1)
 * would turn round, so they name release 0, which native versions have.
 */
static char *relation_evr(const KilnDebianVersion *version, guint sense)
{
	gboolean needs_release =
		sense == KILN_SENSE_GREATER || sense == (KILN_SENSE_LESS | KILN_SENSE_EQUAL);

	if (!version->native || needs_release)
		return kiln_debian_version_evr(version);
	return g_strconcat(version->epoch ? version->epoch : "", version->epoch ? ":" : "",
		version->version, NULL);
}

/* `text` is what stands between the parentheses. */
static gboolean parse_constraint(const char *text, Relation *relation, GError **error)
{
	g_auto(KilnDebianVersion) version = {0};
	g_autofree char *stripped = NULL;

	text += strspn(text, " \t\n");
	if (!parse_operator(&text, &relation->sense)) {
		g_set_error(
			error, KILN_ERROR, KILN_ERROR_CONFIG, "\"(%s)\" compares nothing", text);
		return FALSE;
	}
	stripped = g_strstrip(g_strdup(text));
	if (!kiln_debian_version_parse(stripped, &version, error))
		return FALSE;
	relation->evr = relation_evr(&version, relation->sense);
	return TRUE;
}

static gboolean not_a_relation(const char *text, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "\"%s\" is not a package relation", text);
	return FALSE;
}

/* "name[:qualifier] [(op version)] [[restrictions]]" */
static gboolean parse_relation(const char *text, Relation *ret_relation, GError **error)
{
	g_auto(Relation) relation = {0};
	const char *start = text + strspn(text, " \t\n");
	gsize length = strspn(start, NAME_CHARACTERS);
	const char *rest = start + length;

	if (length == 0)
		return not_a_relation(text, error);
	relation.name = g_strndup(start, length);
	if (*rest == ':')
		rest += 1 + strspn(rest + 1, NAME_CHARACTERS);
	rest += strspn(rest, " \t\n");
	if (*rest == '(') {
		const char *end = strchr(rest, ')');
		g_autofree char *constraint = end ? g_strndup(rest + 1, end - rest - 1) : NULL;
		if (!constraint)
			return not_a_relation(text, error);
		if (!parse_constraint(constraint, &relation, error))
			return FALSE;
		rest = end + 1;
		rest += strspn(rest, " \t\n");
	}
	if (*rest && *rest != '[' && *rest != '<')
		return not_a_relation(text, error);
	*ret_relation = relation;
	memset(&relation, 0, sizeof(relation));
	return TRUE;
}

static const char *sense_text(guint sense)
{
	static const char *const texts[] = {
		[KILN_SENSE_LESS] = "<",
		[KILN_SENSE_LESS | KILN_SENSE_EQUAL] = "<=",
		[KILN_SENSE_EQUAL] = "=",
		[KILN_SENSE_GREATER | KILN_SENSE_EQUAL] = ">=",
		[KILN_SENSE_GREATER] = ">",
	};

	return texts[sense];
}

static void append_alternative(GString *rich, const Relation *relation)
{
	g_string_append_printf(rich, "%s%s", rich->len > 1 ? " or " : "", relation->name);
	if (relation->sense != KILN_SENSE_ANY)
		g_string_append_printf(rich, " %s %s", sense_text(relation->sense), relation->evr);
}

static gboolean map_alternatives(char **alternatives, GPtrArray *list, GError **error)
{
	g_autoptr(GString) rich = g_string_new("(");

	for (guint i = 0; alternatives[i]; i++) {
		g_auto(Relation) relation = {0};
		if (!parse_relation(alternatives[i], &relation, error))
			return FALSE;
		append_alternative(rich, &relation);
	}
	g_string_append_c(rich, ')');
	kiln_capability_add(list, rich->str, KILN_SENSE_ANY, NULL);
	return TRUE;
}

static gboolean map_one(const char *text, KilnDebianRelation kind, GPtrArray *list, GError **error)
{
	g_auto(GStrv) alternatives = g_strsplit(text, "|", -1);
	g_auto(Relation) relation = {0};

	if (g_strv_length(alternatives) > 1 && kind == KILN_DEBIAN_REQUIRE)
		return map_alternatives(alternatives, list, error);
	if (!parse_relation(text, &relation, error))
		return FALSE;
	if (kind == KILN_DEBIAN_PROVIDE && relation.sense != KILN_SENSE_ANY &&
		relation.sense != KILN_SENSE_EQUAL)
		return not_a_relation(text, error);
	if (kind == KILN_DEBIAN_CONFLICT && (relation.sense & KILN_SENSE_LESS))
		return TRUE;
	kiln_capability_add(list, relation.name, relation.sense, relation.evr);
	return TRUE;
}

gboolean kiln_debian_relations_map(
	const char *value, KilnDebianRelation kind, GPtrArray *list, GError **error)
{
	g_auto(GStrv) relations = g_strsplit(value, ",", -1);
	guint before = list->len;

	for (guint i = 0; relations[i]; i++) {
		if (relations[i][strspn(relations[i], " \t\n")] == '\0')
			continue;
		if (!map_one(relations[i], kind, list, error)) {
			g_ptr_array_set_size(list, before);
			return FALSE;
		}
	}
	return TRUE;
}

char *kiln_debian_merged_path(const char *path)
{
	static const char *const aliases[] = {"/bin/", "/sbin/", "/lib/", "/lib64/"};

	for (guint i = 0; i < G_N_ELEMENTS(aliases); i++) {
		if (g_str_has_prefix(path, aliases[i]))
			return g_strconcat("/usr", path, NULL);
	}
	return g_strdup(path);
}
