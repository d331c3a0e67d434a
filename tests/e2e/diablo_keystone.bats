# SPDX-License-Identifier: GPL-2.0-or-later
# The identity service of collection diablo: built for el6 against the stand-in base from a stand-in tarball; the
# packages that come out are the subject. A host of its own per test, as far as init scripts can tell.

load common
load standin
load diablo

spec=$BATS_TEST_DIRNAME/../../specs/diablo/openstack-keystone

setup_file() {
	local wanted
	build_diablo
	mapfile -t wanted < <(requirements)
	dnf_in "$BATS_FILE_TMPDIR/root" install rpm procps util-linux findutils diffutils gzip logrotate python3 \
		"${wanted[@]}" >"$BATS_FILE_TMPDIR/install.log" 2>&1 || {
		cat "$BATS_FILE_TMPDIR/install.log" >&2
		return 1
	}
	cp -a "$BATS_FILE_TMPDIR/root" "$BATS_FILE_TMPDIR/bare"
	dnf_in "$BATS_FILE_TMPDIR/root" install openstack-keystone >"$BATS_FILE_TMPDIR/install.log" 2>&1 || {
		cat "$BATS_FILE_TMPDIR/install.log" >&2
		return 1
	}
}

setup() {
	build_diablo
	root=$BATS_FILE_TMPDIR/root
	service=$(package openstack-keystone) modules=$(package python-keystone)
}

package() { compgen -G "$built/$1-[0-9]*.rpm"; }

query() { rpm -qp --nosignature --qf "$2" "$1"; }

# What the packages require and do not have themselves.
requirements() {
	rpm -qp --nosignature --requires "$(package openstack-keystone)" "$(package python-keystone)" |
		grep -v '^rpmlib(\|^config(\|^python-keystone =' | sort -u
}

# in_host: the script on stdin, on a host that has the packages; functions of it: ok WHAT COMMAND…, pid_of, get PATH.
in_host() {
	in_root "${1:-$root}" /bin/bash -c "$(
		cat <<-'END'
			set -u
			failures=0
			# rpm 4.8 has no plugins; those of the stand-in's rpm take the network from scriptlets
			rpm() { command rpm --noplugins "$@"; }
			check() { # WHAT COMMAND…
				local what=$1 output
				shift
				output=$("$@" 2>&1) && return 0
				printf 'failed: %s\n%s\n' "$what" "$output"
				failures=$((failures + 1))
			}
			status_is() { [ "$("$@" >/tmp/said 2>&1; echo $?)" -eq "$wanted" ] || { cat /tmp/said; return 1; }; }
			exits() { wanted=$1; shift; status_is "$@"; } # STATUS COMMAND…
			says() { grep -qF -- "$1" /tmp/said || { cat /tmp/said; return 1; }; }
			keystone() { service openstack-keystone "$@"; }
			pid_of() { cat /var/run/keystone/keystone.pid; }
			alive() { [ -d "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status"; }
			set_option() { sed -i "/^$1 *=/d; s/^\[DEFAULT\]/&\n$1 = $2/" /etc/keystone/keystone.conf; }
		END
		cat
		echo 'exit $((failures > 0))'
	)"
}

@test "the upstream source is not locked: nothing is fetched or built, and the way out is told" {
	cp -a specs patches repo-config "$BATS_TEST_TMPDIR/"
	cd "$BATS_TEST_TMPDIR"
	cp "$spec/sources" specs/diablo/openstack-keystone/
	grep -qx 'sha256 = unlocked' specs/diablo/openstack-keystone/sources
	for way in "fetch openstack-keystone" "build openstack-keystone --target el6"; do
		try $way --collection diablo
		expect_status 3
		expect_talk '[keystone-2011.3.tar.gz] is not locked yet; run `kiln fetch --lock openstack-keystone`'
	done
	[ ! -e .kiln/builds ] || [ -z "$(ls .kiln/builds)" ]
	# what lies there now is locked on request, and nothing else is taken from then on
	sed -i -E "s|^(Source0: *).*|\1file://$project.tarballs/keystone-2011.3.tar.gz|" specs/diablo/openstack-keystone/*.spec
	try fetch --collection diablo --lock openstack-keystone
	expect_status 0
	expect_output "new  sha256 $(sha256sum <"$project.tarballs/keystone-2011.3.tar.gz" | cut -d' ' -f1)"
	try fetch --collection diablo openstack-keystone
	expect_status 0
}

@test "our Python is valid for 2.6 to 3, and what is newer is found" {
	"$top/tests/diablo/python26" "$spec"/*.py "$spec/program.in" "$spec/keystone-daemon"
	cat >newer.py <<-'END'
		from collections import OrderedDict
		x = {1, 2}
		'{} {}'.format(1, 2)
		os.initgroups('a', 1)
		def f(*, a): pass
		self.assertIn(1, x)
		with a as b, c as d: pass
	END
	! "$top/tests/diablo/python26" newer.py >found || fail "accepted"
	[ "$(cut -d: -f2 found | tr '\n' ' ')" = "1 2 3 4 5 6 7 " ]
	printf 'exec "x" in {}\nprint >>y, "x"\n' >old.py
	"$top/tests/diablo/python26" old.py | grep -q 'grammar of Python 3'
	printf 'match x:\n\tcase 1:\n\t\tpass\n' >new.py
	"$top/tests/diablo/python26" new.py | grep -q 'grammar of Python 2'
	rm newer.py old.py new.py found
}

@test "unit tests of the launcher, the daemon and the filters" {
	mkdir -p "$BATS_TEST_TMPDIR/dist/keystone_dist"
	cp "$spec"/{launch,daemon,frontend}.py "$BATS_TEST_TMPDIR/dist/keystone_dist/"
	touch "$BATS_TEST_TMPDIR/dist/keystone_dist/__init__.py"
	KEYSTONE_DIST=$BATS_TEST_TMPDIR/dist python3 -W ignore "$spec/test_dist.py" 2>&1 | tee "$BATS_TEST_TMPDIR/tests.log" | tail -n 3
	[ "$(sed -n 's/^Ran \([0-9]*\) tests.*/\1/p' "$BATS_TEST_TMPDIR/tests.log")" -ge 29 ]
	grep -qx OK "$BATS_TEST_TMPDIR/tests.log"
}

@test "the configuration is upstream's with fixed places and our filters; what cannot be set is refused" {
	local conf=$root/etc/keystone/keystone.conf line
	while read -r line; do
		grep -qxF "$line" "$conf" || fail "keystone.conf lacks: $line" "$(cat "$conf")"
	done <<-'END'
		log_dir = /var/log/keystone
		log_file = /var/log/keystone/keystone.log
		service_host = 127.0.0.1
		admin_host = 127.0.0.1
		admin_port = 35357
		sql_connection = sqlite:////var/lib/keystone/keystone.sqlite
		# Every service has a header of its own
		certfile = /etc/keystone/ssl/certs/keystone.pem
	END
	[ "$(grep -c '^admin_port\|^log_file\|^sql_connection' "$conf")" -eq 3 ]
	python3 - "$conf" <<-'END'
		import configparser, sys
		c = configparser.RawConfigParser()
		c.read(sys.argv[1])
		ours = ["dist_versions", "dist_generation", "dist_mediatype"]
		assert c["pipeline:admin"]["pipeline"].split() == ours + ["urlrewritefilter", "admin_api"]
		assert c["pipeline:keystone-legacy-auth"]["pipeline"].split() == \
		    ours + ["urlrewritefilter", "legacy_auth", "dist_mediatype", "service_api"]
		assert c["DEFAULT"]["service-header-mappings"].count("X-") == 2
		for name in ours:
		    assert c["filter:" + name]["paste.filter_factory"].startswith("keystone_dist.frontend:")
	END
	cd "$BATS_TEST_TMPDIR"
	make_conf() { ! python3 "$spec/make-conf.py" conf 2>said >made || fail "accepted"; grep -qF "$1" said || fail "$(cat said)"; }
	cp "$top/tests/fixtures/diablo/keystone/etc/keystone.conf" upstream
	python3 "$spec/make-conf.py" upstream | cmp - "$conf"
	grep -v 'pipeline:admin' upstream >conf
	make_conf 'conf: has no section [pipeline:admin]'
	sed 's/^certfile.*/certfile = keystone.pem/' upstream >conf
	make_conf 'conf: [DEFAULT] certfile = keystone.pem is a relative path'
	printf '[more]\nbackup_connection = sqlite:///old.db\n' | cat upstream - >conf
	make_conf '[more] backup_connection = sqlite:///old.db is a relative path'
	sed 's/^pipeline = .*/pipeline =/' upstream >conf
	make_conf '[pipeline:keystone-legacy-auth] has no pipeline'
}

@test "documents that are no JSON, missing files and stray imports fail the build" {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p source/content source/test installed/content
	echo '{"a": {{NAME}}, "b": "{{HOST}}:1"}' >source/content/a.json.tpl
	echo '{"a": 1}' >source/content/b.json
	echo 'import os' >source/m.py
	echo x >source/test/x
	cp -r source/content source/m.py installed/
	touch installed/m.pyc
	python3 "$spec/check-tree.py" source installed
	echo '"a": {1}' >installed/content/b.json
	echo '{"a": {{NAME}},}' >installed/content/a.json.tpl
	echo 'from tools.tracer import x' >>installed/m.py
	echo y >source/content/y.xml
	! python3 "$spec/check-tree.py" source installed 2>said || fail "accepted"
	[ "$(cut -d: -f1 said)" = "$(printf 'keystone/%s\n' content/y.xml content/a.json.tpl content/b.json m.py)" ] || fail "$(cat said)"
	grep -q 'm.py: imports "tools", which is not installed' said
}

@test "what is in the packages: nothing that belongs to others, configuration kept, modes and owners" {
	cd "$BATS_TEST_TMPDIR"
	# not what LP 891093 and LP 917676 left out, nothing of a source tree
	rpm -qlp --nosignature "$service" | grep '^/usr/bin/' | tr '\n' ' ' >programs
	[ "$(cat programs)" = "/usr/bin/keystone /usr/bin/keystone-admin /usr/bin/keystone-auth /usr/bin/keystone-control /usr/bin/keystone-import /usr/bin/keystone-manage " ]
	! rpm -qlp --nosignature "$service" "$modules" | grep -E 'site-packages/(tools|examples|doc|bin|test)|sampledata|keystone/test' || fail "of a source tree"
	! rpm -qlp --nosignature "$service" "$modules" |
		grep -xE '/etc|/etc/(sysconfig|rc.d|rc.d/init.d|logrotate.d)|/usr|/usr/bin|/var|/var/(lib|log|run)|.*/site-packages' || fail "of others"
	rpm -qlp --nosignature "$modules" | grep -q '/keystone/content/service/version.json.tpl$'
	rpm -qlp --nosignature "$modules" | grep -q 'site-packages/keystone-2011.3-py[^/]*egg-info$'
	# all of /etc but the init script is configuration, and stays when it is changed (cn: config, noreplace)
	query "$service" '[%{FILENAMES} %{FILEFLAGS:fflags} %{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME}\n]' >files
	while read -r line; do
		grep -qxF "$line" files || fail "not in the package: $line" "$(cat files)"
	done <<-'END'
		/etc/keystone  drwxr-x--- root:keystone
		/etc/keystone/keystone.conf cn -rw-r----- root:keystone
		/etc/logrotate.d/openstack-keystone cn -rw-r--r-- root:root
		/etc/rc.d/init.d/openstack-keystone  -rwxr-xr-x root:root
		/etc/sysconfig/openstack-keystone cn -rw-r--r-- root:root
		/var/lib/keystone  drwx------ keystone:keystone
		/var/log/keystone  drwxr-x--- root:keystone
		/var/run/keystone  drwxr-xr-x root:root
	END
	[ "$(grep -c '^/etc' files)" -eq 5 ]
	# texts of licences, and every JSON document
	for file in "$service" "$modules"; do
		[ "$(rpm -qdp --nosignature "$file" | grep -c '/LICENSE')" -eq 2 ]
	done
	find "$root/usr/lib/python2.6/site-packages/keystone" -name '*.json' >documents
	[ "$(wc -l <documents)" -ge 3 ]
	while read -r file; do
		python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$file" || fail "$file is no JSON"
	done <documents
}

@test "scriptlets: registered and off, no other package's files, no database, no advice against security" {
	local scripts
	scripts=$(rpm -qp --nosignature --scripts "$service" "$modules")
	[[ $scripts == *"chkconfig --add openstack-keystone"* && $scripts == *"chkconfig --del openstack-keystone"* ]]
	[[ $scripts == *"service openstack-keystone condrestart"* ]]
	! grep -iE 'sudoers|httpd|selinux|setenforce|sed -i|db_sync|upgra|start-stop-daemon|>>' <<<"$scripts" || fail "$scripts"
	[ -z "$(rpm -qp --nosignature --scripts "$modules")" ]
	[ "$(in_root "$root" chkconfig --list openstack-keystone | grep -c ':on')" -eq 0 ]
	[ "$(compgen -G "$root/etc/rc.d/rc[0-6].d/K10openstack-keystone" | wc -l)" -eq 7 ]
	in_root "$root" getent passwd keystone | grep -qx 'keystone:[^:]*:163:163:[^:]*:/var/lib/keystone:/sbin/nologin'
	[ -z "$(in_root "$root" find / -xdev -nouser -o -xdev -nogroup)" ]
}

@test "rpm 4.8 and yum 3.2 can read the packages, rpmlint finds nothing without a reason" {
	mkdir "$BATS_TEST_TMPDIR/result"
	cp "$service" "$modules" "$project.built.sources"/openstack-keystone-*.src.rpm "$BATS_TEST_TMPDIR/result"
	"$top/tests/packages/lint" "$BATS_TEST_TMPDIR/result"
	try check --contract el6 "$BATS_TEST_TMPDIR/result"/*.rpm
	expect_status 6
	expect_output 'errors (3):'
	rpmsign --define "__gpg $(command -v gpg)" --define "_gpg_name $(cat "$standin/fingerprint")" --define "_gpg_path $standin/gnupg" --define \
		'_gpg_digest_algo sha256' --rpmv3 --addsign "$BATS_TEST_TMPDIR/result"/*.rpm >/dev/null
	try check --contract el6 "$BATS_TEST_TMPDIR/result"/*.rpm
	expect_status 0
	[[ $output != *errors* ]] || fail "contract el6 is broken"
}

@test "generations of the protocol cannot be on one host, whether they say which they speak or not" {
	local name=$BATS_TEST_TMPDIR/other EXTRA=other=$BATS_TEST_TMPDIR/other file
	for file in "$service" "$modules"; do
		rpm -qp --nosignature --provides "$file" | grep -qx 'openstack-identity-protocol = 2011.3'
	done
	mkdir "$name"
	make_old() { # NAME VERSION-RELEASE [LINE…]
		printf '%s\n' "Name: $1" "Version: ${2%-*}" "Release: ${2#*-}" 'Summary: made' 'License: MIT' 'BuildArch: noarch' \
			"${@:3}" %description made %files >"$BATS_TEST_TMPDIR/$1.spec"
		rpmbuild -bb --quiet --define "_topdir $BATS_TEST_TMPDIR/rpmbuild" --define "_rpmdir $name" "$BATS_TEST_TMPDIR/$1.spec"
	}
	make_old client-of-d5 1-1 'Requires: openstack-identity-protocol = 2011.2'
	make_old identity-of-d5 1-1 'Provides: openstack-identity-protocol = 2011.2'
	make_old client-of-essex 1-1 'Provides: openstack-identity-protocol = 2012.1'
	make_old client-of-diablo 1-1 'Requires: openstack-identity-protocol = 2011.3'
	make_old python-nova 2011.3-0.20110825.1153
	make_old openstack-dashboard 1.0-0.20111107
	make_old openstack-compute-clone 1-1 'Requires: openstack-keystone < 2011.3'
	make_old openstack-keystone 1.0-0.20110921
	createrepo_c -q "$name"
	dnf_in "$BATS_TEST_TMPDIR/clean" install --setopt=tsflags=test openstack-keystone client-of-diablo >"$BATS_TEST_TMPDIR/said" 2>&1 ||
		fail "$(cat "$BATS_TEST_TMPDIR/said")"
	for file in identity-of-d5 client-of-essex python-nova-2011.3-0.20110825.1153 openstack-dashboard openstack-compute-clone \
		openstack-keystone-1.0-0.20110921 'client-of-d5 identity-of-d5'; do
		! dnf_in "$BATS_TEST_TMPDIR/clean" install --setopt=tsflags=test python-keystone-2011.3 $file >"$BATS_TEST_TMPDIR/said" 2>&1 ||
			fail "went together: $file" "$(cat "$BATS_TEST_TMPDIR/said")"
		grep -q 'conflicting requests\|conflicts with' "$BATS_TEST_TMPDIR/said" || fail "$file: $(cat "$BATS_TEST_TMPDIR/said")"
	done
	! dnf_in "$BATS_TEST_TMPDIR/clean" install --setopt=tsflags=test client-of-d5 openstack-keystone-2011.3 >"$BATS_TEST_TMPDIR/said" 2>&1 ||
		fail "a client of another generation was installed"
}

@test "the service: started once, as keystone, ready when start returns; stopped, restarted, asked" {
	in_host <<-'END'
		check "stopped is 3" exits 3 keystone status
		check "stopping what does not run is no error" exits 0 keystone stop
		check "condrestart of what does not run does nothing" exits 0 keystone condrestart
		check "still stopped" exits 3 keystone status
		check "start" exits 0 keystone start
		check "it answers at once" bash -c 'exec 3<>/dev/tcp/127.0.0.1/5000 4<>/dev/tcp/127.0.0.1/35357'
		check "status" exits 0 keystone status
		check "status says the process" says "(pid $(pid_of)) is running"
		first=$(pid_of)
		check "its user" [ "$(stat -c %U:%G /proc/$first)" = keystone:keystone ]
		check "its groups" grep -qxE 'Groups:\s*163\s*' /proc/$first/status
		check "its umask" grep -qxE 'Umask:\s*0027' /proc/$first/status
		check "its session" [ "$(ps -o sid= -p $first)" -eq "$first" ]
		check "no files of the starter" [ "$(readlink /proc/$first/fd/0)" = /dev/null ]
		check "its working directory" [ "$(readlink /proc/$first/cwd)" = /var/lib/keystone ]
		check "lock" [ -e /var/lock/subsys/openstack-keystone ]
		check "the pidfile is root's" [ "$(stat -c %U:%a /var/run/keystone/keystone.pid)" = root:644 ]
		check "started twice" exits 0 keystone start
		check "says so" says "already running"
		check "one process" [ "$(pgrep -u keystone)" = "$first" ]
		check "the same process" [ "$(pid_of)" -eq "$first" ]
		check "database" [ "$(stat -c %U:%a /var/lib/keystone/keystone.sqlite)" = keystone:640 ]
		check "log" [ "$(stat -c %U:%a /var/log/keystone/keystone.log)" = keystone:640 ]
		check "what it prints is logged" grep -q 'Starting the service and admin API as 163' /var/log/keystone/keystone.log
		check "restart" exits 0 keystone restart
		second=$(pid_of)
		check "another process" [ "$first" -ne "$second" ]
		check "condrestart" exits 0 keystone condrestart
		third=$(pid_of)
		check "yet another process" [ "$second" -ne "$third" ]
		check "status again" exits 0 keystone status
		check "reload is not there" exits 3 keystone reload
		check "stop" exits 0 keystone stop
		check "gone" bash -c "! [ -d /proc/$third ]"
		check "nothing is left" [ -z "$(find /var/run/keystone /var/lock/subsys -type f)" ]
		check "stopped" exits 3 keystone status
		check "usage" exits 2 keystone nonsense
	END
}

@test "the service: dead, stale pidfiles, foreign processes, wrong users, lost configuration" {
	in_host <<-'END'
		keystone start >/dev/null
		kill -9 "$(pid_of)"; sleep 0.2
		check "dead with a pidfile is 1" exits 1 keystone status
		rm /var/run/keystone/keystone.pid
		check "dead with a lock is 2" exits 2 keystone status
		echo 99999999 >/var/run/keystone/keystone.pid
		check "a stale pidfile does not hinder" exits 0 keystone start
		check "it runs" exits 0 keystone status
		check "stop" exits 0 keystone stop
		# the number of the process belongs to another one by now: root's, and one of the user's
		sleep 1000 & foreign=$!
		runuser -u keystone sleep 1000 & sleep 0.2; other=$(pgrep -u keystone sleep)
		for pid in $foreign $other; do
			echo $pid >/var/run/keystone/keystone.pid
			check "another process is not the service" exits 1 keystone status
			check "stop does not touch it" exits 0 keystone stop
			check "it lives" alive $pid
			echo $pid >/var/run/keystone/keystone.pid
			check "start is not hindered" exits 0 keystone start
			check "the service is another" [ "$(pid_of)" -ne $pid ]
			check "it lives still" alive $pid
			keystone stop >/dev/null
		done
		printf '1\n; rm -rf /\n' >/var/run/keystone/keystone.pid
		check "init is not the service" exits 1 keystone status
		echo 'x y' >/var/run/keystone/keystone.pid
		check "nonsense in a pidfile" exits 1 keystone status
		rm /var/run/keystone/keystone.pid
		for action in start stop restart; do
			check "$action is root's" exits 4 runuser -u keystone -- /etc/rc.d/init.d/openstack-keystone $action
			check "says so" says "only root can"
		done
		check "anybody may ask" exits 3 runuser -u keystone -- /etc/rc.d/init.d/openstack-keystone status
		mv /etc/keystone/keystone.conf /tmp/kept
		check "without configuration" exits 6 keystone start
		check "says so" says "/etc/keystone/keystone.conf is missing"
		mv /tmp/kept /etc/keystone/keystone.conf
		chmod -x /usr/bin/keystone
		check "without program" exits 5 keystone start
	END
}

@test "the service: what does not come up is told and cleaned up" {
	in_host <<-'END'
		nothing_left() { [ -z "$(ls /var/run/keystone)" ] && [ ! -e /var/lock/subsys/openstack-keystone ] &&
			! pgrep -u keystone; }
		set_option stub_exit 3
		check "it dies" exits 1 keystone start
		check "says how" says 'ended with exit status 3 before it answered; see "/var/log/keystone/keystone.log"'
		check "nothing is left" nothing_left
		check "stopped" exits 3 keystone status
		sed -i /stub_exit/d /etc/keystone/keystone.conf
		set_option stub_deaf 1
		echo START_TIMEOUT=1 >>/etc/sysconfig/openstack-keystone
		check "it does not answer" exits 1 keystone start
		check "says where" says 'nothing answers on 127.0.0.1 port 35357 after 1 s'
		check "nothing is left" nothing_left
		sed -i /stub_deaf/d /etc/keystone/keystone.conf
		python -c 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", 5000)); s.listen(5); time.sleep(1000)' &
		until bash -c 'exec 3<>/dev/tcp/127.0.0.1/5000' 2>/dev/null; do sleep 0.1; done
		check "the port is taken" exits 1 keystone start
		check "says which" says 'something else listens on 127.0.0.1 port 5000 already'
		kill %1; wait %1 2>/dev/null
		set_option service_port many
		check "nonsense in the configuration" exits 1 keystone start
		check "says where" says '"/etc/keystone/keystone.conf": service_host, service_port'
		set_option service_port 5000
		rm /var/log/keystone/keystone.log; ln -s /etc/passwd /var/log/keystone/keystone.log
		check "a link in the place of the log" exits 1 keystone start
		check "passwd is root's" [ "$(stat -c %U /etc/passwd)" = root ]
		rm /var/log/keystone/keystone.log
		check "a missing log is made" exits 0 keystone start
		check "with the right owner" [ "$(stat -c %U:%a /var/log/keystone/keystone.log)" = keystone:640 ]
		check "and rotated while it is written" logrotate -f /etc/logrotate.d/openstack-keystone
		check "old lines are kept" bash -c 'gzip -dc /var/log/keystone/keystone.log.1.gz | grep -q serving'
		check "and the file is the same" [ "$(stat -c %U:%a /var/log/keystone/keystone.log)" = keystone:640 ]
		python -c 'from urllib.request import urlopen; urlopen("http://127.0.0.1:5000/v2.0/extensions")'
		check "and goes on" grep -q 'GET /v2.0/extensions\|GET /extensions' /var/log/keystone/keystone.log
		keystone stop >/dev/null
	END
}

@test "the service over HTTP: versions in JSON and XML, templates found, old clients answered or told" {
	in_host <<-'END'
		keystone start >/dev/null || { cat /var/log/keystone/keystone.log; exit 1; }
		keystone-manage user add u p >/dev/null
		cat >/tmp/ask.py <<-'PYTHON'
			import json, sys
			from urllib.error import HTTPError
			from urllib.request import Request, urlopen
			from xml.etree import ElementTree
			def ask(path, port=5000, data=None, **headers):
			    request = Request("http://127.0.0.1:%d%s" % (port, path), data, headers)
			    try:
			        answer = urlopen(request)
			    except HTTPError as error:
			        answer = error
			    return answer.getcode(), answer.headers, answer.read()
			for port in 5000, 35357:
			    code, headers, body = ask("/", port)
			    value = json.loads(body)["versions"]["values"][0]
			    assert (code, value["id"]) == (200, "v2.0"), body
			    assert value["links"][0]["href"] == "http://127.0.0.1:%d/v2.0/" % port, body
			    assert json.loads(ask("/v2.0", port)[2])["version"]["id"] == "v2.0"
			    xml = ElementTree.fromstring(ask("/", port, Accept="application/xml")[2])
			    assert xml.tag.endswith("}versions"), xml
			    # LP 865448: a template of upstream's, found
			    code, headers, body = ask("/v2.0/extensions", port)
			    assert code == 200, (code, body)
			kind = {"Content-Type": "application/json"}
			credentials = {"passwordCredentials": {"username": "u", "password": "p"}}
			code, headers, body = ask("/v2.0/tokens", data=json.dumps({"auth": credentials}).encode(), **kind)
			assert code == 200 and json.loads(body)["access"]["token"]["id"] == "stub-163", (code, body)
			code, headers, body = ask("/v2.0/tokens", data=json.dumps(credentials).encode(), **kind)
			assert code == 400 and "2011.3" in json.loads(body)["badRequest"]["message"], (code, body)
			# text/json of upstream's filter for old clients
			code, headers, body = ask("/v1.0", **{"X-Auth-User": "u", "X-Auth-Key": "p"})
			assert (code, headers["X-Auth-Token"]) == (204, "stub-163"), (code, headers.items())
			assert ask("/v2.0/nothing")[0] == 404
		PYTHON
		check "requests" python /tmp/ask.py
		keystone stop >/dev/null
		# the same without what the package does about it: the tests above can fail
		sed -i 's/^ *dist_[a-z]*$//' /etc/keystone/keystone.conf
		keystone start >/dev/null
		check "without filters it fails" bash -c '! python /tmp/ask.py'
		python - <<-'PYTHON' || failures=1
			import json
			from urllib.error import HTTPError
			from urllib.request import Request, urlopen
			assert "versions" not in json.loads(urlopen("http://127.0.0.1:5000/").read())
			try:
			    urlopen(Request("http://127.0.0.1:5000/v1.0", headers={"X-Auth-User": "u", "X-Auth-Key": "p"}))
			    raise SystemExit("text/json was accepted")
			except HTTPError as error:
			    assert error.code == 415
		PYTHON
		keystone stop >/dev/null
		cd /usr/share/keystone/bin && runuser -u keystone -- env PYTHONPATH=/usr/lib/python2.6/site-packages python keystone \
			-c /etc/keystone/keystone.conf >/dev/null 2>&1 & sleep 1
		check "upstream's program as it is does not find its template" python -c '
		from urllib.error import HTTPError
		from urllib.request import urlopen
		try:
		    urlopen("http://127.0.0.1:5000/v2.0/extensions")
		    raise SystemExit("found")
		except HTTPError as error:
		    assert error.code == 500'
		pkill -u keystone
	END
}

@test "keystone-manage works on the service's own files, whoever calls it and from where" {
	in_host <<-'END'
		mkdir /tmp/here && cd /tmp/here && chmod 777 .
		printf '[DEFAULT]\n[keystone.backends.sqlalchemy]\nsql_connection = sqlite:///stolen.db\n' >keystone.conf
		check "as root" exits 0 keystone-manage tenant add one
		check "it was keystone" says "/var/lib/keystone/keystone.sqlite as 163"
		check "as keystone" exits 0 runuser -u keystone -- keystone-manage tenant add two
		check "the same database" says "/var/lib/keystone/keystone.sqlite as 163"
		check "owner" [ "$(stat -c %U:%a /var/lib/keystone/keystone.sqlite)" = keystone:640 ]
		check "nothing here" [ "$(ls)" = keystone.conf ]
		check "another user is told" exits 1 runuser -u nobody -- keystone-manage tenant list
		check "in words" says 'keystone-manage: "/etc/keystone/keystone.conf" is not readable for you; run it as root or as user keystone'
		check "a configuration of one's own" exits 0 runuser -u keystone -- keystone-manage -c /tmp/here/keystone.conf user list
		check "is taken" says "stolen.db as 163"
		check "help for all" exits 0 runuser -u nobody -- keystone-manage --help
		mv /usr/lib/python2.6/site-packages/WebOb-1.0.8.dist-info /tmp/
		check "a library is missing" exits 1 keystone-manage tenant list
		check "and named" says "install python-sqlalchemy0.7 and python-webob1.0"
	END
}

@test "an update keeps configuration and data, restarts what runs and only that" {
	mkdir -p "$BATS_TEST_TMPDIR/changes/upper/next"
	cp "$next"/{openstack,python}-keystone-[0-9]*.rpm "$BATS_TEST_TMPDIR/changes/upper/next/"
	in_host <<-'END'
		echo '# mine' >>/etc/keystone/keystone.conf
		echo 'OPTIONS=--verbose' >/etc/sysconfig/openstack-keystone
		chkconfig openstack-keystone on
		keystone start >/dev/null
		before=$(pid_of)
		echo data >>/var/lib/keystone/keystone.sqlite
		check "update" rpm -U /next/*.rpm
		check "updated" rpm -q openstack-keystone-2011.3-1.1.el6 python-keystone-2011.3-1.1.el6
		check "runs" exits 0 keystone status
		check "restarted" [ "$(pid_of)" -ne "$before" ]
		check "with its options" grep -qaF -- --verbose /proc/$(pid_of)/cmdline
		check "configuration" grep -qx '# mine' /etc/keystone/keystone.conf
		check "data" grep -qx data /var/lib/keystone/keystone.sqlite
		check "still on" bash -c 'chkconfig --list openstack-keystone | grep -q 3:on'
		check "no .rpmnew of what did not change upstream" [ -z "$(find /etc -name '*.rpm*' -path '*keystone*')" ]
		keystone stop >/dev/null
		chkconfig openstack-keystone off
		check "once more" rpm -U --oldpackage --replacepkgs /next/*.rpm
		check "not started" exits 3 keystone status
		check "still off" bash -c '! chkconfig --list openstack-keystone | grep -q :on'
	END
}

@test "what is erased leaves nothing but its user, its data and changed configuration" {
	mkdir -p "$BATS_TEST_TMPDIR/changes/upper/new"
	cp "$service" "$modules" "$BATS_TEST_TMPDIR/changes/upper/new/"
	in_host "$BATS_FILE_TMPDIR/bare" <<-'END'
		everything() { find / -xdev -path /tmp -prune -o -path '/var/lib/rpm*' -prune -o -path /proc -prune -o -print | sort; }
		everything >/tmp/before
		cp -a /etc/passwd /etc/group /tmp/
		check "installed" rpm -i /new/*.rpm
		rpm -ql openstack-keystone python-keystone | sort >/tmp/files
		chkconfig openstack-keystone on
		keystone start >/dev/null
		service=$(pid_of)
		keystone-manage tenant add one >/dev/null
		echo '# mine' >>/etc/keystone/keystone.conf
		check "erased" rpm -e openstack-keystone python-keystone
		check "stopped" bash -c "! [ -d /proc/$service ]"
		everything >/tmp/after
		diff /tmp/before /tmp/after | sed -n 's/^[<>]/&/p' | grep -v '/etc/\(\(passwd\|group\|shadow\|gshadow\)-\|.pwd.lock\)$' >/tmp/left
		cat >/tmp/wanted <<-'LIST'
			> /etc/keystone
			> /etc/keystone/keystone.conf.rpmsave
			> /var/lib/keystone
			> /var/lib/keystone/keystone.sqlite
			> /var/log/keystone
			> /var/log/keystone/keystone.log
		LIST
		check "nothing else is left" diff /tmp/wanted /tmp/left
		check "the user stays" getent passwd keystone
		check "installed again" rpm -i /new/*.rpm
		check "the user is the same" [ "$(getent passwd keystone | cut -d: -f3)" -eq 163 ]
	END
	in_host "$BATS_FILE_TMPDIR/bare" <<-'END'
		rpm -e openstack-keystone python-keystone >/dev/null 2>&1; userdel keystone; groupdel keystone 2>/dev/null
		rm -rf /var/lib/keystone /var/log/keystone /etc/keystone
		groupadd -g 163 other && useradd -u 163 -g other -M other
		check "who has 163 keeps it" rpm -i /new/*.rpm
		check "keystone has another" [ "$(id -u keystone)" -ne 163 ]
		check "files are keystone's" [ "$(stat -c %U:%G /var/lib/keystone)" = keystone:keystone ]
		check "and it starts" exits 0 keystone start
		keystone stop >/dev/null
	END
}
