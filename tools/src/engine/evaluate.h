/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evaluates spec files for a target: runs kiln-spec jailed in the target's own root and keeps the
 * answers, by the digest of all that can influence them, in the cache directory.
 */
#pragma once

#include "model/spec.h"

#define KILN_EVALUATE_WALL_S 10

/* One question. All borrowed; lists end with NULL and may be NULL. */
typedef struct {
	const char *spec; /* path of the spec file */
	const char *const
		*directories;	   /* auxiliary sources and patches; files directly in them are
				      what the spec finds in %_sourcedir; absent ones are skipped */
	const char *const *layers; /* layer trees of the target's base root, lowest first */
	const char *macros;	   /* the target's macro file; NULL: only what is in the root */
	const char *const *with, *const *without; /* build conditions */
	const char *const *defines;		  /* "NAME BODY" */
	gboolean by_target; /* let the root's own rpm read it without asking the host's */
	guint wall_s;	    /* how long it may take; 0: KILN_EVALUATE_WALL_S */
	const char *cache;  /* Kiln's cache directory; answers land in its specs/. Must be
			       allowed (kiln_root_allow), as must the layers */
} KilnEvaluation;

/* The evaluated spec (its `failure` is NULL). Codes: CONFIG for a broken spec, one that hangs or
 * says too much, message "FILE:LINE: what is wrong" with the paths the caller gave; NOT_FOUND
 * without a spec file; SYSTEM when the jail cannot be made. */
KilnSpec *kiln_evaluate_spec(const KilnEvaluation *evaluation, GError **error);
