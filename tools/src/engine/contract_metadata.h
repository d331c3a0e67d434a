/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What engine/contract's check of a whole repository takes from the check of its metadata. */
#pragma once

#include "engine/contract_keys.h"

/* Judges DIRECTORY/repodata and the keys beside it. `ret_packages` (optional): what primary lists, as KilnXmlPackage; NULL when it could not be
 * read, which has been told. FALSE when nothing can be judged at all. */
gboolean kiln_contract_judge_metadata(const KilnContract *contract, const char *directory,
	const KilnContractKeys *keys, GPtrArray *violations, GPtrArray **ret_packages, GError **error);

/* TRUE when `location` (may be NULL) stays below the directory it starts from. */
gboolean kiln_contract_location_is_inside(const char *location);
