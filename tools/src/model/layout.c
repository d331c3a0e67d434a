/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/layout.h"

#include <string.h>

static const struct {
	const char *name, *specs, *sources;
} kinds[KILN_LAYOUT_KINDS] = {
	[KILN_LAYOUT_KILN] = {"kiln", "specs", ""},
	[KILN_LAYOUT_TOPDIR] = {"topdir", "SPECS", "SOURCES"},
	[KILN_LAYOUT_FLAT] = {"flat", ".", "SOURCES ."},
	[KILN_LAYOUT_DIST_GIT] = {"dist-git", ".", ". SOURCES"},
};

const char *kiln_layout_kind_name(KilnLayoutKind kind)
{
	return kinds[kind].name;
}

gboolean kiln_layout_kind_from_name(const char *name, KilnLayoutKind *ret_kind)
{
	for (guint i = 0; i < KILN_LAYOUT_KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0) {
			*ret_kind = i;
			return TRUE;
		}
	return FALSE;
}

KilnLayout *kiln_layout_new(KilnLayoutKind kind, const char *collection)
{
	KilnLayout *layout = g_new0(KilnLayout, 1);

	layout->kind = kind;
	layout->specs = g_strdup(kinds[kind].specs);
	layout->sources = g_strsplit(kinds[kind].sources, " ", -1);
	layout->locks = g_build_filename("repo-config/sources", collection, NULL);
	return layout;
}

void kiln_layout_free(KilnLayout *layout)
{
	if (!layout)
		return;
	g_free(layout->specs);
	g_strfreev(layout->sources);
	g_free(layout->locks);
	g_free(layout);
}

gboolean kiln_layout_shares_sources(const KilnLayout *layout)
{
	return layout->kind == KILN_LAYOUT_TOPDIR || layout->kind == KILN_LAYOUT_FLAT;
}

gboolean kiln_layout_is_path(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "/", -1);

	if (strcmp(text, ".") == 0)
		return TRUE;
	for (const char *c = text; *c; c++)
		if (g_ascii_iscntrl(*c))
			return FALSE;
	for (char **part = parts; *part; part++)
		if (!**part || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
			return FALSE;
	return *text != '\0';
}
