# SPDX-License-Identifier: GPL-2.0-or-later
# What holds of the test suites themselves.

setup() { cd "$BATS_TEST_DIRNAME/../.."; }

# A line that begins with "! " or is a list of [ … ] && [ … ] never ends a test: "set -e" passes it over.
@test "no check of a suite is without effect" {
	local found
	found=$(grep -nE '^[[:space:]]*(! |\[ .* \] && \[ )' tests/e2e/*.bats tests/packages/*.bats |
		grep -vE '\|\|| \\$|\|$|; \}$') || true
	[ -z "$found" ] || { echo "$found"; return 1; }
}
