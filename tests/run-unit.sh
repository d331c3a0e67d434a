#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs unit test binaries, KILN_UNIT_JOBS (4) side by side, as most of them wait for others; shows the output of each
# that fails, whole, when all have ended, and ends with totals. Those that take longest should come first.
passed=0 failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
printf '%s\0' "$@" | WORK=$work xargs -0 -n 1 -P "${KILN_UNIT_JOBS:-4}" sh -c '
	"$0" >"$WORK/${0##*/}.output" 2>&1 && : >"$WORK/${0##*/}.passed"
	:'
for binary in "$@"; do
	result=$work/${binary##*/}
	passed=$((passed + $(grep -c '^\[       OK \]' "$result.output")))
	if [ ! -e "$result.passed" ]; then
		cat "$result.output"
		count=$(grep '^\[  FAILED  \] [^0-9]' "$result.output" | sort -u | wc -l)
		failed=$((failed + (count > 0 ? count : 1)))
		echo "FAILED: $binary"
	fi
done
echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
