/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is published, as the published tree itself says: the channels of a collection and target. Reading only. */
#pragma once

#include "engine/project.h"
#include "model/snapshot.h"

typedef struct {
	char *name;             /* "stable" */
	KilnSnapshot *snapshot; /* what it points at; NULL: that is damaged */
	char *damage;           /* how; NULL: it is not */
} KilnChannel;

void kiln_channel_free(KilnChannel *channel);

/* The channels of `collection` for `target`, sorted by name, as KilnChannel; caller owns. */
GPtrArray *kiln_channel_list(
	const KilnProject *project, const char *collection, const char *target, GError **error);
