/* SPDX-License-Identifier: GPL-2.0-or-later */
/* manifest.json of a layer: what it is and what lies below it. Reading only; engine/layer writes it. No I/O. */
#pragma once

#include <glib.h>

typedef struct {
	char *label;   /* "trixie buildroot" */
	char *below;   /* key of the layer it stands on; NULL: none */
	guint64 bytes; /* on the disk; 0: not said */
} KilnLayerManifest;

void kiln_layer_manifest_free(KilnLayerManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnLayerManifest, kiln_layer_manifest_free)

/* `name` is the file's name for messages. Code VERIFY for what is none. Caller owns. */
KilnLayerManifest *kiln_layer_manifest_parse(const char *text, const char *name, GError **error);
