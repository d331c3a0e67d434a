# SPDX-License-Identifier: GPL-2.0-or-later
# Smoke tests that must not be believed, and those that changed.

load common

setup() {
	make_project
	rm -r specs/demo/greeter tests/smoke/demo/greeter
	mkdir -p tests/smoke/demo/hello
}

smoke_test() {
	printf '%s\n' "$@" >tests/smoke/demo/hello/test
	chmod +x tests/smoke/demo/hello/test
}

refused() {
	try release
	expect_status "$1"
	expect_talk "$2"
	[ ! -e .kiln/www/demo/trixie/stable/current ]
}

@test "a test that cannot be run or checks nothing is refused" {
	smoke_test '#!/bin/sh' 'echo ok 1 - x' 'echo 1..1'
	chmod -x tests/smoke/demo/hello/test
	refused 3 'tests/smoke/demo/hello/test": a smoke test must be executable; chmod +x it'
	smoke_test '#!/bin/nosuch'
	refused 8 '"hello": its smoke test fails: '
	smoke_test '#!/bin/sh' 'exit 0'
	refused 8 '"hello": its smoke test proves nothing: it checked nothing'
	smoke_test '#!/bin/sh' 'echo not ok 1 - x' 'echo 1..1'
	refused 8 'checks that failed: 1'
	smoke_test '#!/bin/sh' 'echo 1..3' 'echo ok 1 - x'
	refused 8 'checks made: 1, planned: 3'
	smoke_test '#!/bin/sh' 'exit 5'
	refused 8 '"hello": its smoke test fails: '
}

@test "a changed smoke test must pass before the channel says that all is well" {
	smoke_test '#!/bin/sh' 'echo ok 1 - x' 'echo 1..1'
	try release
	expect_status 0
	smoke_test '#!/bin/sh' 'echo not ok 1 - y' 'echo 1..1' 'exit 1'
	try release
	expect_status 8
	smoke_test '#!/bin/sh' 'echo ok 1 - y' 'echo 1..1'
	try release
	expect_status 0
	expect_talk '1 checks pass'
}

@test "tests share what is in tests/smoke/common, and are run again when it changes" {
	mkdir tests/smoke/common
	echo 'verdict=ok' >tests/smoke/common/verdict.sh
	smoke_test '#!/bin/sh' '. "$KILN_SMOKE_COMMON/verdict.sh"' 'echo $verdict 1 - x' 'echo 1..1'
	try release
	expect_status 0
	echo 'verdict="not ok"' >tests/smoke/common/verdict.sh
	try release
	expect_status 8
	expect_talk 'checks that failed: 1'
}
