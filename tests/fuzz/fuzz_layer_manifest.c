/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is accepted has a label, and a key where it has something below; what is not is told. */
#include "base/digest.h"
#include "base/error.h"
#include "format/layer_manifest.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnLayerManifest) manifest = kiln_layer_manifest_parse(text, "manifest.json", &error);

	if (!manifest) {
		g_assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY));
		return 0;
	}
	g_assert_nonnull(manifest->label);
	g_assert_true(!manifest->below || kiln_digest_is_valid(manifest->below));
	return 0;
}
