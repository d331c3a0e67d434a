# SPDX-License-Identifier: GPL-2.0-or-later
# The main job on the project's own collection: what `make release` does, in a copy with a key of its own.

load common

setup() {
	release_collection
	published=$project/.kiln/www/epoxy/trixie
}

@test "every package is built, installed by dnf, tested and published" {
	talk=$(cat "$project.talk")
	for package in specs/epoxy/*/; do
		expect_talk "smoke        $(basename "$package"): dnf installs it, "
		[ -s ".kiln/smoke/trixie/$(basename "$package")/test.log" ]
	done
	expect_talk 'is now "stable"'
	expect_talk 'warning: clients cannot reach http://repo.kiln.example, which is a placeholder'
	[ -s "$(cat "$project.output")" ]
	ls "$published"/stable/current/Packages/scsi-target-utils-1.0.85-*.x86_64.rpm
	ls "$published"/stable/current/debug/Packages/scsi-target-utils-debuginfo-1.0.85-*.x86_64.rpm
	expect_nothing_left
}

# tested PACKAGE CHECK…: its smoke test made these checks, and none failed.
tested() {
	log=.kiln/smoke/trixie/$1/test.log
	! grep '^not ok' "$log" || fail "$1"
	shift
	for check; do
		grep -qE "^ok [0-9]+ - $check" "$log" || fail "$log: not checked: $check"
	done
}

@test "what matters about an iSCSI target was really tested" {
	tested scsi-target-utils 'CHAP login with the secret from conf.d' \
		'with CHAP: what the initiator writes is in the file' 'wrong secret refused' 'no CHAP refused' \
		'a response recorded before the restart is refused' \
		'targets are back: CHAP reads what was written before' '100 volumes come and go' \
		'no target is stale' 'open files and threads of tgtd are as before' 'no process is left'
}

@test "what matters about the identity service was really tested" {
	tested openstack-keystone 'db_sync makes a whole database' "the unit's command comes up" \
		'tokens: issue, validate, revoke' 'passwords: wrong' 'every URL of the catalog answers' \
		'every document that it offers is JSON' 'ec2tokens wants authentication' \
		's3tokens wants authentication' 'restricted application credentials and trusts make no credentials' \
		'openstack token issue' 'slapd with the people of the sample' 'SIGTERM ends it'
}

@test "what matters about consoles was really tested" {
	tested openstack-nova "a good token: the server's greeting" 'a bad token: silence' \
		'an expired token: silence' 'a page from elsewhere: silence' 'noVNC in a browser shows the desktop' \
		'a server that refuses with 4 GiB' 'no token and no password in the logs'
	tested novnc 'vnc.html shows the desktop' 'old address as OpenStack makes it' \
		'without websockify: refused, nothing is downloaded'
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

@test "the second run has nothing to do" {
	try release epoxy --target trixie
	expect_status 0
	expect_talk "nothing to build: $(ls -d specs/epoxy/*/ | wc -l) unchanged"
	expect_talk 'nothing to publish'
}
