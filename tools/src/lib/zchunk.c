/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/zchunk.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zck.h>

static gboolean take_cause(GError **error, zckCtx *writer, const char *path)
{
	const char *cause = writer ? zck_get_error(writer) : NULL;
	g_autofree char *reason = g_strdup(cause && *cause ? cause : "libzck gave no reason");

	g_set_error(error, KILN_ERROR, KILN_ERROR_FAILED, "writing \"%s\": %s", path,
		g_strstrip(reason));
	return FALSE;
}

static gboolean write_pieces(zckCtx *writer, int file, const char *bytes, gsize size)
{
	return zck_init_write(writer, file) &&
	       zck_set_ioption(writer, ZCK_HASH_FULL_TYPE, ZCK_HASH_SHA256) &&
	       zck_write(writer, bytes, size) >= 0 && zck_close(writer);
}

gboolean kiln_zchunk_write(const char *path, const char *bytes, gsize size, char **ret_header_digest,
	gint64 *ret_header_bytes, GError **error)
{
	int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	zckCtx *writer;
	gboolean written;

	if (file < 0)
		return kiln_error_set_errno(error, errno, "writing \"%s\"", path);
	zck_set_log_level(ZCK_LOG_NONE); /* what fails is told by the returned error */
	writer = zck_create();
	written = writer && write_pieces(writer, file, bytes, size);
	if (written) {
		char *digest = zck_get_header_digest(writer);

		*ret_header_digest = g_strdup(digest);
		*ret_header_bytes = zck_get_header_length(writer);
		free(digest);
	} else {
		take_cause(error, writer, path);
	}
	zck_free(&writer);
	close(file);
	return written;
}
