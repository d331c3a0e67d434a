# SPDX-License-Identifier: GPL-2.0-or-later
# A base that a .repo file names: metadata and keys by `kiln base import`, packages when a root needs them. Against
# repositories made here, over file: and over http with faults.

load common

# Two packages, `tiny` needs a file of `more`, which only file lists tell; keys; and repositories by their signatures.
setup_file() {
	export GNUPGHOME=$BATS_FILE_TMPDIR/gpg REPOS=$BATS_FILE_TMPDIR/repos
	mkdir -m 700 "$GNUPGHOME"
	mkdir -p "$REPOS/unsigned/Packages"
	for name in archive stranger; do make_key "$name" rsa2048; done
	make_package tiny 1 'Requires: /usr/share/more/data'
	make_package more 1 ''
	index unsigned
	signed_copy sha256 archive --define '_gpg_digest_algo sha256'
	old_copy rsa rsa
	old_copy dsa dsa
	old_copy header-only rsa --header-only
	old_copy payload rsa --other-payload
	old_copy replaced rsa --header-only --other-payload
	signed_copy stranger stranger
	coproc SERVER { exec "$top/tests/fixtures/http-server" "$REPOS" "$BATS_FILE_TMPDIR/requests" 3>&-; }
	read -r -u "${SERVER[0]}" port
	export URL=http://127.0.0.1:$port LOG=$BATS_FILE_TMPDIR/requests
}

make_key() {
	gpg --batch --quiet --passphrase '' --quick-gen-key "$1@kiln.test" "$2" sign never
	mkdir -p "$REPOS/keys"
	gpg --armour --export "$1@kiln.test" >"$REPOS/keys/KEY-$1"
}

# make_package NAME VERSION TAGS
make_package() {
	cat >"$BATS_FILE_TMPDIR/$1.spec" <<-END
		Name: $1
		Version: $2
		Release: 1
		Summary: A fixture
		License: MIT
		BuildArch: noarch
		$3
		%description
		A fixture.
		%install
		mkdir -p %{buildroot}/usr/share/$1 %{buildroot}/usr/lib/rpm
		echo $1 $2 >%{buildroot}/usr/share/$1/data
		[ $1 = tiny ] || cp -a /usr/lib/rpm/rpmrc /usr/lib/rpm/macros /usr/lib/rpm/platform %{buildroot}/usr/lib/rpm/
		%files
		/usr/lib/rpm
		/usr/share/$1
	END
	rpmbuild -bb --quiet --define "_rpmdir ${4:-$REPOS/unsigned/Packages}" --define '_build_name_fmt %%{NAME}-%%{VERSION}.rpm' \
		--define "_topdir $BATS_FILE_TMPDIR/top" --define '_binary_payload w9.gzdio' \
		"$BATS_FILE_TMPDIR/$1.spec" >/dev/null 2>&1
}

index() { createrepo_c --quiet --no-database "${@:2}" "$REPOS/$1"; }

# signed_copy NAME KEY OPTION…
signed_copy() {
	mkdir -p "$REPOS/$1"
	cp -a "$REPOS/unsigned/Packages" "$REPOS/$1/"
	rpmsign --define "__gpg $(command -v gpg)" --define "_gpg_name $2@kiln.test" "${@:3}" --addsign "$REPOS/$1"/Packages/*.rpm >/dev/null
	index "$1"
}

# old_copy NAME KEY OPTION…: packages as rpm 4.8 wrote and signed them.
old_copy() {
	mkdir -p "$REPOS/$1"
	cp -a "$REPOS/unsigned/Packages" "$REPOS/$1/"
	"$top/tests/fixtures/old-rpm" "$2" "$REPOS/keys" "${@:3}" "$REPOS/$1"/Packages/*.rpm >"$REPOS/keys/fingerprint-$2"
	index "$1"
}

fingerprint() { gpg --with-colons --list-keys "$1@kiln.test" | awk -F: '$1 == "fpr" { print $10; exit }'; }

sign_index() {
	rm -f "$REPOS/$1/repodata/repomd.xml.asc"
	gpg --batch --quiet -u "$2@kiln.test" --armour --detach-sign "$REPOS/$1/repodata/repomd.xml"
}

setup() {
	export KILN_CACHE=$BATS_TEST_TMPDIR/cache
	project=$BATS_TEST_TMPDIR/project
	target=$project/repo-config/targets/old
	mkdir -p "$target" "$project/specs/demo/p"
	cd "$project"
	printf '[publish]\nurl=http://repo.kiln.test\n[collection demo]\ntargets=old\n' >repo-config/kiln.conf
	echo '%dist .old' >"$target/macros"
	cat >"$target/target.conf" <<-END
		[target]
		name=old
		arch=x86_64
		contract=fedora
		releasever=7
		[base]
		kind=repository
		repositories=base.repo
		[buildroot]
		packages=tiny
		[minimal]
		packages=tiny
		[client]
		packages=tiny
		[macros]
		file=macros
		[keys]
		KEY-archive=$(fingerprint archive)
		KEY-rsa=$(cat "$REPOS/keys/fingerprint-rsa")
		KEY-dsa=$(cat "$REPOS/keys/fingerprint-dsa")
	END
	printf 'Name: p\nVersion: 1\nRelease: 1\nSummary: p\nLicense: MIT\nBuildArch: noarch\n%%description\np\n%%files\n' \
		>specs/demo/p/p.spec
	: >"$LOG"
}

# repo ID LINE…: adds a section to the .repo file.
repo() {
	printf '[%s]\nname=%s\n' "$1" "$1" >>"$target/base.repo"
	printf '%s\n' "${@:2}" >>"$target/base.repo"
}

# Of a repository that is signed by the key called $2.
signed_repo() {
	repo "$1" "baseurl=${3:-file://$REPOS/$1/}" gpgcheck=1 "gpgkey=file://$REPOS/keys/KEY-$2" "${@:4}"
}

base() { echo "$KILN_CACHE"/bases/old-*; }

layers() { find "$KILN_CACHE/layers" -maxdepth 1 -name '[0-9a-f]*' 2>/dev/null | wc -l; }

# The root of every build: tiny and, by its file, more.
expect_root() {
	expect_status 0
	[ "$(cat "$KILN_CACHE"/layers/*/tree/usr/share/*/data | tr '\n' ' ')" = "more 1 tiny ${1:-1} " ] ||
		fail "not what is expected in the root"
}

expect_no_package() {
	[ "$(layers)" = 0 ] || fail "a layer was made"
	[ -z "$(find "$(base)" -name '*.rpm')" ] || fail "it got into the base"
}

@test "a directory of this machine, taken on trust: said once" {
	repo unsigned "baseurl=file://$REPOS/unsigned" gpgcheck=0
	try plan
	expect_root
	expect_talk 'old/unsigned has gpgcheck=0: its packages are taken as they come'
	expect_talk '2 packages'
	rm -rf "$KILN_CACHE/layers"
	try plan
	expect_root
	case $talk in *gpgcheck=0* | *fetched*) fail 'said or fetched again' ;; esac
}

@test "a path is relative to the project" {
	cp -a "$REPOS/unsigned" "$project/mine"
	repo unsigned baseurl=mine gpgcheck=0
	try plan
	expect_root
}

@test "signatures of every age are judged right: RSA with SHA-256, and of rpm 4.8 RSA and DSA with SHA-1" {
	for name in sha256:archive rsa:rsa dsa:dsa; do
		rm -f "$target/base.repo"
		signed_repo "${name%:*}" "${name#*:}"
		try plan
		expect_root
		rm -rf "$KILN_CACHE"
	done
}

@test "an unsigned package is refused where gpgcheck=1" {
	signed_repo unsigned archive
	try plan
	expect_status 6
	expect_talk 'the package "more-1.rpm" of "old/unsigned", which has gpgcheck=1: it is not signed'
	expect_no_package
}

@test "a package signed by another key is refused, and both are named" {
	signed_repo stranger archive
	try plan
	expect_status 6
	id=$(fingerprint stranger | tail -c 17 | tr A-F a-f)
	expect_talk "it is signed by the key $id, which is not of KEY-archive"
	expect_no_package
}

# Metadata is of what is there, so that the signature alone can tell.
@test "a payload that the signature does not cover, or covers as another: refused, old or new" {
	cp -a "$REPOS/sha256" "$REPOS/damaged"
	python3 - "$REPOS/damaged/Packages/more-1.rpm" <<-'END'
		import sys
		data = bytearray(open(sys.argv[1], "rb").read())
		data[-20] ^= 1
		open(sys.argv[1], "wb").write(data)
	END
	index damaged
	while read -r name key message; do
		rm -f "$target/base.repo"
		signed_repo "$name" "$key"
		try plan
		expect_status 6
		expect_talk "\"more-1.rpm\" of \"old/$name\", which has gpgcheck=1: $message"
		expect_no_package
		rm -rf "$KILN_CACHE"
	done <<-END
		header-only rsa its signature does not cover the payload
		payload rsa it was changed after it was signed, or damaged: V3 RSA/SHA1 Signature
		replaced rsa its signature does not cover the payload
		damaged archive it was changed after it was signed, or damaged: Payload SHA256
	END
}

@test "a key that is not the pinned one is not used: both fingerprints are named" {
	sed -i "s/^KEY-archive=.*/KEY-archive=$(fingerprint stranger)/" "$target/target.conf"
	signed_repo sha256 archive
	try base import --target old
	expect_status 6
	expect_talk "holds the key $(fingerprint archive)"
	expect_talk "pins $(fingerprint stranger) for \"KEY-archive\""
	[ ! -e "$(base)/.keys/KEY-archive" ]
	cat "$REPOS/keys/KEY-archive" "$REPOS/keys/KEY-stranger" >"$BATS_TEST_TMPDIR/KEY-archive"
	rm "$target/base.repo"
	repo sha256 "baseurl=file://$REPOS/sha256/" gpgcheck=1 "gpgkey=file://$BATS_TEST_TMPDIR/KEY-archive"
	try base import --target old
	expect_status 6
	expect_talk "holds the key $(fingerprint archive)"
	sed -i "s/^KEY-archive=.*/&, $(fingerprint archive)/" "$target/target.conf"
	try plan
	expect_root
}

@test "a key file beside target.conf is used where gpgkey= names one of the hosts" {
	cp "$REPOS/keys/KEY-archive" "$target/"
	repo sha256 "baseurl=file://$REPOS/sha256/" gpgcheck=1 gpgkey=file:///etc/pki/rpm-gpg/KEY-archive
	try plan
	expect_root
}

@test "a .repo file that cannot be meant is refused with its section and the next step" {
	while IFS='|' read -r lines message; do
		rm -f "$target/base.repo"
		IFS=';' read -r -a words <<<"$lines"
		repo one "${words[@]}"
		try base import --target old
		expect_status 3
		expect_talk "repo-config/targets/old/base.repo: [one]: $message"
	done <<-'END'
		baseurl=http://x/|it does not say whether packages are signed: write gpgcheck=1
		baseurl=http://x/;gpgcheck=1|it checks signatures, and no gpgkey= says by which key
		baseurl=http://x/;gpgcheck=1;gpgkey=http://x/KEY-other|the key "http://x/KEY-other" is not pinned: add KEY-other=FINGERPRINT to [keys]
		baseurl=http://x/$stream/;gpgcheck=0|there is no variable "$stream"
		baseurl=ftp://x/;gpgcheck=0|baseurl "ftp://x/": use http://, https://, file:/// or a path
		metalink=http://x/;gpgcheck=0|"metalink" is nothing that Kiln heeds in a base: name the mirrors by baseurl=
		baseurl=http://x/;gpgcheck=0;exclude=kernel*|"exclude" is nothing that Kiln heeds
		baseurl=http://x/;gpgcheck=0;priority=no|priority "no" is no number from 1 to 9999
	END
	sed -i '/^releasever/d' "$target/target.conf"
	rm "$target/base.repo"
	repo one 'baseurl=http://x/$releasever/' gpgcheck=0
	try base import --target old
	expect_status 3
	expect_talk 'add releasever= to [target]'
	printf '[one]\nbaseurl=http://x/\nenabled=0\n' >"$target/base.repo"
	try base import --target old
	expect_status 3
	expect_talk 'no repository in it is enabled'
}

@test "over http: variables, the second mirror where the first fails, an interrupted file continued" {
	mkdir -p "$REPOS/v/7/x86_64"
	cp -a "$REPOS/sha256/." "$REPOS/v/7/x86_64/"
	signed_repo v archive "$URL/status-404/v/\$releasever/\$basearch/ $URL/cut-20000/v/\${releasever}/\$basearch"
	try plan
	expect_root
	grep -qx 'status-404 v/7/x86_64/repodata/repomd.xml -' "$LOG"
	grep -qx 'cut-20000 v/7/x86_64/Packages/more-1.rpm bytes=20000-' "$LOG"
}

@test "a mirrorlist names the mirrors" {
	printf '# mirrors\n%s\n%s\n' "$URL/status-404/sha256" "$URL/plain/sha256/" >"$REPOS/list"
	signed_repo sha256 archive "" "mirrorlist=$URL/plain/list"
	sed -i '/^baseurl/d' "$target/base.repo"
	try plan
	expect_root
	echo '# none' >"$REPOS/list"
	try base import --target old
	expect_status 6
	expect_talk "the mirrorlist $URL/plain/list names no http or https mirror"
}

@test "wrong bytes: another mirror, or an error that names them; what was there stays" {
	signed_repo sha256 archive "$URL/wrong/sha256/ $URL/shorter/sha256/ $URL/plain/sha256/"
	try plan
	expect_root
	before=$(cd "$(base)" && find . -type f -print0 | sort -z | xargs -0 sha256sum)
	rm "$target/base.repo"
	signed_repo sha256 archive "$URL/plain/sha256/"
	echo "# $URL/wrong" >>"$target/base.repo"
	try base import --target old
	expect_status 0
	rm -rf "$KILN_CACHE/downloads" "$KILN_CACHE/layers" "$(ls -d "$KILN_CACHE"/bases/old-* | tail -n 1)/sha256/Packages"
	mv "$REPOS/sha256/Packages/more-1.rpm" "$BATS_TEST_TMPDIR/"
	cp "$REPOS/stranger/Packages/more-1.rpm" "$REPOS/sha256/Packages/"
	try plan
	mv "$BATS_TEST_TMPDIR/more-1.rpm" "$REPOS/sha256/Packages/"
	expect_status 6
	expect_talk "$URL/plain/sha256/Packages/more-1.rpm: "
	expect_talk 'if the mirror has moved on, `kiln base import` brings what it has now'
	[ "$(layers)" = 0 ]
	try plan
	expect_root
}

@test "no mirror can be reached: the URL and what to do; a base that is there serves without them" {
	signed_repo sha256 archive "http://127.0.0.1:1/os/"
	try plan
	expect_status 5
	expect_talk 'http://127.0.0.1:1/os/repodata/repomd.xml: '
	expect_talk 'check the network, or name another mirror in the .repo file'
	expect_talk '[sha256]'
	rm "$target/base.repo"
	cp -a "$REPOS/sha256" "$project/away"
	repo sha256 baseurl=away gpgcheck=1 "gpgkey=file://$REPOS/keys/KEY-archive"
	try plan
	expect_root
	rm -rf "$project/away" "$KILN_CACHE/layers"
	try plan
	expect_root
	try base import --target old
	expect_status 5
	try plan
	expect_root
}

@test "repo_gpgcheck=1: the index must be signed, by a pinned key, as it is" {
	cp -a "$REPOS/sha256" "$REPOS/index"
	signed_repo index archive "" repo_gpgcheck=1
	try base import --target old
	expect_status 5
	expect_talk '[index]: repo_gpgcheck=1: '
	expect_talk 'repodata/repomd.xml.asc'
	sign_index index stranger
	try base import --target old
	expect_status 6
	expect_talk 'repomd.xml.asc: verifying the signature of "repodata/repomd.xml": another key made it'
	sign_index index archive
	try plan
	expect_root
	echo '<!-- -->' >>"$REPOS/index/repodata/repomd.xml"
	before=$(sha256sum "$(base)/index/repodata/repomd.xml")
	try base import --target old
	expect_status 6
	[ "$(sha256sum "$(base)/index/repodata/repomd.xml")" = "$before" ]
}

# hide_key FORM: KEY-archive that is not only that key to every reader. "around": binary packets before the armour;
# "inside": a key in a compressed packet.
hide_key() {
	gpg --export stranger@kiln.test >"$BATS_TEST_TMPDIR/stranger.key"
	gpg --export archive@kiln.test >"$BATS_TEST_TMPDIR/archive.key"
	python3 - "$1" "$BATS_TEST_TMPDIR" "$REPOS/keys/KEY-archive" >"$target/KEY-archive" <<-'END'
		import struct, sys, zlib
		form, directory, armoured = sys.argv[1:]
		read = lambda path: open(path, "rb").read()
		packet = lambda tag, body: bytes([0xc0 | tag, 0xff]) + struct.pack(">I", len(body)) + body
		stranger, archive = read(directory + "/stranger.key"), read(directory + "/archive.key")
		sys.stdout.buffer.write(stranger + packet(61, b"\n" + read(armoured)) if form == "around"
			else archive + packet(8, b"\x02" + zlib.compress(stranger)))
	END
}

@test "a key file that GnuPG reads otherwise than Kiln does lets no other key in" {
	cp -a "$REPOS/unsigned" "$REPOS/hidden"
	sign_index hidden stranger
	repo hidden "baseurl=file://$REPOS/hidden/" gpgcheck=0 repo_gpgcheck=1 "gpgkey=file://$REPOS/keys/KEY-archive"
	hide_key around
	try base import --target old
	expect_status 6
	expect_talk '"repo-config/targets/old/KEY-archive": it holds binary data and an armoured block'
	hide_key inside
	try base import --target old
	expect_status 6
	expect_talk 'repodata/repomd.xml.asc: verifying the signature of "repodata/repomd.xml": another key made it'
	sign_index hidden archive
	try plan
	expect_root
	# One that an earlier Kiln took in as it was.
	cp "$target/KEY-archive" "$(base)/.keys/"
	sign_index hidden stranger
	try base import --target old
	expect_status 6
	expect_talk 'another key made it'
}

# renamed_copy NAME SED: as "sha256", and its metadata tells other names or versions, with checksums that fit.
renamed_copy() {
	mkdir "$REPOS/$1"
	cp -a "$REPOS/sha256/Packages" "$REPOS/$1/"
	createrepo_c --quiet --no-database --compress-type gz "$REPOS/$1"
	zcat "$REPOS/$1"/repodata/*-primary.xml.gz | sed "$2" >"$BATS_TEST_TMPDIR/primary.xml"
	modifyrepo_c --mdtype primary "$BATS_TEST_TMPDIR/primary.xml" "$REPOS/$1/repodata" >/dev/null 2>&1
}

@test "metadata that calls a signed package by another name or version is refused" {
	renamed_copy newer '/<name>tiny</,/<version/s/ver="1" rel="1"/ver="9" rel="9"/'
	renamed_copy named 's/<name>more</<name>evenmore</'
	while read -r name package message; do
		rm -f "$target/base.repo"
		signed_repo "$name" archive
		try plan
		expect_status 6
		expect_talk "the package \"$package.rpm\" of \"old/$name\": it is $message"
		[ "$(layers)" = 0 ] || fail "a layer was made"
		[ -z "$(find "$(ls -d "$KILN_CACHE"/bases/old-* | tail -n 1)" -name "$package.rpm")" ] || fail "it got in"
		rm -rf "$KILN_CACHE"
	done <<-END
		newer tiny-1 tiny-1-1.noarch, and the metadata calls it tiny-9-9.noarch
		named more-1 more-1-1.noarch, and the metadata calls it evenmore-1-1.noarch
	END
	# One that lies in the base since the metadata was true.
	cp -a "$REPOS/sha256" "$REPOS/turned"
	rm "$target/base.repo"
	signed_repo turned archive
	try plan
	expect_root
	cp -a "$(base)/turned/Packages" "$BATS_TEST_TMPDIR/kept"
	rm -rf "$REPOS/turned"
	cp -a "$REPOS/newer" "$REPOS/turned"
	try base import --target old
	expect_status 0
	mv "$BATS_TEST_TMPDIR/kept" "$(base)/turned/Packages"
	rm -rf "$KILN_CACHE/layers"
	try plan
	expect_status 6
	expect_talk 'it is tiny-1-1.noarch, and the metadata calls it tiny-9-9.noarch'
}

@test "bases of ours take unsigned metadata over https only" {
	for file in "$top"/repo-config/targets/*/base.repo; do
		awk -v RS='' '/http:\/\// && !/repo_gpgcheck=1/ { exit 1 }' "$file" || fail "$file: http://"
	done
}

@test "an index of the future is refused, and one that came while a clock was wrong binds nobody" {
	cp -a "$REPOS/unsigned" "$REPOS/ahead"
	repo ahead "baseurl=file://$REPOS/ahead/" gpgcheck=0
	index ahead --set-timestamp-to-revision --revision 2100000000
	try base import --target old
	expect_status 6
	expect_talk 'it is of 2036-07-18 13:20, and here it is 20'
	expect_talk 'correct the clock of this machine, or if that is right, name another mirror'
	[ ! -e "$(base)/ahead/repodata" ]
	KILN_CLOCK=2100000000 try base import --target old
	expect_status 0
	index ahead --set-timestamp-to-revision --revision 1600000000
	try base import --target old
	expect_status 0
	expect_talk 'its metadata is new'
}

@test "a newer index is taken, an older one than what is here is not" {
	mkdir "$REPOS/moving"
	cp -a "$REPOS/unsigned/Packages" "$REPOS/moving/"
	index moving --set-timestamp-to-revision --revision 1500000000
	cp -a "$REPOS/moving/repodata" "$BATS_TEST_TMPDIR/before"
	repo moving "baseurl=$URL/plain/moving/" gpgcheck=0
	try plan
	expect_root
	make_package tiny 2 'Requires: /usr/share/more/data' "$REPOS/moving/Packages"
	index moving --set-timestamp-to-revision --revision 1600000000
	try plan
	expect_root
	try base import --target old
	expect_status 0
	expect_talk '1 repository, its metadata is new'
	[ -z "$(find "$(base)" -name 'tiny-1.rpm')" ] || fail 'the superseded package is left'
	rm -rf "$KILN_CACHE/layers"
	: >"$LOG"
	try plan
	expect_root 2
	! grep more-1 "$LOG" || fail 'what is in the cache was fetched again'
	rm -rf "$REPOS/moving/repodata"
	cp -a "$BATS_TEST_TMPDIR/before" "$REPOS/moving/repodata"
	try base import --target old
	expect_status 6
	expect_talk 'it is of 2017-07-14 02:40, older than what is here (2020-09-13 12:26): the mirror is behind'
	expect_talk "remove \"$(base)/moving\" and import again"
	try plan
	expect_root 2
}

@test "a repository of SHA-1 checksums: verified by them, and by content from then on" {
	mkdir "$REPOS/sha"
	cp -a "$REPOS/rsa/Packages" "$REPOS/sha/"
	index sha --checksum sha
	signed_repo sha rsa "$URL/plain/sha/"
	try plan
	expect_root
	: >"$LOG"
	rm -rf "$KILN_CACHE/layers" "$(base)"
	try plan
	expect_root
	! grep rpm "$LOG" || fail 'a package was asked for'
	rm -rf "$KILN_CACHE/layers" "$KILN_CACHE/downloads" "$(base)/sha/Packages"
	printf x | dd of="$REPOS/sha/Packages/more-1.rpm" bs=1 seek=3000 conv=notrunc status=none
	try plan
	expect_status 6
	expect_talk "no origin delivered it: $URL/plain/sha/Packages/more-1.rpm: sha1 is "
	[ "$(layers)" = 0 ]
}

@test "several repositories: the newest wins, unless priority= says otherwise" {
	mkdir "$REPOS/updates"
	make_package tiny 3 'Requires: /usr/share/more/data' "$REPOS/updates"
	index updates
	repo unsigned "baseurl=file://$REPOS/unsigned" gpgcheck=0
	repo updates "baseurl=file://$REPOS/updates" gpgcheck=0
	try plan
	expect_root 3
	rm -rf "$KILN_CACHE/layers"
	sed -i 's/^name=unsigned/&\npriority=10/' "$target/base.repo"
	try plan
	expect_root 1
}

@test "killed while it fetches, it leaves no half of anything and goes on next time" {
	mkdir -p "$project/late/repodata"
	mkfifo "$project/late/repodata/repomd.xml"
	signed_repo sha256 archive "$URL/plain/sha256/"
	repo late baseurl=late gpgcheck=0
	"$KILN" base import --target old >/dev/null 2>&1 3>&- &
	pid=$!
	timeout 20 sh -c 'until [ -e "$1"/bases/*/sha256/mirrors ]; do sleep 0.05; done; sleep 0.3' sh "$KILN_CACHE"
	kill -9 "$pid"
	wait "$pid" || true
	[ -e "$(base)/sha256/repodata/repomd.xml" ]
	[ ! -e "$(base)/imported-from" ]
	rm -r "$project/late"
	try plan
	expect_status 5
	[ "$(layers)" = 0 ]
	cp -a "$REPOS/unsigned" "$project/late"
	try plan
	expect_root
	expect_talk '2 repositories, metadata of 1 is new'
}

@test "a package that rots in the cache is fetched again" {
	signed_repo sha256 archive "$URL/plain/sha256/"
	try plan
	expect_root
	file=$(find "$(base)" -name 'more-1.rpm')
	chmod u+w "$file"
	printf x | dd of="$file" bs=1 seek=3000 conv=notrunc status=none
	rm -rf "$KILN_CACHE/layers"
	: >"$LOG"
	try plan
	expect_root
	[ "$(grep -c 'Packages/more' "$LOG")" = 1 ]
	[ "$(grep -c 'Packages/tiny' "$LOG")" = 0 ]
}

@test "kiln gc keeps what a base has, and takes what none has any more" {
	signed_repo sha256 archive "$URL/plain/sha256/"
	try plan
	expect_root
	touch -d '2 days ago' "$KILN_CACHE"/downloads/*
	try gc --size 0
	expect_status 0
	[ "$(find "$KILN_CACHE/downloads" -maxdepth 1 -type f -links +1 | wc -l)" -ge 4 ] || fail 'what the base has went'
	rm -rf "$(base)"
	touch -d '2 days ago' "$KILN_CACHE"/downloads/*
	try gc --size 0
	expect_status 0
	expect_output 'download'
	[ -z "$(find "$KILN_CACHE/downloads" -maxdepth 1 -type f)" ] || fail 'what nobody has is left'
	try plan
	expect_root
}
