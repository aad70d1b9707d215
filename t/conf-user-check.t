# veriff_user_check: what "nginx -t" says of it.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

run_tests();

__DATA__

=== TEST 1: a client's claim needs nothing else
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_json_var  $id  /id;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $http_x_user:$arg_a:$cookie_b:$id;
    payload  '{"verification":{"vendorData":"$id"}}';
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /one {
    veriff_session     kyc;
    veriff_user_check  /check/$id/x?a=${arg_a}&b=$cookie_b;
}
location = /two {
    veriff_user_check  /check;
    veriff_session     kyc user=$cookie_c;
    limit_except GET   { deny all; }
}
location = /check {
    internal;
}
--- no_error_log
[warn]



=== TEST 2: it speaks for its own location only
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $http_x_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location /one {
    veriff_session     kyc;
    veriff_user_check  /check;

    location /one/two {
        veriff_session  kyc;
    }
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$http_x_user", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:7')



=== TEST 3: $remote_user needs its password all the same
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session     kyc;
    veriff_user_check  /check;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:3')



=== TEST 4: a gate's claim is not checked by it
--- user_files
>>> http.conf
veriff_store  veriff_temp;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $cookie_sid;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session     kyc;
    veriff_user_check  /check;
}
location /in {
    veriff_gate  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" takes the user from "$cookie_sid", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"',
        'server.conf:7')



=== TEST 5: without a session
--- user_files
>>> server.conf
location = /start {
    veriff_user_check  /check;
}
--- must_die
--- error_log eval
::emerg('"veriff_user_check" has no "veriff_session" beside it, whose user it could be about, in *server.conf:2')



=== TEST 6: beside veriff_status
--- user_files
>>> http.conf
veriff_store  veriff_temp;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $host trusted;
}
>>> server.conf
location = /status {
    veriff_status      kyc;
    veriff_user_check  /check;
}
--- must_die
--- error_log eval
::emerg('"veriff_user_check" has no "veriff_session" beside it, whose user it could be about, in *server.conf:3')



=== TEST 7: twice
--- user_files
>>> server.conf
location = /start {
    veriff_user_check  /check;
    veriff_user_check  /check;
}
--- must_die
--- error_log eval
::emerg('"veriff_user_check" directive is duplicate', 'server.conf:3')



=== TEST 8: no path
--- user_files
>>> server.conf
location = /start {
    veriff_user_check  http://app/check;
}
--- must_die
--- error_log eval
::emerg('invalid URI "http://app/check" in "veriff_user_check", use the path of a location of this server, like "/user-check?id=$variable"',
        'server.conf:2')



=== TEST 9: a path that a client could choose
--- user_files
>>> server.conf
location = /start {
    veriff_user_check  $arg_check;
}
--- must_die
--- error_log eval
::emerg('invalid URI "$arg_check" in "veriff_user_check", use the path of a location of this server, like "/user-check?id=$variable"',
        'server.conf:2')



=== TEST 10: no variable
--- user_files
>>> server.conf
location = /start {
    veriff_user_check  "/check/${arg_a";
}
--- must_die
--- error_log eval
::emerg('invalid variable name in "/check/${arg_a"', 'server.conf:2')



=== TEST 11: nothing behind the dollar
--- user_files
>>> server.conf
location = /start {
    veriff_user_check  /check?a=$;
}
--- must_die
--- error_log eval
::emerg('invalid variable name in "/check?a=$"', 'server.conf:2')



=== TEST 12: a variable that nobody makes
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    include            $TEST_NGINX_KEYS/basic.conf;
    veriff_session     kyc;
    veriff_user_check  /check?a=$nothing;
}
--- must_die
--- error_log eval
::emerg('unknown "nothing" variable')



=== TEST 13: a slip, or a location that all may ask
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $http_x_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /slip {
    veriff_session     kyc;
    veriff_user_check  /chek?id=$arg_id;
}
location = /open {
    veriff_session     kyc;
    veriff_user_check  /open-check;
}
location = /regex {
    veriff_session     kyc;
    veriff_user_check  /check.html;
}
location = /check {
    internal;
}
location /open-check {
}
location ~ \.html$ {
}
--- error_log eval
[map { ::warning("\"veriff_user_check $_->[0]\" leads to a location that clients reach as well, or to none of its own; give it one with \"internal;\"", "server.conf:$_->[1]") }
 ['/chek?id=$arg_id', 4], ['/open-check', 8], ['/check.html', 12]]



=== TEST 14: internal, in every form
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $http_x_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /exact {
    veriff_session     kyc;
    veriff_user_check  /check/exact;
}
location = /prefix {
    veriff_session     kyc;
    veriff_user_check  /check/x?a=$arg_a;
}
location = /regex {
    veriff_session     kyc;
    veriff_user_check  /ask.7;
}
location = /variable {
    veriff_session     kyc;
    veriff_user_check  /of/$arg_a;
}
location /check/ {
    internal;

    location = /check/exact {
    }
}
location /ask {
}
location ~ ^/ask\.\d$ {
    internal;
}
location = /check/exact/not {
}
--- no_error_log
[warn]



=== TEST 15: a cache
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
proxy_cache_path  cache keys_zone=c:1m;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $http_x_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /one {
    veriff_session     kyc;
    veriff_user_check  /cached;
}
location = /two {
    veriff_session     kyc;
    veriff_user_check  /not;
}
location = /cached {
    internal;
    proxy_cache  c;
    proxy_pass   http://127.0.0.1:1;
}
location = /not {
    internal;
    proxy_pass   http://127.0.0.1:1;
}
--- error_log eval
::warning('"veriff_user_check /cached" leads to a location that caches answers: one user\'s may be given to another; add "proxy_cache off;"', 'server.conf:4')
--- no_error_log
veriff_user_check /not
