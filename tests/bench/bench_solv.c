/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_solv REPOSITORY REQUIREMENT…: median time of the first question to a repository (without
 * and with its cache) and of further ones in the same process; then what the plan of a collection
 * asks: PACKAGES repositories of one package file each, one question for each over what was
 * answered to the requirements, and what another build of one of them costs. */
#include "base/clock.h"
#include "base/digest.h"
#include "base/fs.h"
#include "lib/rpmwrite.h"
#include "lib/solv.h"

#include <stdio.h>

#define RUNS 21
#define PACKAGES 200
#define PRIORITY 10

static int compare_times(gconstpointer a, gconstpointer b)
{
	gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;

	return (left > right) - (left < right);
}

static void report(const char *what, gint64 *times)
{
	qsort(times, RUNS, sizeof *times, compare_times);
	printf("%-28s %7.2f ms (%.2f to %.2f)\n", what, (double)times[RUNS / 2] / 1e3,
		(double)times[0] / 1e3, (double)times[RUNS - 1] / 1e3);
}

static void stop_at(const GError *error)
{
	if (error != NULL)
		g_error("%s", error->message);
}

static KilnSolv *open_repository(const char *directory, const char *cache)
{
	const KilnSolvRepository repository = {.name = "base", .directory = directory};
	KilnSolv *solv = kiln_solv_new("x86_64", cache);
	GError *error = NULL;

	if (!kiln_solv_add_repository(solv, &repository, &error))
		g_error("%s", error->message);
	return solv;
}

/* Asks once and returns the microseconds it took. */
static gint64 ask(KilnSolv *solv, const char *const *requirements, guint *ret_count)
{
	const KilnSolvRequest request = {.requester = "bench", .requirements = requirements};
	gint64 start = kiln_clock_monotonic_us();
	GError *error = NULL;
	g_autoptr(KilnSolution) solution = kiln_solv_resolve(solv, &request, &error);
	gint64 end = kiln_clock_monotonic_us();

	if (solution == NULL)
		g_error("%s", error->message);
	*ret_count = kiln_solution_packages(solution)->len;
	return end - start;
}

/* --- a collection --- */

typedef struct {
	char *repositories[PACKAGES], *paths[2][PACKAGES], *digests[2][PACKAGES],
		*requirements[PACKAGES];
} Collection;

typedef struct {
	gint64 load[RUNS], ask[RUNS], replace[RUNS];
} PlanTimes;

static void write_package(Collection *collection, const char *directory, int build, int number)
{
	g_autofree char *name = g_strdup_printf("bench%03d", number);
	g_autofree char *release = g_strdup_printf("%d", build + 1);
	g_autofree char *path = g_strdup_printf("%s/%s-1-%s.noarch.rpm", directory, name, release);
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	const KilnRpmPackage package = {.name = name,
		.version = "1",
		.release = release,
		.arch = "noarch",
		.summary = name,
		.description = name,
		.license = "MIT",
		.group = "Unspecified",
		.url = "https://example.org/",
		.vendor = "bench",
		.packager = "bench",
		.source_rpm = "bench-1-1.src.rpm",
		.provides = none,
		.requires = none,
		.conflicts = none,
		.files = none};
	GError *error = NULL;

	kiln_rpm_write(&package, path, &error);
	stop_at(error);
	collection->digests[build][number] = kiln_digest_of_file(path, NULL, &error);
	stop_at(error);
	collection->paths[build][number] = g_steal_pointer(&path);
}

static Collection *make_collection(const char *directory)
{
	Collection *collection = g_new0(Collection, 1);

	for (int i = 0; i < PACKAGES; i++) {
		write_package(collection, directory, 0, i);
		write_package(collection, directory, 1, i);
		collection->repositories[i] = g_strdup_printf("built bench%03d", i);
		collection->requirements[i] =
			i == 0 ? g_strdup("bash") : g_strdup_printf("bench%03d", i - 1);
	}
	return collection;
}

static void free_collection(Collection *collection)
{
	for (int i = 0; i < PACKAGES; i++) {
		for (int build = 0; build < 2; build++) {
			g_free(collection->paths[build][i]);
			g_free(collection->digests[build][i]);
		}
		g_free(collection->repositories[i]);
		g_free(collection->requirements[i]);
	}
	g_free(collection);
}

static void set_build(KilnSolv *solv, const Collection *collection, int build, int number)
{
	const KilnSolvFile file = {.path = collection->paths[build][number],
		.sha256 = collection->digests[build][number]};
	GError *error = NULL;

	kiln_solv_set_packages(solv, collection->repositories[number], &file, 1, PRIORITY, &error);
	stop_at(error);
}

/* The question of package `number`, whose own packages take no part. */
static void ask_for(
	KilnSolv *solv, const Collection *collection, const KilnSolution *buildroot, int number)
{
	const char *requirements[] = {"gcc", "make", collection->requirements[number], NULL};
	const char *hidden[] = {collection->repositories[number], NULL};
	const KilnSolvRequest request = {.requester = "bench",
		.requirements = requirements,
		.installed = buildroot,
		.hidden = hidden};
	GError *error = NULL;
	g_autoptr(KilnSolution) solution = kiln_solv_resolve(solv, &request, &error);

	stop_at(error);
}

static void plan(const char *const *argv, const char *cache, const Collection *collection,
	PlanTimes *times, int run)
{
	gint64 start = kiln_clock_monotonic_us();
	g_autoptr(KilnSolv) solv = open_repository(argv[1], cache);
	const KilnSolvRequest request = {.requester = "buildroot", .requirements = argv + 2};
	GError *error = NULL;

	for (int i = 0; i < PACKAGES; i++)
		set_build(solv, collection, 0, i);
	g_autoptr(KilnSolution) buildroot = kiln_solv_resolve(solv, &request, &error);
	stop_at(error);
	gint64 loaded = kiln_clock_monotonic_us();
	for (int i = 0; i < PACKAGES; i++)
		ask_for(solv, collection, buildroot, i);
	gint64 asked = kiln_clock_monotonic_us();
	set_build(solv, collection, 1, PACKAGES / 2);
	ask_for(solv, collection, buildroot, PACKAGES / 2 + 1);
	times->load[run] = loaded - start;
	times->ask[run] = asked - loaded;
	times->replace[run] = kiln_clock_monotonic_us() - asked;
}

static void bench_plan(const char *const *argv, const char *cache)
{
	g_autofree char *directory = g_build_filename(cache, "packages", NULL);
	g_autofree PlanTimes *times = g_new0(PlanTimes, 1);
	GError *error = NULL;

	kiln_fs_make_directory(directory, &error);
	stop_at(error);
	Collection *collection = make_collection(directory);
	for (int i = 0; i < RUNS; i++)
		plan(argv, cache, collection, times, i);
	free_collection(collection);
	printf("a plan of %d packages\n", PACKAGES);
	report("all repositories, buildroot", times->load);
	report("a question for each", times->ask);
	report("one replaced, one asked", times->replace);
}

int main(int argc, char **argv)
{
	const char *const *requirements = (const char *const *)argv + 2;
	gint64 cold[RUNS], cached[RUNS], again[RUNS];
	GError *error = NULL;
	guint count = 0;

	if (argc < 3) {
		fputs("usage: bench_solv REPOSITORY REQUIREMENT...\n", stderr);
		return 2;
	}
	g_autofree char *prefix = g_build_filename(g_get_tmp_dir(), "kiln-bench", NULL);
	g_autofree char *cache = kiln_fs_make_temporary(prefix, &error);
	if (cache == NULL)
		g_error("%s", error->message);
	for (int i = 0; i < RUNS; i++) {
		g_autoptr(KilnSolv) fresh = open_repository(argv[1], NULL);
		cold[i] = ask(fresh, requirements, &count);
		g_autoptr(KilnSolv) solv = open_repository(argv[1], cache);
		cached[i] = ask(solv, requirements, &count);
		again[i] = ask(solv, requirements, &count);
	}
	printf("%u packages, medians of %d\n", count, RUNS);
	report("from metadata", cold);
	report("from the cache", cached);
	report("again, same process", again);
	bench_plan((const char *const *)argv, cache);
	return kiln_fs_remove_tree(cache, &error) ? 0 : 1;
}
