/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http_fixture.h"

#include "base/error.h"
#include "base/event.h"
#include "lib/content_cache.h"
#include "lib/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define SIZE 100000

static const KilnFetchOptions quick = {
	.tries = 3,
	.backoff_ms = 1,
	.connect_timeout_ms = 500,
	.stall_timeout_ms = 1000,
	.max_bytes = 200000,
};

/* One file, fetched from the given behaviours in turn. */
typedef struct {
	const char *behaviours[4];
	gboolean unlocked;    /* digest and size are unknown */
	const char *checksum_kind; /* with unlocked: a digest of this kind is known */
	int code;	      /* 0: delivered */
	const char *message;  /* in the error; %s-free */
	const char *requests; /* the exact request log; NULL: not asked */
} Case;

static const Case cases[] = {
	{.behaviours = {"plain"}, .requests = "plain f -\n"},
	{.behaviours = {"plain"}, .unlocked = TRUE},
	{.behaviours = {"norange"}},
	{.behaviours = {"redirect"}, .requests = "redirect f -\nplain f -\n"},
	{.behaviours = {"flaky-500-2"},
		.requests = "flaky-500-2 f -\nflaky-500-2 f -\nflaky-500-2 f -\n"},
	{.behaviours = {"flaky-429-1"}},
	{.behaviours = {"flaky-503-3"},
		.code = KILN_ERROR_NETWORK,
		.message = "/f: HTTP status 503 (tries: 3)"},
	{.behaviours = {"cut-40000"},
		.requests = "cut-40000 f -\ncut-40000 f bytes=40000-\ncut-40000 f bytes=80000-\n"},
	{.behaviours = {"reset-90000", "plain"}},
	{.behaviours = {"open-60000"}, .requests = "open-60000 f -\nopen-60000 f bytes=60000-\n"},
	{.behaviours = {"cut-50", "norange"}},
	{.behaviours = {"cut-50", "badrange", "plain"}},
	{.behaviours = {"cut-0"}, .code = KILN_ERROR_NETWORK, .message = "(tries: 3)"},
	{.behaviours = {"cut-70"},
		.unlocked = TRUE,
		.code = KILN_ERROR_NETWORK,
		.message = "no origin delivered it: "},
	{.behaviours = {"status-404"},
		.code = KILN_ERROR_NETWORK,
		.message = "/status-404/f: HTTP status 404",
		.requests = "status-404 f -\n"},
	{.behaviours = {"status-304"}, .code = KILN_ERROR_NETWORK, .message = "HTTP status 304"},
	{.behaviours = {"status-404", "status-410", "plain"},
		.requests = "status-404 f -\nstatus-410 f -\nplain f -\n"},
	{.behaviours = {"wrong", "plain"}, .requests = "wrong f -\nplain f -\n"},
	{.behaviours = {"wrong"},
		.code = KILN_ERROR_VERIFY,
		.message = "/wrong/f: sha256 is ",
		.requests = "wrong f -\n"},
	{.behaviours = {"wrong", "status-404"},
		.code = KILN_ERROR_VERIFY,
		.message = "/status-404/f: HTTP status 404"},
	{.behaviours = {"shorter"}, .code = KILN_ERROR_VERIFY, .message = ", expected is "},
	{.behaviours = {"empty"}, .code = KILN_ERROR_VERIFY, .message = ", expected is "},
	{.behaviours = {"longer"},
		.code = KILN_ERROR_VERIFY,
		.message = "is larger than the expected 100000 bytes"},
	{.behaviours = {"longer-open"},
		.code = KILN_ERROR_VERIFY,
		.message = "is larger than the expected 100000 bytes"},
	{.behaviours = {"html"}, .code = KILN_ERROR_VERIFY, .message = "(it sent a web page)"},
	{.behaviours = {"redirect-loop"}, .code = KILN_ERROR_NETWORK, .message = "redirects"},
	{.behaviours = {"redirect-file"},
		.code = KILN_ERROR_NETWORK,
		.message = "rotocol \"file\""},
	{.behaviours = {"stall-500", "plain"}},
	{.behaviours = {"hang"}, .code = KILN_ERROR_NETWORK, .message = "(tries: 3)"},
	{.behaviours = {"plain"}, .unlocked = TRUE, .checksum_kind = "sha"},
	{.behaviours = {"cut-50", "wrong", "plain"}, .unlocked = TRUE, .checksum_kind = "sha1"},
	{.behaviours = {"flaky-500-2"}, .unlocked = TRUE, .checksum_kind = "sha512"},
	{.behaviours = {"wrong"},
		.unlocked = TRUE,
		.checksum_kind = "sha1",
		.code = KILN_ERROR_VERIFY,
		.message = "/wrong/f: sha1 is "},
	{.behaviours = {"empty"},
		.unlocked = TRUE,
		.checksum_kind = "sha",
		.code = KILN_ERROR_VERIFY,
		.message = "sha is da39a3ee5e6b4b0d3255bfef95601890afd80709, expected is "},
	/* Bytes of one wrong origin, continued by a good one: the good one gets a second chance. */
	{.behaviours = {"cut-50", "wrong", "plain"}, .requests = NULL},
};

static char **make_urls(HttpFixture *fixture, const Case *row, const char *name)
{
	char **urls = g_new0(char *, G_N_ELEMENTS(row->behaviours) + 1);

	for (guint i = 0; i < G_N_ELEMENTS(row->behaviours) && row->behaviours[i] != NULL; i++)
		urls[i] = http_fixture_url(fixture, row->behaviours[i], name);
	return urls;
}

static void assert_in_cache(HttpFixture *fixture, const char *sha256)
{
	g_autofree char *path = kiln_content_cache_path(fixture->cache, sha256);
	g_autofree char *found = kiln_digest_of_file(path, NULL, NULL);
	struct stat status;

	assert_non_null(found);
	assert_string_equal(found, sha256);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0444);
}

/* Nothing has a final name that was not asked for, and no partial file is left after success. */
static void assert_cache_holds(HttpFixture *fixture, const char *sha256, gboolean only)
{
	g_auto(GStrv) names = kiln_fs_list(fixture->cache, NULL);
	g_autofree char *partial = g_build_filename(fixture->cache, "partial", NULL);
	g_auto(GStrv) partials = kiln_fs_list(partial, NULL);

	for (guint i = 0; names != NULL && names[i] != NULL; i++)
		if (strcmp(names[i], "partial") != 0 &&
			(sha256 == NULL || strcmp(names[i], sha256) != 0))
			fail_msg("\"%s\" has got into the cache", names[i]);
	if (only && partials != NULL && partials[0] != NULL)
		fail_msg("partial file \"%s\" is left", partials[0]);
	if (sha256 != NULL)
		assert_in_cache(fixture, sha256);
}

static void check_case(HttpFixture *fixture, const Case *row, const char *sha256)
{
	g_auto(GStrv) urls = make_urls(fixture, row, "f");
	g_autofree char *path = g_build_filename(fixture->www, "f", NULL);
	g_autofree char *checksum =
		row->checksum_kind ? kiln_digest_of_file_as(row->checksum_kind, path, NULL, NULL) : NULL;
	g_auto(KilnFetchTask) task = {.name = "f.tar.gz",
		.urls = (const char *const *)urls,
		.cache_dir = fixture->cache,
		.sha256 = row->unlocked ? NULL : sha256,
		.checksum_kind = row->checksum_kind,
		.checksum = checksum,
		.size = row->unlocked ? 0 : SIZE};
	g_autoptr(GError) error = NULL;
	gboolean fetched = kiln_fetch_run(&task, 1, &quick, &error);
	g_autofree char *requests = http_fixture_requests(fixture);

	if (row->requests != NULL)
		assert_string_equal(requests, row->requests);
	assert_cache_holds(fixture, row->code == 0 ? sha256 : NULL, row->code == 0);
	if (row->code == 0) {
		if (!fetched)
			fail_msg("%s: %s", row->behaviours[0], error->message);
		assert_string_equal(task.ret_sha256, sha256);
		assert_int_equal(task.ret_size, SIZE);
		assert_null(task.error);
		return;
	}
	if (fetched || error->code != row->code)
		fail_msg("%s: %s", row->behaviours[0], fetched ? "delivered" : error->message);
	assert_null(task.ret_sha256);
	assert_int_equal(task.error->code, row->code);
	if (strstr(error->message, row->message) == NULL)
		fail_msg("%s: \"%s\" is not in \"%s\"", row->behaviours[0], row->message,
			error->message);
}

static void test_cases(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		http_fixture_reset(fixture);
		check_case(fixture, &cases[i], sha256);
	}
}

static gboolean fetch_one(HttpFixture *fixture, const char *behaviour, const char *sha256,
	const KilnFetchOptions *options, GError **error)
{
	g_autofree char *url = http_fixture_url(fixture, behaviour, "f");
	const char *const urls[] = {url, NULL};
	g_auto(KilnFetchTask) task = {.name = "f.tar.gz",
		.urls = urls,
		.cache_dir = fixture->cache,
		.sha256 = sha256,
		.size = SIZE};

	return kiln_fetch_run(&task, 1, options, error);
}

/* Every URL's refusal is in the message, in their order, and the locked digest is shown. */
static void test_message_lists_all_origins(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	const Case row = {.behaviours = {"status-404", "wrong"}};
	g_auto(GStrv) urls = make_urls(fixture, &row, "f");
	g_auto(KilnFetchTask) task = {.name = "f.tar.gz",
		.urls = (const char *const *)urls,
		.cache_dir = fixture->cache,
		.sha256 = sha256,
		.size = SIZE};
	g_autoptr(GError) error = NULL;
	g_autofree char *start = g_strdup_printf("\"f.tar.gz\": no origin delivered the expected "
						 "bytes: %s: HTTP status 404; %s: sha256 is ",
		urls[0], urls[1]);

	http_fixture_reset(fixture);
	assert_false(kiln_fetch_run(&task, 1, &quick, &error));
	assert_true(g_str_has_prefix(error->message, start));
	assert_true(g_str_has_suffix(error->message, sha256));
	assert_int_equal(task.ret_refusals->len, 2);
}

static void test_second_run_resumes_the_first(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	g_autofree char *requests = NULL;
	KilnFetchOptions once = quick;

	once.tries = 1;
	http_fixture_reset(fixture);
	assert_false(fetch_one(fixture, "cut-30000", sha256, &once, NULL));
	assert_true(fetch_one(fixture, "plain", sha256, &quick, NULL));
	requests = http_fixture_requests(fixture);
	assert_string_equal(requests, "cut-30000 f -\nplain f bytes=30000-\n");
	assert_cache_holds(fixture, sha256, TRUE);
}

static void wait_for_size(const char *path, gint64 size)
{
	for (int i = 0; i < 1000; i++) {
		struct stat status;

		if (stat(path, &status) == 0 && status.st_size >= size)
			return;
		g_usleep(10000);
	}
	fail_msg("\"%s\" did not grow to %" G_GINT64_FORMAT " bytes", path, size);
}

static void test_killed_run_is_resumed(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	g_autofree char *partial = g_build_filename(fixture->cache, "partial", sha256, NULL);
	g_autofree char *requests = NULL;
	KilnFetchOptions patient = quick;
	pid_t child;

	patient.stall_timeout_ms = 60000;
	http_fixture_reset(fixture);
	child = fork();
	if (child == 0)
		_exit(fetch_one(fixture, "stall-30000", sha256, &patient, NULL));
	wait_for_size(partial, 30000);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_cache_holds(fixture, NULL, FALSE);
	assert_true(fetch_one(fixture, "plain", sha256, &quick, NULL));
	requests = http_fixture_requests(fixture);
	assert_string_equal(requests, "stall-30000 f -\nplain f bytes=30000-\n");
	assert_cache_holds(fixture, sha256, TRUE);
}

/* What a crash or another origin left in the partial file must not spoil a good origin. */
static void test_spoiled_partial_file(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	g_autofree char *path = g_build_filename(fixture->cache, "partial", sha256, NULL);
	g_autofree char *directory = g_path_get_dirname(path);
	const gsize sizes[] = {1, SIZE - 1, SIZE, SIZE + 5};
	g_autofree char *zeros = g_malloc0(SIZE + 5);

	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
		http_fixture_reset(fixture);
		assert_true(kiln_fs_make_directory(directory, NULL));
		assert_true(kiln_fs_replace(path, zeros, sizes[i], 0600, NULL));
		assert_true(fetch_one(fixture, "plain", sha256, &quick, NULL));
		assert_cache_holds(fixture, sha256, TRUE);
	}
}

static void test_cached_file_needs_no_request(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	g_autofree char *path = kiln_content_cache_path(fixture->cache, sha256);
	g_autofree char *requests = NULL;

	http_fixture_reset(fixture);
	assert_true(fetch_one(fixture, "plain", sha256, &quick, NULL));
	assert_true(fetch_one(fixture, "plain", sha256, &quick, NULL));
	requests = http_fixture_requests(fixture);
	assert_string_equal(requests, "plain f -\n");
}

static void count_warnings(const KilnEvent *event, gpointer data)
{
	if (event->kind == KILN_EVENT_WARNING)
		++*(int *)data;
}

static void test_rotten_cache_file_is_fetched_again(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	g_autofree char *path = kiln_content_cache_path(fixture->cache, sha256);
	int warnings = 0;

	http_fixture_reset(fixture);
	assert_true(kiln_fs_make_directory(fixture->cache, NULL));
	assert_true(kiln_fs_replace(path, "rotten", 6, 0444, NULL));
	kiln_event_set_sink(count_warnings, &warnings);
	assert_true(fetch_one(fixture, "plain", sha256, &quick, NULL));
	kiln_event_set_sink(NULL, NULL);
	assert_int_equal(warnings, 1);
	assert_cache_holds(fixture, sha256, TRUE);
}

/* The lock's size is part of what is promised even when the digest is right. */
static void test_wrong_locked_size(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE - 1);
	g_autoptr(GError) error = NULL;

	http_fixture_reset(fixture);
	assert_false(fetch_one(fixture, "plain", sha256, &quick, &error));
	assert_int_equal(error->code, KILN_ERROR_VERIFY);
	assert_non_null(strstr(error->message, "size is 99999, expected is 100000"));
	assert_cache_holds(fixture, NULL, FALSE);
}

/* Another Kiln holds the partial file: both end with the right bytes. */
static void test_two_at_the_same_file(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	g_autofree char *source = g_build_filename(fixture->www, "f", NULL);
	g_autoptr(KilnCacheWriter) other = NULL;

	http_fixture_reset(fixture);
	other = kiln_cache_writer_open(fixture->cache, sha256, NULL);
	assert_true(kiln_cache_writer_append(other, "first bytes", 11, NULL));
	assert_true(fetch_one(fixture, "plain", sha256, &quick, NULL));
	assert_in_cache(fixture, sha256);
	assert_true(kiln_cache_writer_restart(other, NULL));
	assert_true(kiln_cache_writer_append_file(other, source, SIZE, NULL));
	assert_true(kiln_cache_writer_commit(other, SIZE, NULL, NULL));
	assert_cache_holds(fixture, sha256, TRUE);
}

static void remember_progress(const KilnEvent *event, gpointer data)
{
	if (event->kind == KILN_EVENT_PROGRESS)
		*(KilnEvent *)data = *event;
}

static void test_many_at_once(void **state)
{
	HttpFixture *fixture = *state;
	enum { COUNT = 24 };
	KilnFetchTask tasks[COUNT] = {0};
	g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
	const char *urls[COUNT][3] = {0};
	KilnEvent last = {0};

	http_fixture_reset(fixture);
	for (int i = 0; i < COUNT; i++) {
		char *name = g_strdup_printf("many-%d", i);

		g_ptr_array_add(kept, name);
		tasks[i] = (KilnFetchTask){
			.name = name, .cache_dir = fixture->cache, .size = 2000 + i};
		tasks[i].sha256 = http_fixture_add(fixture, name, tasks[i].size);
		g_ptr_array_add(kept, (char *)tasks[i].sha256);
		urls[i][0] = http_fixture_url(fixture, i % 3 == 0 ? "wrong" : "cut-700", name);
		urls[i][1] = http_fixture_url(fixture, "plain", name);
		g_ptr_array_add(kept, (char *)urls[i][0]);
		g_ptr_array_add(kept, (char *)urls[i][1]);
		tasks[i].urls = urls[i];
	}
	kiln_event_set_sink(remember_progress, &last);
	assert_true(kiln_fetch_run(tasks, COUNT, &quick, NULL));
	kiln_event_set_sink(NULL, NULL);
	assert_int_equal(last.current, last.total);
	for (int i = 0; i < COUNT; i++) {
		assert_in_cache(fixture, tasks[i].sha256);
		assert_string_equal(tasks[i].ret_url, urls[i][i % 3 == 0 ? 1 : 0]);
		kiln_fetch_task_clear(&tasks[i]);
	}
}

static void test_one_failure_does_not_stop_the_others(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	g_autofree char *bad = http_fixture_url(fixture, "status-404", "f");
	g_autofree char *good = http_fixture_url(fixture, "plain", "f");
	const char *const bad_urls[] = {bad, NULL}, *const good_urls[] = {good, NULL};
	const char *const no_urls[] = {NULL};
	KilnFetchTask tasks[] = {
		{.name = "a", .urls = bad_urls, .cache_dir = fixture->cache},
		{.name = "b", .urls = good_urls, .cache_dir = fixture->cache, .sha256 = sha256},
		{.name = "c", .urls = no_urls, .cache_dir = fixture->cache},
	};
	g_autoptr(GError) error = NULL;

	http_fixture_reset(fixture);
	assert_false(kiln_fetch_run(tasks, 3, &quick, &error));
	assert_int_equal(error->code, KILN_ERROR_NETWORK);
	assert_true(g_str_has_prefix(error->message, "\"a\": no origin delivered it: "));
	assert_true(g_str_has_suffix(error->message, "; likewise \"c\""));
	assert_non_null(strstr(tasks[2].error->message, "none is known"));
	assert_in_cache(fixture, sha256);
	for (int i = 0; i < 3; i++)
		kiln_fetch_task_clear(&tasks[i]);
}

static void test_retry_after_is_obeyed(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	gint64 start = g_get_monotonic_time();

	http_fixture_reset(fixture);
	assert_true(fetch_one(fixture, "after-503-1", sha256, &quick, NULL));
	assert_true(g_get_monotonic_time() - start >= G_USEC_PER_SEC * 9 / 10);
}

static void test_back_off_doubles(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	KilnFetchOptions slow = quick;
	gint64 start = g_get_monotonic_time();

	slow.backoff_ms = 100;
	slow.tries = 4;
	http_fixture_reset(fixture);
	assert_false(fetch_one(fixture, "status-500", sha256, &slow, NULL));
	assert_true(g_get_monotonic_time() - start >= 700 * 1000);
}

static void test_file_urls(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	g_autofree char *good = g_strdup_printf("file://%s/f", fixture->www);
	g_autofree char *absent = g_strdup_printf("file://%s/absent", fixture->www);
	const char *const urls[] = {absent, good, NULL}, *const bad[] = {absent, NULL};
	g_auto(KilnFetchTask) task = {.name = "f",
		.urls = urls,
		.cache_dir = fixture->cache,
		.sha256 = sha256,
		.size = SIZE};
	g_auto(KilnFetchTask) missing = {.name = "f", .urls = bad, .cache_dir = fixture->cache};
	g_autoptr(GError) error = NULL;

	http_fixture_reset(fixture);
	assert_true(kiln_fetch_run(&task, 1, &quick, NULL));
	assert_cache_holds(fixture, sha256, TRUE);
	assert_false(kiln_fetch_run(&missing, 1, &quick, &error));
	assert_int_equal(error->code, KILN_ERROR_NETWORK);
	assert_non_null(strstr(error->message, "absent"));
}

static void test_other_protocols_are_refused(void **state)
{
	HttpFixture *fixture = *state;
	const char *const urls[] = {"ftp://127.0.0.1/f", "scp://127.0.0.1/f", NULL};
	g_auto(KilnFetchTask) task = {.name = "f", .urls = urls, .cache_dir = fixture->cache};
	g_autoptr(GError) error = NULL;

	assert_false(kiln_fetch_run(&task, 1, &quick, &error));
	assert_non_null(strstr(error->message, "\"ftp\" not supported"));
	assert_non_null(strstr(error->message, "\"scp\" not supported"));
}

/* A listening socket whose queue is full: connections to it neither succeed nor fail. */
static int make_full_listener(int *ret_fds, int count)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	ret_fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(ret_fds[0], (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(ret_fds[0], 0), 0);
	assert_int_equal(getsockname(ret_fds[0], (struct sockaddr *)&address, &length), 0);
	for (int i = 1; i < count; i++) {
		ret_fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		connect(ret_fds[i], (struct sockaddr *)&address, length);
	}
	return ntohs(address.sin_port);
}

static void test_unreachable_server(void **state)
{
	HttpFixture *fixture = *state;
	int fds[8];
	int port = make_full_listener(fds, G_N_ELEMENTS(fds));
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%d/f", port);
	const char *const urls[] = {url, NULL};
	g_auto(KilnFetchTask) task = {.name = "f", .urls = urls, .cache_dir = fixture->cache};
	g_auto(KilnFetchTask) refused = {.name = "f", .urls = urls, .cache_dir = fixture->cache};
	g_autoptr(GError) error = NULL;
	gint64 start = g_get_monotonic_time();

	assert_false(kiln_fetch_run(&task, 1, &quick, &error));
	assert_int_equal(error->code, KILN_ERROR_NETWORK);
	assert_non_null(strstr(error->message, "(tries: 3)"));
	assert_true(g_get_monotonic_time() - start < 10 * G_USEC_PER_SEC);
	for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
		close(fds[i]);
	g_clear_error(&error);
	assert_false(kiln_fetch_run(&refused, 1, &quick, &error));
	assert_non_null(strstr(error->message, "connect"));
}

static void test_proxy_of_the_environment_is_used(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	g_autoptr(GError) error = NULL;

	http_fixture_reset(fixture);
	g_setenv("http_proxy", "http://127.0.0.1:1", TRUE);
	assert_false(fetch_one(fixture, "plain", sha256, &quick, &error));
	g_unsetenv("http_proxy");
	assert_int_equal(error->code, KILN_ERROR_NETWORK);
	assert_non_null(strstr(error->message, "port 1 "));
}

/* A file system that takes no more bytes ends the run at once, and says so. */
static void test_disk_that_takes_no_more(void **state)
{
	HttpFixture *fixture = *state;
	g_autofree char *sha256 = http_fixture_add(fixture, "f", SIZE);
	struct rlimit before, limit;
	g_autofree char *requests = NULL;
	g_autoptr(GError) error = NULL;
	gboolean fetched;

	http_fixture_reset(fixture);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 5000;
	setrlimit(RLIMIT_FSIZE, &limit);
	fetched = fetch_one(fixture, "plain", sha256, &quick, &error);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_false(fetched);
	assert_int_equal(error->code, KILN_ERROR_SYSTEM);
	assert_non_null(strstr(error->message, "writing \""));
	requests = http_fixture_requests(fixture);
	assert_string_equal(requests, "plain f -\n");
	assert_cache_holds(fixture, NULL, FALSE);
	assert_true(fetch_one(fixture, "plain", sha256, &quick, NULL));
	assert_cache_holds(fixture, sha256, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_message_lists_all_origins),
		cmocka_unit_test(test_second_run_resumes_the_first),
		cmocka_unit_test(test_killed_run_is_resumed),
		cmocka_unit_test(test_spoiled_partial_file),
		cmocka_unit_test(test_cached_file_needs_no_request),
		cmocka_unit_test(test_rotten_cache_file_is_fetched_again),
		cmocka_unit_test(test_wrong_locked_size),
		cmocka_unit_test(test_two_at_the_same_file),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_one_failure_does_not_stop_the_others),
		cmocka_unit_test(test_retry_after_is_obeyed),
		cmocka_unit_test(test_back_off_doubles),
		cmocka_unit_test(test_file_urls),
		cmocka_unit_test(test_other_protocols_are_refused),
		cmocka_unit_test(test_unreachable_server),
		cmocka_unit_test(test_proxy_of_the_environment_is_used),
		cmocka_unit_test(test_disk_that_takes_no_more),
	};

	return cmocka_run_group_tests(tests, http_fixture_setup, http_fixture_teardown);
}
