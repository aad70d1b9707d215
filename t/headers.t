# What a client says under our names never reaches an application, whichever
# way the request takes through nginx.

use lib 't/lib';
use VeriffTest;

our $http = <<'_EOC_';
    veriff_integration kyc {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
    }
_EOC_

# what the location would send to an application (in another server of this
# nginx the module would remove it once more)

our $seen = 'return  200 "state:$http_x_veriff_state, '
            . 'user:$http_x_veriff_user, webhook:$http_x_veriff_webhook\n";';

run_tests();

__DATA__

=== TEST 1: an ordinary request
--- http_config eval: $::http
--- config eval
qq{
    location = /t {
        $::seen
    }
}
--- more_headers
X-Veriff-State: VERIFIED
x-veriff-user: admin
X-VERIFF-Webhook: ok
--- request
GET /t
--- response_body
state:, user:, webhook:



=== TEST 2: refused while its header is read, then an error page
--- http_config eval: $::http
--- config eval
qq{
    error_page  400 =200 /err;

    location = /err {
        $::seen
    }
}
--- raw_request eval
"GET / HTTP/1.1\r
X-Veriff-State: VERIFIED\r
X-Veriff-User: admin\r
X-Veriff-Webhook: ok\r
Connection: close\r
\r
"
--- response_body
state:, user:, webhook:



=== TEST 3: refused while its header is read, then a named location
--- http_config eval: $::http
--- config eval
qq{
    error_page  400 =200 \@err;

    location \@err {
        $::seen
    }
}
--- raw_request eval
"GET / HTTP/1.1\r
X-Veriff-State: VERIFIED\r
X-Veriff-User: admin\r
X-Veriff-Webhook: ok\r
Connection: close\r
\r
"
--- response_body
state:, user:, webhook:



=== TEST 4: a header that is too large, after one of ours
--- http_config eval: $::http
--- config eval
qq{
    large_client_header_buffers  2 1k;
    error_page                   494 =200 /err;

    location = /err {
        $::seen
    }
}
--- raw_request eval
"GET / HTTP/1.1\r
Host: localhost\r
X-Veriff-State: VERIFIED\r
X-Veriff-User: admin\r
X-Long: " . ("a" x 4000) . "\r
Connection: close\r
\r
"
--- response_body
state:, user:, webhook:



=== TEST 5: the names in other spellings
--- http_config eval: $::http
--- config eval
qq{
    underscores_in_headers  on;
    ignore_invalid_headers  off;

    location = /t {
        $::seen
    }
}
--- raw_request eval
"GET /t HTTP/1.1\r
Host: localhost\r
X_Veriff_State: VERIFIED\r
x-veriff_user: admin\r
X.Veriff.Webhook: ok\r
X-Veriff-State:\r
X-Veriff-State: VERIFIED\r
Connection: close\r
\r
"
--- response_body
state:, user:, webhook:
