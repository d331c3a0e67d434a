/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "format/graph_dot.h"

static void test_text(void **state)
{
	g_autoptr(KilnGraph) graph = kiln_graph_new();
	const KilnGraphDotNode nodes[] = {
		{"a \"quoted\"\nback\\slash", "palegreen", TRUE}, {"b", NULL, TRUE}, {"hidden", NULL, FALSE}};
	const guint waves[] = {0, 1, 0};
	g_autofree char *dot = NULL;

	(void)state;
	kiln_graph_add_node(graph, "a");
	kiln_graph_add_node(graph, "b");
	kiln_graph_add_node(graph, "hidden");
	kiln_graph_add_edge(graph, 1, 0, "\"b\" needs \"a\"");
	kiln_graph_add_edge(graph, 1, 2, NULL);
	dot = kiln_graph_dot_emit(graph, "it", nodes, waves);
	assert_string_equal(dot,
		"digraph plan {\n"
		"  rankdir=LR;\n"
		"  node [shape=box, fontname=\"sans-serif\"];\n"
		"  label=\"it\";\n"
		"  n0 [label=\"a \\\"quoted\\\"\\nback\\\\slash\", style=filled, fillcolor=palegreen];\n"
		"  n1 [label=\"b\"];\n"
		"  { rank=same; n0; }\n"
		"  { rank=same; n1; }\n"
		"  n0 -> n1 [edgetooltip=\"\\\"b\\\" needs \\\"a\\\"\"];\n"
		"}\n");
}

static void test_empty(void **state)
{
	g_autoptr(KilnGraph) graph = kiln_graph_new();
	g_autofree char *dot = kiln_graph_dot_emit(graph, "", NULL, NULL);

	(void)state;
	assert_true(g_str_has_suffix(dot, "label=\"\";\n}\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
