/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/smoke.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/cause.h"
#include "engine/root.h"
#include "engine/takeout.h"
#include "format/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CLIENT_WALL_S 600
#define TEST_WALL_S 300
#define OUTPUT_MAX_BYTES (64 * 1024 * 1024)
#define LOG_MAX_BYTES (2 * OUTPUT_MAX_BYTES)
#define CLIENT_VERDICT "smoke-client: error: "

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

/* The places of one run. What the test can write to is not where Kiln writes. */
typedef struct {
	char *logs;	/* kept: .kiln/smoke/TARGET/PACKAGE */
	char *work;	/* private, gone afterwards; no package can have its name */
	char *upper;	/* in it, the clean root's writable side */
	char *writable; /* in it, $KILN_SMOKE_LOGS of the test */
} Places;

static void places_clear(Places *places)
{
	g_free(places->logs);
	g_free(places->work);
	g_free(places->upper);
	g_free(places->writable);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Places, places_clear)

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

/* The hosts of the play come from the base alone: what was built gets there by dnf or not at all. */
static KilnSolv *open_base(const KilnContext *context, GError **error)
{
	g_autofree char *cache = g_build_filename(context->project->cache, "solv", NULL);
	g_autoptr(KilnSolv) solv = kiln_solv_new(context->target->architecture, cache);
	KilnSolvRepository base = {.name = context->target->name, .directory = context->base_directory};

	return kiln_solv_add_repository(solv, &base, error) ? g_steal_pointer(&solv) : NULL;
}

static gboolean make_layers(KilnSmoke *smoke, GError **error)
{
	g_autoptr(KilnSolv) base = open_base(smoke->context, error);
	KilnContext context = *smoke->context;
	KilnSolvRequest client = {
		.requester = "client", .requirements = (const char *const *)context.target->client};
	KilnSolvRequest minimal = {
		.requester = "minimal", .requirements = (const char *const *)context.target->minimal};

	if (!base)
		return FALSE;
	context.solv = base;
	smoke->client = kiln_context_layers(&context, &client, NULL, NULL, error);
	smoke->minimal =
		smoke->client ? kiln_context_layers(&context, &minimal, NULL, NULL, error) : NULL;
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
	const KilnSmoke *smoke, const KilnCatalogPackage *package, char *const *nevras, const char *upper)
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
	for (; *nevras; nevras++)
		g_ptr_array_add(argv, *nevras);
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

static void bind_test(
	const KilnSmoke *smoke, const KilnCatalogPackage *package, KilnSandboxRequest *request)
{
	g_autofree char *common = kiln_catalog_smoke_common(smoke->context->project);

	kiln_sandbox_request_bind(request, package->smoke_directory, "/srv/smoke", FALSE);
	if (!g_file_test(common, G_FILE_TEST_IS_DIR))
		return;
	kiln_sandbox_request_bind(request, common, "/srv/smoke-common", FALSE);
	request->environment =
		g_environ_setenv(request->environment, "KILN_SMOKE_COMMON", "/srv/smoke-common", TRUE);
}

/* The sandbox that is the host on which the packages were just installed. */
static KilnSandboxRequest *test_request(
	const KilnSmoke *smoke, const KilnCatalogPackage *package, const Places *places)
{
	g_autoptr(GPtrArray) layers = g_ptr_array_new_with_free_func(g_free);
	const char *argv[] = {"/srv/smoke/test", NULL};
	const char *variables[] = {"KILN_SMOKE_LOGS", "/var/tmp/smoke", NULL};
	KilnSandboxRequest *request;

	for (char **tree = smoke->minimal->trees; *tree; tree++)
		g_ptr_array_add(layers, g_strdup(*tree));
	g_ptr_array_add(layers, g_build_filename(places->upper, "tree", NULL));
	g_ptr_array_add(layers, NULL);
	request = root_request((char **)layers->pdata, argv, variables, TEST_WALL_S);
	bind_test(smoke, package, request);
	kiln_sandbox_request_bind(request, places->writable, "/var/tmp/smoke", TRUE);
	return request;
}

/* Why a run failed: the client's own verdict, what its log tells, or how it ended. Caller owns. */
static char *explain(const KilnSandboxReport *report, const char *log)
{
	g_auto(KilnCause) cause = {NULL, 0};

	kiln_cause_find_in_file(log, &cause);
	if (report->message)
		return cause.line ? g_strdup_printf("%s: %s", report->message, cause.line)
				  : g_strdup(report->message);
	if (!cause.line)
		return g_strdup_printf("ended with exit status %d", report->exit_status);
	return g_strdup(g_str_has_prefix(cause.line, CLIENT_VERDICT) ? cause.line + strlen(CLIENT_VERDICT)
								      : cause.line);
}

static gboolean set_failure(const KilnSmoke *smoke, const KilnCatalogPackage *package, const char *what,
	const KilnSandboxReport *report, const char *log, GError **error)
{
	g_autofree char *reason = explain(report, log);

	g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "\"%s\": %s: %s\nlog: %s", package->name, what,
		reason, kiln_project_relative(smoke->context->project, log));
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
	if (!done) {
		g_prefix_error(error, "\"%s\": %s: ", package->name, what);
		/* A program or its interpreter that the root does not have: the test's fault. */
		if (error && (*error)->code == KILN_ERROR_NOT_FOUND)
			(*error)->code = KILN_ERROR_BUILD;
		return FALSE;
	}
	return kiln_sandbox_report_succeeded(&report) ||
		set_failure(smoke, package, what, &report, log, error);
}

/* Believes a test that ended well only if what it printed agrees. */
static gboolean check_output(const KilnSmoke *smoke, const KilnCatalogPackage *package, const char *log,
	guint *ret_checks, GError **error)
{
	g_autofree char *text = kiln_fs_read(log, LOG_MAX_BYTES, NULL, error);
	g_autofree char *objection = NULL;
	KilnTap tap;

	if (!text)
		return FALSE;
	kiln_tap_read(text, &tap);
	*ret_checks = tap.passed;
	objection = kiln_tap_objection(&tap);
	if (!objection)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "\"%s\": its smoke test proves nothing: %s\nlog: %s",
		package->name, objection, kiln_project_relative(smoke->context->project, log));
	return FALSE;
}

/* What the test left for the reader; also when it failed, and without hiding why. */
static gboolean keep_files(
	const KilnSmoke *smoke, const KilnCatalogPackage *package, const Places *places, GError **error)
{
	g_autofree char *kept = g_build_filename(places->logs, "files", NULL);
	guint left = 0;

	if (!kiln_takeout_files(places->writable, kept, &left, error))
		return FALSE;
	if (left > 0)
		kiln_event_warning(package->name,
			"%u of what its smoke test left are not kept in %s: no regular files, or too large", left,
			kiln_project_relative(smoke->context->project, kept));
	return TRUE;
}

static gboolean run_test(
	const KilnSmoke *smoke, const KilnCatalogPackage *package, const Places *places, GError **error)
{
	g_autofree char *log = g_build_filename(places->logs, "test.log", NULL);
	g_autoptr(KilnSandboxRequest) request = test_request(smoke, package, places);
	gint64 start = kiln_clock_monotonic_us();
	guint checks = 0;
	gboolean passed;

	kiln_event_step("smoke", "%s: testing the installed package", package->name);
	passed = run(smoke, package, request, "its smoke test fails", log, error) &&
		check_output(smoke, package, log, &checks, error);
	if (!keep_files(smoke, package, places, passed ? error : NULL) || !passed)
		return FALSE;
	kiln_event_done("smoke", kiln_clock_monotonic_us() - start, "%s: dnf installs it, %u checks pass",
		package->name, checks);
	return TRUE;
}

static gboolean install_and_test(const KilnSmoke *smoke, const KilnCatalogPackage *package,
	char *const *nevras, const Places *places, GError **error)
{
	g_autofree char *log = g_build_filename(places->logs, "client.log", NULL);
	g_autofree char *test = g_build_filename(package->smoke_directory, "test", NULL);
	g_autoptr(KilnSandboxRequest) client = client_request(smoke, package, nevras, places->upper);
	gint64 start = kiln_clock_monotonic_us();

	kiln_event_step("smoke", "%s: dnf install", package->name);
	if (!run(smoke, package, client, "dnf does not install it", log, error))
		return FALSE;
	if (g_file_test(test, G_FILE_TEST_EXISTS))
		return run_test(smoke, package, places, error);
	kiln_event_done("smoke", kiln_clock_monotonic_us() - start,
		"%s: dnf installs it (it has no smoke test)", package->name);
	return TRUE;
}

/* The clean root may hold what only kiln-root can remove. */
static gboolean remove_work(const Places *places, GError **error)
{
	return kiln_root_remove(places->upper, error) && kiln_fs_remove_tree(places->work, error);
}

/* What untrusted code writes as root lies below a directory that nobody else can enter. */
static gboolean make_places(
	const KilnSmoke *smoke, const KilnCatalogPackage *package, Places *places, GError **error)
{
	const KilnContext *context = smoke->context;
	g_autofree char *kept = g_build_filename(context->project->state, "smoke", NULL);
	g_autofree char *passing = g_build_filename(context->project->state, "work", NULL);

	places->logs = g_build_filename(kept, context->target->name, package->name, NULL);
	places->work = g_build_filename(passing, context->target->name, ".smoke", NULL);
	places->upper = g_build_filename(places->work, "root", NULL);
	places->writable = g_build_filename(places->work, "files", NULL);
	return kiln_fs_make_private(kept, error) && kiln_fs_make_private(passing, error) &&
		kiln_fs_remove_tree(places->logs, error) && kiln_fs_make_directory(places->logs, error) &&
		remove_work(places, error) && kiln_fs_make_private(places->work, error) &&
		kiln_fs_make_directory(places->upper, error) &&
		kiln_fs_make_directory(places->writable, error);
}

gboolean kiln_smoke_run(
	KilnSmoke *smoke, const KilnCatalogPackage *package, char *const *nevras, GError **error)
{
	g_auto(Places) places = {NULL, NULL, NULL, NULL};
	gboolean passed;

	if (!make_places(smoke, package, &places, error))
		return FALSE;
	passed = install_and_test(smoke, package, nevras, &places, error);
	return remove_work(&places, passed ? error : NULL) && passed;
}
