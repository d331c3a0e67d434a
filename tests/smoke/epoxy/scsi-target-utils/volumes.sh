# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# OpenStack's pattern, sourced by the test: a volume service writes one file for each volume into an
# included directory and calls tgt-admin; meanwhile initiators are at work. Nothing of a volume may
# be left when it is gone: no target, no file that tgtd holds, no thread, no memory.

volume_files=/var/lib/nova/volumes
volume_count=100
# As many are there at a time; tgt-admin reads the files of all of them for each.
volume_window=20
# Further rounds show leaks: memory that the first one needed is there to be used again. Two rounds
# without a leak mostly differ by less than 64 KiB; one volume in use takes about 130.
churn_count=40
churn_margin_kib=256
# tgtd gives back what is free: nothing big in the heap, whose holes would hide a leak.
export MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536
busy_count=4

# Each volume has an account of its own and a pattern of its own.
volume_iqn() { echo "iqn.2010-10.org.openstack:volume-$1"; }
volume_secret() { echo "secret-of-volume-$1"; }
volume_pattern() { echo $(($1 % 250 + 1)); }

# What OpenStack's driver for tgt does.
volume_create()
{
	truncate -s 8M "$work/volume-$1.img" || return 1
	cat >"$volume_files/volume-$1" <<-END
		<target $(volume_iqn "$1")>
		    backing-store $work/volume-$1.img
		    driver iscsi
		    incominguser user$1 $(volume_secret "$1")
		    write-cache on
		</target>
	END
	tgt-admin --update "$(volume_iqn "$1")" || { echo "tgt-admin --update: volume $1"; return 1; }
}

volume_delete()
{
	rm "$volume_files/volume-$1" || return 1
	tgt-admin --force --delete "$(volume_iqn "$1")" || { echo "tgt-admin --delete: volume $1"; return 1; }
	rm "$work/volume-$1.img"
}

# volume_io NUMBER COMMAND…: commands of qemu-io, in one session of an initiator with the right secret.
volume_io()
{
	local number=$1 command arguments=()
	shift
	for command; do
		arguments+=(-c "$command")
	done
	timeout 30 qemu-io -f raw "${arguments[@]}" \
		"iscsi://user$number%$(volume_secret "$number")@127.0.0.1:3260/$(volume_iqn "$number")/1"
}

# The pattern goes to a place of the volume and is read back through the network; the blocks
# beside it read as zeros.
volume_use()
{
	local pattern output
	pattern=$(volume_pattern "$1")
	output=$(volume_io "$1" "write -P $pattern 1M 64k" "read -P $pattern 1M 64k" "read -P 0 2M 64k" 2>&1) &&
		! grep -qi 'fail\|error' <<<"$output" || { echo "volume $1: $output"; return 1; }
}

# Beside what the network says: is it in the file of this volume?
volume_holds_its_pattern()
{
	local found
	found=$(od -An -v -tu1 -w1 -j $((1 << 20)) -N 65536 "$work/volume-$1.img" | sort -u | tr -d ' ')
	[ "$found" = "$(volume_pattern "$1")" ] || { echo "volume $1 holds: $found"; return 1; }
}

targets() { tgtadm --lld iscsi --op show --mode target | sed -n 's/^Target [0-9]*: //p' | sort; }
discovered() { "${plain[@]}" iscsi-ls $portal | grep -o 'Target:[^ ]*' | sort; }
open_files() { find "/proc/$tgtd/fd" -mindepth 1 | wc -l; }
# value KEY of tgtd's status file: kilobytes, a count
value() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$tgtd/status"; }

# ---- the initiators that are at work all the time -------------------------------------------

# Round after round: log in, write and compare with pauses that leave the others room, log out.
busy_initiator()
{
	local number=$1 round=0 pattern output
	while [ ! -e "$work/busy.stop" ]; do
		round=$((round + 1))
		pattern=$((round % 250 + 1))
		output=$(volume_io "$number" "write -P $pattern 0 1M" "sleep 200" "read -P $pattern 0 1M" \
			"sleep 200" "write -P $pattern 1M 1M" flush "read -P $pattern 0 2M" 2>&1) &&
			! grep -qi 'fail\|error' <<<"$output" || {
			echo "round $round: $output" >"$work/busy-$number.failed"
			return
		}
		echo "$round $pattern" >"$work/busy-$number.last"
	done
}

busy_start()
{
	local number
	mkdir -p $volume_files
	echo "include $volume_files/*" >/etc/tgt/conf.d/smoke-volumes.conf
	for number in $(seq 1001 $((1000 + busy_count))); do
		volume_create "$number" && volume_use "$number" || return 1
	done
	targets >"$work/targets.before"
	discovered >"$work/discovered.before"
	open_files >"$work/files.before"
	value Threads >"$work/threads.before"
	for number in $(seq 1001 $((1000 + busy_count))); do
		busy_initiator "$number" &
		busy_pids+=($!)
	done
}

# Each worked to the end, and its last pattern is all that its place in the file holds.
busy_saw_no_error()
{
	local number round pattern found
	touch "$work/busy.stop"
	wait "${busy_pids[@]}"
	for number in $(seq 1001 $((1000 + busy_count))); do
		[ ! -e "$work/busy-$number.failed" ] || { cat "$work/busy-$number.failed"; return 1; }
		read -r round pattern <"$work/busy-$number.last" || return 1
		found=$(od -An -v -tu1 -w1 -N 2097152 "$work/volume-$number.img" | sort -u | tr -d ' ')
		echo "initiator $number: $round rounds, the last with $pattern; the file has $found"
		[ "$round" -ge 10 ] && [ "$found" = "$pattern" ] || return 1
	done
}

# ---- volumes come and go --------------------------------------------------------------------

# volumes_come_and_go COUNT: each is used, from a process of its own, as soon as it is there, and
# goes when its turn comes, with all that was written in its file.
volumes_come_and_go()
{
	local number users=()
	for number in $(seq $(($1 + volume_window))); do
		if [ "$number" -gt $volume_window ]; then
			volume_goes $((number - volume_window)) || return 1
		fi
		[ "$number" -le "$1" ] || continue
		volume_create "$number" || return 1
		volume_use "$number" &
		users[number]=$!
	done
}

# Used up by now: its user began long ago.
volume_goes()
{
	wait "${users[$1]}" || { echo "the user of volume $1 failed"; return 1; }
	volume_holds_its_pattern "$1" && volume_delete "$1"
}

# What --force is for: an initiator is logged in when its volume goes.
volumes_go_in_use()
{
	local number holders=()
	for number in 1 2 3 4 5; do
		volume_create "$number" || return 1
		initiator --hold 60 --user "user$number" --secret "$(volume_secret "$number")" \
			127.0.0.1 3260 "$(volume_iqn "$number")" >"$work/holder-$number.out" 2>&1 &
		holders+=($!)
	done
	for number in 1 2 3 4 5; do
		within 10 grep -qx 'status 0000' "$work/holder-$number.out" && volume_delete "$number" ||
			return 1
	done
	kill "${holders[@]}"
}

no_target_is_stale()
{
	targets | diff "$work/targets.before" - && discovered | diff "$work/discovered.before" - || return 1
	! tgtadm --lld iscsi --op show --mode target | grep "$work/volume-[0-9]\{1,3\}\.img"
}

removed_volumes_are_refused()
{
	local number
	for number in 1 2 "$volume_count"; do
		refused "${plain[@]}" iscsi-inq "$portal/$(volume_iqn "$number")/1" || return 1
	done
}

# Connections of initiators that just ended may take a moment to be closed.
files_and_threads_are_as_before()
{
	local try
	for try in $(seq 50); do
		[ "$(open_files)" -eq "$(cat "$work/files.before")" ] &&
			[ "$(value Threads)" -eq "$(cat "$work/threads.before")" ] && break
		sleep 0.1
	done
	ls -l "/proc/$tgtd/fd"
	echo "files $(open_files), threads $(value Threads)"
	echo "before: $(cat "$work/files.before"), $(cat "$work/threads.before")"
	[ "$(open_files)" -eq "$(cat "$work/files.before")" ] &&
		[ "$(value Threads)" -eq "$(cat "$work/threads.before")" ]
}

# The allocator may take a step once; what leaks takes one in each round.
memory_does_not_grow()
{
	local round before after
	for round in 1 2 3; do
		before=$(value RssAnon)
		volumes_come_and_go $churn_count || return 1
		after=$(value RssAnon)
		echo "round $round: RssAnon $before KiB, after $churn_count more volumes $after KiB"
		[ $((after - before)) -ge $churn_margin_kib ] || return 0
	done
	return 1
}

busy_stop()
{
	local number
	rm -f /etc/tgt/conf.d/smoke-volumes.conf
	for number in $(seq 1001 $((1000 + busy_count))); do
		volume_delete "$number" || return 1
	done
	! targets | grep :volume-
}
