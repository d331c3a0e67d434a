# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# TAP for smoke tests written in bash; source it first. The test ends with tap_finish, which an EXIT
# trap of the test should call last: the plan is printed also when the test gives up in the middle.
#
#     check DESCRIPTION COMMAND…   one TAP line; what the command prints goes to a log of its own in
#                                  $logs, and its last lines are shown when it fails. Returns its verdict.
#     prints TEXT COMMAND…         the command succeeds and a line of its output has this text
#     silent TEXT COMMAND…         the command succeeds and no line of its output has this text
#     within SECONDS COMMAND…      tries until the command succeeds
#     is_gone PID                  within ten seconds this process is gone
#     tap_finish                   prints the plan and exits: 0 if all went well
#
# A lifecycle, which is called for each phase, tells its logs apart by tap_log_prefix="$1-", and prints
# no plan. $logs is where the test's logs belong, $here the directory of the test.

here=$(cd "$(dirname "$0")" && pwd)
logs=${KILN_SMOKE_LOGS:-/var/tmp/smoke}
mkdir -p "$logs"
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
tap_checks=0
tap_failures=0

check()
{
	local what=$1 log
	shift
	tap_checks=$((tap_checks + 1))
	log=$logs/${tap_log_prefix:-}$(printf %02d $tap_checks).log
	if { printf '# %s\n# %s\n' "$what" "$*"; "$@"; } >"$log" 2>&1; then
		echo "ok $tap_checks - $what"
		return 0
	fi
	echo "not ok $tap_checks - $what"
	echo "# see $log"
	tail -n 8 "$log" | sed 's/^/#   /'
	tap_failures=$((tap_failures + 1))
	return 1
}

# The command's output, printed and in the caller's $output; fails as the command does.
tap_run()
{
	local status
	output=$("$@" 2>&1)
	status=$?
	echo "$output"
	[ $status -eq 0 ] || { echo "exit status $status"; return 1; }
}

prints()
{
	local text=$1 output
	shift
	tap_run "$@" || return 1
	grep -qF -- "$text" <<<"$output" || { echo "without: $text"; return 1; }
}

silent()
{
	local text=$1 output
	shift
	tap_run "$@" || return 1
	! grep -F -- "$text" <<<"$output"
}

within()
{
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.1
	done
}

is_gone()
{
	local try
	for try in $(seq 100); do
		[ -e "/proc/$1" ] || return 0
		# the child of a process that ended, waiting for an init that this root has not
		grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null && return 0
		sleep 0.1
	done
	echo "process $1 still runs"
	return 1
}

tap_finish()
{
	echo "1..$tap_checks"
	[ "$tap_failures" -eq 0 ] || echo "# $tap_failures of $tap_checks checks failed"
	exit $((tap_failures > 0 || tap_checks == 0))
}
