/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person, a log and a program see of events: on a pseudo-terminal, in a file, as JSON. */
#include "screen_fixture.h"

#include "base/event.h"
#include "cli/live.h"
#include "cli/terminal.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MS 10000

/* Where stderr goes during a test. */
typedef struct {
	int master, saved; /* master: -1 for a file */
	int columns, rows;
	char *path;
	GString *bytes;
} Place;

/* The real stderr, for the words of a test that fails. */
static int real_stderr = -1;

static int give_back_stderr(void **state)
{
	(void)state;
	kiln_event_set_sink(NULL, NULL);
	dup2(real_stderr, STDERR_FILENO);
	return 0;
}

static Place *open_terminal(int columns, int rows)
{
	Place *place = g_new0(Place, 1);
	struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
	int slave = -1;

	assert_int_equal(openpty(&place->master, &slave, NULL, NULL, &size), 0);
	place->columns = columns;
	place->rows = rows;
	place->bytes = g_string_new(NULL);
	fflush(stderr);
	place->saved = dup(STDERR_FILENO);
	dup2(slave, STDERR_FILENO);
	close(slave);
	g_setenv("TERM", "xterm", TRUE);
	g_unsetenv("NO_COLOR");
	return place;
}

static Place *open_file(void)
{
	Place *place = g_new0(Place, 1);
	int fd = g_file_open_tmp("kiln-terminal.XXXXXX", &place->path, NULL);

	assert_true(fd >= 0);
	place->master = -1;
	fflush(stderr);
	place->saved = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
	return place;
}

/* Takes over what was written until now: a bell that nothing else rings marks its end. */
static void collect(Place *place)
{
	char buffer[4096];

	assert_int_equal(write(STDERR_FILENO, "\a", 1), 1);
	while (!strchr(place->bytes->str, '\a')) {
		struct pollfd ready = {.fd = place->master, .events = POLLIN};
		assert_int_equal(poll(&ready, 1, ANSWER_MS), 1);
		ssize_t count = read(place->master, buffer, sizeof buffer);
		assert_true(count > 0);
		g_string_append_len(place->bytes, buffer, count);
	}
	g_string_truncate(place->bytes, place->bytes->len - 1);
}

/* What has been written; on a terminal what is seen. Times are told as N. */
static char *seen(Place *place)
{
	g_autoptr(GRegex) times = g_regex_new("[0-9]+\\.[0-9]+ s|[0-9]+ s", 0, 0, NULL);
	g_autofree char *text = NULL;

	if (place->master >= 0) {
		collect(place);
		text = screen_after(place->bytes->str, place->columns, place->rows);
	} else {
		assert_true(g_file_get_contents(place->path, &text, NULL, NULL));
	}
	return g_regex_replace_literal(times, text, -1, 0, "N s", 0, NULL);
}

static void assert_seen(Place *place, const char *expected)
{
	g_autofree char *text = seen(place);

	assert_string_equal(text, expected);
}

static void close_place(Place *place)
{
	kiln_event_set_sink(NULL, NULL);
	fflush(stderr);
	dup2(place->saved, STDERR_FILENO);
	close(place->saved);
	if (place->master >= 0)
		close(place->master);
	if (place->path)
		g_unlink(place->path);
	g_free(place->path);
	if (place->bytes)
		g_string_free(place->bytes, TRUE);
	g_free(place);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Place, close_place)

static void say_in_job(const char *job, const char *step, const char *line)
{
	kiln_event_set_job(job);
	if (line)
		kiln_event_info("note", "%s", line);
	kiln_event_step(step, "work");
	kiln_event_set_job(NULL);
}

/* --- one job --- */

static void test_the_main_job(void **state)
{
	g_autoptr(Place) place = open_terminal(60, 10);

	(void)state;
	kiln_terminal_install(KILN_TERMINAL_AUTO);
	kiln_event_step("fetch", "2 files");
	assert_seen(place, "fetch        2 files …\n");
	kiln_event_progress("fetch", 3, 3);
	assert_seen(place, "  fetch 100 % (3/3)\n");
	kiln_event_done("fetch", 1500000, "2 files");
	kiln_event_warning("source", "old \033[31mcolour");
	assert_seen(place, "fetch        2 files  N s\nsource       warning: old ?[31mcolour\n");
	kiln_event_step("layer", "12 packages");
	kiln_terminal_error("first\nsecond", 1);
	assert_seen(place, "fetch        2 files  N s\nsource       warning: old "
			   "?[31mcolour\nkiln: first\n  second\n");
}

/* --- jobs on a terminal --- */

static void test_jobs_on_a_terminal(void **state)
{
	g_autoptr(Place) place = open_terminal(60, 12);

	(void)state;
	kiln_terminal_install(KILN_TERMINAL_AUTO);
	kiln_event_info("plan", "5 packages");
	kiln_event_job_begin("libfoo", "starting");
	kiln_event_job_begin("app", "starting");
	say_in_job("libfoo", "layer", "of libfoo");
	say_in_job("app", "rpmbuild", "of app");
	kiln_event_counts(3, 2, 7, 0);
	assert_seen(place, "plan         5 packages\n"
			   "  libfoo    N s  layer work …\n"
			   "  app       N s  rpmbuild work …\n"
			   "built 3, running 2, waiting 7, failed 0\n");

	/* What a job said comes when it ends; what goes on stays below. */
	say_in_job("app", "collect", "more of app");
	kiln_event_job_end("app", 1000, FALSE, "failed: no way");
	kiln_event_info("plan", "a word of the whole");
	kiln_event_counts(3, 1, 6, 2);
	assert_seen(place, "plan         5 packages\n"
			   "app          failed: no way  N s\n"
			   "  note         of app\n"
			   "  note         more of app\n"
			   "plan         a word of the whole\n"
			   "  libfoo    N s  layer work …\n"
			   "built 3, running 1, waiting 6, failed 2\n");
	kiln_event_job_end("libfoo", 1000, TRUE, "built");
	kiln_event_counts(4, 0, 0, 8);
	assert_seen(place, "plan         5 packages\n"
			   "app          failed: no way  N s\n"
			   "  note         of app\n"
			   "  note         more of app\n"
			   "plan         a word of the whole\n"
			   "libfoo       built  N s\n"
			   "  note         of libfoo\n");
}

/* The block is redrawn in place at the bottom, also when the screen is full and lines are cut. */
static void test_in_a_narrow_and_low_terminal(void **state)
{
	g_autoptr(Place) place = open_terminal(26, 6);
	g_autoptr(GString) expected = g_string_new(NULL);

	(void)state;
	kiln_terminal_install(KILN_TERMINAL_AUTO);
	for (int i = 0; i < 9; i++) {
		g_autofree char *job = g_strdup_printf("package-%d", i);
		kiln_event_job_begin(job, "広い広い広い");
	}
	for (int i = 0; i < 9; i++) {
		kiln_event_info("line", "%d with more than fits", i);
		g_string_append_printf(expected, "line         %d with more t\nhan fits\n", i);
	}
	kiln_event_counts(100, 9, 200, 0);
	/* The last column stays free, so the third wide character does not fit. */
	g_string_append(expected, "  package-0    N s  広い\n  package-1    N s  広い\n  and 7 "
				  "more\nbuilt 100, running 9, wai\n");
	assert_seen(place, expected->str);
}

static void test_ticks_move_the_time(void **state)
{
	g_autoptr(KilnLive) live = kiln_live_new();
	const KilnLiveScreen screen = {.columns = 80, .rows = 24};

	(void)state;
	kiln_live_begin(live, "a", 0);
	g_autofree char *first = kiln_live_draw(live, &screen, "", 999999);
	assert_string_equal(first, "  a    0 s  \nbuilt 0, running 0, waiting 0, failed 0");
	assert_null(kiln_live_draw(live, &screen, "", 999999));
	g_autofree char *second = kiln_live_draw(live, &screen, "", 61 * G_USEC_PER_SEC);
	assert_string_equal(
		second, "\033[1A\r\033[J  a 1:01 min  \nbuilt 0, running 0, waiting 0, failed 0");
	/* A terminal that was made narrower has made five lines of these two. */
	const KilnLiveScreen narrow = {.columns = 13, .rows = 24};
	g_autofree char *erased = kiln_live_erase(live, &narrow);
	assert_string_equal(erased, "\033[4A\r\033[J");
	assert_null(kiln_live_erase(live, &narrow));
}

/* The shell's next prompt does not go behind the last live line. */
static void test_ended_by_a_signal(void **state)
{
	g_autoptr(Place) place = open_terminal(60, 10);
	int status = 0;

	(void)state;
	pid_t child = fork();
	if (child == 0) {
		/* A job of a shell script in the background has it ignored. */
		signal(SIGINT, SIG_DFL);
		kiln_terminal_install(KILN_TERMINAL_AUTO);
		kiln_event_job_begin("a", "starting");
		kiln_event_counts(0, 1, 0, 0);
		raise(SIGINT);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	fputs("$ ", stderr);
	fflush(stderr);
	assert_seen(place, "  a    N s  starting\nbuilt 0, running 1, waiting 0, failed 0\n$\n");
}

static gboolean has_escape(const Place *place, const char *sequence)
{
	return strstr(place->bytes->str, sequence) != NULL;
}

static void show_something(Place *place)
{
	kiln_terminal_install(KILN_TERMINAL_AUTO);
	kiln_event_step("step", "going on");
	kiln_event_job_begin("job", "starting");
	kiln_event_counts(0, 1, 0, 1);
	kiln_event_job_end("job", 0, TRUE, "built");
	collect(place);
}

static void test_what_a_terminal_can(void **state)
{
	(void)state;
	{
		g_autoptr(Place) place = open_terminal(80, 24);
		show_something(place);
		assert_true(has_escape(place, "\033[32mjob"));
		assert_true(has_escape(place, "\033[31mfailed 1"));
		assert_true(has_escape(place, "\033[J"));
	}
	{
		g_autoptr(Place) place = open_terminal(80, 24);
		g_setenv("NO_COLOR", "1", TRUE);
		show_something(place);
		assert_false(has_escape(place, "m"));
		assert_true(has_escape(place, "\033[J"));
	}
	{
		g_autoptr(Place) place = open_terminal(80, 24);
		g_setenv("TERM", "dumb", TRUE);
		show_something(place);
		assert_false(has_escape(place, "\033"));
		assert_false(has_escape(place, "going on"));
		assert_true(has_escape(place, "job          built"));
	}
}

/* --- elsewhere --- */

static void test_plain_lines(void **state)
{
	g_autoptr(Place) place = open_file();

	(void)state;
	kiln_terminal_install(KILN_TERMINAL_PLAIN);
	kiln_event_job_begin("a", "starting");
	kiln_event_job_begin("b", "starting");
	kiln_event_job_begin("c", "starting");
	kiln_event_tick();
	say_in_job("a", "layer", "first of a");
	say_in_job("b", "layer", "first of b");
	say_in_job("a", "layer", "second of a");
	say_in_job("c", "layer", "only of c");
	kiln_event_counts(0, 3, 0, 0);
	kiln_event_info("plan", "meanwhile");
	kiln_event_job_end("b", 1000, TRUE, "built");
	kiln_event_job_end("a", 1000, FALSE, "failed");
	assert_seen(place, "plan         meanwhile\n"
			   "b            built  N s\n  note         first of b\n"
			   "a            failed  N s\n  note         first of a\n  note         "
			   "second of a\n");
	/* What could not end is not lost. */
	kiln_terminal_flush();
	kiln_terminal_flush();
	g_autofree char *text = seen(place);
	assert_true(g_str_has_suffix(
		text, "second of a\nc            did not end\n  note         only of c\n"));
}

/* A line for the end is only there when it says something. */
static void test_jobs_without_last_words(void **state)
{
	g_autoptr(Place) place = open_file();

	(void)state;
	kiln_terminal_install(KILN_TERMINAL_PLAIN);
	say_in_job("a", "layer", "of a");
	say_in_job("b", "layer", "of b");
	kiln_event_job_end("a", 1000, TRUE, "%s", "");
	kiln_event_job_end("b", 1000, FALSE, "%s", "");
	kiln_event_job_end("c", 1000, TRUE, "%s", "");
	assert_seen(place, "note         of a\n"
			   "b            failed  N s\n  note         of b\n"
			   "c            done  N s\n");
}

static void test_quiet(void **state)
{
	g_autoptr(Place) place = open_file();

	(void)state;
	kiln_terminal_install(KILN_TERMINAL_QUIET);
	kiln_event_job_begin("a", "starting");
	say_in_job("a", "layer", "of a");
	kiln_event_set_job("a");
	kiln_event_warning("source", "look out");
	kiln_event_set_job(NULL);
	kiln_event_warning("source", "you too");
	kiln_event_counts(0, 1, 0, 0);
	kiln_event_job_end("a", 1000, TRUE, "built");
	kiln_terminal_flush();
	assert_seen(place, "a: source       warning: look out\nsource       warning: you too\n");
}

static void test_json_lines(void **state)
{
	g_autoptr(Place) place = open_file();

	(void)state;
	kiln_terminal_install(KILN_TERMINAL_JSON);
	kiln_event_job_begin("a", "starting");
	say_in_job("a", "layer", "of a");
	kiln_event_tick();
	kiln_event_counts(1, 2, 3, 4);
	kiln_event_job_end("a", 7, FALSE, "failed");
	kiln_event_progress("fetch", 1, 2);
	assert_seen(place,
		"{\"event\":\"job-begin\",\"job\":\"a\",\"subject\":\"a\",\"text\":\"starting\"}\n"
		"{\"event\":\"info\",\"job\":\"a\",\"subject\":\"note\",\"text\":\"of a\"}\n"
		"{\"event\":\"step\",\"job\":\"a\",\"subject\":\"layer\",\"text\":\"work\"}\n"
		"{\"event\":\"counts\",\"subject\":\"jobs\",\"done\":1,\"running\":2,\"waiting\":3,"
		"\"failed\":4}\n"
		"{\"event\":\"job-end\",\"job\":\"a\",\"subject\":\"a\",\"text\":\"failed\","
		"\"elapsed_us\":7,"
		"\"good\":false}\n"
		"{\"event\":\"progress\",\"subject\":\"fetch\",\"current\":1,\"total\":2}\n");
}

/* --- threads --- */

#define THREADS 8
#define LINES 300

static int working;

static gpointer work(gpointer data)
{
	const char *job = data;

	kiln_event_set_job(job);
	kiln_event_job_begin(job, "starting");
	for (int i = 0; i < LINES; i++) {
		kiln_event_step("step", "%d", i);
		kiln_event_info(job, "%d", i);
	}
	kiln_event_job_end(job, 0, TRUE, "built");
	g_atomic_int_add(&working, -1);
	return NULL;
}

static void start_workers(GThread *threads[THREADS], const char *const names[THREADS])
{
	g_atomic_int_set(&working, THREADS);
	for (int i = 0; i < THREADS; i++)
		threads[i] = g_thread_new(names[i], work, (gpointer)names[i]);
}

static void join_workers(GThread *threads[THREADS])
{
	for (int i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
}

static const char *const names[THREADS] = {"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"};

typedef struct {
	int inside, together, foreign, count;
} Watch;

/* Counts events, those that came while another was here, and those of a job that another said. */
static void watch(const KilnEvent *event, gpointer data)
{
	Watch *watch = data;

	if (watch->inside++ > 0)
		watch->together++;
	if (event->kind == KILN_EVENT_INFO && strcmp(event->job, event->subject) != 0)
		watch->foreign++;
	watch->count++;
	g_thread_yield();
	watch->inside--;
}

static void test_one_event_at_a_time(void **state)
{
	GThread *threads[THREADS];
	Watch seen_events = {0};

	(void)state;
	kiln_event_set_sink(watch, &seen_events);
	start_workers(threads, names);
	join_workers(threads);
	kiln_event_set_sink(NULL, NULL);
	assert_int_equal(seen_events.together, 0);
	assert_int_equal(seen_events.foreign, 0);
	assert_int_equal(seen_events.count, THREADS * (2 * LINES + 2));
}

/* The lines of each job stand together below its end, in order, whatever ran beside it. */
static void test_jobs_in_threads(void **state)
{
	g_autoptr(Place) place = open_file();
	GThread *threads[THREADS];
	guint seen_jobs = 0;

	(void)state;
	kiln_terminal_install(KILN_TERMINAL_PLAIN);
	start_workers(threads, names);
	while (g_atomic_int_get(&working) > 0) {
		kiln_event_tick();
		kiln_event_counts(0, THREADS, 0, 0);
		kiln_terminal_flush();
	}
	join_workers(threads);
	g_autofree char *text = seen(place);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; **line; seen_jobs++) {
		g_autofree char *job = g_strndup(*line, 2);
		assert_true(g_strv_contains(names, job));
		gboolean is_part = strstr(*line, "did not end") != NULL;
		assert_true(is_part || strstr(*line, "built") != NULL);
		line++;
		for (int previous = -1; g_str_has_prefix(*line, "  "); line++) {
			assert_int_equal(strncmp(*line + 2, job, 2), 0);
			int number = atoi(*line + 15);
			assert_true(previous == -1 || number == previous + 1);
			previous = number;
		}
	}
	assert_true(seen_jobs >= THREADS);
}

#define case_of(function) cmocka_unit_test_teardown(function, give_back_stderr)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(test_the_main_job),
		case_of(test_jobs_on_a_terminal),
		case_of(test_in_a_narrow_and_low_terminal),
		case_of(test_ticks_move_the_time),
		case_of(test_ended_by_a_signal),
		case_of(test_what_a_terminal_can),
		case_of(test_plain_lines),
		case_of(test_jobs_without_last_words),
		case_of(test_quiet),
		case_of(test_json_lines),
		case_of(test_one_event_at_a_time),
		case_of(test_jobs_in_threads),
	};

	real_stderr = dup(STDERR_FILENO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
