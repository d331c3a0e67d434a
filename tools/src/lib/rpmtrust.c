/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmtrust.h"

#include "base/error.h"
#include "format/openpgp.h"
#include "lib/rpmcheck.h"
#include "lib/rpmfile.h"
#include "lib/rpmheader.h"

#include <rpm/rpmkeyring.h>
#include <rpm/rpmpgp.h>
#include <rpm/rpmts.h>
#include <string.h>

struct KilnRpmTrust {
	rpmKeyring keyring;
	GHashTable *key_ids; /* of the trusted keys */
	GString *names;      /* of their files, for messages */
};

KilnRpmTrust *kiln_rpmtrust_new(void)
{
	KilnRpmTrust *trust = g_new0(KilnRpmTrust, 1);

	kiln_rpmfile_setup();
	trust->keyring = rpmKeyringNew();
	trust->key_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	trust->names = g_string_new(NULL);
	return trust;
}

void kiln_rpmtrust_free(KilnRpmTrust *trust)
{
	if (!trust)
		return;
	rpmKeyringFree(trust->keyring);
	g_hash_table_unref(trust->key_ids);
	g_string_free(trust->names, TRUE);
	g_free(trust);
}

static guint add_certificates(KilnRpmTrust *trust, const GByteArray *packets)
{
	gsize offset = 0;
	guint added = 0;

	while (offset < packets->len) {
		size_t length = 0;
		if (pgpPubKeyCertLen(packets->data + offset, packets->len - offset, &length) != 0 || length == 0)
			break;
		rpmPubkey key = rpmPubkeyNew(packets->data + offset, length);
		if (key && rpmKeyringAddKey(trust->keyring, key) == 0)
			added++;
		rpmPubkeyFree(key);
		offset += length;
	}
	return added;
}

gboolean kiln_rpmtrust_add(KilnRpmTrust *trust, const char *bytes, gsize size, const char *filename, GError **error)
{
	g_autoptr(KilnPgpFile) file = kiln_openpgp_parse(bytes, size, filename, error);

	if (!file)
		return FALSE;
	if (add_certificates(trust, file->certificates) == 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"reading the public key \"%s\": this host's rpm cannot use it", filename);
		return FALSE;
	}
	for (guint i = 0; i < file->keys->len; i++) {
		const KilnPgpKey *key = file->keys->pdata[i];
		if (!key->is_subkey)
			g_hash_table_add(trust->key_ids, g_strdup(key->key_id));
	}
	g_string_append_printf(trust->names, "%s%s", trust->names->len ? ", " : "", filename);
	return TRUE;
}

/* Says whose signature it is where that is the trouble: rpm's report names the key by its last digits only. */
static gboolean check_signers(const KilnRpmTrust *trust, const KilnRpmHeader *header, GError **error)
{
	if (header->signatures->len == 0)
		g_set_error_literal(error, KILN_ERROR, KILN_ERROR_VERIFY, "it is not signed");
	for (guint i = 0; i < header->signatures->len; i++) {
		const KilnRpmSignature *signature = header->signatures->pdata[i];
		if (g_hash_table_contains(trust->key_ids, signature->key_id))
			continue;
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "it is signed by the key %s, which is not of %s",
			signature->key_id, trust->names->str);
		return FALSE;
	}
	return header->signatures->len > 0;
}

/* What rpm has found, in one sentence about it. Caller owns. */
static char *explain(const char *report)
{
	g_auto(GStrv) parts = g_strsplit(report, "; ", -1);

	for (char **part = parts; *part; part++)
		if (strstr(*part, ": BAD"))
			return g_strdup_printf("it was changed after it was signed, or damaged: %s", *part);
	return strstr(report, ": NOTFOUND") ? g_strdup("its signature does not cover the payload") : g_strdup(report);
}

/* With this level librpm wants a signature over the payload, or over a header that has a digest of it: an MD5 beside
 * the header, which is all that some old packages have, proves nothing of who wrote the payload. */
static gboolean check_bytes(const KilnRpmTrust *trust, const char *path, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *fault = NULL;

	if (kiln_rpmcheck_run(trust->keyring, path, RPMVSF_DEFAULT, RPMSIG_DIGEST_TYPE | RPMSIG_SIGNATURE_TYPE, &local))
		return TRUE;
	fault = explain(local->message);
	g_set_error_literal(error, local->domain, local->code, fault);
	return FALSE;
}

gboolean kiln_rpmtrust_check(const KilnRpmTrust *trust, const char *path, GError **error)
{
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(path, error);

	return header && check_signers(trust, header, error) && check_bytes(trust, path, error);
}

gboolean kiln_rpmtrust_check_digests(const char *path, GError **error)
{
	g_autoptr(GError) local = NULL;
	rpmKeyring keyring;
	gboolean good;

	kiln_rpmfile_setup();
	keyring = rpmKeyringNew();
	good = kiln_rpmcheck_run(keyring, path, RPMVSF_MASK_NOSIGNATURES, RPMSIG_DIGEST_TYPE, &local);
	rpmKeyringFree(keyring);
	if (!good)
		g_set_error(error, local->domain, local->code, "it is damaged: %s", local->message);
	return good;
}
