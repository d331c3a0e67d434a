/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/source.h"

#include "base/error.h"

#include <string.h>

#define DEBIAN_PREFIX "debian-source:"
#define DEBIAN_NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789+-."
#define DEBIAN_VERSION_CHARACTERS DEBIAN_NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ:~"

static gboolean refuse(GError **error, const char *text, const char *reason)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "origin \"%s\" %s", text, reason);
	return FALSE;
}

static gboolean is_visible_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if (!g_ascii_isgraph(*text))
			return FALSE;
	return TRUE;
}

/* What libcurl would be given, and what one key file list element can hold. */
static gboolean check_url(const char *text, const char *rest, gboolean is_file, GError **error)
{
	gsize host_length = strcspn(rest, "/?#");

	if (is_file && (rest[0] != '/' || rest[1] == '\0'))
		return refuse(error, text, "is no absolute file:///path");
	if (!is_file && host_length == 0)
		return refuse(error, text, "names no host");
	if (!is_file && rest[host_length] == '\0')
		return refuse(error, text, "names no file on that host");
	if (memchr(rest, '@', host_length) != NULL)
		return refuse(error, text,
			"holds a user name; locks are public, put credentials into the proxy");
	return TRUE;
}

static gboolean parse_debian(KilnOrigin *origin, GError **error)
{
	const char *package = origin->text + strlen(DEBIAN_PREFIX);
	const char *equals = strchr(package, '=');
	const char *slash = strrchr(package, '/');

	if (equals == NULL || slash == NULL || slash < equals)
		return refuse(error, origin->text,
			"has not the form debian-source:NAME=VERSION/FILENAME");
	origin->package = g_strndup(package, (gsize)(equals - package));
	origin->version = g_strndup(equals + 1, (gsize)(slash - equals - 1));
	origin->file_name = g_strdup(slash + 1);
	if (!g_ascii_isalnum(origin->package[0]) ||
		origin->package[strspn(origin->package, DEBIAN_NAME_CHARACTERS)] != '\0')
		return refuse(error, origin->text, "holds no valid Debian package name");
	if (!g_ascii_isalnum(origin->version[0]) ||
		origin->version[strspn(origin->version, DEBIAN_VERSION_CHARACTERS)] != '\0')
		return refuse(error, origin->text, "holds no valid Debian version");
	if (!kiln_source_name_is_valid(origin->file_name))
		return refuse(error, origin->text, "holds no valid file name");
	return TRUE;
}

static gboolean parse_generated(KilnOrigin *origin, GError **error)
{
	if (strcmp(origin->text, "kiln:public-key") == 0)
		origin->kind = KILN_ORIGIN_PUBLIC_KEY;
	else if (strcmp(origin->text, "kiln:repo-file") == 0)
		origin->kind = KILN_ORIGIN_REPO_FILE;
	else
		return refuse(error, origin->text,
			"is unknown; Kiln generates kiln:public-key and kiln:repo-file");
	return TRUE;
}

static gboolean parse_kind(KilnOrigin *origin, GError **error)
{
	const char *text = origin->text;

	if (!is_visible_ascii(text) || strpbrk(text, ";\\") != NULL)
		return refuse(error, text,
			"holds a blank, ';', '\\' or a character outside ASCII; write it as %XX");
	if (g_str_has_prefix(text, "https://"))
		return check_url(text, text + strlen("https://"), FALSE, error);
	if (g_str_has_prefix(text, "http://"))
		return check_url(text, text + strlen("http://"), FALSE, error);
	if (g_str_has_prefix(text, "file://"))
		return check_url(text, text + strlen("file://"), TRUE, error);
	if (g_str_has_prefix(text, DEBIAN_PREFIX)) {
		origin->kind = KILN_ORIGIN_DEBIAN_SOURCE;
		return parse_debian(origin, error);
	}
	if (g_str_has_prefix(text, "kiln:"))
		return parse_generated(origin, error);
	return refuse(
		error, text, "is neither a http(s) or file URL, nor debian-source:, nor kiln:");
}

KilnOrigin *kiln_origin_parse(const char *text, GError **error)
{
	g_autoptr(KilnOrigin) origin = g_new0(KilnOrigin, 1);

	origin->kind = KILN_ORIGIN_URL;
	origin->text = g_strdup(text);
	if (!parse_kind(origin, error))
		return NULL;
	return g_steal_pointer(&origin);
}

void kiln_origin_free(KilnOrigin *origin)
{
	if (origin == NULL)
		return;
	g_free(origin->text);
	g_free(origin->package);
	g_free(origin->version);
	g_free(origin->file_name);
	g_free(origin);
}

gboolean kiln_origin_is_generated(const KilnOrigin *origin)
{
	return origin->kind == KILN_ORIGIN_PUBLIC_KEY || origin->kind == KILN_ORIGIN_REPO_FILE;
}

KilnSourceEntry *kiln_source_entry_new(const char *name)
{
	KilnSourceEntry *entry = g_new0(KilnSourceEntry, 1);

	entry->name = g_strdup(name);
	entry->origins = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_origin_free);
	return entry;
}

void kiln_source_entry_free(KilnSourceEntry *entry)
{
	if (entry == NULL)
		return;
	g_free(entry->name);
	g_free(entry->sha256);
	g_ptr_array_unref(entry->origins);
	g_free(entry->comment);
	g_free(entry);
}

gboolean kiln_source_entry_is_generated(const KilnSourceEntry *entry)
{
	return entry->origins->len > 0 && kiln_origin_is_generated(entry->origins->pdata[0]);
}

KilnSourceLock *kiln_source_lock_new(void)
{
	KilnSourceLock *lock = g_new0(KilnSourceLock, 1);

	lock->entries = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_source_entry_free);
	return lock;
}

void kiln_source_lock_free(KilnSourceLock *lock)
{
	if (lock == NULL)
		return;
	g_ptr_array_unref(lock->entries);
	g_free(lock->header);
	g_free(lock->footer);
	g_free(lock);
}

KilnSourceEntry *kiln_source_lock_find(const KilnSourceLock *lock, const char *name)
{
	for (guint i = 0; i < lock->entries->len; i++) {
		KilnSourceEntry *entry = lock->entries->pdata[i];

		if (strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

void kiln_source_file_free(KilnSourceFile *file)
{
	if (file == NULL)
		return;
	g_free(file->name);
	g_free(file->path);
	g_free(file->sha256);
	g_free(file);
}

const char *kiln_source_basename(const char *value)
{
	const char *slash = strrchr(value, '/');

	return slash != NULL ? slash + 1 : value;
}

gboolean kiln_source_name_is_valid(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strlen(name) <= 255 && is_visible_ascii(name) &&
	       strpbrk(name, "/[]\\;#") == NULL;
}
