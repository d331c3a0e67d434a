/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/evaluate.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "engine/evaluate_inputs.h"
#include "engine/root.h"
#include "format/spec_json.h"

#define SPECS "/builddir/build/SPECS"
#define KILN_EVALUATION_SOURCES "/builddir/build/SOURCES"
#define USER_MACROS "/builddir/.rpmmacros"
#define ROOT_MACROS "/etc/rpm/macros.kiln"
/* kiln-root writes this many lines of its own before the target's macros into USER_MACROS. */
#define USER_MACROS_OWN_LINES 3

#define STALE_STAGE_S 600
/* How often a spec that shares its directories is evaluated with more of their files. */
#define ROUNDS_MAX 5

#define MEMORY_BYTES (G_GINT64_CONSTANT(1) << 30)
#define PROCESSES 100

/* The caller's path of a file in the jail, or NULL. Turns a line of USER_MACROS into that of the
 * target's macro file. */
static const char *origin_of(const KilnEvaluationInputs *inputs, const char *file, guint *line)
{
	const KilnEvaluation *question = inputs->question;

	if (g_str_has_prefix(file, SPECS "/") &&
		strcmp(file + strlen(SPECS "/"), inputs->name) == 0)
		return question->spec;
	if (g_str_has_prefix(file, KILN_EVALUATION_SOURCES "/")) {
		const KilnEvaluationFile *auxiliary = kiln_evaluation_inputs_find(inputs, file + strlen(KILN_EVALUATION_SOURCES "/"));
		return auxiliary ? auxiliary->origin : NULL;
	}
	if (question->macros && strcmp(file, ROOT_MACROS) == 0)
		return question->macros;
	if (!question->macros || strcmp(file, USER_MACROS) != 0)
		return NULL;
	*line -= MIN(*line, USER_MACROS_OWN_LINES);
	return question->macros;
}

static void translate(const KilnEvaluationInputs *inputs, KilnSpecDiagnostic *diagnostic)
{
	const char *origin =
		diagnostic->file ? origin_of(inputs, diagnostic->file, &diagnostic->line) : NULL;
	GString *text = g_string_new(diagnostic->text);

	if (origin) {
		g_free(diagnostic->file);
		diagnostic->file = g_strdup(origin);
	}
	g_string_replace(text, KILN_EVALUATION_SOURCES "/", "", 0);
	g_string_replace(text, SPECS "/", "", 0);
	g_free(diagnostic->text);
	diagnostic->text = g_string_free(text, FALSE);
}

static gboolean is_repeated(const KilnSpecDiagnostic *a, const KilnSpecDiagnostic *b)
{
	return a->line == b->line && g_strcmp0(a->file, b->file) == 0 &&
	       strcmp(a->text, b->text) == 0;
}

/* The target's macros are read twice, from the root and from the user's file. */
static void drop_repeated(GPtrArray *diagnostics)
{
	for (guint i = diagnostics->len; i-- > 1;) {
		for (guint j = 0; j < i; j++) {
			if (!is_repeated(g_ptr_array_index(diagnostics, i),
				    g_ptr_array_index(diagnostics, j)))
				continue;
			g_ptr_array_remove_index(diagnostics, i);
			break;
		}
	}
}

static KilnSpec *parse_answer(const KilnEvaluationInputs *inputs, const char *text, gsize size, GError **error)
{
	KilnSpec *spec = kiln_spec_json_parse(text, size, error);

	if (!spec)
		g_prefix_error(error, "%s: ", inputs->question->spec);
	return spec;
}

/* Tells the answer in the caller's paths; a broken spec becomes the error. */
static KilnSpec *tell_answer(const KilnEvaluationInputs *inputs, KilnSpec *taken, GError **error)
{
	g_autoptr(KilnSpec) spec = taken;

	for (guint i = 0; i < spec->diagnostics->len; i++)
		translate(inputs, g_ptr_array_index(spec->diagnostics, i));
	drop_repeated(spec->diagnostics);
	if (!spec->failure)
		return g_steal_pointer(&spec);
	translate(inputs, spec->failure);
	g_autofree char *message = kiln_spec_diagnostic_format(spec->failure);
	g_set_error_literal(error, KILN_ERROR, KILN_ERROR_CONFIG, message);
	return NULL;
}

static char *cache_path(const KilnEvaluationInputs *inputs)
{
	g_autofree char *name = g_strconcat(inputs->key, ".json", NULL);

	return g_build_filename(inputs->question->cache, "specs", name, NULL);
}

/* A cached answer that cannot be read is as good as none: it is made again. */
static KilnSpec *load_cached(const KilnEvaluationInputs *inputs)
{
	g_autofree char *path = cache_path(inputs);
	gsize size = 0;

	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return NULL;
	g_autofree char *text = kiln_fs_read(path, KILN_SPEC_JSON_MAX_BYTES, &size, NULL);
	return text ? parse_answer(inputs, text, size, NULL) : NULL;
}

/* Stages of runs that were killed. */
static void remove_stale_stages(const char *directory)
{
	g_auto(GStrv) names = kiln_fs_list(directory, NULL);

	for (char **name = names; name && *name; name++) {
		g_autofree char *path = g_build_filename(directory, *name, NULL);
		struct stat status;
		if (g_str_has_prefix(*name, "stage.") && lstat(path, &status) == 0 &&
			status.st_mtime + STALE_STAGE_S < kiln_clock_now())
			(void)kiln_fs_remove_tree(path, NULL); /* tried again next time */
	}
}

/* What the jail shows need not survive a power cut: no fsync. Readable for the build user. */
static gboolean write_file(
	const char *directory, const char *name, const char *data, gsize size, GError **error)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autoptr(GError) fault = NULL;

	if (g_file_set_contents_full(
		    path, data, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0644, &fault))
		return TRUE;
	g_set_error_literal(error, KILN_ERROR, KILN_ERROR_SYSTEM, fault->message);
	return FALSE;
}

static char *make_stage_directory(const char *stage, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(stage, name, NULL);

	if (mkdir(path, 0755) < 0 || chmod(path, 0755) < 0) {
		kiln_error_set_errno(error, errno, "making \"%s\"", path);
		return NULL;
	}
	return g_steal_pointer(&path);
}

static gboolean fill_stage(
	const KilnEvaluationInputs *inputs, const char *specs, const char *sources, GError **error)
{
	if (!write_file(specs, inputs->name, inputs->spec, inputs->spec_size, error))
		return FALSE;
	for (guint i = 0; i < inputs->files->len; i++) {
		const KilnEvaluationFile *auxiliary = g_ptr_array_index(inputs->files, i);
		if (!write_file(sources, auxiliary->name, auxiliary->data, auxiliary->size, error))
			return FALSE;
	}
	return TRUE;
}

static void add_options(GPtrArray *argv, const char *option, const char *const *values)
{
	for (; values && *values; values++) {
		g_ptr_array_add(argv, g_strdup(option));
		g_ptr_array_add(argv, g_strdup(*values));
	}
}

static char **make_argv(const KilnEvaluationInputs *inputs)
{
	GPtrArray *argv = g_ptr_array_new();

	g_ptr_array_add(argv, g_strdup("kiln-spec"));
	g_ptr_array_add(argv, g_strdup("--root=/target"));
	if (inputs->question->by_target)
		g_ptr_array_add(argv, g_strdup("--ask-target"));
	add_options(argv, "--with", inputs->question->with);
	add_options(argv, "--without", inputs->question->without);
	add_options(argv, "--define", inputs->question->defines);
	g_ptr_array_add(argv, g_strdup("--"));
	g_ptr_array_add(argv, g_strconcat(SPECS "/", inputs->name, NULL));
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}

static guint wall_s(const KilnEvaluationInputs *inputs)
{
	return inputs->question->wall_s > 0 ? inputs->question->wall_s : KILN_EVALUATE_WALL_S;
}

static KilnSandboxRequest *make_request(
	const KilnEvaluationInputs *inputs, const char *specs, const char *sources)
{
	KilnSandboxRequest *request = kiln_sandbox_request_new(KILN_SANDBOX_EVALUATE);

	request->layers = g_strdupv((char **)inputs->question->layers);
	request->argv = make_argv(inputs);
	request->macros = g_strdup(inputs->macros);
	kiln_sandbox_request_bind(request, specs, SPECS, FALSE);
	kiln_sandbox_request_bind(request, sources, KILN_EVALUATION_SOURCES, FALSE);
	request->limits.wall_s = wall_s(inputs);
	request->limits.memory_bytes = MEMORY_BYTES;
	request->limits.processes = PROCESSES;
	request->limits.output_bytes = KILN_SPEC_JSON_MAX_BYTES;
	return request;
}

static void tell_silence(const KilnEvaluationInputs *inputs, const KilnSandboxReport *report, GError **error)
{
	g_autofree char *last =
		kiln_text_last_line(report->error_output ? report->error_output : "");
	g_autofree char *said = kiln_text_printable(last);

	g_set_error(error, KILN_ERROR,
		report->exit_status == KILN_ERROR_SYSTEM ? KILN_ERROR_SYSTEM : KILN_ERROR_CONFIG,
		"%s: evaluation ended without an answer (status %d)%s%s", inputs->question->spec,
		report->exit_status, said[0] ? ": " : "", said);
}

/* Tells how an evaluation without answer ended, as a fault of the spec. */
static gboolean check_report(
	const KilnEvaluationInputs *inputs, const KilnSandboxReport *report, gsize size, GError **error)
{
	const char *spec = inputs->question->spec;

	switch (report->limit) {
	case KILN_SANDBOX_LIMIT_WALL:
	case KILN_SANDBOX_LIMIT_IDLE:
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"%s: evaluation did not end within %u s; look for a %%(...) or %%{lua:...} "
			"that hangs",
			spec, wall_s(inputs));
		return FALSE;
	case KILN_SANDBOX_LIMIT_OUTPUT:
	case KILN_SANDBOX_LIMIT_MEMORY:
	case KILN_SANDBOX_LIMIT_PROCESSES:
	case KILN_SANDBOX_LIMIT_DISK:
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"%s: evaluation passed the limit of %s; look for a %%(...) or %%{lua:...} "
			"that makes too much",
			spec, kiln_sandbox_limit_name(report->limit));
		return FALSE;
	case KILN_SANDBOX_LIMIT_NONE:
		break;
	}
	if (report->exit_status == 0 && size > 0)
		return TRUE;
	tell_silence(inputs, report, error);
	return FALSE;
}

/* Reads back what the jailed process wrote. */
static char *read_output(int fd, gsize *ret_size, GError **error)
{
	struct stat status;

	if (fstat(fd, &status) < 0) {
		kiln_error_set_errno(error, errno, "reading the answer of kiln-spec");
		return NULL;
	}
	gsize size = MIN((gsize)status.st_size, KILN_SPEC_JSON_MAX_BYTES + 1);
	g_autofree char *text = g_malloc(size + 1);
	gsize have = 0;
	for (ssize_t count; have < size; have += (gsize)count) {
		count = pread(fd, text + have, size - have, (off_t)have);
		if (count <= 0)
			break;
	}
	text[have] = '\0';
	*ret_size = have;
	return g_steal_pointer(&text);
}

static char *run_request(
	const KilnEvaluationInputs *inputs, const KilnSandboxRequest *request, gsize *ret_size, GError **error)
{
	g_auto(KilnSandboxReport) report = {0};
	int fd = memfd_create("answer", MFD_CLOEXEC);

	if (fd < 0) {
		kiln_error_set_errno(error, errno, "making room for the answer of kiln-spec");
		return NULL;
	}
	g_autofree char *text = NULL;
	gsize size = 0;
	if (kiln_root_execute(request, fd, &report, error))
		text = read_output(fd, &size, error);
	close(fd);
	if (!text || !check_report(inputs, &report, size, error))
		return NULL;
	*ret_size = size;
	return g_steal_pointer(&text);
}

static char *run_staged(const KilnEvaluationInputs *inputs, const char *stage, gsize *ret_size, GError **error)
{
	g_autofree char *specs = make_stage_directory(stage, "SPECS", error);
	g_autofree char *sources = specs ? make_stage_directory(stage, "SOURCES", error) : NULL;

	if (!sources || !fill_stage(inputs, specs, sources, error))
		return NULL;
	g_autoptr(KilnSandboxRequest) request = make_request(inputs, specs, sources);
	return run_request(inputs, request, ret_size, error);
}

static char *run(const KilnEvaluationInputs *inputs, gsize *ret_size, GError **error)
{
	g_autofree char *directory = g_build_filename(inputs->question->cache, "specs", NULL);
	g_autofree char *prefix = g_build_filename(directory, "stage", NULL);

	if (!kiln_fs_make_directory(directory, error))
		return NULL;
	remove_stale_stages(directory);
	g_autofree char *stage = kiln_fs_make_temporary(prefix, error);
	if (!stage)
		return NULL;
	char *text = run_staged(inputs, stage, ret_size, error);
	(void)kiln_fs_remove_tree(stage, NULL); /* a stale one is removed by a later run */
	return text;
}

/* From the cache, or by asking: then `ret_text` is what was answered. */
static KilnSpec *answer(const KilnEvaluationInputs *inputs, char **ret_text, GError **error)
{
	KilnSpec *spec = load_cached(inputs);
	gsize size = 0;

	if (spec)
		return spec;
	g_autofree char *text = run(inputs, &size, error);
	spec = text ? parse_answer(inputs, text, size, error) : NULL;
	if (spec)
		*ret_text = g_steal_pointer(&text);
	return spec;
}

/* One round. The final answer, or NULL: without error there is more to show. */
static KilnSpec *evaluate_round(KilnEvaluationInputs *inputs, gboolean is_last, GError **error)
{
	g_autofree char *text = NULL, *path = cache_path(inputs);
	g_autoptr(KilnSpec) spec = answer(inputs, &text, error);
	gboolean is_wider = FALSE;

	if (!spec || (!is_last && !kiln_evaluation_inputs_widen(inputs, spec, &is_wider, error)))
		return NULL;
	/* A failure is worth keeping only when it leads on. */
	if (text && (is_wider || !spec->failure) && !kiln_fs_replace_text(path, text, error))
		return NULL;
	return is_wider ? NULL : tell_answer(inputs, g_steal_pointer(&spec), error);
}

KilnSpec *kiln_evaluate_spec(const KilnEvaluation *evaluation, GError **error)
{
	g_auto(KilnEvaluationInputs) inputs = {0};
	g_autoptr(GError) fault = NULL;

	if (!kiln_evaluation_inputs_read(&inputs, evaluation, error))
		return NULL;
	for (guint round = 1; round <= ROUNDS_MAX; round++) {
		KilnSpec *spec = evaluate_round(&inputs, round == ROUNDS_MAX, &fault);

		if (spec)
			return spec;
		if (fault)
			break;
	}
	g_propagate_error(error, g_steal_pointer(&fault));
	return NULL;
}
