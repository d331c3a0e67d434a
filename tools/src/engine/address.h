/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses of a .repo file against what is published. Clients put the release and architecture of their host
 * into $releasever and $basearch; for a target that says what they are there, the channel's mirrorlists lie where
 * those addresses lead, and nowhere for hosts of another release.
 */
#pragma once

#include "engine/context.h"

/* What stands in a .repo file between the channel and "mirrorlist": "$releasever/$basearch/", or "" for a target
 * without releasever. */
const char *kiln_address_variables(const KilnTarget *target);

/* Directories of a channel that hold its mirrorlists, relative to it: "" and, with a releasever, "6/x86_64".
 * NULL-terminated; caller owns. */
char **kiln_address_directories(const KilnTarget *target);

/* Whether the addresses of `repo_text` that lead to the published tree are answered by what lies in `repository`
 * (COLLECTION/TARGET of it): mirrorlists and keys as files, base URLs as directories with metadata. Code CONFIG names
 * address and file. What is served elsewhere cannot be seen from here and is passed over. `repository` NULL: by what
 * publishing writes, before there is any of it. `files`: the channel's files other than mirrorlists, ends with NULL. */
gboolean kiln_address_check(const KilnContext *context, const char *repo_text, const char *repository,
	const char *const *files, GError **error);
