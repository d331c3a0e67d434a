/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an adopted dist-git tree itself says of the bytes of its sources (format/dist_git.h). When a source is
 * locked its bytes have to be those.
 */
#pragma once

#include <glib.h>

/* The claims in the files `sources` and `.PACKAGE.metadata` of `directories` (ends with NULL); a line that is none
 * is a warning event. `root` is left out of the names of files in messages. Caller owns. */
GPtrArray *kiln_source_claims_read(const char *package, const char *const *directories, const char *root);

/* Checks the file `path`, which is to be locked as `name`. Code VERIFY names the claim it contradicts. `claims`
 * may be NULL. */
gboolean kiln_source_claims_check(const GPtrArray *claims, const char *name, const char *path, GError **error);
