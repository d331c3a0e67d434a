/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/gpg_agent.h"

#include "base/error.h"
#include "base/process.h"

#include <errno.h>
#include <string.h>
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

/* Asks the agent that serves the home; its answer, or NULL when there is none. Caller owns. */
static char *ask_agent(const KilnGpgAgent *agent, const char *command)
{
	const char *argv[] = {"gpg-connect-agent", "--homedir", agent->home, "--no-autostart",
		command, "/bye", NULL};
	KilnProcess process = {.argv = argv, .timeout_ms = START_TIMEOUT_S * 1000};
	char *answer = NULL;

	return kiln_process_check(&process, &answer, NULL) ? answer : NULL;
}

/* The answer to GETINFO pid is "D PID". */
static pid_t find_agent(const KilnGpgAgent *agent)
{
	g_autofree char *answer = ask_agent(agent, "GETINFO pid");

	return answer && g_str_has_prefix(answer, "D ")
		       ? (pid_t)g_ascii_strtoll(answer + 2, NULL, 10)
		       : 0;
}

/* Whether the agent is one of a Kiln that was killed: it is bound to a `cat`, and whoever calls
 * this holds the lock on the home. It is about to notice, and then to end. */
static gboolean is_orphan(pid_t pid)
{
	static const char ending[] = "\0--\0cat";
	g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)pid);
	g_autofree char *line = NULL;
	gsize size = 0;

	return g_file_get_contents(path, &line, &size, NULL) && size > sizeof(ending) &&
	       memcmp(line + size - sizeof(ending), ending, sizeof(ending)) == 0;
}

static void end_agent(const KilnGpgAgent *agent, pid_t pid)
{
	g_free(ask_agent(agent, "KILLAGENT"));
	for (int i = 0; i < START_TIMEOUT_S * 100 && find_agent(agent) == pid; i++)
		g_usleep(G_USEC_PER_SEC / 100);
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

/* TRUE when the home is served now: by a new agent, or by the user's. */
static gboolean serve(KilnGpgAgent *agent, GError **error)
{
	if (!spawn_holder(agent, error))
		return FALSE;
	if (holder_answers(agent))
		return TRUE;
	end_holder(agent);
	pid_t pid = find_agent(agent);
	if (pid > 0 && !is_orphan(pid))
		return TRUE;
	if (pid > 0) {
		end_agent(agent, pid);
		if (!spawn_holder(agent, error))
			return FALSE;
		if (holder_answers(agent))
			return TRUE;
		end_holder(agent);
	}
	tell_reason(agent, error);
	return FALSE;
}

KilnGpgAgent *kiln_gpg_agent_start(const char *home, GError **error)
{
	g_autoptr(KilnGpgAgent) agent = g_new0(KilnGpgAgent, 1);

	agent->home = g_strdup(home);
	agent->connection = -1;
	return serve(agent, error) ? g_steal_pointer(&agent) : NULL;
}

void kiln_gpg_agent_free(KilnGpgAgent *agent)
{
	if (!agent)
		return;
	if (agent->holder > 0)
		g_free(ask_agent(agent, "KILLAGENT")); /* else it would stay for seconds */
	end_holder(agent);
	g_free(agent->home);
	g_free(agent);
}
