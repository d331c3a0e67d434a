/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can influence a build, as a sorted set of (kind, name, value): its digest is the build key,
 * and two of them compared say why a package is built again. No I/O.
 */
#pragma once

#include <glib.h>

/* The kinds. A value is a digest or a text that is compared byte by byte. */
#define KILN_INPUT_FORMAT "format"             /* Kiln's own way of building */
#define KILN_INPUT_PACKAGE "package"
#define KILN_INPUT_ARCHITECTURE "architecture"
#define KILN_INPUT_SPEC "spec"
#define KILN_INPUT_SOURCE "source"             /* name: the file; value: its SHA-256 */
#define KILN_INPUT_MACRO "macro"
#define KILN_INPUT_OPTION "option"
#define KILN_INPUT_BUILDROOT "buildroot"       /* name: NAME.ARCH; value: "[EPOCH:]VERSION-RELEASE SHA256" */

typedef struct KilnInputs KilnInputs;

KilnInputs *kiln_inputs_new(void);
void kiln_inputs_free(KilnInputs *inputs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnInputs, kiln_inputs_free)

/* Adds an input; what is there already counts once. `kind` and `name` are not empty, `value` may be. In whatever
 * order inputs are added, the set is the same. */
void kiln_inputs_add(KilnInputs *inputs, const char *kind, const char *name, const char *value);

guint kiln_inputs_count(const KilnInputs *inputs);

/* The SHA-256 of what kiln_inputs_emit writes: the build key. Caller owns. */
char *kiln_inputs_digest(const KilnInputs *inputs);

/* One line an input, sorted: kind, name and value with TABs between them; in each a backslash, TAB and line feed is
 * written \\, \t, \n. Caller owns. */
char *kiln_inputs_emit(const KilnInputs *inputs);

/* Reads exactly what kiln_inputs_emit writes (emit(parse(x)) is x), of at most 64 MiB. `label` is for messages.
 * Code VERIFY for anything else. */
KilnInputs *kiln_inputs_parse(const char *text, const char *label, GError **error);

/* One difference. Owned strings. */
typedef struct {
	char *kind, *name;
	char *old_value; /* NULL: it was not there before */
	char *new_value; /* NULL: it is no more */
} KilnInputChange;

void kiln_input_change_free(KilnInputChange *change);

/* What has to be changed in `old` to give `now`, sorted by kind and name: KilnInputChange, caller owns. */
GPtrArray *kiln_inputs_compare(const KilnInputs *old, const KilnInputs *now);

/* The change in words: "source changed: x.patch", "buildroot changed: gcc 14.1-1 → 14.2-1", "buildroot changed:
 * zlib 1.3-1 (rebuilt)", "source added: y.patch", "option removed: with tests". Caller owns. */
char *kiln_input_change_describe(const KilnInputChange *change);
