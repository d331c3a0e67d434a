/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strict reading of Kiln's INI files (GKeyFile syntax): every group and key must be in a schema, and
 * whatever is wrong is said as "FILE:LINE: what". Bytes to values; no I/O.
 */
#pragma once

#include <glib.h>

/* One allowed key. `group` may end in " *" ("collection *") to match any group of that kind, or be "*" for
 * any at all. A key of "*" allows any key in the group, one that ends in ".*" any that begins so. */
typedef struct {
	const char *group;
	const char *key;
	gboolean required; /* in each group that matches */
} KilnIniKey;

typedef struct KilnIni KilnIni;

/* Parses `text`. `name` is the file's name for messages. The schema ends with a NULL group and must
 * outlive the result. Errors: code CONFIG. */
KilnIni *kiln_ini_parse(const char *text, const char *name, const KilnIniKey *schema, GError **error);
void kiln_ini_free(KilnIni *ini);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnIni, kiln_ini_free)

/* The value, stripped; `fallback` copied when absent (NULL stays NULL). Caller owns. */
char *kiln_ini_get(const KilnIni *ini, const char *group, const char *key, const char *fallback);

/* A list separated by white space, commas or semicolons; empty when absent. Caller owns. */
char **kiln_ini_get_list(const KilnIni *ini, const char *group, const char *key);

/* A number within bounds, or `fallback` when absent. */
gboolean kiln_ini_get_number(const KilnIni *ini, const char *group, const char *key, gint64 fallback,
	gint64 *ret_number, GError **error);

/* "yes" or "no", or `fallback` when absent. */
gboolean kiln_ini_get_boolean(const KilnIni *ini, const char *group, const char *key, gboolean fallback,
	gboolean *ret_value, GError **error);

/* The keys of a group that start with `prefix` ("macro."), with it, in file order. */
char **kiln_ini_list_keys(const KilnIni *ini, const char *group, const char *prefix);

/* The names of the groups that start with `prefix` ("collection "), without it, in file order. */
char **kiln_ini_list_groups(const KilnIni *ini, const char *prefix);

/* Sets `error` to "FILE:LINE: MESSAGE" at the line of the key (or group). Returns FALSE. */
gboolean kiln_ini_set_error(const KilnIni *ini, const char *group, const char *key, GError **error,
	const char *format, ...) G_GNUC_PRINTF(5, 6);
