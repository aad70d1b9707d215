# Requests that never create a session.  The last request of every block
# shows that the provider was asked by none of the others.

use lib 't/lib';
use VeriffTest;
use VeriffSession;

use File::Temp ();

my %pem;

# a certificate of one's own: "certificate" or "key"
sub certificate {
    my ($part) = @_;

    return $pem{$part} if %pem;

    my $dir = File::Temp->newdir();

    system('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256'
           . " -nodes -days 2 -subj /CN=localhost -keyout $dir/key"
           . " -out $dir/certificate 2>/dev/null") == 0
        or die 'openssl req';

    for my $name (qw(certificate key)) {
        open my $in, '<', "$dir/$name" or die "$dir/$name: $!";
        $pem{$name} = do { local $/; <$in> };
    }

    return $pem{$part};
}

start_sandbox();
run_tests();

__DATA__

=== TEST 1: HEAD
--- request eval
["HEAD /start", "HEAD /redirect", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[403, 403, 200]
--- response_body eval
["", "", "nothing\n"]



=== TEST 2: prefetch
--- request eval
["GET /redirect", "GET /redirect", "GET /redirect", "GET /redirect",
 "GET /redirect", "GET /seen"]
--- more_headers eval
["X-User: alice\nSec-Purpose: prefetch",
 "X-User: alice\nSec-Purpose: prefetch;prerender",
 "X-User: alice\nSec-Purpose: prefetch;anonymous-client-ip",
 "X-User: alice\nPurpose: prefetch",
 "X-User: alice\nX-Moz: Prefetch",
 ""]
--- error_code eval
[403, 403, 403, 403, 403, 200]
--- response_body_like eval
["\"status\":403", "\"status\":403", "\"status\":403", "\"status\":403",
 "\"status\":403", "\\Anothing\n\\z"]
--- error_log
veriff session "kyc" not created: prefetch



=== TEST 3: cross-site requests that are no top-level navigation
--- request eval
["GET /redirect", "POST /json", "GET /redirect", "GET /redirect",
 "GET /redirect", "GET /redirect", "GET /redirect", "GET /seen"]
--- more_headers eval
["X-User: a\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image",
 "X-User: a\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty",
 "X-User: a\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe",
 "X-User: a\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: embed",
 "X-User: a\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: object",
 "X-User: a\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate",
 "X-User: a\nSec-Fetch-Site: cross-site",
 ""]
--- error_code eval
[403, 403, 403, 403, 403, 403, 403, 200]
--- response_body_like eval
["Forbidden", "Forbidden", "Forbidden", "Forbidden", "Forbidden", "Forbidden", "Forbidden", "\\Anothing\n\\z"]



=== TEST 4: top-level navigations, of one's own or from elsewhere, do
--- request eval
["GET /redirect", "GET /redirect", "GET /redirect"]
--- more_headers eval
["X-User: a\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document",
 "X-User: a\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document",
 "X-User: a\nSec-Fetch-Site: none\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document"]
--- error_code eval
[303, 303, 303]



=== TEST 5: requests of the site itself do
--- request eval
["POST /json", "POST /json", "GET /json"]
--- more_headers eval
["X-User: a\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty",
 "X-User: a\nSec-Fetch-Site: same-site\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty",
 "X-User: a\nSec-Fetch-Site: none"]
--- error_code eval
[200, 200, 200]



=== TEST 6: foreign origins
--- request eval
["POST /json", "POST /json", "POST /json", "POST /json", "POST /json",
 "POST /json", "POST /json", "GET /json", "GET /seen"]
--- more_headers eval
["Host: app.example.com\nX-User: a\nOrigin: https://evil.example.net",
 "Host: app.example.com\nX-User: a\nOrigin: null",
 "Host: app.example.com\nX-User: a\nOrigin: https://app.example.com:444",
 "Host: app.example.com:8443\nX-User: a\nOrigin: https://app.example.com",
 "Host: app.example.com\nX-User: a\nOrigin: https://app.example.com.evil.example.net",
 "Host: app.example.com\nX-User: a\nOrigin: https://evil.example.net\\\@app.example.com",
 "Host: app.example.com\nX-User: a\nOrigin: ",
 "Host: app.example.com\nX-User: a\nOrigin: https://evil.example.net",
 ""]
--- error_code eval
[403, 403, 403, 403, 403, 403, 403, 403, 200]
--- response_body_like eval
["Forbidden", "Forbidden", "Forbidden", "Forbidden", "Forbidden", "Forbidden", "Forbidden", "Forbidden", "\\Anothing\n\\z"]
--- error_log
not created: foreign origin



=== TEST 7: the origin itself
--- request eval
["POST /json", "POST /json", "POST /json", "POST /json", "POST /json",
 "POST /json"]
--- more_headers eval
["Host: app.example.com\nX-User: a\nOrigin: https://app.example.com",
 "Host: App.example.com\nX-User: a\nOrigin: http://app.Example.com",
 "Host: app.example.com:443\nX-User: a\nOrigin: https://app.example.com",
 "Host: app.example.com\nX-User: a\nOrigin: https://app.example.com:443",
 "Host: app.example.com:8443\nX-User: a\nOrigin: https://app.example.com:8443",
 "Host: 127.0.0.1:80\nX-User: a\nOrigin: http://127.0.0.1"]
--- error_code eval
[200, 200, 200, 200, 200, 200]



=== TEST 8: an IPv6 host
--- request eval
["POST /json", "POST /json", "POST /json", "POST /json"]
--- more_headers eval
["Host: [2001:db8::1]\nX-User: a\nOrigin: https://[2001:db8::1]",
 "Host: [2001:db8::1]:8443\nX-User: a\nOrigin: https://[2001:db8::1]:8443",
 "Host: [2001:db8::1]:8443\nX-User: a\nOrigin: https://[2001:db8::1]",
 "Host: [2001:db8::1]\nX-User: a\nOrigin: https://[2001:db8::2]"]
--- error_code eval
[200, 200, 403, 403]



=== TEST 9: a repeated origin
--- request eval
["POST /json", "GET /seen"]
--- more_headers eval
["Host: app.example.com\nX-User: a\nOrigin: https://app.example.com\nOrigin: https://evil.example.net", ""]
--- error_code eval
[403, 200]
--- response_body_like eval
["Forbidden", "\\Anothing\n\\z"]
--- error_log
not created: repeated origin



=== TEST 10: the origin under HTTP/2
--- http2
--- request
    POST /json
--- more_headers
Host: app.example.com
X-User: a
Origin: https://app.example.com
--- response_body_like: ^\{"state"



=== TEST 11: a foreign one under HTTP/2
--- http2
--- request
    POST /json
--- more_headers
Host: app.example.com
X-User: a
Origin: https://evil.example.net
--- error_code: 403
--- response_body_like: "status":403



=== TEST 12: over TLS an origin without it is foreign
--- http_config eval
main::integration() . 'server {
    listen $TEST_NGINX_RAND_PORT_1 ssl;
    server_name localhost;
    ssl_certificate ../html/c.pem;
    ssl_certificate_key ../html/k.pem;
' . main::api() . main::sessions() . '}'
--- config
    # nginx does not free a session that it keeps at its end
    proxy_ssl_session_reuse off;

    location = /plain {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1/json;
        proxy_set_header Host localhost;
        proxy_set_header X-User a;
        proxy_set_header Origin http://localhost;
    }
    location = /secure {
        proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1/json;
        proxy_set_header Host localhost;
        proxy_set_header X-User a;
        proxy_set_header Origin https://localhost;
    }
--- user_files eval
">>> c.pem\n" . main::certificate('certificate')
. ">>> k.pem\n" . main::certificate('key')
--- request eval
["GET /plain", "GET /secure"]
--- error_code eval
[403, 200]



=== TEST 13: shapes of the refusal
--- request eval
["GET /start", "GET /start", "GET /api"]
--- more_headers eval
["X-User: a\nSec-Purpose: prefetch\nAccept: text/html",
 "X-User: a\nSec-Purpose: prefetch\nAccept: application/json",
 "X-User: a\nSec-Purpose: prefetch\nAccept: text/html"]
--- error_code eval
[403, 403, 403]
--- response_headers eval
["Content-Type: text/html; charset=utf-8\r\nContent-Security-Policy: default-src 'none'; style-src 'sha256-5MlsUS/25RiuG9CW1x/0+OBMlzekowOuu8XxDunFrws='; frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer",
 "Content-Type: application/problem+json",
 "Content-Type: application/json"]
--- response_body_like eval
["<h1>Forbidden</h1>", '"title":"Forbidden","status":403,"detail":',
 '\A\{"status":"fail","code":"\d{4}","message":']
