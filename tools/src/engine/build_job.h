/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One build under way, as the parts of engine/build share it (build.c owns it). */
#pragma once

#include "engine/build_settings.h"
#include "engine/result.h"

typedef struct {
	KilnPlan *plan;
	KilnContext *context;    /* the plan's */
	KilnPlanItem *item;
	KilnBuildSettings settings;
	char *work;              /* the buildroot's writable side: tree/ and what overlayfs needs */
	char *unfinished;        /* the result directory until it is complete */
	char *tree;
	KilnResult *result;
	KilnLayers *layers;      /* those of the last step */
	KilnSolution *solution;  /* what `layers` adds to the base layer; NULL: what was planned */
	GPtrArray *further;      /* requirements that only the build revealed */
	gboolean is_limited;     /* a limit ended the last step: no line of the log knows better why */
	KilnBuildPhases phases;
	guint64 peak_memory_bytes;
	gint64 started, start_us;
} KilnBuildJob;
