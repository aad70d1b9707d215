# Lua's ngx.location.capture() gets no answer that was not checked, whichever
# of the two modules was loaded first.

use lib 't/lib';
use VeriffTest;
use VeriffSign;

load_modules(qw(ndk lua veriff));

our $config = <<'_EOC_';
    location = /t {
        content_by_lua_block {
            local res = ngx.location.capture(
                            "/raw/v1/sessions/x/decision")
            ngx.say(res.status, " ", res.body)
        }
    }

    location /raw/ {
        internal;
        veriff_sign  kyc insecure_tls;
        rewrite      ^/raw/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
_EOC_

run_tests();

__DATA__

=== TEST 1: a forged answer, veriff loaded last
--- load_modules: ndk lua veriff
--- config eval: $::config
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"status":"success","forged":1}', signature => '0' x 64)
--- request
GET /t
--- response_body_like: ^502 \{"status":"fail"
--- error_log
veriff: the provider's answer was refused: wrong signature



=== TEST 2: a forged answer, veriff loaded first
--- load_modules: veriff ndk lua
--- config eval: $::config
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval
json_answer('{"status":"success","forged":1}', signature => '0' x 64)
--- request
GET /t
--- response_body_like: ^502 \{"status":"fail"
--- error_log
veriff: the provider's answer was refused: wrong signature



=== TEST 3: a genuine one, veriff loaded last
--- load_modules: ndk lua veriff
--- config eval: $::config
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval: json_answer('{"status":"success"}')
--- request
GET /t
--- response_body
200 {"status":"success"}



=== TEST 4: a genuine one, veriff loaded first
--- load_modules: veriff ndk lua
--- config eval: $::config
--- tcp_listen: $TEST_NGINX_RAND_PORT_2
--- tcp_reply eval: json_answer('{"status":"success"}')
--- request
GET /t
--- response_body
200 {"status":"success"}
