/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a KilnSolv gives to the parts of lib/solv that ask libsolv in their own way. Only
 * lib/solv*.c include this.
 */
#pragma once

#include "lib/solv_source.h"

typedef struct KilnSolv KilnSolv;

/* All borrowed, valid until packages are added or replaced. */
typedef struct {
	struct s_Pool *pool;   /* holds all packages and knows what they provide */
	struct s_Repo *asking; /* empty: for kiln_solv_question_new */
	const GPtrArray *sources; /* of KilnSolvSource, each with its `repo` */
} KilnSolvReady;

/* Reads what was not read yet. */
gboolean kiln_solv_ready(KilnSolv *solv, KilnSolvReady *ret_ready, GError **error);

/* The repository `name`. Code NOT_FOUND. */
struct s_Repo *kiln_solv_ready_repo(const KilnSolvReady *ready, const char *name, GError **error);
