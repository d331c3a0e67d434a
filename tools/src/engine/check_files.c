/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/check_files.h"

#include "lib/solv_owners.h"

#include <string.h>
#include <sys/stat.h>

#define CHECK "files"
/* RPMFILE_GHOST of rpm/rpmfiles.h: not in the package, so it replaces nothing. */
#define GHOST 64

/* How two files are not the same to rpm, and what it does then. rpm before 4.10 looks at the kind and the content only
 * (lib/rpmfi.c, rpmfiCompare; since 4.12 rpmfilesCompare). */
typedef struct {
	const char *words, *consequence;
} Difference;

#define REFUSES "rpm refuses to install one beside the other"
#define NEWER_REFUSES "rpm 4.10 and newer refuses to install one beside the other, older ones let the last one win"

static const Difference other_kind = {"but of another kind", REFUSES};
static const Difference other_place = {"but pointing elsewhere", REFUSES};
static const Difference other_content = {"but with other content", REFUSES};
static const Difference other_mode = {"but with another mode", NEWER_REFUSES};
static const Difference other_owner = {"but of another owner", NEWER_REFUSES};
static const Difference not_known = {"perhaps with other content", "if so, " REFUSES};

typedef struct {
	const KilnRpmHeader *header;
	const KilnRpmFile *file;
} Owner;

/* Two packages and the first of the files that they differ in. */
typedef struct {
	const KilnRpmHeader *header;
	const char *repository, *package; /* the other one */
	char *path;
	const Difference *difference;
	guint count;
} Pair;

typedef struct {
	const KilnCheckFiles *files;
	GHashTable *owners; /* path -> GArray of Owner, the paths borrowed */
	GHashTable *pairs;  /* "PACKAGE\nREPOSITORY\nOTHER" -> Pair */
	GHashTable *others; /* path of a package file -> KilnRpmHeader, or NULL for one that is not here */
} Search;

static void pair_free(gpointer data)
{
	Pair *pair = data;

	g_free(pair->path);
	g_free(pair);
}

static void header_free(gpointer data)
{
	if (data)
		kiln_rpmheader_free(data);
}

static void search_clear(Search *search)
{
	g_clear_pointer(&search->owners, g_hash_table_unref);
	g_clear_pointer(&search->pairs, g_hash_table_unref);
	g_clear_pointer(&search->others, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

/* --- two files --- */

/* NULL when they are the same. */
static const Difference *compare_files(const KilnRpmFile *a, const KilnRpmFile *b)
{
	if ((a->mode & S_IFMT) != (b->mode & S_IFMT))
		return &other_kind;
	if (S_ISLNK(a->mode))
		return g_str_equal(a->link, b->link) ? NULL : &other_place;
	if (S_ISREG(a->mode) && (a->size != b->size || !g_str_equal(a->digest, b->digest)))
		return &other_content;
	if (a->mode != b->mode)
		return &other_mode;
	return g_str_equal(a->user, b->user) && g_str_equal(a->group, b->group) ? NULL : &other_owner;
}

static void note_pair(Search *search, const KilnRpmHeader *header, const char *repository, const char *package,
	const char *path, const Difference *difference)
{
	g_autofree char *key = g_strdup_printf("%s\n%s\n%s", header->nevra, repository, package);
	Pair *pair = g_hash_table_lookup(search->pairs, key);

	if (!pair) {
		pair = g_new0(Pair, 1);
		*pair = (Pair){.header = header, .repository = repository, .package = package};
		g_hash_table_insert(search->pairs, g_steal_pointer(&key), pair);
	}
	pair->count++;
	if (pair->path && strcmp(pair->path, path) <= 0)
		return;
	g_free(pair->path);
	pair->path = g_strdup(path);
	pair->difference = difference;
}

/* --- among the packages --- */

static void index_files(Search *search)
{
	for (guint i = 0; i < search->files->headers->len; i++) {
		const KilnRpmHeader *header = search->files->headers->pdata[i];
		for (guint j = 0; j < header->files->len; j++) {
			const KilnRpmFile *file = header->files->pdata[j];
			GArray *owners = g_hash_table_lookup(search->owners, file->path);
			Owner owner = {header, file};
			if (file->flags & GHOST)
				continue;
			if (!owners) {
				owners = g_array_new(FALSE, FALSE, sizeof(Owner));
				g_hash_table_insert(search->owners, file->path, owners);
			}
			g_array_append_val(owners, owner);
		}
	}
}

static void compare_owners(Search *search, const GArray *owners)
{
	for (guint i = 0; i < owners->len; i++) {
		const Owner *a = &g_array_index(owners, Owner, i);
		for (guint j = i + 1; j < owners->len; j++) {
			const Owner *b = &g_array_index(owners, Owner, j);
			gboolean is_first = strcmp(a->header->nevra, b->header->nevra) < 0;
			const Owner *first = is_first ? a : b, *second = is_first ? b : a;
			const Difference *difference = compare_files(a->file, b->file);
			if (difference)
				note_pair(search, first->header, search->files->repository, second->header->nevra,
					a->file->path, difference);
		}
	}
}

static void compare_own(Search *search)
{
	GHashTableIter iterator;
	gpointer owners;

	g_hash_table_iter_init(&iterator, search->owners);
	while (g_hash_table_iter_next(&iterator, NULL, &owners))
		compare_owners(search, owners);
}

/* --- with others --- */

/* What is a directory here is one elsewhere, nearly always, and of those there are many. */
static GHashTable *paths_of_files(const Search *search)
{
	GHashTable *paths = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iterator;
	gpointer path, owners;

	g_hash_table_iter_init(&iterator, search->owners);
	while (g_hash_table_iter_next(&iterator, &path, &owners))
		if (!S_ISDIR(g_array_index((GArray *)owners, Owner, 0).file->mode))
			g_hash_table_add(paths, path);
	return paths;
}

static const KilnRpmHeader *read_other(Search *search, const char *path)
{
	gpointer header = NULL;

	if (!path)
		return NULL;
	if (!g_hash_table_lookup_extended(search->others, path, NULL, &header)) {
		/* Of a base on mirrors most packages are not here. */
		header = kiln_rpmheader_read(path, NULL);
		g_hash_table_insert(search->others, g_strdup(path), header);
	}
	return header;
}

static const KilnRpmFile *find_file(const KilnRpmHeader *header, const char *path)
{
	for (guint i = 0; i < header->files->len; i++) {
		const KilnRpmFile *file = header->files->pdata[i];
		if (g_str_equal(file->path, path))
			return file;
	}
	return NULL;
}

static void compare_with(Search *search, const KilnSolvOwner *other)
{
	const GArray *owners = g_hash_table_lookup(search->owners, other->path);
	const KilnRpmHeader *header = read_other(search, other->file);
	const KilnRpmFile *file = header ? find_file(header, other->path) : NULL;

	if (file && (file->flags & GHOST))
		return;
	for (guint i = 0; i < owners->len; i++) {
		const Owner *owner = &g_array_index(owners, Owner, i);
		const Difference *difference = file ? compare_files(owner->file, file) : &not_known;
		if (difference)
			note_pair(search, owner->header, other->repository, other->package, other->path, difference);
	}
}

static gboolean compare_others(Search *search, GPtrArray *others, GError **error)
{
	g_autoptr(GHashTable) paths = paths_of_files(search);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) hidden = NULL;

	for (const char *const *name = search->files->hidden; name && *name; name++)
		g_strv_builder_add(builder, *name);
	g_strv_builder_add(builder, search->files->repository);
	hidden = g_strv_builder_end(builder);
	if (!kiln_solv_find_owners(search->files->solv, paths, (const char *const *)hidden, others, error))
		return FALSE;
	for (guint i = 0; i < others->len; i++)
		compare_with(search, others->pdata[i]);
	return TRUE;
}

/* --- findings --- */

static void add_finding(const Search *search, const Pair *pair, GPtrArray *findings)
{
	gboolean is_own = g_str_equal(pair->repository, search->files->repository);
	KilnFinding *finding = kiln_findings_add(findings,
		pair->difference == &not_known ? KILN_FINDING_WARNING : KILN_FINDING_ERROR, CHECK, pair->header->nevra);
	GString *found = g_string_new(NULL);

	g_string_append_printf(found, "has \"%s\", and so has \"%s\"", pair->path, pair->package);
	if (!is_own)
		g_string_append_printf(found, " of \"%s\"", pair->repository);
	g_string_append_printf(found, ", %s", pair->difference->words);
	if (pair->count > 1)
		g_string_append_printf(found, " (the first of %u such files)", pair->count);
	finding->found = g_string_free(found, FALSE);
	finding->consequence = g_strdup(pair->difference->consequence);
	finding->fix = g_strdup("leave the file to one of them, or let one state a Conflicts");
}

static int compare_keys(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean judge_pairs(const Search *search, GPtrArray *findings, GError **error)
{
	const KilnCheckFiles *files = search->files;
	g_autofree gpointer *keys = g_hash_table_get_keys_as_array(search->pairs, NULL);
	guint count = g_hash_table_size(search->pairs);

	qsort(keys, count, sizeof *keys, compare_keys);
	for (guint i = 0; i < count; i++) {
		const Pair *pair = g_hash_table_lookup(search->pairs, keys[i]);
		const KilnSolvChoice choices[] = {
			{files->repository, pair->header->nevra}, {pair->repository, pair->package}};
		gboolean together = FALSE;
		if (!kiln_solv_go_together(files->solv, choices, G_N_ELEMENTS(choices), files->hidden, &together, error))
			return FALSE;
		if (together)
			add_finding(search, pair, findings);
	}
	return TRUE;
}

gboolean kiln_check_files(const KilnCheckFiles *files, GPtrArray *findings, GError **error)
{
	g_auto(Search) search = {.files = files};
	g_autoptr(GPtrArray) others = kiln_solv_owners_new();

	search.owners = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_array_unref);
	search.pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, pair_free);
	search.others = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, header_free);
	index_files(&search);
	compare_own(&search);
	return compare_others(&search, others, error) && judge_pairs(&search, findings, error);
}
