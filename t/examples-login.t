# The examples whose users somebody else knows: oauth2-proxy, who signs
# certificates or tokens, the application.

use lib 't/lib';
use VeriffTest;
use VeriffExample;
use VeriffApp;
use Test::More;

# To the app, whoever is in X-User is the user.  Where nginx says nobody, nor
# does the client; and what is asked who the client is has no hint from it.
sub nobody_is_mallory {
    my ($o, @paths) = @_;

    app_seen();

    for my $jar ({}, { $o->{cookie} => 'alice' }) {
        browse($_, jar => { %$jar }, headers => { 'X-User' => 'mallory' })
            for @paths, '/veriff/start', '/veriff/status';
    }

    my @seen = grep { /^app / } app_seen();

    cmp_ok(scalar @seen, '>', 1, 'the app was asked');
    is_deeply([grep { /mallory/ } @seen], [], 'nobody says to be mallory');
}

# oauth2-proxy: a gate for the whole server, but not for the sign-in pages
on_block(1 => sub {
    for my $path (qw(/x /veriff/start)) {
        is_status("nobody, $path", browse($path), 200,
                  qr{^login GET /oauth2/sign_in$});
        is_status("nobody, $path, a form", browse($path, method => 'POST'),
                  200, qr{^login GET /oauth2/sign_in$});
    }

    is_status('sign-in', browse('/oauth2/callback?code=1'), 200,
              qr{^login GET /oauth2/callback\?code=1$});
    is_status('who asks instead', browse('/oauth2/auth'), 404);
    is_status('assets', browse('/assets/a.css'), 200,
              qr{^app GET /assets/a.css$});
    place('/var/www/acme/.well-known/acme-challenge/x', 'challenge');
    is_status('ACME', fetch('/.well-known/acme-challenge/x'), 200,
              qr/^challenge$/);
    is(scalar provider_saw(), 0, 'the provider is not asked');

    my %alice = (jar => { _oauth2_proxy => 'alice' });

    is_status('a forged name', browse('/x', headers => {
                  'X-Auth-Request-User' => 'alice', 'X-User' => 'alice' }),
              200, qr{^login GET /oauth2/sign_in$});
    is_problem('a program', fetch('/x', %alice), 'UNVERIFIED');
    led_through('/a/b?c=d', %alice);

    is_led('another user', browse('/x', jar => { _oauth2_proxy => 'bob' }),
           302, '/veriff/start?return=%2Fx');
    is_status('logged in, the sign-in page', browse('/oauth2/sign_in'), 200,
              qr{^login});

    nobody_is_mallory({ cookie => '_oauth2_proxy' }, '/x', '/assets/a.css');
});

# certificates
on_block(2 => sub {
    for my $path (qw(/x /veriff/start /veriff/status)) {
        is_status("no certificate, $path", browse($path), 401);
        is_status("somebody else's, $path",
                  browse($path, certificate('alice', 'foreign')), 400);
    }

    is_status('no certificate, no gate', browse('/help/x'), 403);
    is(scalar provider_saw(), 0, 'the provider is not asked');

    is_problem('a program', fetch('/x', certificate('alice', 'ours')),
               'UNVERIFIED');
    led_through('/a/b?c=d', certificate('alice', 'ours'), jar => {});

    is_led('another user', browse('/x', certificate('bob', 'ours')), 302,
           '/veriff/start?return=%2Fx');
    is_status('no gate', browse('/help/x', certificate('bob', 'ours')), 200,
              qr{^app GET /help/x$});
});

# tokens, for programs
on_block(3 => sub {
    my @host = (host => 'api.example.com');
    my $as = sub { (@host, headers => { Authorization => "Bearer $_[0]" }) };
    my @alice = $as->('token-alice');

    for my $path (qw(/x /veriff/start /veriff/status)) {
        is_status("no token, $path", fetch($path, @host), 401);
        is_status("a wrong token, $path", fetch($path, $as->('x')), 401);
    }

    is_status('what checks tokens', fetch('/token', @alice), 404);
    is(scalar provider_saw(), 0, 'the provider is not asked');

    my $answer = fetch('/x', @alice);
    is_problem('unverified', $answer, 'UNVERIFIED');

    $answer = fetch(json_of($answer)->{start}, @alice, method => 'POST');
    is_status('start', $answer, 200);
    like(json_of($answer)->{sessionUrl}, qr{^https://alchemy\.veriff\.com/},
         'start: a URL');

    event(session_of(), 'submitted');
    is_problem('submitted', fetch('/x', @alice), 'PENDING');

    decide(session_of(), 'approved');
    is_status('status', fetch('/veriff/status', @alice), 200,
              qr/"state":"VERIFIED"/);
    passes('approved', fetch('/x', @alice), '/x');
    is_problem('another user', fetch('/x', $as->('token-bob')), 'UNVERIFIED');
    is_status('the browser comes back', browse('/veriff/return', @host), 200,
              qr/Thank you/);
});

# what the last session was asked for with
sub sent {
    my ($request) = reverse grep { $_->{method} eq 'POST' }
                    @{ sandbox(GET => '/_sandbox/requests') };

    return JSON::PP::decode_json(
               MIME::Base64::decode_base64($request->{body_base64}));
}

# the application's own users, and their names for the provider
on_block(4 => sub {
    my %alice = (jar => { session => 'alice' });

    is_status('nobody', browse('/veriff/start'), 401);
    is_status('the question', browse('/auth', %alice), 404);
    is(scalar provider_saw(), 0, 'the provider is not asked');
    is_status('nobody, a page', browse('/x'), 200, qr{^app GET /x$});

    my $answer = browse('/veriff/start', %alice);
    is_status('start', $answer, 303);
    like($answer->{headers}{location}, qr{^https://alchemy\.veriff\.com/},
         'start: to the provider');

    is_deeply(sent()->{verification}{person},
              { firstName => 'Alice', lastName => 'Example',
                dateOfBirth => '1990-01-02' }, 'the name on the account');
});

# a product's template
on_block(5 => sub {
    my %alice = (jar => { session => 'alice' });

    is_status('nobody', browse('/x'), 401);
    is_status('to log in', browse('/login/'), 200, qr{^app GET /login/$});
    is_status('the question', browse('/session', %alice), 404);

    # no detail is the client's to say
    is_led('unverified', browse('/x', %alice), 302,
           '/veriff/start?return=%2Fx');
    is_status('start', browse('/veriff/start?return=%2Fx', %alice, headers => {
                  'X-First-Name' => 'Mallory', 'X-Ssn' => '1' }), 303);

    my $sent = sent()->{verification};

    like(delete $sent->{vendorData}, qr/^[\w-]{20,}$/, 'the user');
    is_deeply($sent, {
        callback => 'https://app.example.com/veriff/return',
        person => { firstName => 'Alice', lastName => 'Example',
                    dateOfBirth => '1990-01-02',
                    phoneNumber => '0005550100' },
        address => { fullAddress => '1 Main Street, Anytown' },
    }, 'what the application knows');

    led_through('/a/b?c=d', jar => { session => 'bob' });
    nobody_is_mallory({ cookie => 'session' }, '/x', '/login/');
});

# a site that has a cache: one user is not the next
sub is_not_kept {
    my ($path, $status, @alice) = @_;

    is_status('alice', browse($path, @alice), $status);
    is_status('nobody', browse($path, @alice[0 .. $#alice - 2]), 401);
    is_status('alice again', browse($path, @alice), $status);
}

my @alice = (jar => { session => 'alice' });

on_block(6 => sub { is_not_kept('/veriff/status', 200, @alice) });
on_block(7 => sub { is_not_kept('/veriff/start', 303, @alice) });

on_block(8 => sub {
    is_not_kept('/veriff/status', 200, host => 'api.example.com',
                headers => { Authorization => 'Bearer token-alice' });
});

on_block(9 => sub {
    is_status('alice', browse('/veriff/status', jar => {
                  _oauth2_proxy => 'alice' }), 200, qr/"UNVERIFIED"/);
    is_status('nobody', browse('/veriff/status'), 200, qr/^login GET/);
});

no_root_location();
start_app();
start_app('login');
start_app('validator');
service(8080 => $ENV{TEST_NGINX_APP_PORT}, 4180 => $ENV{TEST_NGINX_LOGIN_PORT},
        9000 => $ENV{TEST_NGINX_VALIDATOR_PORT});
start_sandbox(public_url => 'https://alchemy.veriff.com');
run_tests();

__DATA__

=== TEST 1: oauth2-proxy
--- example: gate-auth-request.conf



=== TEST 2: certificates
--- example: gate-client-certificates.conf



=== TEST 3: tokens
--- example: gate-jwt.conf



=== TEST 4: the application's users
--- example: user-from-auth-request.conf



=== TEST 5: a product's template
--- example: payloads.conf



=== TEST 6: a cache, payloads
--- example: payloads.conf
--- edits
upstream app { => proxy_cache_path cache keys_zone=c:1m; proxy_cache c; proxy_cache_valid any 1m; upstream app {



=== TEST 7: a cache, user from auth request
--- example: user-from-auth-request.conf
--- edits
upstream app { => proxy_cache_path cache keys_zone=c:1m; proxy_cache c; proxy_cache_valid any 1m; upstream app {



=== TEST 8: a cache, gate jwt
--- example: gate-jwt.conf
--- edits
upstream app { => proxy_cache_path cache keys_zone=c:1m; proxy_cache c; proxy_cache_valid any 1m; upstream app {



=== TEST 9: a cache, gate auth request
--- example: gate-auth-request.conf
--- edits
upstream app { => proxy_cache_path cache keys_zone=c:1m; proxy_cache c; proxy_cache_valid any 1m; upstream app {
