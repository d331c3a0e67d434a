#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every part of the test suite, goes on after a failure, and ends with the sum of all totals.
# usage: tests/run-all.sh MAKE-COMMAND PART…   (each PART is a make target)
set -u
make=$1
shift
passed=0 failed=0
log=$(mktemp)
# Where suites leave for the next ones what takes minutes to make; see tests/e2e/common.bash.
KILN_TEST_SHARED=$(mktemp -d)
export KILN_TEST_SHARED
trap 'rm -rf "$log" "$KILN_TEST_SHARED"' EXIT

# Takes "N passed, M failed" lines and TAP lines from the log of a part.
count() {
	awk '
	match($0, /[0-9]+ passed, [0-9]+ failed$/) { split(substr($0, RSTART), n, /[^0-9]+/); p += n[1]; f += n[2] }
	/^ok [0-9]+/ { p++ }
	/^not ok [0-9]+/ { f++ }
	END { print p + 0, f + 0 }' "$log"
}

for part in "$@"; do
	printf '\n== %s\n' "$part"
	start=$SECONDS
	$make --no-print-directory "$part" 2>&1 | tee "$log"
	status=${PIPESTATUS[0]}
	read -r part_passed part_failed < <(count)
	# A part that counts nothing is one check by itself; one that fails without saying so failed once.
	[ $((part_passed + part_failed)) -gt 0 ] || [ "$status" -ne 0 ] || part_passed=1
	[ "$status" -eq 0 ] || [ "$part_failed" -gt 0 ] || part_failed=1
	passed=$((passed + part_passed)) failed=$((failed + part_failed))
	printf -- '-- %s: %d passed, %d failed, %d s\n' "$part" "$part_passed" "$part_failed" $((SECONDS - start))
done
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
