/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a file of rpm macros as rpm does, and tells what rpm says against it. Definitions only: no macro is expanded,
 * so nothing of the file runs. librpm keeps what it read and logs by itself: only for kiln-spec.
 */
#pragma once

#include <glib.h>

/* Loads `path` into this process. rpm's messages, "FILE: line N: what", as char *; caller owns. NULL when the file
 * cannot be read (NOT_FOUND, SYSTEM). */
GPtrArray *kiln_rpmmacros_load(const char *path, GError **error);
