# What veriff_metrics tells: every counter moves by what has happened, exactly,
# whichever worker it was, and the text is what Prometheus reads.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffMetrics;
use VeriffWebhook ();
use IO::Socket::INET ();
use Test::More;

worker_connections(1024);

my @seconds = qw(0.05 0.1 0.25 0.5 1 2.5 5 10 30 60 +Inf);

sub hook { VeriffWebhook::exchange(VeriffWebhook::webhook(path => '/hook', @_)) }

sub hook_is {
    my ($status, %o) = @_;

    is(VeriffWebhook::status_of(hook(%o)), $status, "answered $status");
}

# begins, and leaves before it has sent everything
sub leave {
    my ($text) = @_;

    my $socket = VeriffWebhook::connect_nginx();
    syswrite $socket, $text;
    close $socket;
}

sub get_is {
    my ($path, $user, $status, %o) = @_;

    is(ask($path, $user, %o)->{status}, $status, "$path: $status");
}

# the text of another integration
sub another {
    my ($name, $uri) = @_;

    my ($text) = VeriffSession::integration() =~ /(veriff_integration.*)/s;

    $text =~ s/\$TEST_NGINX_KEYS/$ENV{TEST_NGINX_KEYS}/g;
    $text =~ s/integration kyc \{/integration $name { api_uri $uri;/;

    return $text;
}

on_block(1 => sub {
    my $answer = ask('/metrics');

    is($answer->{status}, 200, 'GET');
    is($answer->{headers}{'content-type'},
       'text/plain; version=0.0.4; charset=utf-8', 'type');
    is($answer->{headers}{'cache-control'}, 'no-store', 'not stored');
    is($answer->{headers}{'content-length'}, length $answer->{content},
       'length');

    my $head = ask('/metrics', undef, method => 'HEAD');
    is($head->{status}, 200, 'HEAD');
    is($head->{content} // '', '', 'HEAD: no body');
    is($head->{headers}{'content-length'}, length $answer->{content},
       'HEAD: length');

    for my $method (qw(POST PUT DELETE OPTIONS)) {
        my $refused = ask('/metrics', undef, method => $method);
        is($refused->{status}, 405, "$method: 405");
        is($refused->{headers}{allow}, 'GET, HEAD', "$method: Allow");
        unlike($refused->{content}, qr/veriff_/, "$method: nothing is told");
    }

    is(ask('/metrics', undef, 'If-None-Match' => '*')->{status}, 200,
       'If-None-Match');
    is(ask('/metrics', undef, Range => 'bytes=0-9')->{status}, 200, 'Range');

    my $metrics = eval { metrics() };
    is($@, '', 'the format');

    my $since = delete $metrics->{counting_since_seconds};
    cmp_ok(abs(time - $since), '<', 60, 'since it was started');

    is(delete $metrics->{store_open}, 1, 'the store is open');
    is(delete $metrics->{store_limit_bytes}, 1024 ** 3, 'its limit');
    cmp_ok(delete $metrics->{store_used_bytes}, '>', 0, 'its size');

    my @not = grep { $metrics->{$_} != 0 } sort keys %$metrics;
    is("@not", '', 'all others are zero');

    my @known = (
        (map { "webhooks $_" } map { ("- $_", "kyc $_") } qw(ok method encoding
            size repeated_header conflicting_headers no_key no_signature
            malformed_signature unknown_key incomplete_body bad_signature
            malformed_json store_failed client_left other)),
        (map { "webhook_types kyc $_" } qw(unknown decision event watchlist
            user_status full_auto ine curp ine_curp address)),
        (map { "outcomes kyc $_" } qw(applied duplicate stale foreign
            ignored)),
        (map { "decisions kyc $_" } qw(approved declined
            resubmission_requested review expired abandoned)),
        (map { "sessions kyc $_" } qw(created resumed verified pending
            rejected user_rate session_rate failed relayed timeout
            store_failed refused no_user unfit check_failed)),
        (map { "api_answers kyc $_" } qw(refused cut)),
        (map { "reconciles kyc $_" } qw(asked applied unchanged failed
            over_budget)),
        (map { my $call = $_;
               ((map { "api_call_seconds_bucket kyc $call $_" } @seconds),
                "api_call_seconds_sum kyc $call",
                "api_call_seconds_count kyc $call") } qw(create decision)),
        qw(store_entries store_commits store_commit_failures store_full
           store_read_errors),
    );

    is(join("\n", sort keys %$metrics), join("\n", sort @known),
       'these and no others');
});

on_block(2 => sub {
    my $key = 'X-AUTH-CLIENT: ' . VeriffTest::api_key();
    my $signature = 'X-HMAC-SIGNATURE: ' . ('0' x 64);
    my @well = ([$key, $signature]);

    my %refused = (
        method => [405, { method => 'PUT' }],
        encoding => [415, { headers => ['Content-Encoding: gzip'] }],
        size => [413, { announced => 4194305, no_body => 1 }],
        repeated_header => [401, { auth => [$key, $key, $signature] }],
        conflicting_headers => [401, { auth => [$key, 'VRF-AUTH-CLIENT: x',
                                                $signature] }],
        no_key => [401, { auth => [$signature] }],
        no_signature => [401, { auth => [$key] }],
        malformed_signature => [401, { signature => 'abc' }],
        unknown_key => [401, { key => 'canary-of-a-key' }],
    );

    for my $reason (sort keys %refused) {
        my ($status, $how) = @{ $refused{$reason} };
        moved($reason, sub { hook_is($status, %$how) },
              "webhooks - $reason" => 1);
    }

    moved('bad_signature', sub { hook_is(401, signature => '0' x 64) },
          'webhooks kyc bad_signature' => 1);
    moved('malformed_json', sub { hook_is(400, body => '{"a":1,"a":2}') },
          'webhooks kyc malformed_json' => 1);
    moved('incomplete_body', sub {
        leave(VeriffWebhook::webhook(path => '/hook', announced => 100,
                                     body => '{"a"'));
    }, 'webhooks kyc incomplete_body' => 1);

    moved('report mode', sub {
        is(VeriffWebhook::status_of(VeriffWebhook::exchange(
               VeriffWebhook::webhook(path => '/report',
                                      signature => '0' x 64))),
           502, 'passed on');
    }, 'webhooks kyc bad_signature' => 1);
});

on_block(3 => sub {
    my %type = (
        unknown => '{"hello":1}',
        watchlist => '{"checkType":"initial_result","matchStatus":"no_match"}',
        full_auto => '{"eventType":"fullauto"}',
    );

    for my $type (sort keys %type) {
        moved($type, sub { hook_is(200, body => $type{$type}) },
              'webhooks kyc ok' => 1, "webhook_types kyc $type" => 1);
    }

    moved('twice', sub { hook_is(200, body => $type{unknown}) for 1, 2 },
          'webhooks kyc ok' => 2, 'webhook_types kyc unknown' => 2);
});

on_block(4 => sub {
    my @decision = ('webhooks kyc ok' => 1, 'webhook_types kyc decision' => 1);
    my @event = ('webhooks kyc ok' => 1, 'webhook_types kyc event' => 1);
    my @created = ('sessions kyc created' => 1, 'api_calls kyc create 201' => 1);
    my $session;
    my $past = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - 3600));

    moved('a session', sub { $session = ask('/json', 'alice')->{content} },
          @created);
    moved('an event', sub { event($session, 'started') }, @event,
          'outcomes kyc applied' => 1);
    moved('again', sub { event($session, 'started') }, @event,
          'outcomes kyc duplicate' => 1);

    for my $status (qw(resubmission_requested review approved)) {
        moved($status, sub { decide($session, $status) }, @decision,
              'outcomes kyc applied' => 1, "decisions kyc $status" => 1);
    }

    moved('stale', sub {
        decide($session, 'declined', decisionTime => $past);
    }, @decision, 'outcomes kyc stale' => 1);

    moved('declined', sub { decide($session, 'declined') }, @decision,
          'outcomes kyc applied' => 1, 'decisions kyc declined' => 1);

    for my $status (qw(expired abandoned)) {
        my $other;
        moved("$status: a session", sub {
            $other = ask('/json', $status)->{content};
        }, @created);
        moved($status, sub { decide($other, $status) }, @decision,
              'outcomes kyc applied' => 1, "decisions kyc $status" => 1);
    }

    moved('no session of ours', sub {
        hook_is(200, body => '{"status":"success","verification":'
                             . '{"id":"canary-1","status":"approved",'
                             . '"decisionTime":"2026-01-01T00:00:00Z"}}');
    }, @decision, 'outcomes kyc foreign' => 1);

    my $mine = JSON::PP::decode_json(ask('/json', 'bob')->{content});

    moved('a strange status', sub {
        hook_is(200, body => '{"status":"success","verification":{"id":"'
                             . $mine->{sessionId}
                             . '","status":"canary_status"}}');
    }, @decision, 'outcomes kyc ignored' => 1);
});

on_block(5 => sub {
    my ($alice, $bob, $carol);
    my @created = ('sessions kyc created' => 1, 'api_calls kyc create 201' => 1);

    moved('created', sub { $alice = ask('/json', 'alice')->{content} },
          @created, 'api_call_seconds_count kyc create' => 1);
    moved('resumed', sub { get_is('/json', 'alice', 200) },
          'sessions kyc resumed' => 1);

    event($alice, 'submitted');
    moved('pending', sub { get_is('/json', 'alice', 200) },
          'sessions kyc pending' => 1);

    decide($alice, 'approved');
    moved('verified', sub { get_is('/json', 'alice', 200) },
          'sessions kyc verified' => 1);

    decide($alice, 'declined');
    moved('rejected', sub { get_is('/json', 'alice', 403) },
          'sessions kyc rejected' => 1);

    moved('no user', sub { get_is('/json', undef, 401) },
          'sessions kyc no_user' => 1);
    moved('a method', sub { get_is('/json', 'bob', 405, method => 'PUT') },
          'sessions kyc refused' => 1);
    moved('the guard', sub {
        get_is('/json', 'bob', 403, Origin => 'https://evil.example');
    }, 'sessions kyc refused' => 1);
    moved('unfit', sub { get_is('/json', 'x' x 513, 500) },
          'sessions kyc unfit' => 1);

    fault(status => 503);
    moved('failed', sub { get_is('/json', 'bob', 503) },
          'sessions kyc failed' => 1, 'api_calls kyc create 5xx' => 1);
    moved('relayed', sub { get_is('/json', 'bob', 503) },
          'sessions kyc relayed' => 1);

    for my $n (1, 2) {
        my $session = ask('/json', 'carol')->{content};
        decide($session, 'expired');
    }

    moved('user_rate', sub { get_is('/json', 'carol', 429) },
          'sessions kyc user_rate' => 1);
});

on_block(6 => sub {
    my %fault = (
        200 => { status => 200 },
        400 => { status => 400 },
        401 => { status => 401 },
        403 => { status => 403 },
        404 => { status => 404 },
        409 => { status => 409 },
        429 => { status => 429 },
        '3xx' => { status => 302 },
        '5xx' => { status => 500 },
        none => { cut => 'body' },
        unsigned => { signature => 'none' },
        forged => { signature => 'wrong' },
        oversized => { oversized => 200000 },
    );

    for my $answer (sort keys %fault) {
        fault(%{ $fault{$answer} });

        my $created = $answer eq '200' ? 'created' : 'failed';

        moved("answer $answer", sub { ask('/json', "u$answer") },
              "sessions kyc $created" => 1, "api_calls kyc create $answer" => 1,
              'api_call_seconds_count kyc create' => 1);
    }

    # where the time goes
    fault(delay => 0.6);
    my $before = metrics();

    moved('0.6 seconds', sub { get_is('/json', 'slow', 200) },
          'sessions kyc created' => 1, 'api_calls kyc create 201' => 1,
          'api_call_seconds_count kyc create' => 1);

    my $after = metrics();
    my %by = map { $_ => $after->{$_} - $before->{$_} }
             grep { /^api_call_seconds/ } keys %$after;

    is($by{"api_call_seconds_bucket kyc create $_"}, 0, "not in $_")
        for qw(0.05 0.1 0.25 0.5);
    is($by{"api_call_seconds_bucket kyc create $_"}, 1, "in $_")
        for qw(10 30 60 +Inf);
    cmp_ok($by{'api_call_seconds_sum kyc create'}, '>=', 0.55, 'the sum');
    cmp_ok($by{'api_call_seconds_sum kyc create'}, '<', 10, 'of seconds');
});

on_block(7 => sub {
    my $id = JSON::PP::decode_json(ask('/json', 'alice')->{content})
             ->{sessionId};
    my $path = "/pass/v1/sessions/$id/decision";

    moved('answer 200', sub { get_is($path, undef, 200) },
          'api_calls kyc pass 200' => 1);

    fault(status => 401);
    moved('answer 401', sub { get_is($path, undef, 401) },
          'api_calls kyc pass 401' => 1);

    fault(signature => 'wrong');
    moved('a wrong signature', sub { get_is($path, undef, 502) },
          'api_calls kyc pass 200' => 1, 'api_answers kyc refused' => 1);

    fault(signature => 'none');
    moved('no signature', sub { get_is($path, undef, 502) },
          'api_calls kyc pass 200' => 1, 'api_answers kyc refused' => 1);

    fault(signature => 'wrong', oversized => 400000);
    moved('cut', sub {
        my $answer = VeriffWebhook::exchange("GET $path HTTP/1.1\r\n"
                     . "Host: localhost\r\nConnection: close\r\n\r\n");

        like($answer, qr{^HTTP/1.1 200 }, 'begun');
        cmp_ok(length $answer, '<', 400000, 'and not ended');
    },
          'api_calls kyc pass 200' => 1, 'api_answers kyc cut' => 1);

    fault(cut => 'before');
    moved('no answer', sub { get_is($path, undef, 502) },
          'api_calls kyc pass none' => 1);

    my %odd = ('2xx' => 202, 204 => 204, '4xx' => 422, '5xx' => 599,
               other => 999);

    for my $class (sort keys %odd) {
        my $refused = $odd{$class} == 202;

        moved("status $odd{$class}", sub {
            get_is("/odd/v1/$odd{$class}", undef,
                   $refused ? 502 : $odd{$class});
        }, "api_calls kyc pass $class" => 1,
           $refused ? ('api_answers kyc refused' => 1) : ());
    }

    moved('a path', sub { get_is('/pass/v2/sessions', undef, 400) },
          'api_calls kyc pass refused' => 1);
    moved('a method', sub { get_is($path, undef, 405, method => 'PUT') },
          'api_calls kyc pass refused' => 1);
});

on_block(8 => sub {
    sandbox(POST => '/_sandbox/config', { rate => 1_000_000 });

    my $before = metrics();

    my %pid;
    my @answers;

    for my $n (1 .. 8) {
        push @answers, read_answers(map { send_request('/redirect', "u$n-$_") }
                                    1 .. 50);
    }

    wait_until('more than one worker answers', sub {
        for my $answer (ask_many(40, '/pid', 'x')) {
            $pid{$1}++ if $answer =~ /pid (\d+)/;
        }

        return keys %pid >= 2;
    });
    is(scalar(grep { m{^HTTP/1.1 303 } } @answers), 400, '400 sessions');

    # whoever answers
    for my $n (1 .. 10) {
        is(counted('sessions kyc created')
           - ($before->{'sessions kyc created'} // 0), 400, "all of them ($n)");
    }

    # the store's housekeeping has an entry of its own

    my $metrics = metrics();

    for my $what (qw(store_commits store_entries)) {
        cmp_ok($metrics->{$what}, '>=', 800, $what);
        cmp_ok($metrics->{$what}, '<', 810, "$what, and hardly more");
    }
});

on_block(9 => sub {
    hook(signature => '0' x 64) for 1 .. 3;
    hook(key => 'unknown') for 1 .. 2;
    is(ask('/json', 'alice')->{status}, 200, 'a session');

    my $since = counted('counting_since_seconds');

    my $kept = sub {
        my ($name) = @_;

        is(counted('webhooks kyc bad_signature'), 3, "$name: refused");
        is(counted('webhooks - unknown_key'), 2, "$name: unknown");
        is(counted('sessions kyc created'), 1, "$name: created");
        is(counted('counting_since_seconds'), $since, "$name: since");
        is(counted('api_call_seconds_count kyc create'), 1, "$name: times");
    };

    $kept->('before');

    reload_nginx();
    $kept->('reloaded');

    # another integration, before the first in the file
    my $age = another('age', '/age-api');

    reload_nginx(sub {
        s/(veriff_integration kyc)/$age$1/;
        s/veriff_webhook kyc/veriff_webhook age/;
    });
    $kept->('added');
    is(counted('webhooks age bad_signature'), 0, 'the new one has none');
    moved('counted for itself', sub { hook(signature => '1' x 64) },
          'webhooks age bad_signature' => 1);

    # renamed, and back
    reload_nginx(sub { s/\bage\b/old/g });
    $kept->('renamed');
    ok(!exists metrics()->{'webhooks age ok'}, 'the old name is gone');
    is(counted('webhooks old bad_signature'), 0, 'the new name has none');

    reload_nginx(sub { s/\bold\b/age/g });
    is(counted('webhooks age bad_signature'), 1, 'it comes back');

    # more than the zone has room for: another one takes its place
    my $many = join '', map { another("more$_", "/more$_") } 1 .. 40;

    reload_nginx(sub { s/(veriff_integration kyc)/$many$1/ });
    $kept->('forty more');
    is(counted('webhooks age bad_signature'), 1, 'forty more: age');
    is(counted('webhooks more40 bad_signature'), 0, 'forty more: theirs');
    moved('counted in the larger zone', sub { hook(signature => '1' x 64) },
          'webhooks age bad_signature' => 1);

    reload_nginx(sub { s/\bmore(\d+)\b/other$1/g });
    $kept->('forty renamed');

    reload_nginx(sub { s/veriff_integration other\d+ \{.*?^\}//gms });
    $kept->('forty less');
    moved('and still', sub { hook(signature => '1' x 64) },
          'webhooks age bad_signature' => 1);
});

on_block(10 => sub {
    my $session = ask('/json', 'canary-user')->{content};

    decide($session, 'approved');
    ask('/json', 'canary-user');
    ask('/canary-path?canary=1', "canary\"}\n{evil");
    hook(key => 'canary-key');
    hook(headers => ['vrf-integration-id: canary']);
    hook(body => '{"status":"success","verification":{"id":"canary-session",'
                 . '"status":"canary","vendorData":"canary"}}');
    fault(status => 404, code => 'canary', message => 'canary');
    ask('/json', 'canary-2');

    my $text = ask('/metrics?canary')->{content};
    my ($id) = $session =~ /"sessionId":"([^"]+)"/;

    like($text, qr/kyc/, 'there is something');
    unlike($text, qr/canary|evil/, 'nothing of what was sent');
    unlike($text, qr/\Q$id\E/, 'no session');
    unlike($text, qr/\Q${\ VeriffTest::api_key() }\E/, 'no key');
    is(eval { metrics(); 1 }, 1, 'the format') or diag($@);
});

on_block(11 => sub {
    sandbox(POST => '/_sandbox/config', { rate => 1_000_000 });

    my $size = counted('store_used_bytes');

    is(counted('store_limit_bytes'), 1048576, 'the limit');

    my $n = 0;
    my $last;

    while ($n < 4000) {
        $last = ask('/json', 'full' . $n++)->{status};
        last if $last != 200;
    }

    is($last, 503, "full after $n users");

    my $metrics = metrics();

    cmp_ok($metrics->{store_full}, '>=', 1, 'it says so');
    is($metrics->{store_commit_failures}, 0, 'which is no failure');
    is($metrics->{store_read_errors}, 0, 'nor an error');
    cmp_ok($metrics->{store_used_bytes}, '>', 900_000, 'size');
    cmp_ok($metrics->{store_used_bytes}, '<', 1_200_000, 'near its limit');
    cmp_ok($metrics->{store_entries}, '>', $n, 'entries');

    cmp_ok($metrics->{'sessions kyc store_failed'}, '>=', 1,
           'the session is lost');
});

on_block(12 => sub {
    my $dir = "$Test::Nginx::Util::ServRoot/veriff_temp";

    get_is('/status', 'alice', 200);

    rename "$dir/data.mdb", "$dir/kept" or die "rename: $!";
    mkdir "$dir/data.mdb" or die "mkdir: $!";

    reload_nginx();

    my $metrics = metrics();
    is($metrics->{store_open}, 0, 'not open');
    ok(!exists $metrics->{store_used_bytes}, 'no size');

    moved('a read', sub { get_is('/status', 'alice', 503) },
          'store_read_errors' => 1);
    moved('a session', sub { get_is('/json', 'alice', 503) },
          'store_read_errors' => 1, 'sessions kyc store_failed' => 1);
    moved('a webhook', sub {
        hook_is(503, body => '{"status":"success","verification":{"id":"x",'
                             . '"status":"approved"}}');
    }, 'webhooks kyc store_failed' => 1, 'webhook_types kyc decision' => 1,
       'store_read_errors' => 1);

    rmdir "$dir/data.mdb" or die "rmdir: $!";
    rename "$dir/kept", "$dir/data.mdb" or die "rename: $!";
});

# The zone has been taken over when nginx finds that it cannot listen.
on_block(13 => sub {
    my $hook = sub {
        my ($name) = @_;
        moved($name, sub { hook(signature => '0' x 64) },
              'webhooks kyc bad_signature' => 1);
    };

    my $taken = "127.0.0.1:$ENV{TEST_NGINX_SANDBOX_HTTP_PORT}";

    $hook->('before');

    for my $more (0, 40) {
        my $others = join '', map { another("more$_", "/more$_") } 1 .. $more;

        reload_broken(sub {
            s/\bkyc\b/other/g;
            s/^(veriff_key_file)/$others$1/m;
            s/(location = \/metrics)/listen $taken; $1/;
        });

        $hook->("the old one goes on ($more)");
    }

    is(counted('webhooks kyc bad_signature'), 3, 'all are there');

    reload_nginx();
    $hook->('a reload that works');
    is(counted('webhooks kyc bad_signature'), 4, 'all are still there');
});

start_sandbox();
run_tests();

__DATA__

=== TEST 1: the format, and what there is
--- config eval
main::metrics_places()



=== TEST 2: webhooks by result
--- config eval
main::metrics_places('
    location = /report { veriff_webhook kyc report;
                         proxy_pass http://127.0.0.1:1; }
')
--- timeout: 20
--- error_log
Connection refused



=== TEST 3: webhooks by type



=== TEST 4: outcomes and decisions



=== TEST 5: sessions
--- http_config eval
main::kyc('user_rate 2r/h;')



=== TEST 6: what the provider answers
--- http_config eval
main::kyc('user_rate 100r/h;')
--- timeout: 20



=== TEST 7: what is passed through
--- config eval
main::metrics_places('
    location /odd/ {
        veriff_sign kyc insecure_tls;
        rewrite ^/odd/(.*)$ /$1 break;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT;
        proxy_next_upstream off;
    }
    location = /v1/202 { return 202 "x"; }
    location = /v1/204 { return 204; }
    location = /v1/422 { return 422 "x"; }
    location = /v1/599 { return 599 "x"; }
    location = /v1/999 { return 999 "x"; }
')



=== TEST 8: all workers count together
--- config eval
main::metrics_places('location = /pid { return 200 "pid $pid\n"; }')
--- timeout: 30



=== TEST 9: reloads
--- timeout: 60



=== TEST 10: no label is what somebody has sent



=== TEST 11: a full store
--- http_config eval
(main::kyc('session_rate off;') =~ s/veriff_temp;/veriff_temp size=1m;/r)
--- timeout: 30



=== TEST 12: a store that is not open
--- timeout: 20



=== TEST 13: a reload that fails
--- allow_alerts
--- timeout: 40
