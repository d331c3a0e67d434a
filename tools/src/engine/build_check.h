/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a file that a build left is a package which this build may leave. Its content is not judged. */
#pragma once

#include "model/spec.h"

/* Checks the package file `path`: its name says what its header says; the header's name, version,
 * release, epoch and architecture (`architecture` or noarch) are those of a package that `spec` declares,
 * of its debug packages or of the source package; a binary one names this source package. Code BUILD:
 * it is not, the message has the file name and what is wrong. */
gboolean kiln_build_check_package(
	const KilnSpec *spec, const char *architecture, const char *path, GError **error);
