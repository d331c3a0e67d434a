/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/contract_judge.h"

gboolean kiln_judge_refuse(
	const KilnJudgement *judgement, KilnRuleKind kind, const char *value, const char *format, ...)
{
	va_list arguments;
	g_autofree char *found = NULL;

	va_start(arguments, format);
	found = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	kiln_violations_add(
		judgement->violations, judgement->contract, kind, judgement->object, value, found);
	return FALSE;
}

void kiln_judge_warn(const KilnJudgement *judgement, KilnRuleKind kind, const char *value, const char *found)
{
	guint before = judgement->violations->len;

	kiln_violations_add(judgement->violations, judgement->contract, kind, judgement->object, value, found);
	if (judgement->violations->len > before)
		((KilnViolation *)judgement->violations->pdata[before])->is_warning = TRUE;
}

gboolean kiln_judge_allows(const KilnJudgement *judgement, KilnRuleKind kind, const char *value)
{
	return kiln_rule_allows(&judgement->contract->rules[kind], value);
}

char *kiln_judge_signature_value(const char *public_algorithm, const char *digest_algorithm)
{
	g_autofree char *first = g_ascii_strdown(public_algorithm, -1);
	g_autofree char *second = g_ascii_strdown(digest_algorithm, -1);

	return g_strdup_printf("%s/%s", first, second);
}
