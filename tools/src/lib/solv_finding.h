/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of lib/solv_check.h find: plain values, and for lib/solv*.c how to note them. */
#pragma once

#include <glib.h>

typedef enum {
	KILN_SOLV_BROKEN,    /* `package` cannot be installed */
	KILN_SOLV_EXCLUDES,  /* `package` and `other` cannot be installed together */
	KILN_SOLV_CROWDED,   /* `package` goes with each of several others, but not with all at once */
	KILN_SOLV_HELD_BACK, /* a host that has `package` (NULL: all that go together) cannot update */
	KILN_SOLV_LOWER,     /* `package` is of a lower version than `other`, which came before it */
	KILN_SOLV_GONE,      /* hosts keep `package`: it has no successor and nothing obsoletes it */
	KILN_SOLV_HANDED_OVER, /* hosts get `other`, of a third repository, in place of `package` */
	KILN_SOLV_OBSOLETES, /* `package` obsoletes `other` */
	KILN_SOLV_OBSOLETED, /* `other` obsoletes `package` */
	KILN_SOLV_SHADOWED,  /* `other` has the same Name as `package` and is not older */
} KilnSolvFindingKind;

typedef struct {
	KilnSolvFindingKind kind;
	char *package, *other; /* NEVRA */
	char *repository;      /* the one `other` is in; NULL: there is no other */
	char *sentence;	       /* why, in words; OBSOLETES, OBSOLETED and, where there is one,
				* HANDED_OVER: which Obsoletes; NULL: the kind says all */
	/* EXCLUDES: a Conflicts or Obsoletes of one of the two says so, or they have one Name.
	 * OBSOLETES: a package of the same repository provides the Name of `other` instead. */
	gboolean is_meant;
} KilnSolvFinding;

/* An empty list of KilnSolvFinding that frees them. */
GPtrArray *kiln_solv_findings_new(void);

/* --- for lib/solv*.c --- */

struct s_Pool;

/* Appends a finding about the packages `package` and `other` (ids, 0: none), which may be changed
 * until the next is added. `sentence` may be NULL. */
KilnSolvFinding *kiln_solv_finding_add(GPtrArray *findings, KilnSolvFindingKind kind,
	struct s_Pool *pool, int package, int other, const char *sentence);

/* Whether one of that kind has the sentence already. */
gboolean kiln_solv_findings_tell(
	const GPtrArray *findings, KilnSolvFindingKind kind, const char *sentence);

/* Moves all of `found` to the end of `findings`, sorted by kind, packages and sentence. */
void kiln_solv_findings_take(GPtrArray *findings, GPtrArray *found);
