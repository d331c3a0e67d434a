/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evaluation in a real jail; the root is busybox and the host's rpm configuration. What rpm makes
 * of specs in a target's root is in tests/cases/spec. */
#include "base/error.h"
#include "engine/evaluate.h"
#include "sandbox_fixture.h"

/* The version is another one at each evaluation, so that a cached answer shows. */
#define RANDOM_VERSION "%(cat /proc/sys/kernel/random/uuid | sed s/-//g)"

static SandboxFixture *fixture;
static char *cache, *specs, *patches, *spec_path, *macros_path;

static void copy_configuration(const char *name)
{
	g_autofree char *source = g_build_filename("/usr/lib/rpm", name, NULL);
	g_autofree char *destination = g_build_filename(fixture->layer, source, NULL);
	g_autofree char *parent = g_path_get_dirname(destination);
	g_autoptr(GError) error = NULL;

	assert_int_equal(g_mkdir_with_parents(parent, 0755), 0);
	kiln_fs_copy(source, destination, &error);
	assert_no_error(error);
}

static int setup(void **state)
{
	sandbox_setup(state);
	fixture = *state;
	copy_configuration("rpmrc");
	copy_configuration("macros");
	copy_configuration("platform/x86_64-linux/macros");
	cache = sandbox_make_directory(fixture, "cache");
	specs = sandbox_make_directory(fixture, "specs");
	patches = sandbox_make_directory(fixture, "patches");
	spec_path = g_build_filename(specs, "thing.spec", NULL);
	macros_path = g_build_filename(fixture->scratch, "target-macros", NULL);
	return 0;
}

static int teardown(void **state)
{
	g_free(cache);
	g_free(specs);
	g_free(patches);
	g_free(spec_path);
	g_free(macros_path);
	return sandbox_teardown(state);
}

/* Writes thing.spec with `version` and further lines before its %description. */
static void write_spec(const char *version, const char *lines)
{
	g_autofree char *text = g_strdup_printf("Name: thing\nVersion: %s\nRelease: 1%%{?dist}\n"
						"Summary: A thing\nLicense: MIT\n%s\n"
						"%%description\nThings.\n%%files\n",
		version, lines);

	sandbox_write(specs, "thing.spec", text);
}

static KilnSpec *evaluate_with(const KilnEvaluation *extra, GError **error)
{
	const char *const layers[] = {fixture->layer, NULL};
	const char *const directories[] = {specs, patches, "/nonexistent/directory", NULL};
	KilnEvaluation evaluation = *extra;

	evaluation.spec = spec_path;
	evaluation.directories = directories;
	evaluation.layers = layers;
	evaluation.cache = cache;
	evaluation.wall_s = 5;
	return kiln_evaluate_spec(&evaluation, error);
}

static KilnSpec *evaluate(GError **error)
{
	const KilnEvaluation nothing = {0};

	return evaluate_with(&nothing, error);
}

/* The version the spec evaluates to; caller owns. */
static char *version_with(const KilnEvaluation *extra)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnSpec) spec = evaluate_with(extra, &error);

	assert_no_error(error);
	return g_strdup(spec->version);
}

static char *version(void)
{
	const KilnEvaluation nothing = {0};

	return version_with(&nothing);
}

/* The version that is told when the spec shares its directories with others; caller owns. */
static char *shared_version(void)
{
	const KilnEvaluation shared = {.shares_directories = TRUE};

	return version_with(&shared);
}

/* What is in a shared folder concerns a spec only when it names it: in its text, or by macros. */
static void test_shared_directories(void **state)
{
	g_autofree char *first = NULL, *other = NULL, *named = NULL, *made_up = NULL;

	(void)state;
	kiln_fs_remove_tree(patches, NULL);
	assert_true(kiln_fs_make_directory(patches, NULL));
	for (guint i = 0; i < 3000; i++) {
		g_autofree char *name = g_strdup_printf("other-%u.patch", i);
		sandbox_write(patches, name, "another package's\n");
	}
	sandbox_write(patches, "thing-fix.patch", "one\n");
	sandbox_write(patches, "listed.conf", "one\n");
	write_spec(RANDOM_VERSION, "Source0: listed.conf\nPatch0: %{expand:%{name}-fix}.patch");
	first = shared_version();
	sandbox_write(patches, "other-1.patch", "changed\n");
	sandbox_write(patches, "new-one.patch", "new\n");
	other = shared_version();
	assert_string_equal(first, other);
	sandbox_write(patches, "listed.conf", "two\n");
	named = shared_version();
	assert_string_not_equal(first, named);
	sandbox_write(patches, "thing-fix.patch", "two\n");
	made_up = shared_version();
	assert_string_not_equal(named, made_up);
}

/* A spec reads what it names, whatever way it names it. */
static void test_shared_files_are_read(void **state)
{
	static const struct {
		const char *version, *lines;
	} rows[] = {
		{"%(cat %{_sourcedir}/thing.version)", ""},
		{"%(cat %{_sourcedir}/%{name}.version)", ""},
		{"%{lua: print(io.open(rpm.expand('%{_sourcedir}/%{name}.version')):read())}", ""},
		{"%(test -e %{_sourcedir}/%{name}.version && cat %{_sourcedir}/%{name}.version)", ""},
		{"%{included}", "%include %{_sourcedir}/thing.include"},
		{"%{included}", "%include %{_sourcedir}/th%{nil}ing.include"},
	};

	(void)state;
	kiln_fs_remove_tree(patches, NULL);
	assert_true(kiln_fs_make_directory(patches, NULL));
	sandbox_write(patches, "thing.version", "7.5\n");
	sandbox_write(patches, "thing.include", "%define included 7.5\n");
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *first = NULL, *again = NULL;
		const char *line = rows[i].lines;

		if (g_str_has_prefix(line, "%include")) {
			g_autofree char *text = g_strdup_printf("%s\nName: thing\nVersion: %s\n"
				"Release: 1\nSummary: x\nLicense: x\n%%description\n%%files\n",
				line, rows[i].version);
			sandbox_write(specs, "thing.spec", text);
		} else {
			write_spec(rows[i].version, line);
		}
		first = shared_version();
		assert_string_equal(first, "7.5");
		again = shared_version();
		assert_string_equal(again, "7.5");
	}
}

static void assert_fails(KilnErrorCode code, const char *message)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnSpec) spec = evaluate(&error);

	assert_null(spec);
	assert_true(g_error_matches(error, KILN_ERROR, (int)code));
	if (!strstr(error->message, message))
		fail_msg("\"%s\" does not say \"%s\"", error->message, message);
}

static guint count_cached(void)
{
	g_autofree char *directory = g_build_filename(cache, "specs", NULL);
	g_auto(GStrv) names = kiln_fs_list(directory, NULL);
	guint count = 0;

	for (char **name = names; name && *name; name++) {
		count += g_str_has_suffix(*name, ".json");
		assert_false(g_str_has_prefix(*name, "stage."));
	}
	return count;
}

static void test_answer(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	write_spec("1.5", "BuildRequires: gcc\nEpoch: 4\n");
	g_autoptr(KilnSpec) spec = evaluate(&error);
	assert_no_error(error);
	g_autofree char *evr = kiln_spec_evr(spec);
	assert_string_equal(evr, "4:1.5-1");
	assert_string_equal(g_ptr_array_index(spec->build_requires, 0), "gcc");
	assert_int_equal(spec->evaluator, KILN_SPEC_EVALUATOR_HOST);
	assert_int_equal(sandbox_count_mounts(fixture->scratch), 0);
}

static void test_second_answer_is_cached(void **state)
{
	(void)state;
	write_spec(RANDOM_VERSION, "");
	g_autofree char *first = version();
	guint cached = count_cached();
	g_autofree char *second = version();
	assert_int_equal(strlen(first), 32);
	assert_string_equal(first, second);
	assert_int_equal(count_cached(), cached);
}

static void assert_changes(char **last, const KilnEvaluation *extra)
{
	guint cached = count_cached();
	char *now = version_with(extra);

	assert_string_not_equal(*last, now);
	assert_int_equal(count_cached(), cached + 1);
	g_free(*last);
	*last = now;
}

static void test_each_input_makes_a_new_answer(void **state)
{
	static const char *const options[] = {"docs", NULL};
	static const char *const defines[] = {"flavour rich", NULL};
	KilnEvaluation extra = {0};

	(void)state;
	write_spec(RANDOM_VERSION, "# one\n");
	g_autofree char *last = version();
	write_spec(RANDOM_VERSION, "# two\n");
	assert_changes(&last, &extra);
	sandbox_write(patches, "fix.patch", "one");
	assert_changes(&last, &extra);
	sandbox_write(patches, "fix.patch", "two");
	assert_changes(&last, &extra);
	sandbox_write(fixture->scratch, "target-macros", "%dist .one\n");
	extra.macros = macros_path;
	assert_changes(&last, &extra);
	sandbox_write(fixture->scratch, "target-macros", "%dist .two\n");
	assert_changes(&last, &extra);
	extra.with = options;
	assert_changes(&last, &extra);
	extra.with = NULL;
	extra.without = options;
	assert_changes(&last, &extra);
	extra.defines = defines;
	assert_changes(&last, &extra);
	g_autofree char *again = version_with(&extra);
	assert_string_equal(last, again);
}

static void test_options_reach_the_spec(void **state)
{
	static const char *const with[] = {"docs", NULL};
	static const char *const without[] = {"tests", NULL};
	static const char *const defines[] = {"flavour rich", NULL};
	g_autoptr(GError) error = NULL;

	(void)state;
	sandbox_write(fixture->scratch, "target-macros", "%dist .fc99\n");
	write_spec("1", "Provides: %{?_with_docs}%{?_without_tests}-%{?flavour}\n");
	const KilnEvaluation extra = {
		.with = with, .without = without, .defines = defines, .macros = macros_path};
	g_autoptr(KilnSpec) spec = evaluate_with(&extra, &error);
	/* A dependency cannot open with '-': the macro's text does. */
	assert_null(spec);
	assert_non_null(strstr(error->message, "--with-docs--without-tests-rich"));
	write_spec("1", "Provides: %{?_with_docs:docs}%{?_without_tests:-untested}-%{?flavour}\n");
	g_clear_error(&error);
	g_autoptr(KilnSpec) good = evaluate_with(&extra, &error);
	assert_no_error(error);
	const KilnSpecPackage *package = g_ptr_array_index(good->packages, 0);
	assert_string_equal(g_ptr_array_index(package->provides, 0), "docs-untested-rich");
	assert_string_equal(good->release, "1.fc99");
	assert_string_equal(good->dist, ".fc99");
}

static void test_auxiliary_files_of_both_directories(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	sandbox_write(specs, "near.inc", "Provides: near\n");
	sandbox_write(patches, "far.inc", "Provides: far\n");
	write_spec("1",
		"Source0: near.inc\nPatch0: far.inc\n%include %{SOURCE0}\n%include %{PATCH0}\n");
	g_autoptr(KilnSpec) spec = evaluate(&error);
	assert_no_error(error);
	const KilnSpecPackage *package = g_ptr_array_index(spec->packages, 0);
	assert_string_equal(g_ptr_array_index(package->provides, 0), "far");
	assert_string_equal(g_ptr_array_index(package->provides, 1), "near");
}

static void test_faults_are_told_in_the_callers_paths(void **state)
{
	(void)state;
	write_spec("1", "Licence: MIT\n");
	g_autofree char *in_spec = g_strdup_printf("%s:6: Unknown tag: Licence", spec_path);
	assert_fails(KILN_ERROR_CONFIG, in_spec);
	sandbox_write(patches, "bad.inc", "\n\n%else\n");
	write_spec("1", "Patch0: bad.inc\n%include %{PATCH0}\n");
	g_autofree char *in_patch = g_strdup_printf("%s/bad.inc:3: ", patches);
	assert_fails(KILN_ERROR_CONFIG, in_patch);
	write_spec("1", "Source0: gone.inc\n%include %{SOURCE0}\n");
	g_autofree char *absent = g_strdup_printf("%s:7: Unable to open gone.inc: ", spec_path);
	assert_fails(KILN_ERROR_CONFIG, absent);
}

static void test_macro_file_faults_have_their_line(void **state)
{
	g_autoptr(GError) error = NULL;
	const KilnEvaluation extra = {.macros = macros_path};

	(void)state;
	/* In a real root the same macros lie in the root, too: told once. */
	sandbox_write(fixture->scratch, "target-macros", "%good 1\n%also good\n%(bad) 3\n");
	sandbox_write(fixture->layer, "etc/rpm/macros.kiln", "%good 1\n%also good\n%(bad) 3\n");
	write_spec("1", "");
	g_autoptr(KilnSpec) spec = evaluate_with(&extra, &error);
	assert_no_error(error);
	assert_int_equal(spec->diagnostics->len, 1);
	const KilnSpecDiagnostic *diagnostic = g_ptr_array_index(spec->diagnostics, 0);
	assert_string_equal(diagnostic->file, macros_path);
	assert_int_equal(diagnostic->line, 3);
}

static void test_failures_are_not_cached(void **state)
{
	(void)state;
	guint before = count_cached();
	write_spec("%{undefined_here}", "");
	assert_fails(KILN_ERROR_CONFIG, "Version is \"%{undefined_here}\"");
	assert_int_equal(count_cached(), before);
}

static void test_unreadable_cache_is_made_again(void **state)
{
	(void)state;
	write_spec(RANDOM_VERSION, "# unreadable\n");
	g_autofree char *first = version();
	g_autofree char *directory = g_build_filename(cache, "specs", NULL);
	g_auto(GStrv) names = kiln_fs_list(directory, NULL);
	for (char **name = names; *name; name++)
		sandbox_write(directory, *name, "{\"format\": 1, \"name\": \"../../evil\"");
	g_autofree char *second = version();
	g_autofree char *third = version();
	assert_string_not_equal(first, second);
	assert_string_equal(second, third);
}

static void test_endless_spec(void **state)
{
	(void)state;
	write_spec("%(sleep 100)", "");
	assert_fails(KILN_ERROR_CONFIG, "thing.spec: evaluation did not end within 5 s");
}

static void test_evaluator_that_is_killed(void **state)
{
	(void)state;
	write_spec("%(kill -9 $PPID)", "");
	assert_fails(
		KILN_ERROR_CONFIG, "thing.spec: evaluation ended without an answer (status 137)");
}

static void test_lua_cannot_leave(void **state)
{
	(void)state;
	write_spec("1", "%{lua: os.exit(0)}\n");
	g_autofree char *message = g_strdup_printf("%s:6: lua script failed", spec_path);
	assert_fails(KILN_ERROR_CONFIG, message);
}

/* Neither the spec's Lua nor its shell gets at the descriptor of the answer. */
static void test_answer_cannot_be_forged(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	write_spec("1", "%{lua: for fd = 3, 30 do local f = io.open('/proc/self/fd/' .. fd, 'a') "
			"if f then f:write('{}') f:close() end end}\n"
			"%(for f in /proc/$PPID/fd/*; do echo '{}' >> $f; done 2>/dev/null)\n"
			"%(for f in 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo '{}' >&$f; done "
			"2>/dev/null)\n");
	g_autoptr(KilnSpec) spec = evaluate(&error);
	assert_no_error(error);
	assert_string_equal(spec->name, "thing");
}

static void test_jail(void **state)
{
	static const char *const outside[] = {"/target", "/libexec", "/home", "/usr/share/doc"};
	g_autoptr(GError) error = NULL;
	GString *probes = g_string_new("");

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(outside); i++)
		g_string_append_printf(
			probes, "%%(test -e %s && echo Provides: seen%u)\n", outside[i], (guint)i);
	g_string_append(probes,
		"%(touch /usr/bin/x /etc/x >/dev/null 2>&1 && echo Provides: wrote)\n"
		"%(touch %{_sourcedir}/x >/dev/null 2>&1 && echo Provides: sources)\n"
		"%(ls /proc/1/root/ >/dev/null 2>&1 && echo Provides: escaped)\n"
		"%(ip link 2>/dev/null | grep -v ' lo:' | grep -q '^[0-9]' && echo Provides: "
		"net)\n");
	g_autofree char *lines = g_string_free(probes, FALSE);
	write_spec("%(id -u).%(id -g)", lines);
	g_autoptr(KilnSpec) spec = evaluate(&error);
	assert_no_error(error);
	assert_string_equal(spec->version, "1000.135");
	const KilnSpecPackage *package = g_ptr_array_index(spec->packages, 0);
	assert_true(g_str_has_prefix(g_ptr_array_index(package->provides, 0), "thing = "));
	g_autofree char *written = g_build_filename(fixture->layer, "usr/bin/x", NULL);
	assert_false(g_file_test(written, G_FILE_TEST_EXISTS));
}

static void test_absent_spec(void **state)
{
	(void)state;
	assert_int_equal(g_unlink(spec_path), 0);
	assert_fails(KILN_ERROR_NOT_FOUND, "thing.spec");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_second_answer_is_cached),
		cmocka_unit_test(test_each_input_makes_a_new_answer),
		cmocka_unit_test(test_options_reach_the_spec),
		cmocka_unit_test(test_auxiliary_files_of_both_directories),
		cmocka_unit_test(test_faults_are_told_in_the_callers_paths),
		cmocka_unit_test(test_macro_file_faults_have_their_line),
		cmocka_unit_test(test_failures_are_not_cached),
		cmocka_unit_test(test_unreadable_cache_is_made_again),
		cmocka_unit_test(test_endless_spec),
		cmocka_unit_test(test_evaluator_that_is_killed),
		cmocka_unit_test(test_lua_cannot_leave),
		cmocka_unit_test(test_answer_cannot_be_forged),
		cmocka_unit_test(test_jail),
		cmocka_unit_test(test_absent_spec),
		cmocka_unit_test(test_shared_directories),
		cmocka_unit_test(test_shared_files_are_read),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
