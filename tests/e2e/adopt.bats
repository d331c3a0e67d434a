# SPDX-License-Identifier: GPL-2.0-or-later
# Trees that were there before Kiln are built as they stand, and so are source packages.

load common

setup() {
	export KILN_KEYS=$BATS_FILE_TMPDIR/keys
	project=$BATS_TEST_TMPDIR/Legacy_Tree
	mkdir -p "$project"
	cd "$project"
}

teardown() { expect_nothing_left; }

# A tarball $1/NAME-VERSION.tar.gz that prints its name when it runs.
add_tarball() { # DIRECTORY NAME VERSION
	local work=$BATS_TEST_TMPDIR/tarball
	rm -rf "$work"
	mkdir -p "$work/$2-$3" "$1"
	printf '#include <stdio.h>\nint main(void)\n{\n\tputs("%s");\n\treturn 0;\n}\n' "$2" >"$work/$2-$3/$2.c"
	printf '%s: %s.c\n\t$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<\n' "$2" "$2" >"$work/$2-$3/Makefile"
	tar -C "$work" -czf "$1/$2-$3.tar.gz" "$2-$3"
}

# A patch that makes the program of add_tarball print $3.
add_patch() { # FILE NAME TEXT
	printf -- '--- a/%s.c\n+++ b/%s.c\n@@ -1,6 +1,6 @@\n #include <stdio.h>\n int main(void)\n {\n-\tputs("%s");\n+\tputs("%s");\n \treturn 0;\n }\n' \
		"$2" "$2" "$2" "$3" >"$1"
}

# A spec as written in 2011, with everything that was usual then.
old_spec() { # NAME
	cat <<-END
		%define prj $1
		%define revision %(echo 3)
		Name:           %{prj}
		Version:        1.2
		Release:        %{revision}%{?dist}
		Summary:        Greets as in 2011
		License:        GPLv2+
		Group:          Applications/System
		Vendor:         Example Ltd
		Packager:       Somebody <somebody@example.org>
		URL:            http://www.example.org/
		Source0:        %{name}-%{version}.tar.gz
		Source1:        %{name}.init
		Patch7:         %{name}-polite.patch
		BuildRoot:      %{_tmppath}/%{name}-%{version}-%{release}-root-%(%{__id_u} -n)
		PreReq:         bash

		%description
		Greets.

		%prep
		%setup -q
		%patch7 -p1 -b .polite

		%build
		%{__make} %{?_smp_mflags} CFLAGS="\$RPM_OPT_FLAGS"

		%install
		rm -rf \$RPM_BUILD_ROOT
		%{__install} -D -m 0755 %{name} \$RPM_BUILD_ROOT%{_bindir}/%{name}
		%{__install} -D -m 0755 %{SOURCE1} \$RPM_BUILD_ROOT%{_initrddir}/%{name}

		%clean
		rm -rf \$RPM_BUILD_ROOT

		%files
		%defattr(-,root,root,-)
		%attr(0755,root,root) %{_bindir}/%{name}
		%{_initrddir}/%{name}

		%changelog
		* Mon Sep 12 2011 Somebody <somebody@example.org> - 1.2-3
		- First
	END
}

add_old_package() { # SPECS SOURCES NAME
	mkdir -p "$1" "$2"
	old_spec "$3" >"$1/$3.spec"
	add_tarball "$2" "$3" 1.2
	add_patch "$2/$3-polite.patch" "$3" "good day from $3"
	printf '#!/bin/sh\n# chkconfig: 345 90 10\nexit 0\n' >"$2/$3.init"
}

# A spec without sources that provides NAME-devel or needs something.
small_spec() { # NAME REQUIREMENT
	cat <<-END
		Name: $1
		Version: 1
		Release: 1
		Summary: Small
		License: MIT
		BuildArch: noarch
		${2:+BuildRequires: $2}
		%description
		Small.
		%package devel
		Summary: For building
		%description devel
		For building.
		%install
		mkdir -p %{buildroot}/usr/share/$1
		echo $1 >%{buildroot}/usr/share/$1/data
		%files
		/usr/share/$1
		%files devel
	END
}

# What the tree holds beside what Kiln made.
tree_digest() {
	find . \( -path ./repo-config -o -path ./.kiln \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
	find . \( -path ./repo-config -o -path ./.kiln \) -prune -o -type f -printf '%p %m %T@\n' | sort
}

result_of() { grep -l "\"$1-[0-9]" .kiln/builds/*/result.json | head -n 1 | xargs -r dirname; }

# What the program in the package NAME prints.
run_packaged() { # RESULT NAME
	rm -rf "$BATS_TEST_TMPDIR/unpacked"
	mkdir "$BATS_TEST_TMPDIR/unpacked"
	(cd "$BATS_TEST_TMPDIR/unpacked" && rpm2cpio "$1/$2"-1*.x86_64.rpm | cpio -id --quiet)
	strings "$BATS_TEST_TMPDIR/unpacked/usr/bin/$2"
}

@test "an rpmbuild topdir with specs of 2011 builds after init, and nothing in it is touched" {
	mkdir -p BUILD RPMS SRPMS
	add_old_package SPECS SOURCES oldhello
	add_old_package SPECS SOURCES oldworld
	before=$(tree_digest)
	try init --target trixie
	expect_status 0
	expect_output 'layout     topdir: specs in "SPECS", sources in "SOURCES"'
	expect_output 'packages   2'
	expect_output 'sources    2 locked in "repo-config/sources/Legacy_Tree"'
	expect_output 'kiln build'
	digest=$(sha256sum SOURCES/oldhello-1.2.tar.gz | cut -d' ' -f1)
	grep -qx "sha256 = $digest" repo-config/sources/Legacy_Tree/oldhello

	try build
	expect_status 0
	[ "$(wc -l <<<"$output")" -eq 2 ] || fail 'expected two results'
	[ "$(tree_digest)" = "$before" ] || fail 'the tree was changed'
	result=$(head -n 1 <<<"$output")
	package=$result/oldhello-1.2-3.kt13.x86_64.rpm
	[ "$(rpm -qp --nosignature --qf '%{VENDOR}|%{GROUP}|%{PACKAGER}' "$package")" = \
		'Example Ltd|Applications/System|Somebody <somebody@example.org>' ]
	rpm -qlp --nosignature "$package" | grep -qx /etc/init.d/oldhello
	run_packaged "$result" oldhello | grep -qx 'good day from oldhello'

	try build
	expect_status 0
	expect_talk 'nothing to build: 2 unchanged'

	# A patch is the tree's own; only the package that names it is built again.
	add_patch SOURCES/oldhello-polite.patch oldhello 'good evening'
	echo unrelated >SOURCES/another.patch
	try build
	expect_status 0
	[[ $talk != *oldworld* ]] || fail 'oldworld was built again'
	run_packaged "$(head -n 1 <<<"$output")" oldhello | grep -qx 'good evening'
}

@test "a source that is not what was locked is refused until it is locked again" {
	add_old_package SPECS SOURCES oldhello
	try init --target trixie
	expect_status 0
	add_tarball SOURCES oldhello 1.2
	echo more >"$BATS_TEST_TMPDIR/tarball/oldhello-1.2/README"
	tar -C "$BATS_TEST_TMPDIR/tarball" -czf SOURCES/oldhello-1.2.tar.gz oldhello-1.2
	try build
	expect_status 6
	expect_talk 'oldhello-1.2.tar.gz": sha256 is '
	expect_talk 'if the change is meant, run `kiln fetch --lock oldhello`'
	try fetch --lock oldhello
	expect_status 0
	expect_output 'oldhello-1.2.tar.gz: changed'
	try build
	expect_status 0

	# A new version is not built before it is locked.
	sed -i 's/^\(Version: *\)1.2/\11.3/' SPECS/oldhello.spec
	add_tarball SOURCES oldhello 1.3
	try build
	expect_status 3
	expect_talk 'oldhello-1.3.tar.gz" is not locked'
}

@test "init refuses a project, a tree without specs and one with two layouts" {
	try init --target trixie
	expect_status 4
	expect_talk 'has no specs'
	add_old_package SPECS SOURCES oldhello
	small_spec beside >beside.spec
	try init --target trixie
	expect_status 3
	expect_talk 'say --layout topdir or --layout flat'
	[ ! -e repo-config ] || fail 'something was written'
	try init --layout topdir
	expect_status 2
	expect_talk 'name one with --target NAME'
	try init --target trixie --layout tree
	expect_status 2
	try init --layout topdir --target el5
	expect_status 4
	expect_talk 'there is no target "el5"'
	[ ! -e repo-config ] || fail 'something was written'
	try init --target trixie --layout topdir --name old
	expect_status 0
	grep -qx '\[collection old\]' repo-config/kiln.conf
	before=$(find repo-config -type f -exec sha256sum {} + | sort)
	try init --target trixie --layout flat
	expect_status 3
	expect_talk 'is a Kiln project already'
	[ "$(find repo-config -type f -exec sha256sum {} + | sort)" = "$before" ]
}

@test "init says which sources are missing and which specs are broken, and locks the others" {
	add_old_package SPECS SOURCES oldhello
	small_spec broken | sed 's/^License.*/Licence: MIT/' >SPECS/broken.spec
	small_spec remote | sed "s|^License.*|&\nSource0: file://$BATS_TEST_TMPDIR/mirror/remote-1.tar.gz|" >SPECS/remote.spec
	try init --target trixie
	expect_status 0
	expect_output 'packages   3, 1 of them with errors'
	expect_output '1 locked in "repo-config/sources/Legacy_Tree", 1 missing'
	expect_output 'kiln fetch --lock remote'
	expect_talk 'SPECS/broken.spec:5: Unknown tag: Licence: MIT'
	expect_talk '"remote-1.tar.gz" is not there'

	# The origin in the spec delivers it.
	rm SPECS/broken.spec
	add_tarball "$BATS_TEST_TMPDIR/mirror" remote 1
	try build remote
	expect_status 3
	expect_talk 'run `kiln fetch --lock remote`'
	try fetch --lock remote
	expect_status 0
	try build remote
	expect_status 0
	[ ! -e SOURCES/remote-1.tar.gz ]
}

@test "a flat folder of specs builds after init, with sources beside them and in SOURCES" {
	add_old_package . SOURCES oldhello
	add_old_package . . besides
	before=$(tree_digest)
	try init --target trixie
	expect_status 0
	expect_output 'layout     flat: specs in ".", sources in "SOURCES, ."'
	expect_output 'sources    2 locked'
	try build
	expect_status 0
	[ "$(wc -l <<<"$output")" -eq 2 ] || fail 'expected two results'
	[ "$(tree_digest)" = "$before" ] || fail 'the tree was changed'
	run_packaged "$(head -n 1 <<<"$output")" besides | grep -qx 'good day from besides'
}

@test "dist-git directories build after init in the order they need" {
	mkdir -p rpms/first rpms/second/SPECS rpms/docs
	small_spec first second-devel >rpms/first/first.spec
	small_spec second >rpms/second/SPECS/second.spec
	echo words >rpms/docs/README
	add_old_package rpms/old rpms/old oldhello
	mv rpms/old rpms/oldhello
	before=$(tree_digest)
	try init --target trixie
	expect_status 0
	expect_output 'layout     dist-git: specs in "rpms", sources in "., SOURCES" of each package'
	expect_output 'packages   3'
	try build first
	expect_status 0
	[ "$(wc -l <<<"$output")" -eq 2 ] || fail 'expected first and second'
	grep -q '^second-devel-1-1' "$(result_of first)/installed_pkgs.log"
	try build
	expect_status 0
	[ "$(wc -l <<<"$output")" -eq 3 ]
	[ "$(tree_digest)" = "$before" ] || fail 'the tree was changed'
}

@test "dist-git's own digests are heeded when sources are locked" {
	add_old_package good good oldhello
	add_old_package bad bad oldworld
	mv good oldhello
	mv bad oldworld
	(cd oldhello && sha512sum --tag oldhello-1.2.tar.gz >sources)
	(cd oldworld && md5sum oldworld-1.2.tar.gz | sed 's/^0/1/;t;s/^./0/' >.oldworld.metadata)
	try init --target trixie
	expect_status 0
	expect_output 'packages   2, 1 of them with errors'
	expect_talk '"oldworld-1.2.tar.gz": its MD5 is '
	expect_talk 'but oldworld/.oldworld.metadata:1 says'
	try build oldhello
	expect_status 0
	try build oldworld
	expect_status 3
	expect_talk 'oldworld-1.2.tar.gz" is not locked'
}

@test "what a spec reads from a shared folder counts, whatever else lies there" {
	mkdir -p SPECS SOURCES
	for i in $(seq 3000); do echo "$i" >"SOURCES/other-$i.patch"; done
	truncate -s 100M SOURCES/large.iso
	echo 7.5 >SOURCES/small.version
	small_spec small | sed 's|^Version.*|Version: %(cat %{_sourcedir}/%{name}.version)|' >SPECS/small.spec
	small_spec including | sed 's|^Version.*|%include %{_sourcedir}/macros.inc\nVersion: %{ver}|' >SPECS/including.spec
	echo '%define ver 8' >SOURCES/macros.inc
	try init --target trixie
	expect_status 0
	try spec small
	expect_status 0
	expect_output 'Version         7.5-1'
	try spec including
	expect_output 'Version         8-1'
	echo 7.6 >SOURCES/small.version
	echo '%define ver 9' >SOURCES/macros.inc
	try spec small
	expect_output 'Version         7.6-1'
	try spec including
	expect_output 'Version         9-1'
}

@test "source packages are built as a collection of their own" {
	add_old_package SPECS SOURCES oldhello
	small_spec lower >SPECS/lower.spec
	small_spec upper lower-devel >SPECS/upper.spec
	try init --target trixie
	try build
	expect_status 0
	mkdir "$BATS_TEST_TMPDIR/given"
	cp .kiln/builds/*/*.src.rpm "$BATS_TEST_TMPDIR/given/"
	first=$(result_of oldhello)

	# In a project that knows nothing of them.
	project=$BATS_TEST_TMPDIR/elsewhere
	mkdir "$project"
	cd "$project"
	try init --target trixie --layout kiln
	expect_status 0
	try build --target trixie "$BATS_TEST_TMPDIR"/given/oldhello-*.src.rpm
	expect_status 0
	[ "$(wc -l <<<"$output")" -eq 1 ]
	cmp "$output/oldhello-1.2-3.kt13.x86_64.rpm" "$first/oldhello-1.2-3.kt13.x86_64.rpm"
	[ ! -e "$KILN_KEYS" ] || ! grep -q source-packages <("$KILN" key list) || fail 'a key was made'

	try build "$BATS_TEST_TMPDIR"/given/upper-*.src.rpm "$BATS_TEST_TMPDIR"/given/lower-*.src.rpm
	expect_status 0
	[ "$(wc -l <<<"$output")" -eq 2 ]
	grep -q '^lower-devel-1-1' "$(result_of upper)/installed_pkgs.log"
	try build "$BATS_TEST_TMPDIR"/given/upper-*.src.rpm "$BATS_TEST_TMPDIR"/given/lower-*.src.rpm
	expect_status 0
	expect_talk 'nothing to build: 2 unchanged'

	# Without what it needs it is told so before anything is built.
	try build "$BATS_TEST_TMPDIR"/given/upper-*.src.rpm
	expect_status 7
	expect_talk 'lower-devel'
	# Given again among others they are in no collection of the project.
	try build "$BATS_TEST_TMPDIR"/given/lower-*.src.rpm upper
	expect_status 2
	expect_talk 'built apart'
}

@test "a source package is built where there is no project" {
	add_old_package SPECS SOURCES oldhello
	try init --target trixie
	try build
	expect_status 0
	cp "$output"/*.src.rpm "$BATS_TEST_TMPDIR/given.src.rpm"
	expected=$(sha256sum "$output"/oldhello-1*.x86_64.rpm | cut -d' ' -f1)
	mkdir "$BATS_TEST_TMPDIR/nowhere"
	cd "$BATS_TEST_TMPDIR/nowhere"
	export XDG_DATA_HOME=$BATS_TEST_TMPDIR/share
	try build --target el5 ../given.src.rpm
	expect_status 4
	expect_talk 'there is no target "el5"'
	try build --target trixie ../given.src.rpm
	expect_status 0
	[[ $output == "$XDG_DATA_HOME/kiln/source-packages/"* ]] || fail 'the result is elsewhere'
	[ "$(sha256sum "$output"/oldhello-1*.x86_64.rpm | cut -d' ' -f1)" = "$expected" ] || fail 'other bytes'
	[ -z "$(ls -A)" ] || fail 'something was left behind'
	try build --target trixie ../given.src.rpm
	expect_status 0
	expect_talk 'nothing to build'
	# Only source packages: a name is in no project.
	try build --target trixie oldhello
	expect_status 4
	expect_talk 'is not in a Kiln project'
}

@test "an adopted tree is released" {
	add_old_package SPECS SOURCES oldhello
	try init --target trixie --name legacy
	expect_status 0
	try release
	expect_status 0
	[ "$output" = "$project/.kiln/www/legacy/trixie/stable/kiln-legacy.repo" ]
	dnf repoquery -q --repofrompath "legacy,file://$(readlink -f "${output%/*}/current")" --repo legacy --setopt=reposdir=/nonexistent \
		--setopt=cachedir="$BATS_TEST_TMPDIR/dnf" --nogpgcheck oldhello | grep -q '^oldhello-0:1.2-3.kt13.x86_64$' ||
		fail 'the repository lacks oldhello'
}

@test "an adopted tree whose spec files are not called like their packages is released" {
	mkdir SPECS
	small_spec tool >SPECS/tool-el9.spec
	small_spec other tool-devel >SPECS/other.spec
	try init --target trixie --name legacy
	expect_status 0
	try release
	expect_status 0
	expect_talk 'tool-el9: dnf installs it'
	ls .kiln/www/legacy/trixie/stable/current/Packages/tool-1-1.noarch.rpm
	# Updated from what is published.
	sed -i 's/^Release:.*/Release: 2/' SPECS/tool-el9.spec
	try release
	expect_status 0
	ls .kiln/www/legacy/trixie/stable/current/Packages/tool-1-2.noarch.rpm
}

@test "two specs of one Name are refused by both files" {
	mkdir SPECS
	small_spec tool >SPECS/tool.spec
	small_spec tool | sed 's/^Version.*/Version: 2/' >SPECS/tool-el9.spec
	try init --target trixie --name legacy
	expect_status 0
	expect_talk '"SPECS/tool-el9.spec" and "SPECS/tool.spec" have one Name, "tool"'
	try release
	expect_status 3
	expect_talk '"SPECS/tool-el9.spec" and "SPECS/tool.spec" have one Name, "tool"'
	expect_talk 'give one of them another Name, or move it out of the collection'
	[ ! -e .kiln/www/legacy/trixie/stable ] || fail 'something was published'
	rm SPECS/tool-el9.spec
	try release
	expect_status 0
}

@test "an init that fails leaves nothing behind and can be run again" {
	mkdir SPECS
	small_spec good >SPECS/good.spec
	small_spec bad >'SPECS/bad one.spec'
	try init --target trixie
	expect_status 3
	expect_talk 'nothing is left behind: "SPECS/bad one.spec": not a package name; rename it'
	[ "$(ls -A)" = SPECS ] || fail "left behind: $(ls -A)"
	# What was there stays.
	mkdir -p repo-config/sources
	echo mine >repo-config/kiln.repo.in
	try init --target trixie
	expect_status 3
	[ "$(find repo-config | sort | xargs)" = 'repo-config repo-config/kiln.repo.in repo-config/sources' ] ||
		fail "left behind: $(find repo-config)"
	[ "$(cat repo-config/kiln.repo.in)" = mine ]
	rm -r repo-config
	mv 'SPECS/bad one.spec' SPECS/bad.spec
	try init --target trixie
	expect_status 0
	expect_output 'packages   2'
}

@test "a project that begins empty says that it has no packages yet" {
	try init --target trixie --layout kiln --name new
	expect_status 0
	[ -d specs/new ]
	for way in plan status; do
		try $way
		expect_talk 'has no packages yet; put each into "specs/new/NAME/NAME.spec"'
	done
	# As in a clone: version control keeps no empty directories.
	rmdir specs/new specs
	try plan
	expect_status 3
	expect_talk 'has no packages yet'
}

@test "what cannot be fetched is to be put there, and what a link does not lead to is told" {
	mkdir SPECS
	small_spec conf | sed 's/^License.*/&\nSource0: missing.conf/' >SPECS/conf.spec
	ln -s ../gone/lost.spec SPECS/lost.spec
	try init --target trixie
	expect_status 0
	expect_output 'packages   1'
	expect_output '1 missing'
	[[ $output != *'fetch --lock'* ]] || fail 'fetching cannot help'
	expect_output 'put the missing files'
	expect_talk '"missing.conf" is not there, and the spec has no URL to fetch it from; put the file into "SOURCES"'
	expect_talk 'SPECS/lost.spec warning: left out: a symbolic link to "../gone/lost.spec", which is not there'
	try build
	expect_status 3
	expect_talk '"missing.conf" is not there, and the spec has no URL to fetch it from; put the file into "'
	[[ $talk != *'fetch --lock'* ]] || fail 'fetching cannot help'
	mkdir SOURCES
	echo x >SOURCES/missing.conf
	try build
	expect_status 0
}

@test "a source package that is damaged, or none, is refused" {
	add_old_package SPECS SOURCES oldhello
	try init --target trixie
	try build
	expect_status 0
	cp "$output"/*.src.rpm good.src.rpm
	cp "$output"/oldhello-1*.x86_64.rpm binary.src.rpm
	size=$(stat -c %s good.src.rpm)
	head -c $((size - 200)) good.src.rpm >cut.src.rpm
	cp good.src.rpm changed.src.rpm
	printf 'x' | dd of=changed.src.rpm bs=1 seek=$((size - 300)) conv=notrunc status=none
	for file in binary cut changed; do
		try build $file.src.rpm
		expect_status 6
		expect_talk "$file.src.rpm"
	done
	try build absent.src.rpm
	expect_status 4
}
