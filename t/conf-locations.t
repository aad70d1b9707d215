# Locations: what a session or a webhook may stand with.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

run_tests();

__DATA__

=== TEST 1: names resolve whatever the order
--- user_files
>>> http.conf
server {
    listen  127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    include  $TEST_NGINX_KEYS/api.conf;
    location = /start {
        veriff_session  kyc;
        include         $TEST_NGINX_KEYS/basic.conf;
    }
}
include  $TEST_NGINX_KEYS/kyc.conf;
--- no_error_log
[warn]



=== TEST 2: a good session
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]



=== TEST 3: all formats
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
    include         $TEST_NGINX_KEYS/basic.conf;
location = /auto { veriff_session kyc format=auto; }
location = /redirect { veriff_session kyc format=redirect; }
location = /json { veriff_session kyc format=json; }
location = /api { veriff_session kyc format=api; }
--- no_error_log
[warn]



=== TEST 4: an unknown integration
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyz;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyz" names an unknown integration, add "veriff_integration kyz { ... }" to http',
        'server.conf:3')



=== TEST 5: an unknown format
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc format=xml;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid parameter "format=xml" in "veriff_session", use "format=auto|redirect|json|api" or "user=$variable"',
        'server.conf:3')



=== TEST 6: two formats
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc format=json format=api;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session" directive has a duplicate "format" parameter',
        'server.conf:3')



=== TEST 7: a session twice
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session" directive is duplicate', 'server.conf:4')



=== TEST 8: too many parameters
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc format=json user=$a b;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('invalid number of arguments in "veriff_session" directive',
        'server.conf:3')



=== TEST 9: no veriff_key_file
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
>>> http.conf
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
    user     $remote_user;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" needs "veriff_store /var/lib/nginx/veriff;" in http, or, without a store, "veriff_key_file file;" with 32 random bytes, the same on all hosts',
        'server.conf:3')



=== TEST 10: webhooks alone need no veriff_key_file
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  kyc;
}
>>> http.conf
veriff_integration kyc {
    include  $TEST_NGINX_KEYS/pair.conf;
}
--- no_error_log
[warn]



=== TEST 11: a session, then proxy_pass
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    proxy_pass  http://127.0.0.1:1;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" conflicts with another handler of its location, give it a location of its own',
        'server.conf:3')



=== TEST 12: proxy_pass, then a session
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    proxy_pass  http://127.0.0.1:1;
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session" directive conflicts with another handler of its location, give it a location of its own',
        'server.conf:4')



=== TEST 13: a session, then stub_status
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    stub_status;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" conflicts with another handler of its location, give it a location of its own',
        'server.conf:3')



=== TEST 14: stub_status, then a session
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    stub_status;
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session" directive conflicts with another handler of its location, give it a location of its own',
        'server.conf:4')



=== TEST 15: a session, then empty_gif
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    empty_gif;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" conflicts with another handler of its location, give it a location of its own',
        'server.conf:3')



=== TEST 16: empty_gif, then a session
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    empty_gif;
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session" directive conflicts with another handler of its location, give it a location of its own',
        'server.conf:4')



=== TEST 17: a session, then fastcgi_pass
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    fastcgi_pass  127.0.0.1:1;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" conflicts with another handler of its location, give it a location of its own',
        'server.conf:3')



=== TEST 18: fastcgi_pass, then a session
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    fastcgi_pass  127.0.0.1:1;
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session" directive conflicts with another handler of its location, give it a location of its own',
        'server.conf:4')



=== TEST 19: proxy_pass in "if" of a session
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    if ($arg_x) { proxy_pass http://127.0.0.1:1; }
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" conflicts with another handler of its location, give it a location of its own',
        'server.conf:3')



=== TEST 20: proxy_pass in "limit_except" of a session
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    limit_except GET { proxy_pass http://127.0.0.1:1; }
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" conflicts with another handler of its location, give it a location of its own',
        'server.conf:3')



=== TEST 21: return beside a session
--- user_files
>>> server.conf
include  $TEST_NGINX_KEYS/api.conf;
location = /start {
    veriff_session  kyc;
    if ($arg_x) { return 404; }
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]



=== TEST 22: veriff_sign and veriff_session
--- user_files
>>> server.conf
location = /x {
    veriff_sign  kyc;
    veriff_session  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" conflicts with "veriff_sign" in one location, give each its own',
        'server.conf:3')



=== TEST 23: veriff_session and veriff_sign
--- user_files
>>> server.conf
location = /x {
    veriff_session  kyc;
    veriff_sign  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" conflicts with "veriff_sign" in one location, give each its own',
        'server.conf:2')



=== TEST 24: veriff_sign and veriff_webhook
--- user_files
>>> server.conf
location = /x {
    veriff_sign  kyc;
    veriff_webhook  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_webhook kyc" conflicts with "veriff_sign" in one location, give each its own',
        'server.conf:3')



=== TEST 25: veriff_webhook and veriff_sign
--- user_files
>>> server.conf
location = /x {
    veriff_webhook  kyc;
    veriff_sign  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_webhook kyc" conflicts with "veriff_sign" in one location, give each its own',
        'server.conf:2')



=== TEST 26: veriff_session and veriff_webhook
--- user_files
>>> server.conf
location = /x {
    veriff_session  kyc;
    veriff_webhook  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" conflicts with "veriff_webhook" in one location, give each its own',
        'server.conf:2')



=== TEST 27: a session within a signed location
--- user_files
>>> server.conf
location /x/ {
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    internal;
    proxy_pass  https://127.0.0.1:1;
    location = /x/start {
        veriff_session  kyc;
    }
}
--- must_die
--- error_log eval
::emerg('"veriff_session kyc" conflicts with "veriff_sign" in one location, give each its own',
        'server.conf:7')



=== TEST 28: a webhook
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  kyc report;
    proxy_pass      http://127.0.0.1:1;
}
--- no_error_log
[warn]



=== TEST 29: a webhook of an unknown integration
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  kyc kyz;
}
--- must_die
--- error_log eval
::emerg('"veriff_webhook kyz" names an unknown integration, add "veriff_integration kyz { ... }" to http',
        'server.conf:2')



=== TEST 30: a webhook of one integration twice
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  kyc kyc;
}
--- must_die
--- error_log eval
::emerg('duplicate integration "kyc" in "veriff_webhook"', 'server.conf:2')



=== TEST 31: a webhook of none
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  report;
}
--- must_die
--- error_log eval
::emerg('"veriff_webhook" directive needs the name of an integration',
        'server.conf:2')



=== TEST 32: a webhook with an unknown parameter
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  kyc mode=report;
}
--- must_die
--- error_log eval
::emerg('invalid parameter "mode=report" in "veriff_webhook", use names of integrations, "report" and "replay=drop|pass"',
        'server.conf:2')



=== TEST 33: a webhook that reports twice
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  kyc report report;
}
--- must_die
--- error_log eval
::emerg('"veriff_webhook" directive has a duplicate "report" parameter',
        'server.conf:2')



=== TEST 34: a webhook twice
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  kyc;
    veriff_webhook  kyc;
}
--- must_die
--- error_log eval
::emerg('"veriff_webhook" directive is duplicate', 'server.conf:3')



=== TEST 35: a webhook behind a password
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- error_log eval
::warning('"veriff_webhook kyc" is behind a password that the provider does not know, add "auth_basic off;"',
          'server.conf:2')



=== TEST 36: a webhook behind a password or an address
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  kyc;
    satisfy         any;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]



=== TEST 37: no signed location
--- user_files
>>> server.conf
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- error_log eval
::warning('"veriff_session kyc" cannot reach the provider: its server has no location "/veriff-api/" with "veriff_sign kyc;"',
          'server.conf:2')



=== TEST 38: the signed location of another integration
--- user_files
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
veriff_integration aml {
    include  $TEST_NGINX_KEYS/pair.conf;
    api_uri  /aml;
}
>>> server.conf
location /veriff-api/ {
    internal;
    veriff_sign  aml;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- error_log eval
::warning('"veriff_session kyc" cannot reach the provider: its server has no location "/veriff-api/" with "veriff_sign kyc;"',
          'server.conf:8')



=== TEST 39: a signed location elsewhere
--- user_files
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
veriff_integration aml {
    include  $TEST_NGINX_KEYS/pair.conf;
    api_uri  /aml;
}
>>> server.conf
location /veriff/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- error_log eval
::warning('"veriff_session kyc" cannot reach the provider: its server has no location "/veriff-api/" with "veriff_sign kyc;"',
          'server.conf:8')



=== TEST 40: an exact signed location elsewhere
--- user_files
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
veriff_integration aml {
    include  $TEST_NGINX_KEYS/pair.conf;
    api_uri  /aml;
}
>>> server.conf
location = /veriff-api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- error_log eval
::warning('"veriff_session kyc" cannot reach the provider: its server has no location "/veriff-api/" with "veriff_sign kyc;"',
          'server.conf:8')



=== TEST 41: a named signed location
--- user_files
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
veriff_integration aml {
    include  $TEST_NGINX_KEYS/pair.conf;
    api_uri  /aml;
}
>>> server.conf
location @veriff-api {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- error_log eval
::warning('"veriff_session kyc" cannot reach the provider: its server has no location "/veriff-api/" with "veriff_sign kyc;"',
          'server.conf:8')



=== TEST 42: an exact signed location
--- user_files
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
veriff_integration aml {
    include  $TEST_NGINX_KEYS/pair.conf;
    api_uri  /aml;
}
>>> server.conf
location = /veriff-api/v1/sessions {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]



=== TEST 43: a signed location without the slash
--- user_files
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
veriff_integration aml {
    include  $TEST_NGINX_KEYS/pair.conf;
    api_uri  /aml;
}
>>> server.conf
location /veriff-api {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]



=== TEST 44: a signed location by expression
--- user_files
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
veriff_integration aml {
    include  $TEST_NGINX_KEYS/pair.conf;
    api_uri  /aml;
}
>>> server.conf
location ~ ^/veriff-api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass  https://127.0.0.1:1;
}
location = /start {
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- no_error_log
[warn]
