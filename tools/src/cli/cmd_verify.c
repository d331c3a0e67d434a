/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"

#include "base/error.h"
#include "engine/verify.h"

/* Differences shown of one package file; --json has all. */
#define SHOWN_MAX 20

static struct {
	char *collection, *target;
	int jobs;
	gboolean without_check;
} options;

static const GOptionEntry entries[] = {
	{"collection", 'c', 0, G_OPTION_ARG_STRING, &options.collection, "The collection the packages are in", "NAME"},
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target they are built for", "NAME"},
	{"jobs", 'j', 0, G_OPTION_ARG_INT, &options.jobs, "Builds at once (default: by processors and memory)", "N"},
	{"no-check", 0, 0, G_OPTION_ARG_NONE, &options.without_check, "Leave out %check the second time", NULL},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static void print_file(const KilnVerifyFile *file)
{
	const GPtrArray *differences = file->differences;

	printf("  %s%s\n", file->file,
		differences ? "" : file->is_in_second ? ": only the second build gave it" : ": the second build did not give it");
	for (guint i = 0; differences && i < differences->len && i < SHOWN_MAX; i++) {
		const KilnRpmDifference *difference = differences->pdata[i];
		printf("    %s: %s\n", difference->name, difference->detail);
	}
	if (differences && differences->len > SHOWN_MAX)
		printf("    and %u more\n", differences->len - SHOWN_MAX);
}

static void print_result(const KilnInvocation *invocation, const KilnVerifyResult *result)
{
	const char *name = result->item->package->name;

	if (result->error) {
		printf("%s: not built a second time: %s\n", name, result->error->message);
		return;
	}
	if (result->files->len == 0) {
		printf("%s: the same bytes (packages: %u)\n", name, result->packages);
		return;
	}
	printf("%s: not the same bytes\n", name);
	for (guint i = 0; i < result->files->len; i++)
		print_file(result->files->pdata[i]);
	printf("  the first: %s\n", kiln_project_relative(invocation->project, result->item->result_directory));
	printf("  the second, until `kiln gc`: %s\n", kiln_project_relative(invocation->project, result->place));
}

static const char *kind_name(KilnRpmDifferenceKind kind)
{
	static const char *const names[] = {"tag", "file", "rest"};

	return names[kind];
}

static void add_file(KilnJson *json, const KilnVerifyFile *file)
{
	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "file", file->file);
	kiln_json_add_text(json, "only_in", file->differences ? NULL : file->is_in_second ? "second" : "first");
	kiln_json_begin_array(json, "differences");
	for (guint i = 0; file->differences && i < file->differences->len; i++) {
		const KilnRpmDifference *difference = file->differences->pdata[i];
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "kind", kind_name(difference->kind));
		kiln_json_add_text(json, "name", difference->name);
		kiln_json_add_text(json, "detail", difference->detail);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
	kiln_json_end_object(json);
}

static void answer(const GPtrArray *results)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_array(json, NULL);
	for (guint i = 0; i < results->len; i++) {
		const KilnVerifyResult *result = results->pdata[i];
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "package", result->item->package->name);
		kiln_json_add_text(json, "key", result->item->key);
		kiln_json_add_boolean(json, "same", !result->error && result->files->len == 0);
		kiln_json_add_text(json, "error", result->error ? result->error->message : NULL);
		kiln_json_add_text(json, "first", result->item->result_directory);
		kiln_json_add_text(json, "second", result->place);
		kiln_json_begin_array(json, "files");
		for (guint j = 0; j < result->files->len; j++)
			add_file(json, result->files->pdata[j]);
		kiln_json_end_array(json);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
	kiln_cli_answer(json);
}

/* A package that does not build again weighs more than one that comes out otherwise. */
static gboolean judge(const GPtrArray *results, GError **error)
{
	guint failed = 0, different = 0;

	for (guint i = 0; i < results->len; i++) {
		const KilnVerifyResult *result = results->pdata[i];
		failed += result->error ? 1 : 0;
		different += result->files->len > 0 ? 1 : 0;
	}
	if (failed > 0)
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
			"packages that do not build a second time: %u of %u", failed, results->len);
	else if (different > 0)
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"packages that come out otherwise from the same inputs: %u of %u", different, results->len);
	return failed == 0 && different == 0;
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	const char *const *names = *invocation->arguments ? (const char *const *)invocation->arguments : NULL;
	KilnVerifyOptions verify = {.without_check = options.without_check};
	g_autoptr(KilnContext) context = NULL;
	g_autoptr(KilnRelease) release = NULL;
	g_autoptr(GPtrArray) results = NULL;

	if (!kiln_cli_jobs(options.jobs, &verify.jobs, error))
		return FALSE;
	context = kiln_cli_context(invocation, options.collection, options.target, error);
	release = context ? kiln_release_open(context, names, error) : NULL;
	if (!release || !kiln_verify_run(release->plan, names, &verify, &results, error))
		return FALSE;
	if (invocation->json)
		answer(results);
	for (guint i = 0; !invocation->json && i < results->len; i++)
		print_result(invocation, results->pdata[i]);
	return judge(results, error);
}

const KilnCommand kiln_command_verify = {
	.name = "verify",
	.synopsis = "[PACKAGE…]",
	.summary = "Build packages again from the same inputs and compare bit by bit",
	.description = "The second build is done later, in another directory and with another number of processors. Where it\n"
		       "gives other bytes, the package, header tag or file and the first place in it are named, the\n"
		       "second result is kept for a look, and the exit status is 6.",
	.options = entries,
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT | KILN_NEEDS_LOCK,
	.maximum_arguments = G_MAXUINT,
	.run = run,
};
