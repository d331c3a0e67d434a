#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How much time Kiln itself takes: a warm build around rpmbuild, a cold base layer, a release with nothing to do.
# usage: tests/bench/release.sh KILN [RUNS]   (as root; the base of target trixie must have been imported)
set -euo pipefail

kiln=$1 runs=${2:-7}
top=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export KILN_KEYS=$scratch/keys

. "$top/tests/bench/times.bash"

project=$scratch/project
mkdir -p "$project/repo-config/targets"
cp -a "$top/tests/fixtures/project/." "$project/"
cp -a "$top/repo-config/targets/trixie" "$project/repo-config/targets/"
cp -a "$top/repo-config/kiln.repo.in" "$project/repo-config/"
rm -r "$project/specs/demo/greeter"
cd "$project"

echo "seconds: min, median, max of $runs runs; $(nproc) processors; $("$kiln" --version)"

# A warm build: everything but rpmbuild's own time, for a new version each time.
"$kiln" -q build >/dev/null
for i in $(seq "$runs"); do
	sed -i "s/^Summary:.*/Summary: A library that greets $i/" specs/demo/hello/hello.spec
	start=$(now)
	result=$("$kiln" -q build hello)
	wall=$(($(now) - start))
	echo "$wall" >>"$scratch/wall"
	python3 - "$result/result.json" "$wall" "$scratch" <<-'END'
		import json, sys
		phases = json.load(open(sys.argv[1]))["phases_us"]
		wall, scratch = int(sys.argv[2]), sys.argv[3]
		phases["around"] = wall - phases["rpmbuild"]
		phases["evaluate, solve, start"] = wall - phases["total"]
		for name, value in phases.items():
		    open(f"{scratch}/phase {name}", "a").write(f"{value}\n")
	END
done
row 'warm build of a trivial package: wall' <"$scratch/wall"
row '  rpmbuild itself' <"$scratch/phase rpmbuild"
row '  everything around it' <"$scratch/phase around"
for phase in 'evaluate, solve, start' layers prepare sandbox collect; do
	row "    $phase" <"$scratch/phase $phase"
done

# A cold base layer: buildroot list solved, installed from the local base repository; no cache but the base.
mkdir "$scratch/cold"
base=$("$kiln" -q base import)
packages=0
for i in $(seq 3); do
	rm -rf "$scratch/cold/layers" "$scratch/cold/solv" "$scratch/cold/specs"
	mkdir -p "$scratch/cold/bases"
	[ -d "$scratch/cold/bases/${base##*/}" ] || cp -al "$base" "$scratch/cold/bases/"
	start=$(now)
	KILN_CACHE=$scratch/cold "$kiln" --plain spec hello >/dev/null 2>"$scratch/cold-talk"
	echo $(($(now) - start)) >>"$scratch/cold-wall"
	python3 - "$scratch"/cold/layers/*/manifest.json "$scratch" <<-'END'
		import json, sys
		for name, value in json.load(open(sys.argv[1]))["phases_us"].items():
		    open(f"{sys.argv[-1]}/cold {name}", "a").write(f"{value}\n")
	END
	packages=$(sed -n 's/.*buildroot: \([0-9]*\) packages.*/\1/p' "$scratch/cold-talk")
done
row "cold base layer of $packages packages, spec evaluated" <"$scratch/cold-wall"
for phase in 'verify packages' 'namespaces, mounts' transaction sync; do
	row "    $phase" <"$scratch/cold $phase"
done

# A release with nothing to do.
"$kiln" -q release >/dev/null
for i in $(seq "$runs"); do
	start=$(now)
	"$kiln" -q release >/dev/null
	echo $(($(now) - start)) >>"$scratch/nothing"
done
row 'release with nothing to do' <"$scratch/nothing"
