# The provider's answer is believed only after every check.

use lib 't/lib';
use VeriffTest;
use VeriffSession;

# what the provider would say, but for the members given
sub answer {
    my (%verification) = @_;

    return { status => 'success',
             verification => { id => '3a1f0a4e-6f0e-4b5a-9a43-2f7d6a0f8c11',
                               url => 'https://alchemy.veriff.com/v/token',
                               vendorData => 'user-1',
                               status => 'created', %verification } };
}

# A block of many answers: one request for each fault of the list.
sub faults { fault(%$_) for @_ }
sub each_one { my ($n, $what) = @_; return [($what) x $n] }

# an integration that sends a known vendorData
our $known = q({payload '{"verification": {"vendorData": "user-1"}}';})
             =~ s/^\{|\}$//gr;

start_sandbox();
run_tests();

__DATA__

=== TEST 1: good ones, in all their forms
--- init
main::faults({ status => 200 }, { status => 201 },
             { extra => \1 }, { oversized => 100_000 },
             { signature => 'vrf' }, { signature => 'both' },
             { signature => 'upper' }, { chunked => \1 },
             { id => '001_' . 'x' x 124 }, { id => 'a.b-c_D' });
--- request eval
main::each_one(10, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(10, 303)
--- response_headers_like eval
main::each_one(10, 'Location: https://127\.0\.0\.1:\d+/v/[\w.-]+')
--- no_error_log
[error]



=== TEST 2: members in another order, unknown ones, hosts allowed
--- http_config eval
main::integration($main::known)
--- init
main::faults(map { { body => $_ } }
    main::answer(), main::answer(host => {}, more => [1], endUserId => undef),
    main::answer(url => 'https://veriff.me/v/x'),
    main::answer(url => 'https://a.b.veriff.com:8443/v/x?a=b#c'));
--- request eval
main::each_one(4, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(4, 303)



=== TEST 3: signatures
--- init
main::faults({ signature => 'wrong' }, { signature => 'none' },
             { signature => 'conflict' }, { auth_client => 'another' },
             { headers => { 'X-HMAC-SIGNATURE' => 'a' x 64 } },
             { signature => 'none', headers => { 'X-HMAC-SIGNATURE' => 'x' } },
             { signature => 'none', headers => { 'X-HMAC-SIGNATURE' => '' } });
--- request eval
main::each_one(7, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(7, 502)
--- response_headers eval
main::each_one(7, "Location: ")
--- error_log
veriff session "kyc": the provider gave an answer with a wrong signature, status 201, code -



=== TEST 4: an answer without signature
--- init
main::fault(signature => 'none');
--- request
    GET /redirect
--- more_headers
X-User: alice
--- error_code: 502
--- response_headers
Location:
--- error_log
veriff session "kyc": the provider gave an answer without signature, status 201, code -



=== TEST 5: it may be missing where the operator says so, but not wrong
--- http_config eval
main::integration('response_signature optional;')
--- init
main::faults({ signature => 'none' }, { signature => 'wrong' },
             { signature => 'none', url => 'https://evil.example.net/' });
--- request eval
main::each_one(3, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
[303, 502, 502]



=== TEST 6: session URLs
--- init
main::faults(map { { url => $_ } }
    'http://alchemy.veriff.com/v/x', 'https://evil.example.net/v/x',
    'https://alchemy.veriff.com@evil.example.net/v/x',
    'https://evil.example.net\\@alchemy.veriff.com/v/x',
    'https://evil.example.net\\.veriff.com/v/x',
    'https://alchemy.veriff.com.evil.example.net/v/x',
    'https://evilveriff.com/v/x', 'https://alchemy.veriff.com:x/v',
    "https://alchemy.veriff.com/\r\nSet-Cookie: a=b",
    "https://alchemy.veriff.com/\x{e9}", 'https://alchemy.veriff.com/ x',
    'javascript:alert(1)//.veriff.com', '//alchemy.veriff.com/v/x', '/v/x',
    'https:alchemy.veriff.com/v/x', 'https:///alchemy.veriff.com/', '',
    5, undef, {}, 'https://[::1]/v/x', 'https://127.1/v/x',
    'https://user@alchemy.veriff.com/v/x');
--- request eval
main::each_one(23, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(23, 502)
--- response_headers eval
main::each_one(23, "Location: \r\nSet-Cookie: ")
--- error_log
veriff session "kyc": the provider's answer was refused: session URL is not https or its host not in "url_hosts"
--- no_error_log
evil
alchemy



=== TEST 7: ids
--- init
main::faults(map { { id => $_ } }
    '', 'x' x 129, '../../v1/sessions', 'a/b', 'a b', "a\nb", '.', '..',
    "\x{e9}", 'a%2fb', 5, undef, [], 'a"b', "a\x00b");
--- request eval
main::each_one(15, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(15, 502)
--- response_headers eval
main::each_one(15, "Location: ")
--- error_log
veriff session "kyc": the provider's answer was refused: invalid session id



=== TEST 8: vendorData of someone else
--- http_config eval
main::integration($main::known)
--- init
main::faults(map { { vendor_data => $_ } }
    'user-2', 'user-11', 'user-', '', undef, 1, ['user-1'], 'USER-1',
    "user-1\n");
--- request eval
main::each_one(9, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(9, 502)
--- response_headers eval
main::each_one(9, "Location: ")
--- error_log
veriff session "kyc": the provider's answer was refused: vendorData is not the one sent
--- no_error_log eval
qr/\[error\].*user-/



=== TEST 9: endUserId of someone else, or one that was not sent
--- http_config eval
main::integration($main::known)
--- init
main::faults(map { { body => main::answer(%$_) } }
    { endUserId => '3a1f0a4e-6f0e-4b5a-9a43-2f7d6a0f8c11' },
    { endUserId => 1 });
--- request eval
main::each_one(2, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(2, 502)
--- error_log
veriff session "kyc": the provider's answer was refused: endUserId is not the one sent



=== TEST 10: bodies that are none, all signed
--- http_config eval
main::integration($main::known)
--- init
my $good = main::answer();
main::faults(map { { body => $_, status => 201 } }
    { %$good, status => 'fail' }, { %$good, status => 'SUCCESS' },
    { %$good, status => undef }, { verification => $good->{verification} },
    { status => 'success' }, { status => 'success', verification => undef },
    { status => 'success', verification => [$good->{verification}] },
    [$good], '', 'null', '"success"', '{', 'x',
    { status => 'fail', code => '1801', message => 'no' },
    { status => 'success', verification => { id => 'a', code => 9001,
                                             status => 'approved' } },
    '{"status":"fail","status":"success","verification":{"id":"a",'
    . '"url":"https://alchemy.veriff.com/v/x","vendorData":"user-1"}}');
--- request eval
main::each_one(16, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(16, 502)
--- response_headers eval
main::each_one(16, "Location: ")
--- error_log
veriff session "kyc": the provider's answer was refused: status is not success



=== TEST 11: HTML, gzip, redirects
--- init
main::faults({ non_json => \1 }, { gzip => \1 },
             { status => 302, location => 'https://alchemy.veriff.com/v/x' });
--- request eval
main::each_one(3, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(3, 502)
--- response_headers eval
main::each_one(3, "Location: ")



=== TEST 12: too large
--- init
main::faults({ oversized => 131_073 }, { oversized => 8_000_000 },
             { oversized => 8_000_000, chunked => \1 });
--- request eval
main::each_one(3, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
main::each_one(3, 502)
--- response_headers eval
main::each_one(3, "Location: ")
--- error_log
veriff session "kyc": the provider gave an answer that is too large, status 201, code -



=== TEST 13: too large, without buffering and with small buffers
--- config eval
main::api('proxy_buffering off;') . main::sessions()
--- init
main::faults({ oversized => 8_000_000 }, { oversized => 100_000 });
--- request eval
main::each_one(2, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
[502, 303]



=== TEST 14: through a temporary file
--- config eval
(main::api('proxy_max_temp_file_size 1m; proxy_busy_buffers_size 4k;')
     =~ s/proxy_buffer_size 32k/proxy_buffer_size 2k/r
     =~ s/8 32k/4 2k/r)
. main::sessions()
--- init
main::faults({ oversized => 100_000 }, { oversized => 8_000_000 });
--- request eval
main::each_one(2, "GET /redirect")
--- more_headers
X-User: alice
--- error_code eval
[303, 502]



=== TEST 15: 204
--- config eval
(main::api() =~ s/TEST_NGINX_SANDBOX_HTTP_PORT/TEST_NGINX_RAND_PORT_1/r)
. main::sessions()
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
--- request
    GET /redirect
--- more_headers
X-User: alice
--- error_code: 502
--- response_headers
Location:
--- error_log
veriff session "kyc": the provider gave an answer without signature, status 204, code -



=== TEST 16: no HTTP
--- config eval
(main::api() =~ s/TEST_NGINX_SANDBOX_HTTP_PORT/TEST_NGINX_RAND_PORT_1/r)
. main::sessions()
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"{\"status\":\"success\"}\r\n"
--- request
    GET /redirect
--- more_headers
X-User: alice
--- error_code: 502
--- response_headers
Location:



=== TEST 17: X-Accel-Redirect of the provider does nothing
--- config eval
main::api() . main::sessions() . 'location = /inside { internal;
    return 200 "inside"; }'
--- init
main::fault(headers => { 'X-Accel-Redirect' => '/inside',
                         'X-Accel-Expires' => '3600',
                         'X-Accel-Limit-Rate' => '1' });
--- request
    GET /redirect
--- more_headers
X-User: alice
--- error_code: 303



=== TEST 18: nor does it where nginx is not told to ignore it
--- config eval
(main::api() =~ s/proxy_ignore_headers[^;]*;//r) . main::sessions()
. 'location = /inside { internal; default_type application/json;
    return 200 \'{"status":"success","verification":{"id":"a"}}\'; }'
--- init
main::faults({ headers => { 'X-Accel-Redirect' => '/inside' } },
             { headers => { 'X-Accel-Redirect' => '/veriff-api/v1/sessions' } });
--- request eval
["GET /redirect", "GET /redirect"]
--- more_headers
X-User: alice
--- error_code eval
[303, 303]



=== TEST 19: nor an error page in its place
--- config eval
main::api('error_page 502 504 =201 /page.json;') . main::sessions()
. 'error_page 400 500 502 503 504 =200 /page.json;
location = /page.json { internal; default_type application/json;
    return 200 \'{"status":"success","verification":{"id":"a"}}\'; }
location = /bare { error_page 599 /x; veriff_session kyc format=redirect; }'
--- init
main::faults({ cut => 'before' }, { status => 500 }, { status => 400 });
--- request eval
main::each_one(3, "GET /bare")
--- more_headers
X-User: alice
--- error_code eval
[503, 503, 502]
--- response_body_like eval
main::each_one(3, '"type":"about:blank"')



=== TEST 20: an encoding that is said but not there
--- init
main::fault(headers => { 'Content-Encoding' => 'gzip' });
--- request
    GET /redirect
--- more_headers
X-User: alice
--- error_code: 502
--- response_headers
Location:
--- error_log
veriff session "kyc": the provider gave an answer with a wrong signature, status 201, code -



=== TEST 21: another success
--- http_config eval
main::integration($main::known)
--- config eval
(main::api() =~ s/TEST_NGINX_SANDBOX_HTTP_PORT/TEST_NGINX_RAND_PORT_1/r)
. main::sessions()
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
my $body = JSON::PP::encode_json(main::answer());
"HTTP/1.1 202 Accepted\r\nConnection: close\r\n"
. "Content-Type: application/json\r\nX-HMAC-SIGNATURE: "
. VeriffTest::hmac(VeriffTest::shared_secret(), $body) . "\r\n\r\n$body"
--- request
    GET /redirect
--- more_headers
X-User: alice
--- error_code: 502
--- response_headers
Location:
--- error_log
veriff session "kyc": the provider gave an unexpected success status, status 202, code -



=== TEST 22: a forged error has no code
--- init
main::fault(status => 401, code => '1802', signature => 'wrong');
--- request
    GET /redirect
--- more_headers
X-User: alice
--- error_code: 502
--- error_log
veriff session "kyc": the provider gave an answer with a wrong signature, status 401, code -
