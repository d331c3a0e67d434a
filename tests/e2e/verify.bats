# SPDX-License-Identifier: GPL-2.0-or-later
# kiln verify: the same inputs, the same bytes; where not, what differs is named.

load common

setup() {
	make_project
	rm -r specs/demo/* patches/demo tests/smoke
}

teardown() { expect_nothing_left; }

# package NAME INSTALL [PREAMBLE [CHECK]]: a package of what the shell script INSTALL makes in its directory.
package() {
	mkdir -p "specs/demo/$1"
	cat >"specs/demo/$1/$1.spec" <<-END
		Name: $1
		Version: 1
		Release: 1
		Summary: Made for a test
		License: MIT
		BuildArch: noarch
		${3:-}
		%description
		x
		%install
		mkdir -p %{buildroot}/usr/share/$1
		cd %{buildroot}/usr/share/$1
		$2
		%check
		cd %{buildroot}/usr/share/$1
		${4:-}
		%files
		/usr/share/$1
		%changelog
		* Sat Nov 21 2026 Kiln packagers <packagers@kiln.example> - 1-1
		- Made
	END
}

@test "what is the same is said to be, and nothing is left of the second build" {
	package good 'echo always the same >file'
	package noarch2 'echo this too >file; ln -s file link'
	try verify
	expect_status 4
	expect_talk 'kiln build'
	try build
	expect_status 0
	find .kiln/builds -type f | sort | xargs sha256sum >"$BATS_TEST_TMPDIR/before"
	try verify
	expect_status 0
	[ "$output" = "$(printf 'good: the same bytes (packages: 2)\nnoarch2: the same bytes (packages: 2)')" ] || fail 'another answer'
	find .kiln/builds -type f | sort | xargs sha256sum | diff "$BATS_TEST_TMPDIR/before" - || fail 'the results changed'
	try history --json
	[ "$(jq length <<<"$output")" -eq 2 ] || fail 'verifying counts as building'
	try build
	expect_talk 'nothing to build: 2 unchanged'
	try verify nosuch
	expect_status 4
}

@test "time, chance and the number of processors are found, and named with the file and the line" {
	package good 'echo always the same >file'
	package when 'echo built at >file; date +%s.%N >>file'
	package chance 'echo $RANDOM$RANDOM >file; echo fixed >other'
	package cores 'echo "%{_smp_build_ncpus}" >told; nproc >seen; printf "\\000%s" "$(nproc)" >binary'
	try build
	expect_status 0
	try verify
	expect_status 6
	expect_talk 'packages that come out otherwise from the same inputs: 3 of 4'
	expect_output 'good: the same bytes'
	grep -qE '^    /usr/share/when/file: line 2: "[0-9.]+", then "[0-9.]+"$' <<<"$output" || fail 'the time is not named'
	grep -qE '^    /usr/share/chance/file: line 1: ' <<<"$output" || fail 'chance is not named'
	! grep -q '/usr/share/chance/other' <<<"$output" || fail 'a file is named that does not differ'
	grep -qE "^    /usr/share/cores/told: line 1: \"[0-9]+\", then \"$(($(nproc) + 1))\"\$" <<<"$output" ||
		fail 'the number of processors that rpm was told is not named'
	if [ "$(nproc)" -gt 1 ]; then
		grep -qxF "    /usr/share/cores/seen: line 1: \"$(nproc)\", then \"$(($(nproc) - 1))\"" <<<"$output" ||
			fail 'the number of processors that were there is not named'
		grep -qxF '    /usr/share/cores/binary: from byte 1' <<<"$output" || fail 'the place in a binary is not named'
	fi
	# Both are there to be looked at.
	second=$(sed -n 's/^  the second, until `kiln gc`: //p' <<<"$output" | head -n 1)
	[ "$(ls "$second"/*.noarch.rpm | wc -l)" -eq 1 ]
	try gc --size 1000
	expect_status 0
	[ ! -e "$second" ] || fail 'the second result is left'
	try verify when good --json
	expect_status 6
	[ "$(jq -c 'map([.package, .same, [.files[].file], [.files[].differences[].name]])' <<<"$output")" = \
		'[["good",true,[],[]],["when",false,["when-1-1.noarch.rpm"],["/usr/share/when/file"]]]' ] || fail 'another answer'
}

@test "header tags and packages that come and go are named" {
	package tag 'echo x >file' 'Provides: built-at = %(date +%s%N)'
	package files 'touch "only-$RANDOM$RANDOM"'
	try build
	expect_status 0
	try verify
	expect_status 6
	grep -qE '^    PROVIDES: "built-at = [0-9]+" only in the second$' <<<"$output" || fail 'the tag is not named'
	[ "$(grep -cE '^    /usr/share/files/only-[0-9]+: only in the (first|second)$' <<<"$output")" -eq 2 ] ||
		fail 'the files are not named'
}

@test "a package that does not build again is told; %check can be left out, and is found where it has a part in the bytes" {
	package fails "test \"%{_smp_build_ncpus}\" -le $(nproc)"
	package check 'echo x >file' '' 'echo from the check >more; touch -d @0 more'
	try build
	expect_status 0
	try verify fails
	expect_status 8
	expect_output 'fails: not built a second time: '
	[ ! -e .kiln/failed/trixie/fails ] || fail 'a failure of the second build is kept like one of the first'
	try verify check
	expect_status 0
	try verify check --no-check
	expect_status 6
	expect_output '/usr/share/check/more: only in the first'
}
