# What the provider is answered: 200 for any 2xx of the application, the
# application's own status for all others, whatever error_page says.

use lib 't/lib';
use VeriffTest;
use VeriffWebhook;
use Test::More;

start_app();

my $body = '{"verification":{"id":"abc-1","status":"approved"}}';

sub answer_of {
    my ($what, %o) = @_;

    my $answer = exchange(webhook(body => $body, %o,
                                  headers => ["X-App: $what",
                                              @{ $o{headers} // [] }]));
    return wantarray ? ($answer, app_seen()) : $answer;
}

sub statuses {
    my %want = @_;

    for my $what (sort keys %want) {
        my ($answer, @seen) = answer_of($what);

        is(status_of($answer), $want{$what}, "app $what");
        is(scalar @seen, 1, "app $what: it has seen the webhook");
    }
}

my %success = map { $_ => 200 } 200 .. 207, 299;
my %failure = map { $_ => $_ } 301, 304, 400, 401, 404, 409, 500, 502, 503;

on_block(1 => sub {
    statuses(%success, %failure);

    my $answer = answer_of(201);
    is(content_of($answer), "app\n", '201: with its body');

    $answer = answer_of(204);
    is(header_of($answer, 'Content-Length'), 0, '204: an empty body');
    is(content_of($answer), '', '204: nothing in it');

    $answer = answer_of(206);
    is(header_of($answer, 'Content-Range'), undef, '206: no range of it');

    $answer = answer_of(200, headers => ['Range: bytes=0-0', 'If-Match: "2"',
                                         'If-None-Match: "1"']);
    is(status_of($answer), 200, 'ranges and conditions change nothing');
    is(content_of($answer), "app\n", 'nor the body');

    my $socket = connect_nginx();
    my @status;

    for my $what (204, 201, 204, 500) {
        syswrite $socket, webhook(body => $body, keepalive => 1,
                                  headers => ["X-App: $what"]);
        push @status, status_of(read_all($socket, $what == 204
                                ? qr/\r\n\r\n$/ : qr/\r\n\r\n.*\n$/s));
    }

    is("@status", '200 200 200 500', 'the connection stays in use');

    is(status_of(answer_of('none')), 502, 'no answer');

    $answer = answer_of('cut');
    is(content_of($answer), 'half', 'a cut answer is a cut answer');
    is(header_of($answer, 'Content-Length'), 100, 'as the provider can tell');
});

on_block(2 => sub {
    statuses(%success, %failure, none => 502);

    is(status_of(answer_of(200, secret => 'x')), 401, 'a forged one');
    is(status_of(answer_of(200, key => 'x')), 401, 'another key');
    is(status_of(answer_of(200, method => 'PUT')), 405, 'another method');
    is(status_of(answer_of(200, announced => 2_000_000)), 413, 'too large');
    is(status_of(answer_of(200, body => '[]')), 400, 'no object');
    is(status_of(answer_of(200, path => '/denied')), 403, 'denied');
    is(status_of(answer_of(200, path => '/none')), 502, 'no app');
});

on_block(3 => sub { statuses(%failure) });

on_block(4 => sub {
    my $answer = exchange(webhook(body => $body));
    is(status_of($answer), 200, 'a good one');
    is(content_of($answer), '', 'an empty answer');
    is(header_of($answer, 'Cache-Control'), 'no-store', 'not to be stored');

    is(status_of(exchange(webhook(body => $body, secret => 'x'))), 401,
       'a forged one');
    is(status_of(exchange(webhook(body => '1'))), 400, 'one that is no good');
});

on_block(5 => sub {
    my ($answer, @seen) = answer_of('accel /inside');

    is(status_of($answer), 200, 'X-Accel-Redirect to a 204');
    is(scalar @seen, 1, 'the app has seen it once');

    ($answer, @seen) = answer_of('accel /app');
    is(scalar @seen, 2, 'X-Accel-Redirect to the app');
    is(() = $seen[1]{head} =~ /^X-Veriff-/mg, 1, 'still marked, once');

    is(status_of(answer_of('accel /second')), 405, 'it is a GET then');
    is(scalar(app_seen()), 0, 'which is no webhook');

    is(status_of(answer_of('accel /missing')), 404, 'a 404 stays one');
});

on_block(6 => sub {
    for my $path ('/try-named', '/try-uri', '/try-twice', '/if', '/limit',
                  '/nested/a') {
        my ($answer, @seen) = answer_of(202, path => $path);

        is(status_of($answer), 200, "$path: answered 200");
        is(scalar @seen, 1, "$path: the app has seen it");
        is_deeply([($seen[0]{head} // '') =~ /^(X-Veriff.*?)\r$/mg],
                  ['X-Veriff-Webhook: ok'], "$path: marked once");
        is($seen[0]{body}, $body, "$path: byte for byte");

        ($answer, @seen) = answer_of(202, path => $path, secret => 'x');
        is(status_of($answer), 401, "$path: a forged one is refused");
        is(scalar @seen, 0, "$path: the app does not see it");
    }

    my ($answer, @seen) = answer_of(200, path => '/rewritten',
                                    secret => 'x');
    is(status_of($answer), 401, 'rewritten to it: refused');
    is(scalar @seen, 0, 'the app does not see it');
});

on_block(7 => sub {
    is(status_of(exchange(webhook(path => '/return', secret => 'x'))), 204,
       'an answer that nothing was checked for stays as it is');
});

on_block(8 => sub {
    my ($answer, @seen) = answer_of(200);
    is(status_of($answer), 200, 'mirrored');

    # the mirror's request ends when it ends
    my $end = time + 5;
    while (@seen < 2 && time < $end) {
        push @seen, app_seen();
        select undef, undef, undef, 0.02;
    }

    is_deeply([map { $_->{body} } @seen], [$body, $body],
              'app and mirror have all of it');

    ($answer, @seen) = answer_of(200, secret => 'x');
    is(status_of($answer), 401, 'a forged one');
    is(scalar @seen, 0, 'is not mirrored');
});

on_block(9 => sub {
    for my $path (qw(/auth /mirror /ssi)) {
        my ($answer, @seen) = answer_of(200, path => $path);

        is(scalar(grep { $_->{head} =~ m{^\w+ /hook} } @seen), 0,
           "$path: no webhook by subrequest");
    }

    is(status_of(answer_of(200, path => '/auth')), 403, 'auth_request');
});

on_block(10 => sub {
    my ($answer, @seen) = answer_of(200, path => '/sign',
                                    headers => ['X-Veriff-User: eve']);

    is(scalar @seen, 1, 'the provider is asked');
    like($seen[0]{head} // '', qr/^X-AUTH-CLIENT: /m, 'with the key');
    unlike($seen[0]{head} // '', qr/^X-Veriff-/mi, 'without our marks');
    is(status_of($answer), 502, 'and what it says is not signed');
});

on_block(11 => sub {
    my $answer = answer_of(200, path => '/try');
    is(status_of($answer), 502, 'no app behind try_files');

    $answer = answer_of('accel /moved');
    is(status_of($answer), 502, 'no app behind X-Accel-Redirect');
});

run_tests();

__DATA__

=== TEST 1: statuses
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_force_ranges on;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 2: error_page does not hide them
--- http_config
$TEST_NGINX_INTEGRATION
    error_page 400 401 403 404 405 409 413 =200 /fine;
    error_page 500 502 503 =200 @fine;
    recursive_error_pages on;
    proxy_intercept_errors on;
--- config
    $TEST_NGINX_READY
    error_page 301 304 =200 /fine;
    error_page 400 401 403 404 405 409 413 =200 /fine;
    error_page 500 502 503 =200 @fine;
    location = /fine {
        return 200 "fine\n";
    }
    location @fine {
        return 200 "fine\n";
    }
    location = /hook {
        veriff_webhook kyc;
        client_max_body_size 1m;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /denied {
        veriff_webhook kyc;
        deny all;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /none {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_NO_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 3: nor does one of the location itself
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /fine {
        return 200 "fine\n";
    }
    location = /hook {
        veriff_webhook kyc;
        error_page 301 304 400 401 404 409 500 502 503 =200 /fine;
        proxy_intercept_errors on;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 4: without an application
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 5: the application redirects inside
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /inside {
        internal;
        return 204;
    }
    location = /app {
        internal;
        proxy_set_header X-App 200;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /second {
        internal;
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 6: other ways through nginx's configuration
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location @app {
        proxy_pass $TEST_NGINX_APP;
    }
    location = /app {
        internal;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /try-named {
        veriff_webhook kyc;
        try_files /nothing @app;
    }
    location = /try-uri {
        veriff_webhook kyc;
        try_files /nothing /app;
    }
    location = /try-twice {
        veriff_webhook kyc;
        try_files /nothing /limit;
    }
    location = /if {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_NO_APP;
        if ($request_method = POST) {
            proxy_pass $TEST_NGINX_APP;
        }
    }
    location = /limit {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        limit_except GET {
            allow all;
        }
    }
    location /nested/ {
        veriff_webhook kyc;
        location /nested/a {
            proxy_pass $TEST_NGINX_APP;
        }
    }
    location = /rewritten {
        rewrite ^ /limit last;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 7: an answer of the rewrite phase
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /return {
        veriff_webhook kyc;
        if ($request_method = POST) {
            return 204;
        }
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 8: a mirror in the same location
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        mirror /copy;
        client_body_buffer_size 1k;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /copy {
        internal;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 9: by subrequest
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /auth {
        auth_request /hook;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /mirror {
        mirror /hook;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /ssi {
        ssi on;
        ssi_types text/plain;
        default_type text/plain;
        error_page 405 =200 /ssi.txt;
        root html;
    }
    location = /ssi.txt {
        ssi on;
        ssi_types text/plain;
    }
--- user_files
>>> ssi
<!--#include virtual="/hook" -->
>>> ssi.txt
<!--#include virtual="/hook" -->
--- request
    GET /ready
--- response_body
ready



=== TEST 10: its marks do not leave through a signed location
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /sign {
        veriff_webhook kyc;
        try_files /nothing @sign;
    }
    location @sign {
        veriff_sign kyc insecure_tls;
        rewrite ^ /v1/sessions break;
        proxy_ignore_client_abort on;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 11: nor does an error page of where it is led to
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    error_page 502 =200 /fine;
    location = /fine {
        return 200 "fine\n";
    }
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /moved {
        internal;
        proxy_pass $TEST_NGINX_NO_APP;
    }
    location = /try {
        veriff_webhook kyc;
        try_files /nothing @none;
    }
    location @none {
        proxy_pass $TEST_NGINX_NO_APP;
    }
--- request
    GET /ready
--- response_body
ready
