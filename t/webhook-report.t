# veriff_webhook ... report: invalid webhooks are proxied, too, but without
# any header of the provider and marked with the reason.

use lib 't/lib';
use VeriffTest;
use VeriffWebhook;
use Test::More;

start_app();
key_file(other_key => "00000001-0000-4000-8000-000000000000\n");

my $body = '{"verification":{"id":"abc-1","status":"approved"}}';
my $key = api_key();
my $signature = hmac(shared_secret(), $body);
my $large = '{"a":"' . 'x' x 5_000_000 . '"}';

my @invalid = (
    ['bad_signature', secret => 'x'],
    ['unknown_key', key => 'x'],
    ['no_key', auth => []],
    ['no_signature', auth => ["X-AUTH-CLIENT: $key"]],
    ['malformed_signature', signature => 'x'],
    ['repeated_header', headers => ["X-AUTH-CLIENT: $key"]],
    ['conflicting_headers', headers => ["VRF-HMAC-SIGNATURE: \L$key"]],
    ['method', method => 'PUT'],
    ['encoding', headers => ['Content-Encoding: gzip']],
    ['malformed_json', body => '[]'],
    ['size', body => $large],
    ['size', body => $large, chunked => 60_000],
);

on_block(1 => sub {
    for my $invalid (@invalid) {
        my ($reason, %o) = @$invalid;

        $o{body} //= $body;
        $o{headers} = [@{ $o{headers} // [] }, 'vrf-integration-id: id-1',
                       'X-Veriff-Webhook: ok', 'X-Veriff-User: mallory',
                       'X-Signature: 1', 'X-App: 202'];

        my $answer = exchange(webhook(%o));
        my @seen = app_seen();

        is(status_of($answer), 200, "$reason: answered as the app says");
        is(scalar @seen, 1, "$reason: the app sees it");
        is_deeply([$seen[0]{head} =~ /^((?:x-veriff|x-auth|x-hmac|vrf|x-sig)
                                        .*?)\r$/xmig],
                  ["X-Veriff-Webhook: $reason"], "$reason: and so marked");
        ok($seen[0]{body} eq $o{body}, "$reason: byte for byte")
            if !$o{chunked};
    }

    my $seen = check_accepted('a valid one', body => $body);
    like($seen->{head}, qr/^X-HMAC-SIGNATURE: $signature\r$/m,
         'with the headers of the provider');
});

on_block(2 => sub {
    is(status_of(exchange(webhook(body => $body, secret => 'x'))), 401,
       'nowhere to send it');
    is(status_of(exchange(webhook(body => $body))), 200, 'a valid one');
});

on_block(3 => sub {
    my $answer = exchange(webhook(body => $body));
    my @seen = app_seen();

    is(status_of($answer), 200, 'checked twice: answered as the app says');
    is_deeply([($seen[0]{head} // '') =~ /^((?:x-veriff|x-auth|x-hmac)
                                            .*?)\r$/xmig],
              ['X-Veriff-Webhook: unknown_key'], 'the last word counts');
});

run_tests();

__DATA__

=== TEST 1: invalid ones reach the application marked
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc report;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready
--- grep_error_log eval
qr/veriff webhook is not valid: \w+/
--- grep_error_log_out eval
CORE::join '', map { "veriff webhook is not valid: $_\n" }
    qw(bad_signature unknown_key no_key no_signature malformed_signature
       repeated_header conflicting_headers method encoding malformed_json
       size size)



=== TEST 2: without an application they are refused
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc report;
    }
--- request
    GET /ready
--- response_body
ready
--- error_log
veriff webhook refused: bad_signature



=== TEST 3: valid in one location, not in that which it is led to
--- http_config
$TEST_NGINX_INTEGRATION
    veriff_integration other {
        api_key_file        $TEST_NGINX_KEYS/other_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
        api_uri             /other;
    }
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        try_files /nothing /other-hook;
    }
    location = /other-hook {
        veriff_webhook other report;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready
--- error_log
veriff webhook is not valid: unknown_key
