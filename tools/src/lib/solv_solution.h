/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How lib/solv puts together the KilnSolution of a solve that went well. Only lib/solv*.c include
 * this. */
#pragma once

#include "lib/solv.h"

struct s_Map;
struct s_Repo;
struct s_Solver;

/* What of a solve goes into its solution. All borrowed. */
typedef struct {
	struct s_Solver *solver;
	const KilnSolvRequest *request;
	const struct s_Repo *asking;   /* holds the packages that stand for the request */
	const struct s_Map *installed; /* ids of request->installed */
} KilnSolvAnswer;

/* Code VERIFY when metadata of a chosen package is unusable. */
KilnSolution *kiln_solv_solution_new(const KilnSolvAnswer *answer, GError **error);
