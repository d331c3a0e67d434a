/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "format/config.h"

#include <string.h>

static const char good[] = "# comment\n"
			   "[publish]\nurl = https://repo.example.org/pub/\nchannel = testing\n"
			   "[limits]\nwall-seconds = 60\noutput-mib = 2\ndisk-mib = 3\n"
			   "[collection epoxy]\ndescription = Epoxy\ntargets = trixie, el9\n";

static void test_config_values(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnConfig) config = kiln_config_parse(good, "kiln.conf", &error);
	const KilnCollection *collection;

	(void)state;
	assert_no_error(error);
	assert_string_equal(config->url, "https://repo.example.org/pub");
	assert_string_equal(config->channel, "testing");
	assert_string_equal(config->publish_root, ".kiln/www");
	assert_null(config->key);
	assert_int_equal(config->limits.wall_s, 60);
	assert_int_equal(config->limits.output_bytes, 2 * 1024 * 1024);
	assert_int_equal(config->limits.disk_bytes, 3 * 1024 * 1024);
	collection = kiln_config_find(config, "epoxy");
	assert_non_null(collection);
	assert_string_equal(collection->targets[1], "el9");
	assert_null(kiln_config_find(config, "diablo"));
}

static KilnCollection *only_collection(KilnConfig *config)
{
	return config->collections->pdata[0];
}

static void test_layouts(void **state)
{
	static const char head[] = "[publish]\nurl = http://x\n[collection a]\ntargets = x\n";
	g_autofree char *topdir_text = g_strconcat(head, "layout = topdir\n", NULL);
	g_autofree char *git_text = g_strconcat(head,
		"layout = dist-git\nspecs = rpms\nsources = . src\nlocks = repo-config/l\n", NULL);
	g_autoptr(KilnConfig) own = kiln_config_parse(head, "kiln.conf", NULL);
	g_autoptr(KilnConfig) topdir = kiln_config_parse(topdir_text, "kiln.conf", NULL);
	g_autoptr(KilnConfig) git = kiln_config_parse(git_text, "kiln.conf", NULL);
	const KilnLayout *layout;

	(void)state;
	assert_int_equal(only_collection(own)->layout->kind, KILN_LAYOUT_KILN);
	layout = only_collection(topdir)->layout;
	assert_int_equal(layout->kind, KILN_LAYOUT_TOPDIR);
	assert_string_equal(layout->specs, "SPECS");
	assert_string_equal(layout->sources[0], "SOURCES");
	assert_null(layout->sources[1]);
	assert_string_equal(layout->locks, "repo-config/sources/a");
	layout = only_collection(git)->layout;
	assert_int_equal(layout->kind, KILN_LAYOUT_DIST_GIT);
	assert_string_equal(layout->specs, "rpms");
	assert_string_equal(layout->sources[1], "src");
	assert_string_equal(layout->locks, "repo-config/l");
}

#define URL "[publish]\nurl = http://x\n"

static void test_build(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnConfig) unset = kiln_config_parse(URL, "kiln.conf", &error);
	g_autoptr(KilnConfig) set = kiln_config_parse(
		URL "[build]\njobs = 3\nmemory-per-job-mib = 2048\n", "kiln.conf", &error);

	(void)state;
	assert_no_error(error);
	assert_int_equal(unset->jobs, 0);
	assert_int_equal(unset->memory_per_job_bytes, 1024 * 1024 * 1024);
	assert_int_equal(set->jobs, 3);
	assert_int_equal(set->memory_per_job_bytes, 2048LL * 1024 * 1024);
}

/* Order and repetition in the file say nothing. */
static const char options_text[] = URL
	"[package perl-Foo]\nwith = zstd api zstd\nwithout = docs, tests\nbootstrap-with = docs minimal\n"
	"bootstrap-without = api\ncheck = no\nmacro.zebra = %{?x:a} = {b [c\nmacro.alpha =\n"
	"[package plain]\n";

static void test_package_options(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnConfig) config = kiln_config_parse(options_text, "kiln.conf", &error);
	const KilnPackageOptions *options = config ? kiln_config_package(config, "perl-Foo") : NULL;
	g_autofree char *macros = NULL, *bootstrap = NULL;
	static const char defines[] =
		"%__spec_check_template echo 'skipped: kiln.conf has check = no for this package'; exit 0 #\n"
		"%alpha %{nil}\n%zebra %{?x:a} = {b [c\n";

	(void)state;
	assert_no_error(error);
	assert_non_null(options);
	assert_false(options->check);
	assert_int_equal(options->macros->len, 2);
	macros = kiln_package_options_macros(options, FALSE);
	assert_true(g_str_has_prefix(macros, "%_with_api --with-api\n%_with_zstd --with-zstd\n"
		"%_without_docs --without-docs\n%_without_tests --without-tests\n%__spec"));
	assert_true(g_str_has_suffix(macros, defines));
	bootstrap = kiln_package_options_macros(options, TRUE);
	assert_true(g_str_has_prefix(bootstrap, "%_with_docs --with-docs\n%_with_minimal --with-minimal\n"
		"%_with_zstd --with-zstd\n%_without_api --without-api\n%_without_tests --without-tests\n%__spec"));
	assert_true(g_str_has_suffix(bootstrap, defines));
}

static void test_no_options(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnConfig) config = kiln_config_parse(options_text, "kiln.conf", &error);
	const KilnPackageOptions *const none[] = {config ? kiln_config_package(config, "plain") : NULL, NULL};

	(void)state;
	assert_no_error(error);
	assert_non_null(none[0]);
	assert_true(none[0]->check);
	assert_null(kiln_config_package(config, "perl"));
	for (gsize i = 0; i < G_N_ELEMENTS(none); i++) {
		g_autofree char *macros = kiln_package_options_macros(none[i], TRUE);
		g_auto(GStrv) with = kiln_package_options_with(none[i], FALSE);
		g_auto(GStrv) without = kiln_package_options_without(none[i], TRUE);
		g_auto(GStrv) defines = kiln_package_options_defines(none[i]);
		assert_string_equal(macros, "");
		assert_null(with[0]);
		assert_null(without[0]);
		assert_null(defines[0]);
	}
}

static void test_config_refusals(void **state)
{
	static const struct {
		const char *text, *part;
	} table[] = {
		{"", "kiln.conf:1: section [publish] with the key \"url\" is missing"},
		{"[publish]\nchannel = x\n", "kiln.conf:1: section [publish] lacks the key \"url\""},
		{"[publish]\nurl = http://x\nchanel = y\n",
			"kiln.conf:3: unknown key \"chanel\" in [publish]; did you mean \"channel\"?"},
		{"[pubish]\nurl = x\n", "kiln.conf:1: unknown section [pubish]; did you mean [publish]?"},
		{"[publish]\nurl = ftp://x\n", "kiln.conf:2: url \"ftp://x\" must start with"},
		{"[publish]\nurl = http://x y\n", "kiln.conf:2: url"},
		{"[publish]\nurl = http://x\nurl = http://y\n", "kiln.conf:3: key \"url\" stands twice (first at line 2)"},
		{"[publish]\nurl = http://x\n[publish]\n", "kiln.conf:3: section \"publish\" stands twice"},
		{"url = x\n", "kiln.conf:1: a key stands before the first [section]"},
		{"[publish]\nnonsense\n", "kiln.conf:2: expected \"key = value\""},
		{"[publish\n", "kiln.conf:1: a section has the form [name]"},
		{"[publish]\nurl = http://x\n[limits]\nidle-seconds = soon\n",
			"kiln.conf:4: key \"idle-seconds\": \"soon\" is not a number"},
		{"[publish]\nurl = http://x\n[limits]\nmemory-mib = 99999999999999\n", "a limit is too large"},
		{"[publish]\nurl = http://x\n[limits]\ndisk-mib = 549755813889\n", "a limit is too large"},
		{"[publish]\nurl = http://x\nchannel = ../up\n", "kiln.conf:3: \"../up\" is not a name"},
		{"[publish]\nurl = http://x\nchannel = snapshots\n", "kiln.conf:3: a channel cannot be called"},
		{"[publish]\nurl = http://x\n[collection a/b]\ntargets = x\n", "\"a/b\" is not a name"},
		{"[publish]\nurl = http://x\n[collection a]\ntargets =\n", "kiln.conf:4: names no target"},
		{"[publish]\nurl = http://x\n[collection a]\ntargets = x\nlayout = tree\n",
			"kiln.conf:5: layout \"tree\" is unknown: use kiln, topdir, flat or dist-git"},
		{"[publish]\nurl = http://x\n[collection a]\ntargets = x\nspecs = SPECS\n",
			"kiln.conf:5: \"specs\" is for collections with a layout"},
		{"[publish]\nurl = http://x\n[collection a]\ntargets = x\nlayout = flat\nspecs = ../x\n",
			"kiln.conf:6: \"../x\" is not a directory below the project"},
		{"[publish]\nurl = http://x\n[collection a]\ntargets = x\nlayout = flat\nsources = . /x\n",
			"kiln.conf:6: \"/x\" is not a directory below the project"},
		{"[publish]\nurl = http://x\n[collection a]\ntargets = x\nlayout = flat\nlocks = a//b\n",
			"kiln.conf:6: \"a//b\" is not a directory below the project"},
		{"[publish]\nurl = http://x\n[collection a]\n", "section [collection a] lacks the key \"targets\""},
		{"[publish]\nurl = \xff\n", "is not UTF-8 text"},
		{URL "[build]\njobs = many\n", "kiln.conf:4: key \"jobs\": \"many\" is not a number"},
		{URL "[build]\njobs = 100000\n", "kiln.conf:4: more than 1024 jobs"},
		{URL "[build]\nmemory-per-job-mib = 0\n", "kiln.conf:4: no build needs 0 MiB"},
		{URL "[build]\nmemory-per-job-mib = 99999999999999\n", "kiln.conf:4: no build needs"},
		{URL "[package a/b]\ncheck = no\n", "kiln.conf:3: \"a/b\" is not a name"},
		{URL "[package a]\ncheck = maybe\n", "kiln.conf:4: key \"check\": \"maybe\" is neither yes nor no"},
		{URL "[package a]\nchek = no\n", "kiln.conf:4: unknown key \"chek\" in [package a]; did you mean \"check\"?"},
		{URL "[package a]\nwith = x y-z\n", "kiln.conf:4: \"y-z\" is no build condition"},
		{URL "[package a]\nbootstrap-with = %{x}\n", "kiln.conf:4: \"%{x}\" is no build condition"},
		{URL "[package a]\nwith = x y\nwithout = z y\n", "kiln.conf:5: \"y\" is both set and unset"},
		{URL "[package a]\nbootstrap-without = y\nbootstrap-with = y\n", "kiln.conf:4: \"y\" is both"},
		{URL "[package a]\nmacro. = y\n", "kiln.conf:4: unknown key \"macro.\" in [package a]"},
		{URL "[package a]\nmacro = y\n", "kiln.conf:4: unknown key \"macro\" in [package a]"},
		{URL "[package a]\nmacro.ab = y\n", "kiln.conf:4: \"ab\" is not a macro's name"},
		{URL "[package a]\nmacro.7up = y\n", "kiln.conf:4: \"7up\" is not a macro's name"},
		{URL "[package a]\nmacro.a b c = y\n", "kiln.conf:4: \"a b c\" is not a macro's name"},
		{URL "[package a]\nmacro.abc = 1\nmacro.abc = 2\n", "kiln.conf:5: key \"macro.abc\" stands twice"},
		{URL "[package a]\nmacro.abc = %{x\n", "kiln.conf:4: the body of \"abc\" does not end with its line"},
		{URL "[package a]\nmacro.abc = %(echo (a)\n", "kiln.conf:4: the body of \"abc\" does not end"},
		{URL "[package a]\nmacro.abc = {x\n", "kiln.conf:4: the body of \"abc\" does not end"},
		{URL "[package a]\nmacro.abc = x \\\n", "kiln.conf:4: the body of \"abc\" does not end"},
		{URL "[package a]\nmacro.abc = x\x01y\n", "kiln.conf:4: the body of \"abc\" holds a control"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(GError) error = NULL;
		assert_null(kiln_config_parse(table[i].text, "kiln.conf", &error));
		assert_error(error, KILN_ERROR_CONFIG, table[i].part);
	}
}

#define TARGET_HEAD "[target]\nname = t\narch = x86_64\ncontract = fedora\n"
#define TARGET_TAIL                                                                                \
	"[buildroot]\npackages = bash gcc\n[minimal]\npackages = bash\n[client]\npackages = dnf\n[macros]\nfile = macros\n"

static void test_target_values(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnTarget) target = kiln_target_parse(
		TARGET_HEAD "[base]\nkind = debian-import\nsuite = trixie\n" TARGET_TAIL, "target.conf", "t", &error);

	(void)state;
	assert_no_error(error);
	assert_string_equal(target->suite, "trixie");
	assert_int_equal(g_strv_length(target->buildroot), 2);
	assert_string_equal(target->description, "t");
	assert_string_equal(target->contract, "fedora");
	assert_null(target->releasever);
	assert_null(target->repositories);
	assert_int_equal(target->keys->len, 0);
	assert_false(target->has_own_database);
	assert_string_equal(target->client_program, "dnf");
}

#define FINGERPRINT "c1dac52d1664e8a4386dba430946fca2c105b9de"
#define OTHER_FINGERPRINT "8C3BE96AF2309184DA5C0DAE3B49DF2A0608B895"

static void test_repository_target(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnTarget) target = kiln_target_parse(
		"[target]\nname = t\narch = x86_64\ncontract = el6\nreleasever = 6\n[base]\nkind = repository\n"
		"repositories = base.repo\n[keys]\nRPM-GPG-KEY-6 = " FINGERPRINT "\nRPM-GPG-KEY-E = "
		OTHER_FINGERPRINT ", " FINGERPRINT "\n[rpm]\ndatabase = own\n[buildroot]\npackages = bash\n"
		"[minimal]\npackages = bash\n[client]\nprogram = yum\npackages = yum\n[macros]\nfile = m\n",
		"target.conf", "t", &error);
	const KilnTargetKey *key;

	(void)state;
	assert_no_error(error);
	assert_string_equal(target->contract, "el6");
	assert_string_equal(target->releasever, "6");
	assert_string_equal(target->repositories, "base.repo");
	assert_null(target->suite);
	assert_true(target->has_own_database);
	assert_string_equal(target->client_program, "yum");
	assert_int_equal(target->keys->len, 3);
	key = target->keys->pdata[0];
	assert_string_equal(key->file_name, "RPM-GPG-KEY-6");
	assert_string_equal(key->fingerprint, "C1DAC52D1664E8A4386DBA430946FCA2C105B9DE");
	key = target->keys->pdata[2];
	assert_string_equal(key->file_name, "RPM-GPG-KEY-E");
	assert_string_equal(key->fingerprint, "C1DAC52D1664E8A4386DBA430946FCA2C105B9DE");
}

#define GOOD_BASE "[base]\nkind = repository\nrepositories = base.repo\n"

static void test_target_refusals(void **state)
{
	static const struct {
		const char *text, *part;
	} table[] = {
		{TARGET_HEAD "[base]\nkind = debian-import\n" TARGET_TAIL,
			"target.conf:6: a base of kind debian-import needs \"suite\": the suite"},
		{TARGET_HEAD "[base]\nkind = repository\n" TARGET_TAIL,
			"target.conf:6: a base of kind repository needs \"repositories\": the name of a .repo file"},
		{TARGET_HEAD "[base]\nkind = repository\nrepositories = ../x.repo\n" TARGET_TAIL,
			"target.conf:7: \"../x.repo\" is not a name"},
		{TARGET_HEAD "[base]\nkind = repository\nrepositories = x\nsuite = y\n" TARGET_TAIL,
			"target.conf:8: \"suite\" is not for a base of kind repository"},
		{TARGET_HEAD "[base]\nkind = debian-import\nrepositories = x\nsuite = y\n" TARGET_TAIL,
			"target.conf:7: \"repositories\" is not for a base of kind debian-import"},
		{"[target]\nname = t\narch = x86_64\ncontract = a/b\n" GOOD_BASE TARGET_TAIL, "target.conf:4: \"a/b\" is not a name"},
		{TARGET_HEAD "releasever = 6 7\n" GOOD_BASE TARGET_TAIL, "target.conf:5: \"6 7\" is not a name"},
		{TARGET_HEAD GOOD_BASE "[keys]\nK = 0608B895\n" TARGET_TAIL,
			"target.conf:9: \"0608B895\" is not a key's fingerprint, which has 40 hexadecimal digits"},
		{TARGET_HEAD GOOD_BASE "[keys]\nK = " FINGERPRINT "0\n" TARGET_TAIL, "is not a key's fingerprint"},
		{TARGET_HEAD GOOD_BASE "[keys]\nK = x" OTHER_FINGERPRINT "\n" TARGET_TAIL, "target.conf:9: \"x8C3B"},
		{TARGET_HEAD GOOD_BASE "[keys]\nK =\n" TARGET_TAIL, "target.conf:9: the fingerprint of \"K\" is missing"},
		{TARGET_HEAD GOOD_BASE "[keys]\na/K = " FINGERPRINT "\n" TARGET_TAIL, "target.conf:9: \"a/K\" is not a name"},
		{TARGET_HEAD GOOD_BASE "[rpm]\ndatabase = bdb\n" TARGET_TAIL, "target.conf:9: \"bdb\" is unknown: use host or own"},
		{TARGET_HEAD GOOD_BASE "[client]\npackages = x\nprogram = apt\n[buildroot]\npackages = x\n"
			"[minimal]\npackages = x\n[macros]\nfile = x\n",
			"target.conf:10: \"apt\" is unknown: use dnf or yum"},
		{TARGET_HEAD "[base]\nkind = magic\n" TARGET_TAIL, "base kind \"magic\" is unknown"},
		{"[target]\nname = other\narch = x86_64\ncontract = c\n[base]\nkind = repository\nrepositories = x\n" TARGET_TAIL,
			"target.conf:2: the target is called \"other\" but its directory \"t\""},
		{TARGET_HEAD "[base]\nkind = repository\nlocation = /srv\n" TARGET_TAIL,
			"target.conf:7: unknown key \"location\" in [base]"},
		{"[target]\nname = t\narch = z80\ncontract = c\n" GOOD_BASE TARGET_TAIL, "target.conf:3: \"z80\" is unknown: use x86_64 or"},
		{"[target]\nname = t\narch = x86_64\n" GOOD_BASE TARGET_TAIL, "section [target] lacks the key \"contract\""},
		{TARGET_HEAD TARGET_TAIL, "section [base] with the key \"kind\" is missing"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(GError) error = NULL;
		assert_null(kiln_target_parse(table[i].text, "target.conf", "t", &error));
		assert_error(error, KILN_ERROR_CONFIG, table[i].part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_values),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_package_options),
		cmocka_unit_test(test_no_options),
		cmocka_unit_test(test_config_refusals),
		cmocka_unit_test(test_target_values),
		cmocka_unit_test(test_repository_target),
		cmocka_unit_test(test_target_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
