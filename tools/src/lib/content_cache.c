/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/content_cache.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE (256 * 1024)
#define ABANDONED_AFTER_S (24 * 60 * 60)

struct KilnCacheWriter {
	char *directory;
	char *sha256; /* expected; NULL: unknown */
	char *path;   /* of the partial file; NULL once it is in the cache */
	int fd;	      /* flocked while the writer lives */
	gboolean resumable;
	guint64 size;
	KilnDigest *digest; /* of the `size` bytes there are */
	char *other_kind, *other_checksum; /* a digest of another kind that is expected; NULL: none */
	KilnDigest *other;
};

char *kiln_content_cache_path(const char *directory, const char *sha256)
{
	return g_build_filename(directory, sha256, NULL);
}

gboolean kiln_content_cache_has(
	const char *directory, const char *sha256, guint64 size, GError **error)
{
	g_autofree char *path = kiln_content_cache_path(directory, sha256);
	g_autofree char *found = NULL;
	g_autoptr(GError) local = NULL;
	guint64 found_size;

	found = kiln_digest_of_file(path, &found_size, &local);
	if (g_error_matches(local, KILN_ERROR, KILN_ERROR_NOT_FOUND))
		return FALSE;
	if (found == NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (strcmp(found, sha256) == 0)
		return size == 0 || size == found_size;
	kiln_event_warning("cache", "\"%s\" was damaged on the disk and is dropped", path);
	if (unlink(path) != 0 && errno != ENOENT)
		kiln_error_set_errno(error, errno, "removing \"%s\"", path);
	return FALSE;
}

char *kiln_content_cache_put(const char *directory, const void *data, gsize size, GError **error)
{
	g_autofree char *sha256 = kiln_digest_of_bytes(data, size);
	g_autoptr(KilnCacheWriter) writer = NULL;
	g_autoptr(GError) local = NULL;

	if (kiln_content_cache_has(directory, sha256, size, &local))
		return g_steal_pointer(&sha256);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return NULL;
	}
	writer = kiln_cache_writer_open(directory, NULL, error);
	if (writer == NULL || !kiln_cache_writer_append(writer, data, size, error) ||
		!kiln_cache_writer_commit(writer, size, NULL, error))
		return NULL;
	return g_steal_pointer(&sha256);
}

/* A process that was killed leaves its fresh file or directory behind, which nobody will take up.
 */
static void remove_abandoned(const char *partial_directory)
{
	g_auto(GStrv) names = kiln_fs_list(partial_directory, NULL);
	/* Wall time of the kernel, not base/clock: it is compared with file times. */
	gint64 oldest = g_get_real_time() / G_USEC_PER_SEC - ABANDONED_AFTER_S;

	for (guint i = 0; names != NULL && names[i] != NULL; i++) {
		g_autofree char *path = g_build_filename(partial_directory, names[i], NULL);
		struct stat status;

		if (strstr(names[i], ".fresh.") != NULL && lstat(path, &status) == 0 &&
			status.st_mtime < oldest)
			kiln_fs_remove_tree(path, NULL); /* the next one tries again */
	}
}

static gboolean open_fresh(KilnCacheWriter *writer, const char *partial_directory, GError **error)
{
	remove_abandoned(partial_directory);
	writer->path = g_strdup_printf("%s/%s.fresh.XXXXXX", partial_directory,
		writer->sha256 != NULL ? writer->sha256 : "unknown");
	writer->fd = g_mkstemp_full(writer->path, O_RDWR | O_CLOEXEC, 0600);
	if (writer->fd >= 0)
		return TRUE;
	return kiln_error_set_errno(error, errno, "creating a file in \"%s\"", partial_directory);
}

static gboolean is_still_at(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* Opens and locks the partial file. The holder of the lock may have moved it into the cache between
 * our open and our lock: then it must not be written to, and the name is opened again. */
static gboolean open_partial(KilnCacheWriter *writer, const char *partial_directory, GError **error)
{
	g_autofree char *path = g_build_filename(partial_directory, writer->sha256, NULL);

	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return kiln_error_set_errno(error, errno, "opening \"%s\"", path);
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			close(fd);
			return open_fresh(writer, partial_directory, error);
		}
		if (is_still_at(fd, path)) {
			writer->fd = fd;
			writer->path = g_steal_pointer(&path);
			writer->resumable = TRUE;
			return TRUE;
		}
		close(fd);
	}
}

static gboolean take_up(KilnCacheWriter *writer, GError **error)
{
	g_autofree char *buffer = g_malloc(BUFFER_SIZE);

	for (;;) {
		ssize_t got = read(writer->fd, buffer, BUFFER_SIZE);

		if (got == 0)
			return TRUE;
		if (got < 0 && errno != EINTR)
			return kiln_error_set_errno(error, errno, "reading \"%s\"", writer->path);
		if (got > 0) {
			kiln_digest_update(writer->digest, buffer, (gsize)got);
			writer->size += (guint64)got;
		}
	}
}

KilnCacheWriter *kiln_cache_writer_open(const char *directory, const char *sha256, GError **error)
{
	g_autofree char *partial_directory = g_build_filename(directory, "partial", NULL);
	g_autoptr(KilnCacheWriter) writer = g_new0(KilnCacheWriter, 1);

	writer->fd = -1;
	writer->directory = g_strdup(directory);
	writer->sha256 = g_strdup(sha256);
	writer->digest = kiln_digest_new();
	if (!kiln_fs_make_directory(partial_directory, error))
		return NULL;
	if (sha256 == NULL ? !open_fresh(writer, partial_directory, error)
			   : !open_partial(writer, partial_directory, error))
		return NULL;
	if (!take_up(writer, error))
		return NULL;
	return g_steal_pointer(&writer);
}

static void begin_other(KilnCacheWriter *writer)
{
	g_clear_pointer(&writer->other, kiln_digest_free);
	if (writer->other_checksum != NULL)
		writer->other = kiln_digest_new_of_kind(writer->other_kind);
}

void kiln_cache_writer_expect(KilnCacheWriter *writer, const char *kind, const char *checksum)
{
	if (g_strcmp0(checksum, writer->other_checksum) == 0)
		return;
	g_assert(writer->size == 0);
	g_free(writer->other_kind);
	g_free(writer->other_checksum);
	writer->other_kind = g_strdup(kind);
	writer->other_checksum = g_strdup(checksum);
	begin_other(writer);
}

void kiln_cache_writer_close(KilnCacheWriter *writer)
{
	if (writer == NULL)
		return;
	if (writer->path != NULL && (!writer->resumable || writer->size == 0))
		unlink(writer->path);
	if (writer->fd >= 0)
		close(writer->fd);
	kiln_digest_free(writer->digest);
	kiln_digest_free(writer->other);
	g_free(writer->other_kind);
	g_free(writer->other_checksum);
	g_free(writer->directory);
	g_free(writer->sha256);
	g_free(writer->path);
	g_free(writer);
}

guint64 kiln_cache_writer_size(const KilnCacheWriter *writer)
{
	return writer->size;
}

gboolean kiln_cache_writer_append(
	KilnCacheWriter *writer, const void *data, gsize size, GError **error)
{
	const char *next = data;
	gsize left = size;

	while (left > 0) {
		ssize_t written = write(writer->fd, next, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return kiln_error_set_errno(error, errno, "writing \"%s\"", writer->path);
		next += written;
		left -= (gsize)written;
	}
	kiln_digest_update(writer->digest, data, size);
	if (writer->other != NULL)
		kiln_digest_update(writer->other, data, size);
	writer->size += size;
	return TRUE;
}

static gboolean append_fd(
	KilnCacheWriter *writer, int fd, guint64 max_bytes, const char *path, GError **error)
{
	g_autofree char *buffer = g_malloc(BUFFER_SIZE);

	for (;;) {
		ssize_t got = read(fd, buffer, BUFFER_SIZE);

		if (got == 0)
			return TRUE;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kiln_error_set_errno(error, errno, "reading \"%s\"", path);
		if (writer->size + (guint64)got > max_bytes) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
				"\"%s\" is larger than %" G_GUINT64_FORMAT " bytes", path,
				max_bytes);
			return FALSE;
		}
		if (!kiln_cache_writer_append(writer, buffer, (gsize)got, error))
			return FALSE;
	}
}

gboolean kiln_cache_writer_append_file(
	KilnCacheWriter *writer, const char *path, guint64 max_bytes, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC); /* apt gives links for file: mirrors */
	gboolean appended;

	if (fd < 0)
		return kiln_error_set_errno(error, errno, "opening \"%s\"", path);
	appended = append_fd(writer, fd, max_bytes, path, error);
	close(fd);
	return appended;
}

gboolean kiln_cache_writer_restart(KilnCacheWriter *writer, GError **error)
{
	if (ftruncate(writer->fd, 0) != 0 || lseek(writer->fd, 0, SEEK_SET) != 0)
		return kiln_error_set_errno(error, errno, "emptying \"%s\"", writer->path);
	kiln_digest_free(writer->digest);
	writer->digest = kiln_digest_new();
	begin_other(writer);
	writer->size = 0;
	return TRUE;
}

static gboolean check_other(KilnCacheWriter *writer, GError **error)
{
	g_autofree char *found = writer->other != NULL ? kiln_digest_finish(writer->other) : NULL;

	if (writer->other_checksum == NULL || g_strcmp0(found, writer->other_checksum) == 0)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "%s is %s, expected is %s", writer->other_kind,
		found != NULL ? found : "unknown here", writer->other_checksum);
	return FALSE;
}

static gboolean check(KilnCacheWriter *writer, const char *sha256, guint64 size, GError **error)
{
	if (writer->sha256 != NULL && strcmp(sha256, writer->sha256) != 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "sha256 is %s, expected is %s",
			sha256, writer->sha256);
		return FALSE;
	}
	if (size != 0 && writer->size != size) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"size is %" G_GUINT64_FORMAT ", expected is %" G_GUINT64_FORMAT
			" (with the expected sha256)",
			writer->size, size);
		return FALSE;
	}
	return check_other(writer, error);
}

gboolean kiln_cache_writer_commit(
	KilnCacheWriter *writer, guint64 size, char **ret_sha256, GError **error)
{
	g_autofree char *sha256 = kiln_digest_finish(writer->digest);
	g_autofree char *path = kiln_content_cache_path(writer->directory, sha256);

	if (!check(writer, sha256, size, error)) {
		kiln_cache_writer_restart(writer, NULL); /* the digest tells if that went wrong */
		return FALSE;
	}
	if (fchmod(writer->fd, 0444) != 0 || fsync(writer->fd) != 0)
		return kiln_error_set_errno(error, errno, "writing \"%s\"", writer->path);
	if (!kiln_fs_rename(writer->path, path, error))
		return FALSE;
	g_clear_pointer(&writer->path, g_free);
	if (ret_sha256 != NULL)
		*ret_sha256 = g_steal_pointer(&sha256);
	return TRUE;
}
