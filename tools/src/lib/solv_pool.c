/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_pool.h"

#include <string.h>

#include <solv/pool.h>
#include <solv/pool_parserpmrichdep.h>
#include <solv/poolarch.h>
#include <solv/repo.h>
#include <solv/repodata.h>

#include "base/error.h"
#include "model/dependency.h"

/* 0 is none, 1 the pool's own. */
#define FIRST_ID 2

Pool *kiln_solv_pool_new(const char *arch)
{
	Pool *pool = pool_create();

	pool_setdebugmask(pool, 0);
	pool_setdisttype(pool, DISTTYPE_RPM);
	pool_setarch(pool, arch);
	if (pool_arch2score(pool, pool_str2id(pool, arch, 1)) == 0)
		pool_setarchpolicy(pool, arch);
	/* The index holds every package; each question says by pool->considered which count. */
	pool_set_flag(pool, POOL_FLAG_WHATPROVIDESWITHDISABLED, 1);
	return pool;
}

/* --- dependencies --- */

static Id relation_id(Pool *pool, const KilnDependency *dependency)
{
	Id name = pool_str2id(pool, dependency->name, 1);
	const char *evr = dependency->evr;
	int flags = 0;

	if (dependency->flags == KILN_DEPENDENCY_ANY)
		return name;
	if (dependency->flags & KILN_DEPENDENCY_LESS)
		flags |= REL_LT;
	if (dependency->flags & KILN_DEPENDENCY_GREATER)
		flags |= REL_GT;
	if (dependency->flags & KILN_DEPENDENCY_EQUAL)
		flags |= REL_EQ;
	if (g_str_has_prefix(evr, "0:"))
		evr += 2;
	return pool_rel2id(pool, name, pool_str2id(pool, evr, 1), flags, 1);
}

Id kiln_solv_pool_dependency(Pool *pool, const char *text, GError **error)
{
	g_auto(KilnDependency) dependency = {0};

	if (!kiln_dependency_parse(text, &dependency, error))
		return 0;
	if (!kiln_dependency_is_rich(&dependency))
		return relation_id(pool, &dependency);
	Id id = pool_parserpmrichdep(pool, dependency.name);
	if (id == 0)
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"dependency \"%s\": is no valid rich dependency", dependency.name);
	return id;
}

/* --- order --- */

static gboolean is_ordered(const Pool *pool, const GPtrArray *repos)
{
	int next = FIRST_ID;

	for (guint i = 0; i < repos->len; i++) {
		const Repo *repo = g_ptr_array_index(repos, i);
		if (repo->start == repo->end)
			continue;
		if (repo->start != next)
			return FALSE;
		next = repo->end;
	}
	return next == pool->nsolvables;
}

/* A repository and its data know their packages by the first id and the one after the last. */
static void shift(Repo *repo, int by)
{
	repo->start += by;
	repo->end += by;
	for (Id id = 1; id < repo->nrepodata; id++) {
		Repodata *data = repo_id2repodata(repo, id);
		if (data->start == data->end)
			continue; /* what is known of the repository alone */
		data->start += by;
		data->end += by;
	}
}

gboolean kiln_solv_pool_order(Pool *pool, const GPtrArray *repos)
{
	int next = FIRST_ID;

	if (is_ordered(pool, repos))
		return FALSE;
	gsize size = sizeof(Solvable) * (gsize)pool->nsolvables;
	g_autofree Solvable *old = g_memdup2(pool->solvables, size);
	memset(pool->solvables + FIRST_ID, 0, size - FIRST_ID * sizeof(Solvable));
	for (guint i = 0; i < repos->len; i++) {
		Repo *repo = g_ptr_array_index(repos, i);
		int count = repo->end - repo->start;
		if (count == 0)
			continue;
		memcpy(pool->solvables + next, old + repo->start, sizeof(Solvable) * (gsize)count);
		shift(repo, next - repo->start);
		next += count;
	}
	pool->nsolvables = next;
	return TRUE;
}

gboolean kiln_solv_pool_fits_arch(const Solvable *a, const Solvable *b)
{
	return a->arch == b->arch || a->arch == ARCH_NOARCH || b->arch == ARCH_NOARCH;
}

Id kiln_solv_pool_obsoletes(Pool *pool, Id id, Id other)
{
	const Solvable *package = pool_id2solvable(pool, id);
	Solvable *second = pool_id2solvable(pool, other);
	const Id *dependency = package->repo->idarraydata + package->obsoletes;

	for (; package->obsoletes != 0 && *dependency != 0; dependency++)
		if (pool_match_nevr(pool, second, *dependency))
			return *dependency;
	return 0;
}

gboolean kiln_solv_pool_has_stand_in(Pool *pool, const Repo *repo, const Solvable *other)
{
	const Id dependency = pool_rel2id(pool, other->name, other->evr, REL_GT | REL_EQ, 1);
	Id id = 0, offset = 0;

	FOR_PROVIDES (id, offset, dependency)
		if (pool_id2solvable(pool, id)->repo == repo)
			return TRUE;
	return FALSE;
}
