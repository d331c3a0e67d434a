/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Package files for the librpm users of this layer, and for nobody else: opens them without rpm's
 * configuration, macros or database, and turns rpm's log into error text. The only header here
 * that names a librpm type, by forward declaration.
 */
#pragma once

#include <glib.h>

struct headerToken_s;

/* Makes librpm usable in this process without rpm's configuration files: its crypto is
 * initialised and its log kept off the terminal, unless the program has installed a log callback
 * of its own. Cheap to repeat, safe from any thread. */
void kiln_rpmfile_setup(void);

/* What rpm logged in this thread since the last take, as one line; "" for nothing. Caller owns. */
char *kiln_rpmfile_take_log(void);

/* Reads the header of the package `path`, with the signature tags merged into it. Nothing is
 * verified. The caller releases it with headerFree. Codes NOT_FOUND, SYSTEM, and VERIFY for no
 * package. */
struct headerToken_s *kiln_rpmfile_read_header(const char *path, GError **error);
