# Answers of the provider that are checked before their first byte goes on.

use lib 't/lib';
use VeriffTest;
use VeriffSign;

start_sandbox(secret => [shared_secret(), canary('another-secret-of-the-provider')]);
key_file('two', "first-secret-of-ours\n" . shared_secret() . "\n");
key_file('hook_key', "33333333-3333-4333-8333-333333333333\n");
key_file('hook_secret', canary('the-secret-of-webhooks') . "\n");
run_tests();

__DATA__

=== TEST 1: a signed answer passes without the provider's headers
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}', headers => "X-Other: kept\r\nvrf-auth-client: "
            . api_key() . "\r\nvrf-hmac-signature: "
            . hmac(shared_secret(), '{"a": 1}')
            . "\r\nvrf-integration-id: 1\r\nX-Signature: 2\r\n")
--- response_body chomp
{"a": 1}
--- response_headers
Content-Type: application/json
Content-Length: 8
X-Other: kept
X-Auth-Client:
X-Hmac-Signature:
Vrf-Auth-Client:
Vrf-Hmac-Signature:
Vrf-Integration-Id:
X-Signature:
--- no_error_log
[error]



=== TEST 2: a wrong signature
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}', signature => hmac(shared_secret(), '{"a": 2}'),
            headers => "X-Other: gone\r\nSet-Cookie: a=b\r\n")
--- error_code: 502
--- response_body eval
"{\"status\":\"fail\",\"code\":\"1101\",\"message\":\"Bad Gateway\"}\r\n"
--- response_headers
Content-Type: application/json
X-Other:
Set-Cookie:
--- grep_error_log: the provider's answer was refused: wrong signature
--- grep_error_log_out
the provider's answer was refused: wrong signature



=== TEST 3: faults of the sandbox
--- request eval
[map { (fault("{\"signature\":\"$_\"}"), "GET /veriff-api/v1/sessions/" . uuid() . "/decision") }
 qw(wrong conflict upper vrf both second none)]
--- error_code eval
[200, 502, 200, 502, 200, 404, 200, 404, 200, 404, 200, 502, 200, 404]



=== TEST 4: a status of success instead
--- request eval
[fault('{"signature":"none","count":1}'), "POST /veriff-api/v1/sessions\n{\"verification\":{}}",
 fault('{"signature":"wrong","status":200}'), "POST /veriff-api/v1/sessions\n{\"verification\":{}}",
 fault('{"status":200}'), "POST /veriff-api/v1/sessions\n{\"verification\":{}}",
 fault('{"gzip":true}'), "POST /veriff-api/v1/sessions\n{\"verification\":{}}",
 fault('{"auth_client":"2e4f7a10-3c52-4d8b-9f61-52a0c7d1e9b3"}'), "POST /veriff-api/v1/sessions\n{\"verification\":{}}",
 fault('{"non_json":true,"signature":"none"}'), "POST /veriff-api/v1/sessions\n{\"verification\":{}}"]
--- more_headers
Content-Type: application/json
--- error_code eval
[200, 502, 200, 502, 200, 200, 200, 502, 200, 502, 200, 502]
--- response_body_like eval
['', '"code":"1101"', '', '"code":"1101"', '', '"status":"success"', '', '"code":"1101"', '', '"code":"1101"', '', '"code":"1101"']



=== TEST 5: one that the second secret has made
--- http_config
    veriff_integration two {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/two;
        api_uri             /two;
    }
--- config
    location /v1/ {
        veriff_sign  two insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- request
GET /v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}')
--- response_body chomp
{"a": 1}



=== TEST 6: headers that are repeated, contradict each other, or are none
--- config eval
my $n = 0;
CORE::join '', map {
    $n++;
    "location /v1/$n {
        veriff_sign  kyc insecure_tls;
        proxy_pass   http://unix:\$TEST_NGINX_SERVER_ROOT/$n.sock;
    }\n"
} 1 .. 10;
--- http_config eval
my $sig = hmac(shared_secret(), 'x');
my $key = api_key();
my $n = 0;
my $bad = '0' x 63;
CORE::join '', map {
    $n++;
    "server {
        listen unix:\$TEST_NGINX_SERVER_ROOT/$n.sock;
        default_type application/json;
        location / { $_ return 200 x; }
    }\n"
} "add_header x-hmac-signature $sig; add_header x-hmac-signature $sig;",
  "add_header x-hmac-signature $sig; add_header vrf-hmac-signature ${bad}1;",
  "add_header x-hmac-signature $bad;",
  "add_header x-hmac-signature ${sig}0;",
  "add_header x-hmac-signature $sig; add_header x-auth-client other;",
  "add_header x-hmac-signature $sig; add_header x-auth-client \$sig;" =~ s/\$sig/$sig/r,
  "add_header x-hmac-signature g$bad;",
  "add_header x-hmac-signature $sig;" . "add_header x-auth-client $key;" x 2,
  "add_header x-hmac-signature $sig;" . "add_header vrf-auth-client $key;" x 2,
  "add_header vrf-hmac-signature $sig;" x 2
--- request eval
[map { "GET /v1/$_/x" } 1 .. 10]
--- error_code eval
[(502) x 10]
--- response_body_like eval
[('\A\{"status":"fail","code":"1101","message":"Bad Gateway"\}\r\n\z') x 10]
--- grep_error_log: ambiguous signature
--- grep_error_log_out eval
["ambiguous signature\n" x 1, ("ambiguous signature\n") x 9]



=== TEST 7: missing, on a success
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}', signature => '')
--- error_code: 502
--- response_body_like: \A\{"status":"fail","code":"1101","message":"Bad Gateway"\}\r\n\z
--- error_log
the provider's answer was refused: no signature



=== TEST 8: missing, when it may
--- config
    location /v1/ {
        veriff_sign  lax insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- request
GET /v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}', signature => '')
--- response_body chomp
{"a": 1}



=== TEST 9: wrong, even when it may be missing
--- config
    location /v1/ {
        veriff_sign  lax insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- request
GET /v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}', signature => '0' x 64)
--- error_code: 502



=== TEST 10: missing, on an error
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('<html>', status => '429 Too Many', type => 'text/html',
            signature => '', headers => "Retry-After: 7\r\n")
--- error_code: 429
--- response_body chomp
<html>
--- response_headers
Retry-After: 7
Content-Type: text/html
X-Auth-Client:



=== TEST 11: an error with a wrong one
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{}', status => '500 X', signature => '0' x 64)
--- error_code: 502



=== TEST 12: an error that error_page brought here is no error of the provider
--- config
    location /page {
        error_page 404 /v1/sessions/x;
        return 404;
    }

    location /v1/ {
        veriff_sign  kyc insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- request
GET /page
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}', signature => '')
--- error_code: 502
--- error_log
no signature



=== TEST 13: an unsigned file of /v1/media/
--- request
GET /raw/v1/media/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer("\xff\0\n", type => 'image/jpeg', signature => '')
--- response_body eval
"\xff\0\n"
--- response_headers
Content-Type: image/jpeg



=== TEST 14: unsigned JSON from there
--- request
GET /raw/v1/media/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{}', type => 'Application/Problem+JSON', signature => '')
--- error_code: 502



=== TEST 15: an unsigned file from elsewhere
--- request
GET /raw/v1/sessions/x/media
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer("\xff\0\n", type => 'image/jpeg', signature => '')
--- error_code: 502



=== TEST 16: a forged file, empty
--- request
GET /raw/v1/media/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('', type => 'image/jpeg', signature => '0' x 64)
--- error_code: 502
--- response_body_like: \A\{"status":"fail"
--- error_log
wrong signature



=== TEST 17: compressed: the signature is over the bytes without it
--- request
GET /raw/v1/sessions/x
--- more_headers
Accept-Encoding: gzip
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('xyz', headers => "Content-Encoding: gzip\r\n")
--- error_code: 502
--- response_headers
Content-Encoding:
--- error_log
the provider's answer was refused: content encoding



=== TEST 18: 204 and 201
--- request eval
[fault('{"status":201}'), "POST /veriff-api/v1/sessions\n{\"verification\":{}}",
 "GET /raw/v1/sessions/x"]
--- more_headers
Content-Type: application/json
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
raw_answer('204 No Content', '', '')
--- error_code eval
[200, 201, 204]



=== TEST 19: 204 with a signature
--- request
DELETE /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
raw_answer('204 No Content', "X-HMAC-Signature: " . hmac(shared_secret(), '') . "\r\n", '')
--- error_code: 204
--- response_body
--- response_headers
X-Hmac-Signature:
--- no_error_log
[error]



=== TEST 20: a signed redirect goes to the client
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{}', status => '302 Found', headers => "Location: https://example.com/x\r\n")
--- error_code: 302
--- response_headers
Location: https://example.com/x



=== TEST 21: an unsigned one does not
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{}', status => '302 Found', signature => '',
            headers => "Location: https://example.com/x\r\n")
--- error_code: 502
--- response_headers
Location:



=== TEST 22: neither 206 nor 304
--- http_config
    proxy_force_ranges on;
--- request
GET /raw/v1/sessions/x
--- more_headers
Range: bytes=0-1
If-None-Match: "x"
If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}', headers => "ETag: \"x\"\r\n"
            . "Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT\r\n"
            . "Accept-Ranges: bytes\r\n")
--- error_code: 200
--- response_body chomp
{"a": 1}



=== TEST 23: the provider cannot steer nginx by X-Accel-*
--- config
    location /v1/ {
        veriff_sign  kyc insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }

    location /secret {
        internal;
        return 200 "secret";
    }
--- request
GET /v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}', headers => "X-Accel-Redirect: /secret\r\n"
            . "X-Accel-Limit-Rate: 1\r\nX-Accel-Charset: koi8-r\r\n"
            . "X-Accel-Buffering: no\r\n")
--- response_body chomp
{"a": 1}
--- response_headers
Content-Type: application/json



=== TEST 24: 101 is no way around the check
--- http_config
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
--- request
GET /raw/v1/sessions/x
--- more_headers
Upgrade: websocket
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
raw_answer('101 Switching', "Upgrade: websocket\r\n", 'tunnel')
--- error_code: 502
--- response_body_like: \A\{"status":"fail"



=== TEST 25: what filters do afterwards
--- config
    location /v1/ {
        veriff_sign  kyc insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        sub_filter   a bb;
        sub_filter_types *;
        add_header   X-Mine yes;
        charset      utf-8;
        charset_types *;
        gzip         on;
        gzip_types   *;
        gzip_min_length 1;
    }
--- request
GET /v1/sessions/x
--- more_headers
Accept-Encoding: gzip
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}')
--- response_body chomp
{"bb": 1}
--- response_headers
X-Mine: yes
Content-Type: application/json; charset=utf-8



=== TEST 26: as an SSI subrequest
--- config
    location /page {
        ssi on;
        default_type text/html;
        return 200 '[<!--# include virtual="/v1/sessions/x" -->]';
    }

    location /v1/ {
        veriff_sign  kyc insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- request
GET /page
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}')
--- response_body chomp
[{"a": 1}]



=== TEST 27: as an SSI subrequest, forged
--- config
    location /page {
        ssi on;
        default_type text/html;
        return 200 '[<!--# include virtual="/v1/sessions/x" -->]';
    }

    location /v1/ {
        veriff_sign  kyc insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- request
GET /page
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}', signature => '0' x 64)
--- response_body eval
"[{\"status\":\"fail\",\"code\":\"1101\",\"message\":\"Bad Gateway\"}\r\n]"
--- error_log
wrong signature



=== TEST 28: HTTP/1.0
--- request
GET /raw/v1/sessions/x HTTP/1.0
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer("8\r\n{\"a\": 1}\r\n0\r\n\r\n", length => 'Transfer-Encoding: chunked',
            signature => hmac(shared_secret(), '{"a": 1}'))
--- response_body chomp
{"a": 1}



=== TEST 29: HTTP/2
--- http2
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}', signature => '0' x 64)
--- error_code: 502
--- response_body eval
"{\"status\":\"fail\",\"code\":\"1101\",\"message\":\"Bad Gateway\"}\r\n"



=== TEST 30: the connection goes on after each outcome
--- pipelined_requests eval
["GET /veriff-api/v1/sessions/" . uuid() . "/decision", fault('{"signature":"wrong"}'),
 "GET /veriff-api/v1/sessions/" . uuid() . "/decision", "PUT /veriff-api/v1/x", "GET /veriff-api/v2",
 "GET /veriff-api/v1/sessions/" . uuid() . "/decision"]
--- error_code eval
[404, 200, 502, 405, 400, 404]



=== TEST 31: nor does it open a tunnel where the signature may be missing
--- config
    location /v1/ {
        veriff_sign       lax insecure_tls;
        proxy_set_header  Upgrade websocket;
        proxy_set_header  Connection upgrade;
        proxy_pass        http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- raw_request eval
"GET /v1/sessions/x HTTP/1.1\r\nHost: localhost\r\n"
. "Connection: close\r\nUpgrade: websocket\r\n\r\n"
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
raw_answer('101 Switching', "Upgrade: websocket\r\n", 'tunnel')
--- ignore_response
--- error_log
http proxy status 101
--- no_error_log
upstream process upgraded



=== TEST 32: nor can it choose the charset or how nginx buffers
--- config
    location /v1/ {
        veriff_sign    kyc insecure_tls;
        proxy_pass     http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        charset        utf-8;
        charset_types  *;
    }
--- request
GET /v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply_delay: 100ms
--- tcp_reply eval
my $answer = json_answer('{"a": 1}',
                         headers => "X-Accel-Charset: koi8-r\r\n"
                                    . "X-Accel-Buffering: no\r\n");
[substr($answer, 0, -4), substr($answer, -4)]
--- response_body chomp
{"a": 1}
--- response_headers
Content-Type: application/json; charset=utf-8
--- no_error_log
non buffered



=== TEST 33: signed as webhooks are, with a pair of their own
--- http_config
    veriff_integration two {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
        webhook_key         $TEST_NGINX_KEYS/hook_key $TEST_NGINX_KEYS/hook_secret;
        api_uri             /two;
    }
--- config
    location /v1/ {
        veriff_sign  two insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- request
GET /v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}', signature => hmac('the-secret-of-webhooks', '{"a": 1}'))
--- error_code: 502
--- response_body eval
"{\"status\":\"fail\",\"code\":\"1101\",\"message\":\"Bad Gateway\"}\r\n"
--- error_log
the provider's answer was refused: wrong signature



=== TEST 34: signed with the pair of the request, which webhooks do not have
--- http_config
    veriff_integration two {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
        webhook_key         $TEST_NGINX_KEYS/hook_key $TEST_NGINX_KEYS/hook_secret;
        api_uri             /two;
    }
--- config
    location /v1/ {
        veriff_sign  two insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- request
GET /v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"a": 1}')
--- response_body chomp
{"a": 1}
--- no_error_log
[error]
