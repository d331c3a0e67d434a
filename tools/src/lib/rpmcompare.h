/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In what two package files differ that should be the same bytes: header tags and files of the
 * payload, with the first place where their contents part. Trusts neither; verifies nothing.
 */
#pragma once

#include <glib.h>

typedef enum {
	KILN_RPM_DIFFERENCE_TAG,  /* `name` is a header tag: "BUILDTIME" */
	KILN_RPM_DIFFERENCE_FILE, /* `name` is the path of a file of the payload */
	KILN_RPM_DIFFERENCE_REST, /* what follows from nothing above: `name` is "package" */
} KilnRpmDifferenceKind;

typedef struct {
	KilnRpmDifferenceKind kind;
	char *name;
	char *detail; /* one line, safe to print: how they differ, the first before the second */
} KilnRpmDifference;

void kiln_rpm_difference_free(KilnRpmDifference *difference);

/* The differences of the package files `first` and `second` as KilnRpmDifference: tags, then files, each sorted by
 * name; empty when they are the same bytes. What only follows from others is left out (sizes and digests of a file
 * that differs). Caller owns. Codes NOT_FOUND, and VERIFY when one is no package. */
GPtrArray *kiln_rpmcompare(const char *first, const char *second, GError **error);
