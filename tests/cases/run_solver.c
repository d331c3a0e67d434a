/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run_solver [--update] DIRECTORY: answers each DIRECTORY/NAME.case and compares with
 * NAME.expected. A case is lines in the syntax of libsolv's test cases, of which it knows repo NAME
 * PRIORITY testtags <inline>     and after it "#>" lines with the packages system ARCH rpm job
 * install provides DEPENDENCY          a requirement and, for what libsolv has no word for,
 *   conflict DEPENDENCY      nothing may provide it
 *   below DEPENDENCY         a requirement of what is installed already
 *   recommends               follow them
 *   explain NAME             say why NAME is in
 *   closure NAME [HIDDEN]…   a check of that repository, and so together, arrival, replaced;
 *   update OLD NAME          see lib/solv_check.h
 * Everything is answered twice, the second time with all lists reversed and from the cache: an
 * answer that depends on either fails.
 */
#include "base/fs.h"
#include "base/process.h"
#include "lib/solv_check.h"
#include "../unit/rpmmd_fixture.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

typedef struct {
	char *name;
	int priority;
	GString *testtags;
} CaseRepository;

typedef struct {
	char *arch;
	GPtrArray *repositories;					    /* of CaseRepository */
	GPtrArray *requirements, *conflicts, *below, *explained, *checks; /* of char * */
	gboolean with_recommends;
} Case;

static void repository_free(gpointer data)
{
	CaseRepository *repository = data;

	g_free(repository->name);
	g_string_free(repository->testtags, TRUE);
	g_free(repository);
}

static void case_clear(Case *one)
{
	g_free(one->arch);
	g_ptr_array_unref(one->repositories);
	g_ptr_array_unref(one->requirements);
	g_ptr_array_unref(one->conflicts);
	g_ptr_array_unref(one->below);
	g_ptr_array_unref(one->explained);
	g_ptr_array_unref(one->checks);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Case, case_clear)

static void add_repository(Case *one, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	CaseRepository *repository = g_new0(CaseRepository, 1);

	if (g_strv_length(words) != 5 || strcmp(words[3], "testtags") != 0)
		g_error("not \"repo NAME PRIORITY testtags <inline>\": %s", line);
	repository->name = g_strdup(words[1]);
	repository->priority = atoi(words[2]);
	repository->testtags = g_string_new(NULL);
	g_ptr_array_add(one->repositories, repository);
}

static void add_testtags(Case *one, const char *text)
{
	if (one->repositories->len == 0)
		g_error("\"#>\" before any repo");
	CaseRepository *repository =
		g_ptr_array_index(one->repositories, one->repositories->len - 1);
	g_string_append_printf(repository->testtags, "%s\n", text);
}

static gboolean is_check(const char *line)
{
	static const char *const words[] = {
		"closure ", "together ", "update ", "arrival ", "replaced "};

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (g_str_has_prefix(line, words[i]))
			return TRUE;
	return FALSE;
}

static void read_line(Case *one, const char *line)
{
	const struct {
		const char *word;
		GPtrArray *list;
	} lists[] = {
		{"job install provides ", one->requirements},
		{"conflict ", one->conflicts},
		{"below ", one->below},
		{"explain ", one->explained},
	};

	if (g_str_has_prefix(line, "#>"))
		return add_testtags(one, line + 2);
	if (*line == '#' || *line == '\0')
		return;
	if (g_str_has_prefix(line, "repo "))
		return add_repository(one, line);
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		if (g_str_has_prefix(line, lists[i].word)) {
			g_ptr_array_add(lists[i].list, g_strdup(line + strlen(lists[i].word)));
			return;
		}
	if (is_check(line))
		g_ptr_array_add(one->checks, g_strdup(line));
	else if (strcmp(line, "recommends") == 0)
		one->with_recommends = TRUE;
	else if (g_str_has_prefix(line, "system ") && g_str_has_suffix(line, " rpm"))
		one->arch = g_strndup(line + 7, strlen(line) - 7 - 4);
	else
		g_error("unknown line: %s", line);
}

static void case_read(const char *path, Case *ret_case)
{
	GError *error = NULL;
	g_autofree char *text = kiln_fs_read(path, 1 << 20, NULL, &error);
	rpmmd_check(error);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	*ret_case = (Case){
		.repositories = g_ptr_array_new_with_free_func(repository_free),
		.requirements = g_ptr_array_new_with_free_func(g_free),
		.conflicts = g_ptr_array_new_with_free_func(g_free),
		.below = g_ptr_array_new_with_free_func(g_free),
		.explained = g_ptr_array_new_with_free_func(g_free),
		.checks = g_ptr_array_new_with_free_func(g_free),
	};
	for (char **line = lines; *line != NULL; line++)
		read_line(ret_case, *line);
	if (ret_case->arch == NULL)
		ret_case->arch = g_strdup("x86_64");
}

/* `list` as the solver takes it, from its end when `reversed`. The strings stay the list's. */
static const char **as_vector(const GPtrArray *list, gboolean reversed)
{
	const char **vector = g_new0(const char *, list->len + 1);

	for (guint i = 0; i < list->len; i++)
		vector[i] = g_ptr_array_index(list, reversed ? list->len - 1 - i : i);
	return vector;
}

static KilnSolv *open_repositories(const Case *one, const char *directory, gboolean reversed)
{
	g_autofree char *cache = g_build_filename(directory, "cache", NULL);
	KilnSolv *solv = kiln_solv_new(one->arch, cache);
	GError *error = NULL;

	for (guint i = 0; i < one->repositories->len; i++) {
		const CaseRepository *repository = g_ptr_array_index(
			one->repositories, reversed ? one->repositories->len - 1 - i : i);
		g_autofree char *path = g_build_filename(directory, repository->name, NULL);
		const KilnSolvRepository added = {.name = repository->name,
			.directory = path,
			.priority = repository->priority};
		kiln_solv_add_repository(solv, &added, &error);
		rpmmd_check(error);
	}
	return solv;
}

static void print_problems(KilnSolv *solv, const GError *error, GString *answer)
{
	g_string_append_printf(answer, "error %d: %s\n", error->code, error->message);
	for (const char *const *problem = kiln_solv_problems(solv); *problem != NULL; problem++)
		g_string_append_printf(answer, "problem: %s\n", *problem);
}

static void print_solution(const KilnSolution *solution, const Case *one, GString *answer)
{
	const GPtrArray *packages = kiln_solution_packages(solution);
	const GPtrArray *ordered = kiln_solution_in_order(solution);

	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = g_ptr_array_index(packages, i);
		g_autofree char *nevra = kiln_nevra_format(&package->nevra);
		g_string_append_printf(answer, "install %s from %s\n", nevra, package->repository);
	}
	g_string_append(answer, "order");
	for (guint i = 0; i < ordered->len; i++) {
		const KilnSolvPackage *package = g_ptr_array_index(ordered, i);
		g_string_append_printf(answer, " %s", package->nevra.name);
	}
	g_string_append_c(answer, '\n');
	for (guint i = 0; i < one->explained->len; i++) {
		const char *name = g_ptr_array_index(one->explained, i);
		g_auto(GStrv) lines = kiln_solution_explain(solution, name);
		g_autofree char *why = lines == NULL ? g_strdup("not in") : g_strjoinv("; ", lines);
		g_string_append_printf(answer, "why %s: %s\n", name, why);
	}
}

static void print_finding(const KilnSolvFinding *finding, GString *answer)
{
	static const char *const words[] = {"broken", "excludes", "crowded", "held back", "lower",
		"gone", "handed over", "obsoletes", "obsoleted", "shadowed"};

	g_string_append_printf(answer, "%s%s: %s", words[finding->kind],
		finding->is_meant ? " (meant)" : "",
		finding->package == NULL ? "all" : finding->package);
	if (finding->other != NULL)
		g_string_append_printf(answer, ", %s of %s", finding->other, finding->repository);
	g_string_append_printf(answer, "%s%s\n", finding->sentence == NULL ? "" : ": ",
		finding->sentence == NULL ? "" : finding->sentence);
}

/* "closure NAME", "together NAME", "update OLD NAME", "arrival NAME [HIDDEN]" or "replaced NAME
 * [HIDDEN]". */
static void print_check(KilnSolv *solv, const char *line, GString *answer)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	const char *const *hidden = words[2] == NULL ? NULL : (const char *const *)words + 2;
	g_autoptr(GPtrArray) findings = kiln_solv_findings_new();
	GError *error = NULL;

	if (strcmp(words[0], "closure") == 0)
		kiln_solv_check_closure(solv, words[1], hidden, findings, &error);
	else if (strcmp(words[0], "together") == 0)
		kiln_solv_check_together(solv, words[1], hidden, findings, &error);
	else if (strcmp(words[0], "arrival") == 0)
		kiln_solv_check_arrival(solv, words[1], hidden, findings, &error);
	else if (strcmp(words[0], "replaced") == 0)
		kiln_solv_check_replaced(solv, words[1], hidden, findings, &error);
	else
		kiln_solv_check_update(solv, words[1], words[2], findings, &error);
	rpmmd_check(error);
	g_string_append_printf(answer, "%s: %u found\n", line, findings->len);
	for (guint i = 0; i < findings->len; i++)
		print_finding(g_ptr_array_index(findings, i), answer);
}

static char *answer_case(const Case *one, const char *directory, gboolean reversed)
{
	g_autoptr(KilnSolv) solv = open_repositories(one, directory, reversed);
	g_autofree const char **below = as_vector(one->below, reversed);
	g_autofree const char **requirements = as_vector(one->requirements, reversed);
	g_autofree const char **conflicts = as_vector(one->conflicts, reversed);
	g_autoptr(KilnSolution) installed = NULL;
	g_autoptr(GError) error = NULL;
	GString *answer = g_string_new(NULL);
	KilnSolvRequest request = {.requester = "below", .requirements = below};

	if (one->below->len > 0)
		installed = kiln_solv_resolve(solv, &request, &error);
	rpmmd_check(error);
	request = (KilnSolvRequest){.requester = "demo",
		.requirements = requirements,
		.conflicts = conflicts,
		.installed = installed,
		.with_recommends = one->with_recommends};
	if (one->requirements->len + one->conflicts->len > 0) {
		g_autoptr(KilnSolution) solution = kiln_solv_resolve(solv, &request, &error);
		if (solution == NULL)
			print_problems(solv, error, answer);
		else
			print_solution(solution, one, answer);
	}
	for (guint i = 0; i < one->checks->len; i++)
		print_check(solv, g_ptr_array_index(one->checks, i), answer);
	return g_string_free(answer, FALSE);
}

/* Answers the case at `path` both ways; NULL, and a word on stderr, when the answers differ. */
static char *answer_both_ways(const char *path)
{
	g_auto(Case) one = {0};
	GError *error = NULL;
	g_autofree char *prefix = g_build_filename(g_get_tmp_dir(), "kiln-solver", NULL);
	g_autofree char *directory = kiln_fs_make_temporary(prefix, &error);

	rpmmd_check(error);
	case_read(path, &one);
	for (guint i = 0; i < one.repositories->len; i++) {
		const CaseRepository *repository = g_ptr_array_index(one.repositories, i);
		g_autofree char *place = g_build_filename(directory, repository->name, NULL);
		rpmmd_create(place, repository->testtags->str, NULL);
	}
	g_autofree char *answer = answer_case(&one, directory, FALSE);
	g_autofree char *again = answer_case(&one, directory, TRUE);
	kiln_fs_remove_tree(directory, &error);
	rpmmd_check(error);
	if (strcmp(answer, again) == 0)
		return g_steal_pointer(&answer);
	fprintf(stderr, "%s: depends on the order of its input:\n%s---\n%s", path, answer, again);
	return NULL;
}

static void show_difference(const char *expected_path, const char *answer)
{
	g_autofree char *actual_path = g_strconcat(expected_path, ".actual", NULL);
	const char *argv[] = {"diff", "-u", expected_path, actual_path, NULL};
	KilnProcess process = {.argv = argv, .error_fd = -1};
	g_auto(KilnProcessResult) result = {0};
	GError *error = NULL;

	kiln_fs_replace_text(actual_path, answer, &error);
	rpmmd_check(error);
	kiln_process_run(&process, &result, &error);
	rpmmd_check(error);
	fputs(result.output, stderr);
	g_unlink(actual_path);
}

static gboolean run_case(const char *path, gboolean update)
{
	g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".case"));
	g_autofree char *expected_path = g_strconcat(stem, ".expected", NULL);
	g_autofree char *answer = answer_both_ways(path);
	GError *error = NULL;

	if (answer == NULL)
		return FALSE;
	if (update) {
		kiln_fs_replace_text(expected_path, answer, &error);
		rpmmd_check(error);
		return TRUE;
	}
	/* A missing expectation differs from every answer. */
	g_autofree char *expected = kiln_fs_read(expected_path, 1 << 20, NULL, NULL);
	if (g_strcmp0(expected, answer) == 0)
		return TRUE;
	show_difference(expected_path, answer);
	return FALSE;
}

int main(int argc, char **argv)
{
	gboolean update = argc == 3 && strcmp(argv[1], "--update") == 0;
	const char *directory = argv[argc - 1];
	int passed = 0, failed = 0;
	GError *error = NULL;

	if (argc != 2 && !update) {
		fputs("usage: run_solver [--update] DIRECTORY\n", stderr);
		return 2;
	}
	g_auto(GStrv) names = kiln_fs_list(directory, &error);
	rpmmd_check(error);
	for (char **name = names; *name != NULL; name++) {
		g_autofree char *path = g_build_filename(directory, *name, NULL);
		if (!g_str_has_suffix(path, ".case"))
			continue;
		if (run_case(path, update)) {
			passed++;
		} else {
			failed++;
			printf("FAILED: %s\n", path);
		}
	}
	printf("solver cases: %d passed, %d failed\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}
