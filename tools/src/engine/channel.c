/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/channel.h"

#include "base/fs.h"
#include "format/snapshot_json.h"

#define SNAPSHOT_MAX_BYTES (64 * 1024 * 1024)

void kiln_channel_free(KilnChannel *channel)
{
	if (!channel)
		return;
	g_free(channel->name);
	g_free(channel->damage);
	g_clear_pointer(&channel->snapshot, kiln_snapshot_free);
	g_free(channel);
}

static KilnChannel *read_channel(const char *name, const char *link)
{
	KilnChannel *channel = g_new0(KilnChannel, 1);
	g_autofree char *path = g_build_filename(link, "snapshot.json", NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = kiln_fs_read(path, SNAPSHOT_MAX_BYTES, NULL, &error);

	channel->name = g_strdup(name);
	channel->snapshot = text ? kiln_snapshot_parse(text, path, &error) : NULL;
	channel->damage = error ? g_strdup(error->message) : NULL;
	return channel;
}

GPtrArray *kiln_channel_list(
	const KilnProject *project, const char *collection, const char *target, GError **error)
{
	g_autofree char *repository = g_build_filename(project->publish_root, collection, target, NULL);
	g_autoptr(GPtrArray) channels = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_channel_free);
	g_auto(GStrv) names = NULL;

	if (!g_file_test(repository, G_FILE_TEST_IS_DIR))
		return g_steal_pointer(&channels);
	names = kiln_fs_list(repository, error);
	for (char **name = names; name && *name; name++) {
		g_autofree char *link = g_build_filename(repository, *name, "current", NULL);
		if (g_file_test(link, G_FILE_TEST_IS_SYMLINK))
			g_ptr_array_add(channels, read_channel(*name, link));
	}
	return names ? g_steal_pointer(&channels) : NULL;
}
