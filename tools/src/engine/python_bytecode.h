/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte code for Python modules of imported packages. Debian compiles it while installing
 * (py3compile in maintainer scripts); roots of the base are read-only layers, in which every start
 * of Python would compile its imports anew (importing setuptools: 1.5 s instead of 0.3 s). So it is
 * compiled once, when a package is converted, by the base's own interpreter, unpacked beside the
 * packages.
 */
#pragma once

#include "engine/deb_files.h"

#include <glib.h>

/* Unpacks `deb_paths` (the interpreter, its modules and libraries) into `directory`, which is
 * replaced if it exists. */
gboolean kiln_bytecode_unpack(const char *directory, const char *const *deb_paths, GError **error);

/*
 * Compiles the modules among `files` with the interpreter of version `python` ("3.13") in
 * `interpreter` (of kiln_bytecode_unpack) and adds the results. Modules that do not compile (for
 * other Python versions, templates) have no byte code, as after Debian's py3compile.
 */
gboolean kiln_bytecode_add(
	KilnDebFiles *files, const char *interpreter, const char *python, GError **error);
