/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes real .deb files for tests (libarchive): an ar of debian-binary, control.tar.gz,
 * data.tar.gz. */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>

/* One entry of the payload. `target` is a link's; `hard_link` names an earlier path. */
typedef struct {
	const char *path;
	mode_t mode;
	const char *data, *target, *hard_link, *group;
} DebFile;

static inline void deb_add(struct archive *archive, const DebFile *file)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, file->path);
	archive_entry_set_mode(entry, file->mode);
	archive_entry_set_mtime(entry, 1700000000, 0);
	archive_entry_set_uname(entry, "root");
	archive_entry_set_gname(entry, file->group ? file->group : "root");
	archive_entry_set_size(entry, file->data ? (la_int64_t)strlen(file->data) : 0);
	if (file->target)
		archive_entry_set_symlink(entry, file->target);
	if (file->hard_link)
		archive_entry_set_hardlink(entry, file->hard_link);
	g_assert_cmpint(archive_write_header(archive, entry), ==, ARCHIVE_OK);
	if (file->data)
		archive_write_data(archive, file->data, strlen(file->data));
	archive_entry_free(entry);
}

static inline gsize deb_tar(char *buffer, gsize capacity, const DebFile *files)
{
	struct archive *archive = archive_write_new();
	size_t used = 0;

	archive_write_set_format_gnutar(archive);
	archive_write_add_filter_gzip(archive);
	g_assert_cmpint(
		archive_write_open_memory(archive, buffer, capacity, &used), ==, ARCHIVE_OK);
	for (gsize i = 0; files[i].path; i++)
		deb_add(archive, &files[i]);
	archive_write_close(archive);
	archive_write_free(archive);
	return used;
}

static inline void deb_member(
	struct archive *archive, const char *name, const char *data, gsize size)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_mode(entry, S_IFREG | 0644);
	archive_entry_set_size(entry, size);
	g_assert_cmpint(archive_write_header(archive, entry), ==, ARCHIVE_OK);
	archive_write_data(archive, data, size);
	archive_entry_free(entry);
}

/* `control` NULL: no control archive; `files` NULL: no payload; both end with an empty entry. */
static inline void deb_write(
	const char *path, const char *control, const char *conffiles, const DebFile *files)
{
	static char buffer[1024 * 1024];
	struct archive *archive = archive_write_new();
	const DebFile members[] = {{.path = "./control", .mode = S_IFREG | 0644, .data = control},
		{.path = conffiles ? "./conffiles" : NULL,
			.mode = S_IFREG | 0644,
			.data = conffiles},
		{0}};

	archive_write_set_format_ar_svr4(archive);
	g_assert_cmpint(archive_write_open_filename(archive, path), ==, ARCHIVE_OK);
	deb_member(archive, "debian-binary", "2.0\n", 4);
	if (control) {
		gsize size = deb_tar(buffer, sizeof(buffer), members);
		deb_member(archive, "control.tar.gz", buffer, size);
	}
	if (files) {
		gsize size = deb_tar(buffer, sizeof(buffer), files);
		deb_member(archive, "data.tar.gz", buffer, size);
	}
	archive_write_close(archive);
	archive_write_free(archive);
}
