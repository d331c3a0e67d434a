/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/contract.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "engine/contract_judge.h"
#include "format/openpgp.h"

#define KEY_MAX_BYTES (1 << 20)

/* How the file is written. */
static void check_form(const KilnJudgement *judgement, const KilnPgpFile *file)
{
	const KilnPgpArmour *armour = &file->armour;
	gboolean is_armoured = armour->blocks > 0;
	guint keys = kiln_openpgp_count_primary(file);
	const struct {
		gboolean holds;
		const char *value, *found;
	} forms[] = {
		{!is_armoured, "binary", "it is binary, not ASCII-armoured"},
		{is_armoured && !armour->is_public_key, "title",
			"its armour is not called \"PGP PUBLIC KEY BLOCK\""},
		{is_armoured && armour->has_carriage_returns, "crlf", "its lines end in CR LF"},
		{is_armoured && !armour->has_checksum, "no-checksum", "its armour has no checksum line (\"=XXXX\")"},
		{is_armoured && !armour->has_final_newline, "no-final-newline", "its last line has no line end"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++)
		if (forms[i].holds && !kiln_judge_allows(judgement, KILN_RULE_KEY_FILE, forms[i].value))
			kiln_judge_refuse(judgement, KILN_RULE_KEY_FILE, forms[i].value, "%s", forms[i].found);
	if ((keys > 1 || armour->blocks > 1) && !kiln_judge_allows(judgement, KILN_RULE_KEY_FILE, "several-keys"))
		kiln_judge_refuse(judgement, KILN_RULE_KEY_FILE, "several-keys", "it holds %u keys", MAX(keys, 2));
}

/* Whatever packages or metadata may be signed by. */
static void check_kind(const KilnJudgement *judgement, const KilnPgpKey *key)
{
	g_autofree char *value = g_strdup_printf("%s:%u", key->algorithm, key->bits);
	const char *part = key->is_subkey ? "signing subkey" : "key";

	if (key->version != 4) {
		g_autofree char *version = g_strdup_printf("version-%u", key->version);
		kiln_judge_refuse(judgement, KILN_RULE_KEY, version, "its %s is an OpenPGP key of version %u", part,
			key->version);
	} else if (!kiln_judge_allows(judgement, KILN_RULE_KEY, value)) {
		kiln_judge_refuse(judgement, KILN_RULE_KEY, value, "its %s %s is %s of %u bits", part, key->key_id,
			key->algorithm, key->bits);
	}
	if (*key->signature_digest &&
		!kiln_judge_allows(judgement, KILN_RULE_KEY_SIGNATURE, key->signature_digest))
		kiln_judge_refuse(judgement, KILN_RULE_KEY_SIGNATURE, key->signature_digest,
			"the signature of its %s %s on itself is made with %s", part, key->key_id,
			key->signature_digest);
}

static gboolean has_expired(const KilnPgpKey *key)
{
	return key->expires > 0 && key->expires <= kiln_clock_now();
}

static void check_state(const KilnJudgement *judgement, const KilnPgpKey *key)
{
	const char *value = key->is_revoked ? "revoked" : has_expired(key) ? "expired" : "valid";
	g_autofree char *date = kiln_clock_readable(key->expires);

	if (kiln_judge_allows(judgement, KILN_RULE_KEY_STATE, value))
		return;
	if (key->is_revoked)
		kiln_judge_refuse(judgement, KILN_RULE_KEY_STATE, value, "its key %s is revoked", key->key_id);
	else
		kiln_judge_refuse(
			judgement, KILN_RULE_KEY_STATE, value, "its key %s expired on %s", key->key_id, date);
}

static gboolean signs(const KilnPgpKey *key)
{
	return key->can_sign && !key->is_revoked && !has_expired(key);
}

/* GnuPG signs with a subkey as soon as there is one that can. */
static void check_subkey(const KilnJudgement *judgement, const KilnPgpKey *key)
{
	if (!kiln_judge_allows(judgement, KILN_RULE_SIGNING_KEY, "subkey"))
		kiln_judge_refuse(judgement, KILN_RULE_SIGNING_KEY, "subkey", "it has the signing subkey %s, %s of %u bits",
			key->key_id, key->algorithm, key->bits);
	else
		check_kind(judgement, key);
}

/* Clients import a key under its user id, and that must be the key's own word. */
static void check_user_id(const KilnJudgement *judgement, const KilnPgpKey *key)
{
	if (!key->has_user_id)
		kiln_judge_refuse(
			judgement, KILN_RULE_KEY_FILE, "user-id", "its key %s has no user id", key->key_id);
	else if (!key->is_certified)
		kiln_judge_refuse(judgement, KILN_RULE_KEY_FILE, "user-id",
			"the user id of its key %s is not signed by the key itself", key->key_id);
}

static void check_purpose(const KilnJudgement *judgement, const KilnPgpFile *file)
{
	for (guint i = 0; i < file->keys->len; i++)
		if (((const KilnPgpKey *)file->keys->pdata[i])->can_sign)
			return;
	kiln_judge_refuse(judgement, KILN_RULE_SIGNING_KEY, "none", "no part of it is for signing");
}

gboolean kiln_contract_check_key(
	const KilnContract *contract, const char *path, GPtrArray *violations, GError **error)
{
	const KilnJudgement judgement = {contract, path, violations};
	gsize size = 0;
	g_autofree char *bytes = kiln_fs_read(path, KEY_MAX_BYTES, &size, error);
	g_autoptr(KilnPgpFile) file = bytes ? kiln_openpgp_parse(bytes, size, path, error) : NULL;

	if (!file)
		return FALSE;
	if (kiln_openpgp_count_primary(file) == 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\": it holds no public key", path);
		return FALSE;
	}
	check_form(&judgement, file);
	check_purpose(&judgement, file);
	for (guint i = 0; i < file->keys->len; i++) {
		const KilnPgpKey *key = file->keys->pdata[i];
		if (!key->is_subkey) {
			check_kind(&judgement, key);
			check_state(&judgement, key);
			check_user_id(&judgement, key);
		} else if (signs(key)) {
			check_subkey(&judgement, key);
		}
	}
	return TRUE;
}
