# veriff_store and what depends on it: what "nginx -t" says of them.

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

=== TEST 1: a store, status and no key file
--- user_files
>>> http.conf
veriff_store  html/store size=1m;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /status {
    veriff_status  kyc;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]
[error]



=== TEST 2: in gigabytes
--- user_files
>>> http.conf
veriff_store  html/store size=2g;
include  $TEST_NGINX_KEYS/store.conf;
--- no_error_log
[warn]
[error]



=== TEST 3: too small
--- user_files
>>> http.conf
veriff_store  html/store size=1023k;
--- must_die
--- error_log eval
::emerg('invalid size "1023k" in "veriff_store", use at least "1m"', 'http.conf:1')



=== TEST 4: garbage for a size
--- user_files
>>> http.conf
veriff_store  html/store size=big;
--- must_die
--- error_log eval
::emerg('invalid size "big" in "veriff_store", use at least "1m"', 'http.conf:1')



=== TEST 5: an empty size
--- user_files
>>> http.conf
veriff_store  html/store size=;
--- must_die
--- error_log eval
::emerg('invalid size "" in "veriff_store", use at least "1m"', 'http.conf:1')



=== TEST 6: a negative size
--- user_files
>>> http.conf
veriff_store  html/store size=-1m;
--- must_die
--- error_log eval
::emerg('invalid size "-1m" in "veriff_store", use at least "1m"', 'http.conf:1')



=== TEST 7: an unknown parameter
--- user_files
>>> http.conf
veriff_store  html/store max=1m;
--- must_die
--- error_log eval
::emerg('invalid parameter "max=1m" in "veriff_store", the only one is "size="', 'http.conf:1')



=== TEST 8: two stores
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_store  html/store2;
--- must_die
--- error_log eval
::emerg('"veriff_store" directive is duplicate', 'http.conf:2')



=== TEST 9: in a server
--- user_files
>>> server.conf
veriff_store  html/store;
--- must_die
--- error_log eval
::emerg('"veriff_store" directive is not allowed here', 'server.conf:1')



=== TEST 10: status without a store
--- user_files
>>> server.conf
location = /status {
    veriff_status  kyc;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_status kyc" needs a store, add "veriff_store /var/lib/nginx/veriff;" to http', 'server.conf:2')



=== TEST 11: status and session in one location
--- user_files
>>> http.conf
veriff_store  html/store;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /status {
    veriff_session  kyc;
    veriff_status   kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_status" directive conflicts with another handler of its location, give it a location of its own', 'server.conf:3')



=== TEST 12: status and proxy_pass
--- user_files
>>> http.conf
veriff_store  html/store;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /status {
    proxy_pass     http://127.0.0.1:1;
    veriff_status  kyc;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_status" directive conflicts with another handler of its location, give it a location of its own', 'server.conf:3')



=== TEST 13: a later handler replaces status
--- user_files
>>> http.conf
veriff_store  html/store;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /status {
    veriff_status  kyc;
    proxy_pass     http://127.0.0.1:1;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_status kyc" conflicts with another handler of its location, give it a location of its own', 'server.conf:2')



=== TEST 14: status twice
--- user_files
>>> http.conf
veriff_store  html/store;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /status {
    veriff_status  kyc;
    veriff_status  kyc;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_status" directive is duplicate', 'server.conf:3')



=== TEST 15: a bad parameter of status
--- user_files
>>> http.conf
veriff_store  html/store;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /status {
    veriff_status  kyc format=json;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid parameter "format=json" in "veriff_status", use "user=$variable"', 'server.conf:2')



=== TEST 16: a user of status that is no variable
--- user_files
>>> http.conf
veriff_store  html/store;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /status {
    veriff_status  kyc user=alice;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_status" directive needs a variable in its "user" parameter', 'server.conf:2')



=== TEST 17: status whose user nothing checks
--- user_files
>>> http.conf
veriff_store  html/store;
include  $TEST_NGINX_KEYS/store.conf;
>>> server.conf
location = /status {
    veriff_status  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_status kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"', 'server.conf:2')



=== TEST 18: status of an integration without a user
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
}
>>> server.conf
location = /status {
    veriff_status  kyc;
    include        $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_status kyc" needs to know the user, add "user $variable;" to veriff_integration "kyc"', 'server.conf:2')



=== TEST 19: times and rates as they should be
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_integration kyc {
    include         $TEST_NGINX_KEYS/pair.conf;
    verified_for    365d;
    retry_declined  off;
    user_rate       10r/h;
}
veriff_integration other {
    include         $TEST_NGINX_KEYS/pair.conf;
    api_uri         /other-api;
    verified_for    off;
    retry_declined  30d;
}



=== TEST 20: verified_for twice
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_integration kyc {
    include       $TEST_NGINX_KEYS/pair.conf;
    verified_for  off;
    verified_for  1d;
}
--- must_die
--- error_log eval
::emerg('"verified_for" directive is duplicate', 'http.conf:5')



=== TEST 21: garbage for verified_for
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_integration kyc {
    include       $TEST_NGINX_KEYS/pair.conf;
    verified_for  long;
}
--- must_die
--- error_log eval
::emerg('"verified_for" directive invalid value', 'http.conf:4')



=== TEST 22: garbage for retry_declined
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_integration kyc {
    include         $TEST_NGINX_KEYS/pair.conf;
    retry_declined  never;
}
--- must_die
--- error_log eval
::emerg('"retry_declined" directive invalid value', 'http.conf:4')



=== TEST 23: no rate
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_integration kyc {
    include    $TEST_NGINX_KEYS/pair.conf;
    user_rate  0r/h;
}
--- must_die
--- error_log eval
::emerg('invalid rate "0r/h" in "user_rate", use sessions per hour, like "5r/h"', 'http.conf:4')



=== TEST 24: a rate per minute
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_integration kyc {
    include    $TEST_NGINX_KEYS/pair.conf;
    user_rate  10r/m;
}
--- must_die
--- error_log eval
::emerg('invalid rate "10r/m" in "user_rate", use sessions per hour, like "5r/h"', 'http.conf:4')



=== TEST 25: garbage for a rate
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_integration kyc {
    include    $TEST_NGINX_KEYS/pair.conf;
    user_rate  -1r/h;
}
--- must_die
--- error_log eval
::emerg('invalid rate "-1r/h" in "user_rate", use sessions per hour, like "5r/h"', 'http.conf:4')



=== TEST 26: a rate twice
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_integration kyc {
    include    $TEST_NGINX_KEYS/pair.conf;
    user_rate  1r/h;
    user_rate  1r/h;
}
--- must_die
--- error_log eval
::emerg('"user_rate" directive is duplicate', 'http.conf:5')



=== TEST 27: a key that is too short
--- user_files
>>> http.conf
veriff_store  html/store;
include  $TEST_NGINX_KEYS/store.conf;
>>> store/key
short
--- must_die
--- error_log eval
::emerg('veriff key "*/html/store/key" is not a file of exactly 32 bytes')



=== TEST 28: a key that is too long
--- user_files
>>> http.conf
veriff_store  html/store;
include  $TEST_NGINX_KEYS/store.conf;
>>> store/key
0123456789012345678901234567890123456789
--- must_die
--- error_log eval
::emerg('veriff key "*/html/store/key" is not a file of exactly 32 bytes')



=== TEST 29: the key file wins
--- user_files
>>> http.conf
veriff_store  html/store;
include  $TEST_NGINX_KEYS/kyc.conf;
>>> store/key
short
--- no_error_log
[warn]
[error]



=== TEST 30: verified_for of no time
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    verified_for  0;
}
--- must_die
--- error_log eval
::emerg('"verified_for" directive needs a time like "1d", or "off"', 'http.conf:4')



=== TEST 31: retry_declined of no time
--- user_files
>>> http.conf
veriff_store  html/store;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    retry_declined  0;
}
--- must_die
--- error_log eval
::emerg('"retry_declined" directive needs a time like "1d", or "off"', 'http.conf:4')
