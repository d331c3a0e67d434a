/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/smoke_base.h"

#include "base/error.h"
#include "base/fs.h"
#include "format/snapshot_json.h"
#include "lib/repomd.h"

#include <string.h>

#define SNAPSHOT_MAX_BYTES (64 * 1024 * 1024)
#define REQUIRES_MAX_BYTES (64 * 1024)
#define CANDIDATE "candidate"
#define PREVIOUS "previous"

struct KilnSmokeBase {
	KilnContext *context;
	KilnSolv *solv;   /* NULL: the base is offered as it is */
	GMutex solving;
	KilnSolution *roots[2]; /* the clean root, the client's */
};

static gboolean add_snapshot(KilnSolv *solv, const char *name, const KilnSnapshot *snapshot, const char *directory,
	GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) files = g_array_new(FALSE, FALSE, sizeof(KilnSolvFile));

	for (guint i = 0; i < snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = snapshot->packages->pdata[i];
		KilnSolvFile file = {.path = g_build_filename(directory, package->file, NULL)};
		g_ptr_array_add(paths, (gpointer)file.path);
		if (package->part == KILN_PART_MAIN)
			g_array_append_val(files, file);
	}
	return kiln_solv_set_packages(solv, name, (const KilnSolvFile *)files->data, files->len, 0, error);
}

static gboolean add_previous(KilnSolv *solv, const char *directory, GError **error)
{
	g_autofree char *path = directory ? g_build_filename(directory, "snapshot.json", NULL) : NULL;
	g_autofree char *text = path ? kiln_fs_read(path, SNAPSHOT_MAX_BYTES, NULL, error) : NULL;
	g_autoptr(KilnSnapshot) snapshot = text ? kiln_snapshot_parse(text, path, error) : NULL;

	return !directory || (snapshot && add_snapshot(solv, PREVIOUS, snapshot, directory, error));
}

static KilnSolution *solve_root(KilnSmokeBase *base, char **packages, GError **error)
{
	static const char *const ours[] = {CANDIDATE, PREVIOUS, NULL};
	const KilnSolvRequest request = {.requester = "a smoke test's root",
		.requirements = (const char *const *)packages,
		.hidden = ours};

	return kiln_solv_resolve(base->solv, &request, error);
}

static gboolean open_solver(KilnSmokeBase *base, const KilnCompose *compose, const char *previous, GError **error)
{
	const KilnContext *context = base->context;
	g_autofree char *cache = g_build_filename(context->project->cache, "solv", NULL);

	base->solv = kiln_solv_new(context->target->architecture, cache);
	return kiln_base_add_to(context->base, base->solv, error) &&
		add_snapshot(base->solv, CANDIDATE, compose->snapshot, compose->directory, error) &&
		add_previous(base->solv, previous, error) &&
		(base->roots[0] = solve_root(base, context->target->minimal, error)) &&
		(base->roots[1] = solve_root(base, context->target->client, error));
}

KilnSmokeBase *kiln_smoke_base_open(
	KilnContext *context, const KilnCompose *compose, const char *previous, GError **error)
{
	KilnSmokeBase *base = g_new0(KilnSmokeBase, 1);

	g_mutex_init(&base->solving);
	base->context = context;
	if (!context->base->supply || open_solver(base, compose, previous, error))
		return base;
	kiln_smoke_base_free(base);
	return NULL;
}

void kiln_smoke_base_free(KilnSmokeBase *base)
{
	if (!base)
		return;
	g_mutex_clear(&base->solving);
	g_clear_pointer(&base->solv, kiln_solv_free);
	for (gsize i = 0; i < G_N_ELEMENTS(base->roots); i++)
		g_clear_pointer(&base->roots[i], kiln_solution_free);
	g_free(base);
}

static void add_versions(GPtrArray *requirements, char *const *nevras)
{
	for (; nevras && *nevras; nevras++) {
		g_auto(KilnNevra) nevra = {0};
		g_autofree char *evr = NULL;
		if (!kiln_nevra_parse(*nevras, &nevra, NULL))
			continue;
		evr = kiln_nevra_format_evr(&nevra);
		g_ptr_array_add(requirements, g_strdup_printf("%s = %s", nevra.name, evr));
	}
}

static void add_required(GPtrArray *requirements, const char *smoke_directory)
{
	g_autofree char *path = g_build_filename(smoke_directory, "requires", NULL);
	g_autofree char *text = kiln_fs_read(path, REQUIRES_MAX_BYTES, NULL, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (char **line = lines; *line; line++)
		if (*g_strstrip(*line) && **line != '#')
			g_ptr_array_add(requirements, g_strdup(*line));
}

static gboolean is_of_base(const KilnSolvPackage *package)
{
	return !g_str_equal(package->repository, CANDIDATE) && !g_str_equal(package->repository, PREVIOUS);
}

/* Packages of the base, each once. */
typedef struct {
	GPtrArray *packages; /* KilnSolvPackage, borrowed from the solutions */
	GHashTable *paths;   /* theirs */
	GPtrArray *solutions;
} Needed;

static void needed_init(Needed *needed)
{
	needed->packages = g_ptr_array_new();
	needed->paths = g_hash_table_new(g_str_hash, g_str_equal);
	needed->solutions = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_solution_free);
}

static void needed_clear(Needed *needed)
{
	g_ptr_array_unref(needed->packages);
	g_hash_table_unref(needed->paths);
	g_ptr_array_unref(needed->solutions);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Needed, needed_clear)

static void add_solution(Needed *needed, KilnSolution *solution)
{
	const GPtrArray *packages = kiln_solution_packages(solution);

	g_ptr_array_add(needed->solutions, solution);
	for (guint i = 0; i < packages->len; i++) {
		KilnSolvPackage *package = packages->pdata[i];
		if (is_of_base(package) && g_hash_table_add(needed->paths, package->path))
			g_ptr_array_add(needed->packages, package);
	}
}

/* Adds what `nevras` and the test need on top of each root. */
static void add_needed(const KilnSmokeJob *job, char *const *nevras, Needed *needed)
{
	KilnSmokeBase *base = job->smoke->base;
	g_autoptr(GPtrArray) requirements = g_ptr_array_new_with_free_func(g_free);

	add_versions(requirements, nevras);
	add_required(requirements, job->package->smoke_directory);
	g_ptr_array_add(requirements, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(base->roots); i++) {
		const KilnSolvRequest request = {.requester = job->package->name,
			.requirements = (const char *const *)requirements->pdata,
			.installed = base->roots[i]};
		KilnSolution *solution = kiln_solv_resolve(base->solv, &request, NULL);
		if (solution)
			add_solution(needed, solution);
	}
}

static gboolean write_repository(const GPtrArray *packages, const char *directory, GError **error)
{
	g_autofree KilnRepomdPackage *listed = g_new0(KilnRepomdPackage, packages->len + 1);
	g_autoptr(GPtrArray) locations = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *place = g_build_filename(directory, "Packages", NULL);
	KilnRepomdOptions options = {
		.directory = directory, .packages = listed, .package_count = packages->len, .timestamp = 1};

	if (!kiln_fs_make_directory(place, error))
		return FALSE;
	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = packages->pdata[i];
		g_autofree char *file = kiln_nevra_format_file_name(&package->nevra);
		char *location = g_build_filename("Packages", file, NULL);
		g_autofree char *path = g_build_filename(directory, location, NULL);
		g_ptr_array_add(locations, location);
		listed[i] = (KilnRepomdPackage){.location = location, .path = package->path};
		if (!kiln_fs_link_or_copy(package->path, path, error))
			return FALSE;
	}
	return kiln_repomd_write(&options, error);
}

char *kiln_smoke_base_offer(const KilnSmokeJob *job, char *const *nevras, char *const *previous, GError **error)
{
	KilnSmokeBase *base = job->smoke->base;
	g_auto(Needed) needed;
	g_autofree char *directory = g_build_filename(job->work, "base", NULL);

	needed_init(&needed);
	if (!base->solv)
		return g_strdup(base->context->base->directory);
	g_mutex_lock(&base->solving);
	add_needed(job, nevras, &needed);
	if (previous)
		add_needed(job, previous, &needed);
	g_mutex_unlock(&base->solving);
	if (!kiln_base_supply(base->context->base, needed.packages, error) ||
		!write_repository(needed.packages, directory, error))
		return NULL;
	return g_steal_pointer(&directory);
}
