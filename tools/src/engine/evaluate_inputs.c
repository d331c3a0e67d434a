/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/evaluate_inputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fs.h"
#include "engine/evaluate_names.h"
#include "engine/root.h"

#define MAX_SPEC_BYTES (4 * 1024 * 1024)
#define MAX_MACROS_BYTES (1024 * 1024)
/* Larger files are there to build from, not to evaluate with: neither seen nor part of the key. */
#define MAX_FILE_BYTES (1024 * 1024)
#define MAX_FILES 2000

static void file_free(KilnEvaluationFile *file)
{
	g_free(file->name);
	g_free(file->origin);
	g_free(file->data);
	g_free(file);
}

void kiln_evaluation_inputs_clear(KilnEvaluationInputs *inputs)
{
	g_free(inputs->name);
	g_free(inputs->spec);
	g_free(inputs->macros);
	g_clear_pointer(&inputs->files, g_ptr_array_unref);
	g_clear_pointer(&inputs->names, g_hash_table_unref);
	g_free(inputs->key);
}

const KilnEvaluationFile *kiln_evaluation_inputs_find(const KilnEvaluationInputs *inputs, const char *name)
{
	for (guint i = 0; i < inputs->files->len; i++) {
		const KilnEvaluationFile *file = g_ptr_array_index(inputs->files, i);
		if (strcmp(file->name, name) == 0)
			return file;
	}
	return NULL;
}

static gboolean read_file(
	KilnEvaluationInputs *inputs, const char *directory, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	struct stat status;

	if (stat(path, &status) < 0 || !S_ISREG(status.st_mode) ||
		status.st_size > MAX_FILE_BYTES || kiln_evaluation_inputs_find(inputs, name) ||
		strcmp(name, inputs->name) == 0)
		return TRUE;
	gsize size = 0;
	g_autofree char *data = kiln_fs_read(path, MAX_FILE_BYTES, &size, error);
	if (!data)
		return FALSE;
	KilnEvaluationFile *file = g_new0(KilnEvaluationFile, 1);
	file->name = g_strdup(name);
	file->origin = g_steal_pointer(&path);
	file->data = g_steal_pointer(&data);
	file->size = size;
	g_ptr_array_add(inputs->files, file);
	return TRUE;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean read_directory(KilnEvaluationInputs *inputs, const char *directory, GError **error)
{
	if (!g_file_test(directory, G_FILE_TEST_IS_DIR))
		return TRUE;
	g_auto(GStrv) names = kiln_fs_list(directory, error);
	if (!names)
		return FALSE;
	for (char **name = names; *name; name++) {
		if (!read_file(inputs, directory, *name, error))
			return FALSE;
	}
	if (inputs->files->len <= MAX_FILES)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "more than %d files in \"%s\"",
		MAX_FILES, directory);
	return FALSE;
}

/* In the order of the names, so that the key does not depend on how they were come by. */
static gboolean read_named(KilnEvaluationInputs *inputs, GError **error)
{
	g_autofree const char **names =
		(const char **)g_hash_table_get_keys_as_array(inputs->names, NULL);

	qsort(names, g_hash_table_size(inputs->names), sizeof *names, compare_texts);
	for (const char *const *directory = inputs->question->directories; *directory; directory++)
		for (const char **name = names; *name; name++)
			if (!read_file(inputs, *directory, *name, error))
				return FALSE;
	return TRUE;
}

static gboolean read_files(KilnEvaluationInputs *inputs, GError **error)
{
	const char *const *directory = inputs->question->directories;

	if (!directory)
		return TRUE;
	if (inputs->names)
		return read_named(inputs, error);
	for (; *directory; directory++)
		if (!read_directory(inputs, *directory, error))
			return FALSE;
	return TRUE;
}

static void add_list(KilnDigest *digest, const char *label, const char *const *texts)
{
	for (; texts && *texts; texts++)
		kiln_digest_add(digest, label, *texts);
}

static void add_bytes(KilnDigest *digest, const char *label, const char *data, gsize size)
{
	g_autofree char *hex = kiln_digest_of_bytes(data, size);

	kiln_digest_add(digest, label, hex);
}

/* Another build of the evaluator may answer otherwise. */
static gboolean add_program(KilnDigest *digest, GError **error)
{
	g_autofree char *path = kiln_root_program("kiln-spec", error);
	struct stat status;

	if (!path)
		return FALSE;
	if (stat(path, &status) < 0)
		return kiln_error_set_errno(error, errno, "looking at \"%s\"", path);
	g_autofree char *identity = g_strdup_printf(
		"%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld", KILN_VERSION,
		(gint64)status.st_size, (gint64)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
	kiln_digest_add(digest, "evaluator", identity);
	return TRUE;
}

static char *make_key(const KilnEvaluationInputs *inputs, GError **error)
{
	g_autoptr(KilnDigest) digest = kiln_digest_new();
	const KilnEvaluation *question = inputs->question;

	if (!add_program(digest, error))
		return NULL;
	kiln_digest_add(digest, "name", inputs->name);
	kiln_digest_add(digest, "by", question->by_target ? "target" : NULL);
	add_bytes(digest, "spec", inputs->spec, inputs->spec_size);
	kiln_digest_add(digest, "macros", inputs->macros);
	for (guint i = 0; i < inputs->files->len; i++) {
		const KilnEvaluationFile *file = g_ptr_array_index(inputs->files, i);
		kiln_digest_add(digest, "file", file->name);
		add_bytes(digest, "content", file->data, file->size);
	}
	add_list(digest, "layer", question->layers);
	add_list(digest, "with", question->with);
	add_list(digest, "without", question->without);
	add_list(digest, "define", question->defines);
	return kiln_digest_finish(digest);
}

static gboolean renew_key(KilnEvaluationInputs *inputs, GError **error)
{
	g_free(inputs->key);
	inputs->key = make_key(inputs, error);
	return inputs->key != NULL;
}

gboolean kiln_evaluation_inputs_read(
	KilnEvaluationInputs *inputs, const KilnEvaluation *question, GError **error)
{
	inputs->question = question;
	inputs->name = g_path_get_basename(question->spec);
	inputs->files = g_ptr_array_new_with_free_func((GDestroyNotify)file_free);
	inputs->spec = kiln_fs_read(question->spec, MAX_SPEC_BYTES, &inputs->spec_size, error);
	if (!inputs->spec)
		return FALSE;
	if (question->macros) {
		inputs->macros = kiln_fs_read(question->macros, MAX_MACROS_BYTES, NULL, error);
		if (!inputs->macros)
			return FALSE;
	}
	if (question->shares_directories) {
		inputs->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		kiln_evaluate_names_scan(inputs->names, inputs->spec, inputs->spec_size);
	}
	return read_files(inputs, error) && renew_key(inputs, error);
}

/* The names of all files there, or FALSE when there are too many. */
static gboolean take_all_names(KilnEvaluationInputs *inputs)
{
	inputs->saw_all = TRUE;
	for (const char *const *directory = inputs->question->directories; directory && *directory;
		directory++) {
		g_auto(GStrv) names = kiln_fs_list(*directory, NULL);

		for (char **name = names; name && *name; name++)
			g_hash_table_add(inputs->names, g_strdup(*name));
	}
	return g_hash_table_size(inputs->names) <= MAX_FILES;
}

/* What a spec reads under a name that only macros make up is found out last: it fails without it, so it is
 * shown everything. */
gboolean kiln_evaluation_inputs_widen(KilnEvaluationInputs *inputs, const KilnSpec *spec,
	gboolean *ret_is_wider, GError **error)
{
	guint before = inputs->files->len;

	*ret_is_wider = FALSE;
	if (!inputs->names)
		return TRUE;
	kiln_evaluate_names_learn(inputs->names, spec, KILN_EVALUATION_SOURCES);
	if (!read_files(inputs, error))
		return FALSE;
	if (inputs->files->len == before && spec->failure && !inputs->saw_all &&
		take_all_names(inputs) && !read_files(inputs, error))
		return FALSE;
	*ret_is_wider = inputs->files->len > before;
	return !*ret_is_wider || renew_key(inputs, error);
}
