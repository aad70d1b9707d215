# What can go wrong between here and the provider, and what is said of it.

use lib 't/lib';
use VeriffTest;
use VeriffSession;

sub each_one { my ($n, $what) = @_; return [($what) x $n] }

start_sandbox();
run_tests();

__DATA__

=== TEST 1: the provider's refusals: ours, or its own trouble
--- init
main::fault(status => $_, code => '1234') for 400, 401, 403, 404, 409, 429,
                                             500, 502, 503, 504;
--- request eval
main::each_one(10, "GET /json")
--- more_headers
X-User: alice
--- error_code eval
[502, 502, 502, 502, 502, 503, 503, 503, 503, 503]
--- response_headers eval
[("Retry-After: ") x 5, "Retry-After: 60", ("Retry-After: 30") x 4]



=== TEST 2: a code that is known
--- init
main::fault(status => 401, code => '1802', message => 'secret-message-canary');
--- request
    GET /json
--- more_headers
X-User: alice
--- error_code: 502
--- response_body eval
'{"type":"about:blank","title":"Bad Gateway","status":502,"detail":'
. '"The verification service gave an answer that cannot be used."}' . "\r\n"
--- response_headers
Content-Type: application/problem+json
Cache-Control: no-store
--- error_log
veriff session "kyc": the provider gave an error, status 401, code 1802
--- no_error_log
secret-message-canary



=== TEST 3: codes that are none
--- init
main::fault(status => 400, body => $_)
    for '{"status":"fail","code":"12\n34"}', '{"code":123456789}',
        '{"code":-1}', '{"code":"123456789"}', '{"code":["1802"]}', 'x', '';
--- request eval
main::each_one(7, "GET /json")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(7, 502)
--- error_log
veriff session "kyc": the provider gave an error, status 400, code -



=== TEST 4: a code that is a number
--- init
main::fault(status => 400, body => '{"status":400,"code":1306,"message":"x"}');
--- request
    GET /json
--- more_headers
X-User: alice
--- error_code: 502
--- error_log
veriff session "kyc": the provider gave an error, status 400, code 1306



=== TEST 5: an unsigned refusal, as for an unknown key
--- init
main::fault(status => 401, code => '1802', signature => 'none');
--- request
    GET /json
--- more_headers
X-User: alice
--- error_code: 502
--- error_log
veriff session "kyc": the provider gave an error, status 401, code 1802



=== TEST 6: Retry-After within bounds
--- init
main::fault(status => 429, retry_after => $_)
    for 1, 3600, 3601, '999999999999999999999', '-5', '0', 'soon',
        'Wed, 21 Oct 2037 07:28:00 GMT', '10, 20';
--- request eval
main::each_one(9, "GET /json")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(9, 503)
--- response_headers eval
["Retry-After: 1", "Retry-After: 3600", "Retry-After: 3600",
 ("Retry-After: 30") x 6]



=== TEST 7: shapes
--- init
main::fault(status => 503, count => 4);
--- request eval
["GET /start", "GET /start", "GET /api", "GET /redirect"]
--- more_headers eval
["X-User: a\nAccept: text/html", "X-User: a", "X-User: a\nAccept: text/html",
 "X-User: a\nAccept: text/html"]
--- error_code eval
main::each_one(4, 503)
--- response_headers eval
["Content-Type: text/html; charset=utf-8\r\nRetry-After: 30\r\nX-Content-Type-Options: nosniff",
 "Content-Type: application/problem+json\r\nRetry-After: 30",
 "Content-Type: application/json\r\nRetry-After: 30",
 "Content-Type: text/html; charset=utf-8\r\nRetry-After: 30"]
--- response_body_like eval
['\A<!DOCTYPE html>.*<h1>Service Unavailable</h1><p>The verification service is not available right now\. Please try again in a moment\.</p>',
 '\A\{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"The verification',
 '\A\{"status":"fail","code":"1101","message":"The verification service',
 '\A<!DOCTYPE html>']



=== TEST 8: answers that are cut
--- init
main::fault(cut => $_) for qw(before header body);
--- request eval
[(("GET /json") x 3), "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[503, 503, 503, 200]
--- response_body_like eval
[('"status":503') x 3, '\A(?:POST [^\0]*?\n\n[^\n]*\n){3}\z']
--- error_log
veriff session "kyc": the provider gave no complete answer



=== TEST 9: a late answer is not asked for again
--- config eval
main::api('proxy_read_timeout 300ms;') . main::sessions()
--- init
main::fault(delay => 2);
--- request eval
["GET /json", "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[503, 200]
--- response_body_like eval
['"status":503', '\A(?:POST [^\0]*?\n\n[^\n]*\n){1}\z']
--- error_log
veriff session "kyc": the provider gave no complete answer



=== TEST 10: no one listens
--- config eval
(main::api() =~ s/\$TEST_NGINX_SANDBOX_HTTP_PORT/1/r) . main::sessions()
--- request
    GET /json
--- more_headers
X-User: alice
--- error_code: 503
--- response_headers
Retry-After: 30
--- error_log
connect() failed
veriff session "kyc": the provider gave no complete answer



=== TEST 11: the name cannot be resolved
--- config eval
(main::api('resolver 127.0.0.1:1; resolver_timeout 300ms;')
     =~ s/internal;/internal; set \$h provider.invalid;/r
     =~ s/proxy_pass .*/proxy_pass http:\/\/\$h;/r) . main::sessions()
--- request
    GET /json
--- more_headers
X-User: alice
--- error_code: 503
--- error_log
veriff session "kyc": the provider gave no complete answer
--- timeout: 5



=== TEST 12: an error page of the location
--- config eval
main::api() . main::sessions() . '
location = /own { veriff_session kyc; error_page 401 503 /own.html; }
location = /own.html { internal; return 200 "my own page\n"; }'
--- init
main::fault(status => 503, retry_after => 7);
main::fault(status => 400);
--- request eval
["GET /own", "GET /own", "GET /own"]
--- more_headers eval
["X-User: a\nAccept: text/html", "Accept: text/html", "X-User: a"]
--- error_code eval
[503, 401, 502]
--- response_body_like eval
["my own page", "my own page", '"status":502']
--- response_headers eval
["Retry-After: 7", "Retry-After: ", "Retry-After: "]



=== TEST 13: an error page by a name
--- config eval
main::api() . main::sessions() . '
location = /own { veriff_session kyc; error_page 503 @own; }
location @own { return 503 "my own page, $veriff_session_id\n"; }'
--- init
main::fault(status => 503);
--- request
    GET /own
--- more_headers
X-User: a
--- error_code: 503
--- response_body
my own page, 



=== TEST 14: no such location
--- config eval
main::sessions()
--- request
    GET /json
--- more_headers
X-User: a
--- error_code: 500
--- response_body_like: "detail":"The verification service is not set up here\."
--- error_log
veriff session "kyc": no location with "veriff_sign kyc" answers to "/veriff-api/v1/sessions" in this server



=== TEST 15: a location that does not sign
--- config eval
(main::api() =~ s/veriff_sign .*//r) . main::sessions()
--- request
    GET /json
--- more_headers
X-User: a
--- error_code: 500
--- error_log
veriff session "kyc": no location with "veriff_sign kyc" answers to "/veriff-api/v1/sessions" in this server



=== TEST 16: one that signs for another
--- http_config eval
my $two = (main::integration() =~ s/veriff_key_file.*\n//r)
           =~ s/kyc/other/r =~ s/\}\s*\z/api_uri \/other-api; }/r;
main::integration() . $two
--- config eval
main::api('', 'other') . main::sessions()
--- request eval
["GET /json", "GET /seen"]
--- more_headers
X-User: a
--- error_code eval
[500, 200]
--- response_body_like eval
['"status":500', '\Anothing\n\z']
--- error_log
veriff session "kyc": no location with "veriff_sign kyc" answers to "/veriff-api/v1/sessions" in this server



=== TEST 17: a limit in the signed location
--- http_config eval
main::integration() . 'limit_req_zone all zone=all:32k rate=1r/m;'
--- config eval
main::api('limit_req zone=all;') . main::sessions()
--- pipelined_requests eval
["GET /json", "GET /json", "GET /seen"]
--- more_headers
X-User: a
--- error_code eval
[200, 503, 200]
--- response_headers eval
["Retry-After: ", "Retry-After: 30", "Retry-After: "]
--- response_body_like eval
['"sessionUrl"', '"status":503', '\A(?:POST [^\0]*?\n\n[^\n]*\n){1}\z']
--- error_log
veriff session "kyc": the location of "/veriff-api/v1/sessions" gave status 503 itself, the provider was not asked



=== TEST 18: a location that returns
--- config eval
(main::api() =~ s/rewrite .*/return 404;/r) . main::sessions()
--- request
    GET /json
--- more_headers
X-User: a
--- error_code: 500
--- error_log
veriff session "kyc": the location of "/veriff-api/v1/sessions" gave status 404 itself, the provider was not asked



=== TEST 19: a path that is not the API's
--- config eval
(main::api() =~ s/rewrite .*//r) . main::sessions()
--- request
    GET /json
--- more_headers
X-User: a
--- error_code: 500
--- error_log
veriff session "kyc": the location of "/veriff-api/v1/sessions" gave status 400 itself, the provider was not asked: its "rewrite" must leave "/v1/sessions"



=== TEST 20: the connection survives errors
--- init
main::fault(cut => 'body');
main::fault(signature => 'wrong');
main::fault(oversized => 1_000_000);
--- pipelined_requests eval
["GET /json", "POST /json\nbody", "GET /json", "GET /json"]
--- more_headers
X-User: a
--- error_code eval
[503, 502, 502, 200]



=== TEST 21: none in the place of an answer in the provider's shape
--- config eval
main::api() . main::sessions() . '
error_page 401 403 405 502 503 =200 /own.html;
location = /own { veriff_session kyc format=api; }
location = /own.html { internal; return 200 "my own page\n"; }'
--- init
main::fault(status => 503);
main::fault(status => 400);
--- request eval
["GET /own", "GET /own", "GET /own", "HEAD /own", "PUT /own"]
--- more_headers eval
["X-User: a", "X-User: a", "", "X-User: a", "X-User: a"]
--- error_code eval
[503, 502, 401, 403, 405]
--- response_body_like eval
[('\A\{"status":"fail",') x 3, '\A\z', '\A\{"status":"fail",']



=== TEST 22: an error is told once
--- init
main::fault(status => 400);
--- request
    GET /json
--- more_headers
X-User: alice
--- error_code: 502
--- grep_error_log: veriff session "kyc": the provider gave
--- grep_error_log_out
veriff session "kyc": the provider gave



=== TEST 23: so is an answer that is cut
--- init
main::fault(cut => 'body');
--- request
    GET /json
--- more_headers
X-User: alice
--- error_code: 503
--- grep_error_log: veriff session "kyc": the provider gave
--- grep_error_log_out
veriff session "kyc": the provider gave
