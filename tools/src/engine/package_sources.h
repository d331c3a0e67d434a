/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sources of a package of a collection, as its evaluated spec names them: sources.h with the
 * places of a context. */
#pragma once

#include "engine/context.h"
#include "engine/identity.h"
#include "engine/sources.h"

/* kiln_sources_fetch for a package. Without `identity` what Kiln generates is left out. Messages
 * begin with the package's name. */
gboolean kiln_package_sources_fetch(const KilnContext *context, const KilnIdentity *identity,
	const KilnCatalogPackage *package, const KilnSpec *spec, GPtrArray **ret_files,
	GError **error);

/* kiln_sources_lock for a package. Messages begin with the package's name. */
gboolean kiln_package_sources_lock(const KilnContext *context, const KilnCatalogPackage *package,
	const KilnSpec *spec, GPtrArray **ret_changes, GError **error);

/* The same from the files present, without asking any origin. */
gboolean kiln_package_sources_lock_present(const KilnContext *context, const KilnCatalogPackage *package,
	const KilnSpec *spec, GPtrArray **ret_changes, GError **error);
