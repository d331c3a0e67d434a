/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text from outside: checked numbers, safe display, near matches. */
#pragma once

#include <glib.h>

/* Parses a whole decimal number within [minimum, maximum]; nothing may follow it. */
gboolean kiln_text_parse_number(const char *text, gint64 minimum, gint64 maximum, gint64 *ret_number, GError **error);

/* A copy without control bytes (each becomes '?') and with invalid UTF-8 replaced, for terminals. Caller owns. */
char *kiln_text_printable(const char *text);

/* The candidate nearest to `word` by edit distance, or NULL if none is near (more than a third of
 * the word differs; one letter of a short one).
 * Borrowed from `candidates`, which ends with NULL. */
const char *kiln_text_nearest(const char *word, const char *const *candidates);

/* The last non-empty line of `text`, stripped; "" when there is none. Caller owns. */
char *kiln_text_last_line(const char *text);
