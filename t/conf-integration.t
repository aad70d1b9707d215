# veriff_integration: its block, its name and its directives but the payload.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

run_tests();

__DATA__

=== TEST 1: all directives, the rest from a file
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_SERVER_ROOT/html/all.conf;
}
>>> all.conf
include             $TEST_NGINX_KEYS/pair.conf;
webhook_key         $TEST_NGINX_KEYS/api_key $TEST_NGINX_KEYS/shared_secret;
integration_id      2a5c6b1e-51b4-4a0e-9d3e-0a2f5b6c7d8e;
user                $http_x_user trusted;
payload             '{"verification":{"lang":"en"}}';
callback            https://app.example.com/;
api_uri             /api/;
start_uri           /verify/me;
return_uri          /verify/me/Done_1.0~-;
url_hosts           .veriff.com flow.example.com;
session_lifetime    1d;
response_signature  optional;
watchlist           apply;
full_auto           apply;
--- no_error_log
[warn]



=== TEST 2: nothing in it
--- user_files
>>> http.conf
veriff_integration kyc {
}
--- must_die
--- error_log eval
::emerg('veriff_integration "kyc" needs "api_key_file" with the integration\'s API key',
        'http.conf:2')



=== TEST 3: no secret
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS/api_key;
}
--- must_die
--- error_log eval
::emerg('veriff_integration "kyc" needs "shared_secret_file" with the shared secret key',
        'http.conf:3')



=== TEST 4: unknown directive
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key  secret;
}
--- must_die
--- error_log eval
::emerg('unknown directive "api_key" in veriff_integration', 'http.conf:2')



=== TEST 5: too few arguments
--- user_files
>>> http.conf
veriff_integration kyc {
    webhook_key  one;
}
--- must_die
--- error_log eval
::emerg('invalid number of arguments in "webhook_key" directive',
        'http.conf:2')



=== TEST 6: too many arguments
--- user_files
>>> http.conf
veriff_integration kyc {
    callback  https://a.example/ b;
}
--- must_die
--- error_log eval
::emerg('invalid number of arguments in "callback" directive', 'http.conf:2')



=== TEST 7: no argument
--- user_files
>>> http.conf
veriff_integration kyc {
    url_hosts;
}
--- must_die
--- error_log eval
::emerg('invalid number of arguments in "url_hosts" directive', 'http.conf:2')



=== TEST 8: include without a file
--- user_files
>>> http.conf
veriff_integration kyc {
    include;
}
--- must_die
--- error_log eval
::emerg('invalid number of arguments in "include" directive', 'http.conf:2')



=== TEST 9: include of no file
--- user_files
>>> http.conf
veriff_integration kyc {
    include  missing.conf;
}
--- must_die
--- error_log eval
::emerg('open() "*/missing.conf" failed (2: No such file or directory)',
        'http.conf:2')



=== TEST 10: a mistake in an included file
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    include  ../html/part.conf;
}
>>> part.conf
# the rest

nonsense;
--- must_die
--- error_log eval
::emerg('unknown directive "nonsense" in veriff_integration', 'part.conf:3')



=== TEST 11: a block in it
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    user $remote_user {
    }
}
--- must_die
--- error_log eval
::emerg('unexpected "{"', 'http.conf:3')



=== TEST 12: an integration in it
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    veriff_integration two {
    }
}
--- must_die
--- error_log eval
::emerg('unexpected "{"', 'http.conf:3')



=== TEST 13: not closed
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
--- must_die
--- error_log eval
::emerg('unexpected end of file, expecting "}"', 'http.conf:3')



=== TEST 14: in a server
--- user_files
>>> server.conf
veriff_integration two {
}
--- must_die
--- error_log eval
::emerg('"veriff_integration" directive is not allowed here', 'server.conf:1')



=== TEST 15: no name
--- user_files
>>> http.conf
veriff_integration {
}
--- must_die
--- error_log eval
::emerg('invalid number of arguments in "veriff_integration" directive',
        'http.conf:1')



=== TEST 16: an empty name
--- user_files
>>> http.conf
veriff_integration "" {
}
--- must_die
--- error_log eval
::emerg('invalid integration name "", use up to 64 letters, digits, ".", "_" and "-"',
        'http.conf:1')



=== TEST 17: a name with other characters
--- user_files
>>> http.conf
veriff_integration k/c {
}
--- must_die
--- error_log eval
::emerg('invalid integration name "k/c", use up to 64 letters, digits, ".", "_" and "-"',
        'http.conf:1')



=== TEST 18: a name that is too long
--- user_files
>>> http.conf
veriff_integration kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk {
}
--- must_die
--- error_log eval
::emerg('invalid integration name "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", use up to 64 letters, digits, ".", "_" and "-"',
        'http.conf:1')



=== TEST 19: the longest name
--- user_files
>>> http.conf
veriff_integration kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk {
    include $TEST_NGINX_KEYS/pair.conf;
}
--- no_error_log
[warn]



=== TEST 20: a name that is a parameter: off
--- user_files
>>> http.conf
veriff_integration off {
}
--- must_die
--- error_log eval
::emerg('invalid integration name "off", it is a parameter of other directives',
        'http.conf:1')



=== TEST 21: a name that is a parameter: report
--- user_files
>>> http.conf
veriff_integration report {
}
--- must_die
--- error_log eval
::emerg('invalid integration name "report", it is a parameter of other directives',
        'http.conf:1')



=== TEST 22: the same name twice
--- user_files
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
veriff_integration kyc {
}
--- must_die
--- error_log eval
::emerg('duplicate veriff_integration "kyc"', 'http.conf:2')



=== TEST 23: two on one api_uri
--- user_files
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
veriff_integration aml {
    include $TEST_NGINX_KEYS/pair.conf;
    api_uri  /veriff-api/;
}
--- must_die
--- error_log eval
::emerg('veriff_integration "aml" has the api_uri "/veriff-api" of integration "kyc", give each its own signed location and "api_uri"',
        'http.conf:5')



=== TEST 24: two with their own
--- user_files
>>> http.conf
include  $TEST_NGINX_KEYS/kyc.conf;
veriff_integration aml {
    include $TEST_NGINX_KEYS/pair.conf;
    api_uri  /veriff-aml;
}
--- no_error_log
[warn]



=== TEST 25: shared_secret_file twice
--- user_files
>>> http.conf
veriff_integration kyc {
    shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
    shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
}
--- must_die
--- error_log eval
::emerg('"shared_secret_file" directive is duplicate, put each secret on a line of one file',
        'http.conf:3')



=== TEST 26: api_key_file twice
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS/api_key;
    api_key_file  $TEST_NGINX_KEYS/api_key;
}
--- must_die
--- error_log eval
::emerg('"api_key_file" directive is duplicate', 'http.conf:3')



=== TEST 27: integration_id twice
--- user_files
>>> http.conf
veriff_integration kyc {
    integration_id  one;
    integration_id  one;
}
--- must_die
--- error_log eval
::emerg('"integration_id" directive is duplicate', 'http.conf:3')



=== TEST 28: user twice
--- user_files
>>> http.conf
veriff_integration kyc {
    user  $remote_user;
    user  $remote_user;
}
--- must_die
--- error_log eval
::emerg('"user" directive is duplicate', 'http.conf:3')



=== TEST 29: payload twice
--- user_files
>>> http.conf
veriff_integration kyc {
    payload  '{}';
    payload  '{}';
}
--- must_die
--- error_log eval
::emerg('"payload" directive is duplicate, there is one "payload" or "payload_file"',
        'http.conf:3')



=== TEST 30: callback twice
--- user_files
>>> http.conf
veriff_integration kyc {
    callback  https://app.example.com/;
    callback  https://app.example.com/;
}
--- must_die
--- error_log eval
::emerg('"callback" directive is duplicate', 'http.conf:3')



=== TEST 31: api_uri twice
--- user_files
>>> http.conf
veriff_integration kyc {
    api_uri  /api;
    api_uri  /api;
}
--- must_die
--- error_log eval
::emerg('"api_uri" directive is duplicate', 'http.conf:3')



=== TEST 32: url_hosts twice
--- user_files
>>> http.conf
veriff_integration kyc {
    url_hosts  .veriff.com;
    url_hosts  .veriff.com;
}
--- must_die
--- error_log eval
::emerg('"url_hosts" directive is duplicate', 'http.conf:3')



=== TEST 33: session_lifetime twice
--- user_files
>>> http.conf
veriff_integration kyc {
    session_lifetime  1d;
    session_lifetime  1d;
}
--- must_die
--- error_log eval
::emerg('"session_lifetime" directive is duplicate', 'http.conf:3')



=== TEST 34: response_signature twice
--- user_files
>>> http.conf
veriff_integration kyc {
    response_signature  optional;
    response_signature  optional;
}
--- must_die
--- error_log eval
::emerg('"response_signature" directive is duplicate', 'http.conf:3')



=== TEST 35: user without a variable
--- user_files
>>> http.conf
veriff_integration kyc {
    user  alice;
}
--- must_die
--- error_log eval
::emerg('"user" directive needs a variable, or everybody would be the same user',
        'http.conf:2')



=== TEST 36: user with an unknown parameter
--- user_files
>>> http.conf
veriff_integration kyc {
    user  $http_x_user trust;
}
--- must_die
--- error_log eval
::emerg('invalid parameter "trust" in "user", the only one is "trusted"',
        'http.conf:2')



=== TEST 37: user with a bad variable
--- user_files
>>> http.conf
veriff_integration kyc {
    user  $;
}
--- must_die
--- error_log eval
::emerg('invalid variable name', 'http.conf:2')



=== TEST 38: integration_id with a line break
--- user_files
>>> http.conf
veriff_integration kyc {
    integration_id  "a\r\nX-Evil: b";
}
--- must_die
--- error_log eval
::emerg('"integration_id" directive needs the id as the provider\'s portal shows it',
        'http.conf:2')



=== TEST 39: integration_id empty
--- user_files
>>> http.conf
veriff_integration kyc {
    integration_id  "";
}
--- must_die
--- error_log eval
::emerg('"integration_id" directive needs the id as the provider\'s portal shows it',
        'http.conf:2')



=== TEST 40: api_uri ""
--- user_files
>>> http.conf
veriff_integration kyc {
    api_uri  "";
}
--- must_die
--- error_log eval
::emerg('invalid api_uri "", it is the prefix of a signed location, like "/veriff-api"',
        'http.conf:2')



=== TEST 41: api_uri "/"
--- user_files
>>> http.conf
veriff_integration kyc {
    api_uri  "/";
}
--- must_die
--- error_log eval
::emerg('invalid api_uri "/", it is the prefix of a signed location, like "/veriff-api"',
        'http.conf:2')



=== TEST 42: api_uri "api"
--- user_files
>>> http.conf
veriff_integration kyc {
    api_uri  "api";
}
--- must_die
--- error_log eval
::emerg('invalid api_uri "api", it is the prefix of a signed location, like "/veriff-api"',
        'http.conf:2')



=== TEST 43: api_uri "/a$b"
--- user_files
>>> http.conf
veriff_integration kyc {
    api_uri  "/a$b";
}
--- must_die
--- error_log eval
::emerg('invalid api_uri "/a$b", it is the prefix of a signed location, like "/veriff-api"',
        'http.conf:2')



=== TEST 44: api_uri "/a?b"
--- user_files
>>> http.conf
veriff_integration kyc {
    api_uri  "/a?b";
}
--- must_die
--- error_log eval
::emerg('invalid api_uri "/a?b", it is the prefix of a signed location, like "/veriff-api"',
        'http.conf:2')



=== TEST 45: url_hosts "https://veriff.com"
--- user_files
>>> http.conf
veriff_integration kyc {
    url_hosts  .veriff.me "https://veriff.com";
}
--- must_die
--- error_log eval
::emerg('invalid host "https://veriff.com" in "url_hosts", use a lower case name, or ".name" for all below it',
        'http.conf:2')



=== TEST 46: url_hosts "veriff.com/x"
--- user_files
>>> http.conf
veriff_integration kyc {
    url_hosts  .veriff.me "veriff.com/x";
}
--- must_die
--- error_log eval
::emerg('invalid host "veriff.com/x" in "url_hosts", use a lower case name, or ".name" for all below it',
        'http.conf:2')



=== TEST 47: url_hosts "Veriff.com"
--- user_files
>>> http.conf
veriff_integration kyc {
    url_hosts  .veriff.me "Veriff.com";
}
--- must_die
--- error_log eval
::emerg('invalid host "Veriff.com" in "url_hosts", use a lower case name, or ".name" for all below it',
        'http.conf:2')



=== TEST 48: url_hosts "."
--- user_files
>>> http.conf
veriff_integration kyc {
    url_hosts  .veriff.me ".";
}
--- must_die
--- error_log eval
::emerg('invalid host "." in "url_hosts", use a lower case name, or ".name" for all below it',
        'http.conf:2')



=== TEST 49: url_hosts "*.veriff.com"
--- user_files
>>> http.conf
veriff_integration kyc {
    url_hosts  .veriff.me "*.veriff.com";
}
--- must_die
--- error_log eval
::emerg('invalid host "*.veriff.com" in "url_hosts", use a lower case name, or ".name" for all below it',
        'http.conf:2')



=== TEST 50: url_hosts ""
--- user_files
>>> http.conf
veriff_integration kyc {
    url_hosts  .veriff.me "";
}
--- must_die
--- error_log eval
::emerg('invalid host "" in "url_hosts", use a lower case name, or ".name" for all below it',
        'http.conf:2')



=== TEST 51: url_hosts with a loopback address
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    url_hosts  127.0.0.1;
}
--- error_log eval
::warning('url_hosts has the loopback address "127.0.0.1": users may be sent there, also without TLS; for tests only',
          'http.conf:3')



=== TEST 52: response_signature
--- user_files
>>> http.conf
veriff_integration kyc {
    response_signature  on;
}
--- must_die
--- error_log eval
::emerg('invalid value "on"', 'http.conf:2')



=== TEST 53: session_lifetime that is no time
--- user_files
>>> http.conf
veriff_integration kyc {
    session_lifetime  soon;
}
--- must_die
--- error_log eval
::emerg('"session_lifetime" directive invalid value', 'http.conf:2')



=== TEST 54: session_lifetime 59s
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    session_lifetime  59s;
}
--- must_die
--- error_log eval
::emerg('veriff_integration "kyc" needs a "session_lifetime" from one minute to seven days, after which the provider ends a session',
        'http.conf:4')



=== TEST 55: session_lifetime 604801s
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    session_lifetime  604801s;
}
--- must_die
--- error_log eval
::emerg('veriff_integration "kyc" needs a "session_lifetime" from one minute to seven days, after which the provider ends a session',
        'http.conf:4')



=== TEST 56: callback "http://app.example.com/"
--- user_files
>>> http.conf
veriff_integration kyc {
    callback  "http://app.example.com/";
}
--- must_die
--- error_log eval
::emerg('invalid callback "http://app.example.com/", it is an https URL of your site, where users come back to',
        'http.conf:2')



=== TEST 57: callback "app.example.com"
--- user_files
>>> http.conf
veriff_integration kyc {
    callback  "app.example.com";
}
--- must_die
--- error_log eval
::emerg('invalid callback "app.example.com", it is an https URL of your site, where users come back to',
        'http.conf:2')



=== TEST 58: callback ""
--- user_files
>>> http.conf
veriff_integration kyc {
    callback  "";
}
--- must_die
--- error_log eval
::emerg('invalid callback "", it is an https URL of your site, where users come back to',
        'http.conf:2')



=== TEST 59: callback "ftp://app.example.com/"
--- user_files
>>> http.conf
veriff_integration kyc {
    callback  "ftp://app.example.com/";
}
--- must_die
--- error_log eval
::emerg('invalid callback "ftp://app.example.com/", it is an https URL of your site, where users come back to',
        'http.conf:2')



=== TEST 60: callback "https://"
--- user_files
>>> http.conf
veriff_integration kyc {
    callback  "https://";
}
--- must_die
--- error_log eval
::emerg('invalid callback "https://", it is an https URL of your site, where users come back to',
        'http.conf:2')



=== TEST 61: callback http to the loopback address, which url_hosts has not
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    callback  http://127.0.0.1/;
}
--- must_die
--- error_log eval
::emerg('default payload of veriff_integration "kyc": verification.callback is not an https URL',
        'http.conf:4')



=== TEST 62: callback http to the loopback address, for tests
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    url_hosts  127.0.0.1;
    callback  http://127.0.0.1/;
}
--- error_log eval
::warning('url_hosts has the loopback address "127.0.0.1": users may be sent there, also without TLS; for tests only',
          'http.conf:3')



=== TEST 63: callback with a variable
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    callback  https://$server_name/;
}
--- no_error_log
[warn]



=== TEST 64: start_uri ""
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  "";
}
--- must_die
--- error_log eval
::emerg('invalid start_uri "", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 65: start_uri "/"
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  /;
}
--- must_die
--- error_log eval
::emerg('invalid start_uri "/", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 66: start_uri "veriff/start"
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  veriff/start;
}
--- must_die
--- error_log eval
::emerg('invalid start_uri "veriff/start", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 67: start_uri "//evil.example"
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  //evil.example;
}
--- must_die
--- error_log eval
::emerg('invalid start_uri "//evil.example", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 68: start_uri "https://evil.example/"
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  https://evil.example/;
}
--- must_die
--- error_log eval
::emerg('invalid start_uri "https://evil.example/", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 69: start_uri "/veriff//start"
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  /veriff//start;
}
--- must_die
--- error_log eval
::emerg('invalid start_uri "/veriff//start", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 70: start_uri "/veriff/../start"
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  /veriff/../start;
}
--- must_die
--- error_log eval
::emerg('invalid start_uri "/veriff/../start", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 71: start_uri "/veriff/.start"
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  /veriff/.start;
}
--- must_die
--- error_log eval
::emerg('invalid start_uri "/veriff/.start", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 72: start_uri "/veriff/start?a=b"
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  /veriff/start?a=b;
}
--- must_die
--- error_log eval
::emerg('invalid start_uri "/veriff/start?a=b", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 73: start_uri "/$host/start"
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  /$host/start;
}
--- must_die
--- error_log eval
::emerg('invalid start_uri "/$host/start", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 74: start_uri "/veriff start"
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  "/veriff start";
}
--- must_die
--- error_log eval
::emerg('invalid start_uri "/veriff start", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 75: return_uri "/veriff/%72eturn"
--- user_files
>>> http.conf
veriff_integration kyc {
    return_uri  /veriff/%72eturn;
}
--- must_die
--- error_log eval
::emerg('invalid return_uri "/veriff/%72eturn", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 76: return_uri "return"
--- user_files
>>> http.conf
veriff_integration kyc {
    return_uri  return;
}
--- must_die
--- error_log eval
::emerg('invalid return_uri "return", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 77: return_uri "/veriff\return"
--- user_files
>>> http.conf
veriff_integration kyc {
    return_uri  /veriff\\return;
}
--- must_die
--- error_log eval
::emerg('invalid return_uri "/veriff\return", it is the path of a location, like "/veriff/start"',
        'http.conf:2')



=== TEST 78: start_uri twice
--- user_files
>>> http.conf
veriff_integration kyc {
    start_uri  /a;
    start_uri  /a;
}
--- must_die
--- error_log eval
::emerg('"start_uri" directive is duplicate', 'http.conf:3')



=== TEST 79: return_uri twice
--- user_files
>>> http.conf
veriff_integration kyc {
    return_uri  /a;
    return_uri  /a;
}
--- must_die
--- error_log eval
::emerg('"return_uri" directive is duplicate', 'http.conf:3')



=== TEST 80: start_uri and return_uri the same
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    start_uri  /veriff;
    return_uri  /veriff;
}
--- must_die
--- error_log eval
::emerg('veriff_integration "kyc" needs two locations: "start_uri" and "return_uri" are the same',
        'http.conf:5')



=== TEST 81: start_uri is the default of return_uri
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    start_uri  /veriff/return;
}
--- must_die
--- error_log eval
::emerg('veriff_integration "kyc" needs two locations: "start_uri" and "return_uri" are the same',
        'http.conf:4')



=== TEST 82: return_uri is the default of start_uri
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    return_uri  /veriff/start;
}
--- must_die
--- error_log eval
::emerg('veriff_integration "kyc" needs two locations: "start_uri" and "return_uri" are the same',
        'http.conf:4')



=== TEST 83: watchlist
--- user_files
>>> http.conf
veriff_integration kyc {
    watchlist  on;
}
--- must_die
--- error_log eval
::emerg('invalid value "on"', 'http.conf:2')



=== TEST 84: watchlist twice
--- user_files
>>> http.conf
veriff_integration kyc {
    watchlist  apply;
    watchlist  ignore;
}
--- must_die
--- error_log eval
::emerg('"watchlist" directive is duplicate', 'http.conf:3')



=== TEST 85: full_auto
--- user_files
>>> http.conf
veriff_integration kyc {
    full_auto  off;
}
--- must_die
--- error_log eval
::emerg('invalid value "off"', 'http.conf:2')



=== TEST 86: full_auto twice
--- user_files
>>> http.conf
veriff_integration kyc {
    full_auto  ignore;
    full_auto  ignore;
}
--- must_die
--- error_log eval
::emerg('"full_auto" directive is duplicate', 'http.conf:3')
