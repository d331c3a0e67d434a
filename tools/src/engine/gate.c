/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/gate.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "engine/check.h"
#include "engine/gate_smoke.h"
#include "engine/published.h"

/* What users have now; NULL if there is nothing published, or only something damaged, which publishing sees to. */
static KilnPublished *open_previous(const KilnContext *context)
{
	return kiln_published_of_channel(context->project, context->collection->name, context->target->name,
		context->project->config->channel, NULL);
}

/* What holds a compose back is told at once, all of it; what is worth a look as well. */
static gboolean judge(const KilnContext *context, const GPtrArray *findings, GError **error)
{
	g_autofree char *errors = kiln_findings_text(findings, KILN_FINDING_ERROR);

	for (guint i = 0; i < findings->len; i++) {
		const KilnFinding *finding = findings->pdata[i];
		g_autofree char *text = kiln_finding_text(finding);
		if (finding->level == KILN_FINDING_WARNING)
			kiln_event_warning("gate", "%s", text);
	}
	if (!*errors)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE, "hosts of \"%s\" could not use it:\n%s",
		context->target->name, errors);
	return FALSE;
}

/* Every package, debug information included, must install on the base and beside the others, and hosts that have
 * what is published now must be able to update. */
static gboolean check_dependencies(KilnContext *context, const KilnCompose *compose, GError **error)
{
	g_autoptr(GPtrArray) findings = kiln_findings_new();
	g_autoptr(KilnPublished) previous = open_previous(context);
	const KilnCheckSubject subject = {.directory = compose->directory,
		.snapshot = compose->snapshot,
		.previous_directory = previous ? previous->directory : NULL,
		.previous = previous ? previous->snapshot : NULL};

	return kiln_check_dependencies(context, &subject, findings, error) && judge(context, findings, error);
}

gboolean kiln_gate_run(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error)
{
	gint64 start = kiln_clock_monotonic_us();

	kiln_event_step("gate", "dependencies");
	if (!check_dependencies(context, compose, error) || !kiln_gate_smoke(context, identity, compose, error)) {
		g_prefix_error(error, "the gate holds \"%s\" back: ", compose->snapshot->id);
		return FALSE;
	}
	kiln_event_done("gate", kiln_clock_monotonic_us() - start, "%s installs every package, no smoke test fails",
		context->target->client_program);
	return TRUE;
}
