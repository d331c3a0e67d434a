/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signing key of a collection: where keys live, which one signs, and how a first one comes to
 * be. The secret part never enters the project; the public part is exported into what is
 * published.
 */
#pragma once

#include "lib/gpg.h"

/* Where keys live: $KILN_KEYS, else $XDG_DATA_HOME/kiln/gnupg, else ~/.local/share/kiln/gnupg.
 * Caller owns. */
char *kiln_keys_home(void);

/* Opens that home for a project (kiln_gpg_open). A home inside `project_directory` (NULL: no
 * project) is code CONFIG: a secret key must not end up in version control. $KILN_PASSPHRASE_FILE
 * names the passphrase file. */
KilnGpg *kiln_keys_open(const char *home, const char *project_directory, GError **error);

/* "Kiln COLLECTION packages <kiln-COLLECTION@localhost>": the user id of a key made for a
 * collection. Caller owns. */
char *kiln_keys_default_uid(const char *collection);

/* The key that signs `collection`: `configured` (fingerprint or user id, from [sign] key=) if
 * given, else the one with the collection's default user id. Never creates. */
KilnGpgKey *kiln_keys_find(
	KilnGpg *gpg, const char *collection, const char *configured, GError **error);

/* kiln_keys_find; when nothing is configured and there is no key yet, makes one (RSA 4096, no
 * expiry, no passphrase) and sets `ret_created` so that the user is told. */
KilnGpgKey *kiln_keys_ensure(KilnGpg *gpg, const char *collection, const char *configured,
	gboolean *ret_created, GError **error);

/* "RPM-GPG-KEY-kiln-COLLECTION". Caller owns. */
char *kiln_keys_file_name(const char *collection);

/* Writes the public key to `path`, unless the file already has these bytes. */
gboolean kiln_keys_export(KilnGpg *gpg, const char *fingerprint, const char *path, GError **error);
