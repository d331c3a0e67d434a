/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/source_claims.h"

#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "format/dist_git.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1024 * 1024)
#define BLOCK_BYTES (256 * 1024)

/* The digests of one file. */
typedef struct {
	char *file;
	GPtrArray *digests; /* of KilnDistGitDigest */
} Claims;

static void claims_free(gpointer data)
{
	Claims *claims = data;

	g_free(claims->file);
	g_ptr_array_unref(claims->digests);
	g_free(claims);
}

static void read_file(GPtrArray *all, const char *package, const char *path, const char *root)
{
	g_autofree char *text = kiln_fs_read(path, FILE_MAX_BYTES, NULL, NULL); /* most trees have only one */
	gsize length = strlen(root);
	guint strange;
	Claims *claims;

	if (!text)
		return;
	claims = g_new0(Claims, 1);
	g_ptr_array_add(all, claims);
	claims->file = g_strdup(g_str_has_prefix(path, root) && path[length] == '/' ? path + length + 1 : path);
	claims->digests = kiln_dist_git_parse(text, &strange);
	if (strange)
		kiln_event_warning(package, "%s:%u: no digest of dist-git; not heeded", claims->file, strange);
}

GPtrArray *kiln_source_claims_read(const char *package, const char *const *directories, const char *root)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(claims_free);
	g_autofree char *metadata = g_strdup_printf(".%s.metadata", package);
	const char *const names[] = {"sources", metadata};

	for (; *directories; directories++)
		for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
			g_autofree char *path = g_build_filename(*directories, names[i], NULL);
			read_file(all, package, path, root);
		}
	return all;
}

static char *digest_of_file(const char *path, GChecksumType type, GError **error)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(type);
	g_autofree guint8 *block = g_malloc(BLOCK_BYTES);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = -1;

	while (fd >= 0 && (size = read(fd, block, BLOCK_BYTES)) > 0)
		g_checksum_update(checksum, block, size);
	if (size < 0)
		kiln_error_set_errno(error, errno, "reading \"%s\"", path);
	if (fd >= 0)
		close(fd);
	return size < 0 ? NULL : g_strdup(g_checksum_get_string(checksum));
}

static gboolean check(
	const Claims *claims, const KilnDistGitDigest *digest, const char *path, GError **error)
{
	g_autofree char *hex = digest_of_file(path, digest->type, error);

	if (!hex || strcmp(hex, digest->hex) == 0)
		return hex != NULL;
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\": its %s is %s, but %s:%u says %s; one of them is wrong",
		digest->name, kiln_dist_git_type_name(digest->type), hex, claims->file, digest->line, digest->hex);
	return FALSE;
}

gboolean kiln_source_claims_check(const GPtrArray *claims, const char *name, const char *path, GError **error)
{
	for (guint i = 0; claims && i < claims->len; i++) {
		const Claims *file = claims->pdata[i];

		for (guint j = 0; j < file->digests->len; j++) {
			const KilnDistGitDigest *digest = file->digests->pdata[j];

			if (strcmp(digest->name, name) == 0 && !check(file, digest, path, error))
				return FALSE;
		}
	}
	return TRUE;
}
