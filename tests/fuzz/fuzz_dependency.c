/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What parses is written back and parses to the same; what does not leaves the output untouched. */
#include "base/error.h"
#include "model/dependency.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(const KilnDependency *dependency, const GError *error)
{
	static const KilnDependency untouched = {0};

	g_assert_true(memcmp(dependency, &untouched, sizeof untouched) == 0);
	g_assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(KilnDependency) dependency = {0};
	g_auto(KilnDependency) again = {0};
	g_autoptr(GError) error = NULL;

	if (!kiln_dependency_parse(text, &dependency, &error)) {
		check_refusal(&dependency, error);
		return 0;
	}
	g_assert_true((dependency.flags == KILN_DEPENDENCY_ANY) == (dependency.evr == NULL));
	g_autofree char *written = kiln_dependency_format(&dependency);
	g_assert_true(kiln_dependency_parse(written, &again, &error));
	g_assert_true(strcmp(dependency.name, again.name) == 0);
	g_assert_true(dependency.flags == again.flags);
	g_assert_true(g_strcmp0(dependency.evr, again.evr) == 0);
	return 0;
}
