/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/sandbox.h"

static void bind_free(gpointer data)
{
	KilnSandboxBind *bind = data;

	g_free(bind->source);
	g_free(bind->destination);
	g_free(bind);
}

static void tree_free(gpointer data)
{
	KilnSandboxTree *tree = data;

	g_free(tree->destination);
	g_strfreev(tree->layers);
	g_free(tree->upper);
	g_free(tree);
}

static void package_free(gpointer data)
{
	KilnSandboxPackage *package = data;

	g_free(package->path);
	g_free(package->sha256);
	g_free(package);
}

KilnSandboxRequest *kiln_sandbox_request_new(KilnSandboxKind kind)
{
	KilnSandboxRequest *request = g_new0(KilnSandboxRequest, 1);

	request->kind = kind;
	request->binds = g_ptr_array_new_with_free_func(bind_free);
	request->trees = g_ptr_array_new_with_free_func(tree_free);
	request->packages = g_ptr_array_new_with_free_func(package_free);
	return request;
}

void kiln_sandbox_request_free(KilnSandboxRequest *request)
{
	if (!request)
		return;
	g_strfreev(request->layers);
	g_free(request->upper);
	g_ptr_array_unref(request->binds);
	g_ptr_array_unref(request->trees);
	g_free(request->hostname);
	g_strfreev(request->argv);
	g_strfreev(request->environment);
	g_free(request->working_directory);
	g_strfreev(request->network_hosts);
	g_free(request->personality);
	g_ptr_array_unref(request->packages);
	g_strfreev(request->keys);
	g_free(request->macros);
	g_free(request);
}

void kiln_sandbox_request_bind(
	KilnSandboxRequest *request, const char *source, const char *destination, gboolean writable)
{
	KilnSandboxBind *bind = g_new0(KilnSandboxBind, 1);

	bind->source = g_strdup(source);
	bind->destination = g_strdup(destination);
	bind->writable = writable;
	g_ptr_array_add(request->binds, bind);
}

void kiln_sandbox_request_tree(KilnSandboxRequest *request, const char *destination,
	const char *const *layers, const char *upper)
{
	KilnSandboxTree *tree = g_new0(KilnSandboxTree, 1);

	tree->destination = g_strdup(destination);
	tree->layers = g_strdupv((char **)layers);
	tree->upper = g_strdup(upper);
	g_ptr_array_add(request->trees, tree);
}

void kiln_sandbox_request_package(KilnSandboxRequest *request, const char *path, const char *sha256)
{
	KilnSandboxPackage *package = g_new0(KilnSandboxPackage, 1);

	package->path = g_strdup(path);
	package->sha256 = g_strdup(sha256);
	g_ptr_array_add(request->packages, package);
}

void kiln_sandbox_report_clear(KilnSandboxReport *report)
{
	g_clear_pointer(&report->message, g_free);
	g_clear_pointer(&report->problems, g_strfreev);
	g_clear_pointer(&report->error_output, g_free);
	g_clear_pointer(&report->limits_by, g_free);
}

gboolean kiln_sandbox_report_succeeded(const KilnSandboxReport *report)
{
	return report->exit_status == 0 && report->limit == KILN_SANDBOX_LIMIT_NONE;
}

char **kiln_sandbox_environment(KilnSandboxUser user, const char *hostname)
{
	const char *const environment[] = {"TERM=vt100", "SHELL=/bin/bash",
		user == KILN_SANDBOX_ROOT ? "HOME=/root" : "HOME=/builddir",
		"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LANG=C.UTF-8", NULL};
	g_autoptr(GPtrArray) all = g_ptr_array_new();

	for (gsize i = 0; environment[i]; i++)
		g_ptr_array_add(all, g_strdup(environment[i]));
	g_ptr_array_add(all, g_strdup_printf("HOSTNAME=%s", hostname ? hostname : "mock"));
	g_ptr_array_add(all, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

const char *kiln_sandbox_limit_name(KilnSandboxLimit limit)
{
	switch (limit) {
	case KILN_SANDBOX_LIMIT_NONE:
		return "none";
	case KILN_SANDBOX_LIMIT_WALL:
		return "wall";
	case KILN_SANDBOX_LIMIT_IDLE:
		return "idle";
	case KILN_SANDBOX_LIMIT_OUTPUT:
		return "output";
	case KILN_SANDBOX_LIMIT_MEMORY:
		return "memory";
	case KILN_SANDBOX_LIMIT_PROCESSES:
		return "processes";
	case KILN_SANDBOX_LIMIT_DISK:
		return "disk";
	}
	g_assert_not_reached();
}
