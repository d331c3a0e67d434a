/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/spec.h"

#include <string.h>

KilnSpec *kiln_spec_new(void)
{
	KilnSpec *spec = g_new0(KilnSpec, 1);

	spec->build_archs = g_ptr_array_new_with_free_func(g_free);
	spec->exclusive_archs = g_ptr_array_new_with_free_func(g_free);
	spec->exclude_archs = g_ptr_array_new_with_free_func(g_free);
	spec->build_requires = g_ptr_array_new_with_free_func(g_free);
	spec->build_conflicts = g_ptr_array_new_with_free_func(g_free);
	spec->packages = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_spec_package_free);
	spec->sources = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_spec_source_free);
	spec->patches = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_spec_source_free);
	spec->diagnostics =
		g_ptr_array_new_with_free_func((GDestroyNotify)kiln_spec_diagnostic_free);
	return spec;
}

void kiln_spec_free(KilnSpec *spec)
{
	if (!spec)
		return;
	g_free(spec->evaluator_version);
	g_free(spec->name);
	g_free(spec->version);
	g_free(spec->release);
	g_free(spec->arch);
	g_free(spec->summary);
	g_free(spec->license);
	g_free(spec->url);
	g_free(spec->dist);
	g_ptr_array_unref(spec->build_archs);
	g_ptr_array_unref(spec->exclusive_archs);
	g_ptr_array_unref(spec->exclude_archs);
	g_ptr_array_unref(spec->build_requires);
	g_ptr_array_unref(spec->build_conflicts);
	g_ptr_array_unref(spec->packages);
	g_ptr_array_unref(spec->sources);
	g_ptr_array_unref(spec->patches);
	g_ptr_array_unref(spec->diagnostics);
	kiln_spec_diagnostic_free(spec->failure);
	g_free(spec);
}

KilnSpecPackage *kiln_spec_package_new(void)
{
	KilnSpecPackage *package = g_new0(KilnSpecPackage, 1);

	package->provides = g_ptr_array_new_with_free_func(g_free);
	package->requires = g_ptr_array_new_with_free_func(g_free);
	package->conflicts = g_ptr_array_new_with_free_func(g_free);
	package->obsoletes = g_ptr_array_new_with_free_func(g_free);
	package->recommends = g_ptr_array_new_with_free_func(g_free);
	package->suggests = g_ptr_array_new_with_free_func(g_free);
	package->supplements = g_ptr_array_new_with_free_func(g_free);
	package->enhances = g_ptr_array_new_with_free_func(g_free);
	return package;
}

void kiln_spec_package_free(KilnSpecPackage *package)
{
	if (!package)
		return;
	g_free(package->name);
	g_free(package->version);
	g_free(package->release);
	g_free(package->arch);
	g_free(package->summary);
	g_free(package->license);
	g_free(package->group);
	g_ptr_array_unref(package->provides);
	g_ptr_array_unref(package->requires);
	g_ptr_array_unref(package->conflicts);
	g_ptr_array_unref(package->obsoletes);
	g_ptr_array_unref(package->recommends);
	g_ptr_array_unref(package->suggests);
	g_ptr_array_unref(package->supplements);
	g_ptr_array_unref(package->enhances);
	g_free(package);
}

KilnSpecSource *kiln_spec_source_new(guint number, const char *value, gboolean is_withheld)
{
	KilnSpecSource *source = g_new0(KilnSpecSource, 1);
	const char *slash = strrchr(value, '/');

	source->number = number;
	source->value = g_strdup(value);
	source->filename = g_strdup(slash ? slash + 1 : value);
	source->is_withheld = is_withheld;
	return source;
}

void kiln_spec_source_free(KilnSpecSource *source)
{
	if (!source)
		return;
	g_free(source->value);
	g_free(source->filename);
	g_free(source);
}

KilnSpecDiagnostic *kiln_spec_diagnostic_new(
	gboolean is_error, const char *file, guint line, const char *text)
{
	KilnSpecDiagnostic *diagnostic = g_new0(KilnSpecDiagnostic, 1);

	diagnostic->is_error = is_error;
	diagnostic->file = g_strdup(file);
	diagnostic->line = line;
	diagnostic->text = g_strdup(text);
	return diagnostic;
}

void kiln_spec_diagnostic_free(KilnSpecDiagnostic *diagnostic)
{
	if (!diagnostic)
		return;
	g_free(diagnostic->file);
	g_free(diagnostic->text);
	g_free(diagnostic);
}

static char *format_evr(guint32 epoch, const char *version, const char *release)
{
	if (epoch == 0)
		return g_strdup_printf("%s-%s", version, release);
	return g_strdup_printf("%" G_GUINT32_FORMAT ":%s-%s", epoch, version, release);
}

char *kiln_spec_evr(const KilnSpec *spec)
{
	return format_evr(spec->epoch, spec->version, spec->release);
}

char *kiln_spec_package_evr(const KilnSpecPackage *package)
{
	return format_evr(package->epoch, package->version, package->release);
}

static gboolean any_withheld(const GPtrArray *sources)
{
	for (guint i = 0; i < sources->len; i++) {
		const KilnSpecSource *source = g_ptr_array_index(sources, i);
		if (source->is_withheld)
			return TRUE;
	}
	return FALSE;
}

char *kiln_spec_source_nevra(const KilnSpec *spec)
{
	gboolean incomplete = any_withheld(spec->sources) || any_withheld(spec->patches);

	return g_strdup_printf("%s-%s-%s.%s", spec->name, spec->version, spec->release,
		incomplete ? "nosrc" : "src");
}

char *kiln_spec_package_filename(const KilnSpecPackage *package)
{
	return g_strdup_printf("%s-%s-%s.%s.rpm", package->name, package->version, package->release,
		package->arch);
}

char *kiln_spec_diagnostic_format(const KilnSpecDiagnostic *diagnostic)
{
	if (diagnostic->file && diagnostic->line > 0)
		return g_strdup_printf(
			"%s:%u: %s", diagnostic->file, diagnostic->line, diagnostic->text);
	if (diagnostic->file)
		return g_strdup_printf("%s: %s", diagnostic->file, diagnostic->text);
	return g_strdup(diagnostic->text);
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void kiln_spec_sort_unique(GPtrArray *texts)
{
	g_ptr_array_sort(texts, compare_texts);
	for (guint i = texts->len; i > 1; i--) {
		if (strcmp(g_ptr_array_index(texts, i - 1), g_ptr_array_index(texts, i - 2)) == 0)
			g_ptr_array_remove_index(texts, i - 1);
	}
}

static gint compare_sources(gconstpointer a, gconstpointer b)
{
	const KilnSpecSource *left = *(KilnSpecSource *const *)a;
	const KilnSpecSource *right = *(KilnSpecSource *const *)b;

	return left->number < right->number ? -1 : left->number > right->number;
}

void kiln_spec_sort_sources(GPtrArray *sources)
{
	g_ptr_array_sort(sources, compare_sources);
}

static gboolean contains(const GPtrArray *texts, const char *text)
{
	return g_ptr_array_find_with_equal_func((GPtrArray *)texts, text, g_str_equal, NULL);
}

gboolean kiln_spec_allows_arch(const KilnSpec *spec, const char *arch)
{
	if (contains(spec->exclude_archs, arch))
		return FALSE;
	return spec->exclusive_archs->len == 0 || contains(spec->exclusive_archs, arch);
}
