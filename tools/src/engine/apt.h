/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A private apt configuration: own lists, cache and an empty package status, for a suite of our
 * choice, fed by the Debian mirror, the keyring and the proxy settings that this machine's own apt
 * configuration names. Nothing of the machine's apt state is read beyond that or changed.
 */
#pragma once

#include <glib.h>

/*
 * Makes or refreshes the configuration in `apt_dir`/`suite` (absolute) and runs apt-get update when
 * its lists are older than an hour or made for other sources. `with_sources` also enables source
 * packages. Waits while another process does the same in the same directory. With usable older
 * lists an unreachable mirror is only a warning. Returns the path to give to apt in APT_CONFIG;
 * caller owns. Errors: SYSTEM apt is missing, CONFIG the machine's apt knows no Debian mirror,
 * NETWORK the mirror does not answer, VERIFY its index is not signed by a trusted key.
 */
char *kiln_apt_prepare(
	const char *apt_dir, const char *suite, gboolean with_sources, GError **error);

/* The environment for apt programs that are to use `config_path` (of kiln_apt_prepare): the default
 * one of base/process plus APT_CONFIG. Caller owns (g_strfreev). */
char **kiln_apt_environment(const char *config_path);

/* What an apt program complains about in its standard error: the first line, without apt's "E:"
 * mark. Caller owns. */
char *kiln_apt_complaint(const char *error_output);

/* The error code that apt's complaints stand for: SYSTEM for a full disk, VERIFY for what is not signed
 * or not what the index promises, else NETWORK. */
int kiln_apt_error_code(const char *error_output);
