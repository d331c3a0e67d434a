/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/graph.h"

#define NO_NODE G_MAXUINT

typedef struct {
	char *name;
	GPtrArray *edges;
} Node;

struct KilnGraph {
	GPtrArray *nodes;
};

static void edge_free(KilnGraphEdge *edge)
{
	g_free(edge->reason);
	g_free(edge);
}

static void node_free(Node *node)
{
	g_free(node->name);
	g_ptr_array_unref(node->edges);
	g_free(node);
}

KilnGraph *kiln_graph_new(void)
{
	KilnGraph *graph = g_new0(KilnGraph, 1);

	graph->nodes = g_ptr_array_new_with_free_func((GDestroyNotify)node_free);
	return graph;
}

void kiln_graph_free(KilnGraph *graph)
{
	if (!graph)
		return;
	g_ptr_array_unref(graph->nodes);
	g_free(graph);
}

static const Node *node_at(const KilnGraph *graph, guint node)
{
	g_assert(node < graph->nodes->len);
	return graph->nodes->pdata[node];
}

guint kiln_graph_add_node(KilnGraph *graph, const char *name)
{
	Node *node = g_new0(Node, 1);

	node->name = g_strdup(name);
	node->edges = g_ptr_array_new_with_free_func((GDestroyNotify)edge_free);
	g_ptr_array_add(graph->nodes, node);
	return graph->nodes->len - 1;
}

void kiln_graph_add_edge(KilnGraph *graph, guint from, guint to, const char *reason)
{
	const Node *node = node_at(graph, from);
	KilnGraphEdge *edge;

	g_assert(to < graph->nodes->len);
	for (guint i = 0; i < node->edges->len; i++)
		if (((KilnGraphEdge *)node->edges->pdata[i])->to == to)
			return;
	edge = g_new0(KilnGraphEdge, 1);
	edge->to = to;
	edge->reason = g_strdup(reason);
	g_ptr_array_add(node->edges, edge);
}

void kiln_graph_clear_edges(KilnGraph *graph, guint from)
{
	g_ptr_array_set_size(node_at(graph, from)->edges, 0);
}

guint kiln_graph_count(const KilnGraph *graph)
{
	return graph->nodes->len;
}

const char *kiln_graph_name(const KilnGraph *graph, guint node)
{
	return node_at(graph, node)->name;
}

const GPtrArray *kiln_graph_edges(const KilnGraph *graph, guint node)
{
	return node_at(graph, node)->edges;
}

static guint target_of(const Node *node, guint edge)
{
	return ((const KilnGraphEdge *)node->edges->pdata[edge])->to;
}

void kiln_graph_close(const KilnGraph *graph, gboolean *marked)
{
	g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint i = 0; i < graph->nodes->len; i++)
		if (marked[i])
			g_array_append_val(open, i);
	while (open->len > 0) {
		const Node *node = node_at(graph, g_array_index(open, guint, open->len - 1));
		g_array_set_size(open, open->len - 1);
		for (guint i = 0; i < node->edges->len; i++) {
			guint to = target_of(node, i);
			if (marked[to])
				continue;
			marked[to] = TRUE;
			g_array_append_val(open, to);
		}
	}
}

/* Places the nodes whose needs are placed, in rounds from the first node on. */
guint *kiln_graph_order(const KilnGraph *graph, guint **ret_waves)
{
	guint count = graph->nodes->len, placed = 0, before;
	g_autofree guint *order = g_new(guint, count + 1);
	g_autofree guint *waves = g_new(guint, count + 1);
	g_autofree gboolean *done = g_new0(gboolean, count + 1);

	do {
		before = placed;
		for (guint i = 0; i < count; i++) {
			const Node *node = node_at(graph, i);
			gboolean ready = !done[i];
			waves[i] = done[i] ? waves[i] : 0;
			for (guint e = 0; ready && e < node->edges->len; e++) {
				guint to = target_of(node, e);
				ready = done[to];
				waves[i] = MAX(waves[i], waves[to] + 1);
			}
			if (!ready)
				continue;
			done[i] = TRUE;
			order[placed++] = i;
		}
	} while (placed > before);
	if (placed < count)
		return NULL;
	if (ret_waves)
		*ret_waves = g_steal_pointer(&waves);
	return g_steal_pointer(&order);
}

/* --- sets of nodes that need each other: Tarjan's algorithm, with a stack of its own so that a long
 * chain does not exhaust that of the process --- */

typedef struct {
	const KilnGraph *graph;
	guint *index, *low, *component; /* NO_NODE: not yet */
	guint *next_edge;
	GArray *path;  /* nodes being visited */
	GArray *stack; /* nodes without a component */
	guint indexes, components;
} Search;

static void push(Search *search, guint node)
{
	search->index[node] = search->low[node] = search->indexes++;
	g_array_append_val(search->path, node);
	g_array_append_val(search->stack, node);
}

static void close_component(Search *search, guint root)
{
	guint node;

	do {
		node = g_array_index(search->stack, guint, search->stack->len - 1);
		g_array_set_size(search->stack, search->stack->len - 1);
		search->component[node] = search->components;
	} while (node != root);
	search->components++;
}

static void leave(Search *search, guint node)
{
	g_array_set_size(search->path, search->path->len - 1);
	if (search->path->len > 0) {
		guint parent = g_array_index(search->path, guint, search->path->len - 1);
		search->low[parent] = MIN(search->low[parent], search->low[node]);
	}
	if (search->low[node] == search->index[node])
		close_component(search, node);
}

static void step(Search *search, guint node)
{
	const Node *current = node_at(search->graph, node);
	guint to;

	if (search->next_edge[node] == current->edges->len) {
		leave(search, node);
		return;
	}
	to = target_of(current, search->next_edge[node]++);
	if (search->index[to] == NO_NODE)
		push(search, to);
	else if (search->component[to] == NO_NODE)
		search->low[node] = MIN(search->low[node], search->index[to]);
}

guint *kiln_graph_components(const KilnGraph *graph)
{
	guint count = graph->nodes->len;
	g_autofree guint *index = g_new(guint, count + 1);
	g_autofree guint *low = g_new0(guint, count + 1);
	g_autofree guint *next_edge = g_new0(guint, count + 1);
	g_autofree guint *component = g_new(guint, count + 1);
	g_autoptr(GArray) path = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(guint));
	Search search = {.graph = graph,
		.index = index,
		.low = low,
		.component = component,
		.next_edge = next_edge,
		.path = path,
		.stack = stack};

	for (guint i = 0; i < count; i++)
		index[i] = component[i] = NO_NODE;
	for (guint i = 0; i < count; i++) {
		if (index[i] != NO_NODE)
			continue;
		push(&search, i);
		while (path->len > 0)
			step(&search, g_array_index(path, guint, path->len - 1));
	}
	return g_steal_pointer(&component);
}

/* The shortest path from `start` back to it that stays in its component; NULL when there is none. */
static GArray *find_cycle(const KilnGraph *graph, const guint *component, guint start)
{
	guint count = graph->nodes->len;
	g_autofree guint *from = g_new(guint, count);
	g_autoptr(GArray) queue = g_array_new(FALSE, FALSE, sizeof(guint));
	GArray *path = NULL;

	for (guint i = 0; i < count; i++)
		from[i] = NO_NODE;
	g_array_append_val(queue, start);
	for (guint head = 0; head < queue->len && !path; head++) {
		guint at = g_array_index(queue, guint, head);
		const Node *node = node_at(graph, at);
		for (guint e = 0; e < node->edges->len && !path; e++) {
			guint to = target_of(node, e);
			if (component[to] != component[start] || from[to] != NO_NODE)
				continue;
			from[to] = at;
			if (to == start)
				path = g_array_new(FALSE, FALSE, sizeof(guint));
			else
				g_array_append_val(queue, to);
		}
	}
	if (!path)
		return NULL;
	for (guint node = from[start]; node != start; node = from[node])
		g_array_prepend_val(path, node);
	g_array_prepend_val(path, start);
	return path;
}

GPtrArray *kiln_graph_cycles(const KilnGraph *graph)
{
	GPtrArray *cycles = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	g_autofree guint *component = kiln_graph_components(graph);
	g_autofree gboolean *told = g_new0(gboolean, graph->nodes->len + 1);

	for (guint i = 0; i < graph->nodes->len; i++) {
		GArray *cycle = told[component[i]] ? NULL : find_cycle(graph, component, i);
		told[component[i]] = TRUE;
		if (cycle)
			g_ptr_array_add(cycles, cycle);
	}
	return cycles;
}

char *kiln_graph_cycle_text(const KilnGraph *graph, const GArray *cycle)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < cycle->len; i++)
		g_string_append_printf(
			text, "\"%s\" needs ", kiln_graph_name(graph, g_array_index(cycle, guint, i)));
	g_string_append_printf(text, "\"%s\"", kiln_graph_name(graph, g_array_index(cycle, guint, 0)));
	return g_string_free(text, FALSE);
}
