/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/python_bytecode.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/process.h"
#include "lib/deb.h"
#include "lib/rpmwrite.h"
#include "model/debian.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMPILE_TIMEOUT_MS (5 * 60 * 1000)
#define BYTECODE_MAX_BYTES (64 * 1024 * 1024)
#define CACHE_DIRECTORY "__pycache__"

static gboolean write_file(
	const char *path, const void *data, gsize size, guint mode, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	g_autoptr(GError) problem = NULL;

	if (!kiln_fs_make_directory(directory, error))
		return FALSE;
	/* Scratch: without the fsync of kiln_fs_replace. */
	if (g_file_set_contents_full(
		    path, size > 0 ? data : "", size, G_FILE_SET_CONTENTS_NONE, mode, &problem))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "%s", problem->message);
	return FALSE;
}

static gboolean unpack_entry(const char *directory, const KilnDebEntry *entry, GError **error)
{
	g_autofree char *merged = kiln_debian_merged_path(entry->path);
	g_autofree char *path = g_strconcat(directory, merged, NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	if (S_ISREG(entry->mode) && !entry->hard_link)
		return write_file(path, entry->data, entry->size, entry->mode & 0755, error);
	/* Of the links, libraries need those beside their targets only. */
	if (!S_ISLNK(entry->mode) || strchr(entry->link_target, '/'))
		return TRUE;
	if (!kiln_fs_make_directory(parent, error))
		return FALSE;
	return symlink(entry->link_target, path) == 0 || errno == EEXIST ||
	       kiln_error_set_errno(error, errno, "linking \"%s\"", path);
}

static gboolean unpack_deb(const char *directory, const char *deb_path, GError **error)
{
	g_autoptr(KilnDeb) deb = kiln_deb_open(deb_path, error);
	const GPtrArray *entries = deb ? kiln_deb_entries(deb) : NULL;

	for (guint i = 0; entries && i < entries->len; i++) {
		if (!unpack_entry(directory, entries->pdata[i], error))
			return FALSE;
	}
	return entries != NULL;
}

gboolean kiln_bytecode_unpack(const char *directory, const char *const *deb_paths, GError **error)
{
	if (!kiln_fs_remove_tree(directory, error) || !kiln_fs_make_directory(directory, error))
		return FALSE;
	for (guint i = 0; deb_paths[i]; i++) {
		if (!unpack_deb(directory, deb_paths[i], error))
			return FALSE;
	}
	return TRUE;
}

static gboolean is_module(const KilnRpmFile *file, const char *python)
{
	g_autofree char *standard = g_strdup_printf("/usr/lib/python%s/", python);

	return S_ISREG(file->mode) && !file->hard_link && g_str_has_suffix(file->path, ".py") &&
	       (g_str_has_prefix(file->path, standard) ||
		       g_str_has_prefix(file->path, "/usr/lib/python3/dist-packages/"));
}

/* Byte code records the time and size of its source, so the copy must have both. */
static gboolean write_module(const char *scratch, const KilnRpmFile *file, GError **error)
{
	g_autofree char *path = g_strconcat(scratch, file->path, NULL);
	struct timespec times[2] = {{.tv_sec = file->mtime}, {.tv_sec = file->mtime}};

	if (!write_file(path, file->data, file->size, 0644, error))
		return FALSE;
	return utimensat(AT_FDCWD, path, times, 0) == 0 ||
	       kiln_error_set_errno(error, errno, "setting the time of \"%s\"", path);
}

static gboolean write_modules(const KilnDebFiles *files, const char *scratch, const char *python,
	guint *ret_count, GError **error)
{
	for (guint i = 0; i < files->files->len; i++) {
		const KilnRpmFile *file = files->files->pdata[i];
		if (!is_module(file, python))
			continue;
		if (!write_module(scratch, file, error))
			return FALSE;
		(*ret_count)++;
	}
	return TRUE;
}

/* Through the interpreter's own loader: the host may have another libc. The hash seed makes the
 * order of constants repeatable. */
static gboolean compile(
	const char *scratch, const char *interpreter, const char *python, GError **error)
{
	g_autofree char *loader = g_build_filename(
		interpreter, "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", NULL);
	g_autofree char *libraries =
		g_build_filename(interpreter, "usr/lib/x86_64-linux-gnu", NULL);
	g_autofree char *program = g_strdup_printf("%s/usr/bin/python%s", interpreter, python);
	g_autofree char *home = g_strdup_printf("PYTHONHOME=%s/usr", interpreter);
	const char *argv[] = {loader, "--library-path", libraries, program, "-S", "-s", "-m",
		"compileall", "-qq", "-s", scratch, "-p", "/", scratch, NULL};
	const char *environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", home,
		"PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", NULL};
	KilnProcess process = {
		.argv = argv, .environment = environment, .timeout_ms = COMPILE_TIMEOUT_MS};
	g_auto(KilnProcessResult) result = {0};

	if (!kiln_process_run(&process, &result, error))
		return FALSE;
	/* 1: some module has a syntax error */
	if (result.exit_status <= 1 && !result.timed_out && *result.error_output == '\0')
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_FAILED, "compiling Python modules: %s",
		result.timed_out ? "takes too long" : result.error_output);
	return FALSE;
}

/* The byte code of SCRATCH/d/m.py is SCRATCH/d/__pycache__/m.cpython-313.pyc. */
static char *bytecode_path(const char *module, const char *python)
{
	g_autofree char *directory = g_path_get_dirname(module);
	g_autofree char *name = g_path_get_basename(module);
	g_auto(GStrv) numbers = g_strsplit(python, ".", 2);

	name[strlen(name) - strlen(".py")] = '\0';
	return g_strdup_printf("%s/" CACHE_DIRECTORY "/%s.cpython-%s%s.pyc", directory, name,
		numbers[0], numbers[1] ? numbers[1] : "");
}

static gboolean take_bytecode(KilnDebFiles *files, const KilnRpmFile *module, const char *scratch,
	const char *python, GError **error)
{
	g_autofree char *path = bytecode_path(module->path, python);
	g_autofree char *source = g_strconcat(scratch, path, NULL);
	KilnRpmFile *file;
	gsize size = 0;
	char *data;

	if (!g_file_test(source, G_FILE_TEST_EXISTS))
		return TRUE;
	data = kiln_fs_read(source, BYTECODE_MAX_BYTES, &size, error);
	if (!data)
		return FALSE;
	g_ptr_array_add(files->buffers, g_bytes_new_take(data, size));
	file = kiln_rpm_file_new(path);
	file->mode = S_IFREG | 0644;
	file->mtime = module->mtime;
	file->data = (const guint8 *)data;
	file->size = size;
	g_ptr_array_add(files->files, file);
	return TRUE;
}

static gboolean compile_into(KilnDebFiles *files, const char *scratch, const char *interpreter,
	const char *python, GError **error)
{
	guint count = 0, before = files->files->len;

	if (!write_modules(files, scratch, python, &count, error))
		return FALSE;
	if (count == 0)
		return TRUE;
	if (!compile(scratch, interpreter, python, error))
		return FALSE;
	for (guint i = 0; i < before; i++) {
		const KilnRpmFile *module = files->files->pdata[i];
		if (is_module(module, python) &&
			!take_bytecode(files, module, scratch, python, error))
			return FALSE;
	}
	return TRUE;
}

/* Scratch lies within the interpreter's tree, with which it disappears however this process ends.
 */
gboolean kiln_bytecode_add(
	KilnDebFiles *files, const char *interpreter, const char *python, GError **error)
{
	g_autofree char *prefix = g_build_filename(interpreter, "scratch", NULL);
	g_autofree char *scratch = kiln_fs_make_temporary(prefix, error);
	gboolean is_complete;

	if (!scratch)
		return FALSE;
	is_complete = compile_into(files, scratch, interpreter, python, error);
	return kiln_fs_remove_tree(scratch, is_complete ? error : NULL) && is_complete;
}
