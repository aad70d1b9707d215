# veriff_status: what an app polls for.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use Test::More;

sub at { POSIX::strftime("%Y-%m-%dT%H:%M:%S$_[1]", gmtime(time - $_[0])) }

on_block(1 => sub {
    my $answer = ask('/status', 'nobody');

    answer_is('unknown', $answer, 200,
              qr/\A\{"state":"UNVERIFIED","status":"none","sessionId":null,
                 "decisionTime":null\}\z/x);
    is($answer->{headers}{'content-type'}, 'application/json', 'JSON');
    is($answer->{headers}{'cache-control'}, 'no-store', 'not stored');

    my $head = ask('/status', 'nobody', method => 'HEAD');
    answer_is('HEAD', $head, 200, qr/\A\z/);
    is($head->{headers}{'content-length'}, length $answer->{content},
       'HEAD: the length');

    for my $method (qw(POST PUT DELETE)) {
        my $refused = ask('/status', 'nobody', method => $method);
        answer_is($method, $refused, 405, qr/"status":405/);
        is($refused->{headers}{'content-type'}, 'application/problem+json',
           "$method: a problem");
        is($refused->{headers}{allow}, 'GET, HEAD', "$method: Allow");
    }

    is(posts(), 0, 'the provider is not asked');
});

on_block(2 => sub {
    for my $user (undef, '', 'x' x 513, "a\tb") {
        answer_is('user ' . ($user // 'undef'), ask('/status', $user), 401,
                  qr/"status":401/);
    }
});

on_block(3 => sub {
    my $session = ask('/json', 'alice')->{content};
    my $time = at(60, '.123456Z');
    my $later = at(30, '.999999Z');

    my @alice = ('created', 'alice', 'UNVERIFIED', 'created', $session, undef);
    state_is(@alice);

    event($session, 'started');
    state_is('started', 'alice', 'UNVERIFIED', 'started', $session, undef);

    event($session, 'submitted');
    state_is('submitted', 'alice', 'PENDING', 'submitted', $session, undef);

    decide($session, 'review');
    state_is('review', 'alice', 'PENDING', 'review', $session, undef);

    decide($session, 'resubmission_requested');
    state_is('resubmission', 'alice', 'UNVERIFIED', 'resubmission_requested',
             $session, undef);

    decide($session, 'approved', decisionTime => $time);
    state_is('approved', 'alice', 'VERIFIED', 'approved', $session,
             $time =~ s/\.\d+//r);

    decide($session, 'declined', decisionTime => $later);
    state_is('declined', 'alice', 'REJECTED', 'declined', $session,
             $later =~ s/\.\d+//r);

    # older than what stands
    decide($session, 'approved', decisionTime => $time);
    state_is('replayed', 'alice', 'REJECTED', 'declined', $session,
             $later =~ s/\.\d+//r);

    state_is('another user', 'bob', 'UNVERIFIED', 'none', undef, undef);
});

on_block(4 => sub {
    for my $status (qw(expired abandoned)) {
        my $session = ask('/json', $status)->{content};

        decide($session, $status);
        state_is($status, $status, 'UNVERIFIED', $status, $session, undef);
    }
});

on_block(5 => sub {
    my $first = ask('/json', 'alice')->{content};
    decide($first, 'approved', decisionTime => at(2 * 86400, 'Z'));
    state_is('too old', 'alice', 'UNVERIFIED', 'approved', $first, undef);

    my $second = ask('/json', 'alice')->{content};
    state_is('again', 'alice', 'UNVERIFIED', 'created', $second, undef);

    my $time = at(0, 'Z');
    decide($second, 'approved', decisionTime => $time);
    state_is('renewed', 'alice', 'VERIFIED', 'approved', $second, $time);

    my $bob = ask('/json', 'bob')->{content};
    decide($bob, 'declined', decisionTime => at(7200, 'Z'));
    state_is('may try again', 'bob', 'UNVERIFIED', 'declined', $bob, undef);
});

# every worker knows it as soon as the webhook is answered
on_block(6 => sub {
    my $session = ask('/json', 'alice')->{content};
    my $time = time - 1000;

    for my $n (1 .. 10) {
        my ($status, $state) = $n % 2 ? qw(approved VERIFIED)
                                      : qw(declined REJECTED);

        decide($session, $status, decisionTime =>
               POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime($time + $n)));

        my $same = grep { /"state":"$state"/ } ask_many(40, '/status',
                                                        'alice');
        is($same, 40, "$n: 40 times $state");
    }
});

on_block(7 => sub {
    my $session = ask('/json', 'alice')->{content};
    decide($session, 'approved');

    state_is('of its own', 'alice', 'VERIFIED', 'approved',
             $session);
    answer_is('another integration', ask('/age-status', 'alice'), 200,
              qr/"state":"UNVERIFIED","status":"none","sessionId":null/);
});

start_sandbox();
run_tests();

__DATA__

=== TEST 1: a user who is not known, and methods



=== TEST 2: no user, or one that cannot be



=== TEST 3: every status of a session



=== TEST 4: sessions that end without a verdict



=== TEST 5: approvals too old, and declines that may be tried again
--- http_config eval
main::kyc('verified_for 1d; retry_declined 1h;')



=== TEST 6: a decision counts on all workers at once
--- timeout: 20



=== TEST 7: of one integration
--- http_config eval
main::kyc_and_age()
--- config eval
main::places(main::api('', 'age') =~ s/veriff-api/age-api/gr
             . 'location = /age-status { veriff_status age; }')



=== TEST 8: without a store
--- http_config eval
main::integration()
--- config eval
main::places()
--- must_die
--- error_log eval
qr/\[emerg\] .*"veriff_status kyc" needs a store, add "veriff_store \/var\/lib\/nginx\/veriff;" to http/



=== TEST 9: of an integration that is not there
--- config
location = /status { veriff_status other; }
--- must_die
--- error_log
"veriff_status other" names an unknown integration
