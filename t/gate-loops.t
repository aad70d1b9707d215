# From the gate to the start, to the provider, to the return page and back: in
# a few hops, and never in circles, whatever fails.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffApp;
use VeriffGate;
use Test::More;

my $day = 86400;
my $limit = 12;

sub at { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - $_[0])) }

# A browser that follows where it is led, within this host.  The jar keeps
# cookies; undef is one that refuses them.  Returns "status path" for every
# hop, "out" for the way to another host, and the last answer.
sub follow {
    my ($path, $user, $jar, %o) = @_;

    my (@hops, $answer);

    while (@hops < $limit) {
        my @cookie = $jar && %$jar
                     ? (Cookie => CORE::join '; ', map { "$_=$jar->{$_}" }
                                                   sort keys %$jar) : ();

        $answer = visit($path, $user, @cookie, %o);
        push @hops, "$answer->{status} $path";

        my $set = $answer->{headers}{'set-cookie'} // [];

        for my $cookie ($jar ? ref $set ? @$set : $set : ()) {
            my ($name, $value) = $cookie =~ /^([^=]+)=([^;]*)/;

            $jar->{$name} = $value;
            delete $jar->{$name} if $cookie =~ /Max-Age=0/;
        }

        my $location = $answer->{headers}{location} // last;

        # nginx's own redirects name the host
        $location =~ s{^http://127\.0\.0\.1:${\server_port()}/}{/};

        if ($location =~ m{^https?://}) {
            push @hops, 'out';
            last;
        }

        $path = $location;
    }

    return (\@hops, $answer);
}

# Both with cookies and without; a path that ends in "*" matches its beginning.
sub hops_are {
    my ($name, $path, $user, @hops) = @_;

    hops_with($name, $path, $user, {}, @hops);
    hops_with("$name, no cookies", $path, $user, undef, @hops);
}

sub hops_with {
    my ($name, $path, $user, $jar, @hops) = @_;

    my ($got, $answer) = follow($path, $user, $jar);

    is(scalar @$got, scalar @hops, "$name: " . @hops . ' hops');

    for my $i (0 .. $#hops) {
        my $want = quotemeta $hops[$i];
        $want =~ s/\\\*$/.*/;
        like($got->[$i] // '', qr/\A$want\z/, "$name: hop " . ($i + 1))
            or diag(explain($got));
    }

    return $answer;
}

sub kept { my ($path) = @_; $path =~ s/\//%2F/gr }

on_block(1 => sub {
    my %jar;

    hops_are('unverified', '/fine/x', 'alice',
             '302 /fine/x', '303 /start?return=%2Ffine%2Fx', 'out');
    hops_with('and with a way', '/fine/x', 'alice', \%jar,
              '302 /fine/x', '303 /start?return=%2Ffine%2Fx', 'out');

    # comes back too early
    hops_with('too early', '/back', 'alice', { %jar }, '200 /back');
    hops_with('too early, no cookies', '/back', 'alice', undef, '200 /back');

    my $session = ask('/json', 'alice')->{content};

    event($session, 'submitted');
    hops_are('pending', '/fine/x', 'alice',
             '302 /fine/x', '200 /back?return=%2Ffine%2Fx');
    hops_are('pending, at the start', '/start', 'alice',
             '303 /start', '200 /back');

    decide($session, 'approved');
    hops_with('back', '/back', 'alice', \%jar, '303 /back', '200 /fine/x');
    is(scalar keys %jar, 0, 'the way is forgotten');
    hops_with('once more', '/back', 'alice', \%jar, '200 /back');
    hops_with('back, no cookies', '/back', 'alice', undef, '200 /back');
    hops_are('verified', '/fine/x', 'alice', '200 /fine/x');
    hops_are('at the start', '/start?return=%2Ffine%2Fx', 'alice',
             '200 /start?return=%2Ffine%2Fx');

    decide(ask('/json', 'bob')->{content}, 'declined');
    hops_are('declined', '/fine/x', 'bob',
             '302 /fine/x', '200 /back?return=%2Ffine%2Fx');
    hops_are('declined, at the start', '/start', 'bob',
             '303 /start', '200 /back');

    is(posts(), 2, 'two sessions');
});

# step-up: an approval that is too old for one location
on_block(2 => sub {
    verify('alice', 'approved', decisionTime => at(2 * $day));

    my %jar;
    my $fine = sub { hops_are("$_[0]: other locations are open", '/fine/x',
                              'alice', '200 /fine/x') };

    $fine->('before');
    hops_with('too old', '/new/x', 'alice', \%jar,
              '302 /new/x', '303 /start?return=%2Fnew%2Fx', 'out');
    is(posts(), 2, 'a session of its own');
    $fine->('begun');

    hops_with('again', '/new/x', 'alice', \%jar,
              '302 /new/x', '303 /start?return=%2Fnew%2Fx', 'out');
    is(posts(), 2, 'the same session');

    my ($session) = map { $_->{id} } grep { $_->{status} ne 'approved' }
                    @{ sandbox(GET => '/_sandbox/sessions') };

    event($session, 'submitted');
    hops_with('pending', '/new/x', 'alice', \%jar,
              '302 /new/x', '200 /back?return=%2Fnew%2Fx');
    $fine->('pending');
    hops_with('pending, at the start', '/start', 'alice', \%jar,
              '303 /start', '200 /back');

    decide($session, 'approved');
    hops_with('back', '/back', 'alice', \%jar, '303 /back', '200 /new/x');
    $fine->('approved');
    hops_are('approved', '/new/x', 'alice', '200 /new/x');

    # a browser that refuses cookies says nothing of the age: no circle, a page
    verify('bob', 'approved', decisionTime => at(2 * $day));

    my $answer = hops_with('too old, no cookies', '/new/x', 'bob', undef,
                           '302 /new/x', '200 /start?return=%2Fnew%2Fx');
    like($answer->{content}, qr/<a href="[^"]*new/, 'a link to go on');

    # nor does one that is somebody else's, or is lost on the way
    %jar = ();
    follow('/new/x', 'bob', \%jar);
    hops_with('of another user', '/start?return=%2Fnew%2Fx', 'alice',
              { %jar }, '200 /start?return=%2Fnew%2Fx');
    hops_with('of another path', '/start?return=%2Fold%2Fx', 'bob', { %jar },
              '200 /start?return=%2Fold%2Fx');
    hops_with('broken', '/new/x', 'bob', { '__Host-veriff_kyc' => 'x' },
              '302 /new/x', '303 /start?return=%2Fnew%2Fx', 'out');

    # the newest of two demands is kept
    hops_with('two at once', '/new/y', 'bob', \%jar,
              '302 /new/y', '303 /start?return=%2Fnew%2Fy', 'out');
    hops_with('and the other one', '/start?return=%2Fnew%2Fx', 'bob', \%jar,
              '200 /start?return=%2Fnew%2Fx');
});

# the provider fails
on_block(3 => sub {
    my $i = 0;

    for my $fault ({ status => 503 }, { status => 401 }, { cut => 'header' },
                   { signature => 'wrong' }, { url => 'https://evil.example' })
    {
        fault(%$fault, count => -1);

        for my $place (qw(/fine /page /recursive /led /same)) {
            for my $jar ({}, undef) {
                my $name = CORE::join ' ', %$fault, $place,
                                           $jar ? () : 'no cookies';

                my ($hops, $answer) = follow("$place/x", 'u' . ++$i, $jar);

                is(scalar @$hops, 2, "$name: 2 hops")
                    or diag(explain($hops));
                like($hops->[1], qr{^50[23] /[\w-]+\?return=},
                     "$name: an error") if $place eq '/fine';
                cmp_ok($answer->{status}, '>=', 400, "$name: no success");
                is($answer->{headers}{location}, undef,
                   "$name: and no way on");
            }
        }

        sandbox(DELETE => '/_sandbox/faults');
    }

    not_reached('the provider fails');
});

# the store fails
on_block(4 => sub {
    my %jar;

    verify('alice');
    app_seen();
    follow('/fine/x', 'bob', \%jar);

    my ($dir) = glob "$Test::Nginx::Util::ServRoot/veriff_temp";
    rename "$dir/data.mdb", "$dir/kept" or die "rename: $!";
    mkdir "$dir/data.mdb" or die "mkdir: $!";

    open my $in, '<', $Test::Nginx::Util::PidFile or die "pid file: $!";
    kill 'HUP', <$in> =~ /(\d+)/ or die "kill: $!";

    my $failed = 0;
    wait_until('the store has failed on all workers', sub {
        $failed = ask('/status', 'alice')->{status} == 503 ? $failed + 1 : 0;
        return $failed == 40;
    });

    for my $user ('alice', 'bob') {
        hops_are("$user", '/fine/x', $user, '503 /fine/x');
        hops_are("$user, step-up", '/new/x', $user, '503 /new/x');
        hops_are("$user, the error page is gated", '/sorry/x', $user,
                 '503 /sorry/x');
        hops_are("$user, at the start", '/start?return=%2Ffine%2Fx', $user,
                 '503 /start?return=%2Ffine%2Fx');
    }

    hops_with('return', '/back', 'bob', \%jar, '503 /back');
    hops_with('return, no cookies', '/back', 'bob', undef, '200 /back');
    not_reached('the store fails');

    for my $o ([], [browser()]) {
        my $answer = ask('/fine/x', 'alice', @$o);

        is($answer->{headers}{'retry-after'}, 10, "@$o: Retry-After");
        is($answer->{headers}{'x-gate'}, 'deny/store_failed', "@$o: why");
        is($answer->{headers}{'set-cookie'}, undef, "@$o: no cookie");
    }

    is(ask('/sorry/x', 'alice')->{headers}{'retry-after'}, 10,
       'the error page is gated: Retry-After, once');

    passes('on_error=allow', ask('/allow/x', 'alice'), state => 'UNKNOWN');
    passes('on_error=allow', visit('/allow/x', 'bob'), state => 'UNKNOWN');
    passes('report', ask('/told/x', 'bob'), state => 'UNKNOWN');
    refused('on_error=allow, nobody', ask('/allow/x', undef), 401);
    refused('on_error=allow, no user', ask('/allow/x', "a\tb"), 403);

    rmdir "$dir/data.mdb" or die "rmdir: $!";
    rename "$dir/kept", "$dir/data.mdb" or die "rename: $!";

    wait_until('it mends itself', sub {
        ask('/status', 'alice')->{status} == 200;
    });
});

# locations of ours that are missing, or that are behind the gate themselves
on_block(5 => sub {
    my %end = (none => 500, app => 500, rewritten => 403, elsewhere => 500,
               one => 403, other => 403);

    for my $place (sort keys %end) {
        for my $jar ({}, undef) {
            my ($hops, $answer) = follow("/$place/x", 'alice', $jar);
            my $count = $place eq 'elsewhere' ? 3 : 2;

            is(scalar @$hops, $count, "start: $place: $count hops")
                or diag(explain($hops));
            is($answer->{status}, $end{$place}, "start: $place");

            ($hops, $answer) = follow("/$place/back", 'alice', $jar);
            is(scalar @$hops, 1, "return: $place: one hop")
                or diag(explain($hops));
        }
    }

    not_reached('missing');
});

# the gate and the start page know the user by different names
on_block(6 => sub {
    verify('alice');
    app_seen();

    for my $jar ({}, undef) {
        my ($hops, $answer) = follow('/other/x', 'alice', $jar,
                                     'X-Other' => 'carol');

        is_deeply($hops, ['302 /other/x', '200 /start?return=%2Fother%2Fx'],
                  'no circle');
        is($answer->{headers}{location}, undef, 'a page');

        ($hops) = follow('/age/x', 'alice', $jar);
        is_deeply($hops, ['302 /age/x', '200 /start?return=%2Fage%2Fx'],
                  'another integration: no circle');
    }

    not_reached('other names');
});

# of max_age and verified_for the smaller one counts
on_block(7 => sub {
    my %status = (600 => 200, 7200 => 403);

    for my $age (sort keys %status) {
        verify("u$age", 'approved', decisionTime => at($age));

        is(ask($_, "u$age")->{status}, $status{$age}, "$age s: $_")
            for qw(/fine/x /new/x);
    }
});

my $places = '
location = /back { veriff_return kyc; }
location /fine/ { veriff_gate kyc; ' . app() . ' }
location /new/ { veriff_gate kyc max_age=1d; ' . app() . ' }
';

sub config {
    return "add_header X-Gate \$veriff_gate/\$veriff_gate_reason always;\n"
           . places($places . ($_[0] // ''));
}

# integrations of the same account, whose places are elsewhere
sub more_integrations {
    my $text = '';

    while (my ($name, $more) = splice @_, 0, 2) {
        my $one = VeriffSession::integration("api_uri /$name-api; "
                      . 'user_rate 1000r/h; session_rate off; '
                      . $more);

        $one =~ s/^veriff_key_file.*$//m;
        $text .= $one =~ s/integration kyc/integration $name/r;
    }

    return $text;
}

no_root_location();
start_app();
start_sandbox();
sandbox(POST => '/_sandbox/config', { rate => 1_000_000 });
run_tests();

__DATA__

=== TEST 1: from the gate and back
--- http_config eval: main::gate_http()
--- config eval: main::config()
--- timeout: 20



=== TEST 2: step-up
--- http_config eval: main::gate_http()
--- config eval: main::config()
--- timeout: 20



=== TEST 3: the provider fails
--- http_config eval
main::gate_http('user_rate 1000r/h; session_rate off;')
. main::more_integrations(
    page => 'start_uri /page-start;',
    recursive => 'start_uri /recursive-start;',
    led => 'start_uri /led-start;',
    same => 'start_uri /same-start;')
--- config eval
main::config(CORE::join '', map { "
location /$_->[0]/ { veriff_gate $_->[0]; " . main::app() . " }
location = /$_->[0]-start {
    veriff_session $_->[0];
    error_page 403 500 502 503 $_->[1];
    recursive_error_pages $_->[2];
}
" . (main::api('', $_->[0]) =~ s/veriff-api/$_->[0]-api/gr) }
    ['page', '/page/sorry', 'off'], ['recursive', '/recursive/sorry', 'on'],
    ['led', '= /led/sorry', 'on'], ['same', '= /led/sorry', 'on'])
--- timeout: 60



=== TEST 4: the store fails
--- http_config eval: main::gate_http()
--- config eval
main::config('
location /allow/ { veriff_gate kyc on_error=allow; ' . main::app() . ' }
location /told/ { veriff_gate kyc report; ' . main::app() . ' }
location /sorry/ {
    veriff_gate kyc;
    error_page 503 /sorry/again;
    recursive_error_pages on; ' . main::app() . '
}')
--- allow_alerts
--- timeout: 60



=== TEST 5: places that are missing
--- http_config eval
main::gate_http()
. main::more_integrations(
    none => 'start_uri /none/start; return_uri /none/back;',
    app => 'start_uri /app/start; return_uri /app/back;',
    rewritten => 'start_uri /rewritten/start; return_uri /rewritten/back;',
    elsewhere => 'start_uri /elsewhere/start; return_uri /elsewhere/back;',
    one => 'start_uri /other/start; return_uri /other/back;',
    other => 'start_uri /one/start; return_uri /one/back;')
--- config eval
main::config(CORE::join '', '
location = /rewritten/start { rewrite ^ /rewritten/in last; }
location = /rewritten/back { rewrite ^ /rewritten/in last; }
location = /elsewhere/start { return 302 /none/start; }
location = /app/start { veriff_gate app; ' . main::app() . ' }
', map { "location /$_/ { veriff_gate $_; " . main::app() . ' }' }
   qw(none app rewritten elsewhere one other))
--- error_log
veriff gate "rewritten": "/rewritten/start" comes to a gated location
veriff gate "one": "/one/start" comes to a gated location



=== TEST 6: other users, another integration
--- http_config eval
main::gate_http() . main::more_integrations(age => 'start_uri /start;')
. 'map $http_x_other $other { default $http_x_other; }'
--- config eval
main::config('
location /other/ {
    veriff_gate kyc user=$other;' . main::app() . '
}
location /age/ { veriff_gate age; ' . main::app() . ' }')



=== TEST 7: verified_for, and a max_age that is larger
--- http_config eval: main::gate_http('verified_for 1h;')
--- config eval: main::config()
