/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_planned.h"

#include <string.h>

#include <solv/knownid.h>
#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/repodata.h>
#include <solv/solvable.h>

#include "lib/rpmheader.h"
#include "lib/solv_pool.h"
#include "model/dependency.h"

/* The dependencies of a package by kind, in the order of their ids in `kind_ids`. */
enum {
	PROVIDES,
	REQUIRES,
	CONFLICTS,
	OBSOLETES,
	RECOMMENDS,
	SUGGESTS,
	SUPPLEMENTS,
	ENHANCES,
	KINDS,
};

static const Id kind_ids[KINDS] = {
	SOLVABLE_PROVIDES,
	SOLVABLE_REQUIRES,
	SOLVABLE_CONFLICTS,
	SOLVABLE_OBSOLETES,
	SOLVABLE_RECOMMENDS,
	SOLVABLE_SUGGESTS,
	SOLVABLE_SUPPLEMENTS,
	SOLVABLE_ENHANCES,
};

typedef struct {
	char *name, *evr, *arch;
	GPtrArray *lists[KINDS]; /* of texts, sorted, without repetition */
	GPtrArray *files;	 /* of absolute paths */
} Package;

struct KilnSolvPlanned {
	GPtrArray *packages; /* of Package */
};

/* A version as dependencies may state it: "epoch:version-release" or parts of that. */
typedef struct {
	guint32 epoch;
	const char *version, *release;
} Version;

static void free_package(gpointer data)
{
	Package *package = data;

	g_free(package->name);
	g_free(package->evr);
	g_free(package->arch);
	for (int kind = 0; kind < KINDS; kind++)
		g_ptr_array_unref(package->lists[kind]);
	g_ptr_array_unref(package->files);
	g_free(package);
}

/* --- from an old version to a new one --- */

/* `evr` as `version` says it: with the release or not, as `evr` has or has not; NULL when `evr` is
 * not that of `old`. The epoch may be left out. */
static char *moved_evr(const char *evr, const Version *old, const Version *new)
{
	g_autofree char *epoch = g_strdup_printf("%u:", old->epoch);
	g_autofree char *full = g_strconcat(old->version, "-", old->release, NULL);
	gboolean has_epoch = g_str_has_prefix(evr, epoch);
	const char *rest = has_epoch ? evr + strlen(epoch) : evr;
	gboolean has_release = strcmp(rest, full) == 0;

	if (!has_release && strcmp(rest, old->version) != 0)
		return NULL;
	GString *text = g_string_new(NULL);
	/* What states the release states the whole; "foo = version" may mean something else. */
	if (new->epoch != 0 && (has_epoch || has_release))
		g_string_append_printf(text, "%u:", new->epoch);
	g_string_append(text, new->version);
	if (has_release)
		g_string_append_printf(text, "-%s", new->release);
	return g_string_free(text, FALSE);
}

/* `text` with the old version replaced; `names` (NULL: any): only where it is about one of these.
 */
static char *moved(const char *text, const Version *old, const Version *new, GHashTable *names)
{
	g_auto(KilnDependency) dependency = {0};

	/* What cannot be parsed is kept, to be refused where it is used. */
	if (!kiln_dependency_parse(text, &dependency, NULL) || dependency.evr == NULL ||
		(names != NULL && !g_hash_table_contains(names, dependency.name)))
		return g_strdup(text);
	char *evr = moved_evr(dependency.evr, old, new);
	if (evr == NULL)
		return g_strdup(text);
	g_free(dependency.evr);
	dependency.evr = evr;
	return kiln_dependency_format(&dependency);
}

/* --- what is expected --- */

static void add_texts(GPtrArray *list, const GPtrArray *texts)
{
	for (guint i = 0; i < texts->len; i++)
		g_ptr_array_add(list, g_strdup(g_ptr_array_index(texts, i)));
}

static Package *declared_package(const KilnSpecPackage *spec)
{
	GPtrArray *lists[KINDS] = {spec->provides, spec->requires, spec->conflicts, spec->obsoletes,
		spec->recommends, spec->suggests, spec->supplements, spec->enhances};
	Package *package = g_new0(Package, 1);

	package->name = g_strdup(spec->name);
	package->evr = kiln_spec_package_evr(spec);
	package->arch = g_strdup(spec->arch);
	package->files = g_ptr_array_new_with_free_func(g_free);
	for (int kind = 0; kind < KINDS; kind++) {
		package->lists[kind] = g_ptr_array_new_with_free_func(g_free);
		add_texts(package->lists[kind], lists[kind]);
	}
	return package;
}

static void add_moved(GPtrArray *list, char *const *texts, const Version *old, const Version *new,
	GHashTable *names)
{
	for (; *texts != NULL; texts++)
		g_ptr_array_add(list, moved(*texts, old, new, names));
}

/* Adds what rpmbuild found in the files of `last`. What it requires of others stays as it was;
 * `names` is what this build provides itself. */
static void reveal(
	Package *package, const KilnSpecPackage *spec, const KilnRpmHeader *last, GHashTable *names)
{
	const Version old = {last->epoch, last->version, last->release};
	const Version new = {spec->epoch, spec->version, spec->release};

	add_moved(package->lists[PROVIDES], last->generated_provides, &old, &new, NULL);
	add_moved(package->lists[REQUIRES], last->generated_requires, &old, &new, names);
	for (guint i = 0; i < last->files->len; i++) {
		const KilnRpmFile *file = g_ptr_array_index(last->files, i);
		g_ptr_array_add(package->files, g_strdup(file->path));
	}
}

static void add_name(GHashTable *names, const char *text)
{
	g_auto(KilnDependency) dependency = {0};

	if (kiln_dependency_parse(text, &dependency, NULL))
		g_hash_table_add(names, g_strdup(dependency.name));
}

/* The names that the packages of `spec` provide, by themselves or as `last` did. */
static GHashTable *provided_names(const KilnSpec *spec, const GPtrArray *last)
{
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < spec->packages->len; i++) {
		const KilnSpecPackage *package = g_ptr_array_index(spec->packages, i);
		for (guint j = 0; j < package->provides->len; j++)
			add_name(names, g_ptr_array_index(package->provides, j));
	}
	for (guint i = 0; i < last->len; i++) {
		const KilnRpmHeader *header = g_ptr_array_index(last, i);
		for (char **text = header->provides; *text != NULL; text++)
			add_name(names, *text);
	}
	return names;
}

static const KilnRpmHeader *find_header(const GPtrArray *headers, const char *name)
{
	for (guint i = 0; i < headers->len; i++) {
		const KilnRpmHeader *header = g_ptr_array_index(headers, i);
		if (!header->is_source && strcmp(header->name, name) == 0)
			return header;
	}
	return NULL;
}

KilnSolvPlanned *kiln_solv_planned_new(const KilnSpec *spec, const GPtrArray *last)
{
	KilnSolvPlanned *planned = g_new0(KilnSolvPlanned, 1);
	g_autoptr(GHashTable) names = provided_names(spec, last);

	planned->packages = g_ptr_array_new_with_free_func(free_package);
	for (guint i = 0; i < spec->packages->len; i++) {
		const KilnSpecPackage *declared = g_ptr_array_index(spec->packages, i);
		const KilnRpmHeader *header = find_header(last, declared->name);
		if (!declared->is_built)
			continue;
		Package *package = declared_package(declared);
		if (header != NULL)
			reveal(package, declared, header, names);
		for (int kind = 0; kind < KINDS; kind++)
			kiln_spec_sort_unique(package->lists[kind]);
		g_ptr_array_add(planned->packages, package);
	}
	return planned;
}

void kiln_solv_planned_free(KilnSolvPlanned *planned)
{
	g_ptr_array_unref(planned->packages);
	g_free(planned);
}

/* --- comparing --- */

static gboolean equal_texts(const GPtrArray *a, const GPtrArray *b)
{
	if (a->len != b->len)
		return FALSE;
	for (guint i = 0; i < a->len; i++)
		if (strcmp(g_ptr_array_index(a, i), g_ptr_array_index(b, i)) != 0)
			return FALSE;
	return TRUE;
}

static gboolean equal_packages(const Package *a, const Package *b)
{
	if (strcmp(a->name, b->name) != 0 || strcmp(a->evr, b->evr) != 0 ||
		strcmp(a->arch, b->arch) != 0 || !equal_texts(a->files, b->files))
		return FALSE;
	for (int kind = 0; kind < KINDS; kind++)
		if (!equal_texts(a->lists[kind], b->lists[kind]))
			return FALSE;
	return TRUE;
}

gboolean kiln_solv_planned_equal(const KilnSolvPlanned *a, const KilnSolvPlanned *b)
{
	if (a->packages->len != b->packages->len)
		return FALSE;
	for (guint i = 0; i < a->packages->len; i++)
		if (!equal_packages(
			    g_ptr_array_index(a->packages, i), g_ptr_array_index(b->packages, i)))
			return FALSE;
	return TRUE;
}

/* --- into a pool --- */

static gboolean load_dependencies(
	Solvable *solvable, Id kind, const GPtrArray *texts, GError **error)
{
	for (guint i = 0; i < texts->len; i++) {
		const char *text = g_ptr_array_index(texts, i);
		if (g_str_has_prefix(text, "rpmlib("))
			continue;
		Id id = kiln_solv_pool_dependency(solvable->repo->pool, text, error);
		if (id == 0)
			return FALSE;
		solvable_add_deparray(solvable, kind, id, 0);
	}
	return TRUE;
}

static void load_files(Repodata *data, Id id, const GPtrArray *files)
{
	for (guint i = 0; i < files->len; i++) {
		const char *path = g_ptr_array_index(files, i);
		const char *slash = strrchr(path, '/');
		if (slash == NULL)
			continue;
		g_autofree char *directory = g_strndup(path, MAX((gsize)(slash - path), 1));
		repodata_add_dirstr(data, id, SOLVABLE_FILELIST,
			repodata_str2dir(data, directory, 1), slash + 1);
	}
}

static gboolean load_package(const Package *package, Repo *repo, Repodata *data, GError **error)
{
	Pool *pool = repo->pool;
	Id id = repo_add_solvable(repo);
	Solvable *solvable = pool_id2solvable(pool, id);

	solvable->name = pool_str2id(pool, package->name, 1);
	solvable->evr = pool_str2id(pool, package->evr, 1);
	solvable->arch = pool_str2id(pool, package->arch, 1);
	solvable_add_deparray(solvable, SOLVABLE_PROVIDES,
		pool_rel2id(pool, solvable->name, solvable->evr, REL_EQ, 1), 0);
	load_files(data, id, package->files);
	for (int kind = 0; kind < KINDS; kind++)
		if (!load_dependencies(solvable, kind_ids[kind], package->lists[kind], error)) {
			g_prefix_error(error, "planned package \"%s\": ", package->name);
			return FALSE;
		}
	return TRUE;
}

gboolean kiln_solv_planned_load(const KilnSolvPlanned *planned, Repo *repo, GError **error)
{
	Repodata *data = repo_add_repodata(repo, 0);
	gboolean valid = TRUE;

	for (guint i = 0; i < planned->packages->len && valid; i++)
		valid = load_package(g_ptr_array_index(planned->packages, i), repo, data, error);
	repo_internalize(repo);
	return valid;
}
