/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KilnSpec <-> the JSON that kiln-spec prints, the cache keeps and `kiln spec --json` shows.
 * A spec runs code, so the text is hostile input: size and counts are bounded, every member is
 * typed, an unknown member or evaluator is refused, and whatever becomes part of a file name must
 * look like one.
 */
#pragma once

#include "model/spec.h"

/* The largest text accepted. */
#define KILN_SPEC_JSON_MAX_BYTES (8 * 1024 * 1024)

/* Reads one document; code CONFIG when it is not one. `size` in bytes, NUL not needed. */
KilnSpec *kiln_spec_json_parse(const char *text, gsize size, GError **error);

/* The document for `spec`, with a newline at its end; stable member order. Caller owns. Texts that
 * are not UTF-8 are repaired, so parse(emit(x)) == x for whatever parse returned. */
char *kiln_spec_json_emit(const KilnSpec *spec);
