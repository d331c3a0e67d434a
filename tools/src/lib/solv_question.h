/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question of lib/solv put to libsolv. The request is turned into packages of a repository of
 * their own, one for each requirement and conflict, all to be installed: so a path or a rich
 * dependency needs no treatment of its own, and one requirement that fails does not hide the
 * others. Only lib/solv*.c include this.
 */
#pragma once

#include "lib/solv_request.h"

/* The name of that repository, which no other may have. */
#define KILN_SOLV_ASKING "@request"

struct s_Repo;
struct s_Queue;

typedef struct KilnSolvQuestion KilnSolvQuestion;

/* Puts the request into `asking`, an empty repository of that name behind all others. The pool is
 * to be indexed then, if it is not yet. `request` has to stay. NULL with code CONFIG for an
 * unparsable dependency. */
KilnSolvQuestion *kiln_solv_question_new(
	struct s_Repo *asking, const KilnSolvRequest *request, GError **error);

/* Takes it out again. */
void kiln_solv_question_free(KilnSolvQuestion *question);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSolvQuestion, kiln_solv_question_free)

/* Says that the packages `ids` are installed and stay, hidden or not. */
void kiln_solv_question_keep(KilnSolvQuestion *question, const struct s_Queue *ids);

/* Asks for the packages `ids` themselves. */
void kiln_solv_question_want(KilnSolvQuestion *question, const struct s_Queue *ids);

/* Asks for as many of the packages `ids` as go together. */
void kiln_solv_question_wish(KilnSolvQuestion *question, const struct s_Queue *ids);

/* Solves, once. TRUE when there is a solution, and no problem. */
gboolean kiln_solv_question_solve(KilnSolvQuestion *question);

/* What came out, after kiln_solv_question_solve. `root` of the problems: see lib/solv_problem.h. */
KilnSolution *kiln_solv_question_answer(const KilnSolvQuestion *question, GError **error);
/* Appends the ids of all packages that are installed then, sorted. */
void kiln_solv_question_chosen(const KilnSolvQuestion *question, struct s_Queue *ret_ids);
char **kiln_solv_question_problems(const KilnSolvQuestion *question, int root);
gboolean kiln_solv_question_dump(
	const KilnSolvQuestion *question, const char *directory, GError **error);

/* Whether what takes part in the question satisfies each of its requirements by itself. */
gboolean kiln_solv_question_is_provided(const KilnSolvQuestion *question);
