/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source lock (`sources` beside each spec): one key file group per file.
 *
 *     [tgt-1.0.85.tar.gz]
 *     sha256 = <64 hexadecimal digits>
 *     size = 304648
 *     origins = https://…;debian-source:tgt=1:1.0.85-1.3/tgt_1.0.85.orig.tar.gz;
 *
 * `sha256 = unlocked` stands for a digest still to be learned by `kiln fetch --lock`. Generated
 * files have a single `kiln:` origin and neither digest nor size. The syntax is the strict subset
 * of GKeyFile without escapes, so that every accepted lock means the same to both.
 */
#pragma once

#include "model/source.h"

/* A larger lock file is refused by its reader. */
#define KILN_SOURCE_LOCK_MAX_BYTES (1024 * 1024)

/* Reads `size` bytes of lock text. `file_name` is only for messages, which have the form
 * "FILE:LINE: what; next step" and code CONFIG. */
KilnSourceLock *kiln_source_lock_parse(
	const char *text, gsize size, const char *file_name, GError **error);

/* The text of a lock: parse(emit(lock)) equals lock for every lock that parse has returned.
 * Comments keep their place above their group. Caller owns. */
char *kiln_source_lock_emit(const KilnSourceLock *lock);
