# SPDX-License-Identifier: GPL-2.0-or-later
# `kiln base import` from a small Debian archive of our own, through real apt, gpg and dpkg-deb. A mount
# namespace gives each run an /etc/apt that knows this archive only.

load common

setup_file() {
	export ORDINARY_CACHE=${KILN_CACHE-}
	export GNUPGHOME=$BATS_FILE_TMPDIR/gpg
	mkdir -m 700 "$GNUPGHOME"
	for name in archive stranger; do
		gpg --batch --quiet --passphrase '' --quick-gen-key "$name@kiln.test" rsa2048 sign never
		gpg --export "$name@kiln.test" >"$BATS_FILE_TMPDIR/$name.gpg"
	done
}

setup() {
	export GNUPGHOME=$BATS_FILE_TMPDIR/gpg KILN_CACHE=$BATS_TEST_TMPDIR/cache
	make_project
	archive=$BATS_TEST_TMPDIR/archive/debian
	target=$project/repo-config/targets/trixie
	rm -rf "$target/base-setup"
	printf '[names]\nalpha=alpha-el\n' >"$target/names.conf"
	set_import ''
	make_apt "$BATS_FILE_TMPDIR/archive.gpg"
	make_deb alpha 1.0-1 all 'Depends: beta (>= 1) | gamma'
	make_deb beta 1:2.0 amd64 ''
	make_deb unwanted 1 all ''
	publish archive
}

set_import() { printf '[import]\npython=3.13\n[packages]\nall=alpha\n%s\n' "$1" >"$target/import.conf"; }

make_apt() {
	apt=$BATS_TEST_TMPDIR/apt
	mkdir -p "$apt/sources.list.d"
	printf 'Types: deb\nURIs: file:%s\nSuites: trixie\nComponents: main\nSigned-By: %s\n' \
		"$archive" "$1" >"$apt/sources.list.d/debian.sources"
}

# make_deb NAME VERSION ARCHITECTURE FIELDS
make_deb() {
	tree=$BATS_TEST_TMPDIR/tree
	rm -rf "$tree"
	mkdir -p "$tree/DEBIAN" "$tree/etc" "$tree/usr/bin" "$archive/pool"
	printf '#!/bin/sh\necho %s %s\n' "$1" "$2" >"$tree/usr/bin/$1"
	chmod 755 "$tree/usr/bin/$1"
	echo "$1=1" >"$tree/etc/$1.conf"
	echo "/etc/$1.conf" >"$tree/DEBIAN/conffiles"
	printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: T <t@kiln.test>\nDescription: test\n' \
		"$1" "$2" "$3" >"$tree/DEBIAN/control"
	[ -z "$4" ] || printf '%s\n' "$4" >>"$tree/DEBIAN/control"
	[ -z "${PAYLOAD:-}" ] || head -c "$PAYLOAD" /dev/urandom >"$tree/usr/payload"
	rm -f "$archive/pool/$1.deb"
	dpkg-deb --root-owner-group -Znone -b "$tree" "$archive/pool/$1.deb" >/dev/null
}

# Indexes and signs the archive with the key of $1; lists fetched before count as old.
publish() {
	dist=$archive/dists/trixie
	mkdir -p "$dist/main/binary-amd64"
	for deb in "$archive"/pool/*.deb; do
		dpkg-deb -f "$deb"
		printf 'Filename: pool/%s\nSize: %s\nSHA256: %s\n\n' "$(basename "$deb")" \
			"$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d' ' -f1)"
	done >"$dist/main/binary-amd64/Packages"
	{
		printf 'Origin: Debian\nLabel: Debian\nSuite: stable\nCodename: trixie\nArchitectures: amd64\n'
		printf 'Components: main\nDate: %s\nSHA256:\n' "$(LC_ALL=C date -u -R)"
		printf ' %s %s main/binary-amd64/Packages\n' \
			"$(sha256sum "$dist/main/binary-amd64/Packages" | cut -d' ' -f1)" \
			"$(stat -c %s "$dist/main/binary-amd64/Packages")"
	} >"$dist/Release"
	gpg --batch --yes --quiet -u "$1@kiln.test" --clearsign -o "$dist/InRelease" "$dist/Release"
	rm "$dist/Release"
	[ ! -e "$KILN_CACHE/apt/trixie/updated" ] || touch -d '2 days ago' "$KILN_CACHE/apt/trixie/updated"
}

import() {
	set +e
	output=$(unshare -m sh -c 'mount --bind "$1" /etc/apt && exec "$2" base import --target trixie' \
		sh "$apt" "$KILN" 2>"$BATS_TEST_TMPDIR/talk")
	status=$?
	set -e
	talk=$(cat "$BATS_TEST_TMPDIR/talk")
	base=${output:-$base}
}

packages() { (cd "$base/Packages" && find . -name '*.rpm' -printf '%f\n' | sort | tr '\n' ' '); }

query() { rpm -qp --qf "$2" "$base"/Packages/*/"$1"-[0-9]*.rpm; }

@test "the listed packages and what they depend on become an rpm-md repository" {
	import
	expect_status 0
	[[ "$output" =~ ^"$KILN_CACHE"/bases/trixie-[0-9a-f]{12}$ ]]
	expect_talk '2 packages, 2 of them converted now, 0 kept, 0 dropped'
	[ "$(packages)" = 'alpha-1.0-1.noarch.rpm beta-2.0-0.x86_64.rpm ' ]
	rpm -K "$base"/Packages/*/*.rpm | grep -c 'digests OK' | grep -qx 2
	[ "$(query beta '%{evr}')" = 1:2.0-0 ]
	query alpha '[%{requirenevrs}\n]' | grep -qx '(beta >= 1 or gamma)'
	query alpha '[%{providenevrs}\n]' | grep -qx 'alpha-el = 1.0-1'
	query alpha '[%{filenames} %{fileflags:fflags}\n]' | grep -qx '/etc/alpha.conf cn'
}

@test "dnf installs from it" {
	import
	expect_status 0
	root=$BATS_TEST_TMPDIR/root
	mkdir -p "$root" "$BATS_TEST_TMPDIR/home"
	echo '%_dbpath /var/lib/rpm' >"$BATS_TEST_TMPDIR/home/.rpmmacros"
	HOME=$BATS_TEST_TMPDIR/home dnf -q -y --installroot="$root" --releasever=13 --disablerepo='*' \
		--repofrompath="base,file://$base" --nogpgcheck --setopt=cachedir="$BATS_TEST_TMPDIR/dnf" \
		--setopt=reposdir="$BATS_TEST_TMPDIR/none" install alpha-el
	[ "$(sh "$root/usr/bin/alpha")" = 'alpha 1.0-1' ]
	[ -x "$root/usr/bin/beta" ]
	[ -z "$(rpm --root "$root" --dbpath /var/lib/rpm -Va)" ]
}

@test "a second import converts nothing and leaves the metadata alone" {
	import
	before=$(stat -c '%i %y' "$base/repodata/repomd.xml")
	import
	expect_status 0
	expect_talk '2 packages, 0 of them converted now, 2 kept, 0 dropped'
	[ "$(stat -c '%i %y' "$base/repodata/repomd.xml")" = "$before" ]
}

@test "a newer package replaces the old one, the others are kept" {
	import
	make_deb beta 1:2.1 amd64 ''
	publish archive
	import
	expect_status 0
	expect_talk '2 packages, 1 of them converted now, 1 kept, 1 dropped'
	[ "$(packages)" = 'alpha-1.0-1.noarch.rpm beta-2.1-0.x86_64.rpm ' ]
	[ "$(ls "$KILN_CACHE/apt/trixie/archives" | grep -c '\.deb$')" = 2 ]
}

@test "a changed recipe makes another base, converts its package, and only that" {
	import
	first=$base
	set_import '[package beta]
link=/usr/bin/b beta'
	import
	expect_status 0
	[ "$base" != "$first" ]
	expect_talk '2 packages, 1 of them converted now, 1 kept, 0 dropped'
	query beta '[%{filenames} %{filelinktos}\n]' | grep -qx '/usr/bin/b beta'
	[ "$(stat -c %i "$base"/Packages/*/alpha-*)" = "$(stat -c %i "$first"/Packages/*/alpha-*)" ]
	set_import ''
	import
	[ "$base" = "$first" ]
	expect_talk '2 packages, 0 of them converted now, 2 kept, 0 dropped'
}

@test "a base that nobody used for a week goes when another is imported" {
	import
	first=$base
	set_import '[package beta]
link=/usr/bin/b beta'
	import
	[ -e "$first/repodata" ]
	set_import '[package beta]
link=/usr/bin/c beta'
	touch -d '8 days ago' "$first/imported-from"
	second=$base
	import
	expect_status 0
	[ ! -e "$first" ]
	[ -e "$second/repodata" ]
}

@test "a package that is not the signed one is refused and the base stays" {
	import
	before=$(cd "$base" && find . -type f ! -name lock | sort | xargs sha256sum)
	make_deb beta 1:2.1 amd64 ''
	publish archive
	printf x | dd of="$archive/pool/beta.deb" bs=1 seek=900 conv=notrunc status=none
	import
	expect_status 6
	expect_talk 'Hash Sum mismatch'
	[ "$(cd "$base" && find . -type f ! -name lock | sort | xargs sha256sum)" = "$before" ]
}

@test "an index signed by another key is refused" {
	publish stranger
	import
	expect_status 6
	expect_talk 'NO_PUBKEY'
	! ls "$KILN_CACHE"/bases/*/repodata || fail 'a base was left'
}

@test "a machine without a Debian source is told so" {
	rm "$apt/sources.list.d/debian.sources"
	import
	expect_status 3
	expect_talk 'no source of this machine is the Debian archive'
}

@test "one-line sources are understood, too" {
	rm "$apt/sources.list.d/debian.sources"
	echo "deb [signed-by=$BATS_FILE_TMPDIR/archive.gpg] file:$archive trixie main" >"$apt/sources.list"
	import
	expect_status 0
	expect_talk '2 packages'
}

@test "dependencies that cannot be had are named" {
	make_deb beta 1:0.5 amd64 ''
	make_deb alpha 1.0-1 all 'Depends: beta (>= 1:1)'
	publish archive
	import
	expect_status 7
	expect_talk 'alpha : Depends: beta (>= 1:1)'
}

@test "a stale recipe is named with its package" {
	set_import '[package alpha]
copy=/usr/share/gone /etc/gone'
	import
	expect_status 3
	expect_talk '/usr/share/gone'
	expect_talk 'alpha_1.0-1_all.deb'
}

@test "killed while it converts, it leaves the old base whole and goes on next time" {
	import
	before=$(sha256sum "$base/repodata/repomd.xml")
	PAYLOAD=200000000 make_deb beta 1:2.1 amd64 ''
	publish archive
	unshare -m sh -c 'mount --bind "$1" /etc/apt && exec "$2" base import --target trixie' \
		sh "$apt" "$KILN" >"$BATS_TEST_TMPDIR/killed" 2>&1 &
	pid=$!
	timeout 60 sh -c 'until grep -q ^convert "$1" || pgrep -f "[k]iln-deb2rpm.*$2" >/dev/null; do sleep 0.02; done' \
		sh "$BATS_TEST_TMPDIR/killed" "$KILN_CACHE"
	kill -9 "$pid"
	wait "$pid" || true
	timeout 10 sh -c 'while pgrep -f "[k]iln-deb2rpm.*$1" >/dev/null; do sleep 0.1; done' sh "$KILN_CACHE"
	[ "$(sha256sum "$base/repodata/repomd.xml")" = "$before" ]
	[ -e "$base"/Packages/*/beta-2.0-0.x86_64.rpm ]
	import
	expect_status 0
	expect_talk '2 packages, 1 of them converted now, 1 kept'
	[ "$(packages)" = 'alpha-1.0-1.noarch.rpm beta-2.1-0.x86_64.rpm ' ]
	[ "$(find "$base/Packages" -type f | wc -l)" = 2 ]
}

@test "the real base: true capabilities, names EL specs use, compiled Python" {
	unset KILN_CACHE
	[ -z "$ORDINARY_CACHE" ] || export KILN_CACHE=$ORDINARY_CACHE
	cd "$top"
	base=$("$KILN" base import --target trixie 2>"$BATS_TEST_TMPDIR/talk")
	rpm -qp --qf '[%{providenevrs}\n]' "$base"/Packages/*/*.rpm >"$BATS_TEST_TMPDIR/provides"
	for name in 'libc.so.6(GLIBC_2.34)(64bit)' 'rtld(GNU_HASH)' /bin/sh 'user(nobody)' 'group(mail)' 'python(abi) = 3.13'; do
		grep -qxF -- "$name" "$BATS_TEST_TMPDIR/provides" || fail "nothing provides $name"
	done
	for name in glibc-devel gcc-c++ python3-devel redhat-rpm-config which xz 'python3dist(pbr)' \
		'perl(Config::General)' 'pkgconfig(libsystemd)' 'libaio-devel(x86-64)'; do
		grep -qF -- "$name = " "$BATS_TEST_TMPDIR/provides" || fail "nothing provides $name with a version"
	done
	rpm -qpl "$base"/Packages/*/python3-pbr-*.rpm |
		grep -qx '/usr/lib/python3/dist-packages/pbr/__pycache__/core.cpython-313.pyc'
	rpm -K "$base"/Packages/*/*.rpm >"$BATS_TEST_TMPDIR/digests"
	[ -s "$BATS_TEST_TMPDIR/digests" ]
	[ -z "$(grep -v 'digests OK$' "$BATS_TEST_TMPDIR/digests")" ]
}
