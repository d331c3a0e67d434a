# SPDX-License-Identifier: GPL-2.0-or-later
# What only builds reveal: requirements and provides that no spec says. Whatever order builds end in, the outcome is the same.

load common
load packages

setup() { make_empty_project; }

nothing_to_build() {
	try build "$@"
	expect_status 0
	expect_talk 'nothing to build'
}

@test "a requirement that a package turns out to have is satisfied by what another turns out to provide" {
	provider p-lib pp 1 qq --
	install='sleep 2' provider q-lib qq 1 --
	package a-app 'BuildRequires: p-lib'
	try build -j1
	expect_status 0
	expect_talk 'a-app        waits for what other builds may come to provide: '
	rm -r .kiln
	try build -j2
	expect_status 0
	nothing_to_build
}

@test "what changes on the way is waited for: a library, what was built with it, and their user" {
	# b-lib requires the very version of c-lib that it was built with.
	install='v=$(sed -n "s/^Version: //p" /usr/share/pkgconfig/cc.pc)' provider b-lib bb 1 'cc = $v' -- 'BuildRequires: c-lib'
	provider c-lib cc 1 --
	package a-app 'BuildRequires: b-lib'
	try build
	expect_status 0
	provider c-lib cc 2 --
	try build -j2
	expect_status 0
	[ "$(built)" -eq 3 ]
	# The same where the version of c-lib is that of its package.
	provider c-lib cc '%{version}' --
	sed -i 's/^Version: 1.0/Version: 3.0/; s/ - 1.0-1$/ - 3.0-1/' specs/demo/c-lib/c-lib.spec
	try build -j2
	expect_status 0
	nothing_to_build
}

@test "a build that asks for what a later build reveals waits, also when results are gone" {
	asks a-asks 'pkgconfig(thing)'
	provider z-prov thing 1 --
	try build -j1
	expect_status 0
	expect_talk 'a-asks       waits for another build'
	nothing_to_build
	try plan
	expect_status 0
	! grep -q 'after others' <<<"$output" || fail "all is built"
	rm -r .kiln/builds
	try build -j2
	expect_status 0
}

@test "what the build of a package asked for by name requires is built, too" {
	asks z-asks a-need
	package a-need
	try build z-asks
	expect_status 0
	grep -q '^a-need-1.0-1.kt13' .kiln/builds/*/installed_pkgs.log
	nothing_to_build z-asks
}

@test "a source that changes what is provided, though the spec is the same" {
	package prov 'Source0: thing.pc'
	sed -i 's|^echo content.*|install -D %{SOURCE0} %{buildroot}/usr/share/%{name}/file; [ ! -s %{SOURCE0} ] \|\| install -D -m 0644 %{SOURCE0} %{buildroot}/usr/share/pkgconfig/thing.pc; mkdir -p %{buildroot}/usr/share/pkgconfig|; s|^/usr/share/%{name}$|&\n/usr/share/pkgconfig|' specs/demo/prov/prov.spec
	: >specs/demo/prov/thing.pc
	package user 'BuildRequires: prov'
	try build
	expect_status 0
	printf 'Name: thing\nDescription: x\nVersion: 2\n' >specs/demo/prov/thing.pc
	package user 'BuildRequires: (pkgconfig(thing) or pkgconfig(nothing))'
	try build
	expect_status 0
	nothing_to_build
}

@test "a spec that comes to provide something in the same release" {
	package prov
	package user 'BuildRequires: prov'
	try build
	expect_status 0
	package prov 'Provides: newthing'
	package user 'BuildRequires: newthing'
	try build
	expect_status 0
}

@test "asked for alone, a package says what may come to provide what it needs" {
	provider prov thing 1 --
	package user 'BuildRequires: pkgconfig(thing)'
	try build user
	expect_status 7
	expect_talk '"user" needs "pkgconfig(thing)", which no package in "built prov" or "trixie" provides'
	expect_talk 'packages that were not asked for may come to provide it'
	try build prov user
	expect_status 0
}

@test "what failed is tried again when builds came to change what it stands on" {
	# The base has pkgconfig(zlib) as well, of another version.
	build='test "$(pkg-config --modversion zlib)" = 99' package a-user 'BuildRequires: pkgconfig(zlib)' 'BuildRequires: pkgconf'
	provider z-zlib zlib 99 --
	try build -j1
	expect_status 0
	nothing_to_build
}

@test "what waits, and what needs that, stands in the plan after all others" {
	provider a-lib foo 1 --
	package b-cli 'BuildRequires: pkgconfig(foo)'
	package c-data 'BuildRequires: b-cli'
	package d-last 'BuildRequires: c-data'
	try plan --json
	expect_status 0
	[ "$(jq -r '.[] | "\(.package) \(.wave)"' <<<"$output" | tr '\n' ' ')" = 'a-lib 1 b-cli 2 c-data 3 d-last 4 ' ] || fail "other waves"
}

@test "a provider that fails blocks what waits for it" {
	provider prov thing 1 --
	sed -i 's/^%build/%build\nexit 3/' specs/demo/prov/prov.spec
	package user 'BuildRequires: pkgconfig(thing)'
	asks asker 'pkgconfig(thing)'
	try build -j2
	expect_status 8
	expect_talk '"prov" does not build'
	expect_talk '"user" waits for what was not built ("user" needs "pkgconfig(thing)"'
	expect_talk '"asker" waits for what was not built ("asker" needs "pkgconfig(thing)"'
}

@test "a cycle that only builds show is told as a path" {
	asks a-asks z-asked
	package z-asked
	try build
	expect_status 0
	package z-asked 'BuildRequires: a-asks'
	for command in plan build; do
		try $command
		expect_status 7
		expect_talk 'closes a cycle: "a-asks" needs "z-asked" needs "a-asks"'
	done
}

@test "who does not belong to a cycle never sees its bootstrap builds" {
	package hen 'BuildRequires: egg'
	package egg '%bcond_with bootstrap' '%if %{without bootstrap}' 'BuildRequires: hen' '%endif'
	# The bootstrap build is the newer one by its release, and would be preferred.
	sed -i 's/^Name: egg/%bcond_with bootstrap\n&/; s/^Release: .*/Release: 1%{?with_bootstrap:.9}%{?dist}/' specs/demo/egg/egg.spec
	package user 'BuildRequires: egg'
	printf '\n[package egg]\nbootstrap-with = bootstrap\n' >>repo-config/kiln.conf
	try build -j2
	expect_status 0
	for directory in $output; do
		[ ! -e "$directory/user-1.0-1.kt13.noarch.rpm" ] || log=$directory/installed_pkgs.log
	done
	grep -q '^egg-1.0-1.kt13.noarch' "$log" || fail "built with $(grep '^egg' "$log")"
	nothing_to_build
	try status
	! grep -q 'not built' <<<"$output" || fail "a result that bootstrap and final build share counts for both"
}

@test "two builds that are one are done once" {
	for name in ww:yy xx:ww yy:xx; do
		package "${name%:*}" '%bcond_with bootstrap' '%if %{without bootstrap}' "BuildRequires: ${name#*:}" '%endif'
	done
	package xx 'BuildRequires: ww'
	printf '\n[package ww]\nbootstrap-with = bootstrap\n[package yy]\nbootstrap-with = bootstrap\n' >>repo-config/kiln.conf
	try build -j2
	expect_status 0
	nothing_to_build
}

@test "specs that cannot be read: all are told, and one that nobody asked for is no hindrance" {
	package fine
	package broken '%{error: boom}'
	package worse
	sed -i '/^Version/d' specs/demo/worse/worse.spec
	try build
	expect_status 3
	expect_talk 'specs/demo/broken/broken.spec:'
	expect_talk 'specs/demo/worse/worse.spec:'
	try build fine
	expect_status 0
	expect_talk 'broken       warning: left out: '
	package foreign 'ExclusiveArch: s390x'
	sed -i '/^BuildArch/d' specs/demo/foreign/foreign.spec
	try build foreign
	expect_status 4
	expect_talk '"foreign" is not built for target "trixie": its spec excludes x86_64'
}

@test "killed between result and record: the next change is explained all the same" {
	package one
	try build
	expect_status 0
	rm .kiln/state.sqlite*
	nothing_to_build
	sed -i 's/echo content/echo other/' specs/demo/one/one.spec
	try explain one
	expect_output 'spec changed: one'
}

@test "a buildroot that somebody is in holds up its package only" {
	build='exit 3' package aa
	package bb
	try build aa
	expect_status 8
	exec 9>.kiln/failed/trixie/.aa.lock
	flock 9
	try build
	exec 9>&-
	expect_status 9
	compgen -G '.kiln/builds/*/bb-1.0-1.kt13.noarch.rpm' || fail "bb was not built"
}
