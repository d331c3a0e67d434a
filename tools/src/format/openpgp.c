/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/openpgp.h"

#include "base/error.h"

#include <string.h>

#define MAX_BYTES (1 << 20)
#define MAX_PACKETS 4096

/* Packet tags, RFC 4880, 4.3. */
enum { TAG_SIGNATURE = 2, TAG_PUBLIC_KEY = 6, TAG_USER_ID = 13, TAG_PUBLIC_SUBKEY = 14, TAG_USER_ATTRIBUTE = 17 };

/* Bytes to be read; taking more than there are sets `is_short` and gives zeros. */
typedef struct {
	const guint8 *at;
	gsize left;
	gboolean is_short;
} Reader;

static const guint8 *take(Reader *reader, gsize size)
{
	const guint8 *bytes = reader->at;

	if (reader->left < size) {
		reader->is_short = TRUE;
		reader->left = 0;
		return NULL;
	}
	reader->at += size;
	reader->left -= size;
	return bytes;
}

/* A big-endian number of `size` bytes. */
static guint32 take_number(Reader *reader, gsize size)
{
	const guint8 *bytes = take(reader, size);
	guint32 number = 0;

	for (gsize i = 0; bytes && i < size; i++)
		number = number << 8 | bytes[i];
	return number;
}

static Reader take_reader(Reader *reader, gsize size)
{
	const guint8 *bytes = take(reader, size);

	return (Reader){.at = bytes, .left = bytes ? size : 0};
}

/* ── names ── */

typedef struct {
	guint number;
	const char *name;
} Name;

static char *name_of(const Name *names, guint number)
{
	for (; names->name; names++)
		if (names->number == number)
			return g_strdup(names->name);
	return g_strdup_printf("unknown-%u", number);
}

static const Name digest_names[] = {{1, "md5"}, {2, "sha1"}, {3, "ripemd160"}, {8, "sha256"}, {9, "sha384"},
	{10, "sha512"}, {11, "sha224"}, {12, "sha3-256"}, {14, "sha3-512"}, {0, NULL}};
static const Name signature_names[] = {{1, "rsa"}, {3, "rsa"}, {17, "dsa"}, {19, "ecdsa"}, {22, "eddsa"},
	{27, "eddsa"}, {28, "eddsa"}, {0, NULL}};
static const Name key_names[] = {{1, "rsa"}, {2, "rsa"}, {3, "rsa"}, {16, "elgamal"}, {17, "dsa"}, {25, "x25519"},
	{26, "x448"}, {27, "ed25519"}, {28, "ed448"}, {0, NULL}};

/* Object identifiers of curves (RFC 6637, 11; RFC 9580, 9.2), as they stand in the packet. */
static const struct {
	const char *oid;
	gsize length;
	const char *name;
	guint bits;
} curves[] = {
	{"\x2b\x06\x01\x04\x01\xda\x47\x0f\x01", 9, "ed25519", 255},
	{"\x2b\x65\x70", 3, "ed25519", 255},
	{"\x2b\x65\x71", 3, "ed448", 448},
	{"\x2b\x06\x01\x04\x01\x97\x55\x01\x05\x01", 10, "cv25519", 255},
	{"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8, "nistp256", 256},
	{"\x2b\x81\x04\x00\x22", 5, "nistp384", 384},
	{"\x2b\x81\x04\x00\x23", 5, "nistp521", 521},
	{"\x2b\x24\x03\x03\x02\x08\x01\x01\x07", 9, "brainpoolP256r1", 256},
	{"\x2b\x24\x03\x03\x02\x08\x01\x01\x0b", 9, "brainpoolP384r1", 384},
	{"\x2b\x24\x03\x03\x02\x08\x01\x01\x0d", 9, "brainpoolP512r1", 512},
};

static char *hex(const guint8 *bytes, gsize size, gboolean is_upper)
{
	GString *text = g_string_new(NULL);

	for (gsize i = 0; i < size; i++)
		g_string_append_printf(text, is_upper ? "%02X" : "%02x", bytes[i]);
	return g_string_free(text, FALSE);
}

static void set_text(char **field, char *text)
{
	g_free(*field);
	*field = text;
}

/* ── keys ── */

static void free_key(gpointer data)
{
	KilnPgpKey *key = data;

	g_free(key->algorithm);
	g_free(key->key_id);
	g_free(key->fingerprint);
	g_free(key->signature_digest);
	g_free(key);
}

/* Algorithms 18, 19 and 22 name a curve. */
static void read_curve(Reader *reader, KilnPgpKey *key)
{
	gsize length = take_number(reader, 1);
	const guint8 *oid = take(reader, length);

	set_text(&key->algorithm, g_strdup("unknown-curve"));
	for (gsize i = 0; oid && i < G_N_ELEMENTS(curves); i++) {
		if (curves[i].length != length || memcmp(curves[i].oid, oid, length) != 0)
			continue;
		set_text(&key->algorithm, g_strdup(curves[i].name));
		key->bits = curves[i].bits;
	}
}

static void read_algorithm(Reader *reader, KilnPgpKey *key)
{
	guint algorithm = take_number(reader, 1);

	key->algorithm = name_of(key_names, algorithm);
	if (key->version > 4)
		take(reader, 4);
	/* Without flags, a key may do what its algorithm can. */
	key->can_sign = algorithm == 1 || algorithm == 3 || algorithm == 17 || algorithm == 19 || algorithm == 22 ||
		algorithm == 27 || algorithm == 28;
	if (algorithm == 18 || algorithm == 19 || algorithm == 22)
		read_curve(reader, key);
	else if (algorithm == 25 || algorithm == 27)
		key->bits = 255;
	else if (algorithm == 26 || algorithm == 28)
		key->bits = 448;
	else if (algorithm >= 1 && algorithm <= 17)
		key->bits = take_number(reader, 2); /* of the first number: modulus or prime */
}

/* RFC 4880, 12.2. */
static void name_key(const Reader *body, KilnPgpKey *key)
{
	const guint8 head[] = {0x99, (guint8)(body->left >> 8), (guint8)body->left};
	g_autoptr(GChecksum) sha1 = g_checksum_new(G_CHECKSUM_SHA1);
	guint8 digest[20];
	gsize size = sizeof(digest);
	gboolean is_known = key->version == 4 && body->left <= 0xffff;

	g_checksum_update(sha1, head, sizeof(head));
	g_checksum_update(sha1, body->at, (gssize)body->left);
	g_checksum_get_digest(sha1, digest, &size);
	key->fingerprint = is_known ? hex(digest, 20, TRUE) : g_strdup("");
	key->key_id = is_known ? hex(digest + 12, 8, FALSE) : g_strdup("");
}

static const char *read_key(Reader body, gboolean is_subkey, KilnPgpFile *file)
{
	KilnPgpKey *key = g_new0(KilnPgpKey, 1);
	Reader reader = body;

	g_ptr_array_add(file->keys, key);
	key->is_subkey = is_subkey;
	key->version = take_number(&reader, 1);
	key->created = take_number(&reader, 4);
	if (key->version < 4)
		take(&reader, 2); /* days it is valid */
	read_algorithm(&reader, key);
	name_key(&body, key);
	key->signature_digest = g_strdup("");
	return reader.is_short ? "a key in it is cut off" : NULL;
}

/* ── signatures ── */

typedef struct {
	KilnPgpSignature common;
	guint flags;
	gboolean has_flags;
	gint64 lifetime; /* of the key; 0: for ever */
} Signature;

static void clear_signature(Signature *signature)
{
	g_free(signature->common.algorithm);
	g_free(signature->common.digest);
	g_free(signature->common.key_id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Signature, clear_signature)

static void free_signature(gpointer data)
{
	KilnPgpSignature *signature = data;

	g_free(signature->algorithm);
	g_free(signature->digest);
	g_free(signature->key_id);
	g_free(signature);
}

static gsize take_subpacket_length(Reader *reader)
{
	guint first = take_number(reader, 1);

	if (first < 192)
		return first;
	if (first < 255)
		return ((first - 192) << 8) + take_number(reader, 1) + 192;
	return take_number(reader, 4);
}

/* One of RFC 4880, 5.2.3. */
static void read_subpacket(Reader packet, Signature *signature)
{
	KilnPgpSignature *common = &signature->common;
	guint type = take_number(&packet, 1) & 0x7f;
	gsize size = packet.left;

	switch (type) {
	case 2:
		common->created = take_number(&packet, 4);
		break;
	case 9:
		signature->lifetime = take_number(&packet, 4);
		break;
	case 16:
		if (size == 8)
			set_text(&common->key_id, hex(packet.at, 8, FALSE));
		break;
	case 27:
		signature->has_flags = TRUE;
		signature->flags = size > 0 ? take_number(&packet, 1) : 0;
		break;
	case 33: /* issuer's fingerprint: version, then 20 bytes of which the last 8 are the key id */
		if (size == 21 && !*common->key_id)
			set_text(&common->key_id, hex(packet.at + 13, 8, FALSE));
		break;
	default:
		break;
	}
}

static gboolean read_subpackets(Reader *reader, gsize length_size, Signature *signature)
{
	Reader area = take_reader(reader, take_number(reader, length_size));

	while (area.left > 0 && !area.is_short)
		read_subpacket(take_reader(&area, take_subpacket_length(&area)), signature);
	return !area.is_short;
}

static const char *read_old_signature(Reader *reader, Signature *signature)
{
	static const char fault[] = "a signature in it is cut off";
	KilnPgpSignature *common = &signature->common;
	const guint8 *id;

	take(reader, 1); /* length of what is hashed */
	common->type = take_number(reader, 1);
	common->created = take_number(reader, 4);
	id = take(reader, 8);
	if (id)
		set_text(&common->key_id, hex(id, 8, FALSE));
	common->algorithm = name_of(signature_names, take_number(reader, 1));
	common->digest = name_of(digest_names, take_number(reader, 1));
	return reader->is_short ? fault : NULL;
}

static const char *parse_signature(Reader reader, Signature *signature)
{
	KilnPgpSignature *common = &signature->common;
	gsize length_size;

	common->key_id = g_strdup("");
	common->version = take_number(&reader, 1);
	if (common->version < 4)
		return read_old_signature(&reader, signature);
	length_size = common->version > 5 ? 4 : 2;
	common->type = take_number(&reader, 1);
	common->algorithm = name_of(signature_names, take_number(&reader, 1));
	common->digest = name_of(digest_names, take_number(&reader, 1));
	if (!read_subpackets(&reader, length_size, signature) ||
		!read_subpackets(&reader, length_size, signature) || reader.is_short)
		return "a signature in it is cut off";
	return NULL;
}

/* The key that a signature of a key file is about: the last one, or the primary key before it. */
static KilnPgpKey *subject_of(const KilnPgpFile *file, guint type)
{
	gboolean is_of_subkey = type == 0x18 || type == 0x28;

	for (guint i = file->keys->len; i-- > 0;) {
		KilnPgpKey *key = file->keys->pdata[i];
		if (!key->is_subkey || is_of_subkey)
			return key;
	}
	return NULL;
}

static const char *primary_id(const KilnPgpFile *file)
{
	const KilnPgpKey *key = subject_of(file, 0);

	return key ? key->key_id : "";
}

/* Certifications of user ids, direct signatures and bindings say what a key is for and how long. */
static void apply_signature(const KilnPgpFile *file, const Signature *signature)
{
	const KilnPgpSignature *common = &signature->common;
	KilnPgpKey *key = subject_of(file, common->type);
	gboolean is_statement = (common->type >= 0x10 && common->type <= 0x13) || common->type == 0x18 ||
		common->type == 0x1f;

	/* Others may have signed it too. */
	if (!key || !g_str_equal(common->key_id, primary_id(file)))
		return;
	if (common->type == 0x20 || common->type == 0x28)
		key->is_revoked = TRUE;
	if (common->type >= 0x10 && common->type <= 0x13)
		key->is_certified = key->has_user_id;
	if (!is_statement || common->created < key->signature_created)
		return;
	key->signature_created = common->created;
	set_text(&key->signature_digest, g_strdup(common->digest));
	key->expires = signature->lifetime > 0 ? key->created + signature->lifetime : 0;
	if (signature->has_flags)
		key->can_sign = (signature->flags & 2) != 0;
}

static const char *read_signature(Reader body, KilnPgpFile *file)
{
	g_auto(Signature) signature = {0};
	const char *fault = parse_signature(body, &signature);

	if (fault)
		return fault;
	if (file->keys->len > 0) {
		apply_signature(file, &signature);
		return NULL;
	}
	KilnPgpSignature *kept = g_new0(KilnPgpSignature, 1);
	*kept = signature.common;
	signature.common = (KilnPgpSignature){0};
	g_ptr_array_add(file->signatures, kept);
	return NULL;
}

/* ── packets ── */

static gsize take_new_length(Reader *reader)
{
	guint first = take_number(reader, 1);

	if (first >= 224 && first < 255)
		reader->is_short = TRUE; /* partial lengths are for data, not for keys and signatures */
	if (first < 192)
		return first;
	return first < 255 ? ((first - 192) << 8) + take_number(reader, 1) + 192 : take_number(reader, 4);
}

static gsize take_old_length(Reader *reader, guint kind)
{
	return kind == 3 ? reader->left : take_number(reader, (gsize)1 << kind);
}

/* Takes over a packet of a certificate, in the form every reader knows: others might see more in what is left out
 * (compressed packets hold packets), or in a length that means "the rest". */
static void keep_packet(KilnPgpFile *file, guint tag, const Reader *body)
{
	const guint8 head[] = {(guint8)(0xc0 | tag), 0xff, (guint8)(body->left >> 24), (guint8)(body->left >> 16),
		(guint8)(body->left >> 8), (guint8)body->left};

	if (file->keys->len == 0 || (tag != TAG_PUBLIC_KEY && tag != TAG_PUBLIC_SUBKEY && tag != TAG_SIGNATURE &&
					    tag != TAG_USER_ID && tag != TAG_USER_ATTRIBUTE))
		return;
	g_byte_array_append(file->certificates, head, sizeof(head));
	g_byte_array_append(file->certificates, body->at, (guint)body->left);
}

static void note_user_id(const KilnPgpFile *file)
{
	KilnPgpKey *key = subject_of(file, 0);

	if (key)
		key->has_user_id = TRUE;
}

static const char *read_body(guint tag, Reader body, KilnPgpFile *file)
{
	if (tag == TAG_SIGNATURE)
		return read_signature(body, file);
	if (tag == TAG_PUBLIC_KEY || tag == TAG_PUBLIC_SUBKEY)
		return read_key(body, tag == TAG_PUBLIC_SUBKEY, file);
	if (tag == TAG_USER_ID)
		note_user_id(file);
	if (tag == 5 || tag == 7)
		return "it holds a secret key; export the public key and remove this file";
	return NULL;
}

static const char *read_packet(Reader *reader, KilnPgpFile *file)
{
	const char *fault;
	guint head = take_number(reader, 1);
	gboolean is_new = (head & 0x40) != 0;
	guint tag = is_new ? head & 0x3f : (head & 0x3c) >> 2;
	gsize length = is_new ? take_new_length(reader) : take_old_length(reader, head & 3);
	Reader body = take_reader(reader, length);

	if ((head & 0x80) == 0)
		return "it is neither an OpenPGP key nor a signature";
	if (reader->is_short)
		return "its last packet is cut off";
	fault = read_body(tag, body, file);
	if (!fault)
		keep_packet(file, tag, &body);
	return fault;
}

static const char *read_packets(Reader reader, KilnPgpFile *file)
{
	const char *fault = reader.left == 0 ? "it is empty" : NULL;

	for (guint count = 0; !fault && reader.left > 0; count++)
		fault = count < MAX_PACKETS ? read_packet(&reader, file) : "it has more than 4096 packets";
	if (!fault && file->keys->len + file->signatures->len == 0)
		fault = "it holds neither a public key nor a signature";
	return fault;
}

/* What there is of packets around armoured blocks: GnuPG would take those, others the blocks. */
static const char *find_binary(const char *bytes, gsize size)
{
	gboolean is_binary = size > 0 && (bytes[0] & 0x80);

	for (gsize i = 0; i < size && !is_binary; i++)
		is_binary = g_ascii_iscntrl(bytes[i]) && !g_ascii_isspace(bytes[i]);
	return is_binary ? "it holds binary data and an armoured block, and readers differ in which of them counts" : NULL;
}

KilnPgpFile *kiln_openpgp_parse(const char *bytes, gsize size, const char *filename, GError **error)
{
	g_autoptr(KilnPgpFile) file = g_new0(KilnPgpFile, 1);
	g_autoptr(GByteArray) packets = g_byte_array_new();
	const char *fault = size > MAX_BYTES ? "it is larger than 1 MiB" : NULL;
	Reader reader = {.at = (const guint8 *)bytes, .left = size};

	file->keys = g_ptr_array_new_with_free_func(free_key);
	file->signatures = g_ptr_array_new_with_free_func(free_signature);
	file->certificates = g_byte_array_new();
	if (!fault && kiln_openpgp_read_armour(bytes, size, &file->armour, packets, &fault) &&
		file->armour.blocks > 0 && !(fault = find_binary(bytes, size)))
		reader = (Reader){.at = packets->data, .left = packets->len};
	if (!fault)
		fault = read_packets(reader, file);
	if (!fault)
		return g_steal_pointer(&file);
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\": %s", filename, fault);
	return NULL;
}

void kiln_openpgp_free(KilnPgpFile *file)
{
	if (!file)
		return;
	g_clear_pointer(&file->keys, g_ptr_array_unref);
	g_clear_pointer(&file->signatures, g_ptr_array_unref);
	g_clear_pointer(&file->certificates, g_byte_array_unref);
	g_free(file);
}

guint kiln_openpgp_count_primary(const KilnPgpFile *file)
{
	guint count = 0;

	for (guint i = 0; i < file->keys->len; i++)
		count += !((const KilnPgpKey *)file->keys->pdata[i])->is_subkey;
	return count;
}
