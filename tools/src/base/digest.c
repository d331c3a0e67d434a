/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/digest.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct KilnDigest {
	EVP_MD_CTX *context;
};

static KilnDigest *begin(const EVP_MD *kind)
{
	KilnDigest *digest = g_new0(KilnDigest, 1);

	digest->context = EVP_MD_CTX_new();
	if (digest->context && EVP_DigestInit_ex(digest->context, kind, NULL) == 1)
		return digest;
	kiln_digest_free(digest);
	return NULL;
}

KilnDigest *kiln_digest_new(void)
{
	KilnDigest *digest = begin(EVP_sha256());

	if (!digest)
		g_error("libcrypto offers no SHA-256");
	return digest;
}

KilnDigest *kiln_digest_new_of_kind(const char *kind)
{
	static const struct {
		const char *name;
		const EVP_MD *(*kind)(void);
	} kinds[] = {{"md5", EVP_md5}, {"sha", EVP_sha1}, {"sha1", EVP_sha1}, {"sha224", EVP_sha224},
		{"sha256", EVP_sha256}, {"sha384", EVP_sha384}, {"sha512", EVP_sha512}};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_strcmp0(kind, kinds[i].name) == 0)
			return begin(kinds[i].kind());
	return NULL;
}

void kiln_digest_free(KilnDigest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	g_free(digest);
}

void kiln_digest_update(KilnDigest *digest, const void *data, gsize size)
{
	EVP_DigestUpdate(digest->context, data, size);
}

static void add_framed(KilnDigest *digest, const char *text)
{
	guint64 length = text ? GUINT64_TO_LE((guint64)strlen(text)) : G_MAXUINT64;

	kiln_digest_update(digest, &length, sizeof(length));
	if (text)
		kiln_digest_update(digest, text, strlen(text));
}

void kiln_digest_add(KilnDigest *digest, const char *label, const char *text)
{
	add_framed(digest, label);
	add_framed(digest, text);
}

char *kiln_digest_finish(KilnDigest *digest)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	char *text;

	EVP_DigestFinal_ex(digest->context, raw, &size);
	text = g_malloc(2 * size + 1);
	for (unsigned int i = 0; i < size; i++) {
		text[2 * i] = hex[raw[i] >> 4];
		text[2 * i + 1] = hex[raw[i] & 15];
	}
	text[2 * size] = '\0';
	return text;
}

char *kiln_digest_of_bytes(const void *data, gsize size)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();

	kiln_digest_update(digest, data, size);
	return kiln_digest_finish(digest);
}

static char *digest_fd(KilnDigest *digest, int fd, guint64 *ret_size, GError **error)
{
	g_autofree char *buffer = g_malloc(1 << 16);
	guint64 size = 0;

	for (;;) {
		ssize_t got = read(fd, buffer, 1 << 16);
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			kiln_error_set_errno(error, errno, "reading for a digest");
			return NULL;
		}
		kiln_digest_update(digest, buffer, (gsize)got);
		size += (guint64)got;
	}
	if (ret_size)
		*ret_size = size;
	return kiln_digest_finish(digest);
}

char *kiln_digest_of_fd(int fd, guint64 *ret_size, GError **error)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();

	return digest_fd(digest, fd, ret_size, error);
}

static char *digest_file(KilnDigest *digest, const char *path, guint64 *ret_size, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char *result = NULL;

	if (fd < 0) {
		kiln_error_set_errno(error, errno, "opening \"%s\"", path);
		return NULL;
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\": not a regular file", path);
	} else {
		result = digest_fd(digest, fd, ret_size, error);
		if (!result)
			g_prefix_error(error, "\"%s\": ", path);
	}
	close(fd);
	return result;
}

char *kiln_digest_of_file(const char *path, guint64 *ret_size, GError **error)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();

	return digest_file(digest, path, ret_size, error);
}

char *kiln_digest_of_file_as(const char *kind, const char *path, guint64 *ret_size, GError **error)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new_of_kind(kind);

	if (digest)
		return digest_file(digest, path, ret_size, error);
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\": a checksum of kind \"%s\" cannot be judged here",
		path, kind);
	return NULL;
}

gboolean kiln_digest_is_valid(const char *text)
{
	return text && strlen(text) == KILN_DIGEST_HEX_LENGTH &&
		strspn(text, "0123456789abcdef") == KILN_DIGEST_HEX_LENGTH;
}
