/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/spec.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rpm/header.h>
#include <rpm/rpmbuild.h>
#include <rpm/rpmds.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>

#include "format/spec_log.h"
#include "model/spec_check.h"

/* Where roots of the known families keep macros; the host's own list knows only its vendor. */
static const char macro_files[] =
	"/usr/lib/rpm/macros:/usr/lib/rpm/macros.d/macros.*:/usr/lib/rpm/platform/%{_target}/"
	"macros:"
	"/usr/lib/rpm/fileattrs/*.attr:/usr/lib/rpm/redhat/macros:/usr/lib/rpm/suse/macros:"
	"/usr/lib/rpm/debian/macros:/etc/rpm/macros.*:/etc/rpm/macros:/etc/rpm/%{_target}/macros:"
	"~/.rpmmacros";

/* What newer rpms compute themselves. 4.18 evaluates nothing without a build root. */
static const char build_root[] =
	"%{?_buildrootdir}%{!?_buildrootdir:%{_builddir}}/%{NAME}-%{VERSION}-%{RELEASE}.%{_arch}";

#define GENERATE "%generate_buildrequires"

static char *expand(const char *text)
{
	char *expanded = rpmExpand(text, NULL);
	char *copy = g_strdup(expanded);

	free(expanded);
	return copy;
}

/* rpm calls this with its own locks held: the expansion below must not be able to complain. */
static int keep_message(rpmlogRec record, rpmlogCallbackData data)
{
	KilnSpec *spec = data;
	rpmlogLvl priority = rpmlogRecPriority(record);

	if (priority > RPMLOG_WARNING || spec->diagnostics->len >= KILN_SPEC_LOG_MAX)
		return 0;
	g_autofree char *file = expand("%{?__file_name}");
	g_autofree char *line = expand("%{?__file_lineno}");
	KilnSpecDiagnostic *diagnostic = kiln_spec_log_parse(
		rpmlogRecMessage(record), priority <= RPMLOG_ERR, file[0] ? file : NULL);
	if (!diagnostic)
		return 0;
	if (diagnostic->line == 0)
		diagnostic->line = (guint)g_ascii_strtoull(line, NULL, 10);
	g_ptr_array_add(spec->diagnostics, diagnostic);
	return 0;
}

/* Macro files that rpm only half understands do not stop it. */
static int keep_as_warning(rpmlogRec record, rpmlogCallbackData data)
{
	KilnSpec *spec = data;
	guint before = spec->diagnostics->len;

	keep_message(record, data);
	if (spec->diagnostics->len > before) {
		KilnSpecDiagnostic *added = g_ptr_array_index(spec->diagnostics, before);
		added->is_error = FALSE;
	}
	return 0;
}

static int drop_message(rpmlogRec record, rpmlogCallbackData data)
{
	(void)record;
	(void)data;
	return 0;
}

static void define(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void define(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *macro = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	rpmDefineMacro(NULL, macro, RMIL_CMDLINE);
}

/* 4.19 gave the built-in %getncpus an argument; 4.18 complains at each use, and about %define. */
static void replace_builtins(void)
{
	rpmPopMacro(NULL, "getncpus");
	define("getncpus() %ld", sysconf(_SC_NPROCESSORS_ONLN));
}

/* 4.18 does not tell whether there is a %generate_buildrequires: let the keyword note its lines. */
static void watch_generate_buildrequires(void)
{
	define("generate_buildrequires %%{global kiln_generates %%{?kiln_generates} "
	       "%%{?__file_lineno}}%%%%generate_buildrequires");
}

/* A noted line may also be a comment or a changelog that mentions the section. */
static gboolean generates_buildrequires(rpmSpec parsed, const char *text)
{
	g_autofree char *noted = expand("%{?kiln_generates}");
	g_auto(GStrv) numbers = g_strsplit(noted, " ", -1);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	guint count = g_strv_length(lines);

	for (char **number = numbers; *number; number++) {
		guint64 line = g_ascii_strtoull(*number, NULL, 10);
		if (line > 0 && line <= count &&
			g_ascii_strncasecmp(lines[line - 1], GENERATE, strlen(GENERATE)) == 0)
			return TRUE;
	}
	return rpmSpecGetSection(parsed, RPMBUILD_BUILDREQUIRES) != NULL;
}

static void define_settings(const KilnSpecSettings *settings)
{
	for (const char *const *name = settings->with; name && *name; name++)
		define("_with_%s --with-%s", *name, *name);
	for (const char *const *name = settings->without; name && *name; name++)
		define("_without_%s --without-%s", *name, *name);
	for (const char *const *text = settings->defines; text && *text; text++)
		define("%s", *text);
}

static gboolean configure(const KilnSpecSettings *settings, KilnSpec *spec)
{
	macrofiles = macro_files;
	rpmlogSetCallback(keep_as_warning, spec);
	int failed = rpmReadConfigFiles(NULL, settings->target);
	rpmlogSetCallback(keep_message, spec);
	if (failed) {
		spec->failure = kiln_spec_diagnostic_new(TRUE, NULL, 0,
			"the root's rpm configuration (/usr/lib/rpm) cannot be read");
		return FALSE;
	}
	replace_builtins();
	watch_generate_buildrequires();
	define_settings(settings);
	return TRUE;
}

static char *header_text(Header header, rpmTagVal tag)
{
	return g_strdup(headerGetString(header, tag));
}

static void add_texts(GPtrArray *texts, Header header, rpmTagVal tag)
{
	struct rpmtd_s data;

	if (!headerGet(header, tag, &data, HEADERGET_MINMEM))
		return;
	for (const char *text; (text = rpmtdNextString(&data));)
		g_ptr_array_add(texts, g_strdup(text));
	rpmtdFreeData(&data);
}

/* The newest entry comes first. */
static gint64 newest_change(Header header)
{
	struct rpmtd_s data;
	gint64 seconds = 0;

	if (!headerGet(header, RPMTAG_CHANGELOGTIME, &data, HEADERGET_MINMEM))
		return 0;
	if (rpmtdNext(&data) >= 0)
		seconds = (gint64)rpmtdGetNumber(&data);
	rpmtdFreeData(&data);
	return seconds;
}

static void add_dependencies(GPtrArray *dependencies, Header header, rpmTagVal tag)
{
	rpmds set = rpmdsNew(header, tag, 0);

	while (rpmdsNext(set) >= 0) {
		/* DNEVR opens with one letter for the kind and a space. */
		if (!(rpmdsFlags(set) & RPMSENSE_RPMLIB))
			g_ptr_array_add(dependencies, g_strdup(rpmdsDNEVR(set) + 2));
	}
	rpmdsFree(set);
	kiln_spec_sort_unique(dependencies);
}

static void take_dependencies(KilnSpecPackage *package, Header header)
{
	add_dependencies(package->provides, header, RPMTAG_PROVIDENAME);
	add_dependencies(package->requires, header, RPMTAG_REQUIRENAME);
	add_dependencies(package->conflicts, header, RPMTAG_CONFLICTNAME);
	add_dependencies(package->obsoletes, header, RPMTAG_OBSOLETENAME);
	add_dependencies(package->recommends, header, RPMTAG_RECOMMENDNAME);
	add_dependencies(package->suggests, header, RPMTAG_SUGGESTNAME);
	add_dependencies(package->supplements, header, RPMTAG_SUPPLEMENTNAME);
	add_dependencies(package->enhances, header, RPMTAG_ENHANCENAME);
}

/* The source header provides exactly the packages with a %files list. */
static gboolean source_provides(Header source, const char *name)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	add_texts(names, source, RPMTAG_PROVIDENAME);
	return g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL);
}

static KilnSpecPackage *take_package(Header header, Header source)
{
	KilnSpecPackage *package = kiln_spec_package_new();

	package->name = header_text(header, RPMTAG_NAME);
	package->epoch = headerGetNumber(header, RPMTAG_EPOCH);
	package->version = header_text(header, RPMTAG_VERSION);
	package->release = header_text(header, RPMTAG_RELEASE);
	package->arch = header_text(header, RPMTAG_ARCH);
	package->summary = header_text(header, RPMTAG_SUMMARY);
	package->license = header_text(header, RPMTAG_LICENSE);
	package->group = header_text(header, RPMTAG_GROUP);
	if (g_strcmp0(package->group, "Unspecified") == 0)
		g_clear_pointer(&package->group, g_free);
	package->is_built = source_provides(source, package->name);
	take_dependencies(package, header);
	return package;
}

static void take_packages(KilnSpec *spec, rpmSpec parsed)
{
	Header source = rpmSpecSourceHeader(parsed);
	rpmSpecPkgIter packages = rpmSpecPkgIterInit(parsed);

	for (rpmSpecPkg package; (package = rpmSpecPkgIterNext(packages));)
		g_ptr_array_add(spec->packages, take_package(rpmSpecPkgHeader(package), source));
	rpmSpecPkgIterFree(packages);
}

static void take_sources(KilnSpec *spec, rpmSpec parsed)
{
	rpmSpecSrcIter sources = rpmSpecSrcIterInit(parsed);

	for (rpmSpecSrc source; (source = rpmSpecSrcIterNext(sources));) {
		rpmSourceFlags flags = rpmSpecSrcFlags(source);
		if (!(flags & (RPMBUILD_ISSOURCE | RPMBUILD_ISPATCH)))
			continue;
		g_ptr_array_add(flags & RPMBUILD_ISPATCH ? spec->patches : spec->sources,
			kiln_spec_source_new(rpmSpecSrcNum(source), rpmSpecSrcFilename(source, 1),
				(flags & RPMBUILD_ISNO) != 0));
	}
	rpmSpecSrcIterFree(sources);
	kiln_spec_sort_sources(spec->sources);
	kiln_spec_sort_sources(spec->patches);
}

static void take_source_header(KilnSpec *spec, Header header)
{
	spec->name = header_text(header, RPMTAG_NAME);
	spec->epoch = headerGetNumber(header, RPMTAG_EPOCH);
	spec->version = header_text(header, RPMTAG_VERSION);
	spec->release = header_text(header, RPMTAG_RELEASE);
	spec->arch = header_text(header, RPMTAG_ARCH);
	spec->summary = header_text(header, RPMTAG_SUMMARY);
	spec->license = header_text(header, RPMTAG_LICENSE);
	spec->url = header_text(header, RPMTAG_URL);
	spec->changelog_time = newest_change(header);
	add_texts(spec->build_archs, header, RPMTAG_BUILDARCHS);
	add_texts(spec->exclusive_archs, header, RPMTAG_EXCLUSIVEARCH);
	add_texts(spec->exclude_archs, header, RPMTAG_EXCLUDEARCH);
	add_dependencies(spec->build_requires, header, RPMTAG_REQUIRENAME);
	add_dependencies(spec->build_conflicts, header, RPMTAG_CONFLICTNAME);
}

static void take_all(KilnSpec *spec, rpmSpec parsed, const char *text)
{
	take_source_header(spec, rpmSpecSourceHeader(parsed));
	take_packages(spec, parsed);
	take_sources(spec, parsed);
	spec->has_generate_buildrequires = generates_buildrequires(parsed, text);
	spec->has_check = rpmSpecGetSection(parsed, RPMBUILD_CHECK) != NULL;
	spec->dist = expand("%{?dist}");
}

KilnSpec *kiln_spec_read(const KilnSpecSettings *settings)
{
	KilnSpec *spec = kiln_spec_new();
	g_autofree char *text = NULL;

	spec->evaluator = KILN_SPEC_EVALUATOR_HOST;
	spec->evaluator_version = g_strdup(RPMVERSION);
	if (!configure(settings, spec))
		return spec;
	(void)g_file_get_contents(
		settings->path, &text, NULL, NULL); /* rpm tells when it is absent */
	g_autofree char *root = expand("%{?buildroot}");
	rpmSpec parsed = rpmSpecParse(
		settings->path, RPMSPEC_ANYARCH | RPMSPEC_FORCE, root[0] ? NULL : build_root);
	rpmlogSetCallback(drop_message, NULL);
	if (!parsed) {
		kiln_spec_log_conclude(spec, settings->path, text);
		return spec;
	}
	take_all(spec, parsed, text);
	rpmSpecFree(parsed);
	kiln_spec_check(spec, settings->path, text);
	return spec;
}
