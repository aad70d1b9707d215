# A session, from the user's request to the provider and back.

use lib 't/lib';
use VeriffTest;
use VeriffSession;

start_sandbox();
run_tests();

__DATA__

=== TEST 1: curl gets JSON
--- request
    GET /start
--- more_headers
X-User: alice
Accept: */*
--- response_body_like: \A\{"state":"UNVERIFIED","sessionUrl":"https://127\.0\.0\.1:\d+/v/[\w.-]+","sessionId":"[0-9a-f-]{36}","expiresAt":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\z
--- response_headers
Content-Type: application/json
Cache-Control: no-store
Location:



=== TEST 2: a navigation is redirected
--- request
    GET /start
--- more_headers
X-User: alice
Accept: text/html,application/xhtml+xml
--- error_code: 303
--- response_body
--- response_headers_like
Location: https://127\.0\.0\.1:\d+/v/[\w.-]+
Cache-Control: no-store
Referrer-Policy: no-referrer



=== TEST 3: a navigation by Sec-Fetch-Mode and -Dest
--- request
    GET /start
--- more_headers
X-User: alice
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: document
Accept: */*
--- error_code: 303
--- response_headers_like
Location: https://127\.0\.0\.1:\d+/v/[\w.-]+



=== TEST 4: a fetch, whatever it accepts
--- request
    GET /start
--- more_headers
X-User: alice
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: cors
Sec-Fetch-Dest: empty
Accept: text/html
--- response_body_like: \A\{"state":"UNVERIFIED",
--- response_headers
Location:



=== TEST 5: an XMLHttpRequest of an old browser
--- request
    POST /start
--- more_headers
X-User: alice
X-Requested-With: XMLHttpRequest
Accept: text/html
--- response_body_like: \A\{"state":"UNVERIFIED",



=== TEST 6: format=redirect redirects everyone
--- request
    GET /redirect
--- more_headers
X-User: alice
Accept: application/json
--- error_code: 303
--- response_headers_like
Location: https://127\.0\.0\.1:\d+/v/[\w.-]+



=== TEST 7: format=json redirects no one
--- request
    GET /json
--- more_headers
X-User: alice
Accept: text/html
--- response_body_like: \A\{"state":"UNVERIFIED",



=== TEST 8: format=api answers as the provider does
--- request
    POST /api
--- more_headers
X-User: alice
Accept: text/html
--- error_code: 201
--- response_body_like: \A\{"status":"success","verification":\{"id":"[0-9a-f-]{36}","url":"https://127\.0\.0\.1:\d+/v/.*\}\}\z
--- response_headers
Content-Type: application/json
Cache-Control: no-store
X-HMAC-SIGNATURE:
X-AUTH-CLIENT:



=== TEST 9: one POST leaves, with nothing of the client's
--- request eval
["POST /start
{\"verification\": {\"vendorData\": \"mallory\"}}",
"GET /seen"]
--- more_headers eval
["X-User: alice
Cookie: a=b
Authorization: Basic YWxpY2U6eA==
Accept-Encoding: gzip
Accept-Language: de
User-Agent: something
Referer: http://localhost/page
Content-Type: text/plain
Range: bytes=0-1
If-None-Match: *
X-Forwarded-For: 10.0.0.1
X-AUTH-CLIENT: mine
X-HMAC-SIGNATURE: mine
vrf-integration-id: mine
X-Own: thing", ""]
--- response_body_like eval
[qr/^\{"state":"UNVERIFIED"/,
qr/\APOST \/v1\/sessions
accept: application\/json
content-length: right
content-type: application\/json
host: the sandbox
x-auth-client: right
x-hmac-signature: right

\{"verification":\{"callback":"https:\/\/app\.example\.com\/done","vendorData":"[\w-]{22,}"\}\}
\z/]



=== TEST 10: GET, too
--- request eval
["GET /start?verification=1", "GET /seen"]
--- more_headers eval
["X-User: alice
Cookie: a=b", ""]
--- response_body_like eval
[qr/^\{"state":"UNVERIFIED"/,
qr/\APOST \/v1\/sessions
accept: application\/json
content-length: right
content-type: application\/json
host: the sandbox
x-auth-client: right
x-hmac-signature: right

\{.*\}
\z/]



=== TEST 11: a client's chunked body stays here
--- raw_request eval
"POST /start HTTP/1.1\r
Host: localhost\r
X-User: alice\r
Connection: close\r
Transfer-Encoding: chunked\r
\r
5\r\nhello\r\n0\r\n\r\n"
--- response_body_like: \A\{"state":"UNVERIFIED",



=== TEST 12: a large body on disk stays here
--- config eval
main::api() . main::sessions() . 'client_body_buffer_size 1k;'
--- request eval
["POST /start
" . "x" x 100_000, "GET /seen"]
--- more_headers eval
["X-User: alice", ""]
--- response_body_like eval
[qr/^\{"state":"UNVERIFIED"/, qr/\APOST [^\0]*content-length: right\n[^\0]*\n\{.*\}\n\z/]



=== TEST 13: a body over client_max_body_size creates nothing
--- config eval
main::api() . main::sessions() . 'location = /small {
    client_max_body_size 1k;
    veriff_session kyc;
}'
--- request eval
["POST /small
" . "x" x 2000, "GET /seen"]
--- more_headers eval
["X-User: alice", ""]
--- error_code eval
[413, 200]
--- response_body_like eval
[qr/413/, qr/\Anothing\n\z/]



=== TEST 14: 16 KB of URL and token
--- init
main::fault(url_length => 16384);
--- request
    GET /redirect
--- more_headers
X-User: alice
--- error_code: 303
--- response_headers_like
Location: https://127\.0\.0\.1:\d+/v/[\w.-]{16000,}



=== TEST 15: 16 KB of URL and token over HTTP/2
--- init
main::fault(url_length => 16384);
--- http2
--- request
    GET /redirect
--- more_headers
X-User: alice
--- error_code: 303
--- response_headers_like
Location: https://127\.0\.0\.1:\d+/v/[\w.-]{16000,}



=== TEST 16: HTTP/2, with a body
--- http2
--- request
POST /json
hello
--- more_headers
X-User: alice
--- response_body_like: \A\{"state":"UNVERIFIED",



=== TEST 17: the connection stays usable
--- pipelined_requests eval
["POST /json
hello", "GET /json", "GET /redirect", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[200, 200, 303, 200]
--- response_body_like eval
[qr/^\{"state"/, qr/^\{"state"/, qr/\A\z/,
 qr/\A(?:POST \/v1\/sessions\n[^\0]+?\n\n.*\n){3}\z/]



=== TEST 18: HTTP/1.1 with keepalive to the provider
--- http_config eval
main::integration() . 'upstream provider {
    server 127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
    keepalive 4;
}'
--- config eval
(my $api = main::api('proxy_http_version 1.1;
                      proxy_set_header Connection "";'))
    =~ s/proxy_pass .*/proxy_pass http:\/\/provider;/;
$api . main::sessions()
--- pipelined_requests eval
["GET /json", "GET /json", "GET /json"]
--- more_headers
X-User: alice
--- response_body_like eval
[qr/^\{"state"/, qr/^\{"state"/, qr/^\{"state"/]



=== TEST 19: session location reached by try_files, a name and error_page
--- config eval
main::api() . main::sessions() . '
location = /tried { try_files /missing /json; }
location = /named { try_files /missing @start; }
location = /page { error_page 404 = /json; return 404; }
location @start { veriff_session kyc format=json; }'
--- request eval
["GET /tried", "GET /named", "GET /page"]
--- more_headers
X-User: alice
--- response_body_like eval
[qr/^\{"state"/, qr/^\{"state"/, qr/^\{"state"/]



=== TEST 20: signed location reached by try_files and a name
--- config eval
(my $api = main::api()) =~ s/location \S+/location \@api/;
$api .= main::sessions();
$api . 'location /veriff-api/ { internal; try_files /missing @api; }'
--- request
    GET /json
--- more_headers
X-User: alice
--- response_body_like: ^\{"state"
--- no_error_log
[error]



=== TEST 21: signed location reached by rewrite
--- config eval
(my $api = main::api()) =~ s/location \S+/location \/signed\//;
$api =~ s/\^\/veriff-api/^\/signed/;
$api . main::sessions()
. 'location /veriff-api/ { internal; rewrite ^/veriff-api/(.*)$ /signed/$1 last; }'
--- request
    GET /json
--- more_headers
X-User: alice
--- response_body_like: ^\{"state"
--- no_error_log
[error]



=== TEST 22: the server's own rules by host hold for the subrequest
--- config eval
'server_name second.example.com;
if ($host != second.example.com) { return 301 https://second.example.com/; }'
. main::api() . main::sessions()
--- raw_request eval
"GET /json HTTP/1.1\r
Host: Second.example.com:8443\r
X-User: alice\r
Connection: close\r
\r
"
--- response_body_like: ^\{"state"



=== TEST 23: variables of the client's headers are empty and harmless
--- http_config eval
main::integration() . 'map $http_cookie $mapped { default $http_cookie; }'
--- config eval
'set $used $mapped;' . main::api('
    proxy_set_header X-Mapped "m=$mapped";
    proxy_set_header Host $http_host.invalid;
    proxy_set_header X-Real-Host "h=$host";
    proxy_set_header X-Agent "a=$http_user_agent";
    proxy_set_header X-Refer "r=$http_referer";
    proxy_set_header X-Cookies "c=$http_cookie,$cookie_a";
    proxy_set_header X-Via "v=$http_via";
    proxy_set_header X-For "f=$http_x_forwarded_for,$proxy_add_x_forwarded_for";
    proxy_set_header X-Of "u=$remote_user";
    proxy_set_header X-Length "l=$content_length,$content_type";
    proxy_set_header X-Connection "k=$http_connection,$http_upgrade";
') . main::sessions()
--- request eval
["GET /json", "GET /seen"]
--- more_headers eval
["X-User: alice
Authorization: Basic YWxpY2U6eA==
User-Agent: something
Referer: http://localhost/
Cookie: a=b
Via: x
X-Forwarded-For: 10.0.0.1", ""]
--- response_body_like eval
[qr/^\{"state"/, qr/x-agent: a=
x-auth-client: right
x-connection: k=,
x-cookies: c=,
x-for: f=,127\.0\.0\.1
x-hmac-signature: right
x-length: l=\d+,
x-mapped: m=
x-of: u=
x-real-host: h=localhost
x-refer: r=
x-via: v=
/]



=== TEST 24: log_subrequest
--- http_config eval
main::integration() . q{
    log_format all '$remote_user $host $http_host $request $status '
                   '$http_referer $http_user_agent $http_x_forwarded_for '
                   '$http_cookie $upstream_status $sent_http_location '
                   '$request_length $request_time $pipe $veriff_session_id';
    log_subrequest on;
}
--- config eval
'access_log logs/all.log all;' . main::api() . main::sessions()
--- request
    GET /json
--- more_headers
X-User: alice
Authorization: Basic YWxpY2U6eA==
--- response_body_like: ^\{"state"



=== TEST 25: gzip, gunzip, SSI, sub_filter and limits around it
--- http_config eval
main::integration() . 'gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any;
gunzip on; ssi on; ssi_types *; sub_filter a b; sub_filter_types *;
limit_rate 100k; etag on; proxy_force_ranges on;'
--- config eval
main::api('sub_filter a b; ') . main::sessions()
--- request
    GET /api
--- more_headers
X-User: alice
--- error_code: 201
--- response_body_like: stbtus
--- no_error_log
[error]



=== TEST 26: the id is in a variable
--- config eval
main::api() . 'location = /json {
    veriff_session kyc format=json;
    add_header X-Id $veriff_session_id;
}'
--- request
    GET /json
--- more_headers
X-User: alice
--- response_headers_like
X-Id: [0-9a-f-]{36}



=== TEST 27: another method
--- request eval
["PUT /start", "DELETE /start", "OPTIONS /start", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[405, 405, 405, 200]
--- response_headers eval
["Allow: GET, POST", "Allow: GET, POST", "Allow: GET, POST", "Allow: "]
--- response_body_like eval
[qr/"status":405/, qr/"status":405/, qr/"status":405/, qr/\Anothing\n\z/]



=== TEST 28: as a subrequest it creates nothing
--- config eval
main::api() . main::sessions() . '
location = /auth { auth_request /json; try_files /x =204; }
location = /mirror { mirror /json; try_files /x =204; }
location = /ssi.html { ssi on; }'
--- user_files
>>> ssi.html
<!--# include virtual="/json" -->
--- request eval
["GET /auth", "GET /mirror", "GET /ssi.html", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[403, 204, 200, 200]
--- response_body_like eval
[qr/403/, qr/\A\z/, qr/403/, qr/\Anothing\n\z/]



=== TEST 29: session location reached by X-Accel-Redirect of the app
--- config eval
main::api() . main::sessions() . '
location /app/ { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/back; }
location = /back { add_header X-Accel-Redirect /json; return 204; }'
--- request eval
["GET /app/", "GET /seen"]
--- more_headers
X-User: alice
--- response_body_like eval
[qr/^\{"state"/, qr/\APOST \/v1\/sessions\n/]
