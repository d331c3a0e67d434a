/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gpg-agent that lives as long as its user: for lib/gpg. GnuPG would start one by itself that
 * nobody ends. This one is bound to a process that ends when its connection to Kiln closes, which
 * the kernel does even after kill -9; gpg-agent looks for that every few seconds.
 */
#pragma once

#include <glib.h>

typedef struct KilnGpgAgent KilnGpgAgent;

/* Serves the GnuPG home `home`. When the user's own agent does so already, that one is left to
 * it, with the passphrases it holds. Code SYSTEM when neither works. */
KilnGpgAgent *kiln_gpg_agent_start(const char *home, GError **error);

/* Ends the agent if start made it. */
void kiln_gpg_agent_free(KilnGpgAgent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnGpgAgent, kiln_gpg_agent_free)
