/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/published.h"

#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/channel.h"
#include "format/snapshot_json.h"
#include "lib/rpmheader.h"

#include <string.h>

#define MANIFEST_MAX_BYTES (64 * 1024 * 1024)

void kiln_published_free(KilnPublished *published)
{
	if (!published)
		return;
	g_free(published->directory);
	g_clear_pointer(&published->snapshot, kiln_snapshot_free);
	g_free(published);
}

static char *snapshots_directory(const KilnProject *project, const char *collection, const char *target)
{
	return g_build_filename(project->publish_root, collection, target, "snapshots", NULL);
}

/* The names of all, sorted; empty when nothing is published. */
static char **list_ids(const KilnProject *project, const char *collection, const char *target, GError **error)
{
	g_autofree char *directory = snapshots_directory(project, collection, target);

	return g_file_test(directory, G_FILE_TEST_IS_DIR) ? kiln_fs_list(directory, error) : g_new0(char *, 1);
}

static KilnPublished *read_snapshot(
	const KilnProject *project, const char *collection, const char *target, const char *id, GError **error)
{
	g_autoptr(KilnPublished) published = g_new0(KilnPublished, 1);
	g_autofree char *snapshots = snapshots_directory(project, collection, target);
	g_autofree char *manifest = g_build_filename(snapshots, id, "snapshot.json", NULL);
	g_autofree char *text = kiln_fs_read(manifest, MANIFEST_MAX_BYTES, NULL, error);

	published->directory = g_build_filename(snapshots, id, NULL);
	published->snapshot = text ? kiln_snapshot_parse(text, manifest, error) : NULL;
	return published->snapshot ? g_steal_pointer(&published) : NULL;
}

/* "what: those there are", or what to do when there are none. */
static void set_not_found(GError **error, const char *what, const char *collection, const char *target, char **names)
{
	g_autofree char *list = g_strjoinv(", ", names);

	if (*names)
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND, "%s of \"%s\" for \"%s\"; there are: %s", what,
			collection, target, list);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
			"nothing of \"%s\" is published for \"%s\"; `kiln release %s --target %s` does that", collection,
			target, collection, target);
}

KilnPublished *kiln_published_open(const KilnProject *project, const char *collection, const char *target,
	const char *id, GError **error)
{
	g_auto(GStrv) ids = list_ids(project, collection, target, error);
	g_autofree char *what = g_strdup_printf("there is no snapshot \"%s\"", id);

	if (!ids)
		return NULL;
	if (g_strv_contains((const char *const *)ids, id))
		return read_snapshot(project, collection, target, id, error);
	set_not_found(error, what, collection, target, ids);
	return NULL;
}

KilnPublished *kiln_published_of_channel(const KilnProject *project, const char *collection, const char *target,
	const char *channel, GError **error)
{
	g_autoptr(GPtrArray) channels = kiln_channel_list(project, collection, target, error);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *what = g_strdup_printf("there is no channel \"%s\"", channel);

	for (guint i = 0; channels && i < channels->len; i++) {
		const KilnChannel *found = channels->pdata[i];
		g_ptr_array_add(names, found->name);
		if (!g_str_equal(found->name, channel))
			continue;
		if (found->snapshot)
			return read_snapshot(project, collection, target, found->snapshot->id, error);
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "channel \"%s\" points at a damaged snapshot: %s",
			channel, found->damage);
		return NULL;
	}
	g_ptr_array_add(names, NULL);
	if (channels)
		set_not_found(error, what, collection, target, (char **)names->pdata);
	return NULL;
}

gboolean kiln_published_is_readable(const char *directory, const KilnSnapshot *snapshot, GError **error)
{
	for (guint i = 0; i < snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = snapshot->packages->pdata[i];
		g_autofree char *path = g_build_filename(directory, package->file, NULL);
		g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(path, error);
		if (!header)
			return FALSE;
	}
	return TRUE;
}

static gboolean is_before(const KilnSnapshot *a, const KilnSnapshot *b)
{
	return a->created == b->created ? strcmp(a->id, b->id) < 0 : a->created < b->created;
}

KilnPublished *kiln_published_before(const KilnProject *project, const KilnSnapshot *snapshot, GError **error)
{
	g_auto(GStrv) ids = list_ids(project, snapshot->collection, snapshot->target, error);
	g_autoptr(KilnPublished) best = NULL;

	for (char **id = ids; id && *id; id++) {
		g_autoptr(GError) damage = NULL;
		g_autoptr(KilnPublished) one =
			read_snapshot(project, snapshot->collection, snapshot->target, *id, &damage);
		if (!one)
			kiln_event_warning("check", "snapshot \"%s\" is damaged and passed over: %s", *id, damage->message);
		else if (is_before(one->snapshot, snapshot) &&
			(!best || is_before(best->snapshot, one->snapshot))) {
			kiln_published_free(best);
			best = g_steal_pointer(&one);
		}
	}
	return g_steal_pointer(&best);
}
