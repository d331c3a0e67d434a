/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What parses is written back and parses to the same; what does not leaves the output untouched. */
#include "base/error.h"
#include "model/nevra.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(const KilnNevra *nevra, const GError *error)
{
	static const KilnNevra untouched = {0};

	g_assert_true(memcmp(nevra, &untouched, sizeof untouched) == 0);
	g_assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(KilnNevra) nevra = {0};
	g_auto(KilnNevra) again = {0};
	g_autoptr(GError) error = NULL;

	if (!kiln_nevra_parse(text, &nevra, &error)) {
		check_refusal(&nevra, error);
		return 0;
	}
	g_autofree char *written = kiln_nevra_format(&nevra);
	g_autofree char *file_name = kiln_nevra_format_file_name(&nevra);
	g_assert_true(kiln_nevra_parse(written, &again, &error));
	g_assert_true(kiln_nevra_compare(&nevra, &again) == 0);
	kiln_nevra_clear(&again);
	g_assert_true(kiln_nevra_parse(file_name, &again, &error));
	again.epoch = nevra.epoch;
	g_assert_true(kiln_nevra_compare(&nevra, &again) == 0);
	return 0;
}
