/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/identity.h"

#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/address.h"
#include "engine/contract.h"
#include "engine/keys.h"
#include "format/repo_file.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX_BYTES (1024 * 1024)
#define REPO_TEMPLATE "repo-config/kiln.repo.in"

/* Changes whenever the key directory's public keys or the choice among them do. */
static char *key_stamp(const KilnProject *project)
{
	g_autofree char *ring = g_build_filename(project->key_home, "pubring.kbx", NULL);
	struct stat status = {0};

	if (stat(ring, &status) != 0)
		return NULL;
	return g_strdup_printf("%s %s %ju %jd.%ld", project->config->key ? project->config->key : "-", ring,
		(uintmax_t)status.st_ino, (intmax_t)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

/* Takes what an earlier run found out, if the stamp still fits. */
static gboolean read_known(KilnIdentity *identity, const char *stamp_path, const char *stamp)
{
	g_autofree char *known = stamp ? kiln_fs_read(stamp_path, TEXT_MAX_BYTES, NULL, NULL) : NULL;
	g_auto(GStrv) lines = g_strsplit(known ? known : "", "\n", -1);

	if (g_strv_length(lines) < 2 || !g_str_equal(lines[0], stamp))
		return FALSE;
	identity->fingerprint = g_strdup(lines[1]);
	return TRUE;
}

static gboolean find_key(KilnIdentity *identity, const KilnContext *context, GError **error)
{
	const KilnProject *project = context->project;
	g_autoptr(KilnGpg) gpg = kiln_keys_open(project->key_home, project->root, error);
	g_autoptr(KilnGpgKey) key = NULL;
	gboolean created = FALSE;

	if (!gpg)
		return FALSE;
	key = kiln_keys_ensure(gpg, context->collection->name, project->config->key, &created, error);
	if (!key)
		return FALSE;
	if (created)
		kiln_event_info("key",
			"created the signing key %s (%s) in \"%s\": keep a copy of that directory in a safe place",
			key->fingerprint, key->uid, project->key_home);
	identity->fingerprint = g_strdup(key->fingerprint);
	return kiln_keys_export(gpg, key->fingerprint, identity->key_path, error);
}

static gboolean ensure_key(KilnIdentity *identity, const KilnContext *context, GError **error)
{
	g_autofree char *directory = g_build_filename(context->project->state, "keys", NULL);
	g_autofree char *stamp_name = g_strconcat(context->collection->name, ".stamp", NULL);
	g_autofree char *stamp_path = g_build_filename(directory, stamp_name, NULL);
	g_autofree char *stamp = key_stamp(context->project);
	g_autofree char *record = NULL;

	identity->key_name = kiln_keys_file_name(context->collection->name);
	identity->key_path = g_build_filename(directory, identity->key_name, NULL);
	if (!kiln_fs_make_directory(directory, error))
		return FALSE;
	if (!read_known(identity, stamp_path, stamp) || !g_file_test(identity->key_path, G_FILE_TEST_EXISTS)) {
		g_clear_pointer(&identity->fingerprint, g_free);
		if (!find_key(identity, context, error))
			return FALSE;
		g_free(stamp);
		stamp = key_stamp(context->project);
		record = g_strdup_printf("%s\n%s\n", stamp ? stamp : "-", identity->fingerprint);
		if (!kiln_fs_replace_text(stamp_path, record, error))
			return FALSE;
	}
	identity->key_text = kiln_fs_read(identity->key_path, TEXT_MAX_BYTES, NULL, error);
	return identity->key_text != NULL;
}

/* yum reads the mirrorlist anew once a day unless told otherwise, and metadata each 6 hours: with one span for both
 * a client that takes new metadata also takes the packages that belong to it. dnf has no such option and reads both at
 * once. */
static const char *mirrorlist_expire(const KilnContract *contract)
{
	char **used = contract->rules[KILN_RULE_REPO_OPTIONS].used;

	return used && g_strv_contains((const char *const *)used, "mirrorlist_expire") ? "6h" : NULL;
}

static gboolean render_repo(
	KilnIdentity *identity, const KilnContext *context, const char *channel, GError **error)
{
	const KilnConfig *config = context->project->config;
	g_autofree char *path = kiln_project_path(context->project, REPO_TEMPLATE, NULL);
	g_autofree char *template = kiln_fs_read(path, TEXT_MAX_BYTES, NULL, error);
	const KilnRepoFileValue values[] = {
		{"URL", config->url},
		{"COLLECTION", context->collection->name},
		{"DESCRIPTION", context->collection->description},
		{"TARGET", context->target->name},
		{"CHANNEL", channel},
		{"VARIABLES", kiln_address_variables(context->target)},
		{"MIRRORLIST_EXPIRE", mirrorlist_expire(identity->contract)},
		{NULL, NULL},
	};

	if (!template)
		return FALSE;
	identity->repo_name = g_strdup_printf("kiln-%s.repo", context->collection->name);
	identity->repo_text = kiln_repo_file_render(template, REPO_TEMPLATE, values, error);
	return identity->repo_text != NULL;
}

/* Clients are never told to take what nobody signed. */
static gboolean check_signed(const KilnIdentity *identity, GError **error)
{
	const char *text = identity->repo_text;
	g_autoptr(GPtrArray) sections = kiln_repo_file_parse(text, strlen(text), REPO_TEMPLATE, error);

	for (guint i = 0; sections && i < sections->len; i++) {
		const KilnRepoFileSection *section = sections->pdata[i];
		if (section->gpgcheck && section->repo_gpgcheck)
			continue;
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"%s: [%s] does not say %s=1: its clients would take what nobody signed; write gpgcheck=1 and "
			"repo_gpgcheck=1 into each section",
			REPO_TEMPLATE, section->id, section->gpgcheck ? "repo_gpgcheck" : "gpgcheck");
		return FALSE;
	}
	return sections != NULL;
}

/* Before anything is built: an address that leads nowhere would be found by clients. */
static gboolean check_addresses(const KilnIdentity *identity, const KilnContext *context, GError **error)
{
	const char *const files[] = {identity->repo_name, identity->key_name, NULL};

	return kiln_address_check(context, identity->repo_text, NULL, files, error);
}

KilnIdentity *kiln_identity_open(const KilnContext *context, GError **error)
{
	g_autoptr(KilnIdentity) identity = g_new0(KilnIdentity, 1);

	identity->contract = kiln_project_contract(context->project, context->target->contract, error);
	if (!identity->contract || !ensure_key(identity, context, error) || 
		!render_repo(identity, context, context->project->config->channel, error) ||
		!check_signed(identity, error) ||
		!check_addresses(identity, context, error))
		return NULL;
	return g_steal_pointer(&identity);
}

/* The public key as it would be published, without making one; stays NULL where there is none. */
static gboolean look_for_key(KilnIdentity *identity, const KilnContext *context, GError **error)
{
	const KilnProject *project = context->project;
	g_autoptr(GError) cause = NULL;
	g_autoptr(KilnGpg) gpg = NULL;
	g_autoptr(KilnGpgKey) key = NULL;

	if (!g_file_test(project->key_home, G_FILE_TEST_IS_DIR))
		return TRUE;
	gpg = kiln_keys_open(project->key_home, project->root, error);
	if (!gpg)
		return FALSE;
	key = kiln_keys_find(gpg, context->collection->name, project->config->key, &cause);
	if (key) {
		identity->fingerprint = g_strdup(key->fingerprint);
		identity->key_text = kiln_gpg_export_public(gpg, key->fingerprint, error);
		return identity->key_text != NULL;
	}
	if (g_error_matches(cause, KILN_ERROR, KILN_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&cause));
	return FALSE;
}

KilnIdentity *kiln_identity_look(const KilnContext *context, const char *channel, GError **error)
{
	g_autoptr(KilnIdentity) identity = g_new0(KilnIdentity, 1);

	identity->key_name = kiln_keys_file_name(context->collection->name);
	identity->contract = kiln_project_contract(context->project, context->target->contract, error);
	if (!identity->contract || !look_for_key(identity, context, error) ||
		!render_repo(identity, context, channel, error))
		return NULL;
	return g_steal_pointer(&identity);
}

void kiln_identity_free(KilnIdentity *identity)
{
	if (!identity)
		return;
	g_free(identity->fingerprint);
	g_free(identity->key_name);
	g_free(identity->key_path);
	g_free(identity->key_text);
	g_free(identity->repo_name);
	g_free(identity->repo_text);
	kiln_contract_free(identity->contract);
	g_free(identity);
}

void kiln_identity_contents(const KilnIdentity *identity, KilnSourceContent ret_contents[2])
{
	ret_contents[0] = (KilnSourceContent){
		KILN_ORIGIN_PUBLIC_KEY, identity->key_text, strlen(identity->key_text)};
	ret_contents[1] = (KilnSourceContent){
		KILN_ORIGIN_REPO_FILE, identity->repo_text, strlen(identity->repo_text)};
}
