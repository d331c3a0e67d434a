# SPDX-License-Identifier: GPL-2.0-or-later
# Several packages: order, builds side by side, failures among them, cycles, and what is built again and why.

load common
load packages

setup() { make_empty_project; }

# What stands in the plan's line of a package.
plan_line() { grep -E "^  $1 " <<<"$output"; }

@test "the requirements of a requirement count: order and buildroot" {
	package a-app 'BuildRequires: m-middle'
	package m-middle 'Requires: z-last'
	package z-last
	try plan
	expect_status 0
	# m-middle builds without z-last, but a-app's buildroot needs both.
	[ "$output" = "$(printf 'wave 1\n  %-44s %-12s %s\n  %-44s %-12s %s\nwave 2\n  %-44s %-12s %s' \
		'm-middle 1.0-1.kt13' build new 'z-last 1.0-1.kt13' build new \
		'a-app 1.0-1.kt13' 'after others' 'new; built after m-middle, z-last')" ] || fail "another plan"
	try explain a-app --dump "$BATS_TEST_TMPDIR/dump"
	expect_output 'z-last: "a-app" needs "m-middle", "m-middle" needs "z-last"'
	(cd "$BATS_TEST_TMPDIR/dump" && testsolv testcase.t)
	try build
	expect_status 0
	grep -qx 'z-last-1.0-1.kt13.noarch' .kiln/builds/*/installed_pkgs.log ||
		grep -q '^z-last-1.0-1.kt13' .kiln/builds/*/installed_pkgs.log
}

@test "a plan needs no signing key, and makes none" {
	export KILN_KEYS=$BATS_TEST_TMPDIR/keys
	package one
	try plan
	expect_status 0
	try build
	expect_status 0
	[ ! -e "$KILN_KEYS" ] || fail "a key was made"
}

@test "only what is asked for and what that needs is built" {
	package one
	package two 'BuildRequires: one'
	package three 'BuildRequires: nothing-has-this'
	try build two
	expect_status 0
	[ "$(wc -l <<<"$output")" -eq 2 ]
}

@test "builds run side by side, each with its share of the processors" {
	[ "$(nproc)" -ge 2 ] || skip "prerequisite: 2 processors"
	# Each waits for the other to have begun, which it sees by the clock: alone it would take as long twice.
	install='date +%s.%N >%{buildroot}/usr/share/%{name}/begin; sleep 3; date +%s.%N >%{buildroot}/usr/share/%{name}/end; echo $RPM_BUILD_NCPUS >%{buildroot}/usr/share/%{name}/cpus'
	package left
	package right
	try build -j2
	expect_status 0
	for name in left right; do
		mkdir "$BATS_TEST_TMPDIR/$name"
		rpm2cpio .kiln/builds/*/"$name"-1.0-1.kt13.noarch.rpm | (cd "$BATS_TEST_TMPDIR/$name" && cpio -id --quiet)
		eval "${name}_begin=$(cat "$BATS_TEST_TMPDIR/$name/usr/share/$name/begin")" \
			"${name}_end=$(cat "$BATS_TEST_TMPDIR/$name/usr/share/$name/end")"
		[ "$(cat "$BATS_TEST_TMPDIR/$name/usr/share/$name/cpus")" -eq $(($(nproc) / 2)) ]
	done
	awk "BEGIN { exit !($left_begin < $right_end && $right_begin < $left_end) }" || fail "one after the other"

	rm -r .kiln/builds
	try build -j1
	expect_status 0
	rpm2cpio .kiln/builds/*/left-1.0-1.kt13.noarch.rpm | (cd "$BATS_TEST_TMPDIR/left" && cpio -idu --quiet)
	[ "$(cat "$BATS_TEST_TMPDIR/left/usr/share/left/cpus")" -eq "$(nproc)" ]
}

@test "what holds up most is begun first, by how long builds took" {
	package a-short
	install='sleep 3' package m-slow
	try build -j1
	expect_status 0
	[[ $talk =~ a-short.*m-slow ]] || fail "without experience: as in the plan"
	sed -i 's/echo content/echo other/' specs/demo/*/*.spec
	try build -j1
	expect_status 0
	[[ $talk =~ m-slow.*a-short ]] || fail "m-slow was not begun first"
}

@test "a failure blocks what needs it, the rest is built; --fail-fast starts nothing further" {
	build='echo "broken.c:1:2: error: it is broken here" >&2; exit 3' package broken
	package needs-broken 'BuildRequires: broken'
	package needs-that 'BuildRequires: needs-broken'
	package unrelated
	try build -j1
	expect_status 8
	expect_talk '"broken" does not build'
	expect_talk 'blocked: "needs-broken" needs "broken", "needs-that" needs "needs-broken"'
	compgen -G '.kiln/builds/*/unrelated-1.0-1.kt13.noarch.rpm' || fail "unrelated was not built"

	[ "$output" = "$(ls -d "$PWD"/.kiln/builds/*/ | sed 's|/$||')" ] || fail "what was built is not told"
	try build -j1 --json
	[ "$(jq -r '.[] | "\(.package) \(.outcome)"' <<<"$output" | sort | tr '\n' ' ')" = \
		'broken failed needs-broken blocked needs-that blocked unrelated cached ' ] || fail "other outcomes"
	(cd / && "$KILN" --project="$project" explain broken | grep -q "log: $project/.kiln/failed/trixie/broken/build.log")

	rm -r .kiln/builds
	try build -j1 --fail-fast
	expect_status 8
	! compgen -G '.kiln/builds/*/unrelated*' || fail "a build was started after a failure"
	try explain broken
	expect_status 0
	expect_output 'it is broken here'
	expect_output 'kiln shell broken'
}

@test "all that cannot be satisfied is told at once, and nothing is built" {
	package fine
	package one 'BuildRequires: no-such-thing' 'BuildRequires: fine'
	package two 'BuildRequires: sed >= 999'
	try build
	expect_status 7
	expect_talk '"one" needs "no-such-thing"'
	expect_talk '"two" needs "sed >= 999"'
	[ ! -e .kiln/builds ] || [ -z "$(ls .kiln/builds)" ]
}

@test "a package without a changelog comes out the same as well" {
	package undated
	sed -i '/^%changelog/,$d' specs/demo/undated/undated.spec
	try build
	expect_status 0
	first=$(sha256sum "$output"/undated-1.0-1.kt13.noarch.rpm | cut -d' ' -f1)
	rm -r .kiln/builds
	sleep 1
	try build
	[ "$(sha256sum "$output"/undated-1.0-1.kt13.noarch.rpm | cut -d' ' -f1)" = "$first" ]
	[ "$(rpm -qp --nosignature --qf '%{BUILDTIME}' "$output"/undated-1.0-1.kt13.noarch.rpm)" = 315532800 ]
}

@test "a package that comes out the same does not build again what needs it" {
	package first
	package second 'BuildRequires: first'
	package third 'BuildRequires: second'
	try build
	expect_status 0
	# Another spec, the same bytes.
	sed -i 's/^%build/%build\n# a remark/' specs/demo/first/first.spec
	try plan
	[ "$(plan_line first | awk '{ print $3 }')" = build ]
	expect_output 'only if first comes out different'
	try build
	expect_status 0
	[ "$(built)" -eq 1 ] || fail "more than the first was built"
	# Other bytes reach the second only as far as its own change.
	sed -i 's/echo content/echo other/' specs/demo/first/first.spec
	try build
	expect_status 0
	[ "$(built)" -eq 2 ] || fail "the second is to be built, the third is not"
	try explain second
	expect_output 'buildroot changed: first'
}

@test "what a build did not reveal before is planned with in the same run" {
	package consumer 'BuildRequires: provider'
	package provider
	try build
	expect_status 0
	# provider's new payload makes rpm find a provide; consumer comes first by name.
	mkdir -p specs/demo/provider
	install='mkdir -p %{buildroot}/usr/share/pkgconfig; printf "Name: thing\nDescription: x\nVersion: 2\n" >%{buildroot}/usr/share/pkgconfig/thing.pc' \
		package provider
	sed -i 's|^/usr/share/%{name}|&\n/usr/share/pkgconfig|' specs/demo/provider/provider.spec
	package consumer 'BuildRequires: pkgconfig(thing) >= 2'
	try build
	expect_status 0
	expect_talk 'waits for what other builds may come to provide: "consumer" needs "pkgconfig(thing) >= 2", which'
	try build
	expect_status 0
	expect_talk 'nothing to build: 2 unchanged'
	try plan
	[ "$(plan_line consumer)" = "$(printf '  %-44s %-12s ' 'consumer 1.0-1.kt13' cached)" ]
	expect_output 'wave 2'
}

@test "a build that asks for what is yet to be built waits for it" {
	package a-asks
	sed -i 's/^%build/%generate_buildrequires\necho z-asked\n%build/' specs/demo/a-asks/a-asks.spec
	package z-asked
	try build -j1
	expect_status 0
	grep -q '^z-asked-1.0-1.kt13' .kiln/builds/*/installed_pkgs.log
	try build
	expect_talk 'nothing to build: 2 unchanged'
}

@test "packages that need each other: a path, and how to break it" {
	package hen 'BuildRequires: egg'
	package egg 'BuildRequires: hen'
	try build
	expect_status 7
	expect_talk 'build requirements form a cycle: "egg" needs "hen" needs "egg"'
	expect_talk '[package egg]'
	package egg 'BuildRequires: egg'
	try build egg
	expect_status 7
	expect_talk 'cycle: "egg" needs "egg"'
}

@test "a declared bootstrap build breaks a cycle, is built over, and never published" {
	package hen 'BuildRequires: egg'
	package egg '%bcond_with bootstrap' '%if %{without bootstrap}' 'BuildRequires: hen' '%endif'
	install='rpm -q hen >%{buildroot}/usr/share/egg/laid-by || :' package egg '%bcond_with bootstrap' \
		'%if %{without bootstrap}' 'BuildRequires: hen' '%endif'
	package user 'BuildRequires: egg'
	printf '\n[package egg]\nbootstrap-with = bootstrap\n' >>repo-config/kiln.conf
	try build
	expect_status 0
	expect_talk 'building them twice, first for bootstrapping'
	[ "$(wc -l <<<"$output")" -eq 3 ] || fail "only the final packages are results"
	egg=$(for directory in $output; do ls "$directory"/egg-1.0-1.kt13.noarch.rpm 2>/dev/null || :; done)
	rpm2cpio "$egg" | cpio -i --quiet --to-stdout './usr/share/egg/laid-by' | grep -qx 'hen-1.0-1.kt13.noarch' ||
		fail "the result is the bootstrap build's"
	try build
	expect_status 0
	expect_talk 'nothing to build: 3 unchanged'
	try plan
	expect_output 'egg.bootstrap 1.0-1.kt13'
	try release
	expect_status 0
	published=$(find .kiln/www -name 'egg-*.noarch.rpm' | head -n 1)
	rpm2cpio "$published" | cpio -i --quiet --to-stdout './usr/share/egg/laid-by' | grep -qx 'hen-1.0-1.kt13.noarch'
}

@test "two cycles, one of them of a package that needs itself, are broken in one plan" {
	package hen 'BuildRequires: egg'
	package egg '%bcond_without hen' '%if %{with hen}' 'BuildRequires: hen' '%endif'
	package compiler '%bcond_without itself' '%if %{with itself}' 'BuildRequires: compiler' '%endif' 'BuildRequires: egg'
	printf '\n[package egg]\nbootstrap-without = hen\n[package compiler]\nbootstrap-without = itself\n' >>repo-config/kiln.conf
	try build
	expect_status 0
	[ "$(wc -l <<<"$output")" -eq 3 ]
	# The egg comes out the same both times, so the hen that was built of it is the final one already.
	[ "$(built)" -eq 5 ] || fail "egg and compiler are to be built twice, the hen once"
	for directory in $output; do
		[ ! -e "$directory/compiler-1.0-1.kt13.noarch.rpm" ] || grep -q '^compiler-1.0' "$directory/installed_pkgs.log"
	done
	try build
	expect_talk 'nothing to build: 3 unchanged'
}

@test "the plan as a graph: DOT, and SVG that Graphviz draws" {
	package one
	package two 'BuildRequires: one'
	try plan --graph "$BATS_TEST_TMPDIR/plan.dot"
	expect_status 0
	dot -Tplain "$BATS_TEST_TMPDIR/plan.dot" | grep -q '^edge n0 n1 '
	try plan --graph "$BATS_TEST_TMPDIR/plan.svg"
	expect_status 0
	grep -q '<svg' "$BATS_TEST_TMPDIR/plan.svg"
	run env PATH="$BATS_TEST_TMPDIR" "$KILN" plan --graph "$BATS_TEST_TMPDIR/other.svg"
	[ "$status" -ne 0 ]
	[[ $output = *'a name that ends in .dot needs no Graphviz'* ]]
}

@test "an error of the host stops the schedule, and is told" {
	package one
	package two 'BuildRequires: one'
	try build -j0
	try build --jobs -3
	expect_status 2
	expect_talk '--jobs -3: must be from 1 to 1024'
}
