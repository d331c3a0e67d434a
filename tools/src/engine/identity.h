/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a collection is to its clients: the signing key's public half and the .repo file, in the form that these clients
 * read. Made from
 * the key directory and repo-config once and kept in the project's state until either changes, so a
 * run that signs nothing starts no GnuPG.
 */
#pragma once

#include "engine/context.h"
#include "engine/sources.h"
#include "model/contract.h"

typedef struct {
	char *fingerprint;
	char *key_name;        /* "RPM-GPG-KEY-kiln-COLLECTION" */
	char *key_path;        /* the public key, a file in the project's state */
	char *key_text;
	char *repo_name;       /* "kiln-COLLECTION.repo" */
	char *repo_text;
	KilnContract *contract; /* the target's */
} KilnIdentity;

/* Finds or, for a project that names no key and has none yet, creates the key (and says so). */
KilnIdentity *kiln_identity_open(const KilnContext *context, GError **error);

/* What it is in `channel`, without creating or writing anything: key_path stays NULL, and so do fingerprint and key_text
 * where the key is not on this host. */
KilnIdentity *kiln_identity_look(const KilnContext *context, const char *channel, GError **error);
void kiln_identity_free(KilnIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnIdentity, kiln_identity_free)

/* What `kiln:` origins in source locks stand for. Borrows from `identity`; fills two entries. */
void kiln_identity_contents(const KilnIdentity *identity, KilnSourceContent ret_contents[2]);
