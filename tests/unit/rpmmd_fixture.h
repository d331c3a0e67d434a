/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small rpm-md repositories without packages, from text in libsolv's testtags syntax ("=Pkg: name
 * version release arch", "=Prv: x = 1", "=Req:", "=Con:", "=Obs:", "=Rec:", "=Fls: /path"). As in
 * real ones, primary has the files that createrepo puts there and filelists has all. Included by
 * tests only.
 */
#pragma once

#include "base/digest.h"
#include "base/fs.h"
#include "base/process.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

static void rpmmd_check(const GError *error)
{
	if (error != NULL)
		g_error("test repository: %s", error->message);
}

static const char *rpmmd_flags(const char *operator)
{
	static const char *const names[][2] = {
		{"<", "LT"}, {"<=", "LE"}, {"=", "EQ"}, {">=", "GE"}, {">", "GT"}};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(operator, names[i][0]) == 0)
			return names[i][1];
	g_error("test repository: operator \"%s\"", operator);
}

static void rpmmd_add_evr(GString *xml, const char *evr)
{
	const char *colon = strchr(evr, ':');
	g_autofree char *epoch =
		colon == NULL ? g_strdup("0") : g_strndup(evr, (gsize)(colon - evr));
	g_auto(GStrv) parts = g_strsplit(colon == NULL ? evr : colon + 1, "-", 2);
	g_autofree char *text =
		g_markup_printf_escaped(" epoch=\"%s\" ver=\"%s\"", epoch, parts[0]);

	g_string_append(xml, text);
	if (parts[1] != NULL) {
		g_autofree char *release = g_markup_printf_escaped(" rel=\"%s\"", parts[1]);
		g_string_append(xml, release);
	}
}

static void rpmmd_add_entry(GString *xml, const char *dependency)
{
	gboolean rich = *dependency == '(';
	g_auto(GStrv) words = g_strsplit(dependency, " ", 3);
	g_autofree char *name =
		g_markup_printf_escaped("<rpm:entry name=\"%s\"", rich ? dependency : words[0]);

	g_string_append(xml, name);
	if (!rich && words[1] != NULL) {
		g_string_append_printf(xml, " flags=\"%s\"", rpmmd_flags(words[1]));
		rpmmd_add_evr(xml, words[2]);
	}
	g_string_append(xml, "/>");
}

/* The dependencies that `lines` has under `tag`, as an element. */
static void rpmmd_add_entries(GString *xml, char **lines, const char *tag, const char *element)
{
	g_string_append_printf(xml, "<rpm:%s>", element);
	for (; *lines != NULL; lines++)
		if (g_str_has_prefix(*lines, tag))
			rpmmd_add_entry(xml, *lines + strlen(tag));
	g_string_append_printf(xml, "</rpm:%s>", element);
}

static gboolean rpmmd_is_primary(const char *file)
{
	return g_str_has_prefix(file, "/etc/") || strstr(file, "bin/") != NULL ||
	       strcmp(file, "/usr/lib/sendmail") == 0;
}

static void rpmmd_add_files(GString *xml, char **lines, gboolean all)
{
	for (; *lines != NULL; lines++)
		if (g_str_has_prefix(*lines, "=Fls: ") && (all || rpmmd_is_primary(*lines + 6)))
			g_string_append_printf(xml, "<file>%s</file>", *lines + 6);
}

/* One package: `lines` begin with its "=Pkg: " taken off. */
static void rpmmd_add_package(GString *primary, GString *filelists, char **lines)
{
	g_auto(GStrv) fields = g_strsplit(lines[0], " ", 4);
	g_autofree char *id = kiln_digest_of_bytes(lines[0], strlen(lines[0]));
	g_autofree char *evr = g_strdup_printf("%s-%s", fields[1], fields[2]);
	g_autofree char *self = g_strdup_printf("%s = %s", fields[0], evr);
	const char *version = strchr(fields[1], ':');

	version = version == NULL ? fields[1] : version + 1;
	g_string_append_printf(primary,
		"<package type=\"rpm\"><name>%s</name><arch>%s</arch><version", fields[0],
		fields[3]);
	rpmmd_add_evr(primary, evr);
	g_string_append_printf(primary,
		"/><checksum type=\"sha256\" pkgid=\"YES\">%s</checksum>"
		"<summary/><description/><time file=\"1\" build=\"1700000000\"/>"
		"<size package=\"123\" installed=\"456\" archive=\"0\"/>"
		"<location href=\"Packages/%s-%s-%s.%s.rpm\"/><format>"
		"<rpm:provides>",
		id, fields[0], version, fields[2], fields[3]);
	rpmmd_add_entry(primary, self);
	g_string_append(primary, "</rpm:provides>");
	rpmmd_add_entries(primary, lines, "=Prv: ", "provides");
	rpmmd_add_entries(primary, lines, "=Req: ", "requires");
	rpmmd_add_entries(primary, lines, "=Con: ", "conflicts");
	rpmmd_add_entries(primary, lines, "=Obs: ", "obsoletes");
	rpmmd_add_entries(primary, lines, "=Rec: ", "recommends");
	rpmmd_add_files(primary, lines, FALSE);
	g_string_append(primary, "</format></package>\n");

	g_string_append_printf(filelists, "<package pkgid=\"%s\" name=\"%s\" arch=\"%s\"><version",
		id, fields[0], fields[3]);
	rpmmd_add_evr(filelists, evr);
	g_string_append(filelists, "/>");
	rpmmd_add_files(filelists, lines, TRUE);
	g_string_append(filelists, "</package>\n");
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
