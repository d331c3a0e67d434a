# SPDX-License-Identifier: GPL-2.0-or-later
# What the suites of collection diablo share: the collection released for el6 against the stand-in base, from stand-in
# tarballs, and roots that have its packages. Load common and standin before.

# A copy of the project's own collection in $1, on the stand-in base, its stand-in tarballs beside it, not locked yet.
# That becomes the working directory and $project.
copy_diablo() {
	project=$1
	mkdir -p "$project/tests/smoke"
	cp -a "$top/specs" "$top/patches" "$top/repo-config" "$project/"
	cp -a "$top/tests/smoke/common" "$top/tests/smoke/diablo" "$project/tests/smoke/"
	rm -rf "$project/specs/epoxy" "$project/patches/epoxy"
	cd "$project"
	grep -q '^\[collection diablo\]' repo-config/kiln.conf ||
		printf '\n[collection diablo]\ntargets = el6\n' >>repo-config/kiln.conf
	sed -i '/^\[collection epoxy\]/,/^$/d' repo-config/kiln.conf
	make_standin
	use_standin "$project"
	"$top/tests/fixtures/diablo/make-sources" "$project.tarballs"
	deliver_from "$project.tarballs"
}

# The upstream sources, which have no digest, are fetched from files of their names in directory $1.
deliver_from() {
	local lock
	for lock in $(unlocked); do
		sed -i -E "/^\[(.*)\]/{s//[\1]/;h};/^origins *= *https?:/{x;G;s|^\[(.*)\]\norigins *=.*|origins = file://$1/\1;|}" "$lock"
	done
}

unlocked() { grep -lx 'sha256 = unlocked' specs/diablo/*/sources; }

# Locks what lies beside the project, as somebody with upstream's tarballs would: `kiln fetch --lock` would ask
# upstream's hosts as well.
lock_diablo() {
	local lock file
	for lock in $(unlocked); do
		file=$(sed -n 's|^origins = file://\(.*\);$|\1|p' "$lock")
		sed -i "s/^sha256 = unlocked$/sha256 = $(sha256sum <"$file" | cut -d' ' -f1)\nsize = $(stat -c %s "$file")/" "$lock"
	done
}

# The collection, released once for all suites of a run: $project; $built, a repository of its packages before they are
# signed; $next, one of the next release of each, which is built only. What was said is in $project.talk.
build_diablo() {
	local shared=${KILN_TEST_SHARED:-$BATS_RUN_TMPDIR} status
	export KILN_KEYS=$shared/diablo.keys
	mkdir -p "$shared"
	exec {diablo_lock}>"$shared/diablo.lock"
	flock "$diablo_lock"
	if [ ! -e "$shared/diablo.status" ]; then
		rm -rf "$shared/diablo"
		copy_diablo "$shared/diablo"
		status=0
		{ lock_diablo && "$KILN" release diablo --target el6 && keep_built built && build_next; } >"$project.output" 2>"$project.talk" || status=$?
		echo "$status" >"$shared/diablo.status"
		[ "$status" -eq 0 ] || cat "$project.talk" >&2
	fi
	exec {diablo_lock}>&-
	project=$shared/diablo
	built=$project.built next=$project.next
	cd "$project"
	make_standin
	return "$(cat "$shared/diablo.status")"
}

# Adds to each Release, and runs no %check, as nothing that it tests is different.
build_next() {
	sed -i -E 's/^(Release: *)([0-9]+)%/\1\2.1%/' specs/diablo/*/*.spec
	echo '%__spec_check_pre exit 0' >>repo-config/targets/el6/macros
	"$KILN" build --collection diablo --target el6 && keep_built next
}

# keep_built built|next: what was built last, as a repository beside the project.
keep_built() {
	local result
	mkdir -p "$project.$1"
	for result in .kiln/builds/*/; do
		[ "$1" = built ] || compgen -G "$result*.1.el6.*rpm" >/dev/null || continue
		cp "$result"*.rpm "$project.$1/"
	done
	mkdir "$project.$1.sources" && mv "$project.$1"/*.src.rpm "$project.$1.sources/" && createrepo_c -q "$project.$1"
}

# The repositories of target el6, as options for dnf.
base_repositories() {
	awk '/^\[/ { id = substr($0, 2, length($0) - 2) }
		/^baseurl *=/ { sub(/^baseurl *= */, ""); gsub(/\$basearch/, "x86_64"); gsub(/\$releasever/, "6")
			print "--repofrompath=" id "," $1 }' repo-config/targets/el6/base.repo
}

# dnf_in ROOT ARGUMENT…: the stand-in's repositories and the collection just built; more with EXTRA="NAME=DIRECTORY…".
dnf_in() {
	local root=$1 extra repositories=()
	shift
	for extra in ${EXTRA:-}; do
		repositories+=(--repofrompath="${extra%%=*},file://${extra#*=}")
	done
	mkdir -p "$root" "$BATS_FILE_TMPDIR/home"
	echo '%_dbpath /var/lib/rpm' >"$BATS_FILE_TMPDIR/home/.rpmmacros"
	HOME=$BATS_FILE_TMPDIR/home dnf -y --installroot="$root" --releasever=6 --disablerepo='*' --nogpgcheck \
		$(base_repositories) --repofrompath="diablo,file://$built" "${repositories[@]}" \
		--setopt=cachedir="$BATS_FILE_TMPDIR/dnf" --setopt=reposdir="$BATS_FILE_TMPDIR/none" \
		--setopt=install_weak_deps=False --setopt=metadata_expire=0 "$@"
}

# in_root ROOT COMMAND…: as root in a host of its own: processes, network (loopback is up), /proc, /dev. What it changes
# the next commands of the same test see, ROOT itself stays as it is. Nothing that runs there survives the command, so a
# test of a service is one command.
in_root() {
	local root=$1 changes=$BATS_TEST_TMPDIR/changes
	shift
	mkdir -p "$changes/upper" "$changes/work" "$changes/root"
	unshare --mount --pid --net --ipc --uts --fork --kill-child --mount-proc sh -c '
		changes=$1
		mount -t overlay -o "lowerdir=$0,upperdir=$changes/upper,workdir=$changes/work" root "$changes/root" || exit 125
		shift
		cd "$changes/root"
		ip link set lo up
		mkdir -p proc dev
		mount -t proc proc proc && mount -t tmpfs -o mode=0755 dev dev || exit 125
		for node in null zero full random urandom tty; do
			touch "dev/$node" && mount --bind "/dev/$node" "dev/$node" || exit 125
		done
		mkdir dev/shm
		ln -s /proc/self/fd dev/fd
		exec env -i PATH=/sbin:/usr/sbin:/bin:/usr/bin HOME=/root LANG=C TERM=dumb \
			chroot . "$@"' "$root" "$changes" "$@"
}
