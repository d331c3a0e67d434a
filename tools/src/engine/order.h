/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Build order from what specs declare: names and Provides of subpackages against BuildRequires. */
#pragma once

#include "model/spec.h"

/* The indexes of `specs` (KilnSpec) in build order: as given, except that each comes after those it
 * needs. Caller owns, as many as there are specs. A cycle is UNSOLVABLE: "a needs b needs a". */
guint *kiln_order_specs(const GPtrArray *specs, GError **error);

/* Marks in `wanted` (as many as specs) everything that the specs marked there need, transitively. */
void kiln_order_close(const GPtrArray *specs, gboolean *wanted);

/* The BuildRequires of `spec` that the base must satisfy: package names that none of `specs` declares
 * to provide. Texts borrowed from `spec`, ends with NULL. Caller frees the array only. */
const char **kiln_order_outside(const GPtrArray *specs, const KilnSpec *spec);
