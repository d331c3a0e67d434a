/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a spec by the rpmspec program of the root this process is in: for roots whose rpm knows
 * syntax that the linked librpmbuild does not. Only for kiln-spec, inside the jail.
 */
#pragma once

#include "lib/spec.h"

/* TRUE when there is an rpmspec to ask. */
gboolean kiln_rpmspec_exists(void);

/* As kiln_spec_read, the evaluator being KILN_SPEC_EVALUATOR_TARGET. */
KilnSpec *kiln_rpmspec_read(const KilnSpecSettings *settings);
