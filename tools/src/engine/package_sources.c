/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/package_sources.h"

#include "engine/source_claims.h"

/* Owns what a request borrows. */
typedef struct {
	GPtrArray *values;
	GPtrArray *claims; /* NULL: not asked for */
	char *apt_dir;
	KilnSourcesRequest request;
} Order;

static void order_clear(Order *order)
{
	g_ptr_array_unref(order->values);
	g_clear_pointer(&order->claims, g_ptr_array_unref);
	g_free(order->apt_dir);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Order, order_clear)

static void add_values(GPtrArray *values, const GPtrArray *sources)
{
	for (guint i = 0; i < sources->len; i++)
		g_ptr_array_add(values, ((const KilnSpecSource *)sources->pdata[i])->value);
}

static void order_init(Order *order, const KilnContext *context, const KilnCatalogPackage *package,
	const KilnSpec *spec)
{
	order->claims = NULL;
	order->values = g_ptr_array_new();
	add_values(order->values, spec->sources);
	add_values(order->values, spec->patches);
	g_ptr_array_add(order->values, NULL);
	order->apt_dir = g_build_filename(context->project->cache, "apt", NULL);
	order->request = (KilnSourcesRequest){.package = package->name,
		.directories = (const char *const *)package->source_directories,
		.is_adopted = package->is_adopted,
		.lock_path = package->lock_path,
		.lock_name = kiln_project_relative(context->project, package->lock_path),
		.values = (const char *const *)order->values->pdata,
		.cache_dir = context->project->cache,
		.apt_dir = order->apt_dir,
		.suite = context->target->suite};
}

static gboolean name_package(gboolean done, const KilnCatalogPackage *package, GError **error)
{
	if (!done)
		g_prefix_error(error, "\"%s\": ", package->name);
	return done;
}

gboolean kiln_package_sources_fetch(const KilnContext *context, const KilnIdentity *identity,
	const KilnCatalogPackage *package, const KilnSpec *spec, GPtrArray **ret_files,
	GError **error)
{
	g_auto(Order) order;
	KilnSourceContent contents[2];

	order_init(&order, context, package, spec);
	if (identity != NULL) {
		kiln_identity_contents(identity, contents);
		order.request.contents = contents;
		order.request.content_count = G_N_ELEMENTS(contents);
	}
	return name_package(kiln_sources_fetch(&order.request, ret_files, error), package, error);
}

static gboolean lock(const KilnContext *context, const KilnCatalogPackage *package, const KilnSpec *spec,
	gboolean is_offline, GPtrArray **ret_changes, GError **error)
{
	g_auto(Order) order;

	order_init(&order, context, package, spec);
	if (package->is_adopted && !package->shares_sources)
		order.claims = kiln_source_claims_read(
			package->name, order.request.directories, context->project->root);
	order.request.claims = order.claims;
	order.request.is_offline = is_offline;
	return name_package(kiln_sources_lock(&order.request, ret_changes, error), package, error);
}

gboolean kiln_package_sources_lock(const KilnContext *context, const KilnCatalogPackage *package,
	const KilnSpec *spec, GPtrArray **ret_changes, GError **error)
{
	return lock(context, package, spec, FALSE, ret_changes, error);
}

gboolean kiln_package_sources_lock_present(const KilnContext *context, const KilnCatalogPackage *package,
	const KilnSpec *spec, GPtrArray **ret_changes, GError **error)
{
	return lock(context, package, spec, TRUE, ret_changes, error);
}
