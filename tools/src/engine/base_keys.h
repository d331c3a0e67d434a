/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The public keys of a base's repositories: fetched once from where gpgkey= says, believed only when every key in the
 * file has a fingerprint that target.conf pins for that file name. A file of that name beside target.conf is used
 * instead of fetching, so a key that lives on the hosts (file:///etc/pki/…) can come with the project.
 */
#pragma once

#include "engine/base_section.h"
#include "lib/rpmtrust.h"

/* Puts the keys of `section` into BASE/.keys/: the packets of the pinned keys, and nothing else of the files that held
 * them. Errors: NETWORK; VERIFY for a key that is not the pinned one, naming both fingerprints. */
gboolean kiln_base_keys_fetch(const KilnProject *project, const KilnTarget *target, const KilnBaseSection *section,
	const char *base_directory, GError **error);

/* The path of the key file called `file_name`. Caller owns. */
char *kiln_base_keys_path(const char *base_directory, const char *file_name);

/* Trust in the keys of `section`, which kiln_base_keys_fetch has brought. Caller owns. */
KilnRpmTrust *kiln_base_keys_trust(const KilnBaseSection *section, const char *base_directory, GError **error);
