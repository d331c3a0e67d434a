/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever is accepted as a .repo file is read back the same when written out plainly; a template
 * that renders gives an accepted file; every refusal names the place in one line.
 */
#include "format/repo_file.h"

#include <stdint.h>
#include <string.h>

static void check(gboolean condition, const char *what)
{
	if (!condition)
		g_error("%s", what);
}

static void check_same_list(char **one, char **two)
{
	check(g_strv_equal((const char *const *)one, (const char *const *)two), "a list changed");
}

static void emit_list(GString *text, const char *key, char **list)
{
	g_autofree char *joined = g_strjoinv(", ", list);

	if (list[0])
		g_string_append_printf(text, "%s=%s\n", key, joined);
}

/* A value that was continued stands on several lines again, each indented. */
static void emit_text(GString *text, const char *key, const char *value)
{
	g_auto(GStrv) lines = g_strsplit(value ? value : "", "\n", -1);
	g_autofree char *joined = g_strjoinv("\n  ", lines);

	if (value)
		g_string_append_printf(text, "%s=%s\n", key, joined);
}

static char *emit(const GPtrArray *sections)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < sections->len; i++) {
		const KilnRepoFileSection *section = g_ptr_array_index(sections, i);

		g_string_append_printf(text, "[%s]\n", section->id);
		emit_text(text, "name", section->name);
		emit_text(text, "mirrorlist", section->mirrorlist);
		emit_text(text, "metadata_expire", section->metadata_expire);
		emit_list(text, "baseurl", section->baseurl);
		emit_list(text, "gpgkey", section->gpgkey);
		g_string_append_printf(text, "gpgcheck=%d\nrepo_gpgcheck=%d\nenabled=%d\n",
			section->gpgcheck, section->repo_gpgcheck, section->enabled);
	}
	return g_string_free(text, FALSE);
}

static void check_same_section(const KilnRepoFileSection *one, const KilnRepoFileSection *two)
{
	check(g_strcmp0(one->id, two->id) == 0, "an id changed");
	check(g_strcmp0(one->name, two->name) == 0, "a name changed");
	check(g_strcmp0(one->mirrorlist, two->mirrorlist) == 0, "a mirrorlist changed");
	check(g_strcmp0(one->metadata_expire, two->metadata_expire) == 0, "an expiry changed");
	check_same_list(one->baseurl, two->baseurl);
	check_same_list(one->gpgkey, two->gpgkey);
	check(one->gpgcheck == two->gpgcheck && one->repo_gpgcheck == two->repo_gpgcheck &&
			one->enabled == two->enabled,
		"a boolean changed");
}

static void check_sections(const GPtrArray *sections)
{
	g_autofree char *text = emit(sections);
	g_autoptr(GPtrArray) again = kiln_repo_file_parse(text, strlen(text), "again", NULL);

	check(sections->len > 0, "a file without a repository was accepted");
	check(again != NULL, "what was written out is refused");
	check(again->len == sections->len, "the number of repositories changed");
	for (guint i = 0; i < sections->len; i++)
		check_same_section(g_ptr_array_index(sections, i), g_ptr_array_index(again, i));
}

static void check_refusal(gboolean accepted, const GError *error, const char *prefix)
{
	check(accepted == (error == NULL), "neither a result nor an error");
	check(!error || g_str_has_prefix(error->message, prefix), "an error without a place");
	check(!error || !strchr(error->message, '\n'), "an error of several lines");
}

static void check_template(const char *template)
{
	static const KilnRepoFileValue values[] = {
		{"URL", "http://repo.example"}, {"COLLECTION", "epoxy"},
		{"MIRRORLIST_EXPIRE", NULL}, {NULL, NULL}};
	g_autoptr(GError) error = NULL;
	g_autofree char *text = kiln_repo_file_render(template, "template", values, &error);

	check_refusal(text != NULL, error, "template:");
	if (!text)
		return;
	g_autoptr(GPtrArray) sections = kiln_repo_file_parse(text, strlen(text), "rendered", NULL);
	check(sections != NULL, "a rendered template is no .repo file");
	if (!strchr(template, '@'))
		check(g_str_equal(text, template), "a template without names changed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *template = g_strndup(size ? (const char *)data : "", size);
	g_autoptr(GPtrArray) sections =
		kiln_repo_file_parse((const char *)data, size, "file", &error);

	check_refusal(sections != NULL, error, "file:");
	if (sections)
		check_sections(sections);
	check_template(template);
	return 0;
}
