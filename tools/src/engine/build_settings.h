/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How one build of engine/build.h is to be done: what does not influence its result. */
#pragma once

#include <glib.h>

/* Zero-initialise, then set what matters. */
typedef struct {
	guint processors;  /* what it may count on (RPM_BUILD_NCPUS); 0: all */
	guint jobs;        /* how many builds are allowed at once; for the record */
	gint64 queue_us;   /* how long it waited for its turn; for the record */
	const char *place; /* a fresh directory for the result instead of item->result_directory: then nothing is
			      recorded, and a failure keeps no buildroot; NULL: an ordinary build */
} KilnBuildSettings;
