/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/repomd.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fs.h"
#include "lib/rpmfile.h"
#include "lib/rpmversion.h"

#include <createrepo_c/createrepo_c.h>
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <rpm/header.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DEFAULT_CHANGELOG_LIMIT 10
#define KIND_COUNT 3

/* The three files that list packages. */
static const struct {
	const char *name;
	cr_XmlFileType xml;
	cr_DatabaseType database;
} kinds[KIND_COUNT] = {
	{"primary", CR_XMLFILE_PRIMARY, CR_DB_PRIMARY},
	{"filelists", CR_XMLFILE_FILELISTS, CR_DB_FILELISTS},
	{"other", CR_XMLFILE_OTHER, CR_DB_OTHER},
};

/* One package on its way into the metadata. */
typedef struct {
	const KilnRepomdPackage *package;
	const KilnRepomdOptions *options;
	cr_Package *values;
	char *evr;
	char *xml[KIND_COUNT];
	GError *error;
} Item;

/* One of the three files on its way. */
typedef struct {
	guint kind;
	const KilnRepomdOptions *options;
	const char *directory; /* where it is written */
	GPtrArray *items;
	cr_RepomdRecord *xml, *database; /* database NULL when not wanted */
	GError *error;
} Output;

static void free_item(gpointer data)
{
	Item *item = data;

	cr_package_free(item->values);
	g_free(item->evr);
	for (guint kind = 0; kind < KIND_COUNT; kind++)
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

/* createrepo_c reports each failure both as an error and as a log line: the error is enough. */
static void drop_log(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
	(void)domain, (void)level, (void)message, (void)data;
}

static void set_up_createrepo(void)
{
	static gsize is_set_up = 0;

	if (!g_once_init_enter(&is_set_up))
		return;
	g_log_set_handler("C_CREATEREPOLIB", G_LOG_LEVEL_MASK, drop_log, NULL);
	cr_xml_dump_init();
	kiln_rpmfile_setup();
	g_once_init_leave(&is_set_up, 1);
}

/* Calls `work` for each element, on all processors; threads are gone when it returns. */
static void each_in_parallel(GPtrArray *elements, GFunc work)
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

static gboolean fill_from_header(Item *item, GError **error)
{
	const char *path = item->package->path;
	guint limit = item->options->changelog_limit;
	Header header = kiln_rpmfile_read_header(path, error);
	GError *cause = NULL;

	if (!header)
		return FALSE;
	item->values = cr_package_from_header(
		header, limit ? (int)limit : DEFAULT_CHANGELOG_LIMIT, CR_HDRR_NONE, &cause);
	headerFree(header);
	return item->values ? TRUE : take_cause(error, cause, "reading the package", path);
}

/* What the file, not its header, says: size, digest, where the header lies. */
static gboolean fill_from_file(Item *item, GError **error)
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
	values->time_file = values->time_build ? values->time_build : item->options->timestamp;
	return TRUE;
}

static gboolean load_item(Item *item, GError **error)
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
	item->evr = g_strdup_printf(
		"%s:%s-%s", values->epoch ? values->epoch : "0", values->version, values->release);
	return TRUE;
}

static void work_on_item(gpointer data, gpointer unused)
{
	Item *item = data;

	(void)unused;
	load_item(item, &item->error);
}

static int compare_items(gconstpointer a, gconstpointer b)
{
	const Item *one = *(Item *const *)a;
	const Item *two = *(Item *const *)b;
	int order = strcmp(one->values->name, two->values->name);

	if (order == 0)
		order = kiln_rpmversion_compare(one->evr, two->evr);
	if (order == 0)
		order = strcmp(one->values->arch, two->values->arch);
	return order ? order : strcmp(one->package->location, two->package->location);
}

static gboolean location_is_plain(const char *location)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._+~^@:=/-";

	return *location && *location != '/' && location[strspn(location, allowed)] == '\0' &&
	       !g_strrstr(location, "..") && !g_strrstr(location, "//");
}

static gboolean check_options(const KilnRepomdOptions *options, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	g_return_val_if_fail(options->timestamp > 0, FALSE);
	for (gsize i = 0; i < options->package_count; i++) {
		const char *location = options->packages[i].location;
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

/* Every package read and sorted; the first error, in the caller's order, ends it. */
static GPtrArray *load_items(const KilnRepomdOptions *options, GError **error)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(free_item);

	for (gsize i = 0; i < options->package_count; i++) {
		Item *item = g_new0(Item, 1);

		item->package = &options->packages[i];
		item->options = options;
		g_ptr_array_add(items, item);
	}
	each_in_parallel(items, work_on_item);
	for (guint i = 0; i < items->len; i++) {
		Item *item = g_ptr_array_index(items, i);

		if (!item->error)
			continue;
		g_propagate_error(error, g_steal_pointer(&item->error));
		return NULL;
	}
	g_ptr_array_sort(items, compare_items);
	return g_steal_pointer(&items);
}

/* Completes a record of a finished file: digests, timestamp, and the digest in the file's name. */
static gboolean finish_record(cr_RepomdRecord *record, const Output *output, GError **error)
{
	GError *cause = NULL;

	if (cr_repomd_record_fill(record, CR_CHECKSUM_SHA256, &cause) == CRE_OK &&
		cr_repomd_record_rename_file(record, &cause) == CRE_OK) {
		cr_repomd_record_set_timestamp(record, output->options->timestamp);
		return TRUE;
	}
	return take_cause(error, cause, "writing the metadata", record->location_real);
}

static gboolean fill_xml(
	const Output *output, const char *path, cr_ContentStat *content, GError **error)
{
	cr_CompressionType compression = output->options->compression == KILN_REPOMD_XZ
						 ? CR_CW_XZ_COMPRESSION
						 : CR_CW_GZ_COMPRESSION;
	GError *cause = NULL;
	cr_XmlFile *file =
		cr_xmlfile_sopen(path, kinds[output->kind].xml, compression, content, &cause);

	if (!file)
		return take_cause(error, cause, "writing the metadata", path);
	cr_xmlfile_set_num_of_pkgs(file, output->items->len, &cause);
	for (guint i = 0; !cause && i < output->items->len; i++) {
		const Item *item = g_ptr_array_index(output->items, i);

		cr_xmlfile_add_chunk(file, item->xml[output->kind], &cause);
	}
	cr_xmlfile_close(file, cause ? NULL : &cause);
	return cause ? take_cause(error, cause, "writing the metadata", path) : TRUE;
}

static gboolean write_xml(Output *output, GError **error)
{
	const char *suffix = output->options->compression == KILN_REPOMD_XZ ? "xz" : "gz";
	g_autofree char *path = g_strdup_printf(
		"%s/%s.xml.%s", output->directory, kinds[output->kind].name, suffix);
	cr_ContentStat *content = cr_contentstat_new(CR_CHECKSUM_SHA256, NULL);
	gboolean written = fill_xml(output, path, content, error);

	if (written) {
		output->xml = cr_repomd_record_new(kinds[output->kind].name, path);
		cr_repomd_record_load_contentstat(output->xml, content);
		written = finish_record(output->xml, output, error);
	}
	cr_contentstat_free(content, NULL);
	return written;
}

static gboolean fill_database(const Output *output, const char *path, GError **error)
{
	GError *cause = NULL;
	cr_SqliteDb *database = cr_db_open(path, kinds[output->kind].database, &cause);

	if (!database)
		return take_cause(error, cause, "writing the metadata", path);
	for (guint i = 0; !cause && i < output->items->len; i++) {
		const Item *item = g_ptr_array_index(output->items, i);

		cr_db_add_pkg(database, item->values, &cause);
	}
	if (!cause)
		cr_db_dbinfo_update(database, output->xml->checksum, &cause);
	cr_db_close(database, cause ? NULL : &cause);
	return cause ? take_cause(error, cause, "writing the metadata", path) : TRUE;
}

static gboolean write_database(Output *output, GError **error)
{
	g_autofree char *plain =
		g_strdup_printf("%s/%s.sqlite", output->directory, kinds[output->kind].name);
	g_autofree char *packed = g_strdup_printf("%s.bz2", plain);
	g_autofree char *type = g_strdup_printf("%s_db", kinds[output->kind].name);
	GError *cause = NULL;

	if (!fill_database(output, plain, error))
		return FALSE;
	cr_ContentStat *content = cr_contentstat_new(CR_CHECKSUM_SHA256, NULL);
	cr_compress_file_with_stat(
		plain, packed, CR_CW_BZ2_COMPRESSION, content, NULL, FALSE, &cause);
	unlink(plain);
	output->database = cr_repomd_record_new(type, packed);
	cr_repomd_record_load_contentstat(output->database, content);
	cr_contentstat_free(content, NULL);
	if (cause)
		return take_cause(error, cause, "writing the metadata", packed);
	return finish_record(output->database, output, error);
}

static void work_on_xml(gpointer data, gpointer unused)
{
	Output *output = data;

	(void)unused;
	write_xml(output, &output->error);
}

static void free_output(gpointer data)
{
	Output *output = data;

	cr_repomd_record_free(output->xml);
	cr_repomd_record_free(output->database);
	g_clear_error(&output->error);
	g_free(output);
}

/* The XML files are made side by side; the databases one by one, for they number the packages. */
static GPtrArray *write_outputs(
	const KilnRepomdOptions *options, const char *directory, GPtrArray *items, GError **error)
{
	g_autoptr(GPtrArray) outputs = g_ptr_array_new_with_free_func(free_output);

	for (guint kind = 0; kind < KIND_COUNT; kind++) {
		Output *output = g_new0(Output, 1);

		*output = (Output){
			.kind = kind, .options = options, .directory = directory, .items = items};
		g_ptr_array_add(outputs, output);
	}
	each_in_parallel(outputs, work_on_xml);
	for (guint kind = 0; kind < KIND_COUNT; kind++) {
		Output *output = g_ptr_array_index(outputs, kind);

		if (!output->error && options->with_sqlite)
			write_database(output, &output->error);
		if (!output->error)
			continue;
		g_propagate_error(error, g_steal_pointer(&output->error));
		return NULL;
	}
	return g_steal_pointer(&outputs);
}

static gboolean check_comps(const char *path, GError **error)
{
	xmlDoc *document =
		xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	const xmlError *fault = xmlGetLastError();

	if (document) {
		xmlFreeDoc(document);
		return TRUE;
	}
	g_autofree char *reason = g_strdup(fault && fault->message ? fault->message : "not XML");
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "%s:%d: reading the package groups: %s",
		path, fault ? fault->line : 0, g_strstrip(reason));
	return FALSE;
}

static gboolean add_comps(
	const KilnRepomdOptions *options, const char *directory, cr_Repomd *repomd, GError **error)
{
	g_autofree char *copy = g_build_filename(directory, "comps.xml", NULL);
	GError *cause = NULL;

	if (!check_comps(options->comps, error) || !kiln_fs_copy(options->comps, copy, error) ||
		chmod(copy, 0644) < 0)
		return FALSE;
	cr_RepomdRecord *plain = cr_repomd_record_new("group", copy);
	cr_RepomdRecord *packed = cr_repomd_record_new("group_gz", NULL);
	cr_repomd_record_compress_and_fill(
		plain, packed, CR_CHECKSUM_SHA256, CR_CW_GZ_COMPRESSION, NULL, &cause);
	if (!cause)
		cr_repomd_record_rename_file(plain, &cause);
	if (!cause)
		cr_repomd_record_rename_file(packed, &cause);
	cr_repomd_record_set_timestamp(plain, options->timestamp);
	cr_repomd_record_set_timestamp(packed, options->timestamp);
	cr_repomd_set_record(repomd, plain);
	cr_repomd_set_record(repomd, packed);
	return cause ? take_cause(error, cause, "writing the metadata", copy) : TRUE;
}

static gboolean write_index(
	cr_Repomd *repomd, gint64 timestamp, const char *directory, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "repomd.xml", NULL);
	g_autofree char *revision = g_strdup_printf("%" G_GINT64_FORMAT, timestamp);
	GError *cause = NULL;

	cr_repomd_set_revision(repomd, revision);
	cr_repomd_sort_records(repomd);
	char *xml = cr_xml_dump_repomd(repomd, &cause);
	if (!xml)
		return take_cause(error, cause, "writing the metadata", path);
	gboolean written = kiln_fs_replace_text(path, xml, error);
	free(xml);
	return written;
}

static gboolean write_files(const KilnRepomdOptions *options, const char *directory, GError **error)
{
	g_autoptr(GPtrArray) items = load_items(options, error);

	if (!items)
		return FALSE;
	g_autoptr(GPtrArray) outputs = write_outputs(options, directory, items, error);
	if (!outputs)
		return FALSE;
	cr_Repomd *repomd = cr_repomd_new();
	for (guint i = 0; i < outputs->len; i++) {
		Output *output = g_ptr_array_index(outputs, i);

		cr_repomd_set_record(repomd, g_steal_pointer(&output->xml));
		if (output->database)
			cr_repomd_set_record(repomd, g_steal_pointer(&output->database));
	}
	gboolean written = (!options->comps || add_comps(options, directory, repomd, error)) &&
			   write_index(repomd, options->timestamp, directory, error);
	cr_repomd_free(repomd);
	return written;
}

/* Puts the finished files in their place. */
static gboolean install_files(const char *fresh, const char *final, GError **error)
{
	if (chmod(fresh, 0755) < 0)
		return kiln_error_set_errno(error, errno, "writing the metadata \"%s\"", final);
	return kiln_fs_sync_tree(fresh, error) && kiln_fs_replace_directory(fresh, final, error);
}

/* createrepo_c does not say why a file could not be written. */
static gboolean disk_is_full(const char *directory)
{
	struct statvfs status;

	if (statvfs(directory, &status) != 0 || status.f_blocks == 0)
		return FALSE;
	return status.f_bavail == 0 || (status.f_files > 0 && status.f_favail == 0);
}

gboolean kiln_repomd_write(const KilnRepomdOptions *options, GError **error)
{
	g_autofree char *final = g_build_filename(options->directory, "repodata", NULL);
	g_autofree char *prefix = g_build_filename(options->directory, ".repodata", NULL);

	set_up_createrepo();
	if (!check_options(options, error) || !kiln_fs_make_directory(options->directory, error) ||
		!kiln_fs_remove_temporaries(prefix, error))
		return FALSE;
	g_autofree char *fresh = kiln_fs_make_temporary(prefix, error);
	if (!fresh)
		return FALSE;
	if (write_files(options, fresh, error) && install_files(fresh, final, error))
		return TRUE;
	if (error && disk_is_full(options->directory)) {
		g_clear_error(error);
		kiln_error_set_errno(error, ENOSPC, "writing the metadata \"%s\"", final);
	}
	kiln_fs_remove_tree(fresh, NULL); /* the first error is the one to tell */
	return FALSE;
}
