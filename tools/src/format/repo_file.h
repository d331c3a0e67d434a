/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The .repo file clients get: rendered from the project's template by replacing @NAME@ (nothing
 * in a template is executed), and read back strictly to check what will be published. No I/O.
 */
#pragma once

#include <glib.h>

/* A value for @NAME@. Names are of [A-Z_]. Borrowed. A NULL value: there is none here, and a line that
 * asks for it is left out. An array ends with {NULL, NULL}. */
typedef struct {
	const char *name;
	const char *value;
} KilnRepoFileValue;

/* Replaces each @NAME@ in `template` ("@@" gives "@") and returns the text; caller owns. An
 * unknown NAME, a value with a line break or other control bytes, and a result that
 * kiln_repo_file_parse refuses are code CONFIG with FILE:LINE, where `filename` is the
 * template's. */
char *kiln_repo_file_render(const char *template, const char *filename,
	const KilnRepoFileValue *values, GError **error);

/* One [section]. Lists are NULL-terminated, never NULL. */
typedef struct {
	char *id;
	char *name;
	char *mirrorlist; /* NULL when not given */
	char **baseurl;
	char **gpgkey;
	gboolean gpgcheck, repo_gpgcheck; /* FALSE when not given */
	gboolean enabled;		  /* TRUE when not given */
	char *metadata_expire;		  /* as written, or NULL */
	GHashTable *settings;		  /* key to value, as text: all that is given, also what stands above */
} KilnRepoFileSection;

/* Parses a .repo file as dnf reads it: sections, "key = value", continuation lines that start
 * with white space, comments. Returns KilnRepoFileSection in file order. Code CONFIG with
 * FILE:LINE for what is no such file: a key twice or outside a section, no section, a section
 * twice, no baseurl, mirrorlist or metalink, a boolean that is none, NUL or non-UTF-8 bytes, over 256
 * KiB. Unknown keys are allowed, as in dnf. */
GPtrArray *kiln_repo_file_parse(const char *text, gsize size, const char *filename, GError **error);
