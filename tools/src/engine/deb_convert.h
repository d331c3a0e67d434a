/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes an RPM package of a Debian one: the same files, its relations and true capabilities in
 * rpm's terms. Maintainer scripts do not run and are not carried over; what they would have done
 * is data (format/import_conf). The result depends on the .deb and its recipe only.
 *
 * Left out on purpose: Recommends and Suggests (the base holds what was asked for and its hard
 * dependencies) and Replaces (it permits dpkg to overwrite files of an older split; within one
 * suite no two packages own a path, and rpm's Obsoletes would remove packages instead).
 */
#pragma once

#include "base/digest.h"
#include "format/import_conf.h"

#include <glib.h>

/* Reads import.conf and names.conf in `target_directory`; errors name it. */
KilnImportConf *kiln_deb_convert_read_conf(const char *target_directory, GError **error);

/* All borrowed. */
typedef struct {
	const char *deb_path;
	const char *sha256; /* of the .deb, as the signed package index states it */
	const char *key;    /* what kiln_deb_convert_key said */
	const KilnImportConf *conf;
	const char *setup_directory; /* trees of files to add: NAME/… for package NAME */
	const char *interpreter;     /* of kiln_bytecode_unpack; NULL: no byte code is made */
	const char *output_path;
} KilnDebConvert;

/* Converts one package. VERIFY when the .deb is not the one of `sha256`; CONFIG for a .deb or a
 * recipe that cannot be followed, or when the configuration has changed since `key` was made.
 * Replaces `output_path` atomically. */
gboolean kiln_deb_convert(const KilnDebConvert *options, GError **error);

/*
 * The identity of a conversion's result: a digest of the .deb's digest, the recipe of the package
 * `name`, its additional files and the version of the converter. Equal keys mean equal bytes. The
 * interpreter's own version is no part of it: byte code is the same throughout a Python 3.x.
 */
char *kiln_deb_convert_key(const KilnImportConf *conf, const char *setup_directory,
	const char *name, const char *sha256, GError **error);

/* Adds the converter's format and the tree `setup_directory` (if it exists) to `digest`. */
gboolean kiln_deb_convert_add_inputs(
	KilnDigest *digest, const char *setup_directory, GError **error);
