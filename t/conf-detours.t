# What beside veriff_sign or veriff_webhook would change what was checked, or
# take it elsewhere, fails nginx -t.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

run_tests();

__DATA__

=== TEST 1: try_files beside veriff_sign
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass   https://127.0.0.1:1;
    try_files    /nope /v1/sessions;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" conflicts with "try_files" in one location, which '
        . 'would change the path that was signed', 'server.conf:3')



=== TEST 2: post_action beside veriff_sign, also inherited
--- user_files
>>> server.conf
post_action  @after;
location /api/ {
    internal;
    veriff_sign  kyc;
    include      $TEST_NGINX_KEYS/tls.conf;
    proxy_pass   https://127.0.0.1:1;
}
location @after { return 200; }
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" conflicts with "post_action", which would repeat '
        . 'the request elsewhere', 'server.conf:4')



=== TEST 3: proxy_method
--- user_files
>>> server.conf
location /api/ {
    internal;
    veriff_sign   kyc;
    include       $TEST_NGINX_KEYS/tls.conf;
    proxy_pass    https://127.0.0.1:1;
    proxy_method  DELETE;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow "proxy_method": what is signed must '
        . 'be what goes out', 'server.conf:3')



=== TEST 4: proxy_set_body, inherited from the server
--- user_files
>>> server.conf
proxy_set_body  "other";
location /api/ {
    internal;
    veriff_sign   kyc;
    include       $TEST_NGINX_KEYS/tls.conf;
    proxy_pass    https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow "proxy_set_body": what is signed '
        . 'must be what goes out', 'server.conf:4')



=== TEST 5: the same in locations that are not signed
--- user_files
>>> server.conf
location /app/ {
    proxy_pass      http://127.0.0.1:1;
    proxy_method    POST;
    proxy_set_body  "other";
    post_action     @after;
    try_files       /nope @after;
}
location @after { return 200; }



=== TEST 6: proxy_set_body beside veriff_webhook
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  kyc;
    proxy_pass      http://127.0.0.1:1;
    proxy_set_body  "other";
}
--- must_die
--- error_log eval
::emerg('"veriff_webhook kyc" must pass webhooks as they are: no '
        . '"proxy_method" or "proxy_set_body", and '
        . '"proxy_pass_request_headers on; proxy_pass_request_body on;"',
        'server.conf:2')



=== TEST 7: proxy_pass_request_headers off beside veriff_webhook
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook              kyc;
    proxy_pass                  http://127.0.0.1:1;
    proxy_pass_request_headers  off;
}
--- must_die
--- error_log eval
::emerg('"veriff_webhook kyc" must pass webhooks as they are: no '
        . '"proxy_method" or "proxy_set_body", and '
        . '"proxy_pass_request_headers on; proxy_pass_request_body on;"',
        'server.conf:2')



=== TEST 8: proxy_pass_request_body off beside veriff_webhook
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook              kyc;
    proxy_pass                  http://127.0.0.1:1;
    proxy_pass_request_body     off;
}
--- must_die
--- error_log eval
::emerg('"veriff_webhook kyc" must pass webhooks as they are: no '
        . '"proxy_method" or "proxy_set_body", and '
        . '"proxy_pass_request_headers on; proxy_pass_request_body on;"',
        'server.conf:2')



=== TEST 9: proxy_method beside veriff_webhook
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook  kyc;
    proxy_pass      http://127.0.0.1:1;
    proxy_method    PUT;
}
--- must_die
--- error_log eval
::emerg('"veriff_webhook kyc" must pass webhooks as they are: no '
        . '"proxy_method" or "proxy_set_body", and '
        . '"proxy_pass_request_headers on; proxy_pass_request_body on;"',
        'server.conf:2')



=== TEST 10: proxy_method, inherited from the server
--- user_files
>>> server.conf
proxy_method  DELETE;
location /api/ {
    internal;
    veriff_sign   kyc;
    include       $TEST_NGINX_KEYS/tls.conf;
    proxy_pass    https://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_sign kyc" does not allow "proxy_method": what is signed '
        . 'must be what goes out', 'server.conf:4')
