/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_question.h"

#include <string.h>

#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/solver.h>
#include <solv/testcase.h>
#include <solv/util.h>

#include "base/error.h"
#include "lib/solv_answer.h"
#include "lib/solv_pool.h"
#include "lib/solv_problem.h"

struct KilnSolvQuestion {
	const KilnSolvRequest *request;
	Pool *pool;
	Repo *asking;
	Solver *solver; /* NULL until solved */
	Queue jobs;
	Map installed;
	Map visible; /* what takes part: pool->considered while the question stands */
};

/* --- asking --- */

static int compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean ask_one(KilnSolvQuestion *question, const char *text, Id kind, GError **error)
{
	g_autofree char *name =
		g_strdup_printf(KILN_SOLV_ASKING ":%d", question->asking->nsolvables);
	Id dependency = kiln_solv_pool_dependency(question->pool, text, error);

	if (dependency == 0)
		return FALSE;
	Id id = repo_add_solvable(question->asking);
	Solvable *package = pool_id2solvable(question->pool, id);
	package->name = pool_str2id(question->pool, name, 1);
	package->evr = pool_str2id(question->pool, "1-1", 1);
	package->arch = ARCH_NOARCH;
	solvable_add_deparray(package, kind, dependency, 0);
	queue_push2(&question->jobs, SOLVER_INSTALL | SOLVER_SOLVABLE, id);
	return TRUE;
}

/* Adds one package to question->asking for each of `texts`, sorted, with the dependency in `kind`.
 */
static gboolean ask_all(
	KilnSolvQuestion *question, const char *const *texts, Id kind, GError **error)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();

	for (; texts != NULL && *texts != NULL; texts++)
		if (!g_str_has_prefix(*texts, "rpmlib("))
			g_ptr_array_add(sorted, (gpointer)*texts);
	g_ptr_array_sort(sorted, compare_texts);
	for (guint i = 0; i < sorted->len; i++)
		if (!ask_one(question, g_ptr_array_index(sorted, i), kind, error))
			return FALSE;
	return TRUE;
}

static void hide(KilnSolvQuestion *question, const char *name)
{
	Pool *pool = question->pool;
	Repo *repo = NULL;
	int i = 0;

	FOR_REPOS (i, repo)
		if (repo != question->asking && strcmp(repo->name, name) == 0)
			for (Id id = repo->start; id < repo->end; id++)
				MAPCLR(&question->visible, id);
}

KilnSolvQuestion *kiln_solv_question_new(
	Repo *asking, const KilnSolvRequest *request, GError **error)
{
	g_autoptr(KilnSolvQuestion) question = g_new0(KilnSolvQuestion, 1);

	question->request = request;
	question->pool = asking->pool;
	question->asking = asking;
	queue_init(&question->jobs);
	if (!ask_all(question, request->requirements, SOLVABLE_REQUIRES, error) ||
		!ask_all(question, request->conflicts, SOLVABLE_CONFLICTS, error))
		return NULL;
	map_init(&question->installed, question->pool->nsolvables);
	map_init(&question->visible, question->pool->nsolvables);
	map_setall(&question->visible);
	for (const char *const *name = request->hidden; name != NULL && *name != NULL; name++)
		hide(question, *name);
	return g_steal_pointer(&question);
}

void kiln_solv_question_free(KilnSolvQuestion *question)
{
	Repo *asking = question->asking;

	if (question->solver != NULL)
		solver_free(question->solver);
	question->pool->considered = NULL;
	/* Not repo_empty, which would drop the index. */
	if (asking->nsolvables > 0)
		repo_free_solvable_block(asking, asking->start, asking->end - asking->start, 1);
	queue_free(&question->jobs);
	map_free(&question->installed);
	map_free(&question->visible);
	g_free(question);
}

/* Installed packages are jobs like the rest: nothing can change or remove them then, and what
 * conflicts with them is explained like any other conflict. */
void kiln_solv_question_keep(KilnSolvQuestion *question, const Queue *ids)
{
	for (int i = 0; i < ids->count; i++) {
		MAPSET(&question->installed, ids->elements[i]);
		MAPSET(&question->visible, ids->elements[i]);
	}
	kiln_solv_question_want(question, ids);
}

static void ask_for(KilnSolvQuestion *question, const Queue *ids, Id how)
{
	for (int i = 0; i < ids->count; i++)
		queue_push2(&question->jobs, SOLVER_INSTALL | SOLVER_SOLVABLE | how,
			ids->elements[i]);
}

void kiln_solv_question_want(KilnSolvQuestion *question, const Queue *ids)
{
	ask_for(question, ids, 0);
}

void kiln_solv_question_wish(KilnSolvQuestion *question, const Queue *ids)
{
	ask_for(question, ids, SOLVER_WEAK);
}

/* --- answers --- */

gboolean kiln_solv_question_solve(KilnSolvQuestion *question)
{
	question->pool->considered = &question->visible;
	question->solver = solver_create(question->pool);
	solver_set_flag(question->solver, SOLVER_FLAG_IGNORE_RECOMMENDED,
		!question->request->with_recommends);
	solver_solve(question->solver, &question->jobs);
	return solver_problem_count(question->solver) == 0;
}

KilnSolution *kiln_solv_question_answer(const KilnSolvQuestion *question, GError **error)
{
	const KilnSolvAnswer answer = {
		.solver = question->solver,
		.requester = question->request->requester,
		.asking = question->asking,
		.below = question->request->installed,
		.installed = &question->installed,
		.with_recommends = question->request->with_recommends,
	};

	return kiln_solv_answer_solution(&answer, error);
}

static int compare_ids(const void *a, const void *b, void *data)
{
	const Id left = *(const Id *)a, right = *(const Id *)b;

	(void)data;
	return (left > right) - (left < right);
}

void kiln_solv_question_chosen(const KilnSolvQuestion *question, Queue *ret_ids)
{
	Queue decided;

	queue_init(&decided);
	solver_get_decisionqueue(question->solver, &decided);
	for (int i = 0; i < decided.count; i++) {
		Id id = decided.elements[i];
		if (id > SYSTEMSOLVABLE &&
			pool_id2solvable(question->pool, id)->repo != question->asking)
			queue_push(ret_ids, id);
	}
	queue_free(&decided);
	solv_sort(ret_ids->elements, (size_t)ret_ids->count, sizeof(Id), compare_ids, NULL);
}

char **kiln_solv_question_problems(const KilnSolvQuestion *question, int root)
{
	const KilnSolvCase unsolved = {
		.solver = question->solver,
		.requester = question->request->requester,
		.request = question->asking,
		.hidden = question->request->hidden,
		.installed = &question->installed,
		.root = root,
	};

	return kiln_solv_problem_sentences(&unsolved);
}

gboolean kiln_solv_question_dump(
	const KilnSolvQuestion *question, const char *directory, GError **error)
{
	if (testcase_write(question->solver, directory,
		    TESTCASE_RESULT_TRANSACTION | TESTCASE_RESULT_PROBLEMS, NULL, NULL))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "test case \"%s\": %s", directory,
		pool_errstr(question->pool));
	return FALSE;
}

/* --- provided or not --- */

static gboolean is_provided(const KilnSolvQuestion *question, Id dependency);

/* "(a if b)" holds without `b`, and so do "(a if b else c)" and "(a unless b else c)" with one of
 * `a` and `c`, as the one or the other can be had. */
static gboolean is_condition_provided(const KilnSolvQuestion *question, const Reldep *relation)
{
	const Id condition = relation->evr;

	if (ISRELDEP(condition) && GETRELDEP(question->pool, condition)->flags == REL_ELSE)
		return is_provided(question, relation->name) ||
		       is_provided(question, GETRELDEP(question->pool, condition)->evr);
	return relation->flags == REL_COND || is_provided(question, relation->name);
}

static gboolean is_provided(const KilnSolvQuestion *question, Id dependency)
{
	Pool *pool = question->pool;
	const Reldep *relation = ISRELDEP(dependency) ? GETRELDEP(pool, dependency) : NULL;
	Id id = 0, offset = 0;

	if (relation != NULL && relation->flags == REL_AND)
		return is_provided(question, relation->name) &&
		       is_provided(question, relation->evr);
	if (relation != NULL && relation->flags == REL_OR)
		return is_provided(question, relation->name) ||
		       is_provided(question, relation->evr);
	if (relation != NULL && (relation->flags == REL_COND || relation->flags == REL_UNLESS))
		return is_condition_provided(question, relation);
	FOR_PROVIDES (id, offset, dependency)
		if (MAPTST(&question->visible, id))
			return TRUE;
	return FALSE;
}

gboolean kiln_solv_question_is_provided(const KilnSolvQuestion *question)
{
	Id id = 0;
	Solvable *package = NULL;

	FOR_REPO_SOLVABLES (question->asking, id, package)
		for (const Id *dependency = question->asking->idarraydata + package->requires;
			package->requires != 0 && *dependency != 0; dependency++)
			if (!is_provided(question, *dependency))
				return FALSE;
	return TRUE;
}
