#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run_checks.sh [--update] DIRECTORY: each DIRECTORY/NAME.case is a small tree on which a check of tools/check
# runs; what it says and its exit status must be NAME.expected. A case begins with "check layers" or "check size";
# "=== PATH" begins a file; "@repeat COUNT TEXT" stands for that many lines of TEXT.
set -u
update=false
if [ "${1-}" = --update ]; then
	update=true
	shift
fi
cases=$1
top=$(pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

unpack() {
	awk -v top="$1" '
	/^=== / {
		if (path != "") close(path)
		path = top "/" $2
		directory = path
		sub(/\/[^\/]*$/, "", directory)
		system("mkdir -p \"" directory "\"")
		printf "" > path
		next
	}
	path == "" { next }
	/^@repeat / {
		count = $2
		text = $0
		sub(/^@repeat [0-9]+ /, "", text)
		for (i = 0; i < count; i++) print text > path
		next
	}
	{ print > path }' "$2"
}

answer() {
	case $(head -n 1 "$2") in
	'check layers') (cd "$1" && "$top/tools/check/layers.sh" rules src 2>&1; echo "status $?") ;;
	'check size') (cd "$1" && "$top/tools/check/size.sh" src 2>&1; echo "status $?") ;;
	*) echo "no \"check NAME\" in its first line" ;;
	esac
}

for case in "$cases"/*.case; do
	name=${case##*/}
	tree=$work/${name%.case}
	mkdir "$tree"
	unpack "$tree" "$case"
	answer "$tree" "$case" > "$tree.actual"
	if $update; then
		cp "$tree.actual" "${case%.case}.expected"
	fi
	if diff -u "${case%.case}.expected" "$tree.actual" >&2; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $case"
	fi
done
echo "check cases: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
