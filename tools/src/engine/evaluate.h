/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evaluates spec files for a target: runs kiln-spec jailed in the target's own root and keeps the
 * answers, by the digest of all that can influence them, in the cache directory.
 */
#pragma once

#include "engine/evaluation.h"
#include "model/spec.h"

#define KILN_EVALUATE_WALL_S 10

/* The evaluated spec (its `failure` is NULL). Codes: CONFIG for a broken spec, one that hangs or
 * says too much, message "FILE:LINE: what is wrong" with the paths the caller gave; NOT_FOUND
 * without a spec file; SYSTEM when the jail cannot be made. */
KilnSpec *kiln_evaluate_spec(const KilnEvaluation *evaluation, GError **error);
