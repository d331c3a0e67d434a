/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rpm lets pass in a spec but no package can be made of: an identity with an unexpanded macro,
 * a source that names no file. Also finds the line of the spec for messages that tell none.
 */
#pragma once

#include "model/spec.h"

/* Sets `spec->failure` for the first such fault. `path` is the spec, `text` its content (may be
 * NULL) to find the line in. */
void kiln_spec_check(KilnSpec *spec, const char *path, const char *text);

/* The number of the first line of `text` that opens with `directive` (in any case, after blanks)
 * and contains `word`; 0: none. `text` may be NULL. */
guint kiln_spec_check_find_line(const char *text, const char *directive, const char *word);
