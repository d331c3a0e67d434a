/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/base.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/base_import.h"

#include <fcntl.h>
#include <sys/stat.h>

#define STAMP_MAX_BYTES 4096
#define DIGITS_IN_NAME 12

static char *stamp_path(const char *base_directory)
{
	return g_build_filename(base_directory, KILN_BASE_STAMP, NULL);
}

/* `ret_digest` is what the base is imported from; NULL for a base that is not. */
static char *find_base(
	const KilnProject *project, const KilnTarget *target, char **ret_digest, GError **error)
{
	g_autofree char *directory = kiln_project_target_directory(project, target);
	g_autofree char *digest = NULL, *name = NULL;

	if (target->location)
		return g_canonicalize_filename(target->location, project->root);
	digest = kiln_base_import_digest(directory, error);
	if (!digest)
		return NULL;
	name = g_strdup_printf("%s-%.*s", target->name, DIGITS_IN_NAME, digest);
	*ret_digest = g_steal_pointer(&digest);
	return g_build_filename(project->cache, "bases", name, NULL);
}

char *kiln_base_directory(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autofree char *digest = NULL;

	return find_base(project, target, &digest, error);
}

static void tell(const KilnTarget *target, const KilnBaseImportResult *result, gint64 elapsed_us)
{
	kiln_event_done("base", elapsed_us, "%s: %u packages, %u of them converted now, %u kept, %u dropped",
		target->name, result->packages, result->converted, result->kept, result->removed);
}

gboolean kiln_base_refresh(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autofree char *directory = kiln_project_target_directory(project, target);
	g_autofree char *apt = g_build_filename(project->cache, "apt", NULL);
	g_autofree char *digest = NULL;
	g_autofree char *output = find_base(project, target, &digest, error);
	g_autofree char *stamp = output ? stamp_path(output) : NULL;
	KilnBaseImport options = {.target_directory = directory,
		.output_directory = output,
		.apt_directory = apt,
		.suite = target->suite,
		.helper_directory = project->helper_directory};
	KilnBaseImportResult result = {0};
	gint64 start = kiln_clock_monotonic_us();

	if (!output)
		return FALSE;
	if (target->location) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"target \"%s\": its base is the repository \"%s\", nothing is to be imported",
			target->name, output);
		return FALSE;
	}
	if (!kiln_base_import(&options, &result, error) ||
		!kiln_fs_replace_text(stamp, digest, error)) {
		g_prefix_error(error, "importing the base of \"%s\": ", target->name);
		return FALSE;
	}
	tell(target, &result, kiln_clock_monotonic_us() - start);
	return TRUE;
}

gboolean kiln_base_ensure(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autofree char *digest = NULL;
	g_autofree char *output = find_base(project, target, &digest, error);
	g_autofree char *stamp = output ? stamp_path(output) : NULL;
	g_autofree char *known = NULL;

	if (!output || target->location)
		return output != NULL;
	known = kiln_fs_read(stamp, STAMP_MAX_BYTES, NULL, NULL);
	if (known && g_str_equal(known, digest)) {
		/* Bases that nobody uses go in time. */
		utimensat(AT_FDCWD, stamp, NULL, 0);
		return TRUE;
	}
	kiln_event_info("base", "%s: importing it from the Debian archive, once for these lists", target->name);
	return kiln_base_refresh(project, target, error);
}

KilnLock *kiln_base_hold(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autofree char *output = kiln_base_directory(project, target, error);
	g_autofree char *path = output ? kiln_base_import_readers_lock(output) : NULL;

	return path ? kiln_lock_share(path, error) : NULL;
}
