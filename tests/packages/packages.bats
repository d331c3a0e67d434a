#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What holds of every package of the project, whatever its contents; Kiln and the builds prove the rest.

setup()
{
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	export LC_ALL=C
}

@test "each patch says why it is, who tracks it, where upstream stands and that it is ours" {
	local patch header field
	for patch in patches/*/*/*.patch; do
		header=$(sed '/^---$/q' "$patch")
		for field in Subject Tracker 'Upstream status' Origin; do
			grep -q "^$field: ." <<<"$header" || { echo "$patch: no $field"; return 1; }
		done
		# a subject alone is no reason
		[ "$(wc -l <<<"$header")" -ge 8 ] || { echo "$patch: why?"; return 1; }
	done
}

@test "each patch belongs to a spec, each Patch of a spec is there" {
	local patch spec name
	for patch in patches/*/*/*.patch; do
		name=$(dirname "${patch#patches/}")
		grep -q "^Patch[0-9]*: *$(basename "$patch")$" "specs/$name/$(basename "$name").spec" ||
			{ echo "$patch: not in the spec"; return 1; }
	done
	for spec in specs/*/*/*.spec; do
		for patch in $(sed -n 's/^Patch[0-9]*: *//p' "$spec"); do
			name=$(dirname "${spec#specs/}")
			[ -f "patches/$name/$patch" ] || { echo "$spec: no $patch"; return 1; }
		done
	done
}

# File times are clamped to the changelog's date: a file made before it would keep its own time.
@test "the newest changelog entry is of yesterday or before, so that builds repeat" {
	local spec date
	for spec in specs/*/*/*.spec; do
		date=$(sed -n '/^%changelog/{n;s/^\* \([A-Z][a-z]* [A-Z][a-z]* [0-9]* [0-9]*\) .*/\1/p;q}' "$spec")
		[ -n "$date" ] || { echo "$spec: no changelog"; return 1; }
		[ "$(date -u -d "$date" +%F)" \< "$(date -u +%F)" ] || { echo "$spec: $date"; return 1; }
		[ "$(date -u -d "$date" +%a)" = "${date%% *}" ] || { echo "$spec: not a ${date%% *}: $date"; return 1; }
	done
}

@test "each package has a smoke test that parses, and rpmlint filters with reasons" {
	local spec name file
	for spec in specs/*/*/*.spec; do
		name=$(basename "$(dirname "$(dirname "$spec")")")/$(basename "$spec" .spec)
		[ -x "tests/smoke/$name/test" ] || { echo "$name: no smoke test"; return 1; }
		bash -n "tests/smoke/$name/test"
		for file in "tests/smoke/$name"/*.sh; do
			[ ! -e "$file" ] || bash -n "$file"
		done
		for file in "tests/smoke/$name"/*.pl; do
			[ ! -e "$file" ] || perl -c "$file"
		done
		# every filter stands below a comment, possibly together with others
		awk '/^#/ { reason = 1 } /^$/ { reason = 0 } /^addFilter/ && !reason { print; bad = 1 }
			END { exit bad }' "${spec%.spec}.rpmlintrc"
	done
}

@test "what smoke tests and builds share or bring along parses" {
	local file
	for file in tests/smoke/*/*.sh tests/smoke/*/*/*.sh tests/smoke/*/*/lifecycle; do
		bash -n "$file"
	done
	for file in tests/smoke/*/*.py tests/smoke/*/*/*.py specs/*/*/*.py; do
		python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$file" || return 1
	done
}

# trixie TEXT…: expanded by the host's rpm with the target's macros.
trixie()
{
	rpm --macros=/usr/lib/rpm/macros:repo-config/targets/trixie/macros --target x86_64-linux -E "$1"
}

@test "trixie macros: directories, names and hardening, also for an older rpm" {
	[ "$(trixie '%_libdir %_sharedstatedir %_unitdir')" = \
		"/usr/lib/x86_64-linux-gnu /var/lib /usr/lib/systemd/system" ]
	[ "$(trixie '%_dbpath %_db_backend')" = "/var/lib/rpm sqlite" ]
	[ "$(trixie '%python3_sitelib')" = /usr/lib/python3.13/site-packages ]
	[[ "$(trixie '%build_cflags')" == *-D_FORTIFY_SOURCE=3*-fstack-protector-strong* ]]
	[[ "$(trixie '%build_ldflags')" == *-Wl,-z,relro*-Wl,-z,now* ]]
	[[ "$(trixie '%set_build_flags')" == *LDFLAGS=*-z,now*"export LDFLAGS"* ]]
}

@test "trixie macros: scriptlets are shell, name their units and refuse to have none" {
	local macro
	for macro in systemd_post systemd_preun systemd_postun systemd_postun_with_restart; do
		trixie "%$macro a.service b.service" | sh -n
	done
	[[ "$(trixie '%systemd_post a.service')" == *"preset a.service"* ]]
	[[ "$(trixie '%systemd_preun a.service')" == *"disable --now --no-warn a.service"* ]]
	[[ "$(trixie '%systemd_postun_with_restart a.service')" == *"try-restart a.service"* ]]
	run trixie '%systemd_post'
	[ "$status" -ne 0 ]
}

# Scriptlets run where systemd is not: nothing is done and nothing fails.
@test "trixie macros: scriptlets succeed without systemd" {
	local macro
	[ ! -d /run/systemd/system ] || skip "systemd runs here"
	for macro in systemd_preun systemd_postun systemd_postun_with_restart; do
		trixie "%$macro a.service" | sh -e -s 2
	done
}

@test "trixie macros: sysusers files become shell that asks first and quotes" {
	local file="$BATS_TEST_TMPDIR/users.conf" out
	printf '%s\n' '# comment' 'g mock 163' "u key 163 \"Key's Daemon\" /var/lib/key" 'u n 162:mock -' \
		'm key mock' >"$file"
	out=$(trixie "%sysusers_create_compat $file")
	sh -n <<<"$out"
	[ "$(sed -n 1p <<<"$out")" = "getent group 'mock' >/dev/null || groupadd -r -g '163' 'mock'" ]
	[[ "$out" == *"useradd -r -u '163' -g 'key' -d '/var/lib/key' -s '/usr/sbin/nologin' -c 'Key'\\''s Daemon' -M 'key'"* ]]
	[[ "$out" == *"useradd -r -u '162' -g 'mock' -d '/'"* ]]
	[[ "$out" == *"usermod -a -G 'mock' 'key'"* ]]
	echo 'u open "quote' >"$file"
	run trixie "%sysusers_create_compat $file"
	[ "$status" -ne 0 ]
	run trixie "%sysusers_create_compat $file.none"
	[ "$status" -ne 0 ]
}
