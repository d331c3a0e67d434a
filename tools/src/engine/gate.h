/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate: what a compose must pass before a channel may point at it. Metadata and signatures were
 * verified while composing; here every package must be installable on the target's base, and must
 * really be installed, over HTTP, by the target's own client, and pass its smoke test.
 */
#pragma once

#include "engine/compose.h"
#include "engine/publish.h"

/* Runs all checks. Code BUILD when a check fails; the message names the package, the check and the log. */
gboolean kiln_gate_run(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error);
