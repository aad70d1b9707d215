# Which webhooks are accepted and which are refused, by their signature: the
# application sees the former byte for byte and never the latter.

use lib 't/lib';
use VeriffTest;
use VeriffWebhook;
use Digest::SHA qw(sha256_hex);
use Test::More;

start_app();

my $body = '{"status":"success","verification":{"id":"abc-1",'
           . '"status":"approved","vendorData":"u-1"}}';
my $signature = hmac(shared_secret(), $body);
my $key = api_key();
my $other = canary('11111111-2222-4333-8444-555555555555');

(my $changed = $body) =~ s/abc-1/abc-2/;

# name, reason, and what is sent
our @forged_list = my @forged = (
    ['a byte changed', 'bad_signature',
     body => $changed, signature => $signature],
    ['a byte more', 'bad_signature',
     body => "$body ", signature => $signature],
    ['a line feed more', 'bad_signature',
     body => "$body\n", signature => $signature],
    ['a line feed less', 'bad_signature',
     body => $body, signature => hmac(shared_secret(), "$body\n")],
    ['a byte less', 'bad_signature',
     body => substr($body, 0, -1), signature => $signature],
    ['another secret', 'bad_signature', body => $body, secret => $other],
    ['the API key as secret', 'bad_signature', body => $body,
     secret => $key],
    ['no secret', 'bad_signature', body => $body, secret => ''],
    ['the HMAC of nothing', 'bad_signature',
     body => $body, signature => hmac(shared_secret(), '')],
    ['an empty body with another HMAC', 'bad_signature',
     body => '', signature => $signature],
    ['a signature of zeros', 'bad_signature',
     body => $body, signature => '0' x 64],
    ['another key', 'unknown_key', body => $body, key => $other],
    ['a key cut', 'unknown_key', body => $body, key => substr($key, 0, 35)],
    ['a key and more', 'unknown_key', body => $body, key => "${key}0"],
    ['a signature cut', 'malformed_signature',
     body => $body, signature => substr($signature, 0, 63)],
    ['a signature cut by a byte', 'malformed_signature',
     body => $body, signature => substr($signature, 0, 62)],
    ['a signature and more', 'malformed_signature',
     body => $body, signature => "${signature}00"],
    ['a signature that is not hex', 'malformed_signature',
     body => $body, signature => 'g' . substr($signature, 1)],
    ['a signature with a scheme', 'malformed_signature',
     body => $body, signature => "sha256=$signature"],
    ['an empty signature', 'no_signature',
     body => $body, auth => ["X-AUTH-CLIENT: $key", 'X-HMAC-SIGNATURE:']],
    ['the legacy hash', 'bad_signature',
     body => $body, signature => sha256_hex($body . shared_secret())],
    ['the legacy header', 'no_signature',
     body => $body, auth => ["X-AUTH-CLIENT: $key", 'X-SIGNATURE: '
                             . sha256_hex($body . shared_secret())]],
    ['the HMAC in the legacy header', 'no_signature',
     body => $body, auth => ["X-AUTH-CLIENT: $key",
                             "X-SIGNATURE: $signature"]],
    ['no signature', 'no_signature',
     body => $body, auth => ["X-AUTH-CLIENT: $key"]],
    ['no key', 'no_key',
     body => $body, auth => ["X-HMAC-SIGNATURE: $signature"]],
    ['an empty key', 'no_key',
     body => $body, auth => ['X-AUTH-CLIENT:',
                             "X-HMAC-SIGNATURE: $signature"]],
    ['nothing', 'no_key', body => $body, auth => []],
);

on_block(1 => sub {
    my %answers;

    for my $forged (@forged) {
        my ($name, $reason, @request) = @$forged;

        my $answer = check_refused($name, 401, @request);

        $answer =~ s/^Date:.*\r\n//m;
        $answers{$answer} = $name;
    }

    is(scalar keys %answers, 1, 'every refusal reads the same')
        or diag(explain(\%answers));
});

on_block(3 => sub {
    my $seen = check_accepted('signed', body => $body,
                              headers => ['vrf-integration-id: Abc-1',
                                          'User-Agent: provider/1.0']);

    for my $line ("X-AUTH-CLIENT: $key", "X-HMAC-SIGNATURE: $signature",
                  'vrf-integration-id: Abc-1', 'User-Agent: provider/1.0',
                  'Content-Type: application/json') {
        ok(index($seen->{head}, "\r\n$line\r\n") > 0, "the app gets $line");
    }

    unlike($seen->{head}, qr/X-Veriff-User/, 'a user that is not ours');

    check_accepted('upper-case hex', body => $body,
                   signature => uc $signature);
    check_accepted('mixed hex', body => $body,
                   signature => ucfirst lc $signature);
    check_accepted('upper-case key', body => $body, key => uc $key);
    check_accepted('signed again', body => $body);
    check_accepted('with blanks', body => " \n$body\r\n\t");
    check_accepted('with a line feed', body => "$body\n");
    check_accepted('UTF-8', body => qq({"a":"\xc3\xa4\xf0\x9f\x98\x80"}));
});

on_block(4 => sub {
    my $seen = check_accepted('its own user',
        body => '{"verification":{"id":"1","vendorData":"u-1"}}');
    unlike($seen->{head}, qr/X-Veriff-User/i, 'no token, no user');
});

run_tests();

__DATA__

=== TEST 1: forged ones are refused, all in the same words
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready
--- grep_error_log eval
qr/veriff webhook refused: \w+/
--- grep_error_log_out eval
CORE::join "", map { "veriff webhook refused: $_->[1]\n" } @main::forged_list



=== TEST 2: the body of a refusal
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    POST /hook
{}
--- error_code: 401
--- response_headers
Content-Type: application/problem+json
Cache-Control: no-store
--- response_body eval
qq({"type":"about:blank","title":"Unauthorized","status":401,)
. qq("detail":"The webhook could not be authenticated."}\r\n)
--- error_log
veriff webhook refused: no_key



=== TEST 3: signed ones reach the application byte for byte
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready
--- no_error_log
[error]
[warn]



=== TEST 4: vendorData that is no token names no user
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready
