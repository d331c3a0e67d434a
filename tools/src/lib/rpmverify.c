/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmverify.h"

#include "base/error.h"
#include "base/fs.h"
#include "lib/rpmcheck.h"
#include "lib/rpmfile.h"

#include <rpm/header.h>
#include <rpm/rpmcli.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmpgp.h>
#include <rpm/rpmtd.h>
#include <rpm/rpmts.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX_BYTES (1 << 20)
#define KEY_ID_SIZE 8

struct KilnRpmVerifier {
	rpmKeyring keyring;
	guint8 key_id[KEY_ID_SIZE];
};

static gboolean refuse(GError **error, const char *path, const char *fault)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "verifying the package \"%s\": %s", path,
		fault);
	return FALSE;
}

static gboolean refuse_key(GError **error, const char *path, const char *fault)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "reading the public key \"%s\": %s", path,
		fault);
	return FALSE;
}

static gboolean add_key(KilnRpmVerifier *verifier, const guint8 *packets, size_t size)
{
	pgpDigParams parameters = NULL;
	size_t first_size = 0;

	/* One certificate that is all of the file: a second key would be trusted, too. */
	if (pgpPubKeyCertLen(packets, size, &first_size) != 0 || first_size != size)
		return FALSE;
	if (pgpPrtParams(packets, size, PGPTAG_PUBLIC_KEY, &parameters) != 0)
		return FALSE;
	memcpy(verifier->key_id, pgpDigParamsSignID(parameters), KEY_ID_SIZE);
	pgpDigParamsFree(parameters);
	rpmPubkey key = rpmPubkeyNew(packets, size);
	gboolean added = key && rpmKeyringAddKey(verifier->keyring, key) == 0;
	rpmPubkeyFree(key);
	return added;
}

static gboolean holds_one_block(const char *text)
{
	static const char begin[] = "-----BEGIN PGP ";
	const char *first = strstr(text, begin);

	return first && !strstr(first + 1, begin);
}

static gboolean read_key(KilnRpmVerifier *verifier, const char *path, GError **error)
{
	g_autofree char *text = kiln_fs_read(path, KEY_MAX_BYTES, NULL, error);
	guint8 *packets = NULL;
	size_t size = 0;

	if (!text)
		return FALSE;
	if (!holds_one_block(text) || pgpParsePkts(text, &packets, &size) != PGPARMOR_PUBKEY) {
		free(packets);
		return refuse_key(error, path, "it is not one armoured public key");
	}
	gboolean added = add_key(verifier, packets, size);
	free(packets);
	return added ? TRUE : refuse_key(error, path, "rpm accepts it not as one public key");
}

KilnRpmVerifier *kiln_rpmverify_open(const char *public_key_file, GError **error)
{
	g_autoptr(KilnRpmVerifier) verifier = g_new0(KilnRpmVerifier, 1);

	kiln_rpmfile_setup();
	verifier->keyring = rpmKeyringNew();
	return read_key(verifier, public_key_file, error) ? g_steal_pointer(&verifier) : NULL;
}

void kiln_rpmverify_free(KilnRpmVerifier *verifier)
{
	if (!verifier)
		return;
	rpmKeyringFree(verifier->keyring);
	g_free(verifier);
}

static const char *find_fault(const KilnRpmVerifier *verifier, pgpDigParams signature)
{
	switch (pgpDigParamsAlgo(signature, PGPVAL_HASHALGO)) {
	case PGPHASHALGO_SHA256:
	case PGPHASHALGO_SHA384:
	case PGPHASHALGO_SHA512:
		break;
	default:
		return "a signature is over a digest weaker than SHA-256";
	}
	if (pgpDigParamsAlgo(signature, PGPVAL_PUBKEYALGO) != PGPPUBKEYALGO_RSA)
		return "a signature is not RSA";
	if (memcmp(pgpDigParamsSignID(signature), verifier->key_id, KEY_ID_SIZE) != 0)
		return "another key signed it";
	return NULL;
}

/* One signature as it describes itself. Whether it is true, librpm finds out afterwards. */
static const char *check_tag(
	const KilnRpmVerifier *verifier, Header header, rpmTagVal tag, const char *missing)
{
	pgpDigParams signature = NULL;
	struct rpmtd_s data;
	const char *fault = "a signature is malformed";

	if (!headerGet(header, tag, &data, HEADERGET_MINMEM))
		return missing;
	if (pgpPrtParams(data.data, data.count, PGPTAG_SIGNATURE, &signature) == 0)
		fault = find_fault(verifier, signature);
	pgpDigParamsFree(signature);
	rpmtdFreeData(&data);
	return fault;
}

static const char *check_tags(const KilnRpmVerifier *verifier, Header header)
{
	const char *fault = NULL;

	if (headerIsEntry(header, RPMTAG_DSAHEADER) || headerIsEntry(header, RPMTAG_SIGGPG))
		return "it has a signature that is not RSA";
	if (!headerIsEntry(header, RPMTAG_RSAHEADER) && !headerIsEntry(header, RPMTAG_SIGPGP))
		return "it is not signed";
	fault = check_tag(verifier, header, RPMTAG_RSAHEADER, "its header is not signed");
	if (fault)
		return fault;
	return check_tag(verifier, header, RPMTAG_SIGPGP,
		"header and payload together are not signed: old clients would not notice a "
		"replaced payload");
}

gboolean kiln_rpmverify_package(KilnRpmVerifier *verifier, const char *path, GError **error)
{
	Header header = kiln_rpmfile_read_header(path, error);

	if (!header)
		return FALSE;
	const char *fault = check_tags(verifier, header);
	headerFree(header);
	if (fault)
		return refuse(error, path, fault);
	/* The second pass knows only the signature over header and payload: rpm counts a payload as
	 * verified by a digest in the signed header, of which old clients know nothing. */
	if (kiln_rpmcheck_run(verifier->keyring, path, RPMVSF_DEFAULT,
		    RPMSIG_DIGEST_TYPE | RPMSIG_SIGNATURE_TYPE, error) &&
		kiln_rpmcheck_run(verifier->keyring, path,
			RPMVSF_MASK_NODIGESTS | RPMVSF_NORSAHEADER | RPMVSF_NODSAHEADER, RPMSIG_SIGNATURE_TYPE,
			error))
		return TRUE;
	g_prefix_error(error, "verifying the package \"%s\": ", path);
	return FALSE;
}
