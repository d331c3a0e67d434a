/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/layer_database.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"

#define LOG_MAX_BYTES (1024 * 1024)
#define PACKAGES "/srv/packages"
#define ROOT "/mnt/root"

/*
 * rpm of the root works on a second view of the same root, whose writes are the layer: nothing that a sandbox needs
 * itself (accounts, mount points) gets there. The files __db.* are Berkeley DB's shared memory, which no later
 * process may take over.
 */
static const char script[] = "set -e\n"
	"command -v rpm >/dev/null || { echo 'there is no rpm in it; add rpm to the target'\\''s list of packages'; exit 1; }\n"
	"rpm --root " ROOT " --initdb\n"
	"rpm --root " ROOT " --install --justdb --replacepkgs --nodeps --noscripts --notriggers --nosignature --nodigest"
	" " PACKAGES "/*.rpm\n"
	"rm -f " ROOT "/var/lib/rpm/__db.*\n";

/* Links, since a sandbox takes few binds: in the order in which they were installed. */
static gboolean gather(const KilnSolution *solution, const char *directory, GError **error)
{
	const GPtrArray *packages = kiln_solution_in_order(solution);

	if (!kiln_fs_remove_tree(directory, error) || !kiln_fs_make_directory(directory, error))
		return FALSE;
	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = packages->pdata[i];
		g_autofree char *name = g_strdup_printf("%05u.rpm", i);
		g_autofree char *path = g_build_filename(directory, name, NULL);
		if (!kiln_fs_link_or_copy(package->path, path, error))
			return FALSE;
	}
	return TRUE;
}

KilnSandboxRequest *kiln_layer_database_request(
	char **trees, const KilnSolution *solution, const char *directory, GError **error)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	g_autofree char *packages = g_build_filename(directory, "packages", NULL);
	g_autoptr(KilnSandboxRequest) run = kiln_sandbox_request_new(KILN_SANDBOX_RUN);

	if (!gather(solution, packages, error))
		return NULL;
	run->user = KILN_SANDBOX_ROOT;
	g_strfreev(run->layers);
	run->layers = g_strdupv(trees);
	g_strfreev(run->argv);
	run->argv = g_strdupv((char **)argv);
	kiln_sandbox_request_bind(run, packages, PACKAGES, FALSE);
	kiln_sandbox_request_tree(run, ROOT, (const char *const *)trees, directory);
	return g_steal_pointer(&run);
}

gboolean kiln_layer_database_finish(const char *directory, GError **error)
{
	g_autofree char *packages = g_build_filename(directory, "packages", NULL);
	g_autofree char *tree = g_build_filename(directory, "tree", NULL);

	return kiln_fs_remove_tree(packages, error) && kiln_fs_sync_tree(tree, error);
}

gboolean kiln_layer_database_refuse(const char *label, const char *log_path, GError **error)
{
	g_autofree char *log = kiln_fs_read(log_path, LOG_MAX_BYTES, NULL, NULL);
	g_autofree char *reason = kiln_text_last_line(log ? log : "");

	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
		"%s: the root's own rpm cannot keep its database ([rpm] database = own): %s", label,
		*reason ? reason : "it gave no reason");
	return FALSE;
}
