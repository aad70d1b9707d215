# Every endpoint of the provider's API through a signed location: the bytes
# that come to the other side, and those that come back.  The table is
# t/endpoints.txt.

use lib 't/lib';
use Digest::SHA qw(hmac_sha256_hex sha256_hex);
use MIME::Base64 qw(encode_base64);
use VeriffTest;
use VeriffEndpoints;
use Test::More;

my @rows = endpoints();
my @integrations = map { "0000000$_-0000-4000-8000-000000000000" } 1 .. 2;
my %driver;

sub on_block { $driver{$_[0]} = $_[1] }

sub fault { sandbox(POST => '/_sandbox/faults', { @_ }) }

# what a row of the table says, at a location that begins with $prefix
sub try_row {
    my ($row, $prefix, %o) = @_;

    my $ids = new_session($row->{given});
    my $path = place_for($row, $ids);

    for my $answer (@{ $row->{answers} }) {
        my ($status, $pattern, $other) = @$answer;
        my $body = $other // $row->{sends};
        my $name = "$prefix $row->{name}, $status"
                   . (defined $other ? " for $other" : '');

        $body = filled($body, $ids) if defined $body;

        my $got = call_it($row->{method}, $prefix . $path, $body);

        is_signed_as($name, $row, $ids, $body);
        is_passed_on($name, $got, $status, filled($pattern, $ids));
    }
}

# every endpoint, and what it says of mistakes
on_block(1 => sub { try_row($_, '') for @rows });

# as in veriff_endpoints.conf
on_block(2 => sub { try_row($_, '/veriff-api') for @rows });

# no endpoint of the sandbox is missing in the table
on_block(3 => sub {
    open my $in, '<', 't/sandbox/lib/Sandbox.pm' or die "Sandbox.pm: $!";
    my $routes = do { local $/; <$in> };

    $routes =~ s/\$_-registry/$_-registry/ for 'curp';

    my %known = map { my $path = $_->{path} =~ s/\?.*//r;
                      $path =~ s/\{\w+\}/#id/;
                      ("$_->{method} $path" => 1) } @rows;
    my @routes = map { uc($_->[0]) . " /v1$_->[1]" }
                 map { [/^(\w+)\((?:'|")([^'"]+)/] }
                 $routes =~ /\$v1->((?:get|post|patch|delete)\([^)]+)/g;

    cmp_ok(scalar @routes, '>', 20, 'routes were found');
    is_deeply([grep { !$known{$_} } @routes], [], 'all are in the table');
});

# statuses that the provider may give at any endpoint: signed, with its own
# bytes, and unsigned errors, such as those of what stands before it
on_block(4 => sub {
    for my $row (@rows) {
        my $ids = new_session($row->{given});
        my $path = place_for($row, $ids);
        my $body = $row->{sends};

        for my $status (400, 401, 404, 409, 429, 500) {
            for my $signature (undef, 'none') {
                next if $signature && $status != 401 && $status != 500;

                fault(path => $path, status => $status, code => '1234',
                      $status == 429 ? (retry_after => '17') : (),
                      defined $signature ? (signature => $signature) : ());

                my $name = "$row->{name}, $status, "
                           . ($signature ? 'unsigned' : 'signed');
                my $got = call_it($row->{method}, $path, $body);

                is_signed_as($name, $row, $ids, $body);
                is_passed_on($name, $got, $status, '"code":"1234"');
                is($got->{headers}{'retry-after'}, 17, "$name: Retry-After")
                    if $status == 429;
            }
        }
    }
});

# what is not signed as it should be: nothing of it comes through, except
# files without a signature (no document says that they have one)
on_block(5 => sub {
    for my $row (@rows) {
        my ($status) = @{ $row->{answers}[0] };
        next if $status >= 300;

        for my $signature ('wrong', 'none', 'conflict') {
            my $ids = new_session($row->{given});
            my $path = place_for($row, $ids);
            my $body = defined $row->{sends} ? filled($row->{sends}, $ids)
                                             : undef;

            fault(path => $path, signature => $signature);

            my $name = "$row->{name}, $signature";
            my $got = call_it($row->{method}, $path, $body);

            if ($row->{signs} eq 'media' && $signature eq 'none') {
                is_passed_on($name, $got, 200);
                next;
            }

            is($got->{status}, 502, "$name: refused");
            like($got->{content}, qr/\A\{"status":"fail","code":"\d+",/,
                 "$name: in the provider's shape");
        }
    }
});

# a key that the provider does not know: its own 401, which it cannot sign
on_block(6 => sub {
    for my $row (@rows) {
        my $ids = new_session($row->{given});
        my $body = $row->{sends};
        my $name = "$row->{name}, unknown key";
        my $got = call_it($row->{method}, '/stranger' . place_for($row, $ids),
                          $body);

        is_signed_as($name, $row, $ids, $body,
                     key => '11111111-1111-4111-8111-111111111111');
        is_passed_on($name, $got, 401, '"code":"1803"');
    }
});

# ids of the right form that the provider does not have, or of a wrong form
on_block(7 => sub {
    for my $row (grep { $_->{path} =~ /\{/ && $_->{answers}[0][0] < 300 }
                 @rows)
    {
        for ([404, 'aea9ba6d-1b47-47fc-a4fc-f72b6d3584a7', '1101'],
             [400, 'AEA9BA6D-1b47-17fc-a4fc-f72b6d3584a7', '1002'],
             [400, '001_opaque.Id-1', '1001'])
        {
            my ($status, $id, $code) = @$_;
            my $ids = { map { $_ => $id } qw(session attempt media) };
            my $body = $row->{sends};
            my $name = "$row->{name}, $id";
            my $got = call_it($row->{method}, place_for($row, $ids), $body);

            is_signed_as($name, $row, $ids, $body);
            is_passed_on($name, $got, $status, qq("code":"$code"));
        }
    }
});

# limits that the provider has itself
on_block(8 => sub {
    my ($delete) = grep { $_->{method} eq 'DELETE' } @rows;
    my ($create) = grep { $_->{path} eq '/v1/sessions' } @rows;

    for my $count (1 .. 6) {
        my $ids = new_session();
        my $got = call_it(DELETE => place_for($delete, $ids));
        is_signed_as("deletion $count", $delete, $ids);
        is_passed_on("deletion $count", $got, $count > 5 ? 429 : 200,
                     $count > 5 ? '"code":"1004"' : '"id"');
    }

    sandbox(POST => '/_sandbox/config', { rate => 7 });

    my $ids = new_session();
    my $got = call_it(POST => '/v1/sessions', $create->{sends});
    is_signed_as('creation', $create, $ids, $create->{sends});
    is_passed_on('creation', $got, 429, '"code":"1004"');
    like($got->{headers}{'retry-after'}, qr/^\d+$/, 'creation: Retry-After');

    # as many as are made below
    sandbox(POST => '/_sandbox/config', { rate => 600 });

    # ten in a day
    for my $count (6 .. 11) {
        sandbox(POST => '/_sandbox/time', { advance => 3600 })
            if $count == 6 || $count == 11;

        my $got = call_it(DELETE => place_for($delete, new_session()));
        is_passed_on("deletion $count of a day", $got,
                     $count > 10 ? 429 : 200);
    }

    # one-time passwords: three for a session
    my ($otp) = grep { $_->{path} =~ /generate/ } @rows;
    my $asked = new_session();

    for my $count (1 .. 4) {
        my $got = call_it(POST => place_for($otp, $asked), $otp->{sends});
        is_passed_on("password $count", $got, $count > 3 ? 429 : 200,
                     $count > 3 ? 'OTP_GENERATION_LIMIT_REACHED' : 'success');
        sandbox(POST => '/_sandbox/time', { advance => 60 });
    }
});

# media, byte for byte, from one byte to what is held in a temporary file
on_block(9 => sub {
    my ($upload) = grep { $_->{signs} eq 'body' && $_->{path} =~ m{/media$} }
                   @rows;
    my ($download) = grep { $_->{path} eq '/v1/media/{media}' } @rows;
    my ($list) = grep { $_->{path} eq '/v1/attempts/{attempt}/media' } @rows;
    my $all = join '', map { chr } 0 .. 255;

    my $ids = new_session();

    for my $size (1, 256, 65_537, 1_000_003, 6_000_001) {
        my $bytes = substr $all x ($size / 256 + 1), 0, $size;
        my $body = '{"image":{"content":"data:image/webp;base64,'
                   . encode_base64($bytes, '')
                   . '",  "context":"document-front"}}';
        my $got = call_it(POST => place_for($upload, $ids), $body);

        is_signed_as("$size bytes up", $upload, $ids, $body);
        is_passed_on("$size bytes up", $got, 200, qq("size":$size,));

        ($ids->{media}) = $got->{content} =~ /"id":"([^"]+)"/;
        $got = call_it(GET => place_for($download, $ids));

        is_signed_as("$size bytes down", $download, $ids);
        is_passed_on("$size bytes down", $got, 200);
        ok($got->{content} eq $bytes, "$size bytes: the same");
        is($got->{headers}{'content-type'}, 'image/webp', "$size bytes: type");

        $got = call_it(GET => place_for($list, $ids));
        is_passed_on("$size bytes, listed", $got, 200, $ids->{media});
    }

    # a media format as content type, which this provider does not take
    for my $type ('image/jpeg', 'application/pdf', 'multipart/form-data; '
                  . 'boundary="a b"')
    {
        my $got = call_it(POST => place_for($upload, $ids), "\xff\xd8$all",
                          'Content-Type' => $type);
        my $seen = last_seen();

        is_deeply([map { $_->[1] } grep { lc $_->[0] eq 'content-type' }
                   @{ $seen->{headers} }], [$type], "$type: as it was");
        is($seen->{body_sha256}, sha256_hex("\xff\xd8$all"), "$type: body");
        ok((grep { lc $_->[0] eq 'x-hmac-signature'
                   && $_->[1] eq hmac(shared_secret(), "\xff\xd8$all") }
            @{ $seen->{headers} }), "$type: signed");
        is_passed_on($type, $got, 400, '"status":"fail"');
    }
});

# one key pair, two integrations
on_block(10 => sub {
    my ($create) = grep { $_->{path} eq '/v1/sessions' } @rows;

    for my $row (grep { $_->{answers}[0][0] < 300 } @rows) {
        my @given = ($row->{given}, 'vrf-integration-id' => $integrations[0]);

        for my $n (0, 1) {
            my $ids = new_session(@given);
            my $path = place_for($row, $ids);
            my $body = defined $row->{sends} ? filled($row->{sends}, $ids)
                                             : undef;
            my $name = "$row->{name}, integration $n";
            my $got = call_it($row->{method}, "/integration$n$path", $body);

            is_signed_as($name, $row, $ids, $body,
                         integration => $integrations[$n]);

            my $foreign = $n && $path =~ m{^/v1/(?:sessions|attempts|media)/
                                           (?!validate)\w}x;
            is_passed_on($name, $got, $foreign ? 404 : $row->{answers}[0][0]);
        }
    }

    my $got = call_it(POST => '/v1/sessions', $create->{sends});
    is_passed_on('without an integration', $got, 400, '"code":"1102"');

    $got = call_it(POST => '/integration1/v1/sessions', $create->{sends});
    my ($id) = $got->{content} =~ /"id":"([^"]+)"/;
    is(sandbox(GET => "/_sandbox/sessions/$id")->{integration},
       $integrations[1], 'a session of the second');
});

# a client that signs its own requests goes on doing so, with a key that is
# not the provider's
on_block(11 => sub {
    my ($key, $secret) = ('22222222-2222-4222-8222-222222222222', 'its own');

    for my $row (grep { $_->{answers}[0][0] < 300 } @rows) {
        my $ids = new_session($row->{given});
        my $path = place_for($row, $ids);
        my $body = defined $row->{sends} ? filled($row->{sends}, $ids)
                                         : undef;

        for my $family ('X', 'VRF', 'x') {
            my $text = $body // $ids->{session};
            my $name = "$row->{name}, signed as $family";

            $ids = new_session($row->{given});
            $path = place_for($row, $ids);
            $body = filled($row->{sends}, $ids) if defined $body;

            my $got = call_it($row->{method}, $path, $body,
                "$family-AUTH-CLIENT" => $key,
                "$family-HMAC-SIGNATURE" => hmac_sha256_hex($text, $secret));

            is_signed_as($name, $row, $ids, $body);
            is_passed_on($name, $got, $row->{answers}[0][0]);

            last if $row->{method} eq 'DELETE';
        }
    }
});

# the synchronous host, with a key of the client's own
on_block(12 => sub {
    my ($row) = grep { $_->{path} eq '/v1/validate-registry' } @rows;

    my $got = call_it(POST => '/sync/v1/validate-registry', $row->{sends});
    is_signed_as('no x-api-key', $row, {}, $row->{sends});
    is_passed_on('no x-api-key', $got, 401, '"code":"1801"');

    $got = call_it(POST => '/sync/v1/validate-registry', $row->{sends},
                   'x-api-key' => 'of the client');
    my $seen = is_signed_as('x-api-key', $row, {}, $row->{sends});
    is_passed_on('x-api-key', $got, 200, '"status":"approved"');
    is_deeply([map { $_->[1] } grep { lc $_->[0] eq 'x-api-key' }
               @{ $seen->{headers} }], ['of the client'], 'x-api-key: kept');
});

key_file('unknown_key', "11111111-1111-4111-8111-111111111111\n");

my $http_config = 'client_max_body_size 32m;' . join '', map {
    my ($name, $key, $more) = @$_;
"
    veriff_integration $name {
        api_key_file        \$TEST_NGINX_KEYS/$key;
        shared_secret_file  \$TEST_NGINX_KEYS/shared_secret;
        api_uri             /api-of-$name;
        $more
    }
" } ['kyc', 'api_key', ''], ['stranger', 'unknown_key', ''],
    map { ["integration$_", 'api_key', "integration_id $integrations[$_];"] }
        0, 1;

# nginx does not free a kept TLS session at its end, which is no leak of ours
my $api = '
        proxy_ssl_session_reuse off;
        proxy_pass https://127.0.0.1:$TEST_NGINX_SANDBOX_HTTPS_PORT;
        proxy_ssl_verify on;
        proxy_ssl_server_name on;
        proxy_ssl_name localhost;
        proxy_ssl_trusted_certificate $TEST_NGINX_SANDBOX_CA;
        proxy_ignore_client_abort on;
        proxy_http_version 1.1;
';

my $config = "
    location = /ready { return 200 \"ready\\n\"; }

    location /v1/ {
        veriff_sign kyc;
        $api
    }
" . join '', map { my ($path, $name, $more) = @$_; "
    location /$path/ {
        veriff_sign  $name;
        rewrite      ^/[^/]+/(.*)\$ /\$1 break;
        $more
        $api
    }
" } ['veriff-api', 'kyc', ''], ['stranger', 'stranger', ''],
    ['integration0', 'integration0', ''], ['integration1', 'integration1', ''],
    ['sync', 'kyc', 'proxy_set_header Host sync-api.test;'];

add_block_preprocessor(sub {
    my ($block) = @_;

    my ($number) = $block->name =~ /\bTEST (\d+):/;

    stop_sandbox();
    start_sandbox(strict => undef,
                  $number == 10 ? (integration => \@integrations) : ());

    $block->set_value('http_config', $http_config);
    $block->set_value('config', $config);
    $block->set_value('request', 'GET /ready');
    $block->set_value('response_body', "ready\n");
});

add_response_body_check(sub {
    my ($block, $body, $req_idx, $repeated, $dry_run) = @_;

    my ($number) = $block->name =~ /\bTEST (\d+):/;

    return if $dry_run || $req_idx;

    eval { $driver{$number}->(); 1 }
        or fail($block->name . " - died: $@");
});

master_on();
workers(2);
run_tests();

__DATA__

=== TEST 1: every endpoint, the URI as it came
--- no_error_log
[alert]



=== TEST 2: every endpoint, the URI rewritten
--- no_error_log
[alert]



=== TEST 3: no endpoint is missing
--- no_error_log
[alert]



=== TEST 4: errors of the provider
--- no_error_log
[alert]



=== TEST 5: answers that are not signed well
--- error_log
the provider's answer was refused: wrong signature



=== TEST 6: a key that the provider does not know
--- no_error_log
[alert]



=== TEST 7: ids that the provider does not know
--- no_error_log
[alert]



=== TEST 8: limits of the provider
--- no_error_log
[alert]



=== TEST 9: media, byte for byte
--- no_error_log
[alert]



=== TEST 10: several integrations of one key pair
--- no_error_log
[alert]



=== TEST 11: a client that signs itself
--- no_error_log
[alert]



=== TEST 12: registry validation, synchronous
--- no_error_log
[alert]
