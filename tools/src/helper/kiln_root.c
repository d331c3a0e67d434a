/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kiln-root: everything of Kiln that needs root. Reads one request from fd 3, does it, writes one
 * report to fd 4 (format/sandbox_request.h); the program's output goes to its stdout. The arguments
 * say what of the host it may touch: kiln-root --allow DIRECTORY [--allow DIRECTORY…]
 */
#include "base/error.h"
#include "base/fs.h"
#include "format/sandbox_request.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { REQUEST_FD = 3, REPORT_FD = 4 };

#ifdef __SANITIZE_ADDRESS__
/* The leak checker stops all threads by a tracer of its own, and waits forever for one that a dying
 * caller took along. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static gboolean parse_arguments(char **argv, char ***ret_allowed, GError **error)
{
	g_autoptr(GPtrArray) allowed = g_ptr_array_new_with_free_func(g_free);

	for (char **argument = argv + 1; *argument; argument += 2) {
		if (strcmp(argument[0], "--allow") != 0 || !argument[1]) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
				"kiln-root: unknown argument \"%s\"; it is run by kiln, not by "
				"hand",
				argument[0]);
			return FALSE;
		}
		g_ptr_array_add(allowed, g_strdup(argument[1]));
	}
	g_ptr_array_add(allowed, NULL);
	*ret_allowed = (char **)g_ptr_array_free(g_steal_pointer(&allowed), FALSE);
	return TRUE;
}

static GString *read_request(GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char buffer[65536];
	ssize_t got;

	while ((got = read(REQUEST_FD, buffer, sizeof(buffer))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			kiln_error_set_errno(
				error, errno, "kiln-root: reading the request from fd 3");
			return NULL;
		}
		g_string_append_len(text, buffer, got);
		if (text->len > KILN_SANDBOX_REQUEST_MAX_BYTES) {
			g_set_error(
				error, KILN_ERROR, KILN_ERROR_USAGE, "request: larger than 16 MiB");
			return NULL;
		}
	}
	return g_steal_pointer(&text);
}

static gboolean work(char **argv, KilnSandboxReport *ret_report, GError **error)
{
	g_auto(GStrv) allowed = NULL;
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *libexec = g_path_get_dirname(program ? program : "/");
	g_autoptr(GString) text = NULL;
	g_autoptr(KilnSandboxRequest) request = NULL;
	KilnSandboxSettings settings = {.libexec = libexec};

	if (!parse_arguments(argv, &allowed, error) || !(text = read_request(error)))
		return FALSE;
	request = kiln_sandbox_request_parse(text->str, text->len, error);
	if (!request)
		return FALSE;
	settings.allowed = allowed;
	return kiln_sandbox_do(request, &settings, ret_report, error);
}

int main(int argc, char **argv)
{
	g_auto(KilnSandboxReport) report = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	(void)argc;
	/* A caller that dies takes this process with it, and this process its sandbox. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fcntl(REQUEST_FD, F_SETFD, FD_CLOEXEC);
	fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
	if (!work(argv, &report, &error)) {
		text = kiln_sandbox_report_emit(NULL, error);
		if (!kiln_fs_write_all(REPORT_FD, text, strlen(text)))
			fprintf(stderr, "%s\n", error->message);
		return kiln_error_exit_status(error);
	}
	text = kiln_sandbox_report_emit(&report, NULL);
	return kiln_fs_write_all(REPORT_FD, text, strlen(text)) ? 0 : KILN_ERROR_SYSTEM;
}
