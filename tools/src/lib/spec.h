/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a spec with librpmbuild. Runs what the spec says (shell, Lua) in this process and its
 * children, keeps global state in librpm and may exit: only for kiln-spec, inside the jail. Tells
 * everything rpm had to say as diagnostics instead of printing it.
 */
#pragma once

#include "model/spec.h"

/* How to read. All borrowed; NULL where nothing is to be set. */
typedef struct {
	const char *path;   /* the spec */
	const char *target; /* --target; NULL: what rpm's configuration says */
	const char *const *with, *const *without; /* names of build conditions */
	const char *const *defines;		  /* "NAME BODY" */
} KilnSpecSettings;

/* Evaluates `settings->path`. Never NULL: a broken spec or unreadable configuration is an answer
 * with `failure` set. Once per process. */
KilnSpec *kiln_spec_read(const KilnSpecSettings *settings);
