# Request bodies, however they arrive and wherever they lie: the sandbox
# answers 404 when the signature is right (it has no such session), and 401
# when it is not.

use lib 't/lib';
use VeriffTest;
use VeriffSign;

start_sandbox();
run_tests();

__DATA__

=== TEST 1: in memory
--- request eval
"POST /veriff-api/v1/sessions/" . uuid() . "/media\n" . '{"a":1}'
--- more_headers
Content-Type: application/json
--- error_code: 404
--- error_log
veriff body: 7 bytes, 7 hashed



=== TEST 2: 24 MB, in a temporary file
--- request eval
"POST /veriff-api/v1/sessions/" . uuid() . "/media\n" . big(24_000_000)
--- more_headers
Content-Type: application/json
--- timeout: 10
--- error_code: 404
--- error_log
a client request body is buffered to a temporary file
veriff body: 24000000 bytes, 24000000 hashed



=== TEST 3: chunked
--- error_code: 404
--- error_log
veriff body: 100000 bytes, 100000 hashed
--- raw_request eval
"POST /veriff-api/v1/sessions/" . uuid() . "/media HTTP/1.1\r\nHost: x\r\n"
. "Connection: close\r\nContent-Type: application/json\r\n"
. "Transfer-Encoding: chunked\r\n\r\n"
. CORE::join('', map { "3e8\r\n" . substr(big(100_000), $_ * 1000, 1000) . "\r\n" } 0 .. 99)
. "0\r\n\r\n"



=== TEST 4: in many small packets
--- raw_request eval
["POST /veriff-api/v1/sessions/" . uuid() . "/media HTTP/1.1\r\nHost: x\r\n"
 . "Connection: close\r\nContent-Type: application/json\r\n"
 . "Content-Length: 8\r\n\r\n", '{"a"', ':12', '}']
--- raw_request_middle_delay: 0.02
--- error_code: 404
--- error_log
veriff body: 8 bytes, 8 hashed



=== TEST 5: Expect: 100-continue
--- raw_request eval
["POST /veriff-api/v1/sessions/" . uuid() . "/media HTTP/1.1\r\nHost: x\r\n"
 . "Connection: close\r\nContent-Type: application/json\r\n"
 . "Expect: 100-continue\r\nContent-Length: 8\r\n\r\n", '{"a":12}']
--- raw_request_middle_delay: 0.1
--- ignore_response
--- error_log
send 100 Continue
http proxy status 404



=== TEST 6: HTTP/2
--- http2
--- request eval
"POST /veriff-api/v1/sessions/" . uuid() . "/media\n" . big(90_000)
--- more_headers
Content-Type: application/json
--- error_code: 404
--- error_log
veriff body: 90000 bytes, 90000 hashed



=== TEST 7: a body that always lies in a file
--- config
    location /veriff-api/ {
        client_body_in_file_only clean;
        veriff_sign  kyc insecure_tls;
        rewrite      ^/veriff-api/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
    }
--- request eval
"POST /veriff-api/v1/sessions/" . uuid() . "/media\n" . '{"a":1}'
--- more_headers
Content-Type: application/json
--- error_code: 404
--- error_log
veriff body: 7 bytes, 7 hashed



=== TEST 8: proxy_request_buffering off
--- config
    location /veriff-api/ {
        proxy_request_buffering off;
        proxy_http_version 1.1;
        veriff_sign  kyc insecure_tls;
        rewrite      ^/veriff-api/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
    }
--- request eval
"POST /veriff-api/v1/sessions/" . uuid() . "/media\n" . big(300_000)
--- more_headers
Content-Type: application/json
--- error_code: 404
--- error_log
veriff body: 300000 bytes, 300000 hashed



=== TEST 9: read before, in memory
--- config
    location /v1/ {
        error_page   502 = @signed;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }

    location @signed {
        veriff_sign  seen insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
POST /v1/sessions
12345
--- response_body eval
seen("POST /v1/sessions", hmac(shared_secret(), '12345'))
--- error_log
veriff body: 5 bytes, 0 hashed



=== TEST 10: read before, in a file
--- config
    location /v1/ {
        client_body_buffer_size 1k;
        error_page   502 = @signed;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }

    location @signed {
        veriff_sign  seen insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request eval
"POST /v1/sessions\n" . big(100_000)
--- response_body eval
seen("POST /v1/sessions", hmac(shared_secret(), big(100_000)))
--- error_log
a client request body is buffered to a temporary file
veriff body: 100000 bytes, 0 hashed



=== TEST 11: a mirror signs its parent's body
--- config
    location /app/ {
        mirror       /v1/sessions;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    location /v1/ {
        internal;
        client_body_buffer_size 1k;
        veriff_sign  kyc insecure_tls;
        proxy_set_header Content-Type application/json;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
    }
--- request eval
"POST /app/\n{\"verification\":{}}"
--- response_body
key  sig  cookie  auth 
--- wait: 0.2
--- error_log
http proxy status 201
