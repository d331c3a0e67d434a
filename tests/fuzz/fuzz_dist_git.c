/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digests of dist-git: each is of a file with a plain name and as long as its algorithm wants; written in the one
 * form all have in common it is the same again. */
#include "format/dist_git.h"

#include "model/source.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const KilnDistGitDigest *digest)
{
	g_autofree char *text = g_strdup_printf(
		"%s (%s) = %s", kiln_dist_git_type_name(digest->type), digest->name, digest->hex);
	guint strange;
	g_autoptr(GPtrArray) again = kiln_dist_git_parse(text, &strange);
	const KilnDistGitDigest *same = again->len == 1 ? again->pdata[0] : NULL;

	if (!kiln_source_name_is_valid(digest->name) ||
		strlen(digest->hex) != 2 * (gsize)g_checksum_type_get_length(digest->type))
		g_error("a digest that is none: %s", text);
	/* A name may hold what ends a name in the other form. */
	if (!strstr(digest->name, ") = ") && !strstr(digest->name, " (") &&
		(!same || strcmp(same->name, digest->name) != 0 || strcmp(same->hex, digest->hex) != 0))
		g_error("another digest: %s", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	guint strange;
	g_autoptr(GPtrArray) digests = kiln_dist_git_parse(text, &strange);

	for (guint i = 0; i < digests->len; i++)
		check(digests->pdata[i]);
	return 0;
}
