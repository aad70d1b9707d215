# "limit_except" and "if" blocks keep their location's handler: the provider
# is asked (and is not there), so the answer is 503.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

run_tests();

__DATA__

=== TEST 1: without blocks
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc format=json;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]
--- request
POST /start
--- more_headers
Authorization: Basic YWxpY2U6YWxpY2U=
Accept: application/json
--- error_code: 503
--- response_headers
Content-Type: application/problem+json



=== TEST 2: within "limit_except"
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc format=json;
    include         $TEST_NGINX_KEYS/basic.conf;
    limit_except GET {
        allow  127.0.0.1;
        deny   all;
    }
}
--- no_error_log
[warn]
--- request
POST /start
--- more_headers
Authorization: Basic YWxpY2U6YWxpY2U=
Accept: application/json
--- error_code: 503
--- response_headers
Content-Type: application/problem+json



=== TEST 3: beside "limit_except"
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc format=json;
    include         $TEST_NGINX_KEYS/basic.conf;
    limit_except GET {
        allow  127.0.0.1;
        deny   all;
    }
}
--- no_error_log
[warn]
--- request
GET /start
--- more_headers
Authorization: Basic YWxpY2U6YWxpY2U=
Accept: application/json
--- error_code: 503
--- response_headers
Content-Type: application/problem+json



=== TEST 4: within "limit_except", no password
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc format=json;
    include         $TEST_NGINX_KEYS/basic.conf;
    limit_except GET {
        allow  127.0.0.1;
        deny   all;
    }
}
--- no_error_log
[warn]
--- request
POST /start
--- error_code: 401



=== TEST 5: within "if"
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc format=json;
    include         $TEST_NGINX_KEYS/basic.conf;
    if ($arg_x) {
        set  $y 1;
    }
}
--- no_error_log
[warn]
--- request
GET /start?x=1
--- more_headers
Authorization: Basic YWxpY2U6YWxpY2U=
Accept: application/json
--- error_code: 503
--- response_headers
Content-Type: application/problem+json



=== TEST 6: a signed location is internal within "limit_except"
--- user_files
>>> server.conf
location /veriff-api/ {
    internal;
    veriff_sign  kyc;
    proxy_pass   https://127.0.0.1:1;
    include      $TEST_NGINX_KEYS/tls.conf;
    limit_except GET {
        allow  127.0.0.1;
        deny   all;
    }
}
--- no_error_log
[warn]
--- request
POST /veriff-api/v1/sessions
--- error_code: 404
