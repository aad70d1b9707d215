# What has expired is removed: a worker looks through the store when it has
# started, and every hour.  Here everything is made older instead.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffDb;
use Test::More;

my $day = 86400;

# Where times are in a record, and of which unit.
my %seconds = (32 => 1);
my %ms = map { $_ => 1000 } 48, 64, 72, 80;
my %us = map { $_ => 1_000_000 } 16, 24, 40;
my %unit = (%seconds, %ms, %us);

# Makes all there is so many seconds older, and has it looked through.
sub age {
    my ($by) = @_;

    # or a worker of this start has it before it is made older
    wait_until('the store was looked through at first', sub { swept() }, 90);

    # a worker that has not looked yet would see that nobody has, and go
    restart_nginx(sub { change(sub {
        my ($all) = @_;

        for my $name (keys %$all) {
            my $value = \$all->{$name};

            if ($name =~ /^u/) {
                for my $at (keys %unit) {
                    my $time = unpack 'q<', substr $$value, $at, 8;
                    substr($$value, $at, 8) = pack 'q<',
                        $time ? $time - $by * $unit{$at} : 0;
                }

            } elsif ($name =~ /^s/) {
                my $time = unpack 'q<', substr $$value, 17, 8;
                substr($$value, 17, 8) = pack 'q<', $time - $by;

            } elsif ($name =~ /^[dw]/) {
                my $time = unpack 'q<', $$value;
                substr($$value, 0, 8) = pack 'q<', $time - $by;
            }
        }

        # when it was looked through last
        delete $all->{$_} for grep { /^m/ } keys %$all;
    }) });

    wait_until('the store was looked through', sub { swept() }, 90);
}

# A worker says so when it has come to the end; each start of nginx has its
# own "start worker processes".
sub swept {
    open my $in, '<', $Test::Nginx::Util::ErrLogFile or die "error log: $!";
    my @lines = <$in>;

    my ($last) = grep { $lines[$_] =~ /start worker processes/ }
                      reverse 0 .. $#lines;

    my @swept = grep { /expired entries removed$/ }
                     @lines[($last // 0) .. $#lines];

    return scalar @swept;
}

sub counts { join ' ', map { $_ . keys %{ of_kind($_) } } qw(u s w) }

# A mark of a webhook that was answered.
sub mark {
    my ($name) = @_;

    change(sub { $_[0]{sprintf 'w%-16s', $name} = pack 'q<', time });
}

on_block(1 => sub {
    ask('/json', 'nobody');
    decide(ask('/json', 'approved')->{content}, 'approved');
    decide(ask('/json', 'declined')->{content}, 'declined');
    decide(ask('/json', 'dead')->{content}, 'abandoned');
    event(ask('/json', 'lost')->{content}, 'submitted');

    is(counts(), 'u5 s5 w0', 'five users');

    age(8 * $day - 60);
    is(counts(), 'u5 s5 w0', 'a day more than a session may take');

    age(120);
    is(counts(), 'u2 s2 w0', 'and then only verdicts are left');

    age(1000 * $day);
    is(counts(), 'u2 s2 w0', 'for ever');
    answer_is('approved', ask('/json', 'approved'), 200, qr/"VERIFIED"/);
    answer_is('declined', ask('/json', 'declined'), 403);
    answer_is('nobody', ask('/json', 'nobody'), 200, qr/"sessionUrl":"/);
});

on_block(2 => sub {
    decide(ask('/json', 'approved')->{content}, 'approved');
    decide(ask('/json', 'declined')->{content}, 'declined');

    age(31 * $day - 60);
    is(counts(), 'u2 s2 w0', 'a day more than they count');

    age(120);
    is(counts(), 'u0 s0 w0', 'nothing is left');
});

# A superseded session's index goes; not that of the standing verdict, whose
# session can still take it away.
on_block(3 => sub {
    my $first = ask('/json', 'alice')->{content};
    decide($first, 'approved');
    age(2 * $day);

    my $second = answer_is('step up', ask('/json', 'alice'), 200,
                           qr/"sessionUrl":"/);
    decide($second, 'expired');
    my $third = answer_is('and again', ask('/json', 'alice'), 200,
                          qr/"sessionUrl":"/);

    is(counts(), 'u1 s3 w0', 'three sessions');
    age(6 * $day);
    is(counts(), 'u1 s3 w0', 'as long as messages may come');
});

on_block(4 => sub {
    my $first = ask('/json', 'alice')->{content};
    decide($first, 'expired');
    my $second = answer_is('the second', ask('/json', 'alice'), 200,
                           qr/"sessionUrl":"/);
    decide($second, 'approved');
    decide(ask('/json', 'bob')->{content}, 'approved');

    is(counts(), 'u2 s3 w0', 'three sessions');
    age(9 * $day);
    is(counts(), 'u2 s2 w0', 'the superseded one is forgotten');

    decide($second, 'declined');
    answer_is('withdrawn', ask('/json', 'alice'), 403);
    answer_is('not concerned', ask('/json', 'bob'), 200, qr/"VERIFIED"/);
});

on_block(5 => sub {
    my $open = ask('/json', 'alice')->{content};
    my ($name) = keys %{ of_kind('u') };
    my $length = length records()->{$name};

    age(7 * $day - 60);
    is(length records()->{$name}, $length, 'the URL is there');
    is(url_of(ask('/json', 'alice')), url_of({ content => $open }),
       'and is used');

    age(120);
    cmp_ok(length records()->{$name}, '<', $length - 100,
           'the URL of an expired session is erased');
    is(counts(), 'u1 s1 w0', 'the rest not yet');
    state_is('expired', 'alice', 'UNVERIFIED', 'created');
});

on_block(6 => sub {
    mark('old');
    age(8 * $day - 60);
    mark('new');
    is(counts(), 'u0 s0 w2', 'for eight days');

    age(120);
    is(join(' ', keys %{ of_kind('w') }), sprintf('w%-16s', 'new'),
       'then it is forgotten');
});

# Of an integration that is not there nothing is known.
on_block(7 => sub {
    ask('/json', 'alice');

    change(sub {
        my ($all) = @_;
        substr($all->{$_}, 120, 8) = 'x' x 8 for grep { /^u/ } keys %$all;
    });

    age(1000 * $day);
    is(counts(), 'u1 s1 w0', 'it stays');
});

# Many of them, in many steps; one who comes back meanwhile is not lost.
on_block(8 => sub {
    ask('/json', 'alice');

    my ($name) = keys %{ of_kind('u') };
    my ($index) = keys %{ of_kind('s') };

    change(sub {
        my ($all) = @_;

        for my $n (1 .. 2000) {
            my $other = pack 'a1 N a12', 'u', $n * 0x10001, 'x' x 12;

            $all->{$other} = $all->{$name};
            $all->{pack 'a1 N a12', 's', $n * 0x10001, 'x' x 12} =
                $other . substr $all->{$index}, 17;
        }
    });

    age(9 * $day);
    is(counts(), 'u0 s0 w0', 'all of them');

    my @swept = map { /(\d+) expired/ } grep { /expired entries removed/ }
                do { open my $in, '<', $Test::Nginx::Util::ErrLogFile; <$in> };

    is($swept[-1], 4001, 'as one worker says');
    is(scalar(grep { $_ > 0 } @swept), 1, 'and no other');
});

# An approval that was revoked, sent once more: with "match vendor_data" it would
# bind its session anew, so what it was revoked by is kept until it is too old.
on_block(9 => sub {
    my $approved = 60;
    my $hook = sub {
        my ($status, $ago) = @_;

        my $at = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - $ago));
        my $body = qq({"verification":{"id":"made-by-app","vendorData":"alice",)
                   . qq("status":"$status","decisionTime":"$at"}});

        my $answer = ask('/hook', undef, method => 'POST', content => $body,
                         'X-AUTH-CLIENT' => api_key(),
                         'X-HMAC-SIGNATURE' => hmac(shared_secret(), $body));
        is($answer->{status}, 200, "$status: taken");
    };

    $hook->('approved', $approved);
    state_is('approved', 'alice', 'VERIFIED', 'approved');
    $hook->('declined', 30);
    state_is('revoked', 'alice', 'REJECTED', 'declined');

    for my $days (3, 4) {
        age($days * $day);
        $approved += $days * $day;

        is(counts(), 'u1 s1 w0', "$days days older: still there");
        $hook->('approved', $approved);
        state_is('sent once more', 'alice', 'UNVERIFIED', 'declined');
    }

    age(2 * $day);
    is(counts(), 'u0 s0 w0', 'gone');
    $hook->('approved', $approved + 2 * $day);
    state_is('sent once more', 'alice', 'UNVERIFIED', 'none');
});

log_level('info');
start_sandbox();
run_tests();

__DATA__

=== TEST 1: users who are not verified, and verdicts
--- timeout: 60



=== TEST 2: verdicts that do not count any more
--- http_config eval
main::kyc('verified_for 30d; retry_declined 30d;')
--- timeout: 30



=== TEST 3: a step-up
--- http_config eval
main::kyc('verified_for 1d;')
--- timeout: 30



=== TEST 4: a superseded session
--- timeout: 30



=== TEST 5: the URL of a session that has expired
--- timeout: 30



=== TEST 6: webhooks that were answered
--- timeout: 30



=== TEST 7: an integration that is not configured
--- timeout: 30



=== TEST 8: thousands
--- timeout: 40



=== TEST 9: an approval that was revoked
--- http_config eval
main::kyc('match vendor_data; retry_declined 1d; session_lifetime 1m;')
--- timeout: 60
