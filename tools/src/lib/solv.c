/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv.h"

#include <string.h>

#include <solv/pool.h>
#include <solv/pool_parserpmrichdep.h>
#include <solv/poolarch.h>
#include <solv/repo.h>
#include <solv/solver.h>
#include <solv/testcase.h>

#include "base/error.h"
#include "base/fs.h"
#include "lib/solv_answer.h"
#include "lib/solv_problem.h"
#include "lib/solv_source.h"
#include "model/dependency.h"

#define ASKING "@request"

struct KilnSolv {
	char *arch;
	char *cache_directory;
	GPtrArray *sources;	 /* of KilnSolvSource */
	Pool *pool;		 /* NULL until asked, and again after a new source */
	gboolean broken;	 /* `pool` is half indexed and not to be asked again */
	GHashTable *known_files; /* requirements that name a path and that `pool` has looked for */
	char **problems;
};

/* One question put to libsolv. The request is turned into packages of a repository of their own,
 * one for each requirement and conflict, all to be installed: so a path or a rich dependency needs
 * no treatment of its own, and one requirement that fails does not hide the others. */
typedef struct {
	const KilnSolvRequest *request;
	Pool *pool;
	Repo *asking;
	Solver *solver;
	Queue jobs;
	Map installed;
} Question;

static void question_clear(Question *question)
{
	g_clear_pointer(&question->solver, solver_free);
	if (question->asking != NULL)
		repo_free(question->asking, 1);
	queue_free(&question->jobs);
	map_free(&question->installed);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Question, question_clear)

/* --- repositories --- */

KilnSolv *kiln_solv_new(const char *arch, const char *cache_directory)
{
	KilnSolv *solv = g_new0(KilnSolv, 1);

	solv->arch = g_strdup(arch);
	solv->cache_directory = g_strdup(cache_directory);
	solv->sources = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_solv_source_free);
	solv->known_files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	solv->problems = g_new0(char *, 1);
	return solv;
}

static void drop_pool(KilnSolv *solv)
{
	g_clear_pointer(&solv->pool, pool_free);
	g_hash_table_remove_all(solv->known_files);
	solv->broken = FALSE;
}

void kiln_solv_free(KilnSolv *solv)
{
	drop_pool(solv);
	g_ptr_array_unref(solv->sources);
	g_hash_table_unref(solv->known_files);
	g_strfreev(solv->problems);
	g_free(solv->cache_directory);
	g_free(solv->arch);
	g_free(solv);
}

static KilnSolvSource *find_source(const KilnSolv *solv, const char *name)
{
	for (guint i = 0; i < solv->sources->len; i++) {
		KilnSolvSource *source = g_ptr_array_index(solv->sources, i);
		if (strcmp(source->name, name) == 0)
			return source;
	}
	return NULL;
}

static KilnSolvSource *add_source(KilnSolv *solv, const char *name, int priority, GError **error)
{
	if (find_source(solv, name) != NULL || strcmp(name, ASKING) == 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"repository \"%s\": there is one of that name already", name);
		return NULL;
	}
	KilnSolvSource *source = g_new0(KilnSolvSource, 1);
	source->name = g_strdup(name);
	source->priority = priority;
	source->cache_directory = g_strdup(solv->cache_directory);
	g_ptr_array_add(solv->sources, source);
	drop_pool(solv);
	return source;
}

gboolean kiln_solv_add_repository(
	KilnSolv *solv, const KilnSolvRepository *repository, GError **error)
{
	g_autofree char *path =
		g_build_filename(repository->directory, "repodata", "repomd.xml", NULL);

	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
			"repository \"%s\": there is no \"%s\"", repository->name, path);
		return FALSE;
	}
	KilnSolvSource *source = add_source(solv, repository->name, repository->priority, error);
	if (source == NULL)
		return FALSE;
	source->directory = g_canonicalize_filename(repository->directory, NULL);
	return TRUE;
}

/* Orders paths by file name, which says the package, before the directory, which may be random. */
static int compare_paths(gconstpointer a, gconstpointer b)
{
	const char *left = *(const char *const *)a;
	const char *right = *(const char *const *)b;
	int order = strcmp(strrchr(left, '/'), strrchr(right, '/'));

	return order == 0 ? strcmp(left, right) : order;
}

gboolean kiln_solv_add_packages(
	KilnSolv *solv, const char *name, const char *const *paths, int priority, GError **error)
{
	g_autoptr(GPtrArray) absolute = g_ptr_array_new();
	KilnSolvSource *source = add_source(solv, name, priority, error);

	if (source == NULL)
		return FALSE;
	for (; *paths != NULL; paths++)
		g_ptr_array_add(absolute, g_canonicalize_filename(*paths, NULL));
	g_ptr_array_sort(absolute, compare_paths);
	g_ptr_array_add(absolute, NULL);
	source->paths = (char **)g_ptr_array_free(g_steal_pointer(&absolute), FALSE);
	return TRUE;
}

static int compare_sources(gconstpointer a, gconstpointer b)
{
	const KilnSolvSource *left = *(const KilnSolvSource *const *)a;
	const KilnSolvSource *right = *(const KilnSolvSource *const *)b;

	if (left->priority != right->priority)
		return left->priority > right->priority ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* An empty pool that follows rpm's rules whatever the host's own packages are. */
static Pool *create_pool(const char *arch)
{
	Pool *pool = pool_create();

	pool_setdebugmask(pool, 0);
	pool_setdisttype(pool, DISTTYPE_RPM);
	pool_setarch(pool, arch);
	if (pool_arch2score(pool, pool_str2id(pool, arch, 1)) == 0)
		pool_setarchpolicy(pool, arch);
	return pool;
}

/* Reads all sources into a fresh pool if there is none. Their order there does not depend on the
 * order in which they were added: libsolv prefers what comes first when nothing else decides. */
static gboolean prepare_pool(KilnSolv *solv, GError **error)
{
	if (solv->pool != NULL && !solv->broken)
		return TRUE;
	drop_pool(solv);
	solv->pool = create_pool(solv->arch);
	g_ptr_array_sort(solv->sources, compare_sources);
	for (guint i = 0; i < solv->sources->len; i++) {
		if (kiln_solv_source_load(g_ptr_array_index(solv->sources, i), solv->pool, error))
			continue;
		drop_pool(solv);
		return FALSE;
	}
	return TRUE;
}

/* Makes the pool ready for solving; `files` when dependencies name paths that were not looked for
 * yet. */
static gboolean index_pool(KilnSolv *solv, gboolean files, GError **error)
{
	if (solv->pool->whatprovides != NULL && !files)
		return TRUE;
	solv->broken = !kiln_solv_source_provide_files(solv->sources, solv->pool, error);
	if (!solv->broken)
		pool_createwhatprovides(solv->pool);
	return !solv->broken;
}

/* --- questions --- */

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

static Id dependency_id(Pool *pool, const char *text, GError **error)
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

static int compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Adds one package to question->asking for each of `texts`, sorted, with the dependency in `kind`.
 */
static gboolean ask(Question *question, const char *const *texts, Id kind, GError **error)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();

	for (; texts != NULL && *texts != NULL; texts++)
		g_ptr_array_add(sorted, (gpointer)*texts);
	g_ptr_array_sort(sorted, compare_texts);
	for (guint i = 0; i < sorted->len; i++) {
		const char *text = g_ptr_array_index(sorted, i);
		if (g_str_has_prefix(text, "rpmlib("))
			continue;
		Id dependency = dependency_id(question->pool, text, error);
		if (dependency == 0)
			return FALSE;
		g_autofree char *name = g_strdup_printf(ASKING ":%d", question->asking->nsolvables);
		Id id = repo_add_solvable(question->asking);
		Solvable *package = pool_id2solvable(question->pool, id);
		package->name = pool_str2id(question->pool, name, 1);
		package->evr = pool_str2id(question->pool, "1-1", 1);
		package->arch = ARCH_NOARCH;
		solvable_add_deparray(package, kind, dependency, 0);
		queue_push2(&question->jobs, SOLVER_INSTALL | SOLVER_SOLVABLE, id);
	}
	return TRUE;
}

/* TRUE when a text names a path that the pool has not looked for; notes it. */
static gboolean names_new_file(KilnSolv *solv, const char *const *texts)
{
	gboolean found = FALSE;

	for (; texts != NULL && *texts != NULL; texts++)
		if (strchr(*texts, '/') != NULL)
			found = g_hash_table_add(solv->known_files, g_strdup(*texts)) || found;
	return found;
}

/* The id of a package of an earlier solution: same name, version, architecture and bytes. */
static Id find_package(const KilnSolv *solv, const KilnSolvPackage *wanted)
{
	Pool *pool = solv->pool;
	g_autofree char *evr = kiln_nevra_format_evr(&wanted->nevra);
	Id name = pool_str2id(pool, wanted->nevra.name, 0);
	Id evr_id = pool_str2id(pool, evr, 0);
	Id id = 0, offset = 0;

	if (name == 0 || evr_id == 0)
		return 0;
	FOR_PROVIDES (id, offset, name) {
		g_autofree char *type = NULL;
		g_autofree char *checksum = NULL;
		Solvable *package = pool_id2solvable(pool, id);
		if (package->name != name || package->evr != evr_id ||
			strcmp(pool_id2str(pool, package->arch), wanted->nevra.arch) != 0)
			continue;
		/* A package without a readable checksum is not the one that was installed. */
		if (kiln_solv_source_package_checksum(
			    package->repo->appdata, package, &type, &checksum, NULL) &&
			strcmp(checksum, wanted->checksum) == 0)
			return id;
	}
	return 0;
}

static gboolean keep_packages(
	const KilnSolv *solv, Question *question, const GPtrArray *packages, GError **error)
{
	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = g_ptr_array_index(packages, i);
		g_autofree char *nevra = kiln_nevra_format(&package->nevra);
		Id id = find_package(solv, package);
		if (id == 0) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
				"dependencies of \"%s\": installed package \"%s\" is in no "
				"repository any more",
				question->request->requester, nevra);
			return FALSE;
		}
		MAPSET(&question->installed, id);
		queue_push2(&question->jobs, SOLVER_INSTALL | SOLVER_SOLVABLE, id);
	}
	return TRUE;
}

/* Installed packages are jobs like the rest: nothing can change or remove them then, and what
 * conflicts with them is explained like any other conflict. */
static gboolean keep_installed(const KilnSolv *solv, Question *question, GError **error)
{
	const KilnSolution *installed = question->request->installed;

	map_init(&question->installed, question->pool->nsolvables);
	if (installed == NULL)
		return TRUE;
	return keep_packages(solv, question, kiln_solution_installed(installed), error) &&
	       keep_packages(solv, question, kiln_solution_packages(installed), error);
}

/* Solves; what comes out, solution or problems, is in question->solver. */
static void solve(Question *question)
{
	question->solver = solver_create(question->pool);
	solver_set_flag(question->solver, SOLVER_FLAG_IGNORE_RECOMMENDED,
		!question->request->with_recommends);
	solver_solve(question->solver, &question->jobs);
}

static gboolean put_question(
	KilnSolv *solv, const KilnSolvRequest *request, Question *question, GError **error)
{
	gboolean files = FALSE;

	if (!prepare_pool(solv, error))
		return FALSE;
	question->request = request;
	question->pool = solv->pool;
	question->asking = repo_create(solv->pool, ASKING);
	if (!ask(question, request->requirements, SOLVABLE_REQUIRES, error) ||
		!ask(question, request->conflicts, SOLVABLE_CONFLICTS, error))
		return FALSE;
	files = names_new_file(solv, request->requirements) || files;
	files = names_new_file(solv, request->conflicts) || files;
	if (!index_pool(solv, files, error) || !keep_installed(solv, question, error))
		return FALSE;
	solve(question);
	return TRUE;
}

static void set_problems(KilnSolv *solv, char **problems)
{
	g_strfreev(solv->problems);
	solv->problems = problems;
}

/* Keeps the problems of `question` and raises the first of them. */
static void raise_problems(KilnSolv *solv, const Question *question, GError **error)
{
	const KilnSolvCase unsolved = {
		.solver = question->solver,
		.requester = question->request->requester,
		.request = question->asking,
		.installed = &question->installed,
	};

	set_problems(solv, kiln_solv_problem_sentences(&unsolved));
	guint others = g_strv_length(solv->problems) - 1;
	g_autofree char *more = others == 0 ? g_strdup("")
					    : g_strdup_printf(" (and %u more problem%s)", others,
						      others == 1 ? "" : "s");
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE, "dependencies of \"%s\": %s%s",
		question->request->requester, solv->problems[0], more);
}

KilnSolution *kiln_solv_resolve(KilnSolv *solv, const KilnSolvRequest *request, GError **error)
{
	g_auto(Question) question = {0};

	set_problems(solv, g_new0(char *, 1));
	if (!put_question(solv, request, &question, error))
		return NULL;
	if (solver_problem_count(question.solver) > 0) {
		raise_problems(solv, &question, error);
		return NULL;
	}
	const KilnSolvAnswer answer = {
		.solver = question.solver,
		.requester = request->requester,
		.asking = question.asking,
		.below = request->installed,
		.installed = &question.installed,
		.with_recommends = request->with_recommends,
	};
	return kiln_solv_answer_solution(&answer, error);
}

const char *const *kiln_solv_problems(const KilnSolv *solv)
{
	return (const char *const *)solv->problems;
}

gboolean kiln_solv_dump(
	KilnSolv *solv, const KilnSolvRequest *request, const char *directory, GError **error)
{
	g_auto(Question) question = {0};

	if (!put_question(solv, request, &question, error) ||
		!kiln_fs_make_directory(directory, error))
		return FALSE;
	if (testcase_write(question.solver, directory,
		    TESTCASE_RESULT_TRANSACTION | TESTCASE_RESULT_PROBLEMS, NULL, NULL))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "test case \"%s\": %s", directory,
		pool_errstr(solv->pool));
	return FALSE;
}

/* --- closure --- */

/* Solves for the packages that `jobs` installs; FALSE with their problems added to `sentences`. */
static gboolean try_packages(KilnSolv *solv, Queue *jobs, GPtrArray *sentences)
{
	const KilnSolvRequest request = {.requester = "closure"};
	g_auto(Question) question = {.request = &request, .pool = solv->pool};

	queue_init_clone(&question.jobs, jobs);
	solve(&question);
	if (solver_problem_count(question.solver) == 0)
		return TRUE;
	if (sentences != NULL) {
		const KilnSolvCase unsolved = {
			.solver = question.solver, .root = jobs->elements[1]};
		g_auto(GStrv) problems = kiln_solv_problem_sentences(&unsolved);
		for (char **problem = problems; *problem != NULL; problem++)
			g_ptr_array_add(sentences, g_strdup(*problem));
	}
	return FALSE;
}

/* One at a time, where all at once did not work. */
static void try_each(KilnSolv *solv, Queue *all, GPtrArray *sentences)
{
	Queue one;

	queue_init(&one);
	for (int i = 0; i + 1 < all->count; i += 2) {
		queue_empty(&one);
		queue_push2(&one, all->elements[i], all->elements[i + 1]);
		try_packages(solv, &one, sentences);
	}
	queue_free(&one);
}

gboolean kiln_solv_check_closure(
	KilnSolv *solv, const char *name, char ***ret_problems, GError **error)
{
	const KilnSolvSource *source = find_source(solv, name);
	g_autoptr(GPtrArray) sentences = g_ptr_array_new();
	Id id = 0;
	Solvable *package = NULL;
	Queue all;

	if (source == NULL) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
			"repository \"%s\": is not known", name);
		return FALSE;
	}
	if (!prepare_pool(solv, error) || !index_pool(solv, FALSE, error))
		return FALSE;
	queue_init(&all);
	FOR_REPO_SOLVABLES (source->repo, id, package)
		if (package->arch != ARCH_SRC && package->arch != ARCH_NOSRC)
			queue_push2(&all, SOLVER_INSTALL | SOLVER_SOLVABLE, id);
	if (!try_packages(solv, &all, NULL))
		try_each(solv, &all, sentences);
	queue_free(&all);
	g_ptr_array_sort(sentences, compare_texts);
	g_ptr_array_add(sentences, NULL);
	*ret_problems = (char **)g_ptr_array_free(g_steal_pointer(&sentences), FALSE);
	return TRUE;
}
