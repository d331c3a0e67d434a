/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/debian_source.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/apt.h"
#include "lib/content_cache.h"

#include <string.h>

#define APT_TIMEOUT_MS (15 * 60 * 1000)

/* Which part of the source package holds the file: less to download, and fewer files that may be
 * missing. */
static const char *part_option(const char *file_name)
{
	if (g_str_has_suffix(file_name, ".dsc"))
		return "--dsc-only";
	if (strstr(file_name, ".debian.tar.") != NULL || g_str_has_suffix(file_name, ".diff.gz"))
		return "--diff-only";
	return "--tar-only";
}

/* The first complaint of apt ("E: …"): those that follow only say what it led to. */
static char *find_complaint(const KilnProcessResult *result)
{
	g_auto(GStrv) lines = g_strsplit(result->error_output, "\n", -1);

	if (result->timed_out)
		return g_strdup("apt-get took too long");
	for (guint i = 0; lines[i] != NULL; i++)
		if (g_str_has_prefix(lines[i], "E: "))
			return kiln_text_printable(lines[i] + strlen("E: "));
	return g_strdup("it is not among what apt has delivered");
}

/* Runs apt-get in `directory`; its exit status counts for nothing if the file is there. */
static gboolean download(const KilnOrigin *origin, const char *apt_config, const char *directory,
	const char *path, GError **error)
{
	g_autofree char *wanted = g_strdup_printf("%s=%s", origin->package, origin->version);
	const char *const argv[] = {"apt-get", "source", "--download-only", "--only-source",
		"--quiet", part_option(origin->file_name), wanted, NULL};
	g_auto(GStrv) environment = kiln_apt_environment(apt_config);
	const KilnProcess process = {.argv = argv,
		.environment = (const char *const *)environment,
		.working_directory = directory,
		.timeout_ms = APT_TIMEOUT_MS};
	g_auto(KilnProcessResult) result = {0};
	g_autofree char *complaint = NULL;

	if (!kiln_process_run(&process, &result, error))
		return FALSE;
	if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return TRUE;
	complaint = find_complaint(&result);
	g_set_error_literal(error, KILN_ERROR, KILN_ERROR_NETWORK, complaint);
	return FALSE;
}

static char *take_into_cache(
	const char *path, const char *cache_dir, const char *sha256, guint64 size, GError **error)
{
	g_autoptr(KilnCacheWriter) writer = kiln_cache_writer_open(cache_dir, sha256, error);
	char *found = NULL;

	if (writer == NULL || !kiln_cache_writer_restart(writer, error) ||
		!kiln_cache_writer_append_file(
			writer, path, size != 0 ? size : KILN_SOURCE_MAX_BYTES, error) ||
		!kiln_cache_writer_commit(writer, size, &found, error))
		return NULL;
	return found;
}

char *kiln_debian_source_fetch(const KilnOrigin *origin, const char *apt_config,
	const char *cache_dir, const char *sha256, guint64 size, GError **error)
{
	g_autofree char *prefix = g_build_filename(cache_dir, "partial", "apt.fresh", NULL);
	g_autofree char *directory = NULL;
	g_autofree char *path = NULL;
	char *found = NULL;

	directory = kiln_fs_make_temporary(prefix, error);
	if (directory == NULL)
		return NULL;
	path = g_build_filename(directory, origin->file_name, NULL);
	if (download(origin, apt_config, directory, path, error))
		found = take_into_cache(path, cache_dir, sha256, size, error);
	kiln_fs_remove_tree(directory, NULL); /* what it could not remove is swept up a day later */
	return found;
}
