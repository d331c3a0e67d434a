/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacks source packages: spec, sources and patches into one directory, each checked against the digest
 * that the header states, the header against its own. Whose package it is, is not asked: signatures are
 * not looked at. Reads neither rpm's configuration nor its database.
 */
#pragma once

#include <glib.h>

/* Unpacks the source package `path` into the existing, empty `directory`; files get mode 0644. `ret_spec`
 * is the name of its spec file, `ret_files` (optional) how many files there were. Code NOT_FOUND when there
 * is no such file; VERIFY for what is no source package, has a file with a name that is not plain, not one
 * spec, a file that lacks or differs from its digest, or more than KILN_SOURCE_MAX_BYTES. */
gboolean kiln_rpmunpack_source(
	const char *path, const char *directory, char **ret_spec, guint *ret_files, GError **error);
