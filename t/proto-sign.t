# Signed requests over every version of HTTP, with proxy_request_buffering on
# and off: every endpoint of t/endpoints.txt, uploads and downloads, bodies
# that come in pieces, without a length, with trailers.  Whatever it is, the
# provider sees the same, and so does the client.

use lib 't/lib';
use VeriffTest;
use VeriffEndpoints;
use VeriffWire;
use Digest::SHA qw(sha256_hex);
use MIME::Base64 qw(encode_base64);
use Test::More;

my @rows = endpoints();
my %driver;

sub on_block { $driver{$_[0]} = $_[1] }

my ($upload) = grep { $_->{signs} eq 'body' && $_->{path} =~ m{/media$} }
               @rows;
my ($download) = grep { $_->{path} eq '/v1/media/{media}' } @rows;

# calls go over this wire, with these options
sub over {
    my ($wire, %o) = @_;

    call_by(sub {
        my ($method, $path, $headers, $body) = @_;

        my %headers = (defined $body ? ('Content-Type' => 'application/json')
                                     : (), %$headers);
        my @fields = map {
            my ($name, $value) = ($_, $headers{$_});
            map { "$name: $_" } ref $value ? @$value : $value;
        } sort keys %headers;

        return $wire->ask($method, $path, fields => \@fields,
                          defined $body ? (body => $body) : (), %o);
    });
}

# Rows that only ask share a session, which is as they need it.
sub session_for {
    my ($sessions, $row) = @_;

    return new_session($row->{given}) if $row->{method} ne 'GET';
    return $sessions->{ $row->{given} } //= new_session($row->{given});
}

# A row of the table; the headers that the client gets must be the same over
# all wires.
sub try_row {
    my ($first, $wire, $row, $prefix, $ids) = @_;

    my $path = place_for($row, $ids);

    for my $answer (@{ $row->{answers} }) {
        my ($status, $pattern, $other) = @$answer;
        my $body = $other // $row->{sends};
        my $name = "$row->{name}, $status"
                   . (defined $other ? " for $other" : '');

        $body = filled($body, $ids) if defined $body;

        my $got = call_it($row->{method}, $prefix . $path, $body);
        my $full = "$prefix $name, " . $wire->name;

        is_signed_as($full, $row, $ids, $body);
        is_passed_on($full, $got, $status, filled($pattern, $ids));

        my @headers = grep { !/^(?:connection|date|server|content-length
                                   |transfer-encoding|keep-alive|alt-svc)$/x }
                      sort keys %{ $got->{headers} };
        same_shape($first, $name, $wire, join ' ', @headers);
    }
}

# every endpoint, and what it says of mistakes
on_block(1 => sub {
    my %first;

    for my $wire (grep { $_->is_announced } wires('bare')) {
        my %sessions;

        # it counts deletions
        sandbox(POST => '/_sandbox/reset');
        over($wire);

        for my $row (@rows) {
            try_row(\%first, $wire, $row, '/unbuffered',
                    session_for(\%sessions, $row));
        }
    }
});

# Bodies, with buffering, and those without a length also without it; the
# most usual ones: api-endpoints.t.
on_block(2 => sub {
    my %first;

    for my $wire (wires()) {
        next if $wire->is_http1 && $wire->is_announced;

        over($wire);

        for my $row (grep { defined $_->{sends} } @rows) {
            for my $prefix ('', $wire->is_announced ? () : '/unbuffered') {
                try_row(\%first, $wire,
                        { %$row, answers => [$row->{answers}[0]] }, $prefix,
                        new_session($row->{given}));
            }
        }
    }
});

sub image {
    my ($size) = @_;

    my $all = join '', map { chr } 0 .. 255;

    return substr $all x ($size / 256 + 1), 0, $size;
}

sub body_with {
    my ($bytes) = @_;

    return '{"image":{"content":"data:image/webp;base64,'
           . encode_base64($bytes, '') . '",  "context":"document-front"}}';
}

# up and down again, in memory and in a file, byte for byte
on_block(3 => sub {
    for my $wire (wires()) {
        for my $prefix ('', '/unbuffered', '/file', '/tiny') {
            for my $size ($prefix eq '/unbuffered' ? (1, 700_003)
                                                   : 65_537)
            {

                my $name = "$prefix $size bytes, " . $wire->name;
                my $bytes = image($size);
                my $body = body_with($bytes);
                my $ids = new_session();

                over($wire);
                my $got = call_it(POST => $prefix . place_for($upload, $ids),
                                  $body);

                is_signed_as("$name, up", $upload, $ids, $body);
                is_passed_on("$name, up", $got, 200, qq("size":$size,));

                ($ids->{media}) = $got->{content} =~ /"id":"([^"]+)"/;
                $got = call_it(GET => $prefix . place_for($download, $ids));

                is_signed_as("$name, down", $download, $ids);
                is_passed_on("$name, down", $got, 200);
                ok($got->{content} eq $bytes, "$name: the same");
                is($got->{headers}{'content-type'}, 'image/webp',
                   "$name: type");
            }
        }
    }
});

# the largest that the provider takes
on_block(4 => sub {
    my $body = body_with(image(18_000_000));

    # over HTTP/1.1: sign-body.t
    for my $wire (grep { !$_->is_http1 && !$_->is_bare
                         || $_->name eq 'HTTP/2 in clear' } wires()) {
        my $name = length($body) . ' bytes, ' . $wire->name;
        my $ids = new_session();

        over($wire);
        my $got = call_it(POST => '/unbuffered' . place_for($upload, $ids),
                          $body);

        is_signed_as($name, $upload, $ids, $body);
        is_passed_on($name, $got, 200, '"size":18000000,');
    }
});

my $forged = 'X-HMAC-SIGNATURE: ' . '0' x 64;

# in pieces, slowly, with trailers
on_block(5 => sub {
    my $body = body_with(image(3000));
    my @ways = (
        ['byte by byte', '/unbuffered', body_with('x'), piece => 1],
        ['slow pieces', '', $body, piece => 600, slow => 1],
        ['slow pieces', '/unbuffered', $body, piece => 600, slow => 1],
        ['slow pieces', '/file', $body, piece => 600, slow => 1],
        ['slow pieces', '/tiny', $body, piece => 600, slow => 1],
        ['a trailer', '', $body, trailer => $forged],
        ['a trailer', '/unbuffered', $body, trailer => $forged],
    );

    for my $wire (wires()) {
        for my $way (@ways) {
            my ($name, $prefix, $sent, %o) = @$way;

            # nginx ends a connection of HTTP/2 for a trailer
            next if $o{trailer} && ($wire->is_http2
                                    || $wire->is_http1
                                       && $wire->is_announced);

            my $ids = new_session();
            $name = "$prefix $name, " . $wire->name;

            over($wire, %o);
            my $got = call_it(POST => $prefix . place_for($upload, $ids),
                              $sent);

            is_signed_as($name, $upload, $ids, $sent);
            is_passed_on($name, $got, 200, '"size":');
        }
    }
});

my $key_and_signature = qr/^(?:x-auth-client|x-hmac-signature)$/i;

# bodies in turns on one connection, each with its own signature
on_block(6 => sub {
    for my $wire (grep { $_->is_http2 } wires()) {
        for my $prefix ('', '/unbuffered', '/tiny') {
            my %sent = map { new_session()->{session}
                             => body_with(image(500 + 997 * $_)) } 1 .. 8;
            my @ids = sort keys %sent;

            sandbox(DELETE => '/_sandbox/requests');

            my @answers = $wire->ask_together(map { {
                method => 'POST', path => "$prefix/v1/sessions/$_/media",
                fields => ['content-type: application/json'],
                body => $sent{$_}, piece => 100 + ord } } @ids);

            my $name = "$prefix together, " . $wire->name;
            is(join(' ', map { $_->{status} } @answers),
               join(' ', (200) x @ids), "$name: all are accepted");

            my %seen = map { $_->{path} => $_ }
                       @{ sandbox(GET => '/_sandbox/requests') };

            for my $id (@ids) {
                my $seen = $seen{"/v1/sessions/$id/media"};
                my %headers = map { lc $_->[0] => $_->[1] }
                              grep { $_->[0] =~ $key_and_signature }
                              @{ $seen->{headers} };

                is($seen->{body_sha256}, sha256_hex($sent{$id}),
                   "$name: its own bytes");
                is_deeply(\%headers, {
                    'x-auth-client' => api_key(),
                    'x-hmac-signature' => hmac(shared_secret(), $sent{$id})
                }, "$name: its own signature");
            }
        }
    }
});

# what is refused, by nginx, by the module, and by the provider
on_block(7 => sub {
    my %first;
    my $ids = new_session();
    my $place = "/v1/sessions/$ids->{session}";
    my $json = 'Content-Type: application/json';

    my @refused = (
        ['an id that is none', GET => '/v1/sessions/a+b/decision', 400],
        ['no path of the API', GET => '/rewritten/v2/sessions', 400],
        ['another method', PUT => "$place/media", 405, 'x'],
        ['OPTIONS', OPTIONS => "$place/media", 405],
        ['too large', POST => "/small$place/media", 413, 'x' x 70_000],
        ['a wrong answer', GET => "$place/decision", 502, undef, 'wrong'],
        ['no signature', GET => "$place/decision", 502, undef, 'none'],
        ['a wrong answer to a body', POST => "$place/media", 502,
         body_with('abc'), 'wrong'],
    );

    for my $wire (wires()) {
        for my $refused (@refused) {
            my ($name, $method, $path, $status, $body, $signature) = @$refused;

            for my $prefix ('', '/unbuffered') {
                next if $prefix && $path =~ m{^/(?:rewritten|small)};

                sandbox(POST => '/_sandbox/faults',
                        { signature => $signature }) if $signature;
                sandbox(DELETE => '/_sandbox/requests');

                my $got = $wire->ask($method, $prefix . $path,
                    defined $body ? (body => $body, fields => [$json]) : ());

                is($got->{status}, $status,
                   "$prefix $name, " . $wire->name . ": $status");
                like($got->{content},
                     qr/\A\{"status":"fail","code":"\d+","message":"/,
                     "$prefix $name, " . $wire->name . ': its shape')
                    if $status != 413;
                same_shape(\%first, $name, $wire, shape_of($got));
                is(scalar @{ sandbox(GET => '/_sandbox/requests') },
                   $signature ? 1 : 0,
                   "$prefix $name, " . $wire->name . ': what goes on');
            }
        }
    }
});

my $proxy = '
    proxy_pass http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
    proxy_ignore_client_abort on;
    proxy_http_version 1.1;
';

sub signed {
    my ($prefix, $more) = @_;

    return "location $prefix/ { veriff_sign kyc insecure_tls;\n"
           . "rewrite ^$prefix/(.*)\$ /\$1 break; $more $proxy }\n";
}

add_block_preprocessor(sub {
    my ($block) = @_;

    sandbox(POST => '/_sandbox/reset');

    $block->set_value('http_config', '
        client_max_body_size 32m;
        veriff_integration kyc {
            api_key_file        $TEST_NGINX_KEYS/api_key;
            shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
            api_uri             /api-of-kyc;
        }');
    $block->set_value('config', '$TEST_NGINX_WIRES
        location = /ready { return 200 "ready\n"; }
        location /v1/ { veriff_sign kyc insecure_tls; ' . $proxy . '}'
        . signed('/unbuffered', 'proxy_request_buffering off;')
        . signed('/file', 'proxy_request_buffering off;
                           client_body_in_file_only clean;')
        . signed('/tiny', 'proxy_request_buffering off;
                           client_body_buffer_size 64;')
        . signed('/small', 'proxy_request_buffering off;
                            client_max_body_size 64k;')
        . signed('/rewritten', ''));
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

start_sandbox(strict => undef);
run_tests();

__DATA__

=== TEST 1: every endpoint
--- no_error_log
[alert]



=== TEST 2: bodies, with buffering and without
--- no_error_log
[alert]



=== TEST 3: up and down
--- no_error_log
[alert]



=== TEST 4: 24 MB
--- error_log
a client request body is buffered to a temporary file



=== TEST 5: in pieces, and with trailers
--- no_error_log
[alert]



=== TEST 6: several at the same time
--- no_error_log
[alert]



=== TEST 7: what is refused
--- error_log
the provider's answer was refused: wrong signature
