# SPDX-License-Identifier: GPL-2.0-or-later
# The main job on the project's own collection: what `make release` does, in a copy with a key of its own.

load common

setup_file() {
	export KILN_KEYS=$BATS_FILE_TMPDIR/keys
	project=$BATS_FILE_TMPDIR/project
	mkdir -p "$project/tests"
	cp -a "$top/specs" "$top/patches" "$top/repo-config" "$project/"
	cp -a "$top/tests/smoke" "$project/tests/"
	cd "$project"
	"$KILN" release epoxy --target trixie 2>"$BATS_FILE_TMPDIR/talk" >"$BATS_FILE_TMPDIR/output" || {
		cat "$BATS_FILE_TMPDIR/talk" >&2
		return 1
	}
}

setup() {
	project=$BATS_FILE_TMPDIR/project
	published=$project/.kiln/www/epoxy/trixie
	cd "$project"
}

@test "scsi-target-utils and the release package are built, installed by dnf, tested and published" {
	talk=$(cat "$BATS_FILE_TMPDIR/talk")
	expect_talk 'scsi-target-utils: dnf installs it, '
	expect_talk 'kiln-epoxy-release: dnf installs it, '
	expect_talk 'is now "stable"'
	[ -s "$(cat "$BATS_FILE_TMPDIR/output")" ]
	ls "$published"/stable/current/Packages/scsi-target-utils-1.0.85-*.x86_64.rpm
	ls "$published"/stable/current/debug/Packages/scsi-target-utils-debuginfo-1.0.85-*.x86_64.rpm
	expect_nothing_left
}

@test "what matters about an iSCSI target was really tested" {
	log=.kiln/smoke/trixie/scsi-target-utils/test.log
	for check in 'CHAP login with the secret from conf.d' 'with CHAP: what the initiator writes is in the file' \
		'wrong secret refused' 'no CHAP refused' 'a response recorded before the restart is refused' \
		'targets are back: CHAP reads what was written before' 'no process is left'; do
		grep -q "^ok [0-9]* - $check" "$log" || fail "not checked: $check"
	done
	! grep -q '^not ok' "$log"
}

@test "dnf verified packages and metadata with the key that the .repo file names" {
	log=.kiln/smoke/trixie/scsi-target-utils/client.log
	grep -q 'Importing GPG key' "$log"
	grep -q 'Fingerprint: ' "$log"
	grep -q '^Installed:' "$log"
}

@test "the result directory is like mock's" {
	directory=$(ls -d .kiln/builds/*/ | while read -r d; do [ -e "$d"scsi-target-utils-1.0.85*.src.rpm ] && echo "$d"; done | head -n 1)
	for file in build.log root.log state.log hw_info.log installed_pkgs.log; do [ -s "$directory$file" ]; done
	grep -q ' - Start: rpmbuild -bb$' "$directory/state.log"
	grep -q ' - Finish: rpmbuild -bb$' "$directory/state.log"
}

@test "rpmlint finds nothing in what was built that is not filtered with a reason" {
	"$top/tests/packages/lint" .kiln/builds/*
}

@test "the second run has nothing to do" {
	try release epoxy --target trixie
	expect_status 0
	expect_talk 'nothing to build: 2 unchanged'
	expect_talk 'nothing to publish'
}
