/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/smoke_job.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"

#define HOST_WALL_S 600
#define LOG "host.log"

/* Scripts of SysV init need no init to be started by. */
static gboolean boots(const KilnSmokeJob *job)
{
	return g_str_equal(job->smoke->context->target->client_init, "systemd");
}

static const char *place(const KilnSmokeJob *job)
{
	return boots(job) ? "on a booted host" : "on a host";
}

/* smoke-host REPO_FILE_URL BASE_NAME [PREVIOUS…] -- NEVRA… */
static KilnSandboxRequest *host_request(
	const KilnSmokeJob *job, char *const *nevras, char *const *previous)
{
	const struct KilnSmoke *smoke = job->smoke;
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	KilnSandboxRequest *request;

	g_ptr_array_add(argv, (gpointer) "/srv/kiln/smoke-host");
	g_ptr_array_add(argv, smoke->repo_url);
	g_ptr_array_add(argv, smoke->context->target->name);
	for (; previous && *previous; previous++)
		g_ptr_array_add(argv, *previous);
	g_ptr_array_add(argv, (gpointer) "--");
	for (; *nevras; nevras++)
		g_ptr_array_add(argv, *nevras);
	g_ptr_array_add(argv, NULL);
	request = kiln_smoke_request(
		smoke->client->trees, (const char *const *)argv->pdata, HOST_WALL_S);
	request->boot = boots(job);
	request->upper = g_strdup(job->upper);
	kiln_smoke_bind_repositories(job, request);
	kiln_smoke_bind_test(job, request);
	if (smoke->previous)
		kiln_sandbox_request_bind(request, smoke->previous, "/srv/previous", FALSE);
	return request;
}

gboolean kiln_smoke_host(const KilnSmokeJob *job, char *const *nevras, char *const *previous, GError **error)
{
	const char *way = previous ? "install, upgrade, remove" : "install, remove";
	g_autoptr(KilnSandboxRequest) request = host_request(job, nevras, previous);
	gint64 start = kiln_clock_monotonic_us();
	g_autofree char *failure = g_strconcat("it fails ", place(job), NULL);
	guint checks = 0;
	gboolean passed;

	kiln_event_step("smoke", "%s: %s %s", job->package->name, way, place(job));
	passed = kiln_smoke_execute(job, request, failure, LOG, error) &&
		kiln_smoke_check_output(job, LOG, &checks, error);
	if (!kiln_smoke_keep_files(job, "host-files", passed ? error : NULL) || !passed)
		return FALSE;
	kiln_event_done("smoke", kiln_clock_monotonic_us() - start, "%s: %s %s, %u checks pass",
		job->package->name, way, place(job), checks);
	return TRUE;
}
