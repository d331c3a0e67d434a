/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmheader.h"

#include "lib/rpmfile.h"

#include <rpm/header.h>
#include <rpm/rpmds.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmpgp.h>
#include <rpm/rpmtd.h>
#include <rpm/rpmtag.h>
#include <string.h>
#include <sys/stat.h>

static char *take_string(Header header, rpmTagVal tag)
{
	const char *text = headerGetString(header, tag);

	return g_strdup(text ? text : "");
}

/* A text with translations: the untranslated one, whatever the caller's locale is. */
static char *take_untranslated(Header header, rpmTagVal tag)
{
	struct rpmtd_s data;
	const char *text = NULL;

	if (headerGet(header, tag, &data, HEADERGET_MINMEM | HEADERGET_RAW)) {
		rpmtdInit(&data);
		text = rpmtdNextString(&data);
	}
	char *copy = g_strdup(text ? text : "");
	if (text)
		rpmtdFreeData(&data);
	return copy;
}

static guint64 take_size(Header header)
{
	guint64 size = headerGetNumber(header, RPMTAG_LONGSIZE);

	return size ? size : headerGetNumber(header, RPMTAG_SIZE);
}

/* Those that have one of `flags`; 0: all. */
static char **take_dependencies(Header header, rpmTagVal name_tag, rpmsenseFlags flags)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	rpmds dependencies = rpmdsNew(header, name_tag, 0);

	while (rpmdsNext(dependencies) >= 0)
		if (flags == 0 || (rpmdsFlags(dependencies) & flags) != 0)
			g_ptr_array_add(
				texts, g_strdup(rpmdsDNEVR(dependencies) + 2)); /* skips "R " */
	rpmdsFree(dependencies);
	g_ptr_array_add(texts, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
}

static void free_file(gpointer data)
{
	KilnRpmFile *file = data;

	g_free(file->path);
	g_free(file->user);
	g_free(file->group);
	g_free(file->digest);
	g_free(file->link);
	g_free(file);
}

static char *hex_digest(rpmfiles files, int index)
{
	static const char hex[] = "0123456789abcdef";
	size_t size = 0;
	const unsigned char *digest = rpmfilesFDigest(files, index, NULL, &size);
	GString *text = g_string_new(NULL);

	for (size_t i = 0; digest && i < size; i++) {
		g_string_append_c(text, hex[digest[i] >> 4]);
		g_string_append_c(text, hex[digest[i] & 15]);
	}
	return g_string_free(text, FALSE);
}

static KilnRpmFile *new_file(rpmfiles files, int index)
{
	KilnRpmFile *file = g_new0(KilnRpmFile, 1);
	char *path = rpmfilesFN(files, index);
	const char *link = rpmfilesFLink(files, index);

	file->path = g_strdup(path);
	file->user = g_strdup(rpmfilesFUser(files, index));
	file->group = g_strdup(rpmfilesFGroup(files, index));
	file->digest =
		S_ISREG(rpmfilesFMode(files, index)) ? hex_digest(files, index) : g_strdup("");
	file->link = g_strdup(link ? link : "");
	file->size = rpmfilesFSize(files, index);
	file->mtime = rpmfilesFMtime(files, index);
	file->mode = rpmfilesFMode(files, index);
	file->flags = rpmfilesFFlags(files, index);
	free(path);
	return file;
}

static GPtrArray *take_files(Header header)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(free_file);
	rpmfiles files = rpmfilesNew(NULL, header, RPMTAG_BASENAMES, 0);
	int count = (int)rpmfilesFC(files);

	for (int i = 0; i < count; i++)
		g_ptr_array_add(list, new_file(files, i));
	rpmfilesFree(files);
	return list;
}

static void free_change(gpointer data)
{
	KilnRpmChange *change = data;

	g_free(change->author);
	g_free(change->text);
	g_free(change);
}

static GPtrArray *take_changes(Header header)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(free_change);
	struct rpmtd_s times, authors, texts;

	headerGet(header, RPMTAG_CHANGELOGTIME, &times, HEADERGET_MINMEM);
	headerGet(header, RPMTAG_CHANGELOGNAME, &authors, HEADERGET_MINMEM);
	headerGet(header, RPMTAG_CHANGELOGTEXT, &texts, HEADERGET_MINMEM);
	while (rpmtdNext(&times) >= 0 && rpmtdNext(&authors) >= 0 && rpmtdNext(&texts) >= 0) {
		KilnRpmChange *change = g_new0(KilnRpmChange, 1);

		change->time = (gint64)rpmtdGetNumber(&times);
		change->author = g_strdup(rpmtdGetString(&authors));
		change->text = g_strdup(rpmtdGetString(&texts));
		g_ptr_array_add(list, change);
	}
	rpmtdFreeData(&times);
	rpmtdFreeData(&authors);
	rpmtdFreeData(&texts);
	return list;
}

static void free_signature(gpointer data)
{
	KilnRpmSignature *signature = data;

	g_free(signature->key_id);
	g_free(signature->public_algorithm);
	g_free(signature->digest_algorithm);
	g_free(signature);
}

static char *format_key_id(const uint8_t *id)
{
	GString *text = g_string_new(NULL);

	for (int i = 0; id && i < 8; i++)
		g_string_append_printf(text, "%02x", id[i]);
	return g_string_free(text, FALSE);
}

static KilnRpmSignature *new_signature(const struct rpmtd_s *data, gboolean covers_payload)
{
	pgpDigParams packet = NULL;

	if (pgpPrtParams(data->data, data->count, PGPTAG_SIGNATURE, &packet) != 0 || !packet)
		return NULL;
	KilnRpmSignature *signature = g_new0(KilnRpmSignature, 1);
	unsigned int public_algorithm = pgpDigParamsAlgo(packet, PGPVAL_PUBKEYALGO);
	unsigned int digest_algorithm = pgpDigParamsAlgo(packet, PGPVAL_HASHALGO);

	signature->key_id = format_key_id(pgpDigParamsSignID(packet));
	signature->public_algorithm = g_strdup(pgpValString(PGPVAL_PUBKEYALGO, public_algorithm));
	signature->digest_algorithm = g_strdup(pgpValString(PGPVAL_HASHALGO, digest_algorithm));
	signature->created = pgpDigParamsCreationTime(packet);
	signature->covers_payload = covers_payload;
	pgpDigParamsFree(packet);
	return signature;
}

static GPtrArray *take_signatures(Header header)
{
	static const struct {
		rpmTagVal tag;
		gboolean covers_payload;
	} places[] = {
		{RPMTAG_RSAHEADER, FALSE},
		{RPMTAG_DSAHEADER, FALSE},
		{RPMTAG_SIGPGP, TRUE},
		{RPMTAG_SIGGPG, TRUE},
	};
	GPtrArray *list = g_ptr_array_new_with_free_func(free_signature);

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		struct rpmtd_s data;

		if (!headerGet(header, places[i].tag, &data, HEADERGET_MINMEM))
			continue;
		KilnRpmSignature *signature = new_signature(&data, places[i].covers_payload);
		if (signature)
			g_ptr_array_add(list, signature);
		rpmtdFreeData(&data);
	}
	return list;
}

/* rpm names no compressor in two cases: no compression, then it states no level either, and gzip
 * in packages of old. */
static char *take_compressor(Header header)
{
	const char *name = headerGetString(header, RPMTAG_PAYLOADCOMPRESSOR);
	const char *flags = headerGetString(header, RPMTAG_PAYLOADFLAGS);

	if (name)
		return g_strdup(name);
	return g_strdup(flags && *flags ? "gzip" : "");
}

/* rpm's numbers are those of OpenPGP; packages of old that name none have MD5. */
static char *take_file_digest_algorithm(Header header)
{
	static const struct {
		guint64 number;
		const char *name;
	} names[] = {{0, "md5"}, {1, "md5"}, {2, "sha1"}, {8, "sha256"}, {9, "sha384"}, {10, "sha512"},
		{11, "sha224"}};
	guint64 number = headerGetNumber(header, RPMTAG_FILEDIGESTALGO);

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (names[i].number == number)
			return g_strdup(names[i].name);
	return g_strdup_printf("unknown-%" G_GUINT64_FORMAT, number);
}

static void free_scriptlet(gpointer data)
{
	KilnRpmScriptlet *scriptlet = data;

	g_free(scriptlet->name);
	g_free(scriptlet->program);
	g_free(scriptlet);
}

typedef struct {
	const char *name;
	rpmTagVal program, text;
	gboolean is_file_trigger;
} ScriptletTags;

/* The texts of triggers lie side by side with their programs; other scriptlets are one text, and their program may come
 * with arguments, which are further strings. */
static void take_scriptlet(Header header, const ScriptletTags *tags, GPtrArray *list)
{
	gboolean is_trigger = strstr(tags->name, "trigger") != NULL;
	struct rpmtd_s programs, texts;

	if (!headerGet(header, tags->program, &programs, HEADERGET_MINMEM))
		return;
	headerGet(header, tags->text, &texts, HEADERGET_MINMEM);
	for (const char *program; (program = rpmtdNextString(&programs));) {
		const char *text = rpmtdNextString(&texts);
		KilnRpmScriptlet *scriptlet = g_new0(KilnRpmScriptlet, 1);

		scriptlet->name = g_strdup(tags->name);
		scriptlet->program = g_strdup(program);
		scriptlet->has_text = text && *text;
		scriptlet->is_file_trigger = tags->is_file_trigger;
		g_ptr_array_add(list, scriptlet);
		if (!is_trigger)
			break;
	}
	rpmtdFreeData(&programs);
	rpmtdFreeData(&texts);
}

static GPtrArray *take_scriptlets(Header header)
{
	static const ScriptletTags tags[] = {
		{"%pretrans", RPMTAG_PRETRANSPROG, RPMTAG_PRETRANS, FALSE},
		{"%pre", RPMTAG_PREINPROG, RPMTAG_PREIN, FALSE},
		{"%post", RPMTAG_POSTINPROG, RPMTAG_POSTIN, FALSE},
		{"%preun", RPMTAG_PREUNPROG, RPMTAG_PREUN, FALSE},
		{"%postun", RPMTAG_POSTUNPROG, RPMTAG_POSTUN, FALSE},
		{"%posttrans", RPMTAG_POSTTRANSPROG, RPMTAG_POSTTRANS, FALSE},
		{"%verifyscript", RPMTAG_VERIFYSCRIPTPROG, RPMTAG_VERIFYSCRIPT, FALSE},
		{"%trigger", RPMTAG_TRIGGERSCRIPTPROG, RPMTAG_TRIGGERSCRIPTS, FALSE},
		{"%filetrigger", RPMTAG_FILETRIGGERSCRIPTPROG, RPMTAG_FILETRIGGERSCRIPTS, TRUE},
		{"%transfiletrigger", RPMTAG_TRANSFILETRIGGERSCRIPTPROG, RPMTAG_TRANSFILETRIGGERSCRIPTS, TRUE},
	};
	GPtrArray *list = g_ptr_array_new_with_free_func(free_scriptlet);

	for (gsize i = 0; i < G_N_ELEMENTS(tags); i++)
		take_scriptlet(header, &tags[i], list);
	return list;
}

static void take_identity(Header header, KilnRpmHeader *values)
{
	values->name = take_string(header, RPMTAG_NAME);
	values->version = take_string(header, RPMTAG_VERSION);
	values->release = take_string(header, RPMTAG_RELEASE);
	values->epoch = (guint32)headerGetNumber(header, RPMTAG_EPOCH);
	values->is_source = headerIsSource(header);
	values->arch = values->is_source ? g_strdup("src") : take_string(header, RPMTAG_ARCH);

	g_autofree char *epoch =
		values->epoch ? g_strdup_printf("%u:", values->epoch) : g_strdup("");
	values->nevra = g_strdup_printf("%s-%s%s-%s.%s", values->name, epoch, values->version,
		values->release, values->arch);
}

static void take_description(Header header, KilnRpmHeader *values)
{
	values->summary = take_untranslated(header, RPMTAG_SUMMARY);
	values->description = take_untranslated(header, RPMTAG_DESCRIPTION);
	values->group = take_untranslated(header, RPMTAG_GROUP);
	values->license = take_string(header, RPMTAG_LICENSE);
	values->url = take_string(header, RPMTAG_URL);
	values->vendor = take_string(header, RPMTAG_VENDOR);
	values->packager = take_string(header, RPMTAG_PACKAGER);
	values->build_host = take_string(header, RPMTAG_BUILDHOST);
	values->source_rpm = take_string(header, RPMTAG_SOURCERPM);
	values->payload_compressor = take_compressor(header);
	values->file_digest_algorithm = take_file_digest_algorithm(header);
	values->has_payload_digest = headerIsEntry(header, RPMTAG_PAYLOADDIGEST);
	values->installed_size = take_size(header);
	values->build_time = (gint64)headerGetNumber(header, RPMTAG_BUILDTIME);
}

KilnRpmHeader *kiln_rpmheader_read(const char *path, GError **error)
{
	Header header = kiln_rpmfile_read_header(path, error);

	if (!header)
		return NULL;
	KilnRpmHeader *values = g_new0(KilnRpmHeader, 1);
	take_identity(header, values);
	take_description(header, values);
	values->provides = take_dependencies(header, RPMTAG_PROVIDENAME, 0);
	values->requires = take_dependencies(header, RPMTAG_REQUIRENAME, 0);
	values->conflicts = take_dependencies(header, RPMTAG_CONFLICTNAME, 0);
	values->obsoletes = take_dependencies(header, RPMTAG_OBSOLETENAME, 0);
	values->recommends = take_dependencies(header, RPMTAG_RECOMMENDNAME, 0);
	values->suggests = take_dependencies(header, RPMTAG_SUGGESTNAME, 0);
	values->supplements = take_dependencies(header, RPMTAG_SUPPLEMENTNAME, 0);
	values->enhances = take_dependencies(header, RPMTAG_ENHANCENAME, 0);
	values->generated_provides = take_dependencies(
		header, RPMTAG_PROVIDENAME, RPMSENSE_FIND_PROVIDES | RPMSENSE_CONFIG);
	values->generated_requires = take_dependencies(
		header, RPMTAG_REQUIRENAME, RPMSENSE_FIND_REQUIRES | RPMSENSE_CONFIG);
	values->files = take_files(header);
	values->changes = take_changes(header);
	values->scriptlets = take_scriptlets(header);
	values->signatures = take_signatures(header);
	headerFree(header);
	return values;
}

static void free_texts(KilnRpmHeader *values)
{
	char *texts[] = {values->name, values->version, values->release, values->arch,
		values->nevra, values->summary, values->description, values->license, values->url,
		values->group, values->vendor, values->packager, values->build_host,
		values->source_rpm, values->payload_compressor,
		values->file_digest_algorithm};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
}

void kiln_rpmheader_free(KilnRpmHeader *values)
{
	if (!values)
		return;
	char **lists[] = {values->provides, values->requires, values->conflicts, values->obsoletes,
		values->recommends, values->suggests, values->supplements, values->enhances,
		values->generated_provides, values->generated_requires};

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		g_strfreev(lists[i]);
	free_texts(values);
	g_ptr_array_unref(values->files);
	g_ptr_array_unref(values->changes);
	g_ptr_array_unref(values->scriptlets);
	g_ptr_array_unref(values->signatures);
	g_free(values);
}
