/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which version is newer, by librpm's own comparison ("~" before, "^" after, epochs first). */
#pragma once

#include "model/dependency.h"

/* Compares two "[epoch:]version[-release]" texts: negative when `a` is older, 0 when rpm holds
 * them equal, positive when `a` is newer. A text without a release is older than one with it. */
int kiln_rpmversion_compare(const char *a, const char *b);

/* Whether the two, none of them rich, can mean the same: they have one name, and some version is in
 * both ranges. One without a version means them all. */
gboolean kiln_rpmversion_overlap(const KilnDependency *a, const KilnDependency *b);
