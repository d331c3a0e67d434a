/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packages of a base's repositories, brought when they are needed: from a mirror into a cache by their content,
 * their signature checked by the keys of their repository, and only then given the name by which the base has them.
 * Their name and version must be those the metadata told, which need not be signed. So what stands in BASE/ID is what
 * the metadata promised and the keys vouch for.
 */
#pragma once

#include "engine/base_section.h"
#include "model/solution.h"

typedef struct KilnBaseSupply KilnBaseSupply;

/* For the repositories `sections` (taken over), which lie below `base_directory` and are called TARGET/ID in
 * solutions. */
KilnBaseSupply *kiln_base_supply_new(const KilnProject *project, const KilnTarget *target, GPtrArray *sections,
	const char *base_directory);
void kiln_base_supply_free(KilnBaseSupply *supply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnBaseSupply, kiln_base_supply_free)

/* As kiln_base_supply. From any thread. */
gboolean kiln_base_supply_bring(KilnBaseSupply *supply, const GPtrArray *packages, GError **error);
