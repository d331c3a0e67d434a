/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key files and signatures as GnuPG makes them, compared with what GnuPG says of them; damaged ones are refused. */
#include "rpm_fixture.h"

#include "format/openpgp.h"

typedef struct {
	char *directory, *home;
} Fixture;

static void run_gpg(const Fixture *fixture, const char *const *arguments)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	g_ptr_array_add(argv, (gpointer) "gpg");
	g_ptr_array_add(argv, (gpointer) "--homedir");
	g_ptr_array_add(argv, fixture->home);
	for (const char *const *word = (const char *const[]){"--batch", "--quiet", "--yes", "--passphrase", "", NULL};
		*word; word++)
		g_ptr_array_add(argv, (gpointer)*word);
	for (; *arguments; arguments++)
		g_ptr_array_add(argv, (gpointer)*arguments);
	g_ptr_array_add(argv, NULL);
	fixture_run((const char *const *)argv->pdata);
}

#define gpg(fixture, ...) run_gpg((fixture), (const char *const[]){__VA_ARGS__, NULL})

static char *path_of(const Fixture *fixture, const char *name)
{
	return g_build_filename(fixture->directory, name, NULL);
}

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->directory = fixture_directory("openpgp");
	fixture->home = path_of(fixture, "home");
	assert_int_equal(g_mkdir(fixture->home, 0700), 0);
	gpg(fixture, "--quick-gen-key", "plain", "rsa2048", "sign", "0");
	gpg(fixture, "--quick-gen-key", "curve", "ed25519", "sign", "0");
	gpg(fixture, "--quick-gen-key", "nist", "nistp384", "sign", "0");
	gpg(fixture, "--quick-gen-key", "dsa", "dsa2048", "sign", "0");
	gpg(fixture, "--cert-digest-algo", "SHA512", "--faked-system-time", "20200101T000000", "--quick-gen-key",
		"whole", "rsa1024", "default", "2y");
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	fixture_remove(fixture->directory);
	g_free(fixture->directory);
	g_free(fixture->home);
	g_free(fixture);
	return 0;
}

/* Exports a key; `armour` is "--armor" or "--no-armor". */
static char *export_key(const Fixture *fixture, const char *name, const char *armour, gsize *ret_size)
{
	g_autofree char *path = path_of(fixture, "key");
	g_autofree char *exact = g_strconcat("=", name, NULL);
	char *bytes = NULL;

	gpg(fixture, armour, "--output", path, "--export", exact);
	assert_true(g_file_get_contents(path, &bytes, ret_size, NULL));
	return bytes;
}

static KilnPgpFile *parse(const char *bytes, gsize size)
{
	GError *error = NULL;
	KilnPgpFile *file = kiln_openpgp_parse(bytes, size, "x.key", &error);

	assert_no_error(error);
	return file;
}

static KilnPgpFile *parse_key(const Fixture *fixture, const char *name)
{
	gsize size;
	g_autofree char *bytes = export_key(fixture, name, "--armor", &size);

	return parse(bytes, size);
}

static const KilnPgpKey *key_at(const KilnPgpFile *file, guint index)
{
	return g_ptr_array_index(file->keys, index);
}

/* The field `index` of the record number `row` of `kind` that gpg lists for a key. */
static char *listed(const Fixture *fixture, const char *name, const char *kind, guint row, guint index)
{
	g_autofree char *exact = g_strconcat("=", name, NULL);
	const char *argv[] = {"gpg", "--homedir", fixture->home, "--batch", "--with-colons", "--list-keys",
		"--with-subkey-fingerprint", exact, NULL};
	g_autofree char *text = fixture_output(argv, NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, ":", -1);
		if (g_strcmp0(fields[0], kind) == 0 && row-- == 0)
			return g_strdup(fields[index]);
	}
	fail_msg("gpg lists no %s of %s", kind, name);
	return NULL;
}

/* Fingerprint, key id, size and creation are what GnuPG says. */
static void check_as_listed(const Fixture *fixture, const char *name, guint index, const KilnPgpKey *key)
{
	const char *kind = index ? "sub" : "pub";
	g_autofree char *fingerprint = listed(fixture, name, "fpr", index, 9);
	g_autofree char *id = listed(fixture, name, kind, 0, 4);
	g_autofree char *lower = g_ascii_strdown(id, -1);
	g_autofree char *created = listed(fixture, name, kind, 0, 5);
	g_autofree char *expires = listed(fixture, name, kind, 0, 6);

	assert_string_equal(key->fingerprint, fingerprint);
	assert_string_equal(key->key_id, lower);
	assert_int_equal(key->created, g_ascii_strtoll(created, NULL, 10));
	assert_int_equal(key->expires, g_ascii_strtoll(expires, NULL, 10));
}

static void test_reads_keys_as_gnupg_does(void **state)
{
	static const struct {
		const char *name, *algorithm, *digest;
		guint bits;
	} cases[] = {{"plain", "rsa", NULL, 2048}, {"curve", "ed25519", NULL, 255}, {"nist", "nistp384", NULL, 384},
		{"dsa", "dsa", NULL, 2048}, {"whole", "rsa", "sha512", 1024}};
	const Fixture *fixture = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(KilnPgpFile) file = parse_key(fixture, cases[i].name);
		const KilnPgpKey *key = key_at(file, 0);

		assert_int_equal(kiln_openpgp_count_primary(file), 1);
		assert_string_equal(key->algorithm, cases[i].algorithm);
		assert_int_equal(key->bits, cases[i].bits);
		assert_int_equal(key->version, 4);
		assert_true(key->can_sign);
		assert_false(key->is_subkey || key->is_revoked);
		if (cases[i].digest)
			assert_string_equal(key->signature_digest, cases[i].digest);
		check_as_listed(fixture, cases[i].name, 0, key);
	}
}

static void test_tells_subkeys_by_what_they_are_for(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *fingerprint = listed(fixture, "whole", "fpr", 0, 9);

	gpg(fixture, "--faked-system-time", "20200101T000000", "--quick-add-key", fingerprint, "rsa1024", "encr", "0");
	g_autoptr(KilnPgpFile) before = parse_key(fixture, "whole");
	assert_int_equal(before->keys->len, 2);
	assert_true(key_at(before, 1)->is_subkey);
	assert_false(key_at(before, 1)->can_sign); /* it encrypts */
	check_as_listed(fixture, "whole", 1, key_at(before, 1));
	gpg(fixture, "--faked-system-time", "20200102T000000", "--quick-add-key", fingerprint, "rsa2048", "sign", "1y");
	g_autoptr(KilnPgpFile) after = parse_key(fixture, "whole");
	assert_int_equal(after->keys->len, 3);
	assert_int_equal(kiln_openpgp_count_primary(after), 1);
	assert_true(key_at(after, 2)->is_subkey && key_at(after, 2)->can_sign);
	assert_int_equal(key_at(after, 2)->bits, 2048);
	assert_int_equal(key_at(after, 2)->expires - key_at(after, 2)->created, 365 * 86400);
}

/* A later statement of the key about itself counts, and a revocation. */
static void test_takes_the_newest_statement_and_revocations(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *fingerprint = NULL, *revocation = NULL, *text = NULL, *path = path_of(fixture, "revoke");
	g_autofree char *name = NULL;

	gpg(fixture, "--faked-system-time", "20210101T000000", "--quick-gen-key", "old", "rsa2048", "sign", "1y");
	fingerprint = listed(fixture, "old", "fpr", 0, 9);
	g_autoptr(KilnPgpFile) expired = parse_key(fixture, "old");
	assert_int_equal(key_at(expired, 0)->expires - key_at(expired, 0)->created, 365 * 86400);
	gpg(fixture, "--faked-system-time", "20210601T000000", "--quick-set-expire", fingerprint, "0");
	g_autoptr(KilnPgpFile) renewed = parse_key(fixture, "old");
	assert_int_equal(key_at(renewed, 0)->expires, 0);
	assert_false(key_at(renewed, 0)->is_revoked);
	/* What GnuPG kept for the day it is needed, with a colon against accidents. */
	name = g_strconcat(fingerprint, ".rev", NULL);
	revocation = g_build_filename(fixture->home, "openpgp-revocs.d", name, NULL);
	assert_true(g_file_get_contents(revocation, &text, NULL, NULL));
	char *armour = strstr(text, ":-----BEGIN");
	assert_non_null(armour);
	assert_true(g_file_set_contents(path, armour + 1, -1, NULL));
	gpg(fixture, "--import", path);
	g_autoptr(KilnPgpFile) revoked = parse_key(fixture, "old");
	assert_true(key_at(revoked, 0)->is_revoked);
}

static void test_describes_the_form_of_a_file(void **state)
{
	const Fixture *fixture = *state;
	gsize size;
	g_autofree char *text = export_key(fixture, "plain", "--armor", &size);
	g_autofree char *other = export_key(fixture, "curve", "--armor", &size);
	g_autofree char *binary = export_key(fixture, "plain", "--no-armor", &size);
	g_autoptr(KilnPgpFile) raw = parse(binary, size);
	g_autoptr(KilnPgpFile) armoured = parse(text, strlen(text));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *crlf = g_strjoinv("\r\n", lines);
	g_autofree char *two = g_strconcat("About these keys:\n", text, other, NULL);
	g_autofree char *bare = g_strdup(text);

	assert_int_equal(raw->armour.blocks, 0);
	assert_int_equal(armoured->armour.blocks, 1);
	assert_true(armoured->armour.has_checksum && armoured->armour.has_final_newline);
	assert_false(armoured->armour.has_carriage_returns);
	assert_string_equal(key_at(raw, 0)->fingerprint, key_at(armoured, 0)->fingerprint);
	g_autoptr(KilnPgpFile) dos = parse(crlf, strlen(crlf));
	assert_true(dos->armour.has_carriage_returns);
	assert_string_equal(key_at(dos, 0)->fingerprint, key_at(armoured, 0)->fingerprint);
	g_autoptr(KilnPgpFile) both = parse(two, strlen(two));
	assert_int_equal(both->armour.blocks, 2);
	assert_int_equal(kiln_openpgp_count_primary(both), 2);
	char *sum = strstr(bare, "\n=");
	memmove(sum, sum + 6, strlen(sum + 6) + 1);
	bare[strlen(bare) - 1] = '\0';
	g_autoptr(KilnPgpFile) unsummed = parse(bare, strlen(bare));
	assert_false(unsummed->armour.has_checksum || unsummed->armour.has_final_newline);
}

static void test_reads_detached_signatures(void **state)
{
	const Fixture *fixture = *state;
	g_autofree char *data = path_of(fixture, "data"), *path = path_of(fixture, "data.asc"), *bytes = NULL;
	g_autofree char *id = listed(fixture, "plain", "pub", 0, 4), *lower = g_ascii_strdown(id, -1);
	gsize size;

	assert_true(g_file_set_contents(data, "x", 1, NULL));
	gpg(fixture, "--armor", "--digest-algo", "SHA384", "-u", "=plain", "-u", "=curve", "--output", path,
		"--detach-sign", data);
	assert_true(g_file_get_contents(path, &bytes, &size, NULL));
	g_autoptr(KilnPgpFile) file = parse(bytes, size);
	assert_int_equal(file->keys->len, 0);
	assert_int_equal(file->signatures->len, 2);
	const KilnPgpSignature *first = g_ptr_array_index(file->signatures, 0);
	const KilnPgpSignature *second = g_ptr_array_index(file->signatures, 1);
	assert_string_equal(first->algorithm, "rsa");
	assert_string_equal(first->digest, "sha384");
	assert_string_equal(first->key_id, lower);
	assert_int_equal(first->type, 0);
	assert_int_equal(first->version, 4);
	assert_true(first->created > 1700000000);
	assert_string_equal(second->algorithm, "eddsa");
}

static void check_refused(const char *bytes, gsize size, const char *part)
{
	GError *error = NULL;

	assert_null(kiln_openpgp_parse(bytes, size, "x.key", &error));
	assert_error(error, KILN_ERROR_VERIFY, part);
}

static void test_refuses_what_is_damaged_or_something_else(void **state)
{
	const Fixture *fixture = *state;
	gsize size, secret_size;
	g_autofree char *text = export_key(fixture, "plain", "--armor", &size);
	g_autofree char *binary = export_key(fixture, "plain", "--no-armor", &size);
	g_autofree char *secret_path = path_of(fixture, "secret"), *secret = NULL;
	g_autofree char *odd = g_strdup(text);

	check_refused("", 0, "\"x.key\": it is empty");
	check_refused("hello\n", 6, "neither an OpenPGP key nor a signature");
	for (gsize length = 1; length < 280; length += 7)
		check_refused(binary, length, "cut off");
	check_refused(text, strlen(text) / 2, "its armour has no end");
	char *sum = strstr(odd, "\n=");
	sum[2] = sum[2] == 'A' ? 'B' : 'A';
	check_refused(odd, strlen(odd), "checksum does not fit");
	strstr(odd, "\n\n")[10] = '*';
	check_refused(odd, strlen(odd), "no base64");
	gpg(fixture, "--output", secret_path, "--export-secret-keys", "=plain");
	assert_true(g_file_get_contents(secret_path, &secret, &secret_size, NULL));
	check_refused(secret, secret_size, "holds a secret key");
	/* A user id alone, and a partial length. */
	check_refused("\xb4\x01" "a", 3, "neither a public key nor a signature");
	check_refused("\xc2\xe1" "ab", 4, "cut off");
}

/* GnuPG takes the packets before an armoured block, and those in packets that others pass over. */
static void test_keeps_only_the_keys_it_sees(void **state)
{
	const Fixture *fixture = *state;
	gsize size, other_size;
	g_autofree char *text = export_key(fixture, "plain", "--armor", &size);
	g_autofree char *binary = export_key(fixture, "plain", "--no-armor", &size);
	g_autofree char *other = export_key(fixture, "dsa", "--no-armor", &other_size);
	g_autoptr(GByteArray) mixed = g_byte_array_new();
	g_autoptr(GByteArray) hiding = g_byte_array_new();
	g_autofree char *raw = NULL;
	const guint8 stored[] = {0xc8, 0xff, (guint8)((other_size + 1) >> 24), (guint8)((other_size + 1) >> 16),
		(guint8)((other_size + 1) >> 8), (guint8)(other_size + 1), 0}; /* "compressed" by nothing */

	g_byte_array_append(mixed, (const guint8 *)other, (guint)other_size);
	g_byte_array_append(mixed, (const guint8 *)"\n", 1);
	g_byte_array_append(mixed, (const guint8 *)text, (guint)strlen(text));
	check_refused((const char *)mixed->data, mixed->len, "binary data and an armoured block");
	raw = g_strdup_printf("a\001\n%s", text);
	check_refused(raw, strlen(raw), "binary data and an armoured block");

	g_byte_array_append(hiding, (const guint8 *)binary, (guint)size);
	g_byte_array_append(hiding, stored, sizeof(stored));
	g_byte_array_append(hiding, (const guint8 *)other, (guint)other_size);
	g_autoptr(KilnPgpFile) plain = parse(text, strlen(text));
	g_autoptr(KilnPgpFile) found = parse((const char *)hiding->data, hiding->len);
	assert_int_equal(found->certificates->len, plain->certificates->len);
	assert_memory_equal(found->certificates->data, plain->certificates->data, plain->certificates->len);
	g_autoptr(KilnPgpFile) again = parse((const char *)plain->certificates->data, plain->certificates->len);
	assert_int_equal(again->keys->len, plain->keys->len);
	assert_int_equal(again->certificates->len, plain->certificates->len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_keys_as_gnupg_does),
		cmocka_unit_test(test_tells_subkeys_by_what_they_are_for),
		cmocka_unit_test(test_takes_the_newest_statement_and_revocations),
		cmocka_unit_test(test_describes_the_form_of_a_file),
		cmocka_unit_test(test_keeps_only_the_keys_it_sees),
		cmocka_unit_test(test_reads_detached_signatures),
		cmocka_unit_test(test_refuses_what_is_damaged_or_something_else),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
