/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes back what a `kiln init` that fails has made: all that was not there when it began. */
#pragma once

#include <glib.h>

/* What is in repo-config/ and whether there is .kiln/ in the tree at a root. */
typedef struct KilnAdoptUndo KilnAdoptUndo;

KilnAdoptUndo *kiln_adopt_undo_new(const char *root);
void kiln_adopt_undo_free(KilnAdoptUndo *undo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnAdoptUndo, kiln_adopt_undo_free)

/* Removes what came since; what cannot be removed is a warning. */
void kiln_adopt_undo_run(const KilnAdoptUndo *undo);
