/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_check.h"

#include <solv/bitmap.h>
#include <solv/evr.h>
#include <solv/pool.h>
#include <solv/queue.h>
#include <solv/repo.h>

#include "lib/solv_finding.h"
#include "lib/solv_pool.h"
#include "lib/solv_ready.h"
#include "lib/solv_successor.h"

typedef struct {
	Pool *pool;
	const Repo *repo;
	Map visible;
	KilnSolvSuccessors *successors;
	GPtrArray *found; /* KilnSolvFinding */
} Replacing;

static void replacing_clear(Replacing *replacing)
{
	map_free(&replacing->visible);
	g_clear_pointer(&replacing->successors, kiln_solv_successors_free);
	g_clear_pointer(&replacing->found, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Replacing, replacing_clear)

static void replacing_init(
	Replacing *replacing, Pool *pool, const Repo *repo, const char *const *hidden)
{
	Id id = 0;

	replacing->pool = pool;
	replacing->repo = repo;
	map_init(&replacing->visible, pool->nsolvables);
	FOR_POOL_SOLVABLES (id) {
		Solvable *package = pool_id2solvable(pool, id);
		if (pool_installable(pool, package) &&
			(hidden == NULL || !g_strv_contains(hidden, package->repo->name)))
			MAPSET(&replacing->visible, id);
	}
	replacing->successors = kiln_solv_successors_new(pool, &replacing->visible);
	replacing->found = kiln_solv_findings_new();
}

static void find_obsoleted(Replacing *replacing, Id id, Id dependency)
{
	Pool *pool = replacing->pool;
	const Id name = ISRELDEP(dependency) ? GETRELDEP(pool, dependency)->name : dependency;
	const Solvable *package = pool_id2solvable(pool, id);
	Id other = 0, offset = 0;

	FOR_PROVIDES (other, offset, name) {
		Solvable *second = pool_id2solvable(pool, other);
		if (second->name == package->name || !MAPTST(&replacing->visible, other) ||
			!pool_match_nevr(pool, second, dependency))
			continue;
		KilnSolvFinding *finding = kiln_solv_finding_add(replacing->found,
			KILN_SOLV_OBSOLETES, pool, id, other, pool_dep2str(pool, dependency));
		finding->is_meant = second->repo != replacing->repo &&
				    kiln_solv_pool_has_stand_in(pool, replacing->repo, second);
	}
}

/* What other repositories obsolete here. */
static void find_obsoleters(Replacing *replacing, Id id)
{
	Pool *pool = replacing->pool;
	Queue obsoleters;

	queue_init(&obsoleters);
	kiln_solv_successors_obsoleters(replacing->successors, id, &obsoleters);
	for (int i = 0; i < obsoleters.count; i++) {
		const Id other = obsoleters.elements[i];
		const Id dependency = kiln_solv_pool_obsoletes(pool, other, id);
		if (pool_id2solvable(pool, other)->repo != replacing->repo)
			kiln_solv_finding_add(replacing->found, KILN_SOLV_OBSOLETED, pool, id,
				other, pool_dep2str(pool, dependency));
	}
	queue_free(&obsoleters);
}

static void find_shadow(Replacing *replacing, Id id)
{
	Pool *pool = replacing->pool;
	const Solvable *package = pool_id2solvable(pool, id);
	Id best = 0, other = 0, offset = 0;

	FOR_PROVIDES (other, offset, package->name) {
		const Solvable *second = pool_id2solvable(pool, other);
		if (second->name != package->name || second->repo == replacing->repo ||
			!MAPTST(&replacing->visible, other) ||
			!kiln_solv_pool_fits_arch(package, second) ||
			pool_evrcmp(pool, second->evr, package->evr, EVRCMP_COMPARE) < 0)
			continue;
		if (best == 0 || pool_evrcmp(pool, second->evr, pool_id2solvable(pool, best)->evr,
					 EVRCMP_COMPARE) > 0)
			best = other;
	}
	if (best != 0)
		kiln_solv_finding_add(
			replacing->found, KILN_SOLV_SHADOWED, pool, id, best, NULL);
}

gboolean kiln_solv_check_replaced(KilnSolv *solv, const char *name, const char *const *hidden,
	GPtrArray *findings, GError **error)
{
	KilnSolvReady ready = {0};
	g_auto(Replacing) replacing = {0};
	Solvable *package = NULL;
	Id id = 0;

	if (!kiln_solv_ready(solv, &ready, error))
		return FALSE;
	const Repo *repo = kiln_solv_ready_repo(&ready, name, error);
	if (repo == NULL)
		return FALSE;
	replacing_init(&replacing, ready.pool, repo, hidden);
	FOR_REPO_SOLVABLES (repo, id, package) {
		if (!pool_installable(ready.pool, package))
			continue;
		for (guint i = 0; package->obsoletes != 0 &&
				  package->repo->idarraydata[package->obsoletes + i] != 0;
			i++)
			find_obsoleted(&replacing, id,
				package->repo->idarraydata[package->obsoletes + i]);
		find_obsoleters(&replacing, id);
		find_shadow(&replacing, id);
	}
	kiln_solv_findings_take(findings, replacing.found);
	return TRUE;
}
