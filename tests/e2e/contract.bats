# SPDX-License-Identifier: GPL-2.0-or-later
# Contracts: what each target's clients cannot read is refused, by the package, the rule, what the client would do and
# the next step; and what differs from it in that one point passes.

load common
load packages
load standin

# ── packages, keys and repositories made by the tools of others ──

# A key in $GNUPGHOME: make_key NAME ALGORITHM [EXPIRY]
make_key() {
	gpg --batch --quiet --passphrase '' --quick-gen-key "$1 <$1@example.org>" "$2" sign "${3:-0}" 2>/dev/null
	gpg --armor --export "$1" >"$files/$1.key"
}

# An unsigned package $files/NAME.rpm of spec lines from stdin: package_of NAME [MACRO…]
package_of() {
	local name=$1 macro arguments=()
	shift
	for macro; do arguments+=(-D "$macro"); done
	{
		echo "Name: $name"
		echo 'Summary: A package'
		echo 'License: MIT'
		echo 'BuildArch: noarch'
		cat
	} >"$files/$name.spec"
	grep -q '^Version' "$files/$name.spec" || sed -i '1a Version: 1\nRelease: 1' "$files/$name.spec"
	grep -q '^%description' "$files/$name.spec" || printf '%%description\nA package.\n' >>"$files/$name.spec"
	printf '%s\n' '%install' "mkdir -p %{buildroot}/usr/share/$name" "echo $name >%{buildroot}/usr/share/$name/data" \
		'%files' "/usr/share/$name" >>"$files/$name.spec"
	rpmbuild -bb --quiet -D "_topdir $files/top" -D "_rpmdir $files" -D '_build_name_fmt %%{NAME}.rpm' \
		-D '_binary_payload w9.gzdio' -D '_binary_filedigest_algorithm 8' -D '_build_id_links none' \
		"${arguments[@]}" "$files/$name.spec" >"$files/$name.log" 2>&1 || { cat "$files/$name.log" >&2; return 1; }
}

# sign NAME KEY [ARGUMENT…]: header and payload by --rpmv3
sign() {
	local name=$1 key=$2
	shift 2
	rpmsign -D '__gpg /usr/bin/gpg' -D "_gpg_name $key" "$@" --addsign "$files/$name.rpm" >"$files/$name.log" 2>&1 ||
		{ cat "$files/$name.log" >&2; return 1; }
}

# The package NAME with these lines, signed as it should be.
signed() {
	package_of "$@"
	sign "$1" maker --rpmv3
}

# A copy of the unsigned package to be signed otherwise: variant NAME
variant() { cp "$files/plain.rpm" "$files/$1.rpm"; }

# A repository of the good package, XML in gz: repository NAME [ARGUMENT of createrepo_c…]
repository() {
	local directory=$files/$1
	shift
	[ $# -gt 0 ] || set -- --no-database
	mkdir -p "$directory/Packages"
	cp "$files/good.rpm" "$directory/Packages/"
	createrepo_c --quiet "$@" "$directory"
	sign_index "$directory" maker
}

# sign_index DIRECTORY KEY [ARGUMENT…]
sign_index() {
	local index=$1/repodata/repomd.xml key=$2
	shift 2
	rm -f "$index.asc"
	gpg --batch --quiet --armor --digest-algo SHA256 --local-user "$key" "$@" --detach-sign "$index"
}

# Another file in the place of one that the index names, which is changed to fit: replace_file DIRECTORY TYPE FILE
replace_file() {
	python3 - "$@" <<-'END'
		import hashlib, os, re, sys
		directory, kind, new = sys.argv[1:]
		index = directory + "/repodata/repomd.xml"
		text = open(index).read()
		data = open(new, "rb").read()
		def change(match):
		    block = match.group(0)
		    block = re.sub(r'href="[^"]*"', 'href="repodata/%s"' % os.path.basename(new), block)
		    block = re.sub(r'(<checksum type=")[^"]*(">)[0-9a-f]*', r'\g<1>sha256\g<2>' + hashlib.sha256(data).hexdigest(), block)
		    return re.sub(r'<size>\d+', '<size>%d' % len(data), block)
		open(index, "w").write(re.sub(r'<data type="%s">.*?</data>' % kind, change, text, flags=re.S))
	END
}

# The file of that kind as the index names it: file_of DIRECTORY TYPE
file_of() {
	python3 -c 'import re, sys
print(sys.argv[1] + "/" + re.search(r"<data type=\"%s\">.*?href=\"([^\"]*)\"" % sys.argv[2], open(sys.argv[1] + "/repodata/repomd.xml").read(), re.S).group(1))' "$@"
}

# Compresses the XML of each kind by PROGRAM: recompress DIRECTORY PROGRAM SUFFIX
recompress() {
	local kind file
	for kind in primary filelists other; do
		file=$(file_of "$1" "$kind")
		gzip -dc "$file" | $2 >"${file%.gz}$3"
		replace_file "$1" "$kind" "${file%.gz}$3"
		rm "$file"
	done
	sign_index "$1" maker
}

setup_file() {
	export files=$BATS_FILE_TMPDIR/files GNUPGHOME=$BATS_FILE_TMPDIR/gpg LC_ALL=C.UTF-8
	unset KILN_DATA
	mkdir -p "$files"
	mkdir -p -m 700 "$GNUPGHOME"
	make_key maker rsa2048
	make_key second rsa2048
	make_key ed25519 ed25519
	package_of plain </dev/null
	signed good </dev/null
	signed zstd '_binary_payload w3.zstdio' </dev/null
	signed rich <<<'Requires: (a or b)'
	cp "$files/plain.rpm" "$files/header.rpm"
	sign header maker
	repository gz --no-database
}

setup() { cd "$files"; }

teardown_file() {
	gpgconf --kill gpg-agent
}

# accepted CONTRACT PATH
accepted() {
	try check --contract "$@"
	[ "$status" -eq 0 ] || fail "contract $1 refuses $2"
}

# refused CONTRACT PATH RULE TEXT…: with that rule, and each text in what is told of it
refused() {
	local contract=$1 path=$2 rule=$3 text
	shift 3
	try check --contract "$contract" "$path"
	[ "$status" -eq 6 ] || fail "contract $contract does not refuse $path"
	expect_output "contract, $rule"
	for text; do expect_output "$text"; done
	# Whose host would do what, and what to do.
	grep -q '^    so: .* with rpm ' <<<"$output" || fail 'no consequence'
	grep -q '^    do: ' <<<"$output" || fail 'no fix'
}

# only RULE…: no other rule is broken
only() {
	local rules
	rules=$(grep -o '^  contract, .*' <<<"$output" | sed 's/.*, //' | sort -u | tr '\n' ' ')
	[ "$rules" = "$(printf '%s\n' "$@" | sort -u | tr '\n' ' ')" ] || fail "rules: $rules"
}

@test "payload: zstd is refused on el6 and el7; gzip, xz, bzip2, lzma and none are not" {
	local contract payload
	for contract in el6 el7; do
		refused $contract zstd.rpm payload 'zstd-1-1.noarch: its payload is compressed by zstd' \
			'PayloadIsZstd' '_binary_payload w9.gzdio'
		only payload
	done
	for payload in xz bz lz uf; do
		signed "p$payload" "_binary_payload w6.${payload}dio" </dev/null
		accepted el6 "p$payload.rpm"
	done
	for contract in el6 el7 el8 el9 fedora; do accepted $contract good.rpm; done
	for contract in el8 el9 fedora; do accepted $contract zstd.rpm; done
}

@test "dependencies: a rich one is refused on el6, also a weak one; a plain one is not" {
	refused el6 rich.rpm dependencies '"Requires: (a or b)" is a rich dependency' 'write plain dependencies'
	only dependencies
	signed weakrich <<<'Recommends: (a if b)'
	refused el6 weakrich.rpm dependencies '"Recommends: (a if b)" is a rich dependency' 'even for a weak one'
	signed plaindep <<<'Requires: a >= 1:2-3'
	accepted el6 plaindep.rpm
	refused el7 rich.rpm dependencies
	accepted el8 rich.rpm
}

@test "dependencies: a weak one is a warning on el6, which ignores it, and none on el8" {
	signed weak <<<'Recommends: a'
	accepted el6 weak.rpm
	expect_output '"Recommends: a" is a weak dependency'
	expect_output 'ignores the weak dependency'
	accepted el8 weak.rpm
	! grep -q 'weak dependency' <<<"$output" || fail 'told on el8'
}

@test "versions: tilde and caret are refused on el6, in dependencies too; el7 takes the tilde" {
	signed tilde <<-'END'
		Version: 1~rc1
		Release: 1
	END
	refused el6 tilde.rpm versions 'its version "1~rc1-1" has a "~"' 'Release 0.1.rc1'
	only versions
	signed caret <<-'END'
		Version: 1^git1
		Release: 1
	END
	refused el6 caret.rpm versions 'has a "^"'
	refused el7 caret.rpm versions 'has a "^"'
	accepted el7 tilde.rpm
	signed deptilde <<<'Requires: a >= 2~rc1'
	refused el6 deptilde.rpm versions '"Requires: a >= 2~rc1" has a "~" in its version'
	signed dottilde <<-'END'
		Version: 1
		Release: 0.1.rc1
	END
	accepted el6 dottilde.rpm
}

@test "rpmlib features, scriptlets and triggers: what rpm 4.8 lacks is refused or told, Lua is not" {
	signed expand <<-'END'
		%description
		x
		%post -e
		echo %{name}
	END
	refused el6 expand.rpm rpmlib 'rpmlib(ScriptletExpansion)' 'leave out "-e"'
	accepted el7 expand.rpm
	signed emptylua <<-'END'
		%description
		x
		%post -p <lua>
	END
	refused el6 emptylua.rpm scriptlets 'its %post is an empty script for "<lua>"' 'crashes'
	signed lua <<-'END'
		%description
		x
		%post -p <lua>
		return
		%pre
		:
	END
	accepted el6 lua.rpm
	signed filetrigger <<-'END'
		%description
		x
		%filetriggerin -- /usr/lib
		:
	END
	accepted el6 filetrigger.rpm
	expect_output 'it has a %filetrigger'
	expect_output 'never runs the trigger'
	signed sha512 '_binary_filedigest_algorithm 10' </dev/null
	accepted el6 sha512.rpm
	signed sha384 '_binary_filedigest_algorithm 9' </dev/null
	refused el6 sha384.rpm file-digests 'are sha384'
}

@test "package signatures: unsigned, header-only, ed25519 and sha224 are refused on el6; header and payload by RSA is not" {
	refused el6 plain.rpm package-signature 'it is not signed' 'kiln release'
	refused el6 header.rpm signature-coverage 'signed over its header only' 'before %pre has run' '--rpmv3'
	only signature-coverage
	accepted el8 header.rpm
	variant ed
	sign ed ed25519 --rpmv3
	refused el6 ed.rpm package-signature 'EdDSA'
	refused el9 ed.rpm package-signature 'EdDSA'
	accepted fedora ed.rpm
	variant sha224
	sign sha224 maker -D '_gpg_digest_algo sha224' --rpmv3
	refused el6 sha224.rpm package-signature 'RSA with SHA224'
	variant sha1
	sign sha1 maker -D '_gpg_digest_algo sha1' --rpmv3
	accepted el6 sha1.rpm
	refused el9 sha1.rpm package-signature 'RSA with SHA1' 'Hash algorithm SHA1 not available'
}

@test "keys: ed25519, DSA of 2048 bits, a signing subkey, an expired key are refused on el6; RSA is not" {
	make_key dsa2048 dsa2048
	make_key dsa1024 dsa1024
	make_key rsa1024 rsa1024
	make_key short rsa2048
	gpg --batch --quiet --passphrase '' --quick-add-key "$(gpg --with-colons --list-keys short | awk -F: '/^fpr/{print $10; exit}')" rsa2048 sign
	gpg --armor --export short >subkey.key
	gpg --batch --quiet --faked-system-time 20200101T000000 --passphrase '' --quick-gen-key 'old <old@example.org>' rsa2048 sign 1y
	gpg --armor --export old >old.key
	refused el6 ed25519.key key 'ed25519' 'stores junk' 'RSA key of 2048 to 4096'
	refused el6 dsa2048.key key 'dsa of 2048 bits'
	refused el6 subkey.key signing-key 'signing subkey' 'kiln key create'
	refused el6 old.key key-state 'expired on 2020-12-3'
	for key in maker rsa1024 dsa1024; do accepted el6 $key.key; done
	refused el9 rsa1024.key key 'rsa of 1024 bits'
	accepted el9 subkey.key
	accepted fedora ed25519.key
}

@test "key files: binary, CRLF, no checksum line, no final line end and two keys are refused, each by itself" {
	gpg --export maker >binary.key
	refused el6 binary.key key-file 'it is binary' 'gpg --export --armor'
	sed 's/$/\r/' maker.key >crlf.key
	refused el6 crlf.key key-file 'CR LF'
	only key-file
	sed '/^=/d' maker.key >nocrc.key
	refused el6 nocrc.key key-file 'no checksum line'
	head -c -1 maker.key >nonewline.key
	refused el6 nonewline.key key-file 'no line end'
	cat maker.key second.key >two.key
	refused el6 two.key key-file 'it holds 2 keys' 'a file of its own'
	gpg --armor --export maker second >twoinone.key
	refused el6 twoinone.key key-file 'it holds 2 keys'
	sed 's/^=..../=AAAA/' maker.key >damaged.key
	try check --contract el6 damaged.key
	expect_status 6
	expect_output 'checksum does not fit'
}

@test "metadata: XML in xz or zstd alone is refused on el6, with a database in gz it is not; gz and plain are not" {
	for contract in el6 el7 el8 el9 fedora; do accepted $contract gz; done
	repository xz
	recompress xz 'xz -c' .xz
	refused el6 xz metadata-compression 'it is compressed by xz' 'traceback' 'primary.xml.xz' 'filelists.xml.xz' 'other.xml.xz'
	only metadata-compression
	accepted el7 xz
	repository zst
	recompress zst 'zstd -qc' .zst
	refused el6 zst metadata-compression 'it is compressed by zstd'
	refused el7 zst metadata-compression 'Start tag expected'
	accepted el8 zst
	repository xzdb --database --compress-type gz
	recompress xzdb 'xz -c' .xz
	accepted el6 xzdb
	repository plainxml
	recompress plainxml cat ''
	accepted el6 plainxml
}

@test "metadata: databases in bz2 or gz are taken on el6, in xz not; one without open-checksum not" {
	repository bzdb --database --compress-type bz2
	accepted el6 bzdb
	repository xzdb2 --database --compress-type xz
	refused el6 xzdb2 database-compression 'primary.sqlite.xz' 'it is compressed by xz'
	accepted el8 xzdb2
	cp -a bzdb noopen
	python3 -c 'import re
p = "noopen/repodata/repomd.xml"
t = open(p).read()
open(p, "w").write(re.sub(r"(<data type=\"primary_db\">.*?)<open-checksum[^\n]*\n", r"\1", t, flags=re.S))'
	sign_index noopen maker
	refused el6 noopen database-checksum '"primary_db" has no <open-checksum>'
	accepted el8 noopen
}

@test "metadata: sha224 and a missing checksum, a record that lacks, a fractional time are refused on el6" {
	cp -a gz sum
	sed -i 's/<checksum type="sha256"/<checksum type="sha224"/' sum/repodata/repomd.xml
	sign_index sum maker
	refused el6 sum metadata-checksum 'a checksum of kind sha224' 'write sha256'
	cp -a gz nosum
	sed -i '0,/<checksum/{/<checksum/d}' nosum/repodata/repomd.xml
	sign_index nosum maker
	refused el6 nosum metadata-checksum 'has no <checksum>' 'traceback'
	repository sha512 --no-database --checksum sha512
	accepted el6 sha512
	cp -a gz noother
	python3 -c 'import re
p = "noother/repodata/repomd.xml"
t = open(p).read()
open(p, "w").write(re.sub(r"\s*<data type=\"other\">.*?</data>", "", t, flags=re.S))'
	sign_index noother maker
	refused el6 noother metadata-records 'it names no other metadata' 'makecache'
	cp -a gz fraction
	sed -i '0,/<timestamp>\([0-9]*\)/s//<timestamp>\1.5/' fraction/repodata/repomd.xml
	sign_index fraction maker
	refused el6 fraction timestamps '.5"' 'whole seconds'
	cp -a gz notime
	sed -i '/<timestamp>/d;/<revision>/d' notime/repodata/repomd.xml
	sign_index notime maker
	accepted el6 notime
}

@test "metadata: a repomd.xml of more than 100 KB is refused on el6 and el7" {
	cp -a gz large
	python3 -c 'p = "large/repodata/repomd.xml"
t = open(p).read()
open(p, "w").write(t.replace("</repomd>", "<!-- %s -->\n</repomd>" % ("x" * 102400)))'
	sign_index large maker
	for contract in el6 el7; do refused $contract large repomd-size 'bytes' '100 KB'; done
	only repomd-size
	accepted el8 large
	cp -a gz almost
	python3 -c 'p = "almost/repodata/repomd.xml"
t = open(p).read()
room = 102400 - len(t) - len("<!--  -->\n")
open(p, "w").write(t.replace("</repomd>", "<!-- %s -->\n</repomd>" % ("x" * room)))'
	[ "$(stat -c %s almost/repodata/repomd.xml)" -eq 102400 ]
	sign_index almost maker
	accepted el6 almost
}

@test "metadata: a missing signature, two signatures, ed25519, a signature that does not fit are refused on el6" {
	cp -a gz unsigned
	rm unsigned/repodata/repomd.xml.asc
	refused el6 unsigned metadata-signature 'repomd.xml.asc: it is not there' 'repo_gpgcheck=1'
	cp -a gz twice
	sign_index twice maker --local-user second
	refused el6 twice metadata-signature-count 'it holds 2 signatures' 'leave one signature'
	only metadata-signature-count
	accepted el8 twice
	cp -a gz edsigned
	sign_index edsigned ed25519
	refused el6 edsigned metadata-signature 'its signature is eddsa with sha'
	accepted fedora edsigned
	cp -a gz tampered
	accepted el6 tampered
	expect_output 'were not verified: there is no RPM-GPG-KEY*'
	cp maker.key tampered/RPM-GPG-KEY-test
	accepted el6 tampered
	! grep -q 'not verified' <<<"$output" || fail 'there is a key'
	sed -i 's/<revision>/<revision>1/' tampered/repodata/repomd.xml
	refused el6 tampered metadata-signature 'it does not fit'
	cp -a gz binaryasc
	gpg --batch --quiet --yes --local-user maker --output binaryasc/repodata/repomd.xml.asc --detach-sign binaryasc/repodata/repomd.xml
	accepted el6 binaryasc
}

@test "a repository: files and packages that are not what the metadata says, and a bad package in it" {
	cp -a gz wrongsize
	sed -i '0,/<size>\([0-9]*\)/s//<size>1\1/' wrongsize/repodata/repomd.xml
	sign_index wrongsize maker
	refused el6 wrongsize metadata-integrity 'repomd.xml says 1'
	cp -a gz changed
	printf x >>changed/Packages/good.rpm
	refused el6 changed metadata-integrity 'Packages/good.rpm' 'the metadata says'
	cp -a gz gone
	rm gone/Packages/good.rpm
	refused el6 gone metadata-integrity 'Packages/good.rpm'
	repository mixed
	cp zstd.rpm rich.rpm header.rpm mixed/Packages/
	createrepo_c --quiet --no-database mixed
	sign_index mixed maker
	refused el6 mixed payload 'zstd-1-1.noarch' 'rich-1-1.noarch' 'plain-1-1.noarch'
	only payload dependencies signature-coverage
}

@test "comps: plain and gz both, for el6" {
	cat >comps.xml <<-'END'
		<?xml version="1.0" encoding="UTF-8"?>
		<comps><group><id>g</id><name>G</name><packagelist><packagereq>good</packagereq></packagelist></group></comps>
	END
	repository comps --no-database --groupfile "$files/comps.xml"
	accepted el6 comps
	cp -a comps nogz
	python3 -c 'import re
p = "nogz/repodata/repomd.xml"
t = open(p).read()
open(p, "w").write(re.sub(r"\s*<data type=\"group_gz\">.*?</data>", "", t, flags=re.S))'
	sign_index nogz maker
	refused el6 nogz comps 'not as the record "group_gz"'
	accepted el8 nogz
}

@test ".repo files: booleans, variables, schemes, a missing key and the key beside it" {
	cp maker.key RPM-GPG-KEY-good
	cp ed25519.key RPM-GPG-KEY-ed
	cat >good.repo <<-'END'
		[good]
		name=Good for $basearch
		baseurl=http://example.org/$releasever/$basearch/
		gpgkey=http://example.org/RPM-GPG-KEY-good
		gpgcheck=1
		repo_gpgcheck=1
		mirrorlist_expire=0
	END
	accepted el6 good.repo
	! grep -q 'repo-options' <<<"$output" || fail 'el6 knows mirrorlist_expire'
	accepted el8 good.repo
	expect_output 'mirrorlist_expire'
	sed 's/^gpgcheck=1/gpgcheck=on/' good.repo >on.repo
	refused el6 on.repo repo-booleans '[good] says "gpgcheck=on"' 'write 1 or 0'
	accepted el8 on.repo
	sed 's/\$releasever/$osver/' good.repo >variable.repo
	refused el6 variable.repo repo-variables '"$osver" in its baseurl'
	sed '/^gpgkey/d' good.repo >nokey.repo
	refused el6 nokey.repo repo-keys 'names no gpgkey'
	sed 's/RPM-GPG-KEY-good/RPM-GPG-KEY-ed/' good.repo >ed.repo
	refused el6 ed.repo key 'RPM-GPG-KEY-ed' 'ed25519'
}

# ── the gate ──

@test "the gate: an el6 compose with a zstd payload, a rich dependency, a tilde and a caret is held back, all told at once" {
	export KILN_KEYS=$BATS_FILE_TMPDIR/keys
	make_el6_project
	package one 'Requires: (bash or sh)' 'Recommends: (a if b)'
	sed -i 's/^Version: 1.0/Version: 1~rc1/' specs/demo/one/one.spec
	package two
	sed -i 's/^Version: 1.0/Version: 1^git1/' specs/demo/two/two.spec
	echo '%_binary_payload w3.zstdio' >>repo-config/targets/el6/macros
	try release
	expect_status 6
	expect_talk 'contract "el6"'
	expect_talk 'Requires: (bash or sh)'
	expect_talk 'Recommends: (a if b)'
	expect_talk 'its payload is compressed by zstd'
	expect_talk 'two-1^git1-1.el6.noarch: its payload is compressed by zstd'
	expect_talk 'its version "1~rc1-1.el6" has a "~"'
	expect_talk 'its version "1^git1-1.el6" has a "^"'
	[ ! -e .kiln/www/demo/el6/stable ] || fail 'the channel moved'
}

@test "the gate: the same compose without them is published, not with an ed25519 key, and kiln check finds nothing" {
	make_el6_project
	package one 'Requires: bash'
	export KILN_KEYS=$BATS_TEST_TMPDIR/edkeys
	mkdir -m 700 "$KILN_KEYS"
	gpg --homedir "$KILN_KEYS" --batch --quiet --passphrase '' --quick-gen-key \
		'Kiln demo packages <kiln-demo@localhost>' ed25519 sign 0 2>/dev/null
	gpgconf --homedir "$KILN_KEYS" --kill gpg-agent
	try release
	expect_status 6
	expect_talk 'it is not RSA of 2048 to 4096 bits'
	[ ! -e .kiln/www/demo/el6/stable ] || fail 'published'
	export KILN_KEYS=$BATS_FILE_TMPDIR/keys
	"$KILN" release
	[ -e .kiln/www/demo/el6/stable/current ]
	for rpm in .kiln/www/demo/el6/stable/current/Packages/*.rpm; do accepted el6 "$rpm"; done
	try check
	expect_status 0
}
