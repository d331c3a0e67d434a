/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the files of one repository's metadata speak of the same packages: clients read names from one and files or
 * changelogs from another, in XML or from databases. */
#pragma once

#include "engine/contract_judge.h"
#include "lib/repomd_xml.h"

/* Whether this kind of metadata lists packages. */
gboolean kiln_contract_lists_packages(const char *type);

/* Reads what a file of that kind lists, as KilnXmlPackage. Caller owns. */
GPtrArray *kiln_contract_list_read(const char *type, GBytes *content, const char *name, GError **error);

/* Tells what `list`, of the judgement's object, has otherwise than `primary`. */
void kiln_contract_list_compare(const KilnJudgement *judgement, const GPtrArray *primary, const GPtrArray *list);

/* "name-epoch:version-release.arch" of one package. Caller owns. */
char *kiln_contract_list_name(const KilnXmlPackage *package);
