/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/repo_variable.h"

#include "base/error.h"

#include <string.h>

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* As dnf's and yum's own tables say (dnf/rpm/__init__.py, rpmUtils/arch.py). */
static const struct {
	const char *base;
	const char *architectures; /* each between spaces */
} table[] = {
	{"aarch64", " aarch64 "},
	{"alpha", " alpha alphaev4 alphaev45 alphaev5 alphaev56 alphaev6 alphaev67 alphaev68 alphaev7 alphapca56 "},
	{"arm", " armv5tejl armv5tel armv5tl armv6l armv7l armv8l "},
	{"armhfp", " armv6hl armv7hl armv7hnl armv8hl "},
	{"i386", " athlon geode i386 i486 i586 i686 "},
	{"ppc", " ppc "},
	{"ppc64", " ppc64 ppc64iseries ppc64p7 ppc64pseries "},
	{"s390", " s390 "},
	{"sparc", " sparc sparc64v sparcv8 sparcv9 sparcv9v "},
	{"x86_64", " amd64 ia32e x86_64 x86_64_v2 x86_64_v3 x86_64_v4 "},
};

const char *kiln_basearch(const char *architecture)
{
	g_autofree char *word = g_strdup_printf(" %s ", architecture);

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
		if (strstr(table[i].architectures, word))
			return table[i].base;
	return architecture;
}

/* The name at `at`, which stands behind a "$", and how long it is written; NULL: there is none. Caller owns. */
static char *read_name(const char *at, gsize *ret_length)
{
	gboolean has_braces = *at == '{';
	gsize length = strspn(at + has_braces, NAME_CHARACTERS);

	if (length == 0 || (has_braces && at[length + 1] != '}'))
		return NULL;
	*ret_length = length + (has_braces ? 2 : 0);
	return g_strndup(at + has_braces, length);
}

static const char *value_of(const char *name, const char *releasever, const char *architecture, GError **error)
{
	if (g_ascii_strcasecmp(name, "basearch") == 0)
		return kiln_basearch(architecture);
	if (g_ascii_strcasecmp(name, "arch") == 0)
		return architecture;
	if (g_ascii_strcasecmp(name, "releasever") != 0)
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"what \"$%s\" is on the target's hosts is not known; $releasever, $basearch and $arch are", name);
	else if (!releasever)
		g_set_error_literal(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"what \"$releasever\" is on the target's hosts is not known; say releasever= in the [target] "
			"section of its target.conf");
	else
		return releasever;
	return NULL;
}

char *kiln_repo_expand(const char *text, const char *releasever, const char *architecture, GError **error)
{
	g_autoptr(GString) expanded = g_string_new(NULL);

	for (const char *at = text; *at;) {
		gsize length = 0;
		g_autofree char *name = *at == '$' ? read_name(at + 1, &length) : NULL;
		const char *value;

		if (!name) {
			g_string_append_c(expanded, *at++);
			continue;
		}
		value = value_of(name, releasever, architecture, error);
		if (!value)
			return NULL;
		g_string_append(expanded, value);
		at += 1 + length;
	}
	return g_string_free(g_steal_pointer(&expanded), FALSE);
}
