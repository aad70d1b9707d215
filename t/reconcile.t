# reconcile: when a user comes back and no webhook has brought a verdict, the
# provider is asked for it, once per session and time for all workers.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffReturn;
use VeriffHttp2;
use POSIX ();
use Test::More;
use Time::HiRes ();

worker_connections(1024);

my $begun = 'Have you finished?';
my $pending = 'Your verification is being checked';
my $declined = 'Your verification was declined';

sub at { POSIX::strftime("%Y-%m-%dT%H:%M:%S$_[1]", gmtime(time - $_[0])) }

# Faults of the next decisions that are asked for.
sub fault_of_decision { fault(path => '/v1/sessions/', method => 'GET', @_) }

# A user whose verdict has been lost.
sub undelivered {
    my ($user, $status, %o) = @_;

    my $who = lead($user, '/app');

    no_webhooks();
    decide($who->{session}, $status, %o);

    return $who;
}

# Comes back until the provider has been asked so many times.
sub come_back_until {
    my ($who, $count) = @_;

    my $answer;

    wait_until("$count questions", sub {
        $answer = come_back($who);
        questions($who->{session}) >= $count;
    });

    return $answer;
}

sub send_return {
    my ($who) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => server_port(), Timeout => 10) or die "connect: $!";

    syswrite $socket, "GET /return HTTP/1.1\r\nHost: localhost\r\n"
        . "Accept: text/html\r\nCookie: $who->{cookie}\r\n"
        . "Connection: close\r\n\r\n";

    return $socket;
}

on_block(1 => sub {
    my $alice = undelivered('alice', 'approved');

    is(told('alice'), 'UNVERIFIED created', 'the webhook is lost');

    my $answer = come_back($alice);
    led_back('it heals', $answer, '/app');
    is(told('alice'), 'VERIFIED approved', 'for all');

    led_back('again', come_back($alice), '/app');
    is(questions(), 1, 'one question');

    my ($seen) = grep { $_->{method} eq 'GET' } all_requests();
    my %header = map { lc $_->[0] => $_->[1] } @{ $seen->{headers} };

    is($seen->{path}, "/v1/sessions/$alice->{session}/decision", 'the path');
    is($seen->{status}, 200, 'signed as the provider wants it');
    is($header{'x-hmac-signature'}, hmac(shared_secret(), $alice->{session}),
       'the id is signed');
    is($header{cookie}, undef, 'the cookie stays here');
    is($header{accept}, 'application/json', 'nothing of the browser');

    # what it healed is durable
    restart_nginx();
    is(told('alice'), 'VERIFIED approved', 'after a restart');
});

on_block(2 => sub {
    my %after = (
        declined => ['REJECTED declined', $declined],
        resubmission_requested => ['UNVERIFIED resubmission_requested',
                                   'Please try once more'],
        review => ['PENDING review', $pending],
        expired => ['UNVERIFIED expired',
                    'The verification was not finished'],
        abandoned => ['UNVERIFIED abandoned',
                      'The verification was not finished'],
    );

    for my $status (sort keys %after) {
        my $who = undelivered($status, $status);
        my ($state, $heading) = @{ $after{$status} };

        page_is($status, come_back($who), $heading);
        is(told($status), $state, "$status: $state");
        is(questions($who->{session}), 1, "$status: one question");
    }
});

# no decision yet
on_block(3 => sub {
    my $alice = lead('alice', '/app');
    my $bob = lead('bob', '/app');
    my $start = Time::HiRes::time();

    page_is('undecided', come_back($alice), $begun);
    is(questions(), 1, 'asked at once');

    come_back($alice) for 1 .. 5;
    is(questions($alice->{session}), 1, 'and not again so soon')
        if Time::HiRes::time() - $start < 1.9;

    page_is('another user', come_back($bob), $begun);
    is(questions($bob->{session}), 1, 'another session is another question');

    come_back_until($alice, 2);
    cmp_ok(Time::HiRes::time() - $start, '>=', 2, 'after the time, again');

    no_webhooks();
    decide($alice->{session}, 'approved');

    my $answer = come_back_until($alice, 3);
    $answer = come_back($alice) if $answer->{status} == 200;
    led_back('decided', $answer, '/app');
    cmp_ok(Time::HiRes::time() - $start, '>=', 4, 'after twice the time');
});

# many tabs, four workers, whose clocks are not quite the same
on_block(4 => sub {
    for my $user (qw(alice bob carol dave)) {
        my $who = undelivered($user, 'approved');

        fault_of_decision(delay => 0.5);

        my @answers = read_answers(map { send_return($who) } 1 .. 50);
        my %seen;

        $seen{ m{^HTTP/1\.1 (\d+)} ? $1 : 'none' }++ for @answers;

        is(questions($who->{session}), 1, "$user: one question");
        is(($seen{200} // 0) + ($seen{303} // 0), 50, "$user: all answered")
            or diag(explain(\%seen));
        cmp_ok($seen{303} // 0, '>=', 1, "$user: who has asked goes back");
        cmp_ok($seen{200} // 0, '>=', 1, "$user: others need not wait");

        led_back("$user, later", come_back($who), '/app');
        is(questions($who->{session}), 1, "$user: still one");
    }
});

# answers that do not count
on_block(5 => sub {
    my $other = lead('mallory', '/app');
    my %faults = (
        'another id' => { id => $other->{session} },
        'no id' => { id => undef },
        'a forged signature' => { signature => 'wrong' },
        'contradicting signatures' => { signature => 'conflict' },
        'no signature' => { signature => 'none' },
        'not found' => { status => 404 },
        'unauthorized' => { status => 401 },
        'too many' => { status => 429 },
        'an error' => { status => 500 },
        'another success' => { status => 201 },
        'a redirect' => { status => 302, location => '/v1/x' },
        'cut off' => { cut => 'body' },
        'no answer' => { cut => 'before' },
        'too slow' => { delay => 3 },
        'another vendorData' => { vendor_data => 'mallory' },
        'no JSON' => { non_json => JSON::PP::true() },
        'a list' => { body => [] },
        'no decision' => { body => { status => 'success' } },
        'a number' => { body => { status => 'success', verification => 7 } },
        'a compressed one' => { gzip => JSON::PP::true() },
        'too large' => { oversized => 200_000 },
    );

    for my $name (sort keys %faults) {
        my $who = undelivered($name =~ tr/a-zA-Z//cdr, 'approved');

        fault_of_decision(%{ $faults{$name} });

        page_is($name, come_back($who), $begun);
        is(questions($who->{session}), 1, "$name: it was asked for");
        is(told($who->{user}), 'UNVERIFIED created', "$name: nothing changes");
    }

    is(told('mallory'), 'UNVERIFIED created', 'nor for who was named');
});

# and no failure is for ever
on_block(6 => sub {
    my $alice = undelivered('alice', 'approved');

    fault_of_decision(status => 500);
    page_is('a failure', come_back($alice), $begun);

    my $answer = come_back_until($alice, 2);
    $answer = come_back($alice) if $answer->{status} == 200;
    led_back('mended', $answer, '/app');
});

on_block(7 => sub {
    my $alice = undelivered('alice', 'approved');

    fault_of_decision(signature => 'none');
    led_back('no signature', come_back($alice), '/app');

    my $bob = undelivered('bob', 'approved');

    fault_of_decision(signature => 'wrong');
    page_is('a wrong one', come_back($bob), $begun);
    is(told('bob'), 'UNVERIFIED created', 'nothing changes');
});

on_block(8 => sub {
    my $alice = undelivered('alice', 'approved');

    page_is('off', come_back($alice), $begun) for 1 .. 3;
    is(questions(), 0, 'nobody is asked');
});

# the client leaves while it is asked for
on_block(9 => sub {
    my $alice = undelivered('alice', 'approved');

    fault_of_decision(delay => 1);

    close send_return($alice);
    wait_until('the question', sub { questions() });

    ok(wait_until('the answer', sub { told('alice') eq 'VERIFIED approved' }),
       'it counts');
    led_back('come back', come_back($alice), '/app');
    is(questions(), 1, 'one question');

    # gone before it could be asked
    my $bob = undelivered('bob', 'approved');

    for (1 .. 20) {
        close send_return($bob);
    }

    my $answer;
    ok(wait_until('bob is led back', sub {
        $answer = come_back($bob);
        $answer->{status} == 303;
    }), 'no lock is left');
});

# nothing to ask for
on_block(10 => sub {
    neutral_is('no cookie', come_back(undef));
    is(questions(), 0, 'no cookie: nobody is asked');

    for my $status (qw(approved declined expired abandoned)) {
        my $who = lead($status, '/app');

        decide($who->{session}, $status);
        come_back($who);
        is(questions(), 0, "$status: nobody is asked");
    }
});

# an older verdict than the one that stands, and one of a former session
on_block(11 => sub {
    my $first = lead('alice', '/app');

    decide($first->{session}, 'declined', decisionTime => at(7200, 'Z'));

    my $second = lead('alice', '/app');
    isnt($second->{session}, $first->{session}, 'another session');

    no_webhooks();
    decide($second->{session}, 'approved', decisionTime => at(9000, 'Z'));

    # it is decided, and what stands allows another try: nothing to wait for
    page_is('an older verdict', come_back($second),
            'Please verify your identity again');
    is(questions($second->{session}), 1, 'it was asked for');
    is(questions($first->{session}), 0, 'not for the former session');
});

# a new session is asked about at once, whenever the former one was
on_block(12 => sub {
    my $first = lead('alice', '/app');

    page_is('the first', come_back($first), $begun);
    decide($first->{session}, 'expired');
    Time::HiRes::sleep(1.1);        # its time is kept in whole seconds

    my $second = undelivered('alice', 'approved');
    led_back('the second', come_back($second), '/app');
    is(questions(), 2, 'two questions');
});

on_block(13 => sub {
    my $who = lead('alice', '/app');

    page_is('no signed location', come_back($who), $begun);
    is(questions(), 0, 'nobody is asked');
});

# 300 within a minute
on_block(14 => sub {
    my @who = map { lead("user-$_", '/app', session => 0) } 1 .. 330;

    no_webhooks();

    my $start = Time::HiRes::time();
    come_back($_) for @who;

    # five more with each second
    my $more = 5 * (Time::HiRes::time() - $start) + 2;

    my $count = questions();
    cmp_ok($count, '>=', 300, 'as many as the budget has');
    cmp_ok($count, '<=', 300 + $more, 'and no more');
});

# what the provider says of a person stays out of the log
on_block(15 => sub {
    my $user = canary('canary-user-7c1e');
    my $who = undelivered($user, 'approved');

    canary($who->{url});
    canary($who->{cookie} =~ s/.*?=//r);
    fault_of_decision(vendor_data => canary('canary-vendor-2f9a'));
    page_is('another vendorData', come_back($who), $begun);

    $who = undelivered('bob', 'approved');
    fault_of_decision(status => 400,
                      message => canary('canary-message-81bd'));
    page_is('an error', come_back($who), $begun);
});

# a former session, which could take away the approval that it gave
on_block(16 => sub {
    my $first = lead('alice', '/fresh');

    decide($first->{session}, 'approved', decisionTime => at(7200, 'Z'));
    is(ask('/fresh', 'alice')->{status}, 403, 'it is too old here');

    my $second = lead_by_gate('alice', '/fresh');
    isnt($second->{session}, $first->{session}, 'another session');

    fault_of_decision(body => { status => 'success', verification => {
        id => $first->{session}, status => 'declined',
        decisionTime => at(0, 'Z') } });

    page_is('the former one', come_back($second), $begun);
    is(questions($second->{session}), 1, 'it was asked for');
    is(told('alice'), 'VERIFIED approved', 'nothing is taken away');
});

# HTTP/2
on_block(17 => sub {
    my $alice = undelivered('alice', 'approved');
    my $socket = h2_connect();

    syswrite $socket, h2_request(1, '/return', cookie => $alice->{cookie})
                      . h2_reset(1);

    ok(wait_until('the verdict', sub { told('alice') eq 'VERIFIED approved' }),
       'gone at once: it is asked for, and counts');
    led_back('come back', come_back($alice), '/app');
    is(questions(), 1, 'one question');
});

on_block(18 => sub {
    my $alice = undelivered('alice', 'approved');
    my $socket = h2_connect();

    fault_of_decision(delay => 0.3);

    syswrite $socket, h2_request(1, '/return', cookie => $alice->{cookie});
    wait_until('the question', sub { questions() });
    syswrite $socket, h2_reset(1);

    ok(wait_until('the verdict', sub { told('alice') eq 'VERIFIED approved' }),
       'gone while the provider is asked: it counts');
    led_back('come back', come_back($alice), '/app');
    is(questions(), 1, 'one question');
});

start_sandbox();
run_tests();

__DATA__

=== TEST 1: a lost webhook heals itself



=== TEST 2: everything else that a webhook would have said



=== TEST 3: no more often than the time says
--- http_config eval
main::kyc_return('reconcile 2s;')
--- timeout: 30



=== TEST 4: one question, whatever the number of tabs and workers
--- timeout: 30



=== TEST 5: answers that do not count
--- config eval
main::return_places() =~ s/(?=proxy_pass)/proxy_read_timeout 2s;
    /r
--- timeout: 60
--- error_log
veriff decision "kyc": the provider's answer was refused: it is about another session
veriff decision "kyc": the provider gave an answer with a wrong signature, status 200, code -
veriff decision "kyc": the provider gave an answer without signature, status 200, code -
veriff decision "kyc": the provider gave an error, status 404, code 1101
veriff decision "kyc": the provider gave an unexpected success status, status 201, code -
veriff decision "kyc": the provider gave no complete answer, status 0, code -
veriff decision "kyc": the provider's answer was refused: it is no decision
veriff decision "kyc": the provider gave an answer that is too large
veriff decision "kyc": the provider's answer was refused: its vendorData or endUserId is not the one that was sent



=== TEST 6: a failure is not for ever
--- http_config eval
main::kyc_return('reconcile 1s;')
--- timeout: 20



=== TEST 7: signatures are optional
--- http_config eval
main::kyc_return('response_signature optional;')



=== TEST 8: switched off
--- http_config eval
main::kyc_return('reconcile off;')



=== TEST 9: a client that leaves
--- http_config eval
main::kyc_return('reconcile 1s;')
--- timeout: 30



=== TEST 10: nothing to ask for



=== TEST 11: verdicts that are older, and sessions that are over
--- http_config eval
main::kyc_return('retry_declined 1h;')



=== TEST 12: a new session



=== TEST 13: no signed location
--- config eval
main::return_places(<<'END')
location ~ ^/veriff-api/v1/sessions/.+/decision$ { internal; return 404; }
END
--- error_log
veriff decision "kyc": no location with "veriff_sign kyc" answers to "/veriff-api/v1/sessions/.../decision" in this server



=== TEST 14: no more than the budget
--- timeout: 90



=== TEST 15: what is not in the log
--- error_log
its vendorData or endUserId is not the one that was sent



=== TEST 16: an answer about a former session
--- config eval
main::return_places('location = /fresh {
    veriff_gate kyc max_age=1h;
    proxy_pass http://127.0.0.1:1;
}')
--- error_log
the provider's answer was refused: it is about another session



=== TEST 17: HTTP/2, a client that leaves at once
--- http_config eval
main::kyc_return('reconcile 1h;') . 'server {
    listen $TEST_NGINX_H2_PORT http2;
' . main::return_places() . '}'
--- timeout: 20



=== TEST 18: HTTP/2, a client that leaves while the provider is asked
--- http_config eval
main::kyc_return('reconcile 1h;') . 'server {
    listen $TEST_NGINX_H2_PORT http2;
' . main::return_places() . '}'
--- timeout: 20
