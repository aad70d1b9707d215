# The gate and what comes over the wire: versions of HTTP, connections with
# several requests, bodies, forged headers, targets that lead elsewhere.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffApp;
use VeriffGate;
use Test::More;
use Time::HiRes ();

worker_connections(256);

sub gated { 'veriff_gate kyc; ' . app(@_) }

sub request {
    my ($method, $path, $user, @headers) = @_;

    my $text = "$method $path HTTP/1.1\r\nHost: localhost\r\n";
    $text .= "X-User: $user\r\n" if defined $user;
    $text .= "$_\r\n" for @headers;

    return "$text\r\n";
}

my $last = "GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

sub statuses { CORE::join ' ', $_[0] =~ m{^HTTP/1\.[01] (\d+)}mg }

# What a client gets that waits before it sends its body.
sub first_of {
    my ($bytes) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => server_port(),
                                       Timeout => 10) or die "connect: $!";
    syswrite $socket, $bytes;

    my $text = '';
    my $end = Time::HiRes::time() + 10;
    my $select = IO::Select->new($socket);

    while ($text !~ /\r\n\r\n/ && Time::HiRes::time() < $end) {
        next if !$select->can_read(0.1);
        sysread($socket, $text, 65536, length $text) or last;
    }

    return $text;
}

# ---- HTTP/1 -----------------------------------------------------------------

on_block(1 => sub {
    verify('alice');
    app_seen();

    my @user = ('alice', 'bob', 'alice', undef, 'bob', 'alice');
    my $answer = exchange(CORE::join('', map { request(GET => '/x', $_) }
                                         @user) . $last);

    is(statuses($answer), '200 403 200 401 403 200 200', 'pipelined');

    my @seen = app_seen();
    is(scalar @seen, 3, 'three reach the app');
    is(scalar(() = /x-veriff-state=/g), 1, 'each with one state') for @seen;

    # one by one
    my $http = HTTP::Tiny->new(keep_alive => 1, max_redirect => 0);
    my @status = map {
        $http->get('http://127.0.0.1:' . server_port() . '/x',
                   { headers => { defined $_ ? ('X-User' => $_) : () } })
             ->{status}
    } @user;

    is("@status", '200 403 200 401 403 200', 'kept alive');
    is(scalar app_seen(), 3, 'three reach the app');
});

on_block(2 => sub {
    my $inner = "GET /smuggled HTTP/1.1\r\nHost: x\r\nX-User: alice\r\n\r\n";
    my $length = 'Content-Length: ' . length $inner;
    my $chunks = sprintf("%x\r\n%s\r\n0\r\n\r\n", length $inner, $inner);

    verify('alice');
    app_seen();

    for my $o (['problem'], ['page', 'Accept: text/html']) {
        my ($name, @more) = @$o;

        is(statuses(exchange(request(POST => '/x', 'bob', $length, @more)
                             . $inner . $last)),
           '403 200', "$name, by length");
        is(statuses(exchange(request(POST => '/x', 'bob', @more,
                                     'Transfer-Encoding: chunked')
                             . $chunks . $last)),
           '403 200', "$name, chunked");
        is(statuses(exchange(request(GET => '/x', 'bob', $length, @more)
                             . $inner . $last)),
           @more ? '302 200' : '403 200', "$name, GET");
        is(statuses(exchange(request(POST => '/x', undef, $length, @more)
                             . $inner . $last)),
           '401 200', "$name, nobody");
        is(statuses(exchange(request(POST => '/page/x', 'bob', $length, @more)
                             . $inner . $last)),
           '403 200', "$name, an own page");

        not_reached($name);
    }

    # the page is another request: it gets nothing of what was refused
    for my $o ([$length, $inner], ['Transfer-Encoding: chunked', $chunks]) {
        is(statuses(exchange(request(POST => '/app-page/x', 'bob', $o->[0],
                                     'Accept: text/html') . $o->[1] . $last)),
           '403 200', "a page of the app, $o->[0]");
        is(CORE::join("\n", app_seen()), 'app GET /app-verify',
           "a page of the app, $o->[0]: no body");
    }

    # neither is read to the end before it is refused
    for my $o ('POST', 'GET') {
        for my $accept ('*/*', 'text/html') {
            for my $path ('/x', '/page/x', '/own/x') {
                for my $user ('bob', undef) {
                    my $text = first_of(request($o => $path, $user,
                        'Content-Length: 1000000', 'Expect: 100-continue',
                        "Accept: $accept"));
                    my $name = "$o $path $accept, Expect";

                    unlike($text, qr{ 100 }, "$name: no 100");
                    is(status_of($text), !defined $user ? 401
                       : $o eq 'GET' && $accept eq 'text/html'
                         && $path ne '/page/x' ? 302 : 403, $name);
                }
            }
        }
    }

    not_reached('Expect');
});

on_block(3 => sub {
    my $body = 'x' x 8_000_000;

    for my $o ('Accept: */*', 'Accept: text/html') {
        my $text = exchange(request(POST => '/x', 'bob', $o,
                                    'Content-Length: ' . length $body)
                            . $body . $last);

        like(statuses($text), qr/^403( 200)?$/, "8 MB, $o");

        $text = exchange(request(POST => '/x', 'bob', $o,
                                 'Transfer-Encoding: chunked')
                         . sprintf("%x\r\n%s\r\n", length $body, $body) x 2
                         . "0\r\n\r\n$last");

        like(statuses($text), qr/^403( 200)?$/, "16 MB in chunks, $o");
    }

    # a body that is none
    my $text = exchange(request(POST => '/x', 'bob', 'Connection: close',
                                'Transfer-Encoding: chunked') . "zz\r\n");
    like(statuses($text), qr/^40[03]$/, 'not chunked');

    not_reached('bodies');
});

# HTTP/1.0 and older, and methods that nobody has heard of
on_block(4 => sub {
    verify('alice');
    app_seen();

    like(exchange("GET /x HTTP/1.0\r\nX-User: alice\r\n\r\n"),
         qr/^app GET \/x x-veriff-state=VERIFIED /m, '1.0, verified');
    app_seen();

    my $text = exchange("GET /x HTTP/1.0\r\nX-User: bob\r\n"
                        . "Accept: text/html\r\n\r\n");
    is(status_of($text), 302, '1.0, unverified');
    like($text, qr{^Location: /start\?return=%2Fx\r$}m, '1.0, relative');

    is(status_of(exchange("POST /x HTTP/1.0\r\nX-User: bob\r\n\r\n")), 403,
       '1.0, POST');
    like(exchange("GET /x\r\n"), qr/"status":401/, '0.9');

    for my $method (qw(OPTIONS PROPFIND MKCOL PUT DELETE PATCH FOO)) {
        for my $accept ('*/*', 'text/html') {
            my $text = exchange(request($method => '/x', 'bob',
                                        "Accept: $accept",
                                        'Connection: close'));
            is(status_of($text), 403, "$method, $accept");
            unlike(head_of($text), qr/^Location/mi, "$method, $accept");
        }
    }

    not_reached('old and odd ones');
});

# ---- WebSocket --------------------------------------------------------------

my @upgrade = ('Connection: Upgrade', 'Upgrade: websocket',
               'Sec-WebSocket-Version: 13',
               'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==');

on_block(5 => sub {
    verify('alice');
    app_seen();

    my $text = exchange(request(GET => '/ws', 'alice', @upgrade)
                        . "hello\n");

    is(status_of($text), 101, 'verified: upgraded');
    like($text, qr/\r\n\r\napp upgraded\nhello\n\z/, 'verified: talks');
    like((app_seen())[0] // '', qr{^app GET /ws x-veriff-state=VERIFIED },
         'verified: marked');

    # an old browser tells no more than what it accepts
    for my $o ([], ['Accept: text/html'], ['Sec-Fetch-Mode: websocket'],
               ['Accept: text/html', 'Sec-Fetch-Mode: websocket'])
    {
        $text = exchange(request(GET => '/ws', 'bob', @upgrade, @$o)
                         . $last);
        is(statuses($text), '403 200', "unverified @$o");
        unlike(head_of($text), qr/^(Location|Upgrade|Connection: upgrade)/mi,
               "unverified @$o: no more");

        $text = exchange(request(GET => '/ws', undef, @upgrade, @$o)
                         . $last);
        is(statuses($text), '401 200', "nobody @$o");
    }

    not_reached('WebSocket');
});

# ---- forged headers ---------------------------------------------------------

my @forged = ('X-Veriff-State: VERIFIED', 'x-veriff-state: VERIFIED',
              'X_Veriff_State: VERIFIED', 'x-VERIFF_state: VERIFIED',
              'X.Veriff.State: VERIFIED', 'X-Veriff-State : VERIFIED',
              'X-Veriff-Session: 1', 'X-Veriff-Decided: 2020',
              'X-Veriff-User: alice', 'X_VERIFF_WEBHOOK: ok',
              'X-Veriff-: x', 'X-Veriff-State:', 'X~Veriff~State: VERIFIED');

on_block(6 => sub {
    verify('alice');
    app_seen();

    # 60 of them, and the real ones between: several parts of a list
    my @many = map { @forged, "X-Other-$_: y" } 1 .. 5;

    for my $o ((map { [$_] } @forged), [@forged], [@many]) {
        my $name = @$o == 1 ? $o->[0] : @$o . ' headers';

        # nginx itself refuses what has a space before its colon
        next if $name =~ / :/;
        my @headers = grep { !/ :/ } @$o;

        my $text = exchange(request(GET => '/x', 'bob', @headers,
                                    'Connection: close'));
        is(status_of($text), 403, "$name: unverified");
        not_reached($name);

        $text = exchange(request(GET => '/open', 'bob', @headers,
                                 'Connection: close'));
        is((app_seen())[0], 'app GET /open', "$name: without a gate");

        exchange(request(GET => '/x', 'alice', @headers,
                         'Connection: close'));
        my ($line) = app_seen();
        like($line, qr/^app\ GET\ \/x\ x-veriff-state=VERIFIED
                       \ x-veriff-session=[\w-]{36}
                       \ x-veriff-decided=2\d\d\d-\S+$/x, "$name: verified");

        exchange(request(GET => '/told', 'bob', @headers,
                         'Connection: close'));
        is((app_seen())[0], 'app GET /told x-veriff-state=UNVERIFIED',
           "$name: report");
    }

    # after the body
    for my $path ('/open', '/told') {
        exchange(request(POST => $path, 'bob', 'Transfer-Encoding: chunked',
                         'Trailer: X-Veriff-State', 'Connection: close')
                 . "1\r\nx\r\n0\r\nX-Veriff-State: VERIFIED\r\n\r\n");

        is((app_seen())[0], "app POST $path"
           . ($path eq '/told' ? ' x-veriff-state=UNVERIFIED' : ''),
           "$path: trailer");
    }

    # by way of variables that were evaluated before
    exchange(request(GET => '/copied', 'bob', @forged[0 .. 2],
                     'Connection: close'));
    is((app_seen())[0], 'app GET /copied', 'copies');
});

# ---- targets ----------------------------------------------------------------

my @targets = (qw(//evil.example/ //evil.example //evil.example/%2e%2e
    /\\evil.example /\\/evil.example /%5cevil.example /%5c%5cevil.example
    /%2f%2fevil.example /%2fevil.example /%252f%252fevil.example
    /./%2f/evil.example /x/..//evil.example /x/../%2fevil.example
    ///evil.example ////evil.example /.//evil.example
    //evil.example/%0d%0aLocation:x /%0d%0aSet-Cookie:a=b /%09/evil.example
    /%e3%80%82evil.example /@evil.example //@evil.example /;@evil.example
    http://evil.example http://evil.example/ http://evil.example//evil.example
    http://evil.example/%2f%2fevil.example http://evil.example?x
    http://a@evil.example/ https://evil.example/ HTTP://EVIL.EXAMPLE//x
    /?//evil.example /?return=//evil.example /?return=%2f%2fevil.example
    /x?return=/y&return=//evil.example /start/..//evil.example
    /javascript:alert(1) /x/%2e%2e/%2e%2e//evil.example), '/x#//evil.example');

on_block(7 => sub {
    my $seen = 0;

    for my $target (@targets) {
        my $text = exchange(request(GET => $target, 'bob',
                                    'Accept: text/html',
                                    'Connection: close'));
        my $status = status_of($text);

        # nginx itself refuses some
        next if $status == 400;

        is($status, 302, "$target: led on") or diag($text);
        $seen++;

        my @location = head_of($text) =~ /^Location: (.*?)\r?$/mgi;

        is(scalar @location, 1, "$target: one Location");
        like($location[0], qr{\A/start\?return=%2F[\w%.~-]*\z},
             "$target: to the start, with one argument");

        my $path = $location[0] =~ s/.*return=//r
                                =~ s/%(..)/chr hex $1/ger;
        local_path("$target: the argument", $path);

        my @cookie = head_of($text) =~ /^Set-Cookie: (.*?)\r?$/mgi;
        is(scalar @cookie, 1, "$target: one cookie");

        # where the return page goes with it
        $cookie[0] =~ s/;.*//;
        push @{ $main::cookies }, [$target, $cookie[0], $path];
    }

    cmp_ok($seen, '>', 25, 'most of them come so far');
    verify('bob');

    for my $one (@$main::cookies) {
        my ($target, $cookie, $path) = @$one;
        my $answer = visit('/back', undef, Cookie => $cookie);

        is($answer->{status}, 303, "$target: back");
        is($answer->{headers}{location}, $path, "$target: to the same path");
    }
});

sub local_path {
    my ($name, $path) = @_;

    for (1 .. 3) {
        like($path, qr{\A/(?![/\\])}, "$name begins with one slash");
        unlike($path, qr/[\x00-\x1f\\]/, "$name has nothing hidden");
        $path =~ s/%([0-9a-f]{2})/chr hex $1/gei;
        last if $path !~ /%/;
    }
}

# ---- HTTP/2 -----------------------------------------------------------------

sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}

sub literal { CORE::join '', "\0", map { chr(length $_) . $_ } @_ }

# flags: END_HEADERS and END_STREAM, or the first only
sub h2_request {
    my ($stream, $path, $flags, @headers) = @_;

    my $method = @headers && $headers[0] eq ':method'
                 ? literal(splice @headers, 0, 2) : "\x82";
    my $block = $method . "\x86" . literal(':path', $path)
                . literal(':authority', 'localhost');

    while (my ($name, $value) = splice @headers, 0, 2) {
        $block .= literal($name, $value);
    }

    return frame(1, $flags, $stream, $block);
}

# bodies by stream, until those of all streams have ended
sub h2_bodies {
    my ($count, @frames) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $ENV{TEST_NGINX_H2_PORT})
        or die "connect: $!";

    syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0, '')
                      . CORE::join '', @frames;

    my ($in, %body, %ended) = ('');
    my $end = Time::HiRes::time() + 10;
    my $select = IO::Select->new($socket);

    while (keys %ended < $count && Time::HiRes::time() < $end) {
        next if !$select->can_read(0.1);
        sysread($socket, $in, 65536, length $in) or last;

        while (length $in >= 9) {
            my ($high, $low, $type, $flags, $stream) = unpack 'CnCCN', $in;
            my $length = $high << 16 | $low;

            last if length $in < 9 + $length;
            my $payload = substr($in, 9, $length);
            substr($in, 0, 9 + $length) = '';

            $body{$stream} //= '' if $type == 1;
            $body{$stream} .= $payload if $type == 0;
            $ended{$stream} = 1
                if $stream && (($type < 2 && $flags & 1) || $type == 3);
        }
    }

    return \%body;
}

on_block(8 => sub {
    verify('alice');
    app_seen();

    # one connection, many users at once
    my %user = map { $_ => ('alice', 'bob', 'alice', 'carol')[$_ / 2 % 4] }
               map { 2 * $_ + 1 } 0 .. 15;

    my $body = h2_bodies(16, map { h2_request($_, "/x$_", 5, 'x-user',
                                              $user{$_}) } sort { $a <=> $b } keys %user);

    for my $stream (sort { $a <=> $b } keys %user) {
        if ($user{$stream} eq 'alice') {
            like($body->{$stream} // '', qr{^app\ GET\ /x$stream
                \ x-veriff-state=VERIFIED\ }x, "stream $stream: verified");

        } else {
            like($body->{$stream} // '', qr/"status":403/,
                 "stream $stream: unverified");
        }
    }

    is(scalar(grep { /^app GET/ } app_seen()), 8, 'eight reach the app');

    # bodies, trailers, forged names
    $body = h2_bodies(4,
        h2_request(1, '/x', 4, ':method', 'POST', 'x-user', 'bob'),
        frame(0, 0, 1, 'x' x 1000),
        h2_request(3, '/x', 5, 'x-user', 'bob', 'x-veriff-state', 'VERIFIED',
                   'x_veriff_state', 'VERIFIED'),
        h2_request(5, '/x', 5, 'x-user', 'alice', 'x-veriff-state', 'REJECTED',
                   'x_veriff_state', 'REJECTED', 'x-veriff-user', 'bob'),
        h2_request(7, '/x', 5, 'x-veriff-user', 'alice'),
        frame(0, 1, 1, 'x' x 1000));

    like($body->{1}, qr/"status":403/, 'a body');
    like($body->{3}, qr/"status":403/, 'forged names');
    like($body->{5}, qr/^app\ GET\ \/x\ x-veriff-state=VERIFIED
                        \ x-veriff-session=\S+\ x-veriff-decided=\S+$/x,
         'forged names of one who is verified');
    like($body->{7}, qr/"status":401/, 'nobody');
    is(scalar app_seen(), 1, 'one reaches the app');

    # nginx may end the connection for a trailer
    h2_bodies(1,
        h2_request(1, '/told', 4, ':method', 'POST', 'x-user', 'bob'),
        frame(0, 0, 1, 'body'),
        frame(1, 5, 1, literal('x-veriff-state', 'VERIFIED')));
    like((app_seen())[0] // '', qr{^(app POST /told x-veriff-state=UNVERIFIED)?$},
         'a trailer');

    # those that leave while they are refused
    h2_bodies(0, map { h2_request($_, '/x', 4, 'x-user', 'bob')
                       . frame(3, 0, $_, pack('N', 8)) } 1, 3, 5, 7, 9);
    is(ask('/ready')->{status}, 200, 'alive');
});

$ENV{TEST_NGINX_H2_PORT} = free_port();

no_root_location();
start_app();
start_sandbox();
run_tests();

__DATA__

=== TEST 1: one connection, several users
--- http_config eval: main::gate_http()
--- config eval: main::places('location / { ' . main::gated() . ' }')



=== TEST 2: bodies of those that are refused
--- http_config eval: main::gate_http()
--- config eval
main::places('
location / { ' . main::gated() . ' }
location /page/ { veriff_gate kyc page=/verify.html; ' . main::app() . ' }
location /app-page/ { veriff_gate kyc page=/app-verify; ' . main::app() . ' }
location = /app-verify { ' . main::gated() . ' }
location /own/ { ' . main::gated() . ' error_page 401 403 /sorry; }
location = /sorry { root html; try_files /sorry.txt =404; }
location = /verify.html { root html; }')
--- user_files
>>> verify.html
verify
>>> sorry.txt
sorry
--- timeout: 20



=== TEST 3: large bodies, and broken ones
--- http_config eval: main::gate_http()
--- config eval
main::places('location / { client_max_body_size 0; ' . main::gated() . ' }')
--- timeout: 20



=== TEST 4: old versions, other methods
--- http_config eval: main::gate_http()
--- config eval: main::places('location / { ' . main::gated() . ' }')



=== TEST 5: WebSocket
--- http_config eval: main::gate_http()
--- config eval
main::places('
location / {
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade; ' . main::gated() . '
}')



=== TEST 6: forged headers
--- http_config eval: main::gate_http() . "underscores_in_headers on;\nignore_invalid_headers off;\n"
--- config eval
main::places('
location / { ' . main::gated() . ' }
location /told { veriff_gate kyc report; ' . main::app() . ' }
location /open { ' . main::app() . ' }
location /copied {
    set $copy $http_x_veriff_state;
    proxy_set_header X-Veriff-State $http_x_veriff_state;
    proxy_set_header X-Veriff-Copy $copy; ' . main::app() . '
}')



=== TEST 7: the target of the request is no way out
--- http_config eval: main::gate_http()
--- config eval
main::places('
location = /back { veriff_return kyc; }
location / { ' . main::gated() . ' }')
--- timeout: 20



=== TEST 8: HTTP/2
--- http_config eval
main::gate_http() . 'server {
    listen $TEST_NGINX_H2_PORT http2;
' . main::places('
location / { ' . main::gated() . ' }
location /told { veriff_gate kyc report; ' . main::app() . ' }') . '}'
