# Clients that leave, and many at a time.
#
# /leave is a client that waits 200 ms for /json; the provider takes longer.

use lib 't/lib';
use VeriffTest;
use VeriffSession;

our $leave = 'location = /leave {
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/json;
    proxy_read_timeout 200ms;
    proxy_set_header X-User $http_x_user;
}
location = /wait { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/json;
    proxy_set_header X-User $http_x_user; }';

# HTTP/2 by hand: a frame, and a request for /json
sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}

sub literal { CORE::join '', "\0", map { chr(length $_) . $_ } @_ }

sub h2_request {
    my ($stream) = @_;

    # END_STREAM and END_HEADERS; indexed: GET, http
    return frame(1, 5, $stream, "\x82\x86" . literal(':path', '/json')
                                . literal(':authority', 'localhost')
                                . literal('x-user', 'alice'));
}

our @h2 = ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0, ''),
           h2_request(1), frame(3, 0, 1, pack('N', 8)), h2_request(3),
           (frame(6, 0, 0, 'ping' x 2)) x 8,

           # no such frame: nginx closes the connection
           frame(6, 0, 1, 'p'));

worker_connections(1024);
start_sandbox();
run_tests();

__DATA__

=== TEST 1: the subrequest goes on to its end
--- config eval
main::api() . main::sessions() . $main::leave
--- init
main::fault(delay => 0.5);
main::fault(delay => 1);
--- pipelined_requests eval
["GET /leave", "GET /wait", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[504, 200, 200]
--- response_body_like eval
["504", '"sessionUrl"', '\A(?:POST [^\0]*?\n\n[^\n]*\n){2}\z']
--- grep_error_log: veriff call done: 0, status:201
--- grep_error_log_out
veriff call done: 0, status:201
veriff call done: 0, status:201



=== TEST 2: where it does not, nothing breaks
--- config eval
(main::api() =~ s/proxy_ignore_client_abort on/proxy_ignore_client_abort off/r)
. main::sessions() . $main::leave
--- init
main::fault(delay => 0.5);
main::fault(delay => 1);
--- pipelined_requests eval
["GET /leave", "GET /wait"]
--- more_headers
X-User: alice
--- error_code eval
[504, 200]
--- error_log
veriff call done: 499, status:0



=== TEST 3: HTTP/2, the connection is closed
--- http2
--- init
main::fault(delay => 1);
--- request
    GET /json
--- more_headers
X-User: alice
--- curl_options eval
["--max-time", "0.3"]
--- timeout: 1
--- curl_error: (28)
--- ignore_response



=== TEST 4: HTTP/2, the stream is reset
--- http_config eval
main::integration() . 'server { listen $TEST_NGINX_SERVER_PORT http2; }'
--- config eval
main::api() . main::sessions()
--- init
main::fault(delay => 0.5);
main::fault(delay => 0.5);
--- raw_request eval
[@main::h2]
--- raw_request_middle_delay
0.15
--- ignore_response
--- timeout: 5
--- grep_error_log: veriff call done: 0, status:201
--- grep_error_log_out
veriff call done: 0, status:201
veriff call done: 0, status:201



=== TEST 5: many at a time
--- config eval
main::api() . main::sessions() . '
location = /page.html { ssi on; }
location /one/ { internal; set $user $uri; rewrite ^ /json break;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT;
    proxy_set_header X-User $user; }'
--- user_files eval
">>> page.html\n"
. CORE::join "", map { "<!--# include virtual=\"/one/$_\" -->\n" } 1 .. 40
--- init
main::fault(delay => 0.3, count => -1);
--- request
    GET /page.html
--- response_body_like eval
qr/\A(?:\{"state":"UNVERIFIED"[^\n]*\}\n){40}\z/
--- timeout: 10
