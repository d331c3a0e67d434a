/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/base.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/base_import.h"
#include "engine/base_mirror.h"
#include "engine/base_siblings.h"

#include <fcntl.h>
#include <sys/stat.h>

#define STAMP_MAX_BYTES 4096
#define DIGITS_IN_NAME 12

static char *stamp_path(const char *base_directory)
{
	return g_build_filename(base_directory, KILN_BASE_STAMP, NULL);
}

static gboolean is_mirrored(const KilnTarget *target)
{
	return target->repositories != NULL;
}

/* What the base is imported from, as a digest. `ret_sections` are those of a .repo file, NULL for another kind. */
static char *read_digest(
	const KilnProject *project, const KilnTarget *target, GPtrArray **ret_sections, GError **error)
{
	g_autofree char *directory = kiln_project_target_directory(project, target);
	g_autoptr(GPtrArray) sections = NULL;
	char *digest;

	*ret_sections = NULL;
	if (!is_mirrored(target))
		return kiln_base_import_digest(directory, error);
	sections = kiln_base_sections_read(project, target, error);
	if (!sections)
		return NULL;
	digest = kiln_base_sections_digest(sections, target);
	*ret_sections = g_steal_pointer(&sections);
	return digest;
}

static char *directory_of(const KilnProject *project, const KilnTarget *target, const char *digest)
{
	g_autofree char *name = g_strdup_printf("%s-%.*s", target->name, DIGITS_IN_NAME, digest);

	return g_build_filename(project->cache, "bases", name, NULL);
}

char *kiln_base_directory(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autoptr(GPtrArray) sections = NULL;
	g_autofree char *digest = read_digest(project, target, &sections, error);

	return digest ? directory_of(project, target, digest) : NULL;
}

static gboolean convert(
	const KilnProject *project, const KilnTarget *target, const char *output, GError **error)
{
	g_autofree char *directory = kiln_project_target_directory(project, target);
	g_autofree char *apt = g_build_filename(project->cache, "apt", NULL);
	KilnBaseImport options = {.target_directory = directory,
		.output_directory = output,
		.apt_directory = apt,
		.suite = target->suite,
		.helper_directory = project->helper_directory};
	KilnBaseImportResult result = {0};
	gint64 start = kiln_clock_monotonic_us();

	if (!kiln_base_import(&options, &result, error))
		return FALSE;
	kiln_event_done("base", kiln_clock_monotonic_us() - start,
		"%s: %u packages, %u of them converted now, %u kept, %u dropped", target->name, result.packages,
		result.converted, result.kept, result.removed);
	return TRUE;
}

static void tell_mirrored(const KilnTarget *target, const KilnBaseMirrorResult *result, gint64 elapsed_us)
{
	if (result->repositories == 1)
		kiln_event_done("base", elapsed_us, "%s: 1 repository, its metadata is %s", target->name,
			result->changed ? "new" : "as it was");
	else
		kiln_event_done("base", elapsed_us, "%s: %u repositories, metadata of %u is new", target->name,
			result->repositories, result->changed);
}

/* Superseded packages would stay for ever. While somebody reads the base they do; the next import goes on. */
static gboolean drop_packages(const GPtrArray *sections, const char *output, GError **error)
{
	g_autofree char *path = g_build_filename(output, KILN_BASE_READERS_LOCK, NULL);
	g_autoptr(GError) local = NULL;
	g_autoptr(KilnLock) alone = kiln_lock_take(path, "kiln base import", FALSE, &local);

	if (alone)
		return kiln_base_mirror_drop_packages(sections, output, error);
	if (g_error_matches(local, KILN_ERROR, KILN_ERROR_BUSY))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local));
	return FALSE;
}

static gboolean mirror(const KilnProject *project, const KilnTarget *target, const GPtrArray *sections,
	const char *output, GError **error)
{
	static const char *const locks[] = {KILN_BASE_IMPORT_LOCK, KILN_BASE_READERS_LOCK, NULL};
	g_autofree char *lock_path = g_build_filename(output, KILN_BASE_IMPORT_LOCK, NULL);
	g_autoptr(KilnLock) lock = kiln_lock_take(lock_path, "kiln base import", TRUE, error);
	g_auto(GStrv) siblings = lock ? kiln_base_siblings(output, error) : NULL;
	KilnBaseMirrorResult result = {0};
	gint64 start = kiln_clock_monotonic_us();

	if (!siblings || !kiln_base_mirror(project, target, sections, output, &result, error) ||
		(result.changed > 0 && !drop_packages(sections, output, error)) ||
		!kiln_base_siblings_prune(siblings, KILN_BASE_STAMP, locks, error))
		return FALSE;
	tell_mirrored(target, &result, kiln_clock_monotonic_us() - start);
	return TRUE;
}

/* The first mirror that does not answer is not all there is to know. */
void kiln_base_add_next_step(const KilnTarget *target, GError **error)
{
	GError *fault = error ? *error : NULL;
	char *message;

	if (!g_error_matches(fault, KILN_ERROR, KILN_ERROR_NETWORK) || !target->repositories)
		return;
	message = g_strdup_printf("%s; `kiln target check %s` tells all that is missing", fault->message, target->name);
	g_free(fault->message);
	fault->message = message;
}

gboolean kiln_base_refresh(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autoptr(GPtrArray) sections = NULL;
	g_autofree char *digest = read_digest(project, target, &sections, error);
	g_autofree char *output = digest ? directory_of(project, target, digest) : NULL;
	g_autofree char *stamp = output ? stamp_path(output) : NULL;
	g_autoptr(GError) fault = NULL;
	gboolean imported;

	if (!output)
		return FALSE;
	imported = sections ? mirror(project, target, sections, output, &fault)
			    : convert(project, target, output, &fault);
	if (imported && kiln_fs_replace_text(stamp, digest, &fault))
		return TRUE;
	g_propagate_prefixed_error(
		error, g_steal_pointer(&fault), "importing the base of \"%s\": ", target->name);
	return FALSE;
}

gboolean kiln_base_ensure(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autoptr(GPtrArray) sections = NULL;
	g_autofree char *digest = read_digest(project, target, &sections, error);
	g_autofree char *output = digest ? directory_of(project, target, digest) : NULL;
	g_autofree char *stamp = output ? stamp_path(output) : NULL;
	g_autofree char *known = stamp ? kiln_fs_read(stamp, STAMP_MAX_BYTES, NULL, NULL) : NULL;

	if (!output)
		return FALSE;
	if (known && g_str_equal(known, digest)) {
		/* Bases that nobody uses go in time. */
		utimensat(AT_FDCWD, stamp, NULL, 0);
		return TRUE;
	}
	kiln_event_info("base", "%s: importing it from %s", target->name,
		sections ? "its repositories' mirrors, once for this .repo file"
			 : "the Debian archive, once for these lists");
	if (kiln_base_refresh(project, target, error))
		return TRUE;
	kiln_base_add_next_step(target, error);
	return FALSE;
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
	kiln_base_supply_free(base->supply);
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

static void add_sections(KilnBase *base, const char *target, const GPtrArray *sections)
{
	for (guint i = 0; i < sections->len; i++) {
		const KilnBaseSection *section = sections->pdata[i];
		g_autofree char *name = g_strdup_printf("%s/%s", target, section->id);
		g_autofree char *directory = g_build_filename(base->directory, section->id, NULL);
		add_repository(base, name, directory, section->priority);
	}
}

KilnBase *kiln_base_open(const KilnProject *project, const KilnTarget *target, GError **error)
{
	g_autoptr(KilnBase) base = g_new0(KilnBase, 1);
	g_autoptr(GPtrArray) sections = NULL;
	g_autofree char *digest = read_digest(project, target, &sections, error);
	g_autofree char *lock = NULL;

	base->repositories = g_ptr_array_new_with_free_func((GDestroyNotify)repository_free);
	if (!digest)
		return NULL;
	base->directory = directory_of(project, target, digest);
	if (!check_imported(target, base, error))
		return NULL;
	lock = g_build_filename(base->directory, KILN_BASE_READERS_LOCK, NULL);
	base->held = kiln_lock_share(lock, error);
	if (!base->held)
		return NULL;
	if (!sections) {
		add_repository(base, target->name, base->directory, 0);
		return g_steal_pointer(&base);
	}
	add_sections(base, target->name, sections);
	base->supply = kiln_base_supply_new(project, target, g_steal_pointer(&sections), base->directory);
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
	return !base->supply || kiln_base_supply_bring(base->supply, packages, error);
}
