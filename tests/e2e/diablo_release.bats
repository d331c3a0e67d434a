# SPDX-License-Identifier: GPL-2.0-or-later
# Collection diablo, released for el6 against the stand-in: the gate, and what hosts of Enterprise Linux 6 begin with.

load common
load standin
load diablo

setup_file() { build_diablo; }

setup() {
	build_diablo
	published=.kiln/www/diablo/el6/stable
	package=$(ls "$published"/current/Packages/kiln-diablo-release-2011.3-*.el6.noarch.rpm)
}

# release_package NAME VERSION RELEASE: what another collection's would be; prints its path.
release_package() {
	local directory=$BATS_TEST_TMPDIR/$1-$3
	mkdir -p "$directory"
	printf '%s\n' "Name: $1" "Version: $2" "Release: $3" 'Summary: x' 'License: MIT' 'BuildArch: noarch' \
		"Provides: kiln-collection-release = $2" '%description' '%files' >"$directory/x.spec"
	rpmbuild -bb --quiet --define "_topdir $directory" "$directory/x.spec" >&2
	echo "$directory"/RPMS/noarch/*.rpm
}

@test "every package is installed by yum, tested, removed from a host, and published" {
	local package
	for package in specs/diablo/*/; do
		package=${package%/}
		grep -qE "^smoke +${package##*/}: yum installs it, [1-9][0-9]* checks pass" "$project.talk" || fail "$package"
		grep -qE "^smoke +${package##*/}: install, remove on a host, [1-9][0-9]* checks pass" "$project.talk" || fail "$package"
	done
	grep -q 'is now "stable"' "$project.talk"
	try check diablo
	expect_status 0
}

@test "what is published is what its clients accept" {
	"$KILN" check --contract el6 "$published/current" "$published/kiln-diablo.repo" "$published/RPM-GPG-KEY-kiln-diablo"
	"$top/tests/fixtures/read-repodata" "$published/current" 102400
}

@test "its repository is that of the host's release and architecture, and verified by the key it brings" {
	repo=$BATS_TEST_TMPDIR/kiln-diablo.repo
	(cd "$BATS_TEST_TMPDIR" && rpm2cpio "$project/$package" | cpio -idm --quiet)
	key=etc/pki/rpm-gpg/RPM-GPG-KEY-kiln-diablo
	cmp "$BATS_TEST_TMPDIR/$key" "$published/RPM-GPG-KEY-kiln-diablo"
	diff <(sed "s|^gpgkey=.*|gpgkey=file:///$key|" "$published/kiln-diablo.repo") \
		"$BATS_TEST_TMPDIR/etc/yum.repos.d/kiln-diablo.repo"
	address=$(sed -n 's|^mirrorlist=http://repo.kiln.example/||p' "$published/kiln-diablo.repo" | head -n 1)
	[ "$address" = 'diablo/el6/stable/$releasever/$basearch/mirrorlist' ]
	[ "$(cat .kiln/www/diablo/el6/stable/6/x86_64/mirrorlist)" = \
		"http://repo.kiln.example/diablo/el6/snapshots/$(basename "$(readlink "$published/current")")/" ]
}

@test "it does not conflict with itself, which rpm 4.8 would not install" {
	rpm -qp --provides "$package" | grep -qx 'kiln-collection-release = 2011.3'
	[ "$(rpm -qp --conflicts "$package" | xargs -d '\n')" = \
		'kiln-collection-release < 2011.3 kiln-collection-release > 2011.3' ]
	[ -z "$(rpm -qp --recommends --suggests --supplements --enhances --obsoletes "$package")" ]
}

# Only conflicts are looked at: the rest of the system is not in this database.
@test "a host follows one collection: another's package conflicts, its own update does not" {
	database=$BATS_TEST_TMPDIR/db
	rpm --dbpath "$database" -i --justdb --nodeps --nosignature "$package"
	essex=$(release_package kiln-essex-release 2012.1 1)
	cactus=$(release_package kiln-cactus-release 2011.2 1)
	update=$(release_package kiln-diablo-release 2011.3 2)
	for other in "$essex" "$cactus"; do
		run rpm --dbpath "$database" -i --test --nosignature "$other"
		[ "$status" -ne 0 ]
		[[ $output == *'conflicts with (installed) kiln-diablo-release'* || $output == *'kiln-collection-release '[\<\>]' 2011.3 conflicts with'* ]] ||
			fail "$output"
	done
	rpm --dbpath "$database" -U --test --nosignature "$update"
}
