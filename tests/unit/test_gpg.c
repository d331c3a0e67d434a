/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpm_fixture.h"

#include "base/error.h"
#include "lib/gpg.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define UID "Kiln test packages <kiln-test@localhost>"

typedef struct {
	char *directory;
	char *home, *content, *signature, *public_key;
	char *fingerprint;
} Fixture;

static char *path_in(const Fixture *fixture, const char *name)
{
	return g_build_filename(fixture->directory, name, NULL);
}

static KilnGpg *open_home(const char *home)
{
	GError *error = NULL;
	KilnGpg *gpg = kiln_gpg_open(home, NULL, &error);

	assert_no_error(error);
	return gpg;
}

static void write_public_key(KilnGpg *gpg, const char *fingerprint, const char *path)
{
	GError *error = NULL;
	g_autofree char *text = kiln_gpg_export_public(gpg, fingerprint, &error);

	assert_no_error(error);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);
	KilnGpgKeyOptions options = {.uid = UID, .bits = 2048};
	GError *error = NULL;

	fixture->directory = fixture_directory("gpg");
	fixture->home = path_in(fixture, "home");
	fixture->content = path_in(fixture, "content");
	fixture->signature = path_in(fixture, "content.asc");
	fixture->public_key = path_in(fixture, "key.asc");
	assert_true(g_file_set_contents(fixture->content, "what is signed\n", -1, NULL));
	g_autoptr(KilnGpg) gpg = open_home(fixture->home);
	assert_true(kiln_gpg_create_key(gpg, &options, &fixture->fingerprint, &error));
	assert_no_error(error);
	write_public_key(gpg, fixture->fingerprint, fixture->public_key);
	kiln_gpg_sign_detached(
		gpg, fixture->fingerprint, fixture->content, fixture->signature, &error);
	assert_no_error(error);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	fixture_remove(fixture->directory);
	g_free(fixture->directory);
	g_free(fixture->home);
	g_free(fixture->content);
	g_free(fixture->signature);
	g_free(fixture->public_key);
	g_free(fixture->fingerprint);
	g_free(fixture);
	return 0;
}

/* Agents that serve a home below `directory`. */
static guint agents_naming(const char *directory)
{
	g_auto(GStrv) names = kiln_fs_list("/proc", NULL);
	guint count = 0;

	for (char **name = names; *name; name++) {
		g_autofree char *path = g_strdup_printf("/proc/%s/cmdline", *name);
		g_autofree char *text = NULL;
		gsize size = 0;

		if (!g_ascii_isdigit(**name) || !g_file_get_contents(path, &text, &size, NULL))
			continue;
		for (gsize i = 0; i + 1 < size; i++)
			if (text[i] == '\0')
				text[i] = ' ';
		if (size && strstr(text, directory) && strstr(text, "gpg-agent"))
			count++;
	}
	return count;
}

/* Waits until no agent serves `directory`; FALSE after `seconds`. */
static gboolean agents_end(const char *directory, int seconds)
{
	for (int i = 0; i < seconds * 20; i++) {
		if (agents_naming(directory) == 0)
			return TRUE;
		g_usleep(G_USEC_PER_SEC / 20);
	}
	return FALSE;
}

static void expect(GError *error, KilnErrorCode code, const char *text)
{
	assert_non_null(error);
	if (!g_error_matches(error, KILN_ERROR, (int)code) || !strstr(error->message, text))
		fail_msg("%d: %s", error->code, error->message);
	g_error_free(error);
}

static void test_makes_a_key_for_every_client(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(KilnGpg) gpg = open_home(fixture->home);
	g_autoptr(GPtrArray) keys = kiln_gpg_list_keys(gpg, TRUE, &error);
	const char *argv[] = {"gpg", "--homedir", fixture->home, "--with-colons", "-K", NULL};

	assert_no_error(error);
	assert_int_equal(keys->len, 1);
	const KilnGpgKey *key = g_ptr_array_index(keys, 0);
	assert_string_equal(key->fingerprint, fixture->fingerprint);
	assert_string_equal(key->uid, UID);
	assert_string_equal(key->algorithm, "rsa2048");
	assert_int_equal(key->expires, 0);
	assert_true(key->has_secret);
	assert_null(key->fault);
	g_autofree char *listing = fixture_output(argv, NULL);
	assert_non_null(strstr(listing, "sec:u:2048:1:"));
	assert_null(strstr(listing, "ssb:")); /* no subkey */
	assert_non_null(strstr(listing, ":scSC:"));
}

static void test_keeps_the_home_private(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	struct stat status;
	g_autofree char *open = path_in(fixture, "open-home");
	g_autofree char *file = path_in(fixture, "file-home");

	assert_int_equal(stat(fixture->home, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(g_mkdir(open, 0700), 0);
	assert_int_equal(chmod(open, 0750), 0);
	assert_null(kiln_gpg_open(open, NULL, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_CONFIG, "mode 0750");
	assert_true(g_file_set_contents(file, "", 0, NULL));
	assert_null(kiln_gpg_open(file, NULL, &error));
	assert_non_null(error);
	g_clear_error(&error);
	assert_null(kiln_gpg_open("relative/home", NULL, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_CONFIG, "not absolute");
	assert_int_equal(chmod(file, 0640), 0);
	assert_null(kiln_gpg_open(fixture->home, file, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_CONFIG, "chmod 0600");
}

static void test_opens_a_home_once(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(KilnGpg) gpg = open_home(fixture->home);

	assert_null(kiln_gpg_open(fixture->home, NULL, &error));
	expect(error, KILN_ERROR_FAILED, "open already");
}

static void test_finds_keys_by_their_names(void **state)
{
	Fixture *fixture = *state;
	const char *last = fixture->fingerprint + 24;
	g_autofree char *lower = g_ascii_strdown(last, -1);
	g_autofree char *hex = g_strconcat("0x", last, NULL);
	const char *names[] = {fixture->fingerprint, last, lower, hex, UID, "kiln-test@localhost"};
	g_autoptr(KilnGpg) gpg = open_home(fixture->home);
	GError *error = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(KilnGpgKey) key = kiln_gpg_find_key(gpg, names[i], &error);

		assert_no_error(error);
		assert_string_equal(key->fingerprint, fixture->fingerprint);
	}
	static const char *const unknown[] = {
		"kiln-test", "nobody@localhost", "", "12345678", "localhost"};
	for (guint i = 0; i < G_N_ELEMENTS(unknown); i++) {
		assert_null(kiln_gpg_find_key(gpg, unknown[i], &error));
		expect(g_steal_pointer(&error), KILN_ERROR_NOT_FOUND, "no such secret key");
	}
}

/* One RSA signature with SHA-256 or SHA-512 that gpg itself takes. */
static void test_signs_for_every_client(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *text = NULL;
	g_autofree char *fingerprint = NULL;
	const char *argv[] = {
		"gpg", "--homedir", fixture->home, "--list-packets", fixture->signature, NULL};

	kiln_gpg_verify_detached(
		fixture->public_key, fixture->content, fixture->signature, &fingerprint, &error);
	assert_no_error(error);
	assert_string_equal(fingerprint, fixture->fingerprint);
	text = fixture_output(argv, NULL);
	assert_true(strstr(text, "digest algo 8,") || strstr(text, "digest algo 10,"));
	assert_non_null(strstr(text, ":signature packet: algo 1,"));
	assert_null(strstr(strstr(text, ":signature packet:") + 1, ":signature packet:"));
}

static void test_exports_what_old_rpms_import(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *text = NULL;
	gsize size = 0;

	assert_true(g_file_get_contents(fixture->public_key, &text, &size, NULL));
	assert_true(g_str_has_prefix(text, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"));
	assert_true(g_str_has_suffix(text, "\n-----END PGP PUBLIC KEY BLOCK-----\n"));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	guint count = g_strv_length(lines);
	assert_int_equal(lines[count - 3][0], '=');
	assert_int_equal(strlen(lines[count - 3]), 5);
	assert_null(strstr(text, "\r"));
	assert_null(strstr(text, "Version:"));
}

static void test_refuses_damaged_signatures(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *other = path_in(fixture, "other");
	g_autofree char *twice = path_in(fixture, "twice.asc");
	g_autofree char *none = path_in(fixture, "none.asc");
	g_autofree char *text = NULL;

	assert_true(g_file_set_contents(other, "what is signeD\n", -1, NULL));
	assert_false(kiln_gpg_verify_detached(
		fixture->public_key, other, fixture->signature, NULL, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_VERIFY, "Bad signature");
	assert_false(kiln_gpg_verify_detached(
		fixture->public_key, fixture->content, none, NULL, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_VERIFY, "no signature");
	assert_true(g_file_set_contents(none, "no signature at all\n", -1, NULL));
	assert_false(kiln_gpg_verify_detached(
		fixture->public_key, fixture->content, none, NULL, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_VERIFY, "");
	assert_true(g_file_get_contents(fixture->signature, &text, NULL, NULL));
	g_autofree char *doubled = g_strconcat(text, text, NULL);
	assert_true(g_file_set_contents(twice, doubled, -1, NULL));
	assert_false(kiln_gpg_verify_detached(
		fixture->public_key, fixture->content, twice, NULL, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_VERIFY, "");
}

/* Another key, two keys, and a secret key in place of the public one. */
static void test_trusts_one_key_only(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	KilnGpgKeyOptions options = {.uid = "Other <other@localhost>", .bits = 2048};
	g_autofree char *home = path_in(fixture, "other-home");
	g_autofree char *key = path_in(fixture, "other.asc");
	g_autofree char *both = path_in(fixture, "both.asc");
	g_autofree char *fingerprint = NULL, *one = NULL, *two = NULL;
	g_autoptr(KilnGpg) gpg = open_home(home);

	assert_true(kiln_gpg_create_key(gpg, &options, &fingerprint, &error));
	write_public_key(gpg, fingerprint, key);
	assert_false(
		kiln_gpg_verify_detached(key, fixture->content, fixture->signature, NULL, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_VERIFY, "another key");
	assert_true(g_file_get_contents(key, &one, NULL, NULL));
	assert_true(g_file_get_contents(fixture->public_key, &two, NULL, NULL));
	g_autofree char *text = g_strconcat(two, one, NULL);
	assert_true(g_file_set_contents(both, text, -1, NULL));
	assert_false(
		kiln_gpg_verify_detached(both, fixture->content, fixture->signature, NULL, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_VERIFY, "exactly one");
}

static void test_moves_a_key_to_another_home(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *home = path_in(fixture, "second-home");
	g_autofree char *secret = path_in(fixture, "secret.asc");
	g_autofree char *fingerprint = NULL, *public_only = NULL;
	const char *argv[] = {"gpg", "--homedir", fixture->home, "--batch", "--armor", "--output",
		secret, "--export-secret-keys", fixture->fingerprint, NULL};
	{
		g_autoptr(KilnGpg) first = open_home(fixture->home);

		fixture_run(argv);
	}
	g_autoptr(KilnGpg) gpg = open_home(home);
	assert_true(kiln_gpg_import(gpg, fixture->public_key, &public_only, &error));
	assert_null(kiln_gpg_find_key(gpg, fixture->fingerprint, &error)); /* not secret */
	g_clear_error(&error);
	assert_true(kiln_gpg_import(gpg, secret, &fingerprint, &error));
	assert_no_error(error);
	assert_string_equal(fingerprint, fixture->fingerprint);
	g_free(fingerprint);
	assert_true(
		kiln_gpg_import(gpg, secret, &fingerprint, &error)); /* again: nothing changes */
	g_autoptr(KilnGpgKey) key = kiln_gpg_find_key(gpg, UID, &error);
	assert_no_error(error);
	assert_true(kiln_gpg_check_signing(gpg, fingerprint, &error));
}

static void test_refuses_odd_imports(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *home = path_in(fixture, "odd-home");
	g_autofree char *path = path_in(fixture, "odd.asc");
	g_autofree char *both = path_in(fixture, "both.asc");
	g_autofree char *fingerprint = NULL;
	g_autoptr(KilnGpg) gpg = open_home(home);

	assert_true(g_file_set_contents(path, "nothing\n", -1, NULL));
	assert_false(kiln_gpg_import(gpg, path, &fingerprint, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_CONFIG, "no key");
	assert_false(kiln_gpg_import(gpg, both, &fingerprint, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_CONFIG, "several keys");
	assert_false(kiln_gpg_import(gpg, "/nonexistent/key", &fingerprint, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_NOT_FOUND, "/nonexistent/key");
	assert_null(fingerprint);
}

/* A key file may hold a key in a form that only GnuPG looks into: here a packet of compressed ones. */
static void test_believes_only_keys_it_sees(void **state)
{
	const Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *home = path_in(fixture, "hidden-home"), *seen = path_in(fixture, "seen.key");
	g_autofree char *hidden = path_in(fixture, "hidden.key"), *file = path_in(fixture, "polyglot.key");
	g_autofree char *first = NULL, *second = NULL;
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(KilnGpg) gpg = open_home(home); /* ends its agent */
	gsize first_size = 0, second_size = 0;

	fixture_run((const char *[]){"gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "",
		"--quick-gen-key", "seen@localhost", "rsa2048", "sign", "0", NULL});
	fixture_run((const char *[]){"gpg", "--homedir", home, "--batch", "--output", seen, "--export", NULL});
	fixture_run((const char *[]){"gpg", "--batch", "--output", hidden, "--dearmor", fixture->public_key, NULL});
	assert_true(g_file_get_contents(seen, &first, &first_size, NULL));
	assert_true(g_file_get_contents(hidden, &second, &second_size, NULL));
	const guint8 head[] = {0xc8, 0xff, 0, 0, (guint8)((second_size + 1) >> 8), (guint8)(second_size + 1), 0};
	g_byte_array_append(bytes, (const guint8 *)first, (guint)first_size);
	g_byte_array_append(bytes, head, sizeof(head));
	g_byte_array_append(bytes, (const guint8 *)second, (guint)second_size);
	assert_true(g_file_set_contents(file, (const char *)bytes->data, bytes->len, NULL));

	assert_true(kiln_gpg_check_detached(hidden, fixture->content, fixture->signature, "x", &error));
	assert_no_error(error);
	assert_false(kiln_gpg_check_detached(file, fixture->content, fixture->signature, "x", &error));
	expect(g_steal_pointer(&error), KILN_ERROR_VERIFY, "\"x\": another key made it");
}

/* Keys that some client would not accept are found, and the reason is told. */
static void test_names_the_fault_of_a_key(void **state)
{
	static const struct {
		const char *uid, *algorithm, *usage, *expires, *fault;
	} cases[] = {
		{"ed@localhost", "ed25519", "sign,cert", "0", "not RSA"},
		{"small@localhost", "rsa1024", "sign,cert", "0", "not RSA of 2048"},
		{"cert@localhost", "rsa2048", "cert", "0", "does not sign"},
		{"old@localhost", "rsa2048", "sign,cert", "seconds=1", "has expired"},
	};
	Fixture *fixture = *state;
	g_autofree char *home = path_in(fixture, "faulty-home");
	g_autoptr(KilnGpg) gpg = open_home(home);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *argv[] = {"gpg", "--homedir", home, "--batch", "--quiet",
			"--passphrase", "", "--faked-system-time", "1577923200", "--quick-gen-key",
			cases[i].uid, cases[i].algorithm, cases[i].usage, cases[i].expires, NULL};
		GError *error = NULL;

		fixture_run(argv);
		/* The bare address is the whole user id here. */
		assert_null(kiln_gpg_find_key(gpg, cases[i].uid, &error));
		expect(error, KILN_ERROR_VERIFY, cases[i].fault);
	}
}

static void test_names_a_key_once(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	KilnGpgKeyOptions options = {.uid = UID, .bits = 2048};
	g_autofree char *fingerprint = NULL;
	g_autoptr(KilnGpg) gpg = open_home(fixture->home);

	assert_false(kiln_gpg_create_key(gpg, &options, &fingerprint, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_CONFIG, fixture->fingerprint);
	options.uid = "Third <third@localhost>";
	options.bits = 1024;
	assert_false(kiln_gpg_create_key(gpg, &options, &fingerprint, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_USAGE, "2048 to 4096");
	assert_null(fingerprint);
}

/* A protected key signs with the passphrase from the file, and without it says what to do. */
static void test_uses_a_passphrase_file(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *home = path_in(fixture, "protected-home");
	g_autofree char *file = path_in(fixture, "passphrase");
	g_autofree char *signature = path_in(fixture, "protected.asc");
	g_autofree char *fingerprint = NULL;
	KilnGpgKeyOptions options = {.uid = "Safe <safe@localhost>", .bits = 2048, .protect = TRUE};

	assert_true(g_file_set_contents(file, "open sesame\n", -1, NULL));
	assert_int_equal(chmod(file, 0600), 0);
	KilnGpg *gpg = kiln_gpg_open(home, file, &error);
	assert_no_error(error);
	assert_true(kiln_gpg_create_key(gpg, &options, &fingerprint, &error));
	assert_true(kiln_gpg_sign_detached(gpg, fingerprint, fixture->content, signature, &error));
	assert_no_error(error);
	kiln_gpg_free(gpg);

	gpg = kiln_gpg_open(home, NULL, &error);
	assert_false(kiln_gpg_sign_detached(gpg, fingerprint, fixture->content, signature, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_VERIFY, "KILN_PASSPHRASE_FILE");
	kiln_gpg_free(gpg);

	assert_true(g_file_set_contents(file, "wrong\n", -1, NULL));
	assert_int_equal(chmod(file, 0600), 0);
	gpg = kiln_gpg_open(home, file, &error);
	assert_false(kiln_gpg_sign_detached(gpg, fingerprint, fixture->content, signature, &error));
	expect(g_steal_pointer(&error), KILN_ERROR_VERIFY, "passphrase");
	kiln_gpg_free(gpg);
}

static void test_leaves_no_agent(void **state)
{
	Fixture *fixture = *state;
	KilnGpg *gpg = open_home(fixture->home);

	assert_true(agents_naming(fixture->home) > 0);
	kiln_gpg_free(gpg);
	assert_true(agents_end(fixture->directory, 2));
}

/* kill -9 leaves none either, after the few seconds gpg-agent needs to notice. */
static void test_leaves_no_agent_when_killed(void **state)
{
	Fixture *fixture = *state;
	pid_t child = fork();

	if (child == 0) {
		kiln_gpg_open(fixture->home, NULL, NULL);
		raise(SIGKILL);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_true(agents_end(fixture->home, 10));
	g_autoptr(KilnGpg) gpg = open_home(fixture->home); /* nor is the lock held */
}

/* The next Kiln does not rely on the agent of the killed one, which is about to end. */
static void test_starts_over_after_a_kill(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	pid_t child = fork();

	if (child == 0) {
		kiln_gpg_open(fixture->home, NULL, NULL);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	KilnGpg *gpg = open_home(fixture->home);
	g_usleep(6 * G_USEC_PER_SEC);
	assert_int_equal(agents_naming(fixture->home), 1);
	assert_true(kiln_gpg_check_signing(gpg, fixture->fingerprint, &error));
	kiln_gpg_free(gpg);
	assert_true(agents_end(fixture->home, 2));
}

/* An agent of the user's stays, and what it holds is used. */
static void test_leaves_the_users_agent_alone(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *home = path_in(fixture, "users-home");
	const char *start[] = {"gpg-agent", "--homedir", home, "--quiet", "--daemon", NULL};
	const char *end[] = {"gpg-connect-agent", "--homedir", home, "--no-autostart", "KILLAGENT",
		"/bye", NULL};

	assert_int_equal(g_mkdir(home, 0700), 0);
	/* kiln_process would end what goes into the background. */
	assert_true(g_spawn_sync(NULL, (char **)start, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
		NULL, NULL, NULL));
	KilnGpg *gpg = open_home(home);
	kiln_gpg_free(gpg);
	assert_int_equal(agents_naming(home), 1);
	fixture_run(end);
	assert_true(agents_end(home, 2));
}

/* The owner unlocks the key once in an agent of theirs; Kiln then signs without asking. */
static void test_uses_what_the_users_agent_holds(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *home = path_in(fixture, "protected-home");
	g_autofree char *file = path_in(fixture, "agent-passphrase");
	g_autofree char *out = path_in(fixture, "unlocked.sig");
	const char *start[] = {"gpg-agent", "--homedir", home, "--quiet", "--daemon", NULL};
	const char *unlock[] = {"gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode",
		"loopback", "--passphrase-file", file, "--output", out, "--detach-sign",
		fixture->content, NULL};
	const char *end[] = {"gpg-connect-agent", "--homedir", home, "--no-autostart", "KILLAGENT",
		"/bye", NULL};

	assert_true(g_file_set_contents(file, "open sesame\n", -1, NULL));
	assert_true(g_spawn_sync(NULL, (char **)start, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
		NULL, NULL, NULL));
	fixture_run(unlock);
	KilnGpg *gpg = open_home(home);
	g_autoptr(KilnGpgKey) key = kiln_gpg_find_key(gpg, "safe@localhost", &error);
	assert_no_error(error);
	gboolean signs = kiln_gpg_check_signing(gpg, key->fingerprint, &error);
	kiln_gpg_free(gpg);
	fixture_run(end);
	assert_no_error(error);
	assert_true(signs);
	assert_true(agents_end(home, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_makes_a_key_for_every_client),
		cmocka_unit_test(test_keeps_the_home_private),
		cmocka_unit_test(test_opens_a_home_once),
		cmocka_unit_test(test_finds_keys_by_their_names),
		cmocka_unit_test(test_signs_for_every_client),
		cmocka_unit_test(test_exports_what_old_rpms_import),
		cmocka_unit_test(test_refuses_damaged_signatures),
		cmocka_unit_test(test_trusts_one_key_only),
		cmocka_unit_test(test_moves_a_key_to_another_home),
		cmocka_unit_test(test_refuses_odd_imports),
		cmocka_unit_test(test_believes_only_keys_it_sees),
		cmocka_unit_test(test_names_the_fault_of_a_key),
		cmocka_unit_test(test_names_a_key_once),
		cmocka_unit_test(test_uses_a_passphrase_file),
		cmocka_unit_test(test_leaves_no_agent),
		cmocka_unit_test(test_leaves_no_agent_when_killed),
		cmocka_unit_test(test_starts_over_after_a_kill),
		cmocka_unit_test(test_leaves_the_users_agent_alone),
		cmocka_unit_test(test_uses_what_the_users_agent_holds),
	};

	/* As in a service: nobody to ask for a passphrase. */
	g_unsetenv("DISPLAY");
	g_unsetenv("WAYLAND_DISPLAY");
	if (!freopen("/dev/null", "r", stdin))
		return 1;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
