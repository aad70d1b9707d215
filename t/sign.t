# What is signed, and where the signature goes: paths and methods.

use lib 't/lib';
use VeriffTest;
use VeriffSign;

start_sandbox();
run_tests();

__DATA__

=== TEST 1: GET: the id is signed
--- request eval
"GET /seen/v1/sessions/" . uuid() . "/decision"
--- response_body eval
seen("GET /v1/sessions/" . uuid() . "/decision", hmac(shared_secret(), uuid()))



=== TEST 2: the provider takes it
--- request eval
["POST /veriff-api/v1/sessions\n{\"verification\":{}}",
 "GET /veriff-api/v1/sessions/" . uuid() . "/decision",
 "DELETE /veriff-api/v1/sessions/" . uuid(),
 "PATCH /veriff-api/v1/sessions/" . uuid() . "\n{\"verification\":{\"status\":\"submitted\"}}",
 "GET /veriff-api/v1/attempts/" . uuid() . "/media",
 "GET /veriff-api/v1/media/" . uuid(),
 "GET /v1/sessions/" . uuid() . "/media"]
--- more_headers
Content-Type: application/json
--- error_code eval
[201, 404, 404, 404, 404, 404, 404]
--- response_body_like eval
['"status":"success"', ('"code":"1101"') x 6]



=== TEST 3: and not another's signature, so that the test can fail
--- http_config eval
key_file('other', canary('another-secret') . "\n");
'
    veriff_integration other {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/other;
        api_uri             /other;
    }
'
--- config
    location /v1/ {
        veriff_sign  other insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
    }
--- request eval
"GET /v1/sessions/" . uuid() . "/decision"
--- error_code: 502
--- error_log
the provider's answer was refused: wrong signature



=== TEST 4: DELETE: the id is signed
--- request eval
"DELETE /seen/v1/sessions/" . uuid()
--- response_body eval
seen("DELETE /v1/sessions/" . uuid(), hmac(shared_secret(), uuid()))



=== TEST 5: POST: the body is signed
--- request eval
"POST /seen/v1/sessions\nbody \0\xff"
--- response_body eval
seen("POST /v1/sessions", hmac(shared_secret(), "body \0\xff"))



=== TEST 6: PATCH: the body is signed, not the id
--- request eval
"PATCH /seen/v1/sessions/" . uuid() . "\nbody"
--- response_body eval
seen("PATCH /v1/sessions/" . uuid(), hmac(shared_secret(), "body"))



=== TEST 7: POST without a body: the empty string is signed
--- request
POST /seen/v1/sessions
--- response_body eval
seen("POST /v1/sessions", hmac(shared_secret(), ""))



=== TEST 8: ids are opaque, a trailing slash and arguments are not signed
--- request eval
["GET /seen/v1/sessions/001_a.B-c/", "GET /seen/v1/attempts/x/media?a=%2F&b",
 "GET /seen/v1/media/1?"]
--- response_body eval
[seen("GET /v1/sessions/001_a.B-c/", hmac(shared_secret(), "001_a.B-c")),
 seen("GET /v1/attempts/x/media?a=%2F&b", hmac(shared_secret(), "x")),
 seen("GET /v1/media/1", hmac(shared_secret(), "1"))]



=== TEST 9: other GET: the key only
--- request eval
["GET /seen/v1/sessions", "GET /seen/v1/sessions/", "GET /seen/v1/other/x"]
--- response_body eval
[seen("GET /v1/sessions", ""), seen("GET /v1/sessions/", ""),
 seen("GET /v1/other/x", "")]



=== TEST 10: feedback API: the path is signed, in headers of its own
--- request
GET /seen/v1/feedback/fraud-categories
--- response_body eval
seen("GET /v1/feedback/fraud-categories",
     hmac(shared_secret(), "/v1/feedback/fraud-categories"), vrf => 1)



=== TEST 11: feedback API: the path, a line feed and the body
--- request eval
"POST /seen/v1/feedback/fraud-reports?a=b\n{}"
--- response_body eval
seen("POST /v1/feedback/fraud-reports?a=b",
     hmac(shared_secret(), "/v1/feedback/fraud-reports\n{}"), vrf => 1)



=== TEST 12: methods that the provider has not
--- request eval
["OPTIONS /seen/v1/sessions", "PUT /seen/v1/sessions/x"]
--- error_code eval
[405, 405]
--- response_headers eval
[("Content-Type: application/json\nAllow: GET, POST, PATCH, DELETE\n"
  . "Content-Length: 74") x 2]
--- response_body_like eval
['\A\{"status":"fail","code":"1101","message":"The method is not supported."\}\r\n\z',
 '\A\{"status":"fail",']
--- no_error_log
upstream



=== TEST 13: HEAD
--- request
HEAD /seen/v1/sessions
--- error_code: 405
--- response_body
--- no_error_log
upstream



=== TEST 14: ids that are none
--- config
    location /v1 {
        veriff_sign  seen insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request eval
["GET /v1/sessions/a%20b/decision", "GET /v1/sessions/a%2fb/decision",
 "GET /v1/sessions/%2e%2e/decision", "GET /v1/sessions/a;b=c",
 "GET /v1/sessions/../sessions/x", "GET /v1//sessions/x",
 "GET /v1/sessions/x/../y", "GET /v1/sessions/x%2e", "GET /v1/sessions/" . "x" x 129,
 "GET /v1/sessions/\xc3\xa4", "GET /v1/sessions/x%00", "GET /v1/./sessions/x",
 "DELETE /v1/sessions/x%2f..%2fy", "GET /v1/sessions/x/%5c", "GET /v1"]
--- error_code eval
[400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400]
--- response_body_like eval
['"message":"The path is not one of the API."', ('\A\{"status":"fail"|400 Bad Request') x 14]
--- no_error_log
connecting to upstream



=== TEST 15: paths that are not the API's
--- request eval
["GET /seen/v2/sessions/x", "POST /seen/\nx", "GET /seen/v1x/sessions/x",
 "GET /seen/V1/sessions/x", "GET /seen/app/v1/x"]
--- error_code eval
[400, 400, 400, 400, 400]
--- response_body_like eval
[('\A\{"status":"fail","code":"1101",') x 5]
--- no_error_log
connecting to upstream



=== TEST 16: without rewrite the URI goes out as it came, and is signed so
--- config
    location /v1 {
        veriff_sign  seen insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request eval
["GET /v1/sessions/x/%41?q=%2F", "GET /v1/feedback/%41b"]
--- response_body eval
[seen("GET /v1/sessions/x/%41?q=%2F", hmac(shared_secret(), "x")),
 seen("GET /v1/feedback/%41b", hmac(shared_secret(), "/v1/feedback/%41b"), vrf => 1)]



=== TEST 17: after a rewrite it goes out decoded and escaped again
--- request eval
["GET /seen/v1/sessions/%78/a%20b", "GET /seen/v1/feedback/%41b%20c"]
--- response_body eval
[seen("GET /v1/sessions/x/a%20b", hmac(shared_secret(), "x")),
 seen("GET /v1/feedback/Ab%20c", hmac(shared_secret(), "/v1/feedback/Ab%20c"), vrf => 1)]



=== TEST 18: a regex location, an upstream block, a variable
--- http_config
    upstream up { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- config
    location ~ ^/re/(.*)$ {
        veriff_sign  seen insecure_tls;
        rewrite      ^/re/(.*)$ /$1 break;
        proxy_pass   http://up;
    }

    location /var/ {
        veriff_sign  seen insecure_tls;
        set          $up 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        resolver     127.0.0.1;
        rewrite      ^/var/(.*)$ /$1 break;
        proxy_pass   http://$up;
    }
--- request eval
["GET /re/v1/sessions/x?a", "GET /var/v1/sessions/x?a",
 "POST /var/v1/sessions\nb"]
--- response_body eval
[seen("GET /v1/sessions/x?a", hmac(shared_secret(), "x")),
 seen("GET /v1/sessions/x?a", hmac(shared_secret(), "x")),
 seen("POST /v1/sessions", hmac(shared_secret(), "b"))]



=== TEST 19: internal redirects into a signed location
--- config
    location = /try {
        try_files /none /v1/sessions/y/decision?t=1;
    }

    location = /last {
        rewrite ^ /v1/sessions/z/a%20b last;
    }

    location /v1/sessions/n {
        error_page 418 = @named;
        return 418;
    }

    location @named {
        veriff_sign  seen insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    location /v1/ {
        internal;
        veriff_sign  seen insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request eval
["GET /try", "GET /last", "GET /v1/sessions/n/%41"]
--- response_body eval
[seen("GET /v1/sessions/y/decision?t=1", hmac(shared_secret(), "y")),
 seen("GET /v1/sessions/z/a%2520b", hmac(shared_secret(), "z")),
 seen("GET /v1/sessions/n/%41", hmac(shared_secret(), "n"))]



=== TEST 20: several secrets: the first signs
--- http_config eval
key_file('two', canary('first-secret-of-two') . "\n" . shared_secret() . "\n");
'
    veriff_integration two {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/two;
        api_uri             /two;
        response_signature  optional;
    }
'
--- config
    location /v1 {
        veriff_sign  two insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /v1/sessions/x
--- response_body eval
seen("GET /v1/sessions/x", hmac('first-secret-of-two', "x"))



=== TEST 21: from outside an internal one looks as if it were not there
--- config
    location /v1/ {
        internal;
        veriff_sign  seen insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /v1/sessions/x
--- error_code: 404
--- response_headers
Content-Type: text/html
