/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmcompare.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "lib/rpmfile.h"
#include "lib/rpmheader.h"

#include <archive.h>
#include <archive_entry.h>
#include <rpm/header.h>
#include <rpm/rpmtag.h>
#include <rpm/rpmtd.h>
#include <string.h>

#define BLOCK_BYTES (64 * 1024)
#define CONTENT_MAX_BYTES (8 * 1024 * 1024) /* of one file; what lies behind is not looked at */
#define CONTENTS_MAX 64                     /* files whose contents are looked at */
#define SHOWN_MAX 120                       /* bytes of a value or line in a message */

typedef struct archive Archive;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_read_free)

typedef struct headerToken_s HeaderToken;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeaderToken, headerFree)

void kiln_rpm_difference_free(KilnRpmDifference *difference)
{
	if (!difference)
		return;
	g_free(difference->name);
	g_free(difference->detail);
	g_free(difference);
}

static void add(GPtrArray *differences, KilnRpmDifferenceKind kind, const char *name, char *detail)
{
	KilnRpmDifference *difference = g_new0(KilnRpmDifference, 1);

	difference->kind = kind;
	difference->name = g_strdup(name);
	difference->detail = detail;
	g_ptr_array_add(differences, difference);
}

/* As much of `text` as a message shows. */
static char *shown(const char *text, gsize size)
{
	g_autofree char *cut = g_strndup(text, MIN(size, SHOWN_MAX));
	g_autofree char *printable = kiln_text_printable(cut);

	return g_strconcat("\"", printable, size > SHOWN_MAX ? "\"…" : "\"", NULL);
}

static char *both(const char *where, const char *first, const char *second)
{
	g_autofree char *a = first ? shown(first, strlen(first)) : g_strdup("nothing");
	g_autofree char *b = second ? shown(second, strlen(second)) : g_strdup("nothing");

	return g_strdup_printf("%s%s, then %s", where, a, b);
}

/* --- header tags --- */

/* The elements of a tag as texts, ends with NULL; NULL when the header lacks it. */
static char **tag_texts(Header header, rpmTagVal tag)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	struct rpmtd_s data;

	if (!headerGet(header, tag, &data, HEADERGET_MINMEM | HEADERGET_RAW))
		return NULL;
	rpmtdInit(&data);
	while (rpmtdNext(&data) >= 0) {
		char *text = rpmtdFormat(&data, RPMTD_FORMAT_STRING, NULL);
		g_ptr_array_add(texts, g_strdup(text ? text : ""));
		free(text);
	}
	rpmtdFreeData(&data);
	g_ptr_array_add(texts, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
}

/* How two lists differ; NULL: not at all. Caller owns. */
static char *describe_texts(char **first, char **second)
{
	guint i = 0;
	g_autofree char *where = NULL;

	if (!first || !second)
		return both("", first ? first[0] : NULL, second ? second[0] : NULL);
	while (first[i] && second[i] && g_str_equal(first[i], second[i]))
		i++;
	if (!first[i] && !second[i])
		return NULL;
	where = g_strv_length(first) > 1 || g_strv_length(second) > 1 ? g_strdup_printf("[%u] ", i) : g_strdup("");
	return both(where, first[i], second[i]);
}

/* What rpm derives from the files, their contents and the rest of the header, or what is compared as a whole. */
static gboolean is_derived(const char *name)
{
	static const char *const names[] = {"Archivesize", "Basenames", "Classdict", "Dependsdict", "Dirindexes",
		"Dirnames", "Headerimmutable", "Headersignatures", "Longarchivesize", "Longsigsize", "Longsize",
		"Payloaddigest", "Payloaddigestalt", "Sha1header", "Sha256header", "Sigmd5", "Sigsize", "Size",
		"Sourcepkgid", NULL};

	static const char *const beginnings[] = {"File", "Provide", "Require", "Conflict", "Obsolete", "Recommend",
		"Suggest", "Supplement", "Enhance"};

	for (gsize i = 0; i < G_N_ELEMENTS(beginnings); i++)
		if (g_str_has_prefix(name, beginnings[i]))
			return TRUE;
	return g_strv_contains(names, name);
}

static GArray *tags_of(Header first, Header second)
{
	GArray *tags = g_array_new(FALSE, FALSE, sizeof(rpmTagVal));
	Header const headers[] = {first, second};

	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
		HeaderIterator iterator = headerInitIterator(headers[i]);
		struct rpmtd_s data;
		while (headerNext(iterator, &data)) {
			rpmTagVal tag = rpmtdTag(&data);
			if (i == 0 || !headerIsEntry(first, tag))
				g_array_append_val(tags, tag);
			rpmtdFreeData(&data);
		}
		headerFreeIterator(iterator);
	}
	return tags;
}

/* Adds the tags that differ: those that are derived from others or those that are not. */
static void compare_tags(GPtrArray *differences, Header first, Header second, gboolean derived)
{
	g_autoptr(GArray) tags = tags_of(first, second);

	for (guint i = 0; i < tags->len; i++) {
		rpmTagVal tag = g_array_index(tags, rpmTagVal, i);
		const char *name = rpmTagGetName(tag);
		g_auto(GStrv) a = NULL, b = NULL;
		g_autofree char *upper = NULL;
		char *detail;
		if (is_derived(name) != derived)
			continue;
		a = tag_texts(first, tag);
		b = tag_texts(second, tag);
		detail = describe_texts(a, b);
		upper = g_ascii_strup(name, -1);
		if (detail)
			add(differences, KILN_RPM_DIFFERENCE_TAG, upper, detail);
	}
}

/* --- contents --- */

static char *line_at(const GByteArray *bytes, gsize position)
{
	gsize start = position, end = position;

	while (start > 0 && bytes->data[start - 1] != '\n')
		start--;
	while (end < bytes->len && bytes->data[end] != '\n')
		end++;
	return shown((const char *)bytes->data + start, end - start);
}

/* Where two contents part. */
static char *describe_contents(const GByteArray *first, const GByteArray *second)
{
	gsize common = MIN(first->len, second->len), at = 0;
	guint line = 1;
	gboolean is_text = !memchr(first->data, 0, first->len) && !memchr(second->data, 0, second->len);
	g_autofree char *a = NULL, *b = NULL;

	for (; at < common && first->data[at] == second->data[at]; at++)
		line += first->data[at] == '\n';
	if (!is_text || (at == common && common >= CONTENT_MAX_BYTES))
		return g_strdup_printf("from byte %" G_GSIZE_FORMAT, at);
	a = line_at(first, at);
	b = line_at(second, at);
	return g_strdup_printf("line %u: %s, then %s", line, a, b);
}

static GByteArray *read_member(Archive *archive)
{
	GByteArray *bytes = g_byte_array_new();
	g_autofree guint8 *block = g_malloc(BLOCK_BYTES);
	la_ssize_t got;

	while (bytes->len < CONTENT_MAX_BYTES && (got = archive_read_data(archive, block, BLOCK_BYTES)) > 0)
		g_byte_array_append(bytes, block, (guint)got);
	return bytes;
}

/* "/usr/bin/x" of "./usr/bin/x"; the files of a source package have no directory. */
static const char *path_of(struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);

	return !path ? "" : path[0] == '.' && path[1] == '/' ? path + 1 : path;
}

/* The contents of the files `wanted` (a set of paths) of the package: path → GByteArray. Of a payload that cannot
 * be read it has what came before. Caller owns. */
static GHashTable *read_contents(const char *package, GHashTable *wanted)
{
	GHashTable *contents =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_byte_array_unref);
	g_autoptr(Archive) archive = archive_read_new();
	struct archive_entry *entry;

	archive_read_support_filter_all(archive);
	archive_read_support_format_cpio(archive);
	if (archive_read_open_filename(archive, package, BLOCK_BYTES) != ARCHIVE_OK)
		return contents;
	while (g_hash_table_size(contents) < g_hash_table_size(wanted) &&
		archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
		const char *path = path_of(entry);
		if (g_hash_table_contains(wanted, path))
			g_hash_table_insert(contents, g_strdup(path), read_member(archive));
	}
	return contents;
}

/* Says of each difference in `wanted` (path → KilnRpmDifference) where the contents part. */
static void add_contents(const char *first, const char *second, GHashTable *wanted)
{
	g_autoptr(GHashTable) a = read_contents(first, wanted), b = read_contents(second, wanted);
	GHashTableIter iterator;
	gpointer path, difference;

	g_hash_table_iter_init(&iterator, wanted);
	while (g_hash_table_iter_next(&iterator, &path, &difference)) {
		KilnRpmDifference *told = difference;
		const GByteArray *one = g_hash_table_lookup(a, path), *other = g_hash_table_lookup(b, path);
		if (!one || !other)
			continue;
		g_free(told->detail);
		told->detail = describe_contents(one, other);
	}
}

/* --- files --- */

static char *describe_attributes(const KilnRpmFile *a, const KilnRpmFile *b)
{
	if (a->mode != b->mode)
		return g_strdup_printf("mode %o, then %o", a->mode, b->mode);
	if (!g_str_equal(a->user, b->user) || !g_str_equal(a->group, b->group))
		return g_strdup_printf("owner %s:%s, then %s:%s", a->user, a->group, b->user, b->group);
	if (!g_str_equal(a->link, b->link))
		return both("link to ", a->link, b->link);
	if (a->flags != b->flags)
		return g_strdup_printf("flags 0x%x, then 0x%x", a->flags, b->flags);
	if (a->size != b->size)
		return g_strdup_printf(
			"%" G_GUINT64_FORMAT " bytes, then %" G_GUINT64_FORMAT, a->size, b->size);
	if (!g_str_equal(a->digest, b->digest))
		return g_strdup("content");
	if (a->mtime != b->mtime)
		return g_strdup_printf("time %" G_GINT64_FORMAT ", then %" G_GINT64_FORMAT, a->mtime, b->mtime);
	return NULL;
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
	return strcmp((*(KilnRpmFile *const *)a)->path, (*(KilnRpmFile *const *)b)->path);
}

/* Adds the difference of a file that is in both; one of content goes to `contents`, too. */
static void compare_file(GPtrArray *differences, const KilnRpmFile *a, const KilnRpmFile *b, GHashTable *contents)
{
	char *detail = describe_attributes(a, b);

	if (!detail)
		return;
	add(differences, KILN_RPM_DIFFERENCE_FILE, a->path, detail);
	if (!g_str_equal(a->digest, b->digest) && g_hash_table_size(contents) < CONTENTS_MAX)
		g_hash_table_insert(contents, a->path, differences->pdata[differences->len - 1]);
}

static void compare_files(GPtrArray *differences, const KilnRpmHeader *first, const KilnRpmHeader *second,
	GHashTable *contents)
{
	guint i = 0, j = 0;

	g_ptr_array_sort(first->files, compare_paths);
	g_ptr_array_sort(second->files, compare_paths);
	while (i < first->files->len || j < second->files->len) {
		const KilnRpmFile *a = i < first->files->len ? first->files->pdata[i] : NULL;
		const KilnRpmFile *b = j < second->files->len ? second->files->pdata[j] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);
		if (order == 0)
			compare_file(differences, a, b, contents);
		else
			add(differences, KILN_RPM_DIFFERENCE_FILE, (order < 0 ? a : b)->path,
				g_strdup(order < 0 ? "only in the first" : "only in the second"));
		i += order <= 0;
		j += order >= 0;
	}
}

/* --- dependencies --- */

static void add_missing(GPtrArray *differences, const char *tag, char **from, char **in, const char *detail)
{
	for (; *from; from++)
		if (!g_strv_contains((const char *const *)in, *from)) {
			g_autofree char *text = shown(*from, strlen(*from));
			add(differences, KILN_RPM_DIFFERENCE_TAG, tag, g_strdup_printf("%s %s", text, detail));
		}
}

static void compare_dependencies(GPtrArray *differences, const KilnRpmHeader *a, const KilnRpmHeader *b)
{
	const struct {
		const char *tag;
		char **first, **second;
	} kinds[] = {
		{"PROVIDES", a->provides, b->provides},
		{"REQUIRES", a->requires, b->requires},
		{"CONFLICTS", a->conflicts, b->conflicts},
		{"OBSOLETES", a->obsoletes, b->obsoletes},
		{"RECOMMENDS", a->recommends, b->recommends},
		{"SUGGESTS", a->suggests, b->suggests},
		{"SUPPLEMENTS", a->supplements, b->supplements},
		{"ENHANCES", a->enhances, b->enhances},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		add_missing(differences, kinds[i].tag, kinds[i].first, kinds[i].second, "only in the first");
		add_missing(differences, kinds[i].tag, kinds[i].second, kinds[i].first, "only in the second");
	}
}

/* --- the whole --- */

static gboolean compare_payload(GPtrArray *differences, const char *first, const char *second, GError **error)
{
	g_autoptr(KilnRpmHeader) a = kiln_rpmheader_read(first, error);
	g_autoptr(KilnRpmHeader) b = a ? kiln_rpmheader_read(second, error) : NULL;
	g_autoptr(GHashTable) contents = g_hash_table_new(g_str_hash, g_str_equal);

	if (!b)
		return FALSE;
	compare_dependencies(differences, a, b);
	compare_files(differences, a, b, contents);
	add_contents(first, second, contents);
	return TRUE;
}

static int compare_differences(gconstpointer a, gconstpointer b)
{
	const KilnRpmDifference *one = *(KilnRpmDifference *const *)a, *other = *(KilnRpmDifference *const *)b;

	if (one->kind != other->kind)
		return (int)one->kind - (int)other->kind;
	return strcmp(one->name, other->name) ? strcmp(one->name, other->name) : strcmp(one->detail, other->detail);
}

GPtrArray *kiln_rpmcompare(const char *first, const char *second, GError **error)
{
	g_autoptr(GPtrArray) differences = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_rpm_difference_free);
	g_autoptr(HeaderToken) a = kiln_rpmfile_read_header(first, error);
	g_autoptr(HeaderToken) b = a ? kiln_rpmfile_read_header(second, error) : NULL;
	g_autofree char *digest = b ? kiln_digest_of_file(first, NULL, error) : NULL;
	g_autofree char *other = digest ? kiln_digest_of_file(second, NULL, error) : NULL;

	if (!other)
		return NULL;
	if (g_str_equal(digest, other))
		return g_steal_pointer(&differences);
	compare_tags(differences, a, b, FALSE);
	if (!compare_payload(differences, first, second, error))
		return NULL;
	if (differences->len == 0)
		compare_tags(differences, a, b, TRUE);
	if (differences->len == 0)
		add(differences, KILN_RPM_DIFFERENCE_REST, "package",
			g_strdup("bytes outside of header and files, or the compression of the payload"));
	g_ptr_array_sort(differences, compare_differences);
	return g_steal_pointer(&differences);
}
