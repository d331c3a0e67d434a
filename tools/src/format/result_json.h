/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result.json of a result directory: which packages a build gave, and their digests. Reading only; engine/result writes it. No I/O. */
#pragma once

#include <glib.h>

typedef struct {
	char *file;   /* name in the result directory */
	char *sha256;
	guint64 size; /* bytes */
	gboolean is_source;
} KilnResultPackage;

void kiln_result_package_free(KilnResultPackage *package);

/* The packages of a result.json, in its order (sorted by file), as KilnResultPackage, and the digest of
 * what declared them (optional; NULL when it does not say). `name` is the file's name for messages. Code
 * VERIFY for what is none. Caller owns. */
GPtrArray *kiln_result_parse(const char *text, const char *name, char **ret_declaration, GError **error);
