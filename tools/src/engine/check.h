/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks a compose, published or not, for what would become of hosts that use it: what their clients can read (the
 * contract of the target), whether each package installs on the target's base and beside the others, whether hosts
 * with the snapshot before can update, and what is replaced by accident. Installs nothing: the gate does.
 */
#pragma once

#include "engine/context.h"
#include "engine/contract.h"
#include "engine/finding.h"
#include "model/snapshot.h"

/* What to check. All borrowed. */
typedef struct {
	const char *directory; /* of the snapshot or candidate */
	const KilnSnapshot *snapshot;
	const char *previous_directory; /* NULL: nothing came before */
	const KilnSnapshot *previous;
	const char *channel_directory; /* what a channel offers beside: .repo file and key; NULL: none */
} KilnCheckSubject;

/* The target's contract, applied to every package, metadata file, key and .repo file. */
gboolean kiln_check_contract(
	const KilnContract *contract, const KilnCheckSubject *subject, GPtrArray *findings, GError **error);

/* That the files are those the metadata names, and the metadata that which was signed. */
gboolean kiln_check_integrity(const KilnCheckSubject *subject, GPtrArray *findings, GError **error);

/* Closure, exclusions, files, update and what is replaced, on the base of the context's target. */
gboolean kiln_check_dependencies(
	const KilnContext *context, const KilnCheckSubject *subject, GPtrArray *findings, GError **error);

/* That the channel in `channel_directory` offers what publishing would write for what it points at, and that no package
 * lies in the snapshot that is none of it. */
gboolean kiln_check_channel(
	const KilnContext *context, const KilnCheckSubject *subject, GPtrArray *findings, GError **error);

/* All of these. Where files are damaged, what cannot be checked for that reason is a finding. */
gboolean kiln_check_all(const KilnContext *context, const KilnContract *contract, const KilnCheckSubject *subject,
	GPtrArray *findings, GError **error);

/* Applies `contract` to whatever `path` is: a directory with repodata/, a package, a .repo file or a key file. What
 * cannot be read as what it should be is a finding; with `is_one_of_many` each says which path it is about. Code
 * NOT_FOUND when there is nothing there, VERIFY when it is none of these. */
gboolean kiln_check_path(const KilnContract *contract, const char *path, gboolean is_one_of_many, GPtrArray *findings,
	GError **error);
