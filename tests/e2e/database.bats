# SPDX-License-Identifier: GPL-2.0-or-later
# A target whose own rpm keeps a database that the host's librpm does not write. Here it is the target's rpm 4.20
# with the backend `ndb`.

load common
load packages

setup_file() {
	export KILN_KEYS=$BATS_FILE_TMPDIR/keys
}

setup() {
	make_empty_project
	own_database
}

own_database() {
	printf '\n[rpm]\ndatabase=own\n' >>repo-config/targets/trixie/target.conf
	sed -i 's/^%_db_backend.*/%_db_backend ndb/' repo-config/targets/trixie/macros
}

# In %build: names that its rpm knows.
asking() { build="rpm -q --whatprovides bash zlib-devel >asked 2>&1 || :; cat asked" package "$@"; }

@test "a build can ask the root's own rpm for the packages of every layer" {
	asking asker 'BuildRequires: zlib-devel'
	try build asker
	expect_status 0
	grep -Eq '^bash-[0-9].*x86_64$' "$output/build.log" || fail 'the base layer is not in it'
	grep -Eq '^zlib1g-dev-[0-9].*x86_64$' "$output/build.log" || fail 'the layer of its build requirements is not in it'
}

@test "a root without rpm is told, with what to add" {
	package simple
	sed -i '/^\[minimal\]/,/^$/s/^packages=.*/packages=base-files bash coreutils/' repo-config/targets/trixie/target.conf
	try release demo
	expect_status 7
	expect_talk "the root's own rpm cannot keep its database ([rpm] database = own): there is no rpm in it; add rpm to"
}

@test "a release installs into roots whose own rpm knows what is there" {
	package simple
	try release demo
	expect_status 0
	grep -q 'simple' .kiln/smoke/trixie/simple/client.log
}
