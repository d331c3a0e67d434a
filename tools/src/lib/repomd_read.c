/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/repomd.h"

#include "base/digest.h"
#include "base/error.h"

#include <createrepo_c/createrepo_c.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INDEX_MAX_BYTES (1 << 20)
#define FILE_MAX_BYTES (1LL << 30)

static void free_entry(gpointer data)
{
	KilnRepomdEntry *entry = data;

	g_free(entry->location);
	g_free(entry->sha256);
	g_free(entry->name);
	g_free(entry->epoch);
	g_free(entry->version);
	g_free(entry->release);
	g_free(entry->arch);
	g_free(entry->nevra);
	g_free(entry);
}

G_GNUC_PRINTF(3, 4)
static gboolean refuse(GError **error, const char *path, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *fault = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "checking \"%s\": %s", path, fault);
	return FALSE;
}

static gboolean take_cause(GError **error, GError *cause, const char *path)
{
	refuse(error, path, "%s", cause ? cause->message : "createrepo_c gave no reason");
	g_clear_error(&cause);
	return FALSE;
}

/* Elements we do not know are other tools' additions; what is missing or malformed is an error. */
static int refuse_warning(cr_XmlParserWarningType type, char *message, void *data, GError **error)
{
	(void)data;
	if (type == CR_XML_WARNING_UNKNOWNTAG)
		return CR_CB_RET_OK;
	g_set_error_literal(error, CREATEREPO_C_ERROR, CRE_BADXMLREPOMD, message);
	return CR_CB_RET_ERR;
}

static gboolean location_is_inside(const char *location)
{
	g_auto(GStrv) parts = NULL;

	if (!location || !*location || *location == '/')
		return FALSE;
	parts = g_strsplit(location, "/", -1);
	return !g_strv_contains((const char *const *)parts, "..");
}

static void drop_log(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
	(void)domain, (void)level, (void)message, (void)data;
}

/* The library logs what it also returns; the returned error is the one that is told. */
static void silence_library(void)
{
	static gsize is_silent = 0;

	if (!g_once_init_enter(&is_silent))
		return;
	g_log_set_handler("C_CREATEREPOLIB", G_LOG_LEVEL_MASK, drop_log, NULL);
	g_once_init_leave(&is_silent, 1);
}

static cr_Repomd *read_index(const char *directory, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "repodata", "repomd.xml", NULL);
	GError *cause = NULL;
	struct stat status;

	if (stat(path, &status) < 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
			"reading the metadata \"%s\": %s", path, g_strerror(errno));
		return NULL;
	}
	if (status.st_size > INDEX_MAX_BYTES) {
		refuse(error, path, "it is larger than %d bytes", INDEX_MAX_BYTES);
		return NULL;
	}
	silence_library();
	cr_Repomd *repomd = cr_repomd_new();
	if (cr_xml_parse_repomd(path, repomd, refuse_warning, NULL, &cause) == CRE_OK)
		return repomd;
	cr_repomd_free(repomd);
	take_cause(error, cause, path);
	return NULL;
}

/* The path of the file a record names, if the file is what the record says. */
static char *check_record(const char *directory, const cr_RepomdRecord *record, GError **error)
{
	const char *href = record->location_href;
	g_autofree char *path = g_build_filename(directory, href ? href : "", NULL);
	GError *cause = NULL;
	struct stat status;
	gboolean good = FALSE;

	if (!location_is_inside(href) || record->location_base)
		return refuse(error, path, "the record \"%s\" leads elsewhere", record->type), NULL;
	if (!record->checksum || !record->checksum_type)
		return refuse(error, path, "the record \"%s\" has no checksum", record->type), NULL;
	if (stat(path, &status) < 0)
		return refuse(error, path, "repomd.xml names it: %s", g_strerror(errno)), NULL;
	if (status.st_size > FILE_MAX_BYTES)
		return refuse(error, path, "it is larger than %lld bytes", FILE_MAX_BYTES), NULL;
	char *checksum = cr_checksum_file(path, cr_checksum_type(record->checksum_type), &cause);
	if (!checksum)
		return take_cause(error, cause, path), NULL;
	if (!g_str_equal(checksum, record->checksum))
		refuse(error, path, "its checksum is %s, repomd.xml says %s", checksum,
			record->checksum);
	else if (record->size > 0 && record->size != status.st_size)
		refuse(error, path, "it has %lld bytes, repomd.xml says %lld",
			(long long)status.st_size, (long long)record->size);
	else
		good = TRUE;
	free(checksum);
	return good ? g_steal_pointer(&path) : NULL;
}

static KilnRepomdEntry *new_entry(const cr_Package *package)
{
	KilnRepomdEntry *entry = g_new0(KilnRepomdEntry, 1);
	const char *epoch = package->epoch && *package->epoch ? package->epoch : "0";
	gboolean has_epoch = !g_str_equal(epoch, "0");

	entry->location = g_strdup(package->location_href);
	entry->sha256 = g_strdup(package->pkgId);
	entry->name = g_strdup(package->name);
	entry->epoch = g_strdup(epoch);
	entry->version = g_strdup(package->version);
	entry->release = g_strdup(package->release);
	entry->arch = g_strdup(package->arch);
	entry->size = (guint64)package->size_package;
	entry->nevra = g_strdup_printf("%s-%s%s%s-%s.%s", entry->name, has_epoch ? epoch : "",
		has_epoch ? ":" : "", entry->version, entry->release, entry->arch);
	return entry;
}

static int add_entry(cr_Package *package, void *entries, GError **error)
{
	const char *fault = NULL;

	if (!package->name || !package->version || !package->release || !package->arch)
		fault = "a package has no name, version or architecture";
	else if (g_strcmp0(package->checksum_type, "sha256") ||
		 !kiln_digest_is_valid(package->pkgId))
		fault = "a package has no SHA-256 checksum";
	else if (!location_is_inside(package->location_href) || package->location_base)
		fault = "the location of a package leads elsewhere";
	if (fault)
		g_set_error(error, CREATEREPO_C_ERROR, CRE_BADXMLPRIMARY, "%s: \"%s\"", fault,
			package->name ? package->name : "");
	else
		g_ptr_array_add(entries, new_entry(package));
	cr_package_free(package);
	return fault ? CR_CB_RET_ERR : CR_CB_RET_OK;
}

static GPtrArray *parse_primary(const char *path, GError **error)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(free_entry);
	GError *cause = NULL;

	if (cr_xml_parse_primary(path, NULL, NULL, add_entry, entries, refuse_warning, NULL, 0,
		    &cause) == CRE_OK)
		return g_steal_pointer(&entries);
	take_cause(error, cause, path);
	return NULL;
}

static GPtrArray *read_primary(const char *directory, cr_Repomd *repomd, GError **error)
{
	cr_RepomdRecord *record = cr_repomd_get_record(repomd, "primary");

	if (!record) {
		refuse(error, directory, "repomd.xml names no primary metadata");
		return NULL;
	}
	g_autofree char *path = check_record(directory, record, error);
	return path ? parse_primary(path, error) : NULL;
}

GPtrArray *kiln_repomd_read_packages(const char *directory, GError **error)
{
	cr_Repomd *repomd = read_index(directory, error);

	if (!repomd)
		return NULL;
	GPtrArray *entries = read_primary(directory, repomd, error);
	cr_repomd_free(repomd);
	return entries;
}

static gboolean check_records(const char *directory, cr_Repomd *repomd, GError **error)
{
	static const char *const needed[] = {"primary", "filelists", "other"};

	for (gsize i = 0; i < G_N_ELEMENTS(needed); i++)
		if (!cr_repomd_get_record(repomd, needed[i]))
			return refuse(
				error, directory, "repomd.xml names no %s metadata", needed[i]);
	for (GSList *link = repomd->records; link; link = link->next) {
		g_autofree char *path = check_record(directory, link->data, error);

		if (!path)
			return FALSE;
	}
	return TRUE;
}

static gboolean check_package(const char *directory, const KilnRepomdEntry *entry, GError **error)
{
	g_autofree char *path = g_build_filename(directory, entry->location, NULL);
	guint64 size = 0;
	g_autofree char *digest = kiln_digest_of_file(path, &size, error);

	if (!digest)
		return FALSE;
	if (size != entry->size)
		return refuse(error, path,
			"it has %" G_GUINT64_FORMAT " bytes, the metadata says %" G_GUINT64_FORMAT,
			size, entry->size);
	if (!g_str_equal(digest, entry->sha256))
		return refuse(error, path, "its SHA-256 is %s, the metadata says %s", digest,
			entry->sha256);
	return TRUE;
}

static gboolean check_everything(const char *directory, cr_Repomd *repomd, GError **error)
{
	if (!check_records(directory, repomd, error))
		return FALSE;
	g_autoptr(GPtrArray) entries = read_primary(directory, repomd, error);

	for (guint i = 0; entries && i < entries->len; i++)
		if (!check_package(directory, g_ptr_array_index(entries, i), error))
			return FALSE;
	return entries != NULL;
}

gboolean kiln_repomd_verify(const char *directory, GError **error)
{
	cr_Repomd *repomd = read_index(directory, error);

	if (!repomd)
		return FALSE;
	gboolean verified = check_everything(directory, repomd, error);
	cr_repomd_free(repomd);
	return verified;
}

gboolean kiln_repomd_read_timestamp(const char *directory, gint64 *ret_timestamp, GError **error)
{
	cr_Repomd *repomd = read_index(directory, error);
	gint64 newest = 0;

	if (!repomd)
		return FALSE;
	for (GSList *link = repomd->records; link; link = link->next)
		newest = MAX(newest, ((const cr_RepomdRecord *)link->data)->timestamp);
	cr_repomd_free(repomd);
	*ret_timestamp = newest;
	return TRUE;
}
