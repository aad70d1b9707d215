# Every type of webhook, as the provider sends it, all of them to one URL: what
# the application gets, what it is called, and what it does to the state of a
# user, with "watchlist" and "full_auto" and without.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffWebhook;
use VeriffMetrics qw(reload_nginx);
use JSON::PP ();
use POSIX ();
use Test::More;

start_app();
start_sandbox();
worker_connections(512);
master_on();
workers(2);

our $apply = 'watchlist apply; full_auto apply;';
our $store = "veriff_store \$TEST_NGINX_KEYS/store;\n";

our $locations = <<'EOF_CONFIG';
$TEST_NGINX_READY
location = /status { veriff_status kyc; }
location = /veriff/start { veriff_session kyc; }
location = /veriff/return { veriff_return kyc; }
location = /gated { veriff_gate kyc; proxy_pass $TEST_NGINX_APP; }
location = /hook {
    veriff_webhook kyc;
    proxy_set_header X-Seen
      "$veriff_webhook_type,$veriff_webhook_session_id,$veriff_webhook_status";
    proxy_pass $TEST_NGINX_APP;
}
EOF_CONFIG

sub kyc { $store . integration($_[0]) }
sub places { api() . sessions() . $locations . ($_[0] // '') }

sub second {
    my ($name, $more) = @_;

    return (integration("$more api_uri /$name-api;")
            =~ s/veriff_key_file.*\n//r) =~ s/kyc/$name/r;
}

my $people = 0;
my $now = time;


# ---- users, and what is said about them ------------------------------------

sub get {
    my ($path, $user) = @_;

    return exchange("GET $path HTTP/1.1\r\nHost: localhost\r\n"
                    . "X-User: $user\r\nConnection: close\r\n\r\n");
}

sub state_of {
    my ($who, $path) = @_;

    my $answer = get($path // '/status', $who->{user});
    my $json = eval { JSON::PP::decode_json(content_of($answer)) } // {};

    return $json->{state} ? "$json->{state} $json->{status}"
                          : status_of($answer);
}

sub ago {
    return POSIX::strftime('%Y-%m-%dT%H:%M:%S.000000Z',
                           gmtime($now - $_[0]));
}

sub steer {
    my ($who, $what, %o) = @_;

    sandbox(POST => "/_sandbox/sessions/$who->{id}/$what",
            { wait => JSON::PP::true(), %o });
}

# A user in this state; whatever is decided, it was a while ago.
sub person {
    my ($state, $path) = @_;

    my $hook = 'http://127.0.0.1:' . Test::Nginx::Util::server_port()
               . '/hook';
    sandbox(POST => '/_sandbox/config',
            { webhook_url => $hook, event_url => $hook });

    my $user = 'user-' . ++$people;
    my $answer = get($path // '/api', $user);
    my $json = JSON::PP::decode_json(content_of($answer))->{verification};
    my $who = { user => $user, id => $json->{id},
                token => $json->{vendorData} };

    if ($state =~ / (started|submitted)$/) {
        steer($who, 'event', action => $1);

    } elsif ($state !~ / created$/) {
        steer($who, 'decide', status => (split / /, $state)[1],
              decisionTime => ago(1000));
    }

    app_seen();

    return $who;
}

# The sandbox sends it; what the application has seen of it.
sub notice {
    my ($name, $who, %wish) = @_;

    sandbox(DELETE => '/_sandbox/webhooks');
    steer($who, 'webhook', %wish);

    my ($sent, @more) = @{ sandbox(GET => '/_sandbox/webhooks') };
    my @seen = app_seen();

    is(scalar @more, 0, "$name: sent once");
    is($sent->{attempts}[0]{status}, 200, "$name: answered 200");
    is(scalar @seen, 1, "$name: the app sees it") or return {};

    utf8::encode(my $bytes = $sent->{body});
    ok($seen[0]{body} eq $bytes, "$name: byte for byte");
    like($seen[0]{head}, qr/^X-Veriff-Webhook: ok\r$/m, "$name: marked");
    like($seen[0]{head}, qr/^X-Veriff-User: \Q$who->{user}\E\r$/m,
         "$name: with its user");
    like($seen[0]{head}, qr/^x-hmac-signature: [0-9a-f]{64}\r$/mi,
         "$name: with the provider's headers");

    return { body => $bytes, what => header_of($seen[0]{head}, 'X-Seen') };
}


# ---- the table -------------------------------------------------------------

my @states = ('UNVERIFIED created', 'UNVERIFIED started', 'PENDING submitted',
              'PENDING review', 'UNVERIFIED resubmission_requested',
              'VERIFIED approved', 'REJECTED declined', 'UNVERIFIED expired');

# What is sent; how its status is told; what it comes to with "apply", for all
# states ('*') or for some: the others stay, as all of them do without it.
my @types = (
    [{ type => 'watchlist', status => 'no_match' }, 'no_match'],
    [{ type => 'watchlist', status => 'no_match', check => 'updated_result' },
     'no_match'],
    [{ type => 'watchlist', status => 'possible_match' }, 'possible_match',
     'VERIFIED approved' => 'PENDING approved'],
    [{ type => 'watchlist', status => 'possible_match',
       check => 'updated_result', extra => JSON::PP::true() },
     'possible_match', 'VERIFIED approved' => 'PENDING approved'],
    [{ type => 'watchlist', status => 'declined' }, 'declined'],
    [{ type => 'watchlist', status => 'Possible_match' }, 'Possible_match'],

    [{ type => 'full_auto' }, 'approved',
     '*' => 'VERIFIED approved'],
    [{ type => 'full_auto', status => 'declined',
       wrapped => JSON::PP::true() }, 'declined',
     '*' => 'REJECTED declined'],
    [{ type => 'full_auto', status => 'resubmission_requested',
       extra => JSON::PP::true() }, 'resubmission_requested',
     '*' => 'UNVERIFIED resubmission_requested',
     'UNVERIFIED expired' => 'UNVERIFIED expired',
     'VERIFIED approved' => 'VERIFIED approved',
     'REJECTED declined' => 'REJECTED declined'],
    [{ type => 'full_auto', status => 'submitted' }, 'submitted'],
    [{ type => 'full_auto', status => 'accepted' }, 'accepted'],

    map({ my $status = $_;
          map { [{ type => $_, status => $status }, $status] }
              qw(user_status ine curp ine_curp address) }
        qw(approved declined found possible_match)),

    [{ type => 'unknown', status => 'approved' }, ''],
    [{ type => 'unknown', status => 'declined',
       extra => JSON::PP::true() }, ''],
    [{ type => 'curp', status => 'not_found', extra => JSON::PP::true() },
     'not_found'],
);

# every row in every state, or those that change something in some
sub table {
    my ($applied) = @_;

    for my $row (@types) {
        my ($wish, $status, %after) = @$row;

        %after = () if !$applied;

        for my $before (%after || $wish->{type} =~ /^(?:watch|full)/
                        ? @states : @states[0, 5, 6])
        {
            my $name = join ' ', $wish->{type}, $status,
                            $wish->{check} // (), "for $before";
            my $who = person($before);

            is(state_of($who), $before, "$name: before");

            my $seen = notice($name, $who, %$wish, time => ago(500));

            is($seen->{what}, "$wish->{type},$who->{id},$status",
               "$name: what it is called");
            is(state_of($who), $after{$before} // $after{'*'} // $before,
               "$name: afterwards");
        }
    }
}

on_block(1 => sub { table(0) });
on_block(2 => sub { table(1) });

# decisions and events have suites of their own; here, that they come to the
# same URL and are called what they are, with all of the provider's members
on_block(3 => sub {
    my $who = person('UNVERIFIED created');

    for my $action (qw(started submitted)) {
        steer($who, 'event', action => $action);
        my ($seen) = app_seen();
        is(header_of($seen->{head}, 'X-Seen'), "event,$who->{id},$action",
           "event $action");
    }

    is(state_of($who), 'PENDING submitted', 'submitted');

    steer($who, 'decide', status => 'approved', decisionTime => ago(5));
    my ($seen) = app_seen();
    is(header_of($seen->{head}, 'X-Seen'), "decision,$who->{id},approved",
       'decision');
    like($seen->{body}, qr/"additionalVerifiedData":\{\}/, 'all of it');
    is(state_of($who), 'VERIFIED approved', 'approved');
});

sub screened {
    my ($name, $who, $match, $ago, $after) = @_;

    notice($name, $who, type => 'watchlist', status => $match,
           $ago ? (time => ago($ago)) : (time => undef));
    is(state_of($who), $after, "$name: $after");
}

# a possible match withholds whatever the order; the latest one counts
on_block(4 => sub {
    my $who = person('UNVERIFIED created');

    screened('before the decision', $who, 'possible_match', 700,
             'UNVERIFIED created');
    steer($who, 'decide', status => 'approved', decisionTime => ago(600));
    app_seen();
    is(state_of($who), 'PENDING approved', 'the approval is withheld');

    my $json = content_of(get('/json', $who->{user}));
    like($json, qr/"state":"PENDING","sessionUrl":null/, 'no new session');

    my $refused = get('/gated', $who->{user});
    is(status_of($refused), 403, 'the gate refuses');
    like(content_of($refused), qr/"state":"PENDING"/, 'and says why');
    is(scalar(app_seen()), 0, 'the app is not reached');

    screened('an older screening', $who, 'no_match', 800, 'PENDING approved');
    screened('at the same time', $who, 'no_match', 700, 'PENDING approved');
    screened('without a time', $who, 'no_match', 0, 'PENDING approved');
    screened('a later one', $who, 'no_match', 500, 'VERIFIED approved');
    is(status_of(get('/gated', $who->{user})), 200, 'the gate lets pass');
    app_seen();
    screened('an older match', $who, 'possible_match', 501,
             'VERIFIED approved');
    screened('a match without a time', $who, 'possible_match', 0,
             'VERIFIED approved');
    screened('months later', $who, 'possible_match', 100, 'PENDING approved');

    steer($who, 'decide', status => 'declined', decisionTime => ago(90));
    app_seen();
    is(state_of($who), 'REJECTED declined', 'declined');
    screened('a refusal stands', $who, 'no_match', 50, 'REJECTED declined');
    screened('a refusal stands', $who, 'possible_match', 40,
             'REJECTED declined');

    my $timeless = person('VERIFIED approved');
    screened('no time at all', $timeless, 'possible_match', 0,
             'PENDING approved');

    # another's
    my ($alice, $bob) = map { person('VERIFIED approved') } 1, 2;
    is(status_of(exchange(webhook(body => JSON::PP::encode_json({
        checkType => 'updated_result', matchStatus => 'possible_match',
        sessionId => $alice->{id}, vendorData => $bob->{token},
        createdAt => ago(5) })))), 200, 'a vendorData of another');
    is(state_of($_), 'VERIFIED approved', 'nobody is concerned')
        for $alice, $bob;
    app_seen();
});

# full-auto decisions obey the same order
on_block(5 => sub {
    my $who = person('UNVERIFIED created');
    my %auto = (type => 'full_auto');

    notice('approved', $who, %auto, time => ago(100));
    is(state_of($who), 'VERIFIED approved', 'approved');

    notice('declined', $who, %auto, status => 'declined', time => ago(90));
    is(state_of($who), 'REJECTED declined', 'declined');

    # an old one, in new bytes: not given to the application either
    sandbox(DELETE => '/_sandbox/webhooks');
    steer($who, 'webhook', %auto, time => ago(95));
    is(sandbox(GET => '/_sandbox/webhooks')->[0]{attempts}[0]{status}, 200,
       'an older one is answered');
    is(scalar(app_seen()), 0, 'and dropped');
    is(state_of($who), 'REJECTED declined', 'and changes nothing');

    steer($who, 'decide', status => 'approved', decisionTime => ago(80));
    app_seen();
    is(state_of($who), 'VERIFIED approved', 'decisions count beside them');

    for my $time (undef, 'soon') {
        my $other = person('UNVERIFIED created');
        notice('without a time', $other, %auto, time => $time);
        is(state_of($other), 'PENDING approved', 'no time, no verdict');
    }

    screened('with a match', $who, 'possible_match', 0, 'PENDING approved');
});

# ids are opaque
on_block(6 => sub {
    for my $id ('001_order-7.b', 'x', 'A' x 128) {
        fault(id => $id);

        my $who = person('UNVERIFIED created');
        is($who->{id}, $id, "$id: the session");

        for my $step (
            ['event', { id => $id, code => 7002, action => 'submitted',
                        feature => 'selfid' }, 'PENDING submitted'],
            ['decision', { status => 'success', verification => {
                 id => $id, status => 'approved', code => 9001,
                 attemptId => 'attempt.1', decisionTime => ago(50) } },
             'VERIFIED approved'],
            ['watchlist', { checkType => 'initial_result', sessionId => $id,
                            matchStatus => 'possible_match',
                            createdAt => ago(60) }, 'PENDING approved'],
            ['full_auto', { eventType => 'fullauto', sessionId => $id,
                            time => ago(40), data => { verification => {
                                decision => 'declined' } } },
             'REJECTED declined'])
        {
            my ($type, $body, $after) = @$step;
            my $seen = check_accepted("$id: $type",
                                      body => JSON::PP::encode_json($body));

            like(header_of($seen->{head}, 'X-Seen'), qr/^$type,\Q$id\E,/,
                 "$id: $type: what it is called");
            is(state_of($who), $after, "$id: $type: $after");
        }
    }
});

# of integrations that share a key, it is the session's that says what counts
on_block(7 => sub {
    my $who = person('UNVERIFIED created');
    my $other = person('UNVERIFIED created', '/strict');

    for my $type (['full_auto', 'UNVERIFIED created', 'VERIFIED approved'],
                  ['watchlist', 'UNVERIFIED created', 'PENDING approved'])
    {
        my ($name, @after) = @$type;

        notice("$name, ignored", $who, type => $name, time => ago(50),
               $name eq 'watchlist' ? (status => 'possible_match') : ());
        notice("$name, applied", $other, type => $name, time => ago(50),
               $name eq 'watchlist' ? (status => 'possible_match') : ());

        is(state_of($who), $after[0], "$name, ignored");
        is(state_of($other, '/strict-status'), $after[1], "$name, applied");
    }
});

# sessions that the application made: the match may come before all else
on_block(8 => sub {
    my $who = { user => 'theirs-1' };
    my @about = (sessionId => 'their.1', vendorData => 'theirs-1');

    person('UNVERIFIED created');

    check_accepted('a match first', body => JSON::PP::encode_json({ @about,
        checkType => 'initial_result', matchStatus => 'possible_match',
        createdAt => ago(60) }));
    is(state_of($who), 'UNVERIFIED none', 'no session is open');

    check_accepted('then the decision', body => JSON::PP::encode_json({
        verification => { id => 'their.1', vendorData => 'theirs-1',
                          status => 'approved', decisionTime => ago(50) } }));
    is(state_of($who), 'PENDING approved', 'withheld');

    check_accepted('then none', body => JSON::PP::encode_json({ @about,
        checkType => 'updated_result', matchStatus => 'no_match',
        createdAt => ago(40) }));
    is(state_of($who), 'VERIFIED approved', 'given back');

    check_accepted('full auto', body => JSON::PP::encode_json({
        eventType => 'fullauto', sessionId => 'their.2',
        vendorData => 'theirs-2', time => ago(50),
        data => { verification => { decision => { value => 'approved' } } } }));
    is(state_of({ user => 'theirs-2' }), 'VERIFIED approved',
       'full auto, of another');
});

# what is kept outlives nginx, and the setting: it is a matter of the moment
on_block(9 => sub {
    my $who = person('VERIFIED approved');

    screened('matched', $who, 'possible_match', 50, 'PENDING approved');

    reload_nginx(sub { s/watchlist apply/watchlist ignore/ });
    is(state_of($who), 'VERIFIED approved', 'ignored from now on');
    screened('and not kept', $who, 'no_match', 40, 'VERIFIED approved');

    reload_nginx(sub { s/watchlist ignore/watchlist apply/ });
    is(state_of($who), 'PENDING approved', 'what was kept counts again');
});

# with its session, a match is forgotten
on_block(10 => sub {
    my $who = person('VERIFIED approved');

    screened('matched', $who, 'possible_match', 50, 'PENDING approved');

    my $answer = exchange("DELETE /app/v1/sessions/$who->{id} HTTP/1.1\r\n"
                          . "Host: localhost\r\nConnection: close\r\n\r\n");
    is(status_of($answer), 200, 'deleted at the provider');

    is(state_of($who), 'UNVERIFIED none', 'nothing is known');
    like(content_of(get('/json', $who->{user})), qr/"sessionUrl":"http/,
         'another session may be made');
});

# an approval too old, another session already open: the match is about what
# stands, and withholds it; the other session's verdict is its own
on_block(11 => sub {
    my $who = person('VERIFIED approved');
    my $first = $who->{id};

    is(state_of($who), 'UNVERIFIED approved', 'too old');
    is(status_of(get('/api', $who->{user})), 201, 'another session');
    is(state_of($who), 'UNVERIFIED created', 'is open');

    screened('the old one is matched', $who, 'possible_match', 200,
             'PENDING approved');
    like(content_of(get('/status', $who->{user})),
         qr/"sessionId":"\Q$first\E","decisionTime":null/,
         'it is the old one that is told');
    is(status_of(get('/api', $who->{user})), 409, 'which leads nowhere');

    my ($second) = map { $_->{id} } grep { $_->{id} ne $first }
                   @{ sandbox(GET => '/_sandbox/sessions') };
    my $new = { %$who, id => $second };

    steer($new, 'decide', status => 'approved', decisionTime => ago(100));
    app_seen();
    is(state_of($who), 'VERIFIED approved', 'the other is approved');
    screened('the old one again', $who, 'possible_match', 90,
             'VERIFIED approved');
    screened('its own screening', $new, 'possible_match', 90,
             'PENDING approved');
});

run_tests();

__DATA__

=== TEST 1: each type in each state, nothing applied
--- http_config eval: main::kyc()
--- config eval: main::places()
--- timeout: 60
--- request
    GET /ready
--- response_body
ready



=== TEST 2: each type in each state, all applied
--- http_config eval: main::kyc($main::apply)
--- config eval: main::places()
--- timeout: 60
--- request
    GET /ready
--- response_body
ready



=== TEST 3: decisions and events
--- http_config eval: main::kyc()
--- config eval: main::places()
--- request
    GET /ready
--- response_body
ready



=== TEST 4: screenings in any order
--- http_config eval: main::kyc($main::apply)
--- config eval: main::places()
--- request
    GET /ready
--- response_body
ready



=== TEST 5: full-auto decisions in any order
--- http_config eval: main::kyc($main::apply)
--- config eval: main::places()
--- request
    GET /ready
--- response_body
ready



=== TEST 6: ids that are no UUIDs
--- http_config eval: main::kyc($main::apply)
--- config eval: main::places()
--- request
    GET /ready
--- response_body
ready



=== TEST 7: integrations that share a key
--- http_config eval: main::kyc() . main::second('strict', $main::apply)
--- config eval
(main::places('location = /strict { veriff_session strict format=api; }
    location = /strict-status { veriff_status strict; }')
 =~ s/veriff_webhook kyc/veriff_webhook kyc strict/r)
. (main::api('', 'strict') =~ s/veriff-api/strict-api/gr)
--- request
    GET /ready
--- response_body
ready



=== TEST 8: sessions of the application
--- http_config eval: main::kyc("match vendor_data; $main::apply")
--- config eval: main::places()
--- request
    GET /ready
--- response_body
ready



=== TEST 9: the setting changes
--- http_config eval: main::kyc($main::apply)
--- config eval: main::places()
--- request
    GET /ready
--- response_body
ready



=== TEST 10: the session is deleted
--- http_config eval: main::kyc($main::apply)
--- config eval
main::places() . (main::api() =~ s/veriff-api/app/gr =~ s/internal;//r)
--- request
    GET /ready
--- response_body
ready



=== TEST 11: another session is open
--- http_config eval: main::kyc("verified_for 900s; $main::apply")
--- config eval: main::places()
--- request
    GET /ready
--- response_body
ready
