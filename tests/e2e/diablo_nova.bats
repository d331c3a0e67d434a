# SPDX-License-Identifier: GPL-2.0-or-later
# openstack-nova and novnc of collection diablo, built for el6 against the stand-in base. Upstream's programs are played by
# tests/fixtures/diablo: they listen, log, die and run the drivers of ours; what is told of init scripts, scriptlets, files
# and requirements is what the packages do.

load common
load standin
load diablo

packages=(openstack-nova-common openstack-nova-vncproxy openstack-nova-volume python-nova novnc)

setup_file() {
	build_diablo
	root=$BATS_FILE_TMPDIR/root
	dnf_in "$root" install openstack-nova-vncproxy openstack-nova-volume rpm >"$BATS_FILE_TMPDIR/install" 2>&1 ||
		{ cat "$BATS_FILE_TMPDIR/install" >&2; return 1; }
	# A volume group, which no real program of LVM has to see
	printf '#!/bin/sh\n[ "$*" = "--noheadings -o name" ] && echo "  nova-volumes"\n' >"$root/usr/sbin/vgs"
	sed -i 's/^#START_SECONDS=.*/START_SECONDS=1/' "$root"/etc/sysconfig/openstack-nova-*
	mkdir -p "$root/packages"
	cp "$next"/*.rpm "$root/packages/"
}

setup() {
	build_diablo
	root=$BATS_FILE_TMPDIR/root
	sources=$top/specs/diablo/openstack-nova
}

# Runs the script on stdin as root in the root, with what these scripts share; $output is what it says.
host() {
	local status=0
	{
		cat <<-'END'
			set -eu
			proxy=openstack-nova-vncproxy volume=openstack-nova-volume
			pid_of() { cat /var/run/nova/$1.pid; }
			fail() { echo "FAILED: $*" >&2; exit 1; }
			# expect STATUS COMMAND...; what it says is in $said
			expect() {
				local wanted=$1 status=0; shift
				said=$("$@" 2>&1) || status=$?
				[ $status = $wanted ] || fail "status $status instead of $wanted: $*: $said"
			}
			says() { case $said in *"$1"*) ;; *) fail "not said: $1: $said" ;; esac; }
			alive() { [ -n "$(tr -d '\0' 2>/dev/null </proc/$1/cmdline)" ]; }
			soon() { local try; for try in $(seq 50); do "$@" && return; sleep .1; done; fail "never: $*"; }
			# One volume in the database of nova's stand-in, one that exists
			a_volume() {
				mkdir -p /dev/nova-volumes && truncate -s 1M /dev/nova-volumes/volume-00000001
				echo '[{"id": 1, "name": "volume-00000001", "provider_auth": null, "provider_location": null}]' \
					>/var/lib/nova/rows.json
				chown nova:nova /var/lib/nova/rows.json
			}
			exported() { tgtadm --lld iscsi --op show --mode target | grep -qx "            Backing store path: $1"; }
		END
		cat
	} >"$BATS_TEST_TMPDIR/script"
	cp "$BATS_TEST_TMPDIR/script" "$root/root/script-$BATS_TEST_NUMBER"
	output=$(in_root "$root" timeout 60 bash "/root/script-$BATS_TEST_NUMBER" 2>&1) || status=$?
	[ "$status" -eq 0 ] || fail "status $status in the root"
}

query() { rpm -qp --nosignature "$@"; }
built_package() { echo "$built/$1"-[0-9]*.rpm; }

@test "our Python is for 2.6 and all later ones, and its tests pass" {
	for file in tgt.py hybi.py volume-root nova-vncproxy test_volume.py test_vncproxy.py; do
		"$top/tests/diablo/python26" "$sources/$file"
	done
	export PYTHONDONTWRITEBYTECODE=1
	for tests in test_volume.py test_vncproxy.py; do
		run timeout 60 python3 -W ignore "$sources/$tests"
		[ "$status" -eq 0 ] || fail "$tests"
		expect_output "OK"
	done
}

@test "the console page goes to the proxy with its token, and elsewhere as noVNC's own did" {
	node - "$top/specs/diablo/novnc/vnc_auto.html" <<-'END'
		const page = require("fs").readFileSync(process.argv[2], "utf8");
		const script = page.match(/<script>([^]*)<\/script>/)[1];
		const assert = require("assert");
		const elements = {};
		function connection(href, state) {
			const location = new URL(href);
			let made, to;
			global.window = { location, prompt: () => "secret" };
			global.document = { getElementById: id => elements[id] ??= {} };
			global.RFB = function (options) { made = options; this.connect = (...where) => { to = where; }; };
			eval(script);
			global.window.onload();
			return { options: made, to };
		}
		let c = connection("http://console.example:6080/vnc_auto.html?token=a%2Fb+c&host=hostignore&port=portignore");
		assert.deepStrictEqual(c.to, ["console.example", "6080", "", "data?token=a%2Fb%20c"]);
		assert.strictEqual(c.options.encrypt, false);
		c = connection("https://console.example/vnc_auto.html?token=T&view_only=true");
		assert.deepStrictEqual(c.to, ["console.example", "443", "", "data?token=T"]);
		assert.strictEqual(c.options.encrypt, true);
		assert.strictEqual(c.options.view_only, true);
		c = connection("http://a/vnc_auto.html?host=b&port=5901&password=p%20w&path=x&encrypt=1");
		assert.deepStrictEqual(c.to, ["b", "5901", "p w", "x"]);
		assert.strictEqual(c.options.encrypt, true);
		c.options.updateState({}, "failed", "connect", "<b>gone</b>");
		assert.strictEqual(elements.noVNC_status.textContent, "<b>gone</b>");
		assert.strictEqual(elements.noVNC_status_bar.className, "error");
		assert.strictEqual(elements.sendCtrlAltDelButton.disabled, true);
		c.options.updateState({}, "normal", "", "Connected");
		assert.strictEqual(elements.sendCtrlAltDelButton.disabled, false);
		c.options.onPasswordRequired({ sendPassword: word => { assert.strictEqual(word, "secret"); } });
	END
	! query -l $(built_package novnc) | grep -E '\.swf$|/utils|launch' || fail "a compiled plugin, or what downloads"
}

@test "no path of another package, configuration stays, scriptlets keep to their own" {
	for package in "${packages[@]}"; do query -l $(built_package $package); done | sort >"$BATS_TEST_TMPDIR/ours"
	rpm --root "$root" --dbpath /var/lib/rpm -qa --qf '%{NAME}\n' | grep -vxF "$(printf '%s\n' "${packages[@]}")" |
		xargs rpm --root "$root" --dbpath /var/lib/rpm -ql | sort -u >"$BATS_TEST_TMPDIR/theirs"
	grep -qx /usr/bin "$BATS_TEST_TMPDIR/theirs"
	both=$(comm -12 "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/theirs")
	[ -z "$both" ] || fail "owned twice: $both"
	for package in "${packages[@]}"; do
		query --qf '[%{FILEFLAGS:fflags} %{FILENAMES}\n]' $(built_package $package) |
			grep ' /etc/' | grep -vE ' /etc/(rc\.d/init\.d/|nova$)' >"$BATS_TEST_TMPDIR/etc" || continue
		! grep -v '^cn ' "$BATS_TEST_TMPDIR/etc" || fail "not config(noreplace)"
	done
	for package in "${packages[@]}"; do query --scripts $(built_package $package); done >"$BATS_TEST_TMPDIR/scripts"
	grep -q 'chkconfig --add' "$BATS_TEST_TMPDIR/scripts"
	! grep -nE '/etc/|sed |setenforce|db.sync|tgt' "$BATS_TEST_TMPDIR/scripts" || fail "more than its own"
	! query --scripts $(built_package python-nova) $(built_package novnc) | grep . || fail "nothing to do there"
}

@test "everything that is required is on Enterprise Linux 6, and says why" {
	requires=$(query -R $(built_package openstack-nova-volume))
	grep -qx scsi-target-utils <<<"$requires" && grep -qx lvm2 <<<"$requires" && grep -qx sudo <<<"$requires"
	grep -qx 'noVNC >= 1:0.2' <<<"$(query -R $(built_package openstack-nova-vncproxy))"
	grep -qx "noVNC = 1:0.2-1.el6" <<<"$(query --provides $(built_package novnc))"
	# Signing is the release's
	for package in "${packages[@]}"; do
		try check --contract el6 --json $(built_package $package)
		[ "$(jq -r '.findings[] | select(.level == "error") | .rule' <<<"$output")" = package-signature ] || fail "$package"
	done
}

@test "rpmlint finds nothing that is not filtered with a reason" {
	mkdir "$BATS_TEST_TMPDIR/home"
	printf '%%__python /usr/bin/python\n%%python_sitelib /usr/lib/python2.6/site-packages\n' >"$BATS_TEST_TMPDIR/home/.rpmmacros"
	for name in novnc openstack-nova; do
		{
			cat "$top/specs/diablo/$name/$name.rpmlintrc"
			# The stand-ins' files of a line are alike
			echo 'addFilter(r"W: files-duplicate ")'
		} >"$BATS_TEST_TMPDIR/rc"
		output=$(HOME=$BATS_TEST_TMPDIR/home rpmlint -r "$BATS_TEST_TMPDIR/rc" "$built.sources/$name"-[0-9]*.src.rpm \
			$(for package in "${packages[@]}"; do
				query --qf '%{SOURCERPM}\n' $(built_package $package) | grep -q "^$name-" && built_package $package
			done) "$top/specs/diablo/$name/$name.spec" 2>&1) || true
		expect_output " 0 errors, 0 warnings,"
	done
}

@test "installed: registered, neither enabled nor running, user 162, files for those who need them" {
	host <<-'END'
		expect 0 chkconfig --list $proxy; says "0:off	1:off	2:off	3:off	4:off	5:off	6:off"
		expect 0 chkconfig --list $volume; says "3:off"
		expect 3 service $proxy status
		expect 3 service $volume status
		expect 3 service tgtd status
		expect 0 getent passwd nova; says nova:; says :162:162:; says /sbin/nologin
		expect 0 chkconfig $proxy on
		[ -L /etc/rc.d/rc3.d/S98$proxy ] || fail "not started in runlevel 3"
		for path in /etc/nova/nova.conf /etc/nova /var/log/nova; do
			[ "$(stat -c %U:%G $path)" = root:nova ] || fail "$path is not root's"
		done
		[ "$(stat -c %a /etc/nova/nova.conf)" = 640 ]
		[ "$(stat -c %U:%a /var/lib/openstack-nova-volume)" = root:700 ]
		[ "$(stat -c %a /etc/sudoers.d/$volume)" = 440 ]
		expect 0 visudo -c -f /etc/sudoers.d/$volume
		expect 0 nova-manage; says "2011.3 sqlite:////var/lib/nova/nova.sqlite"
		expect 0 logrotate -d /etc/logrotate.d/openstack-nova
	END
}

@test "the user that is there already stays, whatever its number" {
	cp -a "$root" "$BATS_TEST_TMPDIR/other"
	sed -i 's/:162:162:/:4711:162:/' "$BATS_TEST_TMPDIR/other/etc/passwd"
	root=$BATS_TEST_TMPDIR/other
	host <<-'END'
		expect 0 rpm --dbpath /var/lib/rpm -U --nosignature --nodeps /packages/openstack-nova-common-*.rpm
		expect 0 getent passwd nova; says :4711:162:
		userdel nova
		useradd -r -u 162 -M somebody
		expect 0 rpm --dbpath /var/lib/rpm -U --nosignature --nodeps --replacepkgs /packages/openstack-nova-common-*.rpm
		expect 0 getent passwd nova
		case $said in *:162:*) fail "162 is somebody else's: $said" ;; esac
	END
}

@test "the proxy: started once, as nova, without port 843; stopped, restarted, and never somebody else's process" {
	host <<-'END'
		expect 0 service $proxy start; says "OK"
		first=$(pid_of $proxy)
		expect 0 service $proxy status; says "(pid $first) is running"
		[ "$(stat -c %U /proc/$first)" = nova ] || fail "runs as $(stat -c %U /proc/$first)"
		[ "$(stat -c %U:%a /var/run/nova/$proxy.pid)" = root:644 ] || fail "the pid file is not root's"
		grep -q "this is nova-vncproxy" /var/log/nova/$proxy-start.log || fail "it is not called nova-vncproxy"
		grep -q "port 843 is left out" /var/log/nova/nova-vncproxy.log
		[ "$(stat -c %a /var/log/nova/nova-vncproxy.log)" = 640 ]
		page=$(exec 3<>/dev/tcp/127.0.0.1/6080 && printf 'GET /vnc_auto.html?token=x HTTP/1.0\r\n\r\n' >&3 && cat <&3)
		case $page in *"200 OK"*hostignore*) ;; *) fail "no page: $page" ;; esac

		expect 0 service $proxy start
		[ "$(pid_of $proxy)" = $first ] || fail "started twice"
		expect 0 service $proxy condrestart
		second=$(pid_of $proxy)
		[ $second != $first ] || fail "not restarted"
		expect 0 service $proxy restart
		expect 3 service $proxy reload
		expect 2 service $proxy dance; says Usage

		# Dead with a pid file; then its number belongs to others: one of root's, and one of nova's own
		kill -9 $(pid_of $proxy)
		expect 1 service $proxy status
		sleep 60 & echo $! >/var/run/nova/$proxy.pid
		alive $!
		expect 1 service $proxy status
		expect 0 service $proxy stop
		kill -0 $! || fail "root's process was killed"
		setpriv --reuid nova sleep 60 & echo $! >/var/run/nova/$proxy.pid
		expect 0 service $proxy stop
		kill -0 $! || fail "nova's other process was killed"
		[ ! -e /var/run/nova/$proxy.pid ] || fail "the stale pid file stayed"
		expect 3 service $proxy status
		touch /var/lock/subsys/$proxy
		expect 2 service $proxy status
		echo nonsense >/var/run/nova/$proxy.pid
		expect 0 service $proxy start
		expect 0 service $proxy status
		expect 0 service $proxy stop
		expect 0 service $proxy stop
		expect 3 service $proxy status
		expect 0 service $proxy condrestart
		expect 3 service $proxy status
	END
}

@test "the proxy: what keeps it from running is told, with LSB's statuses" {
	host <<-'END'
		echo --vncproxy_wwwroot=/nonexistent >>/etc/nova/nova.conf
		expect 1 service $proxy start; says FAILED; says "Missing vncproxy_wwwroot"; says $proxy-start.log
		expect 3 service $proxy status
		sed -i '$d' /etc/nova/nova.conf

		# It ends when told to only by force
		sed -i 's/^    server.wait()/    import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); server.wait()/' \
			/usr/bin/nova-vncproxy
		echo STOP_SECONDS=1 >/etc/sysconfig/$proxy
		expect 0 service $proxy start
		pid=$(pid_of $proxy)
		expect 0 service $proxy stop
		! alive $pid || fail "still there"

		mv /etc/nova/nova.conf /etc/nova/away
		expect 6 service $proxy start; says nova.conf
		mv /etc/nova/away /etc/nova/nova.conf
		chmod 0 /usr/libexec/openstack-nova/nova-vncproxy
		expect 5 service $proxy start
		chmod 755 /usr/libexec/openstack-nova/nova-vncproxy
		expect 4 setpriv --reuid nova --regid nova --clear-groups /etc/rc.d/init.d/$proxy start; says "only root"
		expect 4 setpriv --reuid nova --regid nova --clear-groups /etc/rc.d/init.d/$proxy stop

		# A link that the service could have put there leads root nowhere
		! setpriv --reuid nova --regid nova --clear-groups ln -s /etc/passwd /var/log/nova/x 2>/dev/null ||
			fail "nova may write where root writes"
		userdel nova
		expect 6 service $proxy start; says "no user nova"
	END
}

@test "the daemon gets nothing that was open where it was started" {
	host <<-'END'
		exec 7<>/etc/passwd
		timeout 20 sh -c "service $proxy start 2>&1 9>&1 | cat" >/tmp/said || fail "its output never ended"
		grep -q OK /tmp/said
		open=$(ls /proc/$(pid_of $proxy)/fd -l | awk '/->/ { print $NF }' | grep -vE '^/dev/null$|/var/log/nova|socket:' || :)
		[ -z "$open" ] || fail "open: $open"
	END
}

@test "volumes: tgtd is started, exports have LUN 1, account and addresses, and come back" {
	host <<-'END'
		a_volume
		expect 0 service $volume start
		expect 0 service tgtd status
		[ "$(stat -c %U /proc/$(pid_of $volume))" = nova ]
		soon grep -q CHAP /var/lib/nova/rows.json
		expect 0 tgtadm --lld iscsi --op show --mode target
		says "Target 1: iqn.2010-10.org.openstack:volume-00000001"
		says "Backing store type: rdwr"
		[ "$(grep -A2 'LUN: 1$' <<<"$said" | grep -c 'Type: disk')" = 1 ] || fail "not LUN 1: $said"
		grep -A1 'Account information:' <<<"$said" | grep -qx '        volume-00000001' || fail "no account: $said"

		# The secret: in the volume's row, for root, and nowhere else
		secret=$(sed 's/.*CHAP volume-00000001 \([A-Z2-7]*\)".*/\1/' /var/lib/nova/rows.json)
		[ ${#secret} = 16 ] || fail "secret: $secret"
		grep -rq $secret /var/lib/openstack-nova-volume
		[ "$(stat -c %U:%a /var/lib/openstack-nova-volume/*.conf)" = root:600 ]
		! grep -r $secret /var/log || fail "the secret is in a log"
		grep -q "tgt-export 1 iqn" /var/log/nova/nova-volume.log

		# tgtd loses everything when it is restarted
		expect 0 service tgtd restart
		soon exported /dev/nova-volumes/volume-00000001
		expect 0 service $volume stop
		expect 0 service tgtd status
		exported /dev/nova-volumes/volume-00000001 || fail "the disk went with the service"
		expect 0 service tgtd restart
		! exported /dev/nova-volumes/volume-00000001 || fail "the stand-in keeps exports"
		expect 0 service $volume reload
		exported /dev/nova-volumes/volume-00000001 || fail "not restored"
		expect 0 tgtadm --lld iscsi --op show --mode account; says volume-00000001

		# All at once, and nothing is lost
		expect 0 service tgtd restart
		for each in 1 2 3 4 5 6; do /usr/libexec/openstack-nova/volume-root tgt-restore & jobs="${jobs-} $!"; done
		for each in $jobs; do wait $each || fail "one of several at once"; done
		exported /dev/nova-volumes/volume-00000001 || fail "lost among several"

		/usr/libexec/openstack-nova/volume-root tgt-remove iqn.2010-10.org.openstack:volume-00000001
		expect 0 tgtadm --lld iscsi --op show --mode target
		[ -z "$said" ] || fail "left: $said"
		expect 0 tgtadm --lld iscsi --op show --mode account
		case $said in *volume-*) fail "the account was left" ;; esac
		[ -z "$(ls /var/lib/openstack-nova-volume)" ]
	END
}

@test "volumes: addresses of compute nodes, another target's number, and what is refused" {
	host <<-'END'
		a_volume
		service tgtd start >/dev/null
		tgtadm --lld iscsi --op new --mode target --tid 1 --targetname iqn.2011-09.org.example:other
		printf -- '--notgt_chap\n' >>/etc/nova/nova.conf
		expect 1 service $volume start; says "open every volume to everybody"
		printf -- '--tgt_initiators=192.0.2.0/24,192.0.2.7\n' >>/etc/nova/nova.conf
		expect 0 service $volume start
		soon grep -q 'exports are there' /var/log/nova/nova-volume.log
		expect 0 tgtadm --lld iscsi --op show --mode target
		says "Target 2: iqn.2010-10.org.openstack:volume-00000001"
		says "        192.0.2.0/24"; says "        192.0.2.7"
		case $said in *ALL*) fail "open to all: $said" ;; esac
		service $volume stop >/dev/null

		# No tgtd, no service
		service tgtd stop >/dev/null
		chmod 0 /usr/sbin/tgtd
		expect 1 service $volume start; says "tgtd does not start"
		expect 3 service $volume status
	END
}

@test "volumes: user nova becomes root for volumes only" {
	host <<-'END'
		helper=/usr/libexec/openstack-nova/volume-root
		as_nova() { runuser -s /bin/sh -c 'exec "$0" "$@"' -- nova "$@"; }
		expect 0 as_nova sudo -n $helper vgs --noheadings -o name; says nova-volumes
		expect 1 as_nova sudo -n /usr/bin/id
		expect 1 as_nova sudo -n /bin/sh -c id
		expect 99 as_nova sudo -n $helper id; says 'refused: "id" is not a command that nova-volume may run as root'
		expect 99 as_nova sudo -n $helper dd if=/etc/shadow of=/dev/mapper/nova--volumes-x count=1 bs=1M
		expect 99 as_nova sudo -n $helper tgt-export 1 iqn.2010-10.org.openstack:x /etc/shadow </dev/null
		expect 1 as_nova $helper tgt-status
		[ -z "$(find / -xdev -user nova -perm /6000 2>/dev/null)" ]
	END
}

@test "an update restarts what runs, keeps settings and exports, and starts nothing" {
	host <<-'END'
		a_volume
		echo --my_ip=192.0.2.99 >>/etc/nova/nova.conf
		echo '# mine' >>/etc/sudoers.d/$volume
		chkconfig $volume on
		service $volume start >/dev/null
		old=$(pid_of $volume)
		soon exported /dev/nova-volumes/volume-00000001
		expect 0 rpm --dbpath /var/lib/rpm -U --nosignature --nodeps /packages/{openstack-nova-*,python-nova-*,novnc-*}.rpm
		expect 0 rpm --dbpath /var/lib/rpm -q $volume; says 1.1.el6
		expect 0 service $volume status
		[ "$(pid_of $volume)" != "$old" ] || fail "not restarted"
		expect 3 service $proxy status
		[ -L /etc/rc.d/rc3.d/S98$volume ] || fail "not enabled any more"
		[ -L /etc/rc.d/rc3.d/K02$proxy ] || fail "enabled"
		grep -q my_ip=192.0.2.99 /etc/nova/nova.conf || fail "settings are lost"
		grep -q mine /etc/sudoers.d/$volume || fail "the rule for sudo is lost"
		exported /dev/nova-volumes/volume-00000001 || fail "the disk went"
		expect 0 service $volume stop
	END
}

@test "removed: services end, nothing is left but data, logs, changed settings and the user" {
	host <<-'END'
		# What is there without the packages, and what they may leave
		files() { find / -xdev \( -path /proc -o -path /dev -o -path /root -o -path /packages -o -path /tmp \) -prune -o \
			-print | grep -vE '^/var/(lib/rpm|cache|log/(dnf|hawkey))|^/usr/lib/sysimage' | sort; }
		a_volume
		service $volume start >/dev/null
		service $proxy start >/dev/null
		chkconfig $proxy on
		echo --my_ip=192.0.2.99 >>/etc/nova/nova.conf
		ours=$(for name in $proxy $volume openstack-nova-common python-nova novnc; do rpm --dbpath /var/lib/rpm -ql $name; done)
		theirs=$(md5sum /etc/tgt/targets.conf /etc/sudoers)
		pids="$(pid_of $volume) $(pid_of $proxy)"
		for pid in $pids; do alive $pid; done
		expect 0 rpm --dbpath /var/lib/rpm -e $proxy $volume openstack-nova-common python-nova novnc
		for pid in $pids; do ! alive $pid || fail "process $pid is still there"; done
		left=$(files | grep -iE 'nova' | grep -vxE '/etc/nova(/nova\.conf\.rpmsave)?|/var/log/nova(/.*)?|/var/lib/nova(/rows\.json)?|/var/lib/openstack-nova-volume(/.*\.conf)?' || :)
		[ -z "$left" ] || fail "left: $left"
		grep -q 192.0.2.99 /etc/nova/nova.conf.rpmsave
		[ "$theirs" = "$(md5sum /etc/tgt/targets.conf /etc/sudoers)" ] || fail "files of others were changed"
		expect 0 getent passwd nova
		[ -z "$(ls /etc/rc.d/rc?.d | grep nova)" ] || fail "still registered"
		exported /dev/nova-volumes/volume-00000001 || fail "compute nodes lost a disk"
	END
}

# old NAME VERSION [LINE...]: a package of another time in $BATS_TEST_TMPDIR/old
old() {
	{
		printf 'Name: %s\nVersion: %s\nRelease: 1\nSummary: old\nLicense: Apache-2.0\nBuildArch: noarch\n' "$1" "$2"
		shift 2
		printf '%s\n' "$@" '%description' 'old' '%files'
	} >"$BATS_TEST_TMPDIR/old.spec"
	rpmbuild -bb --quiet --define "_topdir $BATS_TEST_TMPDIR/rpmbuild" --define "_rpmdir $BATS_TEST_TMPDIR/old" \
		"$BATS_TEST_TMPDIR/old.spec" >/dev/null 2>&1
}

@test "an identity service of another generation cannot be installed beside it" {
	old openstack-keystone 1.0
	old python-keystone 2011.2
	old identity-of-essex 2012.1 'Provides: openstack-identity-protocol = 2012.1'
	old identity-of-cactus 2011.2 'Provides: openstack-identity-protocol = 2011.2'
	old unrelated 1.0 'Provides: openstack-image-protocol = 2012.1'
	createrepo_c -q "$BATS_TEST_TMPDIR/old"
	for pair in openstack-keystone-1.0 python-keystone-2011.2 identity-of-essex identity-of-cactus; do
		! EXTRA="old=$BATS_TEST_TMPDIR/old" dnf_in "$root" --assumeno install $pair >"$BATS_TEST_TMPDIR/said" 2>&1 ||
			fail "$pair was taken"
		grep -qE "package (python-nova|python-keystone)-1:2011.3-1.*conflicts with|downgrade|cannot install both" "$BATS_TEST_TMPDIR/said" ||
			fail "$(cat "$BATS_TEST_TMPDIR/said")"
		mkdir -p "$BATS_TEST_TMPDIR/empty"
		! EXTRA="old=$BATS_TEST_TMPDIR/old" dnf_in "$BATS_TEST_TMPDIR/empty" --assumeno install $pair python-nova \
			>"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$pair was taken beside python-nova"
		grep -qE "python-nova-1:2011.3-1.*(conflicts with|requires)" "$BATS_TEST_TMPDIR/said" ||
			fail "$(cat "$BATS_TEST_TMPDIR/said")"
	done
	cp -a "$root" "$BATS_TEST_TMPDIR/with"
	EXTRA="old=$BATS_TEST_TMPDIR/old" dnf_in "$BATS_TEST_TMPDIR/with" install unrelated openstack-keystone-2011.3 >"$BATS_TEST_TMPDIR/said" 2>&1 ||
		fail "$(cat "$BATS_TEST_TMPDIR/said")"
}

# EPEL 6 has later releases under the same names; the stand-in has, too.
@test "a host with EPEL gets the collection's packages and keeps them, and none of EPEL's beside them" {
	for package in "${packages[@]}" openstack-keystone python-keystone; do
		dnf_in "$BATS_TEST_TMPDIR/none" -q repoquery --latest-limit 1 --qf '%{name} %{epoch}:%{version} %{repoid}\n' $package |
			grep . >"$BATS_TEST_TMPDIR/highest"
		version=1:2011.3
		[ $package != novnc ] || version=1:0.2
		[ "$(cat "$BATS_TEST_TMPDIR/highest")" = "$package $version diablo" ] || fail "$(cat "$BATS_TEST_TMPDIR/highest")"
	done
	for package in novnc openstack-nova-volume python-keystone; do
		dnf_in "$BATS_TEST_TMPDIR/none" -q repoquery --disablerepo=diablo $package | grep . || fail "EPEL's $package is not there"
	done
	rpm --root "$root" --dbpath /var/lib/rpm -q novnc-1:0.2 openstack-nova-volume-1:2011.3 python-keystone-1:2011.3
	dnf_in "$root" --assumeno upgrade >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	grep -q 'Nothing to do' "$BATS_TEST_TMPDIR/said" || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	# As yum with skip-broken or a user's own wish would
	for other in openstack-nova-compute openstack-keystone-2012.2.4 novnc-0.4; do
		! dnf_in "$root" --setopt=tsflags=test install "$other" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$other was taken"
		! grep -q '^Install ' "$BATS_TEST_TMPDIR/said" || fail "$other would be installed: $(cat "$BATS_TEST_TMPDIR/said")"
	done
}

@test "tarballs without a digest are not fetched" {
	copy_diablo "$BATS_TEST_TMPDIR/project"
	cp -a "$top/specs/diablo/." specs/diablo/
	for package in openstack-nova novnc; do
		try fetch --collection diablo --target el6 "$package"
		expect_status 3
		expect_talk "is not locked yet; run \`kiln fetch --lock $package\`"
		try build --collection diablo --target el6 "$package"
		expect_status 3
		expect_talk "is not locked yet"
	done
}
