#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kiln check: what would go wrong on hosts that use a snapshot, and nothing that would not.

load common
load packages
load snapshots

# What the base of all these hosts is.
base_spec() {
	header base-of-hosts 1-1
	files=
	sub bash 4-1
	files=/usr/bin/tool
	sub tool 1-1
	files='%ghost /usr/bin/ghost'
	sub ghosted 1-1
	files=
	sub eventlet 1-1
	sub deployer 1-1 'Requires: eventlet = 1-1'
	sub paste 3-1
	sub same 1-1
	sub quantum 1-1
	sub bystander 1-1
	sub taker 1-1 'Obsoletes: taken'
	cat <<-'END'
		%install
		mkdir -p %{buildroot}/usr/bin
		echo base >%{buildroot}/usr/bin/tool
		touch %{buildroot}/usr/bin/ghost
	END
}

# What hosts got first.
first_spec() {
	header made 1-1
	files=
	sub api 1-1 'Requires: common = 1-1' 'Requires: eventlet'
	sub common 1-1
	sub lib 1-1
	sub client 1-1 'Requires: lib = 1-1'
	sub left 1-1
	sub renamed 1-1
	sub lower 3-1
	sub pair1 1-1
	sub pair2 1-1
}

# As it should be: each got newer, was renamed, stays, or says that it excludes another.
good_spec() {
	header made 2-1
	files=/usr/share/api
	sub api 2-1 'Requires: common = 2-1' 'Requires: eventlet' 'Conflicts: rival'
	files=
	sub common 2-1
	sub rival 1-1
	sub broken 1-0
	sub lib 1-1
	sub client 1-1 'Requires: lib = 1-1'
	sub left 1-1
	sub merged 1-1
	sub newname 1-1 'Provides: renamed = 2' 'Obsoletes: renamed < 2'
	sub lower 3-1
	sub pair1 2-1
	sub pair2 2-1
	sub neutron 2-1 'Provides: quantum = 2' 'Obsoletes: quantum < 2'
	files='/usr/bin/shared
%attr(0644,root,root) %ghost /usr/bin/ghost'
	sub sharer1 1-1
	sub sharer2 1-1
	files=/usr/bin/tool
	sub tool 2-1
	cat <<-'END'
		%install
		mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share
		for file in bin/shared bin/ghost bin/tool share/api; do echo x >%{buildroot}/usr/$file; done
	END
}

# Each package has one thing wrong with it, or is wanted for that.
bad_spec() {
	header made 3-1
	files=
	sub broken 1-1 'Requires: nobody-has-this >= 4'
	sub lib 2-1
	sub lower 2-1
	sub pair1 3-1
	sub pair2 3-1 'Conflicts: pair1'
	sub wants-old 1-1 'Requires: paste < 3'
	sub wants-new 1-1 'Requires: paste >= 3'
	sub eventlet 2-1
	sub paste 2-1
	sub same 1-1
	sub greedy 1-1 'Obsoletes: bystander' 'Obsoletes: victim'
	sub victim 1-1
	sub taken 1-1
	sub merger 1-1 'Obsoletes: merged'
	files='/usr/bin/clash
%attr(0700,root,root) /usr/bin/mode
%attr(-,root,daemon) /usr/bin/owner
/usr/bin/link
/usr/bin/ghost
%dir /usr/share/clash'
	sub clash1 1-1
	files=/usr/bin/tool
	sub takes-tool 1-1
	cat <<-'END'
		%install
		mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/clash
		for file in clash mode owner tool ghost; do echo $file >%{buildroot}/usr/bin/$file; done
		ln -s clash %{buildroot}/usr/bin/link
	END
}

# rpmbuild packs a path once a build, with one content.
second_clash_spec() {
	header made 3-1
	files='/usr/bin/clash
%attr(0755,root,root) /usr/bin/mode
/usr/bin/owner
/usr/bin/link
%ghost /usr/bin/ghost
%dir /usr/share/clash'
	sub clash2 1-1
	sub clash3 1-1 'Conflicts: clash1'
	cat <<-'END'
		%install
		mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/clash
		for file in mode owner ghost; do echo $file >%{buildroot}/usr/bin/$file; done
		echo other >%{buildroot}/usr/bin/clash
		ln -s tool %{buildroot}/usr/bin/link
	END
}

setup_file() {
	make_signing_key
	make_small_project base_spec
	publish 20260101T000000Z-000000000001 1767225600 first_spec
	publish 20260102T000000Z-000000000002 1767312000 good_spec
	publish 20260103T000000Z-000000000003 1767398400 bad_spec second_clash_spec
	"$KILN" check demo --snapshot 20260103T000000Z-000000000003 --json >"$BATS_FILE_TMPDIR/bad.json" 2>"$BATS_FILE_TMPDIR/bad.talk" ||
		echo $? >"$BATS_FILE_TMPDIR/bad.status"
}

setup() { cd "$BATS_FILE_TMPDIR/project"; }

first=20260101T000000Z-000000000001
good=20260102T000000Z-000000000002
bad=20260103T000000Z-000000000003

# What was found in the bad one, a line each: LEVEL CHECK OBJECT: FOUND.
findings() { jq -r '.findings[] | "\(.level) \(.check) \(.object): \(.found)"' "$BATS_FILE_TMPDIR/bad.json"; }

expect_finding() { findings | grep -qF -- "$1" || fail "not found: $1" "$(findings)"; }

expect_findings() { # COUNT PATTERN
	local count
	count=$(findings | grep -c -- "$2" || true)
	[ "$count" -eq "$1" ] || fail "expected $1 of: $2" "$(findings)"
}

@test "a good snapshot: nothing is wrong, and what is good to know is a note" {
	try check demo --snapshot "$good"
	expect_status 0
	expect_output "snapshot \"$good\": nothing is wrong (warnings: 0)"
	expect_output 'notes (2)'
	expect_output '"api-2-1.noarch" conflicts with "rival"'
	expect_output 'neutron-2-1.noarch: obsoletes "quantum-1-1.noarch"'
	try check demo --snapshot "$first"
	expect_status 0
}

@test "what does not install is told in words" {
	[ "$(cat "$BATS_FILE_TMPDIR/bad.status")" -eq 7 ]
	expect_finding 'error closure broken-1-1.noarch: cannot be installed: "broken-1-1.noarch" needs "nobody-has-this >= 4", which no package in'
	expect_findings 1 ' closure '
}

@test "what excludes each other: a note if they say so, a warning if not" {
	expect_finding 'note conflict pair1-3-1.noarch: excludes "pair2-3-1.noarch"'
	expect_finding 'note conflict clash1-1-1.noarch: excludes "clash3-1-1.noarch"'
	findings | grep -q '^warning conflict wants-.*: excludes "wants-.*"paste-3-1.noarch"' || fail "$(findings)"
}

@test "files that differ, where a host may have both packages" {
	expect_finding 'error files clash1-1-1.noarch: has "/usr/bin/clash", and so has "clash2-1-1.noarch", but with other content (the first of 4 such files)'
	expect_finding 'error files takes-tool-1-1.noarch: has "/usr/bin/tool", and so has "tool-1-1.noarch" of "small/base", but with other content'
	expect_findings 2 ' files '
}

@test "hosts that cannot update" {
	expect_finding 'error update client-1-1.noarch: keeps a host that has it from updating: "client-1-1.noarch" needs "lib = 1-1"'
	expect_finding "error update hosts that have all of \"$good\": cannot update: \"pair2-3-1.noarch\" conflicts with"
	expect_finding 'error update lower-2-1.noarch: is older than "lower-3-1.noarch" of the snapshot before'
	expect_finding 'warning update left-1-1.noarch: was in the snapshot before, and here nothing takes its place'
	expect_finding 'warning update tool-2-1.noarch: was in the snapshot before'
	expect_finding 'warning update deployer-1-1.noarch: keeps a host that has it and enables this repository from updating'
	expect_findings 3 '^error update '
}

@test "what would be replaced by accident" {
	expect_finding 'error obsoletes greedy-1-1.noarch: obsoletes "bystander-1-1.noarch" of "small/base" ("bystander")'
	expect_finding 'error obsoletes greedy-1-1.noarch: obsoletes "victim-1-1.noarch" of "the same compose" ("victim")'
	expect_finding 'error shadowed paste-2-1.noarch: is not newer than "paste-3-1.noarch" of "small/base"'
	expect_finding 'error shadowed same-1-1.noarch: is not newer than "same-1-1.noarch" of "small/base"'
	expect_finding "error obsoletes merger-1-1.noarch: obsoletes \"merged-1-1.noarch\" of \"$good\" (\"merged\")"
	expect_finding 'error obsoleted taken-1-1.noarch: is obsoleted by "taker-1-1.noarch" of "small/base" ("taken")'
	expect_findings 3 '^[a-z]* obsoletes '
	expect_findings 2 '^[a-z]* shadowed '
}

@test "errors, warnings and notes are told apart, alike ones together" {
	try check demo
	expect_status 7
	expect_talk "snapshot \"$bad\" is not fit for its clients: errors: $(jq .errors "$BATS_FILE_TMPDIR/bad.json")"
	expect_output "errors ($(findings | grep -c '^error')):"
	expect_output "warnings ($(findings | grep -c '^warning')):"
	[ "$(grep -c 'raise its Epoch, Version or Release above it' <<<"$output")" -eq 1 ] || fail "told twice"
}

@test "the contract is applied to packages, the key and the .repo file" {
	cp -a . "$BATS_TEST_TMPDIR/p"
	cd "$BATS_TEST_TMPDIR/p"
	gpg --batch --quiet --passphrase '' --quick-generate-key curve@kiln.example ed25519 sign never 2>/dev/null
	gpg --armor --export curve@kiln.example >.kiln/www/demo/small/stable/RPM-GPG-KEY-kiln-demo
	sed -i 's/^gpgcheck=1/gpgcheck=perhaps/' .kiln/www/demo/small/stable/kiln-demo.repo
	header plain 1-1 | sed '$a%files' | build_spec .kiln/www/demo/small/snapshots/"$good"/Packages
	createrepo_c --quiet --general-compress-type=xz --no-database .kiln/www/demo/small/snapshots/"$good"
	createrepo_c --quiet --general-compress-type=xz --no-database .kiln/www/demo/small/snapshots/"$good"/debug
	try check demo --snapshot "$good"
	expect_status 6
	expect_output 'contract, package-signature'
	expect_output 'plain-1-1.noarch: '
	expect_output 'contract, key'
	expect_output 'RPM-GPG-KEY-kiln-demo: '
	expect_output 'the value of "gpgcheck" is neither 1 nor 0'
	expect_output 'clients cannot read it either'
	[ "$(grep -c 'RPM-GPG-KEY-kiln-demo: ' <<<"$output")" -eq 1 ] || fail "told twice"
	sed -i 's/perhaps/1/; s/http:/gopher:/' .kiln/www/demo/small/stable/kiln-demo.repo
	try check demo --snapshot "$good"
	expect_output 'contract, repo-urls'
	[ "$(grep -c 'RPM-GPG-KEY-kiln-demo: .*ed25519' <<<"$output")" -eq 1 ] || fail "told twice"
	expect_output 'contract, metadata-compression'
	grep -q '^    debug/repodata/.*xz' <<<"$output" || fail 'nothing of debug/repodata'
	expect_output 'integrity'
}

@test "damage is told: a package that was changed, metadata that was not signed" {
	cp -a . "$BATS_TEST_TMPDIR/p"
	cd "$BATS_TEST_TMPDIR/p"
	echo >>.kiln/www/demo/small/snapshots/"$good"/Packages/common-2-1.noarch.rpm
	echo >>.kiln/www/demo/small/snapshots/"$good"/debug/repodata/repomd.xml
	try check demo --snapshot "$good" --json
	expect_status 6
	jq -e '.findings[] | select(.check == "integrity" and .object == "repodata" and (.found | contains("common-2-1")))' <<<"$output"
	jq -e '.findings[] | select(.check == "integrity" and .object == "debug/repodata")' <<<"$output"
}

@test "what a channel offers is what publishing writes there, and a stranger's package is told" {
	cp -a . "$BATS_TEST_TMPDIR/p"
	cd "$BATS_TEST_TMPDIR/p"
	local channel=.kiln/www/demo/small/stable
	rm "$channel/RPM-GPG-KEY-kiln-demo" "$channel/mirrorlist-debug"
	echo http://elsewhere.example/ >"$channel/mirrorlist"
	sed -i '0,/^gpgcheck=1/s//gpgcheck=0/' "$channel/kiln-demo.repo"
	cp "$BATS_FILE_TMPDIR"/base/bash-4-1.noarch.rpm ".kiln/www/demo/small/snapshots/$good/Packages/stranger.rpm"
	try check demo --snapshot "$good" --json
	expect_status 6
	[ "$(jq -r '.findings[] | select(.check == "integrity" and .level == "error") | "\(.object) \(.found)"' <<<"$output" | sort)" = \
		"stable/RPM-GPG-KEY-kiln-demo is missing
stable/kiln-demo.repo is not what publishing writes there
stable/mirrorlist is not what publishing writes there
stable/mirrorlist-debug is missing" ] || fail "$output"
	jq -e '.findings[] | select(.object == "Packages/stranger.rpm" and .level == "warning")' <<<"$output"
	[ ! -e "$channel/mirrorlist-debug" ] || fail "a check writes"
}

@test "what is left of a snapshot is checked" {
	cp -a . "$BATS_TEST_TMPDIR/p"
	cd "$BATS_TEST_TMPDIR/p"
	rm -r .kiln/www/demo/small/snapshots/"$good"/debug/repodata
	truncate -s 200 .kiln/www/demo/small/snapshots/"$good"/Packages/common-2-1.noarch.rpm
	try check demo --snapshot "$good"
	expect_status 6
	expect_output 'debug/repodata: '
	expect_output 'common-2-1.noarch.rpm'
	expect_output "$good: what its packages need of each other cannot be checked: "
}

@test "a snapshot before that is damaged is passed over, with a warning" {
	cp -a . "$BATS_TEST_TMPDIR/p"
	cd "$BATS_TEST_TMPDIR/p"
	echo nothing >.kiln/www/demo/small/snapshots/"$good"/snapshot.json
	try check demo --json
	expect_talk "snapshot \"$good\" is damaged and passed over"
	[ "$(jq -r .snapshot_before <<<"$output")" = "$first" ]
}

# What of a snapshot that is not the newest any more is damaged does not keep the newest from being judged.
@test "a snapshot before whose packages or metadata are damaged is one finding, and the rest is told" {
	cp -a . "$BATS_TEST_TMPDIR/p"
	cd "$BATS_TEST_TMPDIR/p"
	local before=.kiln/www/demo/small/snapshots/$good
	echo nothing >"$before/debug/repodata/repomd.xml"
	try check demo --json
	expect_status 7
	[ "$(jq '[.findings[] | select(.object == "'"$good"'" and .level == "warning")] | length' <<<"$output")" -eq 1 ]
	jq -e '.findings[] | select(.check == "update" and .level == "error")' <<<"$output"
	truncate -s 200 "$before/Packages/common-2-1.noarch.rpm"
	try check demo --json
	expect_status 7
	jq -e '.findings[] | select(.object == "'"$good"'" and (.found | test("^the snapshot before is damaged: .*common-2-1.*; how hosts update from it was not judged$")))' <<<"$output"
	[ "$(grep -o 'common-2-1.noarch.rpm' <<<"$output" | wc -l)" -eq 1 ] || fail "its path twice" "$output"
	jq -e '.findings[] | select(.check == "closure")' <<<"$output"
}

@test "files anywhere: one that cannot be judged does not hide what is wrong with others" {
	local stray=$BATS_FILE_TMPDIR/base/bash-4-1.noarch.rpm
	mkfifo "$BATS_TEST_TMPDIR/fifo.rpm"
	echo text >"$BATS_TEST_TMPDIR/text"
	try check --contract el6 "$BATS_TEST_TMPDIR/fifo.rpm"
	expect_status 6
	expect_output 'fifo.rpm" is not a regular file'
	try check --contract el6 --json "$BATS_TEST_TMPDIR/nothing" "$BATS_TEST_TMPDIR/text" "$stray"
	expect_status 6
	jq -e --arg path "$BATS_TEST_TMPDIR/nothing" '.findings[] | select(.object == $path and .check == "unjudged")' <<<"$output"
	jq -e --arg path "$BATS_TEST_TMPDIR/text" '.findings[] | select(.object == $path)' <<<"$output"
	jq -e '.findings[] | select(.rule == "package-signature")' <<<"$output"
	try check --contract el6 --json "$BATS_TEST_TMPDIR/nothing" "$BATS_FILE_TMPDIR/key.asc"
	expect_status 4
	[ "$(jq .errors <<<"$output")" -eq 1 ]
}

@test "files anywhere: findings of several paths say which they are about" {
	local one=$BATS_TEST_TMPDIR/one two=$BATS_TEST_TMPDIR/two
	cp -a ".kiln/www/demo/small/snapshots/$good" "$one"
	rm "$one/repodata/repomd.xml.asc"
	cp -a "$one" "$two"
	try check --contract el6 --json "$one" "$two/"
	expect_status 6
	jq -e --arg object "$one/repodata/repomd.xml.asc" '.findings[] | select(.object == $object)' <<<"$output"
	jq -e --arg object "$two/repodata/repomd.xml.asc" '.findings[] | select(.object == $object)' <<<"$output"
	try check --contract el6 --json "$one"
	jq -e '.findings[] | select(.object == "repodata/repomd.xml.asc")' <<<"$output"
}

@test "files anywhere, without a project: good ones pass" {
	local packages=$BATS_FILE_TMPDIR/project/.kiln/www/demo/small/snapshots/$good
	cd "$BATS_TEST_TMPDIR"
	try check --contract el6 "$packages" "$packages/Packages/common-2-1.noarch.rpm" \
		"$BATS_FILE_TMPDIR/key.asc" "$BATS_FILE_TMPDIR/project/.kiln/www/demo/small/stable/kiln-demo.repo"
	expect_status 0
	expect_output 'nothing is wrong'
}

@test "files anywhere: what is none of these, what is not there, what is unsigned" {
	echo text >"$BATS_TEST_TMPDIR/text"
	mkdir "$BATS_TEST_TMPDIR/empty"
	try check --contract el6 "$BATS_TEST_TMPDIR/text"
	expect_status 6
	expect_output 'is neither a package nor a key, a .repo file or a repository'
	cp "$BATS_TEST_TMPDIR/text" "$BATS_TEST_TMPDIR/false.rpm"
	try check --contract el6 "$BATS_TEST_TMPDIR/false.rpm" "$BATS_FILE_TMPDIR"/base/bash-4-1.noarch.rpm
	expect_status 6
	expect_output 'false.rpm'
	expect_output 'clients cannot read it either'
	expect_output 'bash-4-1.noarch: '
	try check --contract el6 "$BATS_TEST_TMPDIR/empty"
	expect_status 4
	expect_output 'is a directory without repodata/repomd.xml'
	try check --contract el6 "$BATS_TEST_TMPDIR/nothing"
	expect_status 4
	try check --contract el6 "$BATS_FILE_TMPDIR"/base/bash-4-1.noarch.rpm
	expect_status 6
	expect_output 'contract, package-signature'
	expect_output 'bash-4-1.noarch: '
	try check --contract el1 "$BATS_TEST_TMPDIR/text"
	expect_status 4
	expect_talk 'there is no contract "el1"'
}

@test "that nothing is published is told before anything of the base is fetched" {
	cp -a . "$BATS_TEST_TMPDIR/p"
	cd "$BATS_TEST_TMPDIR/p"
	rm -r .kiln/www
	sed -i 's|^baseurl=.*|baseurl=file:///nowhere|' repo-config/targets/small/base.repo
	XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache KILN_CACHE=$BATS_TEST_TMPDIR/cache try check demo
	expect_status 4
	expect_talk 'nothing of "demo" is published for "small"'
}

@test "wrong questions" {
	try check demo --snapshot nothing
	expect_status 4
	expect_talk "there are: $first, $good, $bad"
	try check demo --channel nowhere
	expect_status 4
	expect_talk 'there is no channel "nowhere" of "demo" for "small"; there are: stable'
	try check demo --channel stable --snapshot "$good"
	expect_status 2
	try check --contract el6
	expect_status 2
	expect_talk '--contract NAME PATH…'
	try check --contract el6 --channel stable x
	expect_status 2
	try check demo more
	expect_status 2
	cd /
	try check
	expect_status 4
	expect_talk 'repo-config/kiln.conf'
}

# A real release, up to the gate.
@test "the gate lets no error pass, and tells all of them" {
	make_empty_project
	install='echo one >%{buildroot}/usr/share/both' package one
	install='echo two >%{buildroot}/usr/share/both' package two
	package three 'Obsoletes: one'
	for name in one two; do echo /usr/share/both | sed -i '/^%files/r /dev/stdin' "specs/demo/$name/$name.spec"; done
	try release demo --target trixie
	expect_status 7
	expect_talk 'the gate holds "'
	expect_talk 'files: one-1.0-1.kt13.noarch: has "/usr/share/both", and so has "two-1.0-1.kt13.noarch", but with other content; rpm refuses'
	expect_talk 'obsoletes: three-1.0-1.kt13.noarch: obsoletes "one-1.0-1.kt13.noarch" of "the same compose"'
	[ ! -e .kiln/www/demo/trixie/stable ] || fail "published"
}
