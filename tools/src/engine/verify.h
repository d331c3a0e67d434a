/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the same inputs give the same bytes: builds what a plan has results for once more from the same key, later, in
 * another directory, on other processors and told of another number of them, and compares bit by bit.
 */
#pragma once

#include "engine/schedule.h"
#include "lib/rpmcompare.h"

typedef struct {
	guint jobs;             /* builds at once; 0: as for building */
	gboolean without_check; /* leaves out %check, which has no part in the bytes unless a spec is wrong */
} KilnVerifyOptions;

/* A package file that is not the same. */
typedef struct {
	char *file;
	GPtrArray *differences; /* KilnRpmDifference; NULL: only one build gave this file */
	gboolean is_in_second;  /* … and it was the second */
} KilnVerifyFile;

/* What came of one package. */
typedef struct {
	KilnPlanItem *item;  /* borrowed from the plan */
	char *place;         /* the second result, kept when it is another; else it is gone */
	GPtrArray *files;    /* KilnVerifyFile: those that differ, sorted; empty: the same bytes */
	guint packages;      /* how many were compared */
	GError *error;       /* why the second build gave no result; NULL */
} KilnVerifyResult;

void kiln_verify_result_free(KilnVerifyResult *result);

/* Verifies the packages `names` (NULL: all) of `plan`, which has been made for them. Each must be built: NOT_FOUND.
 * `ret_results`: KilnVerifyResult in build order, caller owns; differences and second builds that fail are in there
 * and no error. */
gboolean kiln_verify_run(KilnPlan *plan, const char *const *names, const KilnVerifyOptions *options,
	GPtrArray **ret_results, GError **error);
