/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the addresses of a target's .repo file answer from here, and whether the keys they offer are the pinned ones.
 * Fetches repomd.xml and key files once each, all at the same time, and keeps nothing.
 */
#pragma once

#include "engine/base_section.h"
#include "engine/target_finding.h"

/* What to probe; all borrowed. */
typedef struct {
	const KilnProject *project;
	const KilnTarget *target;
	const GPtrArray *sections; /* KilnBaseSection */
	gboolean has_base; /* a usable base is in the cache: what does not answer is a notice, as builds go on */
} KilnTargetProbe;

/* Appends a finding for each repository and each key file. `ret_is_whole` tells whether of each repository an address
 * answers, and each key is the pinned one. Code SYSTEM, when not even a try is possible. */
gboolean kiln_target_probe(
	const KilnTargetProbe *what, GPtrArray *findings, gboolean *ret_is_whole, GError **error);
