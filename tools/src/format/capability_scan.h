/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capabilities that files of a package offer under the names rpm's dependency generators give
 * them: pkgconfig(), python3dist(), perl(). Text in, KilnCapability appended to `provides`; text
 * that makes no sense offers nothing. ELF files are lib/elf's.
 */
#pragma once

#include <glib.h>

/* A .pc file of the name `module` (without ".pc"): "pkgconfig(MODULE) = VERSION" where it states a
 * version (its own variables expanded). As rpm's pkgconfigdeps.sh. */
void kiln_scan_pkgconfig(const char *module, const char *text, GPtrArray *provides);

/* The METADATA or PKG-INFO of a Python distribution: "python3dist(NAME)" and "python3.13dist(NAME)"
 * for `python_version` "3.13", name normalised by PEP 503, version as rpm's pythondistdeps.py. */
void kiln_scan_python_metadata(const char *text, const char *python_version, GPtrArray *provides);

/* A Perl module: "perl(PACKAGE) = VERSION" of each package it declares. As rpm's perl.prov, less
 * its treatment of here-documents. */
void kiln_scan_perl_module(const char *text, GPtrArray *provides);
