/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A graph as Graphviz's DOT language writes it (its own language reference): nodes of one wave side by side. No I/O. */
#pragma once

#include "model/graph.h"

/* How a node looks. */
typedef struct {
	const char *label;  /* may have several lines */
	const char *colour; /* of the filling, a name of Graphviz; NULL: none */
	gboolean is_shown;
} KilnGraphDotNode;

/* `nodes` has one for each node, `waves` its wave. An edge points from what is needed to what needs it, with the
 * reason as tooltip. Caller owns. */
char *kiln_graph_dot_emit(
	const KilnGraph *graph, const char *title, const KilnGraphDotNode *nodes, const guint *waves);
