/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/repomd_index.h"

#include "base/error.h"
#include "base/text.h"

#include <createrepo_c/createrepo_c.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define INDEX_MAX_BYTES (1 << 20)

static void free_record(gpointer data)
{
	KilnRepomdRecord *record = data;

	g_free(record->type);
	g_free(record->location);
	g_free(record->checksum_kind);
	g_free(record->checksum);
	g_free(record);
}

void kiln_repomd_index_free(KilnRepomdIndex *index)
{
	if (!index)
		return;
	g_ptr_array_unref(index->records);
	g_free(index);
}

static gboolean refuse(GError **error, const char *path, const char *fault)
{
	g_autofree char *line = g_strdelimit(g_strchomp(g_strdup(fault)), "\r\n", ' ');
	g_autofree char *printable = kiln_text_printable(line);

	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "reading the metadata \"%s\": %s", path, printable);
	return FALSE;
}

/* What is unknown or odd in a file that others wrote is no matter as long as the records are whole. */
static int pass_warning(cr_XmlParserWarningType type, char *message, void *data, GError **error)
{
	(void)type, (void)message, (void)data, (void)error;
	return CR_CB_RET_OK;
}

static void drop_log(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
	(void)domain, (void)level, (void)message, (void)data;
}

/* Below the repository, in characters that neither a URL nor a path takes for anything else. */
static gboolean is_plain_location(const char *location)
{
	g_auto(GStrv) parts = NULL;

	if (!location || !*location || *location == '/' || strlen(location) > 1024)
		return FALSE;
	for (const char *p = location; *p; p++)
		if (!g_ascii_isalnum(*p) && !strchr("._+~^@:=/-", *p))
			return FALSE;
	parts = g_strsplit(location, "/", -1);
	return !g_strv_contains((const char *const *)parts, "..");
}

static gboolean is_hexadecimal(const char *text)
{
	return text && *text && strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

static const char *fault_of(const cr_RepomdRecord *record)
{
	if (!record->type || !*record->type)
		return "a record has no type";
	if (!is_plain_location(record->location_href) || record->location_base)
		return "a record leads elsewhere than to a file of the repository";
	if (!record->checksum_type || !is_hexadecimal(record->checksum))
		return "a record has no checksum";
	return NULL;
}

static void add_record(KilnRepomdIndex *index, const cr_RepomdRecord *record)
{
	KilnRepomdRecord *added = g_new0(KilnRepomdRecord, 1);

	added->type = g_strdup(record->type);
	added->location = g_strdup(record->location_href);
	added->checksum_kind = g_strdup(record->checksum_type);
	added->checksum = g_ascii_strdown(record->checksum, -1);
	added->size = record->size > 0 ? (guint64)record->size : 0;
	added->timestamp = MAX(record->timestamp, 0);
	index->timestamp = MAX(index->timestamp, added->timestamp);
	g_ptr_array_add(index->records, added);
}

static KilnRepomdIndex *take_records(const cr_Repomd *repomd, const char *path, GError **error)
{
	g_autoptr(KilnRepomdIndex) index = g_new0(KilnRepomdIndex, 1);

	index->records = g_ptr_array_new_with_free_func(free_record);
	for (GSList *link = repomd->records; link; link = link->next) {
		const char *fault = fault_of(link->data);
		if (fault) {
			refuse(error, path, fault);
			return NULL;
		}
		add_record(index, link->data);
	}
	if (index->records->len > 0)
		return g_steal_pointer(&index);
	refuse(error, path, "it names no metadata");
	return NULL;
}

/* The library speaks of the file that it was given. */
static void refuse_parsed(GError **error, const char *path, const char *name, const char *fault)
{
	g_auto(GStrv) parts = g_strsplit(fault, path, -1);
	g_autofree char *text = g_strjoinv(name, parts);

	refuse(error, name, text);
}

KilnRepomdIndex *kiln_repomd_index_read_as(const char *path, const char *name, GError **error)
{
	static gsize is_silent = 0;
	KilnRepomdIndex *index = NULL;
	GError *cause = NULL;
	struct stat status;

	if (stat(path, &status) < 0)
		return kiln_error_set_errno(error, errno, "reading the metadata \"%s\"", path), NULL;
	if (status.st_size > INDEX_MAX_BYTES)
		return refuse(error, name, "it is larger than 1 MiB"), NULL;
	/* The library logs what it also returns; the returned error is the one that is told. */
	if (g_once_init_enter(&is_silent)) {
		g_log_set_handler("C_CREATEREPOLIB", G_LOG_LEVEL_MASK, drop_log, NULL);
		g_once_init_leave(&is_silent, 1);
	}
	cr_Repomd *repomd = cr_repomd_new();
	if (cr_xml_parse_repomd(path, repomd, pass_warning, NULL, &cause) == CRE_OK)
		index = take_records(repomd, name, error);
	else
		refuse_parsed(error, path, name, cause ? cause->message : "it is no repomd.xml");
	g_clear_error(&cause);
	cr_repomd_free(repomd);
	return index;
}

KilnRepomdIndex *kiln_repomd_index_read(const char *path, GError **error)
{
	return kiln_repomd_index_read_as(path, path, error);
}

const KilnRepomdRecord *kiln_repomd_index_find(const KilnRepomdIndex *index, const char *type)
{
	for (guint i = 0; i < index->records->len; i++) {
		const KilnRepomdRecord *record = index->records->pdata[i];
		if (strcmp(record->type, type) == 0)
			return record;
	}
	return NULL;
}
