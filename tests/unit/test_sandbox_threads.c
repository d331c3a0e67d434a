/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sandboxes and children from several threads at once, as the engine runs builds. */
#include "sandbox_fixture.h"

#include <signal.h>

#define THREADS 4
#define ROUNDS 8

/* One thread's work. Assertions of cmocka are for the main thread: others leave a text. */
typedef struct {
	SandboxFixture *fixture;
	guint number;
	char *fault;
} Worker;

static guint count_entries(const char *directory)
{
	g_auto(GStrv) names = kiln_fs_list(directory, NULL);

	assert_non_null(names);
	return g_strv_length(names);
}

/* The children that this process ever had: kiln-root is one for a sandbox. */
typedef struct {
	GHashTable *pids; /* texts */
	gint ended;
} Observer;

static gpointer observe(gpointer data)
{
	Observer *observer = data;

	while (!g_atomic_int_get(&observer->ended)) {
		g_auto(GStrv) tasks = kiln_fs_list("/proc/self/task", NULL);
		for (char **task = tasks; task && *task; task++) {
			g_autofree char *path = g_strdup_printf("/proc/self/task/%s/children", *task);
			g_autofree char *text = NULL;
			g_auto(GStrv) pids = NULL;
			if (!g_file_get_contents(path, &text, NULL, NULL))
				continue;
			pids = g_strsplit(text, " ", -1);
			for (char **pid = pids; *pid; pid++)
				g_hash_table_add(observer->pids, g_strdup(*pid));
		}
		g_usleep(1000);
	}
	return NULL;
}

/* Control groups of kiln-roots of ours. */
static guint count_groups(const Observer *observer)
{
	const char *find[] = {"find", "/sys/fs/cgroup", "-type", "d", "-name", "kiln.*", NULL};
	const KilnProcess process = {.argv = find};
	g_autofree char *output = NULL;
	g_auto(GStrv) paths = NULL;
	guint count = 0;

	if (!kiln_process_check(&process, &output, NULL))
		return 0;
	paths = g_strsplit(g_strstrip(output), "\n", -1);
	for (char **path = paths; *path; path++) {
		const char *dot = strrchr(*path, '.');
		count += dot && g_hash_table_contains(observer->pids, dot + 1);
	}
	return count;
}

/* `script` in a sandbox with an upper of its own, its output in a file of its own. */
static gboolean run_own(const Worker *worker, guint round, KilnSandboxReport *ret_report, char **ret_output,
	GError **error)
{
	g_autofree char *name = g_strdup_printf("threads/%u-%u", worker->number, round);
	g_autofree char *upper = sandbox_make_directory(worker->fixture, name);
	g_autofree char *path = g_strconcat(upper, ".output", NULL);
	/* Every second one runs into a limit, and is ended from outside. */
	g_autofree char *script = g_strdup_printf("echo %s | busybox tee /builddir/mine; seq 500; exec %s", name,
		round % 2 ? "sleep 33.25" : "true");
	g_autoptr(KilnSandboxRequest) request = sandbox_request(worker->fixture, script);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	gboolean done;

	request->upper = g_strdup(upper);
	request->limits = (KilnSandboxLimits){.wall_s = round % 2, .memory_bytes = 64 << 20, .processes = 16};
	done = kiln_root_execute(request, fd, ret_report, error) &&
		g_file_get_contents(path, ret_output, NULL, error);
	close(fd);
	return done && kiln_root_remove(upper, error);
}

static char *judge(const Worker *worker, guint round, const KilnSandboxReport *report, const char *output)
{
	g_autofree char *begin = g_strdup_printf("threads/%u-%u\n1\n2\n", worker->number, round);
	KilnSandboxLimit limit = round % 2 ? KILN_SANDBOX_LIMIT_WALL : KILN_SANDBOX_LIMIT_NONE;

	if (!g_str_has_prefix(output, begin) || !strstr(output, "\n499\n500\n") ||
		strstr(output + 1, "threads/"))
		return g_strdup_printf("output of another: \"%.200s\"", output);
	if (report->limit != limit || report->exit_status != (round % 2 ? 128 + SIGTERM : 0))
		return g_strdup_printf("limit %d, status %d", report->limit, report->exit_status);
	return NULL;
}

/* What builds do between their sandboxes. */
static gboolean work_beside(const Worker *worker, GError **error)
{
	g_autofree char *link = g_build_filename(worker->fixture->scratch, "shared-link", NULL);
	g_autofree char *file = g_build_filename(worker->fixture->layer, "etc/group", NULL);
	g_autofree char *same = g_build_filename(worker->fixture->scratch, "same-file", NULL);
	const char *argv[] = {"sh", "-c", "cat; echo $0", "word", NULL};
	const KilnProcess process = {.argv = argv, .input = "typed\n"};
	g_autofree char *output = NULL;

	for (guint i = 0; i < 300; i++)
		if (!kiln_fs_link_or_copy(file, same, error))
			return FALSE;
	if (!kiln_root_allow(worker->fixture->scratch, error) ||
		!kiln_fs_replace_link(link, worker->fixture->layer, error) ||
		!kiln_process_check(&process, &output, error))
		return FALSE;
	if (g_str_equal(output, "typed\nword\n"))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_FAILED, "a child said \"%s\"", output);
	return FALSE;
}

static gpointer work(gpointer data)
{
	Worker *worker = data;

	for (guint round = 0; round < ROUNDS && !worker->fault; round++) {
		g_auto(KilnSandboxReport) report = {0};
		g_autofree char *output = NULL;
		g_autoptr(GError) error = NULL;
		if (run_own(worker, round, &report, &output, &error) && work_beside(worker, &error))
			worker->fault = judge(worker, round, &report, output);
		else
			worker->fault = g_strdup(error->message);
	}
	return NULL;
}

/* Holds a lock of GLib's most of the time: a child that asks for it between fork and exec hangs. */
static gpointer disturb(gpointer data)
{
	const gint *ended = data;

	while (!g_atomic_int_get(ended))
		g_quark_from_string("kiln-disturbance");
	return NULL;
}

static void run_workers(Worker *workers, Observer *observer)
{
	GThread *threads[THREADS];
	GThread *disturber = g_thread_new("disturber", disturb, &observer->ended);
	GThread *watcher = g_thread_new("observer", observe, observer);

	for (guint i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("worker", work, &workers[i]);
	for (guint i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	g_atomic_int_set(&observer->ended, 1);
	g_thread_join(disturber);
	g_thread_join(watcher);
}

static void test_threads(void **state)
{
	guint files = count_entries("/proc/self/fd"), mounts = sandbox_count_mounts("");
	Worker workers[THREADS];
	g_autofree char *children = NULL, *own = g_strdup_printf("/proc/self/task/%d/children", getpid());
	g_autofree char *left = g_build_filename(((SandboxFixture *)*state)->scratch, "threads", NULL);
	g_autoptr(GHashTable) pids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Observer observer = {.pids = pids};
	g_auto(GStrv) uppers = NULL;

	for (guint i = 0; i < THREADS; i++)
		workers[i] = (Worker){.fixture = *state, .number = i};
	run_workers(workers, &observer);
	for (guint i = 0; i < THREADS; i++)
		if (workers[i].fault)
			fail_msg("thread %u: %s", i, workers[i].fault);
	assert_int_equal(count_entries("/proc/self/fd"), files);
	assert_int_equal(sandbox_count_mounts(""), mounts);
	assert_true(g_hash_table_size(pids) >= THREADS * ROUNDS);
	assert_int_equal(count_groups(&observer), 0);
	assert_true(g_file_get_contents(own, &children, NULL, NULL));
	assert_string_equal(children, "");
	/* Nothing of the uppers but the outputs. */
	uppers = kiln_fs_list(left, NULL);
	assert_int_equal(g_strv_length(uppers), THREADS * ROUNDS);
	for (char **name = uppers; *name; name++)
		assert_true(g_str_has_suffix(*name, ".output"));
}

/* Starts a child and ends, without waiting for it. */
static gpointer start_and_end(gpointer data)
{
	const char *argv[] = {"sleep", "33.5", NULL};
	const KilnProcess process = {.argv = argv};

	(void)data;
	return kiln_child_start(&process, NULL);
}

/* What base/child.h warns of, so that nobody relies on the contrary. */
static void test_child_ends_with_its_thread(void **state)
{
	KilnChild *child = g_thread_join(g_thread_new("starter", start_and_end, NULL));
	KilnProcessResult result = {0};
	struct pollfd polls[KILN_CHILD_POLLS];

	(void)state;
	assert_non_null(child);
	do {
		kiln_child_prepare(child, polls);
		poll(polls, KILN_CHILD_POLLS, 5000);
	} while (!kiln_child_dispatch(child, polls, &result));
	assert_int_equal(result.exit_status, 128 + SIGKILL);
	assert_true(result.wall_us < 10 * G_USEC_PER_SEC);
	kiln_process_result_clear(&result);
	kiln_child_free(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_child_ends_with_its_thread),
	};

	return cmocka_run_group_tests(tests, sandbox_setup, sandbox_teardown);
}
