/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/apt.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/process.h"
#include "base/text.h"
#include "format/deb_control.h"

#include <string.h>
#include <sys/stat.h>

#define LISTS_MAX_AGE_S (60 * 60)
#define CONFIG_MAX_BYTES (1024 * 1024)
#define UPDATE_TIMEOUT_MS (15 * 60 * 1000)

/* What the machine's own apt says about the Debian archive. */
typedef struct {
	char *uri;
	char *signed_by; /* NULL: the machine's trusted keys */
} Mirror;

static void mirror_clear(Mirror *mirror)
{
	g_free(mirror->uri);
	g_free(mirror->signed_by);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Mirror, mirror_clear)

char **kiln_apt_environment(const char *config_path)
{
	char **environment = g_strdupv((char **)kiln_child_environment());

	return g_environ_setenv(environment, "APT_CONFIG", config_path, TRUE);
}

char *kiln_apt_complaint(const char *error_output)
{
	g_auto(GStrv) lines = g_strsplit(error_output ? error_output : "", "\n", 2);
	const char *line = lines[0] ? lines[0] : "";
	gboolean is_marked = g_str_has_prefix(line, "E: ") || g_str_has_prefix(line, "W: ");

	return kiln_text_printable(is_marked ? line + strlen("E: ") : line);
}

/* `release_info` limits the answer to archives whose Release file is on this machine. */
static GPtrArray *index_targets(gboolean release_info, GError **error)
{
	const char *argv[] = {"apt-get", "indextargets", "-o",
		release_info ? "APT::Get::IndexTargets::ReleaseInfo=true"
			     : "APT::Get::IndexTargets::ReleaseInfo=false",
		"Created-By: Packages", NULL};
	KilnProcess process = {.argv = argv};
	g_autofree char *output = NULL;

	if (!kiln_process_check(&process, &output, error))
		return NULL;
	return kiln_deb_control_parse(output, strlen(output), error);
}

static gboolean is_debian(const KilnDebControl *target)
{
	const char *origin = kiln_deb_control_get(target, "Origin");
	const char *label = kiln_deb_control_get(target, "Label");
	const char *uri = kiln_deb_control_get(target, "Repo-URI");

	if (g_strcmp0(kiln_deb_control_get(target, "Component"), "main") != 0 || !uri)
		return FALSE;
	if (origin || label)
		return g_strcmp0(origin, "Debian") == 0 && g_strcmp0(label, "Debian") == 0;
	/* Never updated here: mirrors of the archive serve it below this name. */
	return g_str_has_suffix(uri, "/debian/");
}

static const KilnDebControl *find_debian(const GPtrArray *targets)
{
	for (guint i = 0; i < targets->len; i++) {
		if (is_debian(targets->pdata[i]))
			return targets->pdata[i];
	}
	return NULL;
}

static char *signed_by_of_list(const char *text, const char *uri)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i]; i++) {
		g_autoptr(GRegex) option = g_regex_new("signed-by=([^] ]+)", 0, 0, NULL);
		g_autoptr(GMatchInfo) match = NULL;
		if (g_str_has_prefix(lines[i], "deb") && strstr(lines[i], uri) &&
			g_regex_match(option, lines[i], 0, &match))
			return g_match_info_fetch(match, 1);
	}
	return NULL;
}

static char *signed_by_of_deb822(const char *text, const char *uri)
{
	g_autoptr(GPtrArray) entries = kiln_deb_control_parse(text, strlen(text), NULL);

	for (guint i = 0; entries && i < entries->len; i++) {
		const char *uris = kiln_deb_control_get(entries->pdata[i], "URIs");
		const char *keys = kiln_deb_control_get(entries->pdata[i], "Signed-By");
		if (uris && keys && strstr(uris, uri))
			return g_strdup(keys);
	}
	return NULL;
}

/* The key an entry names, which apt itself does not tell. `entry` is "FILE:NUMBER". */
static char *signed_by(const char *entry, const char *repository)
{
	const char *colon = entry ? strrchr(entry, ':') : NULL;
	g_autofree char *path = colon ? g_strndup(entry, colon - entry) : NULL;
	g_autofree char *text = path ? kiln_fs_read(path, CONFIG_MAX_BYTES, NULL, NULL) : NULL;
	g_autofree char *uri = g_strndup(repository, strlen(repository) - 1);

	if (!text)
		return NULL;
	if (g_str_has_suffix(path, ".sources"))
		return signed_by_of_deb822(text, uri);
	return signed_by_of_list(text, uri);
}

static gboolean find_mirror(Mirror *ret_mirror, GError **error)
{
	for (int release_info = 1; release_info >= 0; release_info--) {
		g_autoptr(GPtrArray) targets = index_targets(release_info, error);
		const KilnDebControl *target;
		if (!targets)
			return FALSE;
		target = find_debian(targets);
		if (!target)
			continue;
		ret_mirror->uri = g_strdup(kiln_deb_control_get(target, "Repo-URI"));
		ret_mirror->signed_by =
			signed_by(kiln_deb_control_get(target, "Sourcesentry"), ret_mirror->uri);
		return TRUE;
	}
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"asking apt for a Debian mirror: no source of this machine is the Debian archive; "
		"add one "
		"to /etc/apt/sources.list.d");
	return FALSE;
}

/* A key block within a deb822 field: continuation lines, blank ones as a dot. */
static char *field_value(const char *value)
{
	g_auto(GStrv) lines = g_strsplit(value, "\n", -1);

	return g_strjoinv("\n ", lines);
}

static char *sources_text(const Mirror *mirror, const char *suite, gboolean with_sources)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "Types: deb%s\nURIs: %s\nSuites: %s\nComponents: main\n",
		with_sources ? " deb-src" : "", mirror->uri, suite);
	if (mirror->signed_by) {
		g_autofree char *keys = field_value(mirror->signed_by);
		g_string_append_printf(text, "Signed-By: %s\n", keys);
	}
	return g_string_free(text, FALSE);
}

static gboolean is_network_setting(const char *line)
{
	static const char *const left_out[] = {"Acquire::IndexTargets", "Acquire::Allow",
		"Acquire::cdrom", "Acquire::Changelogs", "Acquire::Languages",
		"Acquire::GzipIndexes", "Acquire::CompressionTypes"};

	if (!g_str_has_prefix(line, "Acquire::"))
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(left_out); i++) {
		if (g_ascii_strncasecmp(line, left_out[i], strlen(left_out[i])) == 0)
			return FALSE;
	}
	return TRUE;
}

static gboolean append_network_settings(GString *config, GError **error)
{
	const char *argv[] = {"apt-config", "dump", NULL};
	KilnProcess process = {.argv = argv};
	g_autofree char *output = NULL;
	g_auto(GStrv) lines = NULL;

	if (!kiln_process_check(&process, &output, error))
		return FALSE;
	lines = g_strsplit(output, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		if (is_network_setting(lines[i]))
			g_string_append_printf(config, "%s\n", lines[i]);
	}
	return TRUE;
}

/* Dir::Etc::main and ::parts point nowhere: hooks of the machine's apt must not run for us. */
static char *config_text(const char *apt_dir, GError **error)
{
	g_autoptr(GString) config = g_string_new(NULL);

	g_string_append_printf(config,
		"Dir::State \"%1$s\";\n"
		"Dir::State::status \"%1$s/status\";\n"
		"Dir::State::lists \"%1$s/lists\";\n"
		"Dir::Cache \"%1$s\";\n"
		"Dir::Cache::archives \"%1$s/archives\";\n"
		"Dir::Cache::pkgcache \"%1$s/pkgcache.bin\";\n"
		"Dir::Cache::srcpkgcache \"%1$s/srcpkgcache.bin\";\n"
		"Dir::Etc::main \"%1$s/none\";\n"
		"Dir::Etc::parts \"%1$s/empty\";\n"
		"Dir::Etc::sourcelist \"%1$s/none\";\n"
		"Dir::Etc::sourceparts \"%1$s/sources.d\";\n"
		"Dir::Etc::preferences \"%1$s/none\";\n"
		"Dir::Etc::preferencesparts \"%1$s/empty\";\n"
		"APT::Architecture \"amd64\";\n"
		"APT::Architectures { \"amd64\"; };\n"
		"APT::Install-Recommends \"false\";\n"
		"APT::Update::Error-Mode \"any\";\n"
		"APT::Sandbox::User \"root\";\n"
		"Acquire::Languages \"none\";\n"
		"Acquire::Retries \"3\";\n",
		apt_dir);
	if (!append_network_settings(config, error))
		return NULL;
	return g_string_free(g_steal_pointer(&config), FALSE);
}

static gboolean make_directories(const char *apt_dir, GError **error)
{
	static const char *const names[] = {
		"lists/partial", "archives/partial", "sources.d", "empty"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(apt_dir, names[i], NULL);
		if (!kiln_fs_make_directory(path, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean write_configuration(
	const char *apt_dir, const char *config_path, const char *sources, GError **error)
{
	g_autofree char *sources_path =
		g_build_filename(apt_dir, "sources.d", "kiln.sources", NULL);
	g_autofree char *status_path = g_build_filename(apt_dir, "status", NULL);
	g_autofree char *config = config_text(apt_dir, error);

	return config && kiln_fs_replace_text(status_path, "", error) &&
	       kiln_fs_replace_text(sources_path, sources, error) &&
	       kiln_fs_replace_text(config_path, config, error);
}

/* The stamp holds the sources text its lists were made for; its mtime is the time of the update. */
static gboolean lists_are_for(const char *stamp_path, const char *sources, gint64 *ret_age_s)
{
	g_autofree char *stamp = kiln_fs_read(stamp_path, CONFIG_MAX_BYTES, NULL, NULL);
	struct stat info;

	if (g_strcmp0(stamp, sources) != 0 || stat(stamp_path, &info) != 0)
		return FALSE;
	*ret_age_s = kiln_clock_now() - info.st_mtime;
	return TRUE;
}

int kiln_apt_error_code(const char *error_output)
{
	static const struct {
		const char *complaint;
		KilnErrorCode code;
	} table[] = {
		{"No space left on device", KILN_ERROR_SYSTEM},
		{"Hash Sum mismatch", KILN_ERROR_VERIFY},
		{"NO_PUBKEY", KILN_ERROR_VERIFY},
		{"is not signed", KILN_ERROR_VERIFY},
		{"signatures were invalid", KILN_ERROR_VERIFY},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
		if (strstr(error_output, table[i].complaint))
			return (int)table[i].code;
	return KILN_ERROR_NETWORK;
}

static gboolean update(const char *config_path, GError **error)
{
	const char *argv[] = {"apt-get", "update", "-q", NULL};
	g_auto(GStrv) environment = kiln_apt_environment(config_path);
	KilnProcess process = {.argv = argv,
		.environment = (const char *const *)environment,
		.timeout_ms = UPDATE_TIMEOUT_MS};
	g_auto(KilnProcessResult) result = {0};
	g_autofree char *complaint = NULL;

	if (!kiln_process_run(&process, &result, error))
		return FALSE;
	if (result.exit_status == 0)
		return TRUE;
	complaint = kiln_apt_complaint(result.error_output);
	g_set_error(error, KILN_ERROR, kiln_apt_error_code(result.error_output),
		"updating the package lists of the Debian archive: %s",
		result.timed_out ? "the mirror does not answer" : complaint);
	return FALSE;
}

static gboolean refresh(
	const char *apt_dir, const char *config_path, const char *sources, GError **error)
{
	g_autofree char *stamp_path = g_build_filename(apt_dir, "updated", NULL);
	g_autoptr(GError) problem = NULL;
	gint64 age_s = 0;
	gboolean have_lists = lists_are_for(stamp_path, sources, &age_s);

	if (have_lists && age_s >= 0 && age_s < LISTS_MAX_AGE_S)
		return TRUE;
	if (update(config_path, &problem))
		return kiln_fs_replace_text(stamp_path, sources, error);
	if (have_lists && g_error_matches(problem, KILN_ERROR, KILN_ERROR_NETWORK)) {
		kiln_event_warning("apt",
			"%s; going on with lists of %" G_GINT64_FORMAT " hours ago",
			problem->message, age_s / 3600);
		return TRUE;
	}
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

/* Source packages stay enabled once asked for: else two users of one directory would take turns
 * in updating it. */
static gboolean sources_enabled(const char *apt_dir)
{
	g_autofree char *path = g_build_filename(apt_dir, "sources.d", "kiln.sources", NULL);
	g_autofree char *text = kiln_fs_read(path, CONFIG_MAX_BYTES, NULL, NULL);

	return text && g_str_has_prefix(text, "Types: deb deb-src");
}

char *kiln_apt_prepare(
	const char *apt_dir, const char *suite, gboolean with_sources, GError **error)
{
	g_autofree char *directory = g_build_filename(apt_dir, suite, NULL);
	g_autofree char *lock_path = g_build_filename(directory, "kiln.lock", NULL);
	g_autofree char *config_path = g_build_filename(directory, "apt.conf", NULL);
	g_autoptr(KilnLock) lock = kiln_lock_take(lock_path, "updating package lists", TRUE, error);
	g_auto(Mirror) mirror = {0};
	g_autofree char *sources = NULL;

	if (!lock || !make_directories(directory, error) || !find_mirror(&mirror, error))
		return NULL;
	sources = sources_text(&mirror, suite, with_sources || sources_enabled(directory));
	if (!write_configuration(directory, config_path, sources, error) ||
		!refresh(directory, config_path, sources, error))
		return NULL;
	return g_steal_pointer(&config_path);
}
