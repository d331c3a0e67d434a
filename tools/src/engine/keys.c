/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/keys.h"

#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"

#include <stdlib.h>
#include <string.h>

#define PUBLIC_KEY_MAX_BYTES (1 << 20)

char *kiln_keys_home(void)
{
	const char *home = g_getenv("KILN_KEYS");

	return home && *home ? g_canonicalize_filename(home, NULL)
			     : g_build_filename(g_get_user_data_dir(), "kiln", "gnupg", NULL);
}

/* `path` without symbolic links, as far as it exists. Caller owns. */
static char *resolve(const char *path)
{
	g_autofree char *rest = g_strdup("");
	g_autofree char *existing = g_canonicalize_filename(path, NULL);
	char *real = NULL;

	while (!(real = realpath(existing, NULL)) && existing[1] != '\0') {
		g_autofree char *name = g_path_get_basename(existing);
		char *longer = g_build_filename("/", name, rest, NULL);
		char *parent = g_path_get_dirname(existing);

		g_free(rest);
		g_free(existing);
		rest = longer;
		existing = parent;
	}
	char *resolved = g_build_filename(real ? real : existing, rest, NULL);
	free(real);
	return resolved;
}

static gboolean check_outside(const char *home, const char *project_directory, GError **error)
{
	g_autofree char *inner = resolve(home);
	g_autofree char *outer = resolve(project_directory);
	gsize length = strlen(outer);

	if (strncmp(inner, outer, length) != 0 || (inner[length] != '/' && inner[length] != '\0'))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"opening the keys in \"%s\": it is inside the project \"%s\", where secret keys "
		"would end up in version control; name another place in KILN_KEYS",
		home, project_directory);
	return FALSE;
}

KilnGpg *kiln_keys_open(const char *home, const char *project_directory, GError **error)
{
	const char *passphrase_file = g_getenv("KILN_PASSPHRASE_FILE");

	if (project_directory && !check_outside(home, project_directory, error))
		return NULL;
	return kiln_gpg_open(
		home, passphrase_file && *passphrase_file ? passphrase_file : NULL, error);
}

char *kiln_keys_default_uid(const char *collection)
{
	return g_strdup_printf("Kiln %s packages <kiln-%s@localhost>", collection, collection);
}

KilnGpgKey *kiln_keys_find(
	KilnGpg *gpg, const char *collection, const char *configured, GError **error)
{
	g_autofree char *uid = kiln_keys_default_uid(collection);

	return kiln_gpg_find_key(gpg, configured && *configured ? configured : uid, error);
}

KilnGpgKey *kiln_keys_ensure(KilnGpg *gpg, const char *collection, const char *configured,
	gboolean *ret_created, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *uid = kiln_keys_default_uid(collection);
	g_autofree char *fingerprint = NULL;
	KilnGpgKeyOptions options = {.uid = uid};
	KilnGpgKey *key = kiln_keys_find(gpg, collection, configured, &cause);

	if (key) {
		*ret_created = FALSE;
		return key;
	}
	if ((configured && *configured) ||
		!g_error_matches(cause, KILN_ERROR, KILN_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
	kiln_event_info(
		"key", "making a signing key for \"%s\": RSA 4096 takes some seconds", collection);
	if (!kiln_gpg_create_key(gpg, &options, &fingerprint, error))
		return NULL;
	key = kiln_gpg_find_key(gpg, fingerprint, error);
	if (key)
		*ret_created = TRUE;
	return key;
}

char *kiln_keys_file_name(const char *collection)
{
	return g_strdup_printf("RPM-GPG-KEY-kiln-%s", collection);
}

gboolean kiln_keys_export(KilnGpg *gpg, const char *fingerprint, const char *path, GError **error)
{
	g_autofree char *text = kiln_gpg_export_public(gpg, fingerprint, error);

	if (!text)
		return FALSE;
	g_autofree char *present = kiln_fs_read(path, PUBLIC_KEY_MAX_BYTES, NULL, NULL);
	return g_strcmp0(present, text) == 0 || kiln_fs_replace_text(path, text, error);
}
