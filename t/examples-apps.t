# The examples about what kind of application there is, and how a gate comes
# before it.

use lib 't/lib';
use HTTP::Tiny;
use VeriffTest;
use VeriffEndpoints;
use VeriffExample;
use VeriffApp;
use Test::More;

my $shop;

# reads from a connection that stays open
sub read_until {
    my ($socket, $pattern) = @_;

    my $text = '';

    local $SIG{ALRM} = sub { die "no $pattern in $text" };
    alarm 15;
    while ($text !~ $pattern) {
        sysread($socket, $text, 4096, length $text) or last;
    }
    alarm 0;

    return $text;
}

my %upgrade = (Connection => 'Upgrade', Upgrade => 'websocket',
               'Sec-WebSocket-Version' => 13,
               'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ==',
               'Sec-Fetch-Mode' => 'websocket',
               'Sec-Fetch-Dest' => 'empty');

sub as { my %user = basic($_[0]); return (%upgrade, %{ $user{headers} }) }

# WebSockets
on_block(1 => sub {
    is_status('nobody', fetch('/ws/a', headers => \%upgrade), 401);
    is_problem('unverified', fetch('/ws/a', headers => { as('alice') }),
               'UNVERIFIED');

    led_through('/x', basic('alice'), jar => {});

    my $socket = connect_to();
    my %headers = (Host => 'app.example.com', as('alice'),
                   Origin => 'https://app.example.com');

    print $socket "GET /ws/a HTTP/1.1\r\n"
                  . join('', map { "$_: $headers{$_}\r\n" } keys %headers)
                  . "\r\n";

    my $text = read_until($socket, qr/app upgraded\n/);
    like($text, qr{^HTTP/1\.1 101 }, 'verified: the handshake');
    like($text, qr/app upgraded\n/, 'verified: from the app');

    print $socket "hello\n";
    is(read_until($socket, qr/\n/), "hello\n", 'verified: and back');

    is_status('foreign page', fetch('/ws/a', headers => {
                  as('alice'), Origin => 'https://evil.example.net' }), 403,
              qr/nginx/);
    is_problem('another user', fetch('/ws/a', headers => { as('bob') }),
               'UNVERIFIED');
});

# a single-page application
on_block(2 => sub {
    my %alice = (jar => { session => 'alice' });
    my %script = ('Sec-Fetch-Mode' => 'cors', 'Sec-Fetch-Dest' => 'empty',
                  'Sec-Fetch-Site' => 'same-origin', Accept => '*/*');
    my %other = (%script, 'Sec-Fetch-Site' => 'same-site',
                 Origin => 'https://admin.example.com');
    my $allowed = sub { $_[0]{headers}{'access-control-allow-origin'} };

    place('/var/www/app/index.html', "the pages\n");
    is_status('pages', browse('/orders/7'), 200, qr/^the pages$/);
    is_status('to log in', browse('/login/'), 200, qr{^app GET /login/$});

    my $preflight = sub {
        fetch('/api/x', method => 'OPTIONS',
              headers => { Origin => $_[0],
                           'Access-Control-Request-Method' => 'PUT' });
    };
    my $answer = $preflight->('https://admin.example.com');
    is_status('preflight', $answer, 204);
    is($allowed->($answer), 'https://admin.example.com', 'preflight: allowed');
    like($answer->{headers}{'access-control-allow-methods'}, qr/PUT/,
         'preflight: methods');

    $answer = $preflight->('https://evil.example.net');
    is_status('preflight of others', $answer, 204);
    is($allowed->($answer), undef, 'preflight of others: not allowed');

    $answer = fetch('/api/x', headers => \%other);
    is_status('nobody', $answer, 401);
    is($allowed->($answer), 'https://admin.example.com', 'nobody: readable');
    is_status('nobody, start', fetch('/veriff/session', method => 'POST'),
              401);

    $answer = fetch('/api/x', %alice, headers => \%other);
    is_problem('unverified', $answer, 'UNVERIFIED');
    is($allowed->($answer), 'https://admin.example.com',
       'unverified: readable');

    is_status('made by a foreign page',
              fetch('/veriff/session', %alice, method => 'POST',
                    headers => { %script,
                                 Origin => 'https://evil.example.net' }), 403);
    is(scalar provider_saw(), 0, 'the provider was not asked');

    $answer = fetch('/veriff/session?return=%2Forders%2F7', %alice,
                    method => 'POST',
                    headers => { %script,
                                 Origin => 'https://app.example.com' });
    is_status('the button', $answer, 200);
    is($answer->{headers}{'content-type'}, 'application/json', 'JSON');
    is(json_of($answer)->{state}, 'UNVERIFIED', 'the button: state');
    like(json_of($answer)->{sessionUrl}, qr{^https://alchemy\.veriff\.com/},
         'the button: a URL');

    my $poll = sub {
        is_status("poll, $_[0]", fetch('/veriff/status', %alice,
                                       headers => \%script), 200,
                  qr/"state":"$_[0]"/);
    };

    $poll->('UNVERIFIED');
    event(session_of(), 'submitted');
    $poll->('PENDING');
    is_problem('submitted', fetch('/api/x', %alice, headers => \%script),
               'PENDING');
    $answer = fetch('/veriff/session', %alice, method => 'POST');
    is_status('the button again', $answer, 200);
    is(json_of($answer)->{state}, 'PENDING', 'the button again: state');

    decide(session_of(), 'approved');
    $poll->('VERIFIED');
    is_led('back', browse('/veriff/return', %alice), 303, '/orders/7');

    $answer = fetch('/api/x', %alice, headers => \%other);
    passes('approved', $answer, '/api/x');
    is($allowed->($answer), 'https://admin.example.com', 'approved: readable');
    is_status('the question', fetch('/session', %alice), 404);

    # to the app, whoever is in X-User is the user
    app_seen();

    for my $path (qw(/login/ /api/x /veriff/status)) {
        browse($path, headers => { 'X-User' => 'mallory' });
        browse($path, %alice, headers => { 'X-User' => 'mallory' });
    }

    my @seen = app_seen();

    cmp_ok(scalar @seen, '>', 4, 'the app was asked');
    is_deeply([grep { /mallory/ } @seen], [], 'nobody says to be mallory');
});

# two tenants
on_block(3 => sub {
    my $hook = 'https://127.0.0.1:' . port_of(443) . '/veriff/webhook';
    my $other = sub {
        my ($method, $path, $json) = @_;

        my $answer = HTTP::Tiny->new->request($method, $shop->{http} . $path, {
            headers => { 'Content-Type' => 'application/json' },
            $json ? (content => JSON::PP::encode_json($json)) : () });

        die "$path: $answer->{content}" if !$answer->{success};
        return JSON::PP::decode_json($answer->{content});
    };
    my $saw = sub { grep { $_->{method} eq 'POST' }
                    @{ $other->(GET => '/_sandbox/requests') } };

    my @bank = (host => 'bank.example.com');
    my @shop = (host => 'shop.example.com');

    $other->(POST => '/_sandbox/config',
             { webhook_url => $hook, event_url => $hook });

    is_status('nobody, bank', browse('/', @bank), 401);
    is_status('nobody, shop', browse('/wine/', @shop), 401);
    is_status('nobody, no gate', browse('/', @shop), 401);

    my $session = led_to_start('/x', @bank, basic('alice'), jar => {});
    is(scalar $saw->(), 0, 'the other provider is not asked');
    decide($session, 'approved');

    my $answer = fetch('/x', @bank, basic('alice'));
    is_status('bank', $answer, 200, qr{^bank GET /x x-veriff-state=VERIFIED});

    # of the same name, and yet another user
    my %alice = (@shop, basic('alice'), jar => {});

    is_led('shop', browse('/wine/', %alice), 302,
           '/veriff/start?return=%2Fwine%2F');
    is_status('shop, no gate', fetch('/', %alice), 200, qr{^shop GET /$});

    $answer = browse('/veriff/start', %alice);
    is_status('shop, start', $answer, 303);
    like($answer->{headers}{location}, qr{^https://shop\.veriff\.me/},
         'shop, start: to its own provider');
    is(scalar $saw->(), 1, 'which was asked');
    is(scalar(grep { $_ eq 'POST /v1/sessions' } provider_saw()), 1,
       'and the other was not again');

    # each provider's word counts for its own sessions only
    my ($made) = @{ $other->(GET => '/_sandbox/sessions') };
    my $forged = sandbox(POST => '/_sandbox/webhooks/send', {
        url => $hook, body => { status => 'success', verification => {
            id => $made->{id}, status => 'approved', code => 9001,
            decisionTime => '2026-01-01T00:00:00Z' } } });
    is($forged->{status}, 200, "the bank's word for the shop's session");
    is_problem('counts nothing', fetch('/wine/', %alice), 'UNVERIFIED');

    $other->(POST => "/_sandbox/sessions/$made->{id}/decide",
             { status => 'approved', wait => JSON::PP::true() });

    # by the webhook: on return nginx would have asked the provider itself
    is_status('shop, verified', fetch('/wine/', %alice), 200,
              qr{^shop GET /wine/ x-veriff-state=VERIFIED});
    is_led('shop, back', browse('/veriff/return', %alice), 303, '/wine/');

    is_status('hooks, no signature',
              fetch('/veriff/webhook', host => 'hooks.example.com',
                    method => 'POST', body => '{}'), 401);
    is_status('hooks, nothing else', fetch('/', host => 'hooks.example.com'),
              404);
});

# a roll-out
on_block(4 => sub {
    is_status('nobody', browse('/x'), 401);
    is_status('report', browse('/x', basic('alice')), 200,
              qr{^app GET /x x-veriff-state=UNVERIFIED$});
    is_problem('step 2', fetch('/transfer/1', basic('alice')), 'UNVERIFIED');

    my $session = led_through('/transfer/2', basic('alice'), jar => {});
    is_status('report, verified', fetch('/y', basic('alice')), 200,
              qr{^app GET /y x-veriff-state=VERIFIED});

    my @line;
    VeriffStore::wait_until('a line of the last request', sub {
        open my $in, '<', place('/var/log/nginx/veriff_gate.log') or return 0;
        @line = <$in>;
        return grep { m{GET /y"$} } @line;
    });

    # without the time; workers do not wait for each other
    my @seen = sort map { s/^\S+T\S+ //r =~ s/\s+\z//r } @line;

    is_deeply(\@seen, [sort
        '200 report unverified none  "GET /x"',
        '403 deny unverified none  "GET /transfer/1"',
        '302 redirect unverified none  "GET /transfer/2"',
        qq{302 redirect pending submitted $session "GET /transfer/2"},
        (qq{200 pass verified approved $session "GET /transfer/2"}) x 2,
        qq{200 pass verified approved $session "GET /y"},
    ], 'the log');

    my $metrics = HTTP::Tiny->new->get('http://127.0.0.1:'
                                       . VeriffExample::port_of(9145)
                                       . '/metrics');

    is($metrics->{status}, 200, 'metrics');
    like($metrics->{content}, qr/^veriff_gate_requests_total\{integration="kyc",
         result="report",reason="unverified"\}\ 1$/mx, 'what the gates did');
});

# applications that call the provider themselves
on_block(5 => sub {
    my @here = (port => 8900, tls => 0, host => 'localhost');
    my @json = ('Content-Type' => 'application/json');
    my $answer;

    is_status('not from there',
              fetch('/v1/sessions', @here, from => '127.0.0.2',
                    method => 'POST', headers => { @json }, body => '{}'),
              403);

    for my $what ('GET /v1/sessions', 'DELETE /v1/sessions/1',
                  'POST /v1/sessions/1/decision', 'DELETE /v1/media/1')
    {
        my ($method, $path) = split / /, $what;
        is_status($what, fetch($path, @here, method => $method), 403,
                  qr/^\{"status":"fail",/);
    }

    $answer = fetch('/v1/feedback/fraud-categories', @here);
    is_status('no such endpoint', $answer, 404, qr/^\{"status":"fail",/);
    is($answer->{headers}{'content-type'}, 'application/json',
       'no such endpoint: JSON');
    is_status('by a detour', fetch('/v1/sessions/1/../../media/1', @here),
              400);
    is_status('by another one', fetch('/v1/media/../sessions/1', @here,
                                      method => 'DELETE'), 403);
    is_status('encoded', fetch('/v1/media/1%2f..%2f2', @here), 400);
    is_status('HEAD', fetch('/v1/media/1', @here, method => 'HEAD'), 405);
    is(scalar provider_saw(), 0, 'the provider is not asked');

    $answer = fetch('/v1/sessions', @here, method => 'POST', headers => {
                           @json, 'X-AUTH-CLIENT' => 'mine',
                           'X-HMAC-SIGNATURE' => 'mine' },
                       body => '{"verification":{}}');
    is_status('a session', $answer, 201);
    is_deeply([grep { /^x-(?:auth|hmac)/ } keys %{ $answer->{headers} }], [],
              'without the provider\'s headers');

    my $id = json_of($answer)->{verification}{id};

    is_status('its decision', fetch("/v1/sessions/$id/decision", @here), 200);
    is_status('to change it',
              fetch("/v1/sessions/$id", @here, method => 'PATCH',
                    headers => { @json }, body => '{"verification":{}}'),
              400, qr/"status":"fail"/);

    my $image = JSON::PP::encode_json({ image => {
        context => 'face', content => 'data:image/jpeg;base64,'
                                      . ('A' x (4 << 20)) } });
    is_status('4 MB', fetch("/v1/sessions/$id/media", @here, method => 'POST',
                            headers => { @json }, body => $image),
              200, qr/"success"/);

    $answer = fetch("/v1/sessions/$id/media", @here);
    is_status('images', $answer, 200);

    my ($media) = @{ json_of($answer)->{images} // [] };
    $answer = fetch("/v1/media/$media->{id}", @here);
    is_status('the file', $answer, 200);
    is(length $answer->{content}, 3 << 20, 'as long as it was');
});

# each endpoint that the provider has, see t/endpoints.txt
on_block(7 => sub {
    my %count;

    for my $row (endpoints()) {
        my $ids = new_session($row->{given});
        my $path = place_for($row, $ids);
        my $body = filled($row->{sends} // '', $ids);

        sandbox(DELETE => '/_sandbox/requests');

        my $answer = fetch($path, port => 8900, tls => 0, host => 'localhost',
                           method => $row->{method}, body => $body,
                           headers => { 'Content-Type' => 'application/json' });
        my @saw = provider_saw();

        $count{ $row->{apps} }++;

        if ($row->{apps} eq 'yes') {
            is_status("$row->{name}, allowed", $answer, $row->{answers}[0][0]);
            is_deeply(\@saw, ["$row->{method} $path"],
                      "$row->{name}: the provider is asked");

        } else {
            like($answer->{status}, qr/^40[34]$/, "$row->{name}, refused");
            is_deeply(\@saw, [], "$row->{name}: the provider is not asked");
        }
    }

    cmp_ok($count{$_}, '>', 9, "rows: $_") for 'yes', 'no';
});

# and whose sessions count
on_block(6 => sub {
    my $made = sub {
        my $answer = fetch('/v1/sessions', port => 8900, tls => 0,
                           method => 'POST',
                           headers => { 'Content-Type' => 'application/json' },
                           body => JSON::PP::encode_json({
                               verification => { vendorData => $_[0] } }));

        is_status("a session of the app's for $_[0]", $answer, 201);
        return json_of($answer)->{verification}{id};
    };

    is_status('nobody', browse('/x'), 401);
    is_problem('unverified', fetch('/x', basic('alice')), 'UNVERIFIED');

    my $session = $made->('alice');
    event($session, 'submitted');
    is_problem('submitted', fetch('/x', basic('alice')), 'PENDING');
    decide($session, 'approved');
    passes('approved', fetch('/x', basic('alice')), '/x');
    is_problem('another user', fetch('/x', basic('bob')), 'UNVERIFIED');

    led_through('/a/b?c=d', basic('carol'), jar => {});
});

# a site that has a cache: one user is not the next
on_block(8 => sub {
    my %alice = (jar => { session => 'alice' });

    is_status('alice', fetch('/veriff/status', %alice), 200);
    is_status('nobody', fetch('/veriff/status'), 401);
});

no_root_location();
start_app();
start_app('bank');
start_app('shop');
start_app('hooks');
start_sandbox(public_url => 'https://alchemy.veriff.com');

$shop = start_provider('public-url' => 'https://shop.veriff.me',
                       'api-key' => '4bff1cc5-5b32-4a1e-8a1c-cd5d96e9a2b1',
                       secret => canary('8c6ac8a4-0c35-4f56-9c6f-5b1a4d8e7f10'));
key_pair(shop => [$shop->{api_key}, $shop->{secret}]);

service(8080 => $ENV{TEST_NGINX_APP_PORT}, 8081 => $ENV{TEST_NGINX_BANK_PORT},
        8082 => $ENV{TEST_NGINX_SHOP_PORT}, 8083 => $ENV{TEST_NGINX_HOOKS_PORT},
        'api.veriff.com' => $shop->{https} =~ /(\d+)\/?$/);
run_tests();

__DATA__

=== TEST 1: WebSockets
--- example: websocket.conf



=== TEST 2: a single-page application
--- example: spa-json-api.conf



=== TEST 3: tenants
--- example: tenants.conf



=== TEST 4: a roll-out
--- example: report-mode.conf



=== TEST 5: the provider's API
--- example: api-for-apps.conf



=== TEST 6: the app's own sessions
--- example: api-for-apps.conf



=== TEST 7: which of the provider's endpoints
--- example: api-for-apps.conf



=== TEST 8: a cache
--- example: spa-json-api.conf
--- edits
upstream app { => proxy_cache_path cache keys_zone=c:1m; proxy_cache c; proxy_cache_valid any 1m; upstream app {
