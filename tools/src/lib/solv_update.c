/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_check.h"

#include <solv/pool.h>
#include <solv/repo.h>

#include "lib/solv_finding.h"
#include "lib/solv_pool.h"
#include "lib/solv_question.h"
#include "lib/solv_ready.h"
#include "lib/solv_successor.h"

/* Hosts that were set up without some repositories update to what is there now without others. */
typedef struct {
	KilnSolvReady ready;
	KilnSolvRequest before, now;
	const char *before_hidden[2], *now_hidden[2]; /* lists for the two, where they are short */
	Map visible;				      /* now */
	KilnSolvSuccessors *successors;
	GPtrArray *found; /* KilnSolvFinding */
} Update;

static void update_clear(Update *update)
{
	map_free(&update->visible);
	g_clear_pointer(&update->successors, kiln_solv_successors_free);
	g_clear_pointer(&update->found, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Update, update_clear)

static void hide(const Update *update, Map *visible, const char *const *names)
{
	for (guint i = 0; names != NULL && i < update->ready.sources->len; i++) {
		const KilnSolvSource *source = g_ptr_array_index(update->ready.sources, i);
		if (!g_strv_contains(names, source->name))
			continue;
		for (Id id = source->repo->start; id < source->repo->end; id++)
			MAPCLR(visible, id);
	}
}

/* `update` is zeroed but for before_hidden and now_hidden. */
static gboolean update_init(Update *update, KilnSolv *solv, const char *const *before_hidden,
	const char *const *now_hidden, GError **error)
{
	if (!kiln_solv_ready(solv, &update->ready, error))
		return FALSE;
	update->before = (KilnSolvRequest){.requester = "host", .hidden = before_hidden};
	update->now = (KilnSolvRequest){.requester = "update", .hidden = now_hidden};
	map_init(&update->visible, update->ready.pool->nsolvables);
	map_setall(&update->visible);
	hide(update, &update->visible, now_hidden);
	update->successors = kiln_solv_successors_new(update->ready.pool, &update->visible);
	update->found = kiln_solv_findings_new();
	return TRUE;
}

/* --- hosts --- */

/* What a host has that was set up with as many of `ids` as went together. FALSE when it is none of
 * them. */
static gboolean set_up(const Update *update, const Queue *ids, Queue *ret_installed)
{
	g_autoptr(KilnSolvQuestion) question =
		kiln_solv_question_new(update->ready.asking, &update->before, NULL);

	kiln_solv_question_wish(question, ids);
	if (!kiln_solv_question_solve(question))
		return FALSE;
	kiln_solv_question_chosen(question, ret_installed);
	return ret_installed->count > 0;
}

/* Parts what is installed into what stays and what comes in place of the rest. */
static void part(const Update *update, const Queue *installed, Queue *ret_stays, Queue *ret_comes)
{
	Queue next;

	queue_init(&next);
	for (int i = 0; i < installed->count; i++) {
		queue_empty(&next);
		kiln_solv_successors_find(update->successors, installed->elements[i], &next);
		if (next.count == 0)
			queue_push(ret_stays, installed->elements[i]);
		for (int j = 0; j < next.count; j++)
			queue_pushunique(ret_comes, next.elements[j]);
	}
	queue_free(&next);
}

/* Notes what keeps the host of `package` (0: that of all) from becoming this. */
static void try_update(Update *update, Id package, const Queue *stays, const Queue *comes)
{
	g_autoptr(KilnSolvQuestion) question =
		kiln_solv_question_new(update->ready.asking, &update->now, NULL);

	kiln_solv_question_keep(question, stays);
	kiln_solv_question_want(question, comes);
	if (kiln_solv_question_solve(question))
		return;
	g_auto(GStrv) problems = kiln_solv_question_problems(question, package);
	for (char **problem = problems; *problem != NULL; problem++)
		if (!kiln_solv_findings_tell(update->found, KILN_SOLV_HELD_BACK, *problem))
			kiln_solv_finding_add(update->found, KILN_SOLV_HELD_BACK,
				update->ready.pool, package, 0, *problem);
}

static void try_host(Update *update, Id package, const Queue *ids)
{
	Queue installed, stays, comes;

	queue_init(&installed);
	queue_init(&stays);
	queue_init(&comes);
	if (set_up(update, ids, &installed)) {
		part(update, &installed, &stays, &comes);
		if (comes.count > 0)
			try_update(update, package, &stays, &comes);
	}
	queue_free(&installed);
	queue_free(&stays);
	queue_free(&comes);
}

static void try_host_of(Update *update, Id package)
{
	Queue one;

	queue_init_buffer(&one, &package, 1);
	one.count = 1;
	try_host(update, package, &one);
}

/* --- from an older one --- */

static void list_packages(const Repo *repo, Queue *ret_ids)
{
	Id id = 0;
	Solvable *package = NULL;

	FOR_REPO_SOLVABLES (repo, id, package)
		if (package->arch != ARCH_SRC && package->arch != ARCH_NOSRC)
			queue_push(ret_ids, id);
}

/* Whether a package of `repo` has the Name of `id`. With `next`: one which that takes the place of as
 * well, be it by its Name or by its Obsoletes; then it is found where what is replaced is. */
static gboolean has_name(Pool *pool, const Repo *repo, Id id, Id next)
{
	const Id name = pool_id2solvable(pool, id)->name;
	Id own = 0, offset = 0;

	FOR_PROVIDES (own, offset, name) {
		const Solvable *package = pool_id2solvable(pool, own);
		if (package->name == name && package->repo == repo &&
			(next == 0 || pool_id2solvable(pool, next)->name == name ||
				kiln_solv_pool_obsoletes(pool, next, own) != 0))
			return TRUE;
	}
	return FALSE;
}

/* Notes that `next` takes the place of `id`, unless that is as it should be. */
static void judge_successor(Update *update, const Repo *repo, Id id, Id next)
{
	Pool *pool = update->ready.pool;
	const Solvable *package = pool_id2solvable(pool, id);
	const Id dependency = kiln_solv_pool_obsoletes(pool, next, id);
	const char *sentence = dependency == 0 ? NULL : pool_dep2str(pool, dependency);

	if (pool_id2solvable(pool, next)->repo != repo) {
		if (!has_name(pool, repo, id, next))
			kiln_solv_finding_add(update->found, KILN_SOLV_HANDED_OVER, pool, id, next,
				sentence);
	} else if (pool_id2solvable(pool, next)->name != package->name &&
		   !has_name(pool, repo, id, 0) &&
		   !kiln_solv_pool_has_stand_in(pool, repo, package)) {
		kiln_solv_finding_add(
			update->found, KILN_SOLV_OBSOLETES, pool, next, id, sentence);
	}
}

/* Notes what became of `id`. */
static void judge_fate(Update *update, const Repo *repo, Id id)
{
	Pool *pool = update->ready.pool;
	const Id best = kiln_solv_successors_best(update->successors, id);
	Queue next;

	queue_init(&next);
	kiln_solv_successors_find(update->successors, id, &next);
	if (next.count == 0 && best != 0 && pool_id2solvable(pool, best)->repo == repo)
		kiln_solv_finding_add(update->found, KILN_SOLV_LOWER, pool, best, id, NULL);
	else if (next.count == 0)
		kiln_solv_finding_add(update->found, KILN_SOLV_GONE, pool, id, 0, NULL);
	for (int i = 0; i < next.count; i++)
		judge_successor(update, repo, id, next.elements[i]);
	queue_free(&next);
}

gboolean kiln_solv_check_update(
	KilnSolv *solv, const char *old, const char *name, GPtrArray *findings, GError **error)
{
	g_auto(Update) update = {.before_hidden = {name, NULL}, .now_hidden = {old, NULL}};
	Queue all;

	if (!update_init(&update, solv, update.before_hidden, update.now_hidden, error))
		return FALSE;
	const Repo *from = kiln_solv_ready_repo(&update.ready, old, error);
	const Repo *to = from == NULL ? NULL : kiln_solv_ready_repo(&update.ready, name, error);
	if (to == NULL)
		return FALSE;
	queue_init(&all);
	list_packages(from, &all);
	for (int i = 0; i < all.count; i++) {
		judge_fate(&update, to, all.elements[i]);
		try_host_of(&update, all.elements[i]);
	}
	try_host(&update, 0, &all);
	queue_free(&all);
	kiln_solv_findings_take(findings, update.found);
	return TRUE;
}

/* --- from none --- */

/* The packages outside `name` that something of `name` succeeds. */
static void find_succeeded(const Update *update, const Repo *repo, Map *ret_succeeded)
{
	Pool *pool = update->ready.pool;
	Queue next;
	Id id = 0;

	queue_init(&next);
	FOR_POOL_SOLVABLES (id) {
		if (!MAPTST(&update->visible, id) || pool_id2solvable(pool, id)->repo == repo ||
			!pool_installable(pool, pool_id2solvable(pool, id)))
			continue;
		queue_empty(&next);
		kiln_solv_successors_find(update->successors, id, &next);
		for (int i = 0; i < next.count; i++)
			if (pool_id2solvable(pool, next.elements[i])->repo == repo)
				MAPSET(ret_succeeded, id);
	}
	queue_free(&next);
}

/* Whether all that satisfies `dependency` goes away with `succeeded`. */
static gboolean loses(const Update *update, Id dependency, const Map *succeeded)
{
	gboolean found = FALSE;

	for (const Id *p = pool_whatprovides_ptr(update->ready.pool, dependency); *p != 0; p++) {
		if (!MAPTST(&update->visible, *p))
			continue;
		if (!MAPTST(succeeded, *p))
			return FALSE;
		found = TRUE;
	}
	return found;
}

static gboolean loses_any(const Update *update, const Solvable *package, const Map *succeeded)
{
	const Id *dependency = package->repo->idarraydata + package->requires;

	for (; package->requires != 0 && *dependency != 0; dependency++)
		if (*dependency != SOLVABLE_PREREQMARKER &&
			loses(update, *dependency, succeeded))
			return TRUE;
	return FALSE;
}

gboolean kiln_solv_check_arrival(KilnSolv *solv, const char *name, const char *const *hidden,
	GPtrArray *findings, GError **error)
{
	g_autoptr(GPtrArray) before = g_ptr_array_new();
	g_auto(Update) update = {0};
	Id id = 0;
	Map succeeded;

	for (; hidden != NULL && hidden[before->len] != NULL;)
		g_ptr_array_add(before, (gpointer)hidden[before->len]);
	g_ptr_array_add(before, (gpointer)name);
	g_ptr_array_add(before, NULL);
	if (!update_init(&update, solv, (const char *const *)before->pdata, hidden, error))
		return FALSE;
	const Repo *repo = kiln_solv_ready_repo(&update.ready, name, error);
	if (repo == NULL)
		return FALSE;
	Pool *pool = update.ready.pool;
	map_init(&succeeded, pool->nsolvables);
	find_succeeded(&update, repo, &succeeded);
	FOR_POOL_SOLVABLES (id) {
		const Solvable *package = pool_id2solvable(pool, id);
		if (MAPTST(&update.visible, id) && package->repo != repo &&
			(MAPTST(&succeeded, id) || loses_any(&update, package, &succeeded)))
			try_host_of(&update, id);
	}
	map_free(&succeeded);
	kiln_solv_findings_take(findings, update.found);
	return TRUE;
}
