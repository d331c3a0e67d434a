/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever a file of a package holds, what is offered for it is a well-formed capability. */
#include "format/capability_scan.h"
#include "model/capability.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const GPtrArray *list, const char *prefix)
{
	for (guint i = 0; i < list->len; i++) {
		const KilnCapability *capability = list->pdata[i];
		g_assert_true(g_str_has_prefix(capability->name, prefix));
		g_assert_true(g_str_has_suffix(capability->name, ")"));
		g_assert_null(strpbrk(capability->name, " \t\r\n"));
		g_assert_null(strpbrk(capability->evr, " \t\r\n-"));
		g_assert_true(
			(capability->sense == KILN_SENSE_EQUAL) == (*capability->evr != '\0'));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GPtrArray) pkgconfig = kiln_capability_list_new();
	g_autoptr(GPtrArray) python = kiln_capability_list_new();
	g_autoptr(GPtrArray) perl = kiln_capability_list_new();

	kiln_scan_pkgconfig("module", text, pkgconfig);
	kiln_scan_python_metadata(text, "3.13", python);
	kiln_scan_perl_module(text, perl);
	check(pkgconfig, "pkgconfig(module)");
	check(python, "python3");
	check(perl, "perl(");
	g_assert_cmpuint(pkgconfig->len, <=, 1);
	g_assert_true(python->len == 0 || python->len == 2);
	return 0;
}
