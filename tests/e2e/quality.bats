# SPDX-License-Identifier: GPL-2.0-or-later
# What holds of everything that the project's own collection builds.

load common

setup() {
	release_collection
	mapfile -t packages < <(ls "$project"/.kiln/builds/*/*.rpm)
}

# Every package of the collection. The tests of %check are not run again: had they any part in the bytes, that would
# show, too.
@test "built again, elsewhere, later, by another account's settings: the same bytes" {
	elsewhere="$BATS_TEST_TMPDIR/a longer path than that/of the first build"
	mkdir -p "$elsewhere"
	cp -a "$project/." "$elsewhere/"
	(
		umask 077
		cd "$elsewhere"
		TZ=Asia/Kathmandu LC_ALL=C LANG=tr_TR.UTF-8 SOURCE_DATE_EPOCH=1 "$KILN" verify --no-check \
			--collection epoxy --target trixie 2>"$BATS_TEST_TMPDIR/talk" >"$BATS_TEST_TMPDIR/verdict"
	) || fail "$(cat "$BATS_TEST_TMPDIR/verdict")" "$(tail -n 5 "$BATS_TEST_TMPDIR/talk")"
	ls specs/epoxy | sed 's/$/: the same bytes/' | sort | diff - <(sed 's/ (packages: [1-9][0-9]*)$//' "$BATS_TEST_TMPDIR/verdict" | sort)
}

@test "rpmlint finds nothing that is not filtered with a reason" {
	"$top/tests/packages/lint" "$project"/.kiln/builds/*/
}

@test "licences are SPDX expressions, and their texts are in the packages" {
	base=$("$KILN" base import --target trixie 2>/dev/null)
	(cd "$BATS_TEST_TMPDIR" && rpm2cpio "$base"/Packages/*/python3-packaging-[0-9]*.rpm | cpio -idm --quiet)
	PYTHONPATH=$BATS_TEST_TMPDIR/usr/lib/python3/dist-packages python3 "$top/tests/packages/licences" "${packages[@]}"
}

@test "fonts and JavaScript of others are declared" {
	"$top/tests/packages/bundled" $(printf '%s\n' "${packages[@]}" | grep -v '\.src\.rpm$')
}
