/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_problem.h"

#include <string.h>

#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/solver.h>

#include "base/text.h"
#include "lib/solv_source.h"

/* What a reader still follows; a conflict deep in a large base can have hundreds. */
#define MAX_CLAUSES 10
#define MAX_NAMED 3

/* One reason out of a problem's rules. */
typedef struct {
	SolverRuleinfo type;
	Id source, target, dependency;
	gboolean told;
} Reason;

static Pool *pool_of(const KilnSolvCase *solve)
{
	return solve->solver->pool;
}

/* --- words --- */

/* The package or the requester behind a solvable, without quotes. */
static const char *subject(const KilnSolvCase *solve, Id id)
{
	const Solvable *package = pool_id2solvable(pool_of(solve), id);

	if (solve->request != NULL && package->repo == solve->request)
		return solve->requester;
	return pool_solvid2str(pool_of(solve), id);
}

static gboolean is_root(const KilnSolvCase *solve, Id id)
{
	if (solve->root != 0)
		return id == solve->root;
	return solve->request != NULL &&
	       pool_id2solvable(pool_of(solve), id)->repo == solve->request;
}

static gboolean is_installed(const KilnSolvCase *solve, Id id)
{
	return solve->installed != NULL && MAPTST(solve->installed, id);
}

/* «"a", "b" JOINT "c"», or with "JOINT N more" at the end. */
static void append_list(GString *sentence, const GPtrArray *names, const char *joint)
{
	guint shown = names->len > MAX_NAMED + 1 ? MAX_NAMED : names->len;

	for (guint i = 0; i < shown; i++) {
		if (i > 0 && i + 1 == names->len)
			g_string_append_printf(sentence, " %s ", joint);
		else if (i > 0)
			g_string_append(sentence, ", ");
		g_string_append_printf(
			sentence, "\"%s\"", (const char *)g_ptr_array_index(names, i));
	}
	if (shown < names->len)
		g_string_append_printf(sentence, " %s %u more", joint, names->len - shown);
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether the package took part in the question. */
static gboolean is_visible(Pool *pool, Id id)
{
	return !pool_disabled_solvable(pool, pool_id2solvable(pool, id));
}

/* More repositories than these are counted, not named. */
#define NAMED_MAX 3

/* The names of the repositories that were searched, quoted; "" when there are none. Of many only those that have
 * metadata of their own are named. */
static char *searched(const KilnSolvCase *solve)
{
	Pool *pool = pool_of(solve);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GPtrArray) main_names = g_ptr_array_new();
	GString *text = g_string_new(NULL);
	Repo *repo = NULL;
	int i = 0;

	FOR_REPOS (i, repo)
		if (repo != solve->request &&
			(solve->hidden == NULL || !g_strv_contains(solve->hidden, repo->name)))
			g_ptr_array_add(names, (gpointer)repo->name);
	FOR_REPOS (i, repo)
		if (repo->appdata && ((const KilnSolvSource *)repo->appdata)->directory)
			g_ptr_array_add(main_names, (gpointer)repo->name);
	g_ptr_array_sort(names, compare_texts);
	g_ptr_array_sort(main_names, compare_texts);
	if (names->len <= NAMED_MAX || main_names->len == 0) {
		append_list(text, names, "or");
	} else {
		append_list(text, main_names, "or");
		g_string_append_printf(text, " or %u others", names->len - main_names->len);
	}
	return g_string_free(text, FALSE);
}

/* --- what is near --- */

/* How `package` provides `name`: "name = evr", or "name" when it says no version. */
static char *provided_form(Pool *pool, Id package, Id name)
{
	Solvable *solvable = pool_id2solvable(pool, package);
	Id *provides = solvable->repo->idarraydata + solvable->provides;

	for (; solvable->provides != 0 && *provides != 0; provides++)
		if (ISRELDEP(*provides) && GETRELDEP(pool, *provides)->name == name)
			return g_strdup(pool_dep2str(pool, *provides));
	return g_strdup(pool_id2str(pool, name));
}

/* «only "foo = 1.5-1" in "foo-1.5-1.x86_64"» for every package that has the name in another
 * version. */
static gboolean append_other_versions(GString *sentence, Pool *pool, Id name)
{
	g_autoptr(GPtrArray) forms = g_ptr_array_new_with_free_func(g_free);
	Id package = 0, offset = 0;

	FOR_PROVIDES (package, offset, name) {
		if (!is_visible(pool, package))
			continue;
		g_autofree char *form = provided_form(pool, package, name);
		g_ptr_array_add(forms,
			g_strdup_printf("%s\" in \"%s", form, pool_solvid2str(pool, package)));
	}
	if (forms->len == 0)
		return FALSE;
	g_ptr_array_sort(forms, compare_texts);
	g_string_append(sentence, "; there is only ");
	append_list(sentence, forms, "and");
	return TRUE;
}

/* A package of that name that is there, but for an architecture that cannot be installed. */
static gboolean append_foreign(GString *sentence, Pool *pool, Id name)
{
	Id id = 0;

	FOR_POOL_SOLVABLES (id) {
		Solvable *package = pool_id2solvable(pool, id);
		if (package->name != name || !is_visible(pool, id) ||
			pool_installable(pool, package))
			continue;
		g_string_append_printf(sentence, "; \"%s\" is for another architecture",
			pool_solvid2str(pool, id));
		return TRUE;
	}
	return FALSE;
}

static gboolean has_visible_provider(Pool *pool, Id name)
{
	Id package = 0, offset = 0;

	FOR_PROVIDES (package, offset, name)
		if (is_visible(pool, package))
			return TRUE;
	return FALSE;
}

static void append_nearest(GString *sentence, Pool *pool, Id name)
{
	g_autoptr(GPtrArray) candidates = g_ptr_array_new();
	const char *wanted = pool_id2str(pool, name);

	for (Id id = 2; id < pool->ss.nstrings; id++)
		if (pool->whatprovides[id] > 1 && has_visible_provider(pool, id) &&
			(*pool_id2str(pool, id) == '/') == (*wanted == '/'))
			g_ptr_array_add(candidates, (gpointer)pool_id2str(pool, id));
	g_ptr_array_sort(candidates, compare_texts);
	g_ptr_array_add(candidates, NULL);
	const char *nearest = kiln_text_nearest(wanted, (const char *const *)candidates->pdata);
	if (nearest != NULL)
		g_string_append_printf(sentence, "; nearest name: \"%s\"", nearest);
}

/* The name a plain dependency is about, 0 for a rich one. */
static Id plain_name(Pool *pool, Id dependency)
{
	if (!ISRELDEP(dependency))
		return dependency;
	const Reldep *relation = GETRELDEP(pool, dependency);
	return relation->flags < 8 && !ISRELDEP(relation->name) ? relation->name : 0;
}

static void append_near(GString *sentence, Pool *pool, Id dependency)
{
	Id name = plain_name(pool, dependency);

	if (name == 0)
		return;
	if (ISRELDEP(dependency) && append_other_versions(sentence, pool, name))
		return;
	if (!append_foreign(sentence, pool, name))
		append_nearest(sentence, pool, name);
}

/* --- clauses --- */

static void tell_missing(const KilnSolvCase *solve, const Reason *reason, GString *sentence)
{
	g_autofree char *repositories = searched(solve);

	g_string_append_printf(sentence, "\"%s\" needs \"%s\", which no package %s%s%s",
		subject(solve, reason->source), pool_dep2str(pool_of(solve), reason->dependency),
		*repositories == '\0' ? "" : "in ", repositories,
		*repositories == '\0' ? "provides" : " provides");
	append_near(sentence, pool_of(solve), reason->dependency);
}

static void tell_requires(const KilnSolvCase *solve, const Reason *reason, GString *sentence)
{
	Pool *pool = pool_of(solve);
	g_autoptr(GPtrArray) providers = g_ptr_array_new_with_free_func(g_free);
	Id package = 0, offset = 0;

	FOR_PROVIDES (package, offset, reason->dependency)
		if (is_visible(pool, package))
			g_ptr_array_add(providers, g_strdup(pool_solvid2str(pool, package)));
	if (providers->len == 0 && plain_name(pool, reason->dependency) != 0) {
		tell_missing(solve, reason, sentence);
		return;
	}
	g_ptr_array_sort(providers, compare_texts);
	g_string_append_printf(sentence, "\"%s\" needs \"%s\"", subject(solve, reason->source),
		pool_dep2str(pool, reason->dependency));
	g_string_append(sentence,
		providers->len == 0 ? ", which nothing here satisfies" : ", provided by ");
	append_list(sentence, providers, "and");
}

static void tell_conflict(const KilnSolvCase *solve, const Reason *reason, GString *sentence)
{
	g_string_append_printf(sentence, "\"%s\" conflicts with \"%s\", %s \"%s\"",
		subject(solve, reason->source), pool_dep2str(pool_of(solve), reason->dependency),
		is_installed(solve, reason->target) ? "provided by the installed" : "provided by",
		subject(solve, reason->target));
}

static void tell_same_name(const KilnSolvCase *solve, const Reason *reason, GString *sentence)
{
	Id kept = is_installed(solve, reason->target) ? reason->target : reason->source;
	Id other = kept == reason->source ? reason->target : reason->source;

	if (is_installed(solve, kept))
		g_string_append_printf(sentence,
			"\"%s\" is installed already and cannot give way to \"%s\"",
			subject(solve, kept), subject(solve, other));
	else
		g_string_append_printf(sentence, "\"%s\" and \"%s\" cannot be installed together",
			subject(solve, MIN(kept, other)), subject(solve, MAX(kept, other)));
}

static void tell_obsoletes(const KilnSolvCase *solve, const Reason *reason, GString *sentence)
{
	g_string_append_printf(sentence, "\"%s\" obsoletes %s\"%s\"",
		subject(solve, reason->source),
		is_installed(solve, reason->target) ? "the installed " : "",
		subject(solve, reason->target));
}

static void tell_self_conflict(const KilnSolvCase *solve, const Reason *reason, GString *sentence)
{
	g_string_append_printf(sentence, "\"%s\" conflicts with \"%s\", which it provides itself",
		subject(solve, reason->source), pool_dep2str(pool_of(solve), reason->dependency));
}

static void tell_not_installable(const KilnSolvCase *solve, const Reason *reason, GString *sentence)
{
	g_string_append_printf(
		sentence, "\"%s\" is for another architecture", subject(solve, reason->source));
}

static void tell_inferior(const KilnSolvCase *solve, const Reason *reason, GString *sentence)
{
	g_string_append_printf(sentence, "\"%s\" exists for a better architecture too",
		subject(solve, reason->source));
}

static const struct {
	SolverRuleinfo type;
	void (*tell)(const KilnSolvCase *solve, const Reason *reason, GString *sentence);
} tellers[] = {
	{SOLVER_RULE_PKG_REQUIRES, tell_requires},
	{SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP, tell_missing},
	{SOLVER_RULE_PKG_CONFLICTS, tell_conflict},
	{SOLVER_RULE_PKG_SELF_CONFLICT, tell_self_conflict},
	{SOLVER_RULE_PKG_OBSOLETES, tell_obsoletes},
	{SOLVER_RULE_PKG_IMPLICIT_OBSOLETES, tell_obsoletes},
	{SOLVER_RULE_PKG_SAME_NAME, tell_same_name},
	{SOLVER_RULE_PKG_NOT_INSTALLABLE, tell_not_installable},
	{SOLVER_RULE_INFARCH, tell_inferior},
};

/* --- problems --- */

static gboolean same_pair(const Reason *a, const Reason *b)
{
	return a->type == b->type && a->dependency == b->dependency &&
	       ((a->source == b->source && a->target == b->target) ||
		       (a->type == SOLVER_RULE_PKG_SAME_NAME && a->source == b->target &&
			       a->target == b->source));
}

static gboolean has_words(SolverRuleinfo type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(tellers); i++)
		if (tellers[i].type == type)
			return TRUE;
	return FALSE;
}

static void add_reason(GArray *reasons, const Reason *reason)
{
	for (guint i = 0; i < reasons->len; i++)
		if (same_pair(&g_array_index(reasons, Reason, i), reason))
			return;
	g_array_append_val(reasons, *reason);
}

/* All that the rules of a problem say and that has words; jobs and choices say nothing of their
 * own. */
static GArray *collect_reasons(Solver *solver, Id problem)
{
	GArray *reasons = g_array_new(FALSE, TRUE, sizeof(Reason));
	Queue rules, infos;

	queue_init(&rules);
	queue_init(&infos);
	solver_findallproblemrules(solver, problem, &rules);
	for (int i = 0; i < rules.count; i++) {
		solver_allruleinfos(solver, rules.elements[i], &infos);
		for (int j = 0; j + 3 < infos.count; j += 4) {
			const Id *info = infos.elements + j;
			/* Others are about no package: info[1] of a job is its number. */
			if (!has_words((SolverRuleinfo)info[0]) || !is_visible(solver->pool, info[1]))
				continue;
			add_reason(reasons, &(Reason){.type = (SolverRuleinfo)info[0],
						    .source = info[1],
						    .target = info[2],
						    .dependency = info[3]});
		}
	}
	queue_free(&rules);
	queue_free(&infos);
	return reasons;
}

/* A sentence under way. */
typedef struct {
	const KilnSolvCase *solve;
	GArray *reasons; /* of Reason */
	GString *sentence;
	guint told;
} Telling;

static void tell(Telling *telling, Reason *reason)
{
	reason->told = TRUE;
	if (telling->told++ >= MAX_CLAUSES)
		return;
	if (telling->sentence->len > 0)
		g_string_append(telling->sentence, "; ");
	for (gsize i = 0; i < G_N_ELEMENTS(tellers); i++)
		if (tellers[i].type == reason->type)
			tellers[i].tell(telling->solve, reason, telling->sentence);
}

static void reach_providers(Pool *pool, Id dependency, Queue *reached)
{
	for (const Id *provider = pool_whatprovides_ptr(pool, dependency); *provider != 0;
		provider++)
		queue_pushunique(reached, *provider);
}

/* Tells what `id` has against it; what could satisfy its needs is added to `reached`. */
static void tell_about(Telling *telling, Id id, Queue *reached)
{
	for (guint i = 0; i < telling->reasons->len; i++) {
		Reason *reason = &g_array_index(telling->reasons, Reason, i);
		if (reason->told || reason->source != id)
			continue;
		tell(telling, reason);
		if (reason->type == SOLVER_RULE_PKG_REQUIRES)
			reach_providers(pool_of(telling->solve), reason->dependency, reached);
	}
}

/* Tells what `id` has against it, then what its providers have, nearest first. */
static void tell_from(Telling *telling, Id id)
{
	Queue reached;

	queue_init(&reached);
	queue_push(&reached, id);
	for (int i = 0; i < reached.count; i++)
		tell_about(telling, reached.elements[i], &reached);
	queue_free(&reached);
}

static char *tell_problem(const KilnSolvCase *solve, Id problem)
{
	g_autoptr(GArray) reasons = collect_reasons(solve->solver, problem);
	GString *sentence = g_string_new(NULL);
	Telling telling = {.solve = solve, .reasons = reasons, .sentence = sentence};

	for (guint i = 0; i < reasons->len; i++) {
		const Reason *reason = &g_array_index(reasons, Reason, i);
		if (is_root(solve, reason->source))
			tell_from(&telling, reason->source);
	}
	for (guint i = 0; i < reasons->len; i++)
		if (!g_array_index(reasons, Reason, i).told)
			tell_from(&telling, g_array_index(reasons, Reason, i).source);
	if (telling.told > MAX_CLAUSES)
		g_string_append_printf(
			sentence, "; and %u more reasons", telling.told - MAX_CLAUSES);
	if (sentence->len == 0)
		g_string_append(sentence, solver_problem2str(solve->solver, problem));
	return g_string_free(sentence, FALSE);
}

char **kiln_solv_problem_sentences(const KilnSolvCase *solve)
{
	g_autoptr(GPtrArray) sentences = g_ptr_array_new_with_free_func(g_free);
	int count = (int)solver_problem_count(solve->solver);

	for (Id problem = 1; problem <= count; problem++) {
		char *sentence = tell_problem(solve, problem);
		if (g_ptr_array_find_with_equal_func(sentences, sentence, g_str_equal, NULL))
			g_free(sentence);
		else
			g_ptr_array_add(sentences, sentence);
	}
	g_ptr_array_sort(sentences, compare_texts);
	g_ptr_array_add(sentences, NULL);
	g_ptr_array_set_free_func(sentences, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&sentences), FALSE);
}
