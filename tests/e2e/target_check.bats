# SPDX-License-Identifier: GPL-2.0-or-later
# kiln target list, show and check: what is missing to build for a target, all of it, and what to do next.

load common
load standin

setup_file() {
	make_standin
	# Only what is asked for may reach a network.
	export STANDIN=$standin http_proxy= https_proxy= HTTPS_PROXY= ALL_PROXY= no_proxy='*'
}

setup() {
	standin=$STANDIN
	export KILN_CACHE=$BATS_TEST_TMPDIR/cache
	project=$BATS_TEST_TMPDIR/project
	mkdir -p "$project/repo-config/targets"
	cp "$top/tests/fixtures/project/repo-config/kiln.conf" "$project/repo-config/"
	cd "$project"
	use_standin .
	directory=repo-config/targets/el6
}

teardown() { [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true; }

# What a test changes of the stand-in is its own.
copy_standin() {
	cp -al "$STANDIN" "$BATS_TEST_TMPDIR/stand-in"
	use_standin . "file://$BATS_TEST_TMPDIR/stand-in"
	standin=$BATS_TEST_TMPDIR/stand-in
}

# Serves $standin: $url answers as it should, for other behaviours see the server.
serve() {
	mkfifo "$BATS_TEST_TMPDIR/port" "$BATS_TEST_TMPDIR/stop"
	"$top/tests/fixtures/http-server" "$standin" "$BATS_TEST_TMPDIR/requests" \
		<"$BATS_TEST_TMPDIR/stop" >"$BATS_TEST_TMPDIR/port" 3>&- &
	server=$!
	exec 8>"$BATS_TEST_TMPDIR/stop"
	read -r port <"$BATS_TEST_TMPDIR/port"
	url=http://127.0.0.1:$port
}

# Every finding but those named is ready.
expect_ready_but() {
	local line subject
	while IFS= read -r line; do
		case $line in 'ready '* | ' '*) continue ;; esac
		subject=${line#* }
		for name; do
			[[ $subject != *"$name"* ]] || continue 2
		done
		fail "not expected: $line"
	done <<<"$output"
}

# state SUBJECT: of the last answer with --json.
state() { jq -r --arg subject "$1" '.findings[] | select(.subject == $subject) | .state' <<<"$output"; }

@test "targets are listed with what they are for, broken ones too" {
	mkdir repo-config/targets/el5
	printf '[target]\nname=el5\n' >repo-config/targets/el5/target.conf
	sed -i 's/^targets *=.*/targets = el6/' repo-config/kiln.conf
	try target list
	expect_status 0
	[[ $output =~ el6\ .*contract\ el6.*not\ fetched\ yet.*for\ demo ]] || fail
	[[ $output =~ el5\ .*broken:\ repo-config/targets/el5/target.conf ]] || fail
	try target list --json
	[ "$(jq -r '.[] | select(.target == "el6") | "\(.arch) \(.base_is_here) \(.collections)"' <<<"$output")" = 'x86_64 false demo' ]
	[ "$(jq -r '.[] | select(.target == "el5") | .fault' <<<"$output")" != null ]
}

@test "a target is shown with what its variables stand for" {
	sed -i 's|^baseurl=.*/os/|baseurl=http://mirror.invalid/$releasever/os/$basearch/|' "$directory/base.repo"
	try target show el6
	expect_status 0
	expect_output 'http://mirror.invalid/6/os/x86_64/'
	expect_output "$(cat "$standin/fingerprint")"
	try target show el6 --json
	[ "$(jq -r '.repositories[0].urls[0]' <<<"$output")" = http://mirror.invalid/6/os/x86_64/ ]
	[ "$(jq -r '.rpm_database, .client_program, .client_init' <<<"$output" | tr '\n' ' ')" = 'own yum sysv ' ]
	try target show el66
	expect_status 4
	expect_talk 'el6'
}

@test "what is there is ready, and the base is in the cache afterwards" {
	try target check el6
	expect_status 0
	expect_ready_but
	for subject in contract macros '\[stand-in\]' '\[tools\]' 'key RPM-GPG-KEY-stand-in' metadata buildroot minimal client; do
		grep -q "^ready    $subject: " <<<"$output" || fail "nothing of $subject"
	done
	try target list
	[[ $output =~ el6\ .*base\ is\ here ]] || fail
}

@test "where no mirror answers, all that is missing is told, with how, and the status is 5" {
	sed -i 's|file://[^ ]*/os/|http://mirror.invalid/os/|; s|file://[^ ]*/tools/|http://127.0.0.1:1/tools/|' "$directory/base.repo"
	try target check el6
	expect_status 5
	expect_talk 'its mirrors do not answer'
	expect_output 'missing  [stand-in]: none of its addresses answers:'
	[[ $output =~ http://mirror.invalid/os/repodata/repomd.xml:\ [Cc]ould\ not\ resolve ]] || fail 'DNS is not told'
	[[ $output =~ http://127.0.0.1:1/tools/repodata/repomd.xml:\ .*[Cc]onnect ]] || fail 'the connection is not told'
	expect_output "name a mirror that answers here in $directory/base.repo"
	expect_output 'unknown  metadata'
	expect_output 'unknown  packages'
	expect_ready_but stand-in tools metadata packages
	[ ! -e "$KILN_CACHE"/bases ] || [ -z "$(find "$KILN_CACHE/bases" -name repomd.xml)" ]
	[ -z "$(ls "$KILN_CACHE" | grep probe || true)" ] || fail "left behind: $(ls "$KILN_CACHE")"
	# Who starts with a build is led here.
	try base import --target el6
	expect_status 5
	expect_talk '`kiln target check el6` tells all that is missing'
	# A mirror list without a mirror.
	: >"$BATS_TEST_TMPDIR/none"
	sed -i "s|^baseurl=.*/os/|mirrorlist=file://$BATS_TEST_TMPDIR/none|" "$directory/base.repo"
	try target check el6
	expect_status 5
	expect_output "missing  [stand-in]: mirrorlist file://$BATS_TEST_TMPDIR/none holds no address"
	sed -i 's|^mirrorlist=.*|baseurl=http://mirror.invalid/os/|' "$directory/base.repo"
	# A name that there is not needs no base.
	mkdir -p specs/demo/tool
	sed -i 's/^targets *=.*/targets = el6/' repo-config/kiln.conf
	touch specs/demo/tool/tool.spec
	try fetch nosuch
	expect_status 4
	expect_talk nosuch
	try target check el6 --json
	expect_status 5
	[ "$(jq -r '.ready' <<<"$output")" = false ]
	[ "$(state '[stand-in]') $(state '[tools]') $(state metadata) $(state contract)" = 'missing missing unknown ready' ]
}

@test "a mirror that does not answer is a notice where another one does, or the base is in the cache" {
	copy_standin
	sed -i 's|^baseurl=\(.*/os/\)|baseurl=http://127.0.0.1:1/os/\n\t\1|' "$directory/base.repo"
	try target check el6
	expect_status 0
	expect_output 'notice   [stand-in]: 1 of 2 addresses answer, not:'
	expect_ready_but '[stand-in]'
	mv "$standin" "$standin.away"
	try target check el6
	expect_status 0
	expect_output 'notice   [stand-in]: none of its addresses answers'
	expect_output 'notice   metadata: what was fetched earlier is in the cache'
	expect_output 'ready    buildroot'
}

@test "what a mirror answers instead of a repository is told" {
	serve
	sed -i "s|file://[^ ]*/os/|$url/html/os/|; s|file://[^ ]*/tools/|$url/plain/nowhere/|; s|gpgkey=.*|gpgkey=$url/status-403/RPM-GPG-KEY-stand-in|" "$directory/base.repo"
	try target check el6
	expect_status 5
	expect_output "$url/html/os/repodata/repomd.xml: what is there is no repository's index"
	[[ $output =~ nowhere/repodata/repomd.xml:\ .*404 ]] || fail
	[[ $output =~ RPM-GPG-KEY-stand-in:\ .*403 ]] || fail
}

@test "addresses of a mirror list are asked as well" {
	copy_standin
	serve
	printf '%s\n# none\nhttp://127.0.0.1:1/os/\n' "$url/plain/os/" >"$standin/mirrors"
	sed -i "s|^baseurl=.*/os/|mirrorlist=$url/plain/mirrors|" "$directory/base.repo"
	try target check el6
	expect_status 0
	expect_output 'notice   [stand-in]: 1 of 2 addresses answer, not:'
	expect_output 'ready    metadata'
}

@test "another key than the pinned one is refused, and both are named" {
	sed -i 's/^\(RPM-GPG-KEY-stand-in\)=.*/\1=0123456789ABCDEF0123456789ABCDEF01234567/' "$directory/target.conf"
	try target check el6
	expect_status 6
	expect_output 'missing  key RPM-GPG-KEY-stand-in'
	expect_output "$(cat "$standin/fingerprint")"
	expect_output 0123456789ABCDEF0123456789ABCDEF01234567
	expect_output 'find out from a second source'
	expect_ready_but 'key RPM-GPG-KEY-stand-in' metadata packages
	# What is no key.
	echo 'no key' >"$directory/RPM-GPG-KEY-stand-in"
	try target check el6
	expect_status 6
	expect_output 'missing  key RPM-GPG-KEY-stand-in'
	# The file beside target.conf wins over what is fetched.
	cp "$standin/RPM-GPG-KEY-stand-in" "$directory/"
	sed -i "s/^\(RPM-GPG-KEY-stand-in\)=.*/\1=$(cat "$standin/fingerprint")/; " "$directory/target.conf"
	sed -i 's|gpgkey=.*|gpgkey=file:///nowhere/RPM-GPG-KEY-stand-in|' "$directory/base.repo"
	try target check el6
	expect_status 0
}

@test "macros, contract and .repo file that cannot be read are told with place and next step" {
	printf '%%good 1\n%%open %%{nil\n' >"$directory/macros"
	sed -i 's/^contract=.*/contract=el66/' "$directory/target.conf"
	printf '[stand-in]\nname=x\n' >"$directory/base.repo"
	try target check el6
	expect_status 4
	expect_output 'missing  contract: '
	expect_output 'el66'
	expect_output "missing  macros: $directory/macros: line 2: Macro %open has unterminated body"
	expect_output "correct $directory/macros"
	expect_output 'missing  base: '
	expect_output "correct $directory/base.repo"
	rm "$directory/macros"
	try target check el6
	expect_output 'missing  macros'
	expect_output 'No such file'
	# What the packages would be like is compared with the contract.
	use_standin .
	sed -i 's/^%_binary_payload.*/%_binary_payload w19.zstdio/' "$directory/macros"
	try target check el6
	expect_status 3
	expect_output 'missing  macros: "%_binary_payload w19.zstdio" makes packages with zstd'
	expect_output w9.gzdio
	# A broken contract is told by its line.
	use_standin .
	echo nonsense >>repo-config/contracts/el6.conf
	try target check el6
	expect_status 3
	expect_output 'correct repo-config/contracts/el6.conf'
	expect_ready_but contract
}

@test "lists that cannot be satisfied are told in words" {
	sed -i '/^\[minimal\]/,/^packages=/s/^packages=/packages=no-such-package /; s/ yum$//' "$directory/target.conf"
	try target check el6
	expect_status 7
	expect_output 'missing  minimal: '
	expect_output 'no-such-package'
	expect_output "change [minimal] in $directory/target.conf"
	expect_output 'missing  client: '
	expect_output '/usr/bin/yum'
	expect_ready_but minimal client
}

@test "a buildroot that cannot build, and an architecture that there is not, are told" {
	sed -i '/^\[buildroot\]/,/^packages=/s/^packages=.*/packages=gzip/' "$directory/target.conf"
	try target check el6
	expect_status 3
	expect_output 'missing  buildroot: none of its packages has "/usr/bin/rpmbuild", which builds packages'
	expect_output "change [buildroot] in $directory/target.conf"
	expect_ready_but buildroot
	sed -i 's/^arch=.*/arch=z80/' "$directory/target.conf"
	try target check el6
	expect_status 3
	expect_talk '"z80" is unknown: use x86_64 or '
}

@test "metadata that is damaged is its mirror's, whose address is told" {
	copy_standin
	local index=$standin/os/repodata/repomd.xml whole
	whole=$(<"$index")
	rm "$index"
	head -c 700 <<<"$whole" >"$index"
	try target check el6
	expect_status 6
	expect_output "\"file://$index\""
	expect_output "→ ask who runs that mirror, or name another one in $directory/base.repo"
	[[ $output$talk != *"$KILN_CACHE"* && $output$talk != *'kiln base import'* ]] || fail 'a file of the cache is named'
	# A file of the metadata that is not there.
	sed 's|href="repodata/\([^"]*primary\)|href="repodata/gone-\1|' <<<"$whole" >"$index"
	try target check el6
	expect_status 6
	expect_output "file://$index.asc: verifying"
	expect_output '→ ask who runs that mirror'
	sed -i 's/^repo_gpgcheck=1/repo_gpgcheck=0/' "$directory/base.repo"
	try target check el6
	expect_status 5
	expect_output '→ ask who runs that mirror'
	[[ $output$talk != *'tells all that is missing'* ]] || fail 'it leads to itself'
	# A package outside of the repository.
	python3 - "$standin/os" <<-'END'
		import gzip, hashlib, pathlib, re, sys
		index = pathlib.Path(sys.argv[1], "repodata/repomd.xml")
		text = index.read_text().replace("gone-", "")
		record = re.search(r'<data type="primary">.*?</data>', text, re.S).group(0)
		old = pathlib.Path(sys.argv[1], re.search('href="([^"]*)"', record).group(1))
		xml = gzip.decompress(old.read_bytes()).replace(b'<location href="', b'<location href="../')
		data = gzip.compress(xml)
		(old.parent / "new.xml.gz").write_bytes(data)
		new = re.sub('href="[^"]*"', 'href="repodata/new.xml.gz"', record)
		new = re.sub('<checksum type="[^"]*">[^<]*', '<checksum type="sha256">' + hashlib.sha256(data).hexdigest(), new, count=1)
		new = re.sub('<open-checksum.*?</open-checksum>', '', new, flags=re.S)
		new = re.sub('<(open-)?size>.*?</(open-)?size>', '', new)
		index.unlink()
		index.write_text(text.replace(record, new))
	END
	try target check el6
	expect_status 6
	expect_output "→ ask who runs that mirror, or name another one in $directory/base.repo"
	[[ $output$talk != *"$KILN_CACHE"* && $output != *'change ['* ]] || fail 'a file of the cache is named'
}

@test "every target of the project is whole as far as can be told without a network" {
	rm -r repo-config
	cp -a "$top/repo-config" .
	export http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 no_proxy=
	for target in el6 el7 el8 el9; do
		try target check "$target"
		expect_status 5
		expect_ready_but '[' 'key RPM-GPG-KEY' metadata packages host
		[ "$(grep -c '^missing  key RPM-GPG-KEY' <<<"$output")" -eq 2 ] || fail "$target: keys"
	done
	try target check trixie
	expect_ready_but metadata packages
}
