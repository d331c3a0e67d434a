/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kiln key create, import, export, list. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/event.h"
#include "base/text.h"
#include "engine/keys.h"

#define SECONDS_PER_DAY (24 * 60 * 60)
#define MAX_DAYS (100 * 365)

static struct {
	char *collection;
	char *uid;
	char *expires; /* days */
	gboolean no_passphrase;
	char *output;
} options;

static KilnGpg *open_keys(const KilnInvocation *invocation, GError **error)
{
	const KilnProject *project = invocation->project;

	return kiln_keys_open(project->key_home, project->root, error);
}

static const char *find_collection(const KilnInvocation *invocation, GError **error)
{
	const KilnCollection *collection =
		kiln_cli_collection(invocation, options.collection, error);

	return collection ? collection->name : NULL;
}

static void add_key(KilnJson *json, const KilnGpgKey *key)
{
	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "fingerprint", key->fingerprint);
	kiln_json_add_text(json, "uid", key->uid);
	kiln_json_add_text(json, "algorithm", key->algorithm);
	kiln_json_add_number(json, "created", key->created);
	kiln_json_add_number(json, "expires", key->expires);
	kiln_json_add_boolean(json, "secret", key->has_secret);
	kiln_json_add_text(json, "fault", key->fault);
	kiln_json_end_object(json);
}

static gboolean answer_fingerprint(const KilnInvocation *invocation, const char *fingerprint)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	if (!invocation->json) {
		printf("%s\n", fingerprint);
		return TRUE;
	}
	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "fingerprint", fingerprint);
	kiln_json_end_object(json);
	kiln_cli_answer(json);
	return TRUE;
}

/* ── create ── */

static gboolean read_expiry(gint64 *ret_seconds, GError **error)
{
	g_autoptr(GError) fault = NULL;
	gint64 days = 0;

	if (options.expires &&
		!kiln_text_parse_number(options.expires, 1, MAX_DAYS, &days, &fault)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE, "--expires: %s", fault->message);
		return FALSE;
	}
	*ret_seconds = days * SECONDS_PER_DAY;
	return TRUE;
}

static gboolean check_passphrase_source(KilnGpg *gpg, GError **error)
{
	if (options.no_passphrase || kiln_gpg_passphrase_file(gpg) || kiln_gpg_can_ask())
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
		"nobody is there to choose a passphrase; say --no-passphrase, or name a file with "
		"it in KILN_PASSPHRASE_FILE");
	return FALSE;
}

static gboolean run_create(const KilnInvocation *invocation, GError **error)
{
	const char *collection = find_collection(invocation, error);
	g_autoptr(KilnGpg) gpg = collection ? open_keys(invocation, error) : NULL;
	g_autofree char *uid = options.uid  ? g_strdup(options.uid)
			       : collection ? kiln_keys_default_uid(collection)
					    : NULL;
	KilnGpgKeyOptions key = {.uid = uid, .protect = !options.no_passphrase};
	g_autofree char *fingerprint = NULL;

	if (!gpg || !read_expiry(&key.expires_in, error) || !check_passphrase_source(gpg, error) ||
		!kiln_gpg_create_key(gpg, &key, &fingerprint, error))
		return FALSE;
	kiln_event_info("key",
		"created \"%s\" in \"%s\": keep a copy of that directory in a safe place", uid,
		kiln_gpg_home(gpg));
	if (options.uid)
		kiln_event_info("key",
			"to sign with it, write \"key = %s\" into [sign] of kiln.conf",
			fingerprint);
	return answer_fingerprint(invocation, fingerprint);
}

static const GOptionEntry create_entries[] = {
	{"collection", 'c', 0, G_OPTION_ARG_STRING, &options.collection,
		"The collection that it will sign", "NAME"},
	{"uid", 0, 0, G_OPTION_ARG_STRING, &options.uid, "Its user id, \"Name <mail>\"", "TEXT"},
	{"expires", 0, 0, G_OPTION_ARG_STRING, &options.expires, "Days until it expires (never)",
		"DAYS"},
	{"no-passphrase", 0, 0, G_OPTION_ARG_NONE, &options.no_passphrase,
		"Protect it by file permissions only", NULL},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

const KilnCommand kiln_command_key_create = {
	.name = "key create",
	.synopsis = "",
	.summary = "Make a signing key for a collection",
	.description = "RSA 4096, a primary key without subkeys: what the oldest clients accept. "
		       "It is kept in the\n"
		       "GnuPG home $KILN_KEYS (default ~/.local/share/kiln/gnupg), never in the "
		       "project. GnuPG asks\n"
		       "for a passphrase unless --no-passphrase is given or $KILN_PASSPHRASE_FILE "
		       "names a file with\n"
		       "one. Prints the fingerprint.",
	.options = create_entries,
	.needs = KILN_NEEDS_PROJECT,
	.run = run_create,
};

/* ── import ── */

static gboolean run_import(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnGpg) gpg = open_keys(invocation, error);
	g_autofree char *fingerprint = NULL;

	if (!gpg || !kiln_gpg_import(gpg, invocation->arguments[0], &fingerprint, error))
		return FALSE;
	g_autoptr(GError) fault = NULL;
	g_autoptr(KilnGpgKey) key = kiln_gpg_find_key(gpg, fingerprint, &fault);
	if (key)
		kiln_event_info("key",
			"to sign with it, write \"key = %s\" into [sign] of kiln.conf",
			fingerprint);
	else
		kiln_event_warning("key", "%s", fault->message);
	return answer_fingerprint(invocation, fingerprint);
}

const KilnCommand kiln_command_key_import = {
	.name = "key import",
	.synopsis = "FILE",
	.summary = "Take in a signing key from a file",
	.description =
		"FILE holds one key as gpg --export-secret-keys writes it, armoured or not. Prints "
		"the\n"
		"fingerprint and says when packages cannot be signed with it for every client.",
	.needs = KILN_NEEDS_PROJECT,
	.minimum_arguments = 1,
	.maximum_arguments = 1,
	.run = run_import,
};

/* ── export ── */

/* The file is replaced, so it must be one: not a device or a directory. */
static gboolean check_output(GError **error)
{
	if (!g_file_test(options.output, G_FILE_TEST_EXISTS) ||
		g_file_test(options.output, G_FILE_TEST_IS_REGULAR))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
		"\"%s\" is not a regular file; leave --output out to write to stdout", options.output);
	return FALSE;
}

static gboolean run_export(const KilnInvocation *invocation, GError **error)
{
	const char *collection = find_collection(invocation, error);
	g_autoptr(KilnGpg) gpg = collection ? open_keys(invocation, error) : NULL;
	g_autoptr(KilnGpgKey) key =
		gpg ? kiln_keys_find(gpg, collection, invocation->project->config->key, error)
		    : NULL;

	if (!key)
		return FALSE;
	if (options.output)
		return check_output(error) &&
			kiln_keys_export(gpg, key->fingerprint, options.output, error);
	g_autofree char *text = kiln_gpg_export_public(gpg, key->fingerprint, error);
	if (text)
		fputs(text, stdout);
	return text != NULL;
}

static const GOptionEntry export_entries[] = {
	{"collection", 'c', 0, G_OPTION_ARG_STRING, &options.collection, "The collection it signs",
		"NAME"},
	{"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, "Write there, not to stdout",
		"FILE"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

const KilnCommand kiln_command_key_export = {
	.name = "key export",
	.synopsis = "",
	.summary = "Print the public key of a collection",
	.description = "ASCII-armoured, one key, in the form every rpm imports. The secret key is "
		       "never printed.",
	.options = export_entries,
	.needs = KILN_NEEDS_PROJECT,
	.run = run_export,
};

/* ── list ── */

static char *format_day(gint64 seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

	return seconds ? g_date_time_format(time, "%Y-%m-%d") : g_strdup("never");
}

static void print_key(const KilnGpgKey *key)
{
	g_autofree char *uid = kiln_text_printable(key->uid);
	g_autofree char *created = format_day(key->created);
	g_autofree char *expires = format_day(key->expires);

	printf("%s  %s  %s\n", key->fingerprint, key->algorithm, uid);
	printf("    created %s, expires %s, %s\n", created, expires,
		key->fault	  ? key->fault
		: key->has_secret ? "can sign"
				  : "public part only");
}

static gboolean run_list(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnGpg) gpg = open_keys(invocation, error);
	g_autoptr(GPtrArray) keys = gpg ? kiln_gpg_list_keys(gpg, FALSE, error) : NULL;
	g_autoptr(KilnJson) json = kiln_json_new();

	if (!keys)
		return FALSE;
	kiln_json_begin_array(json, NULL);
	for (guint i = 0; i < keys->len; i++) {
		add_key(json, keys->pdata[i]);
		if (!invocation->json)
			print_key(keys->pdata[i]);
	}
	kiln_json_end_array(json);
	if (invocation->json)
		kiln_cli_answer(json);
	return TRUE;
}

const KilnCommand kiln_command_key_list = {
	.name = "key list",
	.synopsis = "",
	.summary = "List the keys at hand and what they are good for",
	.needs = KILN_NEEDS_PROJECT,
	.run = run_list,
};
