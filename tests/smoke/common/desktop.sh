# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A real VNC server with a desktop of one colour, for smoke tests; source it. Needs the packages
# tigervnc-standalone-server and x11-xserver-utils.
#
#     desktop_start DISPLAY PORT '#RRGGBB' [WIDTHxHEIGHT]
#         Starts Xvnc as X display :DISPLAY on 127.0.0.1:PORT, without password, shared, 640x400
#         unless told otherwise, named "Kiln desktop". Returns when the colour is shown, 1 if that
#         does not happen. Sets desktop_pid. It writes to $KILN_SMOKE_LOGS/Xvnc-DISPLAY.log.
#     desktop_stop
#         Ends the one that was started last and waits for it.
#
# An X program reaches it with DISPLAY=:DISPLAY; `xev -root` tells which keys and buttons arrive.

desktop_start()
{
	local display=$1 port=$2 colour=$3 geometry=${4:-640x400}
	local log=${KILN_SMOKE_LOGS:-/var/tmp}/Xvnc-$display.log try

	mkdir -p -m 1777 /tmp/.X11-unix
	# Clients that only look at the greeting count as failed logins: on a fast machine it refused the rest
	Xvnc ":$display" -geometry "$geometry" -depth 24 -rfbport "$port" -localhost \
		-SecurityTypes None -UseBlacklist=0 -AlwaysShared -desktop "Kiln desktop" </dev/null >>"$log" 2>&1 &
	desktop_pid=$!
	for try in $(seq 100); do
		DISPLAY=:$display xsetroot -solid "$colour" 2>/dev/null && return 0
		kill -0 "$desktop_pid" 2>/dev/null || break
		sleep 0.1
	done
	echo "Xvnc does not come up ($try):"
	tail -n 5 "$log"
	return 1
}

desktop_stop()
{
	[ -n "$desktop_pid" ] || return 0
	kill "$desktop_pid" 2>/dev/null
	wait "$desktop_pid" 2>/dev/null
	desktop_pid=
}
