/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"
#include "engine/context.h"
#include "format/spec_json.h"

static struct {
	char *collection, *target;
} options;

static const GOptionEntry entries[] = {
	{"collection", 'c', 0, G_OPTION_ARG_STRING, &options.collection, "The collection the package is in", "NAME"},
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target to evaluate for", "NAME"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static void print_field(const char *name, const char *value)
{
	if (value && value[0])
		printf("%-15s %s\n", name, value);
}

static void print_texts(const char *name, const GPtrArray *texts)
{
	for (guint i = 0; i < texts->len; i++)
		print_field(i == 0 ? name : "", g_ptr_array_index(texts, i));
}

static void print_sources(const char *name, const GPtrArray *sources)
{
	for (guint i = 0; i < sources->len; i++) {
		const KilnSpecSource *source = g_ptr_array_index(sources, i);
		g_autofree char *label = g_strdup_printf("%s%u", name, source->number);
		g_autofree char *value = g_strconcat(source->value,
			source->is_withheld ? "  (not in the source package)" : "", NULL);
		print_field(label, value);
	}
}

static void print_package(const KilnSpecPackage *package)
{
	g_autofree char *file = kiln_spec_package_filename(package);

	printf("\n%s%s\n", file, package->is_built ? "" : "  (not built: no %files)");
	print_field("Summary", package->summary);
	print_field("License", package->license);
	print_texts("Provides", package->provides);
	print_texts("Requires", package->requires);
	print_texts("Recommends", package->recommends);
	print_texts("Suggests", package->suggests);
	print_texts("Supplements", package->supplements);
	print_texts("Enhances", package->enhances);
	print_texts("Conflicts", package->conflicts);
	print_texts("Obsoletes", package->obsoletes);
}

static void print_spec(const KilnSpec *spec)
{
	g_autofree char *nevra = kiln_spec_source_nevra(spec);
	g_autofree char *evr = kiln_spec_evr(spec);

	printf("%s\n", nevra);
	print_field("Version", evr);
	print_field("Summary", spec->summary);
	print_field("License", spec->license);
	print_field("URL", spec->url);
	print_texts("BuildArch", spec->build_archs);
	print_texts("ExclusiveArch", spec->exclusive_archs);
	print_texts("ExcludeArch", spec->exclude_archs);
	print_sources("Source", spec->sources);
	print_sources("Patch", spec->patches);
	print_texts("BuildRequires", spec->build_requires);
	print_texts("BuildConflicts", spec->build_conflicts);
	if (spec->has_generate_buildrequires)
		print_field("", "and what %generate_buildrequires asks for during the build");
	for (guint i = 0; i < spec->packages->len; i++)
		print_package(g_ptr_array_index(spec->packages, i));
}

static void print_diagnostics(const KilnSpec *spec)
{
	for (guint i = 0; i < spec->diagnostics->len; i++) {
		g_autofree char *text =
			kiln_spec_diagnostic_format(g_ptr_array_index(spec->diagnostics, i));
		fprintf(stderr, "%s\n", text);
	}
}

static KilnSpec *evaluate(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnContext) context =
		kiln_cli_context(invocation, options.collection, options.target, error);
	const KilnCatalogPackage *package =
		context ? kiln_catalog_find(context->packages, invocation->arguments[0], error) : NULL;

	return package ? kiln_context_evaluate(context, package, FALSE, error) : NULL;
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnSpec) spec = evaluate(invocation, error);

	if (!spec)
		return FALSE;
	if (invocation->json) {
		g_autofree char *text = kiln_spec_json_emit(spec);
		fputs(text, stdout);
		return TRUE;
	}
	print_diagnostics(spec);
	print_spec(spec);
	return TRUE;
}

const KilnCommand kiln_command_spec = {
	.name = "spec",
	.synopsis = "PACKAGE",
	.summary = "Show what a spec says for a target",
	.description = "Evaluates the spec inside the target's own root, where it can do no harm: names, versions,\n"
		       "subpackages, dependencies, sources and patches. Remarks of rpm go to stderr.",
	.options = entries,
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT,
	.minimum_arguments = 1,
	.maximum_arguments = 1,
	.run = run,
};
