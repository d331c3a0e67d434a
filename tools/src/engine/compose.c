/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/compose.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/channel.h"
#include "engine/keys.h"
#include "engine/published.h"
#include "engine/metadata_form.h"
#include "format/snapshot_json.h"
#include "lib/repomd.h"
#include "lib/rpmheader.h"
#include "lib/rpmsign.h"
#include "lib/rpmverify.h"
#include "lib/rpmversion.h"
#include "model/nevra.h"

#include <string.h>

/* Part of every compose key: raise it when composes look different for the same packages. */
#define COMPOSE_FORMAT "2"
#define KEY_DIGITS_IN_ID 12

/* One compose under way. */
typedef struct {
	KilnContext *context;
	const KilnIdentity *identity;
	KilnStore *store;
	KilnCompose *compose;
	KilnGpg *gpg;              /* opened when something is to be signed */
	KilnRpmVerifier *verifier;
	char *signed_directory;    /* signed packages kept by the digest of the unsigned one */
	guint newly_signed;
} Composing;

/* Packages that may not be published, all of them to be told at once. */
typedef struct {
	GString *lines;
	GPtrArray *owners; /* names of the packages they are built from, each once; borrowed */
} Refusal;

static void refusal_init(Refusal *refusal)
{
	refusal->lines = g_string_new(NULL);
	refusal->owners = g_ptr_array_new();
}

static void refusal_clear(Refusal *refusal)
{
	g_string_free(refusal->lines, TRUE);
	g_ptr_array_unref(refusal->owners);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Refusal, refusal_clear)

static void G_GNUC_PRINTF(3, 4) refuse(Refusal *refusal, const char *owner, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_string_append_vprintf(refusal->lines, format, arguments);
	va_end(arguments);
	g_string_append_c(refusal->lines, '\n');
	if (!g_ptr_array_find_with_equal_func(refusal->owners, owner, g_str_equal, NULL))
		g_ptr_array_add(refusal->owners, (gpointer)owner);
}

/* Fails if there is any: one line each, then `step`, which ends in front of the specs to be changed. */
static gboolean tell_refusal(const Refusal *refusal, const char *step, GError **error)
{
	g_autofree char *specs = NULL;

	if (refusal->owners->len == 0)
		return TRUE;
	g_ptr_array_add(refusal->owners, NULL);
	specs = g_strjoinv("\", \"", (char **)refusal->owners->pdata);
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "%s%s \"%s\"", refusal->lines->str, step, specs);
	return FALSE;
}

void kiln_compose_free(KilnCompose *compose)
{
	if (!compose)
		return;
	kiln_snapshot_free(compose->snapshot);
	g_clear_pointer(&compose->by_source, g_hash_table_unref);
	g_free(compose->directory);
	g_free(compose);
}

/* By content: a package that was built again with the same bytes is no news. */
static void add_packages(KilnDigest *digest, const GPtrArray *packages)
{
	for (guint i = 0; i < packages->len; i++) {
		const KilnResultPackage *package = packages->pdata[i];
		kiln_digest_add(digest, package->file, package->sha256);
	}
}

static gboolean is_run(const char *name)
{
	return g_str_equal(name, "test") || g_str_equal(name, "lifecycle");
}

/* A smoke test that is new or changed must have passed, too. */
static gboolean add_smoke_test(KilnDigest *digest, const char *directory, GError **error)
{
	g_auto(GStrv) names = NULL;

	if (!g_file_test(directory, G_FILE_TEST_IS_DIR))
		return TRUE;
	names = kiln_fs_list(directory, error);
	for (char **name = names; name && *name; name++) {
		g_autofree char *path = g_build_filename(directory, *name, NULL);
		g_autofree char *content = NULL;
		if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
			continue;
		if (is_run(*name) && !g_file_test(path, G_FILE_TEST_IS_EXECUTABLE)) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
				"\"%s\": a smoke test must be executable; chmod +x it", path);
			return FALSE;
		}
		content = kiln_digest_of_file(path, NULL, error);
		if (!content)
			return FALSE;
		kiln_digest_add(digest, *name, content);
	}
	return names != NULL;
}

/* The groups of a collection, or NULL: it has none. Caller owns. */
static char *comps_path(const KilnContext *context)
{
	g_autofree char *file = g_strconcat(context->collection->name, ".xml", NULL);
	g_autofree char *path = kiln_project_path(context->project, "repo-config/comps", file, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS) ? g_steal_pointer(&path) : NULL;
}

/* What becomes of the metadata other than by its packages. */
static gboolean add_metadata(
	KilnDigest *digest, const KilnContext *context, const KilnIdentity *identity, GError **error)
{
	KilnRepomdOptions options = {0};
	g_autofree char *comps = comps_path(context);
	g_autofree char *groups = NULL, *form = NULL;

	if (!kiln_metadata_form_choose(identity->contract, &options, error))
		return FALSE;
	form = kiln_metadata_form_text(&options);
	kiln_digest_add(digest, "metadata", form);
	if (!comps)
		return TRUE;
	groups = kiln_digest_of_file(comps, NULL, error);
	if (groups)
		kiln_digest_add(digest, "comps", groups);
	return groups != NULL;
}

char *kiln_compose_key(const KilnContext *context, const KilnIdentity *identity, const GPtrArray *items,
	GError **error)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();
	g_autofree char *common = kiln_catalog_smoke_common(context->project);

	kiln_digest_add(digest, "format", COMPOSE_FORMAT);
	kiln_digest_add(digest, "collection", context->collection->name);
	kiln_digest_add(digest, "target", context->target->name);
	kiln_digest_add(digest, "key", identity->fingerprint);
	kiln_digest_add(digest, "repo", identity->repo_text);
	for (guint i = 0; i < items->len; i++) {
		const KilnPlanItem *item = items->pdata[i];
		add_packages(digest, item->packages);
		if (!add_smoke_test(digest, item->package->smoke_directory, error))
			return NULL;
	}
	return add_smoke_test(digest, common, error) && add_metadata(digest, context, identity, error)
		? kiln_digest_finish(digest)
		: NULL;
}

char *kiln_compose_repository_directory(const KilnContext *context)
{
	return g_build_filename(context->project->publish_root, context->collection->name,
		context->target->name, NULL);
}

static gboolean sign_package(Composing *composing, const char *path, const char *signed_path, GError **error)
{
	const KilnProject *project = composing->context->project;

	if (!composing->gpg)
		composing->gpg = kiln_keys_open(project->key_home, project->root, error);
	if (!composing->gpg || !kiln_rpmsign_package(composing->gpg, composing->identity->fingerprint, path,
				       signed_path, error))
		return FALSE;
	composing->newly_signed++;
	return TRUE;
}

static gboolean check_unchanged(const char *path, const KilnResultPackage *package, GError **error)
{
	g_autofree char *sha256 = kiln_digest_of_file(path, NULL, error);

	if (!sha256)
		return FALSE;
	if (g_str_equal(sha256, package->sha256))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
		"\"%s\" is not what the build left there; remove its directory, so that it is built again", path);
	return FALSE;
}

/* Whether an earlier run's signed package is there and good; one that is not is of no use. */
static gboolean has_signed(const Composing *composing, const char *signed_path)
{
	g_autoptr(GError) fault = NULL;

	if (!g_file_test(signed_path, G_FILE_TEST_EXISTS))
		return FALSE;
	if (kiln_rpmverify_package(composing->verifier, signed_path, &fault))
		return TRUE;
	kiln_event_warning("compose", "signing again: %s", fault->message);
	return FALSE;
}

static char *signed_path_of(const Composing *composing, const KilnResultPackage *package)
{
	g_autofree char *name = g_strconcat(package->sha256, ".rpm", NULL);

	return g_build_filename(composing->signed_directory, name, NULL);
}

/* The signed form of a built package, made unless an earlier run did; verified in any case. */
static char *ensure_signed(
	Composing *composing, const KilnPlanItem *item, const KilnResultPackage *package, GError **error)
{
	g_autofree char *path = g_build_filename(item->result_directory, package->file, NULL);
	g_autofree char *signed_path = signed_path_of(composing, package);

	if (has_signed(composing, signed_path))
		return g_steal_pointer(&signed_path);
	if (!check_unchanged(path, package, error) || !sign_package(composing, path, signed_path, error) ||
		!kiln_rpmverify_package(composing->verifier, signed_path, error))
		return NULL;
	return g_steal_pointer(&signed_path);
}

/* The key that signed the packages of a snapshot, if that is there and it was another one than now. Caller owns. */
static char *other_key_of(const Composing *composing, const char *snapshot)
{
	const KilnContext *context = composing->context;
	g_autoptr(KilnPublished) published = kiln_published_open(
		context->project, context->collection->name, context->target->name, snapshot, NULL);

	if (!published || g_str_equal(published->snapshot->fingerprint, composing->identity->fingerprint))
		return NULL;
	return g_strdup(published->snapshot->fingerprint);
}

static void refuse_bytes(const Composing *composing, const char *nevra, const char *snapshot, const char *owner,
	Refusal *changed)
{
	g_autofree char *key = other_key_of(composing, snapshot);

	if (key)
		refuse(changed, owner, "\"%s\" was published in snapshot \"%s\" with the signature of key %s, not of %s",
			nevra, snapshot, key, composing->identity->fingerprint);
	else
		refuse(changed, owner, "\"%s\" was published with other bytes in snapshot \"%s\"", nevra, snapshot);
}

static gboolean check_bytes(const Composing *composing, const KilnSnapshotPackage *package, const char *owner,
	Refusal *changed, GError **error)
{
	const KilnContext *context = composing->context;
	g_autofree char *repository =
		g_strdup_printf("%s/%s", context->collection->name, context->target->name);
	g_autofree char *sha256 = NULL, *snapshot = NULL;

	if (!kiln_store_find_published(
		    composing->store, repository, package->nevra, &sha256, &snapshot, error))
		return FALSE;
	if (sha256 && !g_str_equal(sha256, package->sha256))
		refuse_bytes(composing, package->nevra, snapshot, owner, changed);
	return TRUE;
}

/* Puts one signed package into its part of the compose. */
static gboolean place_package(Composing *composing, const char *signed_path, const char *expected_file,
	const char *owner, Refusal *changed, GError **error)
{
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(signed_path, error);
	KilnSnapshotPackage *package;
	g_autofree char *file_name = NULL, *path = NULL;

	if (!header)
		return FALSE;
	package = g_new0(KilnSnapshotPackage, 1);
	g_ptr_array_add(composing->compose->snapshot->packages, package);
	file_name = g_strdup_printf(
		"%s-%s-%s.%s.rpm", header->name, header->version, header->release, header->arch);
	package->part = kiln_part_of(header->name, header->is_source);
	package->name = g_strdup(header->name);
	package->nevra = g_strdup(header->nevra);
	package->file = g_build_filename(kiln_part_name(package->part), "Packages", file_name, NULL);
	package->sha256 = kiln_digest_of_file(signed_path, NULL, error);
	if (!g_str_equal(file_name, expected_file)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"\"%s\" holds \"%s\", not \"%s\"; remove it, so that it is signed again", signed_path,
			file_name, expected_file);
		return FALSE;
	}
	if (!package->sha256 || !check_bytes(composing, package, owner, changed, error))
		return FALSE;
	path = g_build_filename(composing->compose->directory, package->file, NULL);
	return kiln_fs_link_or_copy(signed_path, path, error);
}

static gboolean add_item(Composing *composing, const KilnPlanItem *item, Refusal *changed, GError **error)
{
	for (guint i = 0; i < item->packages->len; i++) {
		const KilnResultPackage *package = item->packages->pdata[i];
		g_autofree char *signed_path = ensure_signed(composing, item, package, error);
		if (!signed_path ||
			!place_package(
				composing, signed_path, package->file, item->package->name, changed, error))
			return FALSE;
	}
	return TRUE;
}

/* --- versions that went down --- */

/* Equal for what a client takes for versions of the same package. */
static char *kind_of(KilnPart part, const char *name)
{
	return g_strdup_printf("%s/%s", kiln_part_name(part), name);
}

/* What clients of the project's channel have: kind -> NEVRA. Empty when nothing whole is published. */
static GHashTable *list_published(const KilnContext *context, GError **error)
{
	g_autoptr(GHashTable) published = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GPtrArray) channels = kiln_channel_list(
		context->project, context->collection->name, context->target->name, error);

	if (!channels)
		return NULL;
	for (guint i = 0; i < channels->len; i++) {
		const KilnChannel *channel = channels->pdata[i];
		if (!channel->snapshot || !g_str_equal(channel->name, context->project->config->channel))
			continue;
		for (guint j = 0; j < channel->snapshot->packages->len; j++) {
			const KilnSnapshotPackage *package = channel->snapshot->packages->pdata[j];
			g_hash_table_replace(
				published, kind_of(package->part, package->name), g_strdup(package->nevra));
		}
	}
	return g_steal_pointer(&published);
}

static gboolean is_older(const char *nevra, const char *published, gboolean *ret_older, GError **error)
{
	g_auto(KilnNevra) ours = {0}, theirs = {0};
	g_autofree char *our_version = NULL, *their_version = NULL;

	if (!kiln_nevra_parse(nevra, &ours, error) || !kiln_nevra_parse(published, &theirs, error))
		return FALSE;
	our_version = kiln_nevra_format_evr(&ours);
	their_version = kiln_nevra_format_evr(&theirs);
	*ret_older = kiln_rpmversion_compare(our_version, their_version) < 0;
	return TRUE;
}

/* Of the signed form or else of what the build left. NULL: signing tells what is wrong with it. */
static KilnRpmHeader *read_header(
	const Composing *composing, const KilnPlanItem *item, const KilnResultPackage *package)
{
	g_autofree char *signed_path = signed_path_of(composing, package);
	g_autofree char *path = g_build_filename(item->result_directory, package->file, NULL);
	KilnRpmHeader *header = kiln_rpmheader_read(signed_path, NULL);

	return header ? header : kiln_rpmheader_read(path, NULL);
}

static gboolean check_version(const Composing *composing, const KilnPlanItem *item,
	const KilnResultPackage *package, GHashTable *published, Refusal *older, GError **error)
{
	g_autoptr(KilnRpmHeader) header = read_header(composing, item, package);
	g_autofree char *kind =
		header ? kind_of(kiln_part_of(header->name, header->is_source), header->name) : NULL;
	const char *found = kind ? g_hash_table_lookup(published, kind) : NULL;
	gboolean went_down = FALSE;

	if (found && !is_older(header->nevra, found, &went_down, error))
		return FALSE;
	if (went_down)
		refuse(older, item->package->name,
			"\"%s\" is older than the published \"%s\"; clients would keep that one", header->nevra, found);
	return TRUE;
}

/* Before anything is signed: no client would take what is older than what it has. */
static gboolean check_versions(const Composing *composing, const GPtrArray *items, GError **error)
{
	g_autoptr(GHashTable) published = list_published(composing->context, error);
	g_auto(Refusal) older;

	refusal_init(&older);
	if (!published)
		return FALSE;
	for (guint i = 0; i < items->len; i++) {
		const KilnPlanItem *item = items->pdata[i];
		for (guint j = 0; j < item->packages->len; j++)
			if (!check_version(composing, item, item->packages->pdata[j], published, &older, error))
				return FALSE;
	}
	return tell_refusal(&older, "raise them above what is published, by Epoch if need be, in the spec of", error);
}

/* --- the whole --- */

static int compare_files(gconstpointer a, gconstpointer b)
{
	return strcmp((*(KilnSnapshotPackage *const *)a)->file, (*(KilnSnapshotPackage *const *)b)->file);
}

static gboolean sign_metadata(Composing *composing, const char *directory, GError **error)
{
	const KilnProject *project = composing->context->project;
	g_autofree char *repomd = g_build_filename(directory, "repodata", "repomd.xml", NULL);
	g_autofree char *signature = g_strconcat(repomd, ".asc", NULL);

	if (!composing->gpg)
		composing->gpg = kiln_keys_open(project->key_home, project->root, error);
	return composing->gpg &&
		kiln_gpg_sign_detached(
			composing->gpg, composing->identity->fingerprint, repomd, signature, error) &&
		kiln_gpg_verify_detached(composing->identity->key_path, repomd, signature, NULL, error);
}

static gboolean write_part(Composing *composing, KilnPart part, GError **error)
{
	const KilnCompose *compose = composing->compose;
	const char *name = kiln_part_name(part);
	g_autofree char *directory = g_build_filename(compose->directory, name, NULL);
	g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(KilnRepomdPackage));
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *comps = comps_path(composing->context);
	KilnRepomdOptions options = {.directory = directory,
		.timestamp = compose->snapshot->created,
		.comps = part == KILN_PART_MAIN ? comps : NULL};

	for (guint i = 0; i < compose->snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = compose->snapshot->packages->pdata[i];
		KilnRepomdPackage row = {.sha256 = package->sha256};
		if (package->part != part)
			continue;
		g_ptr_array_add(paths, g_build_filename(compose->directory, package->file, NULL));
		row.path = paths->pdata[paths->len - 1];
		row.location = *name ? package->file + strlen(name) + 1 : package->file;
		g_array_append_val(list, row);
	}
	options.packages = (const KilnRepomdPackage *)list->data;
	options.package_count = list->len;
	return kiln_metadata_form_choose(composing->identity->contract, &options, error) &&
		kiln_repomd_write(&options, error) && sign_metadata(composing, directory, error);
}

static gboolean write_manifest(const KilnCompose *compose, GError **error)
{
	g_autofree char *path = g_build_filename(compose->directory, "snapshot.json", NULL);
	g_autofree char *text = kiln_snapshot_emit(compose->snapshot);

	return kiln_fs_replace_text(path, text, error);
}

/* Fresh directories below the publish root, so that publishing is a rename; in one that no web server
 * can enter. */
static gboolean begin(Composing *composing, const GPtrArray *items, gint64 newer_than, GError **error)
{
	const KilnContext *context = composing->context;
	KilnCompose *compose = composing->compose;
	KilnSnapshot *snapshot = compose->snapshot;
	g_autofree char *candidates = g_build_filename(context->project->publish_root, ".candidate", NULL);
	g_autofree char *time = NULL;

	snapshot->key = kiln_compose_key(context, composing->identity, items, error);
	if (!snapshot->key)
		return FALSE;
	snapshot->collection = g_strdup(context->collection->name);
	snapshot->target = g_strdup(context->target->name);
	snapshot->fingerprint = g_strdup(composing->identity->fingerprint);
	snapshot->created = MAX(kiln_clock_now(), newer_than + 1);
	time = kiln_clock_compact(snapshot->created);
	snapshot->id = g_strdup_printf("%s-%.*s", time, KEY_DIGITS_IN_ID, snapshot->key);
	compose->directory = g_build_filename(
		candidates, context->collection->name, context->target->name, NULL);
	composing->signed_directory = g_build_filename(
		context->project->state, "signed", composing->identity->fingerprint, NULL);
	if (!kiln_fs_make_private(candidates, error) ||
		!kiln_fs_remove_tree(compose->directory, error) ||
		!kiln_fs_make_directory(composing->signed_directory, error))
		return FALSE;
	for (int part = 0; part < KILN_PART_COUNT; part++) {
		g_autofree char *packages = g_build_filename(
			compose->directory, kiln_part_name((KilnPart)part), "Packages", NULL);
		if (!kiln_fs_make_directory(packages, error))
			return FALSE;
	}
	composing->verifier = kiln_rpmverify_open(composing->identity->key_path, error);
	return composing->verifier != NULL;
}

/* What is built says the Name of its spec, which in an adopted tree need not be the package's. */
static gboolean name_sources(Composing *composing, const GPtrArray *items, GError **error)
{
	g_autoptr(GArray) declared = g_array_new(FALSE, FALSE, sizeof(KilnCatalogName));
	GHashTable *by_source = composing->compose->by_source;

	for (guint i = 0; i < items->len; i++) {
		const KilnPlanItem *item = items->pdata[i];
		const KilnCatalogName name = {item->package, item->spec->name};
		g_array_append_val(declared, name);
		g_hash_table_insert(by_source, g_strdup(item->spec->name), (gpointer)item->package);
	}
	return kiln_catalog_check_names(composing->context->project, (const KilnCatalogName *)declared->data,
		declared->len, error);
}

static gboolean add_items(Composing *composing, const GPtrArray *items, GError **error)
{
	g_auto(Refusal) changed;

	refusal_init(&changed);
	for (guint i = 0; i < items->len; i++)
		if (!add_item(composing, items->pdata[i], &changed, error))
			return FALSE;
	return tell_refusal(&changed, "raise Release in the spec of", error);
}

static gboolean fill(Composing *composing, const GPtrArray *items, GError **error)
{
	if (!check_versions(composing, items, error) || !add_items(composing, items, error))
		return FALSE;
	g_ptr_array_sort(composing->compose->snapshot->packages, compare_files);
	for (int part = 0; part < KILN_PART_COUNT; part++)
		if (!write_part(composing, (KilnPart)part, error))
			return FALSE;
	return write_manifest(composing->compose, error);
}

KilnCompose *kiln_compose_make(KilnContext *context, const KilnIdentity *identity, const GPtrArray *items,
	KilnStore *store, gint64 newer_than, GError **error)
{
	g_autoptr(KilnCompose) compose = g_new0(KilnCompose, 1);
	Composing composing = {
		.context = context, .identity = identity, .store = store, .compose = compose};
	gint64 start = kiln_clock_monotonic_us();
	gboolean done;

	compose->snapshot = kiln_snapshot_new();
	compose->by_source = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	kiln_event_step("compose", "signing, writing metadata");
	done = name_sources(&composing, items, error) && begin(&composing, items, newer_than, error) &&
		fill(&composing, items, error);
	g_clear_pointer(&composing.verifier, kiln_rpmverify_free);
	g_clear_pointer(&composing.gpg, kiln_gpg_free);
	g_free(composing.signed_directory);
	if (!done) {
		g_prefix_error(error, "composing: ");
		return NULL;
	}
	kiln_event_done("compose", kiln_clock_monotonic_us() - start,
		"%u packages, %u of them signed now, all verified with %s", compose->snapshot->packages->len,
		composing.newly_signed, identity->fingerprint);
	return g_steal_pointer(&compose);
}
