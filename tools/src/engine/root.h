/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client of kiln-root: the only way Kiln makes layers, runs programs in buildroots and removes
 * what they left. The helper dies with the thread that called it (base/child.h), and with it every
 * process and mount it made. Any number of threads may call at once; two requests with the same
 * `upper` are not meant to: the second is told BUSY.
 */
#pragma once

#include "model/sandbox.h"

/* The helper program `name` ("kiln-root"): in $KILN_LIBEXEC, else ../libexec/kiln beside this
 * program's directory. Code SYSTEM when it is not there. Caller owns. */
char *kiln_root_program(const char *name, GError **error);

/* Allows kiln-root to touch what lies below `directory` (it is told on its command line), which
 * must exist. Requests may name it as it is given here and as it is with links resolved. The
 * project's .kiln and the cache are to be allowed at start. */
gboolean kiln_root_allow(const char *directory, GError **error);

/*
 * Does `request` and waits. Output of the program goes to `output_fd` (-1: a request with
 * `terminal`, which gets the caller's). A program that fails or hits a limit is no error but told
 * in the report; so are the problems of a refused transaction (exit_status != 0). Errors: code
 * SYSTEM when the host cannot do it (not root, no overlayfs, full disk), VERIFY when a package is
 * not the one promised, USAGE when kiln-root refuses the request.
 */
gboolean kiln_root_execute(const KilnSandboxRequest *request, int output_fd,
	KilnSandboxReport *ret_report, GError **error);

/* Removes a directory that was the writable side of a root, whatever is in it; absent is success. */
gboolean kiln_root_remove(const char *directory, GError **error);
