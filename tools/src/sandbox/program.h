/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs in a sandbox: the request's program, kiln-spec, or a package transaction. */
#pragma once

#include "sandbox/inside.h"

/* What an init needs before it is executed: nothing of the caller's is left to it, neither streams (they
 * are /dev/null now) nor fds, session, signals or umask. */
gboolean kiln_program_prepare(GError **error);

/* In a fork of the first process: sets streams, session, personality; drops privileges; becomes the
 * program, or does the transaction. `slave` is the path of its terminal or NULL. */
void kiln_program_main(const KilnInside *inside, const char *slave) G_GNUC_NORETURN;
