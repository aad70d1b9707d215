# veriff_sign: what a signed location may be.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

run_tests();

__DATA__

=== TEST 1: a good location
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- no_error_log
[warn]



=== TEST 2: no proxy_pass
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs "proxy_pass https://..." in location "/api/"',
        'server.conf:3')



=== TEST 3: proxy_pass of another module
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    fastcgi_pass  127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs "proxy_pass https://..." in location "/api/"',
        'server.conf:3')



=== TEST 4: a nested location without proxy_pass
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    location /api/v1/media/ { root /; }
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs "proxy_pass https://..." in location "/api/v1/media/"',
        'server.conf:3')



=== TEST 5: a nested location with its own proxy_pass
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    location /api/v1/media/ { internal; proxy_pass  https://127.0.0.1:1; }
}
--- no_error_log
[warn]



=== TEST 6: a nested location that is off
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    location /api/x/ { veriff_sign off; root /; }
}
--- no_error_log
[warn]



=== TEST 7: another handler after proxy_pass
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    fastcgi_pass  127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" conflicts with another handler than proxy_pass in location "/api/", which would get the keys',
        'server.conf:3')



=== TEST 8: another handler before proxy_pass
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    fastcgi_pass  127.0.0.1:1;
    proxy_pass  https://127.0.0.1:1;
}
--- no_error_log
[warn]



=== TEST 9: another handler in "if"
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    if ($arg_x) { fastcgi_pass 127.0.0.1:1; }
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" conflicts with another handler than proxy_pass in location "/api/", which would get the keys',
        'server.conf:3')



=== TEST 10: plain proxy_pass in "if"
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    if ($arg_x) { proxy_pass http://127.0.0.1:1; }
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" would send keys over "http://127.0.0.1:1", use "proxy_pass https://..." or, for tests only, "veriff_sign kyc insecure_tls"',
        'server.conf:3')



=== TEST 11: proxy_pass in "limit_except"
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    limit_except GET { proxy_pass http://127.0.0.1:1; }
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" would send keys over "http://127.0.0.1:1", use "proxy_pass https://..." or, for tests only, "veriff_sign kyc insecure_tls"',
        'server.conf:3')



=== TEST 12: "if" and "limit_except" that change nothing
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    if ($arg_x) { set $y 1; }
    limit_except GET { deny all; }
}
--- no_error_log
[warn]



=== TEST 13: http
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  http://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" would send keys over "http://127.0.0.1:1", use "proxy_pass https://..." or, for tests only, "veriff_sign kyc insecure_tls"',
        'server.conf:3')



=== TEST 14: the scheme in a variable
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  $scheme://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" would send keys over "$scheme://127.0.0.1:1", use "proxy_pass https://..." or, for tests only, "veriff_sign kyc insecure_tls"',
        'server.conf:3')



=== TEST 15: the scheme in a variable, insecure_tls
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc insecure_tls;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  $scheme://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs the scheme in proxy_pass "$scheme://127.0.0.1:1" to be literal',
        'server.conf:3')



=== TEST 16: http, insecure_tls
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc insecure_tls;
    proxy_pass  http://127.0.0.1:1;
}
--- error_log eval
[
::warning('"veriff_sign kyc" does not verify the provider: "insecure_tls" is for tests only',
          'server.conf:3'),
::warning('"veriff_sign kyc" should have "proxy_ignore_client_abort on;": a client that leaves would cost a second session',
          'server.conf:3'),
]



=== TEST 17: a URI in proxy_pass
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1/v1/;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow a URI in proxy_pass, change the path with "rewrite ... break"',
        'server.conf:3')



=== TEST 18: a query in proxy_pass
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    resolver  127.0.0.1;
    set  $h 127.0.0.1;
    proxy_pass  https://$h?a=b;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow a URI in proxy_pass, change the path with "rewrite ... break"',
        'server.conf:3')



=== TEST 19: a URI in a variable
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    resolver  127.0.0.1;
    proxy_pass  https://127.0.0.1$request_uri;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow "$request_uri" in proxy_pass: a client could choose who gets the keys',
        'server.conf:3')



=== TEST 20: a socket
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://unix:/tmp/none;
}
--- no_error_log
[warn]



=== TEST 21: a socket and a URI
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://unix:/tmp/none:/v1/;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow a URI in proxy_pass, change the path with "rewrite ... break"',
        'server.conf:3')



=== TEST 22: a host that clients choose: $host
--- user_files
>>> server.conf
location ~ ^/api/(.*) {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    resolver  127.0.0.1;
    proxy_pass  https://$host;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow "$host" in proxy_pass: a client could choose who gets the keys',
        'server.conf:3')



=== TEST 23: a host that clients choose: $http_host
--- user_files
>>> server.conf
location ~ ^/api/(.*) {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    resolver  127.0.0.1;
    proxy_pass  https://$http_host;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow "$http_host" in proxy_pass: a client could choose who gets the keys',
        'server.conf:3')



=== TEST 24: a host that clients choose: $arg_host
--- user_files
>>> server.conf
location ~ ^/api/(.*) {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    resolver  127.0.0.1;
    proxy_pass  https://$arg_host;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow "$arg_host" in proxy_pass: a client could choose who gets the keys',
        'server.conf:3')



=== TEST 25: a host that clients choose: $cookie_h
--- user_files
>>> server.conf
location ~ ^/api/(.*) {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    resolver  127.0.0.1;
    proxy_pass  https://$cookie_h;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow "$cookie_h" in proxy_pass: a client could choose who gets the keys',
        'server.conf:3')



=== TEST 26: a host that clients choose: ${arg_h}.veriff.com
--- user_files
>>> server.conf
location ~ ^/api/(.*) {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    resolver  127.0.0.1;
    proxy_pass  https://${arg_h}.veriff.com;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow "$arg_h" in proxy_pass: a client could choose who gets the keys',
        'server.conf:3')



=== TEST 27: a host that clients choose: $1
--- user_files
>>> server.conf
location ~ ^/api/(.*) {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    resolver  127.0.0.1;
    proxy_pass  https://$1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow "$1" in proxy_pass: a client could choose who gets the keys',
        'server.conf:3')



=== TEST 28: a variable host without resolver
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    set  $h localhost;
    proxy_pass  https://$h;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" has a variable in proxy_pass but no resolver, add "resolver address;"',
        'server.conf:3')



=== TEST 29: a variable host without resolver in "if"
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    set  $h localhost;
    if ($arg_x) { proxy_pass https://$h; }
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" has a variable in proxy_pass but no resolver, add "resolver address;"',
        'server.conf:3')



=== TEST 30: a variable host with resolver
--- user_files
>>> server.conf
resolver  127.0.0.1;
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    set  $h localhost;
    proxy_pass  https://$h;
}
--- no_error_log
[warn]



=== TEST 31: TLS that is not verified
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    proxy_ssl_server_name on;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs verified TLS, add "proxy_ssl_verify on; proxy_ssl_server_name on; proxy_ssl_trusted_certificate file;"',
        'server.conf:3')



=== TEST 32: no server name
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    proxy_ssl_verify on;
    proxy_ssl_trusted_certificate $TEST_NGINX_KEYS/cert.pem;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs verified TLS, add "proxy_ssl_verify on; proxy_ssl_server_name on; proxy_ssl_trusted_certificate file;"',
        'server.conf:3')



=== TEST 33: a nested location that does not verify
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    location /api/x/ { internal; proxy_ssl_verify off; proxy_pass  https://127.0.0.1:1; }
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs verified TLS, add "proxy_ssl_verify on; proxy_ssl_server_name on; proxy_ssl_trusted_certificate file;"',
        'server.conf:3')



=== TEST 34: proxy_pass_request_headers  off
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    proxy_pass_request_headers  off;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs "proxy_pass_request_headers on; proxy_pass_request_body on;"',
        'server.conf:3')



=== TEST 35: proxy_pass_request_headers  off in the server
--- user_files
>>> server.conf
proxy_pass_request_headers  off;
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs "proxy_pass_request_headers on; proxy_pass_request_body on;"',
        'server.conf:4')



=== TEST 36: proxy_pass_request_body  off
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    proxy_pass_request_body  off;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs "proxy_pass_request_headers on; proxy_pass_request_body on;"',
        'server.conf:3')



=== TEST 37: proxy_pass_request_body  off in the server
--- user_files
>>> server.conf
proxy_pass_request_body  off;
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs "proxy_pass_request_headers on; proxy_pass_request_body on;"',
        'server.conf:4')



=== TEST 38: proxy_intercept_errors  on
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    proxy_intercept_errors  on;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs "proxy_intercept_errors off;"',
        'server.conf:3')



=== TEST 39: proxy_intercept_errors  on in the server
--- user_files
>>> server.conf
proxy_intercept_errors  on;
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" needs "proxy_intercept_errors off;"',
        'server.conf:4')



=== TEST 40: proxy_store  on
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    proxy_store  on;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" must not store answers, add "proxy_store off;"',
        'server.conf:3')



=== TEST 41: proxy_store  on in the server
--- user_files
>>> server.conf
proxy_store  on;
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" must not store answers, add "proxy_store off;"',
        'server.conf:4')



=== TEST 42: proxy_store  /tmp/none$uri
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    proxy_store  /tmp/none$uri;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" must not store answers, add "proxy_store off;"',
        'server.conf:3')



=== TEST 43: proxy_store  /tmp/none$uri in the server
--- user_files
>>> server.conf
proxy_store  /tmp/none$uri;
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" must not store answers, add "proxy_store off;"',
        'server.conf:4')



=== TEST 44: proxy_next_upstream  error non_idempotent
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    proxy_next_upstream  error non_idempotent;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" must not repeat requests, remove "non_idempotent" from proxy_next_upstream',
        'server.conf:3')



=== TEST 45: proxy_next_upstream  error non_idempotent in the server
--- user_files
>>> server.conf
proxy_next_upstream  error non_idempotent;
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" must not repeat requests, remove "non_idempotent" from proxy_next_upstream',
        'server.conf:4')



=== TEST 46: mirror  /mirror
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    mirror  /mirror;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" must not be mirrored: the copy would carry the keys; add "mirror off;"',
        'server.conf:3')



=== TEST 47: mirror  /mirror in the server
--- user_files
>>> server.conf
mirror  /mirror;
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" must not be mirrored: the copy would carry the keys; add "mirror off;"',
        'server.conf:4')



=== TEST 48: proxy_cache
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    proxy_cache  z;
}
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
proxy_cache_path  ../cache keys_zone=z:1m;
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" must not cache answers, add "proxy_cache off;"',
        'server.conf:3')



=== TEST 49: proxy_cache from a variable
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    proxy_cache  $arg_z;
}
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
proxy_cache_path  ../cache keys_zone=z:1m;
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" must not cache answers, add "proxy_cache off;"',
        'server.conf:3')



=== TEST 50: proxy_cache in the server, off here
--- user_files
>>> server.conf
proxy_cache  z;
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    proxy_cache  off;
}
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
proxy_cache_path  ../cache keys_zone=z:1m;
--- no_error_log
[warn]



=== TEST 51: mirror in the server, off here
--- user_files
>>> server.conf
mirror  /mirror;
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    mirror  off;
}
--- no_error_log
[warn]



=== TEST 52: a location that is not internal
--- user_files
>>> server.conf
location /api/ {
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- error_log eval
::warning('"veriff_sign kyc" is in a location that is not internal: whoever reaches it acts as the integration; add "internal;" or restrict it',
          'server.conf:2')



=== TEST 53: a named location needs no "internal"
--- user_files
>>> server.conf
location @api {
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- no_error_log
[warn]



=== TEST 54: proxy_ignore_client_abort off
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    proxy_ssl_verify on;
    proxy_ssl_server_name on;
    proxy_ssl_trusted_certificate $TEST_NGINX_KEYS/cert.pem;
    proxy_pass  https://127.0.0.1:1;
}
--- error_log eval
::warning('"veriff_sign kyc" should have "proxy_ignore_client_abort on;": a client that leaves would cost a second session',
          'server.conf:3')



=== TEST 55: insecure_tls
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc insecure_tls;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- error_log eval
::warning('"veriff_sign kyc" does not verify the provider: "insecure_tls" is for tests only',
          'server.conf:3')



=== TEST 56: warnings are not repeated for "if"
--- user_files
>>> server.conf
location /api/ {
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
    if ($arg_x) { set $y 1; }
}
--- grep_error_log: is in a location that is not internal
--- grep_error_log_out
is in a location that is not internal



=== TEST 57: twice
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    veriff_sign  off;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign" directive is duplicate', 'server.conf:5')



=== TEST 58: an unknown parameter
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc insecure;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('invalid parameter "insecure" in "veriff_sign", the only one is "insecure_tls"',
        'server.conf:3')



=== TEST 59: off with a parameter
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  off insecure_tls;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign" directive has no parameters when it is "off"',
        'server.conf:3')



=== TEST 60: no name
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('invalid number of arguments in "veriff_sign" directive',
        'server.conf:3')



=== TEST 61: in a server
--- user_files
>>> server.conf
veriff_sign  kyc;
--- must_die
--- error_log eval
::emerg('"veriff_sign" directive is not allowed here', 'server.conf:1')



=== TEST 62: in "if"
--- user_files
>>> server.conf
location / {
    if ($arg_x) {
        veriff_sign  kyc;
    }
}
--- must_die
--- error_log eval
::emerg('"veriff_sign" directive is not allowed here', 'server.conf:3')



=== TEST 63: an unknown integration
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyz;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyz" names an unknown integration, add "veriff_integration kyz { ... }" to http',
        'server.conf:3')
