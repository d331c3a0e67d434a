/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Publishing: a compose that passed the gate becomes an immutable snapshot, then a channel points
 * at it. Nothing points at a snapshot that is not complete and on disk; a client follows the
 * mirrorlist, which names one snapshot and is replaced by one rename.
 *
 * ROOT/COLLECTION/TARGET/snapshots/ID/…  and  ROOT/COLLECTION/TARGET/CHANNEL/{mirrorlist,current,…}
 * For a target with a releasever also CHANNEL/RELEASEVER/BASEARCH/mirrorlist…, where its .repo file leads.
 */
#pragma once

#include "engine/compose.h"

/* The snapshot `channel` points at; `ret_snapshot` NULL when it points at none yet. VERIFY when what
 * it points at is damaged. */
gboolean kiln_publish_current(
	const KilnContext *context, const char *channel, KilnSnapshot **ret_snapshot, GError **error);

/* The metadata timestamp of the newest snapshot there is, 0 for none: clients refuse what is older than
 * what they have seen, whichever channel they saw it in and wherever the clock went since. */
gint64 kiln_publish_newest(const KilnContext *context);

/* Teaches a store that knows nothing of this collection and target (it may be new, after the old one
 * was lost) the packages of the snapshots that are there. */
gboolean kiln_publish_recall(const KilnContext *context, KilnStore *store, GError **error);

/* A file of a channel. */
typedef struct {
	char *name; /* relative to the channel's directory */
	char *text; /* NULL: not known */
} KilnPublishFile;

/* What a channel that points at the snapshot `id` offers beside its link, as KilnPublishFile: key, .repo file,
 * mirrorlists. Caller owns. */
GPtrArray *kiln_publish_files(const KilnContext *context, const KilnIdentity *identity, const char *id);

/* Whether the file is there and says what it should. */
gboolean kiln_publish_file_is_there(const KilnPublishFile *file, const char *channel_directory);

/* Writes the files of a channel (`.repo`, key, mirrorlists, link) below `repository` so that it
 * points at the snapshot `id`, and sees that the addresses of the .repo file are answered by them
 * (engine/address.h). The gate uses it for a candidate, publishing for the real one. */
gboolean kiln_publish_point(const KilnContext *context, const KilnIdentity *identity, const char *repository,
	const char *id, GError **error);

/* Whether the channel's snapshot is there as its manifest and metadata say (presence and sizes; digests
 * are the gate's), with what is wrong first in `ret_damage` (NULL: nothing; caller owns). The channel's
 * own files are written anew if they differ, which is told. */
gboolean kiln_publish_check(const KilnContext *context, const KilnIdentity *identity,
	const KilnSnapshot *current, char **ret_damage, GError **error);

/* Moves the compose to its snapshot directory, all of it on disk, records its packages and points
 * the project's channel at it. */
gboolean kiln_publish_run(KilnContext *context, const KilnIdentity *identity, KilnCompose *compose,
	KilnStore *store, GError **error);
