/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lib/solv can be asked: a plain value.
 */
#pragma once

#include "model/solution.h"

/* What is asked. Zero-initialise, then set what matters. All borrowed, order of lists irrelevant.
 */
typedef struct {
	const char *requester;		 /* who asks, for the sentences: "scsi-target-utils" */
	const char *const *requirements; /* model/dependency.h texts, or NULL */
	const char *const *conflicts;  /* nothing chosen or installed may provide these, or NULL */
	const KilnSolution *installed; /* stands below and stays as it is; NULL: an empty root */
	gboolean with_recommends;      /* follow Recommends; Suggests are never followed */
	/* Names of repositories that take no part in this question, as if they did not exist;
	 * names that are unknown are no error. NULL: all take part. `installed` stays visible. */
	const char *const *hidden;
} KilnSolvRequest;
