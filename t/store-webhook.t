# What webhooks do to the state of a user, which veriff_status tells: it is
# durable before the provider is answered and before the application hears of
# it.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffWebhook;
use IO::Select ();
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes ();

start_app();
start_sandbox();
worker_connections(512);
master_on();
workers(4);

our $store = 'veriff_store $TEST_NGINX_KEYS/store;';

our $locations = <<'EOF_CONFIG';
$TEST_NGINX_READY
location = /status { veriff_status kyc; add_header X-Pid $pid; }
location = /hook { veriff_webhook kyc; proxy_pass $TEST_NGINX_APP; }
EOF_CONFIG

my $people = 0;


# ---- users, and what is said about them ------------------------------------

sub get {
    my ($path, $user) = @_;

    return exchange("GET $path HTTP/1.1\r\nHost: localhost\r\n"
                    . "X-User: $user\r\nConnection: close\r\n\r\n");
}

# A user who has a session, made by $o{api}.
sub person {
    my (%o) = @_;

    my $user = $o{user} // 'user-' . ++$people;
    my $answer = get($o{api} // '/api', $user);
    my $json = eval { JSON::PP::decode_json(content_of($answer)) };

    $json && $json->{verification}
        or die "no session for $user: $answer";

    return {
        user => $user,
        id => $json->{verification}{id},
        token => $json->{verification}{vendorData},
        uuid => $json->{verification}{endUserId},
    };
}

# "VERIFIED approved", and so on
sub told {
    my ($answer) = @_;

    my $json = eval { JSON::PP::decode_json(content_of($answer)) };

    return status_of($answer) if !$json || !$json->{state};
    return "$json->{state} $json->{status}";
}

sub state_of { told(get($_[1] // '/status', $_[0]{user})) }

# A time so many seconds from now.
sub at {
    return POSIX::strftime('%Y-%m-%dT%H:%M:%S.000000Z', gmtime(time + $_[0]));
}

sub decision {
    my ($who, $status, $time, %more) = @_;

    return JSON::PP->new->canonical->encode({ status => 'success',
        verification => {
            id => $who->{id}, status => $status, code => 9001,
            attemptId => 'attempt-1', vendorData => $who->{token},
            defined $time ? (decisionTime => $time) : (), %more } });
}

sub event {
    my ($who, $action, %more) = @_;

    return JSON::PP->new->canonical->encode({
        id => $who->{id}, attemptId => 'attempt-1', feature => 'selfid',
        code => $action eq 'started' ? 7001 : 7002, action => $action,
        vendorData => $who->{token}, %more });
}

# Sends it and says what became of it: "200 1" is an answer 200 and one
# request that the application has seen.
sub post {
    my ($body, %o) = @_;

    my $answer = exchange(webhook(body => $body, %o));
    my @seen = app_seen();

    return status_of($answer) . ' ' . @seen;
}

# Steps: a body, what becomes of it ("200 1" if empty; "again" is one that the
# application has had), the state afterwards.
sub steps {
    my ($name, $who, @steps) = @_;

    my $n = 0;

    while (my ($body, $became, $state) = splice @steps, 0, 3) {
        $n++;
        $became eq 'again'
            ? is(sent_again(body => $body), '200 0', "$name, step $n: again")
            : is(post($body), $became || '200 1', "$name, step $n: answered");
        is(state_of($who), $state, "$name, step $n: $state");
    }
}

my $created = 'UNVERIFIED created';


# ---- blocks ----------------------------------------------------------------

on_block(1 => sub {
    my %state = (
        approved => 'VERIFIED approved',
        declined => 'REJECTED declined',
        resubmission_requested => 'UNVERIFIED resubmission_requested',
        expired => 'UNVERIFIED expired',
        abandoned => 'UNVERIFIED abandoned',
        review => 'PENDING review',
        created => $created,
        started => $created,
        submitted => $created,
        something_new => $created,
        Approved => $created,
    );

    for my $status (sort keys %state) {
        my $who = person();
        my $body = decision($who, $status, at(-9));

        is(state_of($who), $created, "$status: before it");
        steps($status, $who, $body, '', $state{$status},
              decision($who, $status, at(-9), reason => 'again'), '',
              $state{$status}, $body, 'again', $state{$status});
    }

    my $who = person();
    steps('started', $who, event($who, 'started'), '', 'UNVERIFIED started',
          event($who, 'started'), 'again', 'UNVERIFIED started');
    steps('submitted', $who, event($who, 'submitted'), '',
          'PENDING submitted', event($who, 'started', n => 2), '',
          'PENDING submitted');

    $who = person();
    steps('an event is no decision', $who, event($who, 'approved'), '',
          $created, event($who, 'declined', status => 'declined'), '',
          $created);

    is(state_of({ user => 'nobody' }), 'UNVERIFIED none', 'no session');
});

on_block(2 => sub {
    my $who = person();
    steps('approved needs a time', $who,
          decision($who, 'approved', undef), '', 'PENDING approved');

    for my $time ('', 'yesterday', '2026-13-01T00:00:00Z', at(-5) . 'x',
                  '0', '9999999999')
    {
        $who = person();
        steps("time \"$time\"", $who, decision($who, 'approved', $time), '',
              'PENDING approved');
    }

    for my $time (1000000000, undef, JSON::PP::true, [], {}) {
        $who = person();
        my $body = decision($who, 'approved', undef,
                            defined $time ? (decisionTime => $time)
                                          : (decisionTime => undef));
        steps('a time that is no string', $who, $body, '',
              'PENDING approved');
    }

    $who = person();
    steps('older', $who,
          decision($who, 'declined', at(-10)), '', 'REJECTED declined',
          decision($who, 'approved', at(-20)), '200 0', 'REJECTED declined',
          decision($who, 'approved', at(-5)), '', 'VERIFIED approved',
          decision($who, 'declined', at(-10)), '200 0', 'VERIFIED approved',
          decision($who, 'declined', at(-2)), '', 'REJECTED declined',
          decision($who, 'approved', at(-5)), '200 0', 'REJECTED declined');

    my $same = at(-10);
    $who = person();
    steps('equal times', $who,
          decision($who, 'approved', $same), '', 'VERIFIED approved',
          decision($who, 'declined', $same), '', 'REJECTED declined',
          decision($who, 'approved', $same), '200 0', 'REJECTED declined',
          decision($who, 'declined', $same, n => 2), '',
          'REJECTED declined');

    $who = person();
    steps('no time after one', $who,
          decision($who, 'approved', $same), '', 'VERIFIED approved',
          decision($who, 'declined', undef), '', 'VERIFIED approved',
          decision($who, 'declined', 'x'), '', 'VERIFIED approved');

    # clamped to now: what is decided a little later still counts
    $who = person();
    steps('far ahead', $who,
          decision($who, 'approved', '2199-01-01T00:00:00Z'), '',
          'VERIFIED approved',
          decision($who, 'declined', at(30)), '', 'REJECTED declined');
});

on_block(3 => sub {
    my $who = person();

    steps('the usual way', $who,
          event($who, 'started'), '', 'UNVERIFIED started',
          event($who, 'submitted'), '', 'PENDING submitted',
          decision($who, 'review', at(-30)), '', 'PENDING review',
          decision($who, 'approved', at(-20)), '', 'VERIFIED approved',
          event($who, 'started', n => 2), '', 'VERIFIED approved',
          event($who, 'submitted', n => 2), '', 'VERIFIED approved',
          decision($who, 'review', at(-10)), '', 'VERIFIED approved',
          decision($who, 'resubmission_requested', at(-9)), '',
          'VERIFIED approved',
          decision($who, 'expired', at(-8)), '', 'VERIFIED approved',
          decision($who, 'abandoned', undef), '', 'VERIFIED approved');

    steps('revoked', $who,
          decision($who, 'declined', at(-2)), '', 'REJECTED declined',
          decision($who, 'expired', at(-1)), '', 'REJECTED declined');

    $who = person();
    steps('resubmission', $who,
          event($who, 'submitted'), '', 'PENDING submitted',
          decision($who, 'resubmission_requested', at(-30)), '',
          'UNVERIFIED resubmission_requested',
          event($who, 'submitted', n => 2), '',
          'UNVERIFIED resubmission_requested',
          event($who, 'started', attemptId => 'attempt-2'), '',
          'UNVERIFIED started',
          event($who, 'submitted', attemptId => 'attempt-2'), '',
          'PENDING submitted',
          decision($who, 'approved', at(-10), attemptId => 'attempt-2'), '',
          'VERIFIED approved',
          decision($who, 'resubmission_requested', at(-30), n => 2), '',
          'VERIFIED approved');
    is(person(user => "$who->{user}x")->{id} eq $who->{id}, '',
       'another user has another session');
});

on_block(4 => sub {
    my $alice = person();
    my $bob = person();

    for my $body (decision({ %$alice, token => $bob->{token} }, 'approved',
                           at(-9)),
                  decision({ %$alice, token => 'x' }, 'approved', at(-9)),
                  decision($alice, 'approved', at(-9),
                           endUserId => '9bd1a35c-6fe4-4f7c-8a19-0f3a5b1b5a77'),
                  event({ %$alice, token => $bob->{token} }, 'submitted'),
                  decision({ %$bob, id => 'unknown-1' }, 'approved', at(-9)),
                  event({ %$bob, id => 'unknown-1' }, 'submitted'),
                  decision({ %$alice, id => "$alice->{id}x" }, 'approved',
                           at(-9)),
                  decision({ %$alice, id => uc $alice->{id} }, 'approved',
                           at(-9)))
    {
        is(post($body), '200 1', 'proxied');
        is(state_of($_), $created, 'and nothing changed')
            for $alice, $bob;
    }

    # whose it is not is not told to the application either
    exchange(webhook(body => decision({ %$alice, token => $bob->{token} },
                                      'approved', at(-9))));
    my ($seen) = app_seen();
    unlike($seen->{head}, qr/^X-Veriff-User/m, "not bob's");

    exchange(webhook(body => decision($alice, 'approved', at(-9))));
    ($seen) = app_seen();
    like($seen->{head}, qr/^X-Veriff-User: \Q$alice->{user}\E\r$/m,
         "alice's");
    is(state_of($alice), 'VERIFIED approved', 'alice');
    is(state_of($bob), $created, 'bob');
});

on_block(5 => sub {
    my $who = person();
    my $twin = person(api => '/twin');

    isnt($who->{id}, $twin->{id}, 'two sessions');

    my $approved = decision($twin, 'approved', at(-9));

    is(post($approved), '200 1', 'of another');
    is(state_of($twin, '/twin-status'), $created, 'where it is not named');

    my %second = (key => 'second-key', secret => 'second-secret',
                  path => '/any');
    is(post(decision($who, 'approved', at(-9)), %second), '200 1',
       'signed with the key of another');
    is(post(decision($twin, 'approved', at(-9)), %second), '200 1',
       'for each of the two');
    is(state_of($who), $created, 'one');
    is(state_of($twin, '/twin-status'), $created, 'the other');

    # a shared key: the session tells them apart
    # the application has had it, and yet it is applied
    is(sent_again(body => $approved, path => '/any'), '200 0',
       'a shared key');
    is(state_of($who), $created, 'one');
    is(state_of($twin, '/twin-status'), 'VERIFIED approved', 'the other');

    is(post(decision($who, 'declined', at(-9)), path => '/any'), '200 1',
       'a shared key');
    is(state_of($who), 'REJECTED declined', 'one');
    is(state_of($twin, '/twin-status'), 'VERIFIED approved', 'the other');
});

on_block(6 => sub {
    my $who = person(api => '/with-uuid');
    my $hidden = { %$who, token => undef };
    my $hook = { path => '/uuid-hook' };

    ok($who->{uuid}, 'it has an endUserId');
    is(post(decision($hidden, 'approved', at(-9),
                     endUserId => '9bd1a35c-6fe4-4f7c-8a19-0f3a5b1b5a77'),
            %$hook), '200 1', 'a wrong one');
    is(state_of($who, '/uuid-status'), $created, 'changes nothing');
    is(post(decision($hidden, 'approved', at(-9), endUserId => $who->{uuid}),
            %$hook), '200 1', 'the one that was sent');
    is(state_of($who, '/uuid-status'), 'VERIFIED approved', 'does');
});

on_block(7 => sub {
    my $who = person();
    my %more = (vendorData => $who->{token}, sessionId => $who->{id},
                attemptId => 'attempt-1');

    for my $body ({ %more, checkType => 'initial_result',
                    matchStatus => 'possible_match' },
                  { %more, eventType => 'fullauto', time => at(-1),
                    data => { verification => { decision => 'declined' } } },
                  { %more, eventType => 'user-status.created',
                    data => { verification => { userDefinedData =>
                              { status => 'approved' } } } },
                  { %more, eventType => 'no-such-type', id => $who->{id},
                    status => 'approved', decisionTime => at(-1) },
                  { id => $who->{id}, status => 'approved',
                    decisionTime => at(-1) },
                  { verification => 1 }, { verification => 'approved' },
                  { verification => { status => 'approved' } }, {})
    {
        is(post(JSON::PP::encode_json($body)), '200 1', 'proxied');
        is(state_of($who), $created, 'and nothing changed');
    }

    my $body = decision($who, 'approved', at(-9));
    is(post($body, path => '/report', secret => 'x'), '200 1', 'report');
    is(state_of($who), $created, 'report: an invalid one changes nothing');
    is(post($body, secret => 'x'), '401 0', 'refused');
    is(state_of($who), $created, 'refused: changes nothing');
    is(post($body, path => '/report'), '200 1', 'report');
    is(state_of($who), 'VERIFIED approved', 'report: a valid one does');

    # without an application
    $who = person();
    is(post(decision($who, 'declined', at(-9)), path => '/alone'), '200 0',
       'alone');
    is(state_of($who), 'REJECTED declined', 'alone');
    is(post(decision($who, 'approved', at(-20)), path => '/alone'), '200 0',
       'alone, older');

    # the application fails: the state stands, the provider comes again
    $who = person();
    $body = decision($who, 'approved', at(-9));
    is(post($body, headers => ['X-App: 503']), '503 1', 'the app fails');
    is(state_of($who), 'VERIFIED approved', 'the state is kept');
    is(post($body), '200 1', 'the same once more');
});

# connections to all workers: they are asked for their pid first
sub connect_workers {
    my ($user) = @_;

    my (%worker, @spare);

    for (1 .. 400) {
        my $socket = connect_nginx($ENV{TEST_NGINX_SECOND_PORT});
        my $answer = ask($socket, $user);
        my $pid = header_of($answer, 'X-Pid') or die "no pid: $answer";

        $worker{$pid} ? push @spare, $socket : ($worker{$pid} = $socket);
        last if keys %worker == 4;
    }

    return values %worker;
}

sub ask {
    my ($socket, $user) = @_;

    syswrite $socket, "GET /status HTTP/1.1\r\nHost: localhost\r\n"
                      . "X-User: $user\r\n\r\n";

    return read_all($socket, qr/\}\s*$/);
}

on_block(8 => sub {
    my $who = person();

    my @workers = connect_workers($who->{user});
    is(scalar @workers, 4, 'four workers');

    for my $n (1 .. 20) {
        my $verdict = $n % 2 ? 'approved' : 'declined';
        my $want = $n % 2 ? 'VERIFIED approved' : 'REJECTED declined';

        post(decision($who, $verdict, at($n - 60)));
        is(join(', ', map { told(ask($_, $who->{user})) } @workers),
           join(', ', ($want) x 4), "$verdict: every worker knows");
    }
});

# All at once; returns the statuses of the answers.
sub parallel {
    my @bodies = @_;

    my @sockets;

    for my $body (@bodies) {
        my $socket = connect_nginx($ENV{TEST_NGINX_SECOND_PORT});
        my $text = webhook(body => $body, path => '/alone');
        syswrite $socket, substr $text, 0, -1;
        push @sockets, $socket;
    }

    syswrite $sockets[$_], substr $bodies[$_], -1 for 0 .. $#sockets;

    # nginx keeps a connection open a while after an early answer
    return map { status_of(read_all($_, qr/\r\n\r\n/)) } @sockets;
}

on_block(9 => sub {
    for my $last ('approved', 'declined') {
        my $who = person();
        my @bodies;

        for my $n (1 .. 40) {
            push @bodies, decision($who, $n == 40 ? $last
                                         : $n % 2 ? 'declined' : 'approved',
                                   at($n - 100));
        }

        push @bodies, event($who, 'started'), event($who, 'submitted'),
             decision($who, 'review', at(-1)), decision($who, 'expired'),
             decision($who, 'approved'), decision($who, 'new', at(-1)),
             decision({ %$who, token => 'x' }, 'declined', at(-1)),
             decision({ %$who, id => 'x' }, 'declined', at(-1)),
             $bodies[0], $bodies[38];

        for my $order ([reverse @bodies], \@bodies) {
            my %answers;
            $answers{$_}++ for parallel(@$order);
            is_deeply(\%answers, { 200 => 50 }, 'all are answered 200');
            is(state_of($who), $last eq 'approved' ? 'VERIFIED approved'
                               : 'REJECTED declined', "the last: $last");
        }
    }

    # one worker, each newer than the one before
    my $who = person();
    my @bodies = map { decision($who, $_ % 2 ? 'declined' : 'approved',
                                at($_ - 100)) } 1 .. 60;
    my %answers;
    my @sockets = map { connect_nginx() } @bodies;

    syswrite $sockets[$_], webhook(body => $bodies[$_], path => '/alone')
        for 0 .. $#sockets;
    $answers{status_of(read_all($_))}++ for @sockets;
    is_deeply(\%answers, { 200 => 60 }, 'all are answered 200');
    is(state_of($who), 'VERIFIED approved', 'the newest stands');
});

sub curl {
    my ($body, @options) = @_;

    my $dir = $ENV{TEST_NGINX_KEYS};
    open my $out, '>:raw', "$dir/body" or die "$dir/body: $!";
    print $out $body;
    close $out;

    open my $in, '-|', 'curl', '-s', '--max-time', 10, '-o', '/dev/null',
         '-w', '%{http_code} %{http_version}', '-H',
         'X-AUTH-CLIENT: ' . api_key(), '-H',
         'X-HMAC-SIGNATURE: ' . hmac(shared_secret(), $body),
         '--data-binary', "\@$dir/body", @options or die "curl: $!";

    return scalar <$in>;
}

on_block(10 => sub {
    for my $size (0, 5_000, 900_000) {
        my %more = (padding => 'x' x $size);

        for my $chunked (0, 1, 700) {
            next if $chunked == 1 && $size;

            my $who = person();
            my $body = decision($who, 'approved', at(-9), %more);
            is(post($body, chunked => $chunked), '200 1',
               "$size bytes more, chunks of $chunked");
            is(state_of($who), 'VERIFIED approved', 'applied');
        }

        my $who = person();
        my $body = decision($who, 'declined', at(-9), %more);
        my $url = "http://127.0.0.1:$ENV{TEST_NGINX_SECOND_PORT}/hook";

        is(curl($body, '--http2-prior-knowledge', $url), '200 2',
           "$size bytes more, HTTP/2");
        is(state_of($who), 'REJECTED declined', 'HTTP/2: applied');
        is(scalar(app_seen()), 1, 'HTTP/2: proxied');

        $body = decision($who, 'approved', at(-20), %more);
        is(curl($body, '--http2-prior-knowledge', $url), '200 2',
           'HTTP/2, older');
        is(scalar(app_seen()), 0, 'HTTP/2, older: not proxied');
    }
});

# Polls until it is so, for ten seconds at most.
sub until_state {
    my ($who, $want) = @_;

    my $state = '';

    for (1 .. 200) {
        $state = state_of($who);
        last if $state eq $want;
        Time::HiRes::sleep(0.05);
    }

    return $state;
}

on_block(11 => sub {
    for my $n (1 .. 10) {
        my $who = person();
        my $socket = connect_nginx();

        syswrite $socket, webhook(body => decision($who, 'approved', at(-9)));
        $n % 2 ? close $socket : shutdown $socket, 2;

        is(until_state($who, 'VERIFIED approved'), 'VERIFIED approved',
           'the provider has gone, the state is applied');
    }

    # HTTP/2: a frame RST_STREAM, or the end of the connection, at any time
    # after the body; whatever it has met, sent again it is applied
    for my $n (0 .. 39) {
        my $who = person();
        my $body = decision($who, 'approved', at(-9));
        my $block = "\x83\x86" . join '',
            map { my ($name, $value) = @$_;
                  chr(0) . chr(length $name) . $name . chr(length $value)
                  . $value }
            [':path', '/hook'], [':authority', 'localhost'],
            ['x-auth-client', api_key()],
            ['x-hmac-signature', hmac(shared_secret(), $body)];

        my $socket = connect_nginx($ENV{TEST_NGINX_SECOND_PORT});

        syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0)
            . frame(1, 4, 1, $block) . frame(0, 1, 1, $body);

        if ($n < 5) {
            is(until_state($who, 'VERIFIED approved'), 'VERIFIED approved',
               'HTTP/2 without any trouble');
            next;
        }

        Time::HiRes::usleep(100 * $n);
        $n % 2 ? syswrite $socket, frame(3, 0, 1, pack 'N', 8)
               : close $socket;

        like(post($body), qr/^200 /, 'reset, and sent again');
        is(state_of($who), 'VERIFIED approved', 'reset, and applied');
    }

    app_seen();
});

sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    $payload //= '';

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}

sub nginx_pid {
    open my $in, '<', $Test::Nginx::Util::PidFile or return;
    return <$in> =~ /(\d+)/ ? $1 : undef;
}

sub wait_for {
    my ($what) = @_;

    for (1 .. 200) {
        return 1 if $what->();
        Time::HiRes::sleep(0.05);
    }

    return 0;
}

on_block(12 => sub {
    my ($who, $gone) = (person(), person());

    post(decision($who, 'approved', at(-30)));
    post(decision($gone, 'declined', at(-30)));

    my $pid = nginx_pid();
    kill 'QUIT', $pid;
    ok(wait_for(sub { !kill 0, $pid }), 'nginx has ended');

    # as Test::Nginx does it, for a module with sanitizers
    local $ENV{LD_PRELOAD} = $ENV{TEST_NGINX_LD_PRELOAD} // '';

    system($Test::Nginx::Util::NginxBinary, '-p',
           "$Test::Nginx::Util::ServRoot/", '-c',
           $Test::Nginx::Util::ConfFile) == 0 or die 'nginx does not start';
    ok(wait_for(sub { nginx_pid() }), 'nginx has started');

    is(until_state($who, 'VERIFIED approved'), 'VERIFIED approved',
       'restarted: approved');
    is(state_of($gone), 'REJECTED declined', 'restarted: declined');
    is(post(decision($who, 'declined', at(-40))), '200 0',
       'the older is still older');
    is(post(decision($who, 'declined', at(-20))), '200 1', 'newer');
    is(state_of($who), 'REJECTED declined', 'revoked after it');
});

on_block(13 => sub {
    my $who = person();
    my $dir = "$ENV{TEST_NGINX_KEYS}/store-broken";

    post(decision($who, 'approved', at(-30)));
    is(state_of($who), 'VERIFIED approved', 'it works');

    # new workers cannot open it
    rename "$dir/data.mdb", "$dir/kept" or die "rename: $!";
    mkdir "$dir/data.mdb" or die "mkdir: $!";
    kill 'HUP', nginx_pid();

    # old workers, which have it open, end
    ok(wait_for(sub { my $n = 0; state_of($who) eq '503' && $n++ for 1 .. 8;
                      $n == 8 }), 'the state is not known');

    my $body = decision($who, 'declined', at(-10));
    is(post($body), '503 0', 'not stored: neither acknowledged nor proxied');
    is(post($body, path => '/report'), '503 0', 'in report mode, too');
    is(post(event($who, 'started')), '503 0', 'an event');
    is(post('{"eventType":"fullauto"}'), '503 0', 'one without a state');
    is(post($body, secret => 'x'), '401 0', 'a forged one is refused');

    rmdir "$dir/data.mdb" or die "rmdir: $!";
    rename "$dir/kept", "$dir/data.mdb" or die "rename: $!";

    my $became;
    wait_for(sub { ($became = post($body)) ne '503 0' });
    is($became, '200 1', 'sent again, it is stored');
    is(until_state($who, 'REJECTED declined'), 'REJECTED declined',
       'nothing is lost');
});

on_block(14 => sub {
    for my $path ('/try', '/named', '/mirror') {
        my $who = person();
        my $n = $path eq '/mirror' ? 2 : 1;

        post(decision($who, 'declined', at(-9)), path => $path);
        is(state_of($who), 'REJECTED declined', "$path: applied");
        wait_for(sub { app_seen(); 1 });

        my $answer = exchange(webhook(body => decision($who, 'approved',
                                                       at(-20)),
                                      path => $path));
        is(status_of($answer), 200, "$path: an older one is answered");

        # a later webhook has been seen: an earlier one would be there
        post(decision($who, 'declined', at(-9)), path => '/hook');
        is(scalar(grep { $_->{body} =~ /approved/ } app_seen()), 0,
           "$path: and not proxied");
        is(state_of($who), 'REJECTED declined', "$path: still rejected");
    }
});

key_file('second_key', "second-key\n");
key_file('second_secret', "second-secret\n");

our $all = $store . "\n" . integration();

run_tests();

__DATA__

=== TEST 1: statuses and events
--- http_config eval: $main::all
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 2: times
--- http_config eval: $main::all
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 3: sequences
--- http_config eval: $main::all
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 4: whose session it is
--- http_config eval: $main::all
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 5: several integrations
--- http_config eval
$main::all . (main::integration('webhook_key $TEST_NGINX_KEYS/api_key '
    . '$TEST_NGINX_KEYS/shared_secret; api_uri /twin-api;')
    =~ s/veriff_key_file.*\n//r) =~ s/kyc/twin/r
. (main::integration('webhook_key $TEST_NGINX_KEYS/second_key '
    . '$TEST_NGINX_KEYS/second_secret; api_uri /second-api;')
    =~ s/veriff_key_file.*\n//r) =~ s/kyc/second/r
--- config eval
main::api() . (main::api('', 'twin') =~ s/veriff-api/twin-api/gr)
. main::sessions() . $main::locations . '
    location = /twin { veriff_session twin format=api; }
    location = /twin-status { veriff_status twin; }
    location = /any { veriff_webhook kyc twin second;
                      proxy_pass $TEST_NGINX_APP; }'
--- request
    GET /ready
--- response_body
ready



=== TEST 6: endUserId
--- http_config eval
$main::all . (main::integration(q(payload '{"verification":
    {"endUserId": "$veriff_user_uuid"}}'; api_uri /uuid-api;))
    =~ s/veriff_key_file.*\n//r) =~ s/kyc/uuid/r
--- config eval
main::api() . (main::api('', 'uuid') =~ s/veriff-api/uuid-api/gr)
. main::sessions() . $main::locations . '
    location = /with-uuid { veriff_session uuid format=api; }
    location = /uuid-status { veriff_status uuid; }
    location = /uuid-hook { veriff_webhook uuid;
                            proxy_pass $TEST_NGINX_APP; }'
--- request
    GET /ready
--- response_body
ready



=== TEST 7: what has no state, report, no application
--- http_config eval: $main::all
--- config eval
main::api() . main::sessions() . $main::locations . '
    location = /report { veriff_webhook kyc report;
                         proxy_pass $TEST_NGINX_APP; }
    location = /alone { veriff_webhook kyc; }'
--- request
    GET /ready
--- response_body
ready



=== TEST 8: every worker knows at the next request
--- http_config eval
$main::all . 'server {
    listen $TEST_NGINX_SECOND_PORT reuseport;
    location = /status { veriff_status kyc; add_header X-Pid $pid; }
}'
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 9: many at once
--- http_config eval
$main::all . 'server {
    listen $TEST_NGINX_SECOND_PORT reuseport;
    location = /alone { veriff_webhook kyc; }
}'
--- config eval
main::api() . main::sessions() . $main::locations . '
    location = /alone { veriff_webhook kyc; }'
--- request
    GET /ready
--- response_body
ready



=== TEST 10: where the body lies, and how it comes
--- http_config eval
$main::all . 'client_body_buffer_size 4k; server {
    listen $TEST_NGINX_SECOND_PORT http2;
    location = /hook { veriff_webhook kyc; proxy_pass $TEST_NGINX_APP; }
}'
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 11: the provider goes away
--- http_config eval
$main::all . 'server {
    listen $TEST_NGINX_SECOND_PORT http2;
    location = /hook { veriff_webhook kyc; proxy_pass $TEST_NGINX_APP; }
}'
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 12: a restart
--- http_config eval: $main::all
--- config eval: main::api() . main::sessions() . $main::locations
--- request
    GET /ready
--- response_body
ready



=== TEST 13: the store cannot be opened
--- http_config eval
'veriff_store $TEST_NGINX_KEYS/store-broken;' . main::integration()
--- config eval
main::api() . main::sessions() . $main::locations . '
    location = /report { veriff_webhook kyc report;
                         proxy_pass $TEST_NGINX_APP; }'
--- request
    GET /ready
--- response_body
ready
--- error_log eval
qr/\[error\] .* veriff store "[^"]+": /



=== TEST 14: detours of an older decision
--- http_config eval: $main::all
--- config eval
main::api() . main::sessions() . $main::locations . '
    location = /try { veriff_webhook kyc; try_files /none @app; }
    location = /named { veriff_webhook kyc; try_files /none /inside; }
    location = /inside { internal; proxy_pass $TEST_NGINX_APP; }
    location = /mirror { veriff_webhook kyc; mirror /inside;
                         proxy_pass $TEST_NGINX_APP; }
    location @app { proxy_pass $TEST_NGINX_APP; }'
--- request
    GET /ready
--- response_body
ready
