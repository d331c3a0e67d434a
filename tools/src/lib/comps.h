/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Package groups (comps.xml), read by libxml2 and judged as strictly as the strictest client: yum
 * ends with a traceback on a second <id> or a <display_order> that is no number, ignores a
 * <packagereq> of unknown type and strips no white space, so that a group is silently short of a
 * package. Writing them into metadata is lib/repomd's; whether the packages exist, the caller's.
 */
#pragma once

#include <glib.h>

/* A package that a group names. */
typedef struct {
	char *group;
	char *package;
	guint line;
} KilnCompsPackage;

/* The packages of all groups in file order, as KilnCompsPackage; caller owns. Code CONFIG with
 * FILE:LINE for what is not XML or not comps, a group without or with a second id or name, an id or
 * package twice, a category of a group that is not there, a value that is none, over 1 MiB. Nothing
 * outside of `text` is read: no external DTD, no entity. */
GPtrArray *kiln_comps_parse(const char *text, gsize size, const char *filename, GError **error);
