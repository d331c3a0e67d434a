/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capabilities of an imported package that its Debian control file does not state: what rpm's
 * dependency generators would have found in its files, and the names its recipe adds. Second half
 * of engine/deb_convert.
 */
#pragma once

#include "format/import_conf.h"
#include "lib/rpmwrite.h"

/*
 * Extends the lists of `package`, whose identity and files are set: its own name, also with dashes,
 * those of its recipe in `conf`, sonames, pkgconfig(), python3dist(), perl(), user() and group() of the
 * account files, and for a core package its programs below /bin and /sbin, too. Requires gets
 * user() and group() of owners other than root.
 */
void kiln_deb_provides_add(KilnRpmPackage *package, const KilnImportConf *conf, gboolean is_core);

/* The name that Enterprise Linux gives a Python library whose Debian name has dots, such as
 * python3-oslo.config; NULL for all other packages. */
char *kiln_deb_provides_dashed(const char *name);
