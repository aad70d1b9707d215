# The gate over HTTP/3.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffApp;
use VeriffGate;
use VeriffHttp3;
use Test::More;

sub said { (app_seen())[0] // 'nothing' }

on_block(1 => sub {
    my @nobody = (fields => ['X-Veriff-User: alice']);
    my @bob = (fields => ['X-User: bob', 'X-Veriff-State: VERIFIED',
                          'X_Veriff_State: VERIFIED']);
    my @alice = (fields => ['X-User: alice', 'X-Veriff-State: REJECTED',
                            'X_Veriff_State: REJECTED']);

    verify('alice');

    for my $method ('GET', 'POST') {
        my @body = $method eq 'POST' ? (body => 'x' x 100_000) : ();

        is(http3($method => '/x', @alice, @body)->{status}, 200,
           "$method, verified");
        like(said(), qr/^app\ $method\ \/x\ x-veriff-state=VERIFIED
                        \ x-veriff-session=\S+\ x-veriff-decided=\S+$/x,
             "$method, verified: marked");

        my $answer = http3($method => '/x', @bob, @body);
        is($answer->{status}, 403, "$method, unverified");
        like($answer->{body}, qr/"state":"UNVERIFIED"/,
             "$method, unverified: a problem");

        is(http3($method => '/x', @nobody, @body)->{status}, 401,
           "$method, nobody");
        is(said(), 'nothing', "$method: not the app");
    }

    my $answer = http3(GET => '//evil.example/x', fields => [
                           'X-User: bob', 'Accept: text/html']);
    is($answer->{status}, 302, 'a navigation');
    like($answer->{head}, qr{^location: /start\?return=%2F$}m, 'to the start');
    like($answer->{head}, qr{^cache-control: no-store$}m, 'not to be kept');
    is(said(), 'nothing', 'not the app');
});

# workers share one socket, but not what comes over it
workers(1);

start_app();
start_sandbox();
run_tests();

__DATA__

=== TEST 1: verified, unverified, nobody
--- http_config eval
main::gate_http() . 'underscores_in_headers on;
server {
    $TEST_NGINX_HTTP3
    location / { veriff_gate kyc; ' . main::app() . ' }
}'
--- timeout: 30
