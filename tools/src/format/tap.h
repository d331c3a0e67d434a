/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The output of a smoke test, in the Test Anything Protocol: what it claims and whether that holds together. No I/O. */
#pragma once

#include <glib.h>

typedef struct {
	guint passed, failed; /* "ok" and "not ok" lines; a "not ok" marked TODO or SKIP counts as passed */
	gboolean has_plan;
	guint planned;        /* of "1..N" */
} KilnTap;

/* Reads the lines of `text`; others than TAP's are passed over. */
void kiln_tap_read(const char *text, KilnTap *ret_tap);

/* What speaks against a test that itself ended with status 0: a failed check, no check at all, no plan
 * or another number of checks than planned. NULL: nothing. Caller owns. */
char *kiln_tap_objection(const KilnTap *tap);
