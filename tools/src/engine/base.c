/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/base.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/base_import.h"

#define STAMP_MAX_BYTES 4096

static char *stamp_path(const char *base_directory)
{
	return g_build_filename(base_directory, "imported-from", NULL);
}

static void tell(const KilnTarget *target, const KilnBaseImportResult *result, gint64 elapsed_us)
{
	kiln_event_done("base", elapsed_us, "%s: %u packages, %u of them converted now, %u kept, %u dropped",
		target->name, result->packages, result->converted, result->kept, result->removed);
}

gboolean kiln_base_refresh(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autofree char *directory = kiln_project_target_directory(project, target);
	g_autofree char *output = kiln_project_base_directory(project, target);
	g_autofree char *apt = g_build_filename(project->cache, "apt", NULL);
	g_autofree char *stamp = stamp_path(output);
	g_autofree char *digest = NULL;
	KilnBaseImport options = {.target_directory = directory,
		.output_directory = output,
		.apt_directory = apt,
		.suite = target->suite,
		.helper_directory = project->helper_directory};
	KilnBaseImportResult result = {0};
	gint64 start = kiln_clock_monotonic_us();

	if (target->location) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"target \"%s\": its base is the repository \"%s\", nothing is to be imported",
			target->name, output);
		return FALSE;
	}
	digest = kiln_base_import_digest(directory, error);
	if (!digest || !kiln_base_import(&options, &result, error) ||
		!kiln_fs_replace_text(stamp, digest, error)) {
		g_prefix_error(error, "importing the base of \"%s\": ", target->name);
		return FALSE;
	}
	tell(target, &result, kiln_clock_monotonic_us() - start);
	return TRUE;
}

gboolean kiln_base_ensure(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autofree char *directory = kiln_project_target_directory(project, target);
	g_autofree char *output = kiln_project_base_directory(project, target);
	g_autofree char *stamp = stamp_path(output);
	g_autofree char *known = NULL, *digest = NULL;

	if (target->location)
		return TRUE;
	digest = kiln_base_import_digest(directory, error);
	if (!digest)
		return FALSE;
	known = kiln_fs_read(stamp, STAMP_MAX_BYTES, NULL, NULL);
	if (known && g_str_equal(known, digest))
		return TRUE;
	kiln_event_info("base", "%s: %s", target->name,
		known ? "what it is made from changed, importing again"
		      : "importing it from the Debian archive, once");
	return kiln_base_refresh(project, target, error);
}

KilnLock *kiln_base_hold(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autofree char *output = kiln_project_base_directory(project, target);
	g_autofree char *path = kiln_base_import_readers_lock(output);

	return kiln_lock_share(path, error);
}
