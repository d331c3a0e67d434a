/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an .rpm file says about itself, as plain values: librpm's types stay in rpmheader.c.
 * Nothing is verified here (lib/rpmverify does that): do not trust a file because it can be read.
 * Reads neither rpm's configuration nor its database, so the host cannot influence the answer.
 */
#pragma once

#include <glib.h>

/* One file of the package. `flags` are RPMFILE_* bits: 1 config, 2 doc, 16 noreplace, 64 ghost … */
typedef struct {
	char *path;
	char *user, *group;
	char *digest; /* hex by the package's file digest algorithm, "" for what has none */
	char *link;   /* target of a symbolic link, else "" */
	guint64 size;
	gint64 mtime;
	guint32 mode; /* as st_mode */
	guint32 flags;
} KilnRpmFile;

typedef struct {
	gint64 time;
	char *author; /* "Name <mail> - version-release", as written in the spec */
	char *text;
} KilnRpmChange;

/* One signature of the package, as it names itself. */
typedef struct {
	char *key_id;		/* the last 16 hex digits of the fingerprint, lower case */
	char *public_algorithm; /* "RSA", "DSA", "EdDSA" … */
	char *digest_algorithm; /* "SHA256", "SHA512", "SHA1" … */
	gint64 created;
	gboolean covers_payload; /* header and payload; FALSE: the header only */
} KilnRpmSignature;

/* A scriptlet or trigger. */
typedef struct {
	char *name;    /* "%post", "%trigger", "%filetrigger", "%transfiletrigger" … */
	char *program; /* "/bin/sh", "<lua>" */
	gboolean has_text; /* FALSE: the program is run without a script */
	gboolean is_file_trigger;
} KilnRpmScriptlet;

typedef struct {
	char *name, *version, *release, *arch;
	guint32 epoch; /* 0 when the package has none */
	char *nevra;   /* "name-[epoch:]version-release.arch", arch "src" for a source package */
	gboolean is_source;
	char *summary, *description, *license, *url, *group, *vendor, *packager;
	char *build_host, *source_rpm; /* source_rpm: "" in a source package */
	char *payload_compressor; /* "gzip", "xz", "zstd", "bzip2", "lzma", "" when uncompressed */
	char *file_digest_algorithm; /* "sha256", "md5" …, "unknown-99" */
	gboolean has_payload_digest; /* in the header, so that a signature of the header covers the payload */
	guint64 installed_size;
	gint64 build_time;
	/* Dependencies as rpm prints them: "name", "name >= 1:2-3"; in header order,
	 * NULL-terminated. */
	char **provides, **requires, **conflicts, **obsoletes;
	char **recommends, **suggests, **supplements, **enhances;
	/* Those of the above that rpmbuild found in the files, where the rest was written in the
	 * spec or follows from its name and version; NULL-terminated. */
	char **generated_provides, **generated_requires;
	GPtrArray *files;      /* KilnRpmFile */
	GPtrArray *changes;    /* KilnRpmChange, newest first */
	GPtrArray *scriptlets; /* KilnRpmScriptlet */
	GPtrArray *signatures; /* KilnRpmSignature; empty: unsigned */
} KilnRpmHeader;

/* Reads the header of the package file `path`. Code NOT_FOUND when there is no such file, VERIFY
 * when it is not a well-formed package. */
KilnRpmHeader *kiln_rpmheader_read(const char *path, GError **error);

void kiln_rpmheader_free(KilnRpmHeader *header);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnRpmHeader, kiln_rpmheader_free)
