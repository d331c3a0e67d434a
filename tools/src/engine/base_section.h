/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The repositories a target's .repo file names for its base, as they are to be fetched: variables replaced, places
 * told apart, and what would be ignored silently refused. Fetches nothing.
 */
#pragma once

#include "engine/project.h"

/* An enabled [section]. Lists end with NULL. */
typedef struct {
	char *id;
	char **urls;      /* of baseurl, each with a final slash; a local directory as file:///… */
	char *mirrorlist; /* URL, or NULL */
	char **keys;      /* URLs of gpgkey */
	gboolean checks_packages; /* gpgcheck */
	gboolean checks_index;    /* repo_gpgcheck */
	int priority;             /* of the solver: a higher one wins */
} KilnBaseSection;

/*
 * The sections in file order, as KilnBaseSection; caller owns. A baseurl is http, https or file, or a path, which is
 * relative to the project. Errors, code CONFIG, "FILE: [SECTION]: what": no enabled section, an unknown variable,
 * $releasever without the target's releasever, no gpgcheck said, a check without gpgkey, a key file that is not
 * pinned in target.conf, a setting that Kiln does not heed (metalink, exclude …).
 */
GPtrArray *kiln_base_sections_read(const KilnProject *project, const KilnTarget *target, GError **error);

/* A digest of all that decides what is fetched by them and whom is trusted. Caller owns. */
char *kiln_base_sections_digest(const GPtrArray *sections, const KilnTarget *target);

/* The last part of a URL's path. Borrowed from it. */
const char *kiln_base_section_file_name(const char *url);
