/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kiln target list, show, check. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/fs.h"
#include "engine/base.h"
#include "engine/base_section.h"
#include "engine/target_check.h"

/* ── list ── */

/* The collections that are built for it, with commas; "" for none. Caller owns. */
static char *users_of(const KilnProject *project, const char *target)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < project->config->collections->len; i++) {
		const KilnCollection *collection = project->config->collections->pdata[i];
		if (g_strv_contains((const char *const *)collection->targets, target))
			g_ptr_array_add(names, collection->name);
	}
	g_ptr_array_add(names, NULL);
	return g_strjoinv(", ", (char **)names->pdata);
}

static gboolean has_base(const KilnProject *project, const KilnTarget *target)
{
	g_autoptr(KilnBase) base = kiln_base_open(project, target, NULL);

	return base != NULL;
}

/* `target` is NULL for a broken one: then `fault` says why. */
static void add_target(
	KilnJson *json, const KilnProject *project, const char *name, const KilnTarget *target, const char *fault)
{
	g_autofree char *users = users_of(project, name);

	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "target", name);
	kiln_json_add_text(json, "arch", target ? target->architecture : NULL);
	kiln_json_add_text(json, "description", target ? target->description : NULL);
	kiln_json_add_text(json, "contract", target ? target->contract : NULL);
	kiln_json_add_text(json, "collections", users);
	kiln_json_add_boolean(json, "base_is_here", target && has_base(project, target));
	kiln_json_add_text(json, "fault", fault);
	kiln_json_end_object(json);
}

static void print_target(const KilnProject *project, const char *name, const KilnTarget *target, const char *fault)
{
	g_autofree char *users = users_of(project, name);

	if (!target)
		printf("%-10s broken: %s\n", name, fault);
	else
		printf("%-10s %-8s %s; contract %s; %s; %s%s\n", name, target->architecture, target->description,
			target->contract, has_base(project, target) ? "base is here" : "base not fetched yet",
			*users ? "for " : "for no collection", users);
}

static gboolean run_list(const KilnInvocation *invocation, GError **error)
{
	const KilnProject *project = invocation->project;
	g_autofree char *directory = kiln_project_path(project, "repo-config", "targets", NULL);
	g_auto(GStrv) names = kiln_fs_list(directory, error);
	g_autoptr(KilnJson) json = invocation->json ? kiln_json_new() : NULL;

	if (!names)
		return FALSE;
	if (json)
		kiln_json_begin_array(json, NULL);
	for (char **name = names; *name; name++) {
		g_autoptr(GError) fault = NULL;
		g_autoptr(KilnTarget) target = kiln_project_target(project, *name, &fault);
		if (json)
			add_target(json, project, *name, target, fault ? fault->message : NULL);
		else
			print_target(project, *name, target, fault ? fault->message : NULL);
	}
	if (json) {
		kiln_json_end_array(json);
		kiln_cli_answer(json);
	}
	return TRUE;
}

const KilnCommand kiln_command_target_list = {
	.name = "target list",
	.synopsis = "",
	.summary = "List the targets and what each is for",
	.needs = KILN_NEEDS_PROJECT,
	.run = run_list,
};

/* ── show ── */

/* NULL, without error, for a base that has no .repo file. */
static GPtrArray *read_sections(const KilnProject *project, const KilnTarget *target, GError **error)
{
	return target->repositories ? kiln_base_sections_read(project, target, error) : NULL;
}

static void add_sections(KilnJson *json, const GPtrArray *sections)
{
	kiln_json_begin_array(json, "repositories");
	for (guint i = 0; sections && i < sections->len; i++) {
		const KilnBaseSection *section = sections->pdata[i];
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "id", section->id);
		kiln_json_add_texts(json, "urls", section->urls);
		kiln_json_add_text(json, "mirrorlist", section->mirrorlist);
		kiln_json_add_texts(json, "keys", section->keys);
		kiln_json_add_boolean(json, "gpgcheck", section->checks_packages);
		kiln_json_add_boolean(json, "repo_gpgcheck", section->checks_index);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
}

static void answer_show(const KilnProject *project, const KilnTarget *target, const GPtrArray *sections)
{
	g_autoptr(KilnJson) json = kiln_json_new();
	g_autofree char *base = kiln_base_directory(project, target, NULL);

	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "target", target->name);
	kiln_json_add_text(json, "arch", target->architecture);
	kiln_json_add_text(json, "description", target->description);
	kiln_json_add_text(json, "contract", target->contract);
	kiln_json_add_text(json, "releasever", target->releasever);
	kiln_json_add_text(json, "base_kind", target->base_kind);
	kiln_json_add_text(json, "base_directory", base);
	kiln_json_add_boolean(json, "base_is_here", has_base(project, target));
	add_sections(json, sections);
	kiln_json_begin_object(json, "keys");
	for (guint i = 0; i < target->keys->len; i++) {
		const KilnTargetKey *key = target->keys->pdata[i];
		kiln_json_add_text(json, key->file_name, key->fingerprint);
	}
	kiln_json_end_object(json);
	kiln_json_add_text(json, "rpm_database", target->has_own_database ? "own" : "host");
	kiln_json_add_boolean(json, "needs_vsyscall", target->needs_vsyscall);
	kiln_json_add_text(json, "client_program", target->client_program);
	kiln_json_add_text(json, "client_init", target->client_init);
	kiln_json_add_texts(json, "buildroot", target->buildroot);
	kiln_json_add_texts(json, "minimal", target->minimal);
	kiln_json_add_texts(json, "client", target->client);
	kiln_json_end_object(json);
	kiln_cli_answer(json);
}

static void print_row(const char *name, const char *value)
{
	if (value)
		printf("%-12s %s\n", name, value);
}

static void print_words(const char *name, char *const *words)
{
	g_autofree char *text = g_strjoinv(" ", (char **)words);

	print_row(name, text);
}

static void print_sections(const GPtrArray *sections)
{
	for (guint i = 0; sections && i < sections->len; i++) {
		const KilnBaseSection *section = sections->pdata[i];
		printf("[%s]%s%s\n", section->id, section->checks_packages ? "" : " packages are not verified",
			section->checks_index ? "; its index is signed" : "");
		for (char **url = section->urls; *url; url++)
			printf("    %s\n", *url);
		if (section->mirrorlist)
			printf("    mirrors of %s\n", section->mirrorlist);
		for (char **url = section->keys; *url; url++)
			printf("    key %s\n", *url);
	}
}

static void print_show(const KilnProject *project, const KilnTarget *target, const GPtrArray *sections)
{
	g_autofree char *base = kiln_base_directory(project, target, NULL);
	g_autofree char *place = g_strconcat(
		base ? base : "nowhere", has_base(project, target) ? "" : " (not fetched yet)", NULL);

	print_row("target", target->name);
	print_row("description", target->description);
	print_row("arch", target->architecture);
	print_row("contract", target->contract);
	print_row("releasever", target->releasever);
	print_row("base", place);
	print_sections(sections);
	for (guint i = 0; i < target->keys->len; i++) {
		const KilnTargetKey *key = target->keys->pdata[i];
		printf("%-12s %s %s\n", "key", key->fingerprint, key->file_name);
	}
	if (target->has_own_database)
		print_row("rpm", "its own database, which the host's rpm cannot write");
	if (target->needs_vsyscall)
		print_row("host", "its kernel must have the vsyscall page");
	print_row("client", target->client_program);
	print_row("init", target->client_init);
	print_words("buildroot", target->buildroot);
	print_words("minimal", target->minimal);
	print_words("client root", target->client);
}

static gboolean run_show(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnTarget) target = kiln_project_target(invocation->project, invocation->arguments[0], error);
	g_autoptr(GPtrArray) sections = NULL;
	g_autoptr(GError) fault = NULL;

	if (!target)
		return FALSE;
	sections = read_sections(invocation->project, target, &fault);
	if (fault) {
		g_propagate_error(error, g_steal_pointer(&fault));
		return FALSE;
	}
	if (invocation->json)
		answer_show(invocation->project, target, sections);
	else
		print_show(invocation->project, target, sections);
	return TRUE;
}

const KilnCommand kiln_command_target_show = {
	.name = "target show",
	.synopsis = "TARGET",
	.summary = "Show what a target is made of",
	.needs = KILN_NEEDS_PROJECT,
	.minimum_arguments = 1,
	.maximum_arguments = 1,
	.run = run_show,
};

/* ── check ── */

static void answer_check(const KilnTarget *target, const GPtrArray *findings, guint missing)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "target", target->name);
	kiln_json_add_boolean(json, "ready", missing == 0);
	kiln_json_begin_array(json, "findings");
	for (guint i = 0; i < findings->len; i++) {
		const KilnTargetFinding *finding = findings->pdata[i];
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "subject", finding->subject);
		kiln_json_add_text(json, "state", kiln_target_state_name(finding->state));
		kiln_json_add_text(json, "found", finding->found);
		kiln_json_add_text(json, "fix", finding->fix);
		kiln_json_add_number(json, "code", finding->code);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
	kiln_json_end_object(json);
	kiln_cli_answer(json);
}

static gboolean is_same_fix(const KilnTargetFinding *finding, const GPtrArray *findings, guint next)
{
	return next < findings->len &&
		g_strcmp0(finding->fix, ((const KilnTargetFinding *)findings->pdata[next])->fix) == 0;
}

static void print_check(const GPtrArray *findings)
{
	for (guint i = 0; i < findings->len; i++) {
		const KilnTargetFinding *finding = findings->pdata[i];
		g_auto(GStrv) lines = g_strsplit(finding->found, "\n", -1);
		g_autofree char *found = g_strjoinv("\n           ", lines);
		printf("%-8s %s: %s\n", kiln_target_state_name(finding->state), finding->subject, found);
		/* What helps with the next one as well is said there. */
		if (finding->fix && !is_same_fix(finding, findings, i + 1))
			printf("         → %s\n", finding->fix);
	}
}

/* TRUE when what is missing is that nothing answers. */
static gboolean is_all_network(const GPtrArray *findings)
{
	for (guint i = 0; i < findings->len; i++) {
		const KilnTargetFinding *finding = findings->pdata[i];
		if (finding->code && finding->code != KILN_ERROR_NETWORK)
			return FALSE;
	}
	return TRUE;
}

static gboolean run_check(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnTarget) target = kiln_project_target(invocation->project, invocation->arguments[0], error);
	g_autoptr(GPtrArray) findings = target ? kiln_target_check(invocation->project, target) : NULL;
	guint missing = 0;
	int code;

	if (!findings)
		return FALSE;
	code = kiln_target_findings_code(findings, &missing);
	if (invocation->json)
		answer_check(target, findings, missing);
	else
		print_check(findings);
	if (missing == 0)
		return TRUE;
	g_set_error(error, KILN_ERROR, code, "target \"%s\" cannot be built for here: %s, each with its next step above",
		target->name, is_all_network(findings) ? "its mirrors do not answer" : "something is missing");
	return FALSE;
}

const KilnCommand kiln_command_target_check = {
	.name = "target check",
	.synopsis = "TARGET",
	.summary = "Tell what is missing to build for a target",
	.description = "Judges its configuration, contract and macros, each address and key of its base, the metadata (which\n"
		       "is brought into the cache on the way), and whether the lists of packages can be satisfied.\n"
		       "Needs no root. The exit status is that of the first thing missing: 5 when no mirror answers.",
	.needs = KILN_NEEDS_PROJECT,
	.minimum_arguments = 1,
	.maximum_arguments = 1,
	.run = run_check,
};
