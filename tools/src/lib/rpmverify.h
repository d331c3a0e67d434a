/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this package signed, whole, by this key? Stricter than rpm's own default: header digest,
 * payload digest, header signature and header-and-payload signature must all be there and right,
 * RSA with SHA-256 or better. A keyring with the one given key; neither rpm's configuration nor
 * its database is read.
 */
#pragma once

#include <glib.h>

typedef struct KilnRpmVerifier KilnRpmVerifier;

/* A verifier for the one armoured key in `public_key_file`. Code VERIFY when it holds none or
 * several. */
KilnRpmVerifier *kiln_rpmverify_open(const char *public_key_file, GError **error);

void kiln_rpmverify_free(KilnRpmVerifier *verifier);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnRpmVerifier, kiln_rpmverify_free)

/* Verifies the package `path`. Code VERIFY for anything but a fully signed, undamaged package;
 * the message says which part is missing or wrong. */
gboolean kiln_rpmverify_package(KilnRpmVerifier *verifier, const char *path, GError **error);
