/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Smoke tests under way, as the parts of engine/smoke share them (smoke.c owns them). */
#pragma once

#include "engine/compose.h"
#include "engine/root.h"

/* What engine/smoke.h promises. */
struct KilnSmoke {
	KilnContext *context;
	const KilnIdentity *identity;
	const char *view;
	const KilnCompose *compose;
	const char *previous; /* directory of the snapshot before, NULL for none */
	KilnLayers *client, *minimal;
	struct KilnSmokeBase *base;
	char *host;     /* of the published URL */
	char *url_path; /* its path, "" or "/…" */
	char *repo_url; /* of the .repo file */
};

/* One package's run and its places. What a test can write to is not where Kiln writes. */
typedef struct {
	const struct KilnSmoke *smoke;
	const KilnCatalogPackage *package;
	char *logs;	/* kept: .kiln/smoke/TARGET/PACKAGE */
	char *work;	/* private, gone afterwards; no package can have its name */
	char *upper;	/* in it, the writable side of the root under way */
	char *writable; /* in it, $KILN_SMOKE_LOGS of the test */
	char *base;	/* the base that the client sees */
} KilnSmokeJob;

/* What hosts of the target install with: "dnf". Borrowed. */
const char *kiln_smoke_client(const KilnSmokeJob *job);

/* A run as root of `argv` on `layers`. Caller owns. */
KilnSandboxRequest *kiln_smoke_request(char **layers, const char *const *argv, gint64 wall_s);

/* Adds what serving and installing need: helper scripts (the first of `argv` is /srv/kiln/NAME), the
 * candidate tree under its host name, the base and the package's smoke test. */
void kiln_smoke_bind_repositories(const KilnSmokeJob *job, KilnSandboxRequest *request);

/* Adds the package's smoke test, what all share, and the directory it can write to. */
void kiln_smoke_bind_test(const KilnSmokeJob *job, KilnSandboxRequest *request);

/* Executes with the output in the file `log` of the package's logs, and explains a failure: `what`
 * says which step it is. */
gboolean kiln_smoke_execute(const KilnSmokeJob *job, KilnSandboxRequest *request, const char *what,
	const char *log, GError **error);

/* Believes a test that ended well only if what it printed agrees. */
gboolean kiln_smoke_check_output(
	const KilnSmokeJob *job, const char *log, guint *ret_checks, GError **error);

/* Keeps what the test left for the reader in the directory `name` of the logs. */
gboolean kiln_smoke_keep_files(const KilnSmokeJob *job, const char *name, GError **error);

/* Update and removal on a booted host: `previous` (may be NULL) to `nevras`, and away. */
gboolean kiln_smoke_host(const KilnSmokeJob *job, char *const *nevras, char *const *previous, GError **error);
