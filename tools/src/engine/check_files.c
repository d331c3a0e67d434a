/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/check_files.h"

#include "base/event.h"
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
	const KilnSolvOwner *other;	  /* … when it is outside; else NULL */
	char *path;
	const Difference *difference;
	guint count;
} Pair;

typedef struct {
	const KilnCheckFiles *files;
	GHashTable *owners; /* path -> GArray of Owner, the paths borrowed */
	GHashTable *pairs;  /* "PACKAGE\nREPOSITORY\nOTHER" -> Pair */
	GPtrArray *others;  /* KilnSolvOwner: what else has the same paths */
	GHashTable *other_headers; /* path of a package file -> KilnRpmHeader, or NULL for one that is not here */
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
	g_clear_pointer(&search->others, g_ptr_array_unref);
	g_clear_pointer(&search->other_headers, g_hash_table_unref);
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

/* The pair of `header` and `package`, made if it is not there. */
static Pair *find_pair(Search *search, const KilnRpmHeader *header, const char *repository, const char *package)
{
	g_autofree char *key = g_strdup_printf("%s\n%s\n%s", header->nevra, repository, package);
	Pair *pair = g_hash_table_lookup(search->pairs, key);

	if (!pair) {
		pair = g_new0(Pair, 1);
		*pair = (Pair){.header = header, .repository = repository, .package = package};
		g_hash_table_insert(search->pairs, g_steal_pointer(&key), pair);
	}
	return pair;
}

static void note_difference(Pair *pair, const char *path, const Difference *difference)
{
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
				note_difference(find_pair(search, first->header, search->files->repository,
							second->header->nevra),
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

	if (!g_hash_table_lookup_extended(search->other_headers, path, NULL, &header)) {
		/* One that could not be fetched was told of. */
		header = kiln_rpmheader_read(path, NULL);
		g_hash_table_insert(search->other_headers, g_strdup(path), header);
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

/* How `other` differs from `file`, as far as it is known. */
static const Difference *compare_with(Search *search, const KilnRpmFile *file, const KilnSolvOwner *other)
{
	const KilnRpmHeader *header = read_other(search, other->package->path);
	const KilnRpmFile *second = header ? find_file(header, other->path) : NULL;

	if (!second)
		return &not_known;
	return second->flags & GHOST ? NULL : compare_files(file, second);
}

/* Notes every pair there is with a package outside, without looking into that one. */
static gboolean find_others(Search *search, GError **error)
{
	g_autoptr(GHashTable) paths = paths_of_files(search);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) hidden = NULL;

	for (const char *const *name = search->files->hidden; name && *name; name++)
		g_strv_builder_add(builder, *name);
	g_strv_builder_add(builder, search->files->repository);
	hidden = g_strv_builder_end(builder);
	if (!kiln_solv_find_owners(
		    search->files->solv, paths, (const char *const *)hidden, search->others, error))
		return FALSE;
	for (guint i = 0; i < search->others->len; i++) {
		const KilnSolvOwner *other = search->others->pdata[i];
		const GArray *owners = g_hash_table_lookup(search->owners, other->path);
		for (guint j = 0; j < owners->len; j++)
			find_pair(search, g_array_index(owners, Owner, j).header, other->package->repository,
				other->nevra)
				->other = other;
	}
	return TRUE;
}

/* Drops the pairs that no host can have. */
static gboolean keep_possible(Search *search, GError **error)
{
	const KilnCheckFiles *files = search->files;
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, search->pairs);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		const Pair *pair = value;
		const KilnSolvChoice choices[] = {
			{files->repository, pair->header->nevra}, {pair->repository, pair->package}};
		gboolean together = FALSE;
		if (!kiln_solv_go_together(files->solv, choices, G_N_ELEMENTS(choices), files->hidden, &together, error))
			return FALSE;
		if (!together)
			g_hash_table_iter_remove(&iterator);
	}
	return TRUE;
}

/* Fetches the packages outside that are left. */
static void fetch_others(const Search *search)
{
	g_autoptr(GPtrArray) packages = g_ptr_array_new();
	g_autoptr(GError) fault = NULL;
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, search->pairs);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		const Pair *pair = value;
		if (pair->other && !g_ptr_array_find(packages, pair->other->package, NULL))
			g_ptr_array_add(packages, pair->other->package);
	}
	if (packages->len > 0 && search->files->base &&
		!kiln_base_supply(search->files->base, packages, &fault))
		kiln_event_warning("check", "packages of the base are not compared: %s", fault->message);
}

/* Looks into the packages outside, and drops the pairs that are the same. */
static void compare_others(Search *search)
{
	GHashTableIter iterator;
	gpointer value;

	for (guint i = 0; i < search->others->len; i++) {
		const KilnSolvOwner *other = search->others->pdata[i];
		const GArray *owners = g_hash_table_lookup(search->owners, other->path);
		for (guint j = 0; j < owners->len; j++) {
			const Owner *owner = &g_array_index(owners, Owner, j);
			g_autofree char *key = g_strdup_printf("%s\n%s\n%s", owner->header->nevra,
				other->package->repository, other->nevra);
			Pair *pair = g_hash_table_lookup(search->pairs, key);
			const Difference *difference = pair ? compare_with(search, owner->file, other) : NULL;
			if (difference)
				note_difference(pair, other->path, difference);
		}
	}
	g_hash_table_iter_init(&iterator, search->pairs);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		if (((const Pair *)value)->count == 0)
			g_hash_table_iter_remove(&iterator);
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

static void tell_pairs(const Search *search, GPtrArray *findings)
{
	g_autofree gpointer *keys = g_hash_table_get_keys_as_array(search->pairs, NULL);
	guint count = g_hash_table_size(search->pairs);

	qsort(keys, count, sizeof *keys, compare_keys);
	for (guint i = 0; i < count; i++)
		add_finding(search, g_hash_table_lookup(search->pairs, keys[i]), findings);
}

gboolean kiln_check_files(const KilnCheckFiles *files, GPtrArray *findings, GError **error)
{
	g_auto(Search) search = {.files = files};

	search.owners = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_array_unref);
	search.pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, pair_free);
	search.others = kiln_solv_owners_new();
	search.other_headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, header_free);
	index_files(&search);
	compare_own(&search);
	if (!find_others(&search, error) || !keep_possible(&search, error))
		return FALSE;
	fetch_others(&search);
	compare_others(&search);
	tell_pairs(&search, findings);
	return TRUE;
}
