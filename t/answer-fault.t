# No answer, half an answer, an endless one; whose error page is shown.

use lib 't/lib';
use VeriffTest;
use VeriffSign;

start_sandbox();

# whatever the operator's error pages are
add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(http_config => ($block->http_config // '') . '
        error_page 400 404 405 413 500 502 503 504 =200 /error;
        proxy_connect_timeout 1s;
        proxy_read_timeout 200ms;
    ');
    $block->set_value(config => ($block->config // '') . '
        location = /error { return 200 "the operator\'s page"; }

        location /veriff-api/ {
            veriff_sign  kyc insecure_tls;
            rewrite      ^/veriff-api/(.*)$ /$1 break;
            proxy_pass   http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
        }

        location /_sandbox/ {
            proxy_pass   http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
        }

        location /raw/ {
            veriff_sign  kyc insecure_tls;
            rewrite      ^/raw/(.*)$ /$1 break;
            proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        }
    ');
});

run_tests();

__DATA__

=== TEST 1: connection refused
--- request
GET /raw/v1/sessions/x
--- error_code: 502
--- response_headers
Content-Type: application/json
Content-Length: 57
--- response_body eval
"{\"status\":\"fail\",\"code\":\"1101\",\"message\":\"Bad Gateway\"}\r\n"
--- error_log
Connection refused



=== TEST 2: cut before and within the header
--- request eval
[fault('{"cut":"before"}'), "DELETE /veriff-api/v1/sessions/" . uuid(),
 fault('{"cut":"header"}'), "DELETE /veriff-api/v1/sessions/" . uuid()]
--- http_config
    proxy_next_upstream off;
--- error_code eval
[200, 502, 200, 502]
--- response_body_like eval
['', ('\A\{"status":"fail","code":"1101","message":"Bad Gateway"\}\r\n\z', '') x 2]



=== TEST 3: cut within the body
--- init
main::sandbox(POST => "/_sandbox/faults", { "cut" => "body" });
--- request eval
"GET /veriff-api/v1/sessions/" . uuid()
--- error_code: 502
--- response_body_like: \A\{"status":"fail","code":"1101","message":"Bad Gateway"\}\r\n\z
--- grep_error_log: the provider's answer was refused: cut short
--- grep_error_log_out
the provider's answer was refused: cut short



=== TEST 4: cut within the body, not buffered
--- http_config
    proxy_buffering off;
--- init
main::sandbox(POST => "/_sandbox/faults", { "cut" => "body" });
--- request eval
"GET /veriff-api/v1/sessions/" . uuid()
--- error_code: 502
--- response_body_like: \A\{"status":"fail","code":"1101","message":"Bad Gateway"\}\r\n\z
--- grep_error_log: the provider's answer was refused: cut short
--- grep_error_log_out
the provider's answer was refused: cut short



=== TEST 5: cut where it is complete without its end
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer("2\r\n{}\r\n", length => 'Transfer-Encoding: chunked',
            signature => hmac(shared_secret(), '{}'))
--- error_code: 502
--- error_log
cut short



=== TEST 6: no answer in time
--- init
main::sandbox(POST => "/_sandbox/faults", { "delay" => 1 });
--- request eval
"GET /veriff-api/v1/sessions/" . uuid()
--- error_code: 504
--- response_body_like: \A\{"status":"fail","code":"1101","message":"Gateway Time-out"\}\r\n\z
--- grep_error_log: upstream timed out
--- grep_error_log_out
upstream timed out



=== TEST 7: no more of a body in time
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_no_close
--- tcp_reply eval
json_answer("{", length => 'Content-Length: 2')
--- error_code: 502
--- response_body_like: \A\{"status":"fail","code":"1101","message":"Bad Gateway"\}\r\n\z
--- error_log
timed out



=== TEST 8: not HTTP
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply
HTTP
--- error_code: 502
--- response_body_like: \A\{"status":"fail"



=== TEST 9: a variable without an address
--- config
    location /v1/ {
        veriff_sign  kyc insecure_tls;
        set          $host_name "";
        resolver     127.0.0.1;
        proxy_pass   http://$host_name;
    }
--- request
GET /v1/sessions/x
--- error_code: 502
--- response_body_like: \A\{"status":"fail","code":"1101","message":"[^"<]+"\}



=== TEST 10: refused before its body has come
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_no_close
--- tcp_reply eval
json_answer('', length => 'Content-Length: 1000000', signature => '')
--- error_code: 502
--- response_body_like: \A\{"status":"fail"
--- error_log
no signature
--- no_error_log
timed out



=== TEST 11: the same, not buffered
--- http_config
    proxy_buffering off;
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_no_close
--- tcp_reply eval
json_answer('', length => 'Content-Length: 1000000', signature => '')
--- error_code: 502
--- response_body_like: \A\{"status":"fail"
--- error_log
no signature
--- no_error_log
timed out



=== TEST 12: refused, and an endless body
--- http_config
    upstream endless {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        keepalive 4;
    }
--- config
    location /v1/ {
        veriff_sign  kyc insecure_tls;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_pass   http://endless;
    }
--- request
GET /v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_no_close
--- tcp_reply eval
json_answer("1\r\nx\r\n" x 3, length => 'Transfer-Encoding: chunked', signature => '')
--- error_code: 502
--- response_body_like: \A\{"status":"fail"
--- error_log
close http upstream connection
--- no_error_log
timed out
free keepalive peer: saving connection



=== TEST 13: a stream that is cut is never complete
--- request
GET /raw/v1/sessions/x
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer(big(400000), length => 'Content-Length: 400001',
            signature => hmac(shared_secret(), big(400000)))
--- response_body_filters eval
sub { how_much($_[0], 400000) }
--- response_body chomp
cut
--- error_log
prematurely closed



=== TEST 14: errors of the client's request
--- config
    location /small/ {
        client_max_body_size 4;
        veriff_sign  kyc insecure_tls;
        rewrite      ^/small/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- request eval
["POST /small/v1/sessions\n12345", "PUT /small/v1/sessions\n", "GET /small/v2"]
--- error_code eval
[413, 405, 400]
--- response_body_like eval
['\A\{"status":"fail","code":"1101","message":"Request Entity Too Large"', '\A\{"status":"fail"', '\A\{"status":"fail"']



=== TEST 15: a body that is too large while it arrives
--- config
    location /small/ {
        client_max_body_size 4;
        veriff_sign  kyc insecure_tls;
        rewrite      ^/small/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
--- raw_request eval
"POST /small/v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
. "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n"
--- error_code: 413
--- response_body_like: \A\{"status":"fail","code":"1101","message":"Request Entity Too Large"\}



=== TEST 16: a body that is broken
--- raw_request eval
"POST /raw/v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
. "Transfer-Encoding: chunked\r\n\r\nz\r\n"
--- error_code: 400
--- response_body_like: \A\{"status":"fail","code":"1101","message":"Bad Request"\}
