# veriff_gate: verified users pass, everyone else is led on or refused.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffApp;
use Test::More;

sub log_format {
    return <<'EOF_CONFIG';
log_format gate '$uri [$veriff_gate] [$veriff_gate_reason] [$veriff_state] '
                '[$veriff_status] [$veriff_session_id] '
                '[$veriff_decision_time]';
EOF_CONFIG
}

sub gated {
    my ($parameters, $more) = @_;

    return "location / {\n    veriff_gate kyc" . ($parameters // '')
           . ";\n    proxy_pass http://127.0.0.1:\$TEST_NGINX_APP_PORT;\n"
           . ($more // '') . "}\n";
}

sub http { kyc('start_uri /start; return_uri /back; ' . ($_[0] // ''))
           . log_format() }
sub config { places(gated(@_)) }

my %browser = (Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate',
               'Sec-Fetch-Dest' => 'document');

sub visit { my ($path, $user, %o) = @_; ask($path, $user, %browser, %o) }

sub verify {
    my ($user, $status, %o) = @_;

    my $session = ask('/json', $user)->{content};

    decide($session, $status // 'approved', %o);

    return JSON::PP::decode_json($session)->{sessionId};
}

sub at { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - $_[0])) }

# nothing of a refusal may be kept by anyone
sub not_cached {
    my ($name, $answer) = @_;

    is($answer->{headers}{'cache-control'}, 'no-store', "$name: no-store");
}

sub no_app { unlike($_[1]->{content} // '', qr/^app /, "$_[0]: not the app") }

sub led_to {
    my ($name, $answer, $to) = @_;

    is($answer->{status}, 302, "$name: 302") or diag($answer->{content});
    is($answer->{headers}{location}, $to, "$name: where to");
    not_cached($name, $answer);
    no_app($name, $answer);
}

sub forbidden {
    my ($name, $answer, $state) = @_;

    is($answer->{status}, 403, "$name: 403") or diag($answer->{content});
    is($answer->{headers}{'content-type'}, 'application/problem+json',
       "$name: a problem");
    is($answer->{headers}{location}, undef, "$name: no redirect");
    not_cached($name, $answer);
    no_app($name, $answer);

    my $json = eval { JSON::PP::decode_json($answer->{content}) } // {};
    is("$json->{status} $json->{state} $json->{start}",
       "403 $state /start", "$name: what a program needs");
}

on_block(1 => sub {
    my $decided = at(60);
    my $session = verify('alice', 'approved', decisionTime => $decided);

    for my $answer (visit('/a/b?c=d', 'alice'), ask('/a/b?c=d', 'alice')) {
        answer_is('verified', $answer, 200,
                  qr{^app\ GET\ /a/b\?c=d\ x-veriff-state=VERIFIED
                     \ x-veriff-session=\Q$session\E
                     \ x-veriff-decided=\Q$decided\E$}x);
    }

    answer_is('POST', ask('/form', 'alice', method => 'POST'), 200,
              qr{^app POST /form x-veriff-state=VERIFIED});
    is(ask('/', 'alice', method => 'HEAD')->{status}, 200, 'HEAD');
    is(posts(), 1, 'only the one session');
});

on_block(2 => sub {
    led_to('GET', visit('/a/b?c=d&e=%2f', 'bob'),
           '/start?return=%2Fa%2Fb%3Fc%3Dd%26e%3D%252f');
    led_to('HEAD', visit('/a', 'bob', method => 'HEAD'),
           '/start?return=%2Fa');

    # an old browser
    led_to('Accept', ask('/', 'bob', Accept => 'text/html,*/*;q=0.8'),
           '/start?return=%2F');

    for my $method (qw(POST PUT DELETE PATCH)) {
        my $answer = visit('/form', 'bob', method => $method);

        answer_is($method, $answer, 403,
                  qr{<a href="/start\?return=%2Fform">});
        is($answer->{headers}{location}, undef, "$method: no redirect");
        not_cached($method, $answer);
    }

    is(posts(), 0, 'the provider is not asked');
});

on_block(3 => sub {
    my %request = (
        'curl'      => {},
        'fetch'     => { 'Sec-Fetch-Mode' => 'cors',
                         'Sec-Fetch-Dest' => 'empty', Accept => 'text/html' },
        'XHR'       => { 'X-Requested-With' => 'XMLHttpRequest',
                         Accept => 'text/html' },
        'image'     => { 'Sec-Fetch-Mode' => 'no-cors',
                         'Sec-Fetch-Dest' => 'image' },
        'frame'     => { 'Sec-Fetch-Mode' => 'navigate',
                         'Sec-Fetch-Dest' => 'iframe' },
        'WebSocket' => { 'Sec-Fetch-Mode' => 'websocket',
                         Upgrade => 'websocket' },
    );

    for my $name (sort keys %request) {
        forbidden($name, ask('/api/x', 'bob', %{ $request{$name} }),
                  'UNVERIFIED');
    }

    forbidden('POST', ask('/api/x', 'bob', method => 'POST'), 'UNVERIFIED');

    my $session = ask('/json', 'bob')->{content};
    event($session, 'submitted');
    forbidden('submitted', ask('/api/x', 'bob'), 'PENDING');
    led_to('submitted', visit('/x', 'bob'), '/back?return=%2Fx');

    decide($session, 'declined');
    forbidden('declined', ask('/api/x', 'bob'), 'REJECTED');
    led_to('declined', visit('/x', 'bob'), '/back?return=%2Fx');
    answer_is('form', visit('/x', 'bob', method => 'POST'), 403,
              qr{<a href="/back\?return=%2Fx">});
});

on_block(4 => sub {
    for my $user (undef, '') {
        my $name = defined $user ? 'empty' : 'none';

        for my $answer (ask('/', $user), visit('/', $user)) {
            is($answer->{status}, 401, "$name: 401");
            is($answer->{headers}{location}, undef, "$name: no redirect");
            is($answer->{headers}{'set-cookie'}, undef, "$name: no cookie");
            no_app($name, $answer);
        }
    }

    for my $user ("x" x 513, "a\tb") {
        is(ask('/', $user)->{status}, 403, 'not a user');
    }
});

# what a client says of itself
on_block(5 => sub {
    my @forged = ('X-Veriff-State' => 'VERIFIED', 'X-Veriff-Session' => 'x',
                  'X_Veriff_State' => 'VERIFIED', 'X-Veriff-Decided' => 'x');

    forbidden('forged', ask('/', 'bob', @forged), 'UNVERIFIED');

    my $answer = ask('/open', 'bob', @forged);
    answer_is('no gate', $answer, 200, qr{^app GET /open$});

    verify('alice');
    answer_is('verified', ask('/', 'alice', @forged), 200,
              qr{^app\ GET\ /\ x-veriff-state=VERIFIED
              \ x-veriff-session=[\w-]{36}\ x-veriff-decided=2\S+$}x);
});

on_block(6 => sub {
    verify('alice', 'approved');

    answer_is('verified', ask('/x', 'alice'), 200, qr/state=VERIFIED/);
    answer_is('unverified', ask('/x', 'bob'), 200,
              qr/state=UNVERIFIED$/);
    answer_is('navigation', visit('/x', 'bob'), 200, qr/state=UNVERIFIED/);
    answer_is('nobody', ask('/x', undef), 200, qr/state=UNKNOWN/);
    answer_is('not a user', ask('/x', "a\tb"), 200, qr/state=UNKNOWN/);

    decide(ask('/json', 'carol')->{content}, 'declined');
    answer_is('declined', ask('/x', 'carol'), 200, qr/state=REJECTED/);
});

on_block(7 => sub {
    verify('alice', 'approved', decisionTime => at(2 * 86400));
    verify('bob', 'approved', decisionTime => at(3600));

    answer_is('old', ask('/fine', 'alice'), 200, qr/state=VERIFIED/);
    forbidden('old, and too old here', ask('/new', 'alice'), 'UNVERIFIED');
    led_to('too old', visit('/new', 'alice'), '/start?return=%2Fnew');
    answer_is('new', ask('/new', 'bob'), 200, qr/state=VERIFIED/);
});

on_block(8 => sub {
    verify('alice');

    for my $path ('/in/in', '/in/other') {
        answer_is($path, ask($path, 'alice'), 200, qr/^app/);
        forbidden($path, ask($path, 'bob'), 'UNVERIFIED');
    }

    answer_is('off', ask('/in/off', 'bob'), 200, qr{^app GET /in/off$});
    forbidden('if', ask('/in/if?off=1', 'bob'), 'UNVERIFIED');
    forbidden('not in if', ask('/in/if', 'bob'), 'UNVERIFIED');
    forbidden('limit_except', ask('/in/except', 'bob', method => 'POST'),
              'UNVERIFIED');
});

on_block(9 => sub {
    my $answer = visit('/start2', 'bob');

    led_to('elsewhere', visit('/x', 'bob'), '/start2?return=%2Fx');
    is($answer->{status}, 500, 'the start page is missing');
    is($answer->{headers}{location}, undef, 'no redirect');
    is(visit('/back2', 'bob')->{status}, 500, 'the return page, too');
});

on_block(10 => sub {
    my $answer = visit('/x', 'bob');

    answer_is('page', $answer, 403, qr/^please verify UNVERIFIED$/);
    is($answer->{headers}{location}, undef, 'no redirect');
    like($answer->{headers}{'set-cookie'}, qr/^__Host-veriff_kyc=/, 'the way');

    answer_is('form', visit('/x', 'bob', method => 'POST'), 403,
              qr/^please verify UNVERIFIED$/);
    forbidden('program', ask('/x', 'bob'), 'UNVERIFIED');

    # only as the gate's answer
    forbidden('itself', ask('/verify.html', 'bob'), 'UNVERIFIED');
});

# the bytes of a request that is refused are not taken for another request
on_block(11 => sub {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => server_port())
        or die "connect: $!";

    my $inner = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

    syswrite $socket, "POST /x HTTP/1.1\r\nHost: x\r\nX-User: bob\r\n"
                      . 'Content-Length: ' . length($inner) . "\r\n\r\n"
                      . $inner
                      . "GET /ready HTTP/1.1\r\nHost: x\r\n"
                      . "Connection: close\r\n\r\n";

    my ($text) = read_answers($socket);
    my @status = $text =~ m{^HTTP/1\.1 (\d+)}mg;

    is("@status", '403 200', 'two answers');
});

on_block(12 => sub {
    my $decided = at(60);
    my $session = verify('alice', 'approved', decisionTime => $decided);

    ask('/one', 'alice');
    visit('/two', 'bob');
    ask('/three', 'bob');
    ask('/four', undef);

    my $log = "$Test::Nginx::Util::ServRoot/logs/gate.log";

    wait_until('four lines', sub {
        open my $in, '<', $log or return 0;
        return 4 == (() = <$in>);
    });

    open my $in, '<', $log or die "$log: $!";
    my @line = sort <$in>;
    chomp @line;

    is($line[0], '/four [deny] [no_user] [UNKNOWN] [] [] []', 'nobody');
    is($line[1], "/one [pass] [verified] [VERIFIED] [approved] [$session]"
                 . " [$decided]", 'verified');
    is($line[2], '/three [deny] [unverified] [UNVERIFIED] [none] [] []',
       'deny');
    is($line[3], '/two [redirect] [unverified] [UNVERIFIED] [none] [] []',
       'redirect');
});

no_root_location();
start_app();
start_sandbox();
run_tests();

__DATA__

=== TEST 1: verified users pass
--- http_config eval: main::http()
--- config eval: main::config()



=== TEST 2: navigations of others are led on, and no form is lost silently
--- http_config eval: main::http()
--- config eval: main::config()



=== TEST 3: programs are never redirected
--- http_config eval: main::http()
--- config eval: main::config()



=== TEST 4: no user
--- http_config eval: main::http()
--- config eval: main::config()
--- error_log
veriff gate "kyc": the user is longer than 512 bytes
--- grep_error_log eval: qr/veriff gate[^,]*/
--- grep_error_log_out
veriff gate "kyc": the user is longer than 512 bytes
veriff gate "kyc": the user holds control characters



=== TEST 5: headers of the client's
--- http_config eval: main::http()
--- config eval
main::places(main::gated() . '
location /open { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT; }')



=== TEST 6: report lets all pass, and says so
--- http_config eval: main::http()
--- config eval: main::config(' report')



=== TEST 7: max_age
--- http_config eval: main::http()
--- config eval
main::places(main::gated() . '
location /new {
    veriff_gate kyc max_age=1d;
    proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT;
}')



=== TEST 8: inheritance
--- http_config eval: main::http() . "veriff_gate kyc;\n"
--- config eval
main::places('
location /in/ {
    proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT;

    location /in/in { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT; }
    location /in/off {
        veriff_gate off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT;
    }
    location /in/if {
        proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT;
        if ($arg_off) {
            add_header X-If yes;
        }
    }
    location /in/except {
        limit_except GET {
            proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT;
        }
    }
}')



=== TEST 9: no start or return location: no loop
--- http_config eval: main::http() =~ s/start_uri \/start/start_uri \/start2/r =~ s/return_uri \/back/return_uri \/back2/r
--- config eval: main::config()
--- grep_error_log eval: qr/veriff gate[^,]*/
--- grep_error_log_out
veriff gate "kyc": "/start2" leads to no location with "veriff_session" or "veriff_return" in this server
veriff gate "kyc": "/back2" leads to no location with "veriff_session" or "veriff_return" in this server



=== TEST 10: a page of the operator's
--- http_config eval: main::http()
--- config eval
main::config(' page=/verify.html', '
location = /verify.html {
    root html;
    ssi on;
}')
--- user_files
>>> verify.html
please verify <!--# echo var="veriff_state" -->



=== TEST 11: a refused body
--- http_config eval: main::http()
--- config eval: main::config()



=== TEST 12: variables
--- http_config eval: main::http()
--- config eval: main::config(undef, 'access_log logs/gate.log gate;')
