/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The base repository of a target: there already, or imported, or imported again because what it is made from changed. */
#pragma once

#include "engine/project.h"

/* Where the base is: where the target says, or the cache's bases/NAME-DIGEST, by what it is imported
 * from, so that projects and branches with different lists stay out of each other's way. Caller owns. */
char *kiln_base_directory(const KilnProject *project, const KilnTarget *target, GError **error);

/* Makes sure the base is there. A debian-import target is imported when it never was, or when its
 * import.conf, names.conf or base-setup/ changed since; a refresh for newer packages is kiln_base_refresh's. */
gboolean kiln_base_ensure(const KilnProject *project, const KilnTarget *target, GError **error);

/* Holds the base's packages in place while they are read: a refresh leaves those it no longer names. */
KilnLock *kiln_base_hold(const KilnProject *project, const KilnTarget *target, GError **error);

/* Imports the base of a debian-import target as the archive is now. CONFIG for another kind. */
gboolean kiln_base_refresh(const KilnProject *project, const KilnTarget *target, GError **error);
