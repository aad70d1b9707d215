# Pages of other origins: preflights, answers and errors that they may read,
# and who may not.  The provider's SDK is a cross-origin POST with its own key.

use lib 't/lib';
use VeriffTest;
use VeriffSession;

use MIME::Base64 ();

our $origins = 'origins https://app.example.com https://shop.example.net:8443;';

key_file('htpasswd', "alice:{PLAIN}alice\n", 0644);

our $alice = 'Authorization: Basic ' . MIME::Base64::encode('alice:alice', '');

# what the SDK sends of its own: the page's key is not the integration's
our $sdk = "Content-type: application/json\nx-auth-client: the-page's-key\n"
           . 'x-origin: js-sdk';

our $preflight = "Access-Control-Request-Method: POST\n"
                 . 'Access-Control-Request-Headers: content-type,'
                 . 'x-auth-client,x-origin';

start_sandbox();
run_tests();

__DATA__

=== TEST 1: a preflight of each origin, without a user
--- http_config eval: ::integration($::origins)
--- request eval
["OPTIONS /api", "OPTIONS /api", "GET /seen"]
--- more_headers eval
["Origin: https://app.example.com\n$::preflight",
 "Origin: https://shop.example.net:8443\n$::preflight", ""]
--- error_code eval
[204, 204, 200]
--- response_headers eval
["Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Credentials: true
Access-Control-Allow-Methods: GET, POST
Access-Control-Allow-Headers: Authorization, Content-Type, X-Requested-With, X-Origin, X-AUTH-CLIENT, X-HMAC-SIGNATURE, vrf-integration-id
Access-Control-Max-Age: 600
Vary: Origin
Content-Type:
Content-Length: ",
"Access-Control-Allow-Origin: https://shop.example.net:8443
Vary: Origin", ""]
--- response_body eval
["", "", "nothing\n"]



=== TEST 2: the request of the SDK, whose key goes nowhere
--- http_config eval: ::integration($::origins)
--- request eval
["POST /api\n{\"verification\":{\"vendorData\":\"mallory\"}}", "GET /seen"]
--- more_headers eval
["X-User: alice
Origin: https://app.example.com
Sec-Fetch-Site: cross-site
Sec-Fetch-Mode: cors
Sec-Fetch-Dest: empty
$::sdk", ""]
--- error_code eval
[201, 200]
--- response_headers eval
["Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Credentials: true
Access-Control-Expose-Headers: Retry-After
Access-Control-Allow-Methods:
Vary: Origin
Cache-Control: no-store
Content-Type: application/json", ""]
--- response_body_like eval
[qr/\A\{"status":"success","verification":\{"id":"[\w-]+","url":/,
 qr/^x-auth-client: right\n(?!.*mallory)/ms]
--- no_error_log
[error]



=== TEST 3: other origins are not told anything, and create nothing
--- http_config eval: ::integration($::origins)
--- request eval
["POST /api", "POST /api", "POST /api", "POST /api", "POST /api", "POST /api",
 "POST /api", "GET /seen"]
--- more_headers eval
[(map { "X-User: alice\nOrigin: $_" }
      'https://evil.example.org', 'null', 'http://app.example.com',
      'https://app.example.com:443', 'https://shop.example.net',
      'https://app.example.com.evil.example.org', 'https://APP.example.com'),
 ""]
--- error_code eval
[(403) x 7, 200]
--- response_headers eval
[("Access-Control-Allow-Origin:
Access-Control-Allow-Credentials:
Vary: Origin") x 7, ""]
--- response_body_like eval
[('"status":"fail"') x 7, '\Anothing\n\z']
--- error_log
not created: foreign origin



=== TEST 4: their preflights are no more than OPTIONS
--- http_config eval: ::integration($::origins)
--- request eval
["OPTIONS /api", "OPTIONS /api", "OPTIONS /api", "OPTIONS /api"]
--- more_headers eval
["Origin: https://evil.example.org\n$::preflight", "Origin: null\n$::preflight",
 $::preflight, "Origin: https://app.example.com"]
--- error_code eval
[405, 405, 405, 405]
--- response_headers eval
[("Access-Control-Allow-Origin:
Access-Control-Allow-Methods:") x 3,
 "Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Methods:"]



=== TEST 5: without the setting there is no CORS
--- request eval
["OPTIONS /api", "POST /api"]
--- more_headers eval
["Origin: https://app.example.com\n$::preflight",
 "X-User: alice\nOrigin: https://app.example.com"]
--- error_code eval
[405, 403]
--- response_headers eval
[("Access-Control-Allow-Origin:
Vary:") x 2]



=== TEST 6: the site itself needs none of it
--- http_config eval: ::integration($::origins)
--- request
POST /api
--- more_headers
X-User: alice
Host: www.example.com
Origin: https://www.example.com
--- error_code: 201
--- response_headers
Access-Control-Allow-Origin:
Vary: Origin



=== TEST 7: errors can be read: no user, the provider's, the wrong method
--- http_config eval: ::integration($::origins)
--- init
main::fault(status => 503);
--- request eval
["POST /api", "POST /api", "PUT /api"]
--- more_headers eval
["Origin: https://app.example.com",
 "Origin: https://app.example.com\nX-User: alice",
 "Origin: https://app.example.com\nX-User: alice"]
--- error_code eval
[401, 503, 405]
--- response_headers eval
["Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Credentials: true",
"Access-Control-Allow-Origin: https://app.example.com
Access-Control-Expose-Headers: Retry-After
Retry-After: 30",
"Access-Control-Allow-Origin: https://app.example.com"]
--- response_body_like eval
[('"status":"fail","code":"\d+","message":') x 3]



=== TEST 8: auth_basic neither stops a preflight nor hides its own error
--- http_config eval: ::integration("user \$remote_user;\n$::origins")
--- config eval
"auth_basic app;
auth_basic_user_file \$TEST_NGINX_KEYS/htpasswd;
" . ::api() . ::sessions()
--- request eval
["OPTIONS /api", "POST /api", "POST /api", "OPTIONS /api"]
--- more_headers eval
["Origin: https://app.example.com\n$::preflight",
 "Origin: https://app.example.com",
 "Origin: https://app.example.com\n$::alice",
 "Origin: https://evil.example.org\n$::preflight"]
--- error_code eval
[204, 401, 201, 401]
--- response_headers eval
["Access-Control-Allow-Origin: https://app.example.com",
"Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Credentials: true",
"Access-Control-Allow-Origin: https://app.example.com",
"Access-Control-Allow-Origin:"]



=== TEST 9: json and auto, too, but never a redirect
--- http_config eval: ::integration($::origins)
--- request eval
["OPTIONS /json", "POST /json", "OPTIONS /start", "POST /start",
 "OPTIONS /redirect", "POST /redirect", "POST /start"]
--- more_headers eval
["Origin: https://app.example.com\n$::preflight",
 "Origin: https://app.example.com\nX-User: a",
 "Origin: https://app.example.com\n$::preflight",
 "Origin: https://app.example.com\nX-User: a",
 "Origin: https://app.example.com\n$::preflight",
 "Origin: https://app.example.com\nX-User: a",
 "Origin: https://app.example.com\nX-User: a\nAccept: text/html"]
--- error_code eval
[204, 200, 204, 200, 405, 403, 403]
--- response_headers eval
[("Access-Control-Allow-Origin: https://app.example.com") x 4,
 ("Access-Control-Allow-Origin:") x 2, ""]



=== TEST 10: an error page in a location of the kind says it once
--- http_config eval: ::integration($::origins)
--- config eval
::api() . "location = /start {
    error_page 401 /api;
    veriff_session kyc format=json;
}
location = /api { veriff_session kyc format=api; }"
--- raw_request eval
"POST /start HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.com\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
--- error_code: 401
--- raw_response_headers_unlike: (?s)Access-Control-Allow-Origin:.*Access-Control-Allow-Origin:
--- response_body_like: "status":"fail"



=== TEST 11: a prefetch and HEAD of the origin create nothing
--- http_config eval: ::integration($::origins)
--- request eval
["HEAD /api", "GET /api", "GET /seen"]
--- more_headers eval
["Origin: https://app.example.com\nX-User: a",
 "Origin: https://app.example.com\nX-User: a\nSec-Purpose: prefetch", ""]
--- error_code eval
[403, 403, 200]
--- response_body_like eval
["", "fail", '\Anothing\n\z']



=== TEST 12: a preflight with a body leaves the connection as it should be
--- http_config eval: ::integration($::origins)
--- raw_request eval
"OPTIONS /api HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: POST\r\nContent-Length: 5\r\n\r\nhello"
. "OPTIONS /api HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: POST\r\nConnection: close\r\n\r\n"
--- error_code: 204
--- raw_response_headers_like: (?s)\AHTTP/1\.1 204
--- response_body_like: \AHTTP/1\.1 204 No Content\r\n



=== TEST 13: an origin of two is none
--- http_config eval: ::integration($::origins)
--- request eval
["POST /api", "GET /seen"]
--- more_headers eval
["X-User: alice
Origin: https://app.example.com
Origin: https://evil.example.org", ""]
--- error_code eval
[403, 200]
--- response_headers eval
["Access-Control-Allow-Origin:", ""]
--- response_body_like eval
['"status":"fail"', '\Anothing\n\z']
--- error_log
not created: repeated origin



=== TEST 14: over HTTP/2
--- http2
--- http_config eval: ::integration($::origins)
--- request eval
["OPTIONS /api", "POST /api\n{}", "POST /api"]
--- more_headers eval
["Origin: https://app.example.com\n$::preflight",
 "Origin: https://app.example.com\nX-User: alice",
 "Origin: https://evil.example.org\nX-User: alice"]
--- error_code eval
[204, 201, 403]
--- response_headers eval
["Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Methods: GET, POST",
"Access-Control-Allow-Origin: https://app.example.com
Access-Control-Allow-Credentials: true",
"Access-Control-Allow-Origin:"]
