/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What public key files and detached signatures are made of (RFC 4880, RFC 9580): kinds and sizes of keys, algorithms of
 * signatures, and the form of the file around them. Nothing is verified: what a packet says of itself is believed, so
 * this tells what clients would meet, not whom to trust. Bytes to values; no I/O.
 */
#pragma once

#include "format/openpgp_armour.h"

/* A primary key or a subkey, with what its newest signature by the primary key says. */
typedef struct {
	gboolean is_subkey;
	guint version;		/* 4; of others only what stands here before `key_id` is known */
	char *algorithm;	/* "rsa", "dsa", "elgamal", "ed25519", "nistp256" …, "unknown-99" */
	guint bits;		/* 0 when unknown */
	gint64 created;		/* seconds */
	char *key_id;		/* 16 hex digits, lower case; "" when it cannot be told */
	char *fingerprint;	/* 40 hex digits, upper case; "" likewise */
	gint64 expires;		/* seconds; 0: never */
	gboolean can_sign;	/* data: packages, metadata */
	gboolean is_revoked;
	gboolean has_user_id, is_certified; /* of a primary key: and one that it signed */
	char *signature_digest; /* "sha256"; "" when there is no such signature */
	gint64 signature_created;
} KilnPgpKey;

typedef struct {
	guint version;
	guint type;	  /* 0: of a file's bytes, as detached ones are */
	char *algorithm;  /* "rsa", "dsa", "ecdsa", "eddsa", "unknown-99" */
	char *digest;	  /* "sha256", "unknown-99" */
	char *key_id;	  /* as above */
	gint64 created;	  /* 0 when it does not say */
} KilnPgpSignature;

typedef struct {
	KilnPgpArmour armour;
	GPtrArray *keys;       /* KilnPgpKey in order, subkeys after their primary key */
	GPtrArray *signatures; /* KilnPgpSignature that stand before any key */
	GByteArray *certificates; /* the packets that `keys` were read from, and nothing else: what every reader of
				   * them takes for these keys */
} KilnPgpFile;

/* Parses a file of at most 1 MiB, armoured or not. Code VERIFY, "FILENAME: what", for what holds no OpenPGP packets,
 * is cut off or damaged, or has binary data around armoured blocks. Text around them is passed over. */
KilnPgpFile *kiln_openpgp_parse(const char *bytes, gsize size, const char *filename, GError **error);

void kiln_openpgp_free(KilnPgpFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnPgpFile, kiln_openpgp_free)

/* How many of the keys are primary keys. */
guint kiln_openpgp_count_primary(const KilnPgpFile *file);
