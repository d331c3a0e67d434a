/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The digests of sources that dist-git keeps beside a spec, in any of the forms in use:
 *
 *     SHA512 (nova-2011.3.tar.gz) = <128 hexadecimal digits>      sources
 *     <32 hexadecimal digits>  nova-2011.3.tar.gz                 sources, until 2016
 *     <40 hexadecimal digits> SOURCES/nova-2011.3.tar.gz          .PACKAGE.metadata
 *
 * Text to values; no I/O.
 */
#pragma once

#include <glib.h>

typedef struct {
	char *name; /* of the file, without directory */
	GChecksumType type;
	char *hex; /* lower case, as long as the type wants */
	guint line;
} KilnDistGitDigest;

/* The digests in `text`, as KilnDistGitDigest. `*ret_strange_line` is the first line of another form, which is
 * passed over; 0: there is none. Caller owns. */
GPtrArray *kiln_dist_git_parse(const char *text, guint *ret_strange_line);

/* "MD5", "SHA512" … */
const char *kiln_dist_git_type_name(GChecksumType type);
