#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How fast the solver answers over the base of target trixie: its buildroot, and the questions of a plan.
# usage: tests/bench/solv.sh BENCH_SOLV   (the base must have been imported)
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
base=${KILN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kiln}/bases/trixie

[ -e "$base/repodata/repomd.xml" ] || { echo "solv.sh: no base at \"$base\": run \`kiln base import\`" >&2 && exit 1; }
read -ra buildroot < <(sed -n '/^\[buildroot\]/,/^\[/s/^packages=//p' "$top/repo-config/targets/trixie/target.conf")
exec "$1" "$base" "${buildroot[@]}"
