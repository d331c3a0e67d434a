/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packages that are yet to be built, as lib/solv expects them: what their spec declares and what
 * an older build of them revealed. Only lib/solv*.c include this.
 */
#pragma once

#include "model/spec.h"

struct s_Repo;

/* What `spec` will build; `last`: headers of the older build (KilnRpmHeader), which may be empty
 * and hold other packages and source packages too. Owns what it needs. */
typedef struct KilnSolvPlanned KilnSolvPlanned;

KilnSolvPlanned *kiln_solv_planned_new(const KilnSpec *spec, const GPtrArray *last);
void kiln_solv_planned_free(KilnSolvPlanned *planned);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSolvPlanned, kiln_solv_planned_free)

/* TRUE when both would add the same packages. */
gboolean kiln_solv_planned_equal(const KilnSolvPlanned *a, const KilnSolvPlanned *b);

/* Adds the packages to the fresh repository `repo`. Code CONFIG: the spec has an invalid
 * dependency. */
gboolean kiln_solv_planned_load(
	const KilnSolvPlanned *planned, struct s_Repo *repo, GError **error);
