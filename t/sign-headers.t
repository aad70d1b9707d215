# The headers that go to the provider, and those that do not.

use lib 't/lib';
use VeriffTest;
use VeriffSign;

start_sandbox();
key_file('htpasswd', "alice:{PLAIN}wonder\n", 0644);
run_tests();

__DATA__

=== TEST 1: the client's own provider headers are replaced
--- request
GET /seen/v1/sessions/x
--- more_headers
x-auth-client: client
X-AUTH-CLIENT: again
X-Hmac-Signature: 0000
x-hmac-signature:
X-SIGNATURE: legacy
VRF-AUTH-CLIENT: client
vrf-hmac-signature: 1111
VRF-Integration-ID: mine
--- response_body eval
seen("GET /v1/sessions/x", hmac(shared_secret(), "x"))



=== TEST 2: also in the feedback API, and when only the key is sent
--- request eval
["GET /seen/v1/feedback/a", "GET /seen/v1/other"]
--- more_headers
X-AUTH-CLIENT: client
X-Hmac-Signature: 0000
VRF-AUTH-CLIENT: client
vrf-hmac-signature: 1111
VRF-Integration-ID: mine
--- response_body eval
[seen("GET /v1/feedback/a", hmac(shared_secret(), "/v1/feedback/a"), vrf => 1),
 seen("GET /v1/other", "")]



=== TEST 3: with underscores, too
--- config
    underscores_in_headers on;

    location /seen/ {
        veriff_sign  seen insecure_tls;
        rewrite      ^/seen/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /seen/v1/sessions/x
--- more_headers
X_AUTH_CLIENT: client
X_Hmac_Signature: 0000
x_signature: legacy
VRF_AUTH_CLIENT: client
vrf_hmac_signature: 1111
VRF_Integration_ID: mine
X_Veriff_State: VERIFIED
--- response_body eval
seen("GET /v1/sessions/x", hmac(shared_secret(), "x"))



=== TEST 4: every byte of a signed request
--- http_config
    proxy_http_version 1.0;
    proxy_set_header Host provider;
    proxy_set_header Connection close;
--- request
GET /raw/v1/sessions/x
--- more_headers
Cookie: a=b
Authorization: Basic YWxpY2U6d29uZGVy
Proxy-Authorization: Basic YWxpY2U6d29uZGVy
Accept-Encoding: gzip
Range: bytes=0-1
If-None-Match: "x"
If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT
If-Match: "y"
If-Range: "y"
If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT
Upgrade: websocket
X-Veriff-State: VERIFIED
Accept: application/json
X-Other: kept
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{}')
--- tcp_query eval
"GET /v1/sessions/x HTTP/1.0\r\nHost: provider\r\n"
. "Connection: close\r\nAccept: application/json\r\nX-Other: kept\r\n"
. "X-AUTH-CLIENT: " . api_key() . "\r\nX-HMAC-SIGNATURE: "
. hmac(shared_secret(), "x") . "\r\n\r\n"
--- response_body: {}



=== TEST 5: nor do they leave by an inherited proxy_set_header
--- http_config
    proxy_set_header Cookie $http_cookie;
    proxy_set_header Authorization $http_authorization;
    proxy_set_header Accept-Encoding $http_accept_encoding;
    proxy_set_header Range $http_range;
    proxy_set_header If-None-Match $http_if_none_match;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header X-Signature $http_x_signature;
--- request
GET /seen/v1/sessions/x
--- more_headers
Cookie: a=b
Authorization: Basic YWxpY2U6d29uZGVy
Accept-Encoding: gzip
Range: bytes=0-1
If-None-Match: "x"
Upgrade: websocket
X-Signature: y
--- response_body eval
seen("GET /v1/sessions/x", hmac(shared_secret(), "x"))



=== TEST 6: also if the variable was evaluated before
--- http_config
    proxy_set_header Cookie "$http_cookie$cookie_a";
    proxy_set_header Authorization $http_authorization;
    proxy_set_header X-Auth-Client $http_x_auth_client;
    proxy_set_header X-Hmac-Signature $http_x_hmac_signature;
--- config
    set $all "$http_cookie$cookie_a$http_authorization$http_x_auth_client";
    set $all "$all$http_x_hmac_signature";

    location /seen/ {
        veriff_sign  seen insecure_tls;
        rewrite      ^/seen/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /seen/v1/sessions/x
--- more_headers
Cookie: a=b
Authorization: Basic YWxpY2U6d29uZGVy
X-Auth-Client: client
X-Hmac-Signature: 1111
--- response_body eval
seen("GET /v1/sessions/x", hmac(shared_secret(), "x"))



=== TEST 7: the integration's id
--- config
    location /v1/ {
        veriff_sign  lax insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /v1/sessions/x
--- more_headers
vrf-integration-id: mine
--- response_body eval
seen("GET /v1/sessions/x", hmac(shared_secret(), "x"),
     id => '2e4f7a10-3c52-4d8b-9f61-52a0c7d1e9b3')



=== TEST 8: behind auth_basic the user is right in the access log
--- http_config
    log_format user "user=$remote_user";
--- config
    auth_basic           "app";
    auth_basic_user_file $TEST_NGINX_KEYS/htpasswd;
    access_log           logs/error.log user;

    location /seen/ {
        veriff_sign  seen insecure_tls;
        rewrite      ^/seen/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /seen/v1/sessions/x
--- more_headers
Authorization: Basic YWxpY2U6d29uZGVy
--- response_body eval
seen("GET /v1/sessions/x", hmac(shared_secret(), "x"))
--- error_log
user=alice



=== TEST 9: auth_basic refuses in the provider's shape
--- config
    auth_basic           "app";
    auth_basic_user_file $TEST_NGINX_KEYS/htpasswd;

    location /seen/ {
        veriff_sign  seen insecure_tls;
        rewrite      ^/seen/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /seen/v1/sessions/x
--- error_code: 401
--- response_headers
WWW-Authenticate: Basic realm="app"
Content-Type: application/json
--- response_body_like: \A\{"status":"fail","code":"1815","message":"Unauthorized"\}



=== TEST 10: as the subrequest of auth_request: its parent keeps what it has
--- http_config
    proxy_set_header Cookie $http_cookie;
    proxy_set_header Authorization $http_authorization;
--- config
    location /app/ {
        auth_request /seen/v1/sessions/x;
        auth_request_set $type $upstream_http_content_type;
        add_header   X-Type $type;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    location /seen/ {
        veriff_sign  seen insecure_tls;
        rewrite      ^/seen/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /app/
--- more_headers
Cookie: a=b
Authorization: Basic abc
--- response_body
key  sig  cookie a=b auth Basic abc
--- response_headers
X-Type: text/plain



=== TEST 11: as an SSI subrequest
--- http_config
    proxy_set_header Cookie $http_cookie;
    proxy_set_header Authorization $http_authorization;
--- config
    location /page {
        ssi on;
        default_type text/html;
        return 200 '<!--# include virtual="/seen/v1/sessions/x" --><!--# include virtual="/app/" -->';
    }

    location /app/ {
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    location /seen/ {
        veriff_sign  seen insecure_tls;
        rewrite      ^/seen/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /page
--- more_headers
Cookie: a=b
Authorization: Basic abc
--- response_body eval
seen("GET /v1/sessions/x", hmac(shared_secret(), "x"))
. "key  sig  cookie a=b auth Basic abc\n"



=== TEST 12: as a mirror
--- config
    location /app/ {
        mirror       /seen/v1/sessions/x;
        proxy_set_header Cookie $http_cookie;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    location /seen/ {
        veriff_sign  seen insecure_tls;
        rewrite      ^/seen/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /app/
--- more_headers
Cookie: a=b
Authorization: Basic abc
--- response_body
key  sig  cookie a=b auth Basic abc
--- error_log
veriff sign: s:1 b:0 f:0



=== TEST 13: a subrequest of a signed request gets neither key nor signature
--- config
    location /app/ {
        internal;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    location /seen/ {
        add_after_body /app/;
        addition_types *;
        veriff_sign  seen insecure_tls;
        rewrite      ^/seen/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /seen/v1/sessions/x
--- response_body eval
seen("GET /v1/sessions/x", hmac(shared_secret(), "x"))
. "key  sig  cookie  auth \n"



=== TEST 14: HTTP/2
--- http2
--- request
GET /seen/v1/sessions/x
--- more_headers
x-auth-client: client
x-hmac-signature: 0000
cookie: a=b
authorization: Basic abc
accept-encoding: gzip
range: bytes=0-1
--- response_body eval
seen("GET /v1/sessions/x", hmac(shared_secret(), "x"))



=== TEST 15: no variable has them, and so no log
--- http_config
    log_format keys "keys[$http_x_auth_client][$http_x_hmac_signature][$http_vrf_auth_client][$http_vrf_hmac_signature]";
--- config
    access_log logs/error.log keys;

    location /seen/ {
        veriff_sign  seen insecure_tls;
        rewrite      ^/seen/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request eval
["GET /seen/v1/sessions/x", "GET /seen/v1/feedback/a"]
--- response_body eval
[seen("GET /v1/sessions/x", hmac(shared_secret(), "x")),
 seen("GET /v1/feedback/a", hmac(shared_secret(), "/v1/feedback/a"), vrf => 1)]
--- grep_error_log eval: qr/keys\[\S+/
--- grep_error_log_out eval
["keys[-][-][-][-]\n", "keys[-][-][-][-]\n"]
