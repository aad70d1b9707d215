# The provider's nine statuses, from a session's first to its last day: what the
# gate, the status, the return page and the start make of each; resubmission;
# expiry; and the provider's caps of sessions a minute.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffApp;
use VeriffReturn;
use VeriffDb;
use POSIX ();
use Test::More;

my $day = 86400;

our $places = return_places(<<'EOF_CONFIG');
location /app { veriff_gate kyc; proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT; }
EOF_CONFIG

my %browser = (Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate',
               'Sec-Fetch-Dest' => 'document');

sub at { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - $_[0])) }

sub visit { ask($_[0], $_[1]{user}, %browser) }

# A user who was led to the provider from /app, with a session that has come
# to this status.
sub someone {
    my ($user, $status) = @_;

    my $who = lead($user, '/app');

    if ($status =~ /^(?:started|submitted)$/) {
        event($who->{session}, $status);

    } elsif ($status ne 'created') {
        event($who->{session}, 'started') if $status ne 'expired';
        event($who->{session}, 'submitted') if $status !~ /^(?:exp|aban)/;
        decide($who->{session}, $status,
               $status =~ /^(?:exp|aban)/ ? () : (decisionTime => at(60)));
    }

    return $who;
}

# What the start does: the same URL, another one, or the way back.
sub starts {
    my ($name, $who, $where) = @_;

    my $before = posts();
    my $answer = ask('/start?return=%2Fapp', $who->{user}, %browser,
                     Cookie => $who->{cookie});
    my $to = $answer->{headers}{location} // '';

    is($answer->{status}, 303, "$name: start redirects");

    if ($where eq 'same') {
        is($to, $who->{url}, "$name: to the same URL");

    } elsif ($where eq 'new') {
        like($to, qr{^https?://127\.0\.0\.1:\d+/v/}, "$name: to the provider");
        isnt($to, $who->{url}, "$name: to another URL");

    } else {
        is($to =~ s/\?.*//r, $where, "$name: to $where");
    }

    is(posts() - $before, $where eq 'new' ? 1 : 0,
       "$name: sessions that were made");
}


# ---- the nine of the table -------------------------------------------------

# status, state, where the gate leads to (none: it lets pass), what the return
# page says, where the start leads to
my @nine = (
    ['created', 'UNVERIFIED', '/start', 'Have you finished?', 'same'],
    ['started', 'UNVERIFIED', '/start', 'Have you finished?', 'same'],
    ['submitted', 'PENDING', '/return', 'Your verification is being checked',
     '/return'],
    ['approved', 'VERIFIED', undef, undef, '/app'],
    ['declined', 'REJECTED', '/return', 'Your verification was declined',
     '/return'],
    ['resubmission_requested', 'UNVERIFIED', '/start',
     'Please try once more', 'same'],
    ['expired', 'UNVERIFIED', '/start', 'The verification was not finished',
     'new'],
    ['abandoned', 'UNVERIFIED', '/start', 'The verification was not finished',
     'new'],
    ['review', 'PENDING', '/return', 'Your verification is being checked',
     '/return'],
);

on_block(1 => sub {
    for my $row (@nine) {
        my ($status, $state, $gate, $page, $start) = @$row;

        my $who = someone("u-$status", $status);

        state_is($status, $who->{user}, $state, $status, $who->{session});

        app_seen();
        my $answer = visit('/app', $who);
        my $program = ask('/app', $who->{user});

        if ($gate) {
            is($answer->{status}, 302, "$status: the gate leads on");
            is($answer->{headers}{location} =~ s/\?.*//r, $gate,
               "$status: to $gate");
            is($program->{status}, 403, "$status: a program is refused");
            like($program->{content}, qr/"state":"$state"/,
                 "$status: and told the state");
            is(join("\n", app_seen()), '', "$status: not the app");

            page_is($status, come_back($who), $page);

        } else {
            is($answer->{status}, 200, "$status: the gate lets pass");
            is($program->{status}, 200, "$status: a program, too");

            my @seen = app_seen();
            is(scalar @seen, 2, "$status: the app");
            like($seen[0], qr/x-veriff-state=VERIFIED/, "$status: marked");

            led_back($status, come_back($who), '/app');
        }

        starts($status, $who, $start);
    }
});


# ---- resubmission ----------------------------------------------------------

# The provider asks nine times; the tenth time it declines by itself.
sub nine_times {
    my ($who) = @_;

    for my $n (1 .. 9) {
        event($who->{session}, 'started');
        state_is("attempt $n", $who->{user}, 'UNVERIFIED', 'started',
                 $who->{session});
        event($who->{session}, 'submitted');
        state_is("attempt $n", $who->{user}, 'PENDING', 'submitted',
                 $who->{session});
        decide($who->{session}, 'resubmission_requested',
               decisionTime => at(600 - $n));
        state_is("request $n", $who->{user}, 'UNVERIFIED',
                 'resubmission_requested', $who->{session});

        starts("request $n", $who, 'same');
    }

    event($who->{session}, $_) for qw(started submitted);
    state_is('the tenth', $who->{user}, 'PENDING', 'submitted',
             $who->{session});
}

sub attempts_of {
    my ($who) = @_;

    return scalar @{ sandbox(GET =>
                     "/_sandbox/sessions/$who->{session}")->{attempts} };
}

on_block(2 => sub {
    my $who = lead('alice', '/app');

    nine_times($who);
    is(attempts_of($who), 10, 'ten attempts');

    decide($who->{session}, 'resubmission_requested', decisionTime => at(90));

    my $decision = sandbox(GET => "/_sandbox/sessions/$who->{session}")
                   ->{decision};
    is("$decision->{status} $decision->{reasonCode}", 'declined 539',
       'the provider asks no tenth time');
    state_is('one too many', 'alice', 'REJECTED', 'declined',
             $who->{session});
    starts('one too many', $who, '/return');

    # the tenth attempt may well be the good one
    my $bob = lead('bob', '/app');

    nine_times($bob);
    decide($bob->{session}, 'approved', decisionTime => at(90));
    state_is('at last', 'bob', 'VERIFIED', 'approved', $bob->{session});
    led_back('at last', come_back($bob), '/app');
});


# ---- expiry ----------------------------------------------------------------

on_block(3 => sub {
    my %who = map { $_ => someone("u-$_", $_) }
              qw(created started resubmission_requested submitted approved);

    advance(7 * $day - 60);
    state_is("$_, on its last day", "u-$_",
             $_ eq 'approved' ? 'VERIFIED' : $_ eq 'submitted' ? 'PENDING'
             : 'UNVERIFIED', $_, $who{$_}{session}) for sort keys %who;

    advance(120);
    state_is('never entered', 'u-created', 'UNVERIFIED', 'expired',
             $who{created}{session});
    state_is('never finished', 'u-started', 'UNVERIFIED', 'abandoned',
             $who{started}{session});
    state_is('not repeated', 'u-resubmission_requested', 'UNVERIFIED',
             'abandoned', $who{resubmission_requested}{session});
    state_is('awaits its verdict', 'u-submitted', 'PENDING', 'submitted',
             $who{submitted}{session});
    state_is('stays', 'u-approved', 'VERIFIED', 'approved',
             $who{approved}{session});

    for my $status (qw(created started resubmission_requested)) {
        starts("$status, too late", $who{$status}, 'new');
        state_is("$status, again", "u-$status", 'UNVERIFIED', 'created');

        # and the webhook of the old session is told once more
        decide($who{$status}{session}, 'expired');
        state_is("$status, the old one", "u-$status", 'UNVERIFIED',
                 'created');
    }
});

# The webhooks are lost, and the provider cannot be asked: the gateway's own
# seven days.  What a record says of its session's creation is at 32.
sub made_earlier {
    my ($by) = @_;

    change(sub {
        my ($all) = @_;

        for my $name (grep { /^u/ } keys %$all) {
            my $created = unpack 'q<', substr $all->{$name}, 32, 8;
            substr($all->{$name}, 32, 8) = pack 'q<', $created - $by;
        }
    });
}

on_block(4 => sub {
    my %who = map { $_ => someone("u-$_", $_) } qw(created started submitted);

    made_earlier(7 * $day - 60);

    starts('created, on its last day', $who{created}, 'same');
    starts('submitted, on its last day', $who{submitted}, '/return');
    state_is('on its last day', 'u-submitted', 'PENDING', 'submitted');

    made_earlier(60);

    state_is('too late', 'u-submitted', 'UNVERIFIED', 'submitted');

    for my $status (sort keys %who) {
        is(visit('/app', $who{$status})->{headers}{location} =~ s/\?.*//r,
           '/start', "$status: the gate leads to the start");
        starts("$status, too late", $who{$status}, 'new');
    }
});


# ---- caps ------------------------------------------------------------------

# how many of so many users get which status
sub crowd {
    my ($count, $prefix) = @_;

    my %seen;

    for my $answer (read_answers(map { send_request('/redirect', "$prefix$_") }
                                 1 .. $count))
    {
        my ($status) = $answer =~ m{^HTTP/1\.1 (\d+)};
        $seen{$status // 'none'}++;

        like($answer, qr/^Retry-After: [1-9]\d*\r$/m, 'when to come again')
            if $status >= 400;
    }

    return join ' ', map { "$_:$seen{$_}" } sort keys %seen;
}

# a Self-Serve integration: the provider never has to refuse
on_block(5 => sub {
    sandbox(POST => '/_sandbox/config', { rate => 30 });

    is(crowd(33, 'u'), '303:30 429:3', 'thirty a minute');
    is(posts(), 30, 'the provider is asked for no more');
});

# it shares its cap with others, which the provider says
on_block(6 => sub {
    sandbox(POST => '/_sandbox/config', { rate => 30 });

    is(crowd(33, 'u'), '303:30 503:3', 'as the provider says');
    is(posts(), 33, 'it was asked');

    advance(61);
    is(crowd(3, 'v'), '303:3', 'a minute later');
});

# an Enterprise one, with nothing configured on either side
on_block(7 => sub {
    is(sandbox(GET => '/_sandbox/config')->{rate}, 600, "the provider's cap");

    my %seen;

    for my $part (1 .. 7) {
        my $seen = crowd($part == 7 ? 5 : 100, "p$part-");
        $seen{$1} += $2 while $seen =~ /(\d+):(\d+)/g;
    }

    is_deeply(\%seen, { 303 => 600, 429 => 5 }, 'six hundred a minute');
    is(posts(), 600, 'the provider is asked for no more');
});

start_app();
start_sandbox();
worker_connections(1024);
run_tests();

__DATA__

=== TEST 1: all nine
--- http_config eval: main::kyc_return('reconcile off;')
--- config eval: $main::places



=== TEST 2: nine resubmissions, and the tenth
--- http_config eval: main::kyc_return('reconcile off;')
--- config eval: $main::places
--- timeout: 20



=== TEST 3: expiry, as the provider tells it
--- http_config eval: main::kyc_return('reconcile off;')
--- config eval: $main::places



=== TEST 4: expiry, though nobody tells it
--- http_config eval: main::kyc_return('reconcile off;')
--- config eval: $main::places



=== TEST 5: thirty a minute, by session_rate
--- http_config eval: main::kyc_return('session_rate 30r/m;')
--- config eval: $main::places
--- timeout: 20



=== TEST 6: thirty a minute, by the provider
--- http_config eval: main::kyc_return('session_rate off;')
--- config eval: $main::places
--- timeout: 20



=== TEST 7: six hundred a minute, by default
--- http_config eval: main::kyc_return()
--- config eval: $main::places
--- timeout: 60
