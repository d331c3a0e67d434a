/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The macros of a target: whether rpm reads the file, and whether what it says of the form of packages is within the
 * contract, so that nobody has to build first to find out. Nothing of the file is expanded or run.
 */
#pragma once

#include "engine/project.h"
#include "model/contract.h"

/* What rpm says against the macro file `path`, "line N: what" a line; "" for nothing. Code SYSTEM, NOT_FOUND. Caller
 * owns. */
char *kiln_target_macros_complaints(const char *path, GError **error);

/* What breaks `contract` in `text`, the macros: a sentence each, with its next step, as KilnViolation appended to
 * `violations`. A value that is no plain word cannot be judged and is passed over, as is a macro that is not there. */
void kiln_target_macros_judge(const char *text, const KilnContract *contract, GPtrArray *violations);
