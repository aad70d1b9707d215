# veriff_user_check: the app says whether a user may have a session.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffApp;

# The session's location, with text inside of it, and the app: a server of its
# own with text inside of it. Nobody says "trusted".
sub checked {
    my ($check, $more) = @_;

    $more //= 'location /check { internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }';

    return api() . 'location = /json { veriff_session kyc format=json;
        veriff_user_check ' . $check . '; }
        location = /seen { proxy_pass
            http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT/_sandbox/requests; }
        ' . $more;
}

sub app {
    my ($app, $user) = @_;

    $user //= '$http_x_user';

    return integration("user $user;") . 'server {
        listen $TEST_NGINX_RAND_PORT_1; ' . $app . ' }';
}

our $status = 'location /check/ { internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT/status/; }';

start_app();
start_sandbox();
run_tests();

__DATA__

=== TEST 1: 2xx goes on
--- http_config eval
main::app('location / { if ($arg_s) { return 204; } return 200 "yes\n"; }')
--- config eval
main::checked('/check?s=$arg_s')
--- request eval
["GET /json", "GET /json?s=1", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[200, 200, 200]
--- response_body_like eval
['\A\{"state":"UNVERIFIED"', '\A\{"state":"UNVERIFIED"',
 '(?s)vendorData.*vendorData']



=== TEST 2: what is relayed, and what is 502; nothing is created
--- http_config eval
main::integration('user $arg_s;')
--- config eval
main::checked('/check/$arg_s', $main::status)
--- request eval
[(map { "GET /json?s=$_" } 400, 401, 403, 404, 402, 500, 503, 302, 498),
 "GET /seen"]
--- error_code eval
[400, 401, 403, 404, 502, 502, 502, 502, 502, 200]
--- response_body_like eval
['"title":"Bad Request"', '"detail":"Please log in first."',
 '"status":403,"detail":"You cannot', '"status":404', ('"status":502') x 5,
 '\Anothing\n\z']



=== TEST 3: a page for browsers
--- http_config eval
main::app('return 403;')
--- config eval
main::checked('/check')
--- request
GET /json
--- more_headers
X-User: alice
Accept: text/html
--- error_code: 403
--- response_headers_like
Content-Type: text/html.*
--- response_body_like: <h1>Forbidden</h1>



=== TEST 4: the app names the user
--- http_config eval
main::app('location / { add_header X-Veriff-User "bob"; return 200; }')
--- config eval
main::checked('/check') . 'location = /plain {
    set $who bob; veriff_session kyc format=json user=$who; }'
--- request eval
["GET /json", "GET /json", "GET /plain", "GET /seen"]
--- more_headers eval
["X-User: alice", "X-User: carol", "", ""]
--- response_body_like eval
['"sessionUrl":"http', '"sessionUrl":"http', '"sessionUrl":"http',
 '(?s)"vendorData":"([^"]+)".*"vendorData":"\1".*"vendorData":"\1"']



=== TEST 5: without a name it is the expression's
--- http_config eval
main::app('return 200;')
--- config eval
main::checked('/check')
--- request eval
["GET /json", "GET /json", "GET /json", "GET /seen"]
--- more_headers eval
["X-User: alice", "X-User: alice", "X-User: carol", ""]
--- response_body_like eval
['"sessionUrl":"http', '"sessionUrl":"http', '"sessionUrl":"http',
 '(?s)"vendorData":"([^"]+)".*"vendorData":"\1".*"vendorData":"(?!\1)']



=== TEST 6: two names
--- http_config eval
main::app('location / { add_header X-Veriff-User "bob";
    add_header X-Veriff-User "carol"; return 200; }')
--- config eval
main::checked('/check')
--- request eval
["GET /json", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[502, 200]
--- response_body_like eval
['"status":502', '\Anothing\n\z']
--- error_log
must name one user in X-Veriff-User, or none



=== TEST 7: a name that is too long
--- http_config eval
main::app('location / { add_header X-Veriff-User "' . 'x' x 513 . '"; return 200; }')
--- config eval
main::checked('/check')
--- request eval
["GET /json", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[500, 200]
--- response_body_like eval
['"status":500', '\Anothing\n\z']
--- error_log
the user is longer than 512 bytes



=== TEST 8: a client cannot name the user
--- http_config eval
main::app('location / { if ($http_x_veriff_user) { return 500; } return 200; }')
--- config eval
main::checked('/check')
--- request
GET /json
--- more_headers
X-User: alice
X-Veriff-User: bob
--- response_body_like: "sessionUrl":"http



=== TEST 9: the client's headers, without those of its body, and no body
--- http_config eval
main::app('location / {
    if ($request_method != GET) { return 500; }
    if ($http_cookie != "sid=1") { return 500; }
    if ($http_authorization != "Bearer t") { return 500; }
    if ($content_length != "") { return 500; }
    if ($http_transfer_encoding != "") { return 500; }
    if ($http_if_none_match != "") { return 500; }
    if ($http_range != "") { return 500; }
    return 200; }')
--- config eval
main::checked('/check')
--- request
POST /json
{"onboardingId": "on-1"}
--- more_headers
X-User: alice
Cookie: sid=1
Authorization: Bearer t
If-None-Match: *
Range: bytes=0-1
--- response_body_like: "sessionUrl":"http



=== TEST 10: values in the arguments are escaped
--- http_config eval
main::app('location / { if ($request_uri != "/check?id=a%26b%3D%2F..%20%22%25&k=1") { return 500; } return 200; }')
--- config eval
main::checked('"/check?id=${http_x_id}&k=1"')
--- request
GET /json
--- more_headers
X-User: alice
X-Id: a&b=/.. "%
--- response_body_like: "sessionUrl":"http



=== TEST 11: values in the path are escaped
--- http_config eval
main::app('location / { if ($request_uri != "/check/a%3Fb%20%25%23/x?k=1") { return 500; } return 200; }')
--- config eval
main::checked('/check/$http_x_id/x?k=1')
--- request
GET /json
--- more_headers
X-User: alice
X-Id: a?b %#
--- response_body_like: "sessionUrl":"http



=== TEST 12: values that would make another path are asked of nobody
--- http_config eval
main::app('return 200;')
--- config eval
main::checked('/check/$http_x_id/x')
--- request eval
[("GET /json") x 6, "GET /seen"]
--- more_headers eval
["X-User: a", (map { "X-User: a\nX-Id: $_" } "..", ".", "a/b", "../a", "a\\b"), ""]
--- error_code eval
[(400) x 6, 200]
--- response_body_like eval
[('Something in the request is missing or wrong') x 6, '\Anothing\n\z']



=== TEST 13: a variable of the JSON body as the user, and in the URI
--- http_config eval
'veriff_json_var $id /onboardingId;'
. main::app('location / { if ($arg_id = "on-1") { return 200; } return 404; }', '$id')
--- config eval
main::checked('/check?id=$id')
--- request eval
["POST /json\n{\"onboardingId\": \"on-1\"}", "POST /json\n{\"onboardingId\": \"on-2\"}",
 "POST /json\n{}"]
--- error_code eval
[200, 404, 401]
--- response_body_like eval
['"sessionUrl":"http', '"status":404', '"status":401']



=== TEST 14: the app does not answer
--- http_config eval
main::integration('user $http_x_user;')
--- config eval
main::checked('/check?id=$http_x_user')
--- request eval
["GET /json", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[502, 200]
--- response_body_like eval
['"status":502', '\Anothing\n\z']
--- error_log
the user check "/check?id=$http_x_user" must answer 2xx



=== TEST 15: an error_page does not answer in its place
--- http_config eval
main::app('return 500;')
--- config eval
main::checked('/check', 'location /check { internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    proxy_intercept_errors on; recursive_error_pages on;
    error_page 500 502 =200 /fine; }
location = /fine { return 200 "fine"; }')
--- request eval
["GET /json", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[502, 200]
--- response_body_like eval
['"status":502', '\Anothing\n\z']
--- error_log
must answer 2xx, 400, 401, 403 or 404, it gave 500



=== TEST 16: not a location of this module
--- http_config eval
main::integration('user $http_x_user;')
--- config eval
main::checked('/veriff-api/v1/sessions/x')
--- request eval
["GET /json", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[502, 200]
--- response_body_like eval
['"status":502', '\Anothing\n\z']
--- error_log
the user check "/veriff-api/v1/sessions/x" is a location of this module



=== TEST 17: with a store, before it is looked at, and every time
--- http_config eval
'veriff_store veriff_temp;'
. main::app('location / { if ($http_x_user = mallory) { return 403; }
    add_header X-Veriff-User "bob"; return 200; }')
--- config eval
main::checked('/check')
--- request eval
["GET /json", "GET /json", "GET /json", "GET /seen"]
--- more_headers eval
["X-User: alice", "X-User: carol", "X-User: mallory", ""]
--- error_code eval
[200, 200, 403, 200]
--- response_body_like eval
['"sessionUrl":"http', '"sessionUrl":"http', '"status":403',
 '(?s)\A(?!.*vendorData.*vendorData).*vendorData']



=== TEST 18: nothing of the answer is sent
--- http_config eval
main::app('location / { add_header X-Secret 1; return 200 "' . 'secret ' x 400 . '"; }')
--- config eval
main::checked('/check')
--- request
GET /json
--- more_headers
X-User: alice
--- response_headers
! X-Secret
--- response_body_unlike: secret
--- response_body_like: \A\{"state":"UNVERIFIED"[^}]*\}\n?\z



=== TEST 19: a client that leaves while the app is asked has no session
--- http_config eval
main::integration('user $http_x_user;')
--- config eval
main::checked('/check', 'location /check { internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
location = /leave {
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/json;
    proxy_read_timeout 200ms;
    proxy_set_header X-User alice;
}
location = /slow { veriff_session kyc format=json user=$server_name; }')
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply_delay: 1s
--- tcp_reply eval
"HTTP/1.0 204 No Content\r\n\r\n"
--- tcp_no_close
--- init
main::fault(delay => 2);
--- pipelined_requests eval
["GET /leave", "GET /slow", "GET /seen"]
--- error_code eval
[504, 200, 200]
--- response_body_like eval
["504", '"sessionUrl"', '\A(?:POST [^\0]*?\n\n[^\n]*\n){1}\z']
--- grep_error_log: veriff user check done: 499
--- grep_error_log_out
veriff user check done: 499
--- timeout: 10



=== TEST 20: the same over HTTP/2, with a body
--- http_config eval
'veriff_json_var $id /onboardingId;'
. main::app('location / { if ($arg_id = "on-1") { return 200; } return 404; }', '$id')
--- config eval
main::checked('/check?id=$id')
--- http2
--- request
POST /json
{"onboardingId": "on-1"}
--- response_body_like: "sessionUrl":"http



=== TEST 21: a name that is hidden from clients
--- http_config eval
main::app('location / { add_header X-Veriff-User "bob"; return 200; }')
--- config eval
'proxy_hide_header X-Veriff-User;' . main::checked('/check') . '
    location = /plain {
        set $who bob; veriff_session kyc format=json user=$who; }'
--- request eval
["GET /json", "GET /plain", "GET /seen"]
--- more_headers eval
["X-User: alice", "", ""]
--- response_body_like eval
['"sessionUrl":"http', '"sessionUrl":"http',
 '(?s)"vendorData":"([^"]+)".*"vendorData":"\1"']



=== TEST 22: a hidden name, twice
--- http_config eval
main::app('location / { add_header X-Veriff-User "bob";
    add_header X-Veriff-User "carol"; return 200; }')
--- config eval
'proxy_hide_header X-Veriff-User;' . main::checked('/check')
--- request eval
["GET /json", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[502, 200]
--- response_body_like eval
['"status":502', '\Anothing\n\z']
--- error_log
must name one user in X-Veriff-User, or none



=== TEST 23: what "map" makes of the JSON body, as the user
--- http_config eval
'veriff_json_var $id /onboardingId;
map $id $known { volatile; "~^on-" $id; }'
. main::app('location / { if ($arg_id = "on-1") { return 200; } return 404; }', 'reg:$known')
--- config eval
main::checked('/check?id=$id')
--- request eval
["POST /json\n{\"onboardingId\": \"on-1\"}", "POST /json\n{\"onboardingId\": \"on-2\"}",
 "POST /json\n{\"onboardingId\": \"off-1\"}", "POST /json\n{}", "GET /json"]
--- error_code eval
[200, 404, 401, 401, 401]
--- response_body_like eval
['"sessionUrl":"http', '"status":404', ('"status":401') x 3]
