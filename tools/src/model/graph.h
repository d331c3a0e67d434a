/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directed graph of things that need each other: waves, cycles as paths, DOT. Nodes are numbers from
 * 0 in the order added; an edge runs from a node to one that it needs. Pure: knows nothing of packages.
 */
#pragma once

#include <glib.h>

typedef struct KilnGraph KilnGraph;

typedef struct {
	guint to;
	char *reason; /* one line, may be NULL */
} KilnGraphEdge;

KilnGraph *kiln_graph_new(void);
void kiln_graph_free(KilnGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnGraph, kiln_graph_free)

/* The number of the new node. `name` is unique, for texts. */
guint kiln_graph_add_node(KilnGraph *graph, const char *name);

/* Adds "`from` needs `to`"; of several between the same two the first stays. */
void kiln_graph_add_edge(KilnGraph *graph, guint from, guint to, const char *reason);

/* Forgets what `from` needs. */
void kiln_graph_clear_edges(KilnGraph *graph, guint from);

guint kiln_graph_count(const KilnGraph *graph);
const char *kiln_graph_name(const KilnGraph *graph, guint node);

/* KilnGraphEdge of `node`, in the order added. Borrowed. */
const GPtrArray *kiln_graph_edges(const KilnGraph *graph, guint node);

/* Marks in `marked` (one for each node) whatever the nodes marked there need, transitively. */
void kiln_graph_close(const KilnGraph *graph, gboolean *marked);

/* The nodes in an order in which each comes after those it needs, otherwise as added. `ret_waves`
 * (optional) has for each node its wave, from 0: one more than the highest of those it needs. NULL when
 * there is a cycle. Caller owns both. */
guint *kiln_graph_order(const KilnGraph *graph, guint **ret_waves);

/* For each set of nodes that all need each other one shortest path in it, as GArray of guint: the first
 * node needs the second, …, the last needs the first. A node that needs itself is one too. Sorted by
 * first node, empty when there is none. Caller owns. */
GPtrArray *kiln_graph_cycles(const KilnGraph *graph);

/* For each node the number of the set of nodes that need each other and it; nodes in no cycle are
 * alone in theirs. Caller owns. */
guint *kiln_graph_components(const KilnGraph *graph);

/* `cycle` in words: '"a" needs "b" needs "a"'. Caller owns. */
char *kiln_graph_cycle_text(const KilnGraph *graph, const GArray *cycle);
