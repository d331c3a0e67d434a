/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/gpg_agent.h"

#include "base/error.h"
#include "base/process.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TIMEOUT_S 30

struct KilnGpgAgent {
	char *home;
	GPid holder;	/* the process the agent watches; 0: the agent is not ours */
	int connection; /* its stdin and stdout */
};

/* gpg-agent opens its sockets, forks itself into the background and turns into `cat`. So an echo
 * from cat says that the agent listens, and the end of cat ends the agent. */
static gboolean spawn_holder(KilnGpgAgent *agent, GError **error)
{
	const char *argv[] = {"gpg-agent", "--homedir", agent->home, "--quiet",
		"--disable-scdaemon", "--daemon", "--", "cat", NULL};
	struct timeval timeout = {.tv_sec = START_TIMEOUT_S};
	g_autoptr(GError) cause = NULL;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return kiln_error_set_errno(error, errno, "starting gpg-agent");
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	gboolean spawned = g_spawn_async_with_pipes_and_fds(NULL, argv, NULL,
		G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
		NULL, ends[1], ends[1], -1, NULL, NULL, 0, &agent->holder, NULL, NULL, NULL,
		&cause);
	close(ends[1]);
	agent->connection = ends[0];
	if (!spawned)
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"starting gpg-agent: %s; install GnuPG (make deps)", cause->message);
	return spawned;
}

static gboolean holder_answers(const KilnGpgAgent *agent)
{
	char byte = '\n';

	return send(agent->connection, &byte, 1, MSG_NOSIGNAL) == 1 &&
	       recv(agent->connection, &byte, 1, 0) == 1;
}

static void end_holder(KilnGpgAgent *agent)
{
	if (agent->connection >= 0)
		close(agent->connection);
	agent->connection = -1;
	while (agent->holder > 0 && waitpid(agent->holder, NULL, 0) < 0 && errno == EINTR)
		;
	agent->holder = 0;
}

static gboolean send_command(const KilnGpgAgent *agent, const char *command)
{
	const char *argv[] = {"gpg-connect-agent", "--homedir", agent->home, "--no-autostart",
		command, "/bye", NULL};
	KilnProcess process = {.argv = argv, .timeout_ms = START_TIMEOUT_S * 1000};

	return kiln_process_check(&process, NULL, NULL);
}

/* Why gpg-agent ended at once: what it says when it is asked again. */
static void tell_reason(const KilnGpgAgent *agent, GError **error)
{
	const char *argv[] = {
		"gpg-agent", "--homedir", agent->home, "--daemon", "--", "true", NULL};
	KilnProcess process = {.argv = argv, .timeout_ms = START_TIMEOUT_S * 1000};
	g_autoptr(GError) cause = NULL;

	kiln_process_check(&process, NULL, &cause);
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
		"starting gpg-agent for the keys in \"%s\": %s", agent->home,
		cause ? cause->message : "it ended without a reason");
}

KilnGpgAgent *kiln_gpg_agent_start(const char *home, GError **error)
{
	g_autoptr(KilnGpgAgent) agent = g_new0(KilnGpgAgent, 1);

	agent->home = g_strdup(home);
	agent->connection = -1;
	if (!spawn_holder(agent, error))
		return NULL;
	if (holder_answers(agent))
		return g_steal_pointer(&agent);
	end_holder(agent);
	if (send_command(agent, "GETINFO pid"))
		return g_steal_pointer(&agent);
	tell_reason(agent, error);
	return NULL;
}

void kiln_gpg_agent_free(KilnGpgAgent *agent)
{
	if (!agent)
		return;
	if (agent->holder > 0)
		send_command(agent, "KILLAGENT"); /* else it would stay for seconds */
	end_holder(agent);
	g_free(agent->home);
	g_free(agent);
}
