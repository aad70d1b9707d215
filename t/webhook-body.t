# The body of a webhook: whatever way it comes and wherever it lies, the bytes
# that are checked are the bytes that the application gets.

use lib 't/lib';
use VeriffTest;
use VeriffWebhook;
use Digest::SHA ();
use IO::Select ();
use Test::More;

start_app();
worker_connections(256);    # 50 webhooks at a time

my $small = '{"verification":{"id":"abc-1","status":"approved"}}';

# A JSON body of exactly so many bytes, no part of which is like another.
sub body_of {
    my ($size) = @_;

    my $text = '';
    my $n = 0;
    $text .= Digest::SHA::sha256_hex($n++) while length $text < $size;

    return '{"a":"' . substr($text, 0, $size - 8) . '"}';
}

sub curl {
    my ($body, $signature, @options) = @_;

    my $dir = $ENV{TEST_NGINX_KEYS};
    open my $out, '>:raw', "$dir/body" or die "$dir/body: $!";
    print $out $body;
    close $out;

    open my $in, '-|', 'curl', '-s', '--max-time', 10, '-o', '/dev/null',
         '-w', '%{http_code} %{http_version}', '-H',
         'X-AUTH-CLIENT: ' . api_key(), '-H', "X-HMAC-SIGNATURE: $signature",
         '--data-binary', "\@$dir/body", @options or die "curl: $!";

    return scalar <$in>;
}

sub every_way {
    my ($size) = @_;

    my $body = body_of($size);
    (my $changed = $body) =~ s/.(..)$/\x7e$1/;
    my $signature = hmac(shared_secret(), $body);

    check_accepted("$size bytes", body => $body);
    check_refused("$size bytes, changed at the end", 401, body => $changed,
                  signature => $signature);

    for my $chunk (1 + int $size / 7, 4096) {
        check_accepted("$size bytes in chunks of $chunk", body => $body,
                       chunked => $chunk);
        check_refused("$size bytes in chunks of $chunk, changed", 401,
                      body => $changed, signature => $signature,
                      chunked => $chunk);
    }

    # not all of it in the packet of the header
    my $request = webhook(body => $body);
    my $at = 60 + index $request, "\r\n\r\n";

    is(status_of(exchange(substr($request, 0, $at), substr($request, $at))),
       200, "$size bytes in two packets");
    is((app_seen())[0]{body}, $body, "$size bytes in two packets, all");
}

on_block(1 => sub { every_way($_) for 100, 3000, 30_000 });
on_block(2 => sub { every_way($_) for 100, 30_000, 700_000 });
on_block(3 => sub { every_way($_) for 100, 30_000 });
on_block(4 => sub { every_way($_) for 100, 30_000, 700_000 });
on_block(5 => sub { every_way($_) for 100, 30_000 });

on_block(6 => sub {
    check_accepted('just under the limit', body => body_of(4194304));
    check_refused('over it', 413, body => body_of(4194305));
    check_refused('10 MB', 413, body => body_of(10_000_000));
    check_refused('10 MB in chunks', 413, body => body_of(10_000_000),
                  chunked => 65_536);
    check_refused('10 MB in chunks, forged', 413, secret => 'x',
                  body => body_of(10_000_000), chunked => 65_536);
});

on_block(7 => sub {
    check_refused('10 MB', 413, body => body_of(10_000_000));
    check_refused('2 MB in chunks', 413, body => body_of(2_000_000),
                  chunked => 65_536);
});

on_block(8 => sub {
    my %bad = (
        'no JSON' => 'verification',
        'nothing' => '',
        'an array' => '[{}]',
        'a string' => '"a"',
        'two objects' => '{}{}',
        'the end is missing' => '{"a":{"b":1}',
        'a name twice' => '{"verification":{"id":"1","id":"2"}}',
        'a name twice, escaped' => '{"id":"1","\u0069d":"2"}',
        'too deep' => '{"a":' x 5000 . '1' . '}' x 5000,
        'too deep, lists' => '{"a":' . '[' x 100_000 . '}',
        'NUL after it' => "{}\0",
        'NUL in it' => "{\"a\":\"b\0c\"}",
        'NUL escaped' => '{"a":"b\u0000c"}',
        'no UTF-8' => "{\"a\":\"\xff\xfe\"}",
        'a number too large' => '{"a":1e999}',
    );

    for my $name (sort keys %bad) {
        check_refused($name, 400, body => $bad{$name});
        check_refused("$name, forged", 401, body => $bad{$name},
                      secret => 'x');
    }
});

on_block(9 => sub {
    for my $method (qw(GET HEAD PUT DELETE PATCH OPTIONS)) {
        my $answer = check_refused($method, 405, method => $method,
                                   body => $small);
        is(header_of($answer, 'Allow'), 'POST', "$method: what is allowed");
    }
});

on_block(10 => sub {
    for my $encoding ('gzip', 'identity', '', 'br, gzip') {
        check_refused("Content-Encoding \"$encoding\"", 415, body => $small,
                      headers => ["Content-Encoding: $encoding"]);
    }
});

on_block(11 => sub {
    my @expect = (body => $small, headers => ['Expect: 100-continue']);

    my $socket = connect_nginx();
    my $request = webhook(@expect, no_body => 1);
    syswrite $socket, $request;

    my $first = read_all($socket, qr/\r\n\r\n/);
    like($first, qr{^HTTP/1.1 100 }, 'a good one is told to go on');

    syswrite $socket, $small;
    is(status_of(read_all($socket)), 200, 'and accepted');
    is((app_seen())[0]{body}, $small, 'with all of its body');

    my %refused = (
        'key' => [401, key => 'x'],
        'signature' => [401, signature => 'x'],
        'method' => [405, method => 'PUT'],
        'size' => [413, announced => 5_000_000],
    );

    for my $name (sort keys %refused) {
        my ($status, @o) = @{ $refused{$name} };

        $socket = connect_nginx();
        syswrite $socket, webhook(@expect, @o, no_body => 1);
        $first = read_all($socket, qr/\r\n\r\n/);

        is(status_of($first), $status, "wrong $name: refused at once");
    }

    is(scalar(app_seen()), 0, 'the app sees none of these');
});

on_block(12 => sub {
    my @url = ("http://127.0.0.1:$ENV{TEST_NGINX_SECOND_PORT}/hook",
               '--http2-prior-knowledge');

    for my $size (50, 3000, 300_000) {
        my $body = body_of($size);
        my $signature = hmac(shared_secret(), $body);

        for my $more ([], ['-H', 'Transfer-Encoding: chunked'],
                      ['-H', 'Content-Length:']) {
            is(curl($body, $signature, @url, @$more), '200 2',
               "$size bytes over HTTP/2 [@$more]");
            my @seen = app_seen();
            is(scalar @seen, 1, 'the app sees it');
            ok($seen[0]{body} eq $body, 'byte for byte');

            is(curl("$body ", $signature, @url, @$more), '401 2',
               "$size bytes over HTTP/2, a byte more");
            is(scalar(app_seen()), 0, 'the app does not see it');
        }
    }

    my $body = body_of(5_000_000);
    is(curl($body, hmac(shared_secret(), $body), @url, '-H',
            'Content-Length:'), '413 2', 'too large over HTTP/2');
    is(scalar(app_seen()), 0, 'the app does not see it');
});

on_block(13 => sub {
    # byte by byte
    my $request = webhook(body => $small);
    my $at = index($request, "\r\n\r\n") + 4;
    my $socket = connect_nginx();
    setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;

    syswrite $socket, substr $request, 0, $at;
    syswrite $socket, $_ for split //, substr $request, $at;

    is(status_of(read_all($socket)), 200, 'byte by byte');
    is((app_seen())[0]{body}, $small, 'all of them');

    # it leaves half-way, in many places
    for my $n (0, 1, 10, length($small) - 1) {
        $socket = connect_nginx();
        syswrite $socket, substr $request, 0, $at + $n;
        close $socket;
    }

    is(scalar(app_seen()), 0, 'the app sees nothing of those that leave');
    check_accepted('one after them', body => $small);
});

on_block(14 => sub {
    # bodies that come in turns, every third of them forged
    my @all = map {
        my $body = body_of(5000 + 37 * $_);
        my $forged = $_ % 3 == 0;
        my $request = webhook(body => $body, headers => ["X-Number: $_"],
                              secret => $forged ? 'x' : shared_secret());

        { request => $request, body => $body, forged => $forged, at => 0,
          socket => connect_nginx() };
    } 1 .. 50;

    my $size = 997;
    my $left = 1;

    while ($left) {
        $left = 0;

        for my $one (@all) {
            my $part = substr $one->{request}, $one->{at}, $size;
            next if $part eq '';
            $one->{at} += syswrite $one->{socket}, $part;
            $left = 1;
        }
    }

    my @wrong = grep {
        status_of(read_all($_->{socket})) != ($_->{forged} ? 401 : 200)
    } @all;
    is(scalar @wrong, 0, 'each of 50 has its own answer');

    my %seen = map { $_->{body} => 1 } app_seen();
    my @missing = grep { !$_->{forged} && !delete $seen{$_->{body}} } @all;

    is(scalar @missing, 0, 'the app has seen all good ones');
    is(scalar keys %seen, 0, 'and no other');
});

on_block(15 => sub {
    # several on one connection: good, forged, refused early, good
    my @keepalive = (keepalive => 1);
    my $request = webhook(@keepalive, body => $small)
                  . webhook(@keepalive, body => $small, secret => 'x')
                  . webhook(@keepalive, body => body_of(30_000), key => 'x')
                  . webhook(@keepalive, body => $small, chunked => 7)
                  . webhook(@keepalive, body => $small, method => 'PUT')
                  . webhook(body => body_of(20_000));

    my $answers = exchange($request);

    is(join(' ', $answers =~ m{^HTTP/1\.1 (\d+)}mg),
       '200 401 401 200 405 200', 'pipelined');
    is(join(' ', map { length $_->{body} } app_seen()),
       join(' ', length $small, length $small, 20_000), 'the app sees three');

    # one after the other
    my $socket = connect_nginx();
    my @status;

    for my $o ([], [secret => 'x'], [chunked => 9], [key => 'x'], []) {
        syswrite $socket, webhook(@keepalive, body => $small, @$o);
        push @status, status_of(read_all($socket, qr/\r\n\r\n.*\n$/s));
    }

    is("@status", '200 401 200 401 200', 'one connection kept alive');
    is(scalar(app_seen()), 3, 'the app sees three');
});

on_block(16 => sub {
    # no body is announced, but one comes: it is the next request
    my $answer = exchange("POST /hook HTTP/1.1\r\nHost: localhost\r\n"
        . 'X-AUTH-CLIENT: ' . api_key() . "\r\nX-HMAC-SIGNATURE: "
        . hmac(shared_secret(), '') . "\r\n\r\n$small");

    is(status_of($answer), 400, 'a signed nothing');
    is(scalar(app_seen()), 0, 'the app sees nothing');
});

run_tests();

__DATA__

=== TEST 1: the default buffers
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



=== TEST 2: a buffer of 1k
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        client_body_buffer_size 1k;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 3: in a file only
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        client_body_in_file_only clean;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 4: in a single buffer, the app unbuffered
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        client_body_in_single_buffer on;
        proxy_request_buffering off;
        proxy_http_version 1.1;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 5: a file, the app unbuffered
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        client_body_in_file_only on;
        proxy_request_buffering off;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 6: the limit of the module
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        client_max_body_size 20m;
    }
--- request
    GET /ready
--- response_body
ready
--- error_log
veriff webhook refused: size
veriff body: more than 4194304 bytes



=== TEST 7: the limit of the location
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        client_max_body_size 1m;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 8: bodies that are signed but no good
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



=== TEST 9: other methods
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



=== TEST 10: encoded bodies
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



=== TEST 11: Expect: 100-continue
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        client_max_body_size 20m;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 12: HTTP/2
--- http_config
$TEST_NGINX_INTEGRATION
    server {
        listen $TEST_NGINX_SECOND_PORT http2;
        location = /hook {
            client_max_body_size 20m;
            client_body_buffer_size 4k;
            veriff_webhook kyc;
            proxy_pass $TEST_NGINX_APP;
        }
    }
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



=== TEST 13: slow clients and clients that leave
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



=== TEST 14: many at a time
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



=== TEST 15: several on one connection
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



=== TEST 16: no body
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
