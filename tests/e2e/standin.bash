# SPDX-License-Identifier: GPL-2.0-or-later
# Target el6 with a stand-in for its mirrors (tests/fixtures/el6): load after common.

# The imported base of target trixie, whose packages are the stand-in's tools.
tools_base() {
	local cache=${KILN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kiln} project
	if ! compgen -G "$cache/bases/trixie-*/repodata/repomd.xml" >/dev/null; then
		(project= && make_project "$BATS_FILE_TMPDIR/tools" && "$KILN" plan >/dev/null) || return 1
	fi
	dirname "$(dirname "$(ls -t "$cache"/bases/trixie-*/repodata/repomd.xml | head -n 1)")"
}

# Makes the stand-in, once for all suites of one run: $standin.
make_standin() {
	local shared=${KILN_TEST_SHARED:-$BATS_RUN_TMPDIR} tools
	standin=$shared/el6-standin
	tools=$(tools_base)
	(
		flock 9
		[ -d "$standin" ] || "$top/tests/fixtures/el6/make-base" "$standin" "$tools"
	) 9>"$standin.lock"
}

# Gives the project in $1 (the working directory) target el6 whose base.repo and keys are the stand-in's.
# With a second argument its repositories are at that address (serve_standin).
use_standin() {
	local directory=${1:-.}/repo-config/targets/el6
	[ -n "${standin:-}" ] || make_standin
	mkdir -p "${directory%/*}" "${1:-.}/repo-config/contracts"
	rm -rf "$directory"
	cp -a "$top/repo-config/targets/el6" "$directory"
	cp -a "$top/repo-config/contracts/." "${1:-.}/repo-config/contracts/"
	sed "s|file://$standin|${2:-file://$standin}|" "$standin/base.repo" >"$directory/base.repo"
	sed -i "/^\[keys\]/,/^\$/c [keys]\nRPM-GPG-KEY-stand-in=$(cat "$standin/fingerprint")\n" "$directory/target.conf"
}

# Serves the stand-in on loopback until the test file ends: $standin_url.
serve_standin() {
	[ -n "${standin:-}" ] || make_standin
	coproc STANDIN_SERVER { exec "$top/tests/fixtures/http-server" "$standin" "$BATS_FILE_TMPDIR/standin.log" 3>&-; }
	read -r -u "${STANDIN_SERVER[0]}" standin_port
	standin_url=http://127.0.0.1:$standin_port/plain
}

# A project for el6 in $project, with one collection `demo` and no package yet.
make_el6_project() {
	make_project "$@"
	rm -rf specs/demo/* patches/demo tests/smoke
	sed -i '/^\[collection demo\]/,$s/^targets *=.*/targets = el6/' repo-config/kiln.conf
	use_standin .
}
