# veriff_return, reconcile and status_uri: what "nginx -t" says of them.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

key_file('store.conf', <<"END");
veriff_integration kyc {
    include  $ENV{TEST_NGINX_KEYS}/pair.conf;
    user     \$remote_user;
}
END

run_tests();

__DATA__

=== TEST 1: a return page
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /veriff/return { veriff_return kyc; }
--- no_error_log
[warn]
[error]



=== TEST 2: with a page of its own
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /veriff/return { veriff_return kyc page=/verify.html; }
--- no_error_log
[warn]
[error]



=== TEST 3: without a store
--- user_files
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
>>> server.conf
location = /return { veriff_return kyc; }
--- must_die
--- error_log eval
::emerg('"veriff_return kyc" needs a store, add "veriff_store /var/lib/nginx/veriff;" to http', 'server.conf:1')



=== TEST 4: an unknown integration
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return { veriff_return other; }
--- must_die
--- error_log eval
::emerg('"veriff_return other" names an unknown integration, add "veriff_integration other { ... }" to http', 'server.conf:1')



=== TEST 5: no integration
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return { veriff_return; }
--- must_die
--- error_log eval
::emerg('invalid number of arguments in "veriff_return" directive', 'server.conf:1')



=== TEST 6: in a server
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
veriff_return kyc;
--- must_die
--- error_log eval
::emerg('"veriff_return" directive is not allowed here', 'server.conf:1')



=== TEST 7: twice
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return {
    veriff_return kyc;
    veriff_return kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_return" directive is duplicate', 'server.conf:3')



=== TEST 8: beside a session
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return {
    veriff_session kyc;
    veriff_return kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_return" directive conflicts with another handler of its location, give it a location of its own', 'server.conf:3')



=== TEST 9: before a status
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return {
    veriff_return kyc;
    veriff_status kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_status" directive conflicts with another handler of its location, give it a location of its own', 'server.conf:3')



=== TEST 10: before proxy_pass
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return {
    veriff_return kyc;
    proxy_pass http://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_return kyc" conflicts with another handler of its location, give it a location of its own', 'server.conf:2')



=== TEST 11: beside a webhook
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return {
    veriff_return kyc;
    veriff_webhook kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_return kyc" conflicts with "veriff_webhook" in one location, give each its own', 'server.conf:2')



=== TEST 12: beside a signed location
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return {
    internal;
    veriff_sign kyc insecure_tls;
    veriff_return kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_return kyc" conflicts with "veriff_sign" in one location, give each its own', 'server.conf:4')



=== TEST 13: an unknown parameter
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return { veriff_return kyc user=$x; }
--- must_die
--- error_log eval
::emerg('invalid parameter "user=$x" in "veriff_return", use "page=uri" with the path of a location, like "page=/verify.html"', 'server.conf:1')



=== TEST 14: an empty page
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return { veriff_return kyc page=; }
--- must_die
--- error_log eval
::emerg('invalid parameter "page=" in "veriff_return", use "page=uri" with the path of a location, like "page=/verify.html"', 'server.conf:1')



=== TEST 15: a page elsewhere
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return { veriff_return kyc page=//evil.example/; }
--- must_die
--- error_log eval
::emerg('invalid parameter "page=//evil.example/" in "veriff_return", use "page=uri" with the path of a location, like "page=/verify.html"', 'server.conf:1')



=== TEST 16: a page with arguments
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return { veriff_return kyc page=/verify?x=1; }
--- must_die
--- error_log eval
::emerg('invalid parameter "page=/verify?x=1" in "veriff_return", use "page=uri" with the path of a location, like "page=/verify.html"', 'server.conf:1')



=== TEST 17: a page with a variable
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return { veriff_return kyc page=/$uri; }
--- must_die
--- error_log eval
::emerg('invalid parameter "page=/$uri" in "veriff_return", use "page=uri" with the path of a location, like "page=/verify.html"', 'server.conf:1')



=== TEST 18: a relative page
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return { veriff_return kyc page=verify.html; }
--- must_die
--- error_log eval
::emerg('invalid parameter "page=verify.html" in "veriff_return", use "page=uri" with the path of a location, like "page=/verify.html"', 'server.conf:1')



=== TEST 19: itself as its page
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return { veriff_return kyc page=/return; }
--- must_die
--- error_log eval
::emerg('"veriff_return kyc" has itself as its page, "/return"', 'server.conf:1')



=== TEST 20: behind a password
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /return {
    veriff_return kyc;
    include $TEST_NGINX_KEYS/basic.conf;
}
--- error_log eval
::warning('"veriff_return kyc" is behind a password that a phone which comes back does not know, add "auth_basic off;"', 'server.conf:3')



=== TEST 21: behind the password of its server
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
include $TEST_NGINX_KEYS/basic.conf;
location = /return { veriff_return kyc; }
--- error_log eval
::warning('"veriff_return kyc" is behind a password that a phone which comes back does not know, add "auth_basic off;"', 'server.conf:3')
--- request
GET /return
--- error_code: 401



=== TEST 22: with a password that is switched off
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
include $TEST_NGINX_KEYS/basic.conf;
location = /return { auth_basic off; veriff_return kyc; }
--- no_error_log
[warn]
--- request
GET /return
--- error_code: 200



=== TEST 23: no way to the provider
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /return { veriff_return kyc; }
--- error_log eval
::warning('"veriff_return kyc" cannot reach the provider: its server has no location "/veriff-api/" with "veriff_sign kyc;"', 'server.conf:1')



=== TEST 24: no need of one
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
veriff_integration kyc {
    include    $TEST_NGINX_KEYS/pair.conf;
    reconcile  off;
}
>>> server.conf
location = /return { veriff_return kyc; }
--- no_error_log
[warn]



=== TEST 25: no user is needed
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /return { veriff_return kyc; }
--- no_error_log
[warn]



=== TEST 26: reconcile twice
--- user_files
>>> http.conf
veriff_integration kyc {
    reconcile 1m;
    reconcile off;
}
--- must_die
--- error_log eval
::emerg('"reconcile" directive is duplicate', 'http.conf:3')



=== TEST 27: no time in reconcile
--- user_files
>>> http.conf
veriff_integration kyc {
    
    reconcile soon;
}
--- must_die
--- error_log eval
::emerg('"reconcile" directive invalid value', 'http.conf:3')



=== TEST 28: status_uri twice
--- user_files
>>> http.conf
veriff_integration kyc {
    status_uri /a;
    status_uri /b;
}
--- must_die
--- error_log eval
::emerg('"status_uri" directive is duplicate', 'http.conf:3')



=== TEST 29: a status_uri elsewhere
--- user_files
>>> http.conf
veriff_integration kyc {
    
    status_uri https://a/;
}
--- must_die
--- error_log eval
::emerg('invalid status_uri "https://a/", it is the path of a location, like "/veriff/start"', 'http.conf:3')



=== TEST 30: within "limit_except"
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /return {
    veriff_return kyc;
    limit_except GET {
        allow  127.0.0.1;
        deny   all;
    }
}
--- no_error_log
[warn]
--- request
DELETE /return
--- error_code: 405
--- response_headers
Allow: GET, HEAD



=== TEST 31: within "if"
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /return {
    veriff_return kyc;
    if ($request_method = GET) { set $x 1; }
}
--- no_error_log
[warn]
--- request
GET /return
--- error_code: 200
--- response_body_like: <h1>Thank you</h1>



=== TEST 32: in a nested location
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location /return {
    veriff_return kyc;
    location /return/x { return 204; }
    location /return/y { }
}
--- request
GET /return/y
--- error_code: 404
--- error_log
No such file or directory
