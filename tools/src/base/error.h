/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error codes of Kiln. Each is also the exit status of the command that ends with it,
 * so scripts and callers branch on codes, never on text.
 *
 * Message form: one line, "what was being done to which object: what is wrong with it",
 * objects in double quotes, no "failed to", no "error:", then "; next step" where there is one.
 */
#pragma once

#include <glib.h>

#define KILN_ERROR (kiln_error_quark())

typedef enum {
	KILN_ERROR_FAILED = 1,     /* anything that no other code describes */
	KILN_ERROR_USAGE = 2,      /* unknown command, option or argument */
	KILN_ERROR_CONFIG = 3,     /* the project's own files are wrong: configuration, spec, lock */
	KILN_ERROR_NOT_FOUND = 4,  /* a named object does not exist */
	KILN_ERROR_NETWORK = 5,    /* no origin delivered */
	KILN_ERROR_VERIFY = 6,     /* digest, signature or identity differs from what was promised */
	KILN_ERROR_UNSOLVABLE = 7, /* dependencies cannot be satisfied */
	KILN_ERROR_BUILD = 8,      /* a package build or a smoke test ended unsuccessfully */
	KILN_ERROR_BUSY = 9,       /* another Kiln holds what this one needs */
	KILN_ERROR_SYSTEM = 10,    /* the host: missing tool, full disk, permission, kernel feature */
} KilnErrorCode;

GQuark kiln_error_quark(void);

/* Sets `error` to "PREFIX: strerror(errno_value)" with code SYSTEM (ENOENT: NOT_FOUND). A full
 * disk (ENOSPC, EDQUOT) says so and names the next step. Always returns FALSE, for `return`. */
gboolean kiln_error_set_errno(GError **error, int errno_value, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The exit status for `error`: its code when the domain is KILN_ERROR, else 1. */
int kiln_error_exit_status(const GError *error);
