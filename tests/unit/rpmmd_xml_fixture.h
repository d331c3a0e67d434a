/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One package of rpm-md metadata, from text in libsolv's testtags syntax ("=Pkg: name
 * version release arch", "=Prv: x = 1", "=Req:", "=Con:", "=Obs:", "=Rec:", "=Fls: /path"). As in
 * real ones, primary has the files that createrepo puts there and filelists has all. Included by
 * tests only.
 */
#pragma once

#include "base/digest.h"

#include <glib.h>
#include <string.h>

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
