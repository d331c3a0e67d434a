/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client that updates puts in the place of a package: the highest version of its Name above
 * its own, and what obsoletes it. Only lib/solv*.c include this.
 */
#pragma once

#include <glib.h>

struct s_Map;
struct s_Pool;
struct s_Queue;

typedef struct KilnSolvSuccessors KilnSolvSuccessors;

/* Over the packages in `visible` (borrowed) of an indexed pool. */
KilnSolvSuccessors *kiln_solv_successors_new(struct s_Pool *pool, const struct s_Map *visible);
void kiln_solv_successors_free(KilnSolvSuccessors *successors);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSolvSuccessors, kiln_solv_successors_free)

/* Appends what takes the place of `id`, all of it; nothing when it stays. A package of the same
 * Name, version and architecture elsewhere takes the place of an invisible one. */
void kiln_solv_successors_find(
	const KilnSolvSuccessors *successors, int id, struct s_Queue *ret_ids);

/* Appends what obsoletes `id` by another Name: the highest version of each, as clients do not look at
 * the others. */
void kiln_solv_successors_obsoleters(
	const KilnSolvSuccessors *successors, int id, struct s_Queue *ret_ids);

/* The visible package with the Name of `id` that has the highest version, whatever it is. 0: there
 * is none. */
int kiln_solv_successors_best(const KilnSolvSuccessors *successors, int id);
