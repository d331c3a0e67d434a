/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/solv_finding.h"

#include <solv/pool.h>
#include <solv/repo.h>

static void free_finding(gpointer data)
{
	KilnSolvFinding *finding = data;

	g_free(finding->package);
	g_free(finding->other);
	g_free(finding->repository);
	g_free(finding->sentence);
	g_free(finding);
}

GPtrArray *kiln_solv_findings_new(void)
{
	return g_ptr_array_new_with_free_func(free_finding);
}

KilnSolvFinding *kiln_solv_finding_add(GPtrArray *findings, KilnSolvFindingKind kind, Pool *pool,
	Id package, Id other, const char *sentence)
{
	KilnSolvFinding *finding = g_new0(KilnSolvFinding, 1);

	finding->kind = kind;
	finding->package = package == 0 ? NULL : g_strdup(pool_solvid2str(pool, package));
	if (other != 0) {
		finding->other = g_strdup(pool_solvid2str(pool, other));
		finding->repository = g_strdup(pool_id2solvable(pool, other)->repo->name);
	}
	finding->sentence = g_strdup(sentence);
	g_ptr_array_add(findings, finding);
	return finding;
}

gboolean kiln_solv_findings_tell(
	const GPtrArray *findings, KilnSolvFindingKind kind, const char *sentence)
{
	for (guint i = 0; i < findings->len; i++) {
		const KilnSolvFinding *finding = g_ptr_array_index(findings, i);
		if (finding->kind == kind && g_strcmp0(finding->sentence, sentence) == 0)
			return TRUE;
	}
	return FALSE;
}

static int compare_findings(gconstpointer a, gconstpointer b)
{
	const KilnSolvFinding *left = *(const KilnSolvFinding *const *)a;
	const KilnSolvFinding *right = *(const KilnSolvFinding *const *)b;
	int order = (int)left->kind - (int)right->kind;

	if (order == 0)
		order = g_strcmp0(left->package, right->package);
	if (order == 0)
		order = g_strcmp0(left->other, right->other);
	return order == 0 ? g_strcmp0(left->sentence, right->sentence) : order;
}

void kiln_solv_findings_take(GPtrArray *findings, GPtrArray *found)
{
	g_ptr_array_sort(found, compare_findings);
	g_ptr_array_extend_and_steal(findings, g_ptr_array_ref(found));
}
