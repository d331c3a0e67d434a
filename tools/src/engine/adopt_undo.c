/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/adopt_undo.h"

#include "base/event.h"
#include "base/fs.h"

struct KilnAdoptUndo {
	char *config, *state;
	gboolean had_state;
	GHashTable *there; /* the paths that were in repo-config, itself included */
};

static gboolean is_directory(const char *path)
{
	return g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK);
}

static void note(GHashTable *there, const char *path)
{
	g_auto(GStrv) names = is_directory(path) ? kiln_fs_list(path, NULL) : NULL;

	if (g_file_test(path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
		g_hash_table_add(there, g_strdup(path));
	for (char **name = names; name && *name; name++) {
		g_autofree char *below = g_build_filename(path, *name, NULL);

		note(there, below);
	}
}

KilnAdoptUndo *kiln_adopt_undo_new(const char *root)
{
	KilnAdoptUndo *undo = g_new0(KilnAdoptUndo, 1);

	undo->config = g_build_filename(root, "repo-config", NULL);
	undo->state = g_build_filename(root, ".kiln", NULL);
	undo->had_state = g_file_test(undo->state, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK);
	undo->there = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	note(undo->there, undo->config);
	return undo;
}

void kiln_adopt_undo_free(KilnAdoptUndo *undo)
{
	if (!undo)
		return;
	g_free(undo->config);
	g_free(undo->state);
	g_hash_table_unref(undo->there);
	g_free(undo);
}

static void remove_tree(const char *path)
{
	g_autoptr(GError) error = NULL;

	if (!kiln_fs_remove_tree(path, &error))
		kiln_event_warning("init", "%s", error->message);
}

/* Goes into what was there, and removes the rest. */
static void remove_new(const KilnAdoptUndo *undo, const char *path)
{
	g_auto(GStrv) names = NULL;

	if (!g_hash_table_contains(undo->there, path)) {
		remove_tree(path);
		return;
	}
	names = is_directory(path) ? kiln_fs_list(path, NULL) : NULL;
	for (char **name = names; name && *name; name++) {
		g_autofree char *below = g_build_filename(path, *name, NULL);

		remove_new(undo, below);
	}
}

void kiln_adopt_undo_run(const KilnAdoptUndo *undo)
{
	remove_new(undo, undo->config);
	if (!undo->had_state)
		remove_tree(undo->state);
}
