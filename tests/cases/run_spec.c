/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run_spec [--update] DIRECTORY: evaluates each DIRECTORY/NAME.spec in a jail in the target's root
 * and compares with NAME.expected: the JSON of a good spec, "error CODE: message" of a broken one.
 * A first line "#? with X without Y define N=BODY seconds S" of a spec sets options: S is how long it may take. DIRECTORY/sources holds
 * what specs may read. The version of rpm is left out. Each is evaluated again, from the cache, and
 * by the target's own rpm (not with "#? only host"): the answers must be the same.
 * The root is the base layer of target trixie of the project in the working directory.
 */
#include "base/error.h"
#include "base/fs.h"
#include "engine/base.h"
#include "engine/context.h"
#include "engine/evaluate.h"
#include "engine/root.h"
#include "format/spec_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough for a sanitized build beside others. */
#define SECONDS 120

typedef struct {
	const char *directory;
	char *macros;
	char **layers;
	gboolean update;
} Runner;

/* What a case asks for. */
typedef struct {
	GPtrArray *with, *without, *defines;
	gboolean only_host;
	guint seconds; /* 0: SECONDS */
} Options;

static char *cache;

static void remove_cache(void)
{
	if (cache)
		kiln_fs_remove_tree(cache, NULL);
}

static void check(const GError *error)
{
	if (!error)
		return;
	fprintf(stderr, "run_spec: %s\n", error->message);
	exit(kiln_error_exit_status(error));
}

static void set_up(Runner *runner)
{
	GError *error = NULL;
	g_autoptr(KilnProject) project = kiln_project_open(".", &error);
	check(error);
	KilnTarget *target = kiln_project_target(project, "trixie", &error);
	check(error);
	kiln_base_ensure(project, target, &error);
	check(error);
	const KilnCollection *collection = kiln_project_collection(project, "epoxy", &error);
	check(error);
	g_autoptr(KilnContext) context = kiln_context_open(project, collection, target, &error);
	check(error);
	const KilnLayers *layers = kiln_context_buildroot(context, &error);
	check(error);
	runner->layers = g_strdupv(layers->trees);
	runner->macros = g_strdup(context->macros_path);
	cache = kiln_fs_make_temporary("/tmp/kiln-spec-cases", &error);
	check(error);
	atexit(remove_cache);
	kiln_root_allow(cache, &error);
	check(error);
}

static void options_clear(Options *options)
{
	g_ptr_array_unref(options->with);
	g_ptr_array_unref(options->without);
	g_ptr_array_unref(options->defines);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static void take_option(Options *options, const char *word, const char *value)
{
	GPtrArray *list = strcmp(word, "with") == 0	 ? options->with
			  : strcmp(word, "without") == 0 ? options->without
			  : strcmp(word, "define") == 0	 ? options->defines
							 : NULL;

	if (list)
		g_ptr_array_add(list, g_strdelimit(g_strdup(value), "=", ' '));
	if (strcmp(word, "seconds") == 0)
		options->seconds = (guint)g_ascii_strtoull(value, NULL, 10);
	options->only_host |= strcmp(word, "only") == 0 && strcmp(value, "host") == 0;
}

/* The words of a first line "#? …". */
static void read_options(const char *path, Options *options)
{
	g_autofree char *text = NULL;

	options->with = g_ptr_array_new_with_free_func(g_free);
	options->without = g_ptr_array_new_with_free_func(g_free);
	options->defines = g_ptr_array_new_with_free_func(g_free);
	g_file_get_contents(path, &text, NULL, NULL);
	if (text && g_str_has_prefix(text, "#? ")) {
		g_autofree char *line = g_strndup(text + 3, strcspn(text + 3, "\n"));
		g_auto(GStrv) words = g_strsplit(line, " ", -1);
		for (char **word = words; word[0] && word[1]; word += 2)
			take_option(options, word[0], word[1]);
	}
	g_ptr_array_add(options->with, NULL);
	g_ptr_array_add(options->without, NULL);
	g_ptr_array_add(options->defines, NULL);
}

/* Without the line that depends on the machine. */
static char *mask(const char *text)
{
	GString *masked = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		if (!strstr(*line, "\"evaluator_version\""))
			g_string_append_printf(masked, "%s%s", line == lines ? "" : "\n", *line);
	}
	return g_string_free(masked, FALSE);
}

static char *answer(
	const Runner *runner, const char *path, const Options *options, gboolean by_target)
{
	g_autofree char *sources = g_build_filename(runner->directory, "sources", NULL);
	const char *const directories[] = {sources, NULL};
	g_autoptr(GError) error = NULL;
	const KilnEvaluation evaluation = {
		.spec = path,
		.directories = directories,
		.layers = (const char *const *)runner->layers,
		.macros = runner->macros,
		.with = (const char *const *)options->with->pdata,
		.without = (const char *const *)options->without->pdata,
		.defines = (const char *const *)options->defines->pdata,
		.by_target = by_target,
		.wall_s = options->seconds ? options->seconds : SECONDS,
		.cache = cache,
	};
	g_autoptr(KilnSpec) spec = kiln_evaluate_spec(&evaluation, &error);
	if (error && error->code != KILN_ERROR_CONFIG)
		check(error);
	if (!spec)
		return g_strdup_printf("error %d: %s\n", error->code, error->message);
	g_autofree char *text = kiln_spec_json_emit(spec);
	return mask(text);
}

static gboolean differs(const char *path, const char *what, const char *wanted, const char *got)
{
	if (strcmp(wanted, got) == 0)
		return FALSE;
	printf("%s: %s\n--- wanted\n%s--- got\n%s", path, what, wanted, got);
	return TRUE;
}

/* What `text` would be had the target's rpm answered. */
static char *as_by_target(const char *text)
{
	GString *changed = g_string_new(text);

	g_string_replace(changed, "\"evaluator\" : \"host\"", "\"evaluator\" : \"target\"", 1);
	return g_string_free(changed, FALSE);
}

static gboolean run_case(const Runner *runner, const char *path)
{
	g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".spec"));
	g_autofree char *expected_path = g_strconcat(stem, ".expected", NULL);
	g_autofree char *expected = NULL;
	g_auto(Options) options = {0};
	read_options(path, &options);
	g_autofree char *got = answer(runner, path, &options, FALSE);
	gboolean broken = g_str_has_prefix(got, "error ");
	g_autofree char *again = broken ? NULL : answer(runner, path, &options, FALSE);
	g_autofree char *by_target =
		broken || options.only_host ? NULL : answer(runner, path, &options, TRUE);
	g_autofree char *wanted_by_target = as_by_target(got);
	GError *error = NULL;

	if (runner->update)
		kiln_fs_replace_text(expected_path, got, &error);
	check(error);
	g_file_get_contents(expected_path, &expected, NULL, NULL);
	return !differs(path, "another answer", expected ? expected : "(no .expected file)\n",
		       got) &&
	       !(again && differs(path, "another answer from the cache", got, again)) &&
	       !(by_target && differs(path, "another answer by the target's rpm", wanted_by_target,
				      by_target));
}

int main(int argc, char **argv)
{
	Runner runner = {.update = argc == 3 && strcmp(argv[1], "--update") == 0};
	int passed = 0, failed = 0;
	GError *error = NULL;

	if (argc != 2 && !runner.update) {
		fputs("usage: run_spec [--update] DIRECTORY\n", stderr);
		return 2;
	}
	runner.directory = argv[argc - 1];
	set_up(&runner);
	g_auto(GStrv) names = kiln_fs_list(runner.directory, &error);
	check(error);
	for (char **name = names; *name; name++) {
		g_autofree char *path = g_build_filename(runner.directory, *name, NULL);
		if (!g_str_has_suffix(path, ".spec"))
			continue;
		gboolean good = run_case(&runner, path);
		passed += good;
		failed += !good;
		if (!good)
			printf("FAILED: %s\n", path);
	}
	g_strfreev(runner.layers);
	g_free(runner.macros);
	printf("spec cases: %d passed, %d failed\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}
