# Who the user is: an identity that something has verified.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

run_tests();

__DATA__

=== TEST 1: $remote_user behind auth_basic
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]



=== TEST 2: auth_basic of the server
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
include         $TEST_NGINX_KEYS/basic.conf;
location = /start {
    veriff_session  kyc;
}
--- no_error_log
[warn]



=== TEST 3: auth_basic of the outer location
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location /start {
    include         $TEST_NGINX_KEYS/basic.conf;
    location = /start {
        veriff_session  kyc;
    }
}
--- no_error_log
[warn]



=== TEST 4: no user
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" needs to know the user, add "user $variable;" to veriff_integration "kyc"',
        'server.conf:3')



=== TEST 5: $remote_user and no auth_basic
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:3')



=== TEST 6: ${remote_user} and no auth_basic
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "a-${remote_user}";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:3')



=== TEST 7: $REMOTE_USER and no auth_basic
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $REMOTE_USER;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:3')



=== TEST 8: $remote_user cannot be trusted
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user trusted;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:3')



=== TEST 9: auth_basic off here
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
include         $TEST_NGINX_KEYS/basic.conf;
location = /start {
    veriff_session  kyc;
    auth_basic  off;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:4')



=== TEST 10: auth_basic off around it
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
include         $TEST_NGINX_KEYS/basic.conf;
location /start {
    auth_basic  off;
    location = /start {
        veriff_session  kyc;
    }
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:6')



=== TEST 11: auth_basic off in "limit_except"
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
    limit_except GET {
        auth_basic  off;
    }
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:3')



=== TEST 12: a user file alone
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    auth_basic_user_file  $TEST_NGINX_KEYS/htpasswd;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:3')



=== TEST 13: a realm alone
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    auth_basic  "app";
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:3')



=== TEST 14: a realm that may become off
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    auth_basic            $arg_realm;
    auth_basic_user_file  $TEST_NGINX_KEYS/htpasswd;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:3')



=== TEST 15: a realm that may become off in "limit_except"
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
    limit_except GET {
        auth_basic  $arg_realm;
    }
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:3')



=== TEST 16: satisfy any
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
    satisfy  any;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which "satisfy any" leaves unchecked; use "satisfy all"',
        'server.conf:3')



=== TEST 17: satisfy any of the server
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
satisfy  any;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which "satisfy any" leaves unchecked; use "satisfy all"',
        'server.conf:4')



=== TEST 18: satisfy any of the server, all here
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
satisfy  any;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
    satisfy  all;
}
--- no_error_log
[warn]



=== TEST 19: a session without a password elsewhere
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
location = /open {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$remote_user", which nothing checks in this location; add "auth_basic" with a constant realm and "auth_basic_user_file"',
        'server.conf:7')



=== TEST 20: user $http_x_user
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$http_x_user";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$http_x_user", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 21: user $arg_user
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$arg_user";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$arg_user", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 22: user $cookie_user
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$cookie_user";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$cookie_user", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 23: user $uri
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$uri";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$uri", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 24: user $document_uri
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$document_uri";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$document_uri", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 25: user $request_uri
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$request_uri";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$request_uri", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 26: user $request
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$request";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$request", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 27: user $args
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$args";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$args", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 28: user $query_string
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$query_string";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$query_string", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 29: user $is_args
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$is_args";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$is_args", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 30: user $host
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$host";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$host", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 31: user $request_body
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$request_body";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$request_body", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 32: user $request_method
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$request_method";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$request_method", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 33: user $content_type
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$content_type";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$content_type", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 34: user $uid_got
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$uid_got";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$uid_got", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 35: user $ssl_server_name
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$ssl_server_name";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$ssl_server_name", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 36: user $proxy_add_x_forwarded_for
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$proxy_add_x_forwarded_for";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$proxy_add_x_forwarded_for", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 37: user ${http_x_user}
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "${http_x_user}";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$http_x_user", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 38: user $HTTP_X_USER
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$HTTP_X_USER";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$HTTP_X_USER", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 39: user $1
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$1";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$1", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 40: a claim beside $remote_user
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$remote_user-$arg_x";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$arg_x", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 41: $http_x_user trusted
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $http_x_user trusted;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- no_error_log
[warn]



=== TEST 42: a variable of auth_request
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $auth_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    auth_request      /auth;
    auth_request_set  $auth_user $upstream_http_x_user;
}
location = /auth {
    internal;
    return 204;
}
--- no_error_log
[warn]



=== TEST 43: $ssl_client_s_dn without certificates
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $ssl_client_s_dn;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$ssl_client_s_dn", which nothing checks in this server; add "ssl_verify_client on"',
        'server.conf:3')



=== TEST 44: $ssl_client_s_dn that nothing verifies
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $ssl_client_s_dn;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
ssl_verify_client  optional_no_ca;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$ssl_client_s_dn", which nothing checks in this server; add "ssl_verify_client on"',
        'server.conf:4')



=== TEST 45: $ssl_client_s_dn of a verified certificate
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $ssl_client_s_dn;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
ssl_verify_client  on;
ssl_client_certificate  $TEST_NGINX_KEYS/cert.pem;
location = /start {
    veriff_session  kyc;
}
--- no_error_log
[warn]



=== TEST 46: user= of the location instead
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc user=$user_id;
    set  $user_id 1;
}
--- no_error_log
[warn]



=== TEST 47: user= of what a client says
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc user=$arg_user;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$arg_user", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 48: user= and "trusted" of another user
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $http_x_user trusted;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc user=$arg_user;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$arg_user", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 49: user= without a variable
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc user=alice;
}
--- must_die
--- error_log eval
::emerg('"veriff_session" directive needs a variable in its "user" parameter',
        'server.conf:3')



=== TEST 50: user= twice
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc user=$a user=$b;
}
--- must_die
--- error_log eval
::emerg('"veriff_session" directive has a duplicate "user" parameter',
        'server.conf:3')



=== TEST 51: vendorData of what a client says
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
    payload  '{"verification":{"vendorData":"$arg_id"}}';
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$arg_id", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 52: endUserId of what a client says
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
    payload  '{"verification":{"endUserId":"$cookie_id"}}';
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$cookie_id", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 53: vendorData of a trusted header
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $http_x_user trusted;
    payload  '{"verification":{"vendorData":"$http_x_user"}}';
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]



=== TEST 54: other members may say what a client says
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
    payload  '{"verification":{"lang":"$arg_lang"}}';
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]



=== TEST 55: user $request_filename
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$request_filename";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$request_filename", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 56: user $request_body_file
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$request_body_file";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$request_body_file", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 57: user $content_length
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     "$content_length";
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$content_length", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')
