# SPDX-License-Identifier: GPL-2.0-or-later
# What clients fetch: metadata in the form of the target's contract, package groups, the .repo file and the
# addresses in it. The target is trixie's base with the clients of Enterprise Linux 6.

load common
load packages

setup_file() {
	export project=$BATS_FILE_TMPDIR/project
	make_project "$project"
	rm -r specs/demo/* patches/demo tests/smoke
	package one 'Provides: %{lua:for i = 1, 4000 do print("capability(" .. i .. ") ") end}'
	package two 'Requires: one'
	write_groups one
	use_contract el6 6
	serve
	export url
	"$KILN" release 2>"$project.talk" || { cat "$project.talk" >&2; return 1; }
	cp -a "$project" "$project.other"
}

teardown_file() {
	xargs -r kill <"$BATS_FILE_TMPDIR/servers" 2>/dev/null || true
}

# Serves what the project in the working directory publishes at the address its kiln.conf gets: $url.
serve() {
	local port
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	url=http://127.0.0.1:$port
	sed -i "s|^url *=.*|url = $url|" repo-config/kiln.conf
	mkdir -p .kiln/www
	python3 -u -m http.server --bind 127.0.0.1 --directory .kiln/www "$port" >"$BATS_FILE_TMPDIR/served" 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	curl -s --retry 20 --retry-connrefused --retry-delay 1 -o /dev/null "$url/"
}

# Tests that change the project take the copy.
setup() {
	export KILN_KEYS=$BATS_FILE_TMPDIR/keys
	cd "$project"
	published=.kiln/www/demo/trixie
}

other() { cd "$project.other"; }

# write_groups PACKAGE…
write_groups() {
	mkdir -p repo-config/comps
	{
		echo '<comps><group><id>greetings</id><name>Greetings</name><packagelist>'
		printf '<packagereq>%s</packagereq>\n' "$@"
		echo '</packagelist></group></comps>'
	} >repo-config/comps/demo.xml
}

# use_contract NAME [RELEASEVER]
use_contract() {
	sed -i "/^releasever/d; s/^contract *=.*/contract=$1${2:+\\nreleasever=$2}/" repo-config/targets/trixie/target.conf
}

# The records of a part of what is published, after a reading that is stricter than any client's.
records() {
	"$top/tests/fixtures/read-repodata" "$published/stable/current/$1" 102400 | xargs
}

# dnf as a host of release $1, with nothing but what wget put into /etc/yum.repos.d.
host() {
	local release=$1 root=$BATS_TEST_TMPDIR/root
	shift
	mkdir -p "$root/etc/yum.repos.d" "$BATS_TEST_TMPDIR/home"
	echo '%_dbpath /var/lib/rpm' >"$BATS_TEST_TMPDIR/home/.rpmmacros"
	wget -q -O "$root/etc/yum.repos.d/kiln-demo.repo" "$url/demo/trixie/stable/kiln-demo.repo"
	HOME=$BATS_TEST_TMPDIR/home dnf -y --installroot="$root" --releasever="$release" \
		--setopt=reposdir="$root/etc/yum.repos.d" --setopt=cachedir="$root/cache" "$@"
}

@test "yum 3.2.29 gets gz XML and bz2 databases that say the same, groups plain and gz, a small index" {
	[ "$(records .)" = 'primary gz filelists gz other gz primary_db bz2 filelists_db bz2 other_db bz2 group none group_gz gz' ]
	for part in debug source; do
		[ "$(records $part)" = 'primary gz filelists gz other gz primary_db bz2 filelists_db bz2 other_db bz2' ]
	done
	"$KILN" check --contract el6 "$published/stable/current" "$published/stable/kiln-demo.repo" \
		"$published/stable/RPM-GPG-KEY-kiln-demo"
}

@test "a host that takes the .repo file by wget installs, packages and metadata verified" {
	run host 6 install two
	[ "$status" -eq 0 ] || fail "$output"
	[ -e "$BATS_TEST_TMPDIR/root/usr/share/two/file" ]
	[ -e "$BATS_TEST_TMPDIR/root/usr/share/one/file" ]
	run host 6 --quiet group info greetings
	[[ $output == *'Mandatory Packages'*one* ]] || fail "$output"
}

@test "a host of another release gets nothing from it" {
	run host 7 install two
	[ "$status" -ne 0 ]
	[[ $output == *'/demo/trixie/stable/7/x86_64/mirrorlist'* ]] || fail "$output"
	[ ! -e "$BATS_TEST_TMPDIR/root/usr/share/two" ]
}

@test "the .repo file holds what yum reads: variables, one key, both verifications, one span for both lists" {
	repo=$published/stable/kiln-demo.repo
	grep -qx "mirrorlist=$url/demo/trixie/stable/\$releasever/\$basearch/mirrorlist" "$repo"
	[ "$(grep -c '^gpgkey=[^ ,]*$' "$repo")" -eq 3 ]
	[ "$(grep -cx mirrorlist_expire=6h "$repo")" -eq 3 ]
	[ "$(grep -cx metadata_expire=6h "$repo")" -eq 3 ]
	[ "$(grep -c BEGIN "$published/stable/RPM-GPG-KEY-kiln-demo")" -eq 1 ]
	cmp "$published/stable/mirrorlist" "$published/stable/6/x86_64/mirrorlist"
	[ "$(readlink "$published/stable/current")" = "../snapshots/$(basename "$(cat "$published/stable/mirrorlist")")" ]
}

@test "zypper reads the same metadata" {
	root=$BATS_TEST_TMPDIR/zypper
	mkdir -p "$root"
	zypper -q --root "$root" --no-gpg-checks addrepo --no-gpgcheck "dir:$PWD/$published/stable/current" demo
	run zypper --root "$root" --no-gpg-checks --non-interactive search --details --provides 'capability(2999)'
	[[ $output == *'one '*'1.0-1.kt13'* ]] || fail "$output"
}

@test "new groups are a new snapshot; groups of packages that are not there stop the release" {
	other
	before=$(readlink "$published/stable/current")
	stamp=$(sed -n 's|.*<revision>\(.*\)</revision>.*|\1|p' "$published/stable/current/repodata/repomd.xml")
	write_groups one three
	try release
	expect_status 3
	expect_talk 'repo-config/comps/demo.xml:3: the group "greetings" names the package "three", which the repository does not have'
	[ "$(readlink "$published/stable/current")" = "$before" ]
	write_groups two one
	try release
	expect_status 0
	[ "$(readlink "$published/stable/current")" != "$before" ]
	[ "$(sed -n 's|.*<revision>\(.*\)</revision>.*|\1|p' "$published/stable/current/repodata/repomd.xml")" -gt "$stamp" ]
	zcat "$published"/stable/current/repodata/*-comps.xml.gz | grep -q '<packagereq>two<'
	records .
}

@test "clients of another contract get what they read: no databases, pieces of what is large" {
	other
	use_contract fedora
	sed -i 's|^mirrorlist=\(.*\)/@VARIABLES@mirrorlist-debug$|baseurl=\1/current/debug/|' repo-config/kiln.repo.in
	serve # dnf here may be one that takes pieces, or passes them over
	try release
	expect_status 0
	[ "$(records .)" = 'primary gz filelists gz other gz primary_zck zck group none' ] || fail "$(records .)"
	! grep '^mirrorlist_expire\|\$' "$published/stable/kiln-demo.repo" || fail "it is for yum"
	run host 7 install two
	[ "$status" -eq 0 ] || fail "$output"
	grep -qx "baseurl=$url/demo/trixie/stable/current/debug/" "$published/stable/kiln-demo.repo"
	(cd "$published/stable/current/repodata" && unzck -c ./*-primary.xml.zck) | cmp - <(zcat "$published"/stable/current/repodata/*-primary.xml.gz)
}

@test "a .repo file that leads nowhere is refused before anything is built" {
	other
	url=$(sed -n 's/^url *= *//p' repo-config/kiln.conf)
	use_contract el6 6
	sed -i 's|@VARIABLES@mirrorlist|$basearch/mirrorlist|' repo-config/kiln.repo.in
	try release
	expect_status 3
	expect_talk "[kiln-demo] mirrorlist: clients would find nothing at \"$url/demo/trixie/stable/x86_64/mirrorlist\""
	[[ $talk != *'build  '* ]]
	use_contract el6
	sed -i 's|$basearch/mirrorlist|$releasever/mirrorlist|' repo-config/kiln.repo.in
	try release
	expect_status 3
	expect_talk 'say releasever= in the [target] section'
}
