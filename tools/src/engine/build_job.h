/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One build under way, as the parts of engine/build share it (build.c owns it). */
#pragma once

#include "engine/result.h"
#include "lib/store.h"

typedef struct {
	KilnContext *context;
	KilnPlanItem *item;
	KilnStore *store;
	char *work;              /* the buildroot's writable side: tree/ and what overlayfs needs */
	char *unfinished;        /* the result directory until it is complete */
	char *tree;
	KilnResult *result;
	KilnLayers *layers;      /* those of the last step */
	KilnSolution *solution;  /* what `layers` adds to the base layer */
	GPtrArray *further;      /* requirements that only the build revealed */
	KilnBuildPhases phases;
	gint64 started, start_us;
} KilnBuildJob;
