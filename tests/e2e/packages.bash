# SPDX-License-Identifier: GPL-2.0-or-later
# A collection made of small noarch packages, each of a few lines.

# A project without packages, with one signing key for all tests of a file.
make_empty_project() {
	make_project
	rm -r specs/demo/* patches/demo tests/smoke
	export KILN_KEYS=$BATS_FILE_TMPDIR/keys
}

# package NAME [LINE…]: a noarch package that contains one file; further lines go into the preamble.
package() {
	local name=$1
	shift
	mkdir -p "specs/demo/$name"
	{
		printf 'Name: %s\nVersion: 1.0\nRelease: 1%%{?dist}\nSummary: made\nLicense: MIT\nBuildArch: noarch\n' "$name"
		for line; do printf '%s\n' "$line"; done
		cat <<-END
			%description
			made
			%build
			$build
			%install
			mkdir -p %{buildroot}/usr/share/%{name}
			echo content >%{buildroot}/usr/share/%{name}/file
			$install
			%files
			/usr/share/%{name}
			%changelog
			* Sat Nov 21 2026 Kiln packagers <packagers@kiln.example> - 1.0-1
			- Made
		END
	} >"specs/demo/$name/$name.spec"
}

# For $install: a .pc file, of which rpm makes "pkgconfig(NAME) = VERSION" and what REQUIRES says.
# pkgconfig NAME VERSION [REQUIRES]
pkgconfig() {
	echo "mkdir -p %{buildroot}/usr/share/pkgconfig; printf 'Name: $1\\nDescription: x\\nVersion: %s\\n%s\\n' \"$2\" \"${3:+Requires: $3}\" >%{buildroot}/usr/share/pkgconfig/$1.pc"
}

# The package NAME with a .pc file of its own as well: provider NAME PC VERSION [REQUIRES] -- [LINE…]
provider() {
	local name=$1 pc=$2 version=$3 requires=
	shift 3
	if [ "$1" != -- ]; then requires=$1; shift; fi
	shift
	install="$install${install:+; }$(pkgconfig "$pc" "$version" "$requires")" package "$name" "$@"
	sed -i 's|^/usr/share/%{name}$|&\n/usr/share/pkgconfig|' "specs/demo/$name/$name.spec"
}

# The build itself asks for REQUIREMENT: asks NAME REQUIREMENT [LINE…]
asks() {
	local name=$1 requirement=$2
	shift 2
	package "$name" "$@"
	sed -i "s/^%build/%generate_buildrequires\necho '$requirement'\n%build/" "specs/demo/$name/$name.spec"
}

built() { grep -c '^build  .* (rpmbuild' <<<"$talk" || true; }
