/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/metadata_form.h"

#include "base/error.h"

#include <string.h>

#define CHECKSUM "sha256"

static gboolean refuse(const KilnContract *contract, KilnRuleKind rule, const char *written, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"writing metadata for \"%s\" (%s): none of what [%s] of its contract allows can be written here: %s; "
		"add one of these to repo-config/contracts/%s.conf if its clients take it",
		contract->name, contract->client, kiln_rule_name(rule), written, contract->name);
	return FALSE;
}

static gboolean choose_databases(const KilnContract *contract, const KilnContractMetadata *metadata,
	KilnRepomdOptions *options, GError **error)
{
	gboolean is_wanted = metadata->databases_are_used || metadata->databases_are_required;

	options->with_sqlite = is_wanted && metadata->database_compressions &&
		kiln_repomd_choose(metadata->database_compressions, &options->sqlite_compression);
	return options->with_sqlite || !metadata->databases_are_required ||
		refuse(contract, KILN_RULE_DATABASE_COMPRESSION, "gz, bz2, xz, none", error);
}

gboolean kiln_metadata_form_choose(const KilnContract *contract, KilnRepomdOptions *options, GError **error)
{
	KilnContractMetadata metadata;

	kiln_contract_metadata(contract, &metadata);
	if (!metadata.xml_compressions || !kiln_repomd_choose(metadata.xml_compressions, &options->compression))
		return refuse(contract, KILN_RULE_METADATA_COMPRESSION, "gz, bz2, xz, none", error);
	if (!kiln_rule_allows(&contract->rules[KILN_RULE_METADATA_CHECKSUM], CHECKSUM))
		return refuse(contract, KILN_RULE_METADATA_CHECKSUM, CHECKSUM, error);
	if (!choose_databases(contract, &metadata, options, error))
		return FALSE;
	/* Pieces are of use to those who know them alone: everyone else fetches a longer repomd.xml for nothing. */
	options->with_zchunk = metadata.zchunk_is_allowed && metadata.zchunk_is_used;
	options->comps_plain = metadata.comps_plain;
	options->comps_gz = metadata.comps_gz;
	options->index_max_bytes = (gsize)metadata.repomd_max_bytes;
	return TRUE;
}

static const char *word_of(KilnRepomdCompression compression)
{
	switch (compression) {
	case KILN_REPOMD_GZ:
		return "gz";
	case KILN_REPOMD_BZ2:
		return "bz2";
	case KILN_REPOMD_XZ:
		return "xz";
	case KILN_REPOMD_PLAIN:
		return "plain";
	}
	g_return_val_if_reached("");
}

char *kiln_metadata_form_text(const KilnRepomdOptions *options)
{
	GString *text = g_string_new(word_of(options->compression));

	if (options->with_sqlite)
		g_string_append_printf(text, ", databases %s", word_of(options->sqlite_compression));
	if (options->with_zchunk)
		g_string_append(text, ", zchunk");
	if (options->comps_plain || options->comps_gz)
		g_string_append_printf(text, ", groups%s%s%s", options->comps_plain ? " plain" : "",
			options->comps_plain && options->comps_gz ? " and" : "", options->comps_gz ? " gz" : "");
	if (options->index_max_bytes > 0)
		g_string_append_printf(text, ", at most %zu bytes", options->index_max_bytes);
	return g_string_free(text, FALSE);
}
