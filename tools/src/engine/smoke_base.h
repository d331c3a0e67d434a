/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The base as the client of a smoke test sees it. A base whose packages all lie here is offered as it is. Of one whose
 * packages come from mirrors, those that the run needs are fetched and verified beforehand and make up a repository of
 * their own: the sandbox has no network.
 */
#pragma once

#include "engine/smoke_job.h"

typedef struct KilnSmokeBase KilnSmokeBase;

/* What `compose` has, and `previous` (a snapshot's directory, may be NULL), counts as being there. Borrowed. */
KilnSmokeBase *kiln_smoke_base_open(
	KilnContext *context, const KilnCompose *compose, const char *previous, GError **error);
void kiln_smoke_base_free(KilnSmokeBase *base);

/* Where the directory of the base is for a run that installs `nevras` after `previous` (may be NULL), and what the
 * package's test requires, into the clean root and the client's. It may be made in job->work. What cannot be solved
 * here is left for the client to tell. From any thread. Caller owns. */
char *kiln_smoke_base_offer(
	const KilnSmokeJob *job, char *const *nevras, char *const *previous, GError **error);
