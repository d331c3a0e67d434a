/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "cli/commands.h"
#include "engine/package_sources.h"

static struct {
	char *collection, *target;
	gboolean lock;
} options;

static const GOptionEntry entries[] = {
	{"lock", 'l', 0, G_OPTION_ARG_NONE, &options.lock,
		"Write the source lock instead of obeying it", NULL},
	{"collection", 'c', 0, G_OPTION_ARG_STRING, &options.collection,
		"The collection the packages are in", "NAME"},
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target,
		"The target to evaluate the specs for", "NAME"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static void answer_file(
	KilnJson *json, const KilnCatalogPackage *package, const KilnSourceFile *file)
{
	if (json == NULL) {
		printf("%s  %s\n", file->sha256, file->path);
		return;
	}
	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "package", package->name);
	kiln_json_add_text(json, "name", file->name);
	kiln_json_add_text(json, "sha256", file->sha256);
	kiln_json_add_number(json, "size", (gint64)file->size);
	kiln_json_add_text(json, "path", file->path);
	kiln_json_add_boolean(json, "local", file->kind == KILN_SOURCE_LOCAL);
	kiln_json_end_object(json);
}

static void print_digest(const char *label, const char *sha256, guint64 size)
{
	printf("  %s  sha256 %s, %" G_GUINT64_FORMAT " bytes\n", label, sha256, size);
}

static const char *const change_words[] = {
	"new", "changed", "unchanged", "dropped", "missing"};

static void print_change(const KilnSourceChange *change)
{
	printf("%s: %s", change->name, change_words[change->kind]);
	if (change->old_name != NULL)
		printf(", was %s", change->old_name);
	printf("\n");
	if (change->old_sha256 != NULL && change->kind != KILN_SOURCE_UNCHANGED)
		print_digest("old", change->old_sha256, change->old_size);
	if (change->sha256 != NULL)
		print_digest(change->kind == KILN_SOURCE_UNCHANGED ? "is " : "new", change->sha256,
			change->size);
	for (guint i = 0; i < change->notes->len; i++)
		printf("  note: %s\n", (const char *)change->notes->pdata[i]);
}

static void answer_change(
	KilnJson *json, const KilnCatalogPackage *package, const KilnSourceChange *change)
{
	if (json == NULL) {
		print_change(change);
		return;
	}
	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "package", package->name);
	kiln_json_add_text(json, "name", change->name);
	kiln_json_add_text(json, "change", change_words[change->kind]);
	kiln_json_add_text(json, "old_name", change->old_name);
	kiln_json_add_text(json, "old_sha256", change->old_sha256);
	kiln_json_add_text(json, "sha256", change->sha256);
	kiln_json_add_number(json, "size", (gint64)change->size);
	kiln_json_begin_array(json, "notes");
	for (guint i = 0; i < change->notes->len; i++)
		kiln_json_add_text(json, NULL, change->notes->pdata[i]);
	kiln_json_end_array(json);
	kiln_json_end_object(json);
}

static gboolean fetch(KilnContext *context, const KilnCatalogPackage *package, const KilnSpec *spec,
	KilnJson *json, GError **error)
{
	g_autoptr(GPtrArray) files = NULL;

	if (!kiln_package_sources_fetch(context, NULL, package, spec, &files, error))
		return FALSE;
	for (guint i = 0; i < files->len; i++)
		answer_file(json, package, files->pdata[i]);
	return TRUE;
}

static gboolean lock(KilnContext *context, const KilnCatalogPackage *package, const KilnSpec *spec,
	KilnJson *json, GError **error)
{
	g_autoptr(GPtrArray) changes = NULL;

	if (!kiln_package_sources_lock(context, package, spec, &changes, error))
		return FALSE;
	for (guint i = 0; i < changes->len; i++)
		answer_change(json, package, changes->pdata[i]);
	return TRUE;
}

static gboolean do_package(
	KilnContext *context, const KilnCatalogPackage *package, KilnJson *json, GError **error)
{
	g_autoptr(KilnSpec) spec = kiln_context_evaluate(context, package, FALSE, error);

	if (spec == NULL)
		return FALSE;
	return (options.lock ? lock : fetch)(context, package, spec, json, error);
}

/* All the names are known before anything is done. Of borrowed packages; caller owns the array. */
static GPtrArray *choose(const KilnContext *context, char *const *names, GError **error)
{
	g_autoptr(GPtrArray) chosen = g_ptr_array_new();

	for (guint i = 0; names[0] == NULL && i < context->packages->len; i++)
		g_ptr_array_add(chosen, context->packages->pdata[i]);
	for (; *names != NULL; names++) {
		const KilnCatalogPackage *package =
			kiln_catalog_find(context->packages, *names, error);

		if (package == NULL)
			return NULL;
		g_ptr_array_add(chosen, (gpointer)package);
	}
	return g_steal_pointer(&chosen);
}

static gboolean do_packages(
	KilnContext *context, char *const *names, KilnJson *json, GError **error)
{
	g_autoptr(GPtrArray) chosen = choose(context, names, error);

	for (guint i = 0; chosen != NULL && i < chosen->len; i++)
		if (!do_package(context, chosen->pdata[i], json, error))
			return FALSE;
	return chosen != NULL;
}

/* A name that there is not is told before a base is made for it. */
static KilnContext *open_context(const KilnInvocation *invocation, GError **error)
{
	const KilnCollection *collection = kiln_cli_collection(invocation, options.collection, error);
	g_autoptr(GPtrArray) packages =
		collection ? kiln_catalog_list(invocation->project, collection, error) : NULL;

	for (char **name = invocation->arguments; packages && *name; name++)
		if (!kiln_catalog_find(packages, *name, error))
			return NULL;
	return packages ? kiln_cli_context_of(invocation, collection, options.target, error) : NULL;
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnContext) context = NULL;
	g_autoptr(KilnJson) json = invocation->json ? kiln_json_new() : NULL;

	if (options.lock && invocation->arguments[0] == NULL) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
			"--lock wants the packages to lock by name: kiln fetch --lock PACKAGE");
		return FALSE;
	}
	context = open_context(invocation, error);
	if (context == NULL)
		return FALSE;
	if (json != NULL)
		kiln_json_begin_array(json, NULL);
	if (!do_packages(context, invocation->arguments, json, error))
		return FALSE;
	if (json != NULL) {
		kiln_json_end_array(json);
		kiln_cli_answer(json);
	}
	return TRUE;
}

const KilnCommand kiln_command_fetch = {
	.name = "fetch",
	.synopsis = "[PACKAGE…]",
	.summary = "Fetch and verify the sources of packages, or lock them",
	.description = "Prints digest and path of every source and patch (`| sha256sum -c` checks "
		       "them again). What\n"
		       "differs from the source lock (`sources` beside the spec) is refused. What "
		       "Kiln generates\n"
		       "is left out.\n"
		       "With --lock, for a new version: every file is fetched from all its origins "
		       "(those of the\n"
		       "lock and the URL in the spec), old and new digests are shown, and the lock "
		       "is written if\n"
		       "all went well. Compare new digests with what upstream announces before you "
		       "commit them.",
	.options = entries,
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT,
	.maximum_arguments = G_MAXUINT,
	.run = run,
};
