/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "format/layer_manifest.h"

#include <string.h>

#define KEY "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

static void test_reads(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnLayerManifest) full = kiln_layer_manifest_parse(
		"{\"key\": \"" KEY "\", \"bytes\": 4096, \"label\": \"trixie p\", \"below\": \"" KEY "\"}", "m", &error);
	g_autoptr(KilnLayerManifest) old =
		kiln_layer_manifest_parse("{\"label\": \"trixie\", \"below\": null, \"packages\": []}", "m", &error);

	(void)state;
	assert_no_error(error);
	assert_string_equal(full->label, "trixie p");
	assert_string_equal(full->below, KEY);
	assert_int_equal(full->bytes, 4096);
	assert_null(old->below);
	assert_int_equal(old->bytes, 0);
}

static void test_refuses(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "{}", "{\"label\": 1}", "{\"label\": \"x\", \"below\": \"short\"}"};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		assert_null(kiln_layer_manifest_parse(texts[i], "manifest.json", &error));
		assert_error(error, KILN_ERROR_VERIFY, "manifest.json");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
