/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpm's messages about a spec -> diagnostics with a place. rpm writes the place in three ways
 * ("line 3: …", "/a.spec: line 3: …", "/a.spec:3: …") or leaves it out (build/parseSpec.c and
 * rpmio/macro.c of rpm 4.18 to 4.20).
 */
#pragma once

#include "model/spec.h"

/* More diagnostics than this are dropped: a spec can complain in a loop. */
#define KILN_SPEC_LOG_MAX 200

/* A diagnostic from one message; a place that names no file is in `file` (may be NULL). NULL for
 * a message without news: a caret below an expression, an absent source, the root's own macros. */
KilnSpecDiagnostic *kiln_spec_log_parse(const char *message, gboolean is_error, const char *file);

/* Adds what a program of rpm said on stderr ("error: …", "warning: …", else what the spec's own
 * commands said: a warning) to `diagnostics`. `file` as above. Lines that open with blanks repeat
 * or continue rpm's earlier ones and are left out. */
void kiln_spec_log_parse_output(GPtrArray *diagnostics, const char *output, const char *file);

/* The error that tells most: the first with a line, else the first, else NULL. Borrowed. */
const KilnSpecDiagnostic *kiln_spec_log_first_error(const KilnSpec *spec);

/* Sets `spec->failure` for a spec that rpm refused, from that error. `path` is the spec and `text`
 * its content (may be NULL), to find the line of an %include or a %changelog that rpm leaves out.
 */
void kiln_spec_log_conclude(KilnSpec *spec, const char *path, const char *text);
