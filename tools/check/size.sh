#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# size.sh DIRECTORY...: measures the C code below each DIRECTORY against the limits of the style (K&R, a
# function's braces in column one), prints the distribution and the longest functions. Status 1 when a limit is
# broken. A function counts from its first line to its closing brace; nesting counts if, for, while, do, switch
# with or without braces, "else if" as one.
set -eu
LC_ALL=C
export LC_ALL
if [ $# -eq 0 ]; then
	echo "usage: size.sh DIRECTORY..." >&2
	exit 2
fi
for directory in "$@"; do
	[ -d "$directory" ] || { echo "size: no directory \"$directory\"" >&2; exit 2; }
done
find "$@" -name '*.[ch]' | sort | awk \
	-v max_source=600 -v max_header=150 -v max_function=80 -v max_p95=60 -v max_nesting=3 -v max_parameters=6 '
function complain(where, text) {
	print where ": " text
	complaints++
}

# `line` without comments, strings and character constants; keeps `in_comment` across lines.
function strip(line,    at, clean) {
	clean = ""
	while (line != "") {
		if (in_comment) {
			at = index(line, "*/")
			if (at == 0)
				return clean
			line = substr(line, at + 2)
			in_comment = 0
		} else if (match(line, /"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047|\/\*|\/\//)) {
			clean = clean substr(line, 1, RSTART - 1)
			at = substr(line, RSTART, 2)
			if (at == "//")
				return clean
			line = substr(line, RSTART + RLENGTH)
			in_comment = at == "/*"
			if (!in_comment)
				clean = clean "0"
		} else {
			return clean line
		}
	}
	return clean
}

# --- signature ---

# Sets `name` and `parameters` from the last parenthesised group at depth 0 of `text`.
function read_signature(text,    i, c, depth, word, group, commas) {
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "(" && depth++ == 0) {
			name = word
			commas = 0
			group = ""
		} else if (c == ")" && --depth == 0) {
			parameters = group ~ /^[ \t]*(void)?[ \t]*$/ ? 0 : commas + 1
		} else if (depth > 0) {
			group = group c
			commas += depth == 1 && c == ","
		} else if (c ~ /[A-Za-z0-9_]/) {
			word = (after_word ? word : "") c
		}
		after_word = depth == 0 && c ~ /[A-Za-z0-9_]/
	}
}

# --- nesting ---

function push(kind, keyword) {
	stack[++height] = kind
	keywords[height] = keyword
	if (kind == "open" || kind == "braced")
		if (++nesting > deepest)
			deepest = nesting
}

function pop() {
	if (height == 0)
		return
	ended[++ended_count] = keywords[height]
	if (stack[height] == "open" || stack[height] == "braced")
		nesting--
	height--
}

# A statement is over, and with it every control statement without braces that it was the body of.
function end_statement() {
	while (height > 0 && stack[height] == "open")
		pop()
}

# Takes up the control statements around the innermost "if" that has just ended.
function take_else(    i, j) {
	for (i = 1; i < ended_count && ended[i] != "if"; i++)
		;
	for (j = ended_count; j > i; j--)
		push("open", ended[j])
	push("open", "else")
}

function begin_function() {
	height = nesting = deepest = parens = ended_count = 0
	awaiting = previous = ""
}

function take_brace() {
	if (height > 0 && stack[height] == "open" && opening)
		stack[height] = "braced"
	else
		push(previous ~ /^[;{}:]?$/ ? "plain" : "value", "")
}

function take_closing(    kind) {
	kind = stack[height]
	ended_count = 0
	pop()
	if (kind != "value")
		end_statement()
}

function take_paren(token) {
	parens += token == "(" ? 1 : -1
	if (parens > 0 || awaiting == "")
		return
	push("open", awaiting)
	awaiting = ""
	fresh = 1
}

function take_keyword(token) {
	if (token == "else") {
		take_else()
		fresh = 1
	} else if (token == "do") {
		push("open", token)
		fresh = 1
	} else if (token ~ /^(if|for|while|switch|FOR_[A-Z_]+)$/) {
		if (token == "if" && previous == "else")
			pop()
		awaiting = token
	}
}

function take_token(token) {
	if (token == "(" || token == ")")
		return take_paren(token)
	if (parens > 0)
		return
	if (token != "else")
		ended_count = 0
	if (token == "{")
		take_brace()
	else if (token == "}")
		take_closing()
	else if (token == ";") {
		if (height == 0 || stack[height] != "value")
			end_statement()
	} else
		take_keyword(token)
}

function read_body(text,    token) {
	while (match(text, /[A-Za-z_][A-Za-z_0-9]*|[^ \t]/)) {
		token = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		opening = fresh
		fresh = 0
		take_token(token)
		previous = token
	}
}

# --- functions and files ---

function end_function(path, number,    lines, where) {
	lines = number - first_line + 1
	where = path ":" first_line
	functions++
	histogram[lines]++
	long_functions += lines > 60
	longest = lines > longest ? lines : longest
	most_nesting = deepest > most_nesting ? deepest : most_nesting
	most_parameters = parameters > most_parameters ? parameters : most_parameters
	listing[lines] = listing[lines] "  " lines " lines  " where "  " name "\n"
	if (lines > max_function)
		complain(where, "function \"" name "\" has " lines " lines (limit " max_function ")")
	if (deepest > max_nesting)
		complain(where, "function \"" name "\" nests " deepest " deep (limit " max_nesting ")")
	if (parameters > max_parameters)
		complain(where, "function \"" name "\" has " parameters " parameters (limit " max_parameters ")")
}

function read_line(path, line, number,    text, directive) {
	directive = continued || line ~ /^[ \t]*#/
	continued = directive && line ~ /\\$/
	text = strip(line)
	if (directive)
		return
	if (inside && text ~ /^[}]/) {
		end_function(path, number)
		inside = 0
		signature = ""
	} else if (inside) {
		read_body(text)
	} else if (text ~ /^[{][ \t]*$/ && signature ~ /\)[ \t]*$/) {
		read_signature(signature)
		begin_function()
		inside = 1
	} else if (text ~ /^[ \t]*$/ || text ~ /[;{}][ \t]*$/) {
		signature = ""
	} else {
		if (signature == "")
			first_line = number
		signature = signature " " text
	}
}

function read_file(path,    line, number, limit) {
	in_comment = continued = inside = number = 0
	signature = ""
	while ((getline line < path) > 0)
		read_line(path, line, ++number)
	close(path)
	limit = path ~ /\.h$/ ? max_header : max_source
	if (number > limit)
		complain(path, number " lines (limit " limit ")")
	files++
	total += number
}

# The length below which `share` of the functions are.
function quantile(share,    lines, seen) {
	for (lines = 0; lines <= longest; lines++) {
		seen += histogram[lines]
		if (seen >= share * functions)
			return lines
	}
	return longest
}

{ read_file($0) }

END {
	p95 = quantile(0.95)
	if (p95 > max_p95)
		complain("all", "95 % of the functions have up to " p95 " lines (limit " max_p95 ")")
	printf "size: %d files, %d lines, %d functions: lines median %d, p95 %d, max %d; over 60: %.1f %%; ", files, \
		total, functions, quantile(0.5), p95, longest, functions ? 100 * long_functions / functions : 0
	printf "nesting max %d, parameters max %d\n", most_nesting, most_parameters
	for (lines = longest; lines > 0 && shown < 5; lines--)
		if (lines in listing) {
			printf "%s", listing[lines]
			shown += histogram[lines]
		}
	if (complaints > 0) {
		print "size: " complaints " violation" (complaints == 1 ? "" : "s")
		exit 1
	}
}'
