/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The variables of .repo files: what yum and dnf put for $releasever, $basearch and $arch on a host. */
#pragma once

#include <glib.h>

/* What $basearch is on hosts whose packages are of `architecture` (rpm's name): "i386" for i686. Of one that is not
 * known, it is the same name. Borrowed from the table or the argument. */
const char *kiln_basearch(const char *architecture);

/* `text` with each $NAME and ${NAME} replaced (yum knows the first form only), for a host whose $releasever is
 * `releasever` (may be NULL). Code CONFIG for $releasever where it is NULL and for any other variable: nobody here
 * knows what it is there. A "$" before anything but a name stands for itself. Caller owns. */
char *kiln_repo_expand(const char *text, const char *releasever, const char *architecture, GError **error);
