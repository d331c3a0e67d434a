/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tree looks like: the part of engine/adopt.h that only reads names. */
#include "engine/adopt.h"

#include "base/error.h"
#include "base/fs.h"

static const char *const specs_names[] = {"SPECS", "Specs", "specs"};
static const char *const sources_names[] = {"SOURCES", "Sources", "sources"};

/* Whether spec files lie directly in `directory`. */
static gboolean has_specs(const char *directory)
{
	g_auto(GStrv) names = kiln_fs_list(directory, NULL);

	for (char **name = names; name && *name; name++) {
		g_autofree char *path = g_build_filename(directory, *name, NULL);

		if (**name != '.' && g_str_has_suffix(*name, ".spec") &&
			g_file_test(path, G_FILE_TEST_IS_REGULAR))
			return TRUE;
	}
	return FALSE;
}

/* Whether it is the directory of one package. */
static gboolean is_package(const char *directory)
{
	g_autofree char *below = g_build_filename(directory, "SPECS", NULL);

	return has_specs(directory) || has_specs(below);
}

/* The directories in `directory` for which `holds` holds, by name. Caller owns. */
static char **choose_directories(const char *directory, gboolean (*holds)(const char *path))
{
	g_auto(GStrv) names = kiln_fs_list(directory, NULL);
	GPtrArray *chosen = g_ptr_array_new();

	for (char **name = names; name && *name; name++) {
		g_autofree char *path = g_build_filename(directory, *name, NULL);

		if (**name != '.' && g_file_test(path, G_FILE_TEST_IS_DIR) && holds(path))
			g_ptr_array_add(chosen, g_strdup(*name));
	}
	g_ptr_array_add(chosen, NULL);
	return (char **)g_ptr_array_free(chosen, FALSE);
}

static gboolean has_packages(const char *directory)
{
	g_auto(GStrv) names = choose_directories(directory, is_package);

	return names[0] != NULL;
}

char **kiln_adopt_list_collections(const char *root)
{
	g_autofree char *path = g_build_filename(root, "specs", NULL);

	return choose_directories(path, has_packages);
}

/* The first of three spellings that is a directory of `root`, or NULL. Borrowed. */
static const char *find_named(const char *root, const char *const *names)
{
	for (gsize i = 0; i < G_N_ELEMENTS(specs_names); i++) {
		g_autofree char *path = g_build_filename(root, names[i], NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			return names[i];
	}
	return NULL;
}

static void set_specs(KilnLayout *layout, const char *specs)
{
	g_free(layout->specs);
	layout->specs = g_strdup(specs);
}

static void set_sources(KilnLayout *layout, const char *first, const char *second)
{
	const char *list[] = {first ? first : second, first ? second : NULL, NULL};

	if (!list[0])
		return;
	g_strfreev(layout->sources);
	layout->sources = g_strdupv((char **)list);
}

static gboolean find_topdir(const char *root, KilnLayout *layout)
{
	const char *specs = find_named(root, specs_names);
	g_autofree char *path = specs ? g_build_filename(root, specs, NULL) : NULL;

	if (!specs || !has_specs(path))
		return FALSE;
	set_specs(layout, specs);
	set_sources(layout, find_named(root, sources_names), NULL);
	return TRUE;
}

static gboolean find_flat(const char *root, KilnLayout *layout)
{
	set_sources(layout, find_named(root, sources_names), ".");
	return has_specs(root);
}

static gboolean find_dist_git(const char *root, KilnLayout *layout)
{
	g_auto(GStrv) directories = NULL;

	if (has_packages(root))
		return TRUE;
	directories = choose_directories(root, has_packages);
	if (!directories[0] || directories[1])
		return FALSE;
	set_specs(layout, directories[0]);
	return TRUE;
}

/* specs/COLLECTION/PACKAGE/PACKAGE.spec */
static gboolean find_own(const char *root, KilnLayout *layout)
{
	g_auto(GStrv) names = kiln_adopt_list_collections(root);

	(void)layout;
	return names[0] != NULL;
}

static gboolean (*const finders[KILN_LAYOUT_KINDS])(const char *root, KilnLayout *layout) = {
	[KILN_LAYOUT_KILN] = find_own,
	[KILN_LAYOUT_TOPDIR] = find_topdir,
	[KILN_LAYOUT_FLAT] = find_flat,
	[KILN_LAYOUT_DIST_GIT] = find_dist_git,
};

static KilnLayout *find(const char *root, KilnLayoutKind kind, const char *collection)
{
	g_autoptr(KilnLayout) layout = kiln_layout_new(kind, collection);

	return finders[kind](root, layout) ? g_steal_pointer(&layout) : NULL;
}

static KilnLayout *set_nothing_found(const char *root, const char *where, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
		"\"%s\" has no specs%s; for a project that begins empty say --layout kiln", root, where);
	return NULL;
}

/* Nothing, or more than one layout has room for. */
static KilnLayout *set_not_found(const char *root, GError **error)
{
	g_auto(GStrv) directories = choose_directories(root, has_packages);
	g_autofree char *list = g_strjoinv(", ", directories);

	if (!directories[0])
		return set_nothing_found(root, "", error);
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"\"%s\" has packages in several directories (%s); run kiln init in one of them", root, list);
	return NULL;
}

static KilnLayout *find_kind(const char *root, KilnLayoutKind kind, const char *collection, GError **error)
{
	static const char *const places[KILN_LAYOUT_KINDS] = {
		[KILN_LAYOUT_TOPDIR] = " in SPECS/",
		[KILN_LAYOUT_FLAT] = " side by side",
		[KILN_LAYOUT_DIST_GIT] = " in directories of their own",
	};
	KilnLayout *layout = find(root, kind, collection);

	if (layout)
		return layout;
	return kind == KILN_LAYOUT_KILN ? kiln_layout_new(kind, collection)
					: set_nothing_found(root, places[kind], error);
}

KilnLayout *kiln_adopt_find_layout(
	const char *root, const KilnLayoutKind *kind, const char *collection, GError **error)
{
	g_autoptr(KilnLayout) topdir = NULL, flat = NULL;
	KilnLayout *layout;

	if (kind)
		return find_kind(root, *kind, collection, error);
	topdir = find(root, KILN_LAYOUT_TOPDIR, collection);
	flat = find(root, KILN_LAYOUT_FLAT, collection);
	if (topdir && flat) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s\" has specs in \"%s\" and beside it; say --layout topdir or --layout flat", root,
			topdir->specs);
		return NULL;
	}
	if (topdir || flat)
		return topdir ? g_steal_pointer(&topdir) : g_steal_pointer(&flat);
	layout = find(root, KILN_LAYOUT_KILN, collection);
	if (!layout)
		layout = find(root, KILN_LAYOUT_DIST_GIT, collection);
	return layout ? layout : set_not_found(root, error);
}
