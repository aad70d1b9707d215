# veriff_gate holds wherever nginx takes a request: error pages, try_files,
# rewrites, X-Accel-Redirect, named locations, subrequests.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffApp;
use VeriffGate;
use Test::More;

# ---- locations --------------------------------------------------------------

# Every way to write an error page that leads to a gated location, whatever the
# error comes from.
my @forms = ('/gated/x', '=200 /gated/x', '= /gated/x',
             '@gated', '=200 @gated', '= @gated');

my %source = (
    return => 'return 404;',
    static => 'root html;',
    app    => 'proxy_intercept_errors on;'
              . ' rewrite ^ /status/404 break;' . app(),
    access => 'deny all;',
);

sub error_name { "/error/$_[0]/$_[1]/$_[2]" }

sub error_locations {
    my $text = '';

    for my $source (sort keys %source) {
        for my $i (0 .. $#forms) {
            for my $recursive ('on', 'off') {
                $text .= 'location ' . error_name($source, $i, $recursive)
                         . " {\nrecursive_error_pages $recursive;\n"
                         . "error_page 403 404 $forms[$i];\n"
                         . "$source{$source}\n}\n";
            }
        }
    }

    return $text;
}

sub gated_locations {
    return '
location /gated/ { veriff_gate kyc; ' . app() . ' }
location /strict/ { veriff_gate kyc max_age=1d; ' . app() . ' }
location @gated { veriff_gate kyc; rewrite ^ /named break; ' . app() . ' }
location @open { rewrite ^ /named break; ' . app() . ' }
location /open/ { ' . app() . ' }
location /accel/ { ' . app() . " }\n";
}

sub config { places(gated_locations() . join '', @_) }

# the header of an answer, however often it is there
sub values_of {
    my ($answer, $name) = @_;

    my $value = $answer->{headers}{$name};

    return ref $value ? @$value : defined $value ? $value : ();
}

# ---- error pages ------------------------------------------------------------

on_block(1 => sub {
    verify('alice');
    verify('dora', 'declined');

    for my $source (sort keys %source) {
        for my $i (0 .. $#forms) {
            for my $recursive ('on', 'off') {
                my $path = error_name($source, $i, $recursive);
                my $name = "$source, error_page $forms[$i],"
                           . " recursive $recursive";

                # with "=" and recursive error pages nginx itself forgets that
                # this is an error page
                my $forgotten = $forms[$i] =~ /^= / && $recursive eq 'on';

                my $status = $forms[$i] !~ /=/ ? 404 : 200;
                $status = 403 if $source eq 'access' && $status == 404;

                app_seen();

                my $answer = visit($path, 'alice');
                my @seen = app_seen();

                is($answer->{status}, $status, "$name: status");
                like($seen[-1], qr/^app GET .* x-veriff-state=VERIFIED /,
                     "$name: verified");

                for my $user ('bob', 'dora') {
                    for my $program (0, 1) {
                        $answer = $program ? ask($path, $user)
                                           : visit($path, $user);
                        @seen = grep { !m{^app GET /status/404} } app_seen();

                        is(scalar @seen, 0, "$name: not the app")
                            or diag("@seen");

                        if ($forgotten && !$program) {
                            is($answer->{status}, 302, "$name: led");
                            next;
                        }

                        is($answer->{status}, 403, "$name: 403");
                        is($answer->{headers}{location}, undef,
                           "$name: no redirect");
                        is($answer->{headers}{'set-cookie'}, undef,
                           "$name: no cookie");
                        is_deeply([values_of($answer, 'cache-control')],
                                  ['no-store'], "$name: no-store");
                    }
                }

                $answer = visit($path, undef);
                is($answer->{status}, 401, "$name: nobody");
                app_seen();
            }
        }
    }

    is(posts(), 2, 'nothing was created');
});

# what the gate itself refuses with has an error page, which is gated too
on_block(2 => sub {
    for my $location (qw(/a /b /c /d /e)) {
        for my $user ('bob', undef) {
            for my $o ([], [method => 'POST'], [browser()],
                       [browser(), method => 'POST'])
            {
                my $answer = ask("$location/x", $user, @$o);
                my $name = "$location @$o";

                if (defined $user && $answer->{status} == 302) {
                    led($name, $answer, "/start?return=%2F"
                                        . substr($location, 1) . '%2Fx');
                    is(scalar @$o, 6, "$name: only navigations");
                    next;
                }

                refused($name, $answer, defined $user ? 403 : 401);
            }
        }
    }

    # a session location in between, which refuses in its turn
    refused('by way of a session',
            visit('/s/x', 'bob', method => 'POST',
                  Origin => 'https://evil.example'));
});

# the operator's error page for the gate's own answers
on_block(3 => sub {
    my $answer = ask('/own/x', 'bob', 'If-None-Match' => '*',
                     'If-Modified-Since' => 'Thu, 01 Jan 2099 00:00:00 GMT');

    answer_is('403', $answer, 403, qr/^sorry$/);
    not_reached('403');
    is_deeply([values_of($answer, 'cache-control')], ['no-store'],
              '403: no-store');

    $answer = ask('/own200/x', 'bob', 'If-Modified-Since' =>
                  'Thu, 01 Jan 2099 00:00:00 GMT');
    answer_is('=200', $answer, 200, qr/^sorry$/);
    is_deeply([values_of($answer, 'cache-control')], ['no-store'],
              '=200: no-store');

    # the page comes from the app, without any mark
    passes('from an app', ask('/appown/x', 'bob'), status => 403,
           path => '/open/sorry', state => '');
});

# ---- other ways inside ------------------------------------------------------

on_block(4 => sub {
    verify('alice');

    for my $path (qw(/try /index/ /rewrite /break /accel/gated/x /accel/@gated
                     /accel/opens/accel/gated/x /rewrite-accel /exact
                     /nested/in /nested/in/x /in-if?a=1 /in-if /except
                     /gated/if?a=1))
    {
        app_seen();

        my $answer = visit($path, 'alice');
        my @seen = app_seen();

        is($answer->{status}, 200, "$path: passes")
            or diag($answer->{content});
        like($seen[-1], qr/^app GET \S+ x-veriff-state=VERIFIED x-veriff-session=\S+ x-veriff-decided=\S+$/,
             "$path: marked");

        for my $o ([], [browser()], [browser(), method => 'POST']) {
            $answer = ask($path, 'bob', @$o);
            @seen = grep { !m{^app \S+ /accel/} }
                    app_seen();

            is("@seen", '', "$path @$o: not the app");

            # nginx makes a GET of what an app redirects; /exact is an error
            # page
            my $nav = @$o == 6 || (@$o && $path =~ m{accel/gated|-accel});
            $nav = 0 if $path eq '/exact';

            is($answer->{status}, $nav ? 302 : 403, "$path @$o: status");
        }
    }
});

# ---- the app's own X-Accel-Redirect -----------------------------------------

on_block(5 => sub {
    my $answer = ask('/accel/gated/x', 'bob');

    is($answer->{status}, 403, 'a problem: status');
    is($answer->{headers}{'content-type'}, 'application/problem+json',
       'not of the type that the app said');
    is($answer->{headers}{'content-disposition'}, undef,
       'nothing to download');
    is_deeply([values_of($answer, 'cache-control')], ['no-store'],
              'not to be kept');
    is_deeply([values_of($answer, 'set-cookie')], ['app=1'],
              'but the app\'s cookie');

    $answer = visit('/accel/gated/x', 'bob');
    is($answer->{status}, 302, 'a redirect: status');
    is($answer->{headers}{location}, '/start?return=%2Faccel%2Fgated%2Fx',
       'to the path that the client knows');
    is($answer->{headers}{'content-disposition'}, undef,
       'nothing to download');
    is_deeply([values_of($answer, 'cache-control')], ['no-store'],
              'not to be kept');
    is(scalar(values_of($answer, 'set-cookie')), 2, 'two cookies');

    for my $path ('/moved', '/moved-on') {
        for my $o ([], [browser()]) {
            $answer = ask($path, 'bob', @$o);

            is_deeply([values_of($answer, 'location')],
                      $answer->{status} == 302
                      ? ["/start?return=%2Fmoved-on"] : [],
                      "$path @$o: not where it would have gone");
        }
    }
});

# what one gate says does not go on to the next location
on_block(6 => sub {
    my $old = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ',
                              gmtime(time - 2 * 86400));
    my $session = verify('alice', 'approved', decisionTime => $old);

    my $mark = "x-veriff-state=VERIFIED x-veriff-session=$session"
               . " x-veriff-decided=$old";

    my $check = sub {
        my ($name, $path, $status, @lines) = @_;

        my $answer = ask($path, 'alice');
        is($answer->{status}, $status, "$name: status");
        is(join("\n", app_seen()), join("\n", @lines), "$name: the app");
        return $answer;
    };

    app_seen();

    $check->('gated, gated', '/gated/accel/gated/y', 200,
             "app GET /accel/gated/y $mark", "app GET /gated/y $mark");
    $check->('gated, off', '/gated/accel/open/y', 200,
             "app GET /accel/open/y $mark", 'app GET /open/y');
    $check->('gated, off, gated', '/gated/accel/open/accel/gated/y', 200,
             "app GET /accel/open/accel/gated/y $mark",
             'app GET /accel/gated/y', "app GET /gated/y $mark");
    $check->('gated, named and off', '/gated/accel/@open', 200,
             "app GET /accel/\@open $mark", 'app GET /named');
    $check->('gated, strict', '/gated/accel/strict/y', 403,
             "app GET /accel/strict/y $mark");
    $check->('gated, strict with a page', '/gated/accel/page/y', 403,
             "app GET /accel/page/y $mark");
    $check->('gated, strict with an error page of the app',
             '/gated/accel/pagex/y', 403,
             "app GET /accel/pagex/y $mark", 'app GET /open/sorry');
    $check->('gated, strict in report mode', '/gated/accel/told/y', 200,
             "app GET /accel/told/y $mark",
             "app GET /told/y x-veriff-state=UNVERIFIED"
             . " x-veriff-session=$session");

    # nor is it said of nobody whom the last one was
    my $nobody = $check->('gated, nobody in report mode',
                          '/gated/accel/nobody/y', 200,
                          "app GET /accel/nobody/y $mark",
                          'app GET /nobody/y x-veriff-state=UNKNOWN');
    is($nobody->{headers}{'x-token'}, undef, 'nobody: no token');

    # a session location in between, which refuses, forgets nothing
    my $answer = ask('/gated/accel/method', 'alice',
                     Origin => 'https://evil.example');
    is($answer->{status}, 403, 'gated, session, off: status');
    is(join("\n", app_seen()), "app GET /accel/method $mark\n"
                               . 'app GET /open/sorry',
       'gated, session, off: the app');

    $answer = visit('/gated/accel/page/y', 'alice');
    is($answer->{status}, 403, 'with a page of the app: status');
    is(join("\n", app_seen()), "app GET /accel/page/y $mark\n"
                               . 'app GET /verify.html',
       'with a page of the app: no mark from before');
});

# ---- page= ------------------------------------------------------------------

on_block(7 => sub {
    for my $path (qw(/p-rewrite /p-prefix /p-break /p-try /p-error /p-accel /p-index/
                     /p-loop /p-return))
    {
        for my $method (qw(GET HEAD POST)) {
            app_seen();

            my $answer = visit("$path?x=1", 'bob', method => $method);
            my @seen = grep { !m{^app \S+ /accel/gated/x$} } app_seen();

            is("@seen", '', "$path, $method: not the app");
            is($answer->{status}, $path eq '/p-loop' ? 500
                                  : $path eq '/p-return' ? 302 : 403,
               "$path, $method: status") or diag($answer->{content});
        }
    }

    # what the client says of the page's path is not the gate's choice
    for my $path (qw(/p-plain.html /p-plain.html?x /p-plain.html/
                     //p-plain.html /x/../p-plain.html /to-page /err-page
                     /accel/p-plain.html))
    {
        my $answer = ask($path, 'bob');

        is($answer->{status}, 403, "$path: 403");
        unlike($answer->{content}, qr/please/, "$path: not the page");
        app_seen();
    }

    my $answer = visit('/p-plain?x=1', 'bob');
    answer_is('the page', $answer, 403, qr/^please$/);
    is_deeply([values_of($answer, 'cache-control')], ['no-store'],
              'the page is not to be kept');

    # conditions are about another thing
    $answer = visit('/p-plain', 'bob', 'If-Modified-Since' =>
                    'Thu, 01 Jan 2099 00:00:00 GMT', Range => 'bytes=0-1');
    answer_is('a condition', $answer, 403, qr/^please$/);
});

# ---- subrequests ------------------------------------------------------------

on_block(8 => sub {
    verify('alice');
    app_seen();

    my $lines = sub {
        my ($count) = @_;

        my @seen;
        wait_until("$count lines", sub {
            push @seen, app_seen();
            return @seen >= $count;
        });

        return join "\n", sort map { s/(x-veriff-state=\S*).*/$1/r } @seen;
    };

    # at server level all of them are gated, and go on working
    answer_is('mirror', ask('/mirrored', 'alice'), 200);
    is($lines->(2), "app GET /mirror x-veriff-state=VERIFIED\n"
                    . 'app GET /mirrored x-veriff-state=VERIFIED',
       'mirror: both');

    answer_is('auth_request', ask('/authed', 'alice'), 200);
    is($lines->(2), "app GET /auth\n"
                    . 'app GET /authed x-veriff-state=VERIFIED',
       'auth_request: both');

    answer_is('SSI', ask('/page.shtml', 'alice'), 200, qr/^app GET /);
    is($lines->(1), 'app GET /part x-veriff-state=VERIFIED', 'SSI: the part');

    refused('mirror', ask('/mirrored', 'bob'));
    refused('SSI', ask('/page.shtml', 'bob'));

    my $answer = ask('/authed', 'bob');
    is($answer->{status}, 403, 'auth_request: 403');
    is($lines->(1), 'app GET /auth', 'auth_request: only the question');

    # an endpoint of ours, each
    answer_is('status', ask('/status', 'bob'), 200, qr/"UNVERIFIED"/);
    answer_is('session', ask('/json', 'bob'), 200, qr/"sessionUrl"/);
    is(ask('/redirect', 'bob')->{status}, 303, 'session: redirect');
    is(posts(), 2, 'the provider was asked');
    verify('bob');
    answer_is('webhook', ask('/status', 'bob'), 200, qr/"VERIFIED"/);
    answer_is('return', visit('/back', 'bob'), 200, qr/Thank you/);
    not_reached('our endpoints');
});

# a request ends, and goes on as another one
on_block(9 => sub {
    verify('alice');
    app_seen();

    is(ask('/post', 'bob')->{status}, 200, 'the answer');
    is(ask('/post-open', 'bob')->{status}, 200, 'the answer');
    wait_until('post_action', sub { scalar app_seen() });
    is(ask('/ready')->{status}, 200, 'alive');
    is(join("\n", app_seen()), '', 'no more');

    is(ask('/post', 'alice')->{status}, 200, 'the answer');
    my @seen;
    wait_until('post_action', sub { @seen = app_seen() });
    like("@seen", qr{^app GET /gated/x x-veriff-state=VERIFIED }, 'verified');
});

no_root_location();
start_app();
start_sandbox();
run_tests();

__DATA__

=== TEST 1: an error page behind the gate: refused, never led on
--- http_config eval: main::gate_http()
--- config eval: main::config(main::error_locations())
--- timeout: 20



=== TEST 2: the gate's own answers have an error page behind the gate
--- http_config eval: main::gate_http()
--- config eval
CORE::join '', main::places('
location = /session {
    veriff_session kyc;
    recursive_error_pages on;
    error_page 403 = /d/y;
}'), map { "
location /$_->[0]/ {
    veriff_gate kyc;
    recursive_error_pages $_->[1];
    error_page 401 403 500 $_->[2];
    " . main::app() . "
}" } ['a', 'off', '/b/y'], ['b', 'on', '/b/y'], ['c', 'on', '=200 /d/y'],
     ['d', 'on', '= /c/y'], ['e', 'off', '=200 /e/y'],
     ['s', 'on', '= /session'];



=== TEST 3: the operator's error page for what the gate refuses
--- http_config eval: main::gate_http()
--- config eval
main::config('
location /own/ { veriff_gate kyc; error_page 403 /sorry.html; }
location /own200/ { veriff_gate kyc; error_page 403 =200 /sorry.html; }
location /appown/ { veriff_gate kyc; error_page 403 /open/sorry; }
location = /sorry.html { root html; }')
--- user_files
>>> sorry.html
sorry



=== TEST 4: other ways into a gated location
--- http_config eval: main::gate_http()
--- config eval
main::config('
location = /try { try_files /none /nor/this @gated; }
location /index/ { root html; index /gated/index; }
location = /rewrite { rewrite ^ /gated/x last; }
location = /break { veriff_gate kyc; rewrite ^ /other break; ' . main::app() . ' }
location /opens/ { rewrite ^/opens(.*)$ $1 break; ' . main::app() . ' }
location = /rewrite-accel { rewrite ^ /accel/gated/x last; }
location = /exact { error_page 418 = @gated; return 418; }
location /nested/ {
    veriff_gate kyc;
    location /nested/in { ' . main::app() . '
        location ~ x$ { ' . main::app() . ' }
    }
}
location /in-if {
    veriff_gate kyc; ' . main::app() . '
    if ($arg_a) { ' . main::app() . ' }
}
location /gated/if {
    veriff_gate kyc; ' . main::app() . '
    if ($arg_a) { rewrite ^ /gated/z last; }
}
location /except {
    veriff_gate kyc; ' . main::app() . '
    limit_except POST { ' . main::app() . ' }
}')



=== TEST 5: what an app has said before it hands over to a gated location
--- http_config eval: main::gate_http()
--- config eval
main::config('
location = /moved { error_page 302 = /gated/x; return 302 /else; }
location = /moved-on {
    error_page 302 = /gated/x;
    recursive_error_pages on;
    return 302 /else;
}')



=== TEST 6: marks of several gates in one request
--- http_config eval
main::gate_http() . 'map $arg_nobody $nobody { default ""; }'
--- config eval
main::config('
location /gated/accel/ {
    veriff_gate kyc;
    rewrite ^/gated(.*)$ $1 break; ' . main::app() . '
}
location /open/accel/ {
    rewrite ^/open(.*)$ $1 break; ' . main::app() . '
}
location /told/ { veriff_gate kyc report max_age=1d; ' . main::app() . ' }
location /nobody/ {
    veriff_gate kyc report user=$nobody;
    add_header X-Token $veriff_user_token; ' . main::app() . '
}
location /page/ { veriff_gate kyc max_age=1d page=/verify.html; }
location = /verify.html { veriff_gate kyc max_age=1d; ' . main::app() . ' }
location /pagex/ { veriff_gate kyc max_age=1d; error_page 403 /open/sorry; }
location = /method {
    veriff_session kyc format=redirect;
    error_page 403 =403 /open/sorry;
}')



=== TEST 7: page= opens nothing
--- http_config eval: main::gate_http()
--- config eval
main::config(CORE::join('', map { "
location /p-$_->[0] { veriff_gate kyc page=/p/$_->[0]; }
location = /p/$_->[0] { veriff_gate kyc; $_->[1] }
" } ['rewrite', 'rewrite ^ /gated/x last;'],
    ['prefix', 'rewrite ^ /p/pre last;'],
    ['break', 'rewrite ^ /gated/x break;' . main::app()],
    ['try', 'try_files /none @gated;'],
    ['error', 'root html; error_page 404 =200 /gated/x;'],
    ['return', 'return 302 /elsewhere;']) . '
location = /p/pre { veriff_gate kyc; ' . main::app() . ' }
location /p-accel { veriff_gate kyc page=/p/accel1; }
location = /p/accel1 { rewrite ^ /accel/gated/x last; }
location /p-index/ { veriff_gate kyc page=/p/index/; }
location = /p/index/ { veriff_gate kyc; root html; index /gated/index; }
location /p-loop { veriff_gate kyc page=/p/loop; }
location = /p/loop { veriff_gate kyc; error_page 404 /p/loop; recursive_error_pages on; root html; }
location /p-plain { veriff_gate kyc page=/p-plain.html; ' . main::app() . ' }
location = /p-plain.html { veriff_gate kyc; root html; }
location = /to-page { rewrite ^ /p-plain.html last; }
location = /err-page { error_page 404 =200 /p-plain.html; return 404; }')
--- user_files
>>> p-plain.html
please



=== TEST 8: the gate at server level: subrequests and locations of ours
--- http_config eval: main::gate_http()
--- config eval
'veriff_gate kyc;' . main::places('
location / { ' . main::app() . '}
location = /back { veriff_return kyc; }
location = /mirrored { mirror /mirror; ' . main::app() . ' }
location = /mirror { internal; ' . main::app() . ' }
location = /authed { auth_request /auth; ' . main::app() . ' }
location = /auth { internal; ' . main::app() . ' }
location = /page.shtml { root html; ssi on; ssi_types *; }') 
--- user_files
>>> page.shtml
<!--# include virtual="/part" -->



=== TEST 9: post_action
--- http_config eval: main::gate_http()
--- config eval
main::config('
location = /post { post_action /gated/x; root html; try_files /t.txt =404; }
location = /post-open { post_action /open/x; root html; try_files /t.txt =404; }')
--- user_files
>>> t.txt
text
