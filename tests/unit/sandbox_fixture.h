/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real sandboxes for tests: a layer with a static busybox, and scripts run on it by the kiln-root
 * of this build. Needs root, overlayfs and /bin/busybox (see tools/deps.sh); their absence is a
 * failure.
 */
#pragma once

#include "check.h"

#include "base/process.h"
#include "engine/root.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	char *scratch; /* everything of this test program is below */
	char *layer;   /* the busybox tree */
	char *upper;   /* an empty directory for writes, fresh for each test that asks */
} SandboxFixture;

static inline char *sandbox_make_directory(const SandboxFixture *fixture, const char *name)
{
	char *path = g_build_filename(fixture->scratch, name, NULL);

	assert_int_equal(g_mkdir_with_parents(path, 0755), 0);
	return path;
}

static inline void sandbox_write(const char *directory, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	assert_int_equal(g_mkdir_with_parents(parent, 0755), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static inline void sandbox_fill_layer(const char *layer)
{
	static const char *const applets[] = {"sh", "cat", "ls", "id", "env", "mount", "umount",
		"ps", "touch", "mkdir", "ln", "kill", "sleep", "grep", "wc", "head", "dd", "stat",
		"hostname", "ip", "nc", "wget", "true", "false", "sync", "readlink", "seq", "tty",
		"uname", "chown", "chroot", "unshare", "find", "rm", "mknod", "yes", "dmesg",
		"echo", "test", "stty", "mv", "sed"};
	const char *directories[] = {"bin", "etc", "tmp", "usr/bin", "usr/sbin", NULL};
	g_autofree char *program = NULL, *probe = NULL, *built = NULL;
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; directories[i]; i++) {
		g_autofree char *path = g_build_filename(layer, directories[i], NULL);
		assert_int_equal(g_mkdir_with_parents(path, 0755), 0);
	}
	program = g_build_filename(layer, "bin/busybox", NULL);
	if (!kiln_fs_copy("/bin/busybox", program, &error))
		fail_msg("a static busybox is needed: %s", error->message);
	probe = g_build_filename(layer, "bin/probe", NULL);
	built = g_build_filename(g_getenv("KILN_LIBEXEC"), "../../tests/fixtures/probe", NULL);
	kiln_fs_copy(built, probe, &error);
	assert_no_error(error);
	for (gsize i = 0; i < G_N_ELEMENTS(applets); i++) {
		g_autofree char *link = g_build_filename(layer, "bin", applets[i], NULL);
		assert_int_equal(symlink("busybox", link), 0);
	}
	sandbox_write(layer, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
	sandbox_write(layer, "etc/group", "root:x:0:\ntty:x:5:");
}

static inline int sandbox_setup(void **state)
{
	SandboxFixture *fixture = g_new0(SandboxFixture, 1);
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *unit = g_path_get_dirname(self);
	g_autofree char *libexec = g_build_filename(unit, "../../libexec/kiln", NULL);
	g_autoptr(GError) error = NULL;

	if (geteuid() != 0)
		fail_msg("tests of the sandbox need root");
	g_setenv("KILN_LIBEXEC", libexec, TRUE);
	fixture->scratch = g_dir_make_tmp("kiln-sandbox-XXXXXX", NULL);
	chmod(fixture->scratch, 0755);
	assert_true(kiln_root_allow(fixture->scratch, &error));
	fixture->layer = sandbox_make_directory(fixture, "layer");
	sandbox_fill_layer(fixture->layer);
	*state = fixture;
	return 0;
}

static inline int sandbox_teardown(void **state)
{
	SandboxFixture *fixture = *state;

	kiln_fs_remove_tree(fixture->scratch, NULL);
	g_free(fixture->scratch);
	g_free(fixture->layer);
	g_free(fixture->upper);
	g_free(fixture);
	return 0;
}

/* A request that runs `script` by the shell of the busybox layer. */
static inline KilnSandboxRequest *sandbox_request(const SandboxFixture *fixture, const char *script)
{
	KilnSandboxRequest *request = kiln_sandbox_request_new(KILN_SANDBOX_RUN);
	const char *layers[] = {fixture->layer, NULL};
	const char *argv[] = {"/bin/sh", "-c", script, NULL};

	request->layers = g_strdupv((char **)layers);
	request->argv = g_strdupv((char **)argv);
	return request;
}

/* Executes; returns the output, which must have come without an error of kiln-root's. */
static inline char *sandbox_execute(const SandboxFixture *fixture,
	const KilnSandboxRequest *request, KilnSandboxReport *ret_report)
{
	g_autofree char *path = g_build_filename(fixture->scratch, "output", NULL);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	g_autoptr(GError) error = NULL;
	char *output = NULL;
	gboolean done;

	assert_true(fd >= 0);
	done = kiln_root_execute(request, fd, ret_report, &error);
	close(fd);
	assert_no_error(error);
	assert_true(done);
	assert_true(g_file_get_contents(path, &output, NULL, NULL));
	return output;
}

/* The output of `script` run as `user`; it must exit 0. */
static inline char *sandbox_script(
	const SandboxFixture *fixture, KilnSandboxUser user, const char *script)
{
	g_autoptr(KilnSandboxRequest) request = sandbox_request(fixture, script);
	g_auto(KilnSandboxReport) report = {0};
	char *output;

	request->user = user;
	output = sandbox_execute(fixture, request, &report);
	if (report.exit_status != 0)
		fail_msg("script exited with %d: %s", report.exit_status, output);
	return output;
}

/* Executes a request that kiln-root is to refuse; hands the error over. */
static inline GError *sandbox_refusal(const KilnSandboxRequest *request)
{
	g_auto(KilnSandboxReport) report = {0};
	GError *error = NULL;

	if (kiln_root_execute(request, -1, &report, &error))
		fail_msg("the request was not refused (exit status %d)", report.exit_status);
	return error;
}

/* How many mounts of the test's own mount namespace mention `text`. */
static inline guint sandbox_count_mounts(const char *text)
{
	g_autofree char *mounts = NULL;
	g_auto(GStrv) lines = NULL;
	guint count = 0;

	assert_true(g_file_get_contents("/proc/self/mountinfo", &mounts, NULL, NULL));
	lines = g_strsplit(mounts, "\n", -1);
	for (char **line = lines; *line; line++)
		count += strstr(*line, text) != NULL;
	return count;
}
