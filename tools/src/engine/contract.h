/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applies a contract (model/contract.h) to files. What breaks it is appended to `violations` (kiln_violations_new),
 * all of it and not only the first; an error is set only when something cannot be judged at all: not there, unreadable,
 * not what it should be. Nothing is verified by a key here unless said.
 */
#pragma once

#include "engine/project.h"
#include "model/contract.h"

/* Reads repo-config/contracts/NAME.conf of the project (which may be NULL), or else the contract of that name that Kiln
 * is installed with; unknown is NOT_FOUND and lists those there are. `name` is a target's: NULL is CONFIG. Caller
 * owns. */
KilnContract *kiln_project_contract(const KilnProject *project, const char *name, GError **error);

/* A package file, whose digests have to be right. Codes NOT_FOUND, VERIFY (no package). */
gboolean kiln_contract_check_package(
	const KilnContract *contract, const char *path, GPtrArray *violations, GError **error);

/* A public key file as clients import it. A file without any key is VERIFY. */
gboolean kiln_contract_check_key(
	const KilnContract *contract, const char *path, GPtrArray *violations, GError **error);

/* DIRECTORY/repodata: repomd.xml, the files it names, and repomd.xml.asc, which is also verified if there are files
 * RPM-GPG-KEY* in DIRECTORY: by one of them; they are judged as well. Code NOT_FOUND when there is no repomd.xml, VERIFY when it is no XML of that kind. */
gboolean kiln_contract_check_metadata(
	const KilnContract *contract, const char *directory, GPtrArray *violations, GError **error);

/* A .repo file; key files it names that lie beside it are checked as well. VERIFY when it is no .repo file. */
gboolean kiln_contract_check_repo_file(
	const KilnContract *contract, const char *path, GPtrArray *violations, GError **error);

/* The text of such a file that is not written yet; `name` is for messages. */
gboolean kiln_contract_check_repo_text(const KilnContract *contract, const char *name, const char *text,
	GPtrArray *violations, GError **error);

/* The metadata and every package it lists, whose signatures have to be of a key beside the repository if there is one. What of it cannot be read is a violation, as clients cannot either. */
gboolean kiln_contract_check_repository(
	const KilnContract *contract, const char *directory, GPtrArray *violations, GError **error);
