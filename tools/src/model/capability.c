/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/capability.h"

#include "base/error.h"

#include <string.h>

void kiln_capability_free(KilnCapability *capability)
{
	if (!capability)
		return;
	g_free(capability->name);
	g_free(capability->evr);
	g_free(capability);
}

GPtrArray *kiln_capability_list_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)kiln_capability_free);
}

void kiln_capability_add(GPtrArray *list, const char *name, guint sense, const char *evr)
{
	KilnCapability *capability = g_new(KilnCapability, 1);

	capability->name = g_strdup(name);
	capability->sense = sense;
	capability->evr = g_strdup(evr ? evr : "");
	g_ptr_array_add(list, capability);
}

static int compare(const KilnCapability *a, const KilnCapability *b)
{
	int order = strcmp(a->name, b->name);

	if (order == 0)
		order = strcmp(a->evr, b->evr);
	if (order == 0)
		order = (a->sense > b->sense) - (a->sense < b->sense);
	return order;
}

static int compare_elements(gconstpointer a, gconstpointer b)
{
	return compare(*(const KilnCapability *const *)a, *(const KilnCapability *const *)b);
}

void kiln_capability_normalize(GPtrArray *list)
{
	g_ptr_array_sort(list, compare_elements);
	for (guint i = list->len; i > 1; i--) {
		if (compare(list->pdata[i - 1], list->pdata[i - 2]) == 0)
			g_ptr_array_remove_index(list, i - 1);
	}
}

static gboolean parse_operator(const char *text, guint *ret_sense)
{
	static const struct {
		const char *text;
		guint sense;
	} operators[] = {
		{"<", KILN_SENSE_LESS},
		{"<=", KILN_SENSE_LESS | KILN_SENSE_EQUAL},
		{"=", KILN_SENSE_EQUAL},
		{">=", KILN_SENSE_GREATER | KILN_SENSE_EQUAL},
		{">", KILN_SENSE_GREATER},
	};

	for (guint i = 0; i < G_N_ELEMENTS(operators); i++) {
		if (strcmp(text, operators[i].text) == 0) {
			*ret_sense = operators[i].sense;
			return TRUE;
		}
	}
	return FALSE;
}

gboolean kiln_capability_add_text(GPtrArray *list, const char *text, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
	const char *filled[4] = {NULL};
	guint count = 0, sense = KILN_SENSE_ANY;

	for (guint i = 0; words[i] && count < G_N_ELEMENTS(filled); i++) {
		if (*words[i])
			filled[count++] = words[i];
	}
	if ((count != 1 && count != 3) || (count == 3 && !parse_operator(filled[1], &sense))) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s\" is not of the form \"NAME\" or \"NAME >= VERSION\"", text);
		return FALSE;
	}
	kiln_capability_add(list, filled[0], sense, filled[2]);
	return TRUE;
}
