/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/nevra.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

static gboolean refuse(const char *text, const char *fault, GError **error)
{
	g_autofree char *shown = kiln_text_printable(text);

	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"package \"%s\": %s; expected name-[epoch:]version-release.arch", shown, fault);
	return FALSE;
}

/* No byte that ends a word, a line or a path component, or that a terminal would act on. */
static gboolean is_plain(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (!g_ascii_isgraph(*p) || *p == '/')
			return FALSE;
	return TRUE;
}

/* Cuts the last `separator` and what follows off `text` and returns what followed, or NULL. */
static char *cut_last(char *text, char separator)
{
	char *at = strrchr(text, separator);

	if (at == NULL || at == text || at[1] == '\0')
		return NULL;
	*at = '\0';
	return at + 1;
}

/* Takes "epoch:" off the front of `version`; returns the rest, or NULL when it is no number. */
static char *take_epoch(char *version, guint32 *ret_epoch)
{
	char *colon = strchr(version, ':');
	gint64 number = 0;

	if (colon == NULL) {
		*ret_epoch = 0;
		return version;
	}
	*colon = '\0';
	if (!kiln_text_parse_number(version, 0, G_MAXUINT32, &number, NULL))
		return NULL;
	*ret_epoch = (guint32)number;
	return colon + 1;
}

gboolean kiln_nevra_parse(const char *text, KilnNevra *ret_nevra, GError **error)
{
	g_autofree char *name = g_strdup(text);
	guint32 epoch = 0;

	if (!is_plain(name))
		return refuse(text, "has a blank, control byte or slash", error);
	if (g_str_has_suffix(name, ".rpm"))
		name[strlen(name) - strlen(".rpm")] = '\0';

	const char *arch = cut_last(name, '.');
	const char *release = arch == NULL ? NULL : cut_last(name, '-');
	if (release == NULL || strchr(arch, '-') != NULL || strcmp(arch, "rpm") == 0)
		return refuse(text, "has no \"-release.arch\" at its end", error);
	char *version = cut_last(name, '-');
	if (version == NULL)
		return refuse(text, "has no version", error);
	version = take_epoch(version, &epoch);
	if (version == NULL || *version == '\0' || strchr(version, ':') != NULL)
		return refuse(text, "has an epoch that is no number", error);
	if (strchr(name, ':') != NULL || strchr(release, ':') != NULL || strchr(arch, ':') != NULL)
		return refuse(text, "has a colon outside its version", error);

	*ret_nevra = (KilnNevra){
		.name = g_strdup(name),
		.epoch = epoch,
		.version = g_strdup(version),
		.release = g_strdup(release),
		.arch = g_strdup(arch),
	};
	return TRUE;
}

void kiln_nevra_copy(const KilnNevra *nevra, KilnNevra *ret_copy)
{
	*ret_copy = (KilnNevra){
		.name = g_strdup(nevra->name),
		.epoch = nevra->epoch,
		.version = g_strdup(nevra->version),
		.release = g_strdup(nevra->release),
		.arch = g_strdup(nevra->arch),
	};
}

void kiln_nevra_clear(KilnNevra *nevra)
{
	g_free(nevra->name);
	g_free(nevra->version);
	g_free(nevra->release);
	g_free(nevra->arch);
	*nevra = (KilnNevra){0};
}

char *kiln_nevra_format(const KilnNevra *nevra)
{
	g_autofree char *evr = kiln_nevra_format_evr(nevra);

	return g_strdup_printf("%s-%s.%s", nevra->name, evr, nevra->arch);
}

char *kiln_nevra_format_evr(const KilnNevra *nevra)
{
	if (nevra->epoch == 0)
		return g_strdup_printf("%s-%s", nevra->version, nevra->release);
	return g_strdup_printf(
		"%" G_GUINT32_FORMAT ":%s-%s", nevra->epoch, nevra->version, nevra->release);
}

char *kiln_nevra_format_file_name(const KilnNevra *nevra)
{
	return g_strdup_printf(
		"%s-%s-%s.%s.rpm", nevra->name, nevra->version, nevra->release, nevra->arch);
}

int kiln_nevra_compare(const KilnNevra *a, const KilnNevra *b)
{
	int order = strcmp(a->name, b->name);

	if (order == 0)
		order = strcmp(a->arch, b->arch);
	if (order == 0)
		order = (a->epoch > b->epoch) - (a->epoch < b->epoch);
	if (order == 0)
		order = strcmp(a->version, b->version);
	return order == 0 ? strcmp(a->release, b->release) : order;
}
