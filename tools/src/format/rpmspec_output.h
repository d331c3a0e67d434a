/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rpmspec prints -> KilnSpec. Two query formats make each header a list of "word value"
 * lines; the parsed spec (rpmspec -P) has what headers lack: sources as written, and sections.
 */
#pragma once

#include "model/spec.h"

/* Arguments of --qf for `rpmspec -q --srpm` and for `rpmspec -q`. */
extern const char kiln_rpmspec_output_source_format[];
extern const char kiln_rpmspec_output_package_format[];

/* Adds what `text`, printed with the source format, says to an empty `spec`, but for sources.
 * Returns the NoSource and NoPatch numbers and the names of packages with files, for the calls
 * below; caller frees. */
typedef struct KilnRpmspecSource KilnRpmspecSource;
KilnRpmspecSource *kiln_rpmspec_output_parse_source(KilnSpec *spec, const char *text);
void kiln_rpmspec_source_free(KilnRpmspecSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnRpmspecSource, kiln_rpmspec_source_free)

/* Adds the packages that `text`, printed with the package format, tells. */
void kiln_rpmspec_output_parse_packages(
	KilnSpec *spec, const KilnRpmspecSource *source, const char *text);

/* Adds sources, patches and has_check, has_generate_buildrequires from a parsed spec. */
void kiln_rpmspec_output_parse_spec(
	KilnSpec *spec, const KilnRpmspecSource *source, const char *text);
