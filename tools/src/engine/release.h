/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main job, in one direction: plan → build → compose → gate → publish. Each step that has
 * nothing to do says so or is silent; a run that was killed is continued by the next.
 */
#pragma once

#include "engine/context.h"

typedef struct {
	guint packages, built;
	gboolean published;  /* FALSE: the channel already pointed at the same content */
	char *snapshot;      /* what the channel points at now */
	char *repo_path;     /* the .repo file in the published tree */
	char *repo_url;
} KilnReleaseResult;

void kiln_release_result_clear(KilnReleaseResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnReleaseResult, kiln_release_result_clear)

/* Builds what must be built of `names` (NULL: all) and everything they need. `ret_items` (optional)
 * is the plan, all of it built. `ret_built` counts what was not there before. */
gboolean kiln_release_build(KilnContext *context, const char *const *names, GPtrArray **ret_items,
	guint *ret_built, GError **error);

/* The whole job for `context`. */
gboolean kiln_release_run(KilnContext *context, KilnReleaseResult *ret_result, GError **error);

/* The same without building: code NOT_FOUND when a package is not built. */
gboolean kiln_release_publish(KilnContext *context, KilnReleaseResult *ret_result, GError **error);
