# payload and payload_file: what is checked when the configuration is read.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

key_file('large', '{}' . ' ' x 65535);
key_file('small', '{"verification":{}}');

run_tests();

__DATA__

=== TEST 1: every member with good values
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload_file  ../html/payload.json;
}
>>> payload.json
{
    "verification": {
        "callback": "https://app.example.com/",
        "person": {
            "firstName": "$arg_first", "lastName": "O'Neil",
            "idNumber": "123", "phoneNumber": "+1", "email": "",
            "gender": "F", "dateOfBirth": "2000-02-29",
            "maritalStatus": "single", "isDeceased": "$arg_d:bool",
            "occupation": "nurse"
        },
        "document": {
            "number": "AB12", "country": "EE", "type": "PASSPORT",
            "firstIssue": "2020-01-31", "idCardType": "CE",
            "documentNumberIdentifiers": { "mxIne": "1", "mxIfe": "2" }
        },
        "address": { "fullAddress": "Street 1" },
        "proofOfAddress": { "acceptableTypes": [ { "name": "X" } ] },
        "vendorData": "$veriff_user_token",
        "endUserId": "$veriff_user_uuid",
        "consents": [ { "type": "ine", "approved": "$arg_c:bool" } ],
        "lang": "et", "features": [ "selfid" ], "timestamp": "$time_iso8601"
    }
}
--- no_error_log
[warn]



=== TEST 2: payload that is not JSON
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":
      { "person": }
    }';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": invalid JSON in payload: unexpected token near \'}\' in line 2, column 19',
        'http.conf:3')



=== TEST 3: payload_file that is not JSON
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload_file  ../html/p.json;
}
>>> p.json
{
  "verification": {
    "lang": "et",
  }
}
--- must_die
--- error_log eval
::emerg('*/p.json of veriff_integration "kyc": invalid JSON in payload: string or \'}\' expected near \'}\' in line 4, column 3',
        'http.conf:3')



=== TEST 4: an empty payload
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": invalid JSON in payload: \'[\' or \'{\' expected near end of file in line 1, column 0',
        'http.conf:3')



=== TEST 5: no such payload_file
--- user_files
>>> http.conf
veriff_integration kyc {
    payload_file  missing;
}
--- must_die
--- error_log eval
::emerg('open() "*/conf/missing" failed (2: No such file or directory)',
        'http.conf:2')



=== TEST 6: payload_file that is a directory
--- user_files
>>> http.conf
veriff_integration kyc {
    payload_file  .;
}
--- must_die
--- error_log eval
::emerg('"*/conf/." is not a regular file', 'http.conf:2')



=== TEST 7: payload_file that is too large
--- user_files
>>> http.conf
veriff_integration kyc {
    payload_file  $TEST_NGINX_KEYS/large;
}
--- must_die
--- error_log eval
::emerg('"*/large" has 65537 bytes, the maximum is 65536', 'http.conf:2')



=== TEST 8: payload and payload_file
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload  '{}';
    payload_file  $TEST_NGINX_KEYS/large;
}
--- must_die
--- error_log eval
::emerg('"payload_file" directive is duplicate, there is one "payload" or "payload_file"',
        'http.conf:4')



=== TEST 9: payload_file and payload
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload_file  $TEST_NGINX_KEYS/small;
    payload  '{}';
}
--- must_die
--- error_log eval
::emerg('"payload" directive is duplicate, there is one "payload" or "payload_file"',
        'http.conf:4')



=== TEST 10: a member twice
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"lang":"et","lang":"en"}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": invalid JSON in payload: duplicate object key near \'"lang"\' in line 1, column 35',
        'http.conf:3')



=== TEST 11: an array
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '[]';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": payload must be an object',
        'http.conf:3')



=== TEST 12: callback in both
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    callback  https://app.example.com/;
    payload '{"verification":{"callback":"https://a.example/"}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.callback and the "callback" directive both set the callback: remove one of them',
        'http.conf:4')



=== TEST 13: verification is missing
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"lang":"et"}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification is missing',
        'http.conf:3')



=== TEST 14: verification must be an object
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":"x"}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification must be an object',
        'http.conf:3')



=== TEST 15: verification.callback is not an https URL
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"callback":"http://app.example.com/"}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.callback is not an https URL',
        'http.conf:3')



=== TEST 16: verification.vendorData must be a string: quote the number
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"vendorData":12}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.vendorData must be a string: quote the number',
        'http.conf:3')



=== TEST 17: verification.vendorData is longer than 1000 characters
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"vendorData":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.vendorData is longer than 1000 characters',
        'http.conf:3')



=== TEST 18: verification.endUserId is not a lower case UUID
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"endUserId":"7"}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.endUserId is not a lower case UUID',
        'http.conf:3')



=== TEST 19: verification.person must be an object
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"person":[]}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.person must be an object',
        'http.conf:3')



=== TEST 20: verification.person.firstName must be a string
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"person":{"firstName":null}}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.person.firstName must be a string',
        'http.conf:3')



=== TEST 21: verification.person.dateOfBirth is not a date YYYY-MM-DD
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"person":{"dateOfBirth":"2001-02-29"}}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.person.dateOfBirth is not a date YYYY-MM-DD',
        'http.conf:3')



=== TEST 22: verification.person.isDeceased must be true or false, or a v
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"person":{"isDeceased":"no"}}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.person.isDeceased must be true or false, or a variable with ":bool" after it',
        'http.conf:3')



=== TEST 23: verification.document.country is not a country code of two c
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"document":{"country":"est"}}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.document.country is not a country code of two capital letters',
        'http.conf:3')



=== TEST 24: verification.document.number holds more than letters and dig
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"document":{"number":"A-1"}}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.document.number holds more than letters and digits',
        'http.conf:3')



=== TEST 25: verification.document.idCardType holds more than letters
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"document":{"idCardType":"C3"}}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.document.idCardType holds more than letters',
        'http.conf:3')



=== TEST 26: verification.proofOfAddress.acceptableTypes[0].name is missi
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"proofOfAddress":{"acceptableTypes":[{}]}}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.proofOfAddress.acceptableTypes[0].name is missing',
        'http.conf:3')



=== TEST 27: verification.consents must be an array
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"consents":{}}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.consents must be an array',
        'http.conf:3')



=== TEST 28: too deep
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"x":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}}';
}
--- must_die
--- error_log eval
::emerg('payload of veriff_integration "kyc": verification.x[0][0][0][0][0][0][0][0][0][0][0][0][0][0] is more than 16 levels deep',
        'http.conf:3')



=== TEST 29: an invalid variable
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"lang":"$"}}';
}
--- must_die
--- error_log eval
[
::emerg('invalid variable name', 'http.conf:4'),
::emerg('payload of veriff_integration "kyc": verification.lang holds an invalid variable',
        'http.conf:3'),
]



=== TEST 30: verification.colour is not a member that is known
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"colour":"red"}}';
}
--- error_log eval
::warning('payload of veriff_integration "kyc": verification.colour is not a member that is known',
          'http.conf:3')



=== TEST 31: verification.document.type is not a value that is known
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"document":{"type":"VISA"}}}';
}
--- error_log eval
::warning('payload of veriff_integration "kyc": verification.document.type is not a value that is known',
          'http.conf:3')



=== TEST 32: verification.vendorData is the same for every user: use a va
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"vendorData":"everybody"}}';
}
--- error_log eval
::warning('payload of veriff_integration "kyc": verification.vendorData is the same for every user: use a variable',
          'http.conf:3')



=== TEST 33: verification.consents[0].approved is the user's to give: use
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"consents":[{"type":"ine","approved":true}]}}';
}
--- error_log eval
::warning('payload of veriff_integration "kyc": verification.consents[0].approved is the user\'s to give: use a variable, "$name:bool"',
          'http.conf:3')



=== TEST 34: verification.lang is text: ":bool" and ":number" follow one 
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    payload '{"verification":{"lang":"x$http_a:bool"}}';
}
--- error_log eval
::warning('payload of veriff_integration "kyc": verification.lang is text: ":bool" and ":number" follow one variable that stands alone',
          'http.conf:3')
