/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/finding.h"

const char *kiln_finding_level_name(KilnFindingLevel level)
{
	static const char *const names[KILN_FINDING_LEVELS] = {"error", "warning", "note"};

	return names[level];
}

void kiln_finding_free(KilnFinding *finding)
{
	if (!finding)
		return;
	g_free(finding->rule);
	g_free(finding->object);
	g_free(finding->found);
	g_free(finding->consequence);
	g_free(finding->fix);
	g_free(finding);
}

GPtrArray *kiln_findings_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)kiln_finding_free);
}

KilnFinding *kiln_findings_add(GPtrArray *findings, KilnFindingLevel level, const char *check, const char *object)
{
	KilnFinding *finding = g_new0(KilnFinding, 1);

	finding->level = level;
	finding->check = check;
	finding->object = g_strdup(object);
	g_ptr_array_add(findings, finding);
	return finding;
}

static KilnFinding *finding_of(const KilnViolation *violation)
{
	KilnFinding *finding = g_new0(KilnFinding, 1);

	finding->level = violation->is_warning ? KILN_FINDING_WARNING : KILN_FINDING_ERROR;
	finding->check = "contract";
	finding->rule = g_strdup(violation->rule);
	finding->object = g_strdup(violation->object);
	finding->found = g_strdup(violation->found);
	finding->consequence = g_strdup(violation->consequence);
	finding->fix = g_strdup(violation->fix);
	return finding;
}

void kiln_findings_add_violations(GPtrArray *findings, const GPtrArray *violations)
{
	g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < findings->len; i++)
		g_hash_table_add(told, kiln_finding_text(findings->pdata[i]));
	for (guint i = 0; i < violations->len; i++) {
		g_autoptr(KilnFinding) finding = finding_of(violations->pdata[i]);
		if (g_hash_table_add(told, kiln_finding_text(finding)))
			g_ptr_array_add(findings, g_steal_pointer(&finding));
	}
}

guint kiln_findings_count(const GPtrArray *findings, KilnFindingLevel level)
{
	guint count = 0;

	for (guint i = 0; i < findings->len; i++)
		count += ((const KilnFinding *)findings->pdata[i])->level == level;
	return count;
}

char *kiln_finding_text(const KilnFinding *finding)
{
	GString *text = g_string_new(finding->check);

	if (finding->rule)
		g_string_append_printf(text, " (%s)", finding->rule);
	g_string_append_printf(text, ": %s: %s", finding->object, finding->found);
	if (finding->consequence)
		g_string_append_printf(text, "; %s", finding->consequence);
	if (finding->fix)
		g_string_append_printf(text, "; %s", finding->fix);
	return g_string_free(text, FALSE);
}

char *kiln_findings_text(const GPtrArray *findings, KilnFindingLevel level)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < findings->len; i++) {
		const KilnFinding *finding = findings->pdata[i];
		g_autofree char *line = finding->level == level ? kiln_finding_text(finding) : NULL;
		if (line)
			g_string_append_printf(text, "%s%s", text->len ? "\n" : "", line);
	}
	return g_string_free(text, FALSE);
}
