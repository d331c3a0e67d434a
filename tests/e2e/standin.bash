# SPDX-License-Identifier: GPL-2.0-or-later
# Target el6 with a stand-in for its mirrors (tests/fixtures/el6): load after common.

# The imported base of target trixie, whose packages are the stand-in's tools.
tools_base() (
	project=
	make_project "$BATS_FILE_TMPDIR/tools"
	directory=$("$KILN" target show trixie --json | jq -r .base_directory)
	[ -e "$directory/repodata/repomd.xml" ] || "$KILN" base import --target trixie >/dev/null
	echo "$directory"
)

# Makes the stand-in, or finds the one that was made of the same list and tools: $standin. It lies in Kiln's cache, so
# that the layers made of its packages, which bear its key, serve the next run as well.
make_standin() {
	local all=${KILN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kiln}/stand-ins tools digest
	tools=$(tools_base) && [ -d "$tools/Packages" ] || return 1
	digest=$(cd "$top/tests/fixtures/el6" && {
		find make-base packages.list trees -type f -printf '%m %p ' -exec sha256sum {} \;
		sha256sum <"$tools/repodata/repomd.xml"
	} | LC_ALL=C sort | sha256sum | cut -c 1-16)
	standin=$all/el6-$digest
	mkdir -p "$all"
	(
		flock 9
		find "$all" -mindepth 1 -maxdepth 1 -name 'el6-*' -mtime +7 -exec rm -rf {} +
		[ -d "$standin" ] || "$top/tests/fixtures/el6/make-base" "$standin" "$tools"
		touch "$standin"
	) 9>"$all/lock"
}

# Gives the project in $1 (the working directory) target el6 whose base.repo and keys are the stand-in's.
# With a second argument its repositories are at that address.
use_standin() {
	local directory=${1:-.}/repo-config/targets/el6
	[ -n "${standin:-}" ] || make_standin
	mkdir -p "${directory%/*}" "${1:-.}/repo-config/contracts"
	rm -rf "$directory"
	cp -a "$top/repo-config/targets/el6" "$directory"
	cp -a "$top/repo-config/contracts/." "${1:-.}/repo-config/contracts/"
	sed "s|file://$standin|${2:-file://$standin}|" "$standin/base.repo" >"$directory/base.repo"
	# Its programs are the tools', which any kernel runs.
	sed -i '/^\[host\]/,/^$/d' "$directory/target.conf"
	sed -i "/^\[keys\]/,/^\$/c [keys]\nRPM-GPG-KEY-stand-in=$(cat "$standin/fingerprint")\n" "$directory/target.conf"
}

# A project for el6 in $project, with one collection `demo` and no package yet.
make_el6_project() {
	make_project "$@"
	rm -rf specs/demo/* patches/demo tests/smoke
	sed -i '/^\[collection demo\]/,$s/^targets *=.*/targets = el6/' repo-config/kiln.conf
	use_standin .
}
