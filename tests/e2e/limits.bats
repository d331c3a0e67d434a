# SPDX-License-Identifier: GPL-2.0-or-later
# The limits of one build, each run into by a spec that does it: the build ends, the message names the limit
# and the key of kiln.conf that raises it, and nothing of the build stays.

load common

setup() { make_project; }

teardown() { expect_nothing_left; }

# A package whose %build is the text on stdin.
make_spec() {
	mkdir -p specs/demo/limited
	cat >specs/demo/limited/limited.spec <<-END
		Name:           limited
		Version:        1
		Release:        1
		Summary:        Runs into a limit
		License:        GPL-2.0-or-later
		BuildArch:      noarch

		%description
		Runs into a limit.

		%build
		echo 'error: nothing that explains anything'
		$(cat)

		%files

		%changelog
		* Sun Nov 01 2026 Kiln developers <kiln@kiln.example> - 1-1
		- First.
	END
}

limit() { sed -i "s/^wall-seconds.*/&\n$1 = $2/" repo-config/kiln.conf; }

# The build failed for the limit that `$1` says, which key `$2` raises; and log and state say the same.
expect_limit() {
	expect_status 8
	expect_talk "\"limited\" does not build: stopped: $1 (if it needs more: $2 of [limits] in repo-config/kiln.conf)"
	grep -qxF "kiln: stopped: $1" .kiln/failed/trixie/limited/build.log || fail 'the log does not say so'
	! pgrep -f '^sleep 97' >/dev/null || fail 'something of the build still runs'
}

@test "wall time: a build that ignores SIGTERM is killed with all it started" {
	make_spec <<-'END'
		trap '' TERM HUP
		setsid sleep 97.1 &
		while :; do echo alive; sleep 0.2; done
	END
	sed -i 's/^wall-seconds.*/wall-seconds = 3/' repo-config/kiln.conf
	try build limited
	expect_limit 'not done within the limit of 3 s' wall-seconds
	# It went on within its grace, and no longer: 3 s and 2 s, told by what it said every 0.2 s.
	log=.kiln/failed/trixie/limited/build.log
	sed '1,/^kiln: stopped/d' "$log" | grep -qx alive || fail 'it had no grace'
	[ "$(grep -cx alive "$log")" -lt 40 ] || fail 'it had more than its grace'
}

@test "wall time: a build that cleans up on SIGTERM has the time to" {
	make_spec <<-'END'
		trap 'sleep 0.5; echo cleaned up; exit 0' TERM
		while :; do sleep 0.1; done
	END
	sed -i 's/^wall-seconds.*/wall-seconds = 3/' repo-config/kiln.conf
	try build limited
	expect_limit 'not done within the limit of 3 s' wall-seconds
	grep -qx 'cleaned up' .kiln/failed/trixie/limited/build.log || fail 'it was not let'
}

@test "idle time: a build without output" {
	make_spec <<<'sleep 97.2'
	limit idle-seconds 3
	try build limited
	expect_limit 'no output for the limit of 3 s' idle-seconds
}

@test "output: a build that talks without end" {
	make_spec <<<'yes'
	limit output-mib 1
	try build limited
	expect_limit 'more output than the limit of 1 MiB' output-mib
	[ "$(stat -c %s .kiln/failed/trixie/limited/build.log)" -lt $((3 << 20)) ]
}

@test "memory: a build that takes too much" {
	make_spec <<<'head -c 400M /dev/zero | tail -n 1 | wc -c; echo went on; sleep 97.3'
	limit memory-mib 160
	try build limited
	expect_limit 'out of memory at the limit of 160 MiB' memory-mib
}

@test "processes: a build that starts too many" {
	make_spec <<<'for i in $(seq 60); do sleep 97.4 & done; wait'
	limit processes 40
	try build limited
	expect_limit 'more processes than the limit of 40' processes
}

@test "disk: a build that fills it, in a file or in one that has no name any more" {
	make_spec <<<'dd if=/dev/zero of=/var/tmp/big bs=1M count=200; sleep 97.5'
	limit disk-mib 100
	try build limited
	expect_limit 'more on the disk than the limit of 100 MiB' disk-mib

	make_spec <<<'exec 5>big; rm big; dd if=/dev/zero bs=1M count=200 >&5; sleep 97.6'
	try build limited
	expect_limit 'more on the disk than the limit of 100 MiB' disk-mib
}

@test "a limit that is raised as the message says lets the same build through" {
	make_spec <<<'dd if=/dev/zero of=big bs=1M count=200; truncate -s 4T hole'
	limit disk-mib 100
	try build limited
	expect_limit 'more on the disk than the limit of 100 MiB' disk-mib
	sed -i 's/^disk-mib.*/disk-mib = 300/' repo-config/kiln.conf
	try build limited
	expect_status 0
}
