/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/graph_dot.h"

/* Appends `text` as a quoted string: quotes and backslashes escaped, line feeds as "\n". */
static void add_quoted(GString *dot, const char *text)
{
	g_string_append_c(dot, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			g_string_append_c(dot, '\\');
		if (*text == '\n')
			g_string_append(dot, "\\n");
		else
			g_string_append_c(dot, *text);
	}
	g_string_append_c(dot, '"');
}

static void add_node(GString *dot, guint number, const KilnGraphDotNode *node)
{
	g_string_append_printf(dot, "  n%u [label=", number);
	add_quoted(dot, node->label);
	if (node->colour)
		g_string_append_printf(dot, ", style=filled, fillcolor=%s", node->colour);
	g_string_append(dot, "];\n");
}

static void add_edges(GString *dot, const KilnGraph *graph, guint number, const KilnGraphDotNode *nodes)
{
	const GPtrArray *edges = kiln_graph_edges(graph, number);

	for (guint i = 0; i < edges->len; i++) {
		const KilnGraphEdge *edge = edges->pdata[i];
		if (!nodes[edge->to].is_shown)
			continue;
		g_string_append_printf(dot, "  n%u -> n%u [edgetooltip=", edge->to, number);
		add_quoted(dot, edge->reason ? edge->reason : "");
		g_string_append(dot, "];\n");
	}
}

/* The nodes of one wave stand side by side. */
static gboolean add_wave(GString *dot, guint wave, guint count, const KilnGraphDotNode *nodes, const guint *waves)
{
	gboolean found = FALSE, is_last = TRUE;

	for (guint i = 0; i < count; i++) {
		is_last = is_last && waves[i] <= wave;
		if (!nodes[i].is_shown || waves[i] != wave)
			continue;
		g_string_append_printf(dot, found ? " n%u;" : "  { rank=same; n%u;", i);
		found = TRUE;
	}
	if (found)
		g_string_append(dot, " }\n");
	return !is_last;
}

char *kiln_graph_dot_emit(
	const KilnGraph *graph, const char *title, const KilnGraphDotNode *nodes, const guint *waves)
{
	GString *dot = g_string_new("digraph plan {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n  label=");
	guint count = kiln_graph_count(graph);

	add_quoted(dot, title);
	g_string_append(dot, ";\n");
	for (guint i = 0; i < count; i++)
		if (nodes[i].is_shown)
			add_node(dot, i, &nodes[i]);
	for (guint wave = 0; count > 0 && add_wave(dot, wave, count, nodes, waves); wave++)
		;
	for (guint i = 0; i < count; i++)
		if (nodes[i].is_shown)
			add_edges(dot, graph, i, nodes);
	g_string_append(dot, "}\n");
	return g_string_free(dot, FALSE);
}
