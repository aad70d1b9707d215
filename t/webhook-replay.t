# What the application has answered with 2xx is not sent to it again, and what
# is older than what stands is not sent at all; "replay=pass" marks them.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffWebhook;
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes ();

start_app();
start_sandbox();
worker_connections(512);
master_on();
workers(4);

our $all = "veriff_store \$TEST_NGINX_KEYS/store;\n" . integration();

our $locations = <<'EOF_CONFIG';
$TEST_NGINX_READY
location = /status { veriff_status kyc; }
location = /hook {
    veriff_webhook kyc;
    proxy_pass $TEST_NGINX_APP;
    add_header X-Duplicate "[$veriff_webhook_duplicate]";
}
EOF_CONFIG

my $made = 0;


# A webhook's body that was never sent before.
sub body {
    my (%more) = @_;

    return JSON::PP->new->canonical->encode({ status => 'success',
        verification => { id => "unknown-$$-" . ++$made,
                          status => 'review', %more } });
}

sub post {
    my ($body, %o) = @_;

    my $answer = exchange(webhook(body => $body, %o));
    my @seen = app_seen();

    return status_of($answer) . ' ' . @seen;
}

sub get {
    my ($path, $user) = @_;

    return exchange("GET $path HTTP/1.1\r\nHost: localhost\r\n"
                    . "X-User: $user\r\nConnection: close\r\n\r\n");
}

sub person {
    my $user = 'user-' . ++$made;
    my $json = JSON::PP::decode_json(content_of(get('/api', $user)));

    return { user => $user, id => $json->{verification}{id},
             token => $json->{verification}{vendorData} };
}

sub state_of {
    my ($who) = @_;

    return content_of(get('/status', $who->{user})) =~ /"state":"(\w+)"/
           ? $1 : undef;
}

sub at {
    return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $_[0]));
}

sub decision {
    my ($who, $status, $time, %more) = @_;

    return body(id => $who->{id}, status => $status, decisionTime => $time,
                vendorData => $who->{token}, %more);
}

sub nginx_pid {
    open my $in, '<', $Test::Nginx::Util::PidFile or return;
    return <$in> =~ /(\d+)/ ? $1 : undef;
}

sub wait_for {
    my ($what) = @_;

    for (1 .. 500) {
        return 1 if $what->();
        Time::HiRes::sleep(0.02);
    }

    return 0;
}


# ---- blocks ----------------------------------------------------------------

on_block(1 => sub {
    my $body = body();
    my $answer = exchange(webhook(body => $body));
    is(header_of($answer, 'X-Duplicate'), '[]', 'the first is no duplicate');
    is(scalar(app_seen()), 1, 'and proxied');

    is(sent_again(body => $body), '200 0', 'the same bytes');
    $answer = exchange(webhook(body => $body));
    is(header_of($answer, 'X-Duplicate'), '[1]', 'a duplicate');
    is(content_of($answer), '', 'nothing is said about it');

    my $signature = hmac(shared_secret(), $body);
    is(post($body, signature => uc $signature), '200 0', 'upper case');
    is(post($body, auth => ['VRF-AUTH-CLIENT: ' . uc api_key(),
                            "VRF-HMAC-SIGNATURE: $signature"]), '200 0',
       'the other headers');
    is(post($body, headers => ['vrf-integration-id: x', 'X-App: 500',
                               'Content-Type: text/plain']), '200 0',
       'further headers');
    is(post($body, chunked => 7), '200 0', 'chunked');
    is(post($body, path => '/hook?a=1'), '200 0', 'arguments');
    is(post($body, secret => 'x'), '401 0', 'another signature');
    is(post("$body "), '200 1', 'other bytes');
    is(post(body()), '200 1', 'another webhook');

    for my $chunked (0, 1000) {
        $body = body(padding => 'x' x 300_000);
        is(post($body, chunked => $chunked), '200 1', 'a large one');
        is(sent_again(body => $body, chunked => $chunked), '200 0',
           'a large one again');
    }

    for my $body ('{}', '{"eventType":"fullauto","sessionId":"s-1"}',
                  '{"id":"e-1","action":"started","feature":"selfid",'
                  . '"code":7001}')
    {
        is(post($body), '200 1', 'whatever it is');
        is(sent_again(body => $body), '200 0', 'whatever it is, again');
    }
});

on_block(2 => sub {
    for my $what (500, 503, 404, 401, 302, 'none', 'cut') {
        my $body = body();

        for (1 .. 3) {
            like(post($body, headers => ["X-App: $what"]), qr/^\d+ 1$/,
                 "$what: the application gets it");
        }

        is(post($body), '200 1', "$what: until it takes it");
        is(sent_again(body => $body), '200 0', "$what: and no more");
    }

    for my $what (201, 202, 204, 206) {
        my $body = body();

        is(post($body, headers => ["X-App: $what"]), '200 1',
           "the app answers $what");
        is(sent_again(body => $body), '200 0', "$what: has had it");
    }
});

on_block(3 => sub {
    my $body = body();

    is(post($body), '200 1', 'the first');
    is(sent_again(body => $body), '200 0', 'the second');

    my (%worker, %became);

    for (1 .. 60) {
        my $socket = connect_nginx($ENV{TEST_NGINX_SECOND_PORT});
        syswrite $socket, webhook(body => $body);
        my $answer = read_all($socket);
        $worker{header_of($answer, 'X-Pid')} = 1;
        $became{status_of($answer)}++;
    }

    cmp_ok(scalar keys %worker, '>', 1, 'several workers');
    is_deeply(\%became, { 200 => 60 }, 'all are answered 200');
    is(scalar(app_seen()), 0, 'and nothing is proxied');

    my $pid = nginx_pid();
    kill 'QUIT', $pid;
    ok(wait_for(sub { !kill 0, $pid }), 'nginx has ended');

    # as Test::Nginx does it, for a module with sanitizers
    local $ENV{LD_PRELOAD} = $ENV{TEST_NGINX_LD_PRELOAD} // '';

    system($Test::Nginx::Util::NginxBinary, '-p',
           "$Test::Nginx::Util::ServRoot/", '-c',
           $Test::Nginx::Util::ConfFile) == 0 or die 'nginx does not start';
    ok(wait_for(sub { nginx_pid() }), 'nginx has started');

    is(post($body), '200 0', 'restarted: the same bytes');
    is(post(body()), '200 1', 'restarted: others');
});

on_block(4 => sub {
    my $body = body();
    my $log = sub {
        open my $in, '<', $Test::Nginx::Util::ErrLogFile or return 0;
        return scalar grep { /client prematurely closed connection/ } <$in>;
    };

    my $socket = connect_nginx();
    syswrite $socket, webhook(body => $body, headers => ['X-App: hold one']);

    ok(wait_for(sub { scalar(app_seen()) }), 'the app works on it');
    close $socket;
    ok(wait_for($log), 'the provider does not wait');
    release_app('one');

    is(post($body), '200 1', 'sent again, the app gets it again');
    is(sent_again(body => $body), '200 0', 'once it has answered, no more');

    # two copies at the same time
    $body = body();
    my @sockets = map { connect_nginx() } 1, 2;
    syswrite $_, webhook(body => $body, headers => ['X-App: hold two'])
        for @sockets;
    my $seen = 0;
    ok(wait_for(sub { $seen += app_seen() }), 'the app works on one');
    release_app('two');
    is(status_of(read_all($_)), 200, 'both are answered') for @sockets;
    $seen += app_seen();
    ok($seen == 1 || $seen == 2, 'the app gets it once or twice');
    is(sent_again(body => $body), '200 0', 'and no more');
});

on_block(5 => sub {
    my $who = person();
    my $bob = person();
    my $old = decision($who, 'approved', at(-20));
    my $new = decision($who, 'declined', at(-10));
    my $late = decision($who, 'approved', at(-15));

    is(post($old), '200 1', 'approved');
    is(state_of($who), 'VERIFIED', 'approved');
    is(post($new), '200 1', 'declined');
    is(state_of($who), 'REJECTED', 'declined');
    is(sent_again(body => $_), '200 0', 'replayed') for $old, $new, $old;
    is(state_of($who), 'REJECTED', 'and still declined');
    is(post($late), '200 0', 'stale');
    is(header_of(exchange(webhook(body => $late)), 'X-Duplicate'), '[]',
       'stale, which is no duplicate');

    for my $path ('/pass', '/report') {
        my %mark = ($old => 'duplicate', $new => 'duplicate',
                    $late => $path eq '/pass' ? 'stale' : 'duplicate');

        # until its mark is there
        wait_for(sub { exchange(webhook(body => $late)) =~ /\[1\]/ })
            if $path eq '/report';

        for my $body ($old, $new, $late) {
            my $answer = exchange(webhook(body => $body, path => $path));
            my @seen = app_seen();

            is(status_of($answer), 200, "$path: 200");
            is(scalar @seen, 1, "$path: proxied");
            is($seen[0]{body}, $body, "$path: as it was");
            is(header_of($seen[0]{head}, 'X-Veriff-Webhook'), $mark{$body},
               "$path: $mark{$body}");
            is(header_of($seen[0]{head}, 'X-Veriff-User'), $who->{user},
               "$path: whose it is");
            is(header_of($seen[0]{head}, 'X-Seen'),
               $mark{$body} eq 'stale' ? undef : '1', "$path: the variable");
        }

        is(state_of($who), 'REJECTED', "$path: and still declined");
    }

    # another one's session is not told to be bob's, however often
    my $body = decision({ %$who, token => $bob->{token} }, 'approved', at(-1));

    for (1, 2) {
        exchange(webhook(body => $body, path => '/pass'));
        my ($seen) = app_seen();
        unlike($seen->{head}, qr/^X-Veriff-User/m, 'not bob');
        wait_for(sub { exchange(webhook(body => $body)) =~ /\[1\]/ });
        app_seen();
    }

    # what the app does not take, though it is a duplicate, stays one
    is(post($old, path => '/pass', headers => ['X-App: 500']), '500 1',
       'pass: the answer is the app\'s');
    is(post($old), '200 0', 'it has had it');
});

on_block(6 => sub {
    my $body = body(vendorData => 'vendor-canary');
    my $signature = hmac(shared_secret(), $body);

    is(post($body), '200 1', 'proxied');
    is(sent_again(body => $body), '200 0', 'marked');

    my $text = '';

    for my $file (glob "$ENV{TEST_NGINX_KEYS}/store/*") {
        open my $in, '<:raw', $file or die "$file: $!";
        $text .= do { local $/; <$in> };
    }

    cmp_ok(length $text, '>', 0, 'there is a store');

    for my $secret ('vendor-canary', $body =~ /(unknown-[\d-]+)/,
                    $signature, pack('H*', $signature),
                    Digest::SHA::sha256($body), Digest::SHA::sha256_hex($body))
    {
        is(index($text, $secret), -1, 'nothing of it is stored in clear');
    }
});

on_block(7 => sub {
    # only an application's answer counts
    my $body = body();
    is(post($body, path => '/alone'), '200 0', 'without an application')
        for 1 .. 8;

    # a mark of a later one is there: one of this one would be, too
    my $later = body();
    post($later);
    is(sent_again(body => $later), '200 0', 'a later one');

    is(post($body), '200 1', 'the application has not had it');

    $body = body();
    is(post($body, path => '/report', secret => 'x'), '200 1', 'not valid');
    is(post($body), '200 1', 'a valid one is not that one');

    for my $path ('/try', '/named', '/accel') {
        $body = body();
        my @how = (path => $path, $path eq '/accel'
                   ? (headers => ['X-App: accel /inside']) : ());
        my $n = $path eq '/accel' ? 2 : 1;

        is(post($body, @how), "200 $n", "$path: proxied");
        is(sent_again(body => $body, @how), '200 0', "$path: had");
    }

    $body = body();
    is(post($body, path => '/accel', headers => ['X-App: accel /fails']),
       '404 1', 'led to where it fails');
    is(post($body), '200 1', 'that is no success');
});

on_block(8 => sub {
    my @id = map { "vrf-integration-id: id-$_" } 'kyc', 'twin', 'none';

    for my $first (@id) {
        my $body = body();

        is(post($body, path => '/any', headers => [$first]), '200 1', $first);
        is(sent_again(body => $body, path => '/any', headers => [$first]),
           '200 0', "$first, again");

        # proxied once more would be too much
        is(post($body, path => '/any', headers => [$_]), '200 0',
           "$first, $_") for @id;
    }
});

run_tests();

__DATA__

=== TEST 1: the same bytes
--- http_config eval: $main::all
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 2: what the application answers
--- http_config eval: $main::all
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 3: every worker, and after a restart
--- http_config eval
$main::all . 'server {
    listen $TEST_NGINX_SECOND_PORT reuseport;
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        add_header X-Pid $pid;
    }
}'
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 4: who does not wait, and copies at the same time
--- http_config eval: $main::all
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 5: an old decision, and how it is marked
--- http_config eval: $main::all
--- config eval
main::api() . main::sessions() . $main::locations . '
    location = /pass { veriff_webhook kyc replay=pass;
                       proxy_set_header X-Seen $veriff_webhook_duplicate;
                       proxy_pass $TEST_NGINX_APP; }
    location = /report { veriff_webhook kyc report;
                         proxy_set_header X-Seen $veriff_webhook_duplicate;
                         proxy_pass $TEST_NGINX_APP; }'
--- request
    GET /ready
--- response_body
ready



=== TEST 6: what is stored
--- http_config eval: $main::all
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 7: whose answer it is
--- http_config eval: $main::all
--- config eval
main::api() . main::sessions() . $main::locations . '
    location = /alone { veriff_webhook kyc; }
    location = /report { veriff_webhook kyc report;
                         proxy_pass $TEST_NGINX_APP; }
    location = /try { veriff_webhook kyc; try_files /none @app; }
    location @app { proxy_pass $TEST_NGINX_APP; }
    location = /named { veriff_webhook kyc; try_files /none /inside; }
    location = /inside { internal; proxy_set_header X-App 200;
                         proxy_pass $TEST_NGINX_APP; }
    location = /fails { internal; return 404; }
    location = /accel { veriff_webhook kyc; proxy_pass $TEST_NGINX_APP; }'
--- request
    GET /ready
--- response_body
ready



=== TEST 8: integrations that share a key
--- http_config eval
$main::all =~ s/integration kyc \{/integration kyc { integration_id id-kyc;/r
. (main::integration('integration_id id-twin; api_uri /twin-api;')
    =~ s/veriff_key_file.*\n//r) =~ s/kyc/twin/r
--- config eval
main::api() . main::sessions() . $main::locations . '
    location = /any { veriff_webhook kyc twin;
                      proxy_pass $TEST_NGINX_APP; }'
--- request
    GET /ready
--- response_body
ready
