/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/base_siblings.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/lock.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IDLE_MAX_S (7 * 24 * 3600)

/* Of "NAME-DIGEST" what stands before the digest. Caller owns. */
static char *prefix_of(const char *name)
{
	const char *dash = strrchr(name, '-');

	return g_strndup(name, dash ? (gsize)(dash + 1 - name) : strlen(name));
}

/* Target names may have dashes: "el" is no sibling of "el-next". */
static gboolean is_sibling(const char *prefix, const char *name)
{
	const char *digest = name + strlen(prefix);

	return g_str_has_prefix(name, prefix) && *digest &&
		digest[strspn(digest, "0123456789abcdef")] == '\0';
}

char **kiln_base_siblings(const char *base_directory, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(base_directory);
	g_autofree char *self = g_path_get_basename(base_directory);
	g_autofree char *prefix = prefix_of(self);
	g_autoptr(GPtrArray) siblings = g_ptr_array_new();
	g_auto(GStrv) names = kiln_fs_list(parent, error);

	if (!names)
		return NULL;
	for (char **name = names; *name; name++)
		if (is_sibling(prefix, *name) && !g_str_equal(*name, self))
			g_ptr_array_add(siblings, g_build_filename(parent, *name, NULL));
	g_ptr_array_add(siblings, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&siblings), FALSE);
}

gboolean kiln_base_siblings_take(char *const *siblings, const char *location, const char *path)
{
	g_autofree char *directory = g_path_get_dirname(path);

	for (; *siblings; siblings++) {
		g_autofree char *source = g_build_filename(*siblings, location, NULL);
		if (g_file_test(source, G_FILE_TEST_IS_REGULAR) &&
			kiln_fs_make_directory(directory, NULL) && link(source, path) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean is_idle(const char *sibling, const char *stamp)
{
	g_autofree char *path = g_build_filename(sibling, stamp, NULL);
	struct stat status;

	/* Without a stamp its import was interrupted. */
	if (stat(path, &status) != 0 && stat(sibling, &status) != 0)
		return FALSE;
	return status.st_mtime < kiln_clock_now() - IDLE_MAX_S;
}

/* All of its locks, so that nobody is at work there; NULL when somebody is. */
static GPtrArray *take_locks(const char *sibling, const char *const *locks)
{
	g_autoptr(GPtrArray) taken = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_lock_free);

	for (; *locks; locks++) {
		g_autofree char *path = g_build_filename(sibling, *locks, NULL);
		KilnLock *lock = kiln_lock_take(path, "removing an unused base", FALSE, NULL);
		if (!lock)
			return NULL;
		g_ptr_array_add(taken, lock);
	}
	return g_steal_pointer(&taken);
}

gboolean kiln_base_siblings_prune(
	char *const *siblings, const char *stamp, const char *const *locks, GError **error)
{
	for (; *siblings; siblings++) {
		g_autoptr(GPtrArray) taken = NULL;
		if (!is_idle(*siblings, stamp) || !(taken = take_locks(*siblings, locks)) ||
			!is_idle(*siblings, stamp))
			continue;
		if (!kiln_fs_remove_tree(*siblings, error))
			return FALSE;
	}
	return TRUE;
}
