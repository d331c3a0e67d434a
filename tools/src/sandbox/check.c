/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/check.h"

#include "base/digest.h"
#include "base/error.h"

#include <string.h>

#define PATH_MAX_BYTES 4095
#define COMPONENT_MAX_BYTES 255
#define LAYERS_MAX 128
#define BINDS_MAX 256
#define TREES_MAX 8
#define PACKAGES_MAX 8000
#define ARGUMENTS_MAX 4096
#define HOST_NAME_MAX_BYTES 64
#define LIMIT_MAX_S (30 * 24 * 3600)
#define PROCESSORS_MAX 8192 /* of any Linux kernel: CONFIG_NR_CPUS */

static gboolean refuse(GError **error, const char *what, const char *value)
{
	g_autofree char *printable = g_strescape(value ? value : "(missing)", NULL);

	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE, "request refused: %s \"%.200s\"", what,
		printable);
	return FALSE;
}

gboolean kiln_sandbox_path_is_canonical(const char *path)
{
	if (!path || path[0] != '/' || path[1] == '\0' || strlen(path) > PATH_MAX_BYTES)
		return FALSE;
	while (*path) {
		const char *name = path + 1;
		gsize length = strcspn(name, "/");
		if (length == 0 || length > COMPONENT_MAX_BYTES ||
			(length == 1 && name[0] == '.') ||
			(length == 2 && name[0] == '.' && name[1] == '.'))
			return FALSE;
		path = name + length;
	}
	return TRUE;
}

static gboolean check_path(const char *what, const char *path, GError **error)
{
	return kiln_sandbox_path_is_canonical(path) || refuse(error, what, path);
}

static gboolean check_paths(const char *what, char *const *paths, guint maximum, GError **error)
{
	if (paths && g_strv_length((char **)paths) > maximum)
		return refuse(error, what, "(too many)");
	for (; paths && *paths; paths++)
		if (!check_path(what, *paths, error))
			return FALSE;
	return TRUE;
}

/* What kiln-root itself mounts must not be replaced. */
static gboolean check_destination(const char *path, GError **error)
{
	static const char *const reserved[] = {"/proc", "/sys", "/dev"};

	if (!check_path("destination", path, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(reserved); i++)
		if (g_str_has_prefix(path, reserved[i]) && strchr("/", path[strlen(reserved[i])]))
			return refuse(error, "destination", path);
	return TRUE;
}

static gboolean check_binds(const KilnSandboxRequest *request, GError **error)
{
	if (request->binds->len > BINDS_MAX)
		return refuse(error, "binds", "(too many)");
	for (guint i = 0; i < request->binds->len; i++) {
		const KilnSandboxBind *bind = request->binds->pdata[i];
		if (!check_path("source of a bind", bind->source, error) ||
			!check_destination(bind->destination, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean check_trees(const KilnSandboxRequest *request, GError **error)
{
	if (request->trees->len > TREES_MAX)
		return refuse(error, "trees", "(too many)");
	for (guint i = 0; i < request->trees->len; i++) {
		const KilnSandboxTree *tree = request->trees->pdata[i];
		if (!check_destination(tree->destination, error) ||
			!check_paths("layer", tree->layers, LAYERS_MAX, error) ||
			(tree->upper && !check_path("upper", tree->upper, error)))
			return FALSE;
	}
	return TRUE;
}

static gboolean check_packages(const KilnSandboxRequest *request, GError **error)
{
	if (request->packages->len > PACKAGES_MAX)
		return refuse(error, "packages", "(too many)");
	for (guint i = 0; i < request->packages->len; i++) {
		const KilnSandboxPackage *package = request->packages->pdata[i];
		if (!check_path("package", package->path, error))
			return FALSE;
		if (!package->sha256 || !kiln_digest_is_valid(package->sha256))
			return refuse(error, "digest", package->sha256);
	}
	return TRUE;
}

static gboolean check_host_name(const char *name, GError **error)
{
	gsize length =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");

	if (length == 0 || name[length] || length > HOST_NAME_MAX_BYTES || strchr("-.", name[0]))
		return refuse(error, "host name", name);
	return TRUE;
}

static gboolean check_names(const KilnSandboxRequest *request, GError **error)
{
	if (request->hostname && !check_host_name(request->hostname, error))
		return FALSE;
	for (char **name = request->network_hosts; name && *name; name++)
		if (!check_host_name(*name, error))
			return FALSE;
	if (request->personality && strcmp(request->personality, "linux32") != 0)
		return refuse(error, "personality", request->personality);
	return TRUE;
}

static gboolean check_environment(char *const *environment, GError **error)
{
	for (; environment && *environment; environment++) {
		gsize length = strspn(*environment,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		if (length == 0 || (*environment)[length] != '=' ||
			g_ascii_isdigit((*environment)[0]))
			return refuse(error, "environment", *environment);
	}
	return TRUE;
}

static gboolean check_processors(const KilnSandboxRequest *request, GError **error)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, request->processors);

	if (request->processors < 0 || request->processors > PROCESSORS_MAX)
		return refuse(error, "processors", text);
	if (request->processors > 0 && request->kind != KILN_SANDBOX_RUN)
		return refuse(error, "only a run takes processors", text);
	return TRUE;
}

static gboolean check_command(const KilnSandboxRequest *request, GError **error)
{
	if (!request->argv || !request->argv[0] || !request->argv[0][0])
		return refuse(error, "argv", NULL);
	if (g_strv_length(request->argv) > ARGUMENTS_MAX)
		return refuse(error, "argv", "(too many)");
	if (strchr(request->argv[0], '/') && !check_path("program", request->argv[0], error))
		return FALSE;
	if (request->working_directory && strcmp(request->working_directory, "/") != 0 &&
		!check_path("working directory", request->working_directory, error))
		return FALSE;
	return check_environment(request->environment, error);
}

static gboolean check_limits(const KilnSandboxRequest *request, GError **error)
{
	const KilnSandboxLimits *limits = &request->limits;

	if (limits->wall_s > LIMIT_MAX_S || limits->idle_s > LIMIT_MAX_S)
		return refuse(error, "time limit", "(longer than 30 days)");
	if (limits->wall_s < 0 || limits->idle_s < 0 || limits->output_bytes < 0 ||
		limits->memory_bytes < 0 || limits->processes < 0 || limits->disk_bytes < 0)
		return refuse(error, "limit", "(negative)");
	if (limits->disk_bytes > 0 && (request->kind != KILN_SANDBOX_RUN || !request->upper))
		return refuse(error, "only a run with an upper has a disk to limit", "");
	return TRUE;
}

/* An init owns its sandbox: it is root's, and has no terminal. */
static gboolean check_boot(const KilnSandboxRequest *request, GError **error)
{
	if (!request->boot || (request->kind == KILN_SANDBOX_RUN && !request->terminal &&
				      request->user == KILN_SANDBOX_ROOT))
		return TRUE;
	return refuse(error, "only a run as root without a terminal can boot", "");
}

static gboolean check_install(const KilnSandboxRequest *request, GError **error)
{
	if (request->argv || request->terminal || request->trees->len > 0 ||
		request->binds->len > 0)
		return refuse(error, "an install takes no argv, terminal, trees or binds", "");
	if (!request->upper)
		return refuse(error, "upper", NULL);
	return check_packages(request, error) &&
	       check_paths("key", request->keys, LAYERS_MAX, error);
}

static gboolean check_run(const KilnSandboxRequest *request, GError **error)
{
	if (request->packages->len > 0 || request->keys)
		return refuse(error, "only an install takes packages and keys", "");
	if (request->kind == KILN_SANDBOX_EVALUATE &&
		(request->terminal || request->trees->len > 0))
		return refuse(error, "an evaluation takes no terminal and no trees", "");
	if (!request->layers || !request->layers[0])
		return refuse(error, "layers", NULL);
	return check_command(request, error) && check_binds(request, error) &&
	       check_trees(request, error);
}

static gboolean check_remove(const KilnSandboxRequest *request, GError **error)
{
	if (request->argv || request->layers || request->packages->len > 0 || request->keys ||
		request->binds->len > 0 || request->trees->len > 0 || request->terminal)
		return refuse(error, "a removal takes nothing but upper", "");
	return request->upper || refuse(error, "upper", NULL);
}

gboolean kiln_sandbox_check(const KilnSandboxRequest *request, GError **error)
{
	if (!check_paths("layer", request->layers, LAYERS_MAX, error) ||
		(request->upper && !check_path("upper", request->upper, error)) ||
		!check_names(request, error) || !check_limits(request, error) ||
		!check_processors(request, error) || !check_boot(request, error))
		return FALSE;
	switch (request->kind) {
	case KILN_SANDBOX_INSTALL:
		return check_install(request, error);
	case KILN_SANDBOX_RUN:
	case KILN_SANDBOX_EVALUATE:
		return check_run(request, error);
	case KILN_SANDBOX_REMOVE:
		return check_remove(request, error);
	}
	g_assert_not_reached();
}
