# SPDX-License-Identifier: GPL-2.0-or-later
# What the end-to-end tests share. They need root, the built programs (KILN) and the imported base, which
# lies in Kiln's ordinary cache: it is made once by whoever comes first.

top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
KILN=${KILN:-$top/.build/default/bin/kiln}

# A project of its own in $project, with state, keys and published tree of its own.
make_project() {
	project=${1:-$BATS_TEST_TMPDIR/project}
	mkdir -p "$project"
	cp -a "$top/tests/fixtures/project/." "$project/"
	mkdir -p "$project/repo-config/targets"
	cp -a "$top/repo-config/targets/trixie" "$project/repo-config/targets/"
	cp -a "$top/repo-config/kiln.repo.in" "$project/repo-config/"
	export KILN_KEYS=${KILN_KEYS:-$BATS_FILE_TMPDIR/keys}
	cd "$project"
}

# Copies the project's own collection to $1 and makes that the working directory.
copy_collection() {
	mkdir -p "$1/tests"
	cp -a "$top/specs" "$top/patches" "$top/repo-config" "$1/"
	cp -a "$top/tests/smoke" "$1/tests/"
	cd "$1"
}

# The project's own collection, released in a copy with a key of its own: $project, KILN_KEYS; what was said
# is in $project.talk, the answer in $project.output. It takes minutes, so the suites of one `make check` share it.
release_collection() {
	local shared=${KILN_TEST_SHARED:-$BATS_RUN_TMPDIR} status
	project=$shared/epoxy
	export KILN_KEYS=$shared/epoxy.keys
	mkdir -p "$shared"
	(
		flock 9
		[ ! -e "$project.status" ] || exit 0
		copy_collection "$project"
		status=0
		"$KILN" release epoxy --target trixie 2>"$project.talk" >"$project.output" 9>&- || status=$?
		echo "$status" >"$project.status"
		[ "$status" -eq 0 ] || cat "$project.talk" >&2
	) 9>"$shared/epoxy.lock"
	cd "$project"
	status=$(cat "$project.status")
	[ "$status" -eq 0 ] || tail -n 1 "$project.talk" >&2
	return "$status"
}

# The results of the collection: one directory per package.
collection_results() { ls -d "$project"/.kiln/builds/*/; }

kiln() { "$KILN" "$@"; }

# Runs kiln, keeping stdout in $output, stderr in $talk and the exit status in $status.
try() {
	set +e
	output=$("$KILN" "$@" 2>"$BATS_TEST_TMPDIR/talk")
	status=$?
	set -e
	talk=$(cat "$BATS_TEST_TMPDIR/talk")
}

fail() {
	printf '%s\n' "$@" >&2
	printf -- '--- status %s\n--- stdout:\n%s\n--- stderr:\n%s\n' "${status:-}" "${output:-}" "${talk:-}" >&2
	return 1
}

expect_status() { [ "$status" -eq "$1" ] || fail "expected exit status $1"; }

expect_talk() { case $talk in *"$1"*) ;; *) fail "stderr lacks: $1" ;; esac; }

expect_output() { case $output in *"$1"*) ;; *) fail "stdout lacks: $1" ;; esac; }

# Nothing that works for this test's project may stay mounted or running.
expect_nothing_left() {
	! grep -qF "$project" /proc/mounts || fail "still mounted: $(grep -F "$project" /proc/mounts)"
	! pgrep -f "kiln-root.*$project" >/dev/null || fail "still running: $(pgrep -af kiln-root)"
}
