/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/check.h"

#include "base/fs.h"
#include "engine/publish.h"

#define CHECK "integrity"
#define PACKAGE_SUFFIX ".rpm"

/* --- the channel's own files --- */

static void tell_differs(const char *channel, const KilnPublishFile *file, const char *path, GPtrArray *findings)
{
	g_autofree char *object = g_build_filename(channel, file->name, NULL);
	KilnFinding *finding = kiln_findings_add(findings, KILN_FINDING_ERROR, CHECK, object);

	finding->found = g_strdup(g_file_test(path, G_FILE_TEST_EXISTS) ? "is not what publishing writes there"
									: "is missing");
	finding->consequence = g_strdup("clients do not find what is published, or do not verify it");
	finding->fix = g_strdup("`kiln release` writes it anew");
}

/* What the channel points at; the snapshot that is checked may be another. NULL: nothing. */
static char *pointed_at(const char *channel_directory)
{
	g_autofree char *link = g_build_filename(channel_directory, "current", NULL);
	g_autofree char *target = g_file_read_link(link, NULL);

	return target ? g_path_get_basename(target) : NULL;
}

static gboolean check_files(
	const KilnContext *context, const char *directory, GPtrArray *findings, GError **error)
{
	g_autofree char *channel = g_path_get_basename(directory);
	g_autofree char *id = pointed_at(directory);
	g_autoptr(KilnIdentity) identity = id ? kiln_identity_look(context, channel, error) : NULL;
	g_autoptr(GPtrArray) files = identity ? kiln_publish_files(context, identity, id) : NULL;

	for (guint i = 0; files && i < files->len; i++) {
		const KilnPublishFile *file = files->pdata[i];
		g_autofree char *path = g_build_filename(directory, file->name, NULL);
		if (!kiln_publish_file_is_there(file, directory))
			tell_differs(channel, file, path, findings);
	}
	return !id || identity != NULL;
}

/* --- packages that nobody put there --- */

static GHashTable *known_files(const KilnSnapshot *snapshot)
{
	GHashTable *known = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < snapshot->packages->len; i++)
		g_hash_table_add(known, ((const KilnSnapshotPackage *)snapshot->packages->pdata[i])->file);
	return known;
}

static void tell_foreign(const char *object, GPtrArray *findings)
{
	KilnFinding *finding = kiln_findings_add(findings, KILN_FINDING_WARNING, CHECK, object);

	finding->found = g_strdup("is none of the snapshot's packages");
	finding->consequence = g_strdup("it is served to who asks for it by name, whatever it is");
	finding->fix = g_strdup("remove it");
}

/* `relative` to the snapshot: a directory of it that is there. */
static gboolean look_for_foreign(const KilnCheckSubject *subject, const char *relative, GHashTable *known,
	GPtrArray *findings, GError **error)
{
	g_autofree char *directory = g_build_filename(subject->directory, relative, NULL);
	g_auto(GStrv) names = kiln_fs_list(directory, error);

	for (char **name = names; name && *name; name++) {
		g_autofree char *object = g_build_filename(relative, *name, NULL);
		g_autofree char *path = g_build_filename(subject->directory, object, NULL);
		gboolean is_directory =
			g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK);
		if (is_directory && !look_for_foreign(subject, object, known, findings, error))
			return FALSE;
		if (!is_directory && g_str_has_suffix(*name, PACKAGE_SUFFIX) && !g_hash_table_contains(known, object))
			tell_foreign(object, findings);
	}
	return names != NULL;
}

gboolean kiln_check_channel(
	const KilnContext *context, const KilnCheckSubject *subject, GPtrArray *findings, GError **error)
{
	g_autoptr(GHashTable) known = known_files(subject->snapshot);

	return (!subject->channel_directory || check_files(context, subject->channel_directory, findings, error)) &&
		look_for_foreign(subject, "", known, findings, error);
}
