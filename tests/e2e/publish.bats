# SPDX-License-Identifier: GPL-2.0-or-later
# What is remembered of what was published, and what happens when it is lost.

load common

setup() {
	make_project
	rm -r specs/demo/greeter
	try release
	expect_status 0
}

@test "a lost state file does not make published names free again" {
	rm .kiln/state.sqlite*
	sed -i 's/"hello"/"hullo"/' patches/demo/hello/0001-greet-politely.patch specs/demo/hello/hello.c
	sed -i 's/Hello\./Hullo./' patches/demo/hello/0001-greet-politely.patch
	try release
	expect_status 6
	expect_talk 'was published with other bytes in snapshot'
}

@test "a channel that points at nothing is told with what to do" {
	rm -r .kiln/www/demo/trixie/snapshots/*
	try release
	expect_status 6
	expect_talk 'channel "stable" points at a damaged snapshot'
	rm .kiln/www/demo/trixie/stable/current
	try release
	expect_status 0
}

@test "a .repo template that does not have signatures checked is refused" {
	cp repo-config/kiln.repo.in "$BATS_TEST_TMPDIR/"
	sed -i '0,/^repo_gpgcheck=1/s//repo_gpgcheck=0/' repo-config/kiln.repo.in
	try release
	cp "$BATS_TEST_TMPDIR/kiln.repo.in" repo-config/
	expect_status 3
	expect_talk 'repo-config/kiln.repo.in: [kiln-demo] does not say repo_gpgcheck=1'
}

@test "a damaged published tree is noticed and made whole" {
	published=.kiln/www/demo/trixie
	: >"$published/stable/mirrorlist"
	rm "$published/stable/kiln-demo.repo"
	try release
	expect_status 0
	expect_talk 'nothing to publish'
	expect_talk '"stable/mirrorlist" was missing or not as it should be: written anew'
	grep -q '/snapshots/' "$published/stable/mirrorlist"
	[ -s "$published/stable/kiln-demo.repo" ]

	before=$(readlink "$published/stable/current")
	truncate -s 50 "$published"/stable/current/Packages/hello-1.0-1.kt13.x86_64.rpm
	try release
	expect_status 0
	expect_talk 'is damaged'
	[ "$(readlink "$published/stable/current")" != "$before" ]
	rpm -K --nosignature "$published"/stable/current/Packages/*.rpm
}

@test "metadata never gets older, also when the clock goes back" {
	stamp() { sed -n 's|.*<revision>\([0-9]*\)</revision>.*|\1|p' .kiln/www/demo/trixie/stable/current/repodata/repomd.xml; }
	first=$(stamp)
	[ "$first" -gt 1700000000 ]
	sed -i 's/^Release: .*/Release: 2%{?dist}/' specs/demo/hello/hello.spec
	KILN_CLOCK=1000000000 try release
	expect_status 0
	[ "$(stamp)" -gt "$first" ]
}

@test "what another key signed is not published again under the same name, and both keys are named" {
	old=$("$KILN" key list --json | jq -r '.[0].fingerprint')
	export KILN_KEYS=$BATS_TEST_TMPDIR/other
	try release
	expect_status 6
	new=$("$KILN" key list --json | jq -r '.[0].fingerprint')
	expect_talk '"hello-1.0-1.kt13.x86_64" was published in snapshot "'
	expect_talk "with the signature of key $old, not of $new"
	expect_talk 'raise Release in the spec of "hello"'
}
