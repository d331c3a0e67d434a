# SPDX-License-Identifier: GPL-2.0-or-later
# Builds that mean harm, or leave what no build should: each is refused, with its logs and its buildroot
# kept like those of any build that failed.

load common

setup() {
	make_project
	rm -r specs/demo/greeter
}

teardown() { expect_nothing_left; }

# A noarch package whose %build does what stdin says.
write_spec() {
	{
		printf 'Name: hello\nVersion: 1\nRelease: 1\nSummary: Means harm\nLicense: MIT\nBuildArch: noarch\n'
		printf '%s\n' "$@"
		printf '%%description\nMeans harm.\n%%build\n'
		cat
		printf '%%install\nmkdir -p %%{buildroot}/usr/share/hello\n%%files\n/usr/share/hello\n'
	} >specs/demo/hello/hello.spec
}

expect_refused() {
	expect_status 8
	expect_talk '"hello" does not build: '
	for text in "$@"; do expect_talk "$text"; done
	expect_talk 'log: .kiln/failed/trixie/hello/build.log'
	expect_talk 'kiln shell hello'
	[ -s .kiln/failed/trixie/hello/build.log ]
	[ -s .kiln/failed/trixie/hello/state.log ]
	[ "$(python3 -c 'import sqlite3; print(*sqlite3.connect(".kiln/state.sqlite").execute(
		"SELECT outcome FROM build ORDER BY id DESC LIMIT 1").fetchone())')" = failed ]
	! ls -d .kiln/builds/*/ 2>/dev/null || fail 'there is a result'
	try shell hello -- ls /builddir/build/SPECS
	expect_status 0
	expect_output hello.spec
}

@test "a file that is no package is not taken for one" {
	write_spec <<<'echo junk >/builddir/build/RPMS/x.rpm'
	try build hello
	expect_refused '"x.rpm"' 'no package'
	try build hello
	expect_refused '"x.rpm"' 'no package'
}

@test "a package that the spec does not declare, under its own name and under another" {
	write_spec <<-'END'
		printf 'Name: bash\nVersion: 99\nRelease: 1\nSummary: Evil\nLicense: MIT\nBuildArch: noarch\n%%%%description\nEvil.\n%%%%files\n' >/tmp/bash.spec
		rpmbuild -bb /tmp/bash.spec
	END
	try build hello
	expect_refused '"bash-99-1.noarch.rpm"' 'declares no package bash-99-1.noarch'
	sed -i 's|^rpmbuild .*|&; mv /builddir/build/RPMS/bash-99-1.noarch.rpm /builddir/build/RPMS/hello-devel-1-1.noarch.rpm|' \
		specs/demo/hello/hello.spec
	try build hello
	expect_refused '"hello-devel-1-1.noarch.rpm"' 'its header says it is "bash-99-1.noarch.rpm"'
}

@test "a FIFO, a symbolic link and a directory in the place of packages" {
	for make in mkfifo 'ln -s /etc/passwd' mkdir; do
		write_spec <<<"$make /builddir/build/RPMS/x.rpm"
		try build hello
		expect_refused '"x.rpm"'
	done
}

@test "a link in the place of a directory of packages" {
	write_spec <<<'mv /builddir/build/SRPMS /builddir/build/other; ln -s /builddir/build/other /builddir/build/SRPMS'
	try build hello
	expect_refused 'SRPMS' 'a symbolic link'
}

@test "no source package, no package" {
	write_spec <<<'rm /builddir/build/SRPMS/*'
	try build hello
	expect_refused 'it left no source package'
	write_spec <<<'true'
	sed -i '/^%files/,$d' specs/demo/hello/hello.spec
	try build hello
	expect_refused 'it left no package; does the spec have a %files section?'
}

@test "a package larger than any disk is not copied out" {
	write_spec <<<'truncate -s 5G /builddir/build/RPMS/x.rpm'
	try build hello
	expect_refused '"x.rpm" of 5368709120 bytes'
	[ "$(du -sm .kiln | cut -f1)" -lt 100 ]
}

@test "directories deeper than any path are removed when the package builds" {
	write_spec <<-'END'
		name=$(printf 'd%%.0s' {1..200})
		set +x
		for i in {1..400}; do mkdir $name && cd -P $name 2>/dev/null || cd $name; done 2>/dev/null
		cd /builddir
		exit 1
	END
	try build hello
	expect_refused
	grep -q '^drwx' <(ls -ld .kiln/failed/trixie/hello/root/tree/builddir/build/BUILD)
	write_spec <<<'true'
	try build hello
	expect_status 0
	[ ! -e .kiln/failed/trixie/hello ]
}

@test "build requirements that never end are refused" {
	write_spec 'BuildRequires: bash >= 0.%(date +%%s%%N)' <<<true
	try build hello
	expect_refused 'after 10 rounds of rpmbuild -bs its build requirements still change'
	[ "$(grep -c 'Start: rpmbuild -bs' .kiln/failed/trixie/hello/state.log)" -eq 10 ]
}

@test "what a failed build leaves is out of reach for the host's users" {
	write_spec <<<'cp /bin/sh /builddir/sh; chmod 4755 /builddir/sh; chmod 777 /builddir; exit 1'
	mkdir -p .kiln/work .kiln/failed
	chmod 755 .kiln .kiln/work .kiln/failed
	chmod 755 "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_TEST_TMPDIR"
	try build hello
	expect_refused 'rpmbuild -bb ended with exit status 1'
	[ -e .kiln/failed/trixie/hello/root/tree/builddir/sh ]
	setpriv --reuid 1000 --regid 1000 --clear-groups ls .kiln >/dev/null
	! setpriv --reuid 1000 --regid 1000 --clear-groups ls .kiln/failed/trixie || fail 'others can look into it'
	! setpriv --reuid 1000 --regid 1000 --clear-groups stat .kiln/failed/trixie/hello/root/tree/builddir/sh || fail 'others can look into it'
	! setpriv --reuid 1000 --regid 1000 --clear-groups ls .kiln/work/trixie || fail 'others can look into it'
}
