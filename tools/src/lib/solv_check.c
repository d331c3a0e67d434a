/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_check.h"

#include <solv/pool.h>
#include <solv/repo.h>

#include "lib/solv_finding.h"
#include "lib/solv_question.h"
#include "lib/solv_ready.h"

/* One check of one repository. */
typedef struct {
	KilnSolvReady ready;
	KilnSolvRequest request;
	Queue all;	  /* ids of its packages */
	GPtrArray *found; /* KilnSolvFinding */
} Check;

static void check_clear(Check *check)
{
	queue_free(&check->all);
	g_clear_pointer(&check->found, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Check, check_clear)

static gboolean check_init(
	Check *check, KilnSolv *solv, const char *name, const char *const *hidden, GError **error)
{
	Id id = 0;
	Solvable *package = NULL;

	if (!kiln_solv_ready(solv, &check->ready, error))
		return FALSE;
	const Repo *repo = kiln_solv_ready_repo(&check->ready, name, error);
	if (repo == NULL)
		return FALSE;
	check->request = (KilnSolvRequest){.requester = name, .hidden = hidden};
	check->found = kiln_solv_findings_new();
	FOR_REPO_SOLVABLES (repo, id, package)
		if (package->arch != ARCH_SRC && package->arch != ARCH_NOSRC)
			queue_push(&check->all, id);
	return TRUE;
}

/* Whether `id` (0: none) and the `count` packages `ids` can be installed together. If not,
 * `ret_problems` (NULL: nobody asks; else the caller owns it) says why, told from `id`. */
static gboolean goes_together(
	const Check *check, Id id, const Id *ids, int count, char ***ret_problems)
{
	/* No requirement, so nothing to be parsed. */
	g_autoptr(KilnSolvQuestion) question =
		kiln_solv_question_new(check->ready.asking, &check->request, NULL);
	Queue wanted;

	queue_init(&wanted);
	if (id != 0)
		queue_push(&wanted, id);
	for (int i = 0; i < count; i++)
		queue_push(&wanted, ids[i]);
	kiln_solv_question_want(question, &wanted);
	queue_free(&wanted);
	gboolean possible = kiln_solv_question_solve(question);
	if (!possible && ret_problems != NULL)
		*ret_problems = kiln_solv_question_problems(question, id);
	return possible;
}

/* --- closure --- */

/* Tries each package; notes what cannot be installed, and leaves the rest in check->all. */
static void try_each(Check *check)
{
	Queue good;

	queue_init(&good);
	for (int i = 0; i < check->all.count; i++) {
		const Id id = check->all.elements[i];
		g_auto(GStrv) problems = NULL;
		if (goes_together(check, id, NULL, 0, &problems))
			queue_push(&good, id);
		for (char **problem = problems; problem != NULL && *problem != NULL; problem++)
			kiln_solv_finding_add(check->found, KILN_SOLV_BROKEN, check->ready.pool, id,
				0, *problem);
	}
	queue_free(&check->all);
	check->all = good;
}

gboolean kiln_solv_check_closure(KilnSolv *solv, const char *name, const char *const *hidden,
	GPtrArray *findings, GError **error)
{
	g_auto(Check) check = {0};

	if (!check_init(&check, solv, name, hidden, error))
		return FALSE;
	if (!goes_together(&check, 0, check.all.elements, check.all.count, NULL))
		try_each(&check);
	kiln_solv_findings_take(findings, check.found);
	return TRUE;
}

/* --- together --- */

/* Whether a Conflicts or an Obsoletes of `id` is about `other`. */
static gboolean names(Pool *pool, Id id, Id other)
{
	Solvable *package = pool_id2solvable(pool, id);
	Solvable *second = pool_id2solvable(pool, other);
	const Id *conflicts = package->repo->idarraydata + package->conflicts;
	const Id *obsoletes = package->repo->idarraydata + package->obsoletes;

	for (; package->conflicts != 0 && *conflicts != 0; conflicts++)
		for (const Id *p = pool_whatprovides_ptr(pool, *conflicts); *p != 0; p++)
			if (*p == other)
				return TRUE;
	for (; package->obsoletes != 0 && *obsoletes != 0; obsoletes++)
		if (pool_match_nevr(pool, second, *obsoletes))
			return TRUE;
	return package->name == second->name;
}

static void note_pair(Check *check, Id id, Id other, const char *sentence)
{
	Pool *pool = check->ready.pool;
	KilnSolvFinding *finding = kiln_solv_finding_add(check->found, KILN_SOLV_EXCLUDES, pool,
		MIN(id, other), MAX(id, other), sentence);

	finding->is_meant = names(pool, id, other) || names(pool, other, id);
}

/* Finds which of `ids`, which go together, `id` does not go with. Halves them until one is left,
 * as nearly all of them do. */
static void find_excluded(Check *check, Id id, const Id *ids, int count)
{
	const int half = count / 2;
	const guint before = check->found->len;
	g_auto(GStrv) problems = NULL;

	if (count == 0 || goes_together(check, id, ids, count, &problems))
		return;
	if (count == 1) {
		note_pair(check, id, ids[0], problems[0]);
		return;
	}
	find_excluded(check, id, ids, half);
	find_excluded(check, id, ids + half, count - half);
	if (check->found->len == before)
		kiln_solv_finding_add(check->found, KILN_SOLV_CROWDED, check->ready.pool, id, 0,
			problems[0]);
}

/* Splits check->all into as many packages as go together, and the rest. */
static void choose_company(const Check *check, Queue *ret_company, Queue *ret_rest)
{
	g_autoptr(KilnSolvQuestion) question =
		kiln_solv_question_new(check->ready.asking, &check->request, NULL);
	Queue chosen;
	Map is_chosen;

	queue_init(&chosen);
	map_init(&is_chosen, check->ready.pool->nsolvables);
	kiln_solv_question_wish(question, &check->all);
	kiln_solv_question_solve(question);
	kiln_solv_question_chosen(question, &chosen);
	for (int i = 0; i < chosen.count; i++)
		MAPSET(&is_chosen, chosen.elements[i]);
	for (int i = 0; i < check->all.count; i++) {
		const Id id = check->all.elements[i];
		queue_push(MAPTST(&is_chosen, id) ? ret_company : ret_rest, id);
	}
	map_free(&is_chosen);
	queue_free(&chosen);
}

static void find_pairs(Check *check)
{
	Queue company, rest;

	queue_init(&company);
	queue_init(&rest);
	choose_company(check, &company, &rest);
	for (int i = 0; i < rest.count; i++) {
		find_excluded(check, rest.elements[i], company.elements, company.count);
		for (int j = 0; j < i; j++)
			find_excluded(check, rest.elements[i], rest.elements + j, 1);
	}
	queue_free(&company);
	queue_free(&rest);
}

gboolean kiln_solv_check_together(KilnSolv *solv, const char *name, const char *const *hidden,
	GPtrArray *findings, GError **error)
{
	g_auto(Check) check = {0};

	if (!check_init(&check, solv, name, hidden, error))
		return FALSE;
	if (goes_together(&check, 0, check.all.elements, check.all.count, NULL))
		return TRUE;
	try_each(&check);
	g_ptr_array_set_size(check.found, 0);
	find_pairs(&check);
	kiln_solv_findings_take(findings, check.found);
	return TRUE;
}
