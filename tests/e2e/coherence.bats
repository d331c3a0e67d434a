# SPDX-License-Identifier: GPL-2.0-or-later
# Parts of different OpenStack releases cannot be on one host, and a host moves from one to the next at once. The
# packages of this release are the published ones; those of others are made from their relations, as the next
# version of the same spec would have them. The client is dnf, on the real base.

load common

this=2025.1 previous=2024.2 next=2025.2

setup_file() {
	release_collection
	work=$BATS_FILE_TMPDIR
	mkdir -p "$work/home" "$work/root"
	echo '%_dbpath /var/lib/rpm' >"$work/home/.rpmmacros"
	base=$("$KILN" base import --target trixie 2>/dev/null)
	echo "$base" >"$work/base"
	published=$project/.kiln/www/epoxy/trixie/stable/current
	service_packages >"$work/packages"
	make_next_release
	dnf_in "$work/root" install base-files $(names) kiln-epoxy-release >"$work/install.log" 2>&1 || {
		cat "$work/install.log" >&2
		return 1
	}
}

setup() {
	release_collection
	work=$BATS_FILE_TMPDIR
	base=$(cat "$work/base")
	published=$project/.kiln/www/epoxy/trixie/stable/current
}

# The published binary packages of OpenStack's services.
service_packages() {
	local file
	for file in "$published"/Packages/*.rpm; do
		case $(query "$file" '%{SOURCERPM}') in
		openstack-*) echo "$file" ;;
		esac
	done
}

query() { rpm -qp --nosignature --qf "$2" "$1"; }

names() {
	local file
	while read -r file; do
		query "$file" '%{NAME}\n'
	done <"$work/packages"
}

# dnf_in ROOT ARGUMENT…: base, published tree and, below $work, a directory for each name in $EXTRA.
dnf_in() {
	local root=$1 extra repositories=()
	shift
	for extra in ${EXTRA:-}; do
		repositories+=(--repofrompath="$extra,file://$work/$extra")
	done
	HOME=$work/home dnf -y --installroot="$root" --releasever=13 --disablerepo='*' --nogpgcheck \
		--repofrompath="base,file://$base" --repofrompath="epoxy,file://$published" "${repositories[@]}" \
		--setopt=cachedir="$work/cache" --setopt=reposdir="$work/none" --setopt=install_weak_deps=False \
		--setopt=metadata_expire=0 "$@"
}

# refused TEXT ARGUMENTS…: dnf says why it will not, and the reason has TEXT.
refused() {
	local text=$1
	shift
	set +e
	output=$(dnf_in "$@" 2>&1)
	status=$?
	set -e
	[ "$status" -ne 0 ] || fail "dnf $*: not refused"
	case $output in *Problem*"$text"*) ;; *) fail "dnf $*: refused, but not for: $text" ;; esac
}

# make_package DIRECTORY NAME VERSION RELEASE <RELATIONS: builds a package that has nothing but these.
make_package() {
	local spec=$BATS_FILE_TMPDIR/$2.spec
	{
		printf 'Name: %s\nVersion: %s\nRelease: %s\nSummary: made\nLicense: GPL-2.0-or-later\n' "$2" "$3" "$4"
		printf 'BuildArch: noarch\nAutoReqProv: no\n'
		cat
		printf '%%description\nmade\n%%files\n'
	} >"$spec"
	rpmbuild -bb --quiet --define "_topdir $BATS_FILE_TMPDIR/rpmbuild" --define "_rpmdir $1" \
		--define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.rpm' "$spec"
}

# derive DIRECTORY RPM VERSION RELEASE SERIES: the package with all its relations, moved to these.
derive() {
	local old name
	old=$(query "$2" '%{VERSION}-%{RELEASE}')
	name=$(query "$2" '%{NAME}')
	query "$2" '[Requires: %{REQUIRENEVRS}\n][Provides: %{PROVIDENEVRS}\n][Conflicts: %{CONFLICTNEVRS}\n][Obsoletes: %{OBSOLETENEVRS}\n]' |
		grep -v 'rpmlib(\|: (none)\|^[A-Za-z]*: *$' |
		grep -vxF "Provides: $name = $old" |
		sed -e "s/ = ${old//./\\.}\$/ = $3-$4/" \
			-e "s/\(openstack-series [<>=]*\) ${this//./\\.}\$/\1 $5/" \
			-e "s/\(dist(\(keystone\|nova\)) =\) .*/\1 ${3%%.*}/" |
		make_package "$1" "$name" "$3" "$4"
}

# The version of the next release: OpenStack's services count their major versions.
next_version() {
	local version
	version=$(query "$1" '%{VERSION}')
	echo $((${version%%.*} + 1)).0.0
}

make_next_release() {
	local file
	mkdir -p "$work/next" "$work/rebuilt"
	while read -r file; do
		derive "$work/next" "$file" "$(next_version "$file")" 1.kt13 $next
		derive "$work/rebuilt" "$file" "$(query "$file" '%{VERSION}')" 99.kt13 $this
	done <"$work/packages"
	createrepo_c -q "$work/next"
}

# offer NAME…: $part is a new repository that has of the next release these packages only.
offer() {
	local name
	part=$(basename "$(mktemp -d "$work/part-XXXXXX")")
	for name; do
		cp "$work/next/$name"-[0-9]*.rpm "$work/$part/"
	done
	createrepo_c -q "$work/$part"
}

versions() { HOME=$work/home rpm --root "$work/root" -q $(names) | sort; }

@test "each package of a service names its release, and goes with that one only" {
	[ "$(wc -l <"$work/packages")" -ge 3 ]
	while read -r file; do
		name=$(query "$file" '%{NAME}')
		query "$file" '[%{PROVIDENEVRS}\n]' | grep -qx "openstack-series = $this" || fail "$name: no series"
		for relation in "< $this" "> $this"; do
			query "$file" '[%{CONFLICTNEVRS}\n]' | grep -qx "openstack-series $relation" ||
				fail "$name: no conflict with openstack-series $relation"
		done
	done <"$work/packages"
}

@test "packages of one service require each other as they were built together" {
	sources=$(while read -r file; do query "$file" '%{SOURCERPM} %{NAME} %{VERSION}-%{RELEASE}\n'; done <"$work/packages")
	while read -r file; do
		source=$(query "$file" '%{SOURCERPM}')
		while read -r name evr; do
			query "$file" '[%{REQUIRENEVRS}\n]' | grep "^$name " >"$BATS_TEST_TMPDIR/relation" || continue
			grep -qx "$name = $evr" "$BATS_TEST_TMPDIR/relation" || fail "$file: $(cat "$BATS_TEST_TMPDIR/relation")"
			echo x >>"$BATS_TEST_TMPDIR/seen"
		done < <(sed -n "s/^$source //p" <<<"$sources")
	done <"$work/packages"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/seen")" -ge 2 ]
}

# By the relations of this release's packages alone: the others only say what they are.
@test "dnf installs no package of this release beside one of another" {
	for series in $previous $this $next; do
		make_package "$work" stranger-$series 1 1 <<<"Provides: openstack-series = $series"
	done
	for name in $(names); do
		refused "$name" "$BATS_TEST_TMPDIR/root" --assumeno install "$name" "$work/stranger-$previous-1-1.rpm"
		expect_output 'openstack-series < '
		refused "$name" "$BATS_TEST_TMPDIR/root" --assumeno install "$name" "$work/stranger-$next-1-1.rpm"
		expect_output 'openstack-series > '
	done
	# it is the series that they are refused for
	output=$(dnf_in "$BATS_TEST_TMPDIR/root" --assumeno install $(names) "$work/stranger-$this-1-1.rpm" 2>&1) || true
	expect_output 'Operation aborted.'
}

@test "dnf installs no packages of one service that were not built together" {
	before=$(versions)
	for name in $(names); do
		[ "$(query "$(grep "/$name-[0-9]" "$work/packages")" '[%{REQUIRENEVRS}\n]' | grep -c '^\(python3\|openstack\)-[a-z-]* = ')" -gt 0 ] ||
			continue
		refused "99.kt13" "$work/root" install "$work/rebuilt/$name"-[0-9]*.rpm
		checked=yes
	done
	[ "$checked" = yes ]
	[ "$(versions)" = "$before" ]
}

@test "dnf adds no part of the next release to a host of this one, and says why" {
	before=$(versions)
	for name in $(names); do
		offer "$name"
		new=$(query "$work/$part/$name"-[0-9]*.rpm '%{NAME}-%{VERSION}-%{RELEASE}')
		EXTRA=$part refused "$new" "$work/root" install "$new"
		case $output in *'openstack-series'* | *"= ${new#"$name"-} needed by"* | *"requires $name = "*) ;;
		*) fail "$name: refused without naming the release" ;; esac
	done
	[ "$(versions)" = "$before" ]
}

@test "no service moves to the next release while another stays" {
	before=$(versions)
	services=$(while read -r file; do query "$file" '%{SOURCERPM}\n'; done <"$work/packages" | sort -u)
	[ "$(wc -l <<<"$services")" -ge 2 ]
	for service in $services; do
		mapfile -t parts < <(while read -r file; do query "$file" '%{SOURCERPM} %{NAME}\n'; done <"$work/packages" |
			sed -n "s/^$service //p")
		offer "${parts[@]}"
		EXTRA=$part refused 'openstack-series' "$work/root" install "$work/$part"/*.rpm
		# an update leaves everything as it is
		EXTRA=$part dnf_in "$work/root" upgrade "${parts[@]}" >"$BATS_TEST_TMPDIR/upgrade.log" 2>&1 || true
		[ "$(versions)" = "$before" ] || fail "$service moved alone: $(versions)"
	done
}

@test "a host moves to the next release as a whole, in one transaction" {
	before=$(HOME=$work/home rpm --root "$work/root" -qa --qf '%{INSTALLTID}\n' | sort -u | wc -l)
	first=$(names | head -n 1)
	EXTRA=next dnf_in "$work/root" upgrade "$first" >"$BATS_TEST_TMPDIR/upgrade.log" 2>&1 || {
		cat "$BATS_TEST_TMPDIR/upgrade.log" >&2
		return 1
	}
	for name in $(names); do
		HOME=$work/home rpm --root "$work/root" -q --provides "$name" | grep -qx "openstack-series = $next" ||
			fail "$name stayed behind"
	done
	[ "$(HOME=$work/home rpm --root "$work/root" -q --qf '%{INSTALLTID}\n' $(names) | sort -u | wc -l)" -eq 1 ]
}

@test "a host follows one collection, and changes it by dnf swap" {
	file=$(ls "$published"/Packages/kiln-epoxy-release-*.rpm)
	query "$file" '[Provides: %{PROVIDENEVRS}\n][Conflicts: %{CONFLICTNEVRS}\n]' | grep kiln-collection-release |
		sed "s/$this/$next/" | make_package "$work" kiln-next-release $next 1
	refused 'kiln-collection-release' "$work/root" install "$work/kiln-next-release-$next-1.rpm"
	dnf_in "$work/root" swap kiln-epoxy-release "$work/kiln-next-release-$next-1.rpm" >"$BATS_TEST_TMPDIR/swap.log" 2>&1 || {
		cat "$BATS_TEST_TMPDIR/swap.log" >&2
		return 1
	}
	[ ! -e "$work/root/etc/yum.repos.d/kiln-epoxy.repo" ]
	[ ! -e "$work/root/etc/pki/rpm-gpg/RPM-GPG-KEY-kiln-epoxy" ]
}
