/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot.json: bytes to KilnSnapshot and back; parse(emit(x)) == x. No I/O. */
#pragma once

#include "model/snapshot.h"

/* The text of snapshot.json. Caller owns. */
char *kiln_snapshot_emit(const KilnSnapshot *snapshot);

/* Parses it; `name` is the file's name for messages. Code VERIFY for what is none: missing or
 * mistyped members, digests that are none, file names that leave the snapshot. */
KilnSnapshot *kiln_snapshot_parse(const char *text, const char *name, GError **error);
