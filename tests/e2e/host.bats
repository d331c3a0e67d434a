# SPDX-License-Identifier: GPL-2.0-or-later
# Update and removal on a booted host, tried on a service that waits for its turn.

load common

# heartbeat RELEASE [PREUN]: the spec of a service with a configuration file and a unit.
heartbeat() {
	mkdir -p specs/demo/heartbeat
	cat >specs/demo/heartbeat/heartbeat.spec <<-END
		Name:           heartbeat
		Version:        1
		Release:        $1%{?dist}
		Summary:        A service that waits
		License:        GPL-2.0-or-later
		BuildArch:      noarch

		%description
		A service that waits.

		%install
		mkdir -p %{buildroot}%{_sysconfdir} %{buildroot}%{_bindir} %{buildroot}%{_unitdir}
		echo 'default of $1' >%{buildroot}%{_sysconfdir}/heartbeat.conf
		echo 'plain of $1' >%{buildroot}%{_sysconfdir}/heartbeat.plain
		printf '#!/bin/sh\nwhile :; do sleep 1; done\n' >%{buildroot}%{_bindir}/heartbeat
		printf '[Service]\nExecStart=%{_bindir}/heartbeat\nProtectSystem=strict\nPrivateTmp=yes\n[Install]\nWantedBy=multi-user.target\n' \\
		    >%{buildroot}%{_unitdir}/heartbeat.service

		%post
		%systemd_post heartbeat.service

		%preun
		${2-%systemd_preun heartbeat.service}

		%postun
		%systemd_postun_with_restart heartbeat.service

		%files
		%config(noreplace) %{_sysconfdir}/heartbeat.conf
		%config(noreplace) %{_sysconfdir}/heartbeat.plain
		%attr(0755,root,root) %{_bindir}/heartbeat
		%{_unitdir}/heartbeat.service

		%changelog
		* Sun Nov 01 2026 Kiln developers <kiln@kiln.example> - 1-$1
		- One
	END
}

lifecycle() {
	mkdir -p tests/smoke/demo/heartbeat
	cat >tests/smoke/demo/heartbeat/lifecycle
	chmod +x tests/smoke/demo/heartbeat/lifecycle
}

setup() {
	make_project
	rm -r specs/demo/* tests/smoke/*
	log=.kiln/smoke/trixie/heartbeat/host.log
}

@test "a service is started, updated, restarted and removed by dnf under systemd" {
	heartbeat 1
	lifecycle <<-'END'
		#!/bin/bash
		pid() { systemctl show -p MainPID --value heartbeat.service; }
		expect() { if eval "$2"; then echo "ok - $1"; else echo "not ok - $1"; fi; }
		case $1 in
		installed)
			echo edited >/etc/heartbeat.conf
			mkdir -p /var/lib/heartbeat
			echo kept >/var/lib/heartbeat/data
			systemctl enable --now heartbeat.service
			pid >/run/pid-before
			expect 'it runs' 'systemctl is-active heartbeat.service'
			expect 'an update follows or not' '[ "$KILN_SMOKE_UPGRADE" -eq "$(cat /srv/smoke/upgrade)" ]'
			;;
		upgraded)
			expect 'restarted' '[ "$(pid)" -gt 1 ] && [ "$(pid)" != "$(cat /run/pid-before)" ]'
			expect 'edited configuration stays' 'grep -qx edited /etc/heartbeat.conf'
			expect 'the new default lies beside it' 'grep -qx "default of 2" /etc/heartbeat.conf.rpmnew'
			expect 'what was not edited is new' 'grep -qx "plain of 2" /etc/heartbeat.plain'
			;;
		removed)
			expect 'edited configuration is saved' 'grep -qx edited /etc/heartbeat.conf.rpmsave'
			expect 'data stays' 'grep -qx kept /var/lib/heartbeat/data'
			journalctl --no-pager -u heartbeat.service >"$KILN_SMOKE_LOGS/journal"
			;;
		esac
	END
	echo 0 >tests/smoke/demo/heartbeat/upgrade
	try release
	expect_status 0
	expect_talk 'heartbeat: install, remove on a booted host, 8 checks pass'
	grep -q '^smoke-host: systemd is running$' "$log"
	grep -q 'Started heartbeat.service' "$(dirname "$log")/host-files/journal"
	heartbeat 2
	echo 1 >tests/smoke/demo/heartbeat/upgrade
	try release
	expect_status 0
	expect_talk 'heartbeat: install, upgrade, remove on a booted host, 12 checks pass'
	grep -q '^smoke-host: dnf upgrade$' "$log"
	expect_nothing_left
}

@test "a package that leaves its service running is held back" {
	heartbeat 1 'exit 0'
	lifecycle <<-'END'
		#!/bin/sh
		[ "$1" != installed ] || systemctl enable --now heartbeat.service
	END
	try release
	expect_status 8
	expect_talk '"heartbeat": its smoke test fails: checks that failed: 2, not ok - removal leaves nothing running: '
	grep -q '^not ok - removal leaves nothing running: [0-9]*:/usr/bin/heartbeat' "$log"
	grep -q '^not ok - removal leaves no service, active or enabled: heartbeat.service is ' "$log"
	[ ! -e .kiln/www/demo/trixie/stable/current ]
	expect_nothing_left
}

@test "a lifecycle that breaks off, and a unit that fails, are told" {
	heartbeat 1
	lifecycle <<-'END'
		#!/bin/sh
		[ "$1" != removed ] || exit 3
	END
	try release
	expect_status 8
	expect_talk '"heartbeat": it fails on a booted host: lifecycle removed ended with exit status 3'
	lifecycle <<-'END'
		#!/bin/sh
		systemd-run --quiet --unit=broken /bin/false; sleep 0.3; exit 0
	END
	try release
	expect_status 8
	grep -q '^not ok - no service failed: broken.service' "$log"
}
