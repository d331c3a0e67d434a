/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a binary RPM file (format version 4, unsigned) from a description, without rpmbuild: for
 * packages that come ready-made from elsewhere. The same description gives the same bytes.
 * Specs are built by rpmbuild in a buildroot, never here.
 */
#pragma once

#include <glib.h>

/* Bits of RPMFILE_* in rpm/rpmfiles.h. */
typedef enum {
	KILN_RPM_FILE_CONFIG = 1 << 0,
	KILN_RPM_FILE_DOC = 1 << 1,
	KILN_RPM_FILE_NOREPLACE = 1 << 4,
	KILN_RPM_FILE_LICENSE = 1 << 7,
} KilnRpmFileFlags;

typedef struct {
	char *path;  /* absolute */
	guint mode;  /* with the file type */
	guint flags; /* KilnRpmFileFlags */
	gint64 mtime;
	char *user, *group;
	char *link_target;  /* of a symbolic link, else NULL */
	char *hard_link;    /* the path of another file of the package that this is a link to */
	const guint8 *data; /* borrowed; of a hard link: NULL */
	gsize size;
	gboolean is_elf64;
} KilnRpmFile;

/* A file with everything but the path zero, owned by root. */
KilnRpmFile *kiln_rpm_file_new(const char *path);
void kiln_rpm_file_free(KilnRpmFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnRpmFile, kiln_rpm_file_free)

/* All borrowed. The lists hold KilnCapability and KilnRpmFile; `files` gets sorted. */
typedef struct {
	const char *name, *epoch, *version, *release, *arch; /* epoch NULL: none */
	const char *summary, *description, *license, *group, *url, *vendor, *packager;
	const char *source_rpm;
	gint64 build_time;
	GPtrArray *provides, *requires, *conflicts;
	GPtrArray *files;
} KilnRpmPackage;

/*
 * Writes `package` to `path`, atomically. rpmlib() requirements are added here. Code CONFIG for a
 * hard link to what the package lacks, two files of one path, or more than 4 GiB of content.
 */
gboolean kiln_rpm_write(const KilnRpmPackage *package, const char *path, GError **error);
