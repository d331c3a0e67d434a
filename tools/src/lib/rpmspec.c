/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmspec.h"

#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "format/rpmspec_output.h"
#include "format/spec_log.h"
#include "model/spec_check.h"

#define RPMSPEC "/usr/bin/rpmspec"
#define RPM "/usr/bin/rpm"

gboolean kiln_rpmspec_exists(void)
{
	return access(RPMSPEC, X_OK) == 0 && access(RPM, X_OK) == 0;
}

static void take_argument(GPtrArray *arguments, char *text)
{
	g_ptr_array_add(arguments, text);
}

static void add_define(GPtrArray *arguments, char *define)
{
	take_argument(arguments, g_strdup("--define"));
	take_argument(arguments, define);
}

/* "rpmspec", what all calls share, then `extra` (which ends with NULL), then the spec. */
static GPtrArray *make_arguments(
	const KilnSpecSettings *settings, const char *program, const char *const *extra)
{
	GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);

	take_argument(arguments, g_strdup(program));
	for (const char *const *name = settings->with; name && *name; name++)
		add_define(arguments, g_strdup_printf("_with_%s --with-%s", *name, *name));
	for (const char *const *name = settings->without; name && *name; name++)
		add_define(arguments, g_strdup_printf("_without_%s --without-%s", *name, *name));
	for (const char *const *text = settings->defines; text && *text; text++)
		add_define(arguments, g_strdup(*text));
	if (settings->target)
		take_argument(arguments, g_strdup_printf("--target=%s", settings->target));
	for (; *extra; extra++)
		take_argument(arguments, g_strdup(*extra));
	return arguments;
}

/* Runs it; NULL when it ends unsuccessfully. What it says becomes diagnostics when `tell`. */
static char *run(KilnSpec *spec, GPtrArray *arguments, const char *path, gboolean tell)
{
	g_auto(KilnProcessResult) result = {0};
	g_autoptr(GError) error = NULL;

	g_ptr_array_add(arguments, NULL);
	const KilnProcess process = {
		.argv = (const char *const *)arguments->pdata,
		.environment = (const char *const *)environ,
	};
	if (!kiln_process_run(&process, &result, &error)) {
		g_ptr_array_add(
			spec->diagnostics, kiln_spec_diagnostic_new(TRUE, NULL, 0, error->message));
		return NULL;
	}
	if (tell)
		kiln_spec_log_parse_output(spec->diagnostics, result.error_output, path);
	return result.exit_status == 0 ? g_steal_pointer(&result.output) : NULL;
}

static char *ask(
	KilnSpec *spec, const KilnSpecSettings *settings, const char *const *extra, gboolean tell)
{
	g_autoptr(GPtrArray) arguments = make_arguments(settings, RPMSPEC, extra);

	take_argument(arguments, g_strdup(settings->path));
	return run(spec, arguments, settings->path, tell);
}

static char *expand(KilnSpec *spec, const KilnSpecSettings *settings, const char *macro)
{
	const char *const extra[] = {"--eval", macro, NULL};
	g_autoptr(GPtrArray) arguments = make_arguments(settings, RPM, extra);
	char *output = run(spec, arguments, settings->path, FALSE);

	return output ? g_strstrip(output) : g_strdup("");
}

static gboolean take_answers(KilnSpec *spec, const KilnSpecSettings *settings)
{
	const char *const parse[] = {"-P", NULL};
	const char *const source_query[] = {
		"-q", "--srpm", "--qf", kiln_rpmspec_output_source_format, NULL};
	const char *const package_query[] = {
		"-q", "--qf", kiln_rpmspec_output_package_format, NULL};
	g_autofree char *parsed = ask(spec, settings, parse, TRUE);
	g_autofree char *header = parsed ? ask(spec, settings, source_query, FALSE) : NULL;
	g_autofree char *packages = header ? ask(spec, settings, package_query, FALSE) : NULL;

	if (!packages)
		return FALSE;
	g_autoptr(KilnRpmspecSource) source = kiln_rpmspec_output_parse_source(spec, header);
	kiln_rpmspec_output_parse_packages(spec, source, packages);
	kiln_rpmspec_output_parse_spec(spec, source, parsed);
	return TRUE;
}

KilnSpec *kiln_rpmspec_read(const KilnSpecSettings *settings)
{
	KilnSpec *spec = kiln_spec_new();
	g_autofree char *text = NULL;

	spec->evaluator = KILN_SPEC_EVALUATOR_TARGET;
	spec->evaluator_version = expand(spec, settings, "%{?rpmversion}");
	(void)g_file_get_contents(
		settings->path, &text, NULL, NULL); /* rpmspec tells when it is absent */
	/* rpmspec forgives some of what rpmbuild does not, but calls it an error. */
	if (!take_answers(spec, settings) || kiln_spec_log_first_error(spec)) {
		kiln_spec_log_conclude(spec, settings->path, text);
		return spec;
	}
	spec->dist = expand(spec, settings, "%{?dist}");
	kiln_spec_check(spec, settings->path, text);
	return spec;
}
