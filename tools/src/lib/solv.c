/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv.h"

#include <string.h>

#include <solv/pool.h>
#include <solv/repo.h>

#include "base/error.h"
#include "base/fs.h"
#include "lib/rpmheader.h"
#include "lib/solv_pool.h"
#include "lib/solv_question.h"
#include "lib/solv_ready.h"

struct KilnSolv {
	char *arch;
	char *cache_directory;
	GPtrArray *sources;	  /* of KilnSolvSource, in the order they have in `pool` */
	Pool *pool;		  /* NULL until asked */
	Repo *asking;		  /* in `pool`, empty between questions; NULL when not indexed */
	gboolean is_indexed;	  /* `pool` holds all of `sources` and knows what they provide */
	gboolean broken;	  /* `pool` is half indexed and not to be asked again */
	GHashTable *known_files;  /* requirements that name a path and that `pool` has looked for */
	Queue installed;	  /* ids of the packages of the solution `installed_serial` */
	guint64 installed_serial; /* 0: none */
	char **problems;
};

/* --- repositories --- */

KilnSolv *kiln_solv_new(const char *arch, const char *cache_directory)
{
	KilnSolv *solv = g_new0(KilnSolv, 1);

	solv->arch = g_strdup(arch);
	solv->cache_directory = g_strdup(cache_directory);
	solv->sources = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_solv_source_free);
	solv->known_files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	solv->problems = g_new0(char *, 1);
	queue_init(&solv->installed);
	return solv;
}

/* Forgets what holds only as long as the packages in the pool stay the same. */
static void forget_index(KilnSolv *solv)
{
	if (solv->asking != NULL)
		repo_free(solv->asking, 1);
	solv->asking = NULL;
	solv->is_indexed = FALSE;
	solv->installed_serial = 0;
	g_hash_table_remove_all(solv->known_files);
}

static void drop_pool(KilnSolv *solv)
{
	forget_index(solv);
	for (guint i = 0; i < solv->sources->len; i++)
		((KilnSolvSource *)g_ptr_array_index(solv->sources, i))->repo = NULL;
	g_clear_pointer(&solv->pool, pool_free);
	solv->broken = FALSE;
}

void kiln_solv_free(KilnSolv *solv)
{
	drop_pool(solv);
	g_ptr_array_unref(solv->sources);
	g_hash_table_unref(solv->known_files);
	g_strfreev(solv->problems);
	queue_free(&solv->installed);
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

static int compare_sources(gconstpointer a, gconstpointer b)
{
	const KilnSolvSource *left = *(const KilnSolvSource *const *)a;
	const KilnSolvSource *right = *(const KilnSolvSource *const *)b;

	if (left->priority != right->priority)
		return left->priority > right->priority ? -1 : 1;
	return strcmp(left->name, right->name);
}

static KilnSolvSource *add_source(KilnSolv *solv, const char *name, int priority)
{
	KilnSolvSource *source = g_new0(KilnSolvSource, 1);

	source->name = g_strdup(name);
	source->priority = priority;
	source->cache_directory = g_strdup(solv->cache_directory);
	g_ptr_array_add(solv->sources, source);
	g_ptr_array_sort(solv->sources, compare_sources);
	forget_index(solv);
	return source;
}

/* Takes the source and its packages out. */
static void remove_source(KilnSolv *solv, KilnSolvSource *source)
{
	kiln_solv_source_unload(source);
	g_ptr_array_remove(solv->sources, source);
	forget_index(solv);
}

/* FALSE when `name` is not free for packages that may replace others. */
static gboolean check_name(
	const KilnSolv *solv, const char *name, gboolean may_replace, GError **error)
{
	const KilnSolvSource *source = find_source(solv, name);

	if (strcmp(name, KILN_SOLV_ASKING) != 0 &&
		(source == NULL || (may_replace && source->directory == NULL)))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"repository \"%s\": there is one of that name already", name);
	return FALSE;
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
	if (!check_name(solv, repository->name, FALSE, error))
		return FALSE;
	KilnSolvSource *source = add_source(solv, repository->name, repository->priority);
	source->directory = g_canonicalize_filename(repository->directory, NULL);
	return TRUE;
}

static void free_file(gpointer data)
{
	KilnSolvSourceFile *file = data;

	g_free(file->path);
	g_free(file->sha256);
	g_free(file);
}

/* Orders files by their name, which says the package, before the directory, which may be random. */
static int compare_files(gconstpointer a, gconstpointer b)
{
	const char *left = (*(const KilnSolvSourceFile *const *)a)->path;
	const char *right = (*(const KilnSolvSourceFile *const *)b)->path;
	int order = strcmp(strrchr(left, '/'), strrchr(right, '/'));

	return order == 0 ? strcmp(left, right) : order;
}

static GPtrArray *sorted_files(const KilnSolvFile *files, gsize count)
{
	GPtrArray *sorted = g_ptr_array_new_with_free_func(free_file);

	for (gsize i = 0; i < count; i++) {
		KilnSolvSourceFile *file = g_new0(KilnSolvSourceFile, 1);
		file->path = g_canonicalize_filename(files[i].path, NULL);
		file->sha256 = g_strdup(files[i].sha256);
		g_ptr_array_add(sorted, file);
	}
	g_ptr_array_sort(sorted, compare_files);
	return sorted;
}

/* TRUE when both are known to be the same files with the same content. */
static gboolean same_files(const GPtrArray *a, const GPtrArray *b)
{
	if (a == NULL || a->len != b->len)
		return FALSE;
	for (guint i = 0; i < a->len; i++) {
		const KilnSolvSourceFile *left = g_ptr_array_index(a, i);
		const KilnSolvSourceFile *right = g_ptr_array_index(b, i);
		if (strcmp(left->path, right->path) != 0 || right->sha256 == NULL ||
			g_strcmp0(left->sha256, right->sha256) != 0)
			return FALSE;
	}
	return TRUE;
}

/* The one of these two that is not NULL becomes the repository `name`; takes it over. */
static void set_content(
	KilnSolv *solv, const char *name, int priority, GPtrArray *files, KilnSolvPlanned *planned)
{
	KilnSolvSource *source = find_source(solv, name);

	if (source != NULL)
		remove_source(solv, source);
	source = add_source(solv, name, priority);
	source->files = files;
	source->planned = planned;
}

gboolean kiln_solv_set_packages(KilnSolv *solv, const char *name, const KilnSolvFile *files,
	gsize count, int priority, GError **error)
{
	g_autoptr(GPtrArray) sorted = sorted_files(files, count);
	const KilnSolvSource *source = find_source(solv, name);

	if (!check_name(solv, name, TRUE, error))
		return FALSE;
	if (source == NULL || source->priority != priority || !same_files(source->files, sorted))
		set_content(solv, name, priority, g_steal_pointer(&sorted), NULL);
	return TRUE;
}

gboolean kiln_solv_set_planned(
	KilnSolv *solv, const char *name, const KilnSolvPlan *plan, GError **error)
{
	g_autoptr(GPtrArray) headers =
		g_ptr_array_new_with_free_func((GDestroyNotify)kiln_rpmheader_free);
	const KilnSolvSource *source = find_source(solv, name);

	if (!check_name(solv, name, TRUE, error))
		return FALSE;
	for (gsize i = 0; i < plan->last_count; i++) {
		KilnRpmHeader *header = kiln_rpmheader_read(plan->last[i].path, error);
		if (header == NULL)
			return FALSE;
		g_ptr_array_add(headers, header);
	}
	g_autoptr(KilnSolvPlanned) planned = kiln_solv_planned_new(plan->spec, headers);
	if (source == NULL || source->priority != plan->priority || source->planned == NULL ||
		!kiln_solv_planned_equal(source->planned, planned))
		set_content(solv, name, plan->priority, NULL, g_steal_pointer(&planned));
	return TRUE;
}

/* --- the pool --- */

/* Gives the packages in the pool the order of their sources, which does not depend on when they
 * were added or replaced. */
static void order_pool(KilnSolv *solv)
{
	g_autoptr(GPtrArray) repos = g_ptr_array_new();

	for (guint i = 0; i < solv->sources->len; i++)
		g_ptr_array_add(
			repos, ((KilnSolvSource *)g_ptr_array_index(solv->sources, i))->repo);
	kiln_solv_pool_order(solv->pool, repos);
}

/* Reads the sources that are not in the pool yet. */
static gboolean prepare_pool(KilnSolv *solv, GError **error)
{
	if (solv->is_indexed)
		return TRUE;
	if (solv->broken)
		drop_pool(solv);
	if (solv->pool == NULL)
		solv->pool = kiln_solv_pool_new(solv->arch);
	for (guint i = 0; i < solv->sources->len; i++) {
		KilnSolvSource *source = g_ptr_array_index(solv->sources, i);
		if (source->repo != NULL || kiln_solv_source_load(source, solv->pool, error))
			continue;
		kiln_solv_source_unload(source);
		return FALSE;
	}
	order_pool(solv);
	/* Made here, as libsolv drops its index whenever a repository comes or goes. */
	if (solv->asking == NULL)
		solv->asking = repo_create(solv->pool, KILN_SOLV_ASKING);
	return TRUE;
}

/* Makes the pool ready for solving; `files` when dependencies name paths that were not looked for
 * yet. */
static gboolean index_pool(KilnSolv *solv, gboolean files, GError **error)
{
	if (solv->is_indexed && !files)
		return TRUE;
	pool_freewhatprovides(solv->pool);
	solv->is_indexed = kiln_solv_source_provide_files(solv->sources, solv->pool, error);
	solv->broken = !solv->is_indexed;
	if (solv->is_indexed)
		pool_createwhatprovides(solv->pool);
	return solv->is_indexed;
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

/* --- questions --- */

/* TRUE when a package of that name, version and architecture is the wanted one. */
static gboolean is_same_package(Solvable *package, const KilnSolvPackage *wanted)
{
	KilnSolvSource *source = package->repo->appdata;
	g_autofree char *type = NULL;
	g_autofree char *checksum = NULL;

	if (wanted->is_planned)
		return source->planned != NULL && strcmp(source->name, wanted->repository) == 0;
	/* A package without a readable checksum is not the one that was installed. */
	return kiln_solv_source_package_checksum(source, package, &type, &checksum, NULL) &&
	       g_strcmp0(checksum, wanted->checksum) == 0;
}

/* The id of a package of an earlier solution: same name, version, architecture and bytes; of a
 * planned one, which has none, the planned one in the repository of that name. */
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
		Solvable *package = pool_id2solvable(pool, id);
		if (package->name != name || package->evr != evr_id ||
			strcmp(pool_id2str(pool, package->arch), wanted->nevra.arch) != 0)
			continue;
		if (is_same_package(package, wanted))
			return id;
	}
	return 0;
}

static gboolean find_packages(
	KilnSolv *solv, const GPtrArray *packages, const char *requester, GError **error)
{
	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = g_ptr_array_index(packages, i);
		Id id = find_package(solv, package);
		if (id == 0) {
			g_autofree char *nevra = kiln_nevra_format(&package->nevra);
			g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
				"dependencies of \"%s\": installed package \"%s\" is in no "
				"repository any more",
				requester, nevra);
			return FALSE;
		}
		queue_push(&solv->installed, id);
	}
	return TRUE;
}

/* Finds what stands below the question; most questions stand on the same. */
static gboolean find_installed(KilnSolv *solv, const KilnSolvRequest *request, GError **error)
{
	const KilnSolution *installed = request->installed;
	guint64 serial = installed == NULL ? 0 : kiln_solution_serial(installed);

	if (serial != 0 && serial == solv->installed_serial)
		return TRUE;
	queue_empty(&solv->installed);
	solv->installed_serial = 0;
	if (installed == NULL)
		return TRUE;
	if (!find_packages(solv, kiln_solution_installed(installed), request->requester, error) ||
		!find_packages(solv, kiln_solution_packages(installed), request->requester, error))
		return FALSE;
	solv->installed_serial = serial;
	return TRUE;
}

/* The question ready to be solved. */
static KilnSolvQuestion *put_question(
	KilnSolv *solv, const KilnSolvRequest *request, GError **error)
{
	gboolean files = FALSE;

	if (!prepare_pool(solv, error))
		return NULL;
	g_autoptr(KilnSolvQuestion) question = kiln_solv_question_new(solv->asking, request, error);
	if (question == NULL)
		return NULL;
	files = names_new_file(solv, request->requirements) || files;
	files = names_new_file(solv, request->conflicts) || files;
	if (!index_pool(solv, files, error) || !find_installed(solv, request, error))
		return NULL;
	kiln_solv_question_keep(question, &solv->installed);
	return g_steal_pointer(&question);
}

static void set_problems(KilnSolv *solv, char **problems)
{
	g_strfreev(solv->problems);
	solv->problems = problems;
}

/* Keeps the problems of `question` and raises the first of them. */
static void raise_problems(
	KilnSolv *solv, const KilnSolvQuestion *question, const char *requester, GError **error)
{
	set_problems(solv, kiln_solv_question_problems(question, 0));
	guint others = g_strv_length(solv->problems) - 1;
	g_autofree char *more = others == 0 ? g_strdup("")
					    : g_strdup_printf(" (and %u more problem%s)", others,
						      others == 1 ? "" : "s");
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE, "dependencies of \"%s\": %s%s",
		requester, solv->problems[0], more);
}

KilnSolution *kiln_solv_resolve(KilnSolv *solv, const KilnSolvRequest *request, GError **error)
{
	set_problems(solv, g_new0(char *, 1));
	g_autoptr(KilnSolvQuestion) question = put_question(solv, request, error);
	if (question == NULL)
		return NULL;
	if (kiln_solv_question_solve(question))
		return kiln_solv_question_answer(question, error);
	raise_problems(solv, question, request->requester, error);
	return NULL;
}

gboolean kiln_solv_provides(KilnSolv *solv, const char *capability, const char *const *hidden,
	gboolean *ret_is_provided, GError **error)
{
	const char *requirements[] = {capability, NULL};
	const KilnSolvRequest request = {
		.requester = capability, .requirements = requirements, .hidden = hidden};
	g_autoptr(KilnSolvQuestion) question = put_question(solv, &request, error);

	if (question == NULL)
		return FALSE;
	*ret_is_provided = kiln_solv_question_is_provided(question);
	return TRUE;
}

const char *const *kiln_solv_problems(const KilnSolv *solv)
{
	return (const char *const *)solv->problems;
}

gboolean kiln_solv_dump(
	KilnSolv *solv, const KilnSolvRequest *request, const char *directory, GError **error)
{
	g_autoptr(KilnSolvQuestion) question = put_question(solv, request, error);

	if (question == NULL || !kiln_fs_make_directory(directory, error))
		return FALSE;
	kiln_solv_question_solve(question);
	return kiln_solv_question_dump(question, directory, error);
}

/* --- for the other parts of lib/solv --- */

gboolean kiln_solv_ready(KilnSolv *solv, KilnSolvReady *ret_ready, GError **error)
{
	if (!prepare_pool(solv, error) || !index_pool(solv, FALSE, error))
		return FALSE;
	*ret_ready = (KilnSolvReady){
		.pool = solv->pool, .asking = solv->asking, .sources = solv->sources};
	return TRUE;
}

Repo *kiln_solv_ready_repo(const KilnSolvReady *ready, const char *name, GError **error)
{
	for (guint i = 0; i < ready->sources->len; i++) {
		const KilnSolvSource *source = g_ptr_array_index(ready->sources, i);
		if (strcmp(source->name, name) == 0)
			return source->repo;
	}
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND, "repository \"%s\": is not known", name);
	return NULL;
}
