package Crash::Shim;

# shim.c and walk.c from Perl: see there.

use strict;
use warnings;

use Crash;

my $page = 4096;
my $pages = 65536;

my %field = (flags => 0, write_error => 1, sync_error => 2, root_error => 3,
             open_error => 4, error_count => 5, delay => 6, writes => 7,
             syncs => 8, roots => 9, errors => 10);

our %flag = (log => 1, shadow => 2);

my $walk;

# Compiles it, and says that nginx is to be started with it.
sub prepare {
    my $shim = build('shim.c', '-shared', '-fPIC', '-ldl');

    mkdir scratch() . '/shim';
    put('shim/control', "\0" x ($page + $pages));
    put('shim/log', '');
    put('shim/shadow', '');
    chmod 0777, map { scratch() . "/shim$_" } '', qw(/control /log /shadow);

    $Crash::preload{LD_PRELOAD} = join ' ', $ENV{VERIFF_LD_PRELOAD} // (),
                                       $shim;
    $Crash::preload{VERIFF_SHIM} = scratch() . '/shim';
}

sub _control {
    my ($mode) = @_;

    open my $control, "$mode:raw", scratch() . '/shim/control'
        or die "control: $!";

    return $control;
}

sub set {
    my (%value) = @_;

    my $control = _control('+<');

    for my $name (keys %value) {
        sysseek $control, 4 * $field{$name}, 0;
        syswrite $control, pack 'L', $value{$name};
    }
}

sub get {
    my ($name) = @_;

    my $control = _control('<');

    sysseek $control, 4 * $field{$name}, 0;
    sysread $control, my $value, 4;

    return unpack 'L', $value;
}

# What the log has, as [type, pid, offset, error, data].
sub entries {
    my $log = slurp(scratch() . '/shim/log');
    my @entries;
    my $at = 0;

    while ($at < length $log) {
        my ($type, $pid, $offset, $len, $error) =
            unpack 'a1 x3 L Q L L', substr $log, $at, 24;

        push @entries, [$type, $pid, $offset, $error,
                        substr $log, $at + 24, $len];
        $at += 24 + $len;
    }

    return @entries;
}

sub forget {
    truncate scratch() . '/shim/log', 0 or die "log: $!";
}

# What was written down about the file, while nothing runs.
sub _start_from {
    my ($image) = @_;

    put('shim/shadow', $image);
    put('shim/control', substr(slurp(scratch() . '/shim/control'), 0, $page)
                        . "\0" x $pages);
}

# There is no file.
sub new_file { _start_from('') }

# The power fails: nothing runs any more.  The data file becomes what was
# synced, and each page that was not, with this probability.  Returns how
# many pages were not synced, and how many of these are there.
sub power_cut {
    my ($probability) = @_;

    my $file = scratch() . '/store/data.mdb';
    my $dirty = substr slurp(scratch() . '/shim/control'), $page, $pages;
    my $data = slurp($file);
    my $image = slurp(scratch() . '/shim/shadow');
    my ($unsynced, $kept) = (0, 0);

    while ($dirty =~ /\x01/g) {
        my $at = (pos($dirty) - 1) * $page;

        $unsynced++;
        next if rand() >= $probability || $at >= length $data;

        $image .= "\0" x ($at - length $image) if $at > length $image;
        substr($image, $at, $page) = substr $data, $at, $page;
        $kept++;
    }

    # it was not there yet
    $image = '' if !-e $file;

    _start_from($image);

    return (0, 0) if !-e $file;

    # the same file: who owns it stays
    open my $out, '+<:raw', $file or die "$file: $!";
    truncate $out, 0;
    print $out $image;
    close $out or die "$file: $!";

    return ($unsynced, $kept);
}

# Whether the store is whole, and what walk says of it.
sub walk {
    my ($store) = @_;

    my $src = root() . '/src';
    my $stub = root() . '/t/unit/stub';

    $walk //= build('walk.c', "-I$stub", "-I$src",
                    "$src/ngx_veriff_record.c", "$stub/ngx_stub.c",
                    '-llmdb', '-lcrypto');

    my $said = `$walk $store 2>&1`;

    return ($? == 0, $said);
}

1;
