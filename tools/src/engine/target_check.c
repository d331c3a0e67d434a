/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/target_check.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "engine/base.h"
#include "engine/base_mirror.h"
#include "engine/contract.h"
#include "engine/target_macros.h"
#include "engine/target_probe.h"

#include <string.h>

#define MACROS_MAX_BYTES (1024 * 1024)
#define MAPS_MAX_BYTES (16 << 20)

typedef struct {
	const KilnProject *project;
	const KilnTarget *target;
	GPtrArray *findings;
} Check;

static void ready(Check *check, const char *subject, char *found)
{
	kiln_target_findings_add(check->findings, subject, KILN_TARGET_READY, NULL, found, NULL);
}

static void missing(Check *check, const char *subject, const GError *fault, char *fix)
{
	kiln_target_findings_add(
		check->findings, subject, KILN_TARGET_MISSING, fault, g_strdup(fault->message), fix);
}

/* Files of the project are told as they can be used where the user is. */
static char *file_of(const Check *check, const char *name)
{
	return g_build_filename("repo-config/targets", check->target->name, name, NULL);
}

/* ── what needs no network ── */

/* NULL when there is none that can be read. Caller owns. */
static KilnContract *check_contract(Check *check)
{
	g_autoptr(GError) fault = NULL;
	KilnContract *contract = kiln_project_contract(check->project, check->target->contract, &fault);

	if (!contract && fault->code == KILN_ERROR_NOT_FOUND)
		missing(check, "contract", fault,
			g_strdup_printf("name one that there is in repo-config/targets/%s/target.conf, or write "
					"repo-config/contracts/%s.conf", check->target->name, check->target->contract));
	else if (!contract)
		missing(check, "contract", fault,
			g_strdup_printf("correct repo-config/contracts/%s.conf", check->target->contract));
	else
		ready(check, "contract", g_strdup_printf("%s: %s", contract->name, contract->client));
	return contract;
}

/* What its packages would be like. TRUE when nothing is wrong with that. */
static gboolean check_form(Check *check, const char *path, const KilnContract *contract)
{
	g_autofree char *text = kiln_fs_read(path, MACROS_MAX_BYTES, NULL, NULL);
	g_autoptr(GPtrArray) violations = kiln_violations_new();

	if (text && contract)
		kiln_target_macros_judge(text, contract, violations);
	for (guint i = 0; i < violations->len; i++) {
		const KilnViolation *violation = violations->pdata[i];
		g_autoptr(GError) fault = g_error_new(KILN_ERROR, KILN_ERROR_CONFIG, "%s, which breaks the contract: %s",
			violation->found, violation->consequence);
		missing(check, "macros", fault, g_strdup(violation->fix));
	}
	return violations->len == 0;
}

static void check_macros(Check *check, const KilnContract *contract)
{
	g_autofree char *file = file_of(check, check->target->macros);
	g_autofree char *path = g_build_filename(check->project->root, file, NULL);
	g_autoptr(GError) fault = NULL;
	g_autofree char *text = kiln_target_macros_complaints(path, &fault);

	if (text && *text)
		g_set_error(&fault, KILN_ERROR, KILN_ERROR_CONFIG, "%s: %s", file, text);
	if (fault)
		missing(check, "macros", fault, g_strdup_printf("correct %s", file));
	else if (check_form(check, path, contract))
		ready(check, "macros", g_strdup_printf("%s loads", file));
}

/* The kernel shows the page of the old calls in every process, unless it has none. */
static void check_host(Check *check)
{
	g_autofree char *maps = kiln_fs_read("/proc/self/maps", MAPS_MAX_BYTES, NULL, NULL);
	g_autoptr(GError) fault = NULL;

	if (!check->target->needs_vsyscall)
		return;
	if (kiln_target_check_kernel(maps ? maps : "", &fault))
		ready(check, "host", g_strdup("its kernel has the vsyscall page that the target's C library calls"));
	else
		missing(check, "host", fault, g_strdup("boot it with vsyscall=emulate on the kernel's command line"));
}

gboolean kiln_target_check_kernel(const char *maps, GError **error)
{
	if (strstr(maps, "[vsyscall]"))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
		"this host's kernel has no vsyscall page: programs of the target end with a segmentation fault");
	return FALSE;
}

/* ── the base ── */

static gboolean has_base(const Check *check)
{
	g_autoptr(KilnBase) base = kiln_base_open(check->project, check->target, NULL);

	return base != NULL;
}

/* Whether the metadata can be brought in, as far as what answers and the keys tell. */
static gboolean check_origins(Check *check, gboolean is_here, GError **error)
{
	g_autoptr(GPtrArray) sections = NULL;
	KilnTargetProbe probe = {.project = check->project, .target = check->target, .has_base = is_here};
	gboolean is_whole = FALSE;

	if (!check->target->repositories)
		return TRUE;
	probe.sections = sections = kiln_base_sections_read(check->project, check->target, error);
	return sections && kiln_target_probe(&probe, check->findings, &is_whole, error) && is_whole;
}

/* Asking the same mirror for the same again helps nobody. */
static char *mirror_fix(const Check *check)
{
	return g_strdup_printf("ask who runs that mirror, or name another one in repo-config/targets/%s/%s",
		check->target->name, check->target->repositories);
}

static char *metadata_fix(const Check *check, const GError *fault)
{
	if (fault->code == KILN_ERROR_VERIFY || fault->code == KILN_ERROR_NETWORK)
		return mirror_fix(check);
	return g_strdup_printf("`kiln base import --target %s` tries again", check->target->name);
}

static void check_metadata(Check *check, gboolean can_be_fetched, gboolean is_here)
{
	const char *subject = "metadata";
	g_autoptr(GError) fault = NULL;

	if (!check->target->repositories && is_here) {
		ready(check, subject, g_strdup("the base is imported"));
	} else if (check->target->repositories && can_be_fetched &&
		kiln_base_refresh(check->project, check->target, &fault)) {
		ready(check, subject, g_strdup("it is in the cache, as the mirrors have it now"));
	} else if (fault) {
		missing(check, subject, fault, metadata_fix(check, fault));
	} else if (is_here) {
		kiln_target_findings_add(check->findings, subject, KILN_TARGET_NOTICE, NULL,
			g_strdup("what was fetched earlier is in the cache: builds use it"), NULL);
	} else {
		kiln_target_findings_add(check->findings, subject, KILN_TARGET_UNKNOWN, NULL,
			g_strdup(check->target->repositories ? "not fetched: not everything that it needs is there"
							     : "the base is not imported yet: the first build does it"),
			check->target->repositories
				? NULL
				: g_strdup_printf("run `kiln base import --target %s`", check->target->name));
	}
}

static void check_base(Check *check)
{
	gboolean is_here = has_base(check), can_be_fetched;
	g_autoptr(GError) fault = NULL;

	can_be_fetched = check_origins(check, is_here, &fault);
	if (fault) {
		missing(check, "base", fault, check->target->repositories
				? g_strdup_printf("correct repo-config/targets/%s/%s", check->target->name,
					  check->target->repositories)
				: NULL);
		return;
	}
	check_metadata(check, can_be_fetched, is_here);
}

/* ── the lists ── */

/* What is wrong with metadata is its mirror's, wherever the copy lies. */
static void name_mirror(const Check *check, const KilnBase *base, GError *fault)
{
	g_autoptr(GPtrArray) sections = kiln_base_sections_read(check->project, check->target, NULL);

	for (guint i = 0; sections && i < sections->len; i++) {
		const KilnBaseSection *section = sections->pdata[i];
		g_autofree char *directory = g_strdup_printf("%s/%s/", base->directory, section->id);
		g_auto(GStrv) urls = kiln_base_mirror_urls(section, base->directory, NULL);
		g_auto(GStrv) parts = g_strsplit(fault->message, directory, -1);
		if (!urls || !urls[0] || !parts[0] || !parts[1])
			continue;
		g_free(fault->message);
		fault->message = g_strjoinv(urls[0], parts);
	}
}

static void missing_metadata(Check *check, const KilnBase *base, const char *subject, GError *fault)
{
	if (!check->target->repositories) {
		missing(check, subject, fault,
			g_strdup_printf("`kiln base import --target %s` renews it", check->target->name));
		return;
	}
	name_mirror(check, base, fault);
	missing(check, subject, fault, mirror_fix(check));
}

static char *list_fix(const Check *check, const char *name)
{
	return g_strdup_printf("change [%s] in repo-config/targets/%s/target.conf, or add the repository that has them",
		name, check->target->name);
}

/* One of the target's lists of packages, and the program that is to be among them (NULL: none). */
typedef struct {
	const char *name;
	char *const *packages;
	const char *program, *purpose;
} List;

/* Whether the packages of `solution` have the program without any other's help. */
static gboolean has_program(
	KilnSolv *solv, const List *list, const KilnSolution *solution, GError **error)
{
	const char *const wanted[] = {list->program, NULL};
	const KilnSolvRequest request = {.requester = list->name, .requirements = wanted, .installed = solution};
	g_autoptr(KilnSolution) more = kiln_solv_resolve(solv, &request, error);

	if (!more)
		return FALSE;
	if (kiln_solution_packages(more)->len == 0)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "none of its packages has \"%s\", %s",
		list->program, list->purpose);
	return FALSE;
}

static void check_list(Check *check, const KilnBase *base, KilnSolv *solv, const List *list)
{
	const KilnSolvRequest request = {
		.requester = list->name, .requirements = (const char *const *)list->packages};
	g_autoptr(GError) fault = NULL;
	g_autoptr(KilnSolution) solution = kiln_solv_resolve(solv, &request, &fault);

	if (solution && (!list->program || has_program(solv, list, solution, &fault)))
		ready(check, list->name, g_strdup_printf("%u packages", kiln_solution_packages(solution)->len));
	else if (fault->code == KILN_ERROR_VERIFY)
		missing_metadata(check, base, list->name, fault);
	else
		missing(check, list->name, fault, list_fix(check, list->name));
}

static void check_lists(Check *check)
{
	const KilnTarget *target = check->target;
	g_autofree char *program = g_strconcat("/usr/bin/", target->client_program, NULL);
	g_autofree char *cache = g_build_filename(check->project->cache, "solv", NULL);
	g_autoptr(KilnBase) base = kiln_base_open(check->project, target, NULL);
	g_autoptr(KilnSolv) solv = kiln_solv_new(target->architecture, cache);
	g_autoptr(GError) fault = NULL;

	if (!base) {
		kiln_target_findings_add(check->findings, "packages", KILN_TARGET_UNKNOWN, NULL,
			g_strdup("what a buildroot, a clean root and a client start with cannot be solved without the "
				 "metadata"), NULL);
		return;
	}
	if (!kiln_base_add_to(base, solv, &fault)) {
		missing_metadata(check, base, "packages", fault);
		return;
	}
	const List lists[] = {{"buildroot", target->buildroot, "/usr/bin/rpmbuild", "which builds packages"},
		{"minimal", target->minimal, NULL, NULL},
		{"client", target->client, program, "the client's program"}};
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		check_list(check, base, solv, &lists[i]);
}

GPtrArray *kiln_target_check(const KilnProject *project, const KilnTarget *target)
{
	Check check = {.project = project, .target = target, .findings = kiln_target_findings_new()};
	g_autoptr(KilnContract) contract = NULL;

	contract = check_contract(&check);
	check_macros(&check, contract);
	check_host(&check);
	check_base(&check);
	check_lists(&check);
	return check.findings;
}
