# SPDX-License-Identifier: GPL-2.0-or-later
# What holds of everything that the project's own collection builds.

load common

setup() {
	release_collection
	mapfile -t packages < <(ls "$project"/.kiln/builds/*/*.rpm)
}

# The files in which two packages of the same name differ; if there are none, their headers.
explain() {
	local side
	for side in 1 2; do
		mkdir -p "$BATS_TEST_TMPDIR/tree/$side"
		rpm2cpio "${!side}" | (cd "$BATS_TEST_TMPDIR/tree/$side" && cpio -idm --quiet --no-absolute-filenames)
	done
	! (cd "$BATS_TEST_TMPDIR/tree" && diff -rq 1 2) ||
		diff <(rpm -qp --nosignature --xml "$1") <(rpm -qp --nosignature --xml "$2") | head -n 40
	rm -rf "$BATS_TEST_TMPDIR/tree"
}

# The tests of %check are not run again: had they any part in the bytes, that would show, too.
@test "built again, elsewhere, later, by another account's settings: the same bytes" {
	(
		umask 077
		copy_collection "$BATS_TEST_TMPDIR/a longer path than that/of the first build"
		printf '%%__spec_check_pre exit 0\n' >>repo-config/targets/trixie/macros
		TZ=Asia/Kathmandu LC_ALL=C LANG=tr_TR.UTF-8 SOURCE_DATE_EPOCH=1 "$KILN" build --collection epoxy --target trixie \
			>"$BATS_TEST_TMPDIR/second" 2>"$BATS_TEST_TMPDIR/talk" || { cat "$BATS_TEST_TMPDIR/talk" >&2; exit 1; }
	)
	[ "$(wc -l <"$BATS_TEST_TMPDIR/second")" -eq "$(ls -d specs/epoxy/*/ | wc -l)" ]
	while read -r directory; do
		for file in "$directory"/*.rpm; do
			first=$(printf '%s\n' "${packages[@]}" | grep "/$(basename "$file")\$")
			cmp -s "$first" "$file" && continue
			differs="$differs $(basename "$file")"
			explain "$first" "$file" >&2 || true
		done
	done <"$BATS_TEST_TMPDIR/second"
	[ -z "$differs" ] || fail "not the same bytes:$differs"
}

@test "rpmlint finds nothing that is not filtered with a reason" {
	"$top/tests/packages/lint" "$project"/.kiln/builds/*/
}

@test "licences are SPDX expressions, and their texts are in the packages" {
	base=$("$KILN" base import 2>/dev/null)
	(cd "$BATS_TEST_TMPDIR" && rpm2cpio "$base"/Packages/*/python3-packaging-[0-9]*.rpm | cpio -idm --quiet)
	PYTHONPATH=$BATS_TEST_TMPDIR/usr/lib/python3/dist-packages python3 "$top/tests/packages/licences" "${packages[@]}"
}

@test "fonts and JavaScript of others are declared" {
	"$top/tests/packages/bundled" $(printf '%s\n' "${packages[@]}" | grep -v '\.src\.rpm$')
}
