/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/address.h"

#include "base/error.h"
#include "format/repo_file.h"
#include "model/repo_variable.h"
#include "model/snapshot.h"

#include <string.h>

#define VARIABLES "$releasever/$basearch/"

/* A .repo file under judgement. */
typedef struct {
	const KilnContext *context;
	const char *repository;
	const char *const *files;
	char *prefix; /* of addresses in the published tree of this collection and target */
	char **directories;
} Check;

static void check_clear(Check *check)
{
	g_free(check->prefix);
	g_strfreev(check->directories);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Check, check_clear)

const char *kiln_address_variables(const KilnTarget *target)
{
	return target->releasever ? VARIABLES : "";
}

char **kiln_address_directories(const KilnTarget *target)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	g_strv_builder_add(builder, "");
	if (target->releasever) {
		g_autofree char *directory =
			g_strdup_printf("%s/%s", target->releasever, kiln_basearch(target->architecture));
		g_strv_builder_add(builder, directory);
	}
	return g_strv_builder_end(builder);
}

static char *join(const char *directory, const char *name)
{
	return *directory ? g_strdup_printf("%s/%s", directory, name) : g_strdup(name);
}

/* `path` is relative to the channel. */
static gboolean is_mirrorlist(const Check *check, const char *path)
{
	for (char **directory = check->directories; *directory; directory++)
		for (int part = 0; part < KILN_PART_COUNT; part++) {
			const char *name = kiln_part_name((KilnPart)part);
			g_autofree char *file = g_strconcat("mirrorlist", *name ? "-" : "", name, NULL);
			g_autofree char *written = join(*directory, file);
			if (g_str_equal(path, written))
				return TRUE;
		}
	return FALSE;
}

/* "current", "current/debug": with or without a final slash. */
static gboolean is_link(const char *path)
{
	g_autofree char *plain = g_strconcat(path, g_str_has_suffix(path, "/") ? "" : "/", NULL);

	for (int part = 0; part < KILN_PART_COUNT; part++) {
		const char *name = kiln_part_name((KilnPart)part);
		g_autofree char *written = g_strconcat("current/", name, *name ? "/" : "", NULL);
		if (g_str_equal(plain, written))
			return TRUE;
	}
	return FALSE;
}

/* `path` below COLLECTION/TARGET in the channel: the same relative to the channel, else NULL. Borrowed. */
static const char *in_channel(const Check *check, const char *path)
{
	const char *channel = check->context->project->config->channel;
	gsize length = strlen(channel);

	return strncmp(path, channel, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

/* The channel's link leads to the snapshot, which in the gate's view is put in place only for the client. */
static gboolean is_repository(const Check *check, const char *path)
{
	const char *relative = in_channel(check, path);
	g_autofree char *metadata = NULL;

	if (relative && is_link(relative))
		return TRUE;
	if (!check->repository)
		return FALSE;
	metadata = g_build_filename(check->repository, path, "repodata", "repomd.xml", NULL);
	return g_file_test(metadata, G_FILE_TEST_IS_REGULAR);
}

static gboolean is_file(const Check *check, const char *path)
{
	const char *relative = in_channel(check, path);
	g_autofree char *file = NULL;

	if (!check->repository)
		return relative && (is_mirrorlist(check, relative) || g_strv_contains(check->files, relative));
	file = g_build_filename(check->repository, path, NULL);
	return g_file_test(file, G_FILE_TEST_IS_REGULAR);
}

static gboolean is_answered(const Check *check, const char *path, const char *key)
{
	return g_str_equal(key, "baseurl") ? is_repository(check, path) : is_file(check, path);
}

static char *written_names(const Check *check)
{
	const char *channel = check->context->project->config->channel;
	const char *last = check->directories[g_strv_length(check->directories) - 1];
	g_autofree char *directory = join(channel, last);
	g_autofree char *files = g_strjoinv(", ", (char **)check->files);

	return g_strdup_printf("%s/mirrorlist[-debug|-source], and in %s: %s, current/", directory, channel, files);
}

static gboolean check_address(const Check *check, const KilnRepoFileSection *section, const char *key,
	const char *address, GError **error)
{
	const KilnTarget *target = check->context->target;
	g_autoptr(GError) local = NULL;
	g_autofree char *expanded =
		kiln_repo_expand(address, target->releasever, target->architecture, &local);
	g_autofree char *names = NULL;

	if (!expanded) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "the .repo file for target \"%s\": [%s] %s: %s",
			target->name, section->id, key, local->message);
		return FALSE;
	}
	if (!g_str_has_prefix(expanded, check->prefix) ||
		is_answered(check, expanded + strlen(check->prefix), key))
		return TRUE;
	names = written_names(check);
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"the .repo file for target \"%s\": [%s] %s: clients would find nothing at \"%s\"; correct "
		"repo-config/kiln.repo.in: below \"%s\" there are %s",
		target->name, section->id, key, expanded, check->prefix, names);
	return FALSE;
}

static gboolean check_list(const Check *check, const KilnRepoFileSection *section, const char *key,
	char *const *addresses, GError **error)
{
	for (; *addresses; addresses++)
		if (!check_address(check, section, key, *addresses, error))
			return FALSE;
	return TRUE;
}

static gboolean check_section(const Check *check, const KilnRepoFileSection *section, GError **error)
{
	return (!section->mirrorlist ||
		       check_address(check, section, "mirrorlist", section->mirrorlist, error)) &&
		check_list(check, section, "baseurl", section->baseurl, error) &&
		check_list(check, section, "gpgkey", section->gpgkey, error);
}

gboolean kiln_address_check(const KilnContext *context, const char *repo_text, const char *repository,
	const char *const *files, GError **error)
{
	g_auto(Check) check = {.context = context, .repository = repository, .files = files};
	g_autoptr(GPtrArray) sections =
		kiln_repo_file_parse(repo_text, strlen(repo_text), "the .repo file", error);

	check.prefix = g_strdup_printf("%s/%s/%s/", context->project->config->url, context->collection->name,
		context->target->name);
	check.directories = kiln_address_directories(context->target);
	if (!sections)
		return FALSE;
	for (guint i = 0; i < sections->len; i++)
		if (!check_section(&check, sections->pdata[i], error))
			return FALSE;
	return TRUE;
}
