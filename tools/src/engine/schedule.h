/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries a plan out: several builds at once, each as soon as what it needs is there. Dependents of a
 * failure are blocked, the rest goes on. What builds reveal (Provides that no spec says) is planned with
 * once more at the end, until nothing changes: so the outcome does not depend on which build ended first.
 */
#pragma once

#include "engine/plan.h"

typedef struct {
	guint jobs;          /* builds at once; 0: kiln_schedule_default_jobs */
	gboolean fail_fast;  /* after a failure nothing further is started */
	gboolean may_build;  /* FALSE: what is not built yet is an error (NOT_FOUND) */
} KilnScheduleOptions;

/* As the configuration says, else as many as processors and memory allow. At least 1. */
guint kiln_schedule_default_jobs(const KilnConfig *config);

/* Builds everything wanted that is not built yet; `ret_built` counts the builds. BUILD or UNSOLVABLE with all
 * failures and what they block; any other error stops the schedule once the builds under way have
 * ended. */
gboolean kiln_schedule_run(
	KilnPlan *plan, const KilnScheduleOptions *options, guint *ret_built, GError **error);
