/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a binary .deb (libarchive): its control members and the whole payload, which is unpacked
 * once into an unlinked temporary file and mapped, so that every file can be looked at any number
 * of times without touching the file system. Knows nothing of what Debian means by them.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct {
	char *path;  /* absolute, no "." or "..", no slash at the end */
	mode_t mode; /* with the file type */
	char *user, *group;
	gint64 mtime;
	char *link_target;  /* of a symbolic link, else NULL */
	char *hard_link;    /* the path of the earlier entry that this is a link to, else NULL */
	const guint8 *data; /* of a regular file that is no hard link; borrowed from the KilnDeb */
	gsize size;
} KilnDebEntry;

typedef struct KilnDeb KilnDeb;

/* Opens and reads `path` completely. Code CONFIG for what is no .deb, has a path that leaves the
 * root, a device node, or more than 16 GiB or 500,000 entries. */
KilnDeb *kiln_deb_open(const char *path, GError **error);
void kiln_deb_free(KilnDeb *deb);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnDeb, kiln_deb_free)

/* The text of a control member ("control", "conffiles", …), or NULL. Borrowed. */
const char *kiln_deb_member(const KilnDeb *deb, const char *name);

/* KilnDebEntry, in payload order. Borrowed. */
const GPtrArray *kiln_deb_entries(const KilnDeb *deb);
