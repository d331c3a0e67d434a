# SPDX-License-Identifier: GPL-2.0-or-later
# The main job on a small collection: sign, compose, gate, publish; and what must hold it back.

load common

# The first test releases; those after it start from copies of what it made.
setup_file() {
	export KILN_KEYS=$BATS_FILE_TMPDIR/keys
	make_project "$BATS_FILE_TMPDIR/released"
	"$KILN" release 2>"$BATS_FILE_TMPDIR/talk" >"$BATS_FILE_TMPDIR/output"
}

setup() {
	project=$BATS_TEST_TMPDIR/project
	cp -a "$BATS_FILE_TMPDIR/released" "$project"
	cd "$project"
	published=$project/.kiln/www/demo/trixie
}

teardown() { expect_nothing_left; }

current() { readlink "$published/stable/current"; }

@test "a release builds, signs, installs, tests and publishes, and says so" {
	talk=$(cat "$BATS_FILE_TMPDIR/talk")
	expect_talk 'created the signing key'
	expect_talk 'build        hello 1.0-1'
	expect_talk 'all verified with'
	expect_talk 'greeter: dnf installs it, 2 checks pass'
	expect_talk 'hello: dnf installs it (it has no smoke test)'
	expect_talk 'is now "stable"'
	[ "$(cat "$BATS_FILE_TMPDIR/output")" = "$BATS_FILE_TMPDIR/released/.kiln/www/demo/trixie/stable/kiln-demo.repo" ]
	[ "$(stat -c %a "$BATS_FILE_TMPDIR/keys")" = 700 ]
}

@test "the published tree is complete: snapshot, link, mirrorlists, .repo, key" {
	id=$(basename "$(current)")
	[ "$(cat "$published/stable/mirrorlist")" = "http://packages.kiln.test:8080/pub/demo/trixie/snapshots/$id/" ]
	for part in . debug source; do
		[ -s "$published/snapshots/$id/$part/repodata/repomd.xml" ]
		gpgv_home=$BATS_TEST_TMPDIR/gpg
		mkdir -p -m 700 "$gpgv_home"
		gpg --homedir "$gpgv_home" --quiet --dearmor <"$published/stable/RPM-GPG-KEY-kiln-demo" >"$gpgv_home/key.gpg"
		gpgv --keyring "$gpgv_home/key.gpg" "$published/snapshots/$id/$part/repodata/repomd.xml.asc" \
			"$published/snapshots/$id/$part/repodata/repomd.xml"
	done
	for file in hello-1.0-1.kt13.x86_64 hello-devel-1.0-1.kt13.x86_64 greeter-2.0-1.kt13.x86_64; do
		[ -e "$published/snapshots/$id/Packages/$file.rpm" ] || fail "no $file"
	done
	[ -e "$published/snapshots/$id/debug/Packages/greeter-debuginfo-2.0-1.kt13.x86_64.rpm" ]
	[ -e "$published/snapshots/$id/source/Packages/greeter-2.0-1.kt13.src.rpm" ]
	grep -qx gpgcheck=1 "$published/stable/kiln-demo.repo"
	grep -qx repo_gpgcheck=1 "$published/stable/kiln-demo.repo"
	# Where the candidate was nobody else may look, and nothing of it is left.
	[ "$(stat -c %a "$project/.kiln/www/.candidate")" = 700 ]
	[ -z "$(find "$project/.kiln/www/.candidate" ! -type d)" ]
}

@test "rpm itself verifies every package with the published key alone" {
	database=$BATS_TEST_TMPDIR/rpmdb
	rpm --dbpath "$database" --import "$published/stable/RPM-GPG-KEY-kiln-demo"
	find "$published/snapshots" -name '*.rpm' >"$BATS_TEST_TMPDIR/packages"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/packages")" -ge 8 ]
	while read -r package; do
		checked=$(rpm --dbpath "$database" -Kv "$package")
		[ "$(grep -c 'Signature, key ID .*: OK' <<<"$checked")" -eq 2 ] || fail "$checked"
		[[ $checked != *NOKEY* ]] && grep -q 'RSA/SHA256' <<<"$checked"
	done <"$BATS_TEST_TMPDIR/packages"
}

@test "a second release does nothing and says so" {
	before=$(current)
	try release
	expect_status 0
	expect_talk 'nothing to build: 2 unchanged'
	expect_talk 'nothing to publish'
	[ "$(current)" = "$before" ]
	try release --json
	[ "$(python3 -c 'import json,sys; print(json.load(sys.stdin)["published"])' <<<"$output")" = False ]
}

@test "a changed package is published in a new snapshot; the old one stays" {
	before=$(current)
	sed -i 's/^Release: .*/Release: 2%{?dist}/' specs/demo/greeter/greeter.spec
	try release
	expect_status 0
	[ "$(current)" != "$before" ]
	[ -e "$published/stable/$before/repodata/repomd.xml" ]
	[ -e "$published/stable/current/Packages/greeter-2.0-2.kt13.x86_64.rpm" ]
	[ ! -e "$published/stable/current/Packages/greeter-2.0-1.kt13.x86_64.rpm" ]
}

@test "the same name, version and release with other bytes is refused, all of them at once" {
	before=$(current)
	sed -i 's/^Summary:.*/Summary: Another/' specs/demo/hello/hello.spec
	sed -i 's/return puts(hello())/return puts(hello()) == -2/' specs/demo/greeter/greeter.c
	try release
	expect_status 6
	for nevra in greeter-2.0-1.kt13.src greeter-2.0-1.kt13.x86_64 hello-1.0-1.kt13.src hello-1.0-1.kt13.x86_64; do
		expect_talk "\"$nevra\" was published with other bytes in snapshot \"$(basename "$before")\""
	done
	[[ $(tail -n 1 <<<"$talk") =~ ^' '*'raise Release in the spec of "'(hello|greeter)'", "'(hello|greeter)'"'$ ]] || fail 'no next step'
	[ "$(current)" = "$before" ]
}

@test "versions that went down are refused before anything is signed, all of them" {
	sed -i 's/^Release: .*/Release: 3%{?dist}/' specs/demo/*/*.spec
	try release
	expect_status 0
	before=$(current)
	sed -i 's/^Release: .*/Release: 2%{?dist}/' specs/demo/*/*.spec
	signed=$(find .kiln/signed -type f | wc -l)
	try release
	expect_status 6
	for nevra in greeter-2.0-@.kt13.src greeter-2.0-@.kt13.x86_64 hello-1.0-@.kt13.x86_64 hello-devel-1.0-@.kt13.x86_64; do
		expect_talk "\"${nevra/@/2}\" is older than the published \"${nevra/@/3}\"; clients would keep that one"
	done
	[[ $(tail -n 1 <<<"$talk") == *'raise them above what is published, by Epoch if need be, in the spec of "'*'", "'* ]] || fail 'no next step'
	[ "$(find .kiln/signed -type f | wc -l)" -eq "$signed" ] || fail 'something was signed'
	[ "$(current)" = "$before" ]
	sed -i 's/^Release: .*/Epoch: 1\n&/' specs/demo/greeter/greeter.spec
	sed -i 's/^Release: .*/Release: 3%{?dist}/' specs/demo/hello/hello.spec
	try release
	expect_status 0
	[ "$(current)" != "$before" ]
}

@test "a failing smoke test holds the release back and says which" {
	before=$(current)
	sed -i 's/^Release: .*/Release: 2%{?dist}/; s/grep -qx .*/true/' specs/demo/greeter/greeter.spec
	sed -i 's/hello())/"Goodbye.")/' specs/demo/greeter/greeter.c
	try release
	expect_status 8
	expect_talk 'the gate holds'
	expect_talk '"greeter": its smoke test fails: not ok 1 - greets: "Goodbye."'
	expect_talk 'log: .kiln/smoke/trixie/greeter/test.log'
	[ "$(current)" = "$before" ]
	[ "$(ls "$published/snapshots" | wc -l)" -eq 1 ]
}

# A new greeter with these lines in its spec.
change_greeter() {
	sed -i "s/^Release: .*/Release: 2%{?dist}/; s/^%files$/$1\n\n%files/" specs/demo/greeter/greeter.spec
}

@test "a smoke test that says nothing fails by its exit status, and cannot trick its keeper" {
	change_greeter ''
	cat >tests/smoke/demo/greeter/test <<-'END'
		#!/bin/sh
		cd "$KILN_SMOKE_LOGS"
		cp /bin/sh rooted && chmod 6755 rooted
		echo details >01.log
		rm -f test.log client.log
		mkfifo test.log
		ln -s /etc/shadow client.log
		exit 3
	END
	try release
	expect_status 8
	expect_talk '"greeter": its smoke test fails: ended with exit status 3'
	expect_talk 'log: .kiln/smoke/trixie/greeter/test.log'
	expect_talk '2 of what its smoke test left are not kept in .kiln/smoke/trixie/greeter/files'
	[ "$(ls .kiln/smoke/trixie/greeter)" = "$(printf 'client.log\nfiles\ntest.log')" ]
	[ "$(ls .kiln/smoke/trixie/greeter/files)" = "$(printf '01.log\nrooted')" ]
	[ "$(cat .kiln/smoke/trixie/greeter/files/01.log)" = details ]
	[ -z "$(find .kiln -type f -perm /6000)" ] || fail "$(find .kiln -type f -perm /6000)"
	[ "$(stat -c %a .kiln/smoke .kiln/work | sort -u)" = 700 ]
	[ -z "$(ls -A .kiln/work/trixie 2>/dev/null)" ]
}

@test "a scriptlet that fails holds the release back, though dnf succeeds" {
	before=$(current)
	change_greeter '%post\necho one; exit 3'
	try release
	expect_status 8
	expect_talk '"greeter": dnf does not install it: %post(greeter-2.0-2.kt13.x86_64) scriptlet failed, exit status 3'
	expect_talk 'log: .kiln/smoke/trixie/greeter/client.log'
	[ "$(current)" = "$before" ]
}

# What the base has in a higher version; the clean root has the second from the start.
@test "a package that the base has in a higher version is held back: nobody would get it" {
	before=$(current)
	for name in lsof hostname; do
		mkdir "specs/demo/$name"
		sed "s/greeter/$name/g; s/^Version: .*/Version: 0.1/; s/2\.0-1/0.1-1/" \
			specs/demo/greeter/greeter.spec >"specs/demo/$name/$name.spec"
		cp specs/demo/greeter/greeter.c "specs/demo/$name/$name.c"
	done
	try release
	expect_status 7
	expect_talk 'shadowed: hostname-0.1-1.kt13.x86_64: is not newer than "hostname-'
	expect_talk 'shadowed: lsof-0.1-1.kt13.x86_64: is not newer than "lsof-'
	[ "$(current)" = "$before" ]
	sed -i 's/^Version: .*/Epoch: 9\n&/' specs/demo/lsof/lsof.spec specs/demo/hostname/hostname.spec
	try release
	expect_status 0
	grep -q '^  Installing  *: lsof-9:0\.1-1\.kt13\.x86_64 ' .kiln/smoke/trixie/lsof/client.log
	grep -q '^  Upgrading  *: hostname-9:0\.1-1\.kt13\.x86_64 ' .kiln/smoke/trixie/hostname/client.log
}

# A Name that is another one only where the package is built: no smoke test would know of it.
@test "a package that the plan does not know never gets into a release" {
	before=$(current)
	change_greeter ''
	sed -i 's@^Name: .*@Name: %(grep -qa rpmbuild /proc/$PPID/cmdline \&\& echo salute || echo greeter)@' \
		specs/demo/greeter/greeter.spec
	try release
	expect_status 8
	expect_talk '"greeter" does not build: it left no "greeter-2.0-2.kt13.src.rpm"'
	[ "$(current)" = "$before" ]
}

@test "a package that cannot be installed is held back with the reason" {
	sed -i 's/^Release: .*/Release: 2%{?dist}\nRequires: nobody-has-this >= 4/' specs/demo/greeter/greeter.spec
	try release
	expect_status 7
	expect_talk 'closure'
	expect_talk '"nobody-has-this >= 4"'
}

@test "a package that was tampered with after signing is never composed" {
	# The signed copy is made again from the build's result, which its digest vouches for …
	for signed in "$project"/.kiln/signed/*/*.rpm; do
		cp "$signed" "$signed.copy"
		printf '\377' | dd of="$signed.copy" bs=1 seek=$(($(stat -c %s "$signed") - 100)) conv=notrunc status=none
		mv "$signed.copy" "$signed"
	done
	rm "$published/stable/current"
	try release
	expect_status 0
	expect_talk 'signing again: '
	database=$BATS_TEST_TMPDIR/rpmdb
	rpm --dbpath "$database" --import "$published/stable/RPM-GPG-KEY-kiln-demo"
	rpm --dbpath "$database" -K "$published"/stable/current/Packages/*.rpm

	# … and where the result was tampered with too, there is nothing to sign.
	rm -r "$project"/.kiln/signed "$published/stable/current"
	for built in "$project"/.kiln/builds/*/greeter-2*.x86_64.rpm; do
		printf '\377' | dd of="$built" bs=1 seek=$(($(stat -c %s "$built") - 100)) conv=notrunc status=none
	done
	try release
	expect_status 6
	expect_talk 'is not what the build left there'
}

@test "publish builds nothing" {
	sed -i 's/^Release: .*/Release: 2%{?dist}/' specs/demo/greeter/greeter.spec
	try publish
	expect_status 4
	expect_talk '"greeter" is not built as it stands now; run `kiln build greeter`'
	try build
	expect_status 0
	try publish
	expect_status 0
	expect_talk 'is now "stable"'
}

@test "an https address is served and verified as such" {
	sed -i 's|^url = .*|url = https://secure.kiln.test/deep/path|' repo-config/kiln.conf
	try release
	expect_status 0
	grep -q 'https://secure.kiln.test/deep/path/demo/trixie/snapshots/' "$published/stable/mirrorlist"
	grep -q '^Installed:' .kiln/smoke/trixie/greeter/client.log
}

@test "kill -9 at any moment of a release: the channel stays whole and the next run finishes" {
	before=$(current)
	for delay in 0.05 0.3 0.8 1.5 2.5 4 6 8; do
		sed -i "s/^Release: .*/Release: 3%{?dist}/; s/^Summary:.*/Summary: Greets after $delay/" specs/demo/greeter/greeter.spec
		"$KILN" release 2>/dev/null &
		pid=$!
		sleep "$delay"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		# What the channel names is complete, whichever it is.
		[ -s "$published/stable/current/repodata/repomd.xml.asc" ]
		[ "$(cat "$published/stable/mirrorlist")" = \
			"http://packages.kiln.test:8080/pub/demo/trixie/snapshots/$(basename "$(current)")/" ]
		[ "$(current)" = "$before" ] || break
	done
	for _ in $(seq 50); do pgrep -f "kiln-root.*$project" >/dev/null || break; sleep 0.1; done
	expect_nothing_left
	[ "$(current)" = "$before" ] || sed -i 's/^Release: .*/Release: 4%{?dist}/' specs/demo/greeter/greeter.spec
	try release
	expect_status 0
	[ "$(current)" != "$before" ]
}
