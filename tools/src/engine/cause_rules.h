/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of what explains a failed build (tools/data/causes, which says how it is written): text to rules.
 * Looks at no log; see engine/cause.h.
 */
#pragma once

#include <glib.h>

/* One way to fail. Regular expressions work on bytes; "^" and "$" are ends of lines. */
typedef struct {
	char *name;
	char *kind;
	GArray *has;    /* guint: the table's texts of which the first line of a match has one */
	char *stage;    /* only in this part of a spec, without "%"; NULL: anywhere */
	GRegex *match;  /* from the start of that line on */
	gboolean is_long; /* `match` may reach over several lines */
	GRegex *before; /* optional: a line above it */
	GRegex *after;  /* optional: what follows it */
	char *tell;
	gboolean is_last;    /* the last of several counts, not the first */
	gboolean is_general; /* only where no other rule holds in the same stretch of a log */
	gboolean is_final;   /* only where nothing else holds anywhere */
} KilnCauseRule;

typedef struct {
	GPtrArray *rules; /* KilnCauseRule in the order of the table */
	GPtrArray *texts; /* char *: all that lines must have, each once; "\n" begins one that begins a line */
} KilnCauseTable;

/* Parses a table; what is wrong is error CONFIG "FILE:LINE: …". Caller owns. */
KilnCauseTable *kiln_cause_table_parse(const char *text, const char *name, GError **error);
void kiln_cause_table_free(KilnCauseTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnCauseTable, kiln_cause_table_free)

/* The text of the table Kiln was built with. */
extern const char kiln_cause_table_text[];
