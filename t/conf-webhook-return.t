# "return" beside veriff_webhook, which would answer before anything is
# checked; and the parameters of veriff_webhook and "match".

use lib 't/lib';
use VeriffTest;
use VeriffConf;

our $kyc = <<'EOF_CONFIG';
veriff_key_file $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
EOF_CONFIG

sub returned {
    return main::emerg('"veriff_webhook kyc" would never be asked: the '
                       . '"return" in */' . $_[0] . ' answers before it, '
                       . 'remove one of them', $_[1]);
}

run_tests();

__DATA__

=== TEST 1: after it
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook kyc;
    return 200;
}
--- must_die
--- error_log eval: ::returned('server.conf:3', 'server.conf:2')



=== TEST 2: before it, with a handler
--- user_files
>>> server.conf
location = /hook {
    return 200 "fine";
    veriff_webhook kyc;
    proxy_pass http://127.0.0.1:9;
}
--- must_die
--- error_log eval: ::returned('server.conf:2', 'server.conf:3')



=== TEST 3: whatever it answers
--- user_files
>>> server.conf
location = /hook {
    veriff_webhook kyc;
    return https://example.com/;
}
--- must_die
--- error_log eval: ::returned('server.conf:3', 'server.conf:2')



=== TEST 4: in a nested location, which inherits the webhook
--- user_files
>>> server.conf
location /hook {
    veriff_webhook kyc;
    proxy_pass http://127.0.0.1:9;
    location /hook/fine { return 200; }
}
--- must_die
--- error_log eval: ::returned('server.conf:4', 'server.conf:2')



=== TEST 5: around a nested location, which it does not answer for
--- user_files
>>> server.conf
location /hook {
    return 404;
    location /hook/kyc { veriff_webhook kyc; }
}
--- no_error_log
[warn]



=== TEST 6: in the server
--- user_files
>>> http.conf
include $TEST_NGINX_KEYS/kyc.conf;
server {
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    location / {
        location = /hook { veriff_webhook kyc; }
    }
    return 301 https://example.com$request_uri;
}
--- must_die
--- error_log eval: ::returned('http.conf:7', 'http.conf:5')



=== TEST 7: in another server
--- user_files
>>> http.conf
include $TEST_NGINX_KEYS/kyc.conf;
server {
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    return 301 https://example.com$request_uri;
}
>>> server.conf
location = /other { return 200; }
location = /hook { veriff_webhook kyc; }
--- no_error_log
[warn]



=== TEST 8: in an "if"
--- user_files
>>> http.conf
include $TEST_NGINX_KEYS/kyc.conf;
server {
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    if ($http_x_none) { return 403; }
    location = /hook { veriff_webhook kyc; }
}
>>> server.conf
location = /hook {
    veriff_webhook kyc;
    if ($request_method != POST) { return 405; }
}
--- no_error_log
[warn]



=== TEST 9: replay
--- user_files
>>> server.conf
location = /drop { veriff_webhook kyc replay=drop; }
location = /pass { veriff_webhook replay=pass kyc report; }
--- no_error_log
[warn]



=== TEST 10: replay, twice
--- user_files
>>> server.conf
location = /hook { veriff_webhook kyc replay=drop replay=pass; }
--- must_die
--- error_log eval
::emerg('"veriff_webhook" directive has a duplicate "replay" parameter',
        'server.conf:1')



=== TEST 11: replay, otherwise
--- user_files
>>> server.conf
location = /hook { veriff_webhook kyc replay=maybe; }
--- must_die
--- error_log eval
::emerg('invalid parameter "replay=maybe" in "veriff_webhook", use '
        . '"replay=drop" or "replay=pass"', 'server.conf:1')



=== TEST 12: another parameter
--- user_files
>>> server.conf
location = /hook { veriff_webhook kyc max=1; }
--- must_die
--- error_log eval
::emerg('invalid parameter "max=1" in "veriff_webhook", use names of '
        . 'integrations, "report" and "replay=drop|pass"', 'server.conf:1')



=== TEST 13: replay alone
--- user_files
>>> server.conf
location = /hook { veriff_webhook replay=drop; }
--- must_die
--- error_log eval
::emerg('"veriff_webhook" directive needs the name of an integration',
        'server.conf:1')



=== TEST 14: match session
--- user_files eval
">>> http.conf\n$main::kyc match session; }\n"
--- no_error_log
[warn]



=== TEST 15: match vendor_data
--- user_files eval
">>> http.conf\nveriff_store veriff_temp;\n$main::kyc match vendor_data; }\n"
--- no_error_log
[warn]



=== TEST 16: match otherwise
--- user_files eval
">>> http.conf\n$main::kyc match anything; }\n"
--- must_die
--- error_log eval
::emerg('invalid value "anything"', 'http.conf:4')



=== TEST 17: match twice
--- user_files eval
">>> http.conf\n$main::kyc match session;\n match session; }\n"
--- must_die
--- error_log eval
::emerg('"match" directive is duplicate', 'http.conf:5')



=== TEST 18: match vendor_data without a store
--- user_files eval
">>> http.conf\n$main::kyc match vendor_data;\n}\n"
. ">>> server.conf\nlocation = /hook { veriff_webhook kyc; }\n"
--- must_die
--- error_log eval
::emerg('"veriff_webhook kyc" needs a store for "match vendor_data", add '
        . '"veriff_store /var/lib/nginx/veriff;" to http', 'server.conf:1')



=== TEST 19: match vendor_data with a key that is another's, too
--- user_files eval
">>> http.conf\nveriff_store veriff_temp;\n$main::kyc match vendor_data; }\n"
. "veriff_integration age { include \$TEST_NGINX_KEYS/pair.conf;"
. " api_uri /age-api; }\n"
. ">>> server.conf\nlocation = /hook { veriff_webhook kyc; }\n"
. "location = /age { veriff_webhook age; }\n"
--- error_log eval
::warning('"veriff_webhook kyc" has "match vendor_data" and an API key of '
          . 'integration "age": one\'s webhooks may count for the other\'s '
          . 'users, give each its own key', 'server.conf:1')



=== TEST 20: watchlist apply without a store
--- user_files eval
">>> http.conf\n$main::kyc watchlist apply;\n}\n"
. ">>> server.conf\nlocation = /hook { veriff_webhook kyc; }\n"
--- must_die
--- error_log eval
::emerg('"veriff_webhook kyc" needs a store for "watchlist apply", add '
        . '"veriff_store /var/lib/nginx/veriff;" to http', 'server.conf:1')



=== TEST 21: full_auto apply without a store
--- user_files eval
">>> http.conf\n$main::kyc full_auto apply;\n}\n"
. ">>> server.conf\nlocation = /hook { veriff_webhook kyc; }\n"
--- must_die
--- error_log eval
::emerg('"veriff_webhook kyc" needs a store for "full_auto apply", add '
        . '"veriff_store /var/lib/nginx/veriff;" to http', 'server.conf:1')



=== TEST 22: nothing is applied, and nothing stored
--- user_files eval
">>> http.conf\n$main::kyc full_auto ignore; watchlist ignore;\n}\n"
. ">>> server.conf\nlocation = /hook { veriff_webhook kyc; }\n"
--- no_error_log
[warn]
