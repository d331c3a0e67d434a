/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request that parses is written back and parses to the same; one that does not is refused with
 * code USAGE. The same bytes as a report: parsed, or refused with the output untouched.
 */
#include "base/error.h"
#include "format/sandbox_request.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_report(const char *data, gsize size)
{
	g_auto(KilnSandboxReport) report = {.exit_status = 77};
	g_autoptr(GError) error = NULL;

	if (kiln_sandbox_report_parse(data, size, &report, &error)) {
		g_auto(KilnSandboxReport) again = {0};
		g_autofree char *text = kiln_sandbox_report_emit(&report, NULL);
		g_assert_true(kiln_sandbox_report_parse(text, strlen(text), &again, &error));
		g_assert_cmpint(report.exit_status, ==, again.exit_status);
		g_assert_cmpint(report.limit, ==, again.limit);
	} else {
		g_assert_true(error && error->domain == KILN_ERROR);
		g_assert_cmpint(report.exit_status, ==, 77);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(KilnSandboxRequest) request = NULL, again = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL, *second = NULL;

	check_report((const char *)data, size);
	request = kiln_sandbox_request_parse((const char *)data, size, &error);
	if (!request) {
		g_assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_USAGE));
		return 0;
	}
	text = kiln_sandbox_request_emit(request, &error);
	if (!text) {
		g_assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_USAGE));
		return 0;
	}
	again = kiln_sandbox_request_parse(text, strlen(text), &error);
	g_assert_no_error(error);
	second = kiln_sandbox_request_emit(again, &error);
	g_assert_cmpstr(text, ==, second);
	return 0;
}
