/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/base_keys.h"

#include "base/error.h"
#include "base/fs.h"
#include "format/openpgp.h"
#include "lib/content_cache.h"
#include "lib/fetch.h"

#include <string.h>

#define KEYS ".keys"
#define KEY_MAX_BYTES (1 << 20)

char *kiln_base_keys_path(const char *base_directory, const char *file_name)
{
	return g_build_filename(base_directory, KEYS, file_name, NULL);
}

/* The fingerprints pinned for a file, as one text. Caller owns. */
static char *list_pins(const KilnTarget *target, const char *file_name)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < target->keys->len; i++) {
		const KilnTargetKey *key = target->keys->pdata[i];
		if (g_str_equal(key->file_name, file_name))
			g_string_append_printf(text, "%s%s", text->len ? ", " : "", key->fingerprint);
	}
	return g_string_free(text, FALSE);
}

static gboolean check_pins(
	const KilnPgpFile *file, const KilnTarget *target, const char *file_name, const char *place, GError **error)
{
	g_autofree char *pins = list_pins(target, file_name);

	for (guint i = 0; i < file->keys->len; i++) {
		const KilnPgpKey *key = file->keys->pdata[i];
		if (key->is_subkey || (*key->fingerprint && strstr(pins, key->fingerprint)))
			continue;
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"\"%s\" holds the key %s, and target.conf of \"%s\" pins %s for \"%s\"; if the distribution has "
			"a new key, make sure of it and pin that", place,
			*key->fingerprint ? key->fingerprint : "(of no fingerprint)", target->name, pins, file_name);
		return FALSE;
	}
	if (kiln_openpgp_count_primary(file) > 0)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\" holds no public key", place);
	return FALSE;
}

/* Takes `path`, which is or came from `place`, as the key file. */
static gboolean take(const KilnTarget *target, const char *path, const char *place, const char *final, GError **error)
{
	const char *file_name = kiln_base_section_file_name(final);
	gsize size = 0;
	g_autofree char *bytes = kiln_fs_read(path, KEY_MAX_BYTES, &size, error);
	g_autoptr(KilnPgpFile) file = bytes ? kiln_openpgp_parse(bytes, size, place, error) : NULL;

	/* Not its bytes: another reader might find other keys in them. */
	return file && check_pins(file, target, file_name, place, error) &&
		kiln_fs_replace(final, file->certificates->data, file->certificates->len, 0644, error);
}

/* TRUE when the key file is there, and holds pinned keys and nothing else. */
static gboolean is_there(const KilnTarget *target, const char *final)
{
	gsize size = 0;
	g_autofree char *bytes = kiln_fs_read(final, KEY_MAX_BYTES, &size, NULL);
	g_autoptr(KilnPgpFile) file = bytes ? kiln_openpgp_parse(bytes, size, final, NULL) : NULL;

	return file && file->certificates->len == size && memcmp(file->certificates->data, bytes, size) == 0 &&
		check_pins(file, target, kiln_base_section_file_name(final), final, NULL);
}

static gboolean fetch(
	const KilnProject *project, const KilnTarget *target, const char *url, const char *final, GError **error)
{
	g_autofree char *cache = g_build_filename(project->cache, "downloads", NULL);
	const char *urls[] = {url, NULL};
	const KilnFetchOptions options = {.max_bytes = KEY_MAX_BYTES, .subject = "base"};
	g_auto(KilnFetchTask) task = {
		.name = kiln_base_section_file_name(final), .urls = urls, .cache_dir = cache};
	g_autofree char *path = NULL;

	if (!kiln_fetch_run(&task, 1, &options, error))
		return FALSE;
	path = kiln_content_cache_path(cache, task.ret_sha256);
	return take(target, path, url, final, error);
}

static gboolean ensure_key(
	const KilnProject *project, const KilnTarget *target, const char *url, const char *directory, GError **error)
{
	const char *file_name = kiln_base_section_file_name(url);
	g_autofree char *final = kiln_base_keys_path(directory, file_name);
	g_autofree char *target_directory = kiln_project_target_directory(project, target);
	g_autofree char *own = g_build_filename(target_directory, file_name, NULL);
	g_autofree char *keys = g_path_get_dirname(final);

	if (is_there(target, final))
		return TRUE;
	if (!kiln_fs_make_directory(keys, error))
		return FALSE;
	if (g_file_test(own, G_FILE_TEST_EXISTS))
		return take(target, own, kiln_project_relative(project, own), final, error);
	return fetch(project, target, url, final, error);
}

gboolean kiln_base_keys_fetch(const KilnProject *project, const KilnTarget *target, const KilnBaseSection *section,
	const char *base_directory, GError **error)
{
	if (!section->checks_packages && !section->checks_index)
		return TRUE;
	for (char **url = section->keys; *url; url++)
		if (!ensure_key(project, target, *url, base_directory, error))
			return FALSE;
	return TRUE;
}

KilnRpmTrust *kiln_base_keys_trust(const KilnBaseSection *section, const char *base_directory, GError **error)
{
	g_autoptr(KilnRpmTrust) trust = kiln_rpmtrust_new();

	for (char **url = section->keys; *url; url++) {
		const char *file_name = kiln_base_section_file_name(*url);
		g_autofree char *path = kiln_base_keys_path(base_directory, file_name);
		gsize size = 0;
		g_autofree char *bytes = kiln_fs_read(path, KEY_MAX_BYTES, &size, error);
		if (!bytes || !kiln_rpmtrust_add(trust, bytes, size, file_name, error))
			return NULL;
	}
	return g_steal_pointer(&trust);
}
