/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binary packages through a private apt (engine/apt): which ones a list needs, and fetching them.
 * apt resolves and verifies against the signed indexes; the digests stated here come from those.
 */
#pragma once

#include <glib.h>

typedef struct {
	char *name, *version, *architecture;
	char *sha256;
	char *file_name; /* of the .deb, as apt names it */
	guint64 size_bytes;
} KilnAptPackage;

void kiln_apt_package_free(KilnAptPackage *package);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnAptPackage, kiln_apt_package_free)

/*
 * The KilnAptPackage that installing `names` into an empty system takes (Depends and Pre-Depends,
 * no Recommends), sorted by name, none of `excludes` among them. Code UNSOLVABLE with apt's reason.
 */
GPtrArray *kiln_apt_resolve(const char *config_path, const char *const *names,
	const char *const *excludes, GError **error);

/*
 * Fetches those of `packages` whose file is not in `directory` with its full size, several at once,
 * with progress events in bytes. Code NETWORK when one does not arrive, VERIFY when it is
 * not what the index promises.
 */
gboolean kiln_apt_download(const char *config_path, const char *directory,
	const GPtrArray *packages, guint64 *ret_downloaded_bytes, GError **error);
