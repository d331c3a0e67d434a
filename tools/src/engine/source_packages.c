/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/source_packages.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/adopt.h"
#include "format/config.h"
#include "lib/rpmheader.h"
#include "lib/rpmunpack.h"

#include <string.h>

#define COLLECTION "source-packages"

gboolean kiln_source_packages_is_path(const char *argument)
{
	return g_str_has_suffix(argument, ".src.rpm") || g_str_has_suffix(argument, ".nosrc.rpm");
}

/* Files of targets change with Kiln: they are copied anew, while nobody is at work there. */
char *kiln_source_packages_project(const char *data, const char *target, GError **error)
{
	g_autofree char *root = g_build_filename(g_get_user_data_dir(), "kiln", COLLECTION, NULL);
	g_autofree char *lock_path = g_build_filename(root, ".kiln", "lock", NULL);
	g_autofree char *state = g_path_get_dirname(lock_path);
	g_autofree char *config = g_build_filename(root, "repo-config", NULL);
	const KilnAdoption adoption = {.root = root,
		.layout = kiln_layout_kind_name(KILN_LAYOUT_KILN),
		.target = target,
		.data = data};
	g_auto(KilnAdopted) adopted = {0};
	g_autoptr(KilnLock) lock = NULL;

	if (!kiln_fs_make_directory(state, error))
		return NULL;
	lock = kiln_lock_take(lock_path, "kiln build", FALSE, error);
	if (!lock || !kiln_fs_remove_tree(config, error) || !kiln_adopt_begin(&adoption, &adopted, error))
		return NULL;
	return g_steal_pointer(&root);
}

static char *package_name(const char *path, GError **error)
{
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(path, error);

	if (!header)
		return NULL;
	if (kiln_config_is_name(header->name))
		return g_strdup(header->name);
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\": its name \"%s\" is none", path, header->name);
	return NULL;
}

/* Where the set of packages is unpacked: another set is elsewhere, the same in the same place. */
static char *choose_directory(const KilnProject *project, const char *const *paths, GError **error)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();
	g_autofree char *hex = NULL;

	for (; *paths; paths++) {
		g_autofree char *sha256 = kiln_digest_of_file(*paths, NULL, error);

		if (!sha256)
			return NULL;
		kiln_digest_add(digest, "package", sha256);
	}
	hex = kiln_digest_finish(digest);
	hex[16] = '\0';
	return g_build_filename(project->state, COLLECTION, hex, NULL);
}

static gboolean unpack_one(const char *specs, const char *path, GError **error)
{
	g_autofree char *name = package_name(path, error);
	g_autofree char *directory = name ? g_build_filename(specs, name, NULL) : NULL;
	g_autofree char *spec = NULL;
	guint files = 0;

	if (!name)
		return FALSE;
	if (g_file_test(directory, G_FILE_TEST_EXISTS)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
			"two of the source packages are called \"%s\"; build one after the other", name);
		return FALSE;
	}
	if (!kiln_fs_make_directory(directory, error) ||
		!kiln_rpmunpack_source(path, directory, &spec, &files, error))
		return FALSE;
	kiln_event_info("unpack", "%s: %u files, each with the digest its package states", name, files);
	return TRUE;
}

/* A package's directory is called like the package: below `directory`/specs. */
static KilnCollection *make_collection(const KilnProject *project, const char *directory, GError **error)
{
	g_autoptr(KilnCollection) collection = g_new0(KilnCollection, 1);
	g_autofree char *targets = kiln_project_path(project, "repo-config", "targets", NULL);
	const char *relative = kiln_project_relative(project, directory);

	collection->name = g_strdup(COLLECTION);
	collection->description = g_strdup("Source packages from elsewhere");
	collection->is_passing = TRUE;
	collection->layout = kiln_layout_new(KILN_LAYOUT_DIST_GIT, COLLECTION);
	g_free(collection->layout->specs);
	g_free(collection->layout->locks);
	collection->layout->specs = g_build_filename(relative, "specs", NULL);
	collection->layout->locks = g_build_filename(relative, "locks", NULL);
	collection->targets = kiln_fs_list(targets, error);
	return collection->targets ? g_steal_pointer(&collection) : NULL;
}

KilnCollection *kiln_source_packages_unpack(
	const KilnProject *project, const char *const *paths, GError **error)
{
	g_autofree char *directory = choose_directory(project, paths, error);
	g_autofree char *specs = directory ? g_build_filename(directory, "specs", NULL) : NULL;
	g_autofree char *all = g_build_filename(project->state, COLLECTION, NULL);

	/* What earlier sets were unpacked to is of no use to anybody: results are elsewhere. */
	if (!directory || !kiln_fs_remove_tree(all, error))
		return NULL;
	for (; *paths; paths++)
		if (!unpack_one(specs, *paths, error))
			return NULL;
	return make_collection(project, directory, error);
}
