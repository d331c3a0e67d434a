# SPDX-License-Identifier: GPL-2.0-or-later
# kiln-diablo-release, released for el6 against the stand-in: what hosts of Enterprise Linux 6 begin with.

load common
load standin

setup_file() {
	export project=$BATS_FILE_TMPDIR/project KILN_KEYS=$BATS_FILE_TMPDIR/keys
	mkdir -p "$project/specs/diablo" "$project/tests/smoke/diablo"
	cp -a "$top/repo-config" "$project/"
	cp -a "$top/specs/diablo/kiln-diablo-release" "$project/specs/diablo/"
	cp -a "$top/tests/smoke/diablo/kiln-diablo-release" "$project/tests/smoke/diablo/"
	cp -a "$top/tests/smoke/common" "$project/tests/smoke/"
	cd "$project"
	rm -r repo-config/comps
	sed -i '/^\[collection epoxy\]/,/^$/d; s|^url *=.*|url = http://packages.kiln.test|' repo-config/kiln.conf
	use_standin .
	"$KILN" release diablo 2>talk >output || { cat talk >&2; return 1; }
}

setup() {
	cd "$project"
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

@test "yum installs it from the candidate, and it is what its clients accept" {
	grep -q 'kiln-diablo-release: yum installs it, [1-9][0-9]* checks pass' talk
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
	address=$(sed -n 's|^mirrorlist=http://packages.kiln.test/||p' "$published/kiln-diablo.repo" | head -n 1)
	[ "$address" = 'diablo/el6/stable/$releasever/$basearch/mirrorlist' ]
	[ "$(cat .kiln/www/diablo/el6/stable/6/x86_64/mirrorlist)" = \
		"http://packages.kiln.test/diablo/el6/snapshots/$(basename "$(readlink "$published/current")")/" ]
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
