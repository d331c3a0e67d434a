/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this package of somebody else's distribution signed, whole, by one of these keys? Every algorithm that librpm
 * judges counts, so that packages of any age can be true (RSA with SHA-1, DSA); for our own packages lib/rpmverify is
 * stricter. Neither rpm's configuration nor its database is read.
 */
#pragma once

#include <glib.h>

typedef struct KilnRpmTrust KilnRpmTrust;

KilnRpmTrust *kiln_rpmtrust_new(void);
void kiln_rpmtrust_free(KilnRpmTrust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnRpmTrust, kiln_rpmtrust_free)

/* Trusts the primary keys of a public key file, armoured or not; `filename` is for messages. Subkeys are left out:
 * librpm does not find out whether they are their primary key's. VERIFY when rpm can use none of them. */
gboolean kiln_rpmtrust_add(KilnRpmTrust *trust, const char *bytes, gsize size, const char *filename, GError **error);

/* Verifies the package `path`: every digest and signature it has is right, a trusted key made the signature, and that
 * covers the payload too, by itself or by a digest in the signed header. Code VERIFY: the message says of "it" what is
 * not so. From any thread. */
gboolean kiln_rpmtrust_check(const KilnRpmTrust *trust, const char *path, GError **error);

/* Whether the digests of header and payload are there and right, whoever signed it, if at all. VERIFY, as above. */
gboolean kiln_rpmtrust_check_digests(const char *path, GError **error);
