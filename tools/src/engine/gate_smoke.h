/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the gate that installs and runs: the smoke tests of all packages of a compose, side by side. */
#pragma once

#include "engine/compose.h"

/* Runs every package's tests to the end (engine/smoke.h). Code BUILD when any fails; the message has each. */
gboolean kiln_gate_smoke(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error);
