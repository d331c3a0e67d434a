/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_successor.h"

#include <solv/bitmap.h>
#include <solv/evr.h>
#include <solv/pool.h>
#include <solv/queue.h>
#include <solv/repo.h>

#include "lib/solv_pool.h"

struct KilnSolvSuccessors {
	Pool *pool;
	const Map *visible;
	GHashTable *obsoleters; /* a name's id -> GArray of ids of the packages that obsolete it */
};

/* The name an Obsoletes is about. */
static Id name_of(Pool *pool, Id dependency)
{
	while (ISRELDEP(dependency))
		dependency = GETRELDEP(pool, dependency)->name;
	return dependency;
}

static void add_obsoleter(KilnSolvSuccessors *successors, Id name, Id id)
{
	GArray *ids = g_hash_table_lookup(successors->obsoleters, GINT_TO_POINTER(name));

	if (ids == NULL) {
		ids = g_array_new(FALSE, FALSE, sizeof(Id));
		g_hash_table_insert(successors->obsoleters, GINT_TO_POINTER(name), ids);
	}
	g_array_append_val(ids, id);
}

KilnSolvSuccessors *kiln_solv_successors_new(Pool *pool, const Map *visible)
{
	KilnSolvSuccessors *successors = g_new0(KilnSolvSuccessors, 1);
	Id id = 0;

	successors->pool = pool;
	successors->visible = visible;
	successors->obsoleters =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
	FOR_POOL_SOLVABLES (id) {
		Solvable *package = pool_id2solvable(pool, id);
		if (!MAPTST(visible, id) || !pool_installable(pool, package))
			continue;
		const Id *dependency = package->repo->idarraydata + package->obsoletes;
		for (; package->obsoletes != 0 && *dependency != 0; dependency++)
			add_obsoleter(successors, name_of(pool, *dependency), id);
	}
	return successors;
}

void kiln_solv_successors_free(KilnSolvSuccessors *successors)
{
	g_hash_table_unref(successors->obsoleters);
	g_free(successors);
}

Id kiln_solv_successors_best(const KilnSolvSuccessors *successors, Id id)
{
	Pool *pool = successors->pool;
	const Solvable *package = pool_id2solvable(pool, id);
	Id best = 0, candidate = 0, offset = 0;

	FOR_PROVIDES (candidate, offset, package->name) {
		Solvable *other = pool_id2solvable(pool, candidate);
		if (other->name != package->name || !MAPTST(successors->visible, candidate) ||
			!pool_installable(pool, other) || !kiln_solv_pool_fits_arch(package, other))
			continue;
		if (best == 0 || pool_evrcmp(pool, other->evr, pool_id2solvable(pool, best)->evr,
					 EVRCMP_COMPARE) > 0)
			best = candidate;
	}
	return best;
}

/* The update of `id` by Name, 0 for none. */
static Id find_update(const KilnSolvSuccessors *successors, Id id)
{
	Pool *pool = successors->pool;
	const Id best = kiln_solv_successors_best(successors, id);

	if (best == 0 || best == id)
		return 0;
	int order = pool_evrcmp(pool, pool_id2solvable(pool, best)->evr,
		pool_id2solvable(pool, id)->evr, EVRCMP_COMPARE);
	return order > 0 || (order == 0 && !MAPTST(successors->visible, id)) ? best : 0;
}

void kiln_solv_successors_obsoleters(const KilnSolvSuccessors *successors, Id id, Queue *ret_ids)
{
	Pool *pool = successors->pool;
	const Solvable *package = pool_id2solvable(pool, id);
	const GArray *obsoleters =
		g_hash_table_lookup(successors->obsoleters, GINT_TO_POINTER(package->name));

	for (guint i = 0; obsoleters != NULL && i < obsoleters->len; i++) {
		const Id other = g_array_index(obsoleters, Id, i);
		if (pool_id2solvable(pool, other)->name != package->name &&
			kiln_solv_pool_obsoletes(pool, other, id) != 0 &&
			kiln_solv_successors_best(successors, other) == other)
			queue_pushunique(ret_ids, other);
	}
}

/* As it stands with an update: a package may be split, and the update is wanted as well then. */
void kiln_solv_successors_find(const KilnSolvSuccessors *successors, Id id, Queue *ret_ids)
{
	const Id update = find_update(successors, id);
	gboolean update_stays = update != 0;
	Queue obsoleters;

	queue_init(&obsoleters);
	kiln_solv_successors_obsoleters(successors, id, &obsoleters);
	for (int i = 0; i < obsoleters.count; i++) {
		const Id other = obsoleters.elements[i];
		queue_pushunique(ret_ids, other);
		update_stays = update_stays &&
			       kiln_solv_pool_obsoletes(successors->pool, other, update) == 0;
	}
	queue_free(&obsoleters);
	if (update_stays)
		queue_pushunique(ret_ids, update);
}
