# SPDX-License-Identifier: GPL-2.0-or-later
# Target el6, against the stand-in for its mirrors: from a spec of 2011 to a release that its client installs.

load common
load standin

setup_file() {
	make_el6_project "$BATS_FILE_TMPDIR/project"
	cp -a "$top/tests/fixtures/el6/demo/pydemo" specs/demo/
	cp -a "$top/tests/fixtures/el6/demo/tests" .
	export PROJECT=$project
	"$KILN" release demo --target el6 >"$project.output" 2>"$project.talk" || {
		cat "$project.talk" .kiln/smoke/el6/pydemo/*.log >&2
		return 1
	}
}

setup() {
	project=$PROJECT
	export KILN_KEYS=$BATS_FILE_TMPDIR/keys
	cd "$project"
	package=$(ls .kiln/www/demo/el6/snapshots/*/Packages/pydemo-1.0-1.el6.noarch.rpm | head -n 1)
}

teardown_file() { project=${PROJECT:-$BATS_FILE_TMPDIR}; expect_nothing_left; }

@test "a package is what rpm 4.8 reads: gzip payload, SHA-256, no newer features" {
	[ -n "$package" ] || fail "no package in $(find .kiln/www)"
	[ "$(rpm -qp --nosignature --qf '%{PAYLOADCOMPRESSOR} %{FILEDIGESTALGO} %{RPMVERSION}' "$package" | cut -d' ' -f1,2)" = 'gzip 8' ]
	features=$(rpm -qp --nosignature --requires "$package" | sed -n 's/^rpmlib(\(.*\)).*/\1/p' | sort | tr '\n' ' ')
	[ "$features" = 'CompressedFileNames FileDigests PayloadFilesHavePrefix ' ] || fail "needs $features"
	# Header and payload are signed (--rpmv3), by RSA.
	[[ $(rpm -qp --nosignature --qf '%{RSAHEADER:pgpsig} %{SIGPGP:pgpsig}' "$package") == RSA*RSA* ]]
	try check --contract el6 "$package" .kiln/www/demo/el6/stable/*.repo
	expect_status 0
}

@test "Python modules are for 2.6, below its own directory, and need its ABI" {
	rpm -qp --nosignature --requires --provides "$package" >"$BATS_TEST_TMPDIR/requires"
	grep -qx 'python(abi) = 2.6' "$BATS_TEST_TMPDIR/requires"
	grep -qx '/usr/bin/python' "$BATS_TEST_TMPDIR/requires"
	! grep -E 'python3|dist\(|^user|^group' "$BATS_TEST_TMPDIR/requires" || fail 'a newer rpm added dependencies'
	for file in __init__.py __init__.pyc __init__.pyo; do
		rpm -qlp --nosignature "$package" | grep -qx "/usr/lib/python2.6/site-packages/pydemo/$file"
	done
	rpm -qlp --nosignature "$package" | grep -qx '/etc/rc.d/init.d/pydemo'
	grep -qx 'checked with python 2.6 in /usr/lib/python2.6/site-packages for EL 6' .kiln/builds/*/build.log
}

@test "its client installed it, and the service behaves on the host" {
	grep -qE 'yum installs it' "$project.talk"
	log=.kiln/smoke/el6/pydemo/host.log
	[ "$(grep -c '^ok' "$log")" -ge 20 ] || fail "$(cat "$log")"
	! grep '^not ok' "$log" || fail 'a check failed'
}

@test "what an el6 root has comes from the mirrors, and rpm in it knows it" {
	grep -q '^python-setuptools-0.6.10-3.el6' .kiln/builds/*/installed_pkgs.log || fail "$(cat .kiln/builds/*/installed_pkgs.log)"
	grep -qx 'rpm in the root: python 2.6.6-66.el6_8' .kiln/builds/*/build.log || fail "$(grep 'rpm in' .kiln/builds/*/build.log)"
}

@test "the stand-in's own packages, key and metadata are such as el6 reads" {
	make_standin
	try check --contract el6 "$standin/os" "$standin/RPM-GPG-KEY-stand-in"
	expect_status 0
	# As EL6's own: xz payload, RSA over header and payload.
	[ "$(rpm -qp --nosignature --qf '%{PAYLOADCOMPRESSOR}' "$standin"/os/Packages/initscripts-9*.rpm)" = xz ]
}

@test "a base whose packages another key signed is refused" {
	mkdir "$BATS_TEST_TMPDIR/other"
	cp -a repo-config specs "$BATS_TEST_TMPDIR/other/"
	cd "$BATS_TEST_TMPDIR/other"
	project=$PWD
	sed -i 's/^\(RPM-GPG-KEY-stand-in\)=.*/\1=0123456789ABCDEF0123456789ABCDEF01234567/' repo-config/targets/el6/target.conf
	try build pydemo
	expect_status 6
	expect_talk 0123456789ABCDEF0123456789ABCDEF01234567
	[ ! -e .kiln/builds ]
}
