#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Prints what a 64-bit little-endian ELF program lacks of a hardened build, one word each; nothing
# and exit status 0 when it lacks nothing. readelf could tell as well; it is not in a clean root.

use strict;
use warnings;

use constant {
	PT_DYNAMIC => 2, PT_INTERP => 3, PT_GNU_STACK => 0x6474e551, PT_GNU_RELRO => 0x6474e552,
	DT_RPATH => 15, DT_RUNPATH => 29, DT_FLAGS => 30, DT_FLAGS_1 => 0x6ffffffb,
	DF_BIND_NOW => 8, DF_1_NOW => 1, DF_1_PIE => 0x08000000, ET_DYN => 3, PF_X => 1,
};

my $path = shift or die "usage: elf.pl FILE\n";
open my $file, '<:raw', $path or die "$path: $!\n";
my $image = do { local $/; <$file> };
die "$path: not a 64-bit little-endian ELF file\n" if substr($image, 0, 6) ne "\x7fELF\x02\x01";

my ($type) = unpack('v', substr($image, 16, 2));
my ($phoff) = unpack('Q<', substr($image, 32, 8));
my ($phentsize, $phnum) = unpack('vv', substr($image, 54, 4));
my (%segment, %dynamic);
for my $i (0 .. $phnum - 1) {
	my ($p_type, $flags, $offset, undef, undef, $size) =
		unpack('VVQ<Q<Q<Q<', substr($image, $phoff + $i * $phentsize, 40));
	$segment{$p_type} = { flags => $flags, bytes => substr($image, $offset, $size) };
}
my @entries = unpack('(Q<Q<)*', $segment{+PT_DYNAMIC} ? $segment{+PT_DYNAMIC}{bytes} : '');
while (my ($tag, $value) = splice @entries, 0, 2) {
	$dynamic{$tag} = $value;
}
my $flags = $dynamic{+DT_FLAGS} // 0;
my $flags_1 = $dynamic{+DT_FLAGS_1} // 0;

my @lacks;
push @lacks, 'pie' unless $type == ET_DYN && $flags_1 & DF_1_PIE;
push @lacks, 'relro' unless $segment{+PT_GNU_RELRO};
push @lacks, 'now' unless $flags & DF_BIND_NOW || $flags_1 & DF_1_NOW;
push @lacks, 'nx-stack' unless $segment{+PT_GNU_STACK} && !($segment{+PT_GNU_STACK}{flags} & PF_X);
push @lacks, 'no-rpath' if exists $dynamic{+DT_RPATH} || exists $dynamic{+DT_RUNPATH};
push @lacks, 'stack-protector' unless $image =~ /__stack_chk_fail/;
push @lacks, 'fortify' unless $image =~ /__[a-z]+_chk\0/;
print "@lacks\n" if @lacks;
exit(@lacks ? 1 : 0);
