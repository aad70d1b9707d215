# The payload template: what the provider is sent.

use lib 't/lib';
use VeriffTest;
use VeriffSession;

# an integration with this payload
sub payload { integration("payload '$_[0]';") }

start_sandbox();
run_tests();

__DATA__

=== TEST 1: the defaults
--- http_config eval
main::payload('{"verification": {}}')
--- request eval
["GET /json", "GET /seen"]
--- more_headers
X-User: alice
--- response_body_like eval
['"sessionUrl"',
 '\n\n\{"verification":\{"callback":"https://app\.example\.com/done","vendorData":"[\w-]+"\}\}\n\z']



=== TEST 2: variables in strings, and constants beside them
--- http_config eval
main::payload('{"verification": {"vendorData": "$arg_a-$arg_b;${arg_a}x",
    "person": {"firstName": "$arg_a", "lastName": "Muster"},
    "document": {"type": "PASSPORT", "country": "EE"}, "lang": "et"}}')
--- request eval
["GET /json?a=A&b=B", "GET /seen"]
--- more_headers
X-User: alice
--- response_body_like eval
['"sessionUrl"', '\n\n\{"verification":\{"vendorData":"A-B;Ax","person":\{"firstName":"A","lastName":"Muster"\},"document":\{"type":"PASSPORT","country":"EE"\},"lang":"et","callback":"https://app\.example\.com/done"\}\}\n\z']



=== TEST 3: what comes out empty is left out, and what becomes empty by that
--- http_config eval
main::payload('{"verification": {"vendorData": "x$arg_none",
    "person": {"firstName": "$arg_none", "lastName": "$arg_none"},
    "document": {"number": "$arg_none", "country": "$arg_c"},
    "more": [{"type": "ine", "approved": "$arg_none:bool"},
             {"type": "$arg_none"}],
    "features": ["$arg_none"]}}')
--- request eval
["GET /json?c=DE", "GET /seen"]
--- more_headers
X-User: alice
--- response_body_like eval
['"sessionUrl"', '\n\n\{"verification":\{"vendorData":"x","document":\{"country":"DE"\},"more":\[\{"type":"ine"\}\],"callback":"https://app\.example\.com/done"\}\}\n\z']



=== TEST 4: true and false
--- http_config eval
main::payload('{"verification": {"more": [
    {"type": "a", "approved": "$arg_a:bool"},
    {"type": "b", "approved": "${arg_b}:bool"},
    {"type": "c", "approved": "$arg_c:bool"},
    {"type": "d", "approved": "$arg_d:bool"}]}}')
--- request eval
["GET /json?a=true&b=1&c=false&d=0", "GET /seen"]
--- more_headers
X-User: alice
--- response_body_like eval
['"state"', '"more":\[\{"type":"a","approved":true\},\{"type":"b","approved":true\},\{"type":"c","approved":false\},\{"type":"d","approved":false\}\]']



=== TEST 5: numbers
--- http_config eval
main::payload('{"verification": {"more": ["$arg_a:number", "$arg_b:number",
    "$arg_c:number", "$arg_d:number", 5, 1.5, true, null, ["$arg_a"]]}}')
--- request eval
["GET /json?a=0&b=-12&c=1.25&d=1e3", "GET /seen"]
--- more_headers
X-User: alice
--- response_body_like eval
['"state"', '"more":\[0,-12,1\.25,1000\.0,5,1\.5,true,null,\["0"\]\]']



=== TEST 6: values that are neither
--- http_config eval
main::payload('{"verification": {"consents":
    [{"type": "ine", "approved": "$arg_b:bool"}], "n": "$arg_n:number"}}')
--- request eval
["GET /json?b=yes", "GET /json?b=TRUE", "GET /json?b=2", "GET /json?n=1x",
 "GET /json?n=true", "GET /json?n=0x10", "GET /json?n=1,2", "GET /json?n=01",
 "GET /seen"]
--- more_headers
X-User: alice
--- error_code eval
[500, 500, 500, 500, 500, 500, 500, 500, 200]
--- response_body_like eval
[('"detail":"Your details cannot be sent') x 8, '\Anothing\n\z']
--- error_log
veriff session "kyc" not created: verification.consents[0].approved is not true or false



=== TEST 7: a number that is none
--- http_config eval
main::payload('{"verification": {"n": "$arg_n:number"}}')
--- request
    GET /json?n=canary
--- more_headers
X-User: alice
--- error_code: 500
--- error_log
veriff session "kyc" not created: verification.n is not a number
--- no_error_log
: canary



=== TEST 8: UTF-8
--- http_config eval
main::payload('{"verification": {"person": {"firstName": "$http_x_name"}}}')
--- request eval
["GET /json", "GET /seen"]
--- more_headers eval
["X-User: alice\nX-Name: Jo\xc3\xa3o \xf0\x9f\x98\x80", ""]
--- response_body_like eval
['"state"', "\"firstName\":\"Jo\xc3\xa3o \xf0\x9f\x98\x80\""]



=== TEST 9: quotes, backslashes and control characters
--- http_config eval
main::payload('{"verification": {"person": {"firstName": "$http_x_name",
    "lastName": "$more"}}}') . q~geo $more { default "a
b	c\\\\d\"}},{"; }~
--- request eval
["GET /json", "GET /seen"]
--- more_headers eval
["X-User: alice\nX-Name: \"},\"vendorData\":\"bob\\\t\x01\x7f</script>", ""]
--- response_body_like eval
['"state"', '"firstName":"\\\\"\},\\\\"vendorData\\\\":\\\\"bob\\\\\\\\\\\\t\\\\u0001\x7f</script>","lastName":"a\\\\nb\\\\tc\\\\\\\\d\\\\"\}\},\{"\}']



=== TEST 10: bytes that are no UTF-8
--- http_config eval
main::payload('{"verification": {"person": {"firstName": "$http_x_name"}}}')
--- request eval
[(("GET /json") x 6), "GET /seen"]
--- more_headers eval
["X-User: a\nX-Name: Jo\xe3o", "X-User: a\nX-Name: \xc0\xaf",
 "X-User: a\nX-Name: \xed\xa0\x80", "X-User: a\nX-Name: \xf4\x90\x80\x80",
 "X-User: a\nX-Name: a\xc3", "X-User: a\nX-Name: \x80", ""]
--- error_code eval
[500, 500, 500, 500, 500, 500, 200]
--- response_body_like eval
[('"status":500') x 6, '\Anothing\n\z']
--- error_log
veriff session "kyc" not created: verification.person.firstName is not valid UTF-8
--- no_error_log eval
qr/\[error\].*Jo\xe3o/



=== TEST 11: values that break the provider's rules
--- http_config eval
main::payload('{"verification": {"vendorData": "$http_x_data", "person":
    {"dateOfBirth": "$arg_birth"}, "document": {"country": "$arg_country",
    "number": "$arg_number"}, "endUserId": "$arg_id"}}')
--- request eval
["GET /json?birth=1990-02-30", "GET /json?birth=90-01-01",
 "GET /json?country=de", "GET /json?country=DEU", "GET /json?number=A-1",
 "GET /json?id=alice", "GET /json?id=3A1F0A4E-6F0E-4B5A-9A43-2F7D6A0F8C11",
 "GET /json", "GET /seen"]
--- more_headers eval
[("X-User: a") x 7, "X-User: a\nX-Data: " . "\xc3\xa3" x 1001, ""]
--- error_code eval
[500, 500, 500, 500, 500, 500, 500, 500, 200]
--- response_body_like eval
[('"status":500') x 8, '\Anothing\n\z']
--- error_log
veriff session "kyc" not created: verification.person.dateOfBirth is not a date YYYY-MM-DD
--- no_error_log eval
qr/not created: [^,]*1990/



=== TEST 12: 1000 characters of vendorData, of more bytes than that
--- http_config eval
main::payload('{"verification": {"vendorData": "$http_x_data"}}')
--- request
    GET /json
--- more_headers eval
"X-User: a\nX-Data: " . "\xc3\xa3" x 1000
--- response_body_like: "sessionUrl"



=== TEST 13: a callback with variables
--- http_config eval
main::integration(q(payload '{"verification":
    {"callback": "https://$arg_host/back"}}';) . "\n")
--- request eval
["GET /json?host=app.example.com", "GET /json?host=a%20b",
 "GET /json?host=user\@app.example.com", "GET /json?host=", "GET /seen"]
--- more_headers
X-User: a
--- error_code eval
[200, 500, 500, 500, 200]
--- response_body_like eval
['"sessionUrl"', '"status":500', '"status":500', '"status":500',
 '"callback":"https://app\.example\.com/back"[^\n]*\n\z']



=== TEST 14: from a file
--- http_config eval
main::integration('payload_file ../html/payload.json;')
--- user_files
>>> payload.json
{"verification": {"vendorData": "from-$arg_a"}}
--- request eval
["GET /json?a=file", "GET /seen"]
--- more_headers
X-User: a
--- response_body_like eval
['"sessionUrl"', '"vendorData":"from-file"']



=== TEST 15: a body that grows too long
--- http_config eval
main::payload('{"verification": {"a": "$http_x_a$http_x_a", "b": "$http_x_a",
    "c": "$http_x_a", "d": "$http_x_a", "e": "$http_x_a", "f": "$http_x_a",
    "g": "$http_x_a", "h": "$http_x_a", "i": "$http_x_a", "j": "$http_x_a"}}')
--- request
    GET /json
--- more_headers eval
"X-User: a\nX-A: " . "a" x 7000
--- error_code: 500
--- error_log
veriff session "kyc" not created: payload is longer than 65536 bytes



=== TEST 16: the user's token and UUID inside of text
--- http_config eval
main::payload('{"verification": {"vendorData": "t:$veriff_user_token",
    "endUserId": "$veriff_user_uuid"}}')
--- request eval
["GET /json", "GET /seen"]
--- more_headers
X-User: a
--- response_body_like eval
['"sessionUrl"', '"vendorData":"t:[\w-]{20,}","endUserId":"[0-9a-f-]{36}"']
