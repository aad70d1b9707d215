# No secret, URL, token, vendorData or name is in a line of the module, at
# any level, or in any line at info: what is given to canary() is looked for
# by the test "error log" that every block has.  The blocks show that each of
# them was on the wire.

use lib 't/lib';
use VeriffTest;
use VeriffSession;

our %c = map { $_ => canary("canary-$_") }
    qw(user name vendor url message cookie password body query header);

$c{id} = canary('3a1f0a4e-6f0e-4b5a-9a43-2f7d6a0f8c11');
$c{code} = canary('canary-code');

our $payload = q(payload '{"verification": {
    "vendorData": "$http_x_vendor$cookie_vendor",
    "person": {"firstName": "$http_x_name"}}}';) . "\n";

our $headers = "X-User: $c{user}\nX-Name: $c{name}\nX-Vendor: $c{vendor}\n"
             . "Cookie: a=$c{cookie}\nX-Other: $c{header}\n"
             . "Authorization: Basic $c{password}\n";

our $url = "https://alchemy.veriff.com/v/$c{url}";

sub each_one { my ($n, $what) = @_; return [($what) x $n] }

# a webhook, signed, and what it says
sub webhook {
    return qq({"status":"success","verification":{"id":"$c{id}",)
           . qq("status":"approved","code":9001,"vendorData":"$c{vendor}",)
           . qq("person":{"firstName":"$c{name}","lastName":"$c{body}"}}});
}

sub webhook_headers {
    my ($signature) = @_;

    return 'X-AUTH-CLIENT: ' . api_key() . "\nX-HMAC-SIGNATURE: "
           . canary($signature) . "\nContent-Type: application/json\n";
}

start_sandbox();
run_tests();

__DATA__

=== TEST 1: a session
--- http_config eval
main::integration($main::payload)
--- init
main::fault(url => $main::url);
--- request eval
["POST /redirect
$main::c{body}", "GET /seen"]
--- more_headers eval
[$main::headers, ""]
--- error_code eval
[303, 200]
--- response_headers eval
["Location: $main::url", "Location: "]
--- response_body_like eval
["", qq("vendorData":"$main::c{vendor}","person":\\{"firstName":"$main::c{name}"\\})]
--- error_log
veriff call done: 0, status:201



=== TEST 2: a session in JSON and in the provider's shape
--- http_config eval
main::integration($main::payload)
--- init
main::fault(url => $main::url, id => $main::c{id}, count => 2);
--- request eval
["GET /json", "GET /api"]
--- more_headers eval
main::each_one(2, $main::headers)
--- error_code eval
[200, 201]
--- response_body_like eval
main::each_one(2, qr/$main::c{url}.*$main::c{id}|$main::c{id}.*$main::c{url}/)



=== TEST 3: answers that are refused
--- http_config eval
main::integration($main::payload)
--- init
main::fault(%$_) for
    { url => "https://$main::c{url}.example.net/" },
    { id => "$main::c{id}/x" }, { vendor_data => "$main::c{vendor}2" },
    { url => $main::url, signature => 'wrong' },
    { url => $main::url, oversized => 200_000 },
    { url => $main::url, cut => 'body' }, { body => $main::c{body} },
    { status => 400, code => $main::c{code}, message => $main::c{message} },
    { status => 503, code => '1234', message => $main::c{message},
      headers => { 'X-Other' => $main::c{header} } };
--- request eval
[(("GET /json") x 9), "GET /seen"]
--- more_headers eval
main::each_one(10, $main::headers)
--- error_code eval
[502, 502, 502, 502, 502, 503, 502, 502, 503, 200]
--- response_body_like eval
[('"status":50') x 9, "(?:$main::c{vendor}.*$main::c{name}.*){9}"]



=== TEST 4: values and users that are refused
--- http_config eval
main::integration(q(payload '{"verification": {
    "person": {"dateOfBirth": "$http_x_name"}}}';) . "\n")
--- request eval
["GET /json", "GET /json"]
--- more_headers eval
["X-User: u\nX-Name: $main::c{name}", "X-User: $main::c{user}\t\x01"]
--- error_code eval
[500, 500]
--- error_log
verification.person.dateOfBirth is not a date



=== TEST 5: what the guard refuses
--- request
    POST /json
--- more_headers eval
"X-User: $main::c{user}\nOrigin: https://$main::c{header}.example.net"
--- error_code: 403
--- error_log
not created: foreign origin



=== TEST 6: the signed location, asked by an application
--- config eval
(main::api() =~ s/internal;//r) . main::sessions()
--- init
main::fault(status => 400, message => $main::c{message});
main::fault(body => $main::c{body}, signature => 'wrong');
--- request eval
["POST /veriff-api/v1/sessions
" . main::webhook(), "POST /veriff-api/v1/sessions
{\"verification\":{\"vendorData\":\"$main::c{vendor}\"}}",
"GET /veriff-api/v1/sessions/none/decision",  "GET /seen"]
--- more_headers eval
main::each_one(4, "${main::headers}Content-Type: application/json")
--- error_code eval
[400, 502, 400, 200]
--- response_body_like eval
[$main::c{message}, '"status":"fail"', '"status":"fail"',
 "$main::c{body}.*$main::c{vendor}"]



=== TEST 7: webhooks, good and forged
--- config eval
main::api() . 'location = /hook { veriff_webhook kyc;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
location = /report { veriff_webhook kyc report;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app; }
location = /app { add_header X-Seen $http_x_veriff_webhook;
    add_header X-Seen-Signature $http_x_hmac_signature; return 200 ok; }'
--- request eval
my $webhook = main::webhook();
(my $forged = $webhook) =~ s/9001/9102/;
["POST /hook\n$webhook", "POST /hook\n$forged", "POST /report\n$forged",
 "POST /hook\n$main::c{body}", "POST /hook\n{$main::c{body}"]
--- more_headers eval
my $secret = main::shared_secret();
my $right = main::webhook_headers(main::hmac($secret, main::webhook()));
[$right, $right, $right,
 main::webhook_headers(main::hmac($secret, $main::c{body})),
 "X-AUTH-CLIENT: $main::c{header}\nX-HMAC-SIGNATURE: $main::c{code}"]
--- error_code eval
[200, 401, 200, 400, 401]
--- error_log
veriff webhook



=== TEST 8: no answer
--- http_config eval
main::integration($main::payload)
--- config eval
(main::api() =~ s/\$TEST_NGINX_SANDBOX_HTTP_PORT/1/r) . main::sessions()
--- request
    GET /json
--- more_headers eval
$main::headers
--- error_code: 503
--- error_log
connect() failed
