/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/order.h"

#include "base/error.h"

#include <string.h>

/* Who provides what, and where the depth-first walk stands. */
typedef struct {
	const GPtrArray *specs;
	GHashTable *providers; /* capability name -> index + 1 */
	guchar *state;         /* 0 unseen, 1 on the path, 2 placed */
	GArray *path;
	guint *order;
	guint placed;
} Walk;

/* The capability's name: what stands before a comparison. Rich dependencies have none. */
static char *capability_name(const char *dependency)
{
	if (*dependency == '(')
		return NULL;
	return g_strndup(dependency, strcspn(dependency, " "));
}

static void add_provider(GHashTable *providers, const char *dependency, guint index)
{
	char *name = capability_name(dependency);

	if (name && !g_hash_table_contains(providers, name))
		g_hash_table_insert(providers, name, GUINT_TO_POINTER(index + 1));
	else
		g_free(name);
}

static GHashTable *index_providers(const GPtrArray *specs)
{
	GHashTable *providers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < specs->len; i++) {
		const KilnSpec *spec = specs->pdata[i];
		for (guint p = 0; p < spec->packages->len; p++) {
			const KilnSpecPackage *package = spec->packages->pdata[p];
			add_provider(providers, package->name, i);
			for (guint d = 0; d < package->provides->len; d++)
				add_provider(providers, package->provides->pdata[d], i);
		}
	}
	return providers;
}

/* The index of the spec that provides `dependency`, or -1: the base does, or nobody. */
static int provider_of(GHashTable *providers, const char *dependency)
{
	g_autofree char *name = capability_name(dependency);

	return name ? (int)GPOINTER_TO_UINT(g_hash_table_lookup(providers, name)) - 1 : -1;
}

static gboolean set_cycle(const Walk *walk, guint index, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	gboolean inside = FALSE;

	for (guint i = 0; i < walk->path->len; i++) {
		guint step = g_array_index(walk->path, guint, i);
		inside = inside || step == index;
		if (inside)
			g_string_append_printf(text, "\"%s\" needs ", ((KilnSpec *)walk->specs->pdata[step])->name);
	}
	g_string_append_printf(text, "\"%s\"", ((KilnSpec *)walk->specs->pdata[index])->name);
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
		"build requirements form a cycle: %s; break it in one of the specs", text->str);
	return FALSE;
}

static gboolean visit(Walk *walk, guint index, GError **error)
{
	const KilnSpec *spec = walk->specs->pdata[index];

	if (walk->state[index] == 2)
		return TRUE;
	if (walk->state[index] == 1)
		return set_cycle(walk, index, error);
	walk->state[index] = 1;
	g_array_append_val(walk->path, index);
	for (guint i = 0; i < spec->build_requires->len; i++) {
		int provider = provider_of(walk->providers, spec->build_requires->pdata[i]);
		if (provider >= 0 && (guint)provider != index && !visit(walk, (guint)provider, error))
			return FALSE;
	}
	g_array_set_size(walk->path, walk->path->len - 1);
	walk->state[index] = 2;
	walk->order[walk->placed++] = index;
	return TRUE;
}

guint *kiln_order_specs(const GPtrArray *specs, GError **error)
{
	g_autoptr(GHashTable) providers = index_providers(specs);
	g_autofree guchar *state = g_new0(guchar, specs->len);
	g_autoptr(GArray) path = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autofree guint *order = g_new0(guint, specs->len);
	Walk walk = {.specs = specs, .providers = providers, .state = state, .path = path, .order = order};

	for (guint i = 0; i < specs->len; i++)
		if (!visit(&walk, i, error))
			return NULL;
	return g_steal_pointer(&order);
}

/* Marks what `spec` needs; TRUE when that was news. */
static gboolean mark_needed(GHashTable *providers, const KilnSpec *spec, gboolean *wanted)
{
	gboolean changed = FALSE;

	for (guint i = 0; i < spec->build_requires->len; i++) {
		int provider = provider_of(providers, spec->build_requires->pdata[i]);
		if (provider < 0 || wanted[provider])
			continue;
		wanted[provider] = changed = TRUE;
	}
	return changed;
}

void kiln_order_close(const GPtrArray *specs, gboolean *wanted)
{
	g_autoptr(GHashTable) providers = index_providers(specs);
	gboolean changed = TRUE;

	while (changed) {
		changed = FALSE;
		for (guint i = 0; i < specs->len; i++)
			if (wanted[i] && mark_needed(providers, specs->pdata[i], wanted))
				changed = TRUE;
	}
}

const char **kiln_order_outside(const GPtrArray *specs, const KilnSpec *spec)
{
	g_autoptr(GHashTable) providers = index_providers(specs);
	g_autoptr(GPtrArray) outside = g_ptr_array_new();

	for (guint i = 0; i < spec->build_requires->len; i++) {
		char *requirement = spec->build_requires->pdata[i];
		/* Files, pkgconfig(x) and their kind are revealed by builds only. */
		if (!strpbrk(requirement, "(/") && provider_of(providers, requirement) < 0)
			g_ptr_array_add(outside, requirement);
	}
	g_ptr_array_add(outside, NULL);
	return (const char **)g_ptr_array_free(g_steal_pointer(&outside), FALSE);
}
