/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evaluates one spec inside the root of its target and prints the answer as JSON. A spec runs code:
 * kiln-root starts this jailed, without network, with the host's libraries at / and the target's
 * root at --root. The host's librpmbuild reads the spec there; where it cannot, the root's own
 * rpmspec is asked. Exit status 0: there is an answer (that the spec is broken is one too).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <iconv.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "format/spec_json.h"
#include "format/spec_log.h"
#include "lib/rpmmacros.h"
#include "lib/rpmspec.h"
#include "lib/spec.h"
#include "model/sandbox.h"

#define MAX_TALK_BYTES (16 * 1024)

typedef struct {
	char *root;
	char **with, **without, **defines, **arguments;
	char *target;
	gboolean ask_target;
	char *macros;
} Options;

/* The real stdout and stderr: what the spec runs writes into `talk` instead. */
static int answer_fd = -1, error_fd = -1, talk_fd = -1;
static gboolean answered;

#ifdef __SANITIZE_ADDRESS__
/* The leak checker wants ptrace, which the jail refuses; librpm would leak anyway. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static gboolean parse_options(Options *options, int *argc, char ***argv, GError **error)
{
	const GOptionEntry entries[] = {
		{"root", 0, 0, G_OPTION_ARG_FILENAME, &options->root, "Enter DIR", "DIR"},
		{"ask-target", 0, 0, G_OPTION_ARG_NONE, &options->ask_target, "Only rpmspec", NULL},
		{"macros", 0, 0, G_OPTION_ARG_FILENAME, &options->macros,
			"Only say what rpm has against this file of macros, a line each", "FILE"},
		{"target", 0, 0, G_OPTION_ARG_STRING, &options->target, "As rpmbuild's", "ARCH"},
		{"with", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->with, "Set a condition", "X"},
		{"without", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->without, "Unset one", "X"},
		{"define", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->defines, "A macro", "N BODY"},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->arguments, NULL,
			"SPEC"},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, error))
		return FALSE;
	if (options->macros ? !options->arguments
			    : options->arguments && options->arguments[0] && !options->arguments[1])
		return TRUE;
	g_set_error_literal(error, KILN_ERROR, KILN_ERROR_USAGE, "exactly one spec is to be named");
	return FALSE;
}

/* Whatever the C library loads on first use must come from the host, before the root changes. */
static void settle_libraries(void)
{
	iconv_t conversion = iconv_open("utf-8", "utf-8");

	if (conversion != (iconv_t)-1)
		iconv_close(conversion);
	(void)getpwnam("root");
	(void)getgrnam("root");
}

static gboolean enter_root(const char *root, GError **error)
{
	if (chdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return kiln_error_set_errno(error, errno, "entering \"%s\"", root);
	if (geteuid() != 0)
		return TRUE;
	if (setgroups(0, NULL) < 0 ||
		setresgid(KILN_SANDBOX_GID, KILN_SANDBOX_GID, KILN_SANDBOX_GID) < 0 ||
		setresuid(KILN_SANDBOX_UID, KILN_SANDBOX_UID, KILN_SANDBOX_UID) < 0)
		return kiln_error_set_errno(error, errno, "becoming user %d", KILN_SANDBOX_UID);
	return TRUE;
}

static gboolean redirect(GError **error)
{
	answer_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	error_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	talk_fd = memfd_create("talk", MFD_CLOEXEC);
	if (answer_fd < 0 || error_fd < 0 || talk_fd < 0 || dup2(talk_fd, STDOUT_FILENO) < 0 ||
		dup2(talk_fd, STDERR_FILENO) < 0)
		return kiln_error_set_errno(error, errno, "setting up the output");
	return TRUE;
}

/* The first bytes of what the spec's commands said. Caller owns. */
static char *read_talk(void)
{
	g_autofree char *talk = g_malloc0(MAX_TALK_BYTES + 1);
	ssize_t size = pread(talk_fd, talk, MAX_TALK_BYTES, 0);

	talk[MAX(size, 0)] = '\0';
	return g_steal_pointer(&talk);
}

static gboolean write_all(int fd, const char *text)
{
	for (gsize size = strlen(text); size > 0;) {
		ssize_t written = write(fd, text, size);
		if (written < 0 && errno != EINTR)
			return FALSE;
		text += MAX(written, 0);
		size -= MAX(written, 0);
	}
	return TRUE;
}

/* librpm ends the process when memory runs out: pass on what it said then. */
static void tell_last_words(void)
{
	if (answered || talk_fd < 0)
		return;
	g_autofree char *talk = read_talk();
	(void)write_all(error_fd, talk);
}

/* The target's rpm judges, but librpmbuild knows the line of a fault that both see. */
static void keep_place(KilnSpec *second, const KilnSpec *first)
{
	if (!first->failure || !second->failure || second->failure->line > 0 ||
		strcmp(first->failure->text, second->failure->text) != 0)
		return;
	kiln_spec_diagnostic_free(second->failure);
	second->failure = kiln_spec_diagnostic_new(
		TRUE, first->failure->file, first->failure->line, first->failure->text);
}

/* An error that did not stop librpmbuild may come from a macro it does not know. */
static gboolean is_doubtful(const KilnSpec *spec)
{
	return spec->failure || kiln_spec_log_first_error(spec);
}

static KilnSpec *evaluate(const Options *options, const KilnSpecSettings *settings)
{
	g_autoptr(KilnSpec) first = options->ask_target ? NULL : kiln_spec_read(settings);
	g_autoptr(KilnSpec) second = NULL;

	if (options->ask_target || (is_doubtful(first) && kiln_rpmspec_exists()))
		second = kiln_rpmspec_read(settings);
	if (first && second)
		keep_place(second, first);
	KilnSpec *spec = second ? g_steal_pointer(&second) : g_steal_pointer(&first);
	g_autofree char *talk = read_talk();
	kiln_spec_log_parse_output(spec->diagnostics, talk, settings->path);
	return spec;
}

static gboolean answer(const Options *options, GError **error)
{
	const KilnSpecSettings settings = {
		.path = options->arguments[0],
		.target = options->target,
		.with = (const char *const *)options->with,
		.without = (const char *const *)options->without,
		.defines = (const char *const *)options->defines,
	};

	if (!redirect(error))
		return FALSE;
	settle_libraries();
	if (options->root && !enter_root(options->root, error))
		return FALSE;
	(void)atexit(tell_last_words);
	g_autoptr(KilnSpec) spec = evaluate(options, &settings);
	g_autofree char *text = kiln_spec_json_emit(spec);
	answered = write_all(answer_fd, text);
	return answered || kiln_error_set_errno(error, errno, "writing the answer");
}

/* Outside of any jail: nothing of a macro file runs when it is read. */
static gboolean answer_macros(const char *path, GError **error)
{
	g_autoptr(GPtrArray) messages = kiln_rpmmacros_load(path, error);

	for (guint i = 0; messages && i < messages->len; i++)
		printf("%s\n", (const char *)messages->pdata[i]);
	return messages != NULL;
}

static gboolean run(int argc, char **argv, GError **error)
{
	Options options = {0};

	if (!parse_options(&options, &argc, &argv, error))
		return FALSE;
	return options.macros ? answer_macros(options.macros, error) : answer(&options, error);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (run(argc, argv, &error))
		return EXIT_SUCCESS;
	dprintf(error_fd >= 0 ? error_fd : STDERR_FILENO, "kiln-spec: %s\n", error->message);
	return kiln_error_exit_status(error);
}
