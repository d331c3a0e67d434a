/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The solver over packages that are yet to be built, and repositories that come, change, hide and
 * go. */
#include "solv_fixture.h"

/* A package as its spec declares it; the lists are separated by blanks at ", ". */
typedef struct {
	const char *name, *version, *provides, *requires;
} Declared;

static void add_list(GPtrArray *list, const char *texts)
{
	g_auto(GStrv) parts = g_strsplit(texts == NULL ? "" : texts, ", ", -1);

	for (char **part = parts; *part != NULL; part++)
		g_ptr_array_add(list, g_strdup(*part));
}

static void declare(KilnSpec *spec, const Declared *declared)
{
	KilnSpecPackage *package = kiln_spec_package_new();

	package->name = g_strdup(declared->name);
	package->epoch = spec->epoch;
	package->version = g_strdup(declared->version);
	package->release = g_strdup("1");
	package->arch = g_strdup("noarch");
	package->is_built = TRUE;
	add_list(package->provides, declared->provides);
	add_list(package->requires, declared->requires);
	g_ptr_array_add(spec->packages, package);
}

static void expect(KilnSolv *solv, const char *repository, const Declared *declared)
{
	g_autoptr(KilnSpec) spec = kiln_spec_new();
	const KilnSolvPlan plan = {.spec = spec, .priority = 10};
	GError *error = NULL;

	declare(spec, declared);
	kiln_solv_set_planned(solv, repository, &plan, &error);
	assert_no_error(error);
}

static void assert_provided(
	KilnSolv *solv, const char *capability, const char *hidden, gboolean expected)
{
	const char *names[] = {hidden, NULL};
	gboolean is_provided = !expected;
	GError *error = NULL;

	kiln_solv_provides(solv, capability, names, &is_provided, &error);
	assert_no_error(error);
	if (is_provided != expected)
		fail_msg("\"%s\" without \"%s\" is%s provided", capability, hidden ? hidden : "",
			is_provided ? "" : " not");
}

/* --- planned packages --- */

#define OLD_SPEC                                                                                   \
	"Name: lib\nVersion: 1.2\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n"       \
	"Provides: spoken = %{version}-%{release}, forgotten\nRequires: "                          \
	"dropped\n%description\nx\n"                                                               \
	"%package devel\nSummary: x\nRequires: lib = %{version}-%{release}\n"                      \
	"%description devel\nx\n%package gone\nSummary: x\n%description gone\nx\n"                 \
	"%install\nmkdir -p %{buildroot}/usr/share/pkgconfig %{buildroot}/etc "                    \
	"%{buildroot}/usr/bin\n"                                                                   \
	"printf 'Name: lib\\nDescription: x\\nVersion: 1.2\\nRequires: other >= 1.2\\n' "          \
	"> %{buildroot}/usr/share/pkgconfig/lib.pc\n"                                              \
	"echo > %{buildroot}/etc/lib.conf\n"                                                       \
	"printf '#!/usr/bin/interpreter\\n' > %{buildroot}/usr/bin/lib-config\n"                   \
	"chmod 755 %{buildroot}/usr/bin/lib-config\n"                                              \
	"%files\n%config /etc/lib.conf\n%files devel\n/usr/share/pkgconfig/lib.pc\n"               \
	"/usr/bin/lib-config\n%files gone\n"

/* Builds the old version; `ret_files`: its three packages. */
static void build_old(const Place *place, KilnSolvFile ret_files[3], char *paths[3])
{
	static const char *const names[] = {"lib", "lib-devel", "lib-gone"};
	g_autofree char *spec = g_build_filename(place->directory, "lib.spec", NULL);
	g_autofree char *top = g_strdup_printf("_topdir %s/top", place->directory);
	g_autofree char *out = g_strdup_printf("_rpmdir %s", place->directory);
	g_autofree char *database = g_strdup_printf("_dbpath %s/rpmdb", place->directory);
	const char *argv[] = {"rpmbuild", "-bb", "--nodeps", "-D", top, "-D", out, "-D", database,
		"-D", "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm", spec, NULL};

	change_file(spec, OLD_SPEC);
	fixture_run(argv);
	for (int i = 0; i < 3; i++) {
		paths[i] = g_strdup_printf("%s/%s-1.2-1.noarch.rpm", place->directory, names[i]);
		ret_files[i] = (KilnSolvFile){.path = paths[i]};
	}
}

static KilnSpec *new_spec(void)
{
	static const Declared packages[] = {
		{"lib", "2.0", "lib = 1:2.0-1, spoken = 1:2.0-1", NULL},
		{"lib-devel", "2.0", "lib-devel = 1:2.0-1", "lib = 1:2.0-1"},
	};
	KilnSpec *spec = kiln_spec_new();

	spec->epoch = 1;
	for (gsize i = 0; i < G_N_ELEMENTS(packages); i++)
		declare(spec, &packages[i]);
	return spec;
}

static const char others[] =
	"=Pkg: other 1 1 noarch\n=Prv: pkgconfig(other) = 1.2\n=Fls: /usr/bin/pkg-config\n"
	"=Pkg: interpreter 1 1 noarch\n=Fls: /usr/bin/interpreter\n"
	"=Pkg: app 1 1 noarch\n";

/* What the old build revealed is expected of the new version, in the new version. */
static void test_planned_after_an_older_build(void **state)
{
	const Place *place = *state;
	g_autoptr(KilnSpec) spec = new_spec();
	KilnSolvFile files[3];
	char *paths[3];
	const KilnSolvPlan plan = {.spec = spec, .last = files, .last_count = 3, .priority = 10};
	GError *error = NULL;

	rpmmd_create(place->repository, others, NULL);
	build_old(place, files, paths);
	g_autoptr(KilnSolv) solv = open_place(place);
	kiln_solv_set_planned(solv, "planned lib", &plan, &error);
	assert_no_error(error);

	/* A version without release is moved as such; what states the whole gets the new epoch. */
	assert_names(solv, "pkgconfig(lib) = 2.0", "interpreter lib lib-devel other");
	assert_names(solv, "config(lib) = 1:2.0-1", "lib");
	assert_names(solv, "spoken = 1:2.0-1", "lib");
	assert_names(solv, "/usr/bin/lib-config", "interpreter lib lib-devel other");
	assert_provided(solv, "pkgconfig(lib) = 1.2", NULL, FALSE);
	assert_provided(solv, "config(lib) = 1.2-1", NULL, FALSE);
	assert_provided(solv, "spoken = 1.2-1", NULL, FALSE);
	assert_provided(solv, "forgotten", NULL, FALSE);
	assert_provided(solv, "lib-gone", NULL, FALSE);

	g_autoptr(KilnSolution) solution = resolve(solv, "lib-devel");
	const KilnSolvPackage *package = g_ptr_array_index(kiln_solution_packages(solution), 2);
	g_autofree char *nevra = kiln_nevra_format(&package->nevra);
	assert_string_equal(nevra, "lib-devel-1:2.0-1.noarch");
	assert_true(package->is_planned);
	assert_null(package->path);
	assert_null(package->checksum);
	assert_null(package->checksum_type);
	assert_string_equal(package->repository, "planned lib");
	const KilnSolvPackage *other = g_ptr_array_index(kiln_solution_packages(solution), 3);
	assert_false(other->is_planned);
	assert_non_null(other->checksum);

	/* A later question can stand on planned packages as long as they are planned. */
	g_autoptr(KilnSolution) above = try_for(solv, "app", solution, &error);
	assert_no_error(error);
	assert_int_equal(kiln_solution_packages(above)->len, 1);
	for (int i = 0; i < 3; i++)
		g_free(paths[i]);
}

/* Without an older build there is what the spec says, and that is all. */
static void test_planned_for_the_first_time(void **state)
{
	const Place *place = *state;
	g_autoptr(KilnSpec) spec = new_spec();
	const KilnSolvPlan plan = {.spec = spec, .priority = 10};
	KilnSpecPackage *without_files = kiln_spec_package_new();
	GError *error = NULL;

	without_files->name = g_strdup("lib-empty");
	g_ptr_array_add(spec->packages, without_files);
	rpmmd_create(place->repository, others, NULL);
	g_autoptr(KilnSolv) solv = open_place(place);
	kiln_solv_set_planned(solv, "planned lib", &plan, &error);
	assert_no_error(error);
	assert_names(solv, "lib-devel", "lib lib-devel");
	assert_names(solv, "lib = 1:2.0-1", "lib");
	assert_provided(solv, "pkgconfig(lib)", NULL, FALSE);
	assert_provided(solv, "/usr/bin/lib-config", NULL, FALSE);
	assert_provided(solv, "lib-empty", NULL, FALSE);
}

static void test_planned_with_faults(void **state)
{
	const Place *place = *state;
	const KilnSolvFile absent = {.path = "/nonexistent/lib-1-1.noarch.rpm"};
	g_autoptr(KilnSpec) spec = new_spec();
	KilnSolvPlan plan = {.spec = spec, .last = &absent, .last_count = 1};
	KilnSpecPackage *devel = g_ptr_array_index(spec->packages, 1);
	g_autoptr(KilnSolv) solv = open_place(place);
	GError *error = NULL;

	assert_false(kiln_solv_set_planned(solv, "planned", &plan, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_NOT_FOUND));
	g_clear_error(&error);
	assert_names(solv, "app", "app lib");
	assert_false(kiln_solv_set_planned(solv, "base", &plan, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
	g_clear_error(&error);

	plan.last_count = 0;
	g_ptr_array_add(devel->requires, g_strdup("broken >="));
	assert_true(kiln_solv_set_planned(solv, "planned", &plan, &error));
	assert_fails(solv, "app", KILN_ERROR_CONFIG, "planned package \"lib-devel\"");
	/* Nothing is spoilt by it. */
	expect(solv, "planned", &(Declared){"fine", "1", NULL, "app"});
	assert_names(solv, "fine", "app fine lib");
}

/* --- repositories that come and go --- */

static void test_built_replaces_planned(void **state)
{
	const Place *place = *state;
	KilnSolvFile files[3];
	char *paths[3];
	GError *error = NULL;

	rpmmd_create(place->repository, others, NULL);
	build_old(place, files, paths);
	g_autoptr(KilnSolv) solv = open_place(place);
	expect(solv, "lib", &(Declared){"lib", "1.2", "expected", NULL});
	g_autoptr(KilnSolution) planned = resolve(solv, "expected");
	files[0].sha256 = "0000000000000000000000000000000000000000000000000000000000000001";
	kiln_solv_set_packages(solv, "lib", files, 2, 10, &error);
	assert_no_error(error);
	assert_provided(solv, "expected", NULL, FALSE);
	assert_fails(solv, "lib-devel", KILN_ERROR_UNSOLVABLE, "\"dropped\"");
	expect(solv, "dropped", &(Declared){"dropped", "1", "dropped = 1-1", NULL});
	g_autoptr(KilnSolution) built = resolve(solv, "lib");
	const KilnSolvPackage *lib = g_ptr_array_index(kiln_solution_packages(built), 1);
	assert_string_equal(lib->path, paths[0]);
	assert_false(lib->is_planned);
	/* The digest is taken as given. */
	assert_string_equal(lib->checksum, files[0].sha256);

	/* What was planned is not there to stand on any more. */
	g_autoptr(KilnSolution) none = try_for(solv, "app", planned, &error);
	assert_null(none);
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_NOT_FOUND));
	g_clear_error(&error);
	kiln_solv_set_packages(solv, "lib", NULL, 0, 10, &error);
	assert_no_error(error);
	assert_provided(solv, "lib", NULL, FALSE);
	for (int i = 0; i < 3; i++)
		g_free(paths[i]);
}

/* Two choices that depend on which is made first: the answer may not depend on what came when. */
static const Declared choices[] = {
	{"app-a", "1", NULL, "virtual-a"},
	{"app-b", "1", NULL, "virtual-b"},
	{"app-c", "1", NULL, "virtual-c"},
	{"x", "1", "virtual-a, virtual-c", NULL},
	{"y", "1", "virtual-a, virtual-b", NULL},
	{"z", "1", "virtual-b, virtual-c", NULL},
};

static char *choose(KilnSolv *solv)
{
	const char *requirements[] = {"app-a", "app-b", "app-c", NULL};
	const KilnSolvRequest request = {.requester = "test", .requirements = requirements};
	g_autoptr(KilnSolution) solution = kiln_solv_resolve(solv, &request, NULL);
	GString *names = g_string_new(NULL);

	assert_non_null(solution);
	for (guint i = 0; i < kiln_solution_in_order(solution)->len; i++) {
		const KilnSolvPackage *package =
			g_ptr_array_index(kiln_solution_in_order(solution), i);
		g_string_append_printf(names, "%s ", package->nevra.name);
	}
	return g_string_free(names, FALSE);
}

/* A choice as the repository of that number, in a version of its own to differ from the last one.
 */
static void set_choice(KilnSolv *solv, guint number, guint version)
{
	g_autofree char *repository = g_strdup_printf("choice %u", number);
	g_autofree char *text = g_strdup_printf("%u", version);
	Declared declared = choices[number];

	declared.version = text;
	expect(solv, repository, &declared);
}

static void test_order_of_events_does_not_matter(void **state)
{
	g_autoptr(KilnSolv) steady = open_place(*state);
	g_autoptr(KilnSolv) changing = open_place(*state);
	g_autoptr(GRand) random = g_rand_new_with_seed(4);

	for (guint i = 0; i < G_N_ELEMENTS(choices); i++)
		set_choice(steady, i, 1);
	for (guint i = G_N_ELEMENTS(choices); i > 0; i--)
		set_choice(changing, i - 1, 1);
	g_autofree char *expected = choose(steady);
	for (guint round = 2; round < 40; round++) {
		g_autofree char *actual = choose(changing);
		assert_string_equal(actual, expected);
		guint number = (guint)g_rand_int_range(random, 0, G_N_ELEMENTS(choices));
		set_choice(changing, number, round);
	}
}

/* Requirements that name paths are looked for again after packages changed. */
static void test_paths_after_a_change(void **state)
{
	const Place *place = *state;
	KilnSolvFile files[3];
	char *paths[3];
	GError *error = NULL;

	rpmmd_create(place->repository, others, NULL);
	build_old(place, files, paths);
	g_autoptr(KilnSolv) solv = open_place(place);
	assert_provided(solv, "/usr/bin/lib-config", NULL, FALSE);
	assert_provided(solv, "/usr/bin/interpreter", NULL, TRUE);
	kiln_solv_set_packages(solv, "lib", files, 3, 10, &error);
	assert_no_error(error);
	assert_provided(solv, "/usr/bin/another", NULL, FALSE);
	assert_provided(solv, "/usr/bin/lib-config", NULL, TRUE);
	assert_provided(solv, "/usr/bin/lib-config", "lib", FALSE);
	kiln_solv_set_packages(solv, "lib", files + 2, 1, 10, &error);
	assert_no_error(error);
	assert_provided(solv, "/usr/bin/lib-config", NULL, FALSE);
	assert_provided(solv, "/usr/bin/interpreter", NULL, TRUE);
	for (int i = 0; i < 3; i++)
		g_free(paths[i]);
}

/* --- hidden repositories --- */

static KilnSolution *try_without(KilnSolv *solv, const char *requirement, const char *hidden,
	const KilnSolution *installed, GError **error)
{
	const char *requirements[] = {requirement, NULL};
	const char *names[] = {hidden, "unknown", NULL};
	const KilnSolvRequest request = {.requester = "test",
		.requirements = requirements,
		.installed = installed,
		.hidden = names};

	return kiln_solv_resolve(solv, &request, error);
}

static void assert_version(const KilnSolution *solution, const char *expected)
{
	const KilnSolvPackage *package = g_ptr_array_index(kiln_solution_packages(solution), 0);
	g_autofree char *nevra = kiln_nevra_format(&package->nevra);

	assert_string_equal(nevra, expected);
}

static void test_hidden_repositories(void **state)
{
	g_autoptr(KilnSolv) solv = open_place(*state);
	g_autoptr(GError) error = NULL;

	expect(solv, "new lib", &(Declared){"lib", "9", "lib = 9-1, lib(new)", NULL});
	g_autoptr(KilnSolution) newest = resolve(solv, "lib");
	assert_version(newest, "lib-9-1.noarch");
	g_autoptr(KilnSolution) base = try_without(solv, "lib", "new lib", NULL, &error);
	assert_no_error(error);
	assert_version(base, "lib-2-1.x86_64");
	g_autoptr(KilnSolution) again = resolve(solv, "lib");
	assert_version(again, "lib-9-1.noarch");

	/* What is installed stays, wherever it is from. */
	g_autoptr(KilnSolution) above = try_without(solv, "app", "new lib", newest, &error);
	assert_no_error(error);
	assert_int_equal(kiln_solution_packages(above)->len, 1);
	assert_version(above, "app-1-1.noarch");

	assert_provided(solv, "lib(new)", NULL, TRUE);
	assert_provided(solv, "lib(new)", "new lib", FALSE);
}

static void assert_sentence(KilnSolv *solv, const char *requirement, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnSolution) none = try_without(solv, requirement, "new lib", NULL, &error);

	assert_null(none);
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE));
	assert_string_equal(kiln_solv_problems(solv)[0], expected);
	assert_null(kiln_solv_problems(solv)[1]);
}

/* Nothing is told of what took no part. */
static void test_problems_with_hidden_repositories(void **state)
{
	g_autoptr(KilnSolv) solv = open_place(*state);

	expect(solv, "new lib", &(Declared){"libs", "9", "lib = 9-1, lib(new)", NULL});
	expect(solv, "user", &(Declared){"user", "1", NULL, "lib(new)"});
	assert_sentence(solv, "lib >= 9",
		"\"test\" needs \"lib >= 9\", which no package in \"base\" or \"user\" provides; "
		"there is only \"lib = 2-1\" in \"lib-2-1.x86_64\"");
	assert_sentence(solv, "libs",
		"\"test\" needs \"libs\", which no package in \"base\" or \"user\" provides; "
		"nearest name: \"lib\"");
	assert_sentence(solv, "user",
		"\"test\" needs \"user\", provided by \"user-1-1.noarch\"; \"user-1-1.noarch\" "
		"needs "
		"\"lib(new)\", which no package in \"base\" or \"user\" provides");
}

/* A dump with hidden repositories says the same to testsolv, which compares with the answer. */
static void test_dump_with_hidden_repositories(void **state)
{
	const Place *place = *state;
	g_autoptr(KilnSolv) solv = open_place(place);
	g_autofree char *directory = g_build_filename(place->directory, "dump", NULL);
	g_autofree char *path = g_build_filename(directory, "testcase.t", NULL);
	const char *requirements[] = {"lib", NULL};
	const char *hidden[] = {"new lib", NULL};
	const KilnSolvRequest request = {
		.requester = "test", .requirements = requirements, .hidden = hidden};
	const char *argv[] = {"testsolv", path, NULL};
	GError *error = NULL;

	expect(solv, "new lib", &(Declared){"lib", "9", "lib = 9-1", NULL});
	kiln_solv_dump(solv, &request, directory, &error);
	assert_no_error(error);
	fixture_run(argv);
}

static void test_provides(void **state)
{
	static const struct {
		const char *capability;
		gboolean is_provided;
	} cases[] = {
		{"lib", TRUE},
		{"lib >= 2", TRUE},
		{"lib > 2-1", FALSE},
		{"nothing", FALSE},
		{"/usr/share/lib/one", TRUE},
		{"/usr/share/lib/none", FALSE},
		{"(lib and docs)", TRUE},
		{"(lib and nothing)", FALSE},
		{"(nothing or docs)", TRUE},
		{"(nothing or none)", FALSE},
		{"(nothing if docs)", TRUE},
		{"(nothing if docs else none)", FALSE},
		{"(nothing if docs else lib)", TRUE},
		{"(lib unless docs)", TRUE},
		{"(nothing unless docs)", FALSE},
		{"(nothing unless docs else lib)", TRUE},
		{"(lib with lib = 2-1)", TRUE},
		{"(lib with docs)", FALSE},
	};
	g_autoptr(KilnSolv) solv = open_place(*state);
	gboolean is_provided = TRUE;
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_provided(solv, cases[i].capability, NULL, cases[i].is_provided);
	assert_false(kiln_solv_provides(solv, "lib >=", NULL, &is_provided, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
	assert_true(is_provided);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(test_planned_after_an_older_build),
		case_of(test_planned_for_the_first_time),
		case_of(test_planned_with_faults),
		case_of(test_built_replaces_planned),
		case_of(test_order_of_events_does_not_matter),
		case_of(test_paths_after_a_change),
		case_of(test_hidden_repositories),
		case_of(test_problems_with_hidden_repositories),
		case_of(test_dump_with_hidden_repositories),
		case_of(test_provides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
