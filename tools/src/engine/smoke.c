/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/smoke.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/build.h"
#include "engine/cause.h"
#include "engine/root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CLIENT_WALL_S 600
#define TEST_WALL_S 300
#define OUTPUT_MAX_BYTES (64 * 1024 * 1024)

struct KilnSmoke {
	KilnContext *context;
	const KilnIdentity *identity;
	const char *view;
	const KilnCompose *compose;
	KilnLayers *client, *minimal;
	char *host;     /* of the published URL */
	char *url_path; /* its path, "" or "/…" */
	char *repo_url; /* of the .repo file */
};

static gboolean read_url(KilnSmoke *smoke, GError **error)
{
	const KilnConfig *config = smoke->context->project->config;
	g_autoptr(GUri) uri = g_uri_parse(config->url, G_URI_FLAGS_NONE, error);

	if (!uri) {
		g_prefix_error(error, "publish url \"%s\": ", config->url);
		return FALSE;
	}
	smoke->host = g_strdup(g_uri_get_host(uri));
	smoke->url_path = g_strdup(g_uri_get_path(uri));
	smoke->repo_url = g_strdup_printf("%s/%s/%s/%s/%s", config->url, smoke->context->collection->name,
		smoke->context->target->name, config->channel, smoke->identity->repo_name);
	return TRUE;
}

static gboolean make_layers(KilnSmoke *smoke, GError **error)
{
	KilnContext *context = smoke->context;
	KilnSolvRequest client = {
		.requester = "client", .requirements = (const char *const *)context->target->client};
	KilnSolvRequest minimal = {
		.requester = "minimal", .requirements = (const char *const *)context->target->minimal};

	smoke->client = kiln_context_layers(context, &client, NULL, NULL, error);
	smoke->minimal =
		smoke->client ? kiln_context_layers(context, &minimal, NULL, NULL, error) : NULL;
	return smoke->minimal != NULL;
}

KilnSmoke *kiln_smoke_open(KilnContext *context, const KilnIdentity *identity, const char *view,
	const KilnCompose *compose, GError **error)
{
	g_autoptr(KilnSmoke) smoke = g_new0(KilnSmoke, 1);

	smoke->context = context;
	smoke->identity = identity;
	smoke->view = view;
	smoke->compose = compose;
	if (!read_url(smoke, error) || !make_layers(smoke, error))
		return NULL;
	return g_steal_pointer(&smoke);
}

void kiln_smoke_free(KilnSmoke *smoke)
{
	if (!smoke)
		return;
	kiln_layers_free(smoke->client);
	kiln_layers_free(smoke->minimal);
	g_free(smoke->host);
	g_free(smoke->url_path);
	g_free(smoke->repo_url);
	g_free(smoke);
}

static KilnSandboxRequest *root_request(
	char **layers, const char *const *argv, const char *const *variables, gint64 wall_s)
{
	KilnSandboxRequest *request = kiln_sandbox_request_new(KILN_SANDBOX_RUN);

	g_strfreev(request->layers);
	request->layers = g_strdupv(layers);
	g_strfreev(request->argv);
	request->argv = g_strdupv((char **)argv);
	request->user = KILN_SANDBOX_ROOT;
	request->environment = kiln_sandbox_environment(KILN_SANDBOX_ROOT, "kiln");
	for (; *variables; variables += 2)
		request->environment =
			g_environ_setenv(request->environment, variables[0], variables[1], TRUE);
	request->hostname = g_strdup("kiln");
	request->limits = (KilnSandboxLimits){.wall_s = wall_s, .output_bytes = OUTPUT_MAX_BYTES};
	return request;
}

/* The sandbox that plays web server and consumer; the clean root is an overlay in it. */
static KilnSandboxRequest *client_request(
	const KilnSmoke *smoke, const KilnCatalogPackage *package, char *const *names, const char *upper)
{
	const KilnContext *context = smoke->context;
	g_autofree char *script = g_build_filename(context->project->helper_directory, "smoke-client", NULL);
	g_autofree char *place = g_build_filename("/srv/www", context->collection->name, context->target->name,
		"snapshots", smoke->compose->snapshot->id, NULL);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	const char *hosts[] = {smoke->host, NULL};
	const char *variables[] = {"KILN_URL_PATH", smoke->url_path, NULL};
	KilnSandboxRequest *request;

	g_ptr_array_add(argv, (gpointer) "/srv/smoke-client");
	g_ptr_array_add(argv, smoke->repo_url);
	g_ptr_array_add(argv, context->target->name);
	for (; *names; names++)
		g_ptr_array_add(argv, *names);
	g_ptr_array_add(argv, NULL);
	request = root_request(
		smoke->client->trees, (const char *const *)argv->pdata, variables, CLIENT_WALL_S);
	request->network_hosts = g_strdupv((char **)hosts);
	kiln_sandbox_request_bind(request, script, "/srv/smoke-client", FALSE);
	kiln_sandbox_request_bind(request, smoke->view, "/srv/www", FALSE);
	kiln_sandbox_request_bind(request, smoke->compose->directory, place, FALSE);
	kiln_sandbox_request_bind(request, context->base_directory, "/srv/base", FALSE);
	if (g_file_test(package->smoke_directory, G_FILE_TEST_IS_DIR))
		kiln_sandbox_request_bind(request, package->smoke_directory, "/srv/smoke", FALSE);
	kiln_sandbox_request_tree(
		request, "/mnt/root", (const char *const *)smoke->minimal->trees, upper);
	return request;
}

/* The sandbox that is the host on which the packages were just installed. */
static KilnSandboxRequest *test_request(
	const KilnSmoke *smoke, const KilnCatalogPackage *package, const char *upper, const char *logs)
{
	g_autoptr(GPtrArray) layers = g_ptr_array_new_with_free_func(g_free);
	const char *argv[] = {"/srv/smoke/test", NULL};
	const char *variables[] = {"KILN_SMOKE_LOGS", "/var/tmp/smoke", NULL};
	KilnSandboxRequest *request;

	for (char **tree = smoke->minimal->trees; *tree; tree++)
		g_ptr_array_add(layers, g_strdup(*tree));
	g_ptr_array_add(layers, g_build_filename(upper, "tree", NULL));
	g_ptr_array_add(layers, NULL);
	request = root_request((char **)layers->pdata, argv, variables, TEST_WALL_S);
	kiln_sandbox_request_bind(request, package->smoke_directory, "/srv/smoke", FALSE);
	kiln_sandbox_request_bind(request, logs, "/var/tmp/smoke", TRUE);
	return request;
}

static gboolean set_failure(const KilnSmoke *smoke, const KilnCatalogPackage *package, const char *what,
	const KilnSandboxReport *report, const char *log, GError **error)
{
	g_auto(KilnCause) cause = {NULL, 0};

	kiln_cause_find_in_file(log, &cause);
	g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "\"%s\": %s: %s\nlog: %s", package->name, what,
		cause.line ? cause.line : report->message ? report->message : "ended unsuccessfully",
		kiln_project_relative(smoke->context->project, log));
	return FALSE;
}

static gboolean run(const KilnSmoke *smoke, const KilnCatalogPackage *package, KilnSandboxRequest *request,
	const char *what, const char *log, GError **error)
{
	g_auto(KilnSandboxReport) report = {0};
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	gboolean done;

	if (fd < 0)
		return kiln_error_set_errno(error, errno, "creating \"%s\"", log);
	done = kiln_root_execute(request, fd, &report, error);
	close(fd);
	if (!done)
		return FALSE;
	return kiln_sandbox_report_succeeded(&report) ||
		set_failure(smoke, package, what, &report, log, error);
}

/* Counts "ok " lines, for the report. */
static guint count_checks(const char *log)
{
	g_autofree char *text = NULL;
	guint count = 0;

	if (!g_file_get_contents(log, &text, NULL, NULL))
		return 0;
	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		count += g_str_has_prefix(line, "ok ");
	return count;
}

static gboolean install_and_test(KilnSmoke *smoke, const KilnCatalogPackage *package, char *const *names,
	const char *directory, const char *upper, GError **error)
{
	g_autofree char *client_log = g_build_filename(directory, "client.log", NULL);
	g_autofree char *test_log = g_build_filename(directory, "test.log", NULL);
	g_autofree char *test = g_build_filename(package->smoke_directory, "test", NULL);
	g_autoptr(KilnSandboxRequest) client = client_request(smoke, package, names, upper);
	g_autoptr(KilnSandboxRequest) sandbox = NULL;
	gint64 start = kiln_clock_monotonic_us();

	kiln_event_step("smoke", "%s: dnf install", package->name);
	if (!run(smoke, package, client, "dnf does not install it", client_log, error))
		return FALSE;
	if (!g_file_test(test, G_FILE_TEST_IS_EXECUTABLE)) {
		kiln_event_done("smoke", kiln_clock_monotonic_us() - start,
			"%s: dnf installs it (it has no smoke test)", package->name);
		return TRUE;
	}
	kiln_event_step("smoke", "%s: testing the installed package", package->name);
	sandbox = test_request(smoke, package, upper, directory);
	if (!run(smoke, package, sandbox, "its smoke test fails", test_log, error))
		return FALSE;
	kiln_event_done("smoke", kiln_clock_monotonic_us() - start, "%s: dnf installs it, %u checks pass",
		package->name, count_checks(test_log));
	return TRUE;
}

gboolean kiln_smoke_run(KilnSmoke *smoke, const KilnCatalogPackage *package, char *const *names, GError **error)
{
	const KilnContext *context = smoke->context;
	g_autofree char *directory = g_build_filename(
		context->project->state, "smoke", context->target->name, package->name, NULL);
	g_autofree char *upper = g_build_filename(
		context->project->state, "work", context->target->name, "smoke-root", NULL);

	if (!kiln_fs_remove_tree(directory, error) || !kiln_fs_make_directory(directory, error) ||
		!kiln_build_remove_root(upper, error) || !kiln_fs_make_directory(upper, error) ||
		!install_and_test(smoke, package, names, directory, upper, error))
		return FALSE;
	return kiln_build_remove_root(upper, error);
}
