/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What parses is emitted as text that parses to the same; relation fields never harm their list. */
#include "base/error.h"
#include "format/deb_control.h"
#include "model/capability.h"
#include "model/debian.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const GPtrArray *first, const GPtrArray *second)
{
	g_assert_cmpuint(first->len, ==, second->len);
	for (guint i = 0; i < first->len; i++) {
		g_assert_cmpuint(kiln_deb_control_size(first->pdata[i]), ==,
			kiln_deb_control_size(second->pdata[i]));
		for (guint j = 0; j < kiln_deb_control_size(first->pdata[i]); j++) {
			const char *name = kiln_deb_control_field(first->pdata[i], j);
			g_assert_cmpstr(name, ==, kiln_deb_control_field(second->pdata[i], j));
			g_assert_cmpstr(kiln_deb_control_get(first->pdata[i], name), ==,
				kiln_deb_control_get(second->pdata[i], name));
		}
	}
}

static void check_relations(const char *value, KilnDebianRelation kind)
{
	g_autoptr(GPtrArray) list = kiln_capability_list_new();
	g_autoptr(GError) error = NULL;

	kiln_capability_add(list, "before", KILN_SENSE_ANY, NULL);
	if (!kiln_debian_relations_map(value, kind, list, &error)) {
		g_assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
		g_assert_cmpuint(list->len, ==, 1);
		return;
	}
	for (guint i = 0; i < list->len; i++) {
		const KilnCapability *capability = list->pdata[i];
		g_assert_true(*capability->name);
		g_assert_true((capability->sense == KILN_SENSE_ANY) == (*capability->evr == '\0'));
		g_assert_null(strpbrk(capability->evr, " \t\n()"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) paragraphs = kiln_deb_control_parse((const char *)data, size, &error);
	g_autoptr(GPtrArray) again = NULL;
	g_autofree char *text = NULL;

	if (!paragraphs) {
		g_assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
		return 0;
	}
	text = kiln_deb_control_emit(paragraphs);
	again = kiln_deb_control_parse(text, strlen(text), &error);
	g_assert_no_error(error);
	check_same(paragraphs, again);
	for (guint i = 0; i < paragraphs->len; i++) {
		for (guint j = 0; j < kiln_deb_control_size(paragraphs->pdata[i]); j++) {
			const char *name = kiln_deb_control_field(paragraphs->pdata[i], j);
			const char *value = kiln_deb_control_get(paragraphs->pdata[i], name);
			check_relations(value, KILN_DEBIAN_REQUIRE);
			check_relations(value, KILN_DEBIAN_PROVIDE);
			check_relations(value, KILN_DEBIAN_CONFLICT);
		}
	}
	return 0;
}
