# Whose session it is.

use lib 't/lib';
use VeriffTest;
use VeriffSession;

use MIME::Base64 qw(encode_base64);

# a header that says who one is, as a browser writes it
sub basic {
    return 'Authorization: Basic ' . encode_base64("$_[0]:$_[1]", '');
}

our $auth_basic = 'auth_basic app; auth_basic_user_file ../html/users;';

start_sandbox();
run_tests();

__DATA__

=== TEST 1: $remote_user with auth_basic
--- http_config eval
main::integration('user $remote_user;')
--- config eval
main::api() . main::sessions() . $main::auth_basic
--- user_files
>>> users
alice:{PLAIN}right
--- request
    GET /json
--- more_headers eval
main::basic('alice', 'right')
--- response_body_like: ^\{"state"



=== TEST 2: a wrong password creates nothing
--- http_config eval
main::integration('user $remote_user;')
--- config eval
main::api() . 'location = /json { ' . $main::auth_basic . '
    veriff_session kyc format=json; }
location = /seen {
    proxy_pass http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT/_sandbox/requests;
}'
--- user_files
>>> users
alice:{PLAIN}right
--- request eval
["GET /json", "GET /json", "GET /json", "GET /seen"]
--- more_headers eval
[main::basic('alice', 'wrong'), main::basic('bob', 'right'), "", ""]
--- error_code eval
[401, 401, 401, 200]
--- response_body_like eval
["401", "401", "401", "\\Anothing\n\\z"]



=== TEST 3: no user, no call
--- request eval
["GET /start", "GET /start", "POST /api", "GET /seen"]
--- more_headers eval
["Accept: text/html", "X-User: ", "Accept: text/html", ""]
--- error_code eval
[401, 401, 401, 200]
--- response_body_like eval
["<h1>Unauthorized</h1>",
 '\A\{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Please log in first."\}\r\n\z',
 '\A\{"status":"fail","code":"1815","message":"Please log in first."\}\r\n\z',
 "\\Anothing\n\\z"]



=== TEST 4: user= of the location
--- config eval
main::api() . 'set $someone "carol";
location = /one { set $who $http_x_user; veriff_session kyc format=api user=$who; }
location = /two { veriff_session kyc format=api user=$someone; }
location = /three { veriff_session kyc format=api; }'
--- request eval
["GET /one", "GET /two", "GET /three"]
--- more_headers eval
["X-User: carol", "X-User: alice", "X-User: carol"]
--- error_code eval
[201, 201, 201]
--- response_body_filters eval
sub { $_[0] =~ /"vendorData":"([\w-]+)"/; $main::first //= $1;
      $1 eq $main::first ? "the same\n" : "another\n" }
--- response_body eval
["the same\n", "the same\n", "the same\n"]



=== TEST 5: the token is the user's own, and the integration's
--- http_config eval
my $two = (main::integration() =~ s/veriff_key_file.*\n//r)
           =~ s/kyc/other/r =~ s/\}\s*\z/api_uri \/other-api; }/r;
main::integration() . $two
--- config eval
my $other = main::api('', 'other') =~ s/veriff-api/other-api/gr;
main::api() . $other . 'location = /kyc { veriff_session kyc format=api; }
location = /other { veriff_session other format=api; }'
--- request eval
["GET /kyc", "GET /kyc", "GET /kyc", "GET /other"]
--- more_headers eval
["X-User: alice", "X-User: alice", "X-User: bob", "X-User: alice"]
--- error_code eval
[201, 201, 201, 201]
--- response_body_filters eval
my %seen;
sub { $_[0] =~ /"vendorData":"([\w-]+)"/;
      my $next = 1 + keys %seen;
      "token " . ($seen{$1} //= $next) . "\n" }
--- response_body eval
["token 1\n", "token 1\n", "token 2\n", "token 3\n"]



=== TEST 6: $veriff_user_uuid has the form of a UUID and is stable
--- http_config eval
main::integration(q({payload '{"verification":
    {"endUserId": "$veriff_user_uuid"}}';}) =~ s/^\{|\}$//gr)
--- request eval
["GET /api", "GET /api", "GET /api"]
--- more_headers eval
["X-User: alice", "X-User: alice", "X-User: bob"]
--- error_code eval
[201, 201, 201]
--- response_body_filters eval
my %seen;
sub { $_[0] =~ /"vendorData":null,"endUserId":"([0-9a-f]{8}-[0-9a-f]{4}-[58][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"/
      or return $_[0];
      my $next = 1 + keys %seen;
      "uuid " . ($seen{$1} //= $next) . "\n" }
--- response_body eval
["uuid 1\n", "uuid 1\n", "uuid 2\n"]



=== TEST 7: a user that is no header value is refused
--- http_config eval
main::integration('user $remote_user;')
--- config eval
main::api() . main::sessions() . $main::auth_basic
--- user_files eval
">>> users\n" . CORE::join "", map { "$_:{PLAIN}right\n" } "al\tice", "al\x7fice", " alice",
                                       "alice "
--- request eval
["GET /json", "GET /json", "GET /json", "GET /json"]
--- more_headers eval
[map { main::basic($_, 'right') } "al\tice", "al\x7fice", " alice", "alice "]
--- error_code eval
[500, 500, 500, 500]
--- response_body_like eval
[(qr/"detail":"Your details cannot be sent for verification\./) x 4]
--- error_log
veriff session "kyc" not created: the user holds control characters, or begins or ends with a space
--- no_error_log
veriff call



=== TEST 8: CR and LF by a trusted variable
--- http_config eval
main::integration('user $crlf;') . '
geo $crlf { default "alice
X-Admin: 1"; }'
--- request eval
["GET /json", "GET /seen"]
--- error_code eval
[500, 200]
--- response_body_like eval
["Internal", "\\Anothing\n\\z"]
--- error_log
not created: the user holds control characters



=== TEST 9: a long user, as long as one may be
--- request
    GET /json
--- more_headers eval
"X-User: " . "a" x 512
--- response_body_like: ^\{"state"



=== TEST 10: a user that is too long
--- request eval
["GET /json", "GET /seen"]
--- more_headers eval
["X-User: " . "a" x 513, ""]
--- error_code eval
[500, 200]
--- response_body_like eval
["Internal", "\\Anothing\n\\z"]
--- error_log
veriff session "kyc" not created: the user is longer than 512 bytes



=== TEST 11: a user in UTF-8
--- request
    GET /json
--- more_headers
X-User: João
--- response_body_like: ^\{"state"
