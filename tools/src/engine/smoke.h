/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Smoke tests: a candidate repository is served as its .repo file says (nginx, under its own host
 * name, inside a network namespace), the target's dnf installs a package from it into a clean root,
 * and tests/smoke/COLLECTION/PACKAGE/test runs there against the real service; on a booted host it is updated
 * from the release before, and removed.
 */
#pragma once

#include "engine/compose.h"

/* Everything the smoke tests of one compose share: the layers of client and clean root. */
typedef struct KilnSmoke KilnSmoke;

/* `view` is a tree like the publish root in which the channel points at the candidate; `compose`'s
 * directory is seen there as its snapshot. `previous` is the directory of the snapshot that users have
 * now, NULL for none. Borrowed. */
KilnSmoke *kiln_smoke_open(KilnContext *context, const KilnIdentity *identity, const char *view,
	const KilnCompose *compose, const char *previous, GError **error);
void kiln_smoke_free(KilnSmoke *smoke);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSmoke, kiln_smoke_free)

/*
 * Installs the packages `nevras` ("name-[epoch:]version-release.arch") into a clean root by dnf, makes
 * sure that these very packages were installed and no scriptlet failed, and, if `package` has a smoke
 * test, runs it. Then, on a host that boots: installs `previous` (NULL: none, `nevras` instead),
 * updates to the candidate, removes all of it, and runs the package's lifecycle checks in between.
 * Logs stay in .kiln/smoke/TARGET/PACKAGE, what the tests wrote to $KILN_SMOKE_LOGS in files/ and
 * host-files/ there. Code BUILD when anything fails; the message has the first telling line and the log.
 */
gboolean kiln_smoke_run(KilnSmoke *smoke, const KilnCatalogPackage *package, char *const *nevras,
	char *const *previous, GError **error);
