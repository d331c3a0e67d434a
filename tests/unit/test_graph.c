/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "model/graph.h"

#include <string.h>

/* A graph from "ab bc": a needs b, b needs c. Nodes are as many letters as the highest says. */
static KilnGraph *make_graph(guint count, const char *edges)
{
	KilnGraph *graph = kiln_graph_new();
	g_auto(GStrv) pairs = g_strsplit(edges, " ", -1);

	for (guint i = 0; i < count; i++) {
		const char name[] = {(char)('a' + i), '\0'};
		assert_int_equal(kiln_graph_add_node(graph, name), i);
	}
	for (char **pair = pairs; *pair; pair++)
		kiln_graph_add_edge(graph, (guint)((*pair)[0] - 'a'), (guint)((*pair)[1] - 'a'), *pair);
	return graph;
}

static char *order_text(const KilnGraph *graph)
{
	g_autofree guint *waves = NULL;
	g_autofree guint *order = kiln_graph_order(graph, &waves);
	GString *text = g_string_new(NULL);

	for (guint i = 0; order && i < kiln_graph_count(graph); i++)
		g_string_append_printf(text, "%s%u", kiln_graph_name(graph, order[i]), waves[order[i]]);
	return g_string_free(text, FALSE);
}

static void test_order_and_waves(void **state)
{
	static const struct {
		guint count;
		const char *edges, *expected;
	} rows[] = {
		{0, "", ""},
		{3, "", "a0b0c0"},
		{3, "ab bc", "c0b1a2"},
		{4, "ba ca db dc", "a0b1c1d2"},
		{4, "ab ac ad bc", "c0d0b1a2"},
		{2, "ab ba", ""},
		{1, "aa", ""},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(KilnGraph) graph = make_graph(rows[i].count, rows[i].edges);
		g_autofree char *text = order_text(graph);
		assert_string_equal(text, rows[i].expected);
	}
}

static char *cycles_text(const KilnGraph *graph)
{
	g_autoptr(GPtrArray) cycles = kiln_graph_cycles(graph);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < cycles->len; i++) {
		g_autofree char *cycle = kiln_graph_cycle_text(graph, cycles->pdata[i]);
		g_string_append_printf(text, "%s%s", i ? "; " : "", cycle);
	}
	return g_string_free(text, FALSE);
}

static void test_cycles(void **state)
{
	static const struct {
		guint count;
		const char *edges, *expected;
	} rows[] = {
		{3, "ab bc", ""},
		{1, "aa", "\"a\" needs \"a\""},
		{3, "ab bc cb", "\"b\" needs \"c\" needs \"b\""},
		/* the shortest of those through the first node */
		{4, "ab bc cd da ca", "\"a\" needs \"b\" needs \"c\" needs \"a\""},
		{5, "ab ba cd de ec", "\"a\" needs \"b\" needs \"a\"; \"c\" needs \"d\" needs \"e\" needs \"c\""},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(KilnGraph) graph = make_graph(rows[i].count, rows[i].edges);
		g_autofree char *text = cycles_text(graph);
		assert_string_equal(text, rows[i].expected);
	}
}

static void test_components(void **state)
{
	g_autoptr(KilnGraph) graph = make_graph(6, "ab bc ca cd de ed ef");
	g_autofree guint *component = kiln_graph_components(graph);

	(void)state;
	assert_int_equal(component[0], component[1]);
	assert_int_equal(component[0], component[2]);
	assert_int_equal(component[3], component[4]);
	assert_int_not_equal(component[0], component[3]);
	assert_int_not_equal(component[5], component[3]);
}

static void test_closure(void **state)
{
	g_autoptr(KilnGraph) graph = make_graph(5, "ab bc ca de");
	gboolean marked[5] = {FALSE, TRUE, FALSE, FALSE, FALSE};
	const gboolean expected[5] = {TRUE, TRUE, TRUE, FALSE, FALSE};

	(void)state;
	kiln_graph_close(graph, marked);
	assert_memory_equal(marked, expected, sizeof(marked));
}

static void test_the_first_reason_stays(void **state)
{
	g_autoptr(KilnGraph) graph = make_graph(2, "ab");

	(void)state;
	kiln_graph_add_edge(graph, 0, 1, "another");
	assert_int_equal(kiln_graph_edges(graph, 0)->len, 1);
	assert_string_equal(((KilnGraphEdge *)kiln_graph_edges(graph, 0)->pdata[0])->reason, "ab");
	kiln_graph_clear_edges(graph, 0);
	assert_int_equal(kiln_graph_edges(graph, 0)->len, 0);
}

/* A chain longer than the stack would bear, were it walked by recursion. */
static void test_a_long_chain(void **state)
{
	enum { LENGTH = 20000 };
	g_autoptr(KilnGraph) graph = kiln_graph_new();
	g_autofree guint *waves = NULL;
	g_autofree guint *order = NULL;
	g_autoptr(GPtrArray) cycles = NULL;

	(void)state;
	for (guint i = 0; i < LENGTH; i++) {
		g_autofree char *name = g_strdup_printf("%u", i);
		kiln_graph_add_node(graph, name);
		if (i > 0)
			kiln_graph_add_edge(graph, i, i - 1, NULL);
	}
	order = kiln_graph_order(graph, &waves);
	assert_non_null(order);
	assert_int_equal(waves[LENGTH - 1], LENGTH - 1);
	cycles = kiln_graph_cycles(graph);
	assert_int_equal(cycles->len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_waves),
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_closure),
		cmocka_unit_test(test_the_first_reason_stays),
		cmocka_unit_test(test_a_long_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
