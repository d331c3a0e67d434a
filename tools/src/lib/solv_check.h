/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be known of a repository before hosts use it: whether each of its packages can be
 * installed, which exclude each other, whether hosts that have other packages can update to it, and
 * what it replaces. Answered by libsolv from metadata and headers; whether a finding is a fault is
 * the caller's to judge.
 *
 * The `hidden` repositories (NULL: none) take no part. Each function appends to `findings`
 * (kiln_solv_findings_new), in an order that depends on the packages alone. Code NOT_FOUND for an
 * unknown repository; else the errors of a question to lib/solv.
 */
#pragma once

#include "lib/solv.h"
#include "lib/solv_finding.h"

/* Tries each package of `name` by itself on an otherwise empty root: BROKEN, one for each reason. */
gboolean kiln_solv_check_closure(KilnSolv *solv, const char *name, const char *const *hidden,
	GPtrArray *findings, GError **error);

/* Tries all packages of `name` together, those that are not BROKEN: each pair that EXCLUDES each
 * other, whether by themselves or by what they need, and what is CROWDED. */
gboolean kiln_solv_check_together(KilnSolv *solv, const char *name, const char *const *hidden,
	GPtrArray *findings, GError **error);

/* Whether hosts that have packages of `old`, each alone or all that go together, with what they
 * needed when there was `old` in place of `name`, can update: every package becomes the best
 * successor there is (a higher version, or what obsoletes it) or stays, nothing is removed.
 * HELD_BACK; and what becomes of packages of `old`: LOWER, GONE, HANDED_OVER unless
 * kiln_solv_check_replaced says so of `name` itself, OBSOLETES where `name` has neither its Name nor
 * what provides it. */
gboolean kiln_solv_check_update(
	KilnSolv *solv, const char *old, const char *name, GPtrArray *findings, GError **error);

/* The same for hosts that have nothing of `name` or of the `hidden` repositories yet: for packages
 * that a package of `name` succeeds and for those that need exactly what goes away with them.
 * HELD_BACK only. */
gboolean kiln_solv_check_arrival(KilnSolv *solv, const char *name, const char *const *hidden,
	GPtrArray *findings, GError **error);

/* What packages of `name` would replace, by their Obsoletes, and what takes their place: OBSOLETES,
 * OBSOLETED and SHADOWED. */
gboolean kiln_solv_check_replaced(KilnSolv *solv, const char *name, const char *const *hidden,
	GPtrArray *findings, GError **error);
