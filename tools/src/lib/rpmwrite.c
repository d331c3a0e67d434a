/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmwrite.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fs.h"
#include "lib/rpmblob.h"
#include "lib/rpmpayload.h"
#include "model/capability.h"

#include <rpm/rpmfiles.h>
#include <rpm/rpmtag.h>
#include <string.h>
#include <sys/stat.h>

#define ZSTD_LEVEL 3
#define ELF64_COLOUR 2
#define LEAD_SIZE 96

/* What the header says of each file, one array a tag. */
typedef struct {
	guint count;
	const KilnRpmFile **files; /* sorted; hard links resolved in `content` */
	const KilnRpmFile **content;
	guint32 *inodes, *links;
	guint64 size;
} Layout;

static void layout_clear(Layout *layout)
{
	g_free(layout->files);
	g_free(layout->content);
	g_free(layout->inodes);
	g_free(layout->links);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Layout, layout_clear)

KilnRpmFile *kiln_rpm_file_new(const char *path)
{
	KilnRpmFile *file = g_new0(KilnRpmFile, 1);

	file->path = g_strdup(path);
	file->user = g_strdup("root");
	file->group = g_strdup("root");
	return file;
}

void kiln_rpm_file_free(KilnRpmFile *file)
{
	if (!file)
		return;
	g_free(file->path);
	g_free(file->user);
	g_free(file->group);
	g_free(file->link_target);
	g_free(file->hard_link);
	g_free(file);
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
	return strcmp((*(KilnRpmFile *const *)a)->path, (*(KilnRpmFile *const *)b)->path);
}

static gboolean bad_file(GError **error, const char *path, const char *what)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "\"%s\": %s", path, what);
	return FALSE;
}

/* Gives the members of a set of hard links one inode number and their count. */
static gboolean resolve_links(Layout *layout, GHashTable *index_of, GError **error)
{
	for (guint i = 0; i < layout->count; i++) {
		const KilnRpmFile *file = layout->files[i];
		gpointer found;
		if (!file->hard_link)
			continue;
		if (!g_hash_table_lookup_extended(index_of, file->hard_link, NULL, &found))
			return bad_file(
				error, file->path, "a hard link to a file that is not there");
		layout->content[i] = layout->files[GPOINTER_TO_UINT(found)];
		if (layout->content[i]->hard_link)
			return bad_file(error, file->path, "a hard link to a hard link");
		layout->inodes[i] = layout->inodes[GPOINTER_TO_UINT(found)];
		layout->links[GPOINTER_TO_UINT(found)]++;
	}
	for (guint i = 0; i < layout->count; i++)
		layout->links[i] = layout->links[layout->inodes[i] - 1];
	return TRUE;
}

static gboolean make_layout(const KilnRpmPackage *package, Layout *layout, GError **error)
{
	g_autoptr(GHashTable) index_of = g_hash_table_new(g_str_hash, g_str_equal);

	g_ptr_array_sort(package->files, compare_paths);
	layout->count = package->files->len;
	layout->files = g_new0(const KilnRpmFile *, layout->count + 1);
	layout->content = g_new0(const KilnRpmFile *, layout->count + 1);
	layout->inodes = g_new0(guint32, layout->count + 1);
	layout->links = g_new0(guint32, layout->count + 1);
	for (guint i = 0; i < layout->count; i++) {
		const KilnRpmFile *file = package->files->pdata[i];
		layout->files[i] = layout->content[i] = file;
		layout->inodes[i] = i + 1;
		layout->links[i] = 1;
		layout->size += file->link_target ? strlen(file->link_target) : file->size;
		if (!g_hash_table_insert(index_of, file->path, GUINT_TO_POINTER(i)))
			return bad_file(error, file->path, "there are two files of this path");
	}
	if (layout->size > G_MAXUINT32)
		return bad_file(error, package->name, "more than 4 GiB of files");
	return resolve_links(layout, index_of, error);
}

static gboolean append_file(
	const Layout *layout, KilnRpmPayload *payload, guint i, gboolean with_data, GError **error)
{
	const KilnRpmFile *file = layout->files[i], *content = layout->content[i];
	KilnRpmPayloadFile member = {.path = file->path,
		.mode = content->mode,
		.mtime = content->mtime,
		.inode = layout->inodes[i],
		.links = layout->links[i]};

	if (content->link_target) {
		member.data = content->link_target;
		member.size = strlen(content->link_target);
	} else if (with_data) {
		member.data = content->data;
		member.size = content->size;
	}
	return kiln_rpm_payload_add(payload, &member, error);
}

/* Writes the whole set of hard links where its last member stands in the order, data last. */
static gboolean append_set(
	const Layout *layout, KilnRpmPayload *payload, guint last, GError **error)
{
	guint seen = 1;

	for (guint i = 0; i < last; i++) {
		if (layout->inodes[i] != layout->inodes[last])
			continue;
		seen++;
		if (!append_file(layout, payload, i, FALSE, error))
			return FALSE;
	}
	g_assert(seen == layout->links[last]);
	return append_file(layout, payload, last, TRUE, error);
}

static gboolean is_last_of_set(const Layout *layout, guint index)
{
	for (guint i = index + 1; i < layout->count; i++) {
		if (layout->inodes[i] == layout->inodes[index])
			return FALSE;
	}
	return TRUE;
}

static gboolean write_payload(
	const Layout *layout, KilnRpmPayloadResult *ret_result, GError **error)
{
	g_autoptr(KilnRpmPayload) payload = kiln_rpm_payload_new(ZSTD_LEVEL, error);

	if (!payload)
		return FALSE;
	for (guint i = 0; i < layout->count; i++) {
		gboolean is_set = layout->links[i] > 1;
		if (is_set && !is_last_of_set(layout, i))
			continue;
		if (is_set ? !append_set(layout, payload, i, error)
			   : !append_file(layout, payload, i, TRUE, error))
			return FALSE;
	}
	return kiln_rpm_payload_finish(payload, ret_result, error);
}

/* "de" for /usr/share/locale/de/LC_MESSAGES/x.mo and /usr/share/man/de/man1/x.1.gz, else "". */
static char *language_of(const char *path)
{
	static const char *const roots[] = {"/usr/share/locale/", "/usr/share/man/"};

	for (guint i = 0; i < G_N_ELEMENTS(roots); i++) {
		const char *rest = path + strlen(roots[i]);
		const char *end = g_str_has_prefix(path, roots[i]) ? strchr(rest, '/') : NULL;
		if (end && !g_str_has_prefix(rest, "man"))
			return g_strndup(rest, end - rest);
	}
	return g_strdup("");
}

/* Tags whose value is one number for each file. */
static guint32 number_of(const Layout *layout, guint32 tag, guint i)
{
	const KilnRpmFile *content = layout->content[i];

	switch (tag) {
	case RPMTAG_FILESIZES:
		return content->link_target ? strlen(content->link_target) : content->size;
	case RPMTAG_FILEMTIMES:
		return content->mtime;
	case RPMTAG_FILEFLAGS:
		return layout->files[i]->flags;
	case RPMTAG_FILEINODES:
		return layout->inodes[i];
	case RPMTAG_FILEVERIFYFLAGS:
		return (guint32)-1;
	case RPMTAG_FILECOLORS:
		return content->is_elf64 ? ELF64_COLOUR : 0;
	default: /* RPMTAG_FILEDEVICES */
		return 1;
	}
}

static void add_file_numbers(KilnRpmBlob *header, const Layout *layout)
{
	static const guint32 tags[] = {RPMTAG_FILESIZES, RPMTAG_FILEMTIMES, RPMTAG_FILEFLAGS,
		RPMTAG_FILEINODES, RPMTAG_FILEVERIFYFLAGS, RPMTAG_FILECOLORS, RPMTAG_FILEDEVICES};
	g_autofree guint32 *numbers = g_new(guint32, layout->count + 1);
	g_autofree guint16 *modes = g_new(guint16, layout->count + 1);
	g_autofree guint16 *devices = g_new0(guint16, layout->count + 1);

	for (guint t = 0; t < G_N_ELEMENTS(tags); t++) {
		for (guint i = 0; i < layout->count; i++)
			numbers[i] = number_of(layout, tags[t], i);
		kiln_rpm_blob_add_int32(header, tags[t], numbers, layout->count);
	}
	for (guint i = 0; i < layout->count; i++)
		modes[i] = layout->content[i]->mode;
	kiln_rpm_blob_add_int16(header, RPMTAG_FILEMODES, modes, layout->count);
	kiln_rpm_blob_add_int16(header, RPMTAG_FILERDEVS, devices, layout->count);
}

static char *text_of(const Layout *layout, guint32 tag, guint i)
{
	const KilnRpmFile *content = layout->content[i];

	switch (tag) {
	case RPMTAG_FILEDIGESTS:
		return S_ISREG(content->mode) ? kiln_digest_of_bytes(content->data, content->size)
					      : g_strdup("");
	case RPMTAG_FILELINKTOS:
		return g_strdup(content->link_target ? content->link_target : "");
	case RPMTAG_FILEUSERNAME:
		return g_strdup(content->user);
	case RPMTAG_FILEGROUPNAME:
		return g_strdup(content->group);
	case RPMTAG_FILELANGS:
		return language_of(layout->files[i]->path);
	default: /* RPMTAG_BASENAMES */
		return g_strdup(strrchr(layout->files[i]->path, '/') + 1);
	}
}

static void add_file_texts(KilnRpmBlob *header, const Layout *layout)
{
	static const guint32 tags[] = {RPMTAG_FILEDIGESTS, RPMTAG_FILELINKTOS, RPMTAG_FILEUSERNAME,
		RPMTAG_FILEGROUPNAME, RPMTAG_FILELANGS, RPMTAG_BASENAMES};

	for (guint t = 0; t < G_N_ELEMENTS(tags); t++) {
		g_auto(GStrv) texts = g_new0(char *, layout->count + 1);
		for (guint i = 0; i < layout->count; i++)
			texts[i] = text_of(layout, tags[t], i);
		kiln_rpm_blob_add_strings(
			header, tags[t], (const char *const *)texts, layout->count);
	}
}

/* Directory names, each once, in order of first use, with their final slash. */
static void add_directories(KilnRpmBlob *header, const Layout *layout)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) numbers = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree guint32 *indexes = g_new(guint32, layout->count + 1);

	for (guint i = 0; i < layout->count; i++) {
		const char *path = layout->files[i]->path;
		g_autofree char *directory = g_strndup(path, strrchr(path, '/') + 1 - path);
		gpointer number;
		if (!g_hash_table_lookup_extended(numbers, directory, NULL, &number)) {
			number = GUINT_TO_POINTER(names->len);
			g_ptr_array_add(names, g_steal_pointer(&directory));
			g_hash_table_insert(numbers, names->pdata[names->len - 1], number);
		}
		indexes[i] = GPOINTER_TO_UINT(number);
	}
	kiln_rpm_blob_add_int32(header, RPMTAG_DIRINDEXES, indexes, layout->count);
	kiln_rpm_blob_add_strings(
		header, RPMTAG_DIRNAMES, (const char *const *)names->pdata, names->len);
}

static void add_capabilities(KilnRpmBlob *header, const GPtrArray *list, guint32 name_tag,
	guint32 sense_tag, guint32 evr_tag)
{
	g_autofree const char **names = g_new(const char *, list->len + 1);
	g_autofree const char **versions = g_new(const char *, list->len + 1);
	g_autofree guint32 *senses = g_new(guint32, list->len + 1);

	for (guint i = 0; i < list->len; i++) {
		const KilnCapability *capability = list->pdata[i];
		names[i] = capability->name;
		versions[i] = capability->evr;
		senses[i] = capability->sense;
	}
	kiln_rpm_blob_add_strings(header, name_tag, names, list->len);
	kiln_rpm_blob_add_int32(header, sense_tag, senses, list->len);
	kiln_rpm_blob_add_strings(header, evr_tag, versions, list->len);
}

/* What rpm must be able to do, with the version numbers of lib/rpmds.c in rpm. */
static void add_rpmlib_requires(GPtrArray *requires, const KilnRpmPackage *package)
{
	const guint sense = KILN_SENSE_RPMLIB | KILN_SENSE_LESS | KILN_SENSE_EQUAL;
	gboolean has_tilde = strpbrk(package->version, "~") || strpbrk(package->release, "~");

	for (guint i = 0; i < package->requires->len; i++) {
		const KilnCapability *capability = package->requires->pdata[i];
		kiln_capability_add(requires, capability->name, capability->sense, capability->evr);
		has_tilde |= strchr(capability->evr, '~') != NULL;
		if (*capability->name == '(')
			kiln_capability_add(
				requires, "rpmlib(RichDependencies)", sense, "4.12.0-1");
	}
	kiln_capability_add(requires, "rpmlib(CompressedFileNames)", sense, "3.0.4-1");
	kiln_capability_add(requires, "rpmlib(FileDigests)", sense, "4.6.0-1");
	kiln_capability_add(requires, "rpmlib(PayloadFilesHavePrefix)", sense, "4.0-1");
	kiln_capability_add(requires, "rpmlib(PayloadIsZstd)", sense, "5.4.18-1");
	if (has_tilde)
		kiln_capability_add(requires, "rpmlib(TildeInVersions)", sense, "4.10.0-1");
	kiln_capability_normalize(requires);
}

static void add_relations(KilnRpmBlob *header, const KilnRpmPackage *package)
{
	g_autoptr(GPtrArray) requires = kiln_capability_list_new();

	add_rpmlib_requires(requires, package);
	kiln_capability_normalize(package->provides);
	kiln_capability_normalize(package->conflicts);
	add_capabilities(header, package->provides, RPMTAG_PROVIDENAME, RPMTAG_PROVIDEFLAGS,
		RPMTAG_PROVIDEVERSION);
	add_capabilities(
		header, requires, RPMTAG_REQUIRENAME, RPMTAG_REQUIREFLAGS, RPMTAG_REQUIREVERSION);
	add_capabilities(header, package->conflicts, RPMTAG_CONFLICTNAME, RPMTAG_CONFLICTFLAGS,
		RPMTAG_CONFLICTVERSION);
}

static void add_texts(KilnRpmBlob *header, const KilnRpmPackage *package)
{
	const struct {
		guint32 tag;
		const char *text;
	} texts[] = {
		{RPMTAG_NAME, package->name},
		{RPMTAG_VERSION, package->version},
		{RPMTAG_RELEASE, package->release},
		{RPMTAG_ARCH, package->arch},
		{RPMTAG_OS, "linux"},
		{RPMTAG_LICENSE, package->license},
		{RPMTAG_URL, package->url},
		{RPMTAG_VENDOR, package->vendor},
		{RPMTAG_PACKAGER, package->packager},
		{RPMTAG_SOURCERPM, package->source_rpm},
		{RPMTAG_BUILDHOST, "localhost"},
		{RPMTAG_RPMVERSION, "4.18.0"},
		{RPMTAG_ENCODING, "utf-8"},
		{RPMTAG_PAYLOADFORMAT, "cpio"},
		{RPMTAG_PAYLOADCOMPRESSOR, "zstd"},
		{RPMTAG_PAYLOADFLAGS, G_STRINGIFY(ZSTD_LEVEL)},
		{RPMTAG_PLATFORM, NULL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (texts[i].text)
			kiln_rpm_blob_add_string(header, texts[i].tag, texts[i].text);
	}
	kiln_rpm_blob_add_i18n(header, RPMTAG_SUMMARY, package->summary);
	kiln_rpm_blob_add_i18n(header, RPMTAG_DESCRIPTION, package->description);
	kiln_rpm_blob_add_i18n(header, RPMTAG_GROUP, package->group);
}

static void add_number(KilnRpmBlob *header, guint32 tag, guint32 number)
{
	kiln_rpm_blob_add_int32(header, tag, &number, 1);
}

static GByteArray *make_header(
	const KilnRpmPackage *package, const Layout *layout, const KilnRpmPayloadResult *payload)
{
	g_autoptr(KilnRpmBlob) header = kiln_rpm_blob_new(RPMTAG_HEADERIMMUTABLE);
	const char *const languages[] = {"C"};
	const char *const digest[] = {payload->sha256}, *const archive[] = {
								payload->archive_sha256};

	kiln_rpm_blob_add_strings(header, RPMTAG_HEADERI18NTABLE, languages, 1);
	add_texts(header, package);
	if (package->epoch)
		add_number(header, RPMTAG_EPOCH, g_ascii_strtoull(package->epoch, NULL, 10));
	add_number(header, RPMTAG_BUILDTIME, package->build_time);
	add_number(header, RPMTAG_SIZE, layout->size);
	add_relations(header, package);
	if (layout->count > 0) {
		add_file_numbers(header, layout);
		add_file_texts(header, layout);
		add_directories(header, layout);
		add_number(header, RPMTAG_FILEDIGESTALGO, 8); /* PGPHASHALGO_SHA256 */
	}
	add_number(header, RPMTAG_PAYLOADDIGESTALGO, 8);
	kiln_rpm_blob_add_strings(header, RPMTAG_PAYLOADDIGEST, digest, 1);
	kiln_rpm_blob_add_strings(header, RPMTAG_PAYLOADDIGESTALT, archive, 1);
	return kiln_rpm_blob_finish(header);
}

/* The signature header is padded to eight bytes, so that the main one is aligned. */
static GByteArray *make_signature(const GByteArray *header, const KilnRpmPayloadResult *payload)
{
	static const guint8 zeros[8];
	g_autoptr(KilnRpmBlob) signature = kiln_rpm_blob_new(RPMTAG_HEADERSIGNATURES);
	g_autofree char *sha256 = kiln_digest_of_bytes(header->data, header->len);
	GByteArray *bytes;

	kiln_rpm_blob_add_string(signature, RPMTAG_SHA256HEADER, sha256);
	add_number(signature, RPMSIGTAG_SIZE, header->len + payload->bytes->len);
	add_number(signature, RPMSIGTAG_PAYLOADSIZE, payload->archive_size);
	bytes = kiln_rpm_blob_finish(signature);
	g_byte_array_append(bytes, zeros, -bytes->len & 7);
	return bytes;
}

/* The lead only identifies the file type; rpm reads nothing else from it. */
static void append_lead(GByteArray *bytes, const KilnRpmPackage *package)
{
	guint8 lead[LEAD_SIZE] = {0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 0, 0, 1};
	g_autofree char *name =
		g_strdup_printf("%s-%s-%s", package->name, package->version, package->release);

	g_strlcpy((char *)lead + 10, name, 66);
	lead[77] = 1; /* Linux */
	lead[79] = 5; /* header-style signature */
	g_byte_array_append(bytes, lead, sizeof(lead));
}

gboolean kiln_rpm_write(const KilnRpmPackage *package, const char *path, GError **error)
{
	g_auto(Layout) layout = {0};
	g_auto(KilnRpmPayloadResult) payload = {0};
	g_autoptr(GByteArray) header = NULL;
	g_autoptr(GByteArray) signature = NULL;
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	if (!make_layout(package, &layout, error) || !write_payload(&layout, &payload, error))
		return FALSE;
	header = make_header(package, &layout, &payload);
	signature = make_signature(header, &payload);
	append_lead(bytes, package);
	g_byte_array_append(bytes, signature->data, signature->len);
	g_byte_array_append(bytes, header->data, header->len);
	g_byte_array_append(bytes, payload.bytes->data, payload.bytes->len);
	return kiln_fs_replace(path, bytes->data, bytes->len, 0644, error);
}
