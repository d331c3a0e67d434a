#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How fast the solver answers over the base of target trixie: its buildroot, and the questions of a plan.
# usage: tests/bench/solv.sh KILN BENCH_SOLV   (imports the base if it is missing)
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
base=$("$1" -q base import --target trixie)
read -ra buildroot < <(sed -n '/^\[buildroot\]/,/^\[/s/^packages=//p' "$top/repo-config/targets/trixie/target.conf")
exec "$2" "$base" "${buildroot[@]}"
