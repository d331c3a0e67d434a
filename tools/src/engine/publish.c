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

/* Replaces a channel's file unless it already says that. */
static gboolean ensure_text(const char *path, const char *text, GError **error)
{
	g_autofree char *present = kiln_fs_read(path, CHANNEL_FILE_MAX_BYTES, NULL, NULL);

	return (present && g_str_equal(present, text)) || kiln_fs_replace_text(path, text, error);
}

/* "mirrorlist", "mirrorlist-debug" …: the address of that part of the snapshot. */
static gboolean write_mirrorlist(
	const KilnContext *context, const char *directory, const char *id, KilnPart part, GError **error)
{
	const char *name = kiln_part_name(part);
	g_autofree char *file = g_strconcat("mirrorlist", *name ? "-" : "", name, NULL);
	g_autofree char *path = g_build_filename(directory, file, NULL);
	g_autofree char *text = g_strdup_printf("%s/%s/%s/snapshots/%s/%s%s\n", context->project->config->url,
		context->collection->name, context->target->name, id, name, *name ? "/" : "");

	return ensure_text(path, text, error);
}

/* Where clients ask for them: in the channel itself and, with a release, in real directories named like it. */
static gboolean write_mirrorlists(
	const KilnContext *context, const char *channel, const char *id, GError **error)
{
	g_auto(GStrv) directories = kiln_address_directories(context->target);

	for (char **name = directories; *name; name++) {
		g_autofree char *directory = g_build_filename(channel, *name, NULL);
		if (!kiln_fs_make_directory(directory, error))
			return FALSE;
		for (int part = 0; part < KILN_PART_COUNT; part++)
			if (!write_mirrorlist(context, directory, id, (KilnPart)part, error))
				return FALSE;
	}
	return TRUE;
}

gboolean kiln_publish_point(const KilnContext *context, const KilnIdentity *identity, const char *repository,
	const char *id, GError **error)
{
	g_autofree char *directory = g_build_filename(repository, context->project->config->channel, NULL);
	g_autofree char *repo = g_build_filename(directory, identity->repo_name, NULL);
	g_autofree char *key = g_build_filename(directory, identity->key_name, NULL);
	g_autofree char *link = g_build_filename(directory, "current", NULL);
	g_autofree char *target = g_build_filename("..", "snapshots", id, NULL);
	g_autofree char *present = NULL;
	const char *const files[] = {identity->repo_name, identity->key_name, NULL};

	if (!kiln_fs_make_directory(directory, error) || !ensure_text(key, identity->key_text, error) ||
		!ensure_text(repo, identity->repo_text, error) ||
		!write_mirrorlists(context, directory, id, error))
		return FALSE;
	present = g_file_read_link(link, NULL);
	return (g_strcmp0(present, target) == 0 || kiln_fs_replace_link(link, target, error)) &&
		kiln_address_check(context, identity->repo_text, repository, files, error);
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
