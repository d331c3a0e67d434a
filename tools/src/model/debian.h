/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How Debian's versions, relations and file names read in rpm's terms. Pure functions; the rules
 * come from deb-version(7), Debian Policy chapter 7, and rpm's dependency comparison, in which a
 * version without a release matches every release.
 */
#pragma once

#include <glib.h>

/* A version in rpm's parts. Clear with kiln_debian_version_clear. */
typedef struct {
	char *epoch; /* NULL: none */
	char *version;
	char *release; /* "0" for a native version, which has no revision */
	gboolean native;
} KilnDebianVersion;

void kiln_debian_version_clear(KilnDebianVersion *version);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnDebianVersion, kiln_debian_version_clear)

/* Splits "[epoch:]upstream[-revision]"; a '-' inside upstream becomes '.', as rpm forbids it.
 * CONFIG for text that deb-version(7) does not allow. */
gboolean kiln_debian_version_parse(
	const char *text, KilnDebianVersion *ret_version, GError **error);

/* "[epoch:]version-release" of `version`. Caller owns. */
char *kiln_debian_version_evr(const KilnDebianVersion *version);

/* "x86_64" for amd64, "noarch" for all; NULL for an architecture that is not imported. Static. */
const char *kiln_debian_architecture(const char *architecture);

/* "NAME-VERSION-RELEASE.ARCH.rpm" for a Debian package. Caller owns; NULL with CONFIG. */
char *kiln_debian_rpm_file_name(
	const char *name, const char *version, const char *architecture, GError **error);

typedef enum {
	KILN_DEBIAN_REQUIRE, /* Depends, Pre-Depends: "a | b" becomes the rich "(a or b)" */
	KILN_DEBIAN_PROVIDE, /* Provides */
	/* Conflicts, Breaks. Those with versions older than some are left out: they guard upgrades
	 * from earlier releases, of which a base holds none, and rpm would also apply them to
	 * whoever provides the name without a version, which Debian does not. */
	KILN_DEBIAN_CONFLICT,
} KilnDebianRelation;

/*
 * Appends the KilnCapability of each relation of a field's value to `list`. Architecture qualifiers
 * (":any") and restrictions ("[...]", "<...>") are left out. CONFIG for text that is no relation,
 * and for alternatives where Policy allows none; `list` is then as before.
 */
gboolean kiln_debian_relations_map(
	const char *value, KilnDebianRelation kind, GPtrArray *list, GError **error);

/* Where a path of a package lies once /bin, /sbin, /lib and /lib64 are links into /usr. Takes and
 * returns absolute paths; the aliases themselves stay. Caller owns. */
char *kiln_debian_merged_path(const char *path);
