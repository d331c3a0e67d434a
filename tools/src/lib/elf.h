/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a shared library offers, in the words of rpm's elfdeps program (libelf). */
#pragma once

#include <glib.h>

/* TRUE when the bytes begin like a 64-bit ELF file. */
gboolean kiln_elf_is_elf64(const guint8 *data, gsize size);

/*
 * Appends the KilnCapability of a 64-bit shared library: "SONAME()(64bit)" and, for each symbol
 * version it defines, "SONAME(VERSION)(64bit)". A plugin (soname not lib…),
 * a file without a soname and what is no shared library offer nothing.
 */
void kiln_elf_add_provides(const guint8 *data, gsize size, GPtrArray *provides);
