/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kiln-root's work on one request, from judging it to reporting how it went. */
#pragma once

#include "model/sandbox.h"

typedef struct {
	char **allowed;	     /* directories of the host that requests may name things below */
	const char *libexec; /* the directory of kiln-spec */
} KilnSandboxSettings;

/* Does `request`. FALSE: it was refused or the host cannot do it; else `ret_report` tells. */
gboolean kiln_sandbox_do(const KilnSandboxRequest *request, const KilnSandboxSettings *settings,
	KilnSandboxReport *ret_report, GError **error);
