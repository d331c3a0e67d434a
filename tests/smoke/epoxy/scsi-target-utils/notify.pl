#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# notify.pl SOCKET COMMAND…: what systemd does for a unit with Type=notify. Runs the command with
# NOTIFY_SOCKET, waits until it says READY=1, prints its process id and leaves it running. Exits 1
# if it ends first or is not ready in time.

use strict;
use warnings;
use Socket;

my ($path, @command) = @ARGV;
@command or die "usage: notify.pl SOCKET COMMAND...\n";
unlink $path;
socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!\n";
bind($socket, pack_sockaddr_un($path)) or die "$path: $!\n";

my $pid = fork // die "fork: $!\n";
if (!$pid) {
	$ENV{NOTIFY_SOCKET} = $path;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>&', \*STDERR;
	exec @command or die "$command[0]: $!\n";
}

my $message = '';
$SIG{CHLD} = sub { die "$command[0] ended before it was ready\n" };
$SIG{ALRM} = sub { die "$command[0] is not ready in time\n" };
alarm 20;
until ($message =~ /^READY=1$/m) {
	defined recv($socket, $message, 4096, 0) or die "recv: $!\n";
}
print "$pid\n";
