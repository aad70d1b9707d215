# "match vendor_data": webhooks of sessions that the application made itself
# find their user by vendorData, once and for all.  And whom webhooks of the
# gateway's own sessions are about, in either case.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffWebhook;
use JSON::PP ();
use POSIX ();
use Test::More;

start_app();
start_sandbox();
worker_connections(512);
master_on();
workers(4);

my $canary = canary('match-canary-' . $$);

our $store = "veriff_store \$TEST_NGINX_KEYS/store;\n";
our $match = $store . integration('match vendor_data;');

our $locations = <<'EOF_CONFIG';
$TEST_NGINX_READY
location = /status { veriff_status kyc; }
location = /hook { veriff_webhook kyc; proxy_pass $TEST_NGINX_APP; }
EOF_CONFIG

sub second {
    my ($name, $more) = @_;

    return (main::integration("$more api_uri /$name-api;")
            =~ s/veriff_key_file.*\n//r) =~ s/kyc/$name/r;
}

my $made = 0;


# ---- users, and what is said about them ------------------------------------

sub get {
    my ($path, $user) = @_;

    return exchange("GET $path HTTP/1.1\r\nHost: localhost\r\n"
                    . "X-User: $user\r\nConnection: close\r\n\r\n");
}

# "VERIFIED approved", and so on
sub state_of {
    my ($user, $path) = @_;

    my $answer = get($path // '/status', $user);
    my $json = eval { JSON::PP::decode_json(content_of($answer)) } // {};

    return $json->{state} ? "$json->{state} $json->{status}"
                          : status_of($answer);
}

# A session of the gateway's for this user.
sub gateway {
    my ($user) = @_;

    my $answer = get('/api', $user);
    my $json = eval { JSON::PP::decode_json(content_of($answer)) };

    $json && $json->{verification} or die "no session for $user: $answer";

    return (id => $json->{verification}{id},
            vendorData => $json->{verification}{vendorData});
}

sub user { 'user-' . ++$made }
sub session { 'made-by-app-' . ++$made }

sub at {
    return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $_[0]));
}

sub decision {
    my ($status, $time, %more) = @_;

    return JSON::PP->new->canonical->encode({ status => 'success', n => ++$made,
        verification => { status => $status, attemptId => 'a-1',
                          defined $time ? (decisionTime => at($time)) : (),
                          %more } });
}

sub event {
    my ($action, %more) = @_;

    return JSON::PP->new->canonical->encode({ attemptId => 'a-1', n => ++$made,
        feature => 'selfid', code => $action eq 'started' ? 7001 : 7002,
        action => $action, %more });
}

my $seen;

# "200 1" is an answer 200 and one request that the application has seen.
sub post {
    my ($body, %o) = @_;

    my $answer = exchange(webhook(body => $body, %o));
    my @seen = app_seen();

    $seen = $seen[0];

    return status_of($answer) . ' ' . @seen;
}

sub told_user { header_of($seen->{head}, 'X-Veriff-User') }

my $none = 'UNVERIFIED none';


# ---- blocks ----------------------------------------------------------------

on_block(1 => sub {
    for my $user (user(), $canary, 'x', 'Zoë O\'Hara "1"', 'u' x 512) {
        my %of = (id => session(), vendorData => $user);
        my $bytes = $user;
        utf8::encode($bytes) if utf8::is_utf8($bytes);

        my @steps = (
            [event('started', %of), 'UNVERIFIED started'],
            [event('submitted', %of), 'PENDING submitted'],
            [event('started', %of), 'PENDING submitted'],
            [decision('resubmission_requested', -90, %of),
             'UNVERIFIED resubmission_requested'],
            [event('submitted', %of, attemptId => 'a-2'), 'PENDING submitted'],
            [decision('review', -60, %of, attemptId => 'a-2'),
             'PENDING review'],
            [decision('approved', -30, %of, attemptId => 'a-2'),
             'VERIFIED approved'],
            [decision('declined', -20, %of), 'REJECTED declined'],
            [decision('approved', -10, %of), 'VERIFIED approved'],
        );

        is(state_of($bytes), $none, 'before');

        for my $step (@steps) {
            is(post($step->[0]), '200 1', 'proxied');
            is(told_user(), $bytes, 'with the user');
            is(state_of($bytes), $step->[1], $step->[1]);
        }

        is(post(decision('declined', -15, %of)), '200 0', 'stale');
        is(post(decision('approved', undef, %of)), '200 1', 'without a time');
        is(state_of($bytes), 'VERIFIED approved', 'still approved');
    }

    # at once the verdict, of several sessions
    my $user = user();
    my @of = map { { id => session(), vendorData => $user } } 1 .. 3;

    is(post(decision('approved', -30, %{ $of[0] })), '200 1', 'approved');
    is(state_of($user), 'VERIFIED approved', 'approved');
    is(post(decision('declined', -40, %{ $of[1] })), '200 0', 'older');
    is(state_of($user), 'VERIFIED approved', 'approved');
    is(post(decision('declined', -20, %{ $of[2] })), '200 1', 'newer');
    is(state_of($user), 'REJECTED declined', 'declined');
    is(post(decision('approved', -10, %{ $of[1] })), '200 1', 'newest');
    is(state_of($user), 'VERIFIED approved', 'approved');

    my $text = '';

    for my $file (glob "$ENV{TEST_NGINX_KEYS}/store/*") {
        open my $in, '<:raw', $file or die "$file: $!";
        $text .= do { local $/; <$in> };
    }

    is(index($text, $canary), -1, 'no user is stored in clear');
});

on_block(2 => sub {
    my $user = user();
    my %own = gateway($user);
    my %of = (%own, id => session());

    is(post(decision('approved', -30, %of)), '200 1', 'by our token');
    is(told_user(), $user, 'the user, not the token');
    is(state_of($user), 'VERIFIED approved', 'approved');
    is(state_of($own{vendorData}), $none, 'the token is no user');

    is(post(decision('declined', -20, id => $of{id}, vendorData => $user)),
       '200 1', 'the same user as plain text');
    is(state_of($user), 'UNVERIFIED created', 'what is open may still be used');
    post(decision('abandoned', undef, %own));
    is(state_of($user), 'REJECTED declined', 'until it is over');

    # events before the gateway's own session, which takes their place
    $user = user();
    %of = (id => session(), vendorData => $user);
    post(event('started', %of));
    is(state_of($user), 'UNVERIFIED started', 'no URL is known');
    %own = gateway($user);
    isnt($own{id}, $of{id}, 'so one of the gateway is made');
    is(state_of($user), 'UNVERIFIED created', 'which is open now');
    post(event('submitted', %of));
    is(state_of($user), 'UNVERIFIED created', 'and stays so');
    post(decision('approved', -9, %of));
    is(state_of($user), 'VERIFIED approved', 'a verdict counts all the same');
    post(decision('declined', -5, %own));
    is(state_of($user), 'REJECTED declined', 'of either');

    $user = user();
    post(event('submitted', id => session(), vendorData => $user));
    is(state_of($user), 'PENDING submitted', 'submitted');
    is(status_of(get('/api', $user)), 409, 'there is nothing to create');
});

on_block(3 => sub {
    my ($alice, $bob) = (user(), user());
    my %of = (id => session(), vendorData => $alice);

    post(event('started', %of));
    is(state_of($alice), 'UNVERIFIED started', 'alice\'s');

    for my $body (decision('approved', -9, %of, vendorData => $bob),
                  decision('approved', -9, id => $of{id}),
                  decision('approved', -9, %of, vendorData => ''),
                  decision('approved', -9, %of, vendorData => undef),
                  decision('approved', -9, %of, vendorData => " $alice"),
                  decision('approved', -9, %of, vendorData => [$alice]),
                  event('submitted', %of, vendorData => $bob))
    {
        is(post($body), '200 1', 'proxied');
        is(told_user(), undef, 'without a user');
        is(state_of($alice), 'UNVERIFIED started', 'alice: nothing');
        is(state_of($bob), $none, 'bob: nothing');
    }

    my %token = gateway($bob);
    post(decision('approved', -9, %of, vendorData => $token{vendorData}));
    is(told_user(), undef, 'bob\'s token: without a user');
    is(state_of($alice), 'UNVERIFIED started', 'alice: nothing');
    is(state_of($bob), 'UNVERIFIED created', 'bob: nothing');

    post(decision('approved', -9, %of));
    is(told_user(), $alice, 'alice');
    is(state_of($alice), 'VERIFIED approved', 'alice');

    # the gateway's own session
    my %own = gateway($bob);
    post(decision('approved', -9, %own, vendorData => $alice));
    post(decision('approved', -8, %own, vendorData => $bob));
    is(told_user(), undef, 'what was not sent is not believed');
    is(state_of($bob), 'UNVERIFIED created', 'nor applied');
    post(decision('approved', -8, %own));
    is(state_of($bob), 'VERIFIED approved', 'what was sent is');
});

# All at once, on connections of their own.
on_block(4 => sub {
    for (1 .. 8) {
        my $id = session();
        my @users = map { user() } 1 .. 6;
        my @texts = map { webhook(path => '/alone', body =>
            decision('approved', -9, id => $id, vendorData => $_)) } @users;
        my @sockets = map { connect_nginx($ENV{TEST_NGINX_SECOND_PORT}) }
                      @users;

        syswrite $sockets[$_], substr $texts[$_], 0, -1 for 0 .. $#texts;
        syswrite $sockets[$_], substr $texts[$_], -1 for 0 .. $#texts;

        is(join(' ', map { status_of(read_all($_)) } @sockets),
           join(' ', (200) x @users), 'all are answered 200');

        my @states = map { state_of($_) } @users;
        is(scalar(grep { $_ eq 'VERIFIED approved' } @states), 1,
           'a session is of one user');
        is(scalar(grep { $_ eq $none } @states), $#users, 'and of no other');
    }

    # and many of one user: each of them counts
    my $user = user();
    my @texts = map { webhook(path => '/alone', body =>
        decision($_ == 40 ? 'declined' : 'approved', $_ - 100,
                 id => session(), vendorData => $user)) } 1 .. 40;
    my @sockets = map { connect_nginx($ENV{TEST_NGINX_SECOND_PORT}) } @texts;

    syswrite $sockets[$_], substr $texts[$_], 0, -1 for 0 .. $#texts;
    syswrite $sockets[$_], substr $texts[$_], -1 for reverse 0 .. $#texts;

    is(join(' ', map { status_of(read_all($_)) } @sockets),
       join(' ', (200) x @texts), 'all are answered 200');
    is(state_of($user), 'REJECTED declined', 'the newest stands');
});

on_block(5 => sub {
    # a superseded session of the gateway gains nothing
    my $user = user();
    my %first = gateway($user);
    post(decision('expired', undef, %first));
    my %next = gateway($user);
    isnt($first{id}, $next{id}, 'another one');

    post(decision('approved', -9, %first));
    is(state_of($user), 'UNVERIFIED created', 'superseded: no approval');
    post(event('submitted', %first));
    is(state_of($user), 'UNVERIFIED created', 'superseded: no event');

    my %token = gateway(user());
    post(decision('approved', -9, %first, vendorData => $token{vendorData}));
    is(told_user(), undef, 'superseded: nobody else\'s either');

    post(decision('approved', -9, %next));
    is(state_of($user), 'VERIFIED approved', 'the open one does');
});

on_block(6 => sub {
    for my $value ('', ' x', 'x ', "a\x{7}b", "a\nb", 'u' x 513, undef, 7,
                   JSON::PP::true, {}, ['x'])
    {
        my $body = decision('approved', -9, id => session(),
                            vendorData => $value);
        is(post($body), '200 1', 'names nobody: proxied');
        is(told_user(), undef, 'without a user');
    }

    my $user = user();

    for my $body (decision('approved', -9, vendorData => $user),
                  decision('approved', -9, vendorData => $user, id => ''),
                  decision('approved', -9, vendorData => $user, id => 'a/b'),
                  decision('approved', -9, vendorData => $user,
                           id => 'x' x 129),
                  decision('Approved', -9, vendorData => $user,
                           id => session()),
                  decision('approved', undef, vendorData => "x$user",
                           endUserId => $user, id => session()),
                  event('approved', vendorData => $user, id => session()))
    {
        is(post($body), '200 1', 'proxied');
        is(state_of($user), $none, 'and nothing changed');
    }

    is(post(decision('approved', -9, vendorData => $user, id => session()),
            secret => 'x'), '401 0', 'forged');
    is(post(decision('approved', -9, vendorData => $user, id => session()),
            secret => 'x', path => '/report'), '200 1', 'forged, reported');
    is(state_of($user), $none, 'and nothing changed');
});

on_block(7 => sub {
    my %id = map { $_ => ["vrf-integration-id: id-$_"] } 'kyc', 'age', 'x';
    my @any = (path => '/any');

    # kyc: session; age, old: vendor_data, old without an id
    for my $case ([kyc => ''], [age => 'age'], [x => 'old'], ['' => 'age']) {
        my ($header, $want) = @$case;
        my $user = user();
        my $body = decision('approved', -9, id => session(),
                            vendorData => $user);

        is(post($body, @any, headers => $id{$header}), '200 1', 'proxied');
        is(told_user(), $want ? $user : undef, "\"$header\": the user");

        for my $name ('kyc', 'age', 'old') {
            my $path = $name eq 'kyc' ? '/status' : "/$name-status";
            is(state_of($user, $path), $name eq $want ? 'VERIFIED approved'
                                                      : $none,
               "\"$header\": $name");
        }
    }

    # our token says itself whose it is
    my $user = user();
    my %own = gateway($user);
    post(decision('approved', -9, %own, id => session()), @any,
         headers => $id{age});
    is(state_of($user), 'UNVERIFIED created', 'no match in its integration');
    is(state_of($user, '/age-status'), $none, 'nor in another');
    is(state_of($own{vendorData}, '/age-status'), $none, 'not as it is');

    # what is known in one is not matched in another
    post(decision('approved', -9, id => $own{id}, vendorData => $user), @any,
         headers => $id{age});
    is(state_of($user), 'UNVERIFIED created', 'not what was sent');
    is(state_of($user, '/age-status'), $none, 'known in another');
});

on_block(8 => sub {
    my $user = user();
    my %own = gateway($user);

    post(decision('approved', -9, id => session(), vendorData => $user));
    is(told_user(), undef, 'match session: plain text is no user');
    is(state_of($user), 'UNVERIFIED created', 'match session: nothing');
    post(decision('approved', -9, %own, id => session()));
    is(told_user(), $user, 'match session: our token is');
    is(state_of($user), 'UNVERIFIED created', 'match session: nothing');
});

# What was sent for the session whose verdict stands is known, too.
on_block(9 => sub {
    for my $right (0, 1) {
        my $user = user();
        my %first = gateway($user);
        my %other = gateway(user());

        post(decision('approved', -4000, %first));
        is(state_of($user), 'UNVERIFIED created', 'too old')
            if state_of($user) !~ /approved/;
        my %next = gateway($user);
        isnt($first{id}, $next{id}, 'another one is open');

        post(decision('declined', -90, %first,
                      vendorData => $other{vendorData}));
        is(told_user(), undef, 'not the one who was sent');
        post(decision('declined', -90, %first, vendorData => 'x'));
        post(decision('declined', -90, %first,
                      endUserId => '9bd1a35c-6fe4-4f7c-8a19-0f3a5b1b5a77'));

        if ($right) {
            post(decision('declined', -90, %first));
            is(told_user(), $user, 'the one who was sent');
        }

        post(decision('expired', undef, %next));
        is(state_of($user), $right ? 'REJECTED declined'
                                   : 'UNVERIFIED expired',
           $right ? 'takes the approval away' : 'changes nothing');
    }
});

# The same messages in many orders.
# what is too old for the provider's retries is of a session that was removed
on_block(11 => sub {
    my ($alice, $bob) = (user(), user());
    my %of = (id => session(), vendorData => $alice);

    is(post(decision('approved', -9 * 86400, %of)), '200 1', 'too old');
    is(state_of($alice), $none, 'it makes nobody verified');

    is(post(decision('approved', -7 * 86400, id => session(),
                     vendorData => $bob)), '200 1', 'old enough');
    is(state_of($bob), 'VERIFIED approved', 'approved');
});

on_block(10 => sub {
    for my $n (1 .. 12) {
        my $user = user();
        my ($one, $two) = map { { id => session(), vendorData => $user } } 1, 2;
        my @bodies = (decision('approved', -50, %$one),
                      decision('declined', -40, %$two),
                      decision('approved', -30, %$one),
                      decision('approved', undef, %$two),
                      event('submitted', %$one), event('submitted', %$two));

        # a different one each time, and always the same ones
        my @order = map { ($_ * 5 + $n) % @bodies } 0 .. $#bodies;
        @order = reverse @order if $n > 6;

        post($bodies[$_]) for @order;
        is(state_of($user), 'VERIFIED approved', "order @order");

        post(decision('declined', -29, %$two));
        is(state_of($user), 'REJECTED declined', "order @order, revoked");
    }
});

run_tests();

__DATA__

=== TEST 1: by vendorData
--- http_config eval: $main::match
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 2: by our token, and beside the gateway's own
--- http_config eval: $main::match
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 3: once someone's, never another's
--- http_config eval: $main::match
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 4: many at once
--- http_config eval
$main::match . 'server {
    listen $TEST_NGINX_SECOND_PORT reuseport;
    location = /alone { veriff_webhook kyc; }
}'
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 5: the gateway's superseded sessions
--- http_config eval: $main::match
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 6: what names nobody
--- http_config eval: $main::match
--- config eval
main::api() . main::sessions() . $main::locations . '
    location = /report { veriff_webhook kyc report;
                         proxy_pass $TEST_NGINX_APP; }'
--- request
    GET /ready
--- response_body
ready



=== TEST 7: integrations that share a key
--- http_config eval
$main::store . main::integration('integration_id id-kyc;')
. main::second('age', 'match vendor_data; integration_id id-age;')
. main::second('old', 'match vendor_data;')
--- config eval
main::api() . main::sessions() . $main::locations . '
    location = /any { veriff_webhook kyc age old;
                      proxy_pass $TEST_NGINX_APP; }
    location = /age-status { veriff_status age; }
    location = /old-status { veriff_status old; }'
--- request
    GET /ready
--- response_body
ready



=== TEST 8: match session
--- http_config eval: $main::store . main::integration()
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 9: what was sent for the session whose verdict stands
--- http_config eval: $main::store . main::integration('verified_for 1h;')
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 10: in any order
--- http_config eval: $main::match
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 11: too old
--- http_config eval: $main::match
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready
