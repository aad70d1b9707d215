package VeriffDb;

# For the suites that look into a store, or put something there: LMDB, as
# nginx has it, on its directory while nginx runs or not.
#
#   records()            all there is: name => value
#   of_kind(letter)      the same of one kind ('u': users, 's': sessions)
#   change(code)         calls the code with a hash of all there is, and
#                        writes what it did to it, in one transaction
#   locked(code)         calls the code while nobody else can write
#
# A user's record has its whole head here, as src/ngx_veriff_record.c has it in
# memory, with the words that are not stored because they are zero; or, with
# $VeriffDb::raw set, as it is stored.
#
# The directory is that of VeriffStore, unless store_dir(path) named another.

use strict;
use warnings;

use Exporter qw(import);
use LMDB_File qw(:flags :cursor_op);
use Test::Nginx::Util ();

our @EXPORT = qw(store_dir records of_kind change locked);

our $raw;
my $dir;

sub store_dir {
    $dir = $_[0] if @_;

    return $dir // "$Test::Nginx::Util::ServRoot/veriff_temp";
}

my $head = 16;                         # version to revision
my $words = 14;
my $same = 0x4000;                      # word 3 is word 0
my $version = 2;

sub _whole {
    my ($name, $value) = @_;

    return $value if $raw || $name !~ /^u/ || length $value < $head + 2
                     || ord $value != $version;

    my $bits = unpack 'v', substr $value, $head, 2;
    my $rest = substr $value, $head + 2;
    my @words = map { $bits & 1 << $_ ? substr $rest, 0, 8, '' : "\0" x 8 }
                    0 .. $words - 1;

    $words[3] = $words[0] if $bits & $same;

    return join '', substr($value, 0, $head), @words, $rest;
}

sub _stored {
    my ($name, $value) = @_;

    return $value if $raw || $name !~ /^u/
                     || length $value < $head + 8 * $words
                     || ord $value != $version;

    my @words = unpack "x$head (a8)$words", $value;
    my $bits = 0;

    if ($words[3] eq $words[0] && $words[0] =~ /[^\0]/) {
        $bits |= $same;
        $words[3] = "\0" x 8;
    }

    $bits |= 1 << $_ for grep { $words[$_] =~ /[^\0]/ } 0 .. $words - 1;

    return join '', substr($value, 0, $head), pack('v', $bits),
           (grep { /[^\0]/ } @words), substr $value, $head + 8 * $words;
}

sub _env {
    return LMDB::Env->new(store_dir(), { mapsize => 1 << 30, maxdbs => 0,
                                         maxreaders => 1024,
                                         flags => MDB_NOTLS });
}

sub _all {
    my ($db) = @_;

    my (%all, $key, $value);
    my $cursor = $db->Cursor;

    local $SIG{__DIE__};
    local $LMDB_File::die_on_err = 0;

    my $rc = $cursor->get($key, $value, MDB_FIRST);

    while ($rc == 0) {
        $all{$key} = _whole($key, $value);
        $rc = $cursor->get($key, $value, MDB_NEXT);
    }

    return \%all;
}

sub records {
    my $env = _env();
    my $txn = $env->BeginTxn(MDB_RDONLY);
    my $all = _all($txn->OpenDB());

    $txn->abort;

    return $all;
}

sub of_kind {
    my ($kind) = @_;

    my $all = records();

    return { map { $_ => $all->{$_} } grep { /^\Q$kind/ } keys %$all };
}

sub change {
    my ($code) = @_;

    my $env = _env();
    my $txn = $env->BeginTxn();
    my $db = $txn->OpenDB();
    my $before = _all($db);
    my %after = %$before;

    $code->(\%after);

    for my $key (keys %$before) {
        $db->del($key) if !exists $after{$key};
    }

    for my $key (keys %after) {
        $db->put($key, _stored($key, $after{$key}))
            if !exists $before->{$key} || $before->{$key} ne $after{$key};
    }

    $txn->commit;

    return;
}

sub locked {
    my ($code) = @_;

    my $env = _env();
    my $txn = $env->BeginTxn();

    $code->();

    $txn->abort;

    return;
}

1;
