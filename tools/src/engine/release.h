/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main job, in one direction: plan → build → compose → gate → publish. Each step that has
 * nothing to do says so or is silent; a run that was killed is continued by the next.
 */
#pragma once

#include "engine/schedule.h"

/* A collection planned for a target, with what the plan stands on. */
typedef struct {
	KilnContext *context; /* borrowed */
	KilnStore *store;
	KilnIdentity *identity; /* NULL until something needs it */
	KilnPlan *plan;
} KilnRelease;

/* Plans `names` and what they need; NULL: the whole collection. Builds nothing. */
KilnRelease *kiln_release_open(KilnContext *context, const char *const *names, GError **error);
void kiln_release_free(KilnRelease *release);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnRelease, kiln_release_free)

/* Builds what must be built. `ret_built` counts what was not there before. */
gboolean kiln_release_build(
	KilnRelease *release, const KilnScheduleOptions *options, guint *ret_built, GError **error);

typedef struct {
	guint packages, built;
	gboolean published;  /* FALSE: the channel already pointed at the same content */
	char *snapshot;      /* what the channel points at now */
	char *repo_path;     /* the .repo file in the published tree */
	char *repo_url;
} KilnReleaseResult;

void kiln_release_result_clear(KilnReleaseResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnReleaseResult, kiln_release_result_clear)

/* The whole job for a plan of the whole collection. NOT_FOUND when a package is not built and
 * options->may_build is FALSE. */
gboolean kiln_release_run(KilnRelease *release, const KilnScheduleOptions *options,
	KilnReleaseResult *ret_result, GError **error);
