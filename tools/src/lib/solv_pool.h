/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lib/solv does with a libsolv pool beside asking it. Only lib/solv*.c include this.
 */
#pragma once

#include <glib.h>

struct s_Pool;
struct s_Repo;
struct s_Solvable;

/* An empty one that follows rpm's rules whatever the host's own packages are. */
struct s_Pool *kiln_solv_pool_new(const char *arch);

/* The id of a dependency in rpm's notation. 0 with code CONFIG when it is none. */
int kiln_solv_pool_dependency(struct s_Pool *pool, const char *text, GError **error);

/* Gives the packages of `repos` (struct s_Repo *: all that the pool has; each one's packages stand
 * together) the ids they would have had if the repositories had been read in that order into a
 * fresh pool: libsolv prefers what comes first when nothing else decides. TRUE when ids changed. */
gboolean kiln_solv_pool_order(struct s_Pool *pool, const GPtrArray *repos);

/* Whether the one is an update of the other as far as architectures go: they have the same, or one
 * has none. */
gboolean kiln_solv_pool_fits_arch(const struct s_Solvable *a, const struct s_Solvable *b);

/* Which Obsoletes of `id` is about the package `other`. 0: none is. */
int kiln_solv_pool_obsoletes(struct s_Pool *pool, int id, int other);

/* Whether a package of `repo` says that it is what `other` was, or newer: it provides its Name. */
gboolean kiln_solv_pool_has_stand_in(
	struct s_Pool *pool, const struct s_Repo *repo, const struct s_Solvable *other);
