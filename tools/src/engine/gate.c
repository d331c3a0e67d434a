/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/gate.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "engine/check.h"
#include "engine/gate_smoke.h"
#include "engine/published.h"

/* What users have now; NULL if there is nothing published, or only something damaged, which publishing replaces. */
static KilnPublished *open_previous(const KilnContext *context)
{
	g_autoptr(KilnPublished) published = kiln_published_of_channel(context->project, context->collection->name,
		context->target->name, context->project->config->channel, NULL);
	g_autoptr(GError) fault = NULL;

	if (!published ||
		kiln_published_is_readable(published->directory, published->snapshot, &fault))
		return g_steal_pointer(&published);
	kiln_event_warning("gate", "how hosts update from what is published now cannot be checked: %s", fault->message);
	return NULL;
}

/* What holds a compose back is told at once, all of it; what is worth a look as well. */
static gboolean judge(const GPtrArray *findings, KilnErrorCode code, const char *what, GError **error)
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
	g_set_error(error, KILN_ERROR, code, "%s:\n%s", what, errors);
	return FALSE;
}

/* Key and .repo file, which become visible when the channel moves. */
static gboolean check_identity(const KilnContract *contract, const KilnIdentity *identity, GPtrArray *findings,
	GError **error)
{
	g_autoptr(GPtrArray) violations = kiln_violations_new();

	if (!kiln_contract_check_key(contract, identity->key_path, violations, error) ||
		!kiln_contract_check_repo_text(
			contract, identity->repo_name, identity->repo_text, violations, error))
		return FALSE;
	kiln_findings_add_violations(findings, violations);
	return TRUE;
}

/* What the target's clients cannot read never gets further. */
static gboolean check_contract(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error)
{
	const char *target = context->target->name;
	g_autoptr(KilnContract) contract =
		kiln_project_contract(context->project, context->target->contract, error);
	const KilnCheckSubject subject = {.directory = compose->directory, .snapshot = compose->snapshot};
	g_autoptr(GPtrArray) findings = kiln_findings_new();
	g_autofree char *what = NULL;

	if (!contract) {
		g_prefix_error(error, "target \"%s\": ", target);
		return FALSE;
	}
	what = g_strdup_printf("hosts of \"%s\" could not read it (contract \"%s\")", target, contract->name);
	return kiln_check_contract(contract, &subject, findings, error) &&
		check_identity(contract, identity, findings, error) &&
		judge(findings, KILN_ERROR_VERIFY, what, error);
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
	g_autofree char *what = g_strdup_printf("hosts of \"%s\" could not use it", context->target->name);

	return kiln_check_dependencies(context, &subject, findings, error) &&
		judge(findings, KILN_ERROR_UNSOLVABLE, what, error);
}

gboolean kiln_gate_run(
	KilnContext *context, const KilnIdentity *identity, const KilnCompose *compose, GError **error)
{
	gint64 start = kiln_clock_monotonic_us();

	kiln_event_step("gate", "contract, dependencies");
	if (!check_contract(context, identity, compose, error) || !check_dependencies(context, compose, error) ||
		!kiln_gate_smoke(context, identity, compose, error)) {
		g_prefix_error(error, "the gate holds \"%s\" back: ", compose->snapshot->id);
		return FALSE;
	}
	kiln_event_done("gate", kiln_clock_monotonic_us() - start, "%s installs every package, no smoke test fails",
		context->target->client_program);
	return TRUE;
}
