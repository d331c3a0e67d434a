/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What parses is written back as it was, and differs from nothing but itself in no input. */
#include "base/error.h"
#include "model/inputs.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnInputs) inputs = kiln_inputs_parse(text, "input", &error);
	g_autoptr(KilnInputs) none = kiln_inputs_new();

	if (!inputs) {
		g_assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY));
		return 0;
	}
	g_autofree char *again = kiln_inputs_emit(inputs);
	g_assert_cmpstr(again, ==, text);
	g_autoptr(GPtrArray) equal = kiln_inputs_compare(inputs, inputs);
	g_autoptr(GPtrArray) all = kiln_inputs_compare(none, inputs);
	g_assert_cmpuint(equal->len, ==, 0);
	g_assert_cmpuint(all->len, ==, kiln_inputs_count(inputs));
	return 0;
}
