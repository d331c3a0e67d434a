/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_owners.h"

#include <string.h>

#include <solv/dataiterator.h>
#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/repodata.h>

#include "base/error.h"
#include "lib/solv_answer.h"
#include "lib/solv_question.h"
#include "lib/solv_ready.h"
#include "model/nevra.h"

static void free_owner(gpointer data)
{
	KilnSolvOwner *owner = data;

	g_free(owner->path);
	g_free(owner->nevra);
	g_clear_pointer(&owner->package, kiln_solv_package_unref);
	g_free(owner);
}

GPtrArray *kiln_solv_owners_new(void)
{
	return g_ptr_array_new_with_free_func(free_owner);
}

/* --- owners --- */

typedef struct {
	GHashTable *paths;	 /* set of char *, borrowed */
	GHashTable *directories; /* set of char *: what they are in */
	/* Repodata -> GByteArray by directory id: 0 not looked at, 1 of interest, 2 not. File lists
	 * name few directories many times. */
	GHashTable *known;
	GPtrArray *owners;
	GError *fault;
} Search;

static GHashTable *directories_of(GHashTable *paths)
{
	GHashTable *directories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iterator;
	gpointer path = NULL;

	g_hash_table_iter_init(&iterator, paths);
	while (g_hash_table_iter_next(&iterator, &path, NULL))
		g_hash_table_add(directories, g_path_get_dirname(path));
	return directories;
}

static gboolean is_of_interest(Search *search, Repodata *data, Id directory)
{
	GByteArray *known = g_hash_table_lookup(search->known, data);

	if (known == NULL) {
		known = g_byte_array_new();
		g_hash_table_insert(search->known, data, known);
	}
	if ((guint)directory >= known->len) {
		guint old = known->len;
		g_byte_array_set_size(known, (guint)directory + 1);
		memset(known->data + old, 0, known->len - old);
	}
	if (known->data[directory] == 0) {
		const char *text = repodata_dir2str(data, directory, NULL);
		known->data[directory] = g_hash_table_contains(search->directories, text) ? 1 : 2;
	}
	return known->data[directory] == 1;
}

static void note_owner(Search *search, const char *path, Solvable *package)
{
	KilnSolvOwner *owner = NULL;
	KilnSolvPackage *answer = search->fault == NULL
					  ? kiln_solv_answer_package(package, &search->fault)
					  : NULL;

	if (answer == NULL)
		return;
	owner = g_new0(KilnSolvOwner, 1);
	owner->path = g_strdup(path);
	owner->nevra = g_strdup(pool_solvable2str(package->repo->pool, package));
	owner->package = answer;
	g_ptr_array_add(search->owners, owner);
}

static void search_repo(Search *search, Repo *repo)
{
	Pool *pool = repo->pool;
	Dataiterator iterator;

	dataiterator_init(&iterator, pool, repo, 0, SOLVABLE_FILELIST, NULL, 0);
	while (dataiterator_step(&iterator)) {
		if (!is_of_interest(search, iterator.data, iterator.kv.id))
			continue;
		const char *path =
			repodata_dir2str(iterator.data, iterator.kv.id, iterator.kv.str);
		if (g_hash_table_contains(search->paths, path))
			note_owner(search, path, pool_id2solvable(pool, iterator.solvid));
	}
	dataiterator_free(&iterator);
}

static int compare_owners(gconstpointer a, gconstpointer b)
{
	const KilnSolvOwner *left = *(const KilnSolvOwner *const *)a;
	const KilnSolvOwner *right = *(const KilnSolvOwner *const *)b;
	int order = strcmp(left->path, right->path);

	if (order == 0)
		order = strcmp(left->nevra, right->nevra);
	return order == 0 ? strcmp(left->package->repository, right->package->repository) : order;
}

gboolean kiln_solv_find_owners(KilnSolv *solv, GHashTable *paths, const char *const *hidden,
	GPtrArray *owners, GError **error)
{
	KilnSolvReady ready = {0};
	g_autoptr(GHashTable) directories = directories_of(paths);
	g_autoptr(GHashTable) known =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_byte_array_unref);
	g_autoptr(GPtrArray) found = kiln_solv_owners_new();
	Search search = {
		.paths = paths, .directories = directories, .known = known, .owners = found};

	if (!kiln_solv_ready(solv, &ready, error))
		return FALSE;
	for (guint i = 0; i < ready.sources->len; i++) {
		KilnSolvSource *source = g_ptr_array_index(ready.sources, i);
		if (hidden != NULL && g_strv_contains(hidden, source->name))
			continue;
		search_repo(&search, source->repo);
		GError **fault = source->fault != NULL ? &source->fault : &search.fault;
		if (*fault != NULL) {
			g_propagate_error(error, g_steal_pointer(fault));
			return FALSE;
		}
	}
	g_ptr_array_sort(found, compare_owners);
	g_ptr_array_extend_and_steal(owners, g_steal_pointer(&found));
	return TRUE;
}

/* --- together --- */

/* The id of a package, 0 with code NOT_FOUND when it is not there. */
static Id find_choice(const KilnSolvReady *ready, const KilnSolvChoice *choice, GError **error)
{
	const Repo *repo = kiln_solv_ready_repo(ready, choice->repository, error);
	g_auto(KilnNevra) nevra = {0};
	Pool *pool = ready->pool;
	Id id = 0, offset = 0;

	if (repo == NULL || !kiln_nevra_parse(choice->package, &nevra, error))
		return 0;
	const Id name = pool_str2id(pool, nevra.name, 0);
	if (name != 0)
		FOR_PROVIDES (id, offset, name)
			if (pool_id2solvable(pool, id)->repo == repo &&
				strcmp(pool_solvid2str(pool, id), choice->package) == 0)
				return id;
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
		"repository \"%s\": there is no \"%s\"", choice->repository, choice->package);
	return 0;
}

gboolean kiln_solv_go_together(KilnSolv *solv, const KilnSolvChoice *choices, gsize count,
	const char *const *hidden, gboolean *ret_together, GError **error)
{
	const KilnSolvRequest request = {.requester = "host", .hidden = hidden};
	KilnSolvReady ready = {0};
	gboolean found = TRUE;
	Queue ids;

	if (!kiln_solv_ready(solv, &ready, error))
		return FALSE;
	queue_init(&ids);
	for (gsize i = 0; i < count && found; i++) {
		Id id = find_choice(&ready, &choices[i], error);
		found = id != 0;
		queue_push(&ids, id);
	}
	if (found) {
		g_autoptr(KilnSolvQuestion) question =
			kiln_solv_question_new(ready.asking, &request, NULL);
		kiln_solv_question_want(question, &ids);
		*ret_together = kiln_solv_question_solve(question);
	}
	queue_free(&ids);
	return found;
}
