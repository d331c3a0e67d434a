/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of engine/contract have in common: one object being judged. */
#pragma once

#include "model/contract.h"

typedef struct {
	const KilnContract *contract;
	const char *object; /* for messages */
	GPtrArray *violations;
} KilnJudgement;

/* Tells of a breach of `kind`; `value` chooses consequence and fix (may be NULL). Returns FALSE. */
gboolean kiln_judge_refuse(const KilnJudgement *judgement, KilnRuleKind kind, const char *value, const char *format,
	...) G_GNUC_PRINTF(4, 5);

/* The same of what harms nobody yet: a warning whatever the rule's severity is. */
void kiln_judge_warn(const KilnJudgement *judgement, KilnRuleKind kind, const char *value, const char *found);

/* Whether the rule allows `value`. */
gboolean kiln_judge_allows(const KilnJudgement *judgement, KilnRuleKind kind, const char *value);

/* The detached or packet form of a signature as rules name it: "rsa/sha256". Caller owns. */
char *kiln_judge_signature_value(const char *public_algorithm, const char *digest_algorithm);
