/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/gate.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "engine/gate_smoke.h"
#include "lib/solv_check.h"

#define COMPOSE_PRIORITY 10

/* Every package, debug information included, must install on base and compose together. */
static gboolean check_closure(KilnContext *context, const KilnCompose *compose, GError **error)
{
	g_autofree char *cache = g_build_filename(context->project->cache, "solv", NULL);
	g_autoptr(KilnSolv) solv = kiln_solv_new(context->target->architecture, cache);
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) files = g_array_new(FALSE, FALSE, sizeof(KilnSolvFile));
	g_autoptr(GPtrArray) findings = kiln_solv_findings_new();
	g_autoptr(GString) list = g_string_new(NULL);

	for (guint i = 0; i < compose->snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = compose->snapshot->packages->pdata[i];
		char *path = g_build_filename(compose->directory, package->file, NULL);
		KilnSolvFile file = {.path = path};
		g_ptr_array_add(paths, path);
		if (package->part != KILN_PART_SOURCE)
			g_array_append_val(files, file);
	}
	if (!kiln_base_add_to(context->base, solv, error) ||
		!kiln_solv_set_packages(solv, "compose", (const KilnSolvFile *)files->data, files->len,
			COMPOSE_PRIORITY, error) ||
		!kiln_solv_check_closure(solv, "compose", NULL, findings, error))
		return FALSE;
	if (findings->len == 0)
		return TRUE;
	for (guint i = 0; i < findings->len; i++)
		g_string_append_printf(list, "%s%s", i ? "\n" : "", ((KilnSolvFinding *)findings->pdata[i])->sentence);
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE,
		"closure: packages of the compose cannot be installed on \"%s\":\n%s", context->target->name, list->str);
	return FALSE;
}

gboolean kiln_gate_run(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error)
{
	gint64 start = kiln_clock_monotonic_us();

	kiln_event_step("gate", "closure");
	if (!check_closure(context, compose, error) || !kiln_gate_smoke(context, identity, compose, error)) {
		g_prefix_error(error, "the gate holds \"%s\" back: ", compose->snapshot->id);
		return FALSE;
	}
	kiln_event_done("gate", kiln_clock_monotonic_us() - start, "%s installs every package, no smoke test fails",
		context->target->client_program);
	return TRUE;
}
