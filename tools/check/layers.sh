#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# layers.sh RULES DIRECTORY: checks the #include lines of DIRECTORY/*/*.[ch] against RULES (tools/layers.txt):
# who may include whom, own header first, outside libraries only where they belong and never in a header, and
# no cycle between headers or between modules (x.c and x.h are one module). Status 1 when one is broken.
set -eu
LC_ALL=C
export LC_ALL
if [ $# -ne 2 ] || [ ! -r "$1" ] || [ ! -d "$2" ]; then
	echo "usage: layers.sh RULES DIRECTORY" >&2
	exit 2
fi
find "$2" -name '*.[ch]' | sort | awk -v rules="$1" -v top="$2" '
function complain(where, text) {
	print where ": " text
	complaints++
}

function read_rules(    line, words, count, i) {
	while ((getline line < rules) > 0) {
		count = split(line, words, " ")
		if (count == 0 || words[1] ~ /^#/)
			continue
		if (words[1] != "outside") {
			rank[words[1]] = ++layers
			continue
		}
		outside[words[2]] = ""
		for (i = 3; i <= count; i++)
			outside[words[2]] = outside[words[2]] " " words[i]
	}
	close(rules)
}

# "layer/name.c" of a path below top.
function below_top(path) {
	return substr(path, length(top) + 2)
}

function layer_of(file) {
	return substr(file, 1, index(file, "/") - 1)
}

function module_of(file) {
	return substr(file, 1, length(file) - 2)
}

# TRUE when `file` or its layer is among the blank-separated `places`.
function is_allowed(file, places) {
	return index(places " ", " " file " ") || index(places " ", " " layer_of(file) " ")
}

function add_edge(from, to) {
	if (from == to || (from, to) in edge)
		return
	edge[from, to] = 1
	successors[from] = successors[from] " " to
	if (!(from in state)) {
		state[from] = 0
		nodes[++node_count] = from
	}
}

function check_inside(file, where, included) {
	if (included !~ /^[^\/]+\/[^\/]+\.h$/) {
		complain(where, "\"" included "\" is not of the form \"layer/module.h\"")
		return
	}
	if (!(included in exists)) {
		complain(where, "\"" included "\" does not exist below " top)
		return
	}
	if (rank[layer_of(included)] > rank[layer_of(file)])
		complain(where, "layer " layer_of(file) " must not include \"" included "\" of the later layer " layer_of(included))
	if (file ~ /\.h$/)
		add_edge(file, included)
	add_edge(module_of(file), module_of(included))
}

function check_outside(file, where, included,    prefix) {
	for (prefix in outside) {
		if (index(included, prefix) != 1)
			continue
		if (file ~ /\.h$/)
			complain(where, "a header must not include <" included ">: keep it in one .c file")
		else if (!is_allowed(file, outside[prefix]))
			complain(where, "<" included "> belongs to" outside[prefix])
	}
}

function check_first(file, where, included,    own) {
	own = module_of(file) ".h"
	if (file ~ /\.c$/ && own in exists && included != own)
		complain(where, "includes \"" included "\" before its own \"" own "\"")
}

function check_file(file,    path, line, number, first, where, included) {
	path = top "/" file
	first = 1
	while ((getline line < path) > 0) {
		number++
		if (line !~ /^[ \t]*#[ \t]*include[ \t]*["<]/)
			continue
		where = path ":" number
		included = line
		sub(/^[^"<]*["<]/, "", included)
		sub(/[">].*$/, "", included)
		if (first)
			check_first(file, where, included)
		first = 0
		includes++
		if (line ~ /^[^"<]*"/)
			check_inside(file, where, included)
		else
			check_outside(file, where, included)
	}
	close(path)
	if (first && file ~ /\.c$/ && (module_of(file) ".h") in exists)
		complain(path, "does not include its own \"" module_of(file) ".h\"")
}

# Depth first; `trail` is the way here. A node met again on its own trail closes a cycle.
function visit(node, trail,    next_nodes, count, i) {
	state[node] = 1
	count = split(successors[node], next_nodes, " ")
	for (i = 1; i <= count; i++) {
		if (state[next_nodes[i]] == 1)
			report_cycle(trail " " next_nodes[i])
		else if (state[next_nodes[i]] == 0)
			visit(next_nodes[i], trail " " next_nodes[i])
	}
	state[node] = 2
}

function report_cycle(trail,    way, count, i, text) {
	count = split(trail, way, " ")
	for (i = count - 1; way[i] != way[count]; i--)
		;
	text = way[i]
	for (i++; i <= count; i++)
		text = text " -> " way[i]
	complain(top, "include cycle: " text)
}

{
	file = below_top($0)
	files[++file_count] = file
	exists[file] = 1
}

END {
	read_rules()
	for (i = 1; i <= file_count; i++) {
		if (layer_of(files[i]) in rank)
			check_file(files[i])
		else
			complain(top "/" files[i], "is in no layer of " rules)
	}
	for (i = 1; i <= node_count; i++)
		if (state[nodes[i]] == 0)
			visit(nodes[i], nodes[i])
	if (complaints > 0) {
		print "layers: " complaints " violation" (complaints == 1 ? "" : "s") " in " file_count " files"
		exit 1
	}
	print "layers: " file_count " files, " includes " includes, no violation"
}'
