# With Debian's Lua module: bodies that were read or made before.

use lib 't/lib';
use VeriffTest;
use VeriffSign;

load_modules(qw(ndk lua veriff));
start_sandbox();

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->config // '';

    $block->set_value(config => '
        location /read/ {
            client_body_buffer_size 1k;
            ' . $more . '
            veriff_sign  kyc insecure_tls;
            rewrite      ^/read/(.*)$ /$1 break;
            proxy_pass   http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
        }

        location /v1/ {
            veriff_sign  seen insecure_tls;
            proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        }

        location = /capture {
            content_by_lua_block {
                local a = ngx.location.capture("/v1/sessions",
                                { method = ngx.HTTP_POST, body = "made" })
                ngx.print(a.status, " ", a.body)
            }
        }
    ');
});

run_tests();

__DATA__

=== TEST 1: read before, in memory
--- config
    access_by_lua_block { ngx.req.read_body() }
--- request eval
"POST /read/v1/sessions/" . uuid() . "/media\n" . '{"a":1}'
--- more_headers
Content-Type: application/json
--- error_code: 404
--- error_log
veriff body: 7 bytes, 0 hashed



=== TEST 2: read before, in a file
--- config
    access_by_lua_block { ngx.req.read_body() }
--- request eval
"POST /read/v1/sessions/" . uuid() . "/media\n" . big(200_000)
--- more_headers
Content-Type: application/json
--- error_code: 404
--- error_log
veriff body: 200000 bytes, 0 hashed



=== TEST 3: changed
--- config
    access_by_lua_block {
        ngx.req.read_body()
        ngx.req.set_body_data('{"b":22}')
    }
--- request eval
"POST /read/v1/sessions/" . uuid() . "/media\n" . '{"a":1}'
--- more_headers
Content-Type: application/json
--- error_code: 404
--- error_log
veriff body: 8 bytes, 0 hashed



=== TEST 4: a subrequest with a body of its own
--- request
GET /capture
--- response_body eval
"200 " . seen("POST /v1/sessions", hmac(shared_secret(), 'made'))
