/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan in words and as a picture, for people: nothing here decides anything. */
#pragma once

#include "engine/plan.h"

/* "build", "cached", "after others", "waits": what will become of an item of a previewed plan. */
const char *kiln_plan_fate(const KilnPlanItem *item);

/* Why, in one line: its reason, or what it is built after. Caller owns. */
char *kiln_plan_why(const KilnPlan *plan, const KilnPlanItem *item);

/* The wanted items, those of one wave together, in build order. Borrowed; caller frees the array. */
GPtrArray *kiln_plan_by_wave(const KilnPlan *plan);

/* Writes the plan to `path`: as DOT, or drawn by Graphviz's dot when the name ends in ".svg" (SYSTEM says what to
 * install where there is none). */
gboolean kiln_plan_draw(const KilnPlan *plan, const char *path, GError **error);
