#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How fast Kiln builds many packages: a chain of five, twenty side by side, two hundred with nothing to do, and
# what of fifty is built again after one patch has changed.
# usage: tests/bench/engine.sh KILN [RUNS]   (as root; the base of target trixie must have been imported)
set -euo pipefail

kiln=$1 runs=${2:-3}
many=${MANY:-200} some=${SOME:-50} # of the trees: less for a quick look
top=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export KILN_KEYS=$scratch/keys

. "$top/tests/bench/times.bash"

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# fresh SHAPE COUNT KIND: enters a new project in which nothing was built; its packages have bytes of their own.
serial=0
fresh() {
	serial=$((serial + 1))
	"$top/tests/bench/make-packages" "$scratch/project-$serial" "$1" "$2" "$3" "$serial"
	cd "$scratch/project-$serial"
}

# timed FILE COMMAND…: appends the time the command took to FILE.
timed() {
	local file=$1 start
	shift
	start=$(now)
	"$@" >"$scratch/output" 2>"$scratch/talk" || { cat "$scratch/talk" >&2 && exit 1; }
	echo $(($(now) - start)) >>"$scratch/$file"
}

built_again() { grep -c '^build  .*(rpmbuild' "$scratch/talk" || true; }

echo "seconds: min, median, max of $runs runs; $(nproc) processors; $("$kiln" --version)"

# A cache of its own, but for the base: no layer and no evaluation is there from elsewhere.
fresh independent 1 file
base=$("$kiln" -q base import)
mkdir -p "$scratch/cache/bases"
cp -al "$base" "$scratch/cache/bases/"
export KILN_CACHE=$scratch/cache
"$kiln" -q build >/dev/null

# The base layer is there; all else of the chain is new.
for _ in $(seq "$runs"); do
	fresh chain 5 library
	timed chain "$kiln" --plain build
	python3 - "$scratch" .kiln/builds/*/result.json <<-'END'
		import json, sys
		for path in sys.argv[2:]:
		    for name, value in json.load(open(path))["phases_us"].items():
		        open(f"{sys.argv[1]}/phase {name}", "a").write(f"{value}\n")
	END
done
row 'chain of 5, each needs the -devel of the one before' <"$scratch/chain"
for file in "$scratch"/phase\ *; do row "    of one of them: ${file#*phase }" <"$file"; done

# Pairs, in turn: whatever else the machine does concerns both.
for run in $(seq "$runs"); do
	for jobs in $( ((run % 2)) && echo 1 2 || echo 2 1); do
		fresh independent 20 library
		timed "jobs-$jobs" "$kiln" --plain build --jobs "$jobs"
	done
done
row '20 independent packages, one job' <"$scratch/jobs-1"
row '20 independent packages, two jobs' <"$scratch/jobs-2"
awk -v one="$(median <"$scratch/jobs-1")" -v two="$(median <"$scratch/jobs-2")" \
	'BEGIN { printf "%-52s %.2f\n", "    one job against two, medians", one / two }'

fresh tree "$many" file
timed many "$kiln" --plain build
row "tree of $many packages, first time" <"$scratch/many"
for _ in $(seq $((runs * 2 + 1))); do timed no-op-plan "$kiln" --plain plan; done
row '    plan when nothing is to be done' <"$scratch/no-op-plan"
for _ in $(seq $((runs * 2 + 1))); do timed no-op-build "$kiln" --plain build; done
row '    build when nothing is to be done' <"$scratch/no-op-build"

fresh tree "$some" library
timed some "$kiln" --plain build
row "tree of $some packages, first time" <"$scratch/some"
sed -i 's/^Why: .*/Why: other words about the same change./' patches/bench/p3/0001-salt.patch
timed words "$kiln" --plain build
printf '%-52s %s, in %s s\n' '    a patch with other words: built again' "$(built_again)" "$(summary <"$scratch/words")"
sed -i 's/^+salt.*/+other salt/' patches/bench/p3/0001-salt.patch
timed change "$kiln" --plain build
printf '%-52s %s, in %s s\n' '    a patch with other bytes: built again' "$(built_again)" "$(summary <"$scratch/change")"
