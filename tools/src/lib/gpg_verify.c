/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/gpg.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/process.h"
#include "format/openpgp.h"

#include <gpgme.h>
#include <string.h>

/* A signature is some hundred bytes; a file far over that is no signature of ours. */
#define SIGNATURE_MAX_BYTES (64 << 10)
#define KEY_MAX_BYTES (1 << 20)

static gboolean refuse(GError **error, const char *path, const char *fault)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "verifying the signature of \"%s\": %s",
		path, fault);
	return FALSE;
}

static gboolean refuse_result(GError **error, const char *path, gpgme_error_t result)
{
	g_autofree char *fault = g_strdup_printf("GnuPG: %s", gpgme_strerror(result));

	return refuse(error, path, fault);
}

static gboolean read_data(const char *path, gsize max_bytes, gpgme_data_t *ret_data, GError **error)
{
	gsize size = 0;
	g_autofree char *bytes = kiln_fs_read(path, max_bytes, &size, error);

	if (!bytes)
		return FALSE;
	gpgme_error_t result = gpgme_data_new_from_mem(ret_data, bytes, size, 1);
	return result ? refuse_result(error, path, result) : TRUE;
}

static gpgme_ctx_t open_context(const char *home, GError **error)
{
	gpgme_ctx_t context = NULL;

	gpgme_check_version(NULL);
	gpgme_error_t result = gpgme_new(&context);
	if (!result)
		result = gpgme_set_protocol(context, GPGME_PROTOCOL_OpenPGP);
	if (!result)
		result = gpgme_ctx_set_engine_info(context, GPGME_PROTOCOL_OpenPGP, NULL, home);
	if (!result) {
		gpgme_set_offline(context, 1);
		return context;
	}
	refuse_result(error, home, result);
	if (context)
		gpgme_release(context);
	return NULL;
}

/* Takes in the public keys; `is_one`: there must be exactly one. */
static gboolean import_key(gpgme_ctx_t context, const char *public_key_file, gboolean is_one, GError **error)
{
	gpgme_data_t data = NULL;

	if (!read_data(public_key_file, KEY_MAX_BYTES, &data, error))
		return FALSE;
	gpgme_error_t result = gpgme_op_import(context, data);
	gpgme_data_release(data);
	if (result)
		return refuse_result(error, public_key_file, result);
	const struct _gpgme_op_import_result *counts = gpgme_op_import_result(context);
	if (counts->imported == 1 && counts->considered == 1 && !counts->secret_read)
		return TRUE;
	if (!is_one && counts->imported > 0)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
		"reading the public key \"%s\": it must hold exactly one, it holds %d",
		public_key_file, counts->considered);
	return FALSE;
}

static gboolean check_signature(
	const struct _gpgme_signature *signature, const char *path, GError **error)
{
	gboolean strong = signature && (signature->hash_algo == GPGME_MD_SHA256 ||
					       signature->hash_algo == GPGME_MD_SHA384 ||
					       signature->hash_algo == GPGME_MD_SHA512);

	if (!signature)
		return refuse(error, path, "there is no signature");
	if (signature->next)
		return refuse(error, path, "there are several signatures, clients read the first");
	if (gpgme_err_code(signature->status) == GPG_ERR_NO_PUBKEY)
		return refuse(error, path, "another key made it");
	if (gpgme_err_code(signature->status) != GPG_ERR_NO_ERROR)
		return refuse_result(error, path, signature->status);
	if (signature->pubkey_algo != GPGME_PK_RSA || !strong)
		return refuse(error, path, "it is not RSA with SHA-256 or better");
	return TRUE;
}

static gboolean is_good(const struct _gpgme_signature *signature)
{
	gpgme_err_code_t status = gpgme_err_code(signature->status);

	return status == GPG_ERR_NO_ERROR || status == GPG_ERR_KEY_EXPIRED;
}

/* Whether it was made by one of the keys that we see in the file, or a subkey of it: GnuPG may have found others. */
static gboolean is_of(gpgme_ctx_t context, const struct _gpgme_signature *signature, const KilnPgpFile *keys)
{
	gpgme_key_t found = NULL;
	gboolean is_known = FALSE;

	if (!signature->fpr || gpgme_get_key(context, signature->fpr, &found, 0) != GPG_ERR_NO_ERROR)
		return FALSE;
	for (guint i = 0; i < keys->keys->len; i++) {
		const KilnPgpKey *key = keys->keys->pdata[i];
		is_known = is_known || (!key->is_subkey && g_strcmp0(found->subkeys->fpr, key->fingerprint) == 0);
	}
	gpgme_key_unref(found);
	return is_known;
}

/* Takes the result: asking for keys makes the context forget it. */
static gboolean check_any(gpgme_ctx_t context, const KilnPgpFile *keys, const char *path, GError **error)
{
	const struct _gpgme_op_verify_result *result = gpgme_op_verify_result(context);
	const struct _gpgme_signature *first = result->signatures;
	gboolean is_other = FALSE, is_known = FALSE;

	gpgme_result_ref((void *)result);
	for (const struct _gpgme_signature *signature = first; signature && !is_known; signature = signature->next) {
		is_known = is_good(signature) && is_of(context, signature, keys);
		is_other = is_other || is_good(signature) ||
			gpgme_err_code(signature->status) == GPG_ERR_NO_PUBKEY;
	}
	if (!first)
		refuse(error, path, "there is no signature");
	else if (!is_known && is_other)
		refuse(error, path, "another key made it");
	else if (!is_known)
		refuse_result(error, path, first->status);
	gpgme_result_unref((void *)result);
	return is_known;
}

static KilnPgpFile *read_keys(const char *path, GError **error)
{
	gsize size = 0;
	g_autofree char *bytes = kiln_fs_read(path, KEY_MAX_BYTES, &size, error);

	return bytes ? kiln_openpgp_parse(bytes, size, path, error) : NULL;
}

/* Has GnuPG judge; what it found stays with the context. */
static gboolean verify_data(gpgme_ctx_t context, const char *path, const char *signature_path, const char *name,
	GError **error)
{
	gpgme_data_t signature = NULL, content = NULL;

	if (!g_file_test(signature_path, G_FILE_TEST_EXISTS))
		return refuse(error, name, "there is no signature");
	if (!read_data(signature_path, SIGNATURE_MAX_BYTES, &signature, error))
		return FALSE;
	gpgme_error_t result = gpgme_data_new_from_file(&content, path, 1);
	if (!result)
		result = gpgme_op_verify(context, signature, content, NULL);
	gpgme_data_release(signature);
	gpgme_data_release(content);
	return result ? refuse_result(error, name, result) : TRUE;
}

/* Removes the temporary home and the directory GnuPG makes for its sockets elsewhere. What stays
 * if that does not work is a public key in the temporary directory. */
static void remove_home(const char *home)
{
	const char *argv[] = {"gpgconf", "--homedir", home, "--remove-socketdir", NULL};
	KilnProcess process = {.argv = argv};

	kiln_process_check(&process, NULL, NULL);
	kiln_fs_remove_tree(home, NULL);
}

/* Public keys need no agent; one that is not started cannot outlive a killed Kiln. */
static gboolean forbid_agent(const char *home, GError **error)
{
	g_autofree char *path = g_build_filename(home, "gpg.conf", NULL);

	return kiln_fs_replace_text(path, "no-autostart\n", error);
}

/* A context with a home of its own, in `ret_home`, to be closed whatever comes of it. */
static gpgme_ctx_t open_home(char **ret_home, GError **error)
{
	g_autofree char *prefix = g_build_filename(g_get_tmp_dir(), "kiln-verify", NULL);

	*ret_home = kiln_fs_make_temporary(prefix, error);
	return *ret_home && forbid_agent(*ret_home, error) ? open_context(*ret_home, error) : NULL;
}

static void close_home(gpgme_ctx_t context, char *home)
{
	if (context)
		gpgme_release(context);
	if (home)
		remove_home(home);
	g_free(home);
}

gboolean kiln_gpg_verify_detached(const char *public_key_file, const char *path,
	const char *signature_path, char **ret_fingerprint, GError **error)
{
	char *home = NULL;
	gpgme_ctx_t context = open_home(&home, error);
	gboolean verified = context && import_key(context, public_key_file, TRUE, error) &&
			    verify_data(context, path, signature_path, path, error);

	if (verified) {
		const struct _gpgme_signature *found = gpgme_op_verify_result(context)->signatures;
		verified = check_signature(found, path, error);
		if (verified && ret_fingerprint)
			*ret_fingerprint = g_strdup(found->fpr);
	}
	close_home(context, home);
	return verified;
}

gboolean kiln_gpg_check_detached(
	const char *public_key_file, const char *path, const char *signature_path, const char *name, GError **error)
{
	g_autoptr(KilnPgpFile) keys = read_keys(public_key_file, error);
	char *home = NULL;
	gpgme_ctx_t context = keys ? open_home(&home, error) : NULL;
	gboolean good = context && import_key(context, public_key_file, FALSE, error) &&
			verify_data(context, path, signature_path, name, error) &&
			check_any(context, keys, name, error);

	close_home(context, home);
	return good;
}
