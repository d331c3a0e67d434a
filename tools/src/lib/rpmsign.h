/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signs packages with librpmsign: RSA, SHA-256, over the header and over header and payload
 * ("rpmv3"), which is what the oldest client needs to notice a replaced payload.
 *
 * The signature's creation time is the package's build time, or the key's own creation if that is
 * later: the same unsigned package signed with the same key has the same bytes, today and after a
 * lost disk. So a signature's time says nothing about when it was made; expiry and revocation are
 * judged by the clock.
 *
 * librpmsign starts gpg by fork and exec and keeps its settings in process-wide macros: one
 * signing at a time.
 */
#pragma once

#include "lib/gpg.h"

/* Signs the package `path` with the key `fingerprint` and puts the result at `signed_path`, which
 * may be the same, atomically; a file that shares its inode with others is never edited.
 * Signatures it had are replaced. Does not verify: lib/rpmverify does. Codes: NOT_FOUND, VERIFY
 * (no package, unusable key, no passphrase), CONFIG (a path with a quote or percent sign),
 * SYSTEM. */
gboolean kiln_rpmsign_package(KilnGpg *gpg, const char *fingerprint, const char *path,
	const char *signed_path, GError **error);
