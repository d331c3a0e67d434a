#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every part of the test suite, goes on after a failure, and ends with the sum of all totals. Parts before `--`
# run one after the other; of those after it KILN_TEST_LANES (3: most of them wait for others more than they compute)
# run side by side, each begun by the lane that is free first, in the order given, so those that take longest come
# first; the output of each comes when it is whole. `A+B` is one after the other in one lane.
# usage: tests/run-all.sh MAKE-COMMAND PART… [-- PART[+PART]…]   (each PART is a make target)
set -u
make=$1
shift
work=$(mktemp -d)
# Where suites leave for the next ones what takes minutes to make; see tests/e2e/common.bash.
KILN_TEST_SHARED=$work/shared
export KILN_TEST_SHARED
mkdir "$KILN_TEST_SHARED"
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT

# Takes "N passed, M failed" lines and TAP lines from the log of a part.
count() {
	awk '
	match($0, /[0-9]+ passed, [0-9]+ failed$/) { split(substr($0, RSTART), n, /[^0-9]+/); p += n[1]; f += n[2] }
	/^ok [0-9]+/ { p++ }
	/^not ok [0-9]+/ { f++ }
	END { print p + 0, f + 0 }' "$1"
}

# Leaves in $cpu how many seconds of CPU time the children of this shell used.
children_cpu() {
	times >"$1"
	cpu=$(awk 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); sum += t[1] * 60 + t[2] } } END { printf "%d", sum }' "$1")
}

# run PART LOG: makes the part, says how it ended and leaves "PASSED FAILED" in a line of $work/totals.
run() {
	local start=$SECONDS cpu cpu_before status passed failed
	printf '\n== %s\n' "$1"
	children_cpu "$2"
	cpu_before=$cpu
	# In the background bash lets interrupts be ignored, which the tests' own children must not inherit.
	env --default-signal=INT,QUIT $make --no-print-directory "$1" 2>&1 | tee "$2"
	status=${PIPESTATUS[0]}
	read -r passed failed < <(count "$2")
	# A part that counts nothing is one check by itself; one that fails without saying so failed once.
	[ $((passed + failed)) -gt 0 ] || [ "$status" -ne 0 ] || passed=1
	[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
	echo "$passed $failed" >>"$work/totals"
	children_cpu "$2"
	printf -- '-- %s: %d passed, %d failed, %d s, %d s of CPU time\n' \
		"$1" "$passed" "$failed" $((SECONDS - start)) $((cpu - cpu_before))
}

# take: the first of the parts in $work/queue goes from there to $taken; fails when there is none.
take() {
	{
		flock 8
		read -r taken <"$work/queue" && sed -i 1d "$work/queue"
	} 8>"$work/queue.lock"
}

# lane NAME: takes parts until there are no more.
lane() {
	local taken part
	while take; do
		for part in ${taken//+/ }; do
			run "$part" "$work/$1.log" >"$work/$1.output"
			flock "$work/output.lock" cat "$work/$1.output"
		done
	done
}

while [ $# -gt 0 ] && [ "$1" != -- ]; do
	run "$1" "$work/first.log"
	shift
done
[ $# -lt 2 ] || printf '%s\n' "${@:2}" >"$work/queue"
for ((i = 0; i < ${KILN_TEST_LANES:-3} && $# > 1; i++)); do
	lane "$i" &
done
wait

read -r passed failed < <(awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }' "$work/totals")
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
