# SPDX-License-Identifier: GPL-2.0-or-later
# What a build says on a real terminal, and what it says elsewhere.
bats_require_minimum_version 1.5.0

load common

setup() { make_project; }

# on_terminal COLUMNS COMMAND…: runs it on a pseudo-terminal; what it wrote there is in $bytes.
on_terminal() {
	local columns=$1
	shift
	# Anew, whatever was built before.
	rm -rf .kiln/builds .kiln/state.sqlite*
	script -qec "stty cols $columns rows 20; $*" "$BATS_TEST_TMPDIR/typescript" >"$BATS_TEST_TMPDIR/bytes"
	bytes=$(<"$BATS_TEST_TMPDIR/bytes")
}

# The answer: a directory for each package, on lines of their own.
expect_answer() {
	local line count=0
	while read -r line; do
		if [[ $line == /* ]]; then
			[ -f "${line%$'\r'}/result.json" ]
			count=$((count + 1))
		fi
	done < <(sed 's/.*\x1b\[J//' <<<"$bytes")
	[ "$count" -eq 2 ]
}

@test "on a terminal each running build has a line, and all have one together" {
	on_terminal 100 env TERM=xterm "$KILN" build
	grep -q $'\e\\[1mhello\e\\[0m .* s' <<<"$bytes"
	grep -q 'built 0, running 1, waiting 1, failed 0' <<<"$bytes"
	grep -q 'built 1, running 1, waiting 0, failed 0' <<<"$bytes"
	# In place: up to the first of its lines, and all taken away.
	grep -q $'\e\\[1A\r\e\\[J' <<<"$bytes"
	expect_answer
}

@test "no line is longer than a narrow terminal" {
	on_terminal 30 env TERM=xterm NO_COLOR=1 "$KILN" build
	drawn=$(sed 's/\x1b\[1A//g; s/\x1b\[J/\n/g; s/\r//g' <<<"$bytes" | grep -E '^(  hello|  greeter|built [0-9]+,)')
	[ "$(wc -l <<<"$drawn")" -ge 4 ]
	run ! env LC_ALL=C.UTF-8 grep -E '.{30}' <<<"$drawn"
	grep -q '^built 0, running 1, waiting ' <<<"$drawn"
	run ! grep -q $'\e\\[[0-9]*m' <<<"$bytes"
	expect_answer
}

@test "a terminal that can do nothing, and --plain, get lines only" {
	on_terminal 100 env TERM=dumb "$KILN" build
	run ! grep -q $'\e' <<<"$bytes"
	run ! grep -q 'running 1' <<<"$bytes"
	grep -q '^build        hello' <<<"$bytes"
	expect_answer
	on_terminal 100 env TERM=xterm "$KILN" build --plain
	run ! grep -q $'\e' <<<"$bytes"
	expect_answer
}
