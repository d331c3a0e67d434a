#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A stand-in for sudo in roots whose processes can gain no privileges (no_new_privs), as Kiln's: a set-user-ID program
# changes nothing there. It keeps to the packaged rule: user nova runs the one program that is named there as root,
# with -n, and nobody runs anything else. Where sudo works, it is sudo that is tried.
#
#     sudo.sh start    puts the stand-in in sudo's place and serves it, if that is needed
#     sudo.sh stop     ends that, and puts sudo back

queue=/var/run/smoke-sudo
rule=/etc/sudoers.d/openstack-nova-volume

is_needed() { grep -q '^NoNewPrivs:[[:space:]]*1' /proc/self/status; }

# What is in sudo's place: hands its words and stdin over, and waits for what comes back.
client() {
	cat <<-'END'
		#!/bin/bash
		umask 077
		request=$(mktemp -d /var/run/smoke-sudo/XXXXXX) || exit 1
		printf '%s\0' "$@" >"$request/words"
		cat >"$request/in"
		touch "$request/ready"
		until [ -e "$request/status" ]; do sleep 0.05; done
		cat "$request/out"
		cat "$request/err" >&2
		read -r status <"$request/status"
		rm -r "$request"
		exit "$status"
	END
}

# allowed OWNER WORD…
allowed() {
	[ "$1" = nova ] && [ "$2" = -n ] && grep -qxF "nova ALL = (root) NOPASSWD: $3" $rule
}

# As sudo it gives nothing of the user's environment to the program.
answer() {
	local request=$1 word status=0
	local -a words=()
	while IFS= read -r -d '' word; do
		words+=("$word")
	done <"$request/words"
	if allowed "$(stat -c %U "$request")" "${words[@]}"; then
		env -i PATH=/sbin:/bin:/usr/sbin:/usr/bin LC_ALL=C "${words[@]:1}" \
			<"$request/in" >"$request/out" 2>"$request/err" || status=$?
	else
		: >"$request/out"
		echo 'sudo: a password is required' >"$request/err"
		status=1
	fi
	echo $status >"$request/status.new" && mv "$request/status.new" "$request/status"
}

serve() {
	local request
	while sleep 0.05; do
		for request in $queue/*/; do
			[ -e "$request/ready" ] || continue
			rm "$request/ready"
			answer "$request" &
		done
	done
}

start() {
	is_needed || return 0
	mkdir -p $queue && chmod 1777 $queue
	mv /usr/bin/sudo /usr/bin/sudo.smoke
	client >/usr/bin/sudo
	chmod 755 /usr/bin/sudo
	setsid "$0" serve </dev/null >/dev/null 2>&1 &
	echo $! >$queue.pid
}

stop() {
	[ -e $queue.pid ] || return 0
	kill "$(cat $queue.pid)"
	mv /usr/bin/sudo.smoke /usr/bin/sudo
	rm -rf $queue $queue.pid
}

"$1"
