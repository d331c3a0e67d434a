/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/base.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/base_import.h"
#include "engine/base_siblings.h"

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

static void repository_free(KilnBaseRepository *repository)
{
	g_free(repository->name);
	g_free(repository->directory);
	g_free(repository);
}

void kiln_base_free(KilnBase *base)
{
	if (!base)
		return;
	g_free(base->directory);
	g_ptr_array_unref(base->repositories);
	kiln_lock_free(base->held);
	g_free(base);
}

static gboolean check_imported(const KilnTarget *target, const KilnBase *base, GError **error)
{
	g_autofree char *stamp = stamp_path(base->directory);

	if (g_file_test(stamp, G_FILE_TEST_EXISTS))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
		"target \"%s\" has no base at \"%s\"; run `kiln base import --target %s`", target->name,
		base->directory, target->name);
	return FALSE;
}

static void add_repository(KilnBase *base, const char *name, const char *directory, int priority)
{
	KilnBaseRepository *repository = g_new0(KilnBaseRepository, 1);

	repository->name = g_strdup(name);
	repository->directory = g_strdup(directory);
	repository->priority = priority;
	g_ptr_array_add(base->repositories, repository);
}

KilnBase *kiln_base_open(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autoptr(KilnBase) base = g_new0(KilnBase, 1);
	g_autofree char *lock = NULL;

	base->repositories = g_ptr_array_new_with_free_func((GDestroyNotify)repository_free);
	base->directory = kiln_base_directory(project, target, error);
	if (!base->directory)
		return NULL;
	if (!target->location && !check_imported(target, base, error))
		return NULL;
	lock = kiln_base_import_readers_lock(base->directory);
	if (!target->location && !(base->held = kiln_lock_share(lock, error)))
		return NULL;
	add_repository(base, target->name, base->directory, 0);
	return g_steal_pointer(&base);
}

gboolean kiln_base_add_to(const KilnBase *base, KilnSolv *solv, GError **error)
{
	for (guint i = 0; i < base->repositories->len; i++) {
		const KilnBaseRepository *repository = base->repositories->pdata[i];
		const KilnSolvRepository added = {.name = repository->name,
			.directory = repository->directory, .priority = repository->priority};
		if (!kiln_solv_add_repository(solv, &added, error))
			return FALSE;
	}
	return TRUE;
}

gboolean kiln_base_supply(const KilnBase *base, const GPtrArray *packages, GError **error)
{
	(void)base, (void)packages, (void)error;
	return TRUE;
}
