# veriff_json_var: what "nginx -t" says of it.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

run_tests();

__DATA__

=== TEST 1: pointers
--- user_files
>>> http.conf
veriff_json_var  $a  /a;
veriff_json_var  $b  /a/0/b~1c~0d;
veriff_json_var  $c  /;
veriff_json_var  $d  /-;
veriff_json_var  $e  "/a b";
--- no_error_log
[warn]



=== TEST 2: no pointer
--- user_files
>>> http.conf
veriff_json_var  $a  a/b;
--- must_die
--- error_log eval
::emerg('invalid JSON pointer "a/b" in "veriff_json_var", it must begin with "/"',
        'http.conf:1')



=== TEST 3: the whole document
--- user_files
>>> http.conf
veriff_json_var  $a  "";
--- must_die
--- error_log eval
::emerg('invalid JSON pointer "" in "veriff_json_var", it must begin with "/"',
        'http.conf:1')



=== TEST 4: a tilde
--- user_files
>>> http.conf
veriff_json_var  $a  /a;
veriff_json_var  $b  /a~2;
--- must_die
--- error_log eval
::emerg('invalid JSON pointer "/a~2" in "veriff_json_var", it may have "~" only in "~0" (a tilde) and "~1" (a slash)',
        'http.conf:2')



=== TEST 5: no variable
--- user_files
>>> http.conf
veriff_json_var  a  /a;
--- must_die
--- error_log eval
::emerg('invalid variable name "a" in "veriff_json_var", use "$name"',
        'http.conf:1')



=== TEST 6: the same name again
--- user_files
>>> http.conf
veriff_json_var  $a  /a;
veriff_json_var  $A  /b;
--- must_die
--- error_log eval
::emerg('the duplicate "A" variable', 'http.conf:2')



=== TEST 7: a name of nginx
--- user_files
>>> http.conf
veriff_json_var  $remote_user  /a;
--- must_die
--- error_log eval
::emerg('the duplicate "remote_user" variable', 'http.conf:1')



=== TEST 8: a name that something else has set
--- user_files
>>> http.conf
map  $host  $a  { default x; }
veriff_json_var  $a  /a;
--- must_die
--- error_log eval
::emerg('the duplicate "a" variable', 'http.conf:2')



=== TEST 9: a name that is set afterwards
--- user_files
>>> http.conf
veriff_json_var  $a  /a;
>>> server.conf
set  $a  x;
--- must_die
--- error_log eval
::emerg('the duplicate "a" variable', 'server.conf:1')



=== TEST 10: as the user, it is a claim
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     reg:$Id;
}
veriff_json_var  $id  /id;
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$Id", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 11: in vendorData, too
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
    payload  '{"verification":{"vendorData":"$id"}}';
}
veriff_json_var  $id  /id;
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" takes the user from "$id", which any client can set; if a proxy in front sets it, write "user ... trusted;" in veriff_integration "kyc"; if the application is to say who may have a session, add "veriff_user_check uri;"',
        'server.conf:3')



=== TEST 12: trusted, and in the rest of the payload
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_json_var  $id     /id;
veriff_json_var  $first  /person/firstName;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     reg:$id trusted;
    payload  '{"verification":{"person":{"firstName":"$first"}}}';
}
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
}
--- no_error_log
[warn]



=== TEST 13: a gate has no body
--- user_files
>>> http.conf
veriff_store  veriff_temp;
veriff_json_var  $id  /id;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     reg:$id trusted;
}
>>> server.conf
location /in {
    veriff_gate  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_gate kyc" takes the user from the request\'s body, which only a session reads; give it another one with "user=$variable"',
        'server.conf:2')



=== TEST 14: nor has a status, unless it has another user
--- user_files
>>> http.conf
veriff_store  veriff_temp;
veriff_json_var  $id  /id;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     reg:$id trusted;
}
>>> server.conf
location = /mine {
    veriff_status  kyc user=$remote_user;
    include        $TEST_NGINX_KEYS/basic.conf;
}
location = /status {
    veriff_status  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_status kyc" takes the user from the request\'s body, which only a session reads; give it another one with "user=$variable"',
        'server.conf:6')



=== TEST 15: the provider's address is not a client's to say
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_json_var  $where  /where;
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
>>> server.conf
location /veriff-api/ {
    internal;
    veriff_sign  kyc;
    rewrite      ^/veriff-api/(.*)$ /$1 break;
    proxy_pass   https://$where;
    resolver     127.0.0.1;
    include      $TEST_NGINX_KEYS/tls.conf;
}
--- must_die
--- error_log eval
qr/\[emerg\] .*"veriff_sign kyc" .*\$where/
