/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/contract_metadata.h"

#include "base/error.h"
#include "base/fs.h"
#include "engine/contract.h"
#include "engine/contract_lists.h"
#include "format/openpgp.h"
#include "lib/repomd_xml.h"
#include "lib/metadata_file.h"

#include <string.h>

#define INDEX_MAX_BYTES (16 << 20)
#define SIGNATURE_MAX_BYTES (1 << 20)
#define INDEX "repodata/repomd.xml"

typedef struct {
	const KilnContract *contract;
	GPtrArray *violations;
	const char *directory;
	const KilnContractKeys *keys; /* beside it */
	GPtrArray *records;  /* KilnRepomdRecord */
	GPtrArray *packages; /* KilnXmlPackage */
	GHashTable *lists;   /* what the others list, likewise, by KilnRepomdRecord */
} Judge;

/* One file that repomd.xml names. */
typedef struct {
	KilnJudgement judgement;
	const Judge *judge;
	const KilnRepomdRecord *record;
	GBytes *bytes, *content; /* as it is, and uncompressed */
	const char *compression;
} File;

static const KilnRule *rule_of(const Judge *judge, KilnRuleKind kind)
{
	return &judge->contract->rules[kind];
}

static gboolean lists(char **list, const char *word)
{
	return list && g_strv_contains((const char *const *)list, word);
}

static KilnJudgement judgement_of(const Judge *judge, const char *object)
{
	return (KilnJudgement){judge->contract, object, judge->violations};
}

static const KilnRepomdRecord *find_record(const Judge *judge, const char *type)
{
	for (guint i = 0; i < judge->records->len; i++) {
		const KilnRepomdRecord *record = judge->records->pdata[i];
		if (g_strcmp0(record->type, type) == 0)
			return record;
	}
	return NULL;
}

gboolean kiln_contract_location_is_inside(const char *location)
{
	g_auto(GStrv) parts = NULL;

	if (!location || !*location || *location == '/')
		return FALSE;
	parts = g_strsplit(location, "/", -1);
	return !g_strv_contains((const char *const *)parts, "..");
}

/* ── what repomd.xml says ── */

static void check_required(const Judge *judge, const KilnJudgement *judgement)
{
	for (char **type = rule_of(judge, KILN_RULE_METADATA_RECORDS)->required; *type; type++)
		if (!find_record(judge, *type))
			kiln_judge_refuse(
				judgement, KILN_RULE_METADATA_RECORDS, *type, "it names no %s metadata", *type);
}

static gboolean is_digits(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static void check_timestamp(const KilnJudgement *judgement, const KilnRepomdRecord *record)
{
	const char *text = record->timestamp;
	const char *dot = text ? strchr(text, '.') : NULL;
	const char *value = !text ? "none" : is_digits(text) ? "integer" : "unreadable";

	if (dot && is_digits(dot + 1) && dot != text)
		value = "fraction";
	if (kiln_judge_allows(judgement, KILN_RULE_TIMESTAMPS, value))
		return;
	if (text)
		kiln_judge_refuse(judgement, KILN_RULE_TIMESTAMPS, value, "the timestamp of its record \"%s\" is \"%s\"",
			record->type, text);
	else
		kiln_judge_refuse(
			judgement, KILN_RULE_TIMESTAMPS, value, "its record \"%s\" has no timestamp", record->type);
}

static void check_checksum_kind(const KilnJudgement *judgement, const KilnRepomdRecord *record)
{
	const char *type = record->checksum.type && record->checksum.value ? record->checksum.type : "none";
	const char *open_type = record->open_checksum.type;

	if (!kiln_judge_allows(judgement, KILN_RULE_METADATA_CHECKSUM, type))
		kiln_judge_refuse(judgement, KILN_RULE_METADATA_CHECKSUM, type,
			g_str_equal(type, "none") ? "its record \"%s\" has no <checksum>"
						  : "its record \"%s\" has a checksum of kind %s",
			record->type, type);
	if (open_type && !kiln_judge_allows(judgement, KILN_RULE_METADATA_CHECKSUM, open_type))
		kiln_judge_refuse(judgement, KILN_RULE_METADATA_CHECKSUM, open_type,
			"its record \"%s\" has an <open-checksum> of kind %s", record->type, open_type);
}

/* Databases that the client does not read may be as they like. */
static gboolean is_used_database(const Judge *judge, const KilnRepomdRecord *record)
{
	return g_str_has_suffix(record->type, "_db") &&
		lists(rule_of(judge, KILN_RULE_METADATA_RECORDS)->used, record->type);
}

static void check_record_text(
	const Judge *judge, const KilnJudgement *judgement, const KilnRepomdRecord *record)
{
	gboolean is_open_missing = !record->open_checksum.value || !record->open_checksum.type;

	check_timestamp(judgement, record);
	check_checksum_kind(judgement, record);
	if (is_used_database(judge, record) && is_open_missing &&
		!kiln_judge_allows(judgement, KILN_RULE_DATABASE_CHECKSUM, "missing"))
		kiln_judge_refuse(judgement, KILN_RULE_DATABASE_CHECKSUM, "missing",
			"its record \"%s\" has no <open-checksum>", record->type);
	if (g_str_has_suffix(record->type, "_zck") &&
		!kiln_judge_allows(judgement, KILN_RULE_METADATA_RECORDS, "zchunk"))
		kiln_judge_refuse(judgement, KILN_RULE_METADATA_RECORDS, "zchunk", "it has the record \"%s\"",
			record->type);
}

/* ── the files ── */

static const char *compression_by_name(const char *location)
{
	static const char *const suffixes[][2] = {
		{".gz", "gz"}, {".bz2", "bz2"}, {".xz", "xz"}, {".zst", "zstd"}, {".zck", "zck"}};

	for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++)
		if (g_str_has_suffix(location, suffixes[i][0]))
			return suffixes[i][1];
	return "none";
}

/* A database of the same kind in gz, which spares the client the XML. */
static gboolean has_gz_database(const Judge *judge, const char *type)
{
	g_autofree char *name = g_strconcat(type, "_db", NULL);
	const KilnRepomdRecord *record = find_record(judge, name);

	return record && record->location && g_str_has_suffix(record->location, ".gz");
}

static gboolean is_comps_record(const char *type)
{
	return g_str_equal(type, "group") || g_str_equal(type, "group_gz");
}

/* The rule about the compression of a file; FALSE for files that the client may pass over. */
static gboolean choose_rule(const File *file, KilnRuleKind *ret_kind)
{
	const char *type = file->record->type;
	gboolean is_database = is_used_database(file->judge, file->record);
	gboolean is_comps = is_comps_record(type);

	*ret_kind = is_database ? KILN_RULE_DATABASE_COMPRESSION
		: is_comps	? KILN_RULE_COMPS
				: KILN_RULE_METADATA_COMPRESSION;
	return is_database || is_comps || lists(rule_of(file->judge, KILN_RULE_METADATA_RECORDS)->required, type);
}

/* Its name says how it is compressed, to clients that read it. */
static void check_group_gz(const File *file)
{
	if (lists(rule_of(file->judge, KILN_RULE_COMPS)->required, "group_gz") &&
		!g_str_equal(file->compression, "gz"))
		kiln_judge_refuse(&file->judgement, KILN_RULE_COMPS, file->compression,
			"it is the record \"group_gz\", but its compression is %s", file->compression);
}

static void check_compression(const File *file)
{
	const KilnRepomdRecord *record = file->record;
	const KilnRule *rule;
	KilnRuleKind kind;

	if (!choose_rule(file, &kind))
		return;
	rule = rule_of(file->judge, kind);
	if (g_str_equal(record->type, "group_gz")) {
		check_group_gz(file);
		return;
	}
	if (!g_str_equal(compression_by_name(record->location), file->compression))
		kiln_judge_refuse(&file->judgement, kind, "misnamed", "it is called \"%s\", but its compression is %s",
			record->location, file->compression);
	if (kiln_rule_allows(rule, file->compression) ||
		(lists(rule->beside, file->compression) && has_gz_database(file->judge, record->type)))
		return;
	kiln_judge_refuse(&file->judgement, kind, file->compression,
		g_str_equal(file->compression, "none") ? "it is not compressed" : "it is compressed by %s",
		file->compression);
}

static void check_size(const File *file, const char *what, const char *text, GBytes *bytes)
{
	g_autofree char *real = g_strdup_printf("%" G_GSIZE_FORMAT, g_bytes_get_size(bytes));

	if (text && !g_str_equal(text, real))
		kiln_judge_refuse(&file->judgement, KILN_RULE_METADATA_INTEGRITY, "size",
			"it has %s bytes%s, repomd.xml says %s", real, what, text);
}

static void check_checksum(const File *file, const char *what, const KilnXmlChecksum *checksum, GBytes *bytes)
{
	g_autofree char *real = NULL;

	if (!checksum->type || !checksum->value)
		return;
	real = kiln_metadata_checksum(bytes, checksum->type);
	if (real && g_ascii_strcasecmp(real, checksum->value) != 0)
		kiln_judge_refuse(&file->judgement, KILN_RULE_METADATA_INTEGRITY, "checksum",
			"its %s%s is %s, repomd.xml says %s", checksum->type, what, real, checksum->value);
}

static void check_integrity(const File *file)
{
	char **compared = rule_of(file->judge, KILN_RULE_METADATA_INTEGRITY)->required;
	const KilnRepomdRecord *record = file->record;

	if (lists(compared, "size"))
		check_size(file, "", record->size, file->bytes);
	if (lists(compared, "checksum"))
		check_checksum(file, "", &record->checksum, file->bytes);
	if (!file->content || g_str_equal(file->compression, "zck"))
		return;
	if (lists(compared, "size"))
		check_size(file, " uncompressed", record->open_size, file->content);
	if (lists(compared, "open-checksum"))
		check_checksum(file, " uncompressed", &record->open_checksum, file->content);
}

/* Tells why a file cannot be used, and ends the error. */
static void refuse_cause(const KilnJudgement *judgement, const char *value, GError *cause)
{
	kiln_judge_refuse(judgement, KILN_RULE_METADATA_INTEGRITY, value, "%s", cause->message);
	g_error_free(cause);
}

/* What the client takes from the file, as far as it is compared. */
static void read_content(Judge *judge, const File *file, GError **error)
{
	const char *type = file->record->type, *name = file->judgement.object;
	gboolean is_unused = g_str_has_suffix(type, "_db") && !is_used_database(judge, file->record);
	GPtrArray *packages;

	if (!kiln_contract_lists_packages(type) || is_unused)
		return;
	packages = kiln_contract_list_read(type, file->content, name, error);
	if (!packages)
		return;
	if (g_str_equal(type, "primary")) {
		g_clear_pointer(&judge->packages, g_ptr_array_unref);
		judge->packages = packages;
	} else {
		g_hash_table_insert(judge->lists, (gpointer)file->record, packages);
	}
}

static void check_groups(const File *file)
{
	gsize size = 0;
	const char *text = g_bytes_get_data(file->content, &size);
	g_autoptr(GError) cause = NULL;

	if (is_comps_record(file->record->type) &&
		!kiln_comps_xml_check(text, size, file->judgement.object, &cause))
		kiln_judge_refuse(&file->judgement, KILN_RULE_COMPS, "none", "%s", cause->message);
}

static void open_content(Judge *judge, File *file)
{
	GError *cause = NULL;

	file->content = kiln_metadata_open(file->bytes, file->judgement.object, &cause);
	if (file->content) {
		read_content(judge, file, &cause);
		check_groups(file);
	}
	if (cause)
		refuse_cause(&file->judgement, "damaged", cause);
}

static void check_file(Judge *judge, const KilnRepomdRecord *record)
{
	g_autofree char *path = g_build_filename(judge->directory, record->location, NULL);
	File file = {.judgement = judgement_of(judge, record->location), .judge = judge, .record = record};
	GError *cause = NULL;
	gsize size = 0;
	const void *data;

	file.bytes = kiln_metadata_read(path, &cause);
	if (!file.bytes) {
		refuse_cause(&file.judgement, "missing", cause);
		return;
	}
	data = g_bytes_get_data(file.bytes, &size);
	file.compression = kiln_metadata_compression(data, size);
	check_compression(&file);
	open_content(judge, &file);
	check_integrity(&file);
	g_bytes_unref(file.bytes);
	g_clear_pointer(&file.content, g_bytes_unref);
}

static void check_record(Judge *judge, const KilnJudgement *judgement, KilnRepomdRecord *record)
{
	if (!record->type)
		record->type = g_strdup("");
	check_record_text(judge, judgement, record);
	/* What lies on another server is not ours to read. */
	if (record->base)
		return;
	if (kiln_contract_location_is_inside(record->location))
		check_file(judge, record);
	else
		kiln_judge_refuse(judgement, KILN_RULE_METADATA_INTEGRITY, "missing",
			"the location of its record \"%s\" is \"%s\"", record->type,
			record->location ? record->location : "");
}

/* In the order of the records. */
static void compare_lists(const Judge *judge)
{
	for (guint i = 0; judge->packages && i < judge->records->len; i++) {
		const KilnRepomdRecord *record = judge->records->pdata[i];
		const GPtrArray *list = g_hash_table_lookup(judge->lists, record);
		const KilnJudgement judgement = judgement_of(judge, record->location);
		if (list)
			kiln_contract_list_compare(&judgement, judge->packages, list);
	}
}

/* ── groups ── */

static gboolean has_comps(const Judge *judge)
{
	for (guint i = 0; i < judge->records->len; i++) {
		const KilnRepomdRecord *record = judge->records->pdata[i];
		if (g_str_equal(record->type, "group") || g_str_has_prefix(record->type, "group_"))
			return TRUE;
	}
	return FALSE;
}

static void check_comps(const Judge *judge, const KilnJudgement *judgement)
{
	if (!has_comps(judge))
		return;
	for (char **type = rule_of(judge, KILN_RULE_COMPS)->required; *type; type++)
		if (!find_record(judge, *type))
			kiln_judge_refuse(judgement, KILN_RULE_COMPS, *type,
				"it offers comps, but not as the record \"%s\"", *type);
}

/* ── the signature ── */

static void verify(const Judge *judge, const KilnJudgement *judgement)
{
	g_autofree char *index = g_build_filename(judge->directory, INDEX, NULL);
	g_autofree char *path = g_strconcat(index, ".asc", NULL);
	g_autoptr(GError) cause = NULL;

	if (!kiln_contract_keys_verify(judge->keys, index, path, &cause))
		kiln_judge_refuse(judgement, KILN_RULE_METADATA_SIGNATURE, "wrong",
			"it does not fit repomd.xml and the key beside it: %s", cause->message);
}

static void judge_signatures(const Judge *judge, const KilnJudgement *judgement, const KilnPgpFile *file)
{
	gint64 maximum = rule_of(judge, KILN_RULE_METADATA_SIGNATURE_COUNT)->maximum;
	const KilnPgpSignature *first = file->signatures->len > 0 ? file->signatures->pdata[0] : NULL;
	g_autofree char *value = NULL;

	if (!first) {
		kiln_judge_refuse(judgement, KILN_RULE_METADATA_SIGNATURE, "none", "it holds a key, not a signature");
		return;
	}
	if (maximum > 0 && file->signatures->len > maximum)
		kiln_judge_refuse(judgement, KILN_RULE_METADATA_SIGNATURE_COUNT, NULL, "it holds %u signatures",
			file->signatures->len);
	value = kiln_judge_signature_value(first->algorithm, first->digest);
	if (!kiln_judge_allows(judgement, KILN_RULE_METADATA_SIGNATURE, value))
		kiln_judge_refuse(judgement, KILN_RULE_METADATA_SIGNATURE, value, "its signature is %s with %s",
			first->algorithm, first->digest);
	if (file->signatures->len == 1)
		verify(judge, judgement);
}

static void check_signature(const Judge *judge)
{
	const KilnJudgement judgement = judgement_of(judge, INDEX ".asc");
	g_autofree char *path = g_build_filename(judge->directory, INDEX ".asc", NULL);
	g_autoptr(GError) cause = NULL;
	gsize size = 0;
	g_autofree char *bytes = kiln_fs_read(path, SIGNATURE_MAX_BYTES, &size, &cause);
	g_autoptr(KilnPgpFile) file = bytes ? kiln_openpgp_parse(bytes, size, INDEX ".asc", &cause) : NULL;

	if (file)
		judge_signatures(judge, &judgement, file);
	else if (!g_error_matches(cause, KILN_ERROR, KILN_ERROR_NOT_FOUND))
		kiln_judge_refuse(&judgement, KILN_RULE_METADATA_SIGNATURE, "wrong", "%s", cause->message);
	else if (!kiln_judge_allows(&judgement, KILN_RULE_METADATA_SIGNATURE, "none"))
		kiln_judge_refuse(&judgement, KILN_RULE_METADATA_SIGNATURE, "none", "it is not there");
}

/* ── the whole ── */

static GPtrArray *read_records(const KilnJudgement *judgement, const char *directory, GError **error)
{
	g_autofree char *path = g_build_filename(directory, INDEX, NULL);
	gint64 maximum = judgement->contract->rules[KILN_RULE_REPOMD_SIZE].maximum;
	gsize size = 0;
	g_autofree char *text = kiln_fs_read(path, INDEX_MAX_BYTES, &size, error);

	if (!text)
		return NULL;
	if (maximum > 0 && size > (guint64)maximum)
		kiln_judge_refuse(judgement, KILN_RULE_REPOMD_SIZE, NULL, "it has %" G_GSIZE_FORMAT " bytes", size);
	return kiln_repomd_xml_parse(text, size, path, error);
}

gboolean kiln_contract_judge_metadata(const KilnContract *contract, const char *directory,
	const KilnContractKeys *keys, GPtrArray *violations, GPtrArray **ret_packages, GError **error)
{
	Judge judge = {.contract = contract, .violations = violations, .directory = directory, .keys = keys};
	const KilnJudgement judgement = judgement_of(&judge, INDEX);

	judge.records = read_records(&judgement, directory, error);
	if (!judge.records)
		return FALSE;
	judge.lists = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
	check_required(&judge, &judgement);
	for (guint i = 0; i < judge.records->len; i++)
		check_record(&judge, &judgement, judge.records->pdata[i]);
	compare_lists(&judge);
	check_comps(&judge, &judgement);
	check_signature(&judge);
	kiln_contract_keys_judge(keys, contract, violations);
	g_hash_table_unref(judge.lists);
	g_ptr_array_unref(judge.records);
	if (ret_packages)
		*ret_packages = judge.packages;
	else
		g_clear_pointer(&judge.packages, g_ptr_array_unref);
	return TRUE;
}

gboolean kiln_contract_check_metadata(
	const KilnContract *contract, const char *directory, GPtrArray *violations, GError **error)
{
	g_autoptr(KilnContractKeys) keys = kiln_contract_keys_beside(directory);

	return kiln_contract_judge_metadata(contract, directory, keys, violations, NULL, error);
}
