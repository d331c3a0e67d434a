/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "format/config.h"

#include <string.h>

static const char good[] = "# comment\n"
			   "[publish]\nurl = https://repo.example.org/pub/\nchannel = testing\n"
			   "[limits]\nwall-seconds = 60\noutput-mib = 2\n"
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
	collection = kiln_config_find(config, "epoxy");
	assert_non_null(collection);
	assert_string_equal(collection->targets[1], "el9");
	assert_null(kiln_config_find(config, "diablo"));
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
		{"[publish]\nurl = http://x\nchannel = ../up\n", "kiln.conf:3: \"../up\" is not a name"},
		{"[publish]\nurl = http://x\nchannel = snapshots\n", "kiln.conf:3: a channel cannot be called"},
		{"[publish]\nurl = http://x\n[collection a/b]\ntargets = x\n", "\"a/b\" is not a name"},
		{"[publish]\nurl = http://x\n[collection a]\ntargets =\n", "kiln.conf:4: names no target"},
		{"[publish]\nurl = http://x\n[collection a]\n", "section [collection a] lacks the key \"targets\""},
		{"[publish]\nurl = \xff\n", "is not UTF-8 text"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(GError) error = NULL;
		assert_null(kiln_config_parse(table[i].text, "kiln.conf", &error));
		assert_error(error, KILN_ERROR_CONFIG, table[i].part);
	}
}

#define TARGET_HEAD "[target]\nname = t\narch = x86_64\n"
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
}

static void test_target_refusals(void **state)
{
	static const struct {
		const char *text, *part;
	} table[] = {
		{TARGET_HEAD "[base]\nkind = debian-import\n" TARGET_TAIL, "target.conf:5: a debian-import base needs a \"suite\""},
		{TARGET_HEAD "[base]\nkind = repository\n" TARGET_TAIL, "needs a \"location\""},
		{TARGET_HEAD "[base]\nkind = magic\n" TARGET_TAIL, "base kind \"magic\" is unknown"},
		{"[target]\nname = other\narch = x86_64\n[base]\nkind = repository\nlocation = x\n" TARGET_TAIL,
			"target.conf:2: the target is called \"other\" but its directory \"t\""},
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
		cmocka_unit_test(test_config_refusals),
		cmocka_unit_test(test_target_values),
		cmocka_unit_test(test_target_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
