# One usable session per user: the same URL again, one request to the provider
# at a time however many ask, and no new session for who is decided.

use lib 't/lib';
use VeriffTest;
use VeriffDb;
use VeriffSession;
use VeriffStore;
use Test::More;

worker_connections(1024);

# how many requests wait in vain, or get something else
sub locations {
    my %seen;

    for my $answer (@_) {
        my ($status) = $answer =~ m{^HTTP/1\.1 (\d+)};
        my ($location) = $answer =~ /^Location: (.*?)\r$/m;

        $seen{($status // 'none') . ' ' . ($location // '-')}++;
    }

    return \%seen;
}

sub one_location {
    my ($name, $count, @answers) = @_;

    my $seen = locations(@answers);

    is(scalar keys %$seen, 1, "$name: all get the same answer")
        or diag(explain($seen));
    like((keys %$seen)[0], qr{^303 https://127}, "$name: a URL");
    is(scalar @answers, $count, "$name: $count of them");
}

on_block(1 => sub {
    my $url;

    for my $path (qw(/json /json /redirect /start /api)) {
        my $answer = ask($path, 'alice');

        is($answer->{status}, $path eq '/redirect' ? 303
                              : $path eq '/api' ? 201 : 200, "$path: status");
        $url //= url_of($answer);
        ok($url, "$path: a URL");
        is(url_of($answer), $url, "$path: the same URL");
    }

    is(posts(), 1, 'one POST');

    # what the provider's SDK reads
    like(ask('/api', 'alice')->{content}, qr/\A\{"status":"success",
        "verification":\{"id":"[\w-]{36}","url":"\Q$url\E",
        "status":"created"\}\}\z/x, 'in the shape of the provider');
});

on_block(2 => sub {
    my %url = map { url_of(ask('/json', $_)) => 1 } qw(alice bob Alice);

    is(scalar keys %url, 3, 'three users, three URLs');
    is(posts(), 3, 'and three POSTs');
});

on_block(3 => sub {
    fault(delay => 1);

    one_location('200 first requests', 200,
                 ask_many(200, '/redirect', 'alice'));
    is(posts(), 1, 'one POST');
});

on_block(4 => sub {
    fault(delay => 1);

    my $first = send_request('/redirect', 'alice');
    wait_for_posts(1);

    my @others = map { send_request('/redirect', 'alice') } 1 .. 199;
    close $first;

    one_location('the first client has gone', 199, read_answers(@others));
    is(posts(), 1, 'one POST');
});

on_block(5 => sub {
    fault(delay => 1, status => 503, retry_after => 77);

    my $seen = locations(ask_many(50, '/json', 'alice'));

    is_deeply($seen, { '503 -' => 50 }, 'the failure is relayed');
    is(posts(), 1, 'one POST');

    my $answer = ask('/json', 'alice');
    is($answer->{status}, 503, 'at once again: the same');
    is($answer->{headers}{'retry-after'}, 77, 'with its Retry-After');
    is(posts(), 1, 'and no POST');

    ok(wait_until('a new try', sub {
        ask('/json', 'alice')->{status} == 200;
    }), 'a new try');
    is(posts(), 2, 'one more POST');
});

on_block(6 => sub {
    my $first = answer_is('first', ask('/json', 'alice'), 200);
    decide($first, 'expired');

    my $second = answer_is('second', ask('/json', 'alice'), 200);
    isnt($second, $first, 'another session');
    decide($second, 'abandoned');

    my $third = ask('/json', 'alice');
    answer_is('third', $third, 429, qr/"status":429/);

    # two an hour
    my $after = $third->{headers}{'retry-after'} // 0;
    cmp_ok($after, '>', 1750, 'Retry-After');
    cmp_ok($after, '<=', 1801, 'of half an hour');
    answer_is('as a page', ask('/redirect', 'alice', Accept => 'text/html',
                               'Sec-Fetch-Mode' => 'navigate',
                               'Sec-Fetch-Dest' => 'document'), 429,
              qr/<html/);

    answer_is('another user', ask('/json', 'bob'), 200);
    is(posts(), 3, 'three POSTs');
});

on_block(7 => sub {
    my $session = ask('/json', 'alice')->{content};

    event($session, 'started');
    is(ask('/json', 'alice')->{content}, $session, 'started: the same');

    event($session, 'submitted');
    answer_is('json', ask('/json', 'alice'), 200,
              qr/\A\{"state":"PENDING","sessionUrl":null\}\z/);
    answer_is('api', ask('/api', 'alice'), 409, qr/"status":"fail"/);

    decide($session, 'review');
    answer_is('review', ask('/json', 'alice'), 200, qr/"PENDING"/);
    is(posts(), 1, 'one POST');
});

on_block(8 => sub {
    decide(ask('/json', 'alice')->{content}, 'approved');

    answer_is('json', ask('/json', 'alice'), 200,
              qr/\A\{"state":"VERIFIED","sessionUrl":null\}\z/);
    answer_is('api', ask('/api', 'alice'), 409, qr/"status":"fail"/);
    is(posts(), 1, 'one POST');
});

on_block(9 => sub {
    decide(ask('/json', 'alice')->{content}, 'declined');

    my $answer = ask('/json', 'alice');
    answer_is('json', $answer, 403, qr/"status":403.*"state":"REJECTED"/);
    is($answer->{headers}{'content-type'}, 'application/problem+json',
       'a problem');
    answer_is('redirect', ask('/redirect', 'alice'), 303);
    answer_is('api', ask('/api', 'alice'), 409, qr/"status":"fail"/);
    is(posts(), 1, 'one POST');
});

sub ago { POSIX::strftime('%Y-%m-%dT%H:%M:%S.000000Z', gmtime(time - $_[0])) }

on_block(10 => sub {
    decide(ask('/json', 'alice')->{content}, 'declined',
           decisionTime => ago(7200));
    answer_is('two hours ago', ask('/json', 'alice'), 200, qr/"UNVERIFIED"/);

    decide(ask('/json', 'bob')->{content}, 'declined',
           decisionTime => ago(3500));
    answer_is('not yet an hour', ask('/json', 'bob'), 403);
    is(posts(), 3, 'three POSTs');
});

on_block(11 => sub {
    my $old = ask('/json', 'alice')->{content};
    decide($old, 'approved', decisionTime => ago(2 * 86400));

    my $new = answer_is('two days ago', ask('/json', 'alice'), 200,
                        qr/"UNVERIFIED"/);
    isnt($new, $old, 'a new session');
    is(url_of(ask('/redirect', 'alice')), url_of({ content => $new }),
       'which is used again');

    decide($new, 'approved');
    answer_is('now', ask('/json', 'alice'), 200, qr/"VERIFIED"/);

    decide(ask('/json', 'bob')->{content}, 'approved',
           decisionTime => ago(86000));
    answer_is('not yet a day', ask('/json', 'bob'), 200, qr/"VERIFIED"/);
    is(posts(), 3, 'three POSTs');
});

on_block(12 => sub {
    my $first = ask('/json', 'alice')->{content};

    advance(8 * 86400);

    my $second = answer_is('expired', ask('/json', 'alice'), 200,
                           qr/"UNVERIFIED"/);
    isnt(url_of({ content => $second }), url_of({ content => $first }),
         'a new session');
    is(posts(), 2, 'two POSTs');
});

on_block(13 => sub {
    my $session = ask('/json', 'alice')->{content};

    event($session, 'submitted');
    answer_is('submitted', ask('/json', 'alice'), 200, qr/"PENDING"/);

    decide($session, 'resubmission_requested');
    is(ask('/json', 'alice')->{content}, $session, 'the same URL again');
    is(posts(), 1, 'one POST');
});

on_block(14 => sub {
    my $kyc = ask('/json', 'alice')->{content};
    my $age = ask('/age', 'alice')->{content};

    isnt(url_of({ content => $age }), url_of({ content => $kyc }),
         'two sessions');
    is(posts(), 2, 'two POSTs');

    decide($kyc, 'approved');
    answer_is('verified here', ask('/json', 'alice'), 200, qr/"VERIFIED"/);
    is(ask('/age', 'alice')->{content}, $age, 'but not there');
});

on_block(15 => sub {
    my $open = ask('/json', 'alice')->{content};
    decide(ask('/json', 'bob')->{content}, 'approved');

    restart_nginx();

    is(ask('/json', 'alice')->{content}, $open, 'the session is kept');
    answer_is('the decision is, too', ask('/json', 'bob'), 200,
              qr/"VERIFIED"/);
    is(posts(), 2, 'two POSTs');
});

on_block(16 => sub {
    # who waited for the lease would have 503 in the end
    answer_is("try $_", ask('/json', 'alice', 'X-Birth' => 'never'), 500,
              qr/Your details cannot be sent/) for 1 .. 3;

    answer_is('mended', ask('/json', 'alice', 'X-Birth' => '1990-01-01'),
              200, qr/"sessionUrl":"/);
    is(posts(), 1, 'one POST');
});

on_block(17 => sub {
    fault(cut => 'header', delay => 0.5);

    is_deeply(locations(ask_many(20, '/json', 'alice')), { '503 -' => 20 },
              'no answer: 503');
    is(posts(), 1, 'one POST');

    wait_until('recovery', sub { ask('/json', 'alice')->{status} == 200 });

    one_location('and then', 20, ask_many(20, '/redirect', 'alice'));
    is(posts(), 2, 'one more POST');
});

on_block(18 => sub {
    fault(delay => 0.5);

    my $first = send_request('/json', 'alice');
    wait_for_posts(1);
    close $first;

    # the provider is still at work: who comes now waits for it
    answer_is('comes back', ask('/json', 'alice'), 200);
    is(posts(), 1, 'one POST');
});

on_block(19 => sub {
    fault(signature => 'wrong');
    answer_is('forged', ask('/json', 'alice'), 502);

    # a forged answer leaves no session behind
    wait_until('a real one', sub { ask('/json', 'alice')->{status} == 200 });
    is(posts(), 2, 'two POSTs');
});

# HTTP/2 by hand: a frame, and a request for /json

sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}

sub literal { CORE::join '', "\0", map { chr(length $_) . $_ } @_ }

sub h2_request {
    my ($stream, $user) = @_;

    # END_STREAM and END_HEADERS; indexed: GET, http
    return frame(1, 5, $stream, "\x82\x86" . literal(':path', '/json')
                                . literal(':authority', 'localhost')
                                . literal('x-user', $user));
}

sub h2_reset { frame(3, 0, $_[0], pack('N', 8)) }

sub h2_connect {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $ENV{TEST_NGINX_H2_PORT})
        or die "connect: $!";

    syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0, '');

    return $socket;
}

# where a client leaves, and how: at once, when the provider is at work, and
# when it waits for another one's outcome
on_block(20 => sub {
    my $posts = 0;

    for my $way (qw(reset close)) {
        my $leave = sub { $way eq 'reset' ? syswrite $_[0], h2_reset(1)
                                          : close $_[0] };

        fault(delay => 0.3, count => -1);

        for my $when ('at once', 'while it is made', 'while it waits') {
            my $user = "$way $when";
            my $name = "$way, $when";
            my $other;

            if ($when eq 'while it waits') {
                $other = send_request('/json', $user);
                wait_for_posts($posts + 1);
            }

            my $socket = h2_connect();

            if ($when eq 'at once' && $way eq 'reset') {
                syswrite $socket, h2_request(1, $user) . h2_reset(1);

            } else {
                syswrite $socket, h2_request(1, $user);
                wait_for_posts($posts + 1) if $when eq 'while it is made';
                Time::HiRes::sleep(0.1) if $other;
                $leave->($socket);
            }

            answer_is($name, ask('/json', $user), 200, qr/"sessionUrl":"/);
            is(posts(), ++$posts, "$name: one POST");
            read_answers($other) if $other;
        }
    }
});

$ENV{TEST_NGINX_H2_PORT} = free_port();

start_sandbox();
# the provider may have made one each time
on_block(21 => sub {
    for my $n (1, 2) {
        fault(cut => 'header');

        wait_until("try $n", sub {
            ask('/json', 'alice')->{status} == 503 && posts() == $n;
        });
    }

    wait_until('no more', sub { ask('/json', 'alice')->{status} == 429 });
    is(posts(), 2, 'two POSTs');

    answer_is('another user', ask('/json', 'bob'), 200);
});

# the answer waits for the disk, from one second to the next
on_block(22 => sub {
    fault(delay => 1);

    my $asked = send_request('/json', 'alice');
    wait_for_posts(1);

    locked(sub {
        my $answered = time + 2;
        wait_until('the second after it', sub { time > $answered });
    });

    my ($first) = read_answers($asked);
    my ($told) = $first =~ /"expiresAt":"(.*?)"/;

    ok($told, 'a session, and until when');
    like(ask('/json', 'alice')->{content}, qr/"expiresAt":"\Q$told\E"/,
         'the same is told again');
    is(posts(), 1, 'one POST');
});

run_tests();

__DATA__

=== TEST 1: the same URL again, in every format



=== TEST 2: users are independent



=== TEST 3: 200 first requests of one user on four workers
--- timeout: 20



=== TEST 4: the first client leaves in the middle
--- timeout: 20



=== TEST 5: a failure is relayed once, then there is a new try
--- timeout: 20



=== TEST 6: user_rate
--- http_config eval
main::kyc('user_rate 2r/h;')
--- error_log
veriff session "kyc" not created: the user had 2 within an hour, see "user_rate"



=== TEST 7: PENDING



=== TEST 8: VERIFIED



=== TEST 9: REJECTED



=== TEST 10: retry_declined
--- http_config eval
main::kyc('retry_declined 1h;')



=== TEST 11: verified_for
--- http_config eval
main::kyc('verified_for 1d;')



=== TEST 12: a session that has expired



=== TEST 13: a resubmission goes on with the same session



=== TEST 14: two integrations share nothing
--- http_config eval
main::kyc_and_age()
--- config eval
main::places(main::api('', 'age') =~ s/veriff-api/age-api/gr
             . 'location = /age { veriff_session age format=json; }', 'age')



=== TEST 15: nginx is stopped and started



=== TEST 16: details that cannot be sent give the lease back
--- http_config eval
main::kyc('user_rate 2r/h;
    payload \'{"verification": {"person": {"dateOfBirth": "$http_x_birth"}}}\';')



=== TEST 17: the provider fails, and recovers



=== TEST 18: a client that leaves and comes back



=== TEST 19: a forged answer is no session



=== TEST 20: HTTP/2 clients that leave
--- http_config eval
main::kyc() . 'server {
    listen $TEST_NGINX_H2_PORT http2;
' . main::places() . '}'
--- timeout: 20



=== TEST 21: outcomes that nobody knows count for user_rate
--- http_config eval
main::kyc('user_rate 2r/h;')



=== TEST 22: a session that is durable late
