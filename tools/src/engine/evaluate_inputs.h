/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an evaluation (evaluate.h) is made from, read into memory so that what is digested is what is
 * seen: the spec, the target's macros, the files the spec may read, and the key of it all.
 */
#pragma once

#include "engine/evaluation.h"
#include "model/spec.h"

/* Where the spec finds the files. */
#define KILN_EVALUATION_SOURCES "/builddir/build/SOURCES"

/* A file the spec may read: bytes in memory, so that what is digested is what is seen. */
typedef struct {
	char *name;
	char *origin; /* path as the caller knows it */
	char *data;
	gsize size;
} KilnEvaluationFile;

typedef struct {
	const KilnEvaluation *question;
	char *name; /* of the spec file */
	char *spec;
	gsize spec_size;
	char *macros;
	GPtrArray *files; /* of KilnEvaluationFile */
	GHashTable *names; /* of files in shared directories that concern this spec; else NULL */
	gboolean saw_all;  /* … and all the others */
	char *key;
} KilnEvaluationInputs;

/* Reads everything and computes the key. */
gboolean kiln_evaluation_inputs_read(
	KilnEvaluationInputs *inputs, const KilnEvaluation *question, GError **error);
void kiln_evaluation_inputs_clear(KilnEvaluationInputs *inputs);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnEvaluationInputs, kiln_evaluation_inputs_clear)

/* The file that the spec finds under `name`, or NULL. Borrowed. */
const KilnEvaluationFile *kiln_evaluation_inputs_find(const KilnEvaluationInputs *inputs, const char *name);

/* With shared directories: looks whether there are files that concern the spec, as its evaluation `spec`
 * shows (its texts not translated), and that it was not shown yet. If so they are read, there is another
 * key, and it is to be evaluated again. */
gboolean kiln_evaluation_inputs_widen(KilnEvaluationInputs *inputs, const KilnSpec *spec,
	gboolean *ret_is_wider, GError **error);
