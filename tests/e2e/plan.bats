# SPDX-License-Identifier: GPL-2.0-or-later
# What is built, in which order, and what makes it be built again.

load common

setup() { make_project; }

# The result directory of a package among those in $output.
result_of() {
	for directory in $output; do
		if compgen -G "$directory/$1-*.src.rpm" >/dev/null; then echo "$directory"; fi
	done
}

@test "a requirement that only a build reveals is satisfied by a package of the project" {
	sed -i 's/^BuildRequires:  hello-devel/BuildRequires: pkgconfig(hello)\nBuildRequires: \/usr\/include\/hello.h/' \
		specs/demo/greeter/greeter.spec
	cat >specs/demo/hello/hello.pc <<-'END'
		Name: hello
		Description: greets
		Version: 1.0
		Libs: -lhello
	END
	sed -i 's/^Source1:.*/&\nSource2: hello.pc/; s|^install -D -m 0644 hello.h.*|&\ninstall -D -m 0644 %{SOURCE2} %{buildroot}%{_libdir}/pkgconfig/hello.pc|; s|^%{_includedir}/hello.h|&\n%{_libdir}/pkgconfig/hello.pc|' \
		specs/demo/hello/hello.spec
	try build
	expect_status 0
	expect_talk 'build        hello'
	expect_talk 'build        greeter'
	try build
	expect_status 0
	expect_talk 'nothing to build: 2 unchanged'
}

@test "a name that is not the directory's is refused" {
	sed -i 's/^Name: .*/Name: other/' specs/demo/hello/hello.spec
	try build
	expect_status 3
	expect_talk 'specs/demo/hello/hello.spec: its Name is "other"'
}

@test "a change of what only %generate_buildrequires asked for builds the package again" {
	sed -i '/^BuildRequires:  hello-devel/d; s/^%build/%generate_buildrequires\necho hello-devel\n\n%build/' \
		specs/demo/greeter/greeter.spec
	try build
	expect_status 0
	first=$(sha256sum "$(result_of greeter)"/greeter-2.0-1.kt13.x86_64.rpm)
	try build
	expect_status 0
	expect_talk 'nothing to build: 2 unchanged'
	[ "$(sha256sum "$(result_of greeter)"/greeter-2.0-1.kt13.x86_64.rpm)" = "$first" ]

	sed -i 's/^Release: .*/Release: 2%{?dist}/' specs/demo/hello/hello.spec
	try build
	expect_status 0
	expect_talk 'build        hello 1.0-2'
	expect_talk 'build        greeter 2.0-1'
	grep -q '^hello-devel-1.0-2' "$(result_of greeter)/installed_pkgs.log"
}

@test "a damaged result is built again" {
	rm -r specs/demo/greeter
	try build
	expect_status 0
	first=$(sha256sum "$output"/*.rpm | cut -d' ' -f1)
	truncate -s 100 "$output/hello-1.0-1.kt13.x86_64.rpm"
	try build
	expect_status 0
	expect_talk 'building it again: '
	[ "$(sha256sum "$output"/*.rpm | cut -d' ' -f1)" = "$first" ]
	printf '{' >"$output/result.json"
	try build
	expect_status 0
	expect_talk 'building it again: '
}
