/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small rpm-md repositories without packages, from text (rpmmd_xml_fixture.h). Included by tests
 * only. */
#pragma once

#include "rpmmd_xml_fixture.h"

#include "base/fs.h"
#include "base/process.h"

static void rpmmd_check(const GError *error)
{
	if (error != NULL)
		g_error("test repository: %s", error->message);
}

/* Writes `xml`, compressed by the program `compressor` when not NULL, and its record for
 * repomd.xml. */
static void rpmmd_write(const char *directory, const char *type, const char *xml,
	const char *compressor, GString *repomd)
{
	static const char *const suffixes[][2] = {
		{"gzip", ".gz"}, {"xz", ".xz"}, {"bzip2", ".bz2"}, {"zstd", ".zst"}};
	const char *suffix = "";
	GError *error = NULL;
	g_autofree char *plain = g_strdup_printf("%s/repodata/%s.xml", directory, type);

	kiln_fs_replace_text(plain, xml, &error);
	rpmmd_check(error);
	for (gsize i = 0; compressor != NULL && i < G_N_ELEMENTS(suffixes); i++)
		if (strcmp(compressor, suffixes[i][0]) == 0)
			suffix = suffixes[i][1];
	if (*suffix != '\0') {
		const char *argv[] = {compressor, "-q", "-f", plain, NULL};
		KilnProcess process = {.argv = argv};
		kiln_process_check(&process, NULL, &error);
		rpmmd_check(error);
	}
	g_autofree char *path = g_strconcat(plain, suffix, NULL);
	g_autofree char *digest = kiln_digest_of_file(path, NULL, &error);
	rpmmd_check(error);
	g_string_append_printf(repomd,
		"<data type=\"%s\"><checksum type=\"sha256\">%s</checksum>"
		"<location href=\"repodata/%s.xml%s\"/></data>\n",
		type, digest, type, suffix);
}

/* Makes `directory` a repository of the packages in `testtags`, replacing what is there.
 * `compressor` is a program ("gzip", "xz", "bzip2", "zstd") or NULL. */
static void rpmmd_create(const char *directory, const char *testtags, const char *compressor)
{
	g_autoptr(GString) primary =
		g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			     "<metadata xmlns=\"http://linux.duke.edu/metadata/common\" "
			     "xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\"1\">\n");
	g_autoptr(GString) filelists =
		g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			     "<filelists xmlns=\"http://linux.duke.edu/metadata/filelists\">\n");
	g_autoptr(GString) repomd = g_string_new(
		"<?xml version=\"1.0\"?>\n"
		"<repomd xmlns=\"http://linux.duke.edu/metadata/repo\" "
		"xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\"><revision>1</revision>\n");
	g_auto(GStrv) packages = g_strsplit(testtags, "=Pkg: ", -1);
	g_autofree char *repodata = g_build_filename(directory, "repodata", NULL);
	g_autofree char *path = g_build_filename(repodata, "repomd.xml", NULL);
	GError *error = NULL;

	for (char **package = packages + 1; packages[0] != NULL && *package != NULL; package++) {
		g_auto(GStrv) lines = g_strsplit(*package, "\n", -1);
		rpmmd_add_package(primary, filelists, lines);
	}
	g_string_append(primary, "</metadata>\n");
	g_string_append(filelists, "</filelists>\n");
	kiln_fs_make_directory(repodata, &error);
	rpmmd_check(error);
	rpmmd_write(directory, "primary", primary->str, compressor, repomd);
	rpmmd_write(directory, "filelists", filelists->str, compressor, repomd);
	g_string_append(repomd, "</repomd>\n");
	kiln_fs_replace_text(path, repomd->str, &error);
	rpmmd_check(error);
}
