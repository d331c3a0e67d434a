/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signing keys and detached signatures, by gpgme and GnuPG. A KilnGpg is one GnuPG home opened
 * for use: unless an agent already serves that home, it runs one that ends with it, also when
 * Kiln is killed, so no agent is left behind. Passphrases are asked by GnuPG's pinentry on a
 * terminal, read from a file, or already held by the user's agent; Kiln stores none. Packages are
 * signed by lib/rpmsign.
 */
#pragma once

#include <glib.h>

typedef struct KilnGpg KilnGpg;

/* Opens the home directory `home` (absolute). It is created with mode 0700 if absent; one that is
 * not owned by the caller or is open to others is refused with code CONFIG. `passphrase_file`
 * holds the passphrase of the key for unattended use (one line, mode 0600); NULL: none. Waits for
 * another Kiln using it. */
KilnGpg *kiln_gpg_open(const char *home, const char *passphrase_file, GError **error);

/* Ends the agent that open started. */
void kiln_gpg_free(KilnGpg *gpg);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnGpg, kiln_gpg_free)

const char *kiln_gpg_home(const KilnGpg *gpg);
const char *kiln_gpg_passphrase_file(const KilnGpg *gpg);

/* Somebody is there to answer pinentry: stdin is a terminal, or there is a desktop. */
gboolean kiln_gpg_can_ask(void);

typedef struct {
	char *fingerprint;	 /* 40 hex digits, upper case */
	char *uid;		 /* the first user id: "Name <mail>" */
	char *algorithm;	 /* "rsa4096" */
	gint64 created, expires; /* seconds; expires 0: never */
	gboolean has_secret;
	char *fault; /* why packages cannot be signed with it for every rpm; NULL: they can */
} KilnGpgKey;

void kiln_gpg_key_free(KilnGpgKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnGpgKey, kiln_gpg_key_free)

/* What to create. Zero-initialise. */
typedef struct {
	const char *uid;   /* "Name <mail>" */
	guint bits;	   /* 2048 to 4096; 0: 4096 */
	gint64 expires_in; /* seconds from now; 0: never */
	gboolean protect;  /* with a passphrase: the file's, or asked by pinentry */
} KilnGpgKeyOptions;

/* Creates an RSA primary key that only certifies and signs (no subkey: old clients do not accept
 * one). */
gboolean kiln_gpg_create_key(
	KilnGpg *gpg, const KilnGpgKeyOptions *options, char **ret_fingerprint, GError **error);

/* The keys of the home as KilnGpgKey, sorted by creation time, then fingerprint. `secret_only`
 * leaves out those that cannot sign here. */
GPtrArray *kiln_gpg_list_keys(KilnGpg *gpg, gboolean secret_only, GError **error);

/* The one key with secret part that `name` (fingerprint, key id or exact user id) means. Code
 * NOT_FOUND when there is none, CONFIG when several fit, VERIFY when it is not usable; the
 * message says why. */
KilnGpgKey *kiln_gpg_find_key(KilnGpg *gpg, const char *name, GError **error);

/* The public key, ASCII-armoured in the form every rpm reads: minimal, CRC line, LF, final
 * newline. */
char *kiln_gpg_export_public(KilnGpg *gpg, const char *fingerprint, GError **error);

/* Imports exactly one key (secret or public, armoured or binary) from a file of at most 1 MiB. */
gboolean kiln_gpg_import(KilnGpg *gpg, const char *path, char **ret_fingerprint, GError **error);

/* Makes a signature and throws it away: TRUE when the key and its passphrase are at hand. */
gboolean kiln_gpg_check_signing(KilnGpg *gpg, const char *fingerprint, GError **error);

/* Writes `signature_path` (replaced atomically): one armoured RSA signature with SHA-256 or
 * SHA-512 over the bytes of `path`. A key whose passphrase cannot be had without asking, with
 * nobody to ask, is code VERIFY. */
gboolean kiln_gpg_sign_detached(KilnGpg *gpg, const char *fingerprint, const char *path,
	const char *signature_path, GError **error);

/* Checks `signature_path` over `path` with the keys of `public_key_file` and nothing else (a home
 * of its own, removed afterwards; needs no KilnGpg). The file must hold exactly one key. Only a
 * single good signature of RSA with SHA-256 or better passes; anything else is VERIFY.
 * `ret_fingerprint` is optional. */
gboolean kiln_gpg_verify_detached(const char *public_key_file, const char *path,
	const char *signature_path, char **ret_fingerprint, GError **error);

/* The same for what others publish: the file may hold several keys, and of the signatures one has to be good by one of
 * them, of any algorithm GnuPG still judges. "Of them" means a key that format/openpgp sees in the file, whatever else
 * GnuPG reads there. A key that has expired since counts, as archives outlive their keys.
 * `name` stands for `path` in messages. */
gboolean kiln_gpg_check_detached(
	const char *public_key_file, const char *path, const char *signature_path, const char *name, GError **error);
