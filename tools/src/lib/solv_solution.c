/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_solution.h"

#include <string.h>

#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/solver.h>

#include "lib/solv_source.h"

/* Why a package is in: the one that needs it (NULL: the request) and what it needs. */
typedef struct {
	char *parent;
	char *text;
} Step;

struct KilnSolution {
	GPtrArray *packages; /* of KilnSolvPackage, reference-counted boxes, like the next two */
	GPtrArray *ordered;
	GPtrArray *installed;
	GHashTable *steps; /* package name -> Step */
};

/* --- packages --- */

static void clear_package(gpointer data)
{
	KilnSolvPackage *package = data;

	kiln_nevra_clear(&package->nevra);
	g_free(package->path);
	g_free(package->checksum_type);
	g_free(package->checksum);
	g_free(package->repository);
}

static void release_package(gpointer package)
{
	g_rc_box_release_full(package, clear_package);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSolvPackage, release_package)

static int compare_packages(gconstpointer a, gconstpointer b)
{
	const KilnSolvPackage *left = *(const KilnSolvPackage *const *)a;
	const KilnSolvPackage *right = *(const KilnSolvPackage *const *)b;

	return kiln_nevra_compare(&left->nevra, &right->nevra);
}

static KilnSolvPackage *describe_package(Solvable *solvable, GError **error)
{
	Pool *pool = solvable->repo->pool;
	const KilnSolvSource *source = solvable->repo->appdata;
	g_autoptr(KilnSolvPackage) package = g_rc_box_new0(KilnSolvPackage);

	if (!kiln_nevra_parse(pool_solvable2str(pool, solvable), &package->nevra, error))
		return NULL;
	package->path = kiln_solv_source_package_path(source, solvable, error);
	if (package->path == NULL)
		return NULL;
	if (!kiln_solv_source_package_checksum(
		    source, solvable, &package->checksum_type, &package->checksum, error))
		return NULL;
	package->repository = g_strdup(source->name);
	package->installed_bytes = solvable_lookup_num(solvable, SOLVABLE_INSTALLSIZE, 0);
	package->file_bytes = solvable_lookup_num(solvable, SOLVABLE_DOWNLOADSIZE, 0);
	package->build_time = (gint64)solvable_lookup_num(solvable, SOLVABLE_BUILDTIME, 0);
	return g_steal_pointer(&package);
}

/* --- reasons --- */

static void free_step(gpointer data)
{
	Step *step = data;

	g_free(step->parent);
	g_free(step->text);
	g_free(step);
}

static const char *name_of(Pool *pool, Id id)
{
	return pool_id2str(pool, pool_id2solvable(pool, id)->name);
}

static Step *make_step(const KilnSolvAnswer *answer, Id parent, Id dependency)
{
	Pool *pool = answer->solver->pool;
	gboolean asked = pool_id2solvable(pool, parent)->repo == answer->asking;
	Step *step = g_new0(Step, 1);

	step->parent = asked ? NULL : g_strdup(name_of(pool, parent));
	step->text = g_strdup_printf("\"%s\" needs \"%s\"",
		asked ? answer->request->requester : name_of(pool, parent),
		pool_dep2str(pool, dependency));
	return step;
}

/* Reaches the chosen packages that provide what `parent` lists at `offset` and that have no step
 * yet. */
static void follow(KilnSolution *solution, const KilnSolvAnswer *answer, Id parent, Offset offset,
	Map *unexplained, Queue *reached)
{
	Pool *pool = answer->solver->pool;
	const Id *dependency = pool_id2solvable(pool, parent)->repo->idarraydata + offset;

	for (; offset != 0 && *dependency != 0; dependency++) {
		if (*dependency == SOLVABLE_PREREQMARKER)
			continue;
		for (const Id *p = pool_whatprovides_ptr(pool, *dependency); *p != 0; p++) {
			if (!MAPTST(unexplained, *p))
				continue;
			MAPCLR(unexplained, *p);
			queue_push(reached, *p);
			g_hash_table_insert(solution->steps, g_strdup(name_of(pool, *p)),
				make_step(answer, parent, *dependency));
		}
	}
}

/* Gives every chosen package the shortest chain of needs that leads to it. */
static void explain_all(KilnSolution *solution, const KilnSolvAnswer *answer, const Queue *chosen)
{
	Pool *pool = answer->solver->pool;
	Queue reached;
	Map unexplained;
	Id asking = 0;
	Solvable *package = NULL;

	queue_init(&reached);
	map_init(&unexplained, pool->nsolvables);
	for (int i = 0; i < chosen->count; i++)
		MAPSET(&unexplained, chosen->elements[i]);
	FOR_REPO_SOLVABLES (answer->asking, asking, package)
		queue_push(&reached, asking);
	for (int i = 0; i < reached.count; i++) {
		package = pool_id2solvable(pool, reached.elements[i]);
		follow(solution, answer, reached.elements[i], package->requires, &unexplained,
			&reached);
		if (answer->request->with_recommends)
			follow(solution, answer, reached.elements[i], package->recommends,
				&unexplained, &reached);
	}
	queue_free(&reached);
	map_free(&unexplained);
}

char **kiln_solution_explain(const KilnSolution *solution, const char *name)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new();
	const Step *step = g_hash_table_lookup(solution->steps, name);

	if (step == NULL)
		return NULL;
	for (; step != NULL;
		step = step->parent ? g_hash_table_lookup(solution->steps, step->parent) : NULL)
		g_ptr_array_insert(lines, 0, g_strdup(step->text));
	g_ptr_array_add(lines, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&lines), FALSE);
}

/* --- solution --- */

/* What the solver adds, in an order in which it can be installed. */
static void list_chosen(const KilnSolvAnswer *answer, Queue *chosen)
{
	Pool *pool = answer->solver->pool;
	Transaction *transaction = solver_create_transaction(answer->solver);

	transaction_order(transaction, 0);
	for (int i = 0; i < transaction->steps.count; i++) {
		Id id = transaction->steps.elements[i];
		if (pool_id2solvable(pool, id)->repo != answer->asking &&
			!MAPTST(answer->installed, id))
			queue_push(chosen, id);
	}
	transaction_free(transaction);
}

static gpointer acquire_package(gconstpointer package, gpointer data)
{
	(void)data;
	return g_rc_box_acquire((gpointer)package);
}

static GPtrArray *copy_packages(const GPtrArray *packages)
{
	GPtrArray *copy = g_ptr_array_copy((GPtrArray *)packages, acquire_package, NULL);

	g_ptr_array_set_free_func(copy, release_package);
	return copy;
}

static KilnSolution *solution_new(const KilnSolution *below)
{
	KilnSolution *solution = g_new0(KilnSolution, 1);

	solution->ordered = g_ptr_array_new_with_free_func(release_package);
	solution->steps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_step);
	if (below == NULL) {
		solution->installed = g_ptr_array_new_with_free_func(release_package);
		return solution;
	}
	solution->installed = copy_packages(below->installed);
	g_ptr_array_extend(solution->installed, below->packages, (GCopyFunc)acquire_package, NULL);
	g_ptr_array_sort(solution->installed, compare_packages);
	return solution;
}

KilnSolution *kiln_solv_solution_new(const KilnSolvAnswer *answer, GError **error)
{
	g_autoptr(KilnSolution) solution = solution_new(answer->request->installed);
	Pool *pool = answer->solver->pool;
	gboolean complete = TRUE;
	Queue chosen;

	queue_init(&chosen);
	list_chosen(answer, &chosen);
	for (int i = 0; i < chosen.count && complete; i++) {
		KilnSolvPackage *package =
			describe_package(pool_id2solvable(pool, chosen.elements[i]), error);
		complete = package != NULL;
		if (complete)
			g_ptr_array_add(solution->ordered, package);
	}
	if (complete)
		explain_all(solution, answer, &chosen);
	queue_free(&chosen);
	if (!complete)
		return NULL;
	solution->packages = copy_packages(solution->ordered);
	g_ptr_array_sort(solution->packages, compare_packages);
	return g_steal_pointer(&solution);
}

void kiln_solution_free(KilnSolution *solution)
{
	g_clear_pointer(&solution->packages, g_ptr_array_unref);
	g_ptr_array_unref(solution->ordered);
	g_ptr_array_unref(solution->installed);
	g_hash_table_unref(solution->steps);
	g_free(solution);
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
