# SPDX-License-Identifier: GPL-2.0-or-later
# Each package of the collection is updated from the release that users have, on a booted host, and removed.

load common

# The published collection, and a next release of every package beside it. What upstream's tests and our smoke
# tests say was heard for the release before; here only the way from one to the other counts.
@test "every package is updated from the published release and removed, under systemd" {
	local package packages=()
	release_collection
	cp -a "$project" "$BATS_TEST_TMPDIR/next"
	project=$BATS_TEST_TMPDIR/next
	cd "$project"
	rm -f tests/smoke/epoxy/*/test tests/smoke/epoxy/*/requires
	echo '%__spec_check_pre exit 0' >>repo-config/targets/trixie/macros
	for package in specs/epoxy/*/; do
		package=$(basename "$package")
		packages+=("$package")
		sed -i -E 's/^(Release: *)([0-9]+)%/\1\2.1%/' "specs/epoxy/$package/$package.spec"
	done
	try release epoxy --target trixie
	expect_status 0
	for package in "${packages[@]}"; do
		expect_talk "$package: install, upgrade, remove on a booted host, "
		grep -q '^smoke-host: dnf upgrade$' ".kiln/smoke/trixie/$package/host.log"
		! grep '^not ok' ".kiln/smoke/trixie/$package/host.log" || fail 'a check failed'
	done
	for package in openstack-keystone openstack-nova scsi-target-utils; do
		grep -q '^ok .*restart' ".kiln/smoke/trixie/$package/host.log" || fail "$package: nothing on restarts"
	done
	expect_nothing_left
}
