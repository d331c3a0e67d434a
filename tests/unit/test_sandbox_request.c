/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests as JSON and their judgement: no sandbox is made here. */
#include "check.h"

#include "format/sandbox_request.h"
#include "sandbox/allowed.h"
#include "sandbox/check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static KilnSandboxRequest *full_request(void)
{
	KilnSandboxRequest *request = kiln_sandbox_request_new(KILN_SANDBOX_RUN);
	const char *layers[] = {"/a/b", "/a/c", NULL},
		   *argv[] = {"/bin/sh", "-c", "echo \"ü\n\"", NULL};
	const char *environment[] = {"A=b", NULL}, *hosts[] = {"rpm.example.org", NULL};

	request->layers = g_strdupv((char **)layers);
	request->upper = g_strdup("/a/upper");
	kiln_sandbox_request_bind(request, "/a/source", "/srv", TRUE);
	kiln_sandbox_request_tree(request, "/mnt/root", layers, NULL);
	request->user = KILN_SANDBOX_ROOT;
	request->hostname = g_strdup("builder");
	request->argv = g_strdupv((char **)argv);
	request->environment = g_strdupv((char **)environment);
	request->processors = 6;
	request->working_directory = g_strdup("/");
	request->terminal = TRUE;
	request->network_hosts = g_strdupv((char **)hosts);
	request->personality = g_strdup("linux32");
	request->limits = (KilnSandboxLimits){1, 2, 3, 4, 5, 6};
	request->macros = g_strdup("%dist .k1\n");
	return request;
}

static void test_request_survives_json(void **state)
{
	g_autoptr(KilnSandboxRequest) request = full_request(), again = NULL;
	g_autofree char *text = NULL, *second = NULL;
	g_autoptr(GError) error = NULL;

	(void)state;
	kiln_sandbox_request_package(request, "/p/a.rpm", DIGEST);
	text = kiln_sandbox_request_emit(request, &error);
	assert_no_error(error);
	again = kiln_sandbox_request_parse(text, strlen(text), &error);
	assert_no_error(error);
	second = kiln_sandbox_request_emit(again, &error);
	assert_string_equal(text, second);
	assert_int_equal(again->limits.processes, 5);
	assert_int_equal(again->limits.disk_bytes, 6);
	assert_int_equal(again->processors, 6);
	assert_string_equal(again->argv[2], "echo \"ü\n\"");
	assert_string_equal(((KilnSandboxTree *)again->trees->pdata[0])->layers[1], "/a/c");
	assert_true(((KilnSandboxBind *)again->binds->pdata[0])->writable);
}

static void test_request_refuses_json(void **state)
{
	static const struct {
		const char *json, *part;
	} rows[] = {
		{"", "not a JSON object"},
		{"{", "not JSON"},
		{"[]", "not a JSON object"},
		{"{}", "\"kind\" is missing"},
		{"{\"kind\": null}", "no known value"},
		{"{\"kind\": \"RUN\"}", "no known value"},
		{"{\"kind\": 1}", "is not a text"},
		{"{\"kind\": \"run\", \"setuid\": true}", "\"setuid\" is not a known key"},
		{"{\"kind\": \"run\", \"layers\": \"/a\"}", "is not an array"},
		{"{\"kind\": \"run\", \"layers\": [null]}", "holds a null"},
		{"{\"kind\": \"run\", \"layers\": [[\"/a\"]]}", "is not a text"},
		{"{\"kind\": \"run\", \"user\": \"daemon\"}", "no known value"},
		{"{\"kind\": \"run\", \"terminal\": 1}", "neither true nor false"},
		{"{\"kind\": \"run\", \"processors\": \"2\"}", "not a whole number"},
		{"{\"kind\": \"run\", \"processors\": -1}", "out of range"},
		{"{\"kind\": \"run\", \"limits\": []}", "is not an object"},
		{"{\"kind\": \"run\", \"limits\": {\"wall_s\": -1}}", "out of range"},
		{"{\"kind\": \"run\", \"limits\": {\"wall_s\": 1.5}}", "not a whole number"},
		{"{\"kind\": \"run\", \"limits\": {\"wall_s\": \"1\"}}", "not a whole number"},
		{"{\"kind\": \"run\", \"limits\": {\"cpu\": 1}}", "\"cpu\" is not a known key"},
		{"{\"kind\": \"run\", \"binds\": [1]}", "something else than objects"},
		{"{\"kind\": \"run\", \"binds\": [{\"mode\": 1}]}", "\"mode\" is not a known key"},
		{"{\"kind\": \"run\"} {", "not JSON"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		if (kiln_sandbox_request_parse(rows[i].json, strlen(rows[i].json), &error))
			fail_msg("taken: %s", rows[i].json);
		assert_error(error, KILN_ERROR_USAGE, rows[i].part);
	}
}

static void test_sizes_are_bounded(void **state)
{
	g_autofree char *large = g_strnfill((2 << 20), 'x');
	g_autofree char *text = g_strdup_printf("{\"kind\": \"run\", \"macros\": \"%s\"}", large);
	g_autofree char *huge = g_strnfill(KILN_SANDBOX_REQUEST_MAX_BYTES + 1, ' ');
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(kiln_sandbox_request_parse(text, strlen(text), &error));
	assert_error(error, KILN_ERROR_USAGE, "\"macros\" is longer than 1 MiB");
	assert_null(kiln_sandbox_request_parse(huge, strlen(huge), &error));
	assert_error(error, KILN_ERROR_USAGE, "16 MiB");
	assert_null(kiln_sandbox_request_parse("{\0}", 3, &error));
	assert_error(error, KILN_ERROR_USAGE, "NUL");
}

static void test_emit_refuses_what_json_cannot_hold(void **state)
{
	g_autoptr(KilnSandboxRequest) request = full_request();
	g_autoptr(GError) error = NULL;

	(void)state;
	kiln_sandbox_request_bind(request, "/a/\xff", "/srv", FALSE);
	assert_null(kiln_sandbox_request_emit(request, &error));
	assert_error(error, KILN_ERROR_USAGE, "\"source\" is not UTF-8");
}

static void test_report_survives_json(void **state)
{
	char *problems[] = {(char *)"a conflicts with b", NULL};
	KilnSandboxReport report = {.exit_status = 139,
		.signal = 11,
		.limit = KILN_SANDBOX_LIMIT_DISK,
		.message = (char *)"m",
		.problems = problems,
		.limits_by = (char *)"cgroup2",
		.peak_memory_bytes = 7,
		.disk_bytes = 9,
		.total_us = 8};
	g_auto(KilnSandboxReport) again = {0};
	g_autofree char *text = kiln_sandbox_report_emit(&report, NULL);
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(kiln_sandbox_report_parse(text, strlen(text), &again, &error));
	assert_int_equal(again.exit_status, 139);
	assert_int_equal(again.signal, 11);
	assert_int_equal(again.limit, KILN_SANDBOX_LIMIT_DISK);
	assert_int_equal(again.disk_bytes, 9);
	assert_string_equal(again.problems[0], "a conflicts with b");
	assert_string_equal(again.limits_by, "cgroup2");
	assert_int_equal(again.peak_memory_bytes, 7);
	assert_int_equal(again.total_us, 8);
}

static void test_failure_keeps_its_code(void **state)
{
	g_autoptr(GError) failure = g_error_new(KILN_ERROR, KILN_ERROR_VERIFY, "digest \"x\""),
			  error = NULL;
	g_autofree char *text = kiln_sandbox_report_emit(NULL, failure);
	const char *unknown = "{\"code\": 99, \"failure\": \"y\"}",
		   *malformed = "{\"exit_status\": \"0\"}";
	KilnSandboxReport report = {.exit_status = 42};

	(void)state;
	assert_false(kiln_sandbox_report_parse(text, strlen(text), &report, &error));
	assert_error(error, KILN_ERROR_VERIFY, "digest \"x\"");
	assert_false(kiln_sandbox_report_parse(unknown, strlen(unknown), &report, &error));
	assert_error(error, KILN_ERROR_FAILED, "y");
	assert_false(kiln_sandbox_report_parse(malformed, strlen(malformed), &report, &error));
	assert_error(error, KILN_ERROR_FAILED,
		"report of kiln-root: \"exit_status\" is not a whole number");
	assert_int_equal(report.exit_status, 42);
}

static void test_canonical_paths(void **state)
{
	static const char *const good[] = {"/a", "/a/b", "/a/..b", "/a/b..", "/a/.b", "/a b/ü"};
	static const char *const bad[] = {"", "/", "a", "./a", "/a/", "//a", "/a//b", "/a/.",
		"/a/./b", "/..", "/a/..", "/a/../b", "/a/b/.."};
	g_autofree char *name = g_strnfill(256, 'n'), *deep = g_strnfill(5000, '/');
	g_autofree char *component = g_strconcat("/", name, NULL);

	(void)state;
	for (gsize i = 1; i < 5000; i += 2)
		deep[i] = 'a';
	deep[4999] = 'a';
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		assert_true(kiln_sandbox_path_is_canonical(good[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		if (kiln_sandbox_path_is_canonical(bad[i]))
			fail_msg("taken for canonical: \"%s\"", bad[i]);
	assert_false(kiln_sandbox_path_is_canonical(NULL));
	assert_false(kiln_sandbox_path_is_canonical(component));
	assert_false(kiln_sandbox_path_is_canonical(deep));
}

/* A request as JSON, and a part of the refusal; NULL: it is fine. */
static const struct {
	const char *json, *part;
} judged[] = {
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"]}", NULL},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"/bin/sh\"],\"working_directory\":\"/"
	 "\"}",
		NULL},
	{"{\"kind\":\"evaluate\",\"layers\":[\"/l\"],\"argv\":[\"kiln-spec\"]}", NULL},
	{"{\"kind\":\"install\",\"upper\":\"/u\",\"packages\":[{\"path\":\"/"
	 "p\",\"sha256\":\"" DIGEST "\"}]}",
		NULL},
	{"{\"kind\":\"remove\",\"upper\":\"/u\"}", NULL},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"binds\":[{\"source\":\"/"
	 "s\",\"destination\":\"/process\"}]}",
		NULL},

	{"{\"kind\":\"run\",\"argv\":[\"sh\"]}", "layers"},
	{"{\"kind\":\"run\",\"layers\":[],\"argv\":[\"sh\"]}", "layers"},
	{"{\"kind\":\"run\",\"layers\":[\"l\"],\"argv\":[\"sh\"]}", "layer \"l\""},
	{"{\"kind\":\"run\",\"layers\":[\"/l/../etc\"],\"argv\":[\"sh\"]}", "layer \"/l/../etc\""},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"upper\":\"/u/\",\"argv\":[\"sh\"]}",
		"upper \"/u/\""},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"]}", "argv"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[]}", "argv"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"\"]}", "argv"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"../sh\"]}", "program"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"working_directory\":\"..\"}",
		"working directory"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"environment\":[\"A\"]}",
		"environment"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"environment\":[\"=b\"]}",
		"environment"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"environment\":[\"1A=b\"]}",
		"environment"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"environment\":[\"A B=b\"]}",
		"environment"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"processors\":8192}", NULL},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"processors\":8193}",
		"processors \"8193\""},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"upper\":\"/u\",\"limits\":{\"disk_bytes\":"
	 "1}}",
		NULL},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"limits\":{\"disk_bytes\":1}}",
		"only a run with an upper has a disk to limit"},
	{"{\"kind\":\"install\",\"upper\":\"/u\",\"limits\":{\"disk_bytes\":1}}",
		"only a run with an upper has a disk to limit"},
	{"{\"kind\":\"evaluate\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"processors\":1}",
		"only a run takes processors"},
	{"{\"kind\":\"install\",\"upper\":\"/u\",\"processors\":1}", "only a run takes processors"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"hostname\":\"a\\nb\"}",
		"host name \"a\\nb\""},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"hostname\":\"\"}", "host name"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"network_hosts\":[\"ok\",\"a "
	 "b\"]}",
		"host name \"a b\""},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"personality\":\"bsd\"}",
		"personality"},
	{"{\"kind\":\"run\",\"layers\":[\"/"
	 "l\"],\"argv\":[\"sh\"],\"limits\":{\"wall_s\":99999999}}",
		"30 days"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"binds\":[{\"destination\":\"/"
	 "d\"}]}",
		"source"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"binds\":[{\"source\":\"/s\"}]}",
		"destination"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"binds\":[{\"source\":\"/"
	 "s\",\"destination\":\"/\"}]}",
		"destination \"/\""},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"binds\":[{\"source\":\"/"
	 "s\",\"destination\":\"/proc\"}]}",
		"destination \"/proc\""},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"binds\":[{\"source\":\"/"
	 "s\",\"destination\":\"/proc/sys\"}]}",
		"destination"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"binds\":[{\"source\":\"/"
	 "s\",\"destination\":\"/dev/x\"}]}",
		"destination"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"trees\":[{\"destination\":\"/"
	 "sys\"}]}",
		"destination"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"trees\":[{\"destination\":\"/"
	 "t\",\"layers\":[\"x\"]}]}",
		"layer"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"trees\":[{\"destination\":\"/"
	 "t\",\"upper\":\"x\"}]}",
		"upper"},
	{"{\"kind\":\"run\",\"layers\":[\"/l\"],\"argv\":[\"sh\"],\"keys\":[\"/k\"]}",
		"only an install"},
	{"{\"kind\":\"evaluate\",\"layers\":[\"/l\"],\"argv\":[\"s\"],\"terminal\":true}",
		"no terminal"},
	{"{\"kind\":\"evaluate\",\"layers\":[\"/"
	 "l\"],\"argv\":[\"s\"],\"trees\":[{\"destination\":\"/t\"}]}",
		"no trees"},
	{"{\"kind\":\"install\"}", "upper"},
	{"{\"kind\":\"install\",\"upper\":\"/u\",\"argv\":[\"sh\"]}", "takes no argv"},
	{"{\"kind\":\"install\",\"upper\":\"/u\",\"binds\":[{\"source\":\"/\",\"destination\":\"/"
	 "d\"}]}",
		"binds"},
	{"{\"kind\":\"install\",\"upper\":\"/u\",\"packages\":[{\"path\":\"p\",\"sha256\":\"" DIGEST
	 "\"}]}",
		"package \"p\""},
	{"{\"kind\":\"install\",\"upper\":\"/u\",\"packages\":[{\"path\":\"/p\"}]}", "digest"},
	{"{\"kind\":\"install\",\"upper\":\"/u\",\"packages\":[{\"path\":\"/"
	 "p\",\"sha256\":\"abc\"}]}",
		"digest \"abc\""},
	{"{\"kind\":\"install\",\"upper\":\"/u\",\"keys\":[\"k\"]}", "key \"k\""},
	{"{\"kind\":\"remove\"}", "upper"},
	{"{\"kind\":\"remove\",\"upper\":\"/\"}", "upper"},
	{"{\"kind\":\"remove\",\"upper\":\"/u\",\"argv\":[\"sh\"]}", "nothing but upper"},
	{"{\"kind\":\"remove\",\"upper\":\"/u\",\"layers\":[\"/l\"]}", "nothing but upper"},
};

static void test_judgement(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(judged); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(KilnSandboxRequest) request =
			kiln_sandbox_request_parse(judged[i].json, strlen(judged[i].json), &error);
		assert_no_error(error);
		if (kiln_sandbox_check(request, &error) != (judged[i].part == NULL))
			fail_msg("%s: %s", error ? error->message : "taken", judged[i].json);
		if (judged[i].part)
			assert_error(error, KILN_ERROR_USAGE, judged[i].part);
	}
}

static void refuse_open(const KilnAllowed *allowed, const char *path, int code, const char *part)
{
	g_autoptr(GError) error = NULL;

	if (kiln_allowed_open(allowed, path, O_RDONLY, &error) >= 0)
		fail_msg("opened: %s", path);
	assert_error(error, code, part);
}

static void test_only_below_allowed_directories(void **state)
{
	const char *scratch = *state;
	g_autofree char *inside = g_build_filename(scratch, "inside", NULL);
	g_autofree char *file = g_build_filename(inside, "file", NULL);
	g_autofree char *beside = g_build_filename(scratch, "inside2", NULL);
	g_autofree char *link = g_build_filename(inside, "link", NULL);
	g_autofree char *through = g_build_filename(inside, "up/inside/file", NULL);
	g_autofree char *up = g_build_filename(inside, "up", NULL);
	g_autofree char *absent = g_build_filename(inside, "absent", NULL);
	g_autoptr(KilnAllowed) allowed = kiln_allowed_new();
	g_autoptr(GError) error = NULL;
	int fd;

	assert_int_equal(mkdir(inside, 0755), 0);
	assert_true(g_file_set_contents(file, "x", -1, NULL));
	assert_true(g_file_set_contents(beside, "x", -1, NULL));
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(symlink("..", up), 0);
	refuse_open(allowed, file, KILN_ERROR_USAGE, "not below an allowed directory");
	assert_true(kiln_allowed_add(allowed, inside, &error));
	fd = kiln_allowed_open(allowed, file, O_RDONLY, &error);
	assert_no_error(error);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	refuse_open(allowed, inside, KILN_ERROR_USAGE, "not below an allowed directory");
	refuse_open(allowed, beside, KILN_ERROR_USAGE, "not below an allowed directory");
	refuse_open(allowed, "/etc/passwd", KILN_ERROR_USAGE, "not below an allowed directory");
	refuse_open(allowed, link, KILN_ERROR_USAGE, "leads through a symbolic link");
	refuse_open(allowed, through, KILN_ERROR_USAGE, "leads through a symbolic link");
	refuse_open(allowed, absent, KILN_ERROR_NOT_FOUND, "absent");
	assert_true(kiln_allowed_add(allowed, up, &error));
	fd = kiln_allowed_open(allowed, through, O_RDONLY, &error);
	assert_no_error(error);
	close(fd);
	assert_false(kiln_allowed_add(allowed, "relative", &error));
	assert_error(error, KILN_ERROR_USAGE, "not an absolute");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_survives_json),
		cmocka_unit_test(test_request_refuses_json),
		cmocka_unit_test(test_sizes_are_bounded),
		cmocka_unit_test(test_emit_refuses_what_json_cannot_hold),
		cmocka_unit_test(test_report_survives_json),
		cmocka_unit_test(test_failure_keeps_its_code),
		cmocka_unit_test(test_canonical_paths),
		cmocka_unit_test(test_judgement),
		cmocka_unit_test_setup_teardown(
			test_only_below_allowed_directories, setup_scratch, teardown_scratch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
