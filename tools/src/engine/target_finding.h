/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was found out about a target: there, missing, or not to be judged yet, with the next step. Plain data. */
#pragma once

#include <glib.h>

typedef enum {
	KILN_TARGET_READY,
	KILN_TARGET_NOTICE,  /* worth knowing, but builds go on */
	KILN_TARGET_MISSING, /* no build goes on */
	KILN_TARGET_UNKNOWN, /* cannot be judged before something else is there */
} KilnTargetState;

/* About one thing. Sentences have no final period; `found` may have several lines. */
typedef struct {
	char *subject; /* "contract", "[updates]", "key RPM-GPG-KEY-EPEL-6", "buildroot" */
	KilnTargetState state;
	char *found;
	char *fix; /* the next step, or NULL */
	int code;  /* KilnErrorCode of what is missing; 0 of the others */
} KilnTargetFinding;

void kiln_target_finding_free(KilnTargetFinding *finding);

/* "ready", "notice", "missing", "unknown". */
const char *kiln_target_state_name(KilnTargetState state);

/* An empty list of KilnTargetFinding that frees them. */
GPtrArray *kiln_target_findings_new(void);

/* Appends one. `found` and `fix` (may be NULL) are taken over; `error`, which may be NULL, gives the code. */
void kiln_target_findings_add(GPtrArray *findings, const char *subject, KilnTargetState state, const GError *error,
	char *found, char *fix);

/* The code of the first that is missing, 0 when nothing is, and how many are. */
int kiln_target_findings_code(const GPtrArray *findings, guint *ret_missing);
