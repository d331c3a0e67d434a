/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signing and verifying packages, and what an attacker might do between the two. */
#include "rpm_fixture.h"

#include "base/digest.h"
#include "base/error.h"
#include "lib/gpg.h"
#include "lib/rpmheader.h"
#include "lib/rpmsign.h"
#include "lib/rpmverify.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAD_SIZE 96
#define TAG_MD5 1004
#define TAG_SIGPGP 1002
#define TAG_RSA 268
#define TAG_UNKNOWN 1099

typedef struct {
	char *directory, *home;
	char *unsigned_path, *signed_path, *other_path; /* other: another package, signed */
	char *fingerprint, *key_path;
	char *stranger; /* a second key in the same home */
	KilnRpmVerifier *verifier;
} Fixture;

static const FixturePackage package = {
	.name = "victim",
	.evr_preamble = "Version: 1\nRelease: 1\n",
	.body = "%description\nText.\n",
};

static const FixturePackage other = {
	.name = "other",
	.evr_preamble = "Version: 1\nRelease: 1\n",
	.body = "%description\nText.\n",
};

static char *path_in(const Fixture *fixture, const char *name)
{
	return g_build_filename(fixture->directory, name, NULL);
}

static KilnGpg *open_home(const Fixture *fixture)
{
	GError *error = NULL;
	KilnGpg *gpg = kiln_gpg_open(fixture->home, NULL, &error);

	assert_no_error(error);
	return gpg;
}

static char *new_key(KilnGpg *gpg, const char *uid)
{
	KilnGpgKeyOptions options = {.uid = uid, .bits = 2048};
	GError *error = NULL;
	char *fingerprint = NULL;

	kiln_gpg_create_key(gpg, &options, &fingerprint, &error);
	assert_no_error(error);
	return fingerprint;
}

static void sign(KilnGpg *gpg, const char *fingerprint, const char *path, const char *signed_path)
{
	GError *error = NULL;

	kiln_rpmsign_package(gpg, fingerprint, path, signed_path, &error);
	assert_no_error(error);
}

/* A configuration of the user that breaks whoever reads it. */
static void make_hostile_home(const Fixture *fixture)
{
	g_autofree char *home = path_in(fixture, "user");
	g_autofree char *macros = g_build_filename(home, ".rpmmacros", NULL);

	assert_int_equal(g_mkdir(home, 0700), 0);
	assert_true(g_file_set_contents(macros,
		"%__gpg_sign_cmd /bin/false false\n%_gpg_name nobody\n%_gpg_path /nonexistent\n"
		"%_pkgverify_level none\n%_pkgverify_flags 0xffffffff\n%_tmppath /nonexistent\n"
		"%_dbpath /nonexistent\n",
		-1, NULL));
	g_setenv("HOME", home, TRUE);
}

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);
	GError *error = NULL;

	fixture->directory = fixture_directory("rpmsign");
	fixture->home = path_in(fixture, "gnupg");
	fixture->key_path = path_in(fixture, "key.asc");
	fixture->signed_path = path_in(fixture, "signed.rpm");
	fixture->other_path = path_in(fixture, "other.rpm");
	fixture->unsigned_path = fixture_build(fixture->directory, &package);
	g_autofree char *other_unsigned = fixture_build(fixture->directory, &other);
	make_hostile_home(fixture);
	g_autoptr(KilnGpg) gpg = open_home(fixture);
	fixture->fingerprint = new_key(gpg, "Signer <signer@localhost>");
	fixture->stranger = new_key(gpg, "Stranger <stranger@localhost>");
	g_autofree char *text = kiln_gpg_export_public(gpg, fixture->fingerprint, &error);
	assert_no_error(error);
	assert_true(g_file_set_contents(fixture->key_path, text, -1, NULL));
	sign(gpg, fixture->fingerprint, fixture->unsigned_path, fixture->signed_path);
	sign(gpg, fixture->fingerprint, other_unsigned, fixture->other_path);
	fixture->verifier = kiln_rpmverify_open(fixture->key_path, &error);
	assert_no_error(error);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	kiln_rpmverify_free(fixture->verifier);
	fixture_remove(fixture->directory);
	g_free(fixture->directory);
	g_free(fixture->home);
	g_free(fixture->unsigned_path);
	g_free(fixture->signed_path);
	g_free(fixture->other_path);
	g_free(fixture->fingerprint);
	g_free(fixture->stranger);
	g_free(fixture->key_path);
	g_free(fixture);
	return 0;
}

static char *digest_of(const char *path)
{
	GError *error = NULL;
	char *digest = kiln_digest_of_file(path, NULL, &error);

	assert_no_error(error);
	return digest;
}

static void expect_good(Fixture *fixture, const char *path)
{
	GError *error = NULL;

	kiln_rpmverify_package(fixture->verifier, path, &error);
	assert_no_error(error);
}

static void expect_refusal(Fixture *fixture, const char *path, const char *text)
{
	GError *error = NULL;

	assert_false(kiln_rpmverify_package(fixture->verifier, path, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY));
	if (!strstr(error->message, text) || strchr(error->message, '\n'))
		fail_msg("%s", error->message);
	g_error_free(error);
}

/* ── a package as bytes ── */

typedef struct {
	guint8 *bytes;
	gsize size;
	gsize header_at, payload_at;
} Bytes;

static guint32 number_at(const Bytes *bytes, gsize at)
{
	guint32 number;

	memcpy(&number, bytes->bytes + at, sizeof(number));
	return ntohl(number);
}

static gsize section_end(const Bytes *bytes, gsize at)
{
	assert_int_equal(bytes->bytes[at], 0x8e);
	return at + 16 + 16 * (gsize)number_at(bytes, at + 8) + number_at(bytes, at + 12);
}

static Bytes load(const char *path)
{
	Bytes bytes = {0};

	assert_true(g_file_get_contents(path, (char **)&bytes.bytes, &bytes.size, NULL));
	bytes.header_at = (section_end(&bytes, LEAD_SIZE) + 7) & ~(gsize)7;
	bytes.payload_at = section_end(&bytes, bytes.header_at);
	return bytes;
}

/* Where the index entry of `tag` lies in the signature header. */
static gsize find_entry(const Bytes *bytes, guint32 tag)
{
	guint32 count = number_at(bytes, LEAD_SIZE + 8);

	for (guint32 i = 0; i < count; i++)
		if (number_at(bytes, LEAD_SIZE + 16 + 16 * i) == tag)
			return LEAD_SIZE + 16 + 16 * i;
	fail_msg("no tag %u", tag);
	return 0;
}

/* The data of `tag` in the signature header. */
static guint8 *find_data(const Bytes *bytes, guint32 tag, guint32 *ret_size)
{
	gsize entry = find_entry(bytes, tag);
	gsize store = LEAD_SIZE + 16 + 16 * (gsize)number_at(bytes, LEAD_SIZE + 8);

	if (ret_size)
		*ret_size = number_at(bytes, entry + 12);
	return bytes->bytes + store + number_at(bytes, entry + 8);
}

static char *save(const Fixture *fixture, Bytes *bytes, const char *name)
{
	char *path = path_in(fixture, name);

	assert_true(g_file_set_contents(path, (char *)bytes->bytes, (gssize)bytes->size, NULL));
	g_free(bytes->bytes);
	return path;
}

/* The signature header is signed by nobody: whoever changes the rest can make this fit again. */
static void recompute_md5(Bytes *bytes)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_MD5);
	gsize size = 16;

	g_checksum_update(checksum, bytes->bytes + bytes->header_at,
		(gssize)(bytes->size - bytes->header_at));
	g_checksum_get_digest(checksum, find_data(bytes, TAG_MD5, NULL), &size);
}

/* ── tests ── */

static void test_signs_header_and_payload(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(fixture->signed_path, &error);
	g_autofree char *id = g_ascii_strdown(fixture->fingerprint + 24, -1);
	struct stat status;

	assert_no_error(error);
	expect_good(fixture, fixture->signed_path);
	assert_int_equal(header->signatures->len, 2);
	for (guint i = 0; i < 2; i++) {
		const KilnRpmSignature *signature = g_ptr_array_index(header->signatures, i);

		assert_string_equal(signature->key_id, id);
		assert_string_equal(signature->public_algorithm, "RSA");
		assert_string_equal(signature->digest_algorithm, "SHA256");
		assert_int_equal(signature->covers_payload, i == 1);
	}
	assert_int_equal(stat(fixture->signed_path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
}

/* The rpm command, with a database of its own that holds the key, says the same. */
static void test_rpm_agrees(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *database = path_in(fixture, "rpmdb");
	const char *import[] = {"rpm", "--dbpath", database, "--import", fixture->key_path, NULL};
	const char *check[] = {"rpm", "--dbpath", database, "-Kv", "--define",
		"_pkgverify_level all", "--define", "_pkgverify_flags 0", fixture->signed_path,
		NULL};
	int status = -1;

	fixture_run(import);
	g_autofree char *text = fixture_output(check, &status);
	assert_int_equal(status, 0);
	assert_non_null(strstr(text, "Header V4 RSA/SHA256 Signature"));
	assert_non_null(strstr(text, "\n    V4 RSA/SHA256 Signature"));
	assert_null(strstr(text, "NOKEY"));
}

/* Signing the same again gives the same bytes; an earlier signature, by whomever, is replaced. */
static void test_repeats_itself(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *again = path_in(fixture, "again.rpm");
	g_autofree char *first = digest_of(fixture->signed_path);
	g_autoptr(KilnGpg) gpg = open_home(fixture);

	g_usleep(1100 * 1000); /* into the next second */
	sign(gpg, fixture->fingerprint, fixture->unsigned_path, again);
	g_autofree char *second = digest_of(again);
	assert_string_equal(first, second);
	sign(gpg, fixture->stranger, again, again);
	g_autofree char *strangers = digest_of(again);
	assert_string_not_equal(first, strangers);
	sign(gpg, fixture->fingerprint, again, again);
	expect_good(fixture, again);
}

/* librpmsign would name each package on stdout, where the answer of `kiln --json` goes. */
static void test_writes_nothing_to_stdout(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *target = path_in(fixture, "quiet.rpm");
	g_autofree char *answer = path_in(fixture, "stdout");
	struct stat status;
	g_autoptr(KilnGpg) gpg = open_home(fixture);

	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	int file = g_creat(answer, 0600);
	assert_true(dup2(file, STDOUT_FILENO) >= 0);
	sign(gpg, fixture->fingerprint, fixture->unsigned_path, target);
	sign(gpg, fixture->stranger, target, target);
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	close(file);
	assert_int_equal(stat(answer, &status), 0);
	assert_int_equal(status.st_size, 0);
}

/* What is signed in place is replaced: another name of the old file keeps the old bytes. */
static void test_never_edits_a_shared_file(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *one = path_in(fixture, "link-1.rpm");
	g_autofree char *two = path_in(fixture, "link-2.rpm");
	g_autofree char *before = digest_of(fixture->unsigned_path);
	g_autoptr(KilnGpg) gpg = open_home(fixture);

	assert_int_equal(link(fixture->unsigned_path, one), 0);
	assert_int_equal(link(one, two), 0);
	sign(gpg, fixture->fingerprint, one, one);
	g_autofree char *after = digest_of(two);
	assert_string_equal(before, after);
	expect_good(fixture, one);
	expect_refusal(fixture, two, "it is not signed");
}

static void test_leaves_nothing_beside_the_result(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *target = path_in(fixture, "clean/x.rpm");
	g_autofree char *directory = g_path_get_dirname(target);
	g_autofree char *leftover = g_build_filename(directory, ".signing.abcdef/x.rpm", NULL);
	GError *error = NULL;
	g_autoptr(KilnGpg) gpg = open_home(fixture);

	assert_int_equal(g_mkdir_with_parents(leftover, 0700), 0); /* of a Kiln that was killed */
	sign(gpg, fixture->fingerprint, fixture->unsigned_path, target);
	assert_false(
		kiln_rpmsign_package(gpg, fixture->fingerprint, fixture->key_path, target, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY)); /* no package */
	g_clear_error(&error);
	assert_false(kiln_rpmsign_package(gpg, "0123456789ABCDEF", target, target, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_NOT_FOUND));
	g_clear_error(&error);
	g_auto(GStrv) names = kiln_fs_list(directory, NULL);
	assert_int_equal(g_strv_length(names), 1);
	expect_good(fixture, target);
}

static void test_takes_odd_paths(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *spaced = path_in(fixture, "with space/and \"quote\".rpm");
	g_autofree char *percent = path_in(fixture, "50%/x.rpm");
	g_autoptr(KilnGpg) gpg = open_home(fixture);

	sign(gpg, fixture->fingerprint, fixture->unsigned_path, spaced);
	expect_good(fixture, spaced);
	assert_false(kiln_rpmsign_package(
		gpg, fixture->fingerprint, fixture->unsigned_path, percent, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
	g_clear_error(&error);
}

/* A key that needs a passphrase nobody can give: the message says what to do, the target stays
 * away. */
static void test_tells_of_a_missing_passphrase(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *home = path_in(fixture, "protected");
	g_autofree char *file = path_in(fixture, "passphrase");
	g_autofree char *target = path_in(fixture, "protected.rpm");
	g_autofree char *fingerprint = NULL;
	KilnGpgKeyOptions options = {.uid = "Safe <safe@localhost>", .bits = 2048, .protect = TRUE};
	GError *error = NULL;

	assert_true(g_file_set_contents(file, "open sesame\n", -1, NULL));
	assert_int_equal(chmod(file, 0600), 0);
	KilnGpg *gpg = kiln_gpg_open(home, file, &error);
	assert_true(kiln_gpg_create_key(gpg, &options, &fingerprint, &error));
	sign(gpg, fingerprint, fixture->unsigned_path, target);
	kiln_gpg_free(gpg);
	assert_int_equal(unlink(target), 0);

	gpg = kiln_gpg_open(home, NULL, &error);
	assert_false(
		kiln_rpmsign_package(gpg, fingerprint, fixture->unsigned_path, target, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY));
	assert_non_null(strstr(error->message, "KILN_PASSPHRASE_FILE"));
	assert_false(g_file_test(target, G_FILE_TEST_EXISTS));
	g_error_free(error);
	kiln_gpg_free(gpg);
}

static void test_refuses_the_unsigned(void **state)
{
	Fixture *fixture = *state;

	expect_refusal(fixture, fixture->unsigned_path, "it is not signed");
	expect_refusal(fixture, fixture->key_path, "not an rpm package");
}

static void test_refuses_another_key(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = path_in(fixture, "stranger.rpm");
	g_autoptr(KilnGpg) gpg = open_home(fixture);

	sign(gpg, fixture->stranger, fixture->unsigned_path, path);
	expect_refusal(fixture, path, "another key signed it");
}

/* Signed by the rpmsign command in the ways that are not ours. */
static char *sign_otherwise(Fixture *fixture, const char *digest, gboolean payload)
{
	char *path = path_in(fixture, payload ? "weak.rpm" : "header-only.rpm");
	const char *copy[] = {"cp", fixture->unsigned_path, path, NULL};
	g_autofree char *home = g_strdup_printf("_gpg_path %s", fixture->home);
	g_autofree char *name = g_strdup_printf("_gpg_name %s", fixture->fingerprint);
	g_autofree char *algorithm = g_strdup_printf("_gpg_digest_algo %s", digest);
	g_autofree char *command = g_strdup_printf(
		"__gpg_sign_cmd /usr/bin/env env gpg --batch --no-armor --digest-algo %s "
		"-u %s -sbo %%{__signature_filename}",
		digest, fixture->fingerprint);
	const char *argv[] = {"rpmsign", "-D", home, "-D", name, "-D", algorithm, "-D", command,
		"-D", "_tmppath /tmp", "--addsign", path, payload ? "--rpmv3" : NULL, NULL};
	g_autoptr(KilnGpg) gpg = open_home(fixture);

	fixture_run(copy);
	fixture_run(argv);
	return path;
}

static void test_refuses_a_header_only_signature(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = sign_otherwise(fixture, "sha256", FALSE);

	expect_refusal(fixture, path, "header and payload together are not signed");
}

static void test_refuses_weak_digests(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = sign_otherwise(fixture, "sha1", TRUE);

	expect_refusal(fixture, path, "weaker than SHA-256");
}

/* Every byte region of the package, flipped. */
static void test_refuses_flipped_bytes(void **state)
{
	Fixture *fixture = *state;
	Bytes original = load(fixture->signed_path);
	const gsize places[] = {original.header_at + 9, original.header_at + 20,
		original.payload_at - 1, original.payload_at - 200, original.payload_at,
		original.payload_at + 20, original.size - 1};

	for (guint i = 0; i < G_N_ELEMENTS(places); i++)
		for (int with_md5 = 0; with_md5 < 2; with_md5++) {
			Bytes bytes = load(fixture->signed_path);

			bytes.bytes[places[i]] ^= 1;
			if (with_md5)
				recompute_md5(&bytes);
			g_autofree char *path = save(fixture, &bytes, "flipped.rpm");
			expect_refusal(fixture, path, "flipped.rpm");
		}
	g_free(original.bytes);
}

/* The attack that gets past rpm 4.8 with a header-only signature: another payload, and an MD5
 * that fits. */
static void test_refuses_a_replaced_payload(void **state)
{
	Fixture *fixture = *state;
	Bytes bytes = load(fixture->signed_path);
	Bytes stranger = load(fixture->other_path);
	gsize payload_size = stranger.size - stranger.payload_at;

	bytes.bytes = g_realloc(bytes.bytes, bytes.payload_at + payload_size);
	memcpy(bytes.bytes + bytes.payload_at, stranger.bytes + stranger.payload_at, payload_size);
	bytes.size = bytes.payload_at + payload_size;
	recompute_md5(&bytes);
	g_free(stranger.bytes);
	g_autofree char *path = save(fixture, &bytes, "replaced.rpm");
	expect_refusal(fixture, path, "Payload SHA256 digest: BAD");
}

/* The good header signature stays; the one over header and payload is another package's, or gone.
 */
static void test_needs_both_signatures_to_be_good(void **state)
{
	Fixture *fixture = *state;
	Bytes bytes = load(fixture->signed_path);
	Bytes stranger = load(fixture->other_path);
	guint32 size = 0, other_size = 0;
	guint8 *signature = find_data(&bytes, TAG_SIGPGP, &size);
	const guint8 *theirs = find_data(&stranger, TAG_SIGPGP, &other_size);

	assert_int_equal(size, other_size);
	memcpy(signature, theirs, size);
	g_free(stranger.bytes);
	g_autofree char *swapped = save(fixture, &bytes, "swapped.rpm");
	expect_refusal(fixture, swapped, "BAD");

	for (int i = 0; i < 2; i++) {
		Bytes stripped = load(fixture->signed_path);
		guint32 unknown = htonl(TAG_UNKNOWN);

		memcpy(stripped.bytes + find_entry(&stripped, i ? TAG_RSA : TAG_SIGPGP), &unknown,
			4);
		g_autofree char *path = save(fixture, &stripped, "stripped.rpm");
		expect_refusal(fixture, path, "stripped.rpm");
	}
}

static void test_refuses_what_is_cut_off_or_longer(void **state)
{
	Fixture *fixture = *state;
	Bytes original = load(fixture->signed_path);
	const gsize sizes[] = {
		original.size - 1, original.payload_at, original.header_at + 40, 200, 50, 0};

	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
		Bytes bytes = load(fixture->signed_path);

		bytes.size = sizes[i];
		g_autofree char *path = save(fixture, &bytes, "cut.rpm");
		expect_refusal(fixture, path, "cut.rpm");
	}
	Bytes longer = load(fixture->signed_path);
	longer.size++; /* GLib keeps a NUL there */
	g_autofree char *path = save(fixture, &longer, "longer.rpm");
	expect_refusal(fixture, path, "longer.rpm");
	g_free(original.bytes);
}

static void test_takes_one_key_file(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = path_in(fixture, "two.asc");
	g_autofree char *one = NULL, *two = NULL;
	GError *error = NULL;
	g_autoptr(KilnGpg) gpg = open_home(fixture);

	one = kiln_gpg_export_public(gpg, fixture->fingerprint, &error);
	two = kiln_gpg_export_public(gpg, fixture->stranger, &error);
	g_autofree char *both = g_strconcat(one, two, NULL);
	const char *texts[] = {both, "", "no key\n",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n"};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		assert_true(g_file_set_contents(path, texts[i], -1, NULL));
		assert_null(kiln_rpmverify_open(path, &error));
		assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY));
		g_clear_error(&error);
	}
	/* Two keys in one block. */
	const char *argv[] = {"gpg", "--homedir", fixture->home, "--batch", "--yes", "--armor",
		"--output", path, "--export", NULL};
	fixture_run(argv);
	assert_null(kiln_rpmverify_open(path, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY));
	g_clear_error(&error);
}

/* Neither signing nor verifying made a package database or read the user's configuration. */
static void test_leaves_the_user_alone(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *home = path_in(fixture, "user");
	g_auto(GStrv) names = kiln_fs_list(home, NULL);

	assert_int_equal(g_strv_length(names), 1);
	assert_string_equal(names[0], ".rpmmacros");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signs_header_and_payload),
		cmocka_unit_test(test_rpm_agrees),
		cmocka_unit_test(test_repeats_itself),
		cmocka_unit_test(test_writes_nothing_to_stdout),
		cmocka_unit_test(test_never_edits_a_shared_file),
		cmocka_unit_test(test_leaves_nothing_beside_the_result),
		cmocka_unit_test(test_takes_odd_paths),
		cmocka_unit_test(test_tells_of_a_missing_passphrase),
		cmocka_unit_test(test_refuses_the_unsigned),
		cmocka_unit_test(test_refuses_another_key),
		cmocka_unit_test(test_refuses_a_header_only_signature),
		cmocka_unit_test(test_refuses_weak_digests),
		cmocka_unit_test(test_refuses_flipped_bytes),
		cmocka_unit_test(test_refuses_a_replaced_payload),
		cmocka_unit_test(test_needs_both_signatures_to_be_good),
		cmocka_unit_test(test_refuses_what_is_cut_off_or_longer),
		cmocka_unit_test(test_takes_one_key_file),
		cmocka_unit_test(test_leaves_the_user_alone),
	};

	g_unsetenv("DISPLAY");
	g_unsetenv("WAYLAND_DISPLAY");
	if (!freopen("/dev/null", "r", stdin))
		return 1;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
