# Variables with what a request's JSON body says.

use lib 't/lib';
use VeriffTest;
use VeriffSession;

# An app that says what it was told. The user of /json is in the body.
our $vars = '
veriff_json_var $id /onboardingId;
veriff_json_var $deep /a~1b/0/c;
veriff_json_var $flag /flag;
veriff_json_var $number /number;
';

our $app = '
location /told {
    proxy_set_header X-Told "<$id|$deep|$flag|$number>";
    proxy_pass http://127.0.0.1:$server_port/app;
}
location /app { return 200 "$http_x_told\n"; }
';

our $by_id = main::integration('user "reg:$id" trusted;
    payload \'{"verification": {"person": {"firstName": "$deep"}}}\';');

start_sandbox();
run_tests();

__DATA__

=== TEST 1: strings, numbers and booleans
--- http_config eval
$main::vars
--- config eval
$main::app
--- request
POST /told
{"onboardingId": "on-1", "a/b": [{"c": "x y"}], "flag": true, "number": -12}
--- response_body
<on-1|x y|true|-12>



=== TEST 2: null, objects, arrays and what is missing are empty
--- http_config eval
$main::vars
--- config eval
$main::app
--- request
POST /told
{"onboardingId": null, "a/b": [{"c": []}], "flag": {"a": 1}}
--- response_body
<|||>



=== TEST 3: a control character is nothing that a header may have
--- http_config eval
$main::vars
--- config eval
$main::app
--- request
POST /told
{"onboardingId": "a\r\nX-Told: b", "a/b": [{"c": "\u007f"}], "flag": false, "number": 1.5}
--- response_body
<||false|1.5>



=== TEST 4: no body, no JSON, duplicate keys, more behind it, too deep
--- http_config eval
$main::vars
--- config eval
$main::app
--- request eval
["GET /told", "POST /told\nonboardingId=on-1",
 'POST /told' . "\n" . '{"onboardingId": "a", "onboardingId": "b"}',
 'POST /told' . "\n" . '{"onboardingId": "a"} {}',
 'POST /told' . "\n" . '{"onboardingId": "a", "number": ' . '[' x 3000 . ']' x 3000 . '}']
--- response_body eval
["<|||>\n", "<|||>\n", "<|||>\n", "<|||>\n", "<|||>\n"]



=== TEST 5: a body in a file
--- http_config eval
$main::vars
--- config eval
'client_body_buffer_size 1k;' . $main::app
--- request eval
'POST /told' . "\n" . '{"pad": "' . 'x' x 40000 . '", "onboardingId": "on-2"}'
--- response_body
<on-2|||>



=== TEST 6: a body in chunks
--- http_config eval
$main::vars
--- config eval
$main::app
--- raw_request eval
"POST /told HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" .
"Transfer-Encoding: chunked\r\n\r\n" .
"a\r\n{\"onboardi\r\n" . "d\r\nngId\":\"on-3\"}\r\n0\r\n\r\n"
--- response_body
<on-3|||>



=== TEST 7: more than 64 KB
--- http_config eval
$main::vars
--- config eval
$main::app
--- request eval
'POST /told' . "\n" . '{"pad": "' . 'x' x 65536 . '", "onboardingId": "on-2"}'
--- response_body
<|||>
--- grep_error_log: veriff json: the body is larger than 65536 bytes
--- grep_error_log_out
veriff json: the body is larger than 65536 bytes



=== TEST 8: what was empty before the body was read is not kept
--- http_config eval
$main::vars
--- config eval
'if ($id = "on-4") { return 418; }' . $main::app
--- request
POST /told
{"onboardingId": "on-4"}
--- response_body
<on-4|||>



=== TEST 9: the user and the payload of a session
--- http_config eval
$main::vars . $main::by_id
--- request eval
['POST /json' . "\n" . '{"onboardingId": "on-5", "a/b": [{"c": "Ann \"x"}]}', "GET /seen"]
--- response_body_like eval
['^\{"state":"UNVERIFIED"', '"firstName":"Ann \\\\"x"']



=== TEST 10: the same id is the same user, another one is another
--- http_config eval
$main::vars . main::integration('user $id trusted;')
--- request eval
['POST /json' . "\n" . '{"onboardingId": "on-5"}',
 'POST /json' . "\n" . '{"x": 1, "onboardingId": "on-5"}',
 'POST /json' . "\n" . '{"onboardingId": "on-6"}', "GET /seen"]
--- response_body_like eval
['"sessionUrl":"http', '"sessionUrl":"http', '"sessionUrl":"http',
 '(?s)"vendorData":"([^"]+)".*"vendorData":"\1".*"vendorData":"(?!\1)']



=== TEST 11: nobody without the body that says so
--- http_config eval
$main::vars . $main::by_id
--- request eval
["GET /json", 'POST /json' . "\n" . '{"onboardingId": ""}',
 'POST /json' . "\n" . '{"onboardingId": {"a": "b"}}', "POST /json\nx", "GET /seen"]
--- error_code eval
[401, 401, 401, 401, 200]
--- response_body_like eval
["log in", "log in", "log in", "log in", '\Anothing\n\z']



=== TEST 12: who is known without a body need not send it first
--- http_config eval
$main::vars . main::integration('user $http_x_user trusted;')
--- config eval
'lingering_time 1s; lingering_timeout 1s;' . main::api() . main::sessions()
--- raw_request eval
"POST /json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" .
"Content-Length: 100\r\n\r\n"
--- error_code: 401
--- response_body_like: log in



=== TEST 13: what is no JSON is said once, and nothing of it
--- http_config eval
$main::vars
--- config eval
$main::app
--- request eval
"POST /told\n" . VeriffTest::canary('onboardingId=canary-5a3f9c')
--- response_body
<|||>
--- grep_error_log: veriff json: the body is no JSON object or array, its variables are empty
--- grep_error_log_out
veriff json: the body is no JSON object or array, its variables are empty



=== TEST 14: a user in the body that is none: the client's fault
--- http_config eval
$main::vars . $main::by_id
--- request eval
[(map { 'POST /json' . "\n" . '{"onboardingId": "' . $_ . '"}' }
      'x' x 509, 'x' x 600, 'on-7 '), "GET /seen"]
--- error_code eval
[400, 400, 400, 200]
--- response_body_like eval
['"detail":"the user is longer than 512 bytes"',
 '"detail":"the user is longer than 512 bytes"',
 '"detail":"the user holds control characters, or begins or ends with a space"',
 '\Anothing\n\z']
--- error_log
[info]
--- no_error_log
[error]
