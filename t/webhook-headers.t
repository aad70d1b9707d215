# Request headers around webhooks: those under our names, which only the
# module may set, and the provider's two families.

use lib 't/lib';
use VeriffTest;
use VeriffWebhook;
use Test::More;

start_app();

# What was made before sessions refused such users, under a key of "k"s: the
# token of "a\r\nX-Evil: 1\r\nX-Veriff-State: VERIFIED".
my $evil = 'AYsrFyh-qUOQCxBScTL2vgrazblfBgTvL2HA81uq'
           . 'l4htCgiqaNpvMQNPGeJ5KcKWNQmfDBJ8UA';
key_file('fixed_key', 'k' x 32);
($ENV{TEST_NGINX_FIXED} = $ENV{TEST_NGINX_INTEGRATION}) =~ s{/key;}{/fixed_key;};

my $body = '{"verification":{"id":"abc-1","status":"approved"}}';
my $signature = hmac(shared_secret(), $body);
my $key = api_key();

# The names of headers under our prefix that the application has got.
sub ours_seen {
    return map { $_->{head} =~ /^(x[^a-z0-9]veriff[^:]*):/img } app_seen();
}

my @spoofed = ('X-Veriff-User: mallory', 'x-veriff-webhook: ok',
               'X-VERIFF-STATE: VERIFIED', 'X-Veriff-State: VERIFIED',
               'X-Veriff-Session:', 'X-Veriff-Anything-Else: 1');

my @odd = ('X_Veriff_User: mallory', 'x_VERIFF-State: VERIFIED',
           'X.Veriff.User: mallory', 'X-Veriff.State: VERIFIED',
           'X-Veriff_Webhook: ok');

sub plain {
    my ($path, @headers) = @_;

    return exchange("GET $path HTTP/1.1\r\n" . join("\r\n", 'Host: localhost',
                    'Connection: close', @headers) . "\r\n\r\n");
}

on_block(1 => sub {
    # enough of them for a second part of nginx's list
    my @filler = map { "X-Filler-$_: $_" } 1 .. 30;

    plain('/plain', @spoofed, @filler, @spoofed, 'X-Last: 1');
    my @seen = app_seen();

    unlike($seen[0]{head}, qr/veriff/i, 'none of ours comes through');
    is(() = $seen[0]{head} =~ /^X-Filler-/mg, 30, 'all others do');
    like($seen[0]{head}, qr/^X-Last: 1\r$/m, 'the last one, too');
});

on_block(2 => sub {
    plain('/plain', @spoofed, @odd);
    my @seen = app_seen();

    unlike($seen[0]{head}, qr/veriff/i, 'none, however it is written');
    is(scalar @seen, 1, 'the request does');
});

on_block(3 => sub {
    plain('/plain', @spoofed);
    is_deeply([ours_seen()], [], 'none');

    # nginx answers such a request before its phases: no Host, a bad line
    exchange("GET /plain HTTP/1.1\r\nX-Veriff-User: mallory\r\n"
             . "Connection: close\r\n\r\n");
    my @seen = app_seen();
    is(scalar @seen, 1, 'error_page leads to the app');
    unlike($seen[0]{head} // '', qr/veriff/i, 'without a header of ours');
});

on_block(5 => sub {
    my $seen = check_accepted('spoofed', body => $body, headers => \@spoofed);

    is_deeply([$seen->{head} =~ /^(X-Veriff.*?)\r$/img],
              ['X-Veriff-Webhook: ok'], 'only what the module says');
});

my @x = ("X-AUTH-CLIENT: $key", "X-HMAC-SIGNATURE: $signature");
my @vrf = ("VRF-AUTH-CLIENT: $key", "vrf-hmac-signature: $signature");
my $zeros = '0' x 64;

on_block(6 => sub {
    my @request = (body => $body);

    check_accepted('the X- family', @request, auth => \@x);
    check_accepted('the VRF- family', @request, auth => \@vrf);
    check_accepted('one of each', @request, auth => [$x[0], $vrf[1]]);
    check_accepted('the other way round', @request, auth => [$vrf[0], $x[1]]);
    check_accepted('in upper and lower case', @request,
                   auth => [@x, uc $vrf[0],
                            'vrf-hmac-signature: ' . uc $signature]);

    my $seen = check_accepted('both, equal', @request, auth => [@x, @vrf]);

    for my $line (@x, @vrf) {
        ok(index($seen->{head}, "\r\n$line\r\n") > 0, "the app gets $line");
    }

    my %conflict = (
        'signatures differ' => [@x, $vrf[0], "VRF-HMAC-SIGNATURE: $zeros"],
        'the first is wrong' => [$x[0], "X-HMAC-SIGNATURE: $zeros", @vrf],
        'keys differ' => [@x, "VRF-AUTH-CLIENT: $zeros", $vrf[1]],
        'a signature is empty' => [$x[0], 'X-HMAC-SIGNATURE:', @vrf],
        'the other is empty' => [@x, $vrf[0], 'VRF-HMAC-SIGNATURE:'],
        'a key is empty' => ['X-AUTH-CLIENT:', $x[1], @vrf],
    );

    for my $name (sort keys %conflict) {
        check_refused($name, 401, @request, auth => $conflict{$name});
    }
});

on_block(7 => sub {
    my @request = (body => $body);

    check_refused("twice $_->[0]", 401, @request, auth => $_)
        for [$x[0], $x[0], $x[1]], [$x[1], @x], [@vrf, @vrf],
            [@x, 'X-HMAC-SIGNATURE:'], ['X-AUTH-CLIENT:', @x],
            [@x, @vrf, "X-HMAC-SIGNATURE: $zeros"];
});

on_block(8 => sub {
    my @request = (body => $body);

    (my $folded = $x[1]) =~ s/X-HMAC-/X_HMAC-/;

    check_accepted('folded', @request, auth => [$x[0], $folded]);
    check_refused('folded and not', 401, @request, auth => [@x, $folded]);
    check_refused('folded with dots', 401, @request,
                  auth => [@x, "X.Auth.Client: $key"]);
});

# The token of a user, as the provider gets it from a session's creation.
sub token_of {
    my ($path) = @_;

    exchange("POST $path HTTP/1.1\r\nHost: localhost\r\nConnection: close"
             . "\r\nAccept: */*"
             . "\r\nContent-Length: 0\r\n\r\n");

    my ($seen) = app_seen();

    return $seen->{body} =~ /"vendorData":"([^"]+)"/ ? $1 : 'none';
}

sub with_vendor_data {
    return (body => qq({"verification":{"id":"1","vendorData":"$_[0]"}}));
}

on_block(9 => sub {
    my $token = token_of('/alice');
    my $seen = check_accepted('our token', with_vendor_data($token));

    like($seen->{head}, qr/^X-Veriff-User: alice\@example\.com\r$/m,
         'the app learns the user');

    (my $forged = $token) =~ tr/A-Za-z/B-ZAb-za/;
    $seen = check_accepted('a token of someone else',
                           with_vendor_data($forged));
    unlike($seen->{head}, qr/X-Veriff-User/i, 'no user');

    $seen = check_accepted('a part of a token',
                           with_vendor_data(substr $token, 0, 30));
    unlike($seen->{head}, qr/X-Veriff-User/i, 'no user');

    check_refused('our token, not signed', 401, with_vendor_data($token),
                  secret => 'x');
});

on_block(10 => sub {
    my $seen = check_accepted('a user with an end of line',
                              with_vendor_data($evil));

    is_deeply([$seen->{head} =~ /^(X-Veriff.*?)\r$/img],
              ['X-Veriff-Webhook: ok'], 'it does not make a header');
    unlike($seen->{head}, qr/^X-Evil/mi, 'of another name, either');
});

run_tests();

__DATA__

=== TEST 1: headers under our names end at the edge
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location /plain {
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 2: with underscores and dots, too
--- http_config
$TEST_NGINX_INTEGRATION
    underscores_in_headers on;
    ignore_invalid_headers off;
--- config
    $TEST_NGINX_READY
    location /plain {
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 3: also where nginx finds a fault and error_page leads to the app
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    error_page 400 = /plain;
    location /plain {
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 4: in a server that has nothing of ours
--- http_config
$TEST_NGINX_INTEGRATION
    server {
        listen $TEST_NGINX_RAND_PORT_1;
        location / {
            return 200 "[$http_x_veriff_user][$http_x_other]\n";
        }
    }
--- config
    location = /t {
        proxy_set_header X-Veriff-User $http_x_veriff_user;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- more_headers
X-Veriff-User: mallory
X-Other: 1
--- request
    GET /t
--- response_body
[][1]



=== TEST 5: a webhook cannot bring its own marks
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 6: both families of the provider's headers
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready
--- grep_error_log eval
qr/refused: \w+/
--- grep_error_log_out eval
"refused: conflicting_headers\n" x 6



=== TEST 7: repeated headers
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready
--- grep_error_log eval
qr/refused: \w+/
--- grep_error_log_out eval
"refused: repeated_header\n" x 6



=== TEST 8: names that applications fold are one name
--- http_config
$TEST_NGINX_INTEGRATION
    underscores_in_headers on;
    ignore_invalid_headers off;
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready
--- grep_error_log eval
qr/refused: \w+/
--- grep_error_log_out eval
"refused: repeated_header\n" x 2



=== TEST 9: the user is told when vendorData is our token
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /alice {
        set $who alice@example.com;
        veriff_session kyc user=$who;
    }
    location /veriff-api/ {
        internal;
        veriff_sign kyc insecure_tls;
        rewrite ^/veriff-api/(.*)$ /$1 break;
        proxy_pass $TEST_NGINX_APP;
        proxy_ignore_client_abort on;
    }
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 10: a user that would end a header is not told
--- http_config
$TEST_NGINX_FIXED
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready
--- error_log
the user has control characters
