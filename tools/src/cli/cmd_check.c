/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "engine/check.h"
#include "engine/compose.h"
#include "engine/published.h"

static struct {
	char *target, *channel, *snapshot, *contract;
} options;

static const GOptionEntry entries[] = {
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target it is published for", "NAME"},
	{"channel", 0, 0, G_OPTION_ARG_STRING, &options.channel, "Check what this channel points at", "NAME"},
	{"snapshot", 0, 0, G_OPTION_ARG_STRING, &options.snapshot, "Check this snapshot", "ID"},
	{"contract", 0, 0, G_OPTION_ARG_STRING, &options.contract, "Apply this contract to the files PATH…", "NAME"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

/* --- answers --- */

static void add_finding(KilnJson *json, const KilnFinding *finding)
{
	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "level", kiln_finding_level_name(finding->level));
	kiln_json_add_text(json, "check", finding->check);
	kiln_json_add_text(json, "rule", finding->rule);
	kiln_json_add_text(json, "object", finding->object);
	kiln_json_add_text(json, "found", finding->found);
	kiln_json_add_text(json, "consequence", finding->consequence);
	kiln_json_add_text(json, "fix", finding->fix);
	kiln_json_end_object(json);
}

/* `published` and `before` may be NULL. */
static void answer(const GPtrArray *findings, const char *contract, const KilnPublished *published,
	const KilnPublished *before)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_object(json, NULL);
	if (published) {
		kiln_json_add_text(json, "collection", published->snapshot->collection);
		kiln_json_add_text(json, "target", published->snapshot->target);
		kiln_json_add_text(json, "snapshot", published->snapshot->id);
		kiln_json_add_number(json, "packages", published->snapshot->packages->len);
		kiln_json_add_text(json, "snapshot_before", before ? before->snapshot->id : NULL);
	}
	kiln_json_add_text(json, "contract", contract);
	kiln_json_add_number(json, "errors", kiln_findings_count(findings, KILN_FINDING_ERROR));
	kiln_json_add_number(json, "warnings", kiln_findings_count(findings, KILN_FINDING_WARNING));
	kiln_json_begin_array(json, "findings");
	for (guint i = 0; i < findings->len; i++)
		add_finding(json, findings->pdata[i]);
	kiln_json_end_array(json);
	kiln_json_end_object(json);
	kiln_cli_answer(json);
}

/* Findings that differ in the object alone are told together. */
static gboolean is_alike(const KilnFinding *a, const KilnFinding *b)
{
	return a->level == b->level && g_str_equal(a->check, b->check) && g_strcmp0(a->rule, b->rule) == 0 &&
		g_strcmp0(a->consequence, b->consequence) == 0 && g_strcmp0(a->fix, b->fix) == 0;
}

static gboolean was_told(const GPtrArray *findings, guint index)
{
	for (guint i = 0; i < index; i++)
		if (is_alike(findings->pdata[i], findings->pdata[index]))
			return TRUE;
	return FALSE;
}

static void print_alike(const GPtrArray *findings, guint first)
{
	const KilnFinding *finding = findings->pdata[first];

	printf("  %s%s%s\n", finding->check, finding->rule ? ", " : "", finding->rule ? finding->rule : "");
	for (guint i = first; i < findings->len; i++) {
		const KilnFinding *other = findings->pdata[i];
		if (is_alike(finding, other))
			printf("    %s: %s\n", other->object, other->found);
	}
	if (finding->consequence)
		printf("    so: %s\n", finding->consequence);
	if (finding->fix)
		printf("    do: %s\n", finding->fix);
}

/* Everything of one level under its heading. */
static void print_level(const GPtrArray *findings, KilnFindingLevel level)
{
	static const char *const headings[KILN_FINDING_LEVELS] = {"errors", "warnings", "notes"};
	guint count = kiln_findings_count(findings, level);

	if (count > 0)
		printf("%s (%u):\n", headings[level], count);
	for (guint i = 0; i < findings->len; i++) {
		const KilnFinding *finding = findings->pdata[i];
		if (finding->level == level && !was_told(findings, i))
			print_alike(findings, i);
	}
}

static void print_findings(const GPtrArray *findings, const char *what)
{
	for (int level = 0; level < KILN_FINDING_LEVELS; level++)
		print_level(findings, (KilnFindingLevel)level);
	if (kiln_findings_count(findings, KILN_FINDING_ERROR) == 0)
		printf("%s: nothing is wrong (warnings: %u)\n", what,
			kiln_findings_count(findings, KILN_FINDING_WARNING));
}

/* What clients refuse weighs more than what could not be looked at, and that more than what does not install.
 * `unjudged`: the code of the first such thing, 0 for none. */
static gboolean judge(const GPtrArray *findings, const char *what, int unjudged, GError **error)
{
	int other = unjudged ? unjudged : KILN_ERROR_UNSOLVABLE;
	guint errors = kiln_findings_count(findings, KILN_FINDING_ERROR);
	gboolean is_refused = FALSE;

	for (guint i = 0; i < findings->len; i++) {
		const KilnFinding *finding = findings->pdata[i];
		is_refused |= finding->level == KILN_FINDING_ERROR &&
			(g_str_equal(finding->check, "contract") || g_str_equal(finding->check, "integrity"));
	}
	if (errors > 0)
		g_set_error(error, KILN_ERROR, is_refused ? KILN_ERROR_VERIFY : other,
			"%s is not fit for its clients: errors: %u (told above)", what, errors);
	return errors == 0;
}

/* All borrowed. */
typedef struct {
	const GPtrArray *findings;
	const char *contract;
	const KilnPublished *published, *before; /* NULL: files were named */
	int unjudged;				 /* as above */
} Report;

static gboolean tell(const KilnInvocation *invocation, const Report *report, GError **error)
{
	const GPtrArray *findings = report->findings;
	const char *what = report->published ? report->published->snapshot->id : report->contract;
	g_autofree char *text = report->published ? g_strdup_printf("snapshot \"%s\"", what)
					  : g_strdup_printf("what was named (contract \"%s\")", what);

	if (invocation->json)
		answer(findings, report->contract, report->published, report->before);
	else
		print_findings(findings, text);
	return judge(findings, text, report->unjudged, error);
}

/* --- files --- */

/* What cannot be judged is told beside what is wrong with the others. */
static void add_unjudged(GPtrArray *findings, const char *path, const GError *fault, int *unjudged)
{
	KilnFinding *finding = kiln_findings_add(findings, KILN_FINDING_ERROR,
		fault->code == KILN_ERROR_VERIFY ? "contract" : "unjudged", path);

	finding->found = g_strdup(fault->message);
	if (!*unjudged)
		*unjudged = kiln_error_exit_status(fault);
}

static gboolean check_paths(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnContract) contract = kiln_project_contract(invocation->project, options.contract, error);
	g_autoptr(GPtrArray) findings = kiln_findings_new();
	gboolean is_many = invocation->arguments[1] != NULL;
	Report report = {.findings = findings};

	for (char **path = invocation->arguments; contract && *path; path++) {
		g_autoptr(GError) fault = NULL;
		if (!kiln_check_path(contract, *path, is_many, findings, &fault))
			add_unjudged(findings, *path, fault, &report.unjudged);
	}
	report.contract = contract ? contract->name : NULL;
	return contract && tell(invocation, &report, error);
}

/* --- what is published --- */

static const char *channel_of(const KilnInvocation *invocation)
{
	return options.channel ? options.channel : invocation->project->config->channel;
}

static KilnPublished *open_published(
	const KilnInvocation *invocation, const KilnCollection *collection, GError **error)
{
	const KilnProject *project = invocation->project;
	g_autoptr(KilnTarget) target = kiln_cli_target(invocation, collection, options.target, error);

	if (!target)
		return NULL;
	return options.snapshot
		? kiln_published_open(project, collection->name, target->name, options.snapshot, error)
		: kiln_published_of_channel(project, collection->name, target->name, channel_of(invocation), error);
}

static gboolean run_checks(const KilnContext *context, const KilnContract *contract,
	const KilnCheckSubject *subject, GPtrArray *findings, GError **error)
{
	gint64 start = kiln_clock_monotonic_us();

	kiln_event_step("check", "%s", subject->snapshot->id);
	if (!kiln_check_all(context, contract, subject, findings, error)) {
		g_prefix_error(error, "checking \"%s\": ", subject->snapshot->id);
		return FALSE;
	}
	kiln_event_done("check", kiln_clock_monotonic_us() - start, "%u packages", subject->snapshot->packages->len);
	return TRUE;
}

static gboolean check_published(const KilnInvocation *invocation, const KilnContext *context,
	const KilnPublished *published, GError **error)
{
	g_autofree char *repository = kiln_compose_repository_directory(context);
	g_autofree char *directory = g_build_filename(repository, channel_of(invocation), NULL);
	g_autoptr(KilnContract) contract =
		kiln_project_contract(context->project, context->target->contract, error);
	g_autoptr(KilnPublished) before = NULL;
	g_autoptr(GPtrArray) findings = kiln_findings_new();
	KilnCheckSubject subject = {0};
	Report report;

	if (!contract)
		return FALSE;
	before = kiln_published_before(context->project, published->snapshot, error);
	subject = (KilnCheckSubject){.directory = published->directory,
		.snapshot = published->snapshot,
		.previous_directory = before ? before->directory : NULL,
		.previous = before ? before->snapshot : NULL,
		.channel_directory = g_file_test(directory, G_FILE_TEST_IS_DIR) ? directory : NULL};
	report = (Report){findings, contract->name, published, before, 0};
	return run_checks(context, contract, &subject, findings, error) && tell(invocation, &report, error);
}

/* --- the command --- */

static gboolean check_options(const KilnInvocation *invocation, GError **error)
{
	const char *wrong = NULL;

	if (options.contract && (options.target || options.channel || options.snapshot))
		wrong = "--contract is about files; --target, --channel and --snapshot about what is published";
	else if (options.contract && !*invocation->arguments)
		wrong = "--contract wants the files to look at; usage: kiln check --contract NAME PATH…";
	else if (options.channel && options.snapshot)
		wrong = "--channel and --snapshot each name what to check; leave one out";
	else if (!options.contract && *invocation->arguments && invocation->arguments[1])
		wrong = "check takes one collection; usage: kiln check [OPTION…] [COLLECTION]";
	if (wrong)
		g_set_error_literal(error, KILN_ERROR, KILN_ERROR_USAGE, wrong);
	return wrong == NULL;
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	const KilnCollection *collection;
	g_autoptr(KilnPublished) published = NULL;
	g_autoptr(KilnContext) context = NULL;

	if (!check_options(invocation, error))
		return FALSE;
	if (options.contract)
		return check_paths(invocation, error);
	if (!invocation->project) {
		g_propagate_error(error, g_error_copy(invocation->no_project));
		return FALSE;
	}
	/* No base is fetched to find that nothing is published. */
	collection = kiln_cli_collection(invocation, invocation->arguments[0], error);
	published = collection ? open_published(invocation, collection, error) : NULL;
	context = published ? kiln_cli_context_of(invocation, collection, options.target, error) : NULL;
	return context && check_published(invocation, context, published, error);
}

const KilnCommand kiln_command_check = {
	.name = "check",
	.synopsis = "[COLLECTION] | --contract NAME PATH…",
	.summary = "Check what is published: contract, closure, conflicts, updates",
	.description =
		"Tells what would go wrong on hosts that use the snapshot: what their clients cannot read, packages that\n"
		"do not install or exclude each other, files of several packages that differ, hosts with the snapshot\n"
		"before that cannot update, and packages that are obsoleted, hidden by the base or gone by accident.\n"
		"With --contract, applies that contract to packages, keys, .repo files and repositories anywhere. The\n"
		"exit status is 6 where clients would refuse something, 7 for other errors; warnings leave it at 0.",
	.options = entries,
	.needs = KILN_TAKES_PROJECT,
	.maximum_arguments = G_MAXUINT,
	.run = run,
};
