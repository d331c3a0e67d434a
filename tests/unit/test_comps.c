/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "base/error.h"
#include "lib/comps.h"

#define GROUP "<group><id>g</id><name>G</name>"
#define END "</group></comps>"

static const char whole[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<!DOCTYPE comps PUBLIC \"-//Red Hat, Inc.//DTD Comps info//EN\" \"comps.dtd\">\n"
	"<comps>\n"
	"  <!-- a comment -->\n"
	"  <group>\n"
	"    <packagelist>\n"
	"      <packagereq type=\"mandatory\">openstack-keystone</packagereq>\n"
	"      <packagereq>python-keystone</packagereq>\n"
	"    </packagelist>\n"
	"    <id>identity</id>\n"
	"    <name>Identity</name>\n"
	"    <name xml:lang=\"de\">Identität</name>\n"
	"    <description/>\n"
	"    <default>false</default>\n"
	"    <uservisible>true</uservisible>\n"
	"    <display_order>10</display_order>\n"
	"  </group>\n"
	"  <group><id>volume</id><name>Volume</name><packagelist>\n"
	"    <packagereq type=\"conditional\" requires=\"x\">scsi-target-utils</packagereq>\n"
	"  </packagelist></group>\n"
	"  <category><id>openstack</id><name>OpenStack</name>\n"
	"    <grouplist><groupid>identity</groupid><groupid>volume</groupid></grouplist>\n"
	"  </category>\n"
	"  <environment><id>cloud</id><name>Cloud</name>\n"
	"    <grouplist><groupid>core</groupid></grouplist>\n"
	"    <optionlist><groupid>volume</groupid></optionlist>\n"
	"  </environment>\n"
	"  <langpacks><match name=\"a\" install=\"b-%s\"/></langpacks>\n"
	"</comps>\n";

static void test_reads_groups(void **state)
{
	static const struct {
		const char *group, *package;
		guint line;
	} expected[] = {
		{"identity", "openstack-keystone", 7},
		{"identity", "python-keystone", 8},
		{"volume", "scsi-target-utils", 19},
	};
	GError *error = NULL;
	g_autoptr(GPtrArray) packages = kiln_comps_parse(whole, strlen(whole), "c.xml", &error);

	(void)state;
	assert_no_error(error);
	assert_int_equal(packages->len, G_N_ELEMENTS(expected));
	for (guint i = 0; i < packages->len; i++) {
		const KilnCompsPackage *package = g_ptr_array_index(packages, i);

		assert_string_equal(package->group, expected[i].group);
		assert_string_equal(package->package, expected[i].package);
		assert_int_equal(package->line, expected[i].line);
	}
}

static void expect(const char *text, gsize size, const char *message)
{
	GError *error = NULL;

	if (kiln_comps_parse(text, size, "c.xml", &error))
		fail_msg("accepted: %s", text);
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
	if (!g_str_has_prefix(error->message, message) || strchr(error->message, '\n'))
		fail_msg("%s\n  instead of: %s", error->message, message);
	g_error_free(error);
}

static void test_refuses_with_file_and_line(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "c.xml:1: "},
		{"<comps>\n<group>\n</comps>\n", "c.xml:"},
		{"<repo/>", "c.xml:1: the outermost element is not <comps>"},
		{"<comps/>", "c.xml:1: it has no <group>"},
		{"<comps>\ntext</comps>", "c.xml:2: there is text"},
		{"<comps>\n<grup/></comps>", "c.xml:2: <grup> does not belong into <comps>"},
		{"<comps>\n<group/></comps>", "c.xml:2: this <group> has no <id>"},
		{"<comps><group>\n<id></id></group></comps>", "c.xml:2: \"\" is no name for <id>"},
		{"<comps><group>\n<id> g</id></group></comps>", "c.xml:2: \" g\" is no name"},
		{"<comps><group><id>\na</id></group></comps>", "c.xml:1: \"?a\" is no name"},
		{"<comps><group><id>g</id>\n<id>h</id></group></comps>",
			"c.xml:2: <id> stands in this <group> a second time"},
		{"<comps><group><id>g</id>\n<id xml:lang='de'>h</id></group></comps>",
			"c.xml:2: <id> stands in this <group> a second time"},
		{"<comps>\n<group><id>g</id></group></comps>", "c.xml:2: the group \"g\" has no <name>"},
		{"<comps>\n<group><id>g</id><name xml:lang='de'>G</name></group></comps>",
			"c.xml:2: the group \"g\" has no <name>"},
		{"<comps><group><id>g</id>\n<name/></group></comps>", "c.xml:2: <name> is empty"},
		{"<comps>" GROUP "\n<nam/>" END, "c.xml:2: <nam> does not belong into <group>"},
		{"<comps>" GROUP "\n<display_order>x</display_order>" END,
			"c.xml:2: <display_order> is no number: \"x\""},
		{"<comps>" GROUP "\n<display_order/>" END, "c.xml:2: <display_order> is no number"},
		{"<comps>" GROUP "\n<default>True</default>" END,
			"c.xml:2: <default> is neither true nor false: \"True\""},
		{"<comps>" GROUP "\n<grouplist/>" END, "c.xml:2: <grouplist> does not belong"},
		{"<comps>" GROUP "<packagelist>\n<package>x</package></packagelist>" END,
			"c.xml:2: <package> does not belong into <packagelist>"},
		{"<comps>" GROUP "<packagelist>\n<packagereq>x </packagereq></packagelist>" END,
			"c.xml:2: \"x \" is no name for <packagereq>"},
		{"<comps>" GROUP "<packagelist>\n<packagereq type='must'>x</packagereq></packagelist>" END,
			"c.xml:2: the type \"must\" is none of"},
		{"<comps>" GROUP "<packagelist>\n<packagereq type='conditional'>x</packagereq>"
		 "</packagelist>" END,
			"c.xml:2: a conditional package needs"},
		{"<comps>" GROUP "<packagelist><packagereq>x</packagereq>\n<packagereq>x</packagereq>"
		 "</packagelist>" END,
			"c.xml:2: the package \"x\" stands in this group a second time"},
		{"<comps>" GROUP "</group>\n" GROUP END, "c.xml:2: the group \"g\" stands here a second"},
		{"<comps>" GROUP "</group><category><id>c</id><name>C</name><grouplist>\n"
		 "<groupid>h</groupid></grouplist></category></comps>",
			"c.xml:2: there is no group \"h\" above"},
		{"<!DOCTYPE comps [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]>\n<comps>" GROUP
		 "<description>&b;</description>" END,
			"c.xml:1: it declares entities"},
		{"<comps>" GROUP "<description>&x;</description>" END, "c.xml:1: "},
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		expect(cases[i].text, strlen(cases[i].text), cases[i].message);
	g_autofree char *large = g_strnfill((1 << 20) + 1, ' ');
	expect(large, strlen(large), "c.xml:1: it is larger than");
}

/* Two categories and groups of one id are no double: they are different things. */
static void test_ids_are_per_kind(void **state)
{
	static const char text[] =
		"<comps>" GROUP "</group><category><id>g</id><name>C</name></category></comps>";
	GError *error = NULL;
	g_autoptr(GPtrArray) packages = kiln_comps_parse(text, strlen(text), "c.xml", &error);

	(void)state;
	assert_no_error(error);
	assert_int_equal(packages->len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_groups),
		cmocka_unit_test(test_refuses_with_file_and_line),
		cmocka_unit_test(test_ids_are_per_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
