# SPDX-License-Identifier: GPL-2.0-or-later
# What a user sees of the command line itself.

load common

@test "help lists every command with a summary" {
	try help
	expect_status 0
	for command in init release 'base import' build fetch spec shell publish 'key create' 'key export'; do
		expect_output "  $command "
	done
	[[ $output != *'(null)'* ]]
}

@test "every command has its own help, with and without the word help" {
	for command in init release 'base import' build fetch spec shell publish 'key create' 'key import' 'key export' 'key list'; do
		try $command --help
		expect_status 0
		expect_output "kiln $command"
		direct=$output
		try help $command
		[ "$output" = "$direct" ] || fail "kiln help $command differs from kiln $command --help"
	done
}

@test "a wrong command suggests the nearest" {
	try relaese
	expect_status 2
	expect_talk 'there is no command "relaese"; did you mean "release"?'
}

@test "a wrong option suggests the nearest" {
	try build --tagret trixie
	expect_status 2
	expect_talk 'did you mean "--target"?'
}

@test "too many arguments show the usage" {
	make_project
	try release a b
	expect_status 2
	expect_talk 'too many arguments; usage: kiln release'
}

@test "outside a project" {
	cd "$BATS_TEST_TMPDIR"
	try build
	expect_status 4
	expect_talk 'is not in a Kiln project'
	expect_talk '--project DIR'
}

@test "a wrong key in kiln.conf is told with file and line" {
	make_project
	printf '[publish]\nurl = http://x\nchanel = y\n' >repo-config/kiln.conf
	try build
	expect_status 3
	expect_talk 'repo-config/kiln.conf:3: unknown key "chanel" in [publish]; did you mean "channel"?'
}

@test "a wrong key in target.conf is told with file and line" {
	make_project
	sed -i 's/^suite/siute/' repo-config/targets/trixie/target.conf
	line=$(grep -n siute repo-config/targets/trixie/target.conf | cut -d: -f1)
	try build
	expect_status 3
	expect_talk "repo-config/targets/trixie/target.conf:$line: unknown key \"siute\""
}

@test "unknown collection, target and package suggest the nearest" {
	make_project
	try release dmeo
	expect_status 4
	expect_talk 'there is no collection "dmeo"; did you mean "demo"?'
	try release --target el9
	expect_status 4
	expect_talk 'is not built for target "el9"; its targets: trixie'
	try build helo
	expect_status 4
	expect_talk 'there is no package "helo"; did you mean "hello"?'
}

@test "another Kiln at work is named" {
	make_project
	mkdir -p .kiln
	(
		exec 9>.kiln/lock
		flock 9
		echo 'process 4242 (kiln release)' >&9
		: >"$BATS_TEST_TMPDIR/held"
		sleep 20
	) &
	holder=$!
	until [ -e "$BATS_TEST_TMPDIR/held" ]; do sleep 0.05; done
	try build
	kill "$holder"
	expect_status 9
	expect_talk 'is held by process 4242 (kiln release)'
}

@test "a key directory inside the project is refused" {
	make_project
	KILN_KEYS=$project/keys try key list
	expect_status 3
	expect_talk 'inside the project'
}

@test "no colours and no control bytes when stderr is no terminal" {
	try relaese
	expect_status 2
	[[ $talk != *$'\033'* ]]
}

@test "the manual page has every command and option and renders without complaint" {
	mandoc -Tlint -Wwarning "$top/tools/man/kiln.1"
	page=$(mandoc -Tutf8 "$top/tools/man/kiln.1" | sed 's/.\x08//g')
	for command in init release 'base import' build fetch spec shell publish 'key create' 'key import' 'key export' 'key list'; do
		[[ $page == *"kiln $command"* ]] || fail "the manual page lacks: kiln $command"
		for option in $("$KILN" $command --help | grep -oE '^ +(-., )?--[a-z][a-z-]*' | grep -o -- '--.*' | sort -u); do
			[ "$option" = --help ] || [[ $page == *"$option"* ]] || fail "the manual page lacks $option of $command"
		done
	done
}

@test "a missing tool is named with the way to get it" {
	make_project
	mkdir "$BATS_TEST_TMPDIR/empty"
	PATH=$BATS_TEST_TMPDIR/empty run "$KILN" base import
	[ "$status" -eq 10 ] || fail "expected exit status 10"
	[[ $output == *'"apt-get" is not installed; install it (`make deps` names its package)'* ]] || fail "no such message"
}

@test "a wrong word after a family of commands suggests the nearest and is an error" {
	try key exprot
	expect_status 2
	expect_talk 'there is no command "key exprot"; did you mean "key export"?'
	try help key
	expect_status 0
	expect_output 'key export'
	try --jsno help
	expect_status 2
	expect_talk 'did you mean "--json"?'
}

@test "an answer that cannot be written is an error" {
	run bash -c '"$0" help 2>&1 >/dev/full' "$KILN"
	[ "$status" -eq 10 ]
	[[ $output == *'writing the answer to stdout: No space left on device'* ]]
}

@test "what needs root says so before it does anything" {
	make_project
	chmod a+rx "$BATS_TEST_TMPDIR" && run setpriv --reuid 65534 --regid 65534 --clear-groups "$KILN" build
	[ "$status" -eq 10 ]
	[[ $output == *'needs root'* ]]
	[ ! -e .kiln ]
}

@test "with --events-json everything on stderr is JSON, also the error" {
	cd "$BATS_TEST_TMPDIR"
	try build --events-json
	expect_status 4
	[ "$(python3 -c 'import json,sys; print([json.loads(l)["exit_status"] for l in sys.stdin])' <<<"$talk")" = '[4]' ]
}
