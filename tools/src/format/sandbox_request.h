/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON that kiln and kiln-root exchange: one request object in, one report object out. Parsing
 * is strict, as between strangers: unknown keys, wrong types and oversized values are refused.
 * What a path may be is not judged here but by sandbox/check.h.
 */
#pragma once

#include "model/sandbox.h"

#define KILN_SANDBOX_REQUEST_MAX_BYTES (16 * 1024 * 1024)

/* One line of JSON. Code USAGE when a text is not UTF-8. Caller owns. */
char *kiln_sandbox_request_emit(const KilnSandboxRequest *request, GError **error);

/* Code USAGE for anything but a well-formed request; the message names the key. */
KilnSandboxRequest *kiln_sandbox_request_parse(const char *json, gsize size, GError **error);

/* The answer of kiln-root: a report, or the error that kept it from its work. Caller owns. */
char *kiln_sandbox_report_emit(const KilnSandboxReport *report, const GError *failure);

/* Sets `ret_report` and returns TRUE for a report; sets `error` and returns FALSE for a failure
 * told by kiln-root and for anything malformed (code FAILED). */
gboolean kiln_sandbox_report_parse(
	const char *json, gsize size, KilnSandboxReport *ret_report, GError **error);
