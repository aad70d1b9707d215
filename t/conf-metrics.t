# veriff_metrics and session_rate: what "nginx -t" says of them, and where
# metrics are told.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

run_tests();

__DATA__

=== TEST 1: metrics
--- user_files
>>> server.conf
location = /metrics {
    veriff_metrics;
    allow  127.0.0.1;
    deny   all;
}
--- request
GET /metrics
--- response_headers
Cache-Control: no-store
--- response_body_like: \nveriff_webhooks_total\{integration="kyc",result="ok"\} 0\n
--- no_error_log
[warn]
[error]



=== TEST 2: who may not read them
--- user_files
>>> server.conf
location = /metrics {
    veriff_metrics;
    deny  all;
}
--- request
GET /metrics
--- error_code: 403
--- response_body_unlike: veriff_webhooks
--- error_log
access forbidden by rule



=== TEST 3: with a parameter
--- user_files
>>> server.conf
location = /metrics { veriff_metrics kyc; }
--- must_die
--- error_log eval
::emerg('invalid number of arguments in "veriff_metrics" directive', 'server.conf:1')



=== TEST 4: not in a location
--- user_files
>>> server.conf
veriff_metrics;
--- must_die
--- error_log eval
::emerg('"veriff_metrics" directive is not allowed here', 'server.conf:1')



=== TEST 5: twice
--- user_files
>>> server.conf
location = /metrics {
    veriff_metrics;
    veriff_metrics;
}
--- must_die
--- error_log eval
::emerg('"veriff_metrics" directive is duplicate', 'server.conf:3')



=== TEST 6: no integration
--- user_files
>>> http.conf
# none
>>> server.conf
location = /metrics {
    veriff_metrics;
}
--- must_die
--- error_log eval
::emerg('"veriff_metrics" has nothing to tell, add "veriff_integration name { ... }" to http', 'server.conf:2')



=== TEST 7: after another handler
--- user_files
>>> server.conf
location = /metrics {
    proxy_pass  http://127.0.0.1:1;
    veriff_metrics;
}
--- must_die
--- error_log eval
::emerg('"veriff_metrics" directive conflicts with another handler of its location, give it a location of its own', 'server.conf:3')



=== TEST 8: before another handler
--- user_files
>>> server.conf
location = /metrics {
    veriff_metrics;
    proxy_pass  http://127.0.0.1:1;
}
--- must_die
--- error_log eval
::emerg('"veriff_metrics" conflicts with another handler of its location, give it a location of its own', 'server.conf:2')



=== TEST 9: before a handler of ours
--- user_files
>>> server.conf
location = /metrics {
    veriff_metrics;
    veriff_session  kyc;
    include         $TEST_NGINX_KEYS/basic.conf;
}
--- must_die
--- error_log eval
::emerg('"veriff_session" directive conflicts with another handler of its location, give it a location of its own', 'server.conf:3')



=== TEST 10: with webhooks
--- user_files
>>> server.conf
location = /metrics {
    veriff_webhook  kyc;
    veriff_metrics;
}
--- must_die
--- error_log eval
::emerg('"veriff_metrics" conflicts with another handler of its location, give it a location of its own', 'server.conf:3')



=== TEST 11: within webhooks
--- user_files
>>> server.conf
location /hook {
    veriff_webhook  kyc;
    location = /hook/metrics {
        veriff_metrics;
    }
}
--- must_die
--- error_log eval
::emerg('"veriff_metrics" conflicts with another handler of its location, give it a location of its own', 'server.conf:4')



=== TEST 12: within a signed location
--- user_files
>>> server.conf
location /veriff-api/ {
    internal;
    veriff_sign  kyc;
    rewrite      ^/veriff-api/(.*)$ /$1 break;
    proxy_pass   https://127.0.0.1:1;
    include      $TEST_NGINX_KEYS/tls.conf;
    location = /veriff-api/metrics {
        veriff_metrics;
    }
}
--- must_die
--- error_log eval
::emerg('"veriff_metrics" conflicts with another handler of its location, give it a location of its own', 'server.conf:8')



=== TEST 13: limit_except
--- user_files
>>> server.conf
location = /metrics {
    veriff_metrics;
    limit_except POST {
        allow  127.0.0.1;
        deny   all;
    }
}
--- request eval
["GET /metrics", "POST /metrics"]
--- error_code eval
[200, 405]
--- response_body_like eval
['veriff_webhooks_total', '"status":405']



=== TEST 14: if
--- user_files
>>> server.conf
location = /metrics {
    veriff_metrics;
    if ($arg_a) { set $b 1; }
}
--- request eval
["GET /metrics?a=1", "GET /metrics"]
--- error_code eval
[200, 200]
--- response_body_like eval
['veriff_webhooks_total', 'veriff_webhooks_total']



=== TEST 15: not for a subrequest
--- user_files
>>> server.conf
location = /metrics { veriff_metrics; }
location = /asked { auth_request /metrics; empty_gif; }
--- request
GET /asked
--- error_code: 403
--- response_body_unlike: veriff_webhooks



=== TEST 16: behind an internal redirect
--- user_files
>>> server.conf
location = /metrics { internal; veriff_metrics; }
location = /to { rewrite ^ /metrics last; }
--- request eval
["GET /metrics", "GET /to"]
--- error_code eval
[404, 200]
--- response_body_like eval
['404', 'veriff_webhooks_total']



=== TEST 17: HTTP/1.0 and a small buffer
--- user_files
>>> server.conf
location = /metrics {
    veriff_metrics;
    postpone_output  1;
    output_buffers   1 1k;
}
--- request
GET /metrics HTTP/1.0
--- response_body_like: veriff_counting_since_seconds \d+\n\z



=== TEST 18: many integrations
--- user_files eval
">>> http.conf\nveriff_key_file \$TEST_NGINX_KEYS/key;\n"
. CORE::join('', map { "veriff_integration " . ('n' x 60) . "$_ {\n"
                 . "include \$TEST_NGINX_KEYS/pair.conf;\n"
                 . "api_uri /api$_;\n}\n" } 1 .. 300)
. ">>> server.conf\nlocation = /metrics { veriff_metrics; }\n"
--- request
GET /metrics
--- response_body_like eval
qr/^veriff_webhooks_total\{integration="n{60}300",result="ok"\}[ ]0\n.*
   ^veriff_api_call_seconds_count\{integration="n{60}1",call="create"\}[ ]0\n.*
   ^veriff_counting_since_seconds[ ]\d+\n\z/msx



=== TEST 19: rates
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include       $TEST_NGINX_KEYS/pair.conf;
    session_rate  30r/m;
}
veriff_integration most {
    include       $TEST_NGINX_KEYS/pair.conf;
    api_uri       /most-api;
    session_rate  60000r/m;
}
veriff_integration off {
    include       $TEST_NGINX_KEYS/pair.conf;
}
--- must_die
--- error_log eval
::emerg('invalid integration name "off", it is a parameter of other directives', 'http.conf:11')



=== TEST 20: rates that do
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_integration kyc {
    include       $TEST_NGINX_KEYS/pair.conf;
    session_rate  30r/m;
}
veriff_integration most {
    include       $TEST_NGINX_KEYS/pair.conf;
    api_uri       /most-api;
    session_rate  60000r/m;
}
veriff_integration free {
    include       $TEST_NGINX_KEYS/pair.conf;
    api_uri       /free-api;
    session_rate  off;
}
--- no_error_log
[warn]
[error]



=== TEST 21: no rate
--- user_files
>>> http.conf
veriff_integration kyc {
    include       $TEST_NGINX_KEYS/pair.conf;
    session_rate  0r/m;
}
--- must_die
--- error_log eval
::emerg('invalid rate "0r/m" in "session_rate", use sessions per minute, like "600r/m", or "off"', 'http.conf:3')



=== TEST 22: too high a rate
--- user_files
>>> http.conf
veriff_integration kyc {
    include       $TEST_NGINX_KEYS/pair.conf;
    session_rate  60001r/m;
}
--- must_die
--- error_log eval
::emerg('invalid rate "60001r/m" in "session_rate", use sessions per minute, like "600r/m", or "off"', 'http.conf:3')



=== TEST 23: a rate per hour
--- user_files
>>> http.conf
veriff_integration kyc {
    include       $TEST_NGINX_KEYS/pair.conf;
    session_rate  600r/h;
}
--- must_die
--- error_log eval
::emerg('invalid rate "600r/h" in "session_rate", use sessions per minute, like "600r/m", or "off"', 'http.conf:3')



=== TEST 24: a unit only
--- user_files
>>> http.conf
veriff_integration kyc {
    include       $TEST_NGINX_KEYS/pair.conf;
    session_rate  r/m;
}
--- must_die
--- error_log eval
::emerg('invalid rate "r/m" in "session_rate", use sessions per minute, like "600r/m", or "off"', 'http.conf:3')



=== TEST 25: twice, once off
--- user_files
>>> http.conf
veriff_integration kyc {
    include       $TEST_NGINX_KEYS/pair.conf;
    session_rate  off;
    session_rate  1r/m;
}
--- must_die
--- error_log eval
::emerg('"session_rate" directive is duplicate', 'http.conf:4')



=== TEST 26: the zone's name is taken
--- user_files
>>> http.conf
limit_req_zone $binary_remote_addr zone=veriff_zone:1m rate=1r/s;
include  $TEST_NGINX_KEYS/kyc.conf;
--- must_die
--- error_log
the shared memory zone "veriff_zone" is already declared for a different use
