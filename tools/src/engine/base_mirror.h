/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metadata of a base's repositories, brought from their mirrors into BASE/ID/repodata: repomd.xml, its signature
 * where repo_gpgcheck asks for it, primary and file lists. Each repository's is replaced whole or not at all. Packages
 * are engine/base_supply's.
 */
#pragma once

#include "engine/base_section.h"

typedef struct {
	guint repositories, changed; /* of these, by this import */
} KilnBaseMirrorResult;

/* Brings the metadata of `sections` (KilnBaseSection) as the mirrors have it now. Mirrors are tried in order until one
 * is whole and true. Errors: NETWORK when none could be reached; VERIFY when what came is damaged, not signed by a
 * pinned key, or older than what is here. What was there before stays usable in any case. */
gboolean kiln_base_mirror(const KilnProject *project, const KilnTarget *target, const GPtrArray *sections,
	const char *base_directory, KilnBaseMirrorResult *ret_result, GError **error);

/* Takes away the packages that stand in the base: those that are still wanted come back from the cache. For who has the
 * base alone. */
gboolean kiln_base_mirror_drop_packages(const GPtrArray *sections, const char *base_directory, GError **error);

/* Where the packages of a repository come from: URLs with a final slash, best first. Caller owns. */
char **kiln_base_mirror_urls(const KilnBaseSection *section, const char *base_directory, GError **error);
