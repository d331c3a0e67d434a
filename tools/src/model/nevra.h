/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Name, epoch, version, release and architecture: the identity of a package. Written
 * "name-[epoch:]version-release.arch" (dnf's NEVRA; an epoch of 0 is left out), as a file
 * "name-version-release.arch.rpm". Says nothing about which version is newer: lib/rpmversion does.
 */
#pragma once

#include <glib.h>

/* All five are set; none holds '-' except name, none whitespace, control bytes or '/'. */
typedef struct {
	char *name;
	guint32 epoch;
	char *version;
	char *release;
	char *arch;
} KilnNevra;

/* Parses the written form; a last ".rpm" is taken off. Code CONFIG names the text and its fault. */
gboolean kiln_nevra_parse(const char *text, KilnNevra *ret_nevra, GError **error);

/* Copies deeply into an unset `ret_copy`. */
void kiln_nevra_copy(const KilnNevra *nevra, KilnNevra *ret_copy);

/* Frees the strings and zeroes the struct; a zeroed one may be cleared again. */
void kiln_nevra_clear(KilnNevra *nevra);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnNevra, kiln_nevra_clear)

/* "name-[epoch:]version-release.arch"; parses back to the same. Caller owns. */
char *kiln_nevra_format(const KilnNevra *nevra);

/* "[epoch:]version-release". Caller owns. */
char *kiln_nevra_format_evr(const KilnNevra *nevra);

/* "name-version-release.arch.rpm", the file name rpmbuild gives. Caller owns. */
char *kiln_nevra_format_file_name(const KilnNevra *nevra);

/* Orders by name and arch (bytes), epoch (number), version and release (bytes): for stable output
 * and for equality, not for "newer". Negative, 0 or positive. */
int kiln_nevra_compare(const KilnNevra *a, const KilnNevra *b);
