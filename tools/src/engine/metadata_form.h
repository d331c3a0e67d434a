/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In what form a compose's metadata is written: as the target's contract says its clients read it. */
#pragma once

#include "lib/repomd.h"
#include "model/contract.h"

/* Sets everything of `options` that is a matter of form. Code CONFIG when the contract asks for what cannot be written
 * here. */
gboolean kiln_metadata_form_choose(const KilnContract *contract, KilnRepomdOptions *options, GError **error);

/* That form in words, equal for equal forms: "gz, databases bz2, groups plain and gz, at most 102400 bytes". Caller
 * owns. */
char *kiln_metadata_form_text(const KilnRepomdOptions *options);
