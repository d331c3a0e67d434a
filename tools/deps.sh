#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what building, running and testing Kiln need: apt on Debian and Ubuntu, dnf on EL and Fedora.
# usage: tools/deps.sh [--if-missing | --list]
set -eu

# Debian package          EL/Fedora package         what for
table='
gcc                       gcc                       build
make                      make                      build
pkg-config                pkgconf-pkg-config        build
libc6-dev                 glibc-devel               build
libglib2.0-dev            glib2-devel               build
libjson-glib-dev          json-glib-devel           build
librpm-dev                rpm-devel                 build
libsolv-dev               libsolv-devel             build
libsolvext-dev            libsolv-devel             build
libcreaterepo-c-dev       createrepo_c-devel        build
libcurl4-openssl-dev      libcurl-devel             build
libxml2-dev               libxml2-devel             build
libsqlite3-dev            sqlite-devel              build
libzck-dev                zchunk-devel              build
libarchive-dev            libarchive-devel          build
libssl-dev                openssl-devel             build
libgpgme-dev              gpgme-devel               build
libseccomp-dev            libseccomp-devel          build
libelf-dev                elfutils-libelf-devel     build
libcap-dev                libcap-devel              build
gnupg                     gnupg2                    run: keys and signatures
rpm                       rpm-sign                  run: package signing
rpm                       rpm-build                 test: packages for tests
ca-certificates           ca-certificates           run: https origins
libcmocka-dev             libcmocka-devel           test: unit tests
bats                      bats                      test: end-to-end tests
rpmlint                   rpmlint                   test: specs and packages
createrepo-c              createrepo_c              test: repositories made by others
cpio                      cpio                      test: files of packages
dnf                       dnf                       test: a client on the host
nginx-light               nginx                     test: the published tree over HTTP
python3                   python3                   test: the fault-injecting HTTP server
python3-setuptools        python3-setuptools        test: programs that ask for versions of modules
clang                     clang                     test: fuzzing
libclang-rt-14-dev        compiler-rt               test: fuzzing
busybox-static            busybox                   test: roots for sandbox tests
curl                      curl                      test: HTTP requests
xz-utils                  xz                        test: repositories in every compression
jq                        jq                        test: answers in JSON
zstd                      zstd                      test: repositories in every compression
zchunk                    zchunk                    test: metadata in pieces
wget                      wget                      test: .repo files are fetched as users do
zypper                    zypper                    test: metadata read by another client
bzip2                     bzip2                     test: repositories in every compression
procps                    procps-ng                 test: which processes are left
libsolv-tools             libsolv-tools             test: dumped solver cases
mandoc                    mandoc                    test: the manual page
nodejs                    nodejs                    test: the page of noVNC for consoles
graphviz                  graphviz                  run: plans drawn as SVG
'

column() { printf '%s\n' "$table" | awk -v n="$1" 'NF { print $n }' | sort -u; }

if command -v apt-get >/dev/null 2>&1; then
	manager=apt packages=$(column 1)
elif command -v dnf >/dev/null 2>&1; then
	manager=dnf packages=$(column 2)
else
	echo 'tools/deps.sh: this machine has neither apt-get nor dnf; install these by other means:' >&2
	column 1 >&2
	exit 10
fi

missing() {
	for package in $packages; do
		case $manager in
		apt) dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package" ;;
		dnf) rpm -q --quiet "$package" || echo "$package" ;;
		esac
	done
}

case ${1:-} in
--list)
	echo "$packages"
	exit 0
	;;
'' | --if-missing) ;;
*)
	echo "usage: $0 [--if-missing | --list]" >&2
	exit 2
	;;
esac

wanted=$(missing)
if [ -z "$wanted" ]; then
	[ "${1:-}" = --if-missing ] || echo 'everything is installed'
	exit 0
fi
echo "installing:" $wanted
if [ "$(id -u)" -ne 0 ]; then
	echo "tools/deps.sh: needs root: run \"sudo make deps\"" >&2
	exit 10
fi
case $manager in
apt)
	export DEBIAN_FRONTEND=noninteractive
	# Lists may be missing or too old to find the packages.
	apt-get -q update
	apt-get -q -y --no-install-recommends install $wanted
	;;
dnf) dnf -y --setopt=install_weak_deps=False install $wanted ;;
esac
