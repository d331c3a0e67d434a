# SPDX-License-Identifier: GPL-2.0-or-later
# Sources: verified against the lock, locked anew, refused.

load common

setup() {
	make_project
	printf 'first\n' >"$BATS_TEST_TMPDIR/data-1.tar.gz"
	sed -i "s|^Source0:.*|Source0: greeter.c\nSource1: file://$BATS_TEST_TMPDIR/data-1.tar.gz|" specs/demo/greeter/greeter.spec
}

digest() { sha256sum <"$1" | cut -d' ' -f1; }

@test "a lock is written from the spec, then obeyed" {
	try fetch greeter
	expect_status 3
	expect_talk 'kiln fetch --lock greeter'
	try fetch --lock greeter
	expect_status 0
	grep -qx '\[data-1.tar.gz\]' specs/demo/greeter/sources
	grep -q "$(digest "$BATS_TEST_TMPDIR/data-1.tar.gz")" specs/demo/greeter/sources
	try fetch greeter
	expect_status 0
	sha256sum -c <<<"$output"
}

@test "a new version shows old and new digests" {
	try fetch --lock greeter
	expect_status 0
	mv "$BATS_TEST_TMPDIR/data-1.tar.gz" "$BATS_TEST_TMPDIR/data-2.tar.gz"
	old=$(digest "$BATS_TEST_TMPDIR/data-2.tar.gz")
	printf 'second\n' >"$BATS_TEST_TMPDIR/data-2.tar.gz"
	sed -i 's/data-1/data-2/' specs/demo/greeter/greeter.spec
	try fetch --lock greeter
	expect_status 0
	expect_output "$old"
	expect_output "$(digest "$BATS_TEST_TMPDIR/data-2.tar.gz")"
}

@test "other bytes than locked are refused and the lock stays" {
	try fetch --lock greeter
	expect_status 0
	cp specs/demo/greeter/sources "$BATS_TEST_TMPDIR/lock"
	rm -f "${KILN_CACHE:-$HOME/.cache/kiln}/sources/$(digest "$BATS_TEST_TMPDIR/data-1.tar.gz")"
	printf 'other\n' >"$BATS_TEST_TMPDIR/data-1.tar.gz"
	try fetch greeter
	expect_status 6
	expect_talk "$(digest "$BATS_TEST_TMPDIR/data-1.tar.gz")"
	cmp specs/demo/greeter/sources "$BATS_TEST_TMPDIR/lock"
}

@test "an unlocked source is an error that says how to lock it" {
	printf '[data-1.tar.gz]\nsha256 = unlocked\norigins = file://%s;\n' "$BATS_TEST_TMPDIR/data-1.tar.gz" >specs/demo/greeter/sources
	try fetch greeter
	expect_status 3
	expect_talk 'kiln fetch --lock greeter'
}

@test "a mistake in the lock is told with file and line" {
	printf '[data-1.tar.gz]\nsha265 = unlocked\n' >specs/demo/greeter/sources
	try fetch greeter
	expect_status 3
	expect_talk 'specs/demo/greeter/sources:2: '
	expect_talk 'did you mean "sha256"?'
}

@test "a name that does not exist is told before any lock is written" {
	try fetch --lock greeter nosuch
	expect_status 4
	expect_talk '"nosuch"'
	[ ! -e specs/demo/greeter/sources ]
}
