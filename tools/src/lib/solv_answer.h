/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How lib/solv turns a solve that went well into a KilnSolution. Only lib/solv*.c include this. */
#pragma once

#include "model/solution.h"

struct s_Map;
struct s_Repo;
struct s_Solvable;
struct s_Solver;

/* What of a solve goes into its solution. All borrowed. */
typedef struct {
	struct s_Solver *solver;
	const char *requester;
	const struct s_Repo *asking;   /* holds the packages that stand for the request */
	const KilnSolution *below;     /* NULL: nothing */
	const struct s_Map *installed; /* ids of what is below */
	gboolean with_recommends;
} KilnSolvAnswer;

/* Code VERIFY when metadata of a chosen package is unusable. */
KilnSolution *kiln_solv_answer_solution(const KilnSolvAnswer *answer, GError **error);

/* What a solution says of one package; the caller owns a count. Code VERIFY as above. */
KilnSolvPackage *kiln_solv_answer_package(struct s_Solvable *solvable, GError **error);
