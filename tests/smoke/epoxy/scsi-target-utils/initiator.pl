#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The login part of an iSCSI initiator (RFC 7143, 6 and 11.12), for what no real initiator does:
# keep a CHAP exchange and send its response again, answer in base64 or wrongly, call itself
# something impossible. Data transfer is left to the real one.
#
#   initiator.pl [options] HOST PORT TARGET
#     --user U --secret S   log in with CHAP
#     --record FILE         write challenge and response there
#     --replay FILE         answer with the response written there
#     --base64              answer in base64
#     --response TEXT       answer with this text
#     --name NAME           be this initiator
#     --hold SECONDS        stay logged in
#
# Prints "status CCDD" (class and detail in hexadecimal, 0000 is success) and "challenge TEXT";
# exits 0 if the target answered in the protocol, whatever it answered.

use strict;
use warnings;
use Digest::MD5 qw(md5);
use Getopt::Long;
use IO::Socket::INET;

my %opt = (name => 'iqn.2026-11.example:smoke-initiator', hold => 0);
GetOptions(\%opt, 'user=s', 'secret=s', 'record=s', 'replay=s', 'base64', 'response=s', 'name=s',
	'hold=i') && @ARGV == 3 or die "usage: initiator.pl [options] HOST PORT TARGET\n";
my ($host, $port, $target) = @ARGV;

$SIG{ALRM} = sub { die "no answer in time\n" };
alarm 15;
my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Proto => 'tcp')
	or die "connect: $!\n";
$| = 1;
my ($exp_stat_sn, $itt) = (0, 1);

sub read_exactly {
	my $wanted = shift;
	my $data = '';
	while (length $data < $wanted) {
		sysread($socket, $data, $wanted - length $data, length $data)
			or die "connection closed by the target\n";
	}
	return $data;
}

# One login request and its response: flags byte, keys as text => flags, { keys }.
# A response that refuses the login ends the program.
sub login {
	my ($flags, @keys) = @_;
	my $data = join '', map { "$_\0" } @keys;
	my $bhs = pack('CCCCN', 0x43, $flags, 0, 0, length $data)
		. pack('C6 n N nn NN x16', 0x80, 0, 0, 0, 0, 1, 0, $itt, 1, 0, 1, $exp_stat_sn);
	$data .= "\0" x (-length($data) % 4);
	defined syswrite($socket, $bhs . $data) or die "write: $!\n";

	my $answer = read_exactly(48);
	my ($opcode, $answer_flags) = unpack('CC', $answer);
	die sprintf("not a login response: opcode %02x\n", $opcode) if ($opcode & 0x3f) != 0x23;
	my $length = unpack('N', "\0" . substr($answer, 5, 3));
	my $text = read_exactly($length + -$length % 4);
	$exp_stat_sn = unpack('N', substr($answer, 24, 4)) + 1;
	my $status = unpack('H4', substr($answer, 36, 2));
	if ($status ne '0000') {
		print "status $status\n";
		exit 0;
	}
	return ($answer_flags, { map { /^([^=]+)=(.*)$/s ? ($1, $2) : () } split /\0/, $text });
}

sub base64 {
	my $text = pack('u', shift);
	$text =~ s/^.//mg;
	$text =~ s/\n//g;
	$text =~ tr# -_`#A-Za-z0-9+/A#;
	return $text;
}

sub chap_response {
	my ($id, $challenge) = @_;
	return $opt{response} if defined $opt{response};
	if (defined $opt{replay}) {
		open my $file, '<', $opt{replay} or die "$opt{replay}: $!\n";
		my ($recorded) = map { /^response (\S+)/ } <$file>;
		return $recorded;
	}
	$challenge =~ s/^0x//i or die "challenge is not hexadecimal: $challenge\n";
	my $digest = md5(chr($id) . $opt{secret} . pack('H*', $challenge));
	# 16 octets: the uuencoded text of 18 with two zero octets, of which two digits are padding
	return $opt{base64} ? '0b' . substr(base64($digest . "\0\0"), 0, 22) . '=='
		: '0x' . unpack('H*', $digest);
}

use constant { SECURITY => 0, OPERATIONAL => 1, FULL => 3, TRANSIT => 0x80 };
my $chap = defined $opt{user};
login($chap ? SECURITY << 2 | OPERATIONAL : TRANSIT | SECURITY << 2 | OPERATIONAL,
	"InitiatorName=$opt{name}", "TargetName=$target", 'SessionType=Normal',
	'AuthMethod=' . ($chap ? 'CHAP' : 'None'));

if ($chap) {
	my (undef, $keys) = login(SECURITY << 2 | OPERATIONAL, 'CHAP_A=5');
	print "challenge $keys->{CHAP_C}\n";
	my $response = chap_response($keys->{CHAP_I}, $keys->{CHAP_C});
	if (defined $opt{record}) {
		open my $file, '>', $opt{record} or die "$opt{record}: $!\n";
		print $file "challenge $keys->{CHAP_C}\nresponse $response\n";
		close $file;
	}
	login(TRANSIT | SECURITY << 2 | OPERATIONAL, "CHAP_N=$opt{user}", "CHAP_R=$response");
}
for my $round (1 .. 5) {
	my ($flags) = login(TRANSIT | OPERATIONAL << 2 | FULL);
	last if $flags & TRANSIT && ($flags & 3) == FULL;
	die "the target does not end the negotiation\n" if $round == 5;
}
print "status 0000\n";
alarm 0;
sleep $opt{hold} if $opt{hold};
