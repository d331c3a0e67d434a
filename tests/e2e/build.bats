# SPDX-License-Identifier: GPL-2.0-or-later
# Building: the result directory, what a build sees, and every way a build can be refused or fail.

load common

setup() { make_project; }

teardown() { expect_nothing_left; }

@test "a package is built with what it needs, into a result directory like mock's" {
	try build greeter
	expect_status 0
	[ "$(wc -l <<<"$output")" -eq 2 ] || fail "expected two result directories"
	for directory in $output; do
		for file in build.log root.log state.log hw_info.log installed_pkgs.log result.json; do
			[ -s "$directory/$file" ] || fail "$directory lacks $file"
		done
	done
	greeter=$(tail -n 1 <<<"$output")
	[ -e "$greeter/greeter-2.0-1.kt13.x86_64.rpm" ]
	[ -e "$greeter/greeter-2.0-1.kt13.src.rpm" ]
	grep -q '^hello-devel-1.0-1' "$greeter/installed_pkgs.log"
	rpm -qp --nosignature --requires "$greeter/greeter-2.0-1.kt13.x86_64.rpm" | grep -qF 'libhello.so.1()(64bit)'
	rpm -qlp --nosignature "$greeter/greeter-debuginfo-2.0-1.kt13.x86_64.rpm" | grep -q '/usr/bin/greeter'

	try build
	expect_status 0
	expect_talk 'nothing to build: 2 unchanged'

	# An edit of one source rebuilds that package alone.
	sed -i 's/return puts/return  puts/' specs/demo/greeter/greeter.c
	try build
	expect_status 0
	expect_talk 'build        greeter'
	[[ $talk != *'build        hello'* ]] || fail 'hello was built again'
}

@test "the same inputs give the same bytes, elsewhere and later" {
	try build greeter
	expect_status 0
	for directory in $output; do sha256sum "$directory"/*.rpm; done | sed 's|/.*/||' | sort >"$BATS_TEST_TMPDIR/first"
	sleep 1
	make_project "$BATS_TEST_TMPDIR/somewhere/else/entirely"
	try build greeter
	expect_status 0
	for directory in $output; do sha256sum "$directory"/*.rpm; done | sed 's|/.*/||' | sort >"$BATS_TEST_TMPDIR/second"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/first")" -ge 7 ]
	diff "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
}

@test "a build sees mock's contract: user, environment, directories, no network" {
	cat >specs/demo/hello/hello.spec <<-'END'
		Name: hello
		Version: 1
		Release: 1
		Summary: Looks around
		License: MIT
		BuildArch: noarch
		%description
		%build
		echo "user=$(id -un):$(id -gn) uid=$(id -u)"
		env -u HOSTNAME true; echo "env=$HOME|$SHELL|$TERM|$LANG|$HOSTNAME"
		echo "umask=$(umask) stdin=$(readlink /proc/self/fd/0)"
		echo "links=$(ls /sys/class/net | tr '\n' ' ')"
		echo "resolv=$(wc -c </etc/resolv.conf)"
		echo "caps=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)$(sed -n 's/^NoNewPrivs:[[:space:]]*/ nnp=/p' /proc/self/status)"
		echo "init=$(ps -e --no-headers | wc -l)"
		(: </dev/tcp/192.0.2.1/80) 2>/dev/null && echo REACHED || echo "network=none"
		touch /usr/bin/planted 2>/dev/null && echo WROTE || echo "system=unwritable"
		mkdir -p %{buildroot}/usr/share/hello
		pwd >%{buildroot}/usr/share/hello/where
		%files
		/usr/share/hello/where
	END
	rm -r specs/demo/greeter
	try build hello
	expect_status 0
	log=$output/build.log
	for line in 'user=mockbuild:mock uid=1000' 'env=/builddir|/bin/bash|vt100|C.UTF-8|mock' 'umask=0022 stdin=/dev/null' \
		'links=lo ' 'resolv=0' 'caps=0000000000000000 nnp=1' 'network=none' 'system=unwritable'; do
		grep -qxF "$line" "$log" || fail "the log lacks \"$line\"" "$(grep -E '^[a-z]+=' "$log")"
	done
}

@test "a compile error: first line, log, kept buildroot, kiln shell" {
	sed -i 's/return puts(hello/return puts(hullo/' specs/demo/greeter/greeter.c
	try build greeter
	expect_status 8
	expect_talk '"greeter" does not build: greeter.c:'
	expect_talk 'hullo'
	expect_talk 'log: .kiln/failed/trixie/greeter/build.log'
	expect_talk 'kiln shell greeter'
	[ -s .kiln/failed/trixie/greeter/build.log ]

	try shell greeter -- sh -c 'id -un; ls /builddir/build/SPECS; cat /builddir/build/SOURCES/greeter.c; rpm -q hello-devel'
	expect_status 0
	expect_output mockbuild
	expect_output greeter.spec
	expect_output hullo
	expect_output hello-devel-1.0-1

	# Once it builds, nothing is kept.
	sed -i 's/hullo/hello/' specs/demo/greeter/greeter.c
	try build greeter
	expect_status 0
	[ ! -e .kiln/failed/trixie/greeter ]
	try shell greeter
	expect_status 4
	expect_talk 'no failed build of "greeter" is kept'
}

@test "a patch that does not apply" {
	sed -i 's/^-	return "hello";/-	return "nothing like it";/' patches/demo/hello/0001-greet-politely.patch
	try build hello
	expect_status 8
	expect_talk '"hello" does not build: '
	expect_talk 'FAILED'
}

@test "a broken spec is told with file and line" {
	sed -i 's/^%description$/%if 1\n%description/' specs/demo/greeter/greeter.spec
	try build
	expect_status 3
	expect_talk 'kiln: specs/demo/greeter/greeter.spec:'
	expect_talk '%if'
}

@test "build requirements nobody provides are all named, with the nearest name, before anything is built" {
	sed -i 's/^BuildRequires:  hello-devel/BuildRequires: hello-devel\nBuildRequires: no-such-devel >= 3\nBuildRequires: libaio-devl/' \
		specs/demo/greeter/greeter.spec
	try build greeter
	expect_status 7
	expect_talk '"greeter" needs "no-such-devel >= 3"'
	expect_talk '"libaio-devl"'
	[[ $talk != *'build        hello'* ]] || fail 'hello was built first'
	expect_talk 'nearest name: "libaio-dev'
}

@test "packages that need each other are shown as a path" {
	sed -i 's/^BuildRequires:  gcc/BuildRequires: gcc\nBuildRequires: greeter/' specs/demo/hello/hello.spec
	try build
	expect_status 7
	expect_talk 'cycle: "greeter" needs "hello" needs "greeter"'
}

@test "a source without lock, with a wrong digest, out of reach" {
	sed -i 's|^Source0:.*|Source0: http://127.0.0.1:9/greeter-2.0.tar.gz|' specs/demo/greeter/greeter.spec
	try build greeter
	expect_status 3
	expect_talk 'greeter-2.0.tar.gz'
	expect_talk 'kiln fetch --lock greeter'

	printf '[greeter-2.0.tar.gz]\nsha256 = %064d\nsize = 5\norigins = http://127.0.0.1:9/greeter-2.0.tar.gz;\n' 1 \
		>specs/demo/greeter/sources
	try build greeter
	expect_status 5
	expect_talk 'http://127.0.0.1:9/greeter-2.0.tar.gz'

	printf 'wrong' >"$BATS_TEST_TMPDIR/greeter-2.0.tar.gz"
	sed -i "s|^origins = .*|origins = file://$BATS_TEST_TMPDIR/greeter-2.0.tar.gz;|" specs/demo/greeter/sources
	try build greeter
	expect_status 6
	expect_talk "$(sha256sum <"$BATS_TEST_TMPDIR/greeter-2.0.tar.gz" | cut -d' ' -f1)"
	[ ! -e "${KILN_CACHE:-$HOME/.cache/kiln}/sources/$(sha256sum <"$BATS_TEST_TMPDIR/greeter-2.0.tar.gz" | cut -d' ' -f1)" ]
}

@test "a build that hangs is ended by its time limit" {
	sed -i 's/^wall-seconds.*/wall-seconds = 3/' repo-config/kiln.conf
	sed -i 's/^%build/%build\nsleep 1000 \&\nsleep 1000/' specs/demo/hello/hello.spec
	try build hello
	expect_status 8
	expect_talk '"hello" does not build'
	expect_talk '3 s'
}

@test "a full disk is told as such and leaves nothing half-written" {
	mkdir .kiln
	mount -t tmpfs -o size=150k kiln-test-disk .kiln
	try build greeter
	umount .kiln
	[ "$status" -ne 0 ]
	expect_talk 'No space left on device'
	expect_talk 'free some space'
}

@test "kill -9 of kiln in the middle of a build leaves nothing; the next run builds" {
	sed -i 's/^%build/%build\nsleep 30/' specs/demo/hello/hello.spec
	"$KILN" build hello &
	pid=$!
	for _ in $(seq 200); do pgrep -f 'sleep 30$' >/dev/null && break; sleep 0.1; done
	pgrep -f 'sleep 30$' >/dev/null
	kill -9 "$pid"
	wait "$pid" || true
	for _ in $(seq 50); do pgrep -f 'sleep 30$' >/dev/null || break; sleep 0.1; done
	expect_nothing_left
	! pgrep -f 'sleep 30$' || fail 'the sleeper is still there'
	sed -i '/^sleep 30/d' specs/demo/hello/hello.spec
	try build hello
	expect_status 0
}

# Runs kiln build in the background, and $@ while rpmbuild builds hello.
build_meanwhile() {
	sed -i 's/^%build/%build\nsleep 4/' specs/demo/hello/hello.spec
	"$KILN" build greeter >"$BATS_TEST_TMPDIR/output" 2>"$BATS_TEST_TMPDIR/talk" 3>&- &
	for _ in $(seq 200); do grep -qs 'sleep 4' .kiln/builds/.new-*/build.log && break; sleep 0.1; done
	grep -q 'sleep 4' .kiln/builds/.new-*/build.log
	"$@"
	status=0
	wait $! || status=$?
	talk=$(cat "$BATS_TEST_TMPDIR/talk")
}

@test "a source or a spec edited while another package builds is not built under the old key" {
	build_meanwhile sed -i 's/return puts/return  puts/' specs/demo/greeter/greeter.c
	expect_status 6
	expect_talk '"specs/demo/greeter/greeter.c" changed while Kiln was at work; run the command again'
	sed -i 's/^sleep 4/sleep 2/' specs/demo/hello/hello.spec
	try build greeter
	expect_status 0

	sed -i 's/^sleep 2//' specs/demo/hello/hello.spec
	printf '# again\n' >>specs/demo/greeter/greeter.c
	build_meanwhile sed -i 's/^Summary: .*/Summary: Another/' specs/demo/greeter/greeter.spec
	expect_status 6
	expect_talk '"specs/demo/greeter/greeter.spec" changed while Kiln was at work; run the command again'
}

@test "kiln shell and a build of the same package keep out of each other's way" {
	sed -i 's/^%build/%build\nexit 1/' specs/demo/hello/hello.spec
	try build hello
	expect_status 8
	expect_talk 'rpmbuild -bb ended with exit status 1'
	[[ $talk != *'rpmbuild rpmbuild'* ]]
	"$KILN" shell hello -- sh -c 'touch /builddir/entered; sleep 5; ls /builddir/entered' \
		>"$BATS_TEST_TMPDIR/shell" 3>&- &
	for _ in $(seq 100); do [ -e .kiln/failed/trixie/hello/root/tree/builddir/entered ] && break; sleep 0.1; done
	try build hello
	expect_status 9
	expect_talk '(kiln shell hello)'
	try shell hello -- true
	expect_status 9
	wait $!
	grep -q '^/builddir/entered' "$BATS_TEST_TMPDIR/shell"
	try build hello
	expect_status 8
}

@test "what %generate_buildrequires asks for is installed, and its interim package is no result" {
	sed -i -e '/^BuildRequires:  hello-devel/d' -e 's/^%build/%generate_buildrequires\necho hello-devel\n\n%build/' \
		specs/demo/greeter/greeter.spec
	try build hello
	expect_status 0
	try build
	expect_status 0
	greeter=$(grep -l '"greeter"' .kiln/builds/*/result.json)
	greeter=$(dirname "$greeter")
	grep -q '^hello-devel-1.0-1' "$greeter/installed_pkgs.log"
	grep -q 'the build itself requires: hello-devel' "$greeter/root.log"
	[ -e "$greeter/greeter-2.0-1.kt13.src.rpm" ]
	! ls "$greeter"/*nosrc* || fail 'the interim source package is in the result'
	try build
	expect_status 0
	expect_talk 'nothing to build: 2 unchanged'
}
