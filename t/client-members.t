# client_members: what the client's own JSON may add to the payload.

use lib 't/lib';
use VeriffTest;
use VeriffSession;

use POSIX ();

our $members = 'client_members person.firstName person.lastName'
               . ' person.idNumber person.dateOfBirth person.isDeceased'
               . ' document features consents proofOfAddress timestamp;';

# the provider refuses an old one
our $now = POSIX::strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime);

# as the provider's JavaScript SDK has it
our $sdk = '{"verification":{"features":["selfid"],"person":{"firstName":'
           . '"Jo\u00e3o","lastName":"Silva"},'
           . "\"timestamp\":\"$now\"}}";

sub body { "POST /api\n$_[0]" }
sub verification { body("{\"verification\":{$_[0]}}") }
sub person { verification("\"person\":{$_[0]}") }

my $start = '"vendorData":"alice","callback":"https://a.example/"';

# what the provider gets, of all that arrived the last
sub sent { qr/\n\n\Q{"verification":{$start$_[0]}}\E\n\z/ }

sub template {
    my ($more) = @_;

    $more //= '';

    return integration('payload \'{"verification":{"vendorData":"$http_x_user"'
                       . ",\"callback\":\"https://a.example/\"$more}}'; "
                       . $members);
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(more_headers => 'X-User: alice')
        if !defined $block->more_headers;
});

# what clients say of themselves is in no log
canary($_) for qw(SECRET1 31.12.1990 mallory);

start_sandbox();
run_tests();

__DATA__

=== TEST 1: what the SDK sends
--- http_config eval: ::template()
--- request eval
[::body($::sdk), "GET /seen"]
--- error_code eval
[201, 200]
--- response_body_like eval
['"status":"success"', ::sent(qq{,"person":{"firstName":"Jo\xc3\xa3o","lastName":"Silva"},"features":["selfid"],"timestamp":"$::now"})]



=== TEST 2: nothing of it without the setting, whatever it is
--- http_config eval
::integration('payload \'{"verification":{"vendorData":"$http_x_user","callback":"https://a.example/"}}\';')
--- request eval
[::body($::sdk), ::body('no JSON'), "GET /seen"]
--- error_code eval
[201, 201, 200]
--- response_body_like eval
['"success"', '"success"', ::sent('')]



=== TEST 3: who the user is, where it leads and all else is not the client's
--- http_config eval: ::template()
--- request eval
[::body('{"vendorData":"mallory","verification":{"vendorData":"mallory",
          "endUserId":"c1de400b-1877-4284-8494-071d37916197",
          "callback":"https://evil.example.org/","lang":"et","foo":"bar",
          "person":{"email":"m@evil.example.org","vendorData":"mallory"},
          "document":{"vendorData":"mallory","foo":{"bar":1}}}}'), "GET /seen"]
--- error_code eval
[201, 200]
--- response_body_like eval
['"success"', ::sent('')]



=== TEST 4: what the server says counts; where it says nothing, the client may
--- http_config eval
::template(',"person":{"firstName":"$http_x_first","idNumber":"$http_x_none"},"consents":[{"type":"ine","approved":true}],"document":{"country":"EE"}')
--- more_headers
X-User: alice
X-First: Anna
--- request eval
[::verification('"person":{"firstName":"Eve","lastName":"L","idNumber":"7"},"consents":[{"type":"bipa","approved":false},{"type":"ine"}],"document":{"country":"DE","type":"PASSPORT"}'),
 "GET /seen"]
--- error_code eval
[201, 200]
--- response_body_like eval
['"success"', ::sent(',"person":{"firstName":"Anna","lastName":"L","idNumber":"7"},"consents":[{"type":"ine","approved":true}],"document":{"country":"EE","type":"PASSPORT"}')]



=== TEST 5: one client's members are not the next one's
--- http_config eval: ::template(',"document":{"country":"EE"}')
--- request eval
[::verification('"document":{"number":"SECRET1"},"person":{"lastName":"L"}'),
 "POST /api", "GET /api", "GET /seen"]
--- error_code eval
[201, 201, 201, 200]
--- response_body_like eval
['"success"', '"success"', '"success"',
 qr/SECRET1.*\n\n\Q{"verification":{"vendorData":"alice","callback":"https:\/\/a.example\/","document":{"country":"EE"}}}\E\nPOST.*\n\n\Q{"verification":{"vendorData":"alice","callback":"https:\/\/a.example\/","document":{"country":"EE"}}}\E\n\z/s]



=== TEST 6: null and empty members are left out
--- http_config eval: ::template()
--- request eval
[::verification('"person":{"firstName":null,"lastName":""},"document":{},"features":[],"consents":[{"type":""}],"timestamp":null'),
 ::body('{}'), ::body('{"verification":null}'), "GET /seen"]
--- error_code eval
[201, 201, 201, 200]
--- response_body_like eval
[('"success"') x 3, ::sent('')]



=== TEST 7: true, false, and lists of objects
--- http_config eval: ::template()
--- request eval
[::verification('"person":{"isDeceased":false},"consents":[{"type":"ine","approved":true,"by":"x"}],"proofOfAddress":{"acceptableTypes":[{"name":"A"},{"name":"B"}]}'),
 "GET /seen"]
--- error_code eval
[201, 200]
--- response_body_like eval
['"success"', ::sent(',"person":{"isDeceased":false},"consents":[{"type":"ine","approved":true}],"proofOfAddress":{"acceptableTypes":[{"name":"A"},{"name":"B"}]}')]



=== TEST 8: what is no JSON, or not of its shape
--- http_config eval: ::template()
--- request eval
[::body('no JSON'), ::body('{"verification":{}'), ::body('[]'), ::body('"x"'),
 ::body('{"verification":{},"verification":{}}'), ::body('{} x'),
 ::body("{\"verification\":{\"person\":{\"firstName\":\"\xff\"}}}"),
 ::body('{"a":"\u0000"}'), "GET /seen"]
--- error_code eval
[(400) x 8, 200]
--- response_body_like eval
[(qr/\A\{"status":"fail","code":"1101","message":"the body is not a JSON object"\}\r\n\z/) x 8,
 '\Anothing\n\z']
--- response_headers eval
["Content-Type: application/json", ("") x 8]
--- error_log
veriff session "kyc" not created: the client's JSON: the body is not a JSON object
--- no_error_log
[error]



=== TEST 9: values that break a rule create nothing
--- http_config eval: ::template()
--- request eval
[::body('{"verification":1}'), ::verification('"person":[]'),
 ::person('"firstName":1'), ::person('"firstName":{"a":1}'),
 ::person('"dateOfBirth":"31.12.1990"'), ::person('"isDeceased":"true"'),
 ::verification('"document":"x"'), ::verification('"document":{"country":"de"}'),
 ::verification('"features":"selfid"'), ::verification('"features":["a",2]'),
 ::verification('"proofOfAddress":{"acceptableTypes":[{"x":1}]}'),
 "GET /seen"]
--- error_code eval
[(400) x 11, 200]
--- response_body_like eval
['verification must be an object"', 'verification\.person must be an object"',
 'verification\.person\.firstName must be a string"',
 'verification\.person\.firstName must not be an object or array"',
 'verification\.person\.dateOfBirth is not a date YYYY-MM-DD"',
 'verification\.person\.isDeceased must be true or false"',
 'verification\.document must be an object"',
 'verification\.document\.country is not a country code of two capital letters"',
 'verification\.features must be an array"',
 'verification\.features\[1\] must be a string"',
 'verification\.proofOfAddress\.acceptableTypes\[0\]\.name is missing"',
 '\Anothing\n\z']
--- no_error_log
[error]



=== TEST 10: depth
--- http_config eval: ::template()
--- request eval
[::body('{"x":' . '[' x 15 . ']' x 15 . '}'),
 ::body('{"x":' . '[' x 16 . ']' x 16 . '}'),
 ::body('{"x":' . '[' x 2100 . ']' x 2100 . '}'),
 ::body('[' x 65000), "GET /seen"]
--- error_code eval
[201, 400, 400, 400, 200]
--- response_body_like eval
['"success"', 'the body is more than 16 levels deep"',
 'the body is not a JSON object"', 'the body is not a JSON object"',
 qr/\A(?!.*POST.*POST)/s]



=== TEST 11: size
--- http_config eval: ::template()
--- request eval
[::body('{"x":"' . 'x' x 65528 . '"}'), ::body('{"x":"' . 'x' x 65529 . '"}'),
 ::person('"firstName":"' . 'x' x 65480 . '"'), "GET /seen"]
--- error_code eval
[201, 413, 413, 200]
--- response_body_like eval
['"success"', 'the body is longer than 65536 bytes"',
 'the payload is longer than 65536 bytes"', qr/\A(?!.*POST.*POST)/s]



=== TEST 12: a body in pieces
--- http_config eval: ::template()
--- raw_request eval
"POST /api HTTP/1.1\r\nHost: localhost\r\nX-User: alice\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
. "a\r\n{\"verifica\r\n1c\r\ntion\":{\"person\":{\"lastName\":\r\n4\r\n5}}}\r\n0\r\n\r\n"
--- error_code: 400
--- response_body_like: "verification\.person\.lastName must be a string"



=== TEST 13: in the shape of the format
--- http_config eval: ::template()
--- request eval
["POST /json\nx", "POST /redirect\nx", "POST /start\nx"]
--- more_headers eval
["X-User: alice", "X-User: alice", "X-User: alice\nAccept: text/html"]
--- error_code eval
[400, 400, 400]
--- response_body_like eval
['"type":"about:blank","title":"Bad Request","status":400,"detail":"the body is not a JSON object"',
 '"status":400', '<title>Bad Request']
--- response_headers eval
["Content-Type: application/problem+json", "Location:", "Content-Type: text/html; charset=utf-8"]



=== TEST 14: only a user's JSON is read
--- http_config eval: ::template()
--- more_headers
--- request eval
["POST /api\nx", "GET /seen"]
--- error_code eval
[401, 200]
--- response_body_like eval
['"status":"fail"', '\Anothing\n\z']



=== TEST 15: a body in a file
--- http_config eval: ::template()
--- config eval
::api() . ::sessions() . 'client_body_in_file_only clean;'
--- request eval
[::person('"lastName":"L"'), "GET /seen"]
--- error_code eval
[201, 200]
--- response_body_like eval
['"success"', ::sent(',"person":{"lastName":"L"}')]



=== TEST 16: an HTML form is no JSON, and a GET has none
--- http_config eval: ::template()
--- request eval
[::body('lastName=L'), "GET /api\nno JSON"]
--- error_code eval
[400, 201]
--- response_body_like eval
['"fail"', '"success"']



=== TEST 17: over HTTP/2
--- http2
--- http_config eval: ::template()
--- request eval
[::person('"lastName":"L"'), ::person('"lastName":1'), "GET /seen"]
--- error_code eval
[201, 400, 200]
--- response_body_like eval
['"success"', 'verification\.person\.lastName must be a string"',
 ::sent(',"person":{"lastName":"L"}')]
