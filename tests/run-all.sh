#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every part of the test suite, goes on after a failure, and ends with the sum of all totals. Parts run
# one after the other; after a `--` lanes of parts run side by side, the output of all but the first when it
# is whole.
# usage: tests/run-all.sh MAKE-COMMAND PART… [-- PART…]…   (each PART is a make target)
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

# lane NAME PART…: leaves "PASSED FAILED" lines in $work/NAME.totals.
lane() {
	local name=$1 log=$work/$1.log part start status passed failed
	shift
	for part in "$@"; do
		printf '\n== %s\n' "$part"
		start=$SECONDS
		$make --no-print-directory "$part" 2>&1 | tee "$log"
		status=${PIPESTATUS[0]}
		read -r passed failed < <(count "$log")
		# A part that counts nothing is one check by itself; one that fails without saying so failed once.
		[ $((passed + failed)) -gt 0 ] || [ "$status" -ne 0 ] || passed=1
		[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
		echo "$passed $failed" >>"$work/$name.totals"
		printf -- '-- %s: %d passed, %d failed, %d s\n' "$part" "$passed" "$failed" $((SECONDS - start))
	done
}

# The parts up to the next `--`; `rest` is what follows that.
take_parts() {
	parts=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		parts+=("$1")
		shift
	done
	rest=("${@:2}")
}

take_parts "$@"
lane first "${parts[@]}"
take_parts "${rest[@]}"
shown=("${parts[@]}")
lanes=0
while [ "${#rest[@]}" -gt 0 ]; do
	take_parts "${rest[@]}"
	lanes=$((lanes + 1))
	lane "beside$lanes" "${parts[@]}" >"$work/$lanes.output" 2>&1 &
done
lane shown "${shown[@]}"
wait
for ((i = 1; i <= lanes; i++)); do
	cat "$work/$i.output"
done

read -r passed failed < <(cat "$work"/*.totals | awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }')
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
