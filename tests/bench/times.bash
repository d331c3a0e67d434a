# SPDX-License-Identifier: GPL-2.0-or-later
# What the benches in shell share: times in µs, told in seconds.

now() { echo "${EPOCHREALTIME/./}"; }

# min, median and max of the numbers on stdin (µs), in seconds.
summary() {
	sort -n | awk '{ v[NR] = $1 } END { printf "%.2f  %.2f  %.2f", v[1] / 1e6, v[int((NR + 1) / 2)] / 1e6, v[NR] / 1e6 }'
}

row() { printf '%-52s %s\n' "$1" "$(summary)"; }
