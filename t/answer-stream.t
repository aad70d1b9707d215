# Answers of the provider that are too large to be checked before they pass.

use lib 't/lib';
use VeriffTest;
use VeriffSign;

# a sanitizer's own memory says nothing
my $memory_limit = $ENV{VERIFF_SANITIZER_LOGS} ? undef : 20480;

my %signature;
my %size = (m1 => 1_000_000, m24 => 24_000_000, edge => 262_144,
            over => 262_145);

for my $name (keys %size) {
    my $bytes = big($size{$name});
    key_file("big-$name", $bytes, 0644);
    $signature{$name} = hmac(shared_secret(), $bytes);
}

# The provider: the file of that name, signed, or forged under /v1/forged/;
# without a length under /v1/.../chunked/.
my $provider = '
    server {
        listen unix:$TEST_NGINX_SERVER_ROOT/provider.sock;
        default_type application/json;
        sub_filter_types *;

' . join('', map { '
        location ~ ^/v1/[a-z]+/x/' . $_ . '$ {
            alias       $TEST_NGINX_KEYS/big-' . $_ . ';
            add_header  X-HMAC-Signature ' . $signature{$_} . ';
        }

        location ~ ^/v1/[a-z]+/chunked/' . $_ . '$ {
            alias       $TEST_NGINX_KEYS/big-' . $_ . ';
            add_header  X-HMAC-Signature ' . $signature{$_} . ';
            sub_filter  xyz xyz;
        }

        location ~ ^/v1/[a-z]+/forged/' . $_ . '$ {
            alias       $TEST_NGINX_KEYS/big-' . $_ . ';
            add_header  X-HMAC-Signature ' . '0' x 64 . ';
        }

        location ~ ^/v1/[a-z]+/forgedchunked/' . $_ . '$ {
            alias       $TEST_NGINX_KEYS/big-' . $_ . ';
            add_header  X-HMAC-Signature ' . '0' x 64 . ';
            sub_filter  xyz xyz;
        }
' } sort keys %size) . '
    }
';

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->config // '';

    $block->set_value(http_config => $provider . ($block->http_config // ''));
    $block->set_value(config => "
        location /v1/ {
            veriff_sign         kyc insecure_tls;
            proxy_pass          http://unix:\$TEST_NGINX_SERVER_ROOT/provider.sock;
            proxy_http_version  1.1;
            $more
        }
    ");
});

add_response_body_check(sub {
    my ($block, $body) = @_;

    my ($size) = map { $size{$_} }
                 ($block->request =~ m{/v1/\w+/\w+/(\w+)});

    my ($state) = $block->name =~ /: (intact|cut)/ or return;

    Test::More::is(how_much($body, $size), $state, $block->name . ' - body');

    return if $block->name !~ /bounded memory/ || !$memory_limit;

    my $pid = Test::Nginx::Util::get_pid_from_pidfile($block->name);

    open my $in, '<', "/proc/$pid/status" or die "/proc/$pid/status: $!";
    my ($peak) = do { local $/; <$in> } =~ /^VmHWM:\s+(\d+) kB/m;

    # all of it in nginx's own buffers, and not once more in ours
    my $limit = $block->name =~ /large buffers/ ? 2 * $memory_limit
                                                : $memory_limit;

    Test::More::cmp_ok($peak, '<', $limit,
                       $block->name . ' - peak memory, kB');
});

run_tests();

__DATA__

=== TEST 1: intact, with a length
--- request
GET /v1/sessions/x/m1
--- response_headers
Content-Length: 1000000
X-Hmac-Signature:



=== TEST 2: intact, chunked
--- request
GET /v1/sessions/chunked/m1
--- response_headers
Transfer-Encoding: chunked



=== TEST 3: intact, the largest that is checked before it passes
--- request
GET /v1/sessions/x/edge



=== TEST 4: intact, the same, chunked
--- request
GET /v1/sessions/chunked/edge



=== TEST 5: intact, the smallest that is not
--- request
GET /v1/sessions/x/over



=== TEST 6: intact, the same, chunked
--- request
GET /v1/sessions/chunked/over



=== TEST 7: intact, HTTP/2
--- http2
--- request
GET /v1/sessions/x/m1



=== TEST 8: intact, HTTP/2, chunked
--- http2
--- request
GET /v1/sessions/chunked/m1



=== TEST 9: intact, HTTP/1.0
--- request
GET /v1/sessions/chunked/m1 HTTP/1.0



=== TEST 10: cut, forged, with a length
--- request
GET /v1/sessions/forged/m1
--- grep_error_log: the provider's answer was cut off: wrong signature
--- grep_error_log_out
the provider's answer was cut off: wrong signature



=== TEST 11: forged, chunked: a client can tell
--- config
    }

    location /client/ {
        proxy_http_version  1.1;
        proxy_pass          http://127.0.0.1:$TEST_NGINX_SERVER_PORT/v1/sessions/;
--- request
GET /client/forgedchunked/m1
--- ignore_response
--- grep_error_log: the provider's answer was cut off: wrong signature
--- grep_error_log_out
the provider's answer was cut off: wrong signature
--- error_log
upstream prematurely closed connection



=== TEST 12: cut, forged, HTTP/1.0
--- request
GET /v1/sessions/forgedchunked/m1 HTTP/1.0
--- grep_error_log: the provider's answer was cut off: wrong signature
--- grep_error_log_out
the provider's answer was cut off: wrong signature



=== TEST 13: forged, HTTP/2
--- http2
--- request
GET /v1/sessions/forged/m1
--- ignore_response
--- curl_error eval
qr/curl: \((?:92|18)\)/
--- grep_error_log: the provider's answer was cut off: wrong signature
--- grep_error_log_out
the provider's answer was cut off: wrong signature



=== TEST 14: refused, forged, not longer than what is checked before
--- request
GET /v1/sessions/forgedchunked/edge
--- error_code: 502
--- response_body_like: \A\{"status":"fail"



=== TEST 15: intact, slow client, bounded memory
--- config
    limit_rate 9m;
--- request
GET /v1/sessions/x/m24
--- timeout: 15



=== TEST 16: intact, slow client, chunked, bounded memory
--- config
    limit_rate 9m;
--- request
GET /v1/sessions/chunked/m24
--- timeout: 15



=== TEST 17: intact, slow client, not buffered, bounded memory
--- config
    limit_rate 9m;
    proxy_buffering off;
--- request
GET /v1/sessions/x/m24
--- timeout: 15



=== TEST 18: intact, slow client, no temporary file, bounded memory
--- config
    limit_rate 9m;
    proxy_max_temp_file_size 0;
--- request
GET /v1/sessions/x/m24
--- timeout: 15



=== TEST 19: intact, slow client, small output buffers, bounded memory
--- config
    limit_rate 9m;
    output_buffers 1 4k;
--- request
GET /v1/sessions/x/m24
--- timeout: 15



=== TEST 20: intact, slow client, aio threads and sendfile
--- main_config
    thread_pool default threads=2;
--- config
    limit_rate 9m;
    aio threads;
    aio_write on;
    sendfile on;
--- request
GET /v1/sessions/x/m24
--- timeout: 15



=== TEST 21: intact, slow client, HTTP/2, bounded memory
--- http2
--- config
    limit_rate 9m;
--- request
GET /v1/sessions/x/m24
--- timeout: 15



=== TEST 22: intact, gzip on and sub_filter in the location
--- config
    gzip on;
    gzip_types *;
    sub_filter xyz abc;
    sub_filter_types *;
--- more_headers
Accept-Encoding: gzip
--- request
GET /v1/sessions/x/m1



=== TEST 23: cut, slow client, forged
--- config
    limit_rate 9m;
--- request
GET /v1/sessions/forged/m24
--- timeout: 15
--- grep_error_log: the provider's answer was cut off: wrong signature
--- grep_error_log_out
the provider's answer was cut off: wrong signature



=== TEST 24: intact, slow client, large buffers, bounded memory
--- config
    limit_rate 9m;
    proxy_buffers 2 24m;
    proxy_busy_buffers_size 24m;
--- request
GET /v1/sessions/x/m24
--- timeout: 15
