# pattern.pl BYTES: what the arrays hold. Each block of 16 KiB repeats 61 bytes of its own: random enough to tell every block
# from every other, and, 61 being prime, every place in a block from those a power of two away; yet the members compress well.
#
# The 61 bytes are the high bytes of a linear congruential generator modulo 2^32 (multiplier 1664525, increment 1013904223),
# begun at the block's number times 2654435761. tests/md.rs has the same rule.
use strict;
use warnings;
my ($bytes) = @ARGV;
binmode STDOUT;
for my $block (0 .. $bytes / 16384 - 1) {
    my $x = $block * 2654435761 % 2**32;
    my $period = '';
    for (1 .. 61) {
        $x = ($x * 1664525 + 1013904223) % 2**32;
        $period .= chr($x >> 24);
    }
    print substr($period x 269, 0, 16384);
}
