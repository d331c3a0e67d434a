/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control file syntax of Debian (deb-control(5), deb822(5)): paragraphs of "Field: value" with
 * continuation lines. Syntax only; what a field means is model/debian's matter. No I/O.
 */
#pragma once

#include <glib.h>

/* One paragraph: fields in file order. */
typedef struct KilnDebControl KilnDebControl;

KilnDebControl *kiln_deb_control_new(void);
void kiln_deb_control_free(KilnDebControl *paragraph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnDebControl, kiln_deb_control_free)

/*
 * Parses `size` bytes into an array of KilnDebControl that owns its elements. Lines that begin with
 * '#' are comments. CONFIG, with the line number, for a line that is neither field nor
 * continuation, a field given twice in a paragraph, a NUL byte or text that is not UTF-8.
 */
GPtrArray *kiln_deb_control_parse(const char *text, gsize size, GError **error);

/* The value of `field` (case does not matter) without surrounding blanks, or NULL. The lines of a
 * longer value are separated by '\n', each without the one blank that marks continuation. Borrowed.
 */
const char *kiln_deb_control_get(const KilnDebControl *paragraph, const char *field);

/* Number of fields, and the name of field `index` as written. */
guint kiln_deb_control_size(const KilnDebControl *paragraph);
const char *kiln_deb_control_field(const KilnDebControl *paragraph, guint index);

/* The text of `paragraphs` such that parsing it gives the same fields again. Caller owns. */
char *kiln_deb_control_emit(const GPtrArray *paragraphs);
