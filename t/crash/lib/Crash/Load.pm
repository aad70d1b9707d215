package Crash::Load;

# Clients that decide on sessions of their own, one decision after the other,
# and what must be known of each session afterwards: what a client has read
# counts.  "200" to a decision means that veriff_status tells it from then on,
# or a later one that had no answer.

use strict;
use warnings;

use Crash;
use Exporter qw(import);
use JSON::PP ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(people load_round check_people %count @fresh);

our $clients = 4;
our $users = 10;                    # of each client

our %count = (acknowledged => 0, unanswered => 0, refused => 0, lost => 0,
              torn => 0, checked => 0);
our @fresh;                         # who were creating when it happened
our $name = 'user';
our $pause = 0;                     # s: after each decision

my @state;


# Everyone gets a session.
sub people {
    @state = ();

    for my $number (0 .. $clients - 1) {
        for my $user (0 .. $users - 1) {
            my ($status, $session) = create("$name-$number-$user");
            die "no session: $status\n", log_lines(qr/error/) if !$session;

            $state[$number][$user] = { session => $session, maybe => [],
                                       next => 0 };
        }
    }
}

# Tells its parent what it does: "sent" before a decision, "ok" after a 200,
# "no" after another status, "cut" if there was none.
sub _client {
    my ($out, $number, $from) = @_;

    for (my $n = $from; ; $n++) {
        my $user = $n % $users;

        # times go up, so each decision is the newest of its session
        my $time = stamp(1_600_000_000 + ($n * $clients + $number) * 60);

        my $status = $n % 3 ? 'declined' : 'approved';

        syswrite $out, "sent $number $user $n $status $time\n";

        my $got = decide($state[$number][$user]{session}, $status, $time);

        my $word = $got == 200 ? 'ok' : $got == 599 ? 'cut' : "no-$got";
        syswrite $out, "$word $number $user $n $status $time\n";
        sleep($word eq 'ok' ? $pause : 0.02);
    }
}

sub _note {
    my ($word, $number, $user, $n, $status, $time) = @_;

    my $at = $state[$number][$user];

    if ($word eq 'sent') {
        push @{ $at->{maybe} }, [$status, $time];
        $state[$number][0]{next} = $n + 1;
        return 0;
    }

    if ($word eq 'ok') {
        $at->{known} = [$status, $time];
        $at->{maybe} = [];
        $count{acknowledged}++;
        return 1;
    }

    $count{$word eq 'cut' ? 'unanswered' : 'refused'}++;
    return 0;
}

# All clients work until $want decisions were acknowledged, or, if it is a
# function, until that is true; then $then is called, and they are stopped.
sub load_round {
    my ($want, $then, @creating) = @_;

    pipe my $in, my $out or die "pipe: $!";

    my @pids = map {
        my $n = $_;
        spawn(sub { _client($out, $n, $state[$n][0]{next}) });
    } 0 .. $clients - 1;

    # those who are in the middle when it happens hold a lease
    push @fresh, @creating;
    push @pids, map { my $user = $_; spawn(sub { create($user) }) } @creating;
    close $out;

    my ($got, $text, $done) = (0, '', 0);

    while (sysread $in, my $part, 65536) {
        $text .= $part;

        while ($text =~ s/^(\S+) (\d+) (\d+) (\d+) (\S+) (\S+)\n//) {
            $got += _note($1, $2, $3, $4, $5, $6);
        }

        if (!$done && (ref $want ? $want->($got) : $got >= $want)) {
            $then->();
            $done = 1;
            kill 'TERM', @pids;
        }
    }

    # those in the pipe were read above: their decisions had no answer
    waitpid $_, 0 for @pids;
}

sub check_people {
    for my $number (0 .. $clients - 1) {
        for my $user (0 .. $users - 1) {
            _check("$name-$number-$user", $state[$number][$user]);
        }
    }
}

sub _check {
    my ($user, $at) = @_;

    my $answer;

    # a worker that was killed is not yet replaced
    for (1 .. 100) {
        $answer = answer('/status', $user);
        last if $answer->{status} != 599;
        sleep 0.05;
    }

    $count{checked}++;

    if ($answer->{status} != 200) {
        $count{torn}++;
        print "  $user: $answer->{status}\n";
        return;
    }

    my $is = JSON::PP::decode_json($answer->{content});
    my $seen = "$is->{status} " . ($is->{decisionTime} // '-');
    my $known = $at->{known} // ['created', '-'];

    return if grep { "@$_" eq $seen } $known, @{ $at->{maybe} };

    $count{lost}++;
    print "  $user: $seen instead of @$known\n";
}

1;
