/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/config.h"

#include "base/error.h"
#include "format/ini.h"

#include <string.h>

#define MIB (1024 * 1024)
#define LIMIT_MAX_MIB (G_GINT64_CONSTANT(1) << 39)
#define DISK_MIB (32 * 1024) /* what the largest packages there are need, and no build by mistake */
#define MACRO_PREFIX "macro."
#define JOBS_MAX 1024
#define MEMORY_PER_JOB_MIB 1024
/* rpm defines no macro with a shorter name. */
#define MACRO_NAME_MIN 3
#define FINGERPRINT_DIGITS 40

static const KilnIniKey config_schema[] = {
	{"publish", "url", TRUE},
	{"publish", "root", FALSE},
	{"publish", "channel", FALSE},
	{"sign", "key", FALSE},
	{"limits", "wall-seconds", FALSE},
	{"limits", "idle-seconds", FALSE},
	{"limits", "output-mib", FALSE},
	{"limits", "memory-mib", FALSE},
	{"limits", "processes", FALSE},
	{"limits", "disk-mib", FALSE},
	{"build", "jobs", FALSE},
	{"build", "memory-per-job-mib", FALSE},
	{"package *", "with", FALSE},
	{"package *", "without", FALSE},
	{"package *", "bootstrap-with", FALSE},
	{"package *", "bootstrap-without", FALSE},
	{"package *", "check", FALSE},
	{"package *", MACRO_PREFIX "*", FALSE},
	{"collection *", "description", FALSE},
	{"collection *", "targets", TRUE},
	{"collection *", "layout", FALSE},
	{"collection *", "specs", FALSE},
	{"collection *", "sources", FALSE},
	{"collection *", "locks", FALSE},
	{NULL, NULL, FALSE},
};

static const KilnIniKey target_schema[] = {
	{"target", "name", TRUE},
	{"target", "arch", TRUE},
	{"target", "description", FALSE},
	{"target", "contract", TRUE},
	{"target", "releasever", FALSE},
	{"base", "kind", TRUE},
	{"base", "suite", FALSE},
	{"base", "repositories", FALSE},
	{"buildroot", "packages", TRUE},
	{"minimal", "packages", TRUE},
	{"client", "packages", TRUE},
	{"client", "program", FALSE},
	{"client", "init", FALSE},
	{"host", "vsyscall", FALSE},
	{"macros", "file", TRUE},
	{"keys", "*", FALSE},
	{"rpm", "database", FALSE},
	{NULL, NULL, FALSE},
};

gboolean kiln_config_is_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+._-";

	return text && *text && strlen(text) <= 128 && *text != '.' && *text != '-' &&
		strspn(text, allowed) == strlen(text);
}

static gboolean check_name(const KilnIni *ini, const char *group, const char *key, const char *name,
	GError **error)
{
	if (kiln_config_is_name(name))
		return TRUE;
	return kiln_ini_set_error(ini, group, key, error,
		"\"%s\" is not a name: use letters, digits and + . _ -, not starting with . or -", name);
}

static gboolean parse_url(const KilnIni *ini, KilnConfig *config, GError **error)
{
	const char *host;
	gsize length;

	config->url = kiln_ini_get(ini, "publish", "url", NULL);
	if (!g_str_has_prefix(config->url, "http://") && !g_str_has_prefix(config->url, "https://"))
		return kiln_ini_set_error(ini, "publish", "url", error,
			"url \"%s\" must start with http:// or https://", config->url);
	if (strpbrk(config->url, " \t\"'$<>"))
		return kiln_ini_set_error(ini, "publish", "url", error,
			"url \"%s\" holds a character that a .repo file cannot", config->url);
	for (length = strlen(config->url); length > 0 && config->url[length - 1] == '/'; length--)
		config->url[length - 1] = '\0';
	host = strstr(config->url, "://");
	if (!host || host[3] == '\0' || host[3] == '/')
		return kiln_ini_set_error(ini, "publish", "url", error, "url names no host");
	return TRUE;
}

static gboolean parse_limits(const KilnIni *ini, KilnLimits *limits, GError **error)
{
	const char *group = "limits";
	gint64 output_mib = 0, memory_mib = 0, disk_mib = 0;

	if (!kiln_ini_get_number(ini, group, "wall-seconds", 4 * 3600, &limits->wall_s, error) ||
		!kiln_ini_get_number(ini, group, "idle-seconds", 1800, &limits->idle_s, error) ||
		!kiln_ini_get_number(ini, group, "output-mib", 256, &output_mib, error) ||
		!kiln_ini_get_number(ini, group, "memory-mib", 0, &memory_mib, error) ||
		!kiln_ini_get_number(ini, group, "processes", 4096, &limits->processes, error) ||
		!kiln_ini_get_number(ini, group, "disk-mib", DISK_MIB, &disk_mib, error))
		return FALSE;
	if (MAX(MAX(output_mib, memory_mib), disk_mib) > LIMIT_MAX_MIB)
		return kiln_ini_set_error(ini, group, NULL, error, "a limit is too large");
	limits->output_bytes = output_mib * MIB;
	limits->memory_bytes = memory_mib * MIB;
	limits->disk_bytes = disk_mib * MIB;
	return TRUE;
}

static gboolean parse_build(const KilnIni *ini, KilnConfig *config, GError **error)
{
	const char *group = "build";
	gint64 memory_mib = 0;

	if (!kiln_ini_get_number(ini, group, "jobs", 0, &config->jobs, error) ||
		!kiln_ini_get_number(
			ini, group, "memory-per-job-mib", MEMORY_PER_JOB_MIB, &memory_mib, error))
		return FALSE;
	if (config->jobs > JOBS_MAX)
		return kiln_ini_set_error(ini, group, "jobs", error, "more than %d jobs", JOBS_MAX);
	if (memory_mib == 0 || memory_mib > G_MAXINT64 / MIB)
		return kiln_ini_set_error(ini, group, "memory-per-job-mib", error,
			"no build needs %" G_GINT64_FORMAT " MiB of memory", memory_mib);
	config->memory_per_job_bytes = memory_mib * MIB;
	return TRUE;
}

/* What rpm takes as a macro's name, of which a build condition becomes a part. */
static gboolean is_macro_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return *text && strlen(text) <= 128 && strspn(text, allowed) == strlen(text);
}

static gboolean parse_conditions(
	const KilnIni *ini, const char *group, const char *key, char ***ret_names, GError **error)
{
	g_auto(GStrv) names = kiln_ini_get_list(ini, group, key);

	for (char **name = names; *name; name++)
		if (!is_macro_name(*name))
			return kiln_ini_set_error(ini, group, key, error,
				"\"%s\" is no build condition: use letters, digits and _", *name);
	*ret_names = g_steal_pointer(&names);
	return TRUE;
}

static gboolean check_apart(const KilnIni *ini, const char *group, const char *key, char **names, char **others,
	GError **error)
{
	for (char **name = names; *name; name++)
		if (g_strv_contains((const char *const *)others, *name))
			return kiln_ini_set_error(
				ini, group, key, error, "\"%s\" is both set and unset", *name);
	return TRUE;
}

/* TRUE when rpm finds the end of `body` where the line ends, as where it reads macro files. */
static gboolean ends_with_line(const char *body)
{
	static const char opening[] = "{([", closing[] = "})]";
	int depths[] = {0, 0, 0};
	const char *p, *mark;

	for (p = body; *p; p++) {
		gboolean is_call = *p == '%' && p[1];
		if (*p == '\\' && !*++p)
			return FALSE;
		if (is_call)
			p++;
		/* Braces around the whole body are rpm's own way to write one of several lines. */
		if ((mark = strchr(opening, *p)) &&
			(is_call || depths[mark - opening] > 0 || (p == body && *p == '{')))
			depths[mark - opening]++;
		else if ((mark = strchr(closing, *p)) && depths[mark - closing] > 0)
			depths[mark - closing]--;
	}
	return depths[0] == 0 && depths[1] == 0 && depths[2] == 0;
}

static gboolean check_macro(const KilnIni *ini, const char *group, const char *key, const KilnMacro *macro,
	GError **error)
{
	if (!is_macro_name(macro->name) || g_ascii_isdigit(*macro->name) ||
		strlen(macro->name) < MACRO_NAME_MIN)
		return kiln_ini_set_error(ini, group, key, error,
			"\"%s\" is not a macro's name: use at least %d letters, digits and _, not starting "
			"with a digit", macro->name, MACRO_NAME_MIN);
	if (!ends_with_line(macro->body))
		return kiln_ini_set_error(ini, group, key, error,
			"the body of \"%s\" does not end with its line: a bracket is not closed, or its last "
			"character is a backslash", macro->name);
	for (const char *p = macro->body; *p; p++)
		if (g_ascii_iscntrl(*p) && *p != '\t')
			return kiln_ini_set_error(ini, group, key, error,
				"the body of \"%s\" holds a control character", macro->name);
	return TRUE;
}

static gint compare_macros(gconstpointer a, gconstpointer b)
{
	const KilnMacro *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

static gboolean parse_macros(
	const KilnIni *ini, const char *group, KilnPackageOptions *options, GError **error)
{
	g_auto(GStrv) keys = kiln_ini_list_keys(ini, group, MACRO_PREFIX);

	for (char **key = keys; *key; key++) {
		KilnMacro *macro = g_new0(KilnMacro, 1);
		g_ptr_array_add(options->macros, macro);
		macro->name = g_strdup(*key + strlen(MACRO_PREFIX));
		macro->body = kiln_ini_get(ini, group, *key, "");
		if (!check_macro(ini, group, *key, macro, error))
			return FALSE;
	}
	g_ptr_array_sort(options->macros, compare_macros);
	return TRUE;
}

static gboolean parse_package(const KilnIni *ini, const char *name, KilnConfig *config, GError **error)
{
	g_autofree char *group = g_strconcat("package ", name, NULL);
	KilnPackageOptions *options = kiln_package_options_new(name);

	g_ptr_array_add(config->packages, options);
	return check_name(ini, group, NULL, name, error) &&
		parse_conditions(ini, group, "with", &options->with, error) &&
		parse_conditions(ini, group, "without", &options->without, error) &&
		parse_conditions(ini, group, "bootstrap-with", &options->bootstrap_with, error) &&
		parse_conditions(ini, group, "bootstrap-without", &options->bootstrap_without, error) &&
		check_apart(ini, group, "without", options->without, options->with, error) &&
		check_apart(ini, group, "bootstrap-without", options->bootstrap_without,
			options->bootstrap_with, error) &&
		kiln_ini_get_boolean(ini, group, "check", TRUE, &options->check, error) &&
		parse_macros(ini, group, options, error);
}

static gboolean check_path(
	const KilnIni *ini, const char *group, const char *key, const char *path, GError **error)
{
	if (kiln_layout_is_path(path))
		return TRUE;
	return kiln_ini_set_error(ini, group, key, error,
		"\"%s\" is not a directory below the project: give a path without .. that does not start with /",
		path);
}

/* Replaces `*place` by what the key says, if it is there. */
static gboolean parse_place(
	const KilnIni *ini, const char *group, const char *key, char **place, GError **error)
{
	g_autofree char *text = kiln_ini_get(ini, group, key, NULL);

	if (!text)
		return TRUE;
	if (!check_path(ini, group, key, text, error))
		return FALSE;
	g_free(*place);
	*place = g_steal_pointer(&text);
	return TRUE;
}

static gboolean parse_places(const KilnIni *ini, const char *group, char ***places, GError **error)
{
	g_auto(GStrv) list = kiln_ini_get_list(ini, group, "sources");

	if (!*list)
		return TRUE;
	for (char **path = list; *path; path++)
		if (!check_path(ini, group, "sources", *path, error))
			return FALSE;
	g_strfreev(*places);
	*places = g_steal_pointer(&list);
	return TRUE;
}

static gboolean refuse_place(const KilnIni *ini, const char *group, const char *key, GError **error)
{
	g_autofree char *text = kiln_ini_get(ini, group, key, NULL);

	return !text || kiln_ini_set_error(ini, group, key, error,
		"\"%s\" is for collections with a layout (topdir, flat or dist-git)", key);
}

static gboolean parse_layout(const KilnIni *ini, const char *group, KilnCollection *collection, GError **error)
{
	g_autofree char *name = kiln_ini_get(ini, group, "layout", "kiln");
	KilnLayoutKind kind;
	KilnLayout *layout;

	if (!kiln_layout_kind_from_name(name, &kind))
		return kiln_ini_set_error(ini, group, "layout", error,
			"layout \"%s\" is unknown: use kiln, topdir, flat or dist-git", name);
	collection->layout = layout = kiln_layout_new(kind, collection->name);
	if (kind == KILN_LAYOUT_KILN)
		return refuse_place(ini, group, "specs", error) && refuse_place(ini, group, "sources", error) &&
			refuse_place(ini, group, "locks", error);
	return parse_place(ini, group, "specs", &layout->specs, error) &&
		parse_place(ini, group, "locks", &layout->locks, error) &&
		parse_places(ini, group, &layout->sources, error);
}

static gboolean parse_collection(const KilnIni *ini, const char *name, KilnConfig *config, GError **error)
{
	g_autofree char *group = g_strconcat("collection ", name, NULL);
	KilnCollection *collection = g_new0(KilnCollection, 1);

	g_ptr_array_add(config->collections, collection);
	collection->name = g_strdup(name);
	collection->description = kiln_ini_get(ini, group, "description", name);
	collection->targets = kiln_ini_get_list(ini, group, "targets");
	if (!check_name(ini, group, NULL, name, error))
		return FALSE;
	if (!*collection->targets)
		return kiln_ini_set_error(ini, group, "targets", error, "names no target");
	for (char **target = collection->targets; *target; target++)
		if (!check_name(ini, group, "targets", *target, error))
			return FALSE;
	return parse_layout(ini, group, collection, error);
}

typedef gboolean (*ParseGroup)(const KilnIni *ini, const char *name, KilnConfig *config, GError **error);

static gboolean parse_groups(
	const KilnIni *ini, const char *prefix, ParseGroup parse, KilnConfig *config, GError **error)
{
	g_auto(GStrv) names = kiln_ini_list_groups(ini, prefix);

	for (char **name = names; *name; name++)
		if (!parse(ini, *name, config, error))
			return FALSE;
	return TRUE;
}

KilnConfig *kiln_config_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(KilnIni) ini = kiln_ini_parse(text, name, config_schema, error);
	g_autoptr(KilnConfig) config = kiln_config_new();

	if (!ini || !parse_url(ini, config, error) || !parse_limits(ini, &config->limits, error) ||
		!parse_build(ini, config, error))
		return NULL;
	config->publish_root = kiln_ini_get(ini, "publish", "root", ".kiln/www");
	config->channel = kiln_ini_get(ini, "publish", "channel", "stable");
	config->key = kiln_ini_get(ini, "sign", "key", NULL);
	if (!check_name(ini, "publish", "channel", config->channel, error))
		return NULL;
	if (g_str_equal(config->channel, "snapshots")) {
		kiln_ini_set_error(ini, "publish", "channel", error,
			"a channel cannot be called \"snapshots\": that is where snapshots are");
		return NULL;
	}
	if (!parse_groups(ini, "collection ", parse_collection, config, error) ||
		!parse_groups(ini, "package ", parse_package, config, error))
		return NULL;
	return g_steal_pointer(&config);
}

/* The value if there is one, which has to be a name. */
static gboolean parse_name(const KilnIni *ini, const char *group, const char *key, char **ret_name, GError **error)
{
	g_autofree char *name = kiln_ini_get(ini, group, key, NULL);

	if (name && !check_name(ini, group, key, name, error))
		return FALSE;
	*ret_name = g_steal_pointer(&name);
	return TRUE;
}

/* Each kind of base has its own key: it needs that one, and another's would say something that is not so. */
static gboolean parse_base(const KilnIni *ini, KilnTarget *target, GError **error)
{
	static const struct {
		const char *kind, *key, *other, *what;
	} kinds[] = {
		{"debian-import", "suite", "repositories", "the suite of the Debian archive"},
		{"repository", "repositories", "suite", "the name of a .repo file beside target.conf"},
	};

	target->base_kind = kiln_ini_get(ini, "base", "kind", NULL);
	if (!parse_name(ini, "base", "suite", &target->suite, error) ||
		!parse_name(ini, "base", "repositories", &target->repositories, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *value = kiln_ini_get(ini, "base", kinds[i].key, NULL);
		g_autofree char *other = kiln_ini_get(ini, "base", kinds[i].other, NULL);
		if (!g_str_equal(target->base_kind, kinds[i].kind))
			continue;
		if (other)
			return kiln_ini_set_error(ini, "base", kinds[i].other, error,
				"\"%s\" is not for a base of kind %s", kinds[i].other, kinds[i].kind);
		return value || kiln_ini_set_error(ini, "base", "kind", error,
			"a base of kind %s needs \"%s\": %s", kinds[i].kind, kinds[i].key, kinds[i].what);
	}
	return kiln_ini_set_error(ini, "base", "kind", error,
		"base kind \"%s\" is unknown: use debian-import or repository", target->base_kind);
}

static gboolean add_key(const KilnIni *ini, const char *file_name, const char *fingerprint, GPtrArray *keys,
	GError **error)
{
	KilnTargetKey *key;

	if (strlen(fingerprint) != FINGERPRINT_DIGITS ||
		strspn(fingerprint, "0123456789abcdefABCDEF") != FINGERPRINT_DIGITS)
		return kiln_ini_set_error(ini, "keys", file_name, error,
			"\"%s\" is not a key's fingerprint, which has %d hexadecimal digits and no spaces",
			fingerprint, FINGERPRINT_DIGITS);
	key = g_new0(KilnTargetKey, 1);
	key->file_name = g_strdup(file_name);
	key->fingerprint = g_ascii_strup(fingerprint, -1);
	g_ptr_array_add(keys, key);
	return TRUE;
}

static gboolean parse_keys(const KilnIni *ini, KilnTarget *target, GError **error)
{
	g_auto(GStrv) file_names = kiln_ini_list_keys(ini, "keys", "");

	for (char **file_name = file_names; *file_name; file_name++) {
		g_auto(GStrv) fingerprints = kiln_ini_get_list(ini, "keys", *file_name);
		if (!check_name(ini, "keys", *file_name, *file_name, error))
			return FALSE;
		if (!*fingerprints)
			return kiln_ini_set_error(ini, "keys", *file_name, error,
				"the fingerprint of \"%s\" is missing", *file_name);
		for (char **fingerprint = fingerprints; *fingerprint; fingerprint++)
			if (!add_key(ini, *file_name, *fingerprint, target->keys, error))
				return FALSE;
	}
	return TRUE;
}

static gboolean check_choice(const KilnIni *ini, const char *group, const char *key, const char *choice,
	const char *const *choices, GError **error)
{
	g_autofree char *list = NULL;

	if (g_strv_contains(choices, choice))
		return TRUE;
	list = g_strjoinv(" or ", (char **)choices);
	return kiln_ini_set_error(ini, group, key, error, "\"%s\" is unknown: use %s", choice, list);
}

static gboolean parse_clients(const KilnIni *ini, KilnTarget *target, GError **error)
{
	static const char *const databases[] = {"host", "own", NULL}, *const programs[] = {"dnf", "yum", NULL},
		*const inits[] = {"systemd", "sysv", NULL}, *const answers[] = {"no", "yes", NULL};
	g_autofree char *database = kiln_ini_get(ini, "rpm", "database", databases[0]);

	target->client_program = kiln_ini_get(ini, "client", "program", programs[0]);
	g_autofree char *vsyscall = kiln_ini_get(ini, "host", "vsyscall", answers[0]);

	target->needs_vsyscall = g_str_equal(vsyscall, "yes");
	target->client_init = kiln_ini_get(ini, "client", "init", inits[0]);
	target->has_own_database = g_str_equal(database, "own");
	return parse_name(ini, "target", "contract", &target->contract, error) &&
		parse_name(ini, "target", "releasever", &target->releasever, error) &&
		check_choice(ini, "rpm", "database", database, databases, error) &&
		check_choice(ini, "client", "program", target->client_program, programs, error) &&
		check_choice(ini, "client", "init", target->client_init, inits, error) &&
		check_choice(ini, "host", "vsyscall", vsyscall, answers, error);
}

/* Those that rpm knows and the distributions of targets are, or were, made for. */
static const char *const architectures[] = {"x86_64", "i386", "i586", "i686", "aarch64", "armv7hl", "ppc64", "ppc64le",
	"riscv64", "s390x", "noarch", NULL};

KilnTarget *kiln_target_parse(const char *text, const char *name, const char *expected_name, GError **error)
{
	g_autoptr(KilnIni) ini = kiln_ini_parse(text, name, target_schema, error);
	g_autoptr(KilnTarget) target = kiln_target_new();

	if (!ini)
		return NULL;
	target->name = kiln_ini_get(ini, "target", "name", NULL);
	target->architecture = kiln_ini_get(ini, "target", "arch", NULL);
	target->description = kiln_ini_get(ini, "target", "description", target->name);
	target->buildroot = kiln_ini_get_list(ini, "buildroot", "packages");
	target->minimal = kiln_ini_get_list(ini, "minimal", "packages");
	target->client = kiln_ini_get_list(ini, "client", "packages");
	target->macros = kiln_ini_get(ini, "macros", "file", NULL);
	if (!check_name(ini, "target", "name", target->name, error) ||
		!check_choice(ini, "target", "arch", target->architecture, architectures, error) ||
		!check_name(ini, "macros", "file", target->macros, error) ||
		!parse_clients(ini, target, error) || !parse_base(ini, target, error) ||
		!parse_keys(ini, target, error))
		return NULL;
	if (!g_str_equal(target->name, expected_name)) {
		kiln_ini_set_error(ini, "target", "name", error,
			"the target is called \"%s\" but its directory \"%s\"", target->name, expected_name);
		return NULL;
	}
	return g_steal_pointer(&target);
}
