#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long `kiln check` takes for a collection of two hundred packages with 4,000 files on the base of target trixie,
# after a snapshot of the same: as it should be, and with a fault in every tenth.
# usage: tests/bench/check.sh KILN [RUNS]   (the base must have been imported)
set -euo pipefail

kiln=$1 runs=${2:-5}
many=${MANY:-200}
top=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'gpgconf --homedir "$scratch/gnupg" --kill all || true; rm -rf "$scratch"' EXIT
BATS_TEST_DIRNAME=$top/tests/e2e BATS_FILE_TMPDIR=$scratch BATS_TEST_TMPDIR=$scratch
KILN=$kiln target=trixie files=

. "$top/tests/e2e/common.bash"
. "$top/tests/e2e/snapshots.bash"
. "$top/tests/bench/times.bash"

# spec VERSION FAULTS: each package needs the one before and something of the base, and has twenty files.
spec() {
	header made "$1-1"
	for n in $(seq "$many"); do
		files="/usr/share/bench/$n"
		lines=('Requires: bash' 'Requires: python3')
		[ "$n" -eq 1 ] || lines+=("Requires: bench$((n - 1)) = $1-1")
		if [ "$2" = faults ] && [ $((n % 10)) -eq 0 ]; then
			lines+=("Conflicts: bench$((n - 5))" "Obsoletes: bench$((n - 3)) < 9")
		fi
		sub "bench$n" "$1-1" "${lines[@]}"
	done
	cat <<-END
		%install
		for n in $(seq -s ' ' "$many"); do
			mkdir -p %{buildroot}/usr/share/bench/\$n
			for file in $(seq -s ' ' 19); do echo \$n \$file >%{buildroot}/usr/share/bench/\$n/\$file; done
		done
	END
}
first() { spec 1 none; }
good() { spec 2 none; }
faulty() { spec 3 faults; }

make_signing_key
make_project "$scratch/project" >/dev/null
cp -a "$top/repo-config/contracts" repo-config/
publish 20260101T000000Z-000000000001 1767225600 first
publish 20260102T000000Z-000000000002 1767312000 good
publish 20260103T000000Z-000000000003 1767398400 faulty

echo "seconds: min, median, max of $runs runs; $(nproc) processors; $("$kiln" --version)"
measure() {
	local start
	for _ in $(seq "$runs"); do
		start=$(now)
		"$kiln" -q check demo --snapshot "$1" >"$scratch/output" 2>"$scratch/talk" || true
		echo $(($(now) - start))
	done
}
measure 20260102T000000Z-000000000002 | row "$many packages, nothing wrong"
tail -n 1 "$scratch/output"
measure 20260103T000000Z-000000000003 | row "$many packages, faults in every tenth"
tail -n 1 "$scratch/talk"
