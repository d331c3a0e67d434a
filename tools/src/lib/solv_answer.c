/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_answer.h"

#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/solver.h>

#include "lib/solv_source.h"

KilnSolvPackage *kiln_solv_answer_package(Solvable *solvable, GError **error)
{
	Pool *pool = solvable->repo->pool;
	KilnSolvSource *source = solvable->repo->appdata;
	g_autoptr(KilnSolvPackage) package = kiln_solv_package_new();

	if (!kiln_nevra_parse(pool_solvable2str(pool, solvable), &package->nevra, error))
		return NULL;
	package->path = kiln_solv_source_package_path(source, solvable, error);
	package->is_planned = source->planned != NULL;
	if (package->path == NULL && !package->is_planned)
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

static const char *name_of(Pool *pool, Id id)
{
	return pool_id2str(pool, pool_id2solvable(pool, id)->name);
}

/* Notes that `id` is in because `parent` needs `dependency`. */
static void note_reason(
	KilnSolution *solution, const KilnSolvAnswer *answer, Id id, Id parent, Id dependency)
{
	Pool *pool = answer->solver->pool;
	gboolean asked = pool_id2solvable(pool, parent)->repo == answer->asking;
	const char *needing = asked ? answer->requester : name_of(pool, parent);
	g_autofree char *text =
		g_strdup_printf("\"%s\" needs \"%s\"", needing, pool_dep2str(pool, dependency));

	kiln_solution_add_reason(solution, name_of(pool, id), asked ? NULL : needing, text);
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
			note_reason(solution, answer, *p, parent, *dependency);
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
		if (answer->with_recommends)
			follow(solution, answer, reached.elements[i], package->recommends,
				&unexplained, &reached);
	}
	queue_free(&reached);
	map_free(&unexplained);
}

/* What the solver adds to what was asked with and to what is installed. */
static void list_added(const KilnSolvAnswer *answer, Queue *added)
{
	Pool *pool = answer->solver->pool;
	Queue decided;

	queue_init(&decided);
	solver_get_decisionqueue(answer->solver, &decided);
	for (int i = 0; i < decided.count; i++) {
		Id id = decided.elements[i];
		if (id > SYSTEMSOLVABLE && pool_id2solvable(pool, id)->repo != answer->asking &&
			!MAPTST(answer->installed, id))
			queue_push(added, id);
	}
	queue_free(&decided);
}

/* The same in an order in which it can be installed. */
static void list_chosen(const KilnSolvAnswer *answer, Queue *chosen)
{
	Queue added;

	queue_init(&added);
	list_added(answer, &added);
	Transaction *transaction = transaction_create_decisionq(answer->solver->pool, &added, NULL);
	transaction_order(transaction, 0);
	for (int i = 0; i < transaction->steps.count; i++)
		queue_push(chosen, transaction->steps.elements[i]);
	transaction_free(transaction);
	queue_free(&added);
}

KilnSolution *kiln_solv_answer_solution(const KilnSolvAnswer *answer, GError **error)
{
	g_autoptr(KilnSolution) solution = kiln_solution_new(answer->below);
	Pool *pool = answer->solver->pool;
	gboolean complete = TRUE;
	Queue chosen;

	queue_init(&chosen);
	list_chosen(answer, &chosen);
	for (int i = 0; i < chosen.count && complete; i++) {
		KilnSolvPackage *package =
			kiln_solv_answer_package(pool_id2solvable(pool, chosen.elements[i]), error);
		complete = package != NULL;
		if (complete)
			kiln_solution_add(solution, package);
	}
	if (complete)
		explain_all(solution, answer, &chosen);
	queue_free(&chosen);
	return complete ? g_steal_pointer(&solution) : NULL;
}
