/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/smoke_job.h"

#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/cause.h"
#include "engine/takeout.h"
#include "format/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX_BYTES (64 * 1024 * 1024)
#define LOG_MAX_BYTES (2 * OUTPUT_MAX_BYTES)
#define VERDICT ": error: "

/* Of tools/libexec, what the sandboxes run. */
static const char *const scripts[] = {"smoke-lib", "smoke-client", "smoke-host"};

const char *kiln_smoke_client(const KilnSmokeJob *job)
{
	return job->smoke->context->target->client_program;
}

KilnSandboxRequest *kiln_smoke_request(char **layers, const char *const *argv, gint64 wall_s)
{
	KilnSandboxRequest *request = kiln_sandbox_request_new(KILN_SANDBOX_RUN);

	g_strfreev(request->layers);
	request->layers = g_strdupv(layers);
	g_strfreev(request->argv);
	request->argv = g_strdupv((char **)argv);
	request->user = KILN_SANDBOX_ROOT;
	request->environment = kiln_sandbox_environment(KILN_SANDBOX_ROOT, "kiln");
	request->hostname = g_strdup("kiln");
	request->limits = (KilnSandboxLimits){.wall_s = wall_s, .output_bytes = OUTPUT_MAX_BYTES};
	return request;
}

static void set(KilnSandboxRequest *request, const char *name, const char *value)
{
	request->environment = g_environ_setenv(request->environment, name, value, TRUE);
}

void kiln_smoke_bind_repositories(const KilnSmokeJob *job, KilnSandboxRequest *request)
{
	const struct KilnSmoke *smoke = job->smoke;
	const KilnContext *context = smoke->context;
	g_autofree char *place = g_build_filename("/srv/www", context->collection->name, context->target->name,
		"snapshots", smoke->compose->snapshot->id, NULL);
	const char *hosts[] = {smoke->host, NULL};

	for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++) {
		g_autofree char *source =
			g_build_filename(context->project->helper_directory, scripts[i], NULL);
		g_autofree char *destination = g_build_filename("/srv/kiln", scripts[i], NULL);
		kiln_sandbox_request_bind(request, source, destination, FALSE);
	}
	g_strfreev(request->network_hosts);
	request->network_hosts = g_strdupv((char **)hosts);
	set(request, "KILN_URL_PATH", smoke->url_path);
	set(request, "KILN_CLIENT", context->target->client_program);
	set(request, "KILN_INIT", context->target->client_init);
	if (context->target->releasever)
		set(request, "KILN_RELEASEVER", context->target->releasever);
	kiln_sandbox_request_bind(request, smoke->view, "/srv/www", FALSE);
	kiln_sandbox_request_bind(request, smoke->compose->directory, place, FALSE);
	kiln_sandbox_request_bind(request, job->base, "/srv/base", FALSE);
}

void kiln_smoke_bind_test(const KilnSmokeJob *job, KilnSandboxRequest *request)
{
	g_autofree char *common = kiln_catalog_smoke_common(job->smoke->context->project);

	if (g_file_test(job->package->smoke_directory, G_FILE_TEST_IS_DIR))
		kiln_sandbox_request_bind(request, job->package->smoke_directory, "/srv/smoke", FALSE);
	kiln_sandbox_request_bind(request, job->writable, "/var/tmp/smoke", TRUE);
	set(request, "KILN_SMOKE_LOGS", "/var/tmp/smoke");
	if (!g_file_test(common, G_FILE_TEST_IS_DIR))
		return;
	kiln_sandbox_request_bind(request, common, "/srv/smoke-common", FALSE);
	set(request, "KILN_SMOKE_COMMON", "/srv/smoke-common");
}

/* Why a run failed: the script's own verdict, what its log tells, or how it ended. Caller owns. */
static char *explain(const KilnSandboxReport *report, const char *log)
{
	g_auto(KilnCause) cause = {0};
	const char *verdict;

	kiln_cause_find_in_file(log, &cause);
	if (report->message)
		return cause.line && !g_str_equal(cause.kind, "limit")
			? g_strdup_printf("%s: %s", report->message, cause.line)
			: g_strdup(report->message);
	if (!cause.line)
		return g_strdup_printf("ended with exit status %d", report->exit_status);
	verdict = g_str_has_prefix(cause.line, "smoke-") ? strstr(cause.line, VERDICT) : NULL;
	return g_strdup(verdict ? verdict + strlen(VERDICT) : cause.line);
}

static char *log_path(const KilnSmokeJob *job, const char *log)
{
	return g_build_filename(job->logs, log, NULL);
}

static gboolean set_failure(const KilnSmokeJob *job, const char *what, const KilnSandboxReport *report,
	const char *path, GError **error)
{
	g_autofree char *reason = explain(report, path);

	g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "\"%s\": %s: %s\nlog: %s", job->package->name, what,
		reason, kiln_project_relative(job->smoke->context->project, path));
	return FALSE;
}

gboolean kiln_smoke_execute(const KilnSmokeJob *job, KilnSandboxRequest *request, const char *what,
	const char *log, GError **error)
{
	g_auto(KilnSandboxReport) report = {0};
	g_autofree char *path = log_path(job, log);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	gboolean done;

	if (fd < 0)
		return kiln_error_set_errno(error, errno, "creating \"%s\"", path);
	done = kiln_root_execute(request, fd, &report, error);
	close(fd);
	if (!done) {
		g_prefix_error(error, "\"%s\": %s: ", job->package->name, what);
		/* A program or its interpreter that the root does not have: the test's fault. */
		if (error && (*error)->code == KILN_ERROR_NOT_FOUND)
			(*error)->code = KILN_ERROR_BUILD;
		return FALSE;
	}
	return kiln_sandbox_report_succeeded(&report) || set_failure(job, what, &report, path, error);
}

/* What is wrong with a test that ended well; NULL for nothing. Caller owns. */
static char *object(const KilnTap *tap, const char *path)
{
	g_autofree char *objection = kiln_tap_objection(tap);
	g_auto(KilnCause) cause = {0};

	if (!objection)
		return NULL;
	if (tap->failed == 0)
		return g_strdup_printf("its smoke test proves nothing: %s", objection);
	kiln_cause_find_in_file(path, &cause);
	return g_strdup_printf("its smoke test fails: %s, %s", objection,
		cause.line ? cause.line : "see its log");
}

gboolean kiln_smoke_check_output(
	const KilnSmokeJob *job, const char *log, guint *ret_checks, GError **error)
{
	g_autofree char *path = log_path(job, log);
	g_autofree char *text = kiln_fs_read(path, LOG_MAX_BYTES, NULL, error);
	g_autofree char *objection = NULL;
	KilnTap tap;

	if (!text)
		return FALSE;
	kiln_tap_read(text, &tap);
	*ret_checks = tap.passed;
	objection = object(&tap, path);
	if (!objection)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "\"%s\": %s\nlog: %s", job->package->name, objection,
		kiln_project_relative(job->smoke->context->project, path));
	return FALSE;
}

gboolean kiln_smoke_keep_files(const KilnSmokeJob *job, const char *name, GError **error)
{
	g_autofree char *kept = g_build_filename(job->logs, name, NULL);
	guint left = 0;

	if (!kiln_takeout_files(job->writable, kept, &left, error))
		return FALSE;
	if (left > 0)
		kiln_event_warning(job->package->name,
			"%u of what its smoke test left are not kept in %s: no regular files, or too large", left,
			kiln_project_relative(job->smoke->context->project, kept));
	return TRUE;
}
