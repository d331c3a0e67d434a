/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds many short texts in a long one in a single pass. */
#pragma once

#include <glib.h>

typedef struct KilnCauseScan KilnCauseScan;

/* Prepares to look for `texts` (char *, each of at least two bytes). */
KilnCauseScan *kiln_cause_scan_new(const GPtrArray *texts);
void kiln_cause_scan_free(KilnCauseScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnCauseScan, kiln_cause_scan_free)

/* Where each text stands in the `size` bytes of `log`: for each a GArray of guint32, ascending. Any thread. Caller
 * owns. */
GPtrArray *kiln_cause_scan_run(const KilnCauseScan *scan, const char *log, gsize size);
