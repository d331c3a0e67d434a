/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/shell.h"

#include "base/error.h"
#include "base/fs.h"
#include "engine/build_failure.h"
#include "engine/layer.h"
#include "engine/root.h"

#include <unistd.h>

#define LAYERS_MAX_BYTES (1024 * 1024)

/* Told before anything is locked: the lock's directory is not made for a mistyped name. */
static gboolean check_kept(const char *path, const char *package, GError **error)
{
	if (g_file_test(path, G_FILE_TEST_EXISTS))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
		"no failed build of \"%s\" is kept; `kiln build %s` keeps its buildroot when it fails", package,
		package);
	return FALSE;
}

/* Held, so that they stay as long as somebody is in there. */
static KilnLayers *hold_layers(const char *failed, const char *package, GError **error)
{
	g_autofree char *path = g_build_filename(failed, "layers", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) trees = NULL;
	KilnLayers *layers;

	if (!check_kept(path, package, error))
		return NULL;
	text = kiln_fs_read(path, LAYERS_MAX_BYTES, NULL, error);
	if (!text)
		return NULL;
	trees = g_strsplit(text, "\n", -1);
	layers = kiln_layers_hold((const char *const *)trees, error);
	if (!layers)
		g_prefix_error(error, "the kept buildroot (`kiln build %s` makes it again): ", package);
	return layers;
}

static gboolean allow(const KilnProject *project, GError **error)
{
	return kiln_root_allow(project->state, error) && kiln_root_allow(project->cache, error);
}

gboolean kiln_shell_run(
	const KilnProject *project, const KilnShell *shell, int *ret_status, GError **error)
{
	static const char *const login[] = {"/bin/bash", "--login", NULL};
	gboolean interactive = !shell->command || !*shell->command;
	g_autofree char *failed = kiln_build_failure_directory(project, shell->target, shell->package);
	g_autoptr(KilnLock) lock = NULL;
	g_autoptr(KilnLayers) layers = NULL;
	g_autoptr(KilnSandboxRequest) request = kiln_sandbox_request_new(KILN_SANDBOX_RUN);
	g_auto(KilnSandboxReport) report = {0};

	if (!check_kept(failed, shell->package, error))
		return FALSE;
	lock = kiln_build_failure_lock(project, shell->target, shell->package, "kiln shell", error);
	layers = lock ? hold_layers(failed, shell->package, error) : NULL;
	if (!layers || !allow(project, error))
		return FALSE;
	g_strfreev(request->layers);
	request->layers = g_strdupv(layers->trees);
	request->upper = g_build_filename(failed, "root", NULL);
	request->user = shell->as_root ? KILN_SANDBOX_ROOT : KILN_SANDBOX_MOCKBUILD;
	g_strfreev(request->argv);
	request->argv = g_strdupv(interactive ? (char **)login : (char **)shell->command);
	request->terminal = interactive;
	if (!kiln_root_execute(request, interactive ? -1 : STDOUT_FILENO, &report, error))
		return FALSE;
	*ret_status = report.exit_status;
	return TRUE;
}
