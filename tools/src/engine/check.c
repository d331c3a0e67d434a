/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/check.h"

#include "base/error.h"
#include "base/fs.h"
#include "engine/contract_keys.h"
#include "engine/published.h"
#include "lib/gpg.h"
#include "lib/repomd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Does not wait for what writes to a FIFO. */
static int open_regular(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0) {
		kiln_error_set_errno(error, errno, "open \"%s\"", path);
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return fd;
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\" is not a regular file", path);
	close(fd);
	return -1;
}

static char *read_start(const char *path, gsize *ret_size, GError **error)
{
	int fd = open_regular(path, error);
	char *start = fd < 0 ? NULL : g_malloc0(MAGIC_BYTES + 1);
	ssize_t got = fd < 0 ? -1 : read(fd, start, MAGIC_BYTES);

	if (fd >= 0 && got < 0) {
		kiln_error_set_errno(error, errno, "read \"%s\"", path);
		g_clear_pointer(&start, g_free);
	}
	if (fd >= 0)
		close(fd);
	*ret_size = got < 0 ? 0 : (gsize)got;
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

/* What says nothing of where it lies gets the path as the user named it. */
static void name_place(KilnFinding *finding, const char *path)
{
	g_autofree char *object = finding->object;
	gboolean is_file = !g_file_test(path, G_FILE_TEST_IS_DIR);

	if (g_str_equal(object, path) || (is_file && g_str_has_prefix(object, path)))
		finding->object = g_steal_pointer(&object);
	else if (!is_file)
		finding->object = g_build_filename(path, object, NULL);
	else
		finding->object = g_strdup_printf("%s: %s", path, object);
}

gboolean kiln_check_path(const KilnContract *contract, const char *path, gboolean is_one_of_many, GPtrArray *findings,
	GError **error)
{
	g_autoptr(GPtrArray) found = kiln_findings_new();
	Judge judge = find_judge(path, error);

	if (!judge)
		return FALSE;
	if (judge == kiln_contract_check_repository)
		note_unverified(path, found);
	if (!judge_or_note(contract, judge, path, found, error))
		return FALSE;
	while (found->len > 0) {
		KilnFinding *finding = g_ptr_array_steal_index(found, 0);
		if (is_one_of_many)
			name_place(finding, path);
		g_ptr_array_add(findings, finding);
	}
	return TRUE;
}

/* --- all --- */

static gboolean is_damage(const KilnFinding *finding)
{
	return finding->level == KILN_FINDING_ERROR && g_str_equal(finding->check, INTEGRITY);
}

static gboolean is_damaged(const GPtrArray *findings)
{
	for (guint i = 0; i < findings->len; i++)
		if (is_damage(findings->pdata[i]))
			return TRUE;
	return FALSE;
}

/* TRUE when its packages can be read, so that updates from it can be judged. Damage is told either way. */
static gboolean judge_previous(const KilnCheckSubject *subject, GPtrArray *findings)
{
	g_autoptr(GError) damage = NULL;
	gboolean is_readable = kiln_published_is_readable(subject->previous_directory, subject->previous, &damage);
	KilnFinding *finding;

	for (int part = 0; part < KILN_PART_COUNT && !damage; part++) {
		g_autofree char *directory =
			g_build_filename(subject->previous_directory, kiln_part_name((KilnPart)part), NULL);
		g_autoptr(GPtrArray) entries = kiln_repomd_read_packages(directory, &damage);
	}
	if (!damage)
		return TRUE;
	finding = kiln_findings_add(findings, KILN_FINDING_WARNING, INTEGRITY, subject->previous->id);
	finding->found = g_strdup_printf("the snapshot before is damaged: %s%s", damage->message,
		is_readable ? "" : "; how hosts update from it was not judged");
	return is_readable;
}

gboolean kiln_check_all(const KilnContext *context, const KilnContract *contract, const KilnCheckSubject *subject,
	GPtrArray *findings, GError **error)
{
	g_autoptr(GError) fault = NULL;
	KilnCheckSubject readable = *subject;
	KilnFinding *finding;

	if (!kiln_check_integrity(subject, findings, error) ||
		!kiln_check_channel(context, subject, findings, error) ||
		!kiln_check_contract(contract, subject, findings, error))
		return FALSE;
	if (subject->previous && !judge_previous(subject, findings)) {
		readable.previous = NULL;
		readable.previous_directory = NULL;
	}
	if (kiln_check_dependencies(context, &readable, findings, &fault))
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
