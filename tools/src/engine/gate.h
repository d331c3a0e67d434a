/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate: what a compose must pass before a channel may point at it. Metadata and signatures were
 * verified while composing; here the target's clients must be able to read everything (its contract),
 * every package must be installable on the target's base, hosts with what is published must be able
 * to update (engine/check.h), and each package must really be installed, over HTTP, by the target's
 * own client, and pass its smoke test.
 */
#pragma once

#include "engine/compose.h"
#include "engine/publish.h"

/* Runs all checks. Code VERIFY: what breaks the contract, all of it; UNSOLVABLE: what hosts could not use, all of it; BUILD: a smoke test fails, and the message
 * names the package, the check and the log. */
gboolean kiln_gate_run(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error);
