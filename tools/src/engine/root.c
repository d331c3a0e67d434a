/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/root.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/text.h"
#include "format/sandbox_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORT_MAX_BYTES (16 * 1024 * 1024)

/* A request on its way through kiln-root. */
typedef struct {
	KilnProcess process;
	GPtrArray *argv; /* of char, ends with NULL */
	int request_fd, report_fd;
	int inherited[3];
} Call;

static void call_free(Call *call)
{
	if (call->request_fd >= 0)
		close(call->request_fd);
	if (call->report_fd >= 0)
		close(call->report_fd);
	g_ptr_array_unref(call->argv);
	g_free(call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Call, call_free)

/* Directories of kiln_root_allow, of char; under its lock. */
static GPtrArray *allowed;
static GMutex allowed_lock;

char *kiln_root_program(const char *name, GError **error)
{
	const char *libexec = g_getenv("KILN_LIBEXEC");
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *bin = g_path_get_dirname(self ? self : "/");
	g_autofree char *path =
		libexec ? g_build_filename(libexec, name, NULL)
			: g_build_filename(bin, "..", "libexec", "kiln", name, NULL);

	if (access(path, X_OK) == 0)
		return g_steal_pointer(&path);
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
		"looking for %s: not at \"%s\"; run `make`, or install Kiln as a whole", name,
		path);
	return NULL;
}

static void add_allowed(const char *directory)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&allowed_lock);

	if (!allowed)
		allowed = g_ptr_array_new_with_free_func(g_free);
	if (!g_ptr_array_find_with_equal_func(allowed, directory, g_str_equal, NULL))
		g_ptr_array_add(allowed, g_strdup(directory));
}

gboolean kiln_root_allow(const char *directory, GError **error)
{
	g_autofree char *absolute = g_canonicalize_filename(directory, NULL);
	char *resolved = realpath(directory, NULL);

	if (!resolved)
		return kiln_error_set_errno(error, errno, "looking at \"%s\"", directory);
	add_allowed(absolute);
	add_allowed(resolved);
	free(resolved);
	return TRUE;
}

static int make_memory_file(const char *name, const char *text, GError **error)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd >= 0 && kiln_fs_write_all(fd, text, strlen(text)) && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	kiln_error_set_errno(error, errno, "preparing the request to kiln-root");
	if (fd >= 0)
		close(fd);
	return -1;
}

static gboolean make_argv(Call *call, GError **error)
{
	char *program = kiln_root_program("kiln-root", error);
	g_autoptr(GMutexLocker) locker = NULL;

	if (!program)
		return FALSE;
	g_ptr_array_add(call->argv, program);
	locker = g_mutex_locker_new(&allowed_lock);
	for (guint i = 0; allowed && i < allowed->len; i++) {
		g_ptr_array_add(call->argv, g_strdup("--allow"));
		g_ptr_array_add(call->argv, g_strdup(allowed->pdata[i]));
	}
	g_ptr_array_add(call->argv, NULL);
	return TRUE;
}

static gboolean open_files(Call *call, const KilnSandboxRequest *request, GError **error)
{
	g_autofree char *text = kiln_sandbox_request_emit(request, error);

	if (!text)
		return FALSE;
	call->request_fd = make_memory_file("kiln-request", text, error);
	call->report_fd = make_memory_file("kiln-report", "", error);
	return call->request_fd >= 0 && call->report_fd >= 0;
}

static Call *call_new(const KilnSandboxRequest *request, int output_fd, GError **error)
{
	static const char *const environment[] = {
		"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C.UTF-8", NULL};
	g_autoptr(Call) call = g_new0(Call, 1);

	call->argv = g_ptr_array_new_with_free_func(g_free);
	call->request_fd = call->report_fd = -1;
	if (!make_argv(call, error) || !open_files(call, request, error))
		return NULL;
	call->inherited[0] = call->request_fd;
	call->inherited[1] = call->report_fd;
	call->inherited[2] = -1;
	call->process = (KilnProcess){
		.argv = (const char *const *)call->argv->pdata,
		.environment = environment,
		.output_fd = output_fd >= 0	 ? output_fd
			     : request->terminal ? 1
						 : 0,
		.inherited_fds = call->inherited,
		.foreground = request->terminal,
	};
	return g_steal_pointer(&call);
}

static gboolean explain_silence(const KilnProcessResult *result, GError **error)
{
	g_autofree char *last =
		kiln_text_last_line(result->error_output ? result->error_output : "");
	g_autofree char *printable = kiln_text_printable(last);

	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
		"kiln-root: ended without a report (exit status %d)%s%s", result->exit_status,
		*printable ? ": " : "", printable);
	return FALSE;
}

static gboolean call_finish(
	Call *call, const KilnProcessResult *result, KilnSandboxReport *ret_report, GError **error)
{
	struct stat status;
	g_autofree char *text = NULL;
	ssize_t got;

	if (fstat(call->report_fd, &status) != 0 || status.st_size == 0 ||
		status.st_size > REPORT_MAX_BYTES)
		return explain_silence(result, error);
	text = g_malloc((gsize)status.st_size);
	got = pread(call->report_fd, text, (gsize)status.st_size, 0);
	if (got != status.st_size)
		return explain_silence(result, error);
	return kiln_sandbox_report_parse(text, (gsize)got, ret_report, error);
}

gboolean kiln_root_execute(const KilnSandboxRequest *request, int output_fd,
	KilnSandboxReport *ret_report, GError **error)
{
	g_autoptr(Call) call = call_new(request, output_fd, error);
	g_auto(KilnProcessResult) result = {0};

	return call && kiln_process_run(&call->process, &result, error) &&
	       call_finish(call, &result, ret_report, error);
}

gboolean kiln_root_remove(const char *directory, GError **error)
{
	g_autoptr(KilnSandboxRequest) request = kiln_sandbox_request_new(KILN_SANDBOX_REMOVE);
	g_auto(KilnSandboxReport) report = {0};

	if (!g_file_test(directory, G_FILE_TEST_EXISTS))
		return TRUE;
	/* Who is root needs no helper, which would do the same a process later. */
	if (geteuid() == 0)
		return kiln_fs_remove_tree(directory, error);
	request->upper = g_strdup(directory);
	if (!kiln_root_execute(request, STDERR_FILENO, &report, error))
		return FALSE;
	if (kiln_sandbox_report_succeeded(&report))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "removing \"%s\": %s", directory,
		report.message ? report.message : "refused");
	return FALSE;
}
