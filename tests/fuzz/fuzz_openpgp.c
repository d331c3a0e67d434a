/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever is taken as a key file or signature has named all its parts, the first key of a file is a primary key or
 * some key is none, and putting an armour around the same bytes changes nothing; every refusal names the file in one
 * line.
 */
#include "format/openpgp.h"

#include <stdint.h>
#include <string.h>

static void check(gboolean condition, const char *what)
{
	if (!condition)
		g_error("%s", what);
}

static void check_key(const KilnPgpKey *key)
{
	gsize length = strlen(key->fingerprint);

	check(*key->algorithm != '\0', "a key without an algorithm");
	check(length == (key->version == 4 ? 40 : 0) || (key->version == 4 && length == 0), "an odd fingerprint");
	check(strlen(key->key_id) == (length ? 16 : 0), "an odd key id");
	check(key->expires == 0 || key->expires > key->created, "a key that expires before it is made");
}

static void check_file(const KilnPgpFile *file)
{
	check(file->keys->len + file->signatures->len > 0, "a file of nothing");
	check(kiln_openpgp_count_primary(file) <= file->keys->len, "more primary keys than keys");
	for (guint i = 0; i < file->keys->len; i++)
		check_key(g_ptr_array_index(file->keys, i));
	for (guint i = 0; i < file->signatures->len; i++) {
		const KilnPgpSignature *signature = g_ptr_array_index(file->signatures, i);
		check(*signature->algorithm && *signature->digest, "a signature without algorithms");
		check(*signature->key_id == '\0' || strlen(signature->key_id) == 16, "an odd key id");
	}
}

static void check_same(const KilnPgpFile *one, const KilnPgpFile *two)
{
	check(one->keys->len == two->keys->len && one->signatures->len == two->signatures->len, "the armour changed it");
	for (guint i = 0; i < one->keys->len; i++) {
		const KilnPgpKey *first = g_ptr_array_index(one->keys, i), *second = g_ptr_array_index(two->keys, i);
		check(g_str_equal(first->fingerprint, second->fingerprint) && first->bits == second->bits &&
				first->can_sign == second->can_sign && first->expires == second->expires,
			"a key changed in the armour");
	}
}

/* Binary packets read the same inside an armour without a checksum. */
static void check_armoured(const uint8_t *data, size_t size, const KilnPgpFile *file)
{
	g_autofree char *base64 = g_base64_encode(data, size);
	g_autofree char *text = g_strdup_printf("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n%s\n"
						"-----END PGP PUBLIC KEY BLOCK-----\n", base64);
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnPgpFile) again = NULL;

	if (strlen(text) > 1 << 20 || strlen(base64) == 4)
		return;
	again = kiln_openpgp_parse(text, strlen(text), "again", &error);
	check(again != NULL, error ? error->message : "");
	check(again->armour.blocks == 1 && !again->armour.has_checksum, "another form");
	check_same(file, again);
}

/* The certificates of a file hold its keys, and no more. */
static void check_certificates(const KilnPgpFile *file)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnPgpFile) again = NULL;

	check((file->keys->len == 0) == (file->certificates->len == 0), "certificates without keys, or the reverse");
	if (file->keys->len == 0 || file->certificates->len > 1 << 20)
		return;
	again = kiln_openpgp_parse((const char *)file->certificates->data, file->certificates->len, "kept", &error);
	check(again != NULL, error ? error->message : "");
	check(again->keys->len == file->keys->len && again->certificates->len == file->certificates->len,
		"certificates of other keys");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnPgpFile) file = kiln_openpgp_parse((const char *)data, size, "file", &error);

	check((file == NULL) == (error != NULL), "neither a result nor an error");
	check(!error || g_str_has_prefix(error->message, "\"file\": "), "an error without the file");
	check(!error || !strchr(error->message, '\n'), "an error of several lines");
	if (!file)
		return 0;
	check_file(file);
	check_certificates(file);
	if (file->armour.blocks == 0)
		check_armoured(data, size, file);
	return 0;
}
