/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a check of a compose found: plain values, one for each thing worth telling. */
#pragma once

#include "model/contract.h"

typedef enum {
	KILN_FINDING_ERROR,   /* hosts would be refused or harmed: not to be published */
	KILN_FINDING_WARNING, /* worth a look */
	KILN_FINDING_NOTE,    /* as it should be, but good to know */
	KILN_FINDING_LEVELS,
} KilnFindingLevel;

/* "error", "warning", "note". */
const char *kiln_finding_level_name(KilnFindingLevel level);

/* Sentences begin in lower case and have no final period. */
typedef struct {
	KilnFindingLevel level;
	const char *check; /* which of the checks: "contract", "closure", "files" …; a constant */
	char *rule;        /* contract: the rule that is broken; else NULL */
	char *object;      /* NEVRA of a package, path of a file */
	char *found;       /* what is the case, with the object as its subject or in full */
	char *consequence; /* what clients do then; NULL: nothing to add */
	char *fix;         /* the next step; NULL: none */
} KilnFinding;

void kiln_finding_free(KilnFinding *finding);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnFinding, kiln_finding_free)

/* An empty list of KilnFinding that frees them. */
GPtrArray *kiln_findings_new(void);

/* Appends one, whose sentences the caller sets (it takes them over). Borrowed. */
KilnFinding *kiln_findings_add(GPtrArray *findings, KilnFindingLevel level, const char *check, const char *object);

/* Appends the violations of a contract that are not there yet. */
void kiln_findings_add_violations(GPtrArray *findings, const GPtrArray *violations);

guint kiln_findings_count(const GPtrArray *findings, KilnFindingLevel level);

/* "CHECK: OBJECT: FOUND; CONSEQUENCE; FIX", one line. Caller owns. */
char *kiln_finding_text(const KilnFinding *finding);

/* The texts of that level, a line each; "" for none. Caller owns. */
char *kiln_findings_text(const GPtrArray *findings, KilnFindingLevel level);
