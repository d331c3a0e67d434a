/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_check.h"

#include <solv/evr.h>
#include <solv/pool.h>
#include <solv/repo.h>

#include "lib/solv_finding.h"
#include "lib/solv_pool.h"
#include "lib/solv_ready.h"

typedef struct {
	Pool *pool;
	const Repo *repo;
	const char *const *hidden;
	GPtrArray *found; /* KilnSolvFinding */
} Replacing;

static gboolean takes_part(const Replacing *replacing, const Solvable *package)
{
	return pool_installable(replacing->pool, (Solvable *)package) &&
	       (replacing->hidden == NULL ||
		       !g_strv_contains(replacing->hidden, package->repo->name));
}

/* Whether a package of the repository says that it is what `other` was, or newer. */
static gboolean has_stand_in(const Replacing *replacing, const Solvable *other)
{
	Pool *pool = replacing->pool;
	const Id dependency = pool_rel2id(pool, other->name, other->evr, REL_GT | REL_EQ, 1);
	Id id = 0, offset = 0;

	FOR_PROVIDES (id, offset, dependency)
		if (pool_id2solvable(pool, id)->repo == replacing->repo)
			return TRUE;
	return FALSE;
}

static void find_obsoleted(Replacing *replacing, Id id, Id dependency)
{
	Pool *pool = replacing->pool;
	const Id name = ISRELDEP(dependency) ? GETRELDEP(pool, dependency)->name : dependency;
	const Solvable *package = pool_id2solvable(pool, id);
	Id other = 0, offset = 0;

	FOR_PROVIDES (other, offset, name) {
		Solvable *second = pool_id2solvable(pool, other);
		if (second->name == package->name || !takes_part(replacing, second) ||
			!pool_match_nevr(pool, second, dependency))
			continue;
		KilnSolvFinding *finding = kiln_solv_finding_add(replacing->found,
			KILN_SOLV_OBSOLETES, pool, id, other, pool_dep2str(pool, dependency));
		finding->is_meant =
			second->repo != replacing->repo && has_stand_in(replacing, second);
	}
}

static void find_shadow(Replacing *replacing, Id id)
{
	Pool *pool = replacing->pool;
	const Solvable *package = pool_id2solvable(pool, id);
	Id best = 0, other = 0, offset = 0;

	FOR_PROVIDES (other, offset, package->name) {
		const Solvable *second = pool_id2solvable(pool, other);
		if (second->name != package->name || second->repo == replacing->repo ||
			!takes_part(replacing, second) ||
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
	Replacing replacing = {.hidden = hidden};
	Solvable *package = NULL;
	Id id = 0;

	if (!kiln_solv_ready(solv, &ready, error))
		return FALSE;
	replacing.pool = ready.pool;
	replacing.repo = kiln_solv_ready_repo(&ready, name, error);
	if (replacing.repo == NULL)
		return FALSE;
	g_autoptr(GPtrArray) found = replacing.found = kiln_solv_findings_new();
	FOR_REPO_SOLVABLES (replacing.repo, id, package) {
		if (!pool_installable(ready.pool, package))
			continue;
		for (guint i = 0; package->obsoletes != 0 &&
				  package->repo->idarraydata[package->obsoletes + i] != 0;
			i++)
			find_obsoleted(&replacing, id,
				package->repo->idarraydata[package->obsoletes + i]);
		find_shadow(&replacing, id);
	}
	kiln_solv_findings_take(findings, found);
	return TRUE;
}
