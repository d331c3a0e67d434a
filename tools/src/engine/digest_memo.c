/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/digest_memo.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/fs.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* Smaller files are read as fast as a note. */
#define WORTH_BYTES (64 * 1024)
#define NOTE_MAX_BYTES 4096
/* File times are coarser than the clock: a change within this time may not show. */
#define SETTLED_S 2

/* What a note says before the digest. */
static char *describe(const struct stat *status)
{
	return g_strdup_printf("%ju %ju %ju %jd.%09ld %jd.%09ld", (uintmax_t)status->st_dev,
		(uintmax_t)status->st_ino, (uintmax_t)status->st_size, (intmax_t)status->st_mtim.tv_sec,
		status->st_mtim.tv_nsec, (intmax_t)status->st_ctim.tv_sec, status->st_ctim.tv_nsec);
}

static char *note_path(const char *cache, const char *path)
{
	g_autofree char *full = g_canonicalize_filename(path, NULL);
	g_autofree char *name = kiln_digest_of_bytes(full, strlen(full));

	return g_build_filename(cache, "digests", name, NULL);
}

/* The digest, if the note is about the file as it is. */
static char *read_note(const char *note, const char *description)
{
	g_autofree char *text = kiln_fs_read(note, NOTE_MAX_BYTES, NULL, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	if (g_strv_length(lines) != 3 || strcmp(lines[0], description) != 0 || !kiln_digest_is_valid(lines[1]))
		return NULL;
	return g_strdup(lines[1]);
}

/* Best effort: without a note the file is read again. */
static void write_note(const char *note, const char *description, const char *sha256)
{
	g_autofree char *directory = g_path_get_dirname(note);
	g_autofree char *text = g_strdup_printf("%s\n%s\n", description, sha256);

	if (kiln_fs_make_directory(directory, NULL))
		(void)g_file_set_contents_full(note, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, NULL);
}

char *kiln_digest_memo_of_file(const char *cache, const char *path, guint64 *ret_size, GError **error)
{
	g_autofree char *note = NULL, *description = NULL, *sha256 = NULL;
	struct stat status, after;

	if (stat(path, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size < WORTH_BYTES)
		return kiln_digest_of_file(path, ret_size, error);
	note = note_path(cache, path);
	description = describe(&status);
	sha256 = read_note(note, description);
	if (sha256) {
		if (ret_size)
			*ret_size = (guint64)status.st_size;
		return g_steal_pointer(&sha256);
	}
	gboolean is_settled = MAX(status.st_ctim.tv_sec, status.st_mtim.tv_sec) + SETTLED_S <= kiln_clock_now();
	sha256 = kiln_digest_of_file(path, ret_size, error);
	if (!sha256 || !is_settled || stat(path, &after) < 0)
		return g_steal_pointer(&sha256);
	g_autofree char *description_after = describe(&after);
	if (strcmp(description, description_after) == 0)
		write_note(note, description, sha256);
	return g_steal_pointer(&sha256);
}
