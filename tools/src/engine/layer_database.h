/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The package database of a root's own rpm, for targets whose rpm is too old for, or just other than, what the
 * host's librpm writes ([rpm] database = own). It lies in a layer of its own above the packages; the host's stays
 * beside it, and each rpm sees its own. A build can ask `rpm -q` what is there, which mock cannot offer.
 */
#pragma once

#include "model/sandbox.h"
#include "model/solution.h"

/* A run in which the rpm of the stack `trees` enters the packages of `solution`, which the topmost of them has, into
 * its database, as seen from a layer that becomes DIRECTORY/tree. Caller owns. */
KilnSandboxRequest *kiln_layer_database_request(
	char **trees, const KilnSolution *solution, const char *directory, GError **error);

/* After such a run: what it needed is removed, what it made is put on disk. */
gboolean kiln_layer_database_finish(const char *directory, GError **error);

/* Why such a run failed, from its log. FALSE, code UNSOLVABLE. */
gboolean kiln_layer_database_refuse(const char *label, const char *log_path, GError **error);
