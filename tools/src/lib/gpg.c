/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/gpg.h"

#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/lock.h"
#include "lib/gpg_agent.h"

#include <errno.h>
#include <gpgme.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMPORT_MAX_BYTES (1 << 20)
#define PASSPHRASE_MAX_BYTES 4096

struct KilnGpg {
	char *home;
	char *passphrase_file; /* NULL: none */
	KilnLock *lock;
	KilnGpgAgent *agent;
	gpgme_ctx_t context;
};

/* Homes this process has open: the lock would wait for ourselves. */
static GHashTable *open_homes;

static gboolean set_error(GError **error, KilnErrorCode code, const char *doing, const char *object,
	const char *fault)
{
	g_set_error(error, KILN_ERROR, (int)code, "%s \"%s\": %s", doing, object, fault);
	return FALSE;
}

/* GnuPG reports a passphrase that could not be had in many ways. */
static gboolean wants_passphrase(gpgme_error_t result)
{
	switch (gpgme_err_code(result)) {
	case GPG_ERR_CANCELED:
	case GPG_ERR_FULLY_CANCELED:
	case GPG_ERR_NO_PASSPHRASE:
	case GPG_ERR_BAD_PASSPHRASE:
	case GPG_ERR_NO_PIN_ENTRY:
	case GPG_ERR_PIN_ENTRY:
	case GPG_ERR_TIMEOUT:
	case GPG_ERR_ENOTTY:
		return TRUE;
	default:
		return FALSE;
	}
}

static gboolean set_gpg_error(
	GError **error, gpgme_error_t result, const char *doing, const char *object)
{
	if (wants_passphrase(result))
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"%s \"%s\": the key's passphrase could not be had (%s); run it on a "
			"terminal, let your gpg-agent hold the passphrase, or name a file with it "
			"in KILN_PASSPHRASE_FILE",
			doing, object, gpgme_strerror(result));
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "%s \"%s\": GnuPG: %s", doing,
			object, gpgme_strerror(result));
	return FALSE;
}

static gboolean check_private(const char *path, mode_t kind, GError **error)
{
	static const char doing[] = "opening the keys in";
	g_autofree char *fault = NULL;
	struct stat status;

	if (lstat(path, &status) < 0)
		return kiln_error_set_errno(error, errno, "%s \"%s\"", doing, path);
	if ((status.st_mode & S_IFMT) != kind)
		fault = g_strdup(kind == S_IFDIR ? "it is not a directory" : "it is not a file");
	else if (status.st_uid != geteuid())
		fault = g_strdup("it belongs to another user");
	else if (status.st_mode & 077)
		fault = g_strdup_printf("others may use it (mode %04o); run \"chmod %s %s\"",
			(unsigned)status.st_mode & 07777, kind == S_IFDIR ? "0700" : "0600", path);
	return fault ? set_error(error, KILN_ERROR_CONFIG, doing, path, fault) : TRUE;
}

static gboolean prepare_home(const char *home, GError **error)
{
	if (!g_path_is_absolute(home))
		return set_error(error, KILN_ERROR_CONFIG, "opening the keys in", home,
			"the path is not absolute");
	if (g_mkdir_with_parents(home, 0700) < 0)
		return kiln_error_set_errno(error, errno, "creating the directory \"%s\"", home);
	return check_private(home, S_IFDIR, error);
}

/* The passphrase file's first line, asked for by gpg through gpgme. */
static gpgme_error_t give_passphrase(
	void *data, const char *hint, const char *info, int was_bad, int fd)
{
	const KilnGpg *gpg = data;
	gsize size = 0;

	(void)hint, (void)info;
	if (was_bad)
		return gpgme_error(GPG_ERR_BAD_PASSPHRASE);
	char *text = kiln_fs_read(gpg->passphrase_file, PASSPHRASE_MAX_BYTES, &size, NULL);
	if (!text)
		return gpgme_error(GPG_ERR_NO_PASSPHRASE);
	size_t length = strcspn(text, "\r\n");
	int failed = gpgme_io_writen(fd, text, length) || gpgme_io_writen(fd, "\n", 1);
	explicit_bzero(text, size);
	g_free(text);
	return failed ? gpgme_error_from_errno(errno) : 0;
}

static gboolean is_set(const char *name)
{
	const char *value = g_getenv(name);

	return value && *value;
}

gboolean kiln_gpg_can_ask(void)
{
	return isatty(STDIN_FILENO) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
}

/* pinentry needs to know the terminal; gpg may have none of it among its own files. */
static void name_terminal(void)
{
	const char *name = ttyname(STDIN_FILENO);

	if (name)
		g_setenv("GPG_TTY", name, FALSE);
}

static gboolean open_context(KilnGpg *gpg, GError **error)
{
	gpgme_check_version(NULL);
	gpgme_error_t result = gpgme_new(&gpg->context);
	if (!result)
		result = gpgme_set_protocol(gpg->context, GPGME_PROTOCOL_OpenPGP);
	if (!result)
		result = gpgme_ctx_set_engine_info(
			gpg->context, GPGME_PROTOCOL_OpenPGP, NULL, gpg->home);
	if (result)
		return set_gpg_error(error, result, "opening the keys in", gpg->home);
	gpgme_set_armor(gpg->context, 1);
	gpgme_set_offline(gpg->context, 1);
	if (gpg->passphrase_file) {
		gpgme_set_pinentry_mode(gpg->context, GPGME_PINENTRY_MODE_LOOPBACK);
		gpgme_set_passphrase_cb(gpg->context, give_passphrase, gpg);
	} else if (!kiln_gpg_can_ask()) {
		gpgme_set_pinentry_mode(gpg->context, GPGME_PINENTRY_MODE_ERROR);
	}
	return TRUE;
}

/* Waits for another Kiln, and says so. */
static KilnLock *take_lock(const char *path, GError **error)
{
	static const char purpose[] = "using the signing keys";
	g_autoptr(GError) busy = NULL;
	KilnLock *lock = kiln_lock_take(path, purpose, FALSE, &busy);

	if (lock)
		return lock;
	if (!g_error_matches(busy, KILN_ERROR, KILN_ERROR_BUSY)) {
		g_propagate_error(error, g_steal_pointer(&busy));
		return NULL;
	}
	kiln_event_info("key", "waiting: %s", busy->message);
	return kiln_lock_take(path, purpose, TRUE, error);
}

static gboolean take_home(KilnGpg *gpg, GError **error)
{
	g_autofree char *path = g_build_filename(gpg->home, "kiln.lock", NULL);

	if (!open_homes)
		open_homes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (g_hash_table_contains(open_homes, gpg->home))
		return set_error(error, KILN_ERROR_FAILED, "opening the keys in", gpg->home,
			"this process has them open already");
	gpg->lock = take_lock(path, error);
	if (gpg->lock)
		g_hash_table_add(open_homes, g_strdup(gpg->home));
	return gpg->lock != NULL;
}

KilnGpg *kiln_gpg_open(const char *home, const char *passphrase_file, GError **error)
{
	g_autoptr(KilnGpg) gpg = g_new0(KilnGpg, 1);

	gpg->home = g_strdup(home);
	gpg->passphrase_file = g_strdup(passphrase_file);
	if (!prepare_home(home, error))
		return NULL;
	if (passphrase_file && !check_private(passphrase_file, S_IFREG, error))
		return NULL;
	if (!take_home(gpg, error))
		return NULL;
	name_terminal();
	gpg->agent = kiln_gpg_agent_start(home, error);
	if (!gpg->agent || !open_context(gpg, error))
		return NULL;
	return g_steal_pointer(&gpg);
}

void kiln_gpg_free(KilnGpg *gpg)
{
	if (!gpg)
		return;
	if (gpg->context)
		gpgme_release(gpg->context);
	kiln_gpg_agent_free(gpg->agent);
	if (gpg->lock)
		g_hash_table_remove(open_homes, gpg->home);
	kiln_lock_free(gpg->lock);
	g_free(gpg->home);
	g_free(gpg->passphrase_file);
	g_free(gpg);
}

const char *kiln_gpg_home(const KilnGpg *gpg)
{
	return gpg->home;
}

const char *kiln_gpg_passphrase_file(const KilnGpg *gpg)
{
	return gpg->passphrase_file;
}

void kiln_gpg_key_free(KilnGpgKey *key)
{
	if (!key)
		return;
	g_free(key->fingerprint);
	g_free(key->uid);
	g_free(key->algorithm);
	g_free(key->fault);
	g_free(key);
}

static gboolean has_signing_subkey(const struct _gpgme_key *source)
{
	for (gpgme_subkey_t subkey = source->subkeys->next; subkey; subkey = subkey->next)
		if (subkey->can_sign && !subkey->expired && !subkey->revoked && !subkey->disabled)
			return TRUE;
	return FALSE;
}

/* Why old clients, or anybody, would not accept signatures of this key; NULL when they do. */
static const char *find_fault(const struct _gpgme_key *source)
{
	const struct _gpgme_subkey *primary = source->subkeys;

	if (source->revoked)
		return "it is revoked";
	if (source->expired)
		return "it has expired";
	if (source->disabled || source->invalid)
		return "it is disabled or invalid";
	if (primary->pubkey_algo != GPGME_PK_RSA || primary->length < 2048 ||
		primary->length > 4096)
		return "it is not RSA of 2048 to 4096 bits, the only kind that every rpm reads";
	if (!primary->can_sign)
		return "its primary key does not sign";
	if (has_signing_subkey(source))
		return "it signs with a subkey, which old rpms refuse";
	return NULL;
}

static KilnGpgKey *new_key(const struct _gpgme_key *source)
{
	KilnGpgKey *key = g_new0(KilnGpgKey, 1);
	g_autofree char *algorithm = gpgme_pubkey_algo_string(source->subkeys);

	key->fingerprint = g_strdup(source->fpr ? source->fpr : source->subkeys->fpr);
	key->uid = g_strdup(source->uids ? source->uids->uid : "");
	key->algorithm = g_strdup(algorithm ? algorithm : "unknown");
	key->created = source->subkeys->timestamp;
	key->expires = source->subkeys->expires;
	key->has_secret = source->subkeys->secret;
	key->fault = g_strdup(find_fault(source));
	return key;
}

static int compare_keys(gconstpointer a, gconstpointer b)
{
	const KilnGpgKey *one = *(KilnGpgKey *const *)a;
	const KilnGpgKey *two = *(KilnGpgKey *const *)b;

	if (one->created != two->created)
		return one->created < two->created ? -1 : 1;
	return strcmp(one->fingerprint, two->fingerprint);
}

/* The keys of the listing that was started, as KilnGpgKey. */
static GPtrArray *collect_keys(KilnGpg *gpg, gpgme_error_t started, GError **error)
{
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)kiln_gpg_key_free);
	gpgme_error_t result = started;
	gpgme_key_t source;

	while (!result && !(result = gpgme_op_keylist_next(gpg->context, &source))) {
		g_ptr_array_add(keys, new_key(source));
		gpgme_key_unref(source);
	}
	if (gpgme_err_code(result) != GPG_ERR_EOF) {
		set_gpg_error(error, result, "listing the keys in", gpg->home);
		return NULL;
	}
	gpgme_op_keylist_end(gpg->context);
	g_ptr_array_sort(keys, compare_keys);
	return g_steal_pointer(&keys);
}

GPtrArray *kiln_gpg_list_keys(KilnGpg *gpg, gboolean secret_only, GError **error)
{
	gpgme_set_keylist_mode(
		gpg->context, GPGME_KEYLIST_MODE_LOCAL | GPGME_KEYLIST_MODE_WITH_SECRET);
	return collect_keys(gpg, gpgme_op_keylist_start(gpg->context, NULL, secret_only), error);
}

/* `name` as fingerprint or key id of at least 16 digits, with or without blanks and "0x". */
static gboolean is_key_id(const char *fingerprint, const char *name)
{
	g_autofree char *digits = g_ascii_strup(g_str_has_prefix(name, "0x") ? name + 2 : name, -1);
	char *end = digits;

	for (const char *at = digits; *at; at++)
		if (*at != ' ')
			*end++ = *at;
	*end = '\0';
	return strlen(digits) >= 16 && g_str_has_suffix(fingerprint, digits);
}

static gboolean key_matches(const KilnGpgKey *key, const char *name)
{
	g_autofree char *mail = g_strdup_printf("<%s>", name);

	return is_key_id(key->fingerprint, name) || g_str_equal(key->uid, name) ||
	       (strchr(name, '@') && g_str_has_suffix(key->uid, mail));
}

KilnGpgKey *kiln_gpg_find_key(KilnGpg *gpg, const char *name, GError **error)
{
	static const char doing[] = "looking for the signing key";
	g_autoptr(GPtrArray) keys = kiln_gpg_list_keys(gpg, TRUE, error);
	gint found = -1;

	for (guint i = 0; keys && i < keys->len; i++) {
		if (!key_matches(g_ptr_array_index(keys, i), name))
			continue;
		if (found >= 0) {
			set_error(error, KILN_ERROR_CONFIG, doing, name,
				"several keys are called so; name the fingerprint");
			return NULL;
		}
		found = (gint)i;
	}
	if (!keys)
		return NULL;
	if (found < 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
			"%s \"%s\": there is no such secret key in \"%s\"; see \"kiln key list\"",
			doing, name, gpg->home);
		return NULL;
	}
	g_autoptr(KilnGpgKey) key = g_ptr_array_steal_index(keys, (guint)found);
	if (key->fault) {
		set_error(error, KILN_ERROR_VERIFY, doing, name, key->fault);
		return NULL;
	}
	return g_steal_pointer(&key);
}

/* GnuPG would ask whether to make another key of the same name. */
static gboolean check_unused(KilnGpg *gpg, const char *uid, GError **error)
{
	g_autoptr(GPtrArray) keys = kiln_gpg_list_keys(gpg, TRUE, error);

	if (!keys)
		return FALSE;
	for (guint i = 0; i < keys->len; i++) {
		const KilnGpgKey *key = g_ptr_array_index(keys, i);

		if (!g_str_equal(key->uid, uid))
			continue;
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"creating the key \"%s\": there is one already, %s", uid, key->fingerprint);
		return FALSE;
	}
	return TRUE;
}

gboolean kiln_gpg_create_key(
	KilnGpg *gpg, const KilnGpgKeyOptions *options, char **ret_fingerprint, GError **error)
{
	guint bits = options->bits ? options->bits : 4096;
	g_autofree char *algorithm = g_strdup_printf("rsa%u", bits);
	unsigned int flags = GPGME_CREATE_SIGN | GPGME_CREATE_CERT;

	if (bits < 2048 || bits > 4096)
		return set_error(error, KILN_ERROR_USAGE, "creating the key", options->uid,
			"its size must be 2048 to 4096 bits");
	if (!check_unused(gpg, options->uid, error))
		return FALSE;
	if (!options->protect)
		flags |= GPGME_CREATE_NOPASSWD;
	if (!options->expires_in)
		flags |= GPGME_CREATE_NOEXPIRE;
	gpgme_error_t result = gpgme_op_createkey(gpg->context, options->uid, algorithm, 0,
		(unsigned long)options->expires_in, NULL, flags);
	if (result)
		return set_gpg_error(error, result, "creating the key", options->uid);
	*ret_fingerprint = g_strdup(gpgme_op_genkey_result(gpg->context)->fpr);
	return TRUE;
}

static gboolean get_key(KilnGpg *gpg, const char *fingerprint, gboolean secret,
	gpgme_key_t *ret_key, GError **error)
{
	gpgme_error_t result = gpgme_get_key(gpg->context, fingerprint, ret_key, secret);

	if (!result)
		return TRUE;
	if (gpgme_err_code(result) == GPG_ERR_EOF)
		return set_error(error, KILN_ERROR_NOT_FOUND, "using the key", fingerprint,
			"it is not in the key directory");
	return set_gpg_error(error, result, "using the key", fingerprint);
}

/* The bytes of `data` (may be NULL) as text; frees it. */
static char *take_data(gpgme_data_t data)
{
	size_t size = 0;
	char *bytes = data ? gpgme_data_release_and_get_mem(data, &size) : NULL;
	char *text = g_strndup(bytes ? bytes : "", size);

	gpgme_free(bytes);
	return text;
}

/* The form that rpm 4.8 reads: LF, a checksum line, a newline at the end. */
static gboolean armour_is_plain(const char *text)
{
	return g_str_has_prefix(text, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n") &&
	       g_str_has_suffix(text, "\n-----END PGP PUBLIC KEY BLOCK-----\n") &&
	       strstr(text, "\n=") && !strchr(text, '\r');
}

char *kiln_gpg_export_public(KilnGpg *gpg, const char *fingerprint, GError **error)
{
	static const char doing[] = "exporting the public key";
	gpgme_key_t keys[2] = {NULL, NULL};
	gpgme_data_t data = NULL;

	if (!get_key(gpg, fingerprint, FALSE, &keys[0], error))
		return NULL;
	gpgme_error_t result = gpgme_data_new(&data);
	if (!result)
		result = gpgme_op_export_keys(gpg->context, keys, GPGME_EXPORT_MODE_MINIMAL, data);
	gpgme_key_unref(keys[0]);
	g_autofree char *text = take_data(data);
	if (result)
		return set_gpg_error(error, result, doing, fingerprint), NULL;
	if (!armour_is_plain(text))
		return set_error(error, KILN_ERROR_SYSTEM, doing, fingerprint,
			       "GnuPG wrote a form that old rpms do not read"),
		       NULL;
	return g_steal_pointer(&text);
}

/* The fingerprint of the one key in `data`, which is rewound. */
static char *only_key(KilnGpg *gpg, gpgme_data_t data, const char *path, GError **error)
{
	g_autoptr(GPtrArray) keys =
		collect_keys(gpg, gpgme_op_keylist_from_data_start(gpg->context, data, 0), error);

	if (!keys)
		return NULL;
	if (keys->len != 1) {
		set_error(error, KILN_ERROR_CONFIG, "importing the key", path,
			keys->len ? "the file holds several keys" : "the file holds no key");
		return NULL;
	}
	gpgme_data_seek(data, 0, SEEK_SET);
	return g_strdup(((const KilnGpgKey *)g_ptr_array_index(keys, 0))->fingerprint);
}

static gboolean import_data(
	KilnGpg *gpg, gpgme_data_t data, const char *path, char **ret_fingerprint, GError **error)
{
	g_autofree char *fingerprint = only_key(gpg, data, path, error);

	if (!fingerprint)
		return FALSE;
	gpgme_error_t result = gpgme_op_import(gpg->context, data);
	if (result)
		return set_gpg_error(error, result, "importing the key", path);
	const struct _gpgme_op_import_result *counts = gpgme_op_import_result(gpg->context);
	if (counts->considered < 1 || counts->no_user_id || counts->not_imported)
		return set_error(error, KILN_ERROR_CONFIG, "importing the key", path,
			"GnuPG did not take it: it has no user id with a good signature");
	*ret_fingerprint = g_steal_pointer(&fingerprint);
	return TRUE;
}

gboolean kiln_gpg_import(KilnGpg *gpg, const char *path, char **ret_fingerprint, GError **error)
{
	gsize size = 0;
	char *bytes = kiln_fs_read(path, IMPORT_MAX_BYTES, &size, error);
	gpgme_data_t data = NULL;

	if (!bytes)
		return FALSE;
	gpgme_error_t result = gpgme_data_new_from_mem(&data, bytes, size, 0);
	gboolean imported = result ? set_gpg_error(error, result, "importing the key", path)
				   : import_data(gpg, data, path, ret_fingerprint, error);
	gpgme_data_release(data);
	explicit_bzero(bytes, size);
	g_free(bytes);
	return imported;
}

/* One signature, of the algorithms every client reads. */
static gboolean check_made(KilnGpg *gpg, const char *path, GError **error)
{
	const struct _gpgme_op_sign_result *made = gpgme_op_sign_result(gpg->context);
	const struct _gpgme_new_signature *signature = made ? made->signatures : NULL;
	gboolean good = signature && !signature->next && signature->pubkey_algo == GPGME_PK_RSA &&
			(signature->hash_algo == GPGME_MD_SHA256 ||
				signature->hash_algo == GPGME_MD_SHA512);

	return good ? TRUE
		    : set_error(error, KILN_ERROR_VERIFY, "signing", path,
			      "GnuPG made no RSA signature with SHA-256 or SHA-512; see gpg.conf "
			      "in its home");
}

/* The armoured signature over `content`, which is taken over; `object` is for messages. */
static char *sign_data(KilnGpg *gpg, const char *fingerprint, gpgme_data_t content,
	const char *object, GError **error)
{
	gpgme_data_t signature = NULL;
	gpgme_key_t key = NULL;
	gpgme_error_t result = 0;

	if (get_key(gpg, fingerprint, TRUE, &key, error)) {
		gpgme_signers_clear(gpg->context);
		gpgme_signers_add(gpg->context, key);
		gpgme_key_unref(key);
		result = gpgme_data_new(&signature);
		if (!result)
			result = gpgme_op_sign(
				gpg->context, content, signature, GPGME_SIG_MODE_DETACH);
	}
	gpgme_data_release(content);
	g_autofree char *text = take_data(signature);
	if (!key)
		return NULL;
	if (result)
		return set_gpg_error(error, result, "signing", object), NULL;
	return check_made(gpg, object, error) ? g_steal_pointer(&text) : NULL;
}

gboolean kiln_gpg_check_signing(KilnGpg *gpg, const char *fingerprint, GError **error)
{
	gpgme_data_t content = NULL;
	gpgme_error_t result = gpgme_data_new_from_mem(&content, "", 0, 1);

	if (result)
		return set_gpg_error(error, result, "signing with", fingerprint);
	g_autofree char *text = sign_data(gpg, fingerprint, content, fingerprint, error);
	return text != NULL;
}

gboolean kiln_gpg_sign_detached(KilnGpg *gpg, const char *fingerprint, const char *path,
	const char *signature_path, GError **error)
{
	gpgme_data_t content = NULL;
	gpgme_error_t result = gpgme_data_new_from_file(&content, path, 1);

	if (result)
		return kiln_error_set_errno(error, gpgme_err_code_to_errno(gpgme_err_code(result)),
			"signing \"%s\"", path);
	g_autofree char *text = sign_data(gpg, fingerprint, content, path, error);
	return text && kiln_fs_replace_text(signature_path, text, error);
}
