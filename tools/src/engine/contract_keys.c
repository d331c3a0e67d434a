/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/contract_keys.h"

#include "base/error.h"
#include "base/fs.h"
#include "engine/contract.h"
#include "format/openpgp.h"
#include "lib/gpg.h"
#include "lib/rpmheader.h"
#include "lib/rpmtrust.h"

#define KEY_PREFIX "RPM-GPG-KEY"
#define KEY_MAX_BYTES (1 << 20)

struct KilnContractKeys {
	GPtrArray *paths;
	GHashTable *primary_ids, *subkey_ids;
	KilnRpmTrust *trust;
	guint trusted;
};

static void read_key(KilnContractKeys *keys, const char *path)
{
	gsize size = 0;
	g_autofree char *bytes = kiln_fs_read(path, KEY_MAX_BYTES, &size, NULL);
	g_autofree char *name = g_path_get_basename(path);
	g_autoptr(KilnPgpFile) file = bytes ? kiln_openpgp_parse(bytes, size, path, NULL) : NULL;

	for (guint i = 0; file && i < file->keys->len; i++) {
		const KilnPgpKey *key = file->keys->pdata[i];
		g_hash_table_add(key->is_subkey ? keys->subkey_ids : keys->primary_ids, g_strdup(key->key_id));
	}
	keys->trusted += file && kiln_rpmtrust_add(keys->trust, bytes, size, name, NULL);
}

KilnContractKeys *kiln_contract_keys_beside(const char *directory)
{
	KilnContractKeys *keys = g_new0(KilnContractKeys, 1);
	g_auto(GStrv) names = kiln_fs_list(directory, NULL);

	keys->paths = g_ptr_array_new_with_free_func(g_free);
	keys->primary_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	keys->subkey_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	keys->trust = kiln_rpmtrust_new();
	for (char **name = names; name && *name; name++)
		if (g_str_has_prefix(*name, KEY_PREFIX))
			g_ptr_array_add(keys->paths, g_build_filename(directory, *name, NULL));
	for (guint i = 0; i < keys->paths->len; i++)
		read_key(keys, keys->paths->pdata[i]);
	return keys;
}

void kiln_contract_keys_free(KilnContractKeys *keys)
{
	if (!keys)
		return;
	g_ptr_array_unref(keys->paths);
	g_hash_table_unref(keys->primary_ids);
	g_hash_table_unref(keys->subkey_ids);
	kiln_rpmtrust_free(keys->trust);
	g_free(keys);
}

guint kiln_contract_keys_count(const KilnContractKeys *keys)
{
	return keys->paths->len;
}

void kiln_contract_keys_judge(const KilnContractKeys *keys, const KilnContract *contract, GPtrArray *violations)
{
	for (guint i = 0; i < keys->paths->len; i++) {
		const char *path = keys->paths->pdata[i];
		const KilnJudgement judgement = {contract, path, violations};
		g_autoptr(GError) cause = NULL;
		if (!kiln_contract_check_key(contract, path, violations, &cause))
			kiln_judge_refuse(&judgement, KILN_RULE_KEY_FILE, "damaged", "%s", cause->message);
	}
}

gboolean kiln_contract_keys_verify(
	const KilnContractKeys *keys, const char *path, const char *signature_path, GError **error)
{
	g_autoptr(GError) first = NULL;

	for (guint i = 0; i < keys->paths->len; i++) {
		g_autoptr(GError) cause = NULL;
		if (kiln_gpg_check_detached(keys->paths->pdata[i], path, signature_path, path, &cause))
			return TRUE;
		if (!first)
			first = g_steal_pointer(&cause);
	}
	if (first)
		g_propagate_error(error, g_steal_pointer(&first));
	return keys->paths->len == 0;
}

/* Whose signatures they are: "primary", "subkey" or, when one is of none of the keys, "other". */
static const char *find_signer(const KilnContractKeys *keys, const KilnRpmHeader *header)
{
	const char *signer = "primary";

	for (guint i = 0; i < header->signatures->len; i++) {
		const char *id = ((const KilnRpmSignature *)header->signatures->pdata[i])->key_id;
		if (g_hash_table_contains(keys->subkey_ids, id))
			signer = "subkey";
		else if (!g_hash_table_contains(keys->primary_ids, id))
			return "other";
	}
	return signer;
}

void kiln_contract_keys_check_package(
	const KilnContractKeys *keys, const KilnJudgement *judgement, const char *path)
{
	g_autoptr(KilnRpmHeader) header = keys->trusted > 0 ? kiln_rpmheader_read(path, NULL) : NULL;
	g_autoptr(GError) cause = NULL;
	const char *signer;

	if (!header || header->signatures->len == 0)
		return;
	signer = find_signer(keys, header);
	if (g_str_equal(signer, "subkey")) {
		if (!kiln_judge_allows(judgement, KILN_RULE_SIGNING_KEY, signer))
			kiln_judge_refuse(judgement, KILN_RULE_SIGNING_KEY, signer, "a subkey of the key beside the "
				"repository signed it");
		return;
	}
	if (!kiln_rpmtrust_check(keys->trust, path, &cause))
		kiln_judge_refuse(judgement, KILN_RULE_PACKAGE_SIGNATURE,
			g_str_equal(signer, "other") ? "other-key" : "damaged", "%s", cause->message);
}
