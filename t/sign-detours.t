# Ways in which a signed request, its keys or its answer could get around the
# checks while nginx runs.

use lib 't/lib';
use VeriffTest;
use VeriffSign;

start_sandbox();
run_tests();

__DATA__

=== TEST 1: a variable in proxy_pass that holds a path
--- config
    location /veriff-api/ {
        veriff_sign  kyc insecure_tls;
        resolver     127.0.0.1;
        set          $api 127.0.0.1:$TEST_NGINX_RAND_PORT_1/v1/media/other;
        rewrite      ^/veriff-api/(.*)$ /$1 break;
        proxy_pass   http://$api;
    }
--- request eval
'GET /veriff-api/v1/sessions/' . uuid() . '/decision'
--- error_code: 502
--- response_headers
Content-Type: application/json
--- response_body_like: ^\{"status":"fail","code":"1101","message":
--- error_log
veriff: what proxy_pass "http://$api" comes to is not a scheme and a host alone



=== TEST 2: a variable in proxy_pass that holds a user
--- config
    location /veriff-api/ {
        veriff_sign  kyc insecure_tls;
        resolver     127.0.0.1;
        set          $api veriff.com@127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        rewrite      ^/veriff-api/(.*)$ /$1 break;
        proxy_pass   http://$api;
    }
--- request eval
'GET /veriff-api/v1/sessions/' . uuid() . '/decision'
--- error_code: 502
--- error_log
is not a scheme and a host alone



=== TEST 3: a variable in proxy_pass that holds a host
--- config
    location /veriff-api/ {
        veriff_sign  lax insecure_tls;
        resolver     127.0.0.1;
        set          $api 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        rewrite      ^/veriff-api/(.*)$ /$1 break;
        proxy_pass   http://$api;
    }
--- request eval
'GET /veriff-api/v1/sessions/' . uuid() . '/decision'
--- response_body_like eval
'^GET /v1/sessions/' . uuid() . '/decision'



=== TEST 4: auth_request does not take the status of an answer it cannot check
--- config
    location = /t {
        auth_request  /veriff-api/v1/sessions;
        return 200    "unreached: return comes before it\n";
    }

    location = /protected {
        auth_request  /ask;
        proxy_pass    http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    location = /ask {
        internal;
        veriff_sign  kyc insecure_tls;
        rewrite      ^ /v1/sessions/x/decision break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_no_close
--- tcp_reply eval
json_answer('{"status":"success"}', signature => '0' x 64)
--- request
GET /protected
--- error_code: 500
--- error_log
veriff: the provider's answer was refused: its body is not read



=== TEST 5: neither key nor signature is in a variable
--- http_config
    log_format  headers  'seen: <$http_x_auth_client$http_x_hmac_signature>';
--- config
    location /veriff-api/ {
        veriff_sign  lax insecure_tls;
        rewrite      ^/veriff-api/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        access_log   logs/error.log headers;
    }
--- request eval
'GET /veriff-api/v1/sessions/' . uuid() . '/decision'
--- response_body_like eval
'x ' . api_key() . ' ' . hmac(shared_secret(), uuid())
--- error_log
seen: <-->



=== TEST 6: a variable in proxy_pass that holds arguments
--- config
    location /veriff-api/ {
        veriff_sign  kyc insecure_tls;
        resolver     127.0.0.1;
        set          $api "127.0.0.1:$TEST_NGINX_RAND_PORT_1?a=b";
        rewrite      ^/veriff-api/(.*)$ /$1 break;
        proxy_pass   http://$api;
    }
--- request eval
'GET /veriff-api/v1/sessions/' . uuid() . '/decision'
--- error_code: 502
--- error_log
is not a scheme and a host alone



=== TEST 7: a variable in proxy_pass that holds a fragment
--- config
    location /veriff-api/ {
        veriff_sign  kyc insecure_tls;
        resolver     127.0.0.1;
        set          $api "127.0.0.1:$TEST_NGINX_RAND_PORT_1#a";
        rewrite      ^/veriff-api/(.*)$ /$1 break;
        proxy_pass   http://$api;
    }
--- request eval
'GET /veriff-api/v1/sessions/' . uuid() . '/decision'
--- error_code: 502
--- error_log
is not a scheme and a host alone
