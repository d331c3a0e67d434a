/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public keys beside a repository (RPM-GPG-KEY*), and what is verified with them. */
#pragma once

#include "engine/contract_judge.h"

typedef struct KilnContractKeys KilnContractKeys;

/* Reads every RPM-GPG-KEY* in `directory`: none is a list like any other. What cannot be read is told by
 * kiln_contract_keys_judge. */
KilnContractKeys *kiln_contract_keys_beside(const char *directory);

void kiln_contract_keys_free(KilnContractKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnContractKeys, kiln_contract_keys_free)

guint kiln_contract_keys_count(const KilnContractKeys *keys);

/* Each of them as clients import it. */
void kiln_contract_keys_judge(const KilnContractKeys *keys, const KilnContract *contract, GPtrArray *violations);

/* Whether one of them made `signature_path` over `path`, by whatever algorithm: which are fit is another rule's. TRUE when
 * there is none. VERIFY. */
gboolean kiln_contract_keys_verify(
	const KilnContractKeys *keys, const char *path, const char *signature_path, GError **error);

/* The signatures of a package, if it has any and there are keys. From any thread. */
void kiln_contract_keys_check_package(
	const KilnContractKeys *keys, const KilnJudgement *judgement, const char *path);
