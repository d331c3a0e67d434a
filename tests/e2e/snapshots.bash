# SPDX-License-Identifier: GPL-2.0-or-later
# Published snapshots without a release: packages as rpmbuild makes them from one spec each, signed, with metadata,
# a base of a few packages, and a channel. For what reads what is published.

# In the form every client of the contract el6 reads.
built_for_el6=(-D '_binary_payload w9.gzdio' -D '_source_payload w9.gzdio' -D '_binary_filedigest_algorithm 8'
	-D '_build_id_links none' -D 'debug_package %{nil}' -D '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm')

# The preamble of a spec: header NAME VERSION-RELEASE
header() {
	printf 'Name: %s\nVersion: %s\nRelease: %s\nSummary: made\nLicense: MIT\nBuildArch: noarch\n' \
		"$1" "${2%-*}" "${2#*-}"
	printf '%%description\nmade\n'
}

# A package of the spec, with nothing in it: sub NAME VERSION-RELEASE [LINE…]; with $files for more than that.
sub() {
	printf '%%package -n %s\nVersion: %s\nRelease: %s\nSummary: made\n' "$1" "${2%-*}" "${2#*-}"
	[ $# -lt 3 ] || printf '%s\n' "${@:3}"
	printf '%%description -n %s\nmade\n%%files -n %s\n%s\n' "$1" "$1" "$files"
}

# Builds the spec on stdin; its packages go to $1.
build_spec() {
	local work
	work=$(mktemp -d "$BATS_FILE_TMPDIR/build.XXXXXX")
	cat >"$work/made.spec"
	mkdir -p "$1"
	rpmbuild --quiet -bb "${built_for_el6[@]}" -D "_topdir $work" -D "_rpmdir $1" "$work/made.spec" >"$work/log" 2>&1 ||
		{ cat "$work/log" >&2; return 1; }
	rm -r "$work"
}

# One signing key for the file, as Kiln makes them.
make_signing_key() {
	export GNUPGHOME=$BATS_FILE_TMPDIR/gnupg
	mkdir -p -m 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-generate-key test@kiln.example rsa2048 sign never 2>/dev/null
	gpg --armor --export test@kiln.example >"$BATS_FILE_TMPDIR/key.asc"
}

sign_packages() {
	find "$1" -name '*.rpm' -print0 | xargs -0 -r rpmsign -D "__gpg $(command -v gpg)" -D '_gpg_name test@kiln.example' -D '_gpg_digest_algo sha256' \
		--addsign --rpmv3 >/dev/null 2>"$BATS_FILE_TMPDIR/sign.log" || { cat "$BATS_FILE_TMPDIR/sign.log" >&2; return 1; }
}

# Metadata of $1, signed.
make_metadata() {
	mkdir -p "$1"
	createrepo_c --quiet --general-compress-type=gz --no-database --revision="$2" --set-timestamp-to-revision "$1"
	rm -f "$1/repodata/repomd.xml.asc"
	gpg --batch --quiet --digest-algo sha256 --armor --detach-sign -u test@kiln.example "$1/repodata/repomd.xml"
}

manifest() { # DIRECTORY ID CREATED COLLECTION TARGET
	python3 - "$@" <<'END'
import glob, hashlib, json, os, subprocess, sys
directory, name, created, collection, target = sys.argv[1:]
packages = []
for path in sorted(glob.glob(directory + '/Packages/*.rpm')):
    package, nevra = subprocess.check_output(
        ['rpm', '-qp', '--nosignature', '--qf', '%{NAME} %{NEVRA}', path], text=True).split()
    digest = hashlib.sha256(open(path, 'rb').read()).hexdigest()
    packages.append(dict(file=os.path.relpath(path, directory), nevra=nevra, name=package, sha256=digest, part=''))
json.dump(dict(id=name, key='0' * 64, collection=collection, target=target, fingerprint='0' * 40,
               created=int(created), packages=packages), open(directory + '/snapshot.json', 'w'))
END
}

# publish ID CREATED SPEC…: what the functions SPEC print becomes a snapshot of "demo" for $target ("small"), and the
# channel's.
publish() {
	local repository=$project/.kiln/www/demo/${target:-small} id=$1 directory spec
	directory=$repository/snapshots/$1
	for spec in "${@:3}"; do "$spec" | build_spec "$directory/Packages" || return; done
	sign_packages "$directory/Packages"
	make_metadata "$directory/debug" "$2"
	make_metadata "$directory/source" "$2"
	createrepo_c --quiet --general-compress-type=gz --no-database --revision="$2" --set-timestamp-to-revision \
		--excludes 'debug/*' --excludes 'source/*' "$directory"
	gpg --batch --quiet --digest-algo sha256 --armor --detach-sign -u test@kiln.example "$directory/repodata/repomd.xml"
	manifest "$directory" "$id" "$2" demo "${target:-small}"
	mkdir -p "$repository/stable"
	ln -sfn "../snapshots/$id" "$repository/stable/current"
	cp "$BATS_FILE_TMPDIR/key.asc" "$repository/stable/RPM-GPG-KEY-kiln-demo"
	channel_files "$repository/stable" "$id"
}

# The .repo file and mirrorlists of a channel, as publishing writes them: channel_files DIRECTORY ID
channel_files() {
	local url part
	url=$(sed -n 's/^url = //p' "$project/repo-config/kiln.conf")
	sed -e "s|@URL@|$url|; s|@COLLECTION@|demo|g; s|@TARGET@|${target:-small}|g; s|@CHANNEL@|stable|g; s|@VARIABLES@||" \
		-e "s|@DESCRIPTION@|$(sed -n 's/^description = //p' "$project/repo-config/kiln.conf")|" \
		-e 's|@MIRRORLIST_EXPIRE@|6h|' "$project/repo-config/kiln.repo.in" >"$1/kiln-demo.repo"
	for part in '' debug source; do
		echo "$url/demo/${target:-small}/snapshots/$2/$part${part:+/}" >"$1/mirrorlist${part:+-$part}"
	done
}

# A project whose target "small" stands on what the function SPEC prints, in $project: make_small_project SPEC
make_small_project() {
	make_project "$BATS_FILE_TMPDIR/project"
	cp -a "$top/repo-config/contracts" repo-config/
	"$1" | build_spec "$BATS_FILE_TMPDIR/base"
	createrepo_c --quiet "$BATS_FILE_TMPDIR/base"
	mkdir -p repo-config/targets/small
	cp repo-config/targets/trixie/macros repo-config/targets/small/
	cat >repo-config/targets/small/target.conf <<-END
		[target]
		name=small
		arch=x86_64
		description=A few packages
		contract=el6
		[base]
		kind=repository
		repositories=base.repo
		[buildroot]
		packages=bash
		[minimal]
		packages=bash
		[client]
		packages=bash
		[macros]
		file=macros
	END
	cat >repo-config/targets/small/base.repo <<-END
		[base]
		name=base
		baseurl=file://$BATS_FILE_TMPDIR/base
		gpgcheck=0
	END
	sed -i 's/^targets = .*/targets = small/' repo-config/kiln.conf
}
