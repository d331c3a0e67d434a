/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What engine/evaluate is asked: which spec, what it may read, for which target. */
#pragma once

#include <glib.h>

/* One question. All borrowed; lists end with NULL and may be NULL. */
typedef struct {
	const char *spec; /* path of the spec file */
	const char *const
		*directories;	   /* auxiliary sources and patches; files directly in them are
				      what the spec finds in %_sourcedir; absent ones are skipped */
	gboolean shares_directories; /* other specs have them too: of what lies there only those files
				      that this spec names are shown to it and part of its key, the
				      first directory that has one counts */
	const char *const *layers; /* layer trees of the target's base root, lowest first */
	const char *macros;	   /* the target's macro file; NULL: only what is in the root */
	const char *const *with, *const *without; /* build conditions */
	const char *const *defines;		  /* "NAME BODY" */
	gboolean by_target; /* let the root's own rpm read it without asking the host's */
	guint wall_s;	    /* how long it may take; 0: KILN_EVALUATE_WALL_S */
	const char *cache;  /* Kiln's cache directory; answers land in its specs/. Must be
			       allowed (kiln_root_allow), as must the layers */
} KilnEvaluation;
