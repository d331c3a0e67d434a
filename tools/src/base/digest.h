/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 over files and over structured inputs (libcrypto EVP). Digests are lower-case
 * hexadecimal strings of 64 characters everywhere in Kiln; only what others have written may
 * state another kind.
 */
#pragma once

#include <glib.h>

#define KILN_DIGEST_HEX_LENGTH 64

/* Accumulates one digest. Each `add` is framed by its length and label, so no two different
 * sequences of adds give the same bytes. */
typedef struct KilnDigest KilnDigest;

KilnDigest *kiln_digest_new(void);

/* One of another kind, as rpm-md names it: "md5", "sha" or "sha1", "sha224", "sha256", "sha384", "sha512". NULL for
 * any other word. */
KilnDigest *kiln_digest_new_of_kind(const char *kind);
void kiln_digest_free(KilnDigest *digest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnDigest, kiln_digest_free)

/* Adds a labelled text; NULL counts as absent, which differs from "". */
void kiln_digest_add(KilnDigest *digest, const char *label, const char *text);

/* Adds raw unframed bytes: for hashing a stream whose end is the digest's end. */
void kiln_digest_update(KilnDigest *digest, const void *data, gsize size);

/* Ends the digest and returns it as hex, owned by the caller. The object takes no further adds. */
char *kiln_digest_finish(KilnDigest *digest);

/* The SHA-256 of a byte string, or of everything readable from `fd` (from its current offset). */
char *kiln_digest_of_bytes(const void *data, gsize size);
char *kiln_digest_of_fd(int fd, guint64 *ret_size, GError **error);

/* The SHA-256 of the regular file `path`; `ret_size` (optional) in bytes. Refuses other file kinds. */
char *kiln_digest_of_file(const char *path, guint64 *ret_size, GError **error);

/* The same of a kind as above; VERIFY for an unknown one. */
char *kiln_digest_of_file_as(const char *kind, const char *path, guint64 *ret_size, GError **error);

/* TRUE when `text` has the form of a digest. */
gboolean kiln_digest_is_valid(const char *text);
