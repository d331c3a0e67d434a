/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs in the buildroot: rpmbuild, and rounds of installing what it turns out to require. */
#pragma once

#include "engine/build_job.h"

/* What the buildroot has above the base layer. Borrowed. */
const KilnSolution *kiln_build_job_solution(const KilnBuildJob *job);

/* Makes the layers for the item's requirements and what the build revealed since. */
gboolean kiln_build_steps_layers(KilnBuildJob *job, GError **error);

/* Rebuilds the source package, then builds the binary packages, all in the buildroot's SRPMS and RPMS.
 * Code BUILD or UNSOLVABLE: it is the package's fault, and the message is for its "does not build". */
gboolean kiln_build_steps_run(KilnBuildJob *job, GError **error);
