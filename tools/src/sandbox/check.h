/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judgement of kiln-root on a request, as if its caller were hostile: pure code, nothing is
 * opened. That a path exists and lies where it seems to is made sure later, by sandbox/allowed.h.
 */
#pragma once

#include "model/sandbox.h"

/* TRUE for an absolute path without empty, "." or ".." components and of bearable length; "/" is
 * not one. */
gboolean kiln_sandbox_path_is_canonical(const char *path);

/* FALSE with code USAGE and a message that names the offending value. */
gboolean kiln_sandbox_check(const KilnSandboxRequest *request, GError **error);
