# SPDX-License-Identifier: GPL-2.0-or-later
# Signing keys as their owner handles them.

load common

setup() {
	export KILN_KEYS=$BATS_TEST_TMPDIR/keys
	make_project
}

teardown() {
	for home in "$BATS_TEST_TMPDIR"/*/pubring.kbx; do
		[ ! -e "$home" ] || gpgconf --homedir "${home%/*}" --remove-socketdir
	done
}

# Makes a key of another kind than ours with gpg itself and exports it, secret part and all.
foreign_key() {
	mkdir -m 700 "$BATS_TEST_TMPDIR/foreign"
	gpg --homedir "$BATS_TEST_TMPDIR/foreign" --batch --quiet --passphrase '' \
		--quick-gen-key "$1" "$2" sign,cert 0
	gpg --homedir "$BATS_TEST_TMPDIR/foreign" --batch --armor --export-secret-keys "$1" >"$BATS_TEST_TMPDIR/foreign.asc"
	gpgconf --homedir "$BATS_TEST_TMPDIR/foreign" --kill gpg-agent
}

expect_no_agent() { ! pgrep -f "gpg-agent --homedir $KILN_KEYS" >/dev/null || fail 'an agent stayed'; }

@test "a key is made, listed, exported, and rpm imports it" {
	try key create --no-passphrase --expires 30
	expect_status 0
	[[ $output =~ ^[0-9A-F]{40}$ ]] || fail 'stdout is not a fingerprint'
	fingerprint=$output
	expect_talk 'keep a copy'
	[ "$(stat -c %a "$KILN_KEYS")" = 700 ]
	try key list --json
	expect_output "\"fingerprint\" : \"$fingerprint\""
	expect_output '"algorithm" : "rsa4096"'
	expect_output '"fault" : null'
	try key create --no-passphrase
	expect_status 3
	expect_talk "there is one already, $fingerprint"
	try key export --output "$BATS_TEST_TMPDIR/public.asc"
	expect_status 0
	rpm --dbpath "$BATS_TEST_TMPDIR/rpmdb" --import "$BATS_TEST_TMPDIR/public.asc"
	rpm --dbpath "$BATS_TEST_TMPDIR/rpmdb" -qa | grep -qi "^gpg-pubkey-${fingerprint: -8}"
	try key export
	[ "$output" = "$(cat "$BATS_TEST_TMPDIR/public.asc")" ]
	[[ $output != *PRIVATE* ]]
	expect_no_agent
}

@test "without a terminal and without --no-passphrase nothing is made" {
	DISPLAY= WAYLAND_DISPLAY= try key create </dev/null
	expect_status 2
	expect_talk '--no-passphrase'
	expect_talk 'KILN_PASSPHRASE_FILE'
	try key list
	[ -z "$output" ]
}

@test "a key is taken in from a file and may be named in kiln.conf" {
	foreign_key 'Owner <owner@example.org>' rsa2048
	try key import "$BATS_TEST_TMPDIR/foreign.asc"
	expect_status 0
	fingerprint=$output
	expect_talk "key = $fingerprint"
	try key export
	expect_status 4
	printf '[sign]\nkey = owner@example.org\n' >>repo-config/kiln.conf
	try key export
	expect_status 0
	expect_output 'BEGIN PGP PUBLIC KEY BLOCK'
	expect_no_agent
}

@test "a key that old clients do not accept is taken in with a warning and refused for signing" {
	foreign_key 'Modern <modern@example.org>' ed25519
	try key import "$BATS_TEST_TMPDIR/foreign.asc"
	expect_status 0
	expect_talk 'not RSA of 2048 to 4096 bits'
	printf '[sign]\nkey = modern@example.org\n' >>repo-config/kiln.conf
	try key export
	expect_status 6
	expect_talk 'not RSA of 2048 to 4096 bits'
}

@test "what is no key, no file or too many keys is refused" {
	try key import README.md
	expect_status 4
	try key import repo-config/kiln.conf
	expect_status 3
	expect_talk 'holds no key'
	try key import
	expect_status 2
	try key create --no-passphrase --expires never
	expect_status 2
	expect_talk '--expires'
}

@test "a key directory that others may read is refused with the command that mends it" {
	mkdir -m 755 "$KILN_KEYS"
	try key list
	expect_status 3
	expect_talk "chmod 0700 $KILN_KEYS"
}
