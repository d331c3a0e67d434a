# SPDX-License-Identifier: GPL-2.0-or-later
# What specs can say: each is built for real, and looked at as whoever gets the packages would.

load common

setup() {
	make_project
	rm -r specs/demo patches/demo tests/smoke
}

teardown() { expect_nothing_left; }

# Writes the spec of package $1, version 1.0; tags and what follows them come from standard input. The package
# itself, where the input has no %files, holds /usr/share/$1/what; `what` gets the lines of $says.
spec() {
	mkdir -p "specs/demo/$1"
	{
		printf 'Name: %s\nVersion: 1.0\nRelease: 1%%{?dist}\nSummary: A package\nLicense: MIT\n' "$1"
		cat
		printf '\n%%description\nA package.\n'
		if [ -z "${files:-}" ]; then
			printf '\n%%install\nmkdir -p %%{buildroot}/usr/share/%s\ncat >%%{buildroot}/usr/share/%s/what <<END\n%s\nEND\n' \
				"$1" "$1" "${says:-}"
			printf '\n%%files\n/usr/share/%s/what\n' "$1"
		else
			printf '\n%s\n' "$files"
		fi
		printf '\n%%changelog\n* Sun Nov 01 2026 Kiln developers <kiln@kiln.example> - 1.0-1\n- First.\n'
	} >"specs/demo/$1/$1.spec"
}

build() {
	try build "$@"
	expect_status 0
}

# The directory of the newest result of package $1.
result_of() { dirname "$(grep -l "\"$1\"" $(ls -t .kiln/builds/*/result.json) | head -n 1)"; }

# The binary and source packages in the result of $1, without their directory.
packages_of() { (cd "$(result_of "$1")" && ls -- *.rpm); }

content() { rpm2cpio "$1" | cpio -i --quiet --to-stdout "./$2"; }

what() {
	local file
	for file in "$(result_of "$1")/$1"-1.0-1.kt13.{noarch,x86_64}.rpm; do
		[ ! -e "$file" ] || content "$file" "usr/share/$1/what"
	done
}

rpmq() { rpm -qp --nosignature "$@"; }

configure() { printf '%s\n' "$@" >>repo-config/kiln.conf; }

@test "%generate_buildrequires: what it asks for in the second round is there in the third" {
	spec first <<<'BuildArch: noarch'
	spec second <<<'BuildArch: noarch'
	says='$(rpm -q first second)' spec asking <<-'END'
		BuildArch: noarch

		%generate_buildrequires
		echo first
		test ! -e /usr/share/first/what || echo 'second >= 1.0'
	END
	build first second
	build asking
	directory=$(result_of asking)
	grep -q '^first-1.0-1' "$directory/installed_pkgs.log"
	grep -q '^second-1.0-1' "$directory/installed_pkgs.log"
	[ "$(what asking)" = $'first-1.0-1.kt13.noarch\nsecond-1.0-1.kt13.noarch' ] || fail "$(what asking)"
	[ "$(packages_of asking)" = $'asking-1.0-1.kt13.noarch.rpm\nasking-1.0-1.kt13.src.rpm' ] || fail "$(packages_of asking)"
	rpmq --requires "$directory/asking-1.0-1.kt13.src.rpm" | grep -qx 'second >= 1.0'
	build
	expect_talk 'nothing to build: 3 unchanged'
}

@test "ExclusiveArch and ExcludeArch: a package for others is left out and says so" {
	spec here <<<'ExclusiveArch: x86_64 aarch64'
	spec elsewhere <<<'ExclusiveArch: aarch64'
	spec nothere <<<'ExcludeArch: x86_64'
	spec anywhere <<-'END'
		BuildArch: noarch
		ExclusiveArch: x86_64 noarch
	END
	build
	expect_talk 'elsewhere    warning: left out: its spec excludes x86_64'
	expect_talk 'nothere      warning: left out: its spec excludes x86_64'
	[ "$(ls -d .kiln/builds/*/ | wc -l)" -eq 2 ]
	packages_of here | grep -qx 'here-1.0-1.kt13.x86_64.rpm'
	packages_of anywhere | grep -qx 'anywhere-1.0-1.kt13.noarch.rpm'
}

@test "BuildArch: noarch: one package for all, in the name, in the header and for whoever needs it" {
	spec data <<<'BuildArch: noarch'
	says='$(uname -m) %{_target_cpu} %{_arch}' spec user <<<'BuildRequires: data'
	build
	[ "$(packages_of data)" = $'data-1.0-1.kt13.noarch.rpm\ndata-1.0-1.kt13.src.rpm' ] || fail "$(packages_of data)"
	[ "$(rpmq --qf '%{ARCH} %{SOURCERPM}' "$(result_of data)"/*.noarch.rpm)" = 'noarch data-1.0-1.kt13.src.rpm' ]
	[ "$(what user)" = 'x86_64 x86_64 x86_64' ] || fail "$(what user)"
}

@test "subpackages across architectures: noarch data of a package with a program" {
	files='%build
echo "int main(void) { return 0; }" | gcc %{build_cflags} %{build_ldflags} -x c -o thing -

%install
install -D thing %{buildroot}%{_bindir}/thing
install -d %{buildroot}%{_datadir}/thing
echo text >%{buildroot}%{_datadir}/thing/text

%package data
Summary: Its data
BuildArch: noarch
%description data
Its data.

%package tools
Summary: Its tools
Requires: %{name}%{?_isa} = %{version}-%{release}
Requires: %{name}-data = %{version}-%{release}
%description tools
Its tools.

%files
%{_bindir}/thing
%files data
%{_datadir}/thing
%files tools' spec thing <<-'END'
		BuildRequires: gcc

		%prep
		%setup -q -c -T
	END
	spec user <<<'BuildRequires: thing-tools'
	build
	list=$(packages_of thing)
	for name in thing-1.0-1.kt13.x86_64 thing-data-1.0-1.kt13.noarch thing-tools-1.0-1.kt13.x86_64 \
		thing-debuginfo-1.0-1.kt13.x86_64 thing-1.0-1.kt13.src; do
		grep -qx "$name.rpm" <<<"$list" || fail "no $name" "$list"
	done
	! grep -q 'thing-data.*x86_64' <<<"$list" || fail "$list"
	rpmq --requires "$(result_of thing)/thing-tools-1.0-1.kt13.x86_64.rpm" | grep -qxF 'thing(x86-64) = 1.0-1.kt13'
	for name in thing thing-data thing-tools; do
		grep -q "^$name-1.0-1" "$(result_of user)/installed_pkgs.log" || fail "$name was not installed"
	done
}

@test "NoSource: the source builds the package and is not in the source package" {
	mkdir -p specs/demo/secret
	echo confidential >specs/demo/secret/secret.bin
	echo open >specs/demo/secret/open.txt
	says='$(cat %{SOURCE0} %{SOURCE1})' spec secret <<-'END'
		BuildArch: noarch
		Source0: secret.bin
		Source1: open.txt
		NoSource: 0
	END
	build
	[ "$(packages_of secret)" = $'secret-1.0-1.kt13.noarch.rpm\nsecret-1.0-1.kt13.nosrc.rpm' ] || fail "$(packages_of secret)"
	source=$(result_of secret)/secret-1.0-1.kt13.nosrc.rpm
	[ "$(rpm2cpio "$source" | cpio -t --quiet | sort)" = $'open.txt\nsecret.spec' ]
	[ "$(what secret)" = $'confidential\nopen' ]
	[ "$(rpmq --qf '%{SOURCERPM}' "$(result_of secret)"/*.noarch.rpm)" = secret-1.0-1.kt13.nosrc.rpm ]
	# What is left out still is what the package was built from.
	echo other >specs/demo/secret/secret.bin
	build
	[ "$(what secret)" = $'other\nopen' ]
}

@test "Epoch: it is no part of file names, and decides what satisfies a requirement" {
	spec library <<-'END'
		Epoch: 2
		BuildArch: noarch
		Provides: libthing = %{epoch}:%{version}
	END
	says='$(rpm -q --qf "%%{EPOCH}" library)' spec user <<-'END'
		BuildArch: noarch
		BuildRequires: library >= 2:0.9
		BuildRequires: libthing < 2:2
		Requires: library = 2:1.0
	END
	build
	packages_of library | grep -qx library-1.0-1.kt13.noarch.rpm
	[ "$(rpmq --qf '%{EPOCH}' "$(result_of library)"/*.noarch.rpm)" = 2 ]
	[ "$(what user)" = 2 ] || fail "$(what user)"
	[ "$(find .kiln/builds -name '*2:1.0*' | wc -l)" -eq 0 ]
	# 3.0 without an epoch is older.
	sed -i 's/^BuildRequires: library.*/BuildRequires: library >= 3.0/' specs/demo/user/user.spec
	try build user
	expect_status 0
	sed -i 's/^BuildRequires: library.*/BuildRequires: library >= 3:0.1/' specs/demo/user/user.spec
	try build user
	expect_status 7
	expect_talk 'library >= 3:0.1'
}

# A package that tells which of its conditions are set.
conditional() {
	files='%install
mkdir -p %{buildroot}/usr/share/choice
echo "%{with on} %{with off} %{with new} %{?flavour}" >%{buildroot}/usr/share/choice/what

%files
/usr/share/choice/what

%if %{with off}
%package extra
Summary: More
%description extra
More.
%files extra
%endif' spec choice <<-'END'
		BuildArch: noarch
		%bcond_without on
		%bcond_with off
		%bcond new 1
		%if %{with off}
		BuildRequires: unzip
		%endif
	END
	spec other <<<'BuildArch: noarch'
}

@test "build conditions: their defaults, and what kiln.conf sets and unsets for one package" {
	conditional
	build
	[ "$(what choice)" = '1 0 1 ' ] || fail "$(what choice)"
	default=$(result_of choice)
	configure '' '[package choice]' 'with = off' 'without = on new'
	build
	[ "$(what choice)" = '0 1 0 ' ] || fail "$(what choice)"
	[ "$(result_of choice)" != "$default" ]
	packages_of choice | grep -qx choice-extra-1.0-1.kt13.noarch.rpm
	[[ $talk != *'other'* ]] || fail 'the other package was built again'
	rpmq --requires "$(result_of choice)"/*.src.rpm | grep -qx unzip

	# The result of the first way is still there for when it is asked for again.
	sed -i '/^\[package choice\]/,$d' repo-config/kiln.conf
	build
	expect_talk 'nothing to build: 2 unchanged'
}

@test "macros of one package: they reach evaluation and build, and only that package is built again" {
	conditional
	build
	configure '' '[package choice]' 'macro.flavour = sweet %{name}'
	build
	[ "$(what choice)" = '1 0 1 sweet choice' ] || fail "$(what choice)"
	[[ $talk != *'other'* ]] || fail 'the other package was built again'
	try spec choice
	expect_status 0

	# A comment, or another order, changes nothing.
	configure '# said again' '[package other]'
	build
	expect_talk 'nothing to build: 2 unchanged'
	sed -i 's/^macro.flavour.*/macro.flavour = sour/' repo-config/kiln.conf
	build
	[ "$(what choice)" = '1 0 1 sour' ] || fail "$(what choice)"

	# A version that a macro decides is known before anything is built.
	sed -i 's/^Version:.*/Version: %{?ver}%{!?ver:1.0}/' specs/demo/choice/choice.spec
	sed -i 's/^macro.flavour.*/macro.ver = 7.5/' repo-config/kiln.conf
	build
	packages_of choice | grep -qx choice-7.5-1.kt13.noarch.rpm
}

@test "%check decides over a package, unless kiln.conf says that it is left out" {
	files='%install
mkdir -p %{buildroot}/usr/share/tested

%check
echo "the check runs"
exit 3

%files
/usr/share/tested' spec tested <<<'BuildArch: noarch'
	try build
	expect_status 8
	expect_talk '"tested" does not build: %check: it ends with "exit 3"'
	configure '' '[package tested]' 'check = no'
	build
	log=$(result_of tested)/build.log
	grep -q 'skipped: kiln.conf has check = no for this package' "$log"
	! grep -qx 'the check runs' "$log" || fail 'the check was run'
	without=$(result_of tested)

	sed -i 's/^exit 3/true/' specs/demo/tested/tested.spec
	sed -i 's/^check = no/check = yes/' repo-config/kiln.conf
	build
	grep -qx 'the check runs' "$(result_of tested)/build.log"
	[ "$(result_of tested)" != "$without" ]
}

@test "options of a package that no collection has are told, with the nearest name" {
	spec tested <<<'BuildArch: noarch'
	configure '' '[package tsted]' 'check = no' '[package tested]' 'check = yes'
	build
	expect_talk 'warning: [package tsted]: '
	expect_talk '"tested"'
	[[ $talk != *'[package tested]'* ]] || fail 'a package that is there was told as unknown'
}

@test "options that rpm could not read are refused with file and line" {
	spec one <<<'BuildArch: noarch'
	configure '' '[package one]' 'macro.flavour = %{open'
	line=$(grep -n flavour repo-config/kiln.conf | cut -d: -f1)
	try build
	expect_status 3
	expect_talk "repo-config/kiln.conf:$line: the body of \"flavour\" does not end with its line"
}
