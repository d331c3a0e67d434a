#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs unit test binaries one after another; shows the output of those that fail, ends with totals.
passed=0 failed=0
for binary in "$@"; do
	if output=$("$binary" 2>&1); then
		passed=$((passed + $(printf '%s\n' "$output" | grep -c '^\[       OK \]')))
	else
		printf '%s\n' "$output"
		passed=$((passed + $(printf '%s\n' "$output" | grep -c '^\[       OK \]')))
		count=$(printf '%s\n' "$output" | grep -c '^\[  FAILED  \] [^0-9]')
		failed=$((failed + (count > 0 ? count : 1)))
		echo "FAILED: $binary"
	fi
done
echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
