/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source packages (.src.rpm) from anywhere as a collection of their own that is built and nothing more:
 * unpacked below the project's state, every file locked by what the packages themselves state.
 */
#pragma once

#include "engine/context.h"

/* TRUE for an argument that means the file of a source package, not the name of a package. */
gboolean kiln_source_packages_is_path(const char *argument);

/* The root of a project of the user's own, with the target's files as they come with Kiln in `data`, for
 * source packages that are built outside of any project. `target` may be NULL: the only one. Caller owns. */
char *kiln_source_packages_project(const char *data, const char *target, GError **error);

/* Unpacks the packages `paths` (ends with NULL) afresh. The collection has one package for each, called like
 * it; `targets` are those of the project. Caller owns. Code VERIFY for what is damaged or no source package,
 * USAGE when two have one name. */
KilnCollection *kiln_source_packages_unpack(
	const KilnProject *project, const char *const *paths, GError **error);
