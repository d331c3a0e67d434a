/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/publish.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/address.h"
#include "format/snapshot_json.h"
#include "lib/repomd.h"

#include <sys/stat.h>

#define MANIFEST_MAX_BYTES (64 * 1024 * 1024)
#define CHANNEL_FILE_MAX_BYTES (1024 * 1024)

static KilnSnapshot *read_manifest(const char *path, GError **error)
{
	g_autofree char *text = kiln_fs_read(path, MANIFEST_MAX_BYTES, NULL, error);

	return text ? kiln_snapshot_parse(text, path, error) : NULL;
}

gboolean kiln_publish_current(
	const KilnContext *context, const char *channel, KilnSnapshot **ret_snapshot, GError **error)
{
	g_autofree char *repository = kiln_compose_repository_directory(context);
	g_autofree char *link = g_build_filename(repository, channel, "current", NULL);
	g_autofree char *manifest = g_build_filename(link, "snapshot.json", NULL);
	g_autoptr(GError) local = NULL;
	KilnSnapshot *snapshot = NULL;

	if (g_file_test(link, G_FILE_TEST_IS_SYMLINK)) {
		snapshot = read_manifest(manifest, &local);
		if (!snapshot) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
				"channel \"%s\" points at a damaged snapshot: %s; remove the link \"%s\" and release again",
				channel, local->message, link);
			return FALSE;
		}
	}
	*ret_snapshot = snapshot;
	return TRUE;
}

/* As the store files it. */
static char *repository_name(const KilnContext *context)
{
	return g_strdup_printf("%s/%s", context->collection->name, context->target->name);
}

static gboolean record(
	const KilnContext *context, const KilnSnapshot *snapshot, KilnStore *store, GError **error)
{
	g_autofree char *repository = repository_name(context);
	g_autofree KilnStorePublished *rows = g_new0(KilnStorePublished, snapshot->packages->len);

	for (guint i = 0; i < snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = snapshot->packages->pdata[i];
		rows[i] = (KilnStorePublished){package->nevra, package->sha256};
	}
	return kiln_store_add_published(
		store, repository, snapshot->id, rows, snapshot->packages->len, error);
}

gint64 kiln_publish_newest(const KilnContext *context)
{
	g_autofree char *repository = kiln_compose_repository_directory(context);
	g_autofree char *snapshots = g_build_filename(repository, "snapshots", NULL);
	g_auto(GStrv) ids = kiln_fs_list(snapshots, NULL);
	gint64 newest = 0;

	for (char **id = ids; id && *id; id++) {
		g_autofree char *manifest = g_build_filename(snapshots, *id, "snapshot.json", NULL);
		/* A damaged one says nothing; the channel's own is judged elsewhere. */
		g_autoptr(KilnSnapshot) snapshot = read_manifest(manifest, NULL);
		if (snapshot)
			newest = MAX(newest, snapshot->created);
	}
	return newest;
}

gboolean kiln_publish_recall(const KilnContext *context, KilnStore *store, GError **error)
{
	g_autofree char *name = repository_name(context);
	g_autofree char *repository = kiln_compose_repository_directory(context);
	g_autofree char *snapshots = g_build_filename(repository, "snapshots", NULL);
	g_auto(GStrv) ids = NULL;
	gboolean known;

	if (!kiln_store_knows(store, name, &known, error))
		return FALSE;
	if (!known)
		ids = kiln_fs_list(snapshots, NULL);
	for (char **id = ids; id && *id; id++) {
		g_autofree char *manifest = g_build_filename(snapshots, *id, "snapshot.json", NULL);
		g_autoptr(KilnSnapshot) snapshot = read_manifest(manifest, error);
		if (!snapshot || !record(context, snapshot, store, error))
			return FALSE;
	}
	return TRUE;
}

static void free_file(gpointer file)
{
	g_free(((KilnPublishFile *)file)->name);
	g_free(((KilnPublishFile *)file)->text);
	g_free(file);
}

static void add_file(GPtrArray *files, char *name, char *text)
{
	KilnPublishFile *file = g_new0(KilnPublishFile, 1);

	file->name = name;
	file->text = text;
	g_ptr_array_add(files, file);
}

/* "mirrorlist", "mirrorlist-debug" …: the address of that part of the snapshot. */
static void add_mirrorlist(
	GPtrArray *files, const KilnContext *context, const char *directory, const char *id, KilnPart part)
{
	const char *name = kiln_part_name(part);
	g_autofree char *file = g_strconcat("mirrorlist", *name ? "-" : "", name, NULL);

	add_file(files, *directory ? g_build_filename(directory, file, NULL) : g_strdup(file),
		g_strdup_printf("%s/%s/%s/snapshots/%s/%s%s\n", context->project->config->url,
			context->collection->name, context->target->name, id, name, *name ? "/" : ""));
}

GPtrArray *kiln_publish_files(const KilnContext *context, const KilnIdentity *identity, const char *id)
{
	/* Mirrorlists lie where clients ask for them: in the channel itself and, with a release, in real directories
	 * named like it. */
	g_auto(GStrv) directories = kiln_address_directories(context->target);
	GPtrArray *files = g_ptr_array_new_with_free_func(free_file);

	add_file(files, g_strdup(identity->key_name), g_strdup(identity->key_text));
	add_file(files, g_strdup(identity->repo_name), g_strdup(identity->repo_text));
	for (char **name = directories; *name; name++)
		for (int part = 0; part < KILN_PART_COUNT; part++)
			add_mirrorlist(files, context, *name, id, (KilnPart)part);
	return files;
}

gboolean kiln_publish_file_is_there(const KilnPublishFile *file, const char *channel_directory)
{
	g_autofree char *path = g_build_filename(channel_directory, file->name, NULL);
	g_autofree char *present = kiln_fs_read(path, CHANNEL_FILE_MAX_BYTES, NULL, NULL);

	return present && (!file->text || g_str_equal(present, file->text));
}

/* Replaces a channel's file unless it already says that. */
static gboolean ensure_file(const KilnPublishFile *file, const char *channel, GError **error)
{
	g_autofree char *path = g_build_filename(channel, file->name, NULL);
	g_autofree char *directory = g_path_get_dirname(path);

	return kiln_publish_file_is_there(file, channel) ||
		(kiln_fs_make_directory(directory, error) && kiln_fs_replace_text(path, file->text, error));
}

gboolean kiln_publish_point(const KilnContext *context, const KilnIdentity *identity, const char *repository,
	const char *id, GError **error)
{
	g_autofree char *directory = g_build_filename(repository, context->project->config->channel, NULL);
	g_autofree char *link = g_build_filename(directory, "current", NULL);
	g_autofree char *target = g_build_filename("..", "snapshots", id, NULL);
	g_autofree char *present = NULL;
	g_autoptr(GPtrArray) files = kiln_publish_files(context, identity, id);
	const char *const names[] = {identity->repo_name, identity->key_name, NULL};

	for (guint i = 0; i < files->len; i++)
		if (!ensure_file(files->pdata[i], directory, error))
			return FALSE;
	present = g_file_read_link(link, NULL);
	return (g_strcmp0(present, target) == 0 || kiln_fs_replace_link(link, target, error)) &&
		kiln_address_check(context, identity->repo_text, repository, names, error);
}

/* What will be written anew. */
static void tell_restored(
	const KilnContext *context, const KilnIdentity *identity, const char *repository, const char *id)
{
	const char *channel = context->project->config->channel;
	g_autofree char *directory = g_build_filename(repository, channel, NULL);
	g_autoptr(GPtrArray) files = kiln_publish_files(context, identity, id);

	for (guint i = 0; i < files->len; i++) {
		const KilnPublishFile *file = files->pdata[i];
		if (!kiln_publish_file_is_there(file, directory))
			kiln_event_info("publish", "\"%s/%s\" was missing or not as it should be: written anew", channel,
				file->name);
	}
}

/* What is wrong with one part of a published snapshot, or NULL. */
static char *find_damage(const char *directory)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = kiln_repomd_read_packages(directory, &error);
	g_autofree char *signature = g_build_filename(directory, "repodata", "repomd.xml.asc", NULL);

	if (!entries)
		return g_strdup(error->message);
	if (!g_file_test(signature, G_FILE_TEST_IS_REGULAR))
		return g_strdup_printf("\"%s\" is missing", signature);
	for (guint i = 0; i < entries->len; i++) {
		const KilnRepomdEntry *entry = entries->pdata[i];
		g_autofree char *path = g_build_filename(directory, entry->location, NULL);
		struct stat status;
		if (stat(path, &status) != 0 || (guint64)status.st_size != entry->size)
			return g_strdup_printf("\"%s\" is missing or has another size", path);
	}
	return NULL;
}

gboolean kiln_publish_check(const KilnContext *context, const KilnIdentity *identity,
	const KilnSnapshot *current, char **ret_damage, GError **error)
{
	g_autofree char *repository = kiln_compose_repository_directory(context);
	g_autofree char *snapshot = g_build_filename(repository, "snapshots", current->id, NULL);

	*ret_damage = NULL;
	for (int part = 0; part < KILN_PART_COUNT && !*ret_damage; part++) {
		g_autofree char *directory = g_build_filename(snapshot, kiln_part_name((KilnPart)part), NULL);
		*ret_damage = find_damage(directory);
	}
	if (!*ret_damage)
		tell_restored(context, identity, repository, current->id);
	return *ret_damage || kiln_publish_point(context, identity, repository, current->id, error);
}

static gboolean verify_parts(const char *directory, GError **error)
{
	for (int part = 0; part < KILN_PART_COUNT; part++) {
		g_autofree char *path = g_build_filename(directory, kiln_part_name((KilnPart)part), NULL);
		if (!kiln_repomd_verify(path, error))
			return FALSE;
	}
	return TRUE;
}

/* Recorded first: a NEVRA that may have been seen by a client is never given other bytes. */
static gboolean put_in_place(KilnContext *context, KilnCompose *compose, KilnStore *store,
	const char *repository, GError **error)
{
	g_autofree char *snapshots = g_build_filename(repository, "snapshots", NULL);
	g_autofree char *place = g_build_filename(snapshots, compose->snapshot->id, NULL);

	return verify_parts(compose->directory, error) && kiln_fs_sync_tree(compose->directory, error) &&
		record(context, compose->snapshot, store, error) && kiln_fs_make_directory(snapshots, error) &&
		kiln_fs_rename(compose->directory, place, error);
}

gboolean kiln_publish_run(KilnContext *context, const KilnIdentity *identity, KilnCompose *compose,
	KilnStore *store, GError **error)
{
	const KilnConfig *config = context->project->config;
	g_autofree char *repository = kiln_compose_repository_directory(context);
	gint64 start = kiln_clock_monotonic_us();

	kiln_event_step("publish", "%s", compose->snapshot->id);
	if (!put_in_place(context, compose, store, repository, error) ||
		!kiln_publish_point(context, identity, repository, compose->snapshot->id, error)) {
		g_prefix_error(error, "publishing \"%s\": ", compose->snapshot->id);
		return FALSE;
	}
	kiln_event_done("publish", kiln_clock_monotonic_us() - start, "snapshot %s is now \"%s\"",
		compose->snapshot->id, config->channel);
	return TRUE;
}
