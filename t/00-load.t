# The module loads, and only then its directives exist.  One that is linked
# into nginx (an empty TEST_NGINX_LOAD_MODULES) is always there.

use lib 't/lib';
use VeriffTest;

run_tests();

__DATA__

=== TEST 1: a configuration without it works
--- config
    location = /t {
        return 200 "ok\n";
    }
--- request
    GET /t
--- response_body
ok



=== TEST 2: without the module its directives do not exist
--- skip_eval: 3: $ENV{TEST_NGINX_LOAD_MODULES} eq ""
--- load_modules
--- config
    location = /t {
        veriff_sign off;
    }
--- must_die
--- error_log
unknown directive "veriff_sign"



=== TEST 3: with it they do
--- config
    location = /t {
        veriff_sign off;
        return 200 "ok\n";
    }
--- request
    GET /t
--- response_body
ok



=== TEST 4: it cannot be loaded twice
--- skip_eval: 3: $ENV{TEST_NGINX_LOAD_MODULES} eq ""
--- main_config
    load_module $TEST_NGINX_LOAD_MODULES;
--- config
--- must_die
--- error_log
module "ngx_http_veriff_module" is already loaded



=== TEST 5: HTTP/2
--- http2
--- config
    location = /t {
        return 200 "$server_protocol\n";
    }
--- request
    GET /t
--- response_body
HTTP/2.0
