/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/dist_git.h"

#include "model/source.h"

#include <string.h>

static const struct {
	const char *name;
	GChecksumType type;
	gsize length;
} types[] = {
	{"MD5", G_CHECKSUM_MD5, 32},
	{"SHA1", G_CHECKSUM_SHA1, 40},
	{"SHA256", G_CHECKSUM_SHA256, 64},
	{"SHA384", G_CHECKSUM_SHA384, 96},
	{"SHA512", G_CHECKSUM_SHA512, 128},
};

const char *kiln_dist_git_type_name(GChecksumType type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "digest";
}

static void digest_free(gpointer data)
{
	KilnDistGitDigest *digest = data;

	g_free(digest->name);
	g_free(digest->hex);
	g_free(digest);
}

/* `algorithm` NULL: known by the length. */
static gboolean add(GPtrArray *digests, const char *algorithm, const char *path, const char *hex, guint line)
{
	gsize length = strlen(hex);
	const char *name = kiln_source_basename(path);

	if (!kiln_source_name_is_valid(name) || strspn(hex, "0123456789abcdefABCDEF") != length)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		KilnDistGitDigest *digest;

		if (types[i].length != length || (algorithm && g_ascii_strcasecmp(algorithm, types[i].name) != 0))
			continue;
		digest = g_new0(KilnDistGitDigest, 1);
		digest->name = g_strdup(name);
		digest->type = types[i].type;
		digest->hex = g_ascii_strdown(hex, -1);
		digest->line = line;
		g_ptr_array_add(digests, digest);
		return TRUE;
	}
	return FALSE;
}

/* "ALGORITHM (NAME) = HEX" */
static gboolean add_tagged(GPtrArray *digests, const char *text, guint line)
{
	const char *open = strstr(text, " ("), *close = strstr(text, ") = ");
	g_autofree char *algorithm = NULL, *name = NULL;

	if (!open || !close || close < open + 2)
		return FALSE;
	algorithm = g_strndup(text, (gsize)(open - text));
	name = g_strndup(open + 2, (gsize)(close - open - 2));
	return add(digests, algorithm, name, close + strlen(") = "), line);
}

/* "HEX NAME", with a star before the name where md5sum read in binary mode */
static gboolean add_plain(GPtrArray *digests, const char *text, guint line)
{
	gsize length = strcspn(text, " \t");
	g_autofree char *hex = g_strndup(text, length);
	const char *name = text + length + strspn(text + length, " \t");

	return add(digests, NULL, *name == '*' ? name + 1 : name, hex, line);
}

GPtrArray *kiln_dist_git_parse(const char *text, guint *ret_strange_line)
{
	GPtrArray *digests = g_ptr_array_new_with_free_func(digest_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	*ret_strange_line = 0;
	for (guint i = 0; lines[i]; i++) {
		const char *line = g_strstrip(lines[i]);

		if (!*line || *line == '#' || add_tagged(digests, line, i + 1) || add_plain(digests, line, i + 1))
			continue;
		if (*ret_strange_line == 0)
			*ret_strange_line = i + 1;
	}
	return digests;
}
