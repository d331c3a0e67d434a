/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_solv REPOSITORY REQUIREMENT…: median time of the first question to a repository (without
 * and with its cache) and of further ones in the same process. */
#include "base/clock.h"
#include "base/fs.h"
#include "lib/solv.h"

#include <stdio.h>

#define RUNS 21

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
	return kiln_fs_remove_tree(cache, &error) ? 0 : 1;
}
