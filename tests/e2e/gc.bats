# SPDX-License-Identifier: GPL-2.0-or-later
# What Kiln remembers (history, status) and what it keeps only to be faster (gc).

load common

# A cache of its own, which the tests of this file share: they look at what is removed. The base stays where it is.
setup() {
	make_project
	local shared=${KILN_CACHE:-$HOME/.cache/kiln}
	mkdir -p "$BATS_FILE_TMPDIR/cache"
	for part in bases apt; do
		[ -e "$BATS_FILE_TMPDIR/cache/$part" ] || ln -s "$shared/$part" "$BATS_FILE_TMPDIR/cache/$part"
	done
	export KILN_CACHE=$BATS_FILE_TMPDIR/cache
	layers=$KILN_CACHE/layers
}

teardown() { expect_nothing_left; }

# The result directories there are.
results() { find .kiln/builds -mindepth 1 -maxdepth 1 | wc -l; }

count_layers() { find "$layers" -mindepth 1 -maxdepth 1 -type d | wc -l; }

# slow SECONDS [EXIT]: a package whose build says when it begins, takes that long and ends so.
slow() {
	rm -r specs/demo patches tests/smoke
	mkdir -p specs/demo/slow
	cat >specs/demo/slow/slow.spec <<-END
		Name: slow
		Version: 1
		Release: 1
		Summary: Slow
		License: MIT
		BuildArch: noarch
		%description
		%build
		echo it is under way
		sleep $1
		exit ${2:-0}
		%files
	END
}

# Waits until the command $@ succeeds.
await() {
	for _ in $(seq 300); do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.1
	done
	fail "in vain: $*"
}

is_under_way() { grep -qsx 'it is under way' .kiln/builds/.new-*/build.log; }

@test "history tells of each build, status of each package" {
	try history
	expect_status 0
	[ -z "$output" ]
	try status
	expect_status 0
	expect_output 'demo for trixie: 2 packages, 0 have a result, 0 failed last'
	expect_output 'not built  greeter'
	try build hello
	expect_status 0
	sed -i 's/^%build$/%build\nfalse/' specs/demo/greeter/greeter.spec
	try build
	expect_status 8
	try history
	expect_status 0
	[ "$(grep -c '^20' <<<"$output")" -eq 2 ]
	[[ $(head -n 1 <<<"$output") == *'failed'*'greeter 2.0-1.kt13  (demo, trixie)' ]] || fail 'the newest is not first'
	expect_output 'why: new'
	expect_output 'cause: '
	try history hello --json
	expect_status 0
	[ "$(jq -r '.[0] | "\(.package) \(.outcome) \(.rpmbuild_us > 0) \(.wave)"' <<<"$output")" = 'hello built true 1' ]
	try status --json
	expect_status 0
	[ "$(jq -c '.collections[0].packages | map([.package, .version, .failed])' <<<"$output")" = \
		'[["greeter",null,true],["hello","1.0-1.kt13",false]]' ]
	[ "$(jq '.bytes.layer > 1e8 and .bytes.total > .bytes.layer' <<<"$output")" = true ]
	try status
	expect_output '2 packages, 1 have a result, 1 failed last'
	expect_output 'failed     greeter 2.0-1.kt13: '
	expect_output 'log: .kiln/failed/trixie/greeter/build.log'
	[ -s .kiln/failed/trixie/greeter/build.log ]
	try history nosuch
	expect_status 4
}

@test "a failure is no longer told of when the change that failed was taken back" {
	rm -r specs/demo/greeter tests/smoke
	try build
	expect_status 0
	cp specs/demo/hello/hello.spec "$BATS_TEST_TMPDIR/good.spec"
	sed -i 's/^%build$/%build\nfalse/' specs/demo/hello/hello.spec
	try build
	expect_status 8
	try status
	expect_output '1 packages, 1 have a result, 1 failed last'
	try explain hello
	expect_output 'enter the buildroot: kiln shell hello'
	cp "$BATS_TEST_TMPDIR/good.spec" specs/demo/hello/hello.spec
	try build
	expect_status 0
	expect_talk 'nothing to build: 1 unchanged'
	try status
	expect_output '1 packages, 1 have a result, 0 failed last'
	try status --json
	[ "$(jq -c '.collections[0].packages | map([.failed, .cause])' <<<"$output")" = '[[false,null]]' ]
	try explain hello
	expect_output 'failed in '
	[[ $output != *'kiln shell'* ]] || fail 'what is settled is told as a failure'
	try explain hello --json
	[ "$(jq -r '"\(.last_outcome) \(.last_cause) \(.log)"' <<<"$output")" = 'failed null null' ]
}

@test "over the budget everything goes but what is needed: results that packages have now, and those published" {
	rm -r specs/demo/greeter tests/smoke
	try build
	first=$output
	sed -i 's/^Release: .*/&\n# a change/' specs/demo/hello/hello.spec
	try build
	second=$output
	sed -i 's/^Version: .*/Version: 2.0/' specs/demo/hello/hello.spec
	try build
	third=$output
	[ "$(results)" -eq 3 ]
	snapshot=.kiln/www/demo/trixie/snapshots/20261122T000000Z-0
	mkdir -p "$snapshot"
	jq -n --arg sha "$(sha256sum </dev/null | cut -c1-64)" '{id: "20261122T000000Z-0", key: $sha, collection: "demo",
		target: "trixie", fingerprint: "F", created: 1, packages: [{file: "h.rpm", nevra: "hello-1.0-1.kt13.src",
		name: "hello", sha256: $sha, part: "source"}]}' >"$snapshot/snapshot.json"

	try gc --size 0 --dry-run
	expect_status 0
	expect_output 'would free '
	[ "$(results)" -eq 3 ]
	[ "$(count_layers)" -ge 2 ]
	try gc --size 0 --json
	expect_status 0
	[ "$(jq -r '.removed[] | select(.kind == "result") | .path' <<<"$output")" = "$first" ] || fail 'another result went'
	[ "$(jq '[.removed[] | select(.kind == "leftover")] | length' <<<"$output")" -eq 0 ] || fail 'leftovers of nothing'
	[ ! -e "$first" ]
	[ -e "$second/result.json" ]
	[ -e "$third/result.json" ]
	[ "$(count_layers)" -eq 0 ] && [ -z "$(ls -A "$layers")" ] || fail "layers are left: $(ls -A "$layers")"
	[ "$(jq '[.removed[].bytes] | add' <<<"$output")" -eq "$(jq .freed_bytes <<<"$output")" ]

	rm -r "$snapshot"
	try gc --size 0
	expect_status 0
	expect_output 'hello 1.0-1.kt13 (demo, trixie): over the budget'
	[ ! -e "$second" ]
	[ -e "$third/result.json" ]
	try build
	expect_status 0
	expect_talk 'nothing to build: 1 unchanged'

	# What the project does not have any more has no last result.
	mv specs/demo/hello specs/demo/other
	mv specs/demo/other/hello.spec specs/demo/other/other.spec
	mkdir -p patches/demo && mv patches/demo/hello patches/demo/other
	sed -i 's/^Name: .*/Name: other/' specs/demo/other/other.spec
	try build
	expect_status 0
	try gc --size 0
	[ ! -e "$third" ] && [ -e "$(ls -d .kiln/builds/*/)/other-2.0-1.kt13.src.rpm" ] || fail 'the wrong result went'
}

@test "what was not used for long goes, whatever the budget; a layer is used by those on top of it" {
	rm -r specs/demo/greeter tests/smoke
	sed -i 's/^BuildRequires: .*/BuildRequires: zlib1g-dev gcc/' specs/demo/hello/hello.spec
	try build
	base=$(jq -r 'select(.below == null and (.label | endswith("buildroot"))) | .key' "$layers"/*/manifest.json)
	top=$(jq -r "select(.below == \"$base\") | .key" "$layers"/*/manifest.json | head -n 1)
	[ -n "$base" ]
	[ -n "$top" ]
	touch -d '40 days ago' "$layers/$base"
	try gc --size 1000 --days 30
	expect_status 0
	[ -e "$layers/$base" ] && [ -e "$layers/$top" ] || fail 'a layer that is stood on went'
	touch -d '40 days ago' "$layers"/*/
	try gc --size 1000 --days 45
	[ -e "$layers/$top" ] || fail 'a layer went too early'
	try gc --size 1000 --days 30
	expect_output 'not used for 40 days'
	[ ! -e "$layers/$base" ] && [ ! -e "$layers/$top" ] || fail 'an old layer is left'
	[ "$(results)" -eq 1 ]
}

@test "sources that a lock names stay; others go when nobody read them for an hour" {
	mkdir -p "$KILN_CACHE/sources"
	locked=$(printf 'locked' | sha256sum | cut -c1-64)
	other=$(printf 'other' | sha256sum | cut -c1-64)
	fresh=$(printf 'fresh' | sha256sum | cut -c1-64)
	for name in locked other fresh; do printf '%s' "$name" >"$KILN_CACHE/sources/${!name}"; done
	touch -d '2 days ago' "$KILN_CACHE/sources/$locked" "$KILN_CACHE/sources/$other"
	printf '[data]\nsha256 = %s\nsize = 6\norigins = https://kiln.example/data;\n' "$locked" >specs/demo/hello/sources
	try gc --size 0
	expect_status 0
	[ -e "$KILN_CACHE/sources/$locked" ] || fail 'a locked source went'
	[ -e "$KILN_CACHE/sources/$fresh" ] || fail 'a source that was just read went'
	[ ! -e "$KILN_CACHE/sources/$other" ] || fail 'an unused source is left'
}

@test "beside a running build: what it uses stays, and it ends well" {
	slow 8
	cp -a "$project" "$BATS_TEST_TMPDIR/other"
	"$KILN" build >"$BATS_TEST_TMPDIR/built" 2>"$BATS_TEST_TMPDIR/build-talk" &
	build=$!
	await is_under_way
	before=$(count_layers)
	try gc --size 0
	expect_status 0
	expect_talk 'what lies in the project stays for now'
	expect_output 'in use: '
	try --project="$BATS_TEST_TMPDIR/other" gc --size 0
	expect_status 0
	expect_output 'in use: '
	kill -0 "$build" || fail 'the build was over before'
	[ "$(count_layers)" -ge 1 ] && ls .kiln/builds/.new-* >/dev/null || fail 'something of the build went'
	wait "$build" || fail "$(cat "$BATS_TEST_TMPDIR/build-talk")"
	[ -e "$(cat "$BATS_TEST_TMPDIR/built")/result.json" ]
	[ "$before" -ge 1 ]
}

@test "a kept failure goes with its layers, not while somebody is in there" {
	slow 0 3
	try build
	expect_status 8
	"$KILN" shell slow -- sh -c 'sleep 5; echo still here' >"$BATS_TEST_TMPDIR/shell" &
	shell=$!
	await pgrep -f "kiln-root.*$project"
	try gc --size 0
	expect_status 0
	expect_output 'in use: '
	[ -e .kiln/failed/trixie/slow/build.log ]
	[ "$(count_layers)" -ge 1 ]
	wait "$shell"
	[ "$(cat "$BATS_TEST_TMPDIR/shell")" = 'still here' ] || fail 'the shell lost its root'
	try gc --days 0 --dry-run
	[ -e .kiln/failed/trixie/slow/build.log ]
	try gc --size 0
	expect_output 'slow (trixie): over the budget'
	[ ! -e .kiln/failed/trixie/slow ]
	[ "$(count_layers)" -eq 0 ]
	try shell slow
	expect_status 4
}

@test "what a killed build left goes at once" {
	slow 60
	"$KILN" build >/dev/null 2>&1 &
	build=$!
	await is_under_way
	kill -KILL "$build"
	wait "$build" || true
	await test -z "$(pgrep -f "kiln-root.*$project")"
	ls -d .kiln/work/trixie/slow .kiln/builds/.new-* >/dev/null
	mkdir "$layers/.new-$(sha256sum </dev/null | cut -c1-64)"
	try gc --size 1000
	expect_status 0
	expect_output 'unfinished build of slow: of no use any more'
	[ ! -e .kiln/work/trixie/slow ] || fail 'the work directory is left'
	[ "$(find .kiln/builds "$layers" -maxdepth 1 -name '.new-*' | wc -l)" -eq 0 ] || fail 'something unfinished is left'
	[ "$(count_layers)" -ge 1 ]
}

@test "wrong options are told" {
	for arguments in '--size -1' '--days -1' '--size x' 'everything'; do
		try gc $arguments
		expect_status 2
	done
	try history --limit 0
	expect_status 2
}
