# Access control comes first, whatever it is: who is not let in reaches neither
# the store nor the provider, and who is let in is not let past the gate.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffApp;
use VeriffGate;
use MIME::Base64;
use Test::More;

key_file('htpasswd', "alice:{PLAIN}right\nbob:{PLAIN}right\n");

# says whether the gate was asked, also on answers of other modules
sub told { "add_header X-Gate \"\$veriff_gate/\$veriff_gate_reason\" always;\n" }

sub basic {
    return "auth_basic app; auth_basic_user_file \$TEST_NGINX_KEYS/htpasswd;\n";
}

# who asks for /auth says what it answers
sub login_server {
    return '
server {
    listen $TEST_NGINX_LOGIN_PORT;
    location / {
        if ($http_x_login = alice) { add_header X-Id alice; return 200; }
        if ($http_x_login = bob) { add_header X-Id bob; return 204; }
        if ($http_x_login = nobody) { return 200; }
        if ($http_x_login = 403) { return 403; }
        if ($http_x_login = 500) { return 500; }
        if ($http_x_login = 302) { return 302 /x; }
        return 401;
    }
}
';
}

sub login {
    return '
location = /auth {
    internal;
    veriff_gate off;
    proxy_pass http://127.0.0.1:$TEST_NGINX_LOGIN_PORT;
}
';
}

sub by_password {
    my ($user, $password) = @_;

    return (Authorization => 'Basic '
                             . encode_base64("$user:$password", ''));
}

# The gate did not run, and nothing was set or created.
sub stopped {
    my ($name, $answer, $status) = @_;

    refused($name, $answer, $status);
    is($answer->{headers}{'x-gate'}, '/', "$name: the gate was not asked");
    is($answer->{headers}{'set-cookie'}, undef, "$name: no cookie");
    unlike($answer->{content}, qr/verif/i, "$name: not our answer");
}

sub gate_said {
    my ($name, $answer, $text) = @_;

    is($answer->{headers}{'x-gate'}, $text, "$name: the gate: $text");
}

my @wrong = (
    'none'        => [],
    'wrong'       => [by_password('alice', 'wrong')],
    'unknown'     => [by_password('carol', 'right')],
    'empty'       => [by_password('', '')],
    'no password' => [Authorization => 'Basic ' . encode_base64('alice', '')],
    'no base64'   => [Authorization => 'Basic alice:wrong'],
    'cut'         => [Authorization => 'Basic'],
    'another'     => [Authorization => 'Bearer YWxpY2U6cmlnaHQ='],
    'forged'      => ['X-User' => 'alice', 'X-Remote-User' => 'alice',
                      'X-Veriff-State' => 'VERIFIED'],
);

on_block(1 => sub {
    verify('alice');
    my $before = posts();

    for (my $i = 0; $i < @wrong; $i += 2) {
        for my $path (qw(/gated/x /named/x /s/start /s/status)) {
            for my $o ([], [browser()], [method => 'POST'],
                       [browser(), method => 'POST'])
            {
                stopped("$wrong[$i], $path @$o",
                        ask($path, undef, @{ $wrong[$i + 1] }, @$o), 401);
            }
        }
    }

    my @alice = by_password('alice', 'right');
    my @bob = by_password('bob', 'right');

    passes('verified', ask('/gated/x', undef, @alice));
    passes('verified', ask('/named/x', undef, @alice));

    my $answer = visit('/gated/x', undef, @bob);
    led('unverified', $answer, '/start?return=%2Fgated%2Fx');
    gate_said('unverified', $answer, 'redirect/unverified');

    # the user is the one of the password
    $answer = ask('/gated/x', 'alice', @bob);
    refused('another name', $answer);
    gate_said('another name', $answer, 'deny/unverified');

    is(posts(), $before, 'nothing was created');
    answer_is('a session', ask('/s/start', undef, @bob), 200,
              qr/"sessionUrl"/);
    is(posts(), $before + 1, 'for who is let in');
});

on_block(2 => sub {
    verify('alice');

    my $ask = sub { ask($_[0], undef, 'X-Login' => $_[1], @_[2 .. $#_]) };

    for my $o ([], [browser()], [method => 'POST']) {
        for my $path ('/gated/x', '/s/start') {
            stopped("401 $path", $ask->($path, 401, @$o), 401);
            stopped("403 $path", $ask->($path, 403, @$o), 403);
            stopped("500 $path", $ask->($path, 500, @$o), 500);
            stopped("302 $path", $ask->($path, 302, @$o), 500);
            stopped("none $path", ask($path, 'alice', @$o), 401);
        }

        my $answer = $ask->('/gated/x', 'nobody', @$o, 'X-Id' => 'alice');
        refused('let in without a name', $answer, 401);
        gate_said('let in without a name', $answer, 'deny/no_user');
        is($ask->('/s/start', 'nobody', @$o)->{status}, 401,
           'nor is there a session');
    }

    is(posts(), 1, 'nothing was created');

    passes('verified', $ask->('/gated/x', 'alice'));
    passes('verified, POST', $ask->('/gated/x', 'alice', method => 'POST'));
    refused('unverified', $ask->('/gated/x', 'bob'));
    refused('another name', $ask->('/gated/x', 'bob', 'X-User' => 'alice',
                                   'X-Id' => 'alice'));
    led('unverified', $ask->('/gated/x', 'bob', browser()),
        '/start?return=%2Fgated%2Fx');

    # as oauth2-proxy is put in front
    for my $o ([], [browser()], [method => 'POST']) {
        my $answer = ask('/oauth/x', 'alice', @$o);

        answer_is('the login page', $answer, 200, qr/^app \S+ \S*sign_in$/);
        gate_said('the login page', $answer, '/');
        is($answer->{headers}{location}, undef, 'no redirect');
        app_seen();
    }

    passes('verified behind a login page', $ask->('/oauth/x', 'alice'));
    refused('unverified behind a login page', $ask->('/oauth/x', 'bob'));
});

on_block(3 => sub {
    verify('alice');

    for my $path (qw(/denied /denied/in /internal /limited)) {
        for my $user ('alice', 'bob', undef) {
            for my $o ([], [browser()]) {
                stopped("$path @$o",
                        ask($path, $user, @$o, method => 'POST'),
                        $path eq '/internal' ? 404 : 403);
            }
        }
    }

    passes('allowed', ask('/allowed', 'alice'));
    refused('allowed', ask('/allowed', 'bob'));
    passes('limited, GET', ask('/limited', 'alice'));
    refused('limited, GET', ask('/limited', 'bob'));
    passes('internal', ask('/to-internal', 'alice'), path => '/internal');
    refused('internal', ask('/to-internal', 'bob'));
});

on_block(4 => sub {
    verify('alice');

    my @right = by_password('alice', 'right');

    # one is enough to get in, but not to get past the gate
    for my $path (qw(/any/address /any/password /any/login /any/all)) {
        my @login = ('X-Login' => 'alice', @right);

        passes("$path, verified", ask($path, 'alice', @login));

        for my $o ([], [browser()], [method => 'POST']) {
            my $answer = ask($path, 'bob', @login, @$o);

            not_reached("$path @$o");
            is($answer->{status}, "@$o" =~ /navigate/ ? 302 : 403,
               "$path @$o: held") or diag($answer->{content});
            like($answer->{headers}{'x-gate'}, qr{/unverified$},
                 "$path @$o: the gate");
        }

        refused("$path, no user", ask($path, undef, @login), 401);
    }

    # none is too little
    for my $path (qw(/any/password /any/login /any/none)) {
        for my $o ([], [browser()], [by_password('alice', 'wrong')]) {
            stopped("$path @$o", ask($path, 'alice', @$o),
                    $path eq '/any/none' ? 403 : 401);
        }
    }

    # the address is enough, so the login is not asked, and names nobody
    my $answer = ask('/any/name', 'alice', 'X-Login' => 'alice');
    refused('a login that was not asked', $answer, 401);
    gate_said('a login that was not asked', $answer, 'deny/no_user');

    is(posts(), 1, 'nothing was created');
});

# the password is checked again where an error page or an app leads to
on_block(5 => sub {
    verify('alice');

    for my $path (qw(/err /accel/gated/x /rewrite /try /named-error)) {
        for my $o ([], [by_password('alice', 'wrong')]) {
            my $answer = ask($path, undef, @$o);
            my @seen = grep { !m{^app GET /accel/} } app_seen();

            is($answer->{status}, 401, "$path @$o: 401")
                or diag($answer->{content});
            is("@seen", '', "$path @$o: not the app");
            gate_said("$path @$o", $answer, '/');
        }

        ask($path, undef, by_password('alice', 'right'));
        my @seen = app_seen();
        like($seen[-1], qr/ x-veriff-state=VERIFIED /, "$path: verified");

        is(ask($path, undef, by_password('bob', 'right'))->{status}, 403,
           "$path: unverified");
        app_seen();
    }
});

$ENV{TEST_NGINX_LOGIN_PORT} = free_port();

start_app();
start_sandbox();
run_tests();

__DATA__

=== TEST 1: auth_basic
--- http_config eval: main::gate_http()
--- config eval
main::told() . main::places('
location /gated/ {
    veriff_gate kyc user=$remote_user; ' . main::basic() . main::app() . '
}
location /named/ { ' . main::basic() . ' try_files /none @named; }
location @named {
    veriff_gate kyc user=$remote_user; ' . main::basic() . main::app() . '
}
location = /s/start {
    veriff_session kyc user=$remote_user; ' . main::basic() . '
}
location = /s/status {
    veriff_status kyc user=$remote_user; ' . main::basic() . '
}')



=== TEST 2: auth_request
--- http_config eval: main::gate_http() . main::login_server()
--- config eval
main::told() . main::login() . main::places('
location /gated/ {
    veriff_gate kyc user=$id;
    auth_request /auth;
    auth_request_set $id $upstream_http_x_id; ' . main::app() . '
}
location = /s/start {
    veriff_session kyc user=$id;
    auth_request /auth;
    auth_request_set $id $upstream_http_x_id;
}
location /oauth/ {
    veriff_gate kyc user=$id;
    auth_request /auth;
    auth_request_set $id $upstream_http_x_id;
    error_page 401 = /oauth2/sign_in; ' . main::app() . '
}
location /oauth2/ { ' . main::app() . ' }')



=== TEST 3: allow and deny, limit_except, internal
--- http_config eval: main::gate_http()
--- config eval
'veriff_gate kyc;' . main::told() . main::places('
location /allowed { allow 127.0.0.1; deny all; ' . main::app() . ' }
location /denied { deny all; ' . main::app() . '
    location /denied/in { ' . main::app() . ' }
}
location /limited {
    limit_except GET { deny all; } ' . main::app() . '
}
location = /to-internal { rewrite ^ /internal last; }
location /internal { internal; ' . main::app() . ' }')



=== TEST 4: satisfy any
--- http_config eval: main::gate_http() . main::login_server()
--- config eval
main::told() . main::login() . main::places('
location /any/ {
    veriff_gate kyc;
    satisfy any;

    location = /any/address {
        allow 127.0.0.1; deny all; ' . main::basic() . main::app() . '
    }
    location = /any/password {
        deny all; ' . main::basic() . main::app() . '
    }
    location = /any/login {
        deny all; auth_request /auth; ' . main::app() . '
    }
    location = /any/all {
        allow all; auth_request /auth; ' . main::basic() . main::app() . '
    }
    location = /any/none { deny all; ' . main::app() . ' }
    location = /any/name {
        veriff_gate kyc user=$id;
        allow 127.0.0.1; deny all;
        auth_request /auth;
        auth_request_set $id $upstream_http_x_id; ' . main::app() . '
    }
}')



=== TEST 5: detours to a location with a password
--- http_config eval: main::gate_http()
--- config eval
main::told() . main::places('
location /gated/ {
    veriff_gate kyc user=$remote_user; ' . main::basic() . main::app() . '
}
location @gated {
    veriff_gate kyc user=$remote_user; ' . main::basic() . main::app() . '
}
location = /err { error_page 404 =200 /gated/x; return 404; }
location = /named-error { error_page 404 =200 @gated; return 404; }
location = /rewrite { rewrite ^ /gated/x last; }
location = /try { try_files /none @gated; }
location /accel/ { ' . main::app() . ' }')



=== TEST 6: limit_except that lets others in without a password
--- http_config eval: main::gate_http()
--- config eval
main::places('
location /gated/ {
    veriff_gate kyc user=$remote_user; ' . main::basic() . main::app() . '
    limit_except GET { auth_basic off; }
}')
--- must_die
--- error_log
takes the user from "$remote_user", which nothing checks in this location



=== TEST 7: the same in a location without a name
--- http_config eval: main::gate_http()
--- config eval
main::places('
location "" {
    veriff_gate kyc user=$remote_user; ' . main::basic() . main::app() . '
    limit_except GET { auth_basic off; }
}')
--- must_die
--- error_log
takes the user from "$remote_user", which nothing checks in this location



=== TEST 8: satisfy any in a nested location
--- http_config eval: main::gate_http()
--- config eval
main::places('
location /gated/ {
    veriff_gate kyc user=$remote_user; ' . main::basic() . main::app() . '
    location /gated/in/ { satisfy any; allow all; ' . main::app() . ' }
}')
--- must_die
--- error_log
takes the user from "$remote_user", which "satisfy any" leaves unchecked
