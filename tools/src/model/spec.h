/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one spec file says once it has been evaluated for a target: a plain value. Dependencies and
 * versions are strings in rpm's notation ("foo >= 1:2-3", "(a or b)"); model/dependency.h takes
 * them apart. Nothing here knows how the answer was got (lib/spec.h, engine/evaluate.h).
 */
#pragma once

#include <glib.h>

/* Who read the spec: the host's librpmbuild inside the target's root, or the root's own rpmspec. */
typedef enum {
	KILN_SPEC_EVALUATOR_HOST,
	KILN_SPEC_EVALUATOR_TARGET,
} KilnSpecEvaluator;

/* One remark of the evaluator. `file` may be NULL and `line` 0 when it names no place. */
typedef struct {
	gboolean is_error; /* else a warning */
	char *file;
	guint line;
	char *text; /* one line, without the place */
} KilnSpecDiagnostic;

/* One Source or Patch. `value` is what the spec says after expansion (URL, path or name). */
typedef struct {
	guint number;
	char *value;
	char *filename;	      /* its last component: what lies in SOURCES; never holds '/' */
	gboolean is_withheld; /* named by NoSource or NoPatch: not in the source package */
} KilnSpecSource;

/* One binary package the spec declares. The arrays hold char *, sorted, without duplicates and
 * without rpmlib() features; the package's Provides of itself are included. */
typedef struct {
	char *name;
	guint32 epoch; /* 0: none */
	char *version, *release, *arch;
	char *summary, *license, *group; /* group may be NULL */
	gboolean is_built;		 /* has a %files list, so that a file results */
	GPtrArray *provides, *requires, *conflicts, *obsoletes;
	GPtrArray *recommends, *suggests, *supplements, *enhances;
} KilnSpecPackage;

typedef struct {
	KilnSpecEvaluator evaluator;
	char *evaluator_version; /* "4.18.0" */
	char *name;		 /* of the source package */
	guint32 epoch;		 /* 0: none */
	char *version, *release,
		*arch; /* arch: of the first package; "noarch" for BuildArch: noarch */
	char *summary, *license, *url; /* url may be NULL */
	char *dist;		       /* what %{?dist} is there; "" when undefined */
	gint64 changelog_time; /* of the newest entry, for SOURCE_DATE_EPOCH; 0: no changelog */
	gboolean has_generate_buildrequires, has_check;
	GPtrArray *build_archs, *exclusive_archs, *exclude_archs; /* char *, as declared */
	GPtrArray *build_requires, *build_conflicts; /* char *, sorted, no duplicates */
	GPtrArray *packages;	      /* KilnSpecPackage *, in the order of the spec */
	GPtrArray *sources, *patches; /* KilnSpecSource *, ascending numbers */
	GPtrArray *diagnostics;	      /* KilnSpecDiagnostic *, in the order they came */
	KilnSpecDiagnostic *failure;  /* NULL: evaluated. Else why not, and all above but
					 evaluator and diagnostics is empty */
} KilnSpec;

/* An empty spec: arrays exist, texts are NULL. */
KilnSpec *kiln_spec_new(void);
void kiln_spec_free(KilnSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSpec, kiln_spec_free)

KilnSpecPackage *kiln_spec_package_new(void);
void kiln_spec_package_free(KilnSpecPackage *package);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSpecPackage, kiln_spec_package_free)

KilnSpecSource *kiln_spec_source_new(guint number, const char *value, gboolean is_withheld);
void kiln_spec_source_free(KilnSpecSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSpecSource, kiln_spec_source_free)

KilnSpecDiagnostic *kiln_spec_diagnostic_new(
	gboolean is_error, const char *file, guint line, const char *text);
void kiln_spec_diagnostic_free(KilnSpecDiagnostic *diagnostic);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSpecDiagnostic, kiln_spec_diagnostic_free)

/* "[epoch:]version-release". Caller owns. */
char *kiln_spec_evr(const KilnSpec *spec);
char *kiln_spec_package_evr(const KilnSpecPackage *package);

/* "name-version-release.src", or ".nosrc" when a source or patch is withheld. Caller owns. */
char *kiln_spec_source_nevra(const KilnSpec *spec);

/* "name-version-release.arch.rpm", the name the built file has. Caller owns. */
char *kiln_spec_package_filename(const KilnSpecPackage *package);

/* "file:line: text", as far as known. Caller owns. */
char *kiln_spec_diagnostic_format(const KilnSpecDiagnostic *diagnostic);

/* Sorts an array of char * bytewise and drops repetitions. */
void kiln_spec_sort_unique(GPtrArray *texts);

/* Sorts an array of KilnSpecSource * by number. */
void kiln_spec_sort_sources(GPtrArray *sources);

/* TRUE when `arch` is allowed by ExclusiveArch and ExcludeArch. */
gboolean kiln_spec_allows_arch(const KilnSpec *spec, const char *arch);
