/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/solution.h"

#include <stdatomic.h>
#include <string.h>

/* Why a package is in. */
typedef struct {
	char *parent; /* NULL: the request */
	char *text;
} Reason;

struct KilnSolution {
	GPtrArray *packages; /* sorted; all three count their packages */
	GPtrArray *ordered;
	GPtrArray *installed;
	GHashTable *reasons; /* package name -> Reason */
	guint64 serial;
};

static guint64 next_serial(void)
{
	static _Atomic guint64 last;

	return atomic_fetch_add(&last, 1) + 1;
}

/* --- packages --- */

KilnSolvPackage *kiln_solv_package_new(void)
{
	return g_atomic_rc_box_new0(KilnSolvPackage);
}

static void clear_package(gpointer data)
{
	KilnSolvPackage *package = data;

	kiln_nevra_clear(&package->nevra);
	g_free(package->path);
	g_free(package->checksum_type);
	g_free(package->checksum);
	g_free(package->repository);
}

void kiln_solv_package_unref(KilnSolvPackage *package)
{
	g_atomic_rc_box_release_full(package, clear_package);
}

static GPtrArray *packages_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)kiln_solv_package_unref);
}

static int compare_packages(gconstpointer a, gconstpointer b)
{
	const KilnSolvPackage *left = *(const KilnSolvPackage *const *)a;
	const KilnSolvPackage *right = *(const KilnSolvPackage *const *)b;

	return kiln_nevra_compare(&left->nevra, &right->nevra);
}

/* Puts `package` into its place of the sorted `packages`. */
static void insert_sorted(GPtrArray *packages, KilnSolvPackage *package)
{
	guint low = 0, high = packages->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;
		if (compare_packages(&packages->pdata[middle], &package) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	g_ptr_array_insert(packages, (int)low, g_atomic_rc_box_acquire(package));
}

/* Fills `packages` with what the sorted `a` and `b` hold, sorted. */
static void merge(GPtrArray *packages, const GPtrArray *a, const GPtrArray *b)
{
	guint i = 0, j = 0;

	while (i < a->len || j < b->len) {
		gboolean first = j == b->len ||
				 (i < a->len && compare_packages(&a->pdata[i], &b->pdata[j]) <= 0);
		g_ptr_array_add(
			packages, g_atomic_rc_box_acquire(first ? a->pdata[i++] : b->pdata[j++]));
	}
}

/* --- solution --- */

static void free_reason(gpointer data)
{
	Reason *reason = data;

	g_free(reason->parent);
	g_free(reason->text);
	g_free(reason);
}

KilnSolution *kiln_solution_new(const KilnSolution *below)
{
	KilnSolution *solution = g_new0(KilnSolution, 1);

	solution->packages = packages_new();
	solution->ordered = packages_new();
	solution->installed = packages_new();
	solution->serial = next_serial();
	solution->reasons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_reason);
	if (below != NULL)
		merge(solution->installed, below->installed, below->packages);
	return solution;
}

void kiln_solution_free(KilnSolution *solution)
{
	g_ptr_array_unref(solution->packages);
	g_ptr_array_unref(solution->ordered);
	g_ptr_array_unref(solution->installed);
	g_hash_table_unref(solution->reasons);
	g_free(solution);
}

guint64 kiln_solution_serial(const KilnSolution *solution)
{
	return solution->serial;
}

void kiln_solution_add(KilnSolution *solution, KilnSolvPackage *package)
{
	solution->serial = next_serial();
	insert_sorted(solution->packages, package);
	g_ptr_array_add(solution->ordered, package);
}

void kiln_solution_add_reason(
	KilnSolution *solution, const char *name, const char *parent, const char *text)
{
	Reason *reason = g_new0(Reason, 1);

	reason->parent = g_strdup(parent);
	reason->text = g_strdup(text);
	g_hash_table_insert(solution->reasons, g_strdup(name), reason);
}

const GPtrArray *kiln_solution_packages(const KilnSolution *solution)
{
	return solution->packages;
}

const GPtrArray *kiln_solution_in_order(const KilnSolution *solution)
{
	return solution->ordered;
}

const GPtrArray *kiln_solution_installed(const KilnSolution *solution)
{
	return solution->installed;
}

/* The reason of the package `name`, NULL for none and for the request (NULL). */
static const Reason *find_reason(const KilnSolution *solution, const char *name)
{
	return name == NULL ? NULL : g_hash_table_lookup(solution->reasons, name);
}

char **kiln_solution_explain(const KilnSolution *solution, const char *name)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new();
	const Reason *reason = find_reason(solution, name);

	if (reason == NULL)
		return NULL;
	for (; reason != NULL; reason = find_reason(solution, reason->parent))
		g_ptr_array_insert(lines, 0, g_strdup(reason->text));
	g_ptr_array_add(lines, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&lines), FALSE);
}
