/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/check.h"

#include "base/error.h"
#include "base/fs.h"
#include "engine/contract_keys.h"
#include "lib/gpg.h"
#include "lib/repomd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define INTEGRITY "integrity"
#define PUBLISH_AGAIN "publish it again with `kiln release`"
#define KEY_PREFIX "RPM-GPG-KEY"
#define REPO_SUFFIX ".repo"
/* More than the first bytes that tell what a file is. */
#define MAGIC_BYTES 64

static char *part_directory(const KilnCheckSubject *subject, int part)
{
	return g_build_filename(subject->directory, kiln_part_name((KilnPart)part), NULL);
}

/* --- the contract --- */

typedef gboolean (*Judge)(
	const KilnContract *contract, const char *path, GPtrArray *violations, GError **error);

/* Applies `judge`. What cannot even be read is something found as well, unless the host is to blame for it. */
static gboolean judge_or_note(const KilnContract *contract, Judge judge, const char *path, GPtrArray *findings,
	GError **error)
{
	g_autoptr(GPtrArray) violations = kiln_violations_new();
	g_autoptr(GError) fault = NULL;
	KilnFinding *finding;

	if (judge(contract, path, violations, &fault)) {
		kiln_findings_add_violations(findings, violations);
		return TRUE;
	}
	if (!g_error_matches(fault, KILN_ERROR, KILN_ERROR_VERIFY) &&
		!g_error_matches(fault, KILN_ERROR, KILN_ERROR_CONFIG)) {
		g_propagate_error(error, g_steal_pointer(&fault));
		return FALSE;
	}
	finding = kiln_findings_add(findings, KILN_FINDING_ERROR, "contract", path);
	finding->found = g_strdup(fault->message);
	finding->consequence = g_strdup("clients cannot read it either");
	return TRUE;
}

/* What a channel offers beside its snapshots, by the names of the files. */
static const struct {
	const char *prefix, *suffix;
	Judge judge;
} channel_files[] = {
	{KEY_PREFIX, "", kiln_contract_check_key},
	{"", REPO_SUFFIX, kiln_contract_check_repo_file},
};

static gboolean judge_channel_file(const KilnContract *contract, const char *directory, const char *name,
	GPtrArray *findings, GError **error)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(channel_files); i++)
		if (g_str_has_prefix(name, channel_files[i].prefix) &&
			g_str_has_suffix(name, channel_files[i].suffix))
			return judge_or_note(contract, channel_files[i].judge, path, findings, error);
	return TRUE;
}

static gboolean judge_channel(
	const KilnContract *contract, const char *directory, GPtrArray *findings, GError **error)
{
	g_auto(GStrv) names = kiln_fs_list(directory, error);

	for (char **name = names; name && *name; name++)
		if (!judge_channel_file(contract, directory, *name, findings, error))
			return FALSE;
	return names != NULL;
}

/* "repodata/…" is there in each part. */
static void name_part(GPtrArray *violations, guint first, int part)
{
	const char *name = kiln_part_name((KilnPart)part);

	for (guint i = first; *name && i < violations->len; i++) {
		KilnViolation *violation = violations->pdata[i];
		char *object = g_str_has_prefix(violation->object, "repodata") ? violation->object : NULL;
		if (!object)
			continue;
		violation->object = g_build_filename(name, object, NULL);
		g_free(object);
	}
}

static gboolean judge_parts(
	const KilnContract *contract, const KilnCheckSubject *subject, GPtrArray *violations, GError **error)
{
	for (int part = 0; part < KILN_PART_COUNT; part++) {
		g_autofree char *directory = part_directory(subject, part);
		g_autofree char *repomd = g_build_filename(directory, "repodata", "repomd.xml", NULL);
		guint first = violations->len;
		/* What is missing is told as damage. */
		if (!g_file_test(repomd, G_FILE_TEST_EXISTS))
			continue;
		if (!kiln_contract_check_repository(contract, directory, violations, error))
			return FALSE;
		name_part(violations, first, part);
	}
	return TRUE;
}

gboolean kiln_check_contract(
	const KilnContract *contract, const KilnCheckSubject *subject, GPtrArray *findings, GError **error)
{
	g_autoptr(GPtrArray) violations = kiln_violations_new();

	if (!judge_parts(contract, subject, violations, error))
		return FALSE;
	kiln_findings_add_violations(findings, violations);
	return !subject->channel_directory ||
		judge_channel(contract, subject->channel_directory, findings, error);
}

/* --- integrity --- */

static void add_damage(GPtrArray *findings, const char *object, GError *damage)
{
	KilnFinding *finding = kiln_findings_add(findings, KILN_FINDING_ERROR, INTEGRITY, object);

	finding->found = g_strdup(damage->message);
	finding->consequence = g_strdup("clients refuse what does not match");
	finding->fix = g_strdup(PUBLISH_AGAIN);
	g_error_free(damage);
}

/* By one of the keys that a channel offers, strictly: it is ours. TRUE when it offers none. */
static gboolean verify_signature(char **names, const char *channel_directory, const char *directory, GError **error)
{
	g_autofree char *repomd = g_build_filename(directory, "repodata", "repomd.xml", NULL);
	g_autofree char *signature = g_strconcat(repomd, ".asc", NULL);
	g_autoptr(GError) first = NULL;

	for (char **name = names; name && *name; name++) {
		g_autofree char *key = g_build_filename(channel_directory, *name, NULL);
		g_autoptr(GError) cause = NULL;
		if (!g_str_has_prefix(*name, KEY_PREFIX))
			continue;
		if (kiln_gpg_verify_detached(key, repomd, signature, NULL, &cause))
			return TRUE;
		if (!first)
			first = g_steal_pointer(&cause);
	}
	if (!first)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&first));
	return FALSE;
}

gboolean kiln_check_integrity(const KilnCheckSubject *subject, GPtrArray *findings, GError **error)
{
	const char *channel = subject->channel_directory;
	g_auto(GStrv) names = channel ? kiln_fs_list(channel, NULL) : NULL;

	for (int part = 0; part < KILN_PART_COUNT; part++) {
		g_autofree char *directory = part_directory(subject, part);
		g_autofree char *object = NULL;
		GError *damage = NULL;
		if (verify_signature(names, channel, directory, &damage) && kiln_repomd_verify(directory, &damage))
			continue;
		if (g_error_matches(damage, KILN_ERROR, KILN_ERROR_SYSTEM)) {
			g_propagate_error(error, damage);
			return FALSE;
		}
		object = g_build_filename(kiln_part_name((KilnPart)part), "repodata", NULL);
		add_damage(findings, object, damage);
	}
	return TRUE;
}

/* --- any path --- */

/* What the first bytes of a file say it is for. NULL: nothing that a contract speaks of. */
static Judge judge_for(const char *path, const char *start, gsize size)
{
	static const char lead[] = "\xed\xab\xee\xdb";

	if (size >= 4 && memcmp(start, lead, 4) == 0)
		return kiln_contract_check_package;
	if (g_str_has_suffix(path, ".rpm"))
		return kiln_contract_check_package;
	if (g_str_has_suffix(path, REPO_SUFFIX))
		return kiln_contract_check_repo_file;
	/* Armour, or a packet of the old or the new form (RFC 4880, 4.2). */
	if ((size >= 1 && (start[0] & 0x80)) || g_strstr_len(start, (gssize)size, "-----BEGIN PGP"))
		return kiln_contract_check_key;
	return size >= 1 && start[0] == '[' ? kiln_contract_check_repo_file : NULL;
}

static char *read_start(const char *path, gsize *ret_size, GError **error)
{
	FILE *file = fopen(path, "re");
	char *start;

	if (!file) {
		kiln_error_set_errno(error, errno, "open \"%s\"", path);
		return NULL;
	}
	start = g_malloc0(MAGIC_BYTES + 1);
	*ret_size = fread(start, 1, MAGIC_BYTES, file);
	fclose(file);
	return start;
}

static Judge find_judge(const char *path, GError **error)
{
	g_autofree char *repomd = g_build_filename(path, "repodata", "repomd.xml", NULL);
	g_autofree char *start = NULL;
	gsize size = 0;
	Judge judge;

	if (g_file_test(repomd, G_FILE_TEST_EXISTS))
		return kiln_contract_check_repository;
	if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
			"\"%s\" is a directory without repodata/repomd.xml; name a repository's, or files", path);
		return NULL;
	}
	start = read_start(path, &size, error);
	if (!start)
		return NULL;
	judge = judge_for(path, start, size);
	if (!judge)
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"\"%s\" is neither a package nor a key, a .repo file or a repository", path);
	return judge;
}

/* Signatures say nothing without a key to verify them with. */
static void note_unverified(const char *path, GPtrArray *findings)
{
	g_autoptr(KilnContractKeys) keys = kiln_contract_keys_beside(path);
	KilnFinding *finding;

	if (kiln_contract_keys_count(keys) > 0)
		return;
	finding = kiln_findings_add(findings, KILN_FINDING_WARNING, "contract", path);
	finding->found = g_strdup("its signatures were not verified: there is no " KEY_PREFIX "* beside repodata");
	finding->fix = g_strdup("put the public key there that its clients have");
}

gboolean kiln_check_path(const KilnContract *contract, const char *path, GPtrArray *findings, GError **error)
{
	Judge judge = find_judge(path, error);

	if (judge == kiln_contract_check_repository)
		note_unverified(path, findings);
	return judge && judge_or_note(contract, judge, path, findings, error);
}

/* --- all --- */

static gboolean is_damaged(const GPtrArray *findings)
{
	for (guint i = 0; i < findings->len; i++)
		if (g_str_equal(((const KilnFinding *)findings->pdata[i])->check, INTEGRITY))
			return TRUE;
	return FALSE;
}

gboolean kiln_check_all(const KilnContext *context, const KilnContract *contract, const KilnCheckSubject *subject,
	GPtrArray *findings, GError **error)
{
	g_autoptr(GError) fault = NULL;
	KilnFinding *finding;

	if (!kiln_check_integrity(subject, findings, error) ||
		!kiln_check_contract(contract, subject, findings, error))
		return FALSE;
	if (kiln_check_dependencies(context, subject, findings, &fault))
		return TRUE;
	if (!is_damaged(findings)) {
		g_propagate_error(error, g_steal_pointer(&fault));
		return FALSE;
	}
	finding = kiln_findings_add(findings, KILN_FINDING_ERROR, INTEGRITY, subject->snapshot->id);
	finding->found = g_strdup_printf("what its packages need of each other cannot be checked: %s", fault->message);
	finding->fix = g_strdup(PUBLISH_AGAIN);
	return TRUE;
}
