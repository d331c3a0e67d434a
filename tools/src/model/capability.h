/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capability as an RPM header states it: a name, a comparison and a version. Plain values for
 * whoever writes headers; asking whether one satisfies another is libsolv's and librpm's work.
 */
#pragma once

#include <glib.h>

/* The bits of RPMSENSE_* in rpm/rpmds.h that Kiln writes. */
typedef enum {
	KILN_SENSE_ANY = 0,
	KILN_SENSE_LESS = 1 << 1,
	KILN_SENSE_GREATER = 1 << 2,
	KILN_SENSE_EQUAL = 1 << 3,
	KILN_SENSE_PREREQUISITE = 1 << 6, /* must be installed before */
	KILN_SENSE_RPMLIB = 1 << 24,	  /* a feature of rpm itself */
} KilnSense;

typedef struct {
	char *name;
	guint sense; /* KilnSense bits */
	char *evr;   /* "[epoch:]version[-release]"; "" when sense compares nothing */
} KilnCapability;

void kiln_capability_free(KilnCapability *capability);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnCapability, kiln_capability_free)

/* An empty list that owns its KilnCapability elements. */
GPtrArray *kiln_capability_list_new(void);

/* Appends a capability; `evr` NULL counts as "". */
void kiln_capability_add(GPtrArray *list, const char *name, guint sense, const char *evr);

/* Sorts by name, version and sense and removes what is there twice. */
void kiln_capability_normalize(GPtrArray *list);

/* Appends what kiln_dependency_parse reads in `text`, with its errors. */
gboolean kiln_capability_add_text(GPtrArray *list, const char *text, GError **error);
