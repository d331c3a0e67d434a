/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshots of a collection and target that are published, whichever channels point at them. Reading only. */
#pragma once

#include "engine/project.h"
#include "model/snapshot.h"

typedef struct {
	char *directory; /* ROOT/COLLECTION/TARGET/snapshots/ID */
	KilnSnapshot *snapshot;
} KilnPublished;

void kiln_published_free(KilnPublished *published);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnPublished, kiln_published_free)

/* The one called `id`. NOT_FOUND lists those there are; VERIFY: it is damaged. Caller owns. */
KilnPublished *kiln_published_open(const KilnProject *project, const char *collection, const char *target,
	const char *id, GError **error);

/* The one that `channel` points at. NOT_FOUND: there is no such channel. Caller owns. */
KilnPublished *kiln_published_of_channel(const KilnProject *project, const char *collection, const char *target,
	const char *channel, GError **error);

/* Whether every package of `snapshot` in `directory` can be read; what it holds is not verified. */
gboolean kiln_published_is_readable(const char *directory, const KilnSnapshot *snapshot, GError **error);

/* The newest before `published`, NULL without an error when it is the first. One that is damaged is passed over,
 * with a warning. Caller owns. */
KilnPublished *kiln_published_before(
	const KilnProject *project, const KilnSnapshot *snapshot, GError **error);
