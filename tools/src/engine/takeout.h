/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes files out of a directory that a sandbox could write to. Whoever wrote there is untrusted, and
 * must have ended: nothing is followed, waited for or believed, and no mode or owner survives.
 */
#pragma once

#include <glib.h>

/* Copies the regular files right in `directory` into `destination` (made when there is something to
 * take), mode 0644. Anything else is left, as are files larger than 64 MiB, and all beyond 256 files
 * or 256 MiB together; `ret_left` counts what was left. */
gboolean kiln_takeout_files(
	const char *directory, const char *destination, guint *ret_left, GError **error);
