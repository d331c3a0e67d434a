/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/repomd_package.h"

#include "base/digest.h"
#include "base/error.h"
#include "lib/rpmfile.h"
#include "lib/rpmversion.h"

#include <createrepo_c/createrepo_c.h>
#include <errno.h>
#include <rpm/header.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void free_item(gpointer data)
{
	KilnRepomdItem *item = data;

	cr_package_free(item->values);
	g_free(item->evr);
	for (guint kind = 0; kind < KILN_REPOMD_KINDS; kind++)
		free(item->xml[kind]);
	g_clear_error(&item->error);
	g_free(item);
}

/* Moves createrepo_c's `cause` into `error` as one of ours. Returns FALSE, for `return`. */
static gboolean take_cause(GError **error, GError *cause, const char *doing, const char *object)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_FAILED, "%s \"%s\": %s", doing, object,
		cause ? cause->message : "createrepo_c gave no reason");
	g_clear_error(&cause);
	return FALSE;
}

void kiln_repomd_each(GPtrArray *elements, GFunc work)
{
	int threads = (int)MIN(g_get_num_processors(), elements->len);

	if (threads < 2) {
		g_ptr_array_foreach(elements, work, NULL);
		return;
	}
	GThreadPool *pool = g_thread_pool_new(work, NULL, threads, TRUE, NULL);
	for (guint i = 0; i < elements->len; i++)
		g_thread_pool_push(pool, g_ptr_array_index(elements, i), NULL);
	g_thread_pool_free(pool, FALSE, TRUE);
}

static gboolean fill_from_header(KilnRepomdItem *item, GError **error)
{
	const char *path = item->package->path;
	Header header = kiln_rpmfile_read_header(path, error);
	GError *cause = NULL;

	if (!header)
		return FALSE;
	item->values = cr_package_from_header(
		header, (int)item->changelog_limit, CR_HDRR_NONE, &cause);
	headerFree(header);
	return item->values ? TRUE : take_cause(error, cause, "reading the package", path);
}

/* What the file, not its header, says: size, digest, where the header lies. */
static gboolean fill_from_file(KilnRepomdItem *item, GError **error)
{
	const KilnRepomdPackage *package = item->package;
	cr_Package *values = item->values;
	g_autofree char *digest = g_strdup(package->sha256);
	GError *cause = NULL;
	struct stat status;

	if (!digest && !(digest = kiln_digest_of_file(package->path, NULL, error)))
		return FALSE;
	if (stat(package->path, &status) < 0)
		return kiln_error_set_errno(
			error, errno, "reading the package \"%s\"", package->path);
	struct cr_HeaderRangeStruct range = cr_get_header_byte_range(package->path, &cause);
	if (cause)
		return take_cause(error, cause, "reading the package", package->path);
	values->rpm_header_start = range.start;
	values->rpm_header_end = range.end;
	values->size_package = status.st_size;
	values->pkgId = g_string_chunk_insert(values->chunk, digest);
	values->checksum_type = g_string_chunk_insert(values->chunk, "sha256");
	values->location_href = g_string_chunk_insert(values->chunk, package->location);
	values->time_file = values->time_build ? values->time_build : item->timestamp;
	return TRUE;
}

static gboolean load_item(KilnRepomdItem *item, GError **error)
{
	GError *cause = NULL;

	if (!fill_from_header(item, error) || !fill_from_file(item, error))
		return FALSE;
	struct cr_XmlStruct xml = cr_xml_dump(item->values, &cause);
	if (cause)
		return take_cause(error, cause, "describing the package", item->package->path);
	item->xml[0] = xml.primary;
	item->xml[1] = xml.filelists;
	item->xml[2] = xml.other;
	const cr_Package *values = item->values;
	item->name = values->name;
	item->arch = values->arch;
	item->evr = g_strdup_printf(
		"%s:%s-%s", values->epoch ? values->epoch : "0", values->version, values->release);
	return TRUE;
}

static void work_on_item(gpointer data, gpointer unused)
{
	KilnRepomdItem *item = data;

	(void)unused;
	load_item(item, &item->error);
}

static int compare_items(gconstpointer a, gconstpointer b)
{
	const KilnRepomdItem *one = *(KilnRepomdItem *const *)a;
	const KilnRepomdItem *two = *(KilnRepomdItem *const *)b;
	int order = strcmp(one->name, two->name);

	if (order == 0)
		order = kiln_rpmversion_compare(one->evr, two->evr);
	if (order == 0)
		order = strcmp(one->arch, two->arch);
	return order ? order : strcmp(one->package->location, two->package->location);
}

static gboolean location_is_plain(const char *location)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._+~^@:=/-";

	return *location && *location != '/' && location[strspn(location, allowed)] == '\0' &&
	       !g_strrstr(location, "..") && !g_strrstr(location, "//");
}

static gboolean check_locations(const KilnRepomdPackage *packages, gsize count, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < count; i++) {
		const char *location = packages[i].location;
		const char *fault = NULL;

		if (!location_is_plain(location))
			fault = "clients could not fetch a file of this name";
		else if (!g_hash_table_add(seen, (gpointer)location))
			fault = "two packages have this location";
		if (!fault)
			continue;
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "listing the package \"%s\": %s",
			location, fault);
		return FALSE;
	}
	return TRUE;
}

GPtrArray *kiln_repomd_describe(const KilnRepomdPackage *packages, gsize count, guint changelog_limit,
	gint64 timestamp, GError **error)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(free_item);

	if (!check_locations(packages, count, error))
		return NULL;
	for (gsize i = 0; i < count; i++) {
		KilnRepomdItem *item = g_new0(KilnRepomdItem, 1);

		item->package = &packages[i];
		item->changelog_limit = changelog_limit;
		item->timestamp = timestamp;
		g_ptr_array_add(items, item);
	}
	kiln_repomd_each(items, work_on_item);
	for (guint i = 0; i < items->len; i++) {
		KilnRepomdItem *item = g_ptr_array_index(items, i);

		if (!item->error)
			continue;
		g_propagate_error(error, g_steal_pointer(&item->error));
		return NULL;
	}
	g_ptr_array_sort(items, compare_items);
	return g_steal_pointer(&items);
}

