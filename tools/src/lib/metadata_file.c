/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/metadata_file.h"

#include "base/error.h"
#include "base/fs.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_BYTES ((gsize)1 << 30)
#define BLOCK (256 << 10)

const char *kiln_metadata_compression(const void *bytes, gsize size)
{
	static const struct {
		const char *magic;
		gsize length;
		const char *name;
	} kinds[] = {
		{"\x1f\x8b", 2, "gz"},
		{"BZh", 3, "bz2"},
		{"\xfd" "7zXZ\0", 6, "xz"},
		{"\x28\xb5\x2f\xfd", 4, "zstd"},
		{"\0ZCK1", 5, "zck"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (size >= kinds[i].length && memcmp(bytes, kinds[i].magic, kinds[i].length) == 0)
			return kinds[i].name;
	return "none";
}

static void *refuse(GError **error, const char *name, const char *fault)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\": %s", name, fault);
	return NULL;
}

/* The whole of the one entry that raw data has. */
static GBytes *read_entry(struct archive *archive, const char *name, GError **error)
{
	g_autoptr(GByteArray) content = g_byte_array_new();
	struct archive_entry *entry;
	char *block = g_malloc(BLOCK);
	la_ssize_t count = archive_read_next_header(archive, &entry) == ARCHIVE_OK ? 1 : -1;

	while (count > 0 && content->len <= MAX_BYTES) {
		count = archive_read_data(archive, block, BLOCK);
		if (count > 0)
			g_byte_array_append(content, (const guint8 *)block, (guint)count);
	}
	g_free(block);
	if (content->len > MAX_BYTES)
		return refuse(error, name, "holds more than 1 GiB");
	if (count < 0)
		return refuse(error, name, "is damaged: it cannot be unpacked");
	return g_byte_array_free_to_bytes(g_steal_pointer(&content));
}

GBytes *kiln_metadata_open(GBytes *bytes, const char *name, GError **error)
{
	gsize size = 0;
	const void *data = g_bytes_get_data(bytes, &size);
	const char *kind = kiln_metadata_compression(data, size);
	struct archive *archive;
	GBytes *content = NULL;

	if (g_str_equal(kind, "none") || g_str_equal(kind, "zck"))
		return g_bytes_ref(bytes);
	archive = archive_read_new();
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_format_raw(archive);
	archive_read_support_format_empty(archive);
	if (archive_read_open_memory(archive, data, size) == ARCHIVE_OK)
		content = read_entry(archive, name, error);
	else
		refuse(error, name, "is damaged: it cannot be unpacked");
	archive_read_free(archive);
	return content;
}

GBytes *kiln_metadata_read(const char *path, GError **error)
{
	gsize size = 0;
	char *data = kiln_fs_read(path, MAX_BYTES, &size, error);

	return data ? g_bytes_new_take(data, size) : NULL;
}

static const EVP_MD *find_algorithm(const char *type)
{
	static const char *const types[] = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512", NULL};
	const char *name = g_str_equal(type, "sha") ? "sha1" : type;

	return g_strv_contains(types, name) ? EVP_get_digestbyname(name) : NULL;
}

static char *finish(EVP_MD_CTX *context)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	GString *text = g_string_new(NULL);

	EVP_DigestFinal_ex(context, digest, &length);
	for (unsigned int i = 0; i < length; i++)
		g_string_append_printf(text, "%02x", digest[i]);
	return g_string_free(text, FALSE);
}

char *kiln_metadata_checksum(GBytes *bytes, const char *type)
{
	const EVP_MD *algorithm = find_algorithm(type);
	EVP_MD_CTX *context = algorithm ? EVP_MD_CTX_new() : NULL;
	gsize size = 0;
	const void *data = g_bytes_get_data(bytes, &size);
	char *text;

	if (!algorithm)
		return NULL;
	EVP_DigestInit_ex(context, algorithm, NULL);
	EVP_DigestUpdate(context, data, size);
	text = finish(context);
	EVP_MD_CTX_free(context);
	return text;
}

/* Feeds all of `fd`; FALSE with errno set. */
static gboolean feed(EVP_MD_CTX *context, int fd, guint64 *ret_size)
{
	g_autofree char *block = g_malloc(BLOCK);
	guint64 size = 0;
	ssize_t count;

	while ((count = read(fd, block, BLOCK)) != 0) {
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return FALSE;
		EVP_DigestUpdate(context, block, (size_t)count);
		size += (guint64)count;
	}
	*ret_size = size;
	return TRUE;
}

char *kiln_metadata_checksum_file(const char *path, const char *type, guint64 *ret_size, GError **error)
{
	const EVP_MD *algorithm = find_algorithm(type);
	EVP_MD_CTX *context;
	char *text = NULL;
	struct stat status;
	int fd;

	if (!algorithm)
		return refuse(error, path, "the metadata gives a checksum of an unknown kind");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		kiln_error_set_errno(error, errno, "reading \"%s\"", path);
		return NULL;
	}
	context = EVP_MD_CTX_new();
	EVP_DigestInit_ex(context, algorithm, NULL);
	if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode))
		refuse(error, path, "is no regular file");
	else if (feed(context, fd, ret_size))
		text = finish(context);
	else
		kiln_error_set_errno(error, errno, "reading \"%s\"", path);
	EVP_MD_CTX_free(context);
	close(fd);
	return text;
}
