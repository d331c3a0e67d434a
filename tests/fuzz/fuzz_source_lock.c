/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every accepted lock is read back the same after emission, means the same to GKeyFile, and holds
 * only what fetching may be given.
 */
#include "format/source_lock.h"

#include "base/digest.h"

#include <stdint.h>
#include <string.h>

static void check(gboolean condition, const char *what)
{
	if (!condition)
		g_error("%s", what);
}

static void check_same_text(const char *a, const char *b, const char *what)
{
	check(g_strcmp0(a, b) == 0, what);
}

static void check_same_entry(const KilnSourceEntry *a, const KilnSourceEntry *b)
{
	check_same_text(a->name, b->name, "a name changed");
	check_same_text(a->sha256, b->sha256, "a digest changed");
	check_same_text(a->comment, b->comment, "a comment changed");
	check(a->size == b->size, "a size changed");
	check(a->origins->len == b->origins->len, "the number of origins changed");
	for (guint i = 0; i < a->origins->len; i++) {
		const KilnOrigin *one = a->origins->pdata[i], *other = b->origins->pdata[i];

		check_same_text(one->text, other->text, "an origin changed");
		check(one->kind == other->kind, "the kind of an origin changed");
	}
}

static void check_entry(const KilnSourceEntry *entry)
{
	check(kiln_source_name_is_valid(entry->name), "a bad name was accepted");
	check(strchr(entry->name, '/') == NULL && entry->name[0] != '.', "a name is a path");
	check((entry->sha256 == NULL) == (entry->size == 0), "digest and size do not go together");
	check(entry->size <= KILN_SOURCE_MAX_BYTES, "a size is too large");
	check(entry->sha256 == NULL || kiln_digest_is_valid(entry->sha256),
		"a bad digest was accepted");
	check(!kiln_source_entry_is_generated(entry) || entry->sha256 == NULL,
		"generated, yet locked");
}

static void check_key_file(GKeyFile *file, const KilnSourceEntry *entry)
{
	g_autofree char *sha256 = g_key_file_get_string(file, entry->name, "sha256", NULL);
	guint64 size = g_key_file_get_uint64(file, entry->name, "size", NULL);
	gsize count = 0;
	g_auto(GStrv) origins =
		g_key_file_get_string_list(file, entry->name, "origins", &count, NULL);

	if (entry->sha256 != NULL)
		check_same_text(sha256, entry->sha256, "GKeyFile reads another digest");
	check(size == entry->size, "GKeyFile reads another size");
	check(count == entry->origins->len, "GKeyFile reads another number of origins");
	for (gsize i = 0; i < count; i++)
		check_same_text(origins[i], ((KilnOrigin *)entry->origins->pdata[i])->text,
			"GKeyFile reads another origin");
}

static void check_lock(const KilnSourceLock *lock)
{
	g_autofree char *text = kiln_source_lock_emit(lock);
	g_autoptr(KilnSourceLock) again = kiln_source_lock_parse(text, strlen(text), "again", NULL);
	g_autofree char *second = again != NULL ? kiln_source_lock_emit(again) : NULL;
	g_autoptr(GKeyFile) file = g_key_file_new();

	check(again != NULL, "what was emitted is refused");
	check_same_text(text, second, "emission is not stable");
	check_same_text(lock->header, again->header, "the header changed");
	check_same_text(lock->footer, again->footer, "the footer changed");
	check(lock->entries->len == again->entries->len, "the number of entries changed");
	check(lock->entries->len == 0 ||
			g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, NULL),
		"GKeyFile refuses what was emitted");
	for (guint i = 0; i < lock->entries->len; i++) {
		check_entry(lock->entries->pdata[i]);
		check_same_entry(lock->entries->pdata[i], again->entries->pdata[i]);
		check_key_file(file, lock->entries->pdata[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnSourceLock) lock =
		kiln_source_lock_parse((const char *)data, size, "sources", &error);

	check((lock == NULL) == (error != NULL), "neither a lock nor an error");
	check(error == NULL || g_str_has_prefix(error->message, "sources:"),
		"an error without a place");
	check(error == NULL || strchr(error->message, '\n') == NULL, "an error of several lines");
	if (lock != NULL)
		check_lock(lock);
	return 0;
}
