/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/deb.h"

#include "base/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMBER_MAX_BYTES (16 * 1024 * 1024)
#define PAYLOAD_MAX_BYTES (G_GUINT64_CONSTANT(16) << 30)
#define ENTRIES_MAX 500000
#define BLOCK_SIZE (128 * 1024)

struct KilnDeb {
	GHashTable *members; /* name -> text */
	GPtrArray *entries;
	int spool_fd;
	guint64 spool_size;
	guint8 *spool;
};

typedef struct archive Archive;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_read_free)

static void entry_free(gpointer data)
{
	KilnDebEntry *entry = data;

	g_free(entry->path);
	g_free(entry->user);
	g_free(entry->group);
	g_free(entry->link_target);
	g_free(entry->hard_link);
	g_free(entry);
}

void kiln_deb_free(KilnDeb *deb)
{
	if (!deb)
		return;
	if (deb->spool)
		munmap(deb->spool, deb->spool_size);
	if (deb->spool_fd >= 0)
		close(deb->spool_fd);
	g_hash_table_unref(deb->members);
	g_ptr_array_unref(deb->entries);
	g_free(deb);
}

static gboolean malformed(GError **error, const char *what)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "%s", what);
	return FALSE;
}

/* A member of the outer archive as the input of the inner one. */
static la_ssize_t read_member(Archive *inner, void *outer, const void **ret_block)
{
	size_t size = 0;
	la_int64_t offset = 0;
	int status = archive_read_data_block(outer, ret_block, &size, &offset);

	if (status == ARCHIVE_EOF)
		return 0;
	if (status < ARCHIVE_WARN) {
		archive_set_error(inner, EIO, "%s", archive_error_string(outer));
		return -1;
	}
	return size;
}

static Archive *open_inner(Archive *outer, GError **error)
{
	g_autoptr(Archive) inner = archive_read_new();

	archive_read_support_format_tar(inner);
	archive_read_support_filter_all(inner);
	if (archive_read_open(inner, outer, NULL, read_member, NULL) != ARCHIVE_OK) {
		malformed(error, archive_error_string(inner));
		return NULL;
	}
	return g_steal_pointer(&inner);
}

/* "./usr/bin/x" as "/usr/bin/x"; NULL when a component leads elsewhere. */
static char *absolute_path(const char *name)
{
	g_auto(GStrv) parts = g_strsplit(name ? name : "", "/", -1);
	GString *path = g_string_new(NULL);

	for (guint i = 0; parts[i]; i++) {
		if (*parts[i] == '\0' || strcmp(parts[i], ".") == 0)
			continue;
		if (strcmp(parts[i], "..") == 0 || !g_utf8_validate(parts[i], -1, NULL)) {
			g_string_free(path, TRUE);
			return NULL;
		}
		g_string_append_printf(path, "/%s", parts[i]);
	}
	if (path->len == 0)
		g_string_append_c(path, '/');
	return g_string_free(path, FALSE);
}

static gboolean take_member_text(
	KilnDeb *deb, Archive *archive, struct archive_entry *entry, GError **error)
{
	g_autofree char *path = absolute_path(archive_entry_pathname(entry));
	gint64 size = archive_entry_size(entry);
	g_autofree char *text = NULL;

	if (!path || size < 0 || size > MEMBER_MAX_BYTES)
		return malformed(error, "a control member is too large or has a bad name");
	text = g_malloc0(size + 1);
	if (archive_read_data(archive, text, size) != size)
		return malformed(error, "a control member is cut off");
	g_hash_table_replace(deb->members, g_strdup(path + 1), g_steal_pointer(&text));
	return TRUE;
}

static gboolean write_all(int fd, const char *data, gsize size, GError **error)
{
	while (size > 0) {
		ssize_t written = write(fd, data, size);
		if (written < 0 && errno != EINTR)
			return kiln_error_set_errno(
				error, errno, "unpacking into a temporary file");
		if (written > 0) {
			data += written;
			size -= written;
		}
	}
	return TRUE;
}

static gboolean spool_data(KilnDeb *deb, Archive *archive, gint64 size, GError **error)
{
	g_autofree char *block = g_malloc(BLOCK_SIZE);
	gint64 remaining = size;

	if (size < 0 || deb->spool_size + size > PAYLOAD_MAX_BYTES)
		return malformed(error, "the payload is larger than 16 GiB");
	while (remaining > 0) {
		la_ssize_t got = archive_read_data(archive, block, BLOCK_SIZE);
		if (got <= 0 || got > remaining)
			return malformed(error, "the payload is cut off");
		if (!write_all(deb->spool_fd, block, got, error))
			return FALSE;
		remaining -= got;
	}
	deb->spool_size += size;
	return TRUE;
}

static char *owner_name(const char *name, gint64 id)
{
	if (name && *name)
		return g_strdup(name);
	return id == 0 ? g_strdup("root") : NULL;
}

static KilnDebEntry *new_entry(struct archive_entry *source)
{
	KilnDebEntry *entry = g_new0(KilnDebEntry, 1);
	const char *hard_link = archive_entry_hardlink(source);

	entry->path = absolute_path(archive_entry_pathname(source));
	entry->mode = archive_entry_mode(source);
	entry->user = owner_name(archive_entry_uname(source), archive_entry_uid(source));
	entry->group = owner_name(archive_entry_gname(source), archive_entry_gid(source));
	entry->mtime = archive_entry_mtime(source);
	entry->link_target = S_ISLNK(entry->mode) ? g_strdup(archive_entry_symlink(source)) : NULL;
	entry->hard_link = hard_link ? absolute_path(hard_link) : NULL;
	if (hard_link)
		entry->mode = (entry->mode & 07777) | S_IFREG;
	return entry;
}

static gboolean entry_is_sound(const KilnDebEntry *entry, GError **error)
{
	if (!entry->path || !entry->user || !entry->group)
		return malformed(error, "the payload has a path or an owner that cannot be kept");
	if (!S_ISREG(entry->mode) && !S_ISDIR(entry->mode) && !S_ISLNK(entry->mode))
		return malformed(error, "the payload has a device node");
	if (S_ISLNK(entry->mode) && (!entry->link_target || *entry->link_target == '\0'))
		return malformed(error, "the payload has a symbolic link to nothing");
	return TRUE;
}

/* The mapping does not exist yet: `data` holds the offset until it does. */
static gboolean take_entry(
	KilnDeb *deb, Archive *archive, struct archive_entry *source, GError **error)
{
	KilnDebEntry *entry = new_entry(source);

	g_ptr_array_add(deb->entries, entry);
	if (deb->entries->len > ENTRIES_MAX)
		return malformed(error, "the payload has too many entries");
	if (!entry_is_sound(entry, error))
		return FALSE;
	if (!S_ISREG(entry->mode) || entry->hard_link)
		return TRUE;
	entry->size = archive_entry_size(source);
	entry->data = GSIZE_TO_POINTER(deb->spool_size);
	return spool_data(deb, archive, entry->size, error);
}

typedef gboolean (*TakeEntry)(
	KilnDeb *deb, Archive *archive, struct archive_entry *entry, GError **error);

static gboolean read_inner(KilnDeb *deb, Archive *outer, gboolean is_payload, GError **error)
{
	g_autoptr(Archive) inner = open_inner(outer, error);
	struct archive_entry *entry;
	int status;

	if (!inner)
		return FALSE;
	while ((status = archive_read_next_header(inner, &entry)) == ARCHIVE_OK ||
		status == ARCHIVE_WARN) {
		TakeEntry take = is_payload ? take_entry : take_member_text;
		if (!is_payload && archive_entry_filetype(entry) != AE_IFREG)
			continue;
		if (!take(deb, inner, entry, error))
			return FALSE;
	}
	return status == ARCHIVE_EOF || malformed(error, archive_error_string(inner));
}

static gboolean read_outer(KilnDeb *deb, Archive *outer, GError **error)
{
	struct archive_entry *entry;
	gboolean have_control = FALSE, have_payload = FALSE;
	int status;

	while ((status = archive_read_next_header(outer, &entry)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);
		gboolean is_control = name && g_str_has_prefix(name, "control.tar");
		gboolean is_payload = name && g_str_has_prefix(name, "data.tar");
		if ((is_control || is_payload) && !read_inner(deb, outer, is_payload, error))
			return FALSE;
		have_control |= is_control;
		have_payload |= is_payload;
	}
	if (status != ARCHIVE_EOF)
		return malformed(error, archive_error_string(outer));
	return (have_control && have_payload) || malformed(error, "not a Debian package");
}

static gboolean open_spool(KilnDeb *deb, GError **error)
{
	g_autofree char *path = NULL;

	deb->spool_fd = g_file_open_tmp("kiln-deb-XXXXXX", &path, error);
	if (deb->spool_fd < 0)
		return FALSE;
	fcntl(deb->spool_fd, F_SETFD, FD_CLOEXEC);
	g_unlink(path);
	return TRUE;
}

static gboolean map_spool(KilnDeb *deb, GError **error)
{
	void *mapping;

	if (deb->spool_size > 0) {
		mapping = mmap(NULL, deb->spool_size, PROT_READ, MAP_PRIVATE, deb->spool_fd, 0);
		if (mapping == MAP_FAILED)
			return kiln_error_set_errno(error, errno, "mapping a temporary file");
		deb->spool = mapping;
	}
	for (guint i = 0; i < deb->entries->len; i++) {
		KilnDebEntry *entry = deb->entries->pdata[i];
		entry->data = entry->size > 0 ? deb->spool + GPOINTER_TO_SIZE(entry->data) : NULL;
	}
	return TRUE;
}

KilnDeb *kiln_deb_open(const char *path, GError **error)
{
	g_autoptr(KilnDeb) deb = g_new0(KilnDeb, 1);
	g_autoptr(Archive) outer = archive_read_new();

	deb->members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	deb->entries = g_ptr_array_new_with_free_func(entry_free);
	deb->spool_fd = -1;
	archive_read_support_format_ar(outer);
	if (!open_spool(deb, error))
		return NULL;
	if (archive_read_open_filename(outer, path, BLOCK_SIZE) != ARCHIVE_OK) {
		malformed(error, archive_error_string(outer));
		g_prefix_error(error, "reading \"%s\": ", path);
		return NULL;
	}
	if (!read_outer(deb, outer, error) || !map_spool(deb, error)) {
		g_prefix_error(error, "reading \"%s\": ", path);
		return NULL;
	}
	return g_steal_pointer(&deb);
}

const char *kiln_deb_member(const KilnDeb *deb, const char *name)
{
	return g_hash_table_lookup(deb->members, name);
}

const GPtrArray *kiln_deb_entries(const KilnDeb *deb)
{
	return deb->entries;
}
