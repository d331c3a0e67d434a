/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <solv/chksum.h>
#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/repo_repomdxml.h>
#include <solv/repo_rpmdb.h>
#include <solv/repo_rpmmd.h>
#include <solv/repo_solv.h>
#include <solv/repo_write.h>
#include <solv/solv_xfopen.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"

#define FORMAT "1"
#define MAX_REPOMD_BYTES (16 << 20)
#define MAX_CACHE_BYTES (1024 << 20)
#define MAX_METADATA_BYTES (1024 << 20)
#define MAIN_SUFFIX ".solv"
#define FILELISTS_SUFFIX "-filelists.solvx"

typedef FILE Stream;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, fclose)

/* libsolv's binary form of a repository or of its file lists. */
typedef struct {
	char *data;
	size_t size;
} Image;

static void image_clear(Image *image)
{
	free(image->data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Image, image_clear)

void kiln_solv_source_free(KilnSolvSource *source)
{
	g_free(source->name);
	g_free(source->directory);
	g_clear_pointer(&source->files, g_ptr_array_unref);
	g_clear_pointer(&source->planned, kiln_solv_planned_free);
	g_free(source->cache_directory);
	g_free(source->cache_key);
	g_clear_pointer(&source->file_of, g_hash_table_unref);
	g_clear_error(&source->fault);
	g_free(source);
}

/* --- cache --- */

static char *cache_path(const KilnSolvSource *source, const char *suffix)
{
	return g_strdup_printf("%s/%s%s", source->cache_directory, source->cache_key, suffix);
}

static void save_image(const KilnSolvSource *source, const char *suffix, const Image *image)
{
	g_autofree char *path = NULL;
	g_autofree char *digest = kiln_digest_of_bytes(image->data, image->size);
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	if (source->cache_directory == NULL)
		return;
	path = cache_path(source, suffix);
	g_byte_array_append(bytes, (const guint8 *)image->data, (guint)image->size);
	g_byte_array_append(bytes, (const guint8 *)digest, KILN_DIGEST_HEX_LENGTH);
	/* Without a cache every answer is the same, only later: worth a word, not a failure. */
	if (!kiln_fs_make_directory(source->cache_directory, &error) ||
		!kiln_fs_replace(path, bytes->data, bytes->len, 0644, &error))
		kiln_event_warning("solv", "not cached: %s", error->message);
}

/* The bytes of a cache file without its digest; NULL when it is absent or damaged. */
static char *load_image(const KilnSolvSource *source, const char *suffix, gsize *ret_size)
{
	if (source->cache_directory == NULL)
		return NULL;
	g_autofree char *path = cache_path(source, suffix);
	gsize size = 0;
	/* An unreadable cache is an absent one: it is written anew. */
	g_autofree char *data = kiln_fs_read(path, MAX_CACHE_BYTES, &size, NULL);
	if (data == NULL || size <= KILN_DIGEST_HEX_LENGTH)
		return NULL;
	size -= KILN_DIGEST_HEX_LENGTH;
	g_autofree char *digest = kiln_digest_of_bytes(data, size);
	if (memcmp(digest, data + size, KILN_DIGEST_HEX_LENGTH) != 0)
		return NULL;
	*ret_size = size;
	return g_steal_pointer(&data);
}

static gboolean add_image(Repo *repo, const char *data, gsize size, int flags)
{
	g_autoptr(Stream) stream = solv_fmemopen(data, size, "r");

	return stream != NULL && repo_add_solv(repo, stream, flags) == 0;
}

static gboolean add_cached(const KilnSolvSource *source, const char *suffix, int flags)
{
	gsize size = 0;
	g_autofree char *data = load_image(source, suffix, &size);

	return data != NULL && add_image(source->repo, data, size, flags);
}

/* The main part of `repo` (its first repodata) in binary form. */
static gboolean write_main(Repo *repo, Image *ret_image)
{
	Repowriter *writer = repowriter_create(repo);
	FILE *stream = open_memstream(&ret_image->data, &ret_image->size);

	repowriter_set_repodatarange(writer, 1, 2);
	gboolean written = repowriter_write(writer, stream) == 0;
	repowriter_free(writer);
	return fclose(stream) == 0 && written;
}

static gboolean write_extension(Repodata *extension, Image *ret_image)
{
	FILE *stream = open_memstream(&ret_image->data, &ret_image->size);
	gboolean written = repodata_write(extension, stream) == 0;

	return fclose(stream) == 0 && written;
}

/* --- rpm-md --- */

static gboolean refuse(
	const KilnSolvSource *source, const char *file, const char *fault, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "repository \"%s\": \"%s\" %s",
		source->name, file, fault);
	return FALSE;
}

/* Reads `fd` to its end and compares with `expected` (binary, of kind `type`). */
static gboolean matches_checksum(int fd, Id type, const unsigned char *expected)
{
	Chksum *checksum = solv_chksum_create(type);
	char buffer[65536];
	ssize_t count = 0;
	int length = 0;

	if (checksum == NULL)
		return FALSE;
	while ((count = read(fd, buffer, sizeof buffer)) > 0)
		solv_chksum_add(checksum, buffer, (int)count);
	const unsigned char *actual = solv_chksum_get(checksum, &length);
	gboolean same =
		count == 0 && actual != NULL && memcmp(actual, expected, (size_t)length) == 0;
	solv_chksum_free(checksum, NULL);
	return same;
}

/* A metadata file named by repomd.xml, checked and ready to be read uncompressed. */
static FILE *open_checked(const KilnSolvSource *source, const char *location, Id type,
	const unsigned char *expected, GError **error)
{
	g_autofree char *path = g_build_filename(source->directory, location, NULL);

	if (expected == NULL || location[0] == '/' || strstr(location, "..") != NULL) {
		refuse(source, location, "has no usable checksum or location in repomd.xml", error);
		return NULL;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		kiln_error_set_errno(
			error, errno, "repository \"%s\": open \"%s\"", source->name, path);
		return NULL;
	}
	if (lseek(fd, 0, SEEK_END) > MAX_METADATA_BYTES || lseek(fd, 0, SEEK_SET) != 0 ||
		!matches_checksum(fd, type, expected)) {
		refuse(source, location, "does not match its checksum in repomd.xml", error);
		close(fd);
		return NULL;
	}
	FILE *stream = lseek(fd, 0, SEEK_SET) == 0 ? solv_xfopen_fd(location, fd, "r") : NULL;
	if (stream == NULL) {
		refuse(source, location, "is compressed in a way this host's libsolv cannot read",
			error);
		close(fd);
	}
	return stream;
}

/* Finds the record of kind `what` in repomd.xml; what it returns belongs to the pool. */
static const char *find_record(
	Repo *repo, const char *what, Id *ret_type, const unsigned char **ret_checksum)
{
	Pool *pool = repo->pool;
	const char *location = NULL;
	Dataiterator iterator;

	dataiterator_init(
		&iterator, pool, repo, SOLVID_META, REPOSITORY_REPOMD_TYPE, what, SEARCH_STRING);
	dataiterator_prepend_keyname(&iterator, REPOSITORY_REPOMD);
	if (dataiterator_step(&iterator)) {
		dataiterator_setpos_parent(&iterator);
		location = pool_lookup_str(pool, SOLVID_POS, REPOSITORY_REPOMD_LOCATION);
		*ret_checksum = pool_lookup_bin_checksum(
			pool, SOLVID_POS, REPOSITORY_REPOMD_CHECKSUM, ret_type);
	}
	dataiterator_free(&iterator);
	return location;
}

static gboolean read_primary(const KilnSolvSource *source, GError **error)
{
	Id type = 0;
	const unsigned char *checksum = NULL;
	const char *location = find_record(source->repo, "primary", &type, &checksum);

	if (location == NULL)
		return refuse(source, "repodata/repomd.xml", "names no primary metadata", error);
	g_autoptr(Stream) stream = open_checked(source, location, type, checksum, error);
	if (stream == NULL)
		return FALSE;
	if (repo_add_rpmmd(source->repo, stream, NULL, REPO_REUSE_REPODATA) != 0)
		return refuse(source, location, pool_errstr(source->repo->pool), error);
	return TRUE;
}

/* Notes where the file lists are, so that libsolv asks for them (extend) when it needs them. */
static void announce_filelists(Repo *repo)
{
	Id type = 0;
	const unsigned char *checksum = NULL;
	const char *location = find_record(repo, "filelists", &type, &checksum);

	if (location == NULL || checksum == NULL)
		return;
	Repodata *data = repo_add_repodata(repo, REPO_REUSE_REPODATA);
	Id handle = repodata_new_handle(data);
	repodata_set_poolstr(data, handle, REPOSITORY_REPOMD_TYPE, "filelists");
	repodata_set_str(data, handle, REPOSITORY_REPOMD_LOCATION, location);
	repodata_set_bin_checksum(data, handle, REPOSITORY_REPOMD_CHECKSUM, type, checksum);
	repodata_add_idarray(data, handle, REPOSITORY_KEYS, SOLVABLE_FILELIST);
	repodata_add_idarray(data, handle, REPOSITORY_KEYS, REPOKEY_TYPE_DIRSTRARRAY);
	repodata_add_flexarray(data, SOLVID_META, REPOSITORY_EXTERNAL, handle);
	repodata_internalize(data);
}

static gboolean read_metadata(
	const KilnSolvSource *source, const char *repomd, gsize size, GError **error)
{
	Repo *repo = source->repo;
	g_auto(Image) image = {0};
	g_autoptr(Stream) stream = solv_fmemopen(repomd, size, "r");

	if (stream == NULL || repo_add_repomdxml(repo, stream, REPO_REUSE_REPODATA) != 0)
		return refuse(source, "repodata/repomd.xml", pool_errstr(repo->pool), error);
	if (!read_primary(source, error))
		return FALSE;
	announce_filelists(repo);

	/* Whether cached or not, the pool holds what the binary form says: one way to get wrong,
	 * not two. */
	if (!write_main(repo, &image))
		return refuse(source, "repodata/repomd.xml", "does not fit in memory", error);
	save_image(source, MAIN_SUFFIX, &image);
	repo_empty(repo, 1);
	if (!add_image(repo, image.data, image.size, 0))
		return refuse(source, "repodata/repomd.xml", pool_errstr(repo->pool), error);
	return TRUE;
}

static gboolean load_metadata(KilnSolvSource *source, GError **error)
{
	g_autofree char *path = g_build_filename(source->directory, "repodata", "repomd.xml", NULL);
	g_autoptr(KilnDigest) key = kiln_digest_new();
	gsize size = 0;
	g_autofree char *repomd = kiln_fs_read(path, MAX_REPOMD_BYTES, &size, error);

	if (repomd == NULL)
		return FALSE;
	kiln_digest_add(key, "format", FORMAT);
	kiln_digest_add(key, "libsolv", solv_version);
	kiln_digest_add(key, "repomd", repomd);
	g_free(source->cache_key);
	source->cache_key = kiln_digest_finish(key);
	if (add_cached(source, MAIN_SUFFIX, 0))
		return TRUE;
	repo_empty(source->repo, 1);
	return read_metadata(source, repomd, size, error);
}

/* --- file lists --- */

static gboolean read_filelists(const KilnSolvSource *source, Repodata *stub, GError **error)
{
	const int flags = REPO_USE_LOADING | REPO_EXTEND_SOLVABLES | REPO_LOCALPOOL;
	const char *location = repodata_lookup_str(stub, SOLVID_META, REPOSITORY_REPOMD_LOCATION);
	Id type = 0;
	const unsigned char *checksum =
		repodata_lookup_bin_checksum(stub, SOLVID_META, REPOSITORY_REPOMD_CHECKSUM, &type);
	g_auto(Image) image = {0};

	if (add_cached(source, FILELISTS_SUFFIX, flags))
		return TRUE;
	g_autoptr(Stream) stream = open_checked(source, location, type, checksum, error);
	if (stream == NULL)
		return FALSE;
	if (repo_add_rpmmd(source->repo, stream, "FL", flags) != 0)
		return refuse(source, location, pool_errstr(source->repo->pool), error);
	if (write_extension(stub, &image))
		save_image(source, FILELISTS_SUFFIX, &image);
	return TRUE;
}

/* libsolv's call for an announced extension. It takes no reason back, so the source keeps it. */
static int extend(Pool *pool, Repodata *stub, void *data)
{
	KilnSolvSource *source = stub->repo->appdata;

	(void)pool;
	(void)data;
	return source != NULL &&
	       read_filelists(source, stub, source->fault == NULL ? &source->fault : NULL);
}

/* Counts `files` (ids) as looked for in the cache of `source`, so that its file lists stay closed
 * when the same are asked for again. */
static void remember_files(const KilnSolvSource *source, const Queue *files)
{
	Repodata *data = repo_id2repodata(source->repo, 1);
	g_auto(Image) image = {0};
	Queue known;

	if (source->directory == NULL || source->repo->nsolvables == 0)
		return;
	queue_init(&known);
	repo_lookup_idarray(source->repo, SOLVID_META, REPOSITORY_ADDEDFILEPROVIDES, &known);
	int count = known.count;
	for (int i = 0; i < files->count; i++)
		queue_pushunique(&known, files->elements[i]);
	if (known.count > count) {
		repodata_set_idarray(data, SOLVID_META, REPOSITORY_ADDEDFILEPROVIDES, &known);
		repodata_internalize(data);
		if (write_main(source->repo, &image))
			save_image(source, MAIN_SUFFIX, &image);
	}
	queue_free(&known);
}

gboolean kiln_solv_source_provide_files(const GPtrArray *sources, Pool *pool, GError **error)
{
	gboolean readable = TRUE;
	Queue files;

	queue_init(&files);
	pool_addfileprovides_queue(pool, &files, NULL);
	for (guint i = 0; i < sources->len && readable; i++) {
		KilnSolvSource *source = g_ptr_array_index(sources, i);
		readable = source->fault == NULL;
		if (!readable)
			g_propagate_error(error, g_steal_pointer(&source->fault));
	}
	for (guint i = 0; i < sources->len && readable; i++)
		remember_files(g_ptr_array_index(sources, i), &files);
	queue_free(&files);
	return readable;
}

/* --- package files --- */

static gboolean load_packages(KilnSolvSource *source, GError **error)
{
	const int flags = REPO_REUSE_REPODATA | REPO_NO_INTERNALIZE | REPO_NO_LOCATION |
			  RPM_ADD_NO_RPMLIBREQS;

	for (guint i = 0; i < source->files->len; i++) {
		KilnSolvSourceFile *file = g_ptr_array_index(source->files, i);
		Id id = repo_add_rpm(source->repo, file->path, flags);
		if (id == 0)
			return refuse(source, file->path, pool_errstr(source->repo->pool), error);
		Solvable *package = pool_id2solvable(source->repo->pool, id);
		if (package->arch == ARCH_SRC || package->arch == ARCH_NOSRC)
			repo_free_solvable(source->repo, id, 1);
		else
			g_hash_table_insert(
				source->file_of, GINT_TO_POINTER(id - source->repo->start), file);
	}
	repo_internalize(source->repo);
	return TRUE;
}

/* --- all --- */

gboolean kiln_solv_source_load(KilnSolvSource *source, Pool *pool, GError **error)
{
	source->repo = repo_create(pool, source->name);
	source->repo->appdata = source;
	source->repo->priority = source->priority;
	pool_setloadcallback(pool, extend, NULL);
	g_clear_error(&source->fault);
	g_clear_pointer(&source->file_of, g_hash_table_unref);
	source->file_of = g_hash_table_new(NULL, NULL);
	if (source->directory != NULL)
		return load_metadata(source, error);
	return source->files != NULL ? load_packages(source, error)
				     : kiln_solv_planned_load(source->planned, source->repo, error);
}

void kiln_solv_source_unload(KilnSolvSource *source)
{
	if (source->repo != NULL)
		repo_free(source->repo, 1);
	source->repo = NULL;
}

static KilnSolvSourceFile *file_of(const KilnSolvSource *source, const Solvable *package)
{
	Id id = pool_solvable2id(source->repo->pool, (Solvable *)package) - source->repo->start;

	return g_hash_table_lookup(source->file_of, GINT_TO_POINTER(id));
}

char *kiln_solv_source_package_path(const KilnSolvSource *source, Solvable *package, GError **error)
{
	if (source->planned != NULL)
		return NULL;
	if (source->files != NULL)
		return g_strdup(file_of(source, package)->path);
	const char *location = solvable_lookup_location(package, NULL);
	if (location == NULL || location[0] == '/' || strstr(location, "..") != NULL ||
		solvable_lookup_type(package, SOLVABLE_MEDIABASE) != 0) {
		refuse(source, pool_solvable2str(package->repo->pool, package),
			"has a location outside the repository", error);
		return NULL;
	}
	return g_build_filename(source->directory, location, NULL);
}

/* The checksum of a package file, computed when it is asked for the first time. */
static const char *file_checksum(KilnSolvSourceFile *file, GError **error)
{
	if (file->sha256 == NULL)
		file->sha256 = kiln_digest_of_file(file->path, NULL, error);
	return file->sha256;
}

static const char *metadata_checksum(
	const KilnSolvSource *source, Solvable *package, const char **ret_type, GError **error)
{
	Id type = 0;
	const char *checksum = solvable_lookup_checksum(package, SOLVABLE_CHECKSUM, &type);

	if (checksum == NULL)
		refuse(source, pool_solvable2str(package->repo->pool, package),
			"has no checksum in the metadata", error);
	else
		*ret_type = solv_chksum_type2str(type);
	return checksum;
}

gboolean kiln_solv_source_package_checksum(KilnSolvSource *source, Solvable *package,
	char **ret_type, char **ret_checksum, GError **error)
{
	const char *type = "sha256";
	const char *checksum = NULL;

	if (source->planned != NULL) {
		*ret_type = *ret_checksum = NULL;
		return TRUE;
	}
	checksum = source->files != NULL ? file_checksum(file_of(source, package), error)
					 : metadata_checksum(source, package, &type, error);
	if (checksum == NULL)
		return FALSE;
	*ret_checksum = g_strdup(checksum);
	*ret_type = g_strdup(type);
	return TRUE;
}
