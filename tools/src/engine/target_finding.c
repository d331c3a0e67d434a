/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/target_finding.h"

#include "base/error.h"

void kiln_target_finding_free(KilnTargetFinding *finding)
{
	if (!finding)
		return;
	g_free(finding->subject);
	g_free(finding->found);
	g_free(finding->fix);
	g_free(finding);
}

const char *kiln_target_state_name(KilnTargetState state)
{
	static const char *const names[] = {"ready", "notice", "missing", "unknown"};

	return names[state];
}

GPtrArray *kiln_target_findings_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)kiln_target_finding_free);
}

void kiln_target_findings_add(GPtrArray *findings, const char *subject, KilnTargetState state, const GError *error,
	char *found, char *fix)
{
	KilnTargetFinding *finding = g_new0(KilnTargetFinding, 1);

	finding->subject = g_strdup(subject);
	finding->state = state;
	finding->found = found;
	finding->fix = fix;
	if (state == KILN_TARGET_MISSING)
		finding->code = kiln_error_exit_status(error);
	g_ptr_array_add(findings, finding);
}

int kiln_target_findings_code(const GPtrArray *findings, guint *ret_missing)
{
	int code = 0;

	*ret_missing = 0;
	for (guint i = 0; i < findings->len; i++) {
		const KilnTargetFinding *finding = findings->pdata[i];
		if (finding->state != KILN_TARGET_MISSING)
			continue;
		(*ret_missing)++;
		if (code == 0)
			code = finding->code;
	}
	return code;
}
