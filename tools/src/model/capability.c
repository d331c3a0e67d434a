/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/capability.h"

#include "model/dependency.h"

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

gboolean kiln_capability_add_text(GPtrArray *list, const char *text, GError **error)
{
	g_auto(KilnDependency) dependency = {0};
	guint sense = KILN_SENSE_ANY;

	if (!kiln_dependency_parse(text, &dependency, error))
		return FALSE;
	if (dependency.flags & KILN_DEPENDENCY_LESS)
		sense |= KILN_SENSE_LESS;
	if (dependency.flags & KILN_DEPENDENCY_GREATER)
		sense |= KILN_SENSE_GREATER;
	if (dependency.flags & KILN_DEPENDENCY_EQUAL)
		sense |= KILN_SENSE_EQUAL;
	kiln_capability_add(list, dependency.name, sense, dependency.evr);
	return TRUE;
}
