/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/smoke.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/smoke_base.h"

#define CLIENT_WALL_S 600
#define TEST_WALL_S 600

static void job_clear(KilnSmokeJob *job)
{
	g_free(job->logs);
	g_free(job->work);
	g_free(job->upper);
	g_free(job->writable);
	g_free(job->base);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnSmokeJob, job_clear)

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

/* The hosts of the play come from the base alone: what was built gets there by the client or not at all. */
static KilnSolv *open_base(const KilnContext *context, GError **error)
{
	g_autofree char *cache = g_build_filename(context->project->cache, "solv", NULL);
	g_autoptr(KilnSolv) solv = kiln_solv_new(context->target->architecture, cache);

	return kiln_base_add_to(context->base, solv, error) ? g_steal_pointer(&solv) : NULL;
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
	const KilnCompose *compose, const char *previous, GError **error)
{
	g_autoptr(KilnSmoke) smoke = g_new0(KilnSmoke, 1);

	smoke->context = context;
	smoke->identity = identity;
	smoke->view = view;
	smoke->compose = compose;
	smoke->previous = previous;
	if (!read_url(smoke, error) || !make_layers(smoke, error) ||
		!(smoke->base = kiln_smoke_base_open(context, compose, previous, error)))
		return NULL;
	return g_steal_pointer(&smoke);
}

void kiln_smoke_free(KilnSmoke *smoke)
{
	if (!smoke)
		return;
	kiln_layers_free(smoke->client);
	kiln_layers_free(smoke->minimal);
	kiln_smoke_base_free(smoke->base);
	g_free(smoke->host);
	g_free(smoke->url_path);
	g_free(smoke->repo_url);
	g_free(smoke);
}

/* The sandbox that plays web server and consumer; the clean root is an overlay in it. */
static KilnSandboxRequest *client_request(const KilnSmokeJob *job, char *const *nevras)
{
	const KilnSmoke *smoke = job->smoke;
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	KilnSandboxRequest *request;

	g_ptr_array_add(argv, (gpointer) "/srv/kiln/smoke-client");
	g_ptr_array_add(argv, smoke->repo_url);
	g_ptr_array_add(argv, smoke->context->target->name);
	for (; *nevras; nevras++)
		g_ptr_array_add(argv, *nevras);
	g_ptr_array_add(argv, NULL);
	request = kiln_smoke_request(
		smoke->client->trees, (const char *const *)argv->pdata, CLIENT_WALL_S);
	kiln_smoke_bind_repositories(job, request);
	kiln_smoke_bind_test(job, request);
	kiln_sandbox_request_tree(
		request, "/mnt/root", (const char *const *)smoke->minimal->trees, job->upper);
	return request;
}

/* The sandbox that is the host on which the packages were just installed. */
static KilnSandboxRequest *test_request(const KilnSmokeJob *job)
{
	g_autoptr(GPtrArray) layers = g_ptr_array_new_with_free_func(g_free);
	const char *argv[] = {"/srv/smoke/test", NULL};
	KilnSandboxRequest *request;

	for (char **tree = job->smoke->minimal->trees; *tree; tree++)
		g_ptr_array_add(layers, g_strdup(*tree));
	g_ptr_array_add(layers, g_build_filename(job->upper, "tree", NULL));
	g_ptr_array_add(layers, NULL);
	request = kiln_smoke_request((char **)layers->pdata, argv, TEST_WALL_S);
	kiln_smoke_bind_test(job, request);
	return request;
}

static gboolean run_test(const KilnSmokeJob *job, GError **error)
{
	g_autoptr(KilnSandboxRequest) request = test_request(job);
	gint64 start = kiln_clock_monotonic_us();
	guint checks = 0;
	gboolean passed;

	kiln_event_step("smoke", "%s: testing the installed package", job->package->name);
	passed = kiln_smoke_execute(job, request, "its smoke test fails", "test.log", error) &&
		kiln_smoke_check_output(job, "test.log", &checks, error);
	if (!kiln_smoke_keep_files(job, "files", passed ? error : NULL) || !passed)
		return FALSE;
	kiln_event_done("smoke", kiln_clock_monotonic_us() - start, "%s: %s installs it, %u checks pass",
		job->package->name, kiln_smoke_client(job), checks);
	return TRUE;
}

static gboolean install_and_test(const KilnSmokeJob *job, char *const *nevras, GError **error)
{
	g_autofree char *test = g_build_filename(job->package->smoke_directory, "test", NULL);
	g_autofree char *refused = g_strconcat(kiln_smoke_client(job), " does not install it", NULL);
	g_autoptr(KilnSandboxRequest) client = client_request(job, nevras);
	gint64 start = kiln_clock_monotonic_us();

	kiln_event_step("smoke", "%s: %s install", job->package->name, kiln_smoke_client(job));
	if (!kiln_smoke_execute(job, client, refused, "client.log", error))
		return FALSE;
	if (g_file_test(test, G_FILE_TEST_EXISTS))
		return run_test(job, error);
	kiln_event_done("smoke", kiln_clock_monotonic_us() - start,
		"%s: %s installs it (it has no smoke test)", job->package->name, kiln_smoke_client(job));
	return TRUE;
}

/* The roots may hold what only kiln-root can remove. */
static gboolean remove_work(const KilnSmokeJob *job, GError **error)
{
	return kiln_root_remove(job->upper, error) && kiln_fs_remove_tree(job->work, error);
}

/* What untrusted code writes as root lies below a directory that nobody else can enter. */
static gboolean make_work(KilnSmokeJob *job, char *const *nevras, char *const *previous, GError **error)
{
	if (!remove_work(job, error) || !kiln_fs_make_private(job->work, error) ||
		!kiln_fs_make_directory(job->upper, error) || !kiln_fs_make_directory(job->writable, error))
		return FALSE;
	g_free(job->base);
	job->base = kiln_smoke_base_offer(job, nevras, previous, error);
	return job->base != NULL;
}

static gboolean make_places(KilnSmokeJob *job, GError **error)
{
	const KilnContext *context = job->smoke->context;
	g_autofree char *kept = g_build_filename(context->project->state, "smoke", NULL);
	g_autofree char *passing = g_build_filename(context->project->state, "work", NULL);
	g_autofree char *work = g_strconcat(".smoke-", job->package->name, NULL);

	job->logs = g_build_filename(kept, context->target->name, job->package->name, NULL);
	job->work = g_build_filename(passing, context->target->name, work, NULL);
	job->upper = g_build_filename(job->work, "root", NULL);
	job->writable = g_build_filename(job->work, "files", NULL);
	return kiln_fs_make_private(kept, error) && kiln_fs_make_private(passing, error) &&
		kiln_fs_remove_tree(job->logs, error) && kiln_fs_make_directory(job->logs, error);
}

static gboolean run_both(
	KilnSmokeJob *job, char *const *nevras, char *const *previous, GError **error)
{
	return make_work(job, nevras, previous, error) && install_and_test(job, nevras, error) &&
		make_work(job, nevras, previous, error) && kiln_smoke_host(job, nevras, previous, error);
}

gboolean kiln_smoke_run(KilnSmoke *smoke, const KilnCatalogPackage *package, char *const *nevras,
	char *const *previous, GError **error)
{
	g_auto(KilnSmokeJob) job = {.smoke = smoke, .package = package};
	gboolean passed;

	if (!make_places(&job, error))
		return FALSE;
	passed = run_both(&job, nevras, previous, error);
	return remove_work(&job, passed ? error : NULL) && passed;
}
