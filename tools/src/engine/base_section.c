/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/base_section.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fs.h"
#include "engine/base_siblings.h"
#include "format/config.h"
#include "format/repo_file.h"

#include <string.h>

#define FORMAT "1"
#define REPO_MAX_BYTES (256 * 1024)
#define PRIORITY_DEFAULT 99 /* dnf's; there a lower one wins */
#define PRIORITY_MAX 9999

/* What is read, for messages and replacements. */
typedef struct {
	const KilnProject *project;
	const KilnTarget *target;
	const char *file; /* "repo-config/targets/el6/base.repo" */
	const char *id;
} Reader;

static void section_free(gpointer data)
{
	KilnBaseSection *section = data;

	g_free(section->id);
	g_strfreev(section->urls);
	g_free(section->mirrorlist);
	g_strfreev(section->keys);
	g_free(section);
}

G_GNUC_PRINTF(3, 4)
static gboolean refuse(const Reader *reader, GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *fault = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "%s: [%s]: %s", reader->file, reader->id, fault);
	return FALSE;
}

/* --- variables --- */

static const char *base_architecture(const char *architecture)
{
	static const char *const i386[] = {"i386", "i486", "i586", "i686", "athlon", NULL};

	return g_strv_contains(i386, architecture) ? "i386" : architecture;
}

static const char *variable(const Reader *reader, const char *name)
{
	if (g_str_equal(name, "basearch"))
		return base_architecture(reader->target->architecture);
	if (g_str_equal(name, "arch"))
		return reader->target->architecture;
	return g_str_equal(name, "releasever") ? reader->target->releasever : NULL;
}

/* Appends what stands for the $name or ${name} at `*at` and moves `*at` behind it. */
static gboolean replace_variable(const Reader *reader, GString *text, const char **at, GError **error)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	gboolean braced = (*at)[1] == '{';
	const char *start = *at + 1 + braced;
	gsize length = strspn(start, letters);
	g_autofree char *name = g_strndup(start, length);
	const char *value = variable(reader, name);

	if (braced && start[length] != '}')
		return refuse(reader, error, "\"${\" without \"}\"");
	if (!value && g_str_equal(name, "releasever"))
		return refuse(reader, error,
			"$releasever is used, and target.conf does not say what it is: add releasever= to [target]");
	if (!value)
		return refuse(reader, error, "there is no variable \"$%s\": use $releasever, $basearch or $arch", name);
	g_string_append(text, value);
	*at = start + length + braced;
	return TRUE;
}

static char *replace_variables(const Reader *reader, const char *text, GError **error)
{
	g_autoptr(GString) result = g_string_new(NULL);

	while (*text) {
		if (*text != '$')
			g_string_append_c(result, *text++);
		else if (!replace_variable(reader, result, &text, error))
			return NULL;
	}
	return g_string_free(g_steal_pointer(&result), FALSE);
}

/* --- places --- */

static gboolean has_scheme(const char *url)
{
	return g_str_has_prefix(url, "http://") || g_str_has_prefix(url, "https://") ||
		g_str_has_prefix(url, "file:///");
}

/* The URL of a place as it is written; caller owns. */
static char *resolve(const Reader *reader, const char *key, const char *text, GError **error)
{
	g_autofree char *url = replace_variables(reader, text, error);
	g_autofree char *path = NULL;

	if (!url)
		return NULL;
	if (has_scheme(url))
		return g_steal_pointer(&url);
	if (strstr(url, "://") || g_str_has_prefix(url, "file:")) {
		refuse(reader, error, "%s \"%s\": use http://, https://, file:/// or a path", key, url);
		return NULL;
	}
	path = g_canonicalize_filename(url, reader->project->root);
	return g_strconcat("file://", path, NULL);
}

static char **resolve_all(
	const Reader *reader, const char *key, char *const *texts, const char *suffix, GError **error)
{
	g_autoptr(GPtrArray) urls = g_ptr_array_new_with_free_func(g_free);

	for (; *texts; texts++) {
		g_autofree char *url = resolve(reader, key, *texts, error);
		if (!url)
			return NULL;
		g_ptr_array_add(urls, g_str_has_suffix(url, suffix) ? g_strdup(url) : g_strconcat(url, suffix, NULL));
	}
	g_ptr_array_add(urls, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&urls), FALSE);
}

const char *kiln_base_section_file_name(const char *url)
{
	const char *slash = strrchr(url, '/');

	return slash ? slash + 1 : url;
}

/* --- sections --- */

static gboolean is_pinned(const KilnTarget *target, const char *file_name)
{
	for (guint i = 0; i < target->keys->len; i++)
		if (g_str_equal(((const KilnTargetKey *)target->keys->pdata[i])->file_name, file_name))
			return TRUE;
	return FALSE;
}

static gboolean check_keys(const Reader *reader, const KilnBaseSection *section, GError **error)
{
	if (!section->checks_packages && !section->checks_index)
		return TRUE;
	if (!section->keys[0])
		return refuse(reader, error, "it checks signatures, and no gpgkey= says by which key");
	for (char **key = section->keys; *key; key++) {
		const char *name = kiln_base_section_file_name(*key);
		if (!is_pinned(reader->target, name))
			return refuse(reader, error,
				"the key \"%s\" is not pinned: add %s=FINGERPRINT to [keys] of target.conf", *key, name);
	}
	return TRUE;
}

/* What would change the answer if it were heeded. */
static gboolean check_settings(const Reader *reader, const KilnRepoFileSection *given, GError **error)
{
	static const char *const unheeded[] = {
		"metalink", "exclude", "excludepkgs", "includepkgs", "username", "password", "proxy", "sslverify",
		"sslclientcert", "sslclientkey", "sslcacert"};

	for (gsize i = 0; i < G_N_ELEMENTS(unheeded); i++)
		if (g_hash_table_contains(given->settings, unheeded[i]))
			return refuse(reader, error, "\"%s\" is nothing that Kiln heeds in a base: %s", unheeded[i],
				i == 0 ? "name the mirrors by baseurl= or mirrorlist=" : "leave it out");
	if (!g_hash_table_contains(given->settings, "gpgcheck"))
		return refuse(reader, error,
			"it does not say whether packages are signed: write gpgcheck=1 with a gpgkey=, or gpgcheck=0 "
			"to take them on trust");
	return TRUE;
}

static gboolean read_priority(const Reader *reader, const KilnRepoFileSection *given, int *ret, GError **error)
{
	const char *text = g_hash_table_lookup(given->settings, "priority");
	guint64 number = PRIORITY_DEFAULT;

	if (text && !g_ascii_string_to_unsigned(text, 10, 1, PRIORITY_MAX, &number, NULL))
		return refuse(reader, error, "priority \"%s\" is no number from 1 to %d", text, PRIORITY_MAX);
	*ret = -(int)number;
	return TRUE;
}

static gboolean fill(
	const Reader *reader, const KilnRepoFileSection *given, KilnBaseSection *section, GError **error)
{
	static const char *const reserved[] = {
		KILN_BASE_STAMP, KILN_BASE_IMPORT_LOCK, KILN_BASE_READERS_LOCK, NULL};

	section->id = g_strdup(given->id);
	section->checks_packages = given->gpgcheck;
	section->checks_index = given->repo_gpgcheck;
	if (!kiln_config_is_name(given->id) || g_strv_contains(reserved, given->id))
		return refuse(reader, error, "a directory in the cache cannot be called so: choose another name");
	section->urls = resolve_all(reader, "baseurl", given->baseurl, "/", error);
	section->keys = section->urls ? resolve_all(reader, "gpgkey", given->gpgkey, "", error) : NULL;
	if (!section->keys)
		return FALSE;
	if (given->mirrorlist && *given->mirrorlist &&
		!(section->mirrorlist = resolve(reader, "mirrorlist", given->mirrorlist, error)))
		return FALSE;
	return check_settings(reader, given, error) && check_keys(reader, section, error) &&
		read_priority(reader, given, &section->priority, error);
}

static GPtrArray *take_enabled(Reader *reader, const GPtrArray *given, GError **error)
{
	g_autoptr(GPtrArray) sections = g_ptr_array_new_with_free_func(section_free);

	for (guint i = 0; i < given->len; i++) {
		const KilnRepoFileSection *one = given->pdata[i];
		KilnBaseSection *section;
		if (!one->enabled)
			continue;
		section = g_new0(KilnBaseSection, 1);
		g_ptr_array_add(sections, section);
		reader->id = one->id;
		if (!fill(reader, one, section, error))
			return NULL;
	}
	if (sections->len > 0)
		return g_steal_pointer(&sections);
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "%s: no repository in it is enabled", reader->file);
	return NULL;
}

GPtrArray *kiln_base_sections_read(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autofree char *directory = kiln_project_target_directory(project, target);
	g_autofree char *path = g_build_filename(directory, target->repositories, NULL);
	g_autofree char *file = g_build_filename("repo-config/targets", target->name, target->repositories, NULL);
	Reader reader = {.project = project, .target = target, .file = file};
	g_autoptr(GPtrArray) given = NULL;
	gsize size = 0;
	g_autofree char *text = kiln_fs_read(path, REPO_MAX_BYTES, &size, error);

	given = text ? kiln_repo_file_parse(text, size, file, error) : NULL;
	return given ? take_enabled(&reader, given, error) : NULL;
}

static void add_list(KilnDigest *digest, const char *label, char *const *texts)
{
	for (; *texts; texts++)
		kiln_digest_add(digest, label, *texts);
}

char *kiln_base_sections_digest(const GPtrArray *sections, const KilnTarget *target)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();

	kiln_digest_add(digest, "format", FORMAT);
	for (guint i = 0; i < sections->len; i++) {
		const KilnBaseSection *section = sections->pdata[i];
		g_autofree char *priority = g_strdup_printf("%d", section->priority);
		kiln_digest_add(digest, "section", section->id);
		add_list(digest, "url", section->urls);
		kiln_digest_add(digest, "mirrorlist", section->mirrorlist);
		add_list(digest, "key", section->keys);
		kiln_digest_add(digest, "gpgcheck", section->checks_packages ? "1" : "0");
		kiln_digest_add(digest, "repo_gpgcheck", section->checks_index ? "1" : "0");
		kiln_digest_add(digest, "priority", priority);
	}
	for (guint i = 0; i < target->keys->len; i++) {
		const KilnTargetKey *key = target->keys->pdata[i];
		kiln_digest_add(digest, "key file", key->file_name);
		kiln_digest_add(digest, "fingerprint", key->fingerprint);
	}
	return kiln_digest_finish(digest);
}
