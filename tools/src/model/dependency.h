/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One dependency as rpm writes it: "name", "name >= [epoch:]version[-release]", "/path",
 * "pkgconfig(x)", or a rich one "(a if b)", whose inside is kept as text and judged by the solver.
 * Rules of the text: rpm's build/parseReqs.c; unlike there, operators need blanks on both sides.
 */
#pragma once

#include <glib.h>

typedef enum {
	KILN_DEPENDENCY_ANY = 0,
	KILN_DEPENDENCY_LESS = 1 << 0,
	KILN_DEPENDENCY_GREATER = 1 << 1,
	KILN_DEPENDENCY_EQUAL = 1 << 2,
} KilnDependencyFlags;

typedef struct {
	char *name;		   /* a rich one: the whole text with its parentheses */
	KilnDependencyFlags flags; /* ANY: `evr` is NULL */
	char *evr;
} KilnDependency;

/* Parses one dependency; blanks around it are dropped, "==", "=<" and "=>" read as "=", "<=" and
 * ">=". Code CONFIG names the text and its fault. */
gboolean kiln_dependency_parse(const char *text, KilnDependency *ret_dependency, GError **error);

/* Frees the strings and zeroes the struct; a zeroed one may be cleared again. */
void kiln_dependency_clear(KilnDependency *dependency);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnDependency, kiln_dependency_clear)

/* TRUE for "(a if b)" and the like. */
gboolean kiln_dependency_is_rich(const KilnDependency *dependency);

/* "name", "name OP evr" or the rich text; parses back to the same. Caller owns. */
char *kiln_dependency_format(const KilnDependency *dependency);
