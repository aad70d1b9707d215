# veriff_gate: what "nginx -t" says of it.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

key_file('store.conf', <<"END");
veriff_integration kyc {
    include  $ENV{TEST_NGINX_KEYS}/pair.conf;
    user     \$remote_user;
}
END

# what a gate leads to
key_file('ends.conf', <<"END");
include  $ENV{TEST_NGINX_KEYS}/api.conf;
location = /veriff/start {
    veriff_session  kyc;
    include         $ENV{TEST_NGINX_KEYS}/basic.conf;
}
location = /veriff/return {
    veriff_return  kyc;
    auth_basic     off;
}
END

$ENV{TEST_NGINX_OTHER_PORT} = free_port();

run_tests();

__DATA__

=== TEST 1: a gate
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/ends.conf;
location /app {
    veriff_gate  kyc;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]
[error]



=== TEST 2: all parameters
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc report max_age=1d on_error=allow page=/verify.html
                 user=$remote_user;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]
[error]



=== TEST 3: no parameter at all
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid number of arguments in "veriff_gate" directive',
        'server.conf:2')



=== TEST 4: an unknown parameter
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc age=1d;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid parameter "age=1d" in "veriff_gate", use "report", "max_age=time", "on_error=deny|allow", "page=uri" or "user=$variable"',
        'server.conf:2')



=== TEST 5: two integrations
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc aml;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid parameter "aml" in "veriff_gate", use "report", "max_age=time", "on_error=deny|allow", "page=uri" or "user=$variable"',
        'server.conf:2')



=== TEST 6: max_age=
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc max_age=;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "max_age=" in "veriff_gate", use a time like "1d"',
        'server.conf:2')



=== TEST 7: max_age=x
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc max_age=x;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "max_age=x" in "veriff_gate", use a time like "1d"',
        'server.conf:2')



=== TEST 8: max_age=0
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc max_age=0;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "max_age=0" in "veriff_gate", use a time like "1d"',
        'server.conf:2')



=== TEST 9: max_age=-1d
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc max_age=-1d;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "max_age=-1d" in "veriff_gate", use a time like "1d"',
        'server.conf:2')



=== TEST 10: on_error=
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc on_error=;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "on_error=" in "veriff_gate", use "deny" or "allow"',
        'server.conf:2')



=== TEST 11: on_error=off
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc on_error=off;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "on_error=off" in "veriff_gate", use "deny" or "allow"',
        'server.conf:2')



=== TEST 12: on_error=Allow
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc on_error=Allow;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "on_error=Allow" in "veriff_gate", use "deny" or "allow"',
        'server.conf:2')



=== TEST 13: page=
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc page=;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "page=" in "veriff_gate", use the path of a page of this server, like "/verify.html"',
        'server.conf:2')



=== TEST 14: page=verify.html
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc page=verify.html;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "page=verify.html" in "veriff_gate", use the path of a page of this server, like "/verify.html"',
        'server.conf:2')



=== TEST 15: page=@verify
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc page=@verify;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "page=@verify" in "veriff_gate", use the path of a page of this server, like "/verify.html"',
        'server.conf:2')



=== TEST 16: page=/verify?a=b
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc page=/verify?a=b;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "page=/verify?a=b" in "veriff_gate", use the path of a page of this server, like "/verify.html"',
        'server.conf:2')



=== TEST 17: page=/$arg_page
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc page=/$arg_page;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid "page=/$arg_page" in "veriff_gate", use the path of a page of this server, like "/verify.html"',
        'server.conf:2')



=== TEST 18: a constant user
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc user=alice;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate" directive needs a variable in its "user" parameter',
        'server.conf:2')



=== TEST 19: report twice
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc report report;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate" directive has a duplicate "report" parameter',
        'server.conf:2')



=== TEST 20: max_age twice
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc max_age=1d max_age=1d;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate" directive has a duplicate "max_age" parameter',
        'server.conf:2')



=== TEST 21: on_error twice
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc on_error=deny on_error=deny;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate" directive has a duplicate "on_error" parameter',
        'server.conf:2')



=== TEST 22: page twice
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc page=/v.html page=/v.html;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate" directive has a duplicate "page" parameter',
        'server.conf:2')



=== TEST 23: user twice
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc user=$remote_user user=$remote_user;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate" directive has a duplicate "user" parameter',
        'server.conf:2')



=== TEST 24: twice in a location
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc;
    veriff_gate  off;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate" directive is duplicate',
        'server.conf:3')



=== TEST 25: off has no parameters
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  off report;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate" directive has no parameters when it is "off"',
        'server.conf:2')



=== TEST 26: an unknown integration
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  aml;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate aml" names an unknown integration, add "veriff_integration aml { ... }" to http',
        'server.conf:2')



=== TEST 27: no store
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" needs a store, add "veriff_store /var/lib/nginx/veriff;" to http',
        'server.conf:2')



=== TEST 28: nothing checks the password
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc;
    
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:2')



=== TEST 29: satisfy any
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc;
    include        $TEST_NGINX_KEYS/basic.conf;
    satisfy        any;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" takes the user from "$remote_user", which "satisfy any" leaves unchecked; use "satisfy all"',
        'server.conf:2')



=== TEST 30: a claim of the client
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate  kyc user=$http_x_user;
    
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" takes the user from "$http_x_user", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"',
        'server.conf:2')



=== TEST 31: inherited where the password is off
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include      $TEST_NGINX_KEYS/basic.conf;
veriff_gate  kyc;
location /open {
    auth_basic  off;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:2')



=== TEST 32: unless the gate is off there, too
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/ends.conf;
include      $TEST_NGINX_KEYS/basic.conf;
veriff_gate  kyc;
location /open {
    auth_basic   off;
    veriff_gate  off;
}
--- no_error_log
[warn]
[error]



=== TEST 33: a server without a password
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
veriff_gate  kyc;
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:1')



=== TEST 34: a server without, and a location "/" with a password
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
server {
    listen       127.0.0.1:$TEST_NGINX_OTHER_PORT;
    veriff_gate  kyc;
    if ($args = x) {
        set $x 1;
    }
    include      $TEST_NGINX_KEYS/ends.conf;
    location / {
        include  $TEST_NGINX_KEYS/basic.conf;
    }
}
--- no_error_log
[warn]
[error]



=== TEST 35: only an exact "/" with a password
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
veriff_gate  kyc;
location = / {
    include  $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:1')



=== TEST 36: locations of ours are not gated
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/ends.conf;
include      $TEST_NGINX_KEYS/basic.conf;
veriff_gate  kyc;
location = /hook {
    veriff_webhook  kyc;
    auth_basic      off;
}
--- no_error_log
[warn]
[error]



=== TEST 37: in http
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
veriff_gate  kyc;
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'http.conf:3')



=== TEST 38: a gate of a location of ours
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /app {
    veriff_gate     kyc;
    veriff_webhook  kyc report;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" does not apply to a location with "veriff_webhook", nor inside of one; give each its own',
        'server.conf:2')



=== TEST 39: a gate inside of a location of ours
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /hook {
    veriff_webhook  kyc report;

    location /hook/app {
        veriff_gate  kyc;
        include      $TEST_NGINX_KEYS/basic.conf;
    }
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" does not apply to a location with "veriff_webhook", nor inside of one; give each its own',
        'server.conf:5')



=== TEST 40: a gate of a signed location
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location /api {
    veriff_sign  kyc;
    veriff_gate  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" does not apply to a location with "veriff_sign", nor inside of one; give each its own',
        'server.conf:3')



=== TEST 41: a gate of the metrics
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /metrics {
    veriff_metrics;
    veriff_gate  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" does not apply to a location with "veriff_metrics", nor inside of one; give each its own',
        'server.conf:3')



=== TEST 42: a gate that leads nowhere, told once
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/basic.conf;
location /v {
    veriff_gate  kyc;
}
location /more {
    veriff_gate  kyc;
}
--- error_log eval
[::warning('"veriff_gate kyc" leads to "/veriff/start", but its server has no location there with "veriff_session kyc;"', 'server.conf:3'),
 ::warning('"veriff_gate kyc" leads to "/veriff/return", but its server has no location there with "veriff_return kyc;"', 'server.conf:3')]
--- no_error_log
server.conf:6



=== TEST 43: a start location that is deeper
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/basic.conf;
include  $TEST_NGINX_KEYS/api.conf;
location = /veriff/return {
    veriff_return  kyc;
    auth_basic     off;
}
location /v {
    veriff_gate  kyc;
}
location /veriff/start/ {
    veriff_session  kyc;
}
--- error_log eval
::warning('"veriff_gate kyc" leads to "/veriff/start", but its server has no location there with "veriff_session kyc;"', 'server.conf:8')
--- no_error_log
leads to "/veriff/return"



=== TEST 44: no return location
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/basic.conf;
include  $TEST_NGINX_KEYS/api.conf;
location /v {
    veriff_gate  kyc;
}
location = /veriff/start {
    veriff_session  kyc;
}
--- error_log eval
::warning('"veriff_gate kyc" leads to "/veriff/return", but its server has no location there with "veriff_return kyc;"', 'server.conf:4')
--- no_error_log
leads to "/veriff/start"



=== TEST 45: in the server itself
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
veriff_gate  kyc;
include  $TEST_NGINX_KEYS/basic.conf;
--- error_log eval
[::warning('"veriff_gate kyc" leads to "/veriff/start", but its server has no location there with "veriff_session kyc;"', 'server.conf:1'),
 ::warning('"veriff_gate kyc" leads to "/veriff/return", but its server has no location there with "veriff_return kyc;"', 'server.conf:1')]



=== TEST 46: a prefix, a regular expression, an inner location
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/basic.conf;
include  $TEST_NGINX_KEYS/api.conf;
location /v {
    veriff_gate  kyc;
    location = /veriff/return {
        veriff_return  kyc;
        auth_basic     off;
    }
}
location ~ ^/veriff/s {
    veriff_session  kyc;
}
--- no_error_log
[warn]



=== TEST 47: a page of the application that leads on
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/basic.conf;
include  $TEST_NGINX_KEYS/api.conf;
location = /veriff/return {
    veriff_return  kyc;
    auth_basic     off;
}
location /v {
    veriff_gate  kyc;
}
location = /go {
    veriff_session  kyc;
}
location = /veriff/start {
    root  html;
}
--- no_error_log
[warn]



=== TEST 48: a page of the application that leads nowhere
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/basic.conf;
location = /veriff/return {
    veriff_return  kyc;
    auth_basic     off;
}
location /v {
    veriff_gate  kyc;
}
location = /veriff/start {
    root  html;
}
--- error_log eval
::warning('"veriff_gate kyc" leads to "/veriff/start", but its server has no location there with "veriff_session kyc;"', 'server.conf:7')



=== TEST 49: sessions that the application makes itself
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
    match    vendor_data;
}
>>> server.conf
include  $TEST_NGINX_KEYS/basic.conf;
location /v {
    veriff_gate  kyc;
}
location /veriff/ {
    root  html;
}
--- no_error_log
[warn]



=== TEST 50: who is let pass, or gets a page, is not led
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/basic.conf;
location /v {
    veriff_gate  kyc report;
}
location /page/ {
    veriff_gate  kyc page=/verify.html;
}
--- no_error_log
[warn]



=== TEST 51: in a server that only redirects
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
server {
    listen       127.0.0.1:$TEST_NGINX_OTHER_PORT;
    veriff_gate  kyc;
    include      $TEST_NGINX_KEYS/basic.conf;
    return       301 https://$host$request_uri;
}
--- no_error_log
[warn]



=== TEST 52: a regular expression takes the start location
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
include  $TEST_NGINX_KEYS/basic.conf;
include  $TEST_NGINX_KEYS/api.conf;
location /veriff/start {
    veriff_session  kyc;
}
location ~ \.php$ {
}
location ~ ^/veriff/ {
    veriff_gate  kyc;
}
location = /veriff/return {
    veriff_return  kyc;
    auth_basic     off;
}
--- error_log eval
::warning('"veriff_gate kyc" leads to "/veriff/start", but its server has no location there with "veriff_session kyc;"', 'server.conf:9')
--- no_error_log
leads to "/veriff/return"
