/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libsolv found to be in the way, as sentences: who needs what, who would provide it and what
 * stops that, down to the cause. Only lib/solv*.c include this.
 */
#pragma once

#include <glib.h>

struct s_Map;
struct s_Repo;
struct s_Solver;

/* A solve that ended with problems. */
typedef struct {
	struct s_Solver *solver;
	const char *requester; /* stands for every package of `request` */
	const struct s_Repo *request;
	const char *const *hidden;     /* names of repositories that took no part, or NULL */
	const struct s_Map *installed; /* ids that are installed below and must stay */
	int root;		       /* id the sentences begin at; 0: the packages of `request` */
} KilnSolvCase;

/* One sentence for each problem, sorted, each once. Ends with NULL; caller owns. */
char **kiln_solv_problem_sentences(const KilnSolvCase *solve);
