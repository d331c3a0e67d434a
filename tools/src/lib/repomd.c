/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/repomd.h"

#include "base/error.h"
#include "base/fs.h"
#include "lib/comps.h"
#include "lib/rpmfile.h"
#include "lib/zchunk.h"

#include <createrepo_c/createrepo_c.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DEFAULT_CHANGELOG_LIMIT 10
#define COMPS_MAX_BYTES (1 << 20)
/* Below this a client that fetches pieces saves nothing: asking costs as much. */
#define ZCHUNK_MIN_BYTES (128 << 10)

/* The three files that list packages. */
static const struct {
	const char *name;
	cr_XmlFileType xml;
	cr_DatabaseType database;
} kinds[KILN_REPOMD_KINDS] = {
	{"primary", CR_XMLFILE_PRIMARY, CR_DB_PRIMARY},
	{"filelists", CR_XMLFILE_FILELISTS, CR_DB_FILELISTS},
	{"other", CR_XMLFILE_OTHER, CR_DB_OTHER},
};

static const struct {
	const char *word;
	const char *suffix;
	cr_CompressionType type;
} compressions[] = {
	[KILN_REPOMD_GZ] = {"gz", ".gz", CR_CW_GZ_COMPRESSION},
	[KILN_REPOMD_BZ2] = {"bz2", ".bz2", CR_CW_BZ2_COMPRESSION},
	[KILN_REPOMD_XZ] = {"xz", ".xz", CR_CW_XZ_COMPRESSION},
	[KILN_REPOMD_PLAIN] = {"none", "", CR_CW_NO_COMPRESSION},
};

/* One of the three files on its way. */
typedef struct {
	guint kind;
	const KilnRepomdOptions *options;
	const char *directory; /* where it is written */
	GPtrArray *items;
	cr_RepomdRecord *xml, *database, *zchunk; /* the last two NULL when not wanted */
	GError *error;
} Output;

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
	cr_CompressionType compression = compressions[output->options->compression].type;
	GError *cause = NULL;
	cr_XmlFile *file =
		cr_xmlfile_sopen(path, kinds[output->kind].xml, compression, content, &cause);

	if (!file)
		return take_cause(error, cause, "writing the metadata", path);
	cr_xmlfile_set_num_of_pkgs(file, output->items->len, &cause);
	for (guint i = 0; !cause && i < output->items->len; i++) {
		const KilnRepomdItem *item = g_ptr_array_index(output->items, i);

		cr_xmlfile_add_chunk(file, item->xml[output->kind], &cause);
	}
	cr_xmlfile_close(file, cause ? NULL : &cause);
	return cause ? take_cause(error, cause, "writing the metadata", path) : TRUE;
}

/* What a finished XML file says, `size` bytes; caller owns. */
static char *read_xml(const char *path, gsize size, GError **error)
{
	g_autofree char *text = g_malloc(size + 1);
	GError *cause = NULL;
	CR_FILE *file = cr_open(path, CR_CW_MODE_READ, CR_CW_AUTO_DETECT_COMPRESSION, &cause);
	gsize length = 0;

	while (file && !cause && length < size) {
		int got = cr_read(file, text + length, (guint)MIN(size - length, 1 << 20), &cause);

		if (got <= 0)
			break;
		length += (gsize)got;
	}
	if (file)
		cr_close(file, cause ? NULL : &cause);
	if (!cause && file && length == size)
		return g_steal_pointer(&text);
	take_cause(error, cause, "reading the metadata", path);
	return NULL;
}

/* The same text once more, in pieces. */
static gboolean write_zchunk(Output *output, cr_ContentStat *content, GError **error)
{
	const char *name = kinds[output->kind].name;
	g_autofree char *path = g_strdup_printf("%s/%s.xml.zck", output->directory, name);
	g_autofree char *type = g_strdup_printf("%s_zck", name);
	g_autofree char *digest = NULL;
	g_autofree char *text =
		read_xml(output->xml->location_real, (gsize)content->size, error);
	gint64 header_bytes = 0;

	if (!text || !kiln_zchunk_write(path, text, (gsize)content->size, &digest, &header_bytes, error))
		return FALSE;
	cr_RepomdRecord *record = output->zchunk = cr_repomd_record_new(type, path);
	cr_repomd_record_load_contentstat(record, content);
	record->checksum_header = g_string_chunk_insert(record->chunk, digest);
	record->checksum_header_type = g_string_chunk_insert(record->chunk, "sha256");
	record->size_header = header_bytes;
	return finish_record(record, output, error);
}

static gboolean write_xml(Output *output, GError **error)
{
	const char *suffix = compressions[output->options->compression].suffix;
	g_autofree char *path = g_strdup_printf(
		"%s/%s.xml%s", output->directory, kinds[output->kind].name, suffix);
	cr_ContentStat *content = cr_contentstat_new(CR_CHECKSUM_SHA256, NULL);
	gboolean written = fill_xml(output, path, content, error);

	if (written) {
		output->xml = cr_repomd_record_new(kinds[output->kind].name, path);
		cr_repomd_record_load_contentstat(output->xml, content);
		written = finish_record(output->xml, output, error);
	}
	if (written && output->options->with_zchunk && content->size >= ZCHUNK_MIN_BYTES)
		written = write_zchunk(output, content, error);
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
		const KilnRepomdItem *item = g_ptr_array_index(output->items, i);

		cr_db_add_pkg(database, item->values, &cause);
	}
	if (!cause)
		cr_db_dbinfo_update(database, output->xml->checksum, &cause);
	cr_db_close(database, cause ? NULL : &cause);
	return cause ? take_cause(error, cause, "writing the metadata", path) : TRUE;
}

/* Puts the finished database into the form it is offered in. */
static gboolean pack_database(
	const Output *output, const char *plain, const char *packed, cr_ContentStat *content, GError **error)
{
	GError *cause = NULL;

	cr_compress_file_with_stat(plain, packed,
		compressions[output->options->sqlite_compression].type, content, NULL, FALSE, &cause);
	unlink(plain);
	return cause ? take_cause(error, cause, "writing the metadata", packed) : TRUE;
}

static gboolean write_database(Output *output, GError **error)
{
	const char *name = kinds[output->kind].name;
	const char *suffix = compressions[output->options->sqlite_compression].suffix;
	g_autofree char *plain = g_strdup_printf("%s/.%s.sqlite", output->directory, name);
	g_autofree char *packed = g_strdup_printf("%s/%s.sqlite%s", output->directory, name, suffix);
	g_autofree char *type = g_strdup_printf("%s_db", name);
	cr_ContentStat *content = cr_contentstat_new(CR_CHECKSUM_SHA256, NULL);
	gboolean written = fill_database(output, plain, error) &&
			   pack_database(output, plain, packed, content, error);

	if (written) {
		output->database = cr_repomd_record_new(type, packed);
		cr_repomd_record_load_contentstat(output->database, content);
		written = finish_record(output->database, output, error);
	}
	cr_contentstat_free(content, NULL);
	return written;
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
	cr_repomd_record_free(output->zchunk);
	g_clear_error(&output->error);
	g_free(output);
}

/* The XML files are made side by side; the databases one by one, for they number the packages. */
static GPtrArray *write_outputs(
	const KilnRepomdOptions *options, const char *directory, GPtrArray *items, GError **error)
{
	g_autoptr(GPtrArray) outputs = g_ptr_array_new_with_free_func(free_output);

	for (guint kind = 0; kind < KILN_REPOMD_KINDS; kind++) {
		Output *output = g_new0(Output, 1);

		*output = (Output){
			.kind = kind, .options = options, .directory = directory, .items = items};
		g_ptr_array_add(outputs, output);
	}
	kiln_repomd_each(outputs, work_on_xml);
	for (guint kind = 0; kind < KILN_REPOMD_KINDS; kind++) {
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

static gboolean lists_package(const GPtrArray *items, const char *name)
{
	for (guint i = 0; i < items->len; i++)
		if (strcmp(((const KilnRepomdItem *)g_ptr_array_index(items, i))->name, name) == 0)
			return TRUE;
	return FALSE;
}

/* A client that installs a group leaves out, with a warning at most, what is not there. */
static gboolean check_comps(const char *path, const GPtrArray *items, GError **error)
{
	gsize size = 0;
	g_autofree char *text = kiln_fs_read(path, COMPS_MAX_BYTES, &size, error);
	g_autoptr(GPtrArray) packages = text ? kiln_comps_parse(text, size, path, error) : NULL;

	for (guint i = 0; packages && i < packages->len; i++) {
		const KilnCompsPackage *package = g_ptr_array_index(packages, i);

		if (lists_package(items, package->package))
			continue;
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"%s:%u: the group \"%s\" names the package \"%s\", which the repository does "
			"not have; correct the name or take it out",
			path, package->line, package->group, package->package);
		return FALSE;
	}
	return packages != NULL;
}

static gboolean add_record(const KilnRepomdOptions *options, cr_Repomd *repomd, cr_RepomdRecord *record,
	GError **error)
{
	GError *cause = NULL;

	cr_repomd_set_record(repomd, record);
	if (cr_repomd_record_rename_file(record, &cause) != CRE_OK)
		return take_cause(error, cause, "writing the metadata", record->location_real);
	cr_repomd_record_set_timestamp(record, options->timestamp);
	return TRUE;
}

/* Takes the record over: into the index, or away with its file if it is not wanted. */
static gboolean keep_comps(const KilnRepomdOptions *options, cr_Repomd *repomd, gboolean is_wanted,
	cr_RepomdRecord *record, GError **error)
{
	if (is_wanted)
		return add_record(options, repomd, record, error);
	unlink(record->location_real);
	cr_repomd_record_free(record);
	return TRUE;
}

static gboolean add_comps(const KilnRepomdOptions *options, const char *directory, GPtrArray *items,
	cr_Repomd *repomd, GError **error)
{
	g_autofree char *copy = g_build_filename(directory, "comps.xml", NULL);
	GError *cause = NULL;

	if (!check_comps(options->comps, items, error) || !kiln_fs_copy(options->comps, copy, error))
		return FALSE;
	if (chmod(copy, 0644) < 0)
		return kiln_error_set_errno(error, errno, "writing the metadata \"%s\"", copy);
	cr_RepomdRecord *plain = cr_repomd_record_new("group", copy);
	cr_RepomdRecord *packed = cr_repomd_record_new("group_gz", NULL);
	cr_repomd_record_compress_and_fill(
		plain, packed, CR_CHECKSUM_SHA256, CR_CW_GZ_COMPRESSION, NULL, &cause);
	if (cause) {
		cr_repomd_record_free(plain);
		cr_repomd_record_free(packed);
		return take_cause(error, cause, "writing the metadata", copy);
	}
	/* What createrepo_c puts here belongs to the other record. */
	packed->checksum_open = g_string_chunk_insert(packed->chunk, plain->checksum);
	packed->checksum_open_type = g_string_chunk_insert(packed->chunk, plain->checksum_type);
	gboolean kept = keep_comps(options, repomd, options->comps_plain, plain, error);
	return keep_comps(options, repomd, options->comps_gz, packed, kept ? error : NULL) && kept;
}

/* A client that caps the size does not tell why it cannot read the rest. */
static gboolean check_index_size(const KilnRepomdOptions *options, gsize size, GError **error)
{
	if (options->index_max_bytes == 0 || size <= options->index_max_bytes)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"writing the metadata of \"%s\": repomd.xml has %zu bytes, clients of this target read %zu "
		"at most; offer fewer records",
		options->directory, size, options->index_max_bytes);
	return FALSE;
}

static gboolean write_index(
	const KilnRepomdOptions *options, cr_Repomd *repomd, const char *directory, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "repomd.xml", NULL);
	g_autofree char *revision = g_strdup_printf("%" G_GINT64_FORMAT, options->timestamp);
	GError *cause = NULL;

	cr_repomd_set_revision(repomd, revision);
	cr_repomd_sort_records(repomd);
	char *xml = cr_xml_dump_repomd(repomd, &cause);
	if (!xml)
		return take_cause(error, cause, "writing the metadata", path);
	gboolean written = check_index_size(options, strlen(xml), error) &&
			   kiln_fs_replace_text(path, xml, error);
	free(xml);
	return written;
}

static gboolean write_files(const KilnRepomdOptions *options, const char *directory, GError **error)
{
	guint limit = options->changelog_limit ? options->changelog_limit : DEFAULT_CHANGELOG_LIMIT;
	g_autoptr(GPtrArray) items = kiln_repomd_describe(
		options->packages, options->package_count, limit, options->timestamp, error);

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
		if (output->zchunk)
			cr_repomd_set_record(repomd, g_steal_pointer(&output->zchunk));
	}
	gboolean written = (!options->comps || add_comps(options, directory, items, repomd, error)) &&
			   write_index(options, repomd, directory, error);
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

gboolean kiln_repomd_choose(const char *const *words, KilnRepomdCompression *ret_compression)
{
	for (; *words; words++)
		for (gsize i = 0; i < G_N_ELEMENTS(compressions); i++)
			if (strcmp(*words, compressions[i].word) == 0) {
				*ret_compression = (KilnRepomdCompression)i;
				return TRUE;
			}
	return FALSE;
}

gboolean kiln_repomd_write(const KilnRepomdOptions *options, GError **error)
{
	g_autofree char *final = g_build_filename(options->directory, "repodata", NULL);
	g_autofree char *prefix = g_build_filename(options->directory, ".repodata", NULL);

	set_up_createrepo();
	g_return_val_if_fail(options->timestamp > 0, FALSE);
	if (!kiln_fs_make_directory(options->directory, error) ||
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
